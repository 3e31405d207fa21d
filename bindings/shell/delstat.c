/* SPDX-License-Identifier: MIT */
/* Delstat: finds the statements `del` in a text and rewrites them (delstat.h).
 *
 * A target is a name followed by suffixes; the last one must be `.name` or `[index]`, the
 * reference to remove, or there is none and the name itself goes. A target that ends in a
 * call is none: the text stays as it is and Lua complains about it. A call's bracket has
 * to stand on the line of what it calls; a line that starts with one is the next
 * statement. */
#include "delstat.h"

#include <lauxlib.h>
#include <stdbool.h>

#include "lex.h"

typedef enum suffix { SUFFIX_NONE, SUFFIX_FIELD, SUFFIX_INDEX, SUFFIX_CALL } suffix;

typedef struct target {
    const char *start;
    const char *end;
    suffix last;
    const char *open;  /* the last "." or "[" */
    const char *key;   /* where the key starts: a name, or the first thing in brackets */
    const char *close; /* the last "]" */
} target;

/* A text and the place up to which it has been looked at. */
typedef struct reader {
    lexer lexer;
    token token;    /* the next one, not yet taken */
    token previous; /* the one before it */
    bool cut;       /* the text has ended in the middle of a target */
} reader;

static void take(reader *r) {
    r->previous = r->token;
    ouro__lex_next(&r->lexer, &r->token);
}

/* For the end of a function that could not go on: false. */
static bool give_up(reader *r) {
    r->cut = r->token.kind == TOKEN_END;
    return false;
}

static bool same_line(const reader *r) {
    return r->token.line == r->previous.end_line;
}

/* At an opening bracket: takes all up to its partner. *ret_close: where the partner is. */
static bool take_brackets(reader *r, const char **ret_close) {
    size_t depth = 0;
    do {
        const token *t = &r->token;
        if (t->kind == TOKEN_END) return give_up(r);
        if (ouro__lex_is(t, "(") || ouro__lex_is(t, "[") || ouro__lex_is(t, "{")) depth++;
        if (ouro__lex_is(t, ")") || ouro__lex_is(t, "]") || ouro__lex_is(t, "}")) depth--;
        *ret_close = t->text;
        take(r);
    } while (depth > 0);
    return true;
}

static bool take_call(reader *r, target *t) {
    t->last = SUFFIX_CALL;
    if (r->token.kind != TOKEN_STRING) return take_brackets(r, &t->close);
    take(r);
    return true;
}

static bool starts_call(const reader *r) {
    bool opens = r->token.kind == TOKEN_STRING || ouro__lex_is(&r->token, "(")
        || ouro__lex_is(&r->token, "{");
    return opens && same_line(r);
}

/* Takes one suffix. *ret_more: whether there was one. False: no target can come of it. */
static bool take_suffix(reader *r, target *t, bool *ret_more) {
    *ret_more = true;
    const char *open = r->token.text;
    if (starts_call(r)) return take_call(r, t);
    if (ouro__lex_is(&r->token, "[")) {
        if (!take_brackets(r, &t->close)) return false;
        t->open = open;
        t->key = open + 1;
        t->last = SUFFIX_INDEX;
        return true;
    }
    bool method = ouro__lex_is(&r->token, ":");
    if (!method && !ouro__lex_is(&r->token, ".")) {
        *ret_more = false;
        return true;
    }
    take(r);
    if (r->token.kind != TOKEN_NAME) return give_up(r);
    t->open = open;
    t->key = r->token.text;
    t->last = SUFFIX_FIELD;
    take(r);
    if (!method) return true;
    return starts_call(r) ? take_call(r, t) : give_up(r);
}

static bool take_target(reader *r, target *ret_target) {
    if (r->token.kind != TOKEN_NAME) return give_up(r);
    *ret_target = (target){.start = r->token.text};
    take(r);
    bool more = true;
    while (more) {
        if (!take_suffix(r, ret_target, &more)) return false;
    }
    ret_target->end = r->previous.text + r->previous.length;
    return ret_target->last != SUFFIX_CALL;
}

static void add(luaL_Buffer *out, const char *from, const char *to) {
    luaL_addlstring(out, from, (size_t)(to - from));
}

static void add_quoted(luaL_Buffer *out, const char *from, const char *to) {
    luaL_addchar(out, '"');
    add(out, from, to);
    luaL_addchar(out, '"');
}

/* The arguments of the call: everything between the parts is kept. */
static void add_target(luaL_Buffer *out, const target *t) {
    if (t->last == SUFFIX_NONE) {
        add_quoted(out, t->start, t->end);
        return;
    }
    add(out, t->start, t->open);
    luaL_addstring(out, t->last == SUFFIX_INDEX ? ",(" : ",");
    if (t->last == SUFFIX_INDEX) {
        add(out, t->key, t->close);
        luaL_addchar(out, ')');
        return;
    }
    add(out, t->open + 1, t->key);
    luaL_addchar(out, ' ');
    add_quoted(out, t->key, t->end);
}

/* Behind `del`, at a name: adds the calls for all targets. False: it is no statement, and
 * the reader and the text are to be taken back. */
static bool take_targets(reader *r, luaL_Buffer *out) {
    const char *gap = r->previous.text + r->previous.length;
    target t;
    if (!take_target(r, &t)) return false;
    luaL_addstring(out, "del(");
    add(out, gap, t.start);
    add_target(out, &t);
    while (ouro__lex_is(&r->token, ",")) {
        const char *comma = r->token.text;
        target before = t;
        take(r);
        if (!take_target(r, &t)) return false;
        bool names = before.last == SUFFIX_NONE && t.last == SUFFIX_NONE;
        add(out, before.end, comma);
        luaL_addstring(out, names ? "," : "); del(");
        add(out, comma + 1, t.start);
        add_target(out, &t);
    }
    luaL_addstring(out, ");");
    return true;
}

static bool opens_block(const token *t) {
    return t->kind == TOKEN_START || ouro__lex_is(t, ";") || ouro__lex_is(t, "then")
        || ouro__lex_is(t, "do") || ouro__lex_is(t, "else") || ouro__lex_is(t, "repeat");
}

/* At `del`, which follows r->previous: whether a statement begins here and goes on with a
 * name on the same line. */
static bool is_statement(const reader *r) {
    if (!ouro__lex_is(&r->token, "del")) return false;
    if (!opens_block(&r->previous) && !ouro__lex_can_end(&r->previous)) return false;
    reader ahead = *r;
    take(&ahead);
    return ahead.token.kind == TOKEN_NAME && same_line(&ahead);
}

/* At `del`, found to be a statement: adds its rewriting and steps behind it. */
static void rewrite(reader *r, luaL_Buffer *out, const char **copied) {
    size_t mark = luaL_bufflen(out);
    reader ahead = *r;
    add(out, *copied, r->token.text);
    take(&ahead);
    if (take_targets(&ahead, out)) {
        *copied = ahead.previous.text + ahead.previous.length;
        *r = ahead;
        return;
    }
    luaL_buffsub(out, luaL_bufflen(out) - mark);
    take(r);
    if (!ahead.cut) return;
    /* With an open bracket Lua, too, misses the rest, and the prompt asks for more. */
    const char *behind = r->previous.text + r->previous.length;
    add(out, *copied, behind);
    luaL_addchar(out, '(');
    *copied = behind;
}

void ouro__delstat_push(lua_State *L, const char *text, size_t length) {
    reader r = {.previous = {.kind = TOKEN_START}};
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    ouro__lex_open(&r.lexer, text, length);
    ouro__lex_next(&r.lexer, &r.token);
    const char *copied = text;
    while (r.token.kind != TOKEN_END) {
        if (is_statement(&r)) rewrite(&r, &out, &copied);
        else take(&r);
    }
    add(&out, copied, text + length);
    luaL_pushresult(&out);
}
