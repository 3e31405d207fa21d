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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#include "history.h"

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH};
#define SIGNALS (sizeof signals / sizeof *signals)

/* Which have come; a handler gets no other argument. Set while pselect waits. */
static volatile sig_atomic_t caught[SIGNALS];

struct editor {
    EditLine *line;
    History *past;
    history_file file;
    char prompt[16];
    complete_fn complete;
    void *context;       /* its first argument */
    locale_t locale;     /* the terminal's; 0: the C locale will do */
    edit_result stopped; /* why there is no line */
    int signal;          /* of EDIT_SIGNAL */
    sigset_t waiting;    /* the mask outside */
    struct sigaction outside[SIGNALS];
};

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
        stop_process();
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

/* One character for libedit. Bytes that are none in the terminal's encoding are dropped. */
static int read_key(EditLine *line, wchar_t *ret_key) {
    editor *e = NULL;
    el_get(line, EL_CLIENTDATA, &e);
    mbstate_t state = {0};
    for (;;) {
        char byte;
        int got = read_byte(e, &byte);
        if (got != 1) return got;
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

static void remember(const char *text, void *context) {
    editor *e = context;
    HistEvent event;
    history(e->past, &event, H_ENTER, text);
}

/* Blank lines, and a line that is the last one again, are not worth a place. */
static void keep(editor *e, const char *text, size_t length) {
    if (strspn(text, " \t\n") >= length) return;
    HistEvent last;
    bool known = history(e->past, &last, H_FIRST) == 0 && strlen(last.str) == length
        && memcmp(last.str, text, length) == 0;
    char *line = known ? NULL : malloc(length + 1);
    if (line == NULL) return;
    memcpy(line, text, length);
    line[length] = '\0';
    remember(line, e);
    ouro__history_add(&e->file, line, length);
    free(line);
}

/* Keys that libedit leaves unbound, as terminals send them. */
static void bind_keys(EditLine *line) {
    static const char *const keys[][2] = {
        {"\t", "ouro-complete"},
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

static bool set_up(editor *e) {
    HistEvent event;
    e->past = history_init();
    e->line = el_init("ouro", stdin, stdout, stderr);
    if (e->past == NULL || e->line == NULL) return false;
    history(e->past, &event, H_SETSIZE, OURO_HISTORY_LINES);
    history(e->past, &event, H_SETUNIQUE, 1);
    el_set(e->line, EL_CLIENTDATA, e);
    el_set(e->line, EL_PROMPT, give_prompt);
    el_set(e->line, EL_GETCFN, read_key);
    el_set(e->line, EL_SIGNAL, 0);
    el_set(e->line, EL_HIST, history, e->past);
    el_set(e->line, EL_EDITOR, "emacs");
    /* Wide: libedit keeps these two, and copies of narrow ones it would never free. */
    el_wset(e->line, EL_ADDFN, L"ouro-complete", L"Complete the word", complete_word);
    bind_keys(e->line);
    el_source(e->line, NULL);
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
    if (e->line != NULL) el_end(e->line);
    if (e->past != NULL) history_end(e->past);
    if (e->locale != (locale_t)0) freelocale(e->locale);
    ouro__history_close(&e->file);
    free(e);
}

edit_result ouro__edit_read(editor *e, const char *prompt, const char **ret_line,
                            size_t *ret_length) {
    snprintf(e->prompt, sizeof e->prompt, "%s", prompt);
    e->stopped = EDIT_END;
    fflush(stdout);
    int count = 0;
    locale_t before = take_signals(e);
    /* Before the prompt is there: who types at once sees each key once. */
    el_set(e->line, EL_PREP_TERM, 1);
    const char *text = el_gets(e->line, &count);
    leave_signals(e, before);
    if (text == NULL || count <= 0) {
        fputs(e->stopped == EDIT_CANCELLED ? "^C\n" : "\n", stdout);
        fflush(stdout);
        return e->stopped;
    }
    size_t length = (size_t)count;
    if (text[length - 1] == '\n') length--;
    keep(e, text, length);
    *ret_line = text;
    *ret_length = length;
    return EDIT_LINE;
}

int ouro__edit_signal(const editor *e) {
    return e->signal;
}
