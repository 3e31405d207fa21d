/* SPDX-License-Identifier: MIT */
/* User values: what only C code can make holds managed objects, too, and is told as a place:
 * user values of userdata, upvalues of C functions, the stack of a C function that waits, the
 * registry by luaL_ref. Each lives by it and dies with it. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdio.h>

int luaopen_ouro(lua_State *L);

/* userdata(a, b ...): with those as its user values. */
static int make_userdata(lua_State *L) {
    int count = lua_gettop(L);
    lua_newuserdatauv(L, 8, count);
    for (int i = 1; i <= count; i++) {
        lua_pushvalue(L, i);
        lua_setiuservalue(L, -2, i);
    }
    return 1;
}

static int give_upvalue(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    return 1;
}

static int make_closure(lua_State *L) {
    lua_settop(L, 1);
    lua_pushcclosure(L, give_upvalue, 1);
    return 1;
}

/* hold(f, x): calls f with x on the stack of this function. */
static int hold(lua_State *L) {
    lua_settop(L, 2);
    lua_pushvalue(L, 1);
    lua_call(L, 0, 1);
    return 1;
}

static int ref(lua_State *L) {
    lua_settop(L, 1);
    lua_pushinteger(L, luaL_ref(L, LUA_REGISTRYINDEX));
    return 1;
}

static int unref(lua_State *L) {
    luaL_unref(L, LUA_REGISTRYINDEX, (int)luaL_checkinteger(L, 1));
    return 0;
}

static const char script[] =
    "local ouro = require 'ouro'\n"
    "local list, weak, holders, collect = ouro.list, ouro.weak, ouro.holders, ouro.collect\n"
    "local count = 0\n"
    "local function is(got, expected, name)\n"
    "  count = count + 1\n"
    "  local good = got == expected\n"
    "  print((good and 'ok ' or 'not ok ') .. count .. ' - ' .. name)\n"
    "  if not good then failed = true print('# got ' .. tostring(got)) end\n"
    "end\n"
    "local function first(w) return tostring(holders(w())[1]) end\n"
    "local u, w = userdata(1, list{}), nil\n"
    "w = weak((debug.getuservalue(u, 2)))\n"
    "is(first(w), 'held by Lua: user value 2 of u, local \\'u\\' at s:13', 'a user value')\n"
    "u = nil is(w(), nil, 'and dies with the userdata')\n"
    "u = userdata({{list{}}})\n"
    "w = weak(debug.getuservalue(u, 1)[1][1])\n"
    "is(first(w), 'held by Lua: (user value 1 of u)[1][1] of table, local \\'u\\' at s:17',\n"
    "  'a path through one')\n"
    "u = nil is(w(), nil, 'and dies with it')\n"
    "u = userdata(userdata(list{}))\n"
    "w = weak((debug.getuservalue((debug.getuservalue(u, 1)), 1)))\n"
    "is(first(w):match 'user value 1 of %(user value 1 of u%)', \n"
    "  'user value 1 of (user value 1 of u)', 'of a userdata in a userdata')\n"
    "u = nil is(w(), nil, 'both')\n"
    "local f = closure(list{})\n"
    "w = weak(f())\n"
    "is(first(w), 'held by Lua: upvalue 1 of C function f, local \\'f\\' at s:27',\n"
    "  'an upvalue of a C function')\n"
    "f = {deep = {f}}\n"
    "is(first(w):match '^held by Lua: upvalue 1 of C function f%.deep%[1%]' ~= nil, true,\n"
    "  'which a table has')\n"
    "f = nil is(w(), nil, 'and dies with it')\n"
    "w = nil\n"
    "local text = hold(function() return first(w) end, (function()\n"
    "  local x = list{} w = weak(x) return x end)())\n"
    "is(text, 'held by Lua: in a call of \\'hold\\' at s:34', 'the stack of a C function')\n"
    "is(w(), nil, 'for as long as it runs')\n"
    "local r = ref(list{})\n"
    "w = weak(debug.getregistry()[r])\n"
    "is(first(w), 'held by Lua: registry[' .. r .. '] of table', 'the registry')\n"
    "unref(r) is(w(), nil, 'until it is released')\n"
    "hold = {x = list{}}\n"
    "w = weak(hold.x)\n"
    "is(first(w), 'held by Lua: hold.x of table', 'a table in a global')\n"
    "hold = list{}\n"
    "is(first(weak(hold)), 'held by Lua: global \\'hold\\'', 'a global')\n"
    "is(w(), nil, 'which took the place of the table')\n"
    "hold = nil collect()\n"
    "is(ouro.heap.check(), true, 'the heap checks')\n"
    "print('1..' .. count)\n"
    "return not failed\n";

int main(void) {
    lua_State *L = luaL_newstate();
    if (L == NULL) return 2;
    luaL_openlibs(L);
    luaL_requiref(L, "ouro", luaopen_ouro, 0);
    lua_register(L, "userdata", make_userdata);
    lua_register(L, "closure", make_closure);
    lua_register(L, "hold", hold);
    lua_register(L, "ref", ref);
    lua_register(L, "unref", unref);
    bool good = luaL_loadbuffer(L, script, sizeof script - 1, "=s") == LUA_OK &&
                lua_pcall(L, 0, 1, 0) == LUA_OK;
    if (!good) printf("Bail out! %s\n", lua_tostring(L, -1));
    good = good && lua_toboolean(L, -1);
    lua_close(L);
    return good ? 0 : 1;
}
