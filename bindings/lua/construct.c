/* SPDX-License-Identifier: MIT */
/* Construct: list, tuple, object, copies; what a value is. */
#include <string.h>

#include "internal.h"

/* ---- sources of items -------------------------------------------------------------------- */

static void append_item(lua_State *L, binding *b, ouro_object *list) {
    ouro_value v = ouro_lua_value_at(L, b, -1);
    ouro_status status = ouro_list_append(list, v);
    ouro_value_release(v);
    ouro_lua_check(L, b, status);
    lua_pop(L, 1);
}

/* table.pack's n keeps holes and nils at the end. */
static lua_Integer count_items(lua_State *L, int table) {
    lua_Integer n;
    lua_getfield(L, table, "n");
    bool packed = ouro_lua_integer_at(L, -1, &n) && n >= 0;
    lua_pop(L, 1);
    return packed ? n : luaL_len(L, table);
}

static void extend_by_table(lua_State *L, binding *b, ouro_object *list, int table) {
    lua_Integer count = count_items(L, table);
    ouro_lua_check(L, b, ouro_list_reserve(list, ouro_lua_sequence_length(list) + (size_t)count));
    for (lua_Integer i = 1; i <= count; i++) {
        lua_geti(L, table, i);
        append_item(L, b, list);
    }
}

void ouro_lua_extend_list(lua_State *L, binding *b, ouro_object *list, int source) {
    if (lua_type(L, source) == LUA_TTABLE) {
        extend_by_table(L, b, list, source);
        return;
    }
    ouro_object *object =
        ouro_lua_object_at(L, b, source);
    if (ouro_is_list(object) || ouro_is_tuple(object)) {
        size_t count = ouro_lua_sequence_length(object); /* it may be the list itself */
        for (size_t i = 0; i < count; i++) {
            if (!ouro_lua_push_item(L, b, object, i)) return;
            append_item(L, b, list);
        }
    } else if (ouro_lua_has_entries(object)) {
        ouro_lua_append_keys(L, b, list, object);
    } else {
        ouro_lua_refuse(L, "items come from a table, list, tuple, set or dict; got %s",
                        ouro_lua_describe(L, b, source));
    }
}

/* A new list with the items of argument 1, pushed. */
static ouro_object *push_list(lua_State *L, binding *b) {
    ouro_object *list;
    ouro_lua_check(L, b, ouro_list_new(b->heap, NULL, 0, &list));
    ouro_lua_hand_over(L, b, list);
    if (!lua_isnoneornil(L, 1)) ouro_lua_extend_list(L, b, list, 1);
    return list;
}

ouro_object *ouro_lua_push_temporary(lua_State *L, binding *b) {
    ouro_object *list;
    ouro_lua_mute_events(L, b, true);
    ouro_status status = ouro_list_new(b->heap, NULL, 0, &list);
    ouro_lua_mute_events(L, b, false);
    ouro_lua_check(L, b, status);
    ouro_lua_hand_over(L, b, list);
    return list;
}

void ouro_lua_pop_temporary(lua_State *L, binding *b) {
    ouro_object **handle = lua_touserdata(L, -1), *list = *handle;
    ouro_object_clear(list);
    *handle = NULL;
    ouro_lua_mute_events(L, b, true);
    ouro_object_unhold(list);
    b->untold++;
    ouro_lua_mute_events(L, b, false);
    lua_pop(L, 1);
}

static int new_list(lua_State *L) {
    binding *b = ouro_lua_enter_making(L);
    lua_settop(L, 1);
    push_list(L, b);
    ouro_lua_leave(L, b);
    return 1;
}

static int new_tuple(lua_State *L) {
    binding *b = ouro_lua_enter_making(L);
    lua_settop(L, 1);
    ouro_object *tuple, *list = ouro_lua_push_temporary(L, b);
    const ouro_value *items;
    size_t count;
    if (!lua_isnoneornil(L, 1)) ouro_lua_extend_list(L, b, list, 1);
    ouro_lua_check(L, b, ouro_sequence_items(list, &items, &count));
    ouro_lua_check(L, b, ouro_tuple_new(b->heap, items, count, &tuple));
    ouro_lua_hand_over(L, b, tuple);
    lua_insert(L, -2);
    ouro_lua_pop_temporary(L, b);
    ouro_lua_leave(L, b);
    return 1;
}

/* ---- keys in order ----------------------------------------------------------------------- */

/* The tag of a handle; 0 for other values. */
static uint64_t tag_at(lua_State *L, binding *b, int index) {
    ouro_object *object = NULL;
    if (ouro_lua_try_object(L, b, index, &object) != OURO_OK || object == NULL) return 0;
    return ouro_object_tag(object);
}

static int rank(lua_State *L, int index) {
    int type = lua_type(L, index);
    return type == LUA_TNUMBER ? 0 : type == LUA_TSTRING ? 1 : type == LUA_TUSERDATA ? 2 : 3;
}

/* Whether the key at -1 comes before the one at -2. */
static bool comes_before(lua_State *L, binding *b) {
    int top = rank(L, -1), below = rank(L, -2);
    if (top != below) return top < below;
    if (top == 2) return tag_at(L, b, -1) < tag_at(L, b, -2);
    return top < 2 && lua_compare(L, -1, -2, LUA_OPLT);
}

/* Two runs of the array `from`, merged into `to`. */
static void merge_runs(lua_State *L, binding *b, int from, int to, lua_Integer low,
                       lua_Integer middle, lua_Integer high) {
    lua_Integer left = low, right = middle;
    for (lua_Integer i = low; i < high; i++) {
        bool take_right = left >= middle;
        if (!take_right && right < high) {
            lua_rawgeti(L, from, left);
            lua_rawgeti(L, from, right);
            take_right = comes_before(L, b);
            lua_pop(L, 2);
        }
        lua_rawgeti(L, from, take_right ? right++ : left++);
        lua_rawseti(L, to, i);
    }
}

void ouro_lua_push_sorted_keys(lua_State *L, binding *b, int table) {
    table = lua_absindex(L, table);
    lua_Integer count = 0;
    lua_newtable(L);
    lua_newtable(L);
    int from = lua_gettop(L) - 1, to = from + 1;
    lua_pushnil(L);
    while (lua_next(L, table) != 0) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_rawseti(L, from, ++count);
    }
    for (lua_Integer run = 1; run < count; run *= 2) {
        for (lua_Integer low = 1; low <= count; low += 2 * run) {
            lua_Integer middle = low + run <= count + 1 ? low + run : count + 1;
            lua_Integer high = low + 2 * run <= count + 1 ? low + 2 * run : count + 1;
            merge_runs(L, b, from, to, low, middle, high);
        }
        int swapped = from;
        from = to;
        to = swapped;
    }
    lua_pushvalue(L, from);
    lua_replace(L, from < to ? from : to);
    lua_settop(L, from < to ? from : to);
}

/* ---- object ----------------------------------------------------------------------------- */

static int new_object(lua_State *L) {
    binding *b = ouro_lua_enter_making(L);
    ouro_object *bag;
    lua_settop(L, 1);
    if (!lua_isnoneornil(L, 1) && lua_type(L, 1) != LUA_TTABLE)
        ouro_lua_refuse(L, "attributes come from a table, as in object{a = 1}; got %s",
                        ouro_lua_describe(L, b, 1));
    ouro_lua_check(L, b, ouro_bag_new(b->heap, &bag));
    ouro_lua_hand_over(L, b, bag);
    if (lua_type(L, 1) == LUA_TTABLE) ouro_lua_fill_record(L, b, bag, 1);
    ouro_lua_leave(L, b);
    return 1;
}

/* ---- copies, types ----------------------------------------------------------------------- */

static int copy_with(lua_State *L, bool deep) {
    binding *b = ouro_lua_enter_making(L);
    ouro_object *result;
    luaL_checkany(L, 1);
    lua_Integer levels = deep ? luaL_optinteger(L, 2, 0) : 0;
    luaL_argcheck(L, levels >= 0, 2, "levels to copy: 0 (all) or more");
    lua_settop(L, 1);
    if (!ouro_lua_is_handle(L, 1)) return 1; /* values are their own copies */
    ouro_object *object = ouro_lua_check_object(L, b, 1);
    ouro_lua_check(L, b, deep ? ouro_object_deepcopy_within(object, (size_t)levels, &result)
                              : ouro_object_copy(object, &result));
    ouro_lua_hand_over(L, b, result);
    ouro_lua_leave(L, b);
    return 1;
}

static int copy(lua_State *L) {
    return copy_with(L, false);
}

/* deepcopy(x [, levels]) */
static int deepcopy(lua_State *L) {
    return copy_with(L, true);
}

static int typeof_value(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    luaL_checkany(L, 1);
    lua_pushstring(L, ouro_lua_describe(L, b, 1));
    return 1;
}

static int isinstance(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    luaL_checkany(L, 2);
    const ouro_object *cls = ouro_lua_object_at(L, b, 2);
    if (!ouro_is_class(cls))
        ouro_lua_refuse(L, "the second argument has to be a class; got %s",
                        ouro_lua_describe(L, b, 2));
    const ouro_object *object = ouro_lua_object_at(L, b, 1);
    const ouro_object *own = object != NULL ? ouro_record_class(object) : NULL;
    lua_pushboolean(L, own != NULL && ouro_class_derives(own, cls));
    return 1;
}

const luaL_Reg ouro_lua_building[] = {
    {"class", ouro_lua_new_class}, {"copy", copy},
    {"deepcopy", deepcopy},        {"dict", ouro_lua_new_dict},
    {"isinstance", isinstance},    {"list", new_list},
    {"object", new_object},        {"set", ouro_lua_new_set},
    {"super", ouro_lua_super},
    {"tuple", new_tuple},          {"typeof", typeof_value},
    {NULL, NULL}};
