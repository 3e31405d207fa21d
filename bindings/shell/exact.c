/* SPDX-License-Identifier: MIT */
/* Exact: the line hook of `--exact` (exact.h). For teaching: a settle is a full collection
 * of Lua's heap.
 *
 * Only managed objects (userdata) are cleared from registers, not tables: the virtual
 * machine trusts that a table under construction is one. */
#include "exact.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lines.h"
#include "state.h"

/* Its address is the key of a table in the registry: source of a chunk -> whole lines; an
 * empty string where they are unknown. */
static const char lines_key = 'l';

/* Pushes the whole lines of a file; none if it cannot be read. */
static void push_lines_of_file(lua_State *L, const char *name) {
    struct stat info;
    bool fine = stat(name, &info) == 0 && S_ISREG(info.st_mode);
    size_t size = fine ? (size_t)info.st_size : 0;
    char *text = lua_newuserdatauv(L, size + 1, 0);
    FILE *file = fine ? fopen(name, "rb") : NULL;
    fine = file != NULL && fread(text, 1, size, file) == size;
    if (file != NULL) fclose(file);
    ouro__lines_push(L, text, fine ? size : 0);
    lua_remove(L, -2);
}

/* Argument: the lua_Debug of a line event. Returns whether the line is whole. */
static int find_whole(lua_State *L) {
    lua_Debug *where = lua_touserdata(L, 1);
    lua_getinfo(L, "S", where);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &lines_key);
    if (lua_getfield(L, 2, where->source) == LUA_TNIL && where->source[0] == '@') {
        push_lines_of_file(L, where->source + 1);
        lua_pushvalue(L, -1);
        lua_setfield(L, 2, where->source);
    }
    size_t length;
    const char *whole = lua_tolstring(L, -1, &length);
    size_t line = (size_t)where->currentline;
    lua_pushboolean(L, whole != NULL && line < length && whole[line] == '1');
    return 1;
}

static bool is_whole(lua_State *L, lua_Debug *where) {
    lua_pushcfunction(L, find_whole);
    lua_pushlightuserdata(L, where);
    bool whole = lua_pcall(L, 1, 1, 0) == LUA_OK && lua_toboolean(L, -1);
    lua_pop(L, 1);
    return whole;
}

/* Registers above the named variables; Lua calls what is in them temporaries. */
static void clear_leftovers(lua_State *L, lua_Debug *where) {
    const char *name;
    for (int i = 1; (name = lua_getlocal(L, where, i)) != NULL; i++) {
        bool left = strcmp(name, "(temporary)") == 0 && lua_type(L, -1) == LUA_TUSERDATA;
        lua_pop(L, 1);
        if (!left) continue;
        lua_pushnil(L);
        lua_setlocal(L, where, i);
    }
}

/* An error of settle is none of the script's: finalizers report their own. */
static void settle_before_line(lua_State *L, lua_Debug *where) {
    if (is_whole(L, where)) clear_leftovers(L, where);
    lua_pushcfunction(L, ouro__state_settle);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK) lua_pop(L, 1);
}

lua_Hook ouro__exact_install(lua_State *L) {
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &lines_key);
    lua_sethook(L, settle_before_line, LUA_MASKLINE, 0);
    return settle_before_line;
}

/* Two texts of the same name cannot be told apart later. */
void ouro__exact_learn(lua_State *L, const char *text, size_t length, const char *chunk) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &lines_key) == LUA_TTABLE) {
        if (lua_getfield(L, -1, chunk) == LUA_TNIL) ouro__lines_push(L, text, length);
        else lua_pushliteral(L, "");
        lua_setfield(L, -3, chunk);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}
