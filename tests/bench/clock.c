/* SPDX-License-Identifier: MIT */
/* Clock: nanoseconds of a monotonic clock for tests/bench/bench.lua. `require "clock"` gives
 * the function. Lua's own os.clock counts in microseconds and costs a system call. */
#define _GNU_SOURCE
#include <lauxlib.h>
#include <lua.h>
#include <time.h>

int luaopen_clock(lua_State *L);

static int read_clock(lua_State *L) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    lua_pushinteger(L, (lua_Integer)t.tv_sec * 1000000000 + (lua_Integer)t.tv_nsec);
    return 1;
}

int luaopen_clock(lua_State *L) {
    lua_pushcfunction(L, read_clock);
    return 1;
}
