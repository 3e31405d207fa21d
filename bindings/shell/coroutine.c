/* SPDX-License-Identifier: MIT */
/* Coroutine: resume and wrap, the same to a script as those of the standard library
 * (manual, 6.2), which besides tell interrupt.c which thread runs: a hook belongs to one
 * thread, and a loop inside a coroutine would otherwise not feel Ctrl-C.
 *
 * They are not wrappers around the originals: wrap adds the position of its caller to an
 * error message, and a function in between would be that caller. */
#include "coroutine.h"

#include <lauxlib.h>
#include <stdbool.h>

#include "interrupt.h"

/* Moves the arguments at the top of L over and resumes. The results, or one error value,
 * are then at the top of L; *ret_count is their number. */
static bool resume_thread(lua_State *L, lua_State *co, int arguments, int *ret_count) {
    *ret_count = 1;
    if (!lua_checkstack(co, arguments)) {
        lua_pushliteral(L, "too many arguments to resume");
        return false;
    }
    lua_xmove(L, co, arguments);
    int results = 0;
    lua_State *resumer = ouro__interrupt_enter(co);
    int status = lua_resume(co, L, arguments, &results);
    ouro__interrupt_leave(co, resumer);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return false;
    }
    if (!lua_checkstack(L, results + 1)) {
        lua_pop(co, results);
        lua_pushliteral(L, "too many results to resume");
        return false;
    }
    lua_xmove(co, L, results);
    *ret_count = results;
    return true;
}

static int resume(lua_State *L) {
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co != NULL, 1, "thread");
    int count;
    bool fine = resume_thread(L, co, lua_gettop(L) - 1, &count);
    lua_pushboolean(L, fine);
    lua_insert(L, -(count + 1));
    return count + 1;
}

/* The error of a wrapped coroutine goes on in its caller: variables to be closed are
 * closed first, and a message says where the call was. */
static int pass_error_on(lua_State *L, lua_State *co) {
    int status = lua_status(co);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_State *resumer = ouro__interrupt_enter(co);
        status = lua_resetthread(co);
        ouro__interrupt_leave(co, resumer);
        lua_xmove(co, L, 1);
    }
    if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int call_wrapped(lua_State *L) {
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    int count;
    if (!resume_thread(L, co, lua_gettop(L), &count)) return pass_error_on(L, co);
    return count;
}

static int wrap(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    lua_pushcclosure(L, call_wrapped, 1);
    return 1;
}

void ouro__coroutine_install(lua_State *L) {
    lua_getglobal(L, "coroutine");
    lua_pushcfunction(L, resume);
    lua_setfield(L, -2, "resume");
    lua_pushcfunction(L, wrap);
    lua_setfield(L, -2, "wrap");
    lua_pop(L, 1);
}
