/* SPDX-License-Identifier: MIT */
/* View: tables of Lua that show objects and hold none (view.h).
 *
 * A view keeps ids, eight bytes each, packed in a string: a string in a table with weak values
 * stays, and a million objects take eight megabytes. What is no object (a number, a string, a
 * function of Lua) is in the table itself, at its index. */
#include "view.h"

#include <string.h>

/* Its address is the key of the packed numbers in a view. */
static const char packed_key = 'i';

void ouro_lua_look(lua_State *L, binding *b) {
    ouro_lua_observe(L, b);
    if (b->heap == NULL) luaL_error(L, "heap is closed");
}

/* ---- the private table ------------------------------------------------------------------- */

/* Keys are weak and the values, by way of their functions, refer to their own key: Lua takes
 * such an entry away with its key. */
void ouro_lua_push_private(lua_State *L) {
    if (!luaL_getsubtable(L, LUA_REGISTRYINDEX, "ouro.private")) {
        lua_createtable(L, 0, 1);
        lua_pushliteral(L, "k");
        lua_setfield(L, -2, "__mode");
        lua_setmetatable(L, -2);
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    if (lua_rawget(L, -2) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_pushvalue(L, -2);
        lua_rawset(L, -4);
    }
    lua_remove(L, -2);
}

void ouro_lua_set_view(lua_State *L, const char *name, const luaL_Reg *functions,
                       const char *mode) {
    ouro_lua_push_private(L);
    if (lua_getfield(L, -1, name) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_newtable(L);
        ouro_lua_register(L, functions);
        lua_remove(L, -2);
        lua_pushstring(L, name);
        lua_setfield(L, -2, "__name");
        if (mode != NULL) {
            lua_pushstring(L, mode);
            lua_setfield(L, -2, "__mode");
        }
        lua_pushvalue(L, -1);
        lua_setfield(L, -3, name);
    }
    lua_remove(L, -2);
    lua_setmetatable(L, -2);
}

/* ---- packed numbers ---------------------------------------------------------------------- */

void ouro_lua_set_packed(lua_State *L, int view, const uint64_t *numbers, size_t count) {
    view = lua_absindex(L, view);
    lua_pushlstring(L, (const char *)numbers, count * sizeof *numbers);
    lua_rawsetp(L, view, &packed_key);
}

/* The string is aligned as strings of Lua are: to a multiple of 8. It stays in the view. */
const uint64_t *ouro_lua_packed(lua_State *L, int view, size_t *ret_count) {
    size_t length = 0;
    const void *numbers = NULL;
    if (lua_type(L, view) == LUA_TTABLE && lua_rawgetp(L, view, &packed_key) == LUA_TSTRING)
        numbers = lua_tolstring(L, -1, &length);
    if (numbers == NULL) luaL_error(L, "this is no view of a heap");
    lua_pop(L, 1);
    *ret_count = length / sizeof(uint64_t);
    return numbers;
}

/* ---- arrays of objects ------------------------------------------------------------------- */

/* Pushes item i, counted from 1, of the view at index 1: an object, nil when it is dead, or
 * another value. */
static void push_item(lua_State *L, binding *b, size_t i) {
    size_t count;
    const uint64_t *ids = ouro_lua_packed(L, 1, &count);
    if (i >= 1 && i <= count && ids[i - 1] != 0) {
        ouro_object *object = ouro_object_by_id(b->heap, ids[i - 1]);
        ouro_lua_push_value(L, b, ouro_value_of_object(object));
    } else {
        lua_rawgeti(L, 1, (lua_Integer)i);
    }
}

static int index_objects(lua_State *L) {
    lua_Integer i;
    binding *b = ouro_lua_enter(L);
    if (!ouro_lua_integer_at(L, 2, &i) || i < 1) return 0;
    ouro_lua_look(L, b);
    push_item(L, b, (size_t)i);
    return 1;
}

int ouro_lua_view_length(lua_State *L) {
    size_t count;
    ouro_lua_packed(L, 1, &count);
    lua_pushinteger(L, (lua_Integer)count);
    return 1;
}

/* The dead are left out. */
static int next_object(lua_State *L) {
    lua_Integer i = 0;
    size_t count;
    binding *b = ouro_lua_enter(L);
    ouro_lua_look(L, b);
    if (!lua_isnoneornil(L, 2)) i = luaL_checkinteger(L, 2);
    ouro_lua_packed(L, 1, &count);
    for (size_t at = (size_t)i + 1; at <= count; at++) {
        lua_settop(L, 1);
        lua_pushinteger(L, (lua_Integer)at);
        push_item(L, b, at);
        if (!lua_isnil(L, -1)) return 2;
    }
    return 0;
}

static int pairs_of_objects(lua_State *L) {
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushcclosure(L, next_object, 1);
    lua_insert(L, 1);
    return 2;
}

/* An array prints so many of its items. */
#define SHOWN 20

static int objects_to_string(lua_State *L) {
    size_t count;
    luaL_Buffer text;
    binding *b = ouro_lua_enter(L);
    ouro_lua_look(L, b);
    ouro_lua_packed(L, 1, &count);
    luaL_buffinit(L, &text);
    luaL_addchar(&text, '[');
    for (size_t i = 1; i <= count && i <= SHOWN; i++) {
        if (i > 1) luaL_addstring(&text, ", ");
        push_item(L, b, i);
        ouro_object *object = ouro_lua_object_at(L, b, -1);
        if (object != NULL) ouro_lua_push_plain(L, b, object);
        else luaL_tolstring(L, -1, NULL);
        lua_remove(L, -2);
        luaL_addvalue(&text);
    }
    if (count > SHOWN) {
        lua_pushfstring(L, ", ... %I more", (LUAI_UACINT)(count - SHOWN));
        luaL_addvalue(&text);
    }
    luaL_addchar(&text, ']');
    luaL_pushresult(&text);
    return 1;
}

void ouro_lua_set_objects(lua_State *L, const scratch *ids) {
    static const luaL_Reg functions[] = {{"__index", index_objects},
                                         {"__len", ouro_lua_view_length},
                                         {"__pairs", pairs_of_objects},
                                         {"__tostring", objects_to_string},
                                         {NULL, NULL}};
    ouro_lua_set_packed(L, -1, (const uint64_t *)(const void *)ids->bytes,
                        ids->used / sizeof(uint64_t));
    ouro_lua_set_view(L, "ouro.objects", functions, "v");
}

/* ---- objects ----------------------------------------------------------------------------- */

void ouro_lua_push_plain(lua_State *L, binding *b, ouro_object *object) {
    ouro_text text = {.heap = b->heap};
    ouro_repr_options options = {
        .struct_size = sizeof options, .max_depth = 2, .max_items = 8};
    ouro_status status = ouro_repr(b->heap, ouro_value_of_object(object), &options, &text);
    if (status != OURO_OK) ouro_text_free(&text); /* what was written before memory ran out */
    ouro_lua_check(L, b, status);
    ouro_lua_push_text(L, &text);
}

uint64_t ouro_lua_note_id(scratch *s, ouro_object *object) {
    uint64_t id = 0;
    if (ouro_object_id(object, &id) != OURO_OK) s->failed = true;
    else if (!ouro_lua_scratch_put(s, &id, sizeof id)) id = 0;
    return id;
}

void ouro_lua_copy_text(char *to, size_t size, const char *from, size_t length) {
    bool cut = length >= size;
    if (cut) length = size - 4;
    while (cut && length > 0 && ((unsigned char)from[length] & 0xc0) == 0x80) length--;
    memcpy(to, from, length);
    memcpy(to + length, "...", cut ? 4 : 0);
    if (!cut) to[length] = '\0';
}
