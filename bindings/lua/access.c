/* SPDX-License-Identifier: MIT */
/* Access: the metamethods of handles, dispatched by what the object is. */
#include <string.h>

#include "internal.h"

/* The object of a metamethod's operand; Lua may call one with it on either side. */
static ouro_object *check_operand(lua_State *L, binding *b) {
    return ouro_lua_check_object(L, b, 1);
}

/* ---- __index, __newindex ----------------------------------------------------------------- */

/* The module's own _VERSION is that of `require "ouro"`; the name is Lua's. */
static bool is_version(lua_State *L, int name) {
    return lua_type(L, name) == LUA_TSTRING && strcmp(lua_tostring(L, name), "_VERSION") == 0;
}

/* What is told of the close, or runs after it, still finds the functions it calls. */
bool ouro_lua_push_free_name(lua_State *L, const binding *b) {
    lua_settop(L, 2);
    if (is_version(L, 2) || !ouro_lua_push_place(L, b, OWN_BUILTINS)) lua_pushnil(L);
    if (lua_isnil(L, 3)) {
        lua_pushglobaltable(L);
        lua_replace(L, 3);
    }
    lua_pushvalue(L, 2);
    if (lua_gettable(L, 3) != LUA_TNIL) return true;
    lua_settop(L, 2);
    return false;
}

static int index_object(lua_State *L) {
    handle_kind kind;
    binding *b = lua_touserdata(L, lua_upvalueindex(1));
    ouro_object *object = ouro_lua_enter_operand(L, b, &kind);
    if (OURO_UNLIKELY(object == NULL)) {
        if (ouro_lua_is_lost_frame(L, b, 1) && ouro_lua_push_free_name(L, b)) return 1;
        b = ouro_lua_enter_method(L);
        object = ouro_lua_operand(L, b, &kind);
    }
    switch (kind) {
    case HANDLE_FRAME: return ouro_lua_frame_index(L, b, object);
    case HANDLE_RECORD: return ouro_lua_record_index(L, b, object);
    case HANDLE_LIST:
    case HANDLE_TUPLE: return ouro_lua_sequence_index(L, b, object);
    case HANDLE_ENTRIES: return ouro_lua_entries_index(L, b, object);
    case HANDLE_CLASS: return ouro_lua_class_index(L, b, object);
    case HANDLE_OTHER: break;
    }
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    int results = ouro_lua_watcher_index(L, b, object, key);
    if (results >= 0) return results;
    return ouro_lua_refuse(L, "a %s has no fields", ouro_lua_object_type_name(object));
}

static int newindex_by_type(lua_State *L, binding *b) {
    handle_kind kind;
    ouro_object *object = ouro_lua_operand(L, b, &kind);
    switch (kind) {
    case HANDLE_FRAME: return ouro_lua_frame_newindex(L, b, object);
    case HANDLE_RECORD: return ouro_lua_record_newindex(L, b, object);
    case HANDLE_LIST: return ouro_lua_list_newindex(L, b, object);
    case HANDLE_ENTRIES: return ouro_lua_entries_newindex(L, b, object);
    case HANDLE_CLASS: return ouro_lua_class_newindex(L, b, object);
    case HANDLE_TUPLE:
        return ouro_lua_refuse(L, "a tuple cannot be changed; make a list of it: list(t)");
    case HANDLE_OTHER: break;
    }
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    int results = ouro_lua_watcher_newindex(L, b, object, key);
    if (results >= 0) return results;
    return ouro_lua_refuse(L, "a %s has no fields to set", ouro_lua_object_type_name(object));
}

static int newindex_object(lua_State *L) {
    binding *b = ouro_lua_enter_method(L);
    int results = newindex_by_type(L, b);
    ouro_lua_leave(L, b);
    return results;
}

/* ---- __len, __eq, __call, __tostring, __close -------------------------------------------- */

/* Calls the class's method with the arguments on the stack; false if there is none. */
static bool call_method(lua_State *L, binding *b, ouro_object *object, const char *name,
                        int results) {
    int arguments = lua_gettop(L);
    if (ouro_is_class(object)) return false;
    if (!ouro_lua_push_class_attribute(L, b, object, name, strlen(name))) return false;
    lua_insert(L, 1);
    lua_call(L, arguments, results);
    return true;
}

static int length_of(lua_State *L) {
    binding *b = ouro_lua_enter_method(L);
    ouro_object *object = check_operand(L, b);
    lua_settop(L, 1);
    size_t length;
    if (ouro_is_list(object) || ouro_is_tuple(object)) length = ouro_lua_sequence_length(object);
    else if (ouro_lua_has_entries(object)) length = ouro_lua_entries_count(L, b, object);
    else if (call_method(L, b, object, "__len", 1)) return 1;
    else return ouro_lua_refuse(L, "a %s has no length", ouro_lua_object_type_name(object));
    lua_pushinteger(L, (lua_Integer)length);
    return 1;
}

static int equals(lua_State *L) {
    binding *b = ouro_lua_enter_method(L);
    lua_settop(L, 2);
    ouro_object *left = ouro_lua_object_at(L, b, 1);
    ouro_object *right = ouro_lua_object_at(L, b, 2);
    bool equal = false;
    if (left != NULL && call_method(L, b, left, "__eq", 1)) equal = lua_toboolean(L, -1);
    else if (right != NULL && call_method(L, b, right, "__eq", 1)) equal = lua_toboolean(L, -1);
    else if (left != NULL && right != NULL)
        ouro_lua_check(L, b, ouro_value_equal(b->heap, ouro_value_of_object(left),
                                              ouro_value_of_object(right), &equal));
    lua_pushboolean(L, equal);
    return 1;
}

static int call_object(lua_State *L) {
    binding *b = ouro_lua_enter_method(L);
    handle_kind kind;
    ouro_object *object = ouro_lua_operand(L, b, &kind);
    if (kind == HANDLE_CLASS) return ouro_lua_call_class(L, b, object);
    int results = ouro_lua_watcher_call(L, b, object);
    if (results >= 0) return results;
    if (call_method(L, b, object, "__call", LUA_MULTRET)) return lua_gettop(L);
    return ouro_lua_refuse(L, "a %s cannot be called; its class has no __call",
                           ouro_lua_object_type_name(object));
}

static int to_string(lua_State *L) {
    binding *b = lua_touserdata(L, lua_upvalueindex(1));
    if (b->heap == NULL) {
        lua_pushliteral(L, "<object of a closed heap>");
        return 1;
    }
    b = ouro_lua_enter_method(L);
    ouro_object *object = check_operand(L, b);
    lua_settop(L, 1);
    if (call_method(L, b, object, "__tostring", 1)) return 1;
    ouro_lua_push_repr(L, b, ouro_value_of_object(object), 0, 0);
    return 1;
}

/* local x <close> = Node(1): at the end of the block the variable lets go. */
static int close_variable(lua_State *L) {
    binding *b = lua_touserdata(L, lua_upvalueindex(1));
    if (b->heap == NULL) return 0;
    b = ouro_lua_enter_method(L);
    ouro_object *object = check_operand(L, b);
    if (ouro_is_frame(object)) {
        ouro_lua_leave_frame(L, b, object);
        ouro_lua_leave(L, b);
        return 0;
    }
    lua_settop(L, 2);
    bool calls = !ouro_is_class(object) &&
                 ouro_lua_push_class_attribute(L, b, object, "__close", 7);
    ouro_lua_forget_closed(L, b->pool, calls);
    if (calls) {
        lua_insert(L, 1);
        lua_call(L, 2, 0);
    }
    lua_settop(L, 0);
    if (b->heap != NULL) ouro_settle(b->heap);
    return 0;
}

const luaL_Reg ouro_lua_metamethods[] = {
    {"__call", call_object},   {"__close", close_variable}, {"__eq", equals},
    {"__index", index_object}, {"__len", length_of},        {"__newindex", newindex_object},
    {"__pairs", ouro_lua_pairs}, {"__tostring", to_string}, {NULL, NULL}};
