/* SPDX-License-Identifier: MIT */
/* Entries: dict, set and their weak relatives, as Lua makes, reads, changes and iterates over
 * them. They differ in the functions of the core behind them and in a few words.
 *
 * Whoever looks into a weak one observes first: what only an unreachable handle holds has to
 * be seen dead. */
#include <string.h>

#include "internal.h"

/* What the core calls, in one form for all. A set's values are true. */
typedef struct kind {
    const char *name, *part;
    bool is_set, is_weak;
    ouro_status (*get)(ouro_object *container, ouro_value key, ouro_value *ret_value);
    ouro_status (*set)(ouro_object *container, ouro_value key, ouro_value v);
    ouro_status (*remove)(ouro_object *container, ouro_value key);
    size_t (*count)(const ouro_object *container);
    ouro_status (*next)(ouro_object *container, ouro_cursor *cursor, ouro_value *ret_key,
                        ouro_value *ret_value);
} kind;

static ouro_status get_member(ouro_object *set, ouro_value key, ouro_value *ret_value) {
    bool has;
    ouro_status status = ouro_set_has(set, key, &has);
    if (status == OURO_OK) *ret_value = has ? OURO_TRUE : OURO_ABSENT;
    return status;
}

static ouro_status add_member(ouro_object *set, ouro_value key, ouro_value v) {
    (void)v;
    return ouro_set_add(set, key);
}

#define WEAK                                                                                 \
    ouro_weak_dict_get, ouro_weak_dict_set, ouro_weak_dict_remove, ouro_weak_dict_count,     \
        ouro_weak_dict_next
static const kind dict_kind = {"dict",         "key",          false,
                               false,          ouro_dict_get,  ouro_dict_set,
                               ouro_dict_remove, ouro_dict_count, ouro_entries_next};
static const kind set_kind = {"set",      "key",           true,           false,
                              get_member, add_member,      ouro_set_remove, ouro_set_count,
                              ouro_entries_next};
static const kind weak_keys_kind = {"weak.keys", "key", false, true, WEAK};
static const kind weak_values_kind = {"weak.values", "key", false, true, WEAK};
static const kind weak_set_kind = {"weak.set", "member", true, true, WEAK};
#undef WEAK

/* NULL for other objects, and for none. */
static const kind *kind_of(const ouro_object *object) {
    static const kind *const weak[] = {[OURO_WEAK_KEYS] = &weak_keys_kind,
                                       [OURO_WEAK_VALUES] = &weak_values_kind,
                                       [OURO_WEAK_SET] = &weak_set_kind};
    if (ouro_is_dict(object)) return &dict_kind;
    if (ouro_is_set(object)) return &set_kind;
    return ouro_is_weak_dict(object) ? weak[ouro_weak_dict_kind(object)] : NULL;
}

bool ouro_lua_has_entries(const ouro_object *object) {
    return kind_of(object) != NULL;
}

/* Before a look into the container at index 1. */
static ouro_object *observed(lua_State *L, binding *b, ouro_object *container, const kind *k) {
    if (!k->is_weak) return container;
    ouro_lua_observe(L, b);
    if (b->heap == NULL) luaL_error(L, "heap is closed");
    return ouro_lua_check_object(L, b, 1);
}

/* ---- reading and changing ---------------------------------------------------------------- */

int ouro_lua_entries_index(lua_State *L, binding *b, ouro_object *container) {
    const kind *k = kind_of(container);
    container = observed(L, b, container, k);
    ouro_value v = OURO_ABSENT, key = ouro_lua_value_at(L, b, 2);
    ouro_status status = OURO_OK;
    if (!ouro_value_is_nil(key)) status = k->get(container, key, &v);
    ouro_value_release(key);
    ouro_lua_check(L, b, status);
    if (k->is_set) lua_pushboolean(L, ouro_value_same(v, OURO_TRUE));
    else ouro_lua_push_value(L, b, v);
    return 1;
}

static void remove_entry(lua_State *L, binding *b, ouro_object *container, bool must_exist) {
    const kind *k = kind_of(container);
    container = observed(L, b, container, k);
    ouro_value key = ouro_lua_value_at(L, b, 2);
    ouro_status status = k->remove(container, key);
    ouro_value_release(key);
    if (status == OURO_E_KEY && !must_exist) return;
    if (status == OURO_E_KEY) {
        luaL_tolstring(L, 2, NULL);
        ouro_lua_refuse(L, "the %s has no %s %s", k->name, k->part, lua_tostring(L, -1));
    }
    ouro_lua_check(L, b, status);
}

void ouro_lua_delete_entry(lua_State *L, binding *b, ouro_object *container) {
    remove_entry(L, b, container, true);
}

/* Sets the entry of the key and value at these indices; the value of a set's is not looked
 * at. */
static void set_entry(lua_State *L, binding *b, ouro_object *container, int key_at,
                      int value_at) {
    const kind *k = kind_of(container);
    ouro_value key = OURO_NIL, value = OURO_TRUE;
    ouro_status status = ouro_lua_try_value(L, b, key_at, &key);
    if (status == OURO_OK && !k->is_set) status = ouro_lua_try_value(L, b, value_at, &value);
    if (status == OURO_OK) status = k->set(container, key, value);
    ouro_value_release(key);
    ouro_value_release(value);
    ouro_lua_check(L, b, status);
}

int ouro_lua_entries_newindex(lua_State *L, binding *b, ouro_object *container) {
    const kind *k = kind_of(container);
    bool removes = k->is_set ? !lua_toboolean(L, 3) : lua_isnil(L, 3);
    if (removes && !lua_isnil(L, 2)) {
        remove_entry(L, b, container, false);
        return 0;
    }
    if (k->is_weak) {
        ouro_lua_clear_deferred(L, b);
        container = observed(L, b, container, k);
    }
    set_entry(L, b, container, 2, 3);
    return 0;
}

size_t ouro_lua_entries_count(lua_State *L, binding *b, ouro_object *container) {
    const kind *k = kind_of(container);
    return k->count(observed(L, b, container, k));
}

/* ---- iteration --------------------------------------------------------------------------- */

/* Pushing the key may run a __gc of the script, so the entry is read again for the value. */
static int next_entry(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_object *container = ouro_lua_check_object(L, b, 1);
    const kind *k = kind_of(container);
    if (k == NULL) return luaL_error(L, "the iteration of pairs goes over what it began with");
    container = observed(L, b, container, k);
    ouro_cursor *cursor = lua_touserdata(L, lua_upvalueindex(2));
    ouro_cursor before = *cursor;
    ouro_value key, value;
    ouro_lua_check(L, b, k->next(container, cursor, &key, &value));
    if (ouro_value_same(key, OURO_ABSENT)) return 0;
    ouro_lua_push_value(L, b, key);
    if (k->is_set) {
        lua_pushboolean(L, true);
        return 2;
    }
    ouro_lua_check(L, b, k->next(container, &before, &key, &value));
    ouro_lua_push_value(L, b, value);
    return 2;
}

int ouro_lua_begin_entries(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    ouro_cursor *cursor = lua_newuserdatauv(L, sizeof *cursor, 0);
    memset(cursor, 0, sizeof *cursor);
    lua_pushcclosure(L, next_entry, 2);
    lua_pushvalue(L, 1);
    return 2;
}

/* Nothing of Lua runs meanwhile. */
void ouro_lua_append_keys(lua_State *L, binding *b, ouro_object *list, ouro_object *source) {
    const kind *k = kind_of(source);
    ouro_cursor cursor = {0};
    ouro_value key, value;
    for (;;) {
        ouro_lua_check(L, b, k->next(source, &cursor, &key, &value));
        if (ouro_value_same(key, OURO_ABSENT)) return;
        ouro_lua_check(L, b, ouro_list_append(list, key));
    }
}

/* ---- making ------------------------------------------------------------------------------ */

/* The container is at the top, the members come from index 1. */
static void fill_set(lua_State *L, binding *b, ouro_object *set) {
    ouro_object *list = ouro_lua_push_temporary(L, b);
    if (!lua_isnoneornil(L, 1)) ouro_lua_extend_list(L, b, list, 1);
    for (size_t i = 0; ouro_lua_push_item(L, b, list, i); i++) {
        set_entry(L, b, set, -1, -1);
        lua_pop(L, 1);
    }
    ouro_lua_pop_temporary(L, b);
}

static void fill_from_table(lua_State *L, binding *b, ouro_object *dict) {
    ouro_lua_push_sorted_keys(L, b, 1);
    lua_Integer count = luaL_len(L, -1);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, -1, i);
        lua_pushvalue(L, -1);
        lua_rawget(L, 1);
        set_entry(L, b, dict, -2, -1);
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
}

static void fill_from_entries(lua_State *L, binding *b, ouro_object *dict, ouro_object *source) {
    const kind *k = kind_of(source), *own = kind_of(dict);
    ouro_cursor cursor = {0};
    ouro_value key, value;
    for (;;) {
        ouro_lua_check(L, b, k->next(source, &cursor, &key, &value));
        if (ouro_value_same(key, OURO_ABSENT)) return;
        ouro_lua_check(L, b, own->set(dict, key, value));
    }
}

static void fill_dict(lua_State *L, binding *b, ouro_object *dict) {
    ouro_object *source = ouro_lua_object_at(L, b, 1);
    const kind *k = kind_of(source);
    if (k != NULL && !k->is_set) fill_from_entries(L, b, dict, source);
    else if (lua_type(L, 1) == LUA_TTABLE) fill_from_table(L, b, dict);
    else if (!lua_isnoneornil(L, 1))
        ouro_lua_refuse(L, "entries come from a table or a dict; got %s",
                        ouro_lua_describe(L, b, 1));
}

/* Fills the new container, owned, from argument 1 and returns it to Lua. */
static int finish(lua_State *L, binding *b, ouro_object *container) {
    ouro_lua_hand_over(L, b, container);
    if (kind_of(container)->is_set) fill_set(L, b, container);
    else fill_dict(L, b, container);
    ouro_lua_leave(L, b);
    return 1;
}

int ouro_lua_new_dict(lua_State *L) {
    binding *b = ouro_lua_enter_making(L);
    ouro_object *dict;
    lua_settop(L, 1);
    ouro_lua_check(L, b, ouro_dict_new(b->heap, &dict));
    return finish(L, b, dict);
}

int ouro_lua_new_set(lua_State *L) {
    binding *b = ouro_lua_enter_making(L);
    ouro_object *set;
    lua_settop(L, 1);
    ouro_lua_check(L, b, ouro_set_new(b->heap, &set));
    return finish(L, b, set);
}

static int new_weak(lua_State *L, ouro_weak_kind of) {
    binding *b = ouro_lua_enter_making(L);
    ouro_object *container;
    lua_settop(L, 1);
    ouro_lua_clear_deferred(L, b);
    if (b->heap == NULL) return luaL_error(L, "heap is closed");
    ouro_lua_check(L, b, ouro_weak_dict_new(b->heap, of, &container));
    return finish(L, b, container);
}

int ouro_lua_new_weak_keys(lua_State *L) { return new_weak(L, OURO_WEAK_KEYS); }
int ouro_lua_new_weak_values(lua_State *L) { return new_weak(L, OURO_WEAK_VALUES); }
int ouro_lua_new_weak_set(lua_State *L) { return new_weak(L, OURO_WEAK_SET); }
