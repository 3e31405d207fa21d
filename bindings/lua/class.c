/* SPDX-License-Identifier: MIT */
/* Class: making classes, calling them, their attributes, and the finalizer __del. */
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* ---- class(name [, slots] [, base]) ------------------------------------------------------ */

#define SLOTS_MOST 250

/* The base is the last argument that is a class; also instead of slots. */
static ouro_object *check_base(lua_State *L, binding *b, int index) {
    if (lua_isnoneornil(L, index)) return NULL;
    ouro_object *base =
        ouro_lua_object_at(L, b, index);
    if (!ouro_is_class(base))
        ouro_lua_refuse(L, "the base has to be a class; got %s", ouro_lua_describe(L, b, index));
    return base;
}

/* The names stay in the table at the index, which keeps them. */
static size_t read_slots(lua_State *L, int index, const char **slots) {
    lua_Integer count = luaL_len(L, index);
    if (count > SLOTS_MOST) ouro_lua_refuse(L, "%d slots are too many (at most %d)", (int)count,
                                            SLOTS_MOST);
    for (lua_Integer i = 1; i <= count; i++) {
        if (lua_rawgeti(L, index, i) != LUA_TSTRING)
            ouro_lua_refuse(L, "slot %d has to be a name; got %s", (int)i, luaL_typename(L, -1));
        slots[i - 1] = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    return (size_t)count;
}

int ouro_lua_new_class(lua_State *L) {
    binding *b = ouro_lua_enter_making(L);
    const char *slots[SLOTS_MOST] = {NULL};
    if (lua_type(L, 1) != LUA_TSTRING)
        ouro_lua_refuse(L, "a class needs a name: class(\"Node\", {\"val\", \"next\"})");
    bool slotted = lua_type(L, 2) == LUA_TTABLE;
    size_t count = slotted ? read_slots(L, 2, slots) : 0;
    ouro_object *base = check_base(L, b, slotted || lua_isnoneornil(L, 2) ? 3 : 2);
    if (!slotted && base != NULL) slotted = !ouro_class_is_open(base);
    ouro_object *cls = ouro_lua_find_redefined(b, lua_tostring(L, 1), slotted ? slots : NULL,
                                               count, base);
    if (cls != NULL) {
        lua_settop(L, 0);
        ouro_lua_push_object(L, b, cls);
        ouro_lua_empty_class(L, b);
        ouro_lua_leave(L, b);
        return 1;
    }
    ouro_lua_check(L, b, ouro_class_new(b->heap, lua_tostring(L, 1), slotted ? slots : NULL, count,
                                        base, &cls));
    ouro_lua_hand_over(L, b, cls);
    ouro_lua_leave(L, b);
    return 1;
}

/* ---- attributes of a class --------------------------------------------------------------- */

bool ouro_lua_push_class_attribute(lua_State *L, binding *b, ouro_object *object,
                                   const char *name, size_t length) {
    ouro_object *cls = ouro_is_class(object) ? object : ouro_record_class(object);
    if (cls == NULL) return false;
    ouro_value v = ouro_class_lookup(cls, name, length);
    if (ouro_value_same(v, OURO_ABSENT)) return false;
    ouro_lua_push_value(L, b, v);
    return true;
}

static const char *check_attribute(lua_State *L, binding *b, const ouro_object *cls,
                                   size_t *ret_length) {
    if (lua_type(L, 2) != LUA_TSTRING)
        ouro_lua_refuse(L, "class %s: an attribute's name has to be a string; got %s",
                        ouro_class_name(cls), ouro_lua_describe(L, b, 2));
    return lua_tolstring(L, 2, ret_length);
}

int ouro_lua_class_index(lua_State *L, binding *b, ouro_object *cls) {
    size_t length;
    const char *name = check_attribute(L, b, cls, &length);
    if (ouro_lua_push_class_attribute(L, b, cls, name, length)) return 1;
    if (strcmp(name, "__name") == 0) {
        lua_pushstring(L, ouro_class_name(cls));
        return 1;
    }
    if (strcmp(name, "__base") == 0 || strcmp(name, "super") == 0) {
        ouro_lua_push_value(L, b, ouro_value_of_object(ouro_class_base(cls)));
        return 1;
    }
    lua_pushnil(L);
    return 1;
}

int ouro_lua_class_newindex(lua_State *L, binding *b, ouro_object *cls) {
    size_t length;
    const char *name = check_attribute(L, b, cls, &length);
    if (strcmp(name, "__gc") == 0)
        return ouro_lua_refuse(L, "class %s: the finalizer of an instance is __del, not __gc",
                               ouro_class_name(cls));
    if (strcmp(name, "__del") == 0) ouro_lua_clear_deferred(L, b);
    ouro_value v = ouro_lua_value_at(L, b, 3);
    bool removes = ouro_value_is_nil(v);
    ouro_status status = ouro_class_set(cls, name, length, v);
    ouro_value_release(v);
    ouro_lua_check(L, b, status);
    if (strcmp(name, "__del") == 0)
        ouro_lua_check(L, b, ouro_class_set_finalizer(
                                 cls, removes ? NULL : ouro_lua_finalize_instance));
    ouro_lua_set_equality(L, b, cls, name, removes);
    return 0;
}

/* ---- instances --------------------------------------------------------------------------- */

/* The handle is on top; arguments from 2 to `last` fill the slots. */
static void fill_slots(lua_State *L, binding *b, ouro_object *cls, ouro_object *record, int last) {
    size_t count = ouro_class_slot_count(cls);
    if ((size_t)(last - 1) > count) {
        ouro_object_skip_finalizer(record); /* there has never been such an object */
        ouro_lua_refuse(L, "%s has %d slots, but %d values were given", ouro_class_name(cls),
                        (int)count, last - 1);
    }
    for (int i = 2; i <= last; i++) {
        ouro_value v = ouro_lua_value_at(L, b, i);
        ouro_record_slots(record)[i - 2] = v; /* it was nil; the count is handed over */
    }
}

/* Object{a = 1}: the table's fields, names in order. */
static void fill_attributes(lua_State *L, binding *b, ouro_object *cls, ouro_object *record,
                            int last) {
    if (last == 1) return;
    if (last > 2 || lua_type(L, 2) != LUA_TTABLE) {
        ouro_object_skip_finalizer(record);
        ouro_lua_refuse(L, "%s has no slots and no __init: give it one table of attributes",
                        ouro_class_name(cls));
    }
    ouro_lua_fill_record(L, b, record, 2);
}

/* After __init, which may have yielded: the instance is at 1. */
static int finish_instance(lua_State *L, int status, lua_KContext context) {
    binding *b = lua_touserdata(L, lua_upvalueindex(1));
    (void)status;
    (void)context;
    if (b->heap == NULL) return luaL_error(L, "heap is closed");
    lua_settop(L, 1);
    ouro_lua_leave(L, b);
    return 1;
}

/* Class and arguments, then the instance and __init: calls it. */
static int initialize(lua_State *L, int last) {
    lua_replace(L, 1);
    lua_insert(L, 1); /* instance, __init, arguments */
    lua_pushvalue(L, 1);
    lua_insert(L, 3);
    lua_callk(L, last, 0, 0, finish_instance);
    return finish_instance(L, LUA_OK, 0);
}

int ouro_lua_call_class(lua_State *L, binding *b, ouro_object *cls) {
    ouro_object *record;
    int last = lua_gettop(L);
    if (OURO_UNLIKELY(b->limited)) {
        ouro_lua_make_room(L, b);
        cls = ouro_lua_check_object(L, b, 1);
    }
    /* The argument keeps the class, also from what making the handle may run. */
    struct slot *handle = ouro_lua_push_empty(L, b);
    ouro_lua_check(L, b, ouro_record_new(b->heap, cls, &record));
    ouro_lua_fill_empty(L, b, handle, record);
    if (ouro_lua_push_class_attribute(L, b, record, "__init", 6)) return initialize(L, last);
    if (ouro_class_is_open(cls)) fill_attributes(L, b, cls, record, last);
    else fill_slots(L, b, cls, record, last);
    ouro_lua_leave(L, b);
    return 1;
}

/* ---- __del ------------------------------------------------------------------------------- */

static int call_finalizer(lua_State *L) {
    binding *b = lua_touserdata(L, 1);
    ouro_object *instance = lua_touserdata(L, 2);
    if (!ouro_lua_push_class_attribute(L, b, instance, "__del", 5)) return 0;
    /* What cannot be called is skipped: it may have been removed, or be a mark. */
    if (!lua_isfunction(L, -1) && !luaL_getmetafield(L, -1, "__call")) return 0;
    lua_settop(L, 3);
    ouro_lua_push_object(L, b, instance);
    lua_call(L, 1, 0);
    return 0;
}

void ouro_lua_finalize_instance(ouro_object *instance) {
    binding *b = ouro_heap_user(ouro_object_heap(instance));
    lua_State *L = b->current;
    char name[80], what[100];
    if (!lua_checkstack(L, 10)) {
        ouro_lua_count_error(b, instance);
        return;
    }
    lua_pushcfunction(L, call_finalizer);
    lua_pushlightuserdata(L, b);
    lua_pushlightuserdata(L, instance);
    if (ouro_lua_pcall(L, b, 2, 0) != LUA_OK) {
        ouro_lua_name_object(instance, name, sizeof name);
        snprintf(what, sizeof what, "finalizer of %s", name);
        ouro_lua_report(L, b, instance, what);
    }
    b->current = L;
}
