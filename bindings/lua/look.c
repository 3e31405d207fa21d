/* SPDX-License-Identifier: MIT */
/* Look: counts, holders, ids, identity, text, sizes. */
#include "places.h"
#include "understand.h"

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

/* obj(id): the object of that id while it lives. Reading lets nothing die, but what is dead is
 * not to be found. */
static int obj(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    lua_Integer number;
    if (!ouro_lua_integer_at(L, 1, &number) || number < 1)
        return ouro_lua_refuse(L, "argument 1 has to be an id, as id(x) gives; got %s",
                               ouro_lua_describe(L, b, 1));
    ouro_lua_look(L, b);
    ouro_object *object = ouro_object_by_id(b->heap, (uint64_t)number);
    if (object != NULL) ouro_lua_push_object(L, b, object);
    else lua_pushnil(L);
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

/* A string in quotes: as it is inside a list. */
static int repr_of_string(lua_State *L, binding *b) {
    ouro_text text = {.heap = b->heap};
    ouro_object *list = NULL;
    ouro_value v = ouro_lua_value_at(L, b, 1);
    ouro_lua_mute_events(L, b, true);
    ouro_status status = ouro_list_new(b->heap, &v, 1, &list);
    ouro_value_release(v);
    if (status == OURO_OK) status = ouro_repr(b->heap, ouro_value_of_object(list), NULL, &text);
    if (list != NULL) {
        ouro_release(list);
        b->untold++;
    }
    ouro_lua_mute_events(L, b, false);
    if (status != OURO_OK) ouro_text_free(&text);
    ouro_lua_check(L, b, status);
    ouro_lua_push_text(L, &text);
    size_t length;
    const char *bytes = lua_tolstring(L, -1, &length);
    lua_pushlstring(L, bytes + 1, length - 2);
    return 1;
}

/* As within a container (report.c): no addresses, unless a __tostring gives them. */
static int repr_of_lua(lua_State *L) {
    lua_Debug where;
    if (lua_type(L, 1) < LUA_TTABLE || luaL_getmetafield(L, 1, "__tostring") != LUA_TNIL) {
        luaL_tolstring(L, 1, NULL);
    } else if (lua_isfunction(L, 1) && !lua_iscfunction(L, 1)) {
        lua_pushvalue(L, 1);
        lua_getinfo(L, ">S", &where);
        lua_pushfstring(L, "<function %s:%d>", where.short_src, where.linedefined);
    } else {
        lua_pushfstring(L, "<%s>", luaL_typename(L, 1));
    }
    return 1;
}

static int repr(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    luaL_checkany(L, 1);
    ouro_object *object = ouro_lua_object_at(L, b, 1);
    if (lua_type(L, 1) == LUA_TSTRING) return repr_of_string(L, b);
    if (object == NULL) return repr_of_lua(L);
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

/* Of one object so many places in Lua are told; of more, how many. */
#define MOST_PLACES 100

typedef struct ledger {
    scratch *notes, *places;
    ouro_heap *heap;
    size_t counted, unknown, elsewhere; /* elsewhere: places in Lua that are not told */
    bool held;
} ledger;

static bool note_holder(ouro_object *referrer, const ouro_label *label, void *context) {
    ledger *l = context;
    l->counted++;
    ouro_lua_note_reference(l->notes, l->heap, referrer, label);
    return !l->notes->failed;
}

static void append_line(lua_State *L, int array) {
    lua_rawseti(L, array, (lua_Integer)lua_rawlen(L, array) + 1);
}

/* Writes down who counts the object at index 1, which leaves the stack: whether something of
 * Lua but the argument itself holds it is known when Lua has collected without it. */
static void note_all(lua_State *L, binding *b, ledger *l) {
    ouro_object *object = ouro_lua_take(L, b);
    l->held = ouro_object_is_held(object);
    ouro_object_referrers(object, note_holder, l);
    size_t count = ouro_object_count(object) - OURO_LUA_MINE;
    l->unknown = count > l->counted ? count - l->counted : 0;
    sought s = {.object = object};
    if (l->held && !ouro_lua_find_places(L, b, &s, 1, MOST_PLACES, l->places))
        l->places->failed = true;
    l->elsewhere = s.found > MOST_PLACES ? s.found - MOST_PLACES : 0;
    ouro_lua_give_back(L, b, object);
}

/* Lines for what Lua holds, to the array at the index. */
static void append_places(lua_State *L, int array, const ledger *l) {
    const place *p;
    size_t count = 0;
    while ((p = ouro_lua_place_at(l->places, count)) != NULL) {
        lua_pushfstring(L, "held by Lua: %s", p->text);
        append_line(L, array);
        count++;
    }
    if (l->held && count == 0) lua_pushliteral(L, "held by Lua");
    else if (l->elsewhere > 0)
        lua_pushfstring(L, "held by Lua: %I more places", (LUAI_UACINT)l->elsewhere);
    else return;
    append_line(L, array);
}

/* The counted ones, which add up to the count; then who holds it without counting. */
static int holders(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    lua_settop(L, 1);
    ouro_lua_check_object(L, b, 1);
    ledger l = {.notes = ouro_lua_push_scratch(L), .heap = b->heap};
    l.places = ouro_lua_push_scratch(L);
    note_all(L, b, &l);
    ouro_lua_scratch_check(L, l.notes);
    ouro_lua_scratch_check(L, l.places);
    lua_newtable(L);
    int array = lua_gettop(L);
    for (size_t offset = 0; ouro_lua_push_entry(L, l.notes, &offset);) {
        lua_getfield(L, -1, "text");
        append_line(L, array);
        lua_pop(L, 1);
    }
    if (l.unknown > 0) {
        lua_pushfstring(L, "unknown (C code): %d", (int)l.unknown);
        append_line(L, array);
    }
    append_places(L, array, &l);
    ouro_lua_scratch_free(l.notes);
    ouro_lua_scratch_free(l.places);
    ouro_lua_set_lines(L, "(nobody)");
    return 1;
}

const luaL_Reg ouro_lua_looking[] = {{"attrs", ouro_lua_attrs},
                                     {"getrefcount", getrefcount},
                                     {"holders", holders},
                                     {"id", id},
                                     {"ipairs", ouro_lua_ipairs},
                                     {"names", ouro_lua_names},
                                     {"obj", obj},
                                     {"refcount", refcount},
                                     {"repr", repr},
                                     {"same", same},
                                     {"sizeof", sizeof_object},
                                     {"stack", ouro_lua_stack},
                                     {NULL, NULL}};
