/* SPDX-License-Identifier: MIT */
/* State: opens the Lua state of the command (state.h). */
#include "state.h"

#include <lauxlib.h>
#include <limits.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#include "coroutine.h"
#include "globals.h"
#include "hooks.h"
#include "interrupt.h"
#include "limit.h"
#include "lua/reports.h"

/* The entry of the module, bindings/lua. */
int luaopen_ouro(lua_State *L);

/* Their addresses are keys in the registry: of the module, and of a table with the functions
 * that the command calls, as they were when it began. */
static const char module_key = 'm';
static const char functions_key = 'f';

static const char *const functions[] = {"attrs", "frame", "names", "settle", "stack", "typeof"};

void ouro__state_push_module(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &module_key);
}

void ouro__state_push(lua_State *L, const char *function) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &functions_key);
    lua_getfield(L, -1, function);
    lua_remove(L, -2);
}

void ouro__state_push_frame(lua_State *L) {
    ouro__state_push(L, "frame");
    lua_call(L, 0, 1);
}

int ouro__state_settle(lua_State *L) {
    ouro__state_push(L, "settle");
    lua_call(L, 0, 0);
    return 0;
}

void ouro__state_limit(lua_State *L, size_t objects, size_t bytes, size_t frames) {
    const struct {
        const char *name;
        size_t value;
    } limits[] = {{"max_objects", objects}, {"max_bytes", bytes}, {"max_frames", frames}};
    if (objects + bytes + frames == 0) return;
    ouro__state_push_module(L);
    lua_getfield(L, -1, "heap");
    lua_getfield(L, -1, "limits");
    lua_newtable(L);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        if (limits[i].value == 0) continue;
        lua_pushinteger(L, (lua_Integer)limits[i].value);
        lua_setfield(L, -2, limits[i].name);
    }
    lua_call(L, 1, 0);
    lua_pop(L, 2);
}

/* The module is at the top; popped. */
static void keep_module(lua_State *L) {
    lua_newtable(L);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        lua_getfield(L, -2, functions[i]);
        lua_setfield(L, -2, functions[i]);
    }
    lua_getfield(L, -2, "heap");
    lua_getfield(L, -1, "close");
    lua_setfield(L, -3, "close");
    lua_pop(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &functions_key);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &module_key);
}

/* Without the functions the module has not been opened. */
static int close_heap(lua_State *L) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &functions_key) == LUA_TNIL) return 0;
    lua_getfield(L, -1, "close");
    lua_call(L, 0, 0);
    return 0;
}

bool ouro__state_close(lua_State *L) {
    lua_pushcfunction(L, close_heap);
    ouro__interrupt_begin(L); /* finalizers may run for long */
    ouro__limit_renew(L);
    int status = lua_pcall(L, 0, 0, 0);
    ouro__interrupt_end(L);
    return status == LUA_OK;
}

/* Whether the program is the one in the folder that this was built in: then the checkout's Lua
 * files are its own, whatever is installed. */
static bool runs_where_built(void) {
    char program[PATH_MAX], folder[PATH_MAX];
    if (realpath("/proc/self/exe", program) == NULL) return false;
    if (realpath(OURO_BUILD_DIR, folder) == NULL) return false;
    size_t length = strlen(folder);
    return strncmp(program, folder, length) == 0 && program[length] == '/';
}

/* SYNC: lua-dir (bindings/meson.build). */
const char *ouro__state_lua_folder(void) {
    return runs_where_built() ? OURO_SOURCE_LUA_DIR : OURO_LUA_DIR;
}

/* The modules in C that are built beside the command. */
static void extend_c_path(lua_State *L) {
    if (!runs_where_built()) return;
    lua_getfield(L, -1, "cpath");
    lua_pushfstring(L, "%s/?.so;%s", OURO_BUILD_DIR, luaL_optstring(L, -1, ""));
    lua_setfield(L, -3, "cpath");
    lua_pop(L, 1);
}

/* Where the Lua half of the module is: behind what
 * LUA_PATH says, before the usual places, where another one may be installed. */
static void extend_path(lua_State *L) {
    const char *entry = runs_where_built() ? OURO_SOURCE_LUA_DIR "/?.lua" : OURO_LUA_DIR "/?.lua";
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "path");
    const char *path = luaL_optstring(L, -1, "");
    const char *usual = strstr(path, LUA_PATH_DEFAULT);
    if (strstr(path, entry) == NULL) {
        if (usual == NULL) lua_pushfstring(L, "%s;%s", path, entry);
        else {
            lua_pushlstring(L, path, (size_t)(usual - path));
            lua_pushfstring(L, "%s;%s", entry, usual);
            lua_concat(L, 2);
        }
        lua_setfield(L, -3, "path");
    }
    lua_pop(L, 1);
    extend_c_path(L);
    lua_pop(L, 1);
}

/* Lua's os.exit, whose status depends on what is reported until then. */
static void exit_strictly(lua_State *L, const strict *s) {
    int status = EXIT_SUCCESS;
    if (lua_isboolean(L, 1)) status = lua_toboolean(L, 1) ? EXIT_SUCCESS : EXIT_FAILURE;
    else if (!lua_isnoneornil(L, 1)) status = (int)lua_tointeger(L, 1);
    if (lua_toboolean(L, 2)) lua_close(L);
    exit(ouro__strict_status(s, status));
}

/* os.exit with the heap closed first, so that finalizers and records run whether a script
 * ends or exits. Upvalues: the original, and the strict. In a
 * finalizer the heap is busy and stays as it is: exiting is more urgent. */
static int exit_process(lua_State *L) {
    if (!lua_isboolean(L, 1)) luaL_optinteger(L, 1, EXIT_SUCCESS);
    lua_settop(L, 2);
    ouro__state_close(L);
    lua_settop(L, 2);
    const strict *s = lua_touserdata(L, lua_upvalueindex(2));
    if (s->on) exit_strictly(L, s);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 2, 0);
    return 0;
}

static void replace_exit(lua_State *L, strict *s) {
    lua_getglobal(L, "os");
    lua_getfield(L, -1, "exit");
    lua_pushlightuserdata(L, s);
    lua_pushcclosure(L, exit_process, 2);
    lua_setfield(L, -2, "exit");
    lua_pop(L, 1);
}

/* Files of the module that have asked for the old one are asked for again. */
static void unload_module(lua_State *L) {
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_pop(L, 1);
        bool own = lua_type(L, -1) == LUA_TSTRING
            && strncmp(lua_tostring(L, -1), "ouro", 4) == 0
            && strchr(".", lua_tostring(L, -1)[4]) != NULL; /* or nothing follows */
        if (!own) continue;
        lua_pushvalue(L, -1);
        lua_pushnil(L);
        lua_settable(L, -4);
    }
    lua_pop(L, 1);
}

void ouro__state_reset(lua_State *L) {
    static const char *const limits[] = {"max_objects", "max_bytes", "max_frames"};
    lua_Integer values[3] = {0, 0, 0};
    ouro__state_push_module(L);
    lua_getfield(L, -1, "heap");
    lua_getfield(L, -1, "limits");
    bool open = lua_pcall(L, 0, 1, 0) == LUA_OK;
    for (int i = 0; i < 3 && open; i++) {
        lua_getfield(L, -1, limits[i]);
        values[i] = lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 3);
    if (!ouro__state_close(L)) lua_error(L);
    unload_module(L);
    luaL_requiref(L, "ouro", luaopen_ouro, 0);
    keep_module(L);
    ouro__globals_install(L);
    ouro__state_limit(L, (size_t)values[0], (size_t)values[1], (size_t)values[2]);
}

void ouro__state_open(lua_State *L, strict *s) {
    luaL_checkversion(L);
    luaL_openlibs(L);
    extend_path(L);
    luaL_requiref(L, "ouro", luaopen_ouro, 0);
    keep_module(L);
    ouro_lua_count_reports(L, &s->errors);
    ouro__coroutine_install(L);
    ouro__globals_install(L);
    ouro__hooks_install(L);
    replace_exit(L, s);
}

void ouro__state_redefine(lua_State *L) {
    ouro__state_push(L, "settle");
    ouro_lua_redefine_classes(L, -1);
    lua_pop(L, 1);
}
