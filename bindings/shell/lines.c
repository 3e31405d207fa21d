/* SPDX-License-Identifier: MIT */
/* Lines: finds the whole lines of a text (lines.h) by its tokens.
 *
 * In doubt a line is not whole. That costs promptness; the contrary would let `--exact`
 * clear a register that an expression still needs. */
#include "lines.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "lex.h"

/* Lua itself allows 200 levels. */
#define DEPTH_MAX 400

typedef enum place {
    PLACE_BRACKET,  /* within ( [ { */
    PLACE_HEADER,   /* between while, for, if, elseif and their do, then */
    PLACE_BLOCK,    /* statements, up to end or until */
    PLACE_FUNCTION, /* the same, of a function */
} place;

typedef struct scan {
    char *whole; /* one byte each line */
    unsigned char places[DEPTH_MAX];
    size_t depth;
    bool lost; /* the text is not Lua, or too deep */
} scan;

static void enter(scan *s, place where) {
    if (s->depth == DEPTH_MAX) s->lost = true;
    else s->places[s->depth++] = (unsigned char)where;
}

static bool is_in(const scan *s, place where) {
    return s->depth > 0 && s->places[s->depth - 1] == where;
}

static void leave(scan *s) {
    if (s->depth == 0) s->lost = true;
    else s->depth--;
}

static bool is_one_of(const token *t, const char *const *words) {
    for (; *words != NULL; words++) {
        if (ouro__lex_is(t, *words)) return true;
    }
    return false;
}

/* Whether the token begins a statement, or ends a block, after the previous one. */
static bool begins_statement(const scan *s, const token *previous, const token *t) {
    static const char *const openers[] = {"then", "do", "else", "repeat", ";", NULL};
    static const char *const beginnings[] = {
        "if",     "while", "do",   "for",    "function", "local", "return", "break", "goto",
        "repeat", "end",   "else", "elseif", "until",    "::",    ";",      NULL,
    };
    if (is_in(s, PLACE_BRACKET) || is_in(s, PLACE_HEADER)) return false;
    bool free = previous->kind == TOKEN_START || ouro__lex_can_end(previous)
        || is_one_of(previous, openers);
    return free
        && (t->kind == TOKEN_NAME || t->kind == TOKEN_END || is_one_of(t, beginnings));
}

static void follow_end(scan *s, const token *t) {
    if (is_in(s, PLACE_FUNCTION)) s->whole[t->line] = '0';
    leave(s);
}

/* Follows the nesting. */
static void follow(scan *s, const token *t) {
    static const char *const opening[] = {"(", "[", "{", NULL};
    static const char *const closing[] = {")", "]", "}", NULL};
    static const char *const headed[] = {"if", "while", "for", NULL};
    if (is_one_of(t, opening)) enter(s, PLACE_BRACKET);
    else if (is_one_of(t, closing) || ouro__lex_is(t, "until")) leave(s);
    else if (is_one_of(t, headed)) enter(s, PLACE_HEADER);
    else if (ouro__lex_is(t, "repeat")) enter(s, PLACE_BLOCK);
    else if (ouro__lex_is(t, "end")) follow_end(s, t);
    else if (ouro__lex_is(t, "function")) {
        s->whole[t->line] = '0';
        enter(s, PLACE_FUNCTION);
    } else if (ouro__lex_is(t, "elseif")) {
        leave(s);
        enter(s, PLACE_HEADER);
    } else if (ouro__lex_is(t, "do") || ouro__lex_is(t, "then")) {
        if (is_in(s, PLACE_HEADER)) leave(s);
        enter(s, PLACE_BLOCK);
    }
}

static void look_at(scan *s, const token *previous, const token *t) {
    if (t->line > previous->end_line || previous->kind == TOKEN_START) {
        bool begins = begins_statement(s, previous, t);
        if (begins && t->kind != TOKEN_END) s->whole[t->line] = '1';
        /* It goes on from a line before. */
        if (!begins) s->whole[previous->end_line] = '0';
    }
    /* A long string: its lines hold the middle of a statement. */
    if (t->end_line > t->line) memset(s->whole + t->line, '0', t->end_line - t->line + 1);
}

static size_t count_lines(const char *text, size_t length) {
    size_t lines = 1;
    for (size_t i = 0; i < length; i++) lines += text[i] == '\n' || text[i] == '\r';
    return lines;
}

/* What Lua does not read of a file: a byte order mark, a first line that starts with "#". */
static size_t count_skipped(const char *text, size_t length) {
    size_t at = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    if (at == length || text[at] != '#') return at;
    while (at < length && text[at] != '\n') at++;
    return at;
}

void ouro__lines_push(lua_State *L, const char *text, size_t length) {
    size_t size = count_lines(text, length) + 2;
    scan s = {.whole = lua_newuserdatauv(L, size, 0)};
    memset(s.whole, '0', size);
    token previous = {.kind = TOKEN_START}, t;
    lexer lx;
    size_t skipped = count_skipped(text, length);
    ouro__lex_open(&lx, text + skipped, length - skipped);
    do {
        ouro__lex_next(&lx, &t);
        look_at(&s, &previous, &t);
        follow(&s, &t);
        previous = t;
    } while (t.kind != TOKEN_END && !s.lost);
    lua_pushlstring(L, s.whole, s.lost ? 0 : size);
    lua_remove(L, -2);
}
