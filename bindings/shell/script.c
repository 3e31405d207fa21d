/* SPDX-License-Identifier: MIT */
/* Script: runs chunks and reports their errors (script.h). */
#include "script.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "exact.h"
#include "globals.h"
#include "interrupt.h"
#include "state.h"
#include "traceback.h"

static const char program[] = "ouro";

static int give_frame(lua_State *L, int status) {
    if (status == LUA_OK) ouro__globals_give_frame(L);
    return status;
}

int ouro__script_load(lua_State *L, const char *text, size_t length, const char *chunk) {
    ouro__exact_learn(L, text, length, chunk);
    return give_frame(L, luaL_loadbuffer(L, text, length, chunk));
}

int ouro__script_call(lua_State *L, int arguments, int results) {
    return ouro__script_call_with(L, ouro__traceback_handle, arguments, results);
}

int ouro__script_call_with(lua_State *L, lua_CFunction handler, int arguments, int results) {
    int function = lua_gettop(L) - arguments;
    lua_pushcfunction(L, handler);
    lua_insert(L, function);
    ouro__interrupt_begin(L);
    int status = lua_pcall(L, arguments, results, function);
    ouro__interrupt_end(L);
    lua_remove(L, function);
    return status;
}

bool ouro__script_report(lua_State *L, int status, const char *before) {
    if (status == LUA_OK) return true;
    const char *message = lua_tostring(L, -1);
    if (message == NULL) message = "(error message is no string)";
    fflush(stdout);
    if (before != NULL) fprintf(stderr, "%s: ", before);
    fprintf(stderr, "%s\n", message);
    fflush(stderr);
    lua_pop(L, 1);
    return false;
}

/* The function is below the arguments; status is that of loading it. */
static bool run(lua_State *L, int status, int arguments) {
    if (status == LUA_OK) status = ouro__script_call(L, arguments, 0);
    return ouro__script_report(L, status, program);
}

bool ouro__script_run_string(lua_State *L, const char *text, const char *chunk) {
    return run(L, ouro__script_load(L, text, strlen(text), chunk), 0);
}

/* Pushes the rest of the standard input. A first line that starts with "#" is left out,
 * but not its line break, so that lines keep their numbers. */
static void push_input(lua_State *L) {
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    size_t got, length;
    do {
        got = fread(luaL_prepbuffer(&text), 1, LUAL_BUFFERSIZE, stdin);
        luaL_addsize(&text, got);
    } while (got > 0);
    luaL_pushresult(&text);
    if (ferror(stdin)) luaL_error(L, "cannot read stdin");
    const char *start = lua_tolstring(L, -1, &length);
    if (start[0] != '#') return;
    size_t skipped = strcspn(start, "\n");
    lua_pushlstring(L, start + skipped, length - skipped);
    lua_remove(L, -2);
}

static int load_input(lua_State *L) {
    size_t length;
    push_input(L);
    const char *text = lua_tolstring(L, -1, &length);
    int status = ouro__script_load(L, text, length, "=stdin");
    lua_remove(L, -2);
    return status;
}

bool ouro__script_run_file(lua_State *L, const char *name, int arguments) {
    int first = lua_gettop(L) - arguments + 1;
    int status = name == NULL ? load_input(L) : give_frame(L, luaL_loadfile(L, name));
    lua_insert(L, first);
    if (status != LUA_OK) lua_settop(L, first); /* the message alone */
    return run(L, status, arguments);
}

static int require(lua_State *L) {
    const char *word = luaL_checkstring(L, 1);
    const char *sign = strchr(word, '=');
    lua_getglobal(L, "require");
    lua_pushstring(L, sign == NULL ? word : sign + 1);
    lua_call(L, 1, 1);
    if (sign != NULL) lua_pushlstring(L, word, (size_t)(sign - word));
    else lua_pushstring(L, word);
    lua_pushglobaltable(L);
    lua_replace(L, 1);
    lua_insert(L, -2);
    lua_settable(L, 1);
    return 0;
}

bool ouro__script_require(lua_State *L, const char *module) {
    lua_pushcfunction(L, require);
    lua_pushstring(L, module);
    return ouro__script_report(L, ouro__script_call(L, 1, 0), program);
}
