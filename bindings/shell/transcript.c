/* SPDX-License-Identifier: MIT */
/* Transcript: reads a document as the prompt's input and compares the output (transcript.h).
 *
 * Both outputs go to one file, in the order in which they would appear in a terminal. When the
 * prompt asks for the next line, all that the statement has caused is in it. */
#include "transcript.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "edit.h"
#include "repl.h"

typedef struct text {
    char *bytes; /* owned, ends with a zero byte; NULL: empty */
    size_t length, capacity;
} text;

typedef struct transcript {
    const char *path;
    text document;
    size_t at;        /* the line that is looked at next begins here */
    size_t line;      /* its number, from 1 */
    bool inside;      /* within a block */
    size_t typed_at, typed_line; /* where the statement that runs was typed; line 0: none */
    FILE *output;     /* what is printed */
    long seen;        /* so much of it belongs to earlier statements */
    FILE *report, *summary;
    bool update;
    text updated;     /* the document as it should be */
    size_t statements, differ;
    bool broken;      /* no memory, no file */
} transcript;

static void add(transcript *t, text *to, const char *bytes, size_t length) {
    if (to->length + length + 1 > to->capacity) {
        size_t capacity = 2 * (to->length + length) + 4096;
        char *longer = realloc(to->bytes, capacity);
        if (longer == NULL) {
            t->broken = true;
            return;
        }
        to->bytes = longer;
        to->capacity = capacity;
    }
    memcpy(to->bytes + to->length, bytes, length);
    to->length += length;
    to->bytes[to->length] = '\0';
}

static bool read_file(transcript *t, FILE *file, text *ret) {
    char piece[4096];
    size_t got;
    while ((got = fread(piece, 1, sizeof piece, file)) > 0) add(t, ret, piece, got);
    if (ret->bytes == NULL) add(t, ret, "", 0);
    return !ferror(file) && !t->broken;
}

/* ---- lines ------------------------------------------------------------------------------- */

/* The length of the line at that place, and whether it begins so. */
static size_t measure(const char *at) {
    return strcspn(at, "\n");
}

static bool begins(const char *at, const char *with) {
    return strncmp(at, with, strlen(with)) == 0;
}

static bool is_blank_after(const char *at, size_t from, size_t length) {
    while (from < length && strchr(" \t\r", at[from]) != NULL) from++;
    return from >= length;
}

static bool is_fence(const char *at) {
    return begins(at, "```");
}

static bool opens_block(const char *at) {
    return begins(at, "```ouro") && is_blank_after(at, 7, measure(at));
}

/* ">" alone is an empty line typed. */
static bool is_typed(const char *at, const char *mark) {
    size_t length = measure(at), size = strlen(mark);
    if (strncmp(at, mark, size) != 0 || length < size) return false;
    return length == size || at[size] == ' ';
}

static void pass_line(transcript *t) {
    size_t length = measure(t->document.bytes + t->at);
    t->at += length + (t->document.bytes[t->at + length] == '\n');
    t->line++;
}

static void copy_line(transcript *t) {
    size_t from = t->at;
    pass_line(t);
    add(t, &t->updated, t->document.bytes + from, t->at - from);
}

/* ---- comparing --------------------------------------------------------------------------- */

/* Lines are equal but for blanks at their ends. */
static bool same_line(const char *a, const char *b) {
    size_t length_a = measure(a), length_b = measure(b);
    while (length_a > 0 && strchr(" \t\r", a[length_a - 1]) != NULL) length_a--;
    while (length_b > 0 && strchr(" \t\r", b[length_b - 1]) != NULL) length_b--;
    return length_a == length_b && memcmp(a, b, length_a) == 0;
}

static const char *next_line(const char *at, const char *end) {
    size_t length = measure(at);
    return at + length >= end ? end : at + length + 1;
}

/* A line "..." matches any lines: on a mismatch the last one takes one more (as a star in a file
 * name pattern does). */
static bool agrees(const char *wanted, const char *wanted_end, const char *got,
                   const char *got_end) {
    const char *star = NULL, *star_got = NULL;
    while (got < got_end) {
        if (wanted < wanted_end && same_line(wanted, "...")) {
            wanted = star = next_line(wanted, wanted_end);
            star_got = got;
        } else if (wanted < wanted_end && same_line(wanted, got)) {
            wanted = next_line(wanted, wanted_end);
            got = next_line(got, got_end);
        } else if (star != NULL) {
            wanted = star;
            got = star_got = next_line(star_got, got_end);
        } else {
            return false;
        }
    }
    while (wanted < wanted_end && same_line(wanted, "...")) wanted = next_line(wanted, wanted_end);
    return wanted == wanted_end;
}

static void show(transcript *t, const char *title, const char *at, const char *end) {
    fprintf(t->report, "  %s:%s\n", title, at == end ? " nothing" : "");
    for (; at < end; at = next_line(at, end))
        fprintf(t->report, "    %.*s\n", (int)measure(at), at);
}

static void complain(transcript *t, const char *wanted, size_t length, const text *got) {
    const char *typed = t->document.bytes + t->typed_at;
    fprintf(t->report, "%s:%zu: %.*s\n", t->path, t->typed_line, (int)measure(typed), typed);
    show(t, "written", wanted, wanted + length);
    show(t, "printed", got->bytes, got->bytes + got->length);
    t->differ++;
}

/* All that was printed since the last time. */
static void take_output(transcript *t, text *ret) {
    fflush(stdout);
    fflush(stderr);
    long end = lseek(STDOUT_FILENO, 0, SEEK_END);
    char piece[4096];
    while (t->seen < end) {
        ssize_t got = pread(STDOUT_FILENO, piece, sizeof piece, t->seen);
        if (got <= 0) break;
        add(t, ret, piece, (size_t)got);
        t->seen += got;
    }
    if (ret->bytes == NULL) add(t, ret, "", 0);
    if (ret->length > 0 && ret->bytes[ret->length - 1] != '\n') add(t, ret, "\n", 1);
}

/* Behind what was typed: what is written there against what was printed. */
static void compare(transcript *t) {
    text got = {NULL, 0, 0};
    const char *document = t->document.bytes;
    size_t from = t->at;
    take_output(t, &got);
    while (document[t->at] != '\0' && !is_fence(document + t->at)
           && !is_typed(document + t->at, ">") && !is_typed(document + t->at, ">>"))
        pass_line(t);
    if (t->broken) return;
    bool same = agrees(document + from, document + t->at, got.bytes, got.bytes + got.length);
    if (!same) complain(t, document + from, t->at - from, &got);
    if (same) add(t, &t->updated, document + from, t->at - from);
    else add(t, &t->updated, got.bytes, got.length);
    free(got.bytes);
    t->typed_line = 0;
}

/* ---- the prompt's input ------------------------------------------------------------------ */

/* Goes on to the next line that is typed. False: there is none. */
static bool find_typed(transcript *t) {
    while (t->document.bytes[t->at] != '\0') {
        const char *at = t->document.bytes + t->at;
        if (t->inside && (is_typed(at, ">") || is_typed(at, ">>"))) return true;
        if (t->inside && !is_fence(at)) {
            fprintf(t->report, "%s:%zu: printed before anything is typed: %.*s\n", t->path,
                    t->line, (int)measure(at), at);
            t->differ++;
        }
        if (is_fence(at)) t->inside = !t->inside && opens_block(at);
        copy_line(t);
    }
    return false;
}

static edit_result give_line(transcript *t, size_t mark, const char **ret_line,
                             size_t *ret_length) {
    const char *at = t->document.bytes + t->at;
    size_t length = measure(at), skipped = length > mark ? mark + 1 : length;
    *ret_line = at + skipped;
    *ret_length = length - skipped;
    copy_line(t);
    return EDIT_LINE;
}

static edit_result read_line(void *user, const char *prompt, const char **ret_line,
                             size_t *ret_length) {
    transcript *t = user;
    bool more = strcmp(prompt, OURO_EDIT_MORE) == 0;
    const char *at = t->document.bytes + t->at;
    if (more && is_typed(at, ">>")) return give_line(t, 2, ret_line, ret_length);
    if (more) {
        fprintf(t->report, "%s:%zu: the statement is not finished here\n", t->path, t->line);
        t->differ++;
        return EDIT_CANCELLED;
    }
    if (t->typed_line != 0) compare(t);
    if (t->broken || !find_typed(t)) return EDIT_END;
    t->typed_at = t->at;
    t->typed_line = t->line;
    t->statements++;
    bool continues = is_typed(t->document.bytes + t->at, ">>");
    return give_line(t, continues ? 2 : 1, ret_line, ret_length);
}

/* ---- the whole --------------------------------------------------------------------------- */

/* From now on everything that is printed goes to t->output. */
static bool redirect(transcript *t) {
    fflush(stdout);
    fflush(stderr);
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    t->summary = out < 0 ? NULL : fdopen(out, "w");
    t->report = err < 0 ? NULL : fdopen(err, "w");
    t->output = tmpfile();
    if (t->summary == NULL || t->report == NULL || t->output == NULL) return false;
    setenv("COLUMNS", "80", 1);
    setenv("NO_COLOR", "1", 1);
    return dup2(fileno(t->output), STDOUT_FILENO) >= 0
        && dup2(fileno(t->output), STDERR_FILENO) >= 0;
}

static bool write_back(const transcript *t) {
    FILE *file = fopen(t->path, "w");
    if (file == NULL) return false;
    bool fine = fwrite(t->updated.bytes, 1, t->updated.length, file) == t->updated.length;
    return fclose(file) == 0 && fine;
}

static bool fail(const transcript *t) {
    fprintf(t->report != NULL ? t->report : stderr, "ouro: %s: %s\n", t->path, strerror(errno));
    return false;
}

static bool run(lua_State *L, transcript *t) {
    FILE *file = fopen(t->path, "re");
    if (file == NULL) return fail(t);
    bool fine = read_file(t, file, &t->document);
    fclose(file);
    if (!fine || !redirect(t)) return fail(t);
    repl_source source = {read_line, t};
    ouro__repl_run_from(L, &source);
    if (t->broken) return fail(t);
    bool changed = t->update && t->differ > 0;
    if (changed && !write_back(t)) return fail(t);
    fprintf(t->summary, "%s: %zu statements, %zu %s\n", t->path, t->statements, t->differ,
            changed ? "brought up to date" : "differ");
    return t->update || t->differ == 0;
}

bool ouro__transcript_check(lua_State *L, const char *path, bool update) {
    transcript t = {.path = path, .line = 1, .update = update};
    bool fine = run(L, &t);
    free(t.document.bytes);
    free(t.updated.bytes);
    if (t.summary != NULL) fclose(t.summary);
    if (t.report != NULL) fclose(t.report);
    return fine;
}
