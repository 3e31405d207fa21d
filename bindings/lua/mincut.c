/* SPDX-License-Identifier: MIT */
/* Mincut: mincut(x), the fewest references to remove for x to die, as statements.
 *
 * A statement names its object by the shortest way from a name: del(x.next, "other"). Where
 * there is none (the name is in a frame that is neither the top nor main, a step leads through
 * a key that has no literal, the way is long) it is a comment that says which reference. */
#include <stdio.h>
#include <string.h>

#include "places.h"
#include "understand.h"

/* Ways of more steps are not written out. */
#define MOST_STEPS 40
#define MOST_TEXT 480

typedef struct line {
    uint64_t from, to;
    char text[512]; /* the statement */
    bool comment;
} line;

typedef struct cutting {
    binding *b;
    scratch *lines;
    ouro_status status;
} cutting;

/* ---- expressions ------------------------------------------------------------------------- */

typedef struct writer {
    char *bytes;
    size_t used;
    bool failed;
} writer;

static void add(writer *w, const char *bytes, size_t length) {
    if (w->failed || w->used + length >= MOST_TEXT) {
        w->failed = true;
        return;
    }
    memcpy(w->bytes + w->used, bytes, length);
    w->bytes[w->used += length] = '\0';
}

static void add_string(writer *w, const char *string) {
    add(w, string, strlen(string));
}

static bool is_name(const char *bytes, size_t length) {
    static const char *const reserved[] = {
        "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if",
        "in", "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while"};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strlen(reserved[i]) == length && memcmp(reserved[i], bytes, length) == 0) return false;
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9')) return false;
    }
    return length > 0;
}

static void add_quoted(writer *w, const char *bytes, size_t length) {
    add(w, "\"", 1);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        char escaped[8];
        if (c == '"' || c == '\\') snprintf(escaped, sizeof escaped, "\\%c", c);
        else if (c < ' ' || c == 127) snprintf(escaped, sizeof escaped, "\\%03u", c);
        else snprintf(escaped, sizeof escaped, "%c", c);
        add_string(w, escaped);
    }
    add(w, "\"", 1);
}

/* A key as Lua would write it. */
static void add_literal(writer *w, ouro_value key) {
    const char *bytes;
    size_t length;
    int64_t integer;
    char number[40];
    if (ouro_value_as_string(key, &bytes, &length)) {
        add_quoted(w, bytes, length);
    } else if (ouro_value_as_integer(key, &integer)) {
        snprintf(number, sizeof number, "%lld", (long long)integer);
        add_string(w, integer == INT64_MIN ? "math.mininteger" : number);
    } else if (ouro_value_same(key, OURO_TRUE)) {
        add_string(w, "true");
    } else if (ouro_value_same(key, OURO_FALSE)) {
        add_string(w, "false");
    } else {
        w->failed = true;
    }
}

/* The key under which del and an index find the reference. */
static void add_key(writer *w, const ouro_label *label) {
    char number[32];
    switch (label->kind) {
    case OURO_LABEL_NAME: add_quoted(w, label->text, label->length); break;
    case OURO_LABEL_INDEX:
        snprintf(number, sizeof number, "%zu", label->index);
        add_string(w, number);
        break;
    case OURO_LABEL_VALUE: add_literal(w, label->key); break;
    case OURO_LABEL_KEY: w->failed = true; break;
    }
}

typedef struct step {
    writer *w;
    ouro_object *next;
    bool found;
} step;

static bool add_step(const ouro_label *label, ouro_value value, void *context) {
    step *s = context;
    writer before = *s->w;
    if (ouro_value_object(value) != s->next) return true;
    if (label->kind == OURO_LABEL_NAME && is_name(label->text, label->length)) {
        add(s->w, ".", 1);
        add(s->w, label->text, label->length);
    } else {
        add(s->w, "[", 1);
        add_key(s->w, label);
        add(s->w, "]", 1);
    }
    s->found = !s->w->failed;
    if (!s->found) *s->w = before;
    return !s->found;
}

static bool is_reachable_frame(ouro_heap *heap, const ouro_object *frame) {
    return frame == ouro_frame_at(heap, 0) || frame == ouro_frame_main(heap);
}

/* x.next[2], or frame().x for a name of main from within another frame. */
static void add_chain(writer *w, ouro_heap *heap, const ouro_chain *chain) {
    if (chain->root != OURO_ROOT_NAME || chain->count > MOST_STEPS ||
        !is_reachable_frame(heap, chain->frame)) {
        w->failed = true;
        return;
    }
    bool top = chain->frame == ouro_frame_at(heap, 0);
    if (!top) add_string(w, "frame()");
    if (chain->count == 0) return;
    if (!top) add_string(w, ".");
    if (!is_name(chain->text, chain->length)) w->failed = true;
    add(w, chain->text, chain->length);
    for (size_t i = 0; i + 1 < chain->count && !w->failed; i++) {
        step s = {w, chain->steps[i + 1], false};
        ouro_object_refs(chain->steps[i], add_step, &s);
        if (!s.found) w->failed = true;
    }
}

static void write_statement(line *l, ouro_heap *heap, const ouro_cut *cut) {
    writer w = {.bytes = l->text};
    if (cut->from == NULL) {
        add_string(&w, "unpin(");
        if (cut->chain->count == 0) w.failed = true;
        add_chain(&w, heap, cut->chain);
    } else if (ouro_is_frame(cut->from) && cut->from == ouro_frame_at(heap, 0)) {
        add_string(&w, "del(");
        add_key(&w, cut->label);
    } else {
        add_string(&w, "del(");
        add_chain(&w, heap, cut->chain);
        add_string(&w, ", ");
        add_key(&w, cut->label);
    }
    add_string(&w, ")");
    l->comment = w.failed;
}

/* ---- while the core calls back ----------------------------------------------------------- */

static bool note_cut(const ouro_cut *cut, void *context) {
    cutting *c = context;
    line l = {.from = 0};
    bool frame = cut->from != NULL && ouro_is_frame(cut->from);
    c->status = ouro_object_id(cut->to, &l.to);
    if (c->status == OURO_OK && cut->from != NULL && !frame)
        c->status = ouro_object_id(cut->from, &l.from);
    if (c->status != OURO_OK) return false;
    write_statement(&l, c->b->heap, cut);
    if (l.comment && frame)
        snprintf(l.text, sizeof l.text, "-- the name %.*s in the frame %.64s",
                 (int)(cut->label->length < 64 ? cut->label->length : 64), cut->label->text,
                 ouro_frame_name(cut->from));
    if (l.comment && cut->from == NULL)
        snprintf(l.text, sizeof l.text, "-- unpin #%llu", (unsigned long long)l.to);
    return ouro_lua_scratch_put(c->lines, &l, sizeof l);
}

/* ---- the answer -------------------------------------------------------------------------- */

static int line_to_string(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_getfield(L, 1, "statement");
    return 1;
}

static int cut_to_string(lua_State *L) {
    luaL_Buffer text;
    lua_settop(L, 1);
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_getfield(L, 1, "reason");
    if (!lua_isnil(L, -1)) return 1;
    lua_Integer count = (lua_Integer)lua_rawlen(L, 1);
    luaL_buffinit(L, &text);
    for (lua_Integer i = 1; i <= count; i++) {
        if (i > 1) luaL_addchar(&text, '\n');
        lua_rawgeti(L, 1, i);
        lua_getfield(L, -1, "statement");
        lua_remove(L, -2);
        luaL_addvalue(&text);
    }
    luaL_pushresult(&text);
    return 1;
}

/* A reference that has no statement is told by its place. */
static void push_line(lua_State *L, binding *b, const line *l) {
    static const luaL_Reg functions[] = {{"__tostring", line_to_string}, {NULL, NULL}};
    lua_createtable(L, 0, 4);
    if (l->from != 0) {
        lua_pushinteger(L, (lua_Integer)l->from);
        lua_setfield(L, -2, "from");
        ouro_lua_push_member(L, b, l->from, l->to);
        luaL_tolstring(L, -1, NULL);
        lua_setfield(L, -3, "text");
        lua_pop(L, 1);
    }
    lua_pushinteger(L, (lua_Integer)l->to);
    lua_setfield(L, -2, "to");
    if (l->comment && l->from != 0) {
        lua_getfield(L, -1, "text");
        lua_pushfstring(L, "-- %s, which no name leads to", lua_tostring(L, -1));
        lua_remove(L, -2);
    } else {
        lua_pushstring(L, l->text);
    }
    lua_setfield(L, -2, "statement");
    ouro_lua_set_view(L, "ouro.cut", functions, NULL);
}

static void push_lines(lua_State *L, binding *b, const cutting *c) {
    lua_newtable(L);
    for (size_t i = 0; i < c->lines->used / sizeof(line); i++) {
        line l;
        memcpy(&l, c->lines->bytes + i * sizeof l, sizeof l);
        push_line(L, b, &l);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* Why no del is enough. */
static void push_reason(lua_State *L, bool held, const scratch *places) {
    const place *p = ouro_lua_place_at(places, 0);
    if (!held)
        lua_pushliteral(L, "no del is enough: what Lua holds, a class, a tuple or C code "
                           "leads to it; why(x, {all = true}) shows how");
    else if (p == NULL) lua_pushliteral(L, "no del is enough: Lua holds it");
    else lua_pushfstring(L, "no del is enough: Lua holds it: %s", p->text);
}

int ouro_lua_mincut(lua_State *L) {
    static const luaL_Reg functions[] = {{"__tostring", cut_to_string}, {NULL, NULL}};
    binding *b = ouro_lua_enter(L);
    lua_settop(L, 1);
    ouro_lua_check_object(L, b, 1);
    cutting c = {.b = b, .lines = ouro_lua_push_scratch(L)};
    scratch *places = ouro_lua_push_scratch(L);
    size_t count = 0;
    ouro_object *object = ouro_lua_take(L, b);
    ouro_status status = ouro_mincut(object, OURO_LUA_MINE, note_cut, &c, &count);
    bool held = ouro_object_is_held(object);
    sought s = {.object = object};
    if (held && count == SIZE_MAX && !ouro_lua_find_places(L, b, &s, 1, 1, places))
        places->failed = true;
    ouro_lua_give_back(L, b, object);
    ouro_lua_check(L, b, status);
    ouro_lua_check(L, b, c.status);
    ouro_lua_scratch_check(L, c.lines);
    ouro_lua_scratch_check(L, places);
    push_lines(L, b, &c);
    ouro_lua_scratch_free(c.lines);
    if (count == SIZE_MAX) {
        push_reason(L, held, places);
        lua_setfield(L, -2, "reason");
    } else {
        lua_pushinteger(L, (lua_Integer)count);
        lua_setfield(L, -2, "count");
        if (count == 0) lua_pushliteral(L, "nothing keeps it alive");
        else lua_pushnil(L);
        lua_setfield(L, -2, "reason");
    }
    ouro_lua_set_view(L, "ouro.mincut", functions, NULL);
    ouro_lua_leave(L, b);
    return 1;
}
