/* SPDX-License-Identifier: MIT */
/* Letgo: del, clear, pin, unpin, settle. */
#include <string.h>

#include "internal.h"

/* ---- del --------------------------------------------------------------------------------- */

/* In the top frame, or, for a function without a frame of its own, in main. */
static void unbind(lua_State *L, binding *b, int index) {
    size_t length;
    const char *name = lua_tolstring(L, index, &length);
    ouro_object *frame = ouro_frame_at(b->heap, 0);
    if (frame == ouro_frame_main(b->heap)) ouro_lua_forget_name(L, b, index);
    ouro_status status =
        frame != NULL ? ouro_frame_unset(frame, name, length) : OURO_E_KEY;
    if (status == OURO_E_KEY) ouro_lua_refuse(L, "name '%s' is not bound", name);
    ouro_lua_check(L, b, status);
}

static void check_bound(lua_State *L, binding *b, int index) {
    size_t length;
    const char *name = lua_tolstring(L, index, &length);
    ouro_object *frame = ouro_frame_at(b->heap, 0);
    if (frame == NULL || ouro_value_same(ouro_frame_get(frame, name, length), OURO_ABSENT))
        ouro_lua_refuse(L, "name '%s' is not bound", name);
}

static int delete_names(lua_State *L, binding *b, int count) {
    for (int i = 1; i <= count; i++) {
        if (lua_type(L, i) != LUA_TSTRING)
            ouro_lua_refuse(L, "names are strings, as in del(\"x\", \"y\"); got %s",
                            ouro_lua_describe(L, b, i));
        check_bound(L, b, i);
    }
    for (int i = 1; i <= count && b->heap != NULL; i++) {
        unbind(L, b, i);
        ouro_lua_leave(L, b); /* what dies of the first is dead before the second goes */
    }
    return 0;
}

static void delete_item(lua_State *L, binding *b, ouro_object *list) {
    size_t position =
        ouro_lua_check_position(L, list, 2, ouro_lua_sequence_length(list));
    ouro_lua_check(L, b, ouro_list_remove(list, position, 1));
}

static void delete_part(lua_State *L, binding *b, ouro_object *object) {
    size_t length;
    if (ouro_is_list(object)) {
        delete_item(L, b, object);
    } else if (ouro_lua_has_entries(object)) {
        ouro_lua_delete_entry(L, b, object);
    } else if (ouro_record_class(object) != NULL) {
        ouro_lua_record_delete(L, b, object, 2);
    } else if (ouro_is_frame(object) || ouro_is_class(object)) {
        const char *name = luaL_checklstring(L, 2, &length);
        if (ouro_is_frame(object)) {
            if (object == ouro_frame_main(b->heap)) ouro_lua_forget_name(L, b, 2);
            if (ouro_frame_unset(object, name, length) != OURO_OK)
                ouro_lua_refuse(L, "name '%s' is not bound", name);
        } else {
            lua_settop(L, 2);
            lua_pushnil(L);
            ouro_lua_class_newindex(L, b, object);
        }
    } else {
        ouro_lua_refuse(L, "nothing can be removed from a %s", ouro_lua_object_type_name(object));
    }
}

static int del(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    int count = lua_gettop(L);
    if (count == 0) ouro_lua_refuse(L, "what? del(\"name\"), del(object, key)");
    ouro_object *object = ouro_lua_object_at(L, b, 1);
    if (object == NULL) {
        delete_names(L, b, count);
    } else if (count == 2) {
        delete_part(L, b, object);
    } else {
        ouro_lua_refuse(L, "del(object, key) removes one reference; a name is deleted by its "
                           "text: del(\"x\")");
    }
    ouro_lua_leave(L, b);
    return 0;
}

/* ---- the others -------------------------------------------------------------------------- */

static int clear(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_object *object = ouro_lua_check_object(L, b, 1);
    if (ouro_is_frame(object)) ouro_lua_end_names(b);
    ouro_object_clear(object);
    ouro_lua_leave(L, b);
    return 0;
}

static int pin(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_lua_check(L, b, ouro_object_pin(ouro_lua_check_object(L, b, 1)));
    lua_settop(L, 1);
    return 1;
}

static int unpin(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_object *object = ouro_lua_check_object(L, b, 1);
    lua_settop(L, 1);
    ouro_lua_check(L, b, ouro_object_unpin(object));
    ouro_lua_leave(L, b);
    return 0;
}

static int settle(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    lua_settop(L, 0);
    ouro_settle(b->heap);
    ouro_lua_leave(L, b);
    return 0;
}

const luaL_Reg ouro_lua_letting_go[] = {{"clear", clear},   {"del", del},     {"pin", pin},
                                        {"settle", settle}, {"unpin", unpin}, {NULL, NULL}};
