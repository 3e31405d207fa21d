/* SPDX-License-Identifier: MIT */
/* Exact: before each new line of a script, what the lines before it have dropped dies
 * (exact.h). For teaching; a settle is a full collection of Lua's heap. */
#include "exact.h"

#include "state.h"

/* An error of settle is none of the script's: finalizers report their own. */
static void settle_before_line(lua_State *L, lua_Debug *where) {
    (void)where;
    lua_pushcfunction(L, ouro__state_settle);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK) lua_pop(L, 1);
}

void ouro__exact_install(lua_State *L) {
    lua_sethook(L, settle_before_line, LUA_MASKLINE, 0);
}
