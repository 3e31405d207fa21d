/* SPDX-License-Identifier: MIT */
/* Own: the Lua values that belong to a heap: its functions, the metatable of its handles, the
 * values in boxes, handlers.
 *
 * They are in a table that only the heap's userdata keeps alive, and most of them refer back
 * to it: kept in the registry they would keep each heap for the life of the state. C code,
 * which the core calls with nothing of Lua at hand, finds the table by the binding's address
 * in a table with weak values. When Lua finds that the heap itself is garbage that entry is
 * gone, and so is the heap as soon as its __gc has run. */
#include "pool.h"

void ouro_lua_make_own(lua_State *L, binding *b) {
    lua_newtable(L);
    lua_pushvalue(L, -2);
    lua_rawsetp(L, -2, b);
    lua_setiuservalue(L, -2, OWN_TABLE);
    ouro_lua_find_own(L, b);
}

/* The userdata is at the top. */
void ouro_lua_find_own(lua_State *L, binding *b) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->pool->own);
    lua_getiuservalue(L, -2, OWN_TABLE);
    lua_rawsetp(L, -2, b);
    lua_pop(L, 1);
}

bool ouro_lua_push_table(lua_State *L, const binding *b) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->pool->own);
    int type = lua_rawgetp(L, -1, b);
    if (OURO_LIKELY(type == LUA_TTABLE)) {
        lua_replace(L, -2);
        return true;
    }
    lua_pop(L, 2);
    return false;
}

bool ouro_lua_has_own(lua_State *L, const binding *b) {
    if (!ouro_lua_push_table(L, b)) return false;
    lua_pop(L, 1);
    return true;
}

bool ouro_lua_push_own(lua_State *L, const binding *b, int ref) {
    if (!ouro_lua_push_table(L, b)) return false;
    lua_rawgeti(L, -1, ref);
    lua_replace(L, -2);
    return true;
}

void ouro_lua_need_own(lua_State *L, const binding *b, int ref) {
    if (!ouro_lua_push_own(L, b, ref)) luaL_error(L, "heap is closed");
}

int ouro_lua_add_own(lua_State *L, const binding *b) {
    if (!ouro_lua_push_table(L, b)) luaL_error(L, "heap is closed");
    lua_insert(L, -2);
    int ref = luaL_ref(L, -2);
    lua_pop(L, 1);
    return ref;
}

bool ouro_lua_set_own(lua_State *L, const binding *b, int ref) {
    if (!ouro_lua_push_table(L, b)) return false;
    lua_insert(L, -2);
    lua_rawseti(L, -2, ref);
    lua_pop(L, 1);
    return true;
}

/* Pushes the heap's userdata; false: it is garbage. */
static bool push_heap(lua_State *L, const binding *b) {
    if (!ouro_lua_push_table(L, b)) return false;
    lua_rawgetp(L, -1, b);
    lua_replace(L, -2);
    return true;
}

static bool is_at_hand(lua_State *L, const binding *b) {
    return OURO_LIKELY(lua_touserdata(L, lua_upvalueindex(1)) == b);
}

bool ouro_lua_push_place(lua_State *L, const binding *b, own_place place) {
    if (is_at_hand(L, b)) {
        lua_getiuservalue(L, lua_upvalueindex(1), (int)place);
        return true;
    }
    if (!push_heap(L, b)) return false;
    lua_getiuservalue(L, -1, (int)place);
    lua_replace(L, -2);
    return true;
}

void ouro_lua_need_place(lua_State *L, const binding *b, own_place place) {
    if (!ouro_lua_push_place(L, b, place)) luaL_error(L, "heap is closed");
}

bool ouro_lua_set_place(lua_State *L, const binding *b, own_place place) {
    if (is_at_hand(L, b)) {
        lua_setiuservalue(L, lua_upvalueindex(1), (int)place);
        return true;
    }
    if (!push_heap(L, b)) return false;
    lua_insert(L, -2);
    lua_setiuservalue(L, -2, (int)place);
    lua_pop(L, 1);
    return true;
}

void ouro_lua_remove_own(lua_State *L, const binding *b, int ref) {
    if (!ouro_lua_push_table(L, b)) return;
    luaL_unref(L, -1, ref);
    lua_pop(L, 1);
}
