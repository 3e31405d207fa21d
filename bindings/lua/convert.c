/* SPDX-License-Identifier: MIT */
/* Convert: values between Lua and the heap, statuses to errors. */
#include <stdarg.h>
#include <stdio.h>

#include "internal.h"

static ouro_status number_at(lua_State *L, binding *b, int index, ouro_value *ret_value) {
    if (!lua_isinteger(L, index)) return ouro_float(b->heap, lua_tonumber(L, index), ret_value);
    lua_Integer i = lua_tointeger(L, index);
    if (OURO_UNLIKELY(!ouro_small_fits(i))) return ouro_integer(b->heap, i, ret_value);
    *ret_value = ouro_value_of_small(i);
    return OURO_OK;
}

ouro_status ouro_lua_try_value(lua_State *L, binding *b, int index, ouro_value *ret_value) {
    switch (lua_type(L, index)) {
    case LUA_TNIL: *ret_value = OURO_NIL; return OURO_OK;
    case LUA_TBOOLEAN: *ret_value = ouro_value_of_bool(lua_toboolean(L, index)); return OURO_OK;
    case LUA_TNUMBER:
        return number_at(L, b, index, ret_value);
    case LUA_TSTRING: {
        size_t length;
        const char *bytes = lua_tolstring(L, index, &length);
        return ouro_string(b->heap, bytes, length, ret_value);
    }
    default: break;
    }
    ouro_object *object;
    ouro_status status = ouro_lua_try_object(L, b, index, &object);
    if (status != OURO_OK) return status;
    if (object != NULL) {
        ouro_retain(object);
        *ret_value = ouro_value_of_object(object);
        return OURO_OK;
    }
    status = ouro_lua_box(L, b, index, &object);
    if (status == OURO_OK) *ret_value = ouro_value_of_object(object);
    return status;
}

ouro_value ouro_lua_value_at(lua_State *L, binding *b, int index) {
    ouro_value v = OURO_NIL;
    ouro_lua_check(L, b, ouro_lua_try_value(L, b, index, &v));
    return v;
}

void ouro_lua_push_value(lua_State *L, binding *b, ouro_value v) {
    int64_t integer;
    double number;
    const char *bytes;
    size_t length;
    switch (ouro_value_kind(v)) {
    case OURO_KIND_NIL: lua_pushnil(L); return;
    case OURO_KIND_BOOL: lua_pushboolean(L, ouro_value_same(v, OURO_TRUE)); return;
    case OURO_KIND_INTEGER:
        if (ouro_value_as_integer(v, &integer)) lua_pushinteger(L, integer);
        return;
    case OURO_KIND_FLOAT:
        if (ouro_value_as_float(v, &number)) lua_pushnumber(L, number);
        return;
    case OURO_KIND_STRING:
        if (ouro_value_as_string(v, &bytes, &length)) lua_pushlstring(L, bytes, length);
        return;
    case OURO_KIND_OBJECT: break;
    }
    ouro_object *object = ouro_value_object(v);
    if (object == NULL) lua_pushnil(L); /* OURO_ABSENT */
    else if (ouro_object_type(object) != b->box) ouro_lua_push_object(L, b, object);
    else if (!ouro_lua_push_box(L, b, object)) luaL_error(L, "heap is closed");
}

ouro_status ouro_lua_keep_error(lua_State *L, binding *b) {
    bool string = lua_type(L, -1) == LUA_TSTRING;
    ouro_heap_fail(b->heap, OURO_E_USER, "%s", string ? lua_tostring(L, -1) : "(no message)");
    b->failed = ouro_lua_set_own(L, b, b->error);
    if (!b->failed) lua_pop(L, 1);
    return OURO_E_USER;
}

static int raise_kept_error(lua_State *L, binding *b) {
    b->failed = false;
    ouro_lua_need_own(L, b, b->error);
    lua_pushboolean(L, false);
    ouro_lua_set_own(L, b, b->error);
    return lua_error(L);
}

void ouro_lua_check(lua_State *L, binding *b, ouro_status status) {
    if (OURO_LIKELY(status == OURO_OK)) return;
    if (status == OURO_E_USER && b->failed) raise_kept_error(L, b);
    luaL_error(L, "%s", ouro_heap_message(b->heap));
}

static int push_text(lua_State *L) {
    const ouro_text *text = lua_touserdata(L, 1);
    lua_pushlstring(L, text->bytes != NULL ? text->bytes : "", text->length);
    return 1;
}

void ouro_lua_push_text(lua_State *L, ouro_text *text) {
    lua_pushcfunction(L, push_text);
    lua_pushlightuserdata(L, text);
    int status = lua_pcall(L, 1, 1, 0);
    ouro_text_free(text);
    if (status != LUA_OK) lua_error(L);
}

int ouro_lua_refuse(lua_State *L, const char *format, ...) {
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    lua_Debug running;
    if (lua_getstack(L, 0, &running)) {
        lua_getinfo(L, "n", &running);
        if (running.name != NULL && running.name[0] != '_' && *running.namewhat != 'm')
            return luaL_error(L, "%s: %s", running.name, text);
    }
    return luaL_error(L, "%s", text);
}

const char *ouro_lua_object_type_name(const ouro_object *object) {
    return ouro_type_name(ouro_object_type(object));
}

const char *ouro_lua_describe(lua_State *L, binding *b, int index) {
    const ouro_object *object =
        ouro_lua_object_at(L, b, index);
    if (object != NULL) return ouro_lua_object_type_name(object);
    return lua_isnone(L, index) ? "nothing" : luaL_typename(L, index);
}

bool ouro_lua_integer_at(lua_State *L, int index, lua_Integer *ret_integer) {
    int is_integer;
    if (lua_type(L, index) != LUA_TNUMBER) return false;
    *ret_integer = lua_tointegerx(L, index, &is_integer);
    return is_integer;
}
