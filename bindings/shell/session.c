/* SPDX-License-Identifier: MIT */
/* Session: what was typed and printed (session.h). */
#include "session.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the output of one statement, and of everything. */
#define OUTPUT_MOST ((size_t)64 << 10)
#define SESSION_MOST ((size_t)64 << 20)

typedef struct entry {
    char *text, *output; /* owned */
    size_t length, printed, capacity;
    int values;
    bool expression, fine, cut;
} entry;

struct session {
    entry *entries; /* owned */
    size_t count, capacity, bytes;
    bool running; /* the last entry is that of the statement that runs */
};

static const char session_key = 's';

static void drop_all(session *s) {
    for (size_t i = 0; i < s->count; i++) {
        free(s->entries[i].text);
        free(s->entries[i].output);
    }
    free(s->entries);
    *s = (session){.entries = NULL};
}

static int collect_session(lua_State *L) {
    drop_all(lua_touserdata(L, 1));
    return 0;
}

/* ---- writing down ------------------------------------------------------------------------ */

static bool make_room(session *s) {
    if (s->count < s->capacity) return true;
    size_t capacity = s->capacity != 0 ? s->capacity * 2 : 64;
    entry *entries = realloc(s->entries, capacity * sizeof *entries);
    if (entries == NULL) return false;
    s->entries = entries;
    s->capacity = capacity;
    return true;
}

void ouro__session_begin(session *s, const char *text, size_t length, bool expression) {
    s->running = false;
    if (s->bytes + length > SESSION_MOST || !make_room(s)) return;
    entry e = {.text = malloc(length + 1), .length = length, .expression = expression};
    if (e.text == NULL) return;
    memcpy(e.text, text, length);
    e.text[length] = '\0';
    s->entries[s->count++] = e;
    s->bytes += length;
    s->running = true;
}

void ouro__session_end(session *s, bool fine, int values) {
    if (!s->running) return;
    s->running = false;
    s->entries[s->count - 1].fine = fine;
    s->entries[s->count - 1].values = values;
}

void ouro__session_add(session *s, const char *bytes, size_t length) {
    if (!s->running || length == 0) return;
    entry *e = &s->entries[s->count - 1];
    size_t needed = e->printed + length;
    if (e->cut || needed > OUTPUT_MOST || s->bytes + length > SESSION_MOST) {
        e->cut = true;
        return;
    }
    if (needed > e->capacity) {
        size_t capacity = needed * 2;
        char *output = realloc(e->output, capacity);
        e->cut = output == NULL;
        if (e->cut) return;
        e->output = output;
        e->capacity = capacity;
    }
    memcpy(e->output + e->printed, bytes, length);
    e->printed = needed;
    s->bytes += length;
}

/* ---- print ------------------------------------------------------------------------------- */

/* Upvalue 1: the session. Otherwise Lua's own. */
static int print(lua_State *L) {
    session *s = lua_touserdata(L, lua_upvalueindex(1));
    int count = lua_gettop(L);
    for (int i = 1; i <= count; i++) {
        size_t length;
        const char *text = luaL_tolstring(L, i, &length);
        if (i > 1) {
            fwrite("\t", 1, 1, stdout);
            ouro__session_add(s, "\t", 1);
        }
        fwrite(text, 1, length, stdout);
        ouro__session_add(s, text, length);
        lua_pop(L, 1);
    }
    fwrite("\n", 1, 1, stdout);
    ouro__session_add(s, "\n", 1);
    fflush(stdout);
    return 0;
}

session *ouro__session_open(lua_State *L) {
    session *s = lua_newuserdatauv(L, sizeof *s, 0);
    *s = (session){.entries = NULL};
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, collect_session);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &session_key);
    lua_pushglobaltable(L);
    lua_insert(L, -2);
    lua_pushcclosure(L, print, 1);
    lua_pushliteral(L, "print");
    lua_insert(L, -2);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    return s;
}

/* ---- for the Lua half -------------------------------------------------------------------- */

static int count_entries(lua_State *L) {
    const session *s = lua_touserdata(L, lua_upvalueindex(1));
    lua_pushinteger(L, (lua_Integer)s->count);
    return 1;
}

/* entry(i): {text=, output=, expression=, fine=, cut=, values=} */
static int push_entry(lua_State *L) {
    const session *s = lua_touserdata(L, lua_upvalueindex(1));
    lua_Integer i = luaL_checkinteger(L, 1);
    if (i < 1 || (lua_Unsigned)i > s->count) return 0;
    const entry *e = &s->entries[i - 1];
    lua_createtable(L, 0, 6);
    lua_pushlstring(L, e->text, e->length);
    lua_setfield(L, -2, "text");
    lua_pushlstring(L, e->output != NULL ? e->output : "", e->printed);
    lua_setfield(L, -2, "output");
    lua_pushboolean(L, e->expression);
    lua_setfield(L, -2, "expression");
    lua_pushboolean(L, e->fine);
    lua_setfield(L, -2, "fine");
    lua_pushboolean(L, e->cut);
    lua_setfield(L, -2, "cut");
    lua_pushinteger(L, e->values);
    lua_setfield(L, -2, "values");
    return 1;
}

static int drop(lua_State *L) {
    drop_all(lua_touserdata(L, lua_upvalueindex(1)));
    return 0;
}

void ouro__session_push(lua_State *L, session *s) {
    static const luaL_Reg functions[] = {
        {"count", count_entries}, {"entry", push_entry}, {"drop", drop}, {NULL, NULL}};
    luaL_newlibtable(L, functions);
    lua_pushlightuserdata(L, s);
    luaL_setfuncs(L, functions, 1);
}
