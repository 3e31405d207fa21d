/* SPDX-License-Identifier: MIT */
/* Whole: compiles a text to see whether it compiles (whole.h). */
#include "whole.h"

#include <lauxlib.h>

#include "delstat.h"

typedef struct request {
    const char *text;
    size_t length;
} request;

/* Argument: the request. Raises Lua's message if it does not compile. */
static int compile(lua_State *L) {
    const request *r = lua_touserdata(L, 1);
    size_t length;
    ouro__delstat_push(L, r->text, r->length);
    const char *text = lua_tolstring(L, -1, &length);
    if (luaL_loadbuffer(L, text, length, "=stdin") != LUA_OK) lua_error(L);
    return 0;
}

bool ouro__whole_is_chunk(lua_State *L, const char *text, size_t length) {
    int top = lua_gettop(L);
    request r = {text, length};
    if (!lua_checkstack(L, LUA_MINSTACK)) return false;
    lua_pushcfunction(L, compile);
    lua_pushlightuserdata(L, &r);
    bool fine = lua_pcall(L, 1, 0, 0) == LUA_OK;
    lua_settop(L, top);
    return fine;
}
