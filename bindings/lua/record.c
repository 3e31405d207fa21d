/* SPDX-License-Identifier: MIT */
/* Record: attributes of instances. An instance's own come before its class's. */
#include <stdio.h>
#include <string.h>

#include "internal.h"

static void list_slots(const ouro_object *cls, char *buffer, size_t size) {
    size_t count = ouro_class_slot_count(cls), used = 0;
    buffer[0] = '\0';
    for (size_t i = 0; i < count && used + 8 < size; i++) {
        size_t length;
        const char *name = ouro_class_slot_name(cls, i, &length);
        int n = snprintf(buffer + used, size - used, "%s%s", i != 0 ? ", " : "", name);
        used += n > 0 ? (size_t)n : 0;
    }
}

static int refuse_slot(lua_State *L, const ouro_object *cls, const char *name) {
    char slots[200];
    list_slots(cls, slots, sizeof slots);
    return ouro_lua_refuse(L, "%s has no slot '%s' (slots: %s)", ouro_class_name(cls), name,
                           slots[0] != '\0' ? slots : "none");
}

static const char *check_name(lua_State *L, binding *b, const ouro_object *record, int index,
                              size_t *ret_length) {
    if (lua_type(L, index) != LUA_TSTRING)
        ouro_lua_refuse(L, "%s: an attribute's name has to be a string; got %s",
                        ouro_lua_object_type_name(record), ouro_lua_describe(L, b, index));
    return lua_tolstring(L, index, ret_length);
}

/* The instance's own attribute; OURO_ABSENT when there is none. A slot is always there. Where:
 * *ret_slot, or NULL in an open record. */
static ouro_value find_own(ouro_object *record, const ouro_object *cls, const char *name,
                           size_t length, ouro_value **ret_slot) {
    ouro_value v = OURO_ABSENT;
    *ret_slot = NULL;
    if (ouro_class_is_open(cls))
        return ouro_record_get(record, name, length, &v) == OURO_OK ? v : OURO_ABSENT;
    size_t index = ouro_class_slot_find(cls, name, length);
    if (index == SIZE_MAX) return OURO_ABSENT;
    *ret_slot = &ouro_record_slots(record)[index];
    return **ret_slot;
}

/* __index or __newindex of the class: called, or indexed. Returns false if there is none. */
static bool push_fallback(lua_State *L, binding *b, ouro_object *record, const char *event) {
    return ouro_lua_push_class_attribute(L, b, record, event, strlen(event));
}

/* What __index of the class gives, on top of it. */
static int index_by_fallback(lua_State *L) {
    if (!lua_isfunction(L, -1)) {
        lua_pushvalue(L, 2);
        lua_gettable(L, -2);
        return 1;
    }
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_call(L, 2, 1);
    return 1;
}

int ouro_lua_record_index(lua_State *L, binding *b, ouro_object *record) {
    size_t length;
    ouro_value *slot;
    ouro_object *cls = ouro_record_class(record);
    if (lua_type(L, 2) == LUA_TSTRING) {
        const char *name = lua_tolstring(L, 2, &length);
        ouro_value v = find_own(record, cls, name, length, &slot);
        if (!ouro_value_same(v, OURO_ABSENT)) {
            ouro_lua_push_value(L, b, v);
            return 1;
        }
        if (ouro_lua_push_class_attribute(L, b, record, name, length)) return 1;
    }
    if (push_fallback(L, b, record, "__index")) return index_by_fallback(L);
    const char *name = check_name(L, b, record, 2, &length);
    if (!ouro_class_is_open(cls)) return refuse_slot(L, cls, name);
    lua_pushnil(L);
    return 1;
}

static int set_by_fallback(lua_State *L) {
    if (!lua_isfunction(L, -1)) {
        lua_pushvalue(L, 2);
        lua_pushvalue(L, 3);
        lua_settable(L, -3);
        return 0;
    }
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_call(L, 3, 0);
    return 0;
}

int ouro_lua_record_newindex(lua_State *L, binding *b, ouro_object *record) {
    size_t length = 0;
    ouro_value *slot = NULL, old = OURO_ABSENT;
    ouro_object *cls = ouro_record_class(record);
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tolstring(L, 2, &length) : NULL;
    if (name != NULL) old = find_own(record, cls, name, length, &slot);
    bool there = !ouro_value_same(old, OURO_ABSENT);
    if (!there && push_fallback(L, b, record, "__newindex")) return set_by_fallback(L);
    name = check_name(L, b, record, 2, &length);
    if (!there && !ouro_class_is_open(cls)) return refuse_slot(L, cls, name);
    ouro_value v = ouro_lua_value_at(L, b, 3);
    ouro_status status = OURO_OK;
    if (slot != NULL) ouro_value_store(slot, v);
    else status = ouro_record_set(record, name, length, v);
    ouro_value_release(v);
    ouro_lua_check(L, b, status);
    return 0;
}

void ouro_lua_record_delete(lua_State *L, binding *b, ouro_object *record, int key) {
    size_t length;
    ouro_value v;
    const char *name = check_name(L, b, record, key, &length);
    ouro_status status = ouro_record_get(record, name, length, &v);
    if (status != OURO_OK) refuse_slot(L, ouro_record_class(record), name);
    if (ouro_value_same(v, OURO_ABSENT))
        ouro_lua_refuse(L, "%s has no attribute '%s'", ouro_lua_object_type_name(record), name);
    ouro_lua_check(L, b, ouro_record_set(record, name, length, OURO_NIL));
}

/* Names first, in order; what is no name is refused. */
void ouro_lua_fill_record(lua_State *L, binding *b, ouro_object *record, int table) {
    ouro_lua_push_sorted_keys(L, b, table);
    lua_Integer count = luaL_len(L, -1);
    for (lua_Integer i = 1; i <= count; i++) {
        size_t length;
        lua_rawgeti(L, -1, i);
        const char *name = check_name(L, b, record, -1, &length);
        lua_pushvalue(L, -1);
        lua_rawget(L, table);
        ouro_value v = ouro_lua_value_at(L, b, -1);
        ouro_status status = ouro_record_set(record, name, length, v);
        ouro_value_release(v);
        ouro_lua_check(L, b, status);
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
}
