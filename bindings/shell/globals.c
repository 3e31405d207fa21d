/* SPDX-License-Identifier: MIT */
/* Globals: see globals.h. The functions are in a table between the functions of ouro and the
 * globals, where free names of scripts find them and modules do not.
 *
 * _G stays the one table of globals, so that raw access, setmetatable and C code work as in
 * lua5.4. What it lacks, its metatable gets from main, for scripts only: who asks is told by
 * the _ENV of the asking function, which for a module is the table itself. A name that a
 * script has assigned through _G is meant for modules, too: it is *exported*. */
#include "globals.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "state.h"

/* ---- load, loadfile, dofile -------------------------------------------------------------- */

/* The first upvalue of a main chunk is its _ENV; a precompiled one may have none. */
void ouro__globals_give_frame(lua_State *L) {
    ouro__state_push_frame(L);
    if (lua_setupvalue(L, -2, 1) == NULL) lua_pop(L, 1);
}

/* Upvalue 1: Lua's function, whose argument `env` decides if it is there. What it would raise
 * about the others has been looked at: the message names the line that calls. */
static int load_with(lua_State *L, int env) {
    bool given = lua_gettop(L) >= env;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    if (!given && lua_gettop(L) == 1 && lua_isfunction(L, 1)) ouro__globals_give_frame(L);
    return lua_gettop(L);
}

static int load(lua_State *L) {
    if (lua_type(L, 1) != LUA_TSTRING) luaL_checktype(L, 1, LUA_TFUNCTION);
    luaL_optstring(L, 2, NULL);
    luaL_optstring(L, 3, NULL);
    return load_with(L, 4);
}

static int loadfile(lua_State *L) {
    luaL_optstring(L, 1, NULL);
    luaL_optstring(L, 2, NULL);
    return load_with(L, 3);
}

static int finish_dofile(lua_State *L, int status, lua_KContext context) {
    (void)status;
    (void)context;
    return lua_gettop(L) - 1;
}

static int dofile(lua_State *L) {
    const char *name = luaL_optstring(L, 1, NULL);
    lua_settop(L, 1);
    if (luaL_loadfile(L, name) != LUA_OK) return lua_error(L);
    ouro__globals_give_frame(L);
    lua_callk(L, 0, LUA_MULTRET, 0, finish_dofile);
    return finish_dofile(L, LUA_OK, 0);
}

/* ---- setmetatable ------------------------------------------------------------------------ */

/* Whether the value at index 1 is a frame, such as _ENV. */
static bool is_frame(lua_State *L) {
    if (lua_type(L, 1) != LUA_TUSERDATA) return false;
    ouro__state_push(L, "typeof");
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    const char *type = lua_tostring(L, -1);
    bool frame = type != NULL && strcmp(type, "frame") == 0;
    lua_pop(L, 1);
    return frame;
}

/* Upvalue 1: Lua's function, which does the work. What it raises is told at the line that calls. */
static int set_metatable(lua_State *L) {
    if (is_frame(L))
        return luaL_error(L, "setmetatable: table expected, got a frame, such as _ENV is; for what "
                             "no name answers there is setmetatable(_G, ...), and a table may be "
                             "an environment: local _ENV = setmetatable({}, {__index = _ENV})");
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    if (lua_pcall(L, lua_gettop(L) - 1, 1, 0) == LUA_OK) return 1;
    if (lua_type(L, -1) != LUA_TSTRING) return lua_error(L);
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
    return lua_error(L);
}

/* ---- _G ---------------------------------------------------------------------------------- */

/* Whether the function at the top, popped, has names of main for its free ones. One without
 * any free name may be anybody's, and has been given _G on purpose. */
static bool has_names(lua_State *L) {
    int function = lua_gettop(L);
    const char *name;
    bool ordinary = false;
    lua_pushglobaltable(L);
    for (int i = 1; (name = lua_getupvalue(L, function, i)) != NULL; i++) {
        if (strcmp(name, "_ENV") == 0) ordinary = lua_rawequal(L, -1, function + 1);
        lua_pop(L, 1);
    }
    lua_settop(L, function - 1);
    return !ordinary;
}

/* Whether a script asks; C code, such as that of a module, does not. pairs: passes over C, for
 * pairs itself is. */
static bool asked_by_script(lua_State *L, bool pairs) {
    lua_Debug asking;
    for (int level = 1; lua_getstack(L, level, &asking); level++) {
        lua_getinfo(L, "S", &asking);
        if (*asking.what == 'C' && pairs) continue;
        if (*asking.what == 'C') return false;
        lua_getinfo(L, "f", &asking);
        return has_names(L);
    }
    return false;
}

static int push_frame(lua_State *L) {
    ouro__state_push_frame(L);
    return 1;
}

/* False, with nothing pushed, once the heap has let go of its names. */
static bool push_main(lua_State *L) {
    lua_pushcfunction(L, push_frame);
    if (lua_pcall(L, 0, 1, 0) == LUA_OK) return true;
    lua_pop(L, 1);
    return false;
}

/* Upvalue 1: the exported names. */
static bool is_exported(lua_State *L, int key) {
    lua_pushvalue(L, key);
    bool exported = lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL;
    lua_pop(L, 1);
    return exported;
}

/* Whether the key at 2, which _G has not, is for main to answer. */
static bool is_for_main(lua_State *L, bool *ret_by_script) {
    *ret_by_script = asked_by_script(L, false);
    return lua_type(L, 2) == LUA_TSTRING && (*ret_by_script || is_exported(L, 2));
}

static int index_globals(lua_State *L) {
    bool by_script;
    lua_settop(L, 2);
    if (!is_for_main(L, &by_script) || !push_main(L)) return 0;
    lua_pushvalue(L, 2);
    lua_gettable(L, 3);
    return 1;
}

static int set_global(lua_State *L) {
    bool by_script;
    lua_settop(L, 3);
    if (!is_for_main(L, &by_script) || !push_main(L)) {
        lua_rawset(L, 1);
        return 0;
    }
    if (by_script) {
        lua_pushvalue(L, 2);
        if (lua_isnil(L, 3)) lua_pushnil(L);
        else lua_pushboolean(L, true);
        lua_rawset(L, lua_upvalueindex(1));
    }
    lua_insert(L, 2);
    lua_settable(L, 2);
    return 0;
}

/* Upvalue 1: an array of main's names; 2: how many of them have been passed, -1: none yet, the
 * table's own come first. */
static int next_global(lua_State *L) {
    lua_settop(L, 2);
    lua_Integer passed = lua_tointeger(L, lua_upvalueindex(2));
    if (passed < 0 && lua_next(L, 1)) return 2;
    lua_settop(L, 1);
    if (passed < 0) passed = 0;
    if (!push_main(L)) return 0;
    while (lua_rawgeti(L, lua_upvalueindex(1), ++passed) != LUA_TNIL) {
        lua_pushinteger(L, passed);
        lua_replace(L, lua_upvalueindex(2));
        lua_pushvalue(L, 3);
        bool own = lua_rawget(L, 1) != LUA_TNIL;
        lua_settop(L, 3);
        lua_pushvalue(L, 3);
        if (!own && lua_gettable(L, 2) != LUA_TNIL) return 2;
        lua_settop(L, 2);
    }
    return 0;
}

static int pairs_of_globals(lua_State *L) {
    lua_settop(L, 1);
    if (asked_by_script(L, true) && push_main(L)) {
        ouro__state_push(L, "names");
        lua_insert(L, 2);
        lua_call(L, 1, 1);
        lua_pushinteger(L, -1);
    } else {
        lua_newtable(L);
        lua_pushinteger(L, -1);
    }
    lua_pushcclosure(L, next_global, 2);
    lua_pushvalue(L, 1);
    return 2;
}

/* ---- putting them in place --------------------------------------------------------------- */

/* The table at the top gets the function, with Lua's of that name as upvalue. */
static void wrap(lua_State *L, const char *name, lua_CFunction function) {
    lua_getglobal(L, name);
    lua_pushcclosure(L, function, 1);
    lua_setfield(L, -2, name);
}

static void set_metatable_of_globals(lua_State *L) {
    static const luaL_Reg metamethods[] = {{"__index", index_globals},
                                           {"__newindex", set_global},
                                           {"__pairs", pairs_of_globals},
                                           {NULL, NULL}};
    lua_pushglobaltable(L);
    luaL_newlibtable(L, metamethods);
    lua_newtable(L);
    luaL_setfuncs(L, metamethods, 1);
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

void ouro__globals_install(lua_State *L) {
    ouro__state_push_module(L);
    lua_getmetatable(L, -1);
    lua_newtable(L);
    wrap(L, "load", load);
    wrap(L, "loadfile", loadfile);
    wrap(L, "dofile", dofile);
    wrap(L, "setmetatable", set_metatable);
    lua_createtable(L, 0, 1);
    lua_pushglobaltable(L);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 2);
    set_metatable_of_globals(L);
}
