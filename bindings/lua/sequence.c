/* SPDX-License-Identifier: MIT */
/* Sequence: lists and tuples, counted from 1. */
#include <string.h>

#include "internal.h"

size_t ouro_lua_sequence_length(const ouro_object *sequence) {
    const ouro_value *items;
    size_t count = 0;
    return ouro_sequence_items(sequence, &items, &count) == OURO_OK ? count : 0;
}

bool ouro_lua_push_item(lua_State *L, binding *b, ouro_object *sequence, size_t position) {
    const ouro_value *items;
    size_t count = 0;
    if (ouro_sequence_items(sequence, &items, &count) != OURO_OK || position >= count) return false;
    ouro_lua_push_value(L, b, items[position]);
    return true;
}

size_t ouro_lua_check_position(lua_State *L, ouro_object *sequence, int index, size_t limit) {
    lua_Integer i;
    const char *type = ouro_lua_object_type_name(sequence);
    if (!ouro_lua_integer_at(L, index, &i))
        ouro_lua_refuse(L, "an index of a %s has to be an integer; got %s", type,
                        lua_type(L, index) == LUA_TNUMBER ? "a fraction"
                                                          : luaL_typename(L, index));
    if (i < 1 || (size_t)i > limit)
        ouro_lua_refuse(L, "index %lld is outside the %s (length %zu)%s", (long long)i, type,
                        ouro_lua_sequence_length(sequence),
                        ouro_is_list(sequence) ? "; append with l[#l+1] = v or l:append(v)" : "");
    return (size_t)i - 1;
}

static int push_method(lua_State *L, const binding *b, const ouro_object *sequence) {
    ouro_lua_need_place(L, b, ouro_is_list(sequence) ? OWN_LIST_METHODS : OWN_TUPLE_METHODS);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) != LUA_TNIL) return 1;
    return ouro_lua_refuse(L, "a %s has no method '%s'%s", ouro_lua_object_type_name(sequence),
                           lua_tostring(L, 2),
                           ouro_is_list(sequence) ? " (append, insert, pop, remove, extend, "
                                                    "index, reverse, sort)"
                                                  : " (index)");
}

int ouro_lua_sequence_index(lua_State *L, binding *b, ouro_object *sequence) {
    const ouro_value *items;
    size_t length = 0;
    lua_Integer i;
    if (lua_type(L, 2) == LUA_TSTRING) return push_method(L, b, sequence);
    ouro_lua_check(L, b, ouro_sequence_items(sequence, &items, &length));
    if (OURO_LIKELY(ouro_lua_integer_at(L, 2, &i) && i >= 1 && (lua_Unsigned)i <= length)) {
        ouro_lua_push_value(L, b, items[i - 1]);
        return 1;
    }
    ouro_lua_push_item(L, b, sequence, ouro_lua_check_position(L, sequence, 2, length));
    return 1;
}

int ouro_lua_list_newindex(lua_State *L, binding *b, ouro_object *list) {
    size_t length = ouro_lua_sequence_length(list);
    size_t position = ouro_lua_check_position(L, list, 2, length + 1);
    ouro_value v = ouro_lua_value_at(L, b, 3);
    length = ouro_lua_sequence_length(list);
    ouro_status status = position < length ? ouro_list_set(list, position, v)
                                           : ouro_list_append(list, v);
    ouro_value_release(v);
    ouro_lua_check(L, b, status);
    return 0;
}

/* ---- methods ----------------------------------------------------------------------------- */

static ouro_object *check_list(lua_State *L, binding *b) {
    ouro_object *list = ouro_lua_check_object(L, b, 1);
    if (!ouro_is_list(list))
        ouro_lua_refuse(L, "this method is for lists; got %s (call it as l:method())",
                        ouro_lua_object_type_name(list));
    return list;
}

static int append(lua_State *L) {
    binding *b = ouro_lua_enter_light(L);
    ouro_object *list = check_list(L, b);
    luaL_checkany(L, 2);
    ouro_value v = ouro_lua_value_at(L, b, 2);
    ouro_status status = ouro_list_append(list, v);
    ouro_value_release(v);
    ouro_lua_check(L, b, status);
    ouro_lua_leave(L, b);
    return 0;
}

static int insert(lua_State *L) {
    binding *b = ouro_lua_enter_light(L);
    ouro_object *list = check_list(L, b);
    luaL_checkany(L, 3);
    ouro_value v = ouro_lua_value_at(L, b, 3);
    size_t limit = ouro_lua_sequence_length(list) + 1;
    lua_Integer i = 0;
    bool fits = ouro_lua_integer_at(L, 2, &i) && i >= 1 && (size_t)i <= limit;
    ouro_status status = fits ? ouro_list_insert(list, (size_t)i - 1, v) : OURO_OK;
    ouro_value_release(v);
    if (!fits) ouro_lua_check_position(L, list, 2, limit);
    ouro_lua_check(L, b, status);
    ouro_lua_leave(L, b);
    return 0;
}

static int pop(lua_State *L) {
    binding *b = ouro_lua_enter_light(L);
    ouro_object *list = check_list(L, b);
    size_t length = ouro_lua_sequence_length(list);
    if (length == 0) ouro_lua_refuse(L, "the list is empty");
    size_t position =
        lua_isnoneornil(L, 2) ? length - 1 : ouro_lua_check_position(L, list, 2, length);
    ouro_lua_push_item(L, b, list, position); /* held from here on */
    ouro_lua_check(L, b, ouro_list_remove(list, position, 1));
    ouro_lua_leave(L, b);
    return 1;
}

/* All items come, or none: reading them may raise in the middle, for want of memory or by a
 * metamethod. So they are read into a list of their own, and join with their room reserved. */
static int extend(lua_State *L) {
    binding *b = ouro_lua_enter_light(L);
    ouro_object *read, *list = check_list(L, b);
    lua_settop(L, 2);
    ouro_lua_check(L, b, ouro_list_new(b->heap, NULL, 0, &read));
    ouro_lua_hand_over(L, b, read);
    ouro_lua_extend_list(L, b, read, 2);
    size_t count = ouro_lua_sequence_length(read);
    ouro_lua_check(L, b, ouro_list_reserve(list, ouro_lua_sequence_length(list) + count));
    for (size_t i = 0; i < count; i++) {
        const ouro_value *items;
        ouro_lua_check(L, b, ouro_sequence_items(read, &items, &count));
        ouro_lua_check(L, b, ouro_list_append(list, items[i]));
    }
    ouro_object_clear(read);
    ouro_lua_leave(L, b);
    return 0;
}

static int reverse(lua_State *L) {
    binding *b = ouro_lua_enter_light(L);
    ouro_lua_check(L, b, ouro_list_reverse(check_list(L, b)));
    return 0;
}

/* The position of the value at 2 among the items, from 1, with the item at the top; 0 if it is
 * not there. Compares as == does, which may run code of the script: items are read anew each
 * time. */
static lua_Integer find_value(lua_State *L, binding *b, ouro_object *sequence) {
    for (size_t i = 0; ouro_lua_push_item(L, b, sequence, i); i++) {
        bool equal = lua_compare(L, -1, 2, LUA_OPEQ);
        if (b->heap == NULL) luaL_error(L, "heap is closed");
        b->current = L;
        if (equal) return (lua_Integer)i + 1;
        lua_pop(L, 1);
    }
    return 0;
}

static int index_of(lua_State *L) {
    binding *b = ouro_lua_enter_light(L);
    ouro_object *sequence = ouro_lua_check_object(L, b, 1);
    luaL_checkany(L, 2);
    lua_Integer found = find_value(L, b, sequence);
    if (found != 0) lua_pushinteger(L, found);
    else lua_pushnil(L);
    return 1;
}

static int remove_value(lua_State *L) {
    binding *b = ouro_lua_enter_light(L);
    ouro_object *list = check_list(L, b);
    luaL_checkany(L, 2);
    lua_Integer found = find_value(L, b, list);
    if (found == 0) {
        luaL_tolstring(L, 2, NULL);
        ouro_lua_refuse(L, "the list has no item equal to %s", lua_tostring(L, -1));
    }
    bool there = ouro_lua_push_item(L, b, list, (size_t)found - 1) && lua_rawequal(L, -1, -2);
    if (!there)
        ouro_lua_refuse(L, "the list was changed while it was searched; __eq must leave it alone");
    ouro_lua_check(L, b, ouro_list_remove(list, (size_t)found - 1, 1));
    ouro_lua_leave(L, b);
    return 0;
}

/* ---- sort -------------------------------------------------------------------------------- */

typedef struct sorting {
    lua_State *L;
    binding *b;
    ouro_value left, right;
    bool failed; /* the error is at the top of the stack */
} sorting;

/* 1: the sorting; upvalue-free. 2: the function, or nil. */
static int compare(lua_State *L) {
    const sorting *s = lua_touserdata(L, 1);
    lua_settop(L, 2);
    bool plain = lua_isnil(L, 2);
    ouro_lua_push_value(L, s->b, s->left);
    ouro_lua_push_value(L, s->b, s->right);
    if (plain) {
        lua_pushboolean(L, lua_compare(L, -2, -1, LUA_OPLT));
    } else {
        lua_call(L, 2, 1);
        lua_pushboolean(L, lua_toboolean(L, -1));
    }
    return 1;
}

static int less(ouro_value a, ouro_value v, void *context) {
    sorting *s = context;
    s->left = a;
    s->right = v;
    lua_pushcfunction(s->L, compare);
    lua_pushlightuserdata(s->L, s);
    lua_pushvalue(s->L, 2);
    if (lua_pcall(s->L, 2, 1, 0) != LUA_OK) {
        s->failed = true;
        return -1;
    }
    int result = lua_toboolean(s->L, -1);
    lua_pop(s->L, 1);
    return result;
}

static int sort(lua_State *L) {
    binding *b = ouro_lua_enter_light(L);
    ouro_object *list = check_list(L, b);
    if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    sorting s = {.L = L, .b = b};
    b->busy++;
    ouro_status status = ouro_list_sort(list, less, &s);
    b->busy--;
    b->current = L;
    if (s.failed) return lua_error(L);
    ouro_lua_check(L, b, status);
    ouro_lua_leave(L, b);
    return 0;
}

const luaL_Reg ouro_lua_list_methods[] = {
    {"append", append}, {"extend", extend},      {"index", index_of},  {"insert", insert},
    {"pop", pop},       {"remove", remove_value}, {"reverse", reverse}, {"sort", sort},
    {NULL, NULL}};

const luaL_Reg ouro_lua_tuple_methods[] = {{"index", index_of}, {NULL, NULL}};
