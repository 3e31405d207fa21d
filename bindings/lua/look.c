/* SPDX-License-Identifier: MIT */
/* Look: counts, holders, ids, identity, text, sizes. */
#include "view.h"

static lua_Integer count_of(lua_State *L, binding *b) {
    ouro_lua_observe(L, b);
    return ouro_object_count(ouro_lua_check_object(L, b, 1));
}

static int refcount(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    lua_pushinteger(L, count_of(L, b));
    return 1;
}

static int getrefcount(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    lua_pushinteger(L, count_of(L, b) + 1);
    return 1;
}

static int id(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    uint64_t number;
    ouro_lua_check(L, b, ouro_object_id(ouro_lua_check_object(L, b, 1), &number));
    lua_pushinteger(L, (lua_Integer)number);
    return 1;
}

static int same(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    luaL_checkany(L, 2);
    const ouro_object *left = ouro_lua_object_at(L, b, 1);
    const ouro_object *right = ouro_lua_object_at(L, b, 2);
    lua_pushboolean(L, left != NULL ? left == right : lua_rawequal(L, 1, 2));
    return 1;
}

static int repr(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    luaL_checkany(L, 1);
    if (!ouro_lua_is_handle(L, 1)) {
        if (lua_type(L, 1) == LUA_TSTRING) lua_pushfstring(L, "\"%s\"", lua_tostring(L, 1));
        else luaL_tolstring(L, 1, NULL);
        return 1;
    }
    ouro_object *object = ouro_lua_check_object(L, b, 1);
    ouro_lua_push_repr(L, b, ouro_value_of_object(object), (size_t)luaL_optinteger(L, 2, 0),
                       (size_t)luaL_optinteger(L, 3, 0));
    return 1;
}

static int sizeof_object(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_object *object = ouro_lua_check_object(L, b, 1);
    lua_pushinteger(L, (lua_Integer)ouro_object_size(object));
    return 1;
}

/* ---- holders ----------------------------------------------------------------------------- */

typedef struct ledger {
    scratch *notes;
    ouro_heap *heap;
    size_t counted;
} ledger;

static bool note_holder(ouro_object *referrer, const ouro_label *label, void *context) {
    ledger *l = context;
    l->counted++;
    ouro_lua_note_reference(l->notes, l->heap, referrer, label);
    return !l->notes->failed;
}

static void append_line(lua_State *L, int array, const char *text) {
    lua_pushstring(L, text);
    lua_rawseti(L, array, (lua_Integer)lua_rawlen(L, array) + 1);
}

/* The counted ones, which add up to the count; then who holds it without counting. */
static int holders(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_lua_observe(L, b);
    ouro_object *object = ouro_lua_check_object(L, b, 1);
    ledger l = {.notes = ouro_lua_push_scratch(L), .heap = b->heap};
    ouro_object_referrers(object, note_holder, &l);
    ouro_lua_scratch_check(L, l.notes);
    size_t count = ouro_object_count(object);
    lua_newtable(L);
    int array = lua_gettop(L);
    for (size_t offset = 0; ouro_lua_push_entry(L, l.notes, &offset);) {
        lua_getfield(L, -1, "text");
        append_line(L, array, lua_tostring(L, -1));
        lua_pop(L, 2);
    }
    if (count > l.counted) {
        lua_pushfstring(L, "unknown (C code): %d", (int)(count - l.counted));
        lua_rawseti(L, array, (lua_Integer)lua_rawlen(L, array) + 1);
    }
    /* The argument itself is such a value while this function runs. */
    if (ouro_object_is_held(object)) append_line(L, array, "held by Lua");
    ouro_lua_scratch_free(l.notes);
    ouro_lua_set_lines(L, "(nobody)");
    return 1;
}

const luaL_Reg ouro_lua_looking[] = {{"attrs", ouro_lua_attrs},
                                     {"getrefcount", getrefcount},
                                     {"holders", holders},
                                     {"id", id},
                                     {"ipairs", ouro_lua_ipairs},
                                     {"names", ouro_lua_names},
                                     {"refcount", refcount},
                                     {"repr", repr},
                                     {"same", same},
                                     {"sizeof", sizeof_object},
                                     {"stack", ouro_lua_stack},
                                     {NULL, NULL}};
