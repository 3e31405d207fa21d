/* SPDX-License-Identifier: MIT */
/* Edit: the prompt's line editor; the one file that knows libedit (edit.h).
 *
 * libedit's own signal handling sends signals on to the whole process group, and its reader
 * retries after Ctrl-C. So keys are read here: all signals are blocked while libedit works
 * and let in only while pselect waits for a key, where nothing can be half done. */
#define _DEFAULT_SOURCE /* SIGWINCH */
#include "edit.h"

#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#include "history.h"

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH};
#define SIGNALS (sizeof signals / sizeof *signals)

/* Stands for the mark before what is pasted: Ctrl-_, which means nothing else. */
#define PASTE_KEY "\x1f"

/* Which have come; a handler gets no other argument. Set while pselect waits. */
static volatile sig_atomic_t caught[SIGNALS];

struct editor {
    EditLine *line;
    History *past;
    history_file file;
    char *statement;     /* what was typed of it so far, owned */
    size_t statement_length;
    char prompt[16];
    complete_fn complete;
    accept_fn accept;    /* or NULL */
    void *context;       /* their first argument */
    char *pasted;        /* whole lines that are still to be taken, owned; or NULL */
    size_t pasted_at;
    bool pasted_whole;   /* they are one text */
    char ahead[8];       /* bytes read, to be read again */
    size_t ahead_at, ahead_length;
    bool pasting;        /* the mark has been read */
    bool brackets;       /* the terminal may be asked to mark what is pasted */
    locale_t locale;     /* the terminal's; 0: the C locale will do */
    edit_result stopped; /* why there is no line */
    int signal;          /* of EDIT_SIGNAL */
    sigset_t waiting;    /* the mask outside */
    struct sigaction outside[SIGNALS];
};

/* Terminals that can do it put marks around what is pasted (xterm's mode 2004). */
static void mark_pastes(const editor *e, bool on) {
    if (e->brackets) fputs(on ? "\x1b[?2004h\r" : "\x1b[?2004l\r", stdout);
    fflush(stdout);
}

static void note_signal(int signal) {
    for (size_t i = 0; i < SIGNALS; i++) {
        if (signals[i] == signal) caught[i] = 1;
    }
}

/* Lua code runs in the C locale, as under lua5.4; only the editor needs that of the
 * terminal, to know how many columns a character has. */
static locale_t take_signals(editor *e) {
    sigset_t all;
    sigemptyset(&all);
    for (size_t i = 0; i < SIGNALS; i++) sigaddset(&all, signals[i]);
    sigprocmask(SIG_BLOCK, &all, &e->waiting);
    struct sigaction action = {.sa_handler = note_signal, .sa_mask = all};
    for (size_t i = 0; i < SIGNALS; i++) {
        caught[i] = 0;
        sigaction(signals[i], NULL, &e->outside[i]);
        /* What the one who started us wants ignored (nohup) stays ignored. */
        if (e->outside[i].sa_handler != SIG_IGN) sigaction(signals[i], &action, NULL);
    }
    return e->locale == (locale_t)0 ? (locale_t)0 : uselocale(e->locale);
}

static void leave_signals(editor *e, locale_t before) {
    if (before != (locale_t)0) uselocale(before);
    for (size_t i = 0; i < SIGNALS; i++) sigaction(signals[i], &e->outside[i], NULL);
    sigprocmask(SIG_SETMASK, &e->waiting, NULL);
}

static void show_again(editor *e) {
    el_set(e->line, EL_PREP_TERM, 1);
    el_set(e->line, EL_REFRESH);
}

/* Ctrl-Z, by the signal's own default: without job control it does nothing. */
static void stop_process(void) {
    struct sigaction normal = {.sa_handler = SIG_DFL}, before;
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    sigaction(SIGTSTP, &normal, &before);
    raise(SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &stop, NULL);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    sigaction(SIGTSTP, &before, NULL);
}

/* Does what one signal asks for. False: no line will come. */
static bool obey(editor *e, int signal) {
    switch (signal) {
    case SIGINT: e->stopped = EDIT_CANCELLED; return false;
    case SIGTERM:
    case SIGHUP:
        e->stopped = EDIT_SIGNAL;
        e->signal = signal;
        return false;
    case SIGTSTP:
        el_set(e->line, EL_PREP_TERM, 0);
        mark_pastes(e, false);
        stop_process();
        mark_pastes(e, true);
        el_set(e->line, EL_PREP_TERM, 1); /* SIGCONT comes and shows the line again */
        return true;
    case SIGCONT: show_again(e); return true;
    default: el_resize(e->line); return true;
    }
}

static bool obey_all(editor *e) {
    bool go_on = true;
    for (size_t i = 0; i < SIGNALS && go_on; i++) {
        if (!caught[i]) continue;
        caught[i] = 0;
        go_on = obey(e, signals[i]);
    }
    return go_on;
}

/* One byte: 1, or 0 at the end, or -1. */
static int read_byte(editor *e, char *ret_byte) {
    if (e->ahead_at < e->ahead_length) {
        *ret_byte = e->ahead[e->ahead_at++];
        return 1;
    }
    for (;;) {
        fd_set input;
        FD_ZERO(&input);
        FD_SET(STDIN_FILENO, &input);
        int ready = pselect(STDIN_FILENO + 1, &input, NULL, NULL, NULL, &e->waiting);
        if (ready < 0 && errno != EINTR) return -1;
        if (ready < 0 && !obey_all(e)) return -1;
        if (ready <= 0) continue;
        ssize_t got = read(STDIN_FILENO, ret_byte, 1);
        if (got >= 0) return (int)got;
        if (errno != EINTR && errno != EAGAIN) return -1;
    }
}

/* What begins a paste looks like Escape and other keys; a person's keys do not come that fast.
 * True: the whole mark was there. Otherwise its beginning will be read again. */
static bool is_paste(editor *e) {
    static const char mark[] = "[200~";
    size_t length = 0;
    bool same = e->brackets && e->ahead_at == e->ahead_length;
    while (same && length < sizeof mark - 1) {
        struct timeval patience = {.tv_usec = 20000};
        fd_set input;
        FD_ZERO(&input);
        FD_SET(STDIN_FILENO, &input);
        bool there = select(STDIN_FILENO + 1, &input, NULL, NULL, &patience) == 1
            && read(STDIN_FILENO, e->ahead + length, 1) == 1;
        same = there && e->ahead[length] == mark[length];
        length += there;
    }
    if (length > 0) {
        e->ahead_at = 0;
        e->ahead_length = same ? 0 : length;
    }
    return same;
}

/* One character for libedit. Bytes that are none in the terminal's encoding are dropped. */
static int read_key(EditLine *line, wchar_t *ret_key) {
    editor *e = NULL;
    el_get(line, EL_CLIENTDATA, &e);
    mbstate_t state = {0};
    for (;;) {
        char byte;
        int got = read_byte(e, &byte);
        if (got != 1) return got;
        if (byte == '\x1b' && is_paste(e)) {
            e->pasting = true;
            *ret_key = PASTE_KEY[0];
            return 1;
        }
        size_t length = mbrtowc(ret_key, &byte, 1, &state);
        if (length <= 1) return 1;
        if (length == (size_t)-1) memset(&state, 0, sizeof state);
    }
}

static char *give_prompt(EditLine *line) {
    editor *e = NULL;
    el_get(line, EL_CLIENTDATA, &e);
    return e->prompt;
}

/* The Tab key: indents an empty line, completes a word, shows the choices. */
static unsigned char complete_word(EditLine *line, int key) {
    (void)key;
    editor *e = NULL;
    el_get(line, EL_CLIENTDATA, &e);
    const LineInfo *info = el_line(line);
    size_t length = (size_t)(info->cursor - info->buffer);
    if (strspn(info->buffer, " ") >= length)
        return el_insertstr(line, "    ") == 0 ? CC_REFRESH : CC_ERROR;
    completion found;
    e->complete(e->context, info->buffer, length, &found);
    if (found.insert[0] != '\0')
        return el_insertstr(line, found.insert) == 0 ? CC_REFRESH : CC_ERROR;
    if (found.list[0] == '\0') return CC_ERROR;
    fprintf(stdout, "\n%s\n", found.list);
    return CC_REDISPLAY;
}

/* ---- what is pasted ---------------------------------------------------------------------- */

typedef struct buffer {
    char *bytes; /* owned */
    size_t length, capacity;
} buffer;

static bool append(buffer *b, const char *bytes, size_t length) {
    if (b->length + length + 1 > b->capacity) {
        size_t capacity = 2 * (b->length + length) + 256;
        char *longer = realloc(b->bytes, capacity);
        if (longer == NULL) return false;
        b->bytes = longer;
        b->capacity = capacity;
    }
    memcpy(b->bytes + b->length, bytes, length);
    b->length += length;
    b->bytes[b->length] = '\0';
    return true;
}

/* Up to the closing mark, which is left out. Line breaks become "\n". */
static bool read_paste(editor *e, buffer *ret) {
    static const char mark[] = "\x1b[201~";
    size_t size = sizeof mark - 1;
    char byte;
    while (ret->length < size || memcmp(ret->bytes + ret->length - size, mark, size) != 0) {
        if (read_byte(e, &byte) != 1) return false;
        if (byte == '\0') continue;
        if (byte == '\r') byte = '\n';
        if (!append(ret, &byte, 1)) return false;
    }
    ret->length -= size;
    ret->bytes[ret->length] = '\0';
    return true;
}

/* The line so far becomes part of what is pasted. */
static bool take_line(EditLine *line, buffer *pasted) {
    const LineInfo *info = el_line(line);
    size_t before = (size_t)(info->cursor - info->buffer);
    size_t after = (size_t)(info->lastchar - info->cursor);
    buffer all = {NULL, 0, 0};
    bool fine = append(&all, info->buffer, before) && append(&all, pasted->bytes, pasted->length)
        && append(&all, info->cursor, after);
    free(pasted->bytes);
    *pasted = all;
    return fine;
}

/* Shows the lines as if they had been typed. */
static void echo_lines(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        putchar(text[i]);
        if (text[i] == '\n') fputs(OURO_EDIT_MORE, stdout);
    }
}

/* Whole lines: if together they are Lua they are one text, so that a local lasts to the end of
 * what was pasted; otherwise each is a line of its own. What follows the last line break is
 * left to be edited. */
static unsigned char take_lines(editor *e, EditLine *line, buffer *pasted) {
    char *end = strrchr(pasted->bytes, '\n');
    for (char *tab = end; (tab = strchr(tab, '\t')) != NULL;) *tab = ' ';
    if (end[1] != '\0') el_push(line, end + 1);
    end[1] = '\0';
    /* The line is shown again, as the first of them. */
    const LineInfo *info = el_line(line);
    el_cursor(line, (int)(info->lastchar - info->cursor));
    el_deletestr(line, (int)(info->lastchar - info->buffer));
    fputs("\r\x1b[K", stdout);
    fflush(stdout);
    el_set(line, EL_REFRESH);
    e->pasted = pasted->bytes;
    e->pasted_at = 0;
    e->pasted_whole = e->accept != NULL && e->statement_length == 0
        && e->accept(e->context, e->pasted, (size_t)(end - e->pasted));
    return CC_NEWLINE;
}

static unsigned char paste(EditLine *line, int key) {
    (void)key;
    editor *e = NULL;
    buffer pasted = {NULL, 0, 0};
    el_get(line, EL_CLIENTDATA, &e);
    if (!e->pasting) return CC_ERROR;
    e->pasting = false;
    if (!read_paste(e, &pasted)) {
        free(pasted.bytes);
        return CC_EOF;
    }
    if (strchr(pasted.bytes, '\n') == NULL) {
        int status = pasted.length > 0 ? el_insertstr(line, pasted.bytes) : 0;
        free(pasted.bytes);
        return status == 0 ? CC_REFRESH : CC_ERROR;
    }
    if (take_line(line, &pasted)) return take_lines(e, line, &pasted);
    free(pasted.bytes);
    return CC_ERROR;
}

/* The next of the pasted lines, or all of them. */
static const char *next_pasted(editor *e, size_t *ret_length) {
    char *text = e->pasted + e->pasted_at;
    size_t length = e->pasted_whole ? strlen(text) - 1 : strcspn(text, "\n");
    e->pasted_at += length + 1;
    *ret_length = length;
    return text;
}

static void forget_pasted(editor *e) {
    free(e->pasted);
    e->pasted = NULL;
}

/* ---- what is kept ------------------------------------------------------------------------ */

/* An older one that is equal goes. */
static void remember(const char *text, void *context) {
    editor *e = context;
    HistEvent event;
    for (int found = history(e->past, &event, H_FIRST); found == 0;
         found = history(e->past, &event, H_NEXT)) {
        if (strcmp(event.str, text) != 0) continue;
        const char *entry = event.str;
        /* The event then has a copy of the text, which is the caller's. */
        if (history(e->past, &event, H_DEL, event.num) == 0 && event.str != entry)
            free((void *)(uintptr_t)event.str);
        break;
    }
    history(e->past, &event, H_ENTER, text);
}

static void drop_statement(editor *e) {
    e->statement_length = 0;
}

/* The line belongs to the statement that is typed. */
static void note_line(editor *e, const char *line, size_t length) {
    size_t before = e->statement_length, needed = before + length + 2;
    char *longer = realloc(e->statement, needed);
    if (longer == NULL) return;
    e->statement = longer;
    if (before > 0) longer[before++] = '\n';
    memcpy(longer + before, line, length);
    e->statement_length = before + length;
    longer[e->statement_length] = '\0';
}

void ouro__edit_keep(editor *e) {
    static const char blanks[] = " \t\r\n";
    char *text = e->statement;
    size_t length = e->statement_length;
    drop_statement(e);
    if (length == 0) return;
    size_t skipped = strspn(text, blanks);
    while (length > skipped && strchr(blanks, text[length - 1]) != NULL) length--;
    text[length] = '\0';
    if (length <= skipped) return;
    text += skipped;
    length -= skipped;
    HistEvent last;
    bool known = history(e->past, &last, H_FIRST) == 0 && strcmp(last.str, text) == 0;
    if (known) return;
    locale_t before = e->locale == (locale_t)0 ? (locale_t)0 : uselocale(e->locale);
    remember(text, e);
    if (before != (locale_t)0) uselocale(before);
    ouro__history_add(&e->file, text, length);
}

/* Keys that libedit leaves unbound, as terminals send them. */
static void bind_keys(EditLine *line) {
    static const char *const keys[][2] = {
        {"\t", "ouro-complete"},
        {PASTE_KEY, "ouro-paste"},
        {"^R", "em-inc-search-prev"},
        {"\\e[3~", "ed-delete-next-char"},
        {"\\e[H", "ed-move-to-beg"},
        {"\\e[1~", "ed-move-to-beg"},
        {"\\e[F", "ed-move-to-end"},
        {"\\e[4~", "ed-move-to-end"},
        {"\\e[1;5C", "em-next-word"},
        {"\\e[1;5D", "ed-prev-word"},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        el_set(line, EL_BIND, keys[i][0], keys[i][1], NULL);
    }
}

/* `bind -v` in the user's file has put libedit's own keys in the place of ours. Escape has to
 * remain a key of its own there. */
static void bind_vi_keys(EditLine *line) {
    const char *mode = NULL;
    if (el_get(line, EL_EDITOR, &mode) != 0 || mode == NULL || strcmp(mode, "vi") != 0) return;
    el_set(line, EL_BIND, "\t", "ouro-complete", NULL);
    el_set(line, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_set(line, EL_BIND, PASTE_KEY, "ouro-paste", NULL);
    el_set(line, EL_BIND, "-a", "^R", "em-inc-search-prev", NULL);
    el_set(line, EL_BIND, "-a", PASTE_KEY, "ouro-paste", NULL);
}

static bool set_up(editor *e) {
    HistEvent event;
    e->past = history_init();
    e->line = el_init("ouro", stdin, stdout, stderr);
    if (e->past == NULL || e->line == NULL) return false;
    history(e->past, &event, H_SETSIZE, OURO_HISTORY_ENTRIES);
    history(e->past, &event, H_SETUNIQUE, 1);
    el_set(e->line, EL_CLIENTDATA, e);
    el_set(e->line, EL_PROMPT, give_prompt);
    el_set(e->line, EL_GETCFN, read_key);
    el_set(e->line, EL_SIGNAL, 0);
    el_set(e->line, EL_HIST, history, e->past);
    el_set(e->line, EL_EDITOR, "emacs");
    /* Wide: libedit keeps these two, and copies of narrow ones it would never free. */
    el_wset(e->line, EL_ADDFN, L"ouro-complete", L"Complete the word", complete_word);
    el_wset(e->line, EL_ADDFN, L"ouro-paste", L"Take what is pasted", paste);
    bind_keys(e->line);
    el_source(e->line, NULL);
    bind_vi_keys(e->line);
    const char *terminal = getenv("TERM");
    e->brackets = terminal != NULL && strcmp(terminal, "dumb") != 0;
    return true;
}

editor *ouro__edit_open(complete_fn complete, void *context) {
    editor *e = calloc(1, sizeof *e);
    if (e == NULL) return NULL;
    e->complete = complete;
    e->context = context;
    e->locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    locale_t before = e->locale == (locale_t)0 ? (locale_t)0 : uselocale(e->locale);
    bool fine = set_up(e);
    if (fine) ouro__history_open(&e->file, remember, e);
    if (before != (locale_t)0) uselocale(before);
    if (fine) return e;
    ouro__edit_close(e);
    return NULL;
}

void ouro__edit_close(editor *e) {
    if (e->past != NULL) ouro__edit_keep(e);
    if (e->line != NULL) el_end(e->line);
    if (e->past != NULL) history_end(e->past);
    if (e->locale != (locale_t)0) freelocale(e->locale);
    ouro__history_close(&e->file);
    free(e->statement);
    free(e->pasted);
    free(e);
}

/* What is there without a key being typed. */
static bool take_pasted(editor *e, const char **ret_line, size_t *ret_length) {
    if (e->pasted != NULL && e->pasted[e->pasted_at] == '\0') forget_pasted(e);
    if (e->pasted == NULL) return false;
    bool first = e->pasted_at == 0;
    *ret_line = next_pasted(e, ret_length);
    if (!first) fputs(e->prompt, stdout);
    echo_lines(*ret_line, *ret_length);
    putchar('\n');
    fflush(stdout);
    note_line(e, *ret_line, *ret_length);
    return true;
}

static edit_result type_line(editor *e, const char **ret_line, size_t *ret_length) {
    int count = 0;
    e->stopped = EDIT_END;
    locale_t before = take_signals(e);
    mark_pastes(e, true);
    /* Before the prompt is there: who types at once sees each key once. */
    el_set(e->line, EL_PREP_TERM, 1);
    const char *text = el_gets(e->line, &count);
    leave_signals(e, before);
    if (take_pasted(e, ret_line, ret_length)) {
        mark_pastes(e, false);
        return EDIT_LINE;
    }
    if (text == NULL || count <= 0) {
        if (e->stopped == EDIT_CANCELLED) drop_statement(e);
        fputs(e->stopped == EDIT_CANCELLED ? "^C\n" : "\n", stdout);
        mark_pastes(e, false);
        return e->stopped;
    }
    mark_pastes(e, false);
    size_t length = (size_t)count;
    if (text[length - 1] == '\n') length--;
    note_line(e, text, length);
    *ret_line = text;
    *ret_length = length;
    return EDIT_LINE;
}

edit_result ouro__edit_read(editor *e, const char *prompt, const char **ret_line,
                            size_t *ret_length) {
    snprintf(e->prompt, sizeof e->prompt, "%s", prompt);
    if (strcmp(prompt, OURO_EDIT_MORE) != 0) ouro__edit_keep(e);
    fflush(stdout);
    if (take_pasted(e, ret_line, ret_length)) return EDIT_LINE;
    return type_line(e, ret_line, ret_length);
}

void ouro__edit_drop_pasted(editor *e) {
    forget_pasted(e);
}

void ouro__edit_accept(editor *e, accept_fn accept) {
    e->accept = accept;
}

int ouro__edit_signal(const editor *e) {
    return e->signal;
}
