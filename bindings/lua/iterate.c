/* SPDX-License-Identifier: MIT */
/* Iterate: pairs, ipairs and attrs. */
#include <string.h>

#include "view.h"

/* ---- sequences --------------------------------------------------------------------------- */

static int next_item(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_object *sequence = ouro_lua_check_object(L, b, 1);
    lua_Integer i = luaL_checkinteger(L, 2);
    lua_pushinteger(L, i + 1);
    if (i >= 0 && ouro_lua_push_item(L, b, sequence, (size_t)i)) return 2;
    return 0;
}

static int begin_items(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushcclosure(L, next_item, 1);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

/* ---- every reference, by label ----------------------------------------------------------- */

/* What ouro_object_refs reports, written down: while it reports, nothing of Lua may run. The
 * values are retained until they are pushed. The text of a name follows. */
typedef struct noted {
    ouro_label_kind kind;
    size_t index, length;
    ouro_value key, value;
} noted;

typedef struct snapshot {
    scratch *notes;
    binding *b;
    size_t count;
    bool with_class; /* also machinery: the class */
} snapshot;

static bool note(const ouro_label *label, ouro_value value, void *context) {
    snapshot *s = context;
    noted n = {.kind = label->kind, .index = label->index, .value = value};
    if (label->kind == OURO_LABEL_NAME) {
        n.length = label->length;
        if (!s->with_class && n.length == 5 && memcmp(label->text, "class", 5) == 0 &&
            ouro_is_class(ouro_value_object(value)))
            return true;
    }
    if (label->kind == OURO_LABEL_VALUE) n.key = label->key;
    char *place = ouro_lua_scratch_add(s->notes, sizeof n + n.length);
    if (place == NULL) return false;
    memcpy(place, &n, sizeof n);
    if (n.length > 0) memcpy(place + sizeof n, label->text, n.length);
    ouro_value_retain(n.key);
    ouro_value_retain(n.value);
    s->count++;
    return true;
}

/* The note at the offset, which moves on. */
static const noted *next_note(const scratch *notes, size_t *offset) {
    const noted *n = (const noted *)(const void *)(notes->bytes + *offset);
    *offset += (sizeof *n + n->length + 7) / 8 * 8;
    return n;
}

static void push_label(lua_State *L, binding *b, const noted *n) {
    switch (n->kind) {
    case OURO_LABEL_NAME: lua_pushlstring(L, (const char *)(n + 1), n->length); break;
    case OURO_LABEL_INDEX: lua_pushinteger(L, (lua_Integer)n->index); break;
    case OURO_LABEL_KEY: lua_pushliteral(L, "key"); break;
    case OURO_LABEL_VALUE: ouro_lua_push_value(L, b, n->key); break;
    }
}

/* 1: the snapshot. Returns an array label, value, label, value ... */
static int push_noted(lua_State *L) {
    const snapshot *s = lua_touserdata(L, 1);
    lua_createtable(L, (int)(s->count < 1000000 ? 2 * s->count : 0), 0);
    size_t offset = 0;
    for (size_t i = 0; i < s->count; i++) {
        const noted *n = next_note(s->notes, &offset);
        push_label(L, s->b, n);
        lua_rawseti(L, 2, (lua_Integer)(2 * i + 1));
        ouro_lua_push_value(L, s->b, n->value);
        lua_rawseti(L, 2, (lua_Integer)(2 * i + 2));
    }
    return 1;
}

static void push_snapshot(lua_State *L, binding *b, ouro_object *object, bool with_class) {
    snapshot s = {.notes = ouro_lua_push_scratch(L), .b = b, .with_class = with_class};
    ouro_object_refs(object, note, &s);
    lua_pushcfunction(L, push_noted);
    lua_pushlightuserdata(L, &s);
    int status = lua_pcall(L, 1, 1, 0);
    for (size_t i = 0, offset = 0; i < s.count; i++) {
        const noted *n = next_note(s.notes, &offset);
        ouro_value_release(n->key);
        ouro_value_release(n->value);
    }
    bool failed = s.notes->failed;
    ouro_lua_scratch_free(s.notes);
    if (status != LUA_OK) lua_error(L);
    if (failed) luaL_error(L, "not enough memory");
    lua_remove(L, -2);
}

/* Upvalue 2: the array, 3: the position. */
static int next_attribute(lua_State *L) {
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(3));
    lua_pushinteger(L, i + 2);
    lua_replace(L, lua_upvalueindex(3));
    lua_rawgeti(L, lua_upvalueindex(2), i + 1);
    if (lua_isnil(L, -1)) return 1;
    lua_rawgeti(L, lua_upvalueindex(2), i + 2);
    return 2;
}

static int begin_attributes(lua_State *L, binding *b, ouro_object *object, bool with_class) {
    push_snapshot(L, b, object, with_class);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, -2);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_attribute, 3);
    return 1;
}

int ouro_lua_attrs(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_lua_observe(L, b);
    return begin_attributes(L, b, ouro_lua_check_object(L, b, 1), true);
}

/* ---- pairs, ipairs ----------------------------------------------------------------------- */

int ouro_lua_pairs(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_object *object = ouro_lua_check_object(L, b, 1);
    lua_settop(L, 1);
    if (ouro_is_list(object) || ouro_is_tuple(object)) return begin_items(L);
    if (ouro_lua_has_entries(object)) return ouro_lua_begin_entries(L);
    if (ouro_record_class(object) != NULL &&
        ouro_lua_push_class_attribute(L, b, object, "__pairs", 7)) {
        lua_insert(L, 1);
        lua_call(L, 1, 3);
        return 3;
    }
    return begin_attributes(L, b, object, false);
}

static int next_of_other(lua_State *L) {
    lua_Integer i = luaL_checkinteger(L, 2) + 1;
    lua_pushinteger(L, i);
    return lua_geti(L, 1, i) == LUA_TNIL ? 1 : 2;
}

/* Of a table of Lua's also while a collection is stepped, or done by a script. */
int ouro_lua_ipairs(lua_State *L) {
    const binding *of = lua_touserdata(L, lua_upvalueindex(1));
    bool other = of->still && !ouro_lua_is_handle(L, 1);
    binding *b = other ? ouro_lua_enter_reading(L) : ouro_lua_enter(L);
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    const ouro_object *object = ouro_lua_object_at(L, b, 1);
    if (ouro_is_list(object) || ouro_is_tuple(object)) return begin_items(L);
    /* A set answers false for what is not in it, which would never end. */
    if (ouro_is_set(object) || (ouro_is_weak_dict(object) &&
                                ouro_weak_dict_kind(object) == OURO_WEAK_SET))
        return ouro_lua_refuse(L, "a %s has no items by number; use pairs, or list(s)",
                               ouro_lua_object_type_name(object));
    lua_pushcfunction(L, next_of_other);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}
