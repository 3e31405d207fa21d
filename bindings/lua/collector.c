/* SPDX-License-Identifier: MIT */
/* Collector: policies written in Lua (gc.add_policy).
 *
 * The function is called in the middle of a collection, so objects come to it not as handles,
 * which would hold them, but as light userdata that mean nothing outside of the call; and as
 * long as it runs nothing else of the heap can be used (begin in handle.c). What it claims is
 * checked by the core. */
#include <string.h>

#include "policies.h"
#include "view.h"

typedef struct script {
    binding *b;
    int ref; /* own: this userdata, whose user value is the function */
} script;

/* ---- what the function may use ----------------------------------------------------------- */

static ouro_collection *collection_of(lua_State *L, binding **ret_b) {
    binding *b = lua_touserdata(L, lua_upvalueindex(1));
    if (b->collection == NULL)
        luaL_error(L, "this collection is over: it can be used while its function runs");
    *ret_b = b;
    return b->collection;
}

/* The table of the objects that this call has been shown. */
static void push_known(lua_State *L) {
    ouro_lua_push_private(L);
    lua_getfield(L, -1, "shown objects");
    lua_remove(L, -2);
}

static ouro_object *object_at(lua_State *L, int index) {
    push_known(L);
    lua_pushvalue(L, index);
    bool known = lua_islightuserdata(L, index) && lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 2);
    if (!known)
        luaL_error(L, "argument %d has to be an object that this collection has shown; got %s",
                   index - 1, luaL_typename(L, index));
    return lua_touserdata(L, index);
}

static void check(lua_State *L, const binding *b, ouro_status status) {
    if (status != OURO_OK) luaL_error(L, "%s", ouro_heap_message(b->heap));
}

static bool put_object(ouro_object *object, void *context) {
    return ouro_lua_scratch_put(context, &object, sizeof object);
}

static void put_child(ouro_object *child, void *context) {
    put_object(child, context);
}

/* Pushes an array of the objects in the scratch: they are shown from now on. */
static void push_objects(lua_State *L, const scratch *s) {
    size_t count = s->used / sizeof(ouro_object *);
    push_known(L);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        ouro_object *object;
        memcpy(&object, s->bytes + i * sizeof object, sizeof object);
        lua_pushboolean(L, true);
        lua_rawsetp(L, -3, object);
        lua_pushlightuserdata(L, object);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_remove(L, -2);
}

static int list(lua_State *L, bool roots) {
    binding *b;
    ouro_collection *collection = collection_of(L, &b);
    scratch *s = ouro_lua_push_scratch(L);
    ouro_collection_each(collection, roots, put_object, s);
    ouro_lua_scratch_check(L, s);
    push_objects(L, s);
    return 1;
}

static int candidates(lua_State *L) {
    return list(L, false);
}

static int roots(lua_State *L) {
    return list(L, true);
}

/* visit(x, f): f(y) for each reference from x to a candidate y. */
static int visit(lua_State *L) {
    binding *b;
    ouro_collection *collection = collection_of(L, &b);
    ouro_object *object = object_at(L, 2);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    lua_settop(L, 3);
    scratch *s = ouro_lua_push_scratch(L);
    check(L, b, ouro_collection_visit(collection, object, put_child, s));
    ouro_lua_scratch_check(L, s);
    push_objects(L, s);
    size_t count = s->used / sizeof(ouro_object *);
    for (size_t i = 1; i <= count; i++) {
        lua_pushvalue(L, 3);
        lua_rawgeti(L, 5, (lua_Integer)i);
        lua_call(L, 1, 0);
    }
    return 0;
}

static int subtract(lua_State *L) {
    binding *b;
    ouro_collection *collection = collection_of(L, &b);
    check(L, b, ouro_collection_subtract(collection, object_at(L, 2)));
    return 0;
}

static int add(lua_State *L) {
    binding *b;
    ouro_collection *collection = collection_of(L, &b);
    check(L, b, ouro_collection_add(collection, object_at(L, 2)));
    return 0;
}

static int left(lua_State *L) {
    binding *b;
    uint64_t number = 0;
    ouro_collection *collection = collection_of(L, &b);
    check(L, b, ouro_collection_left(collection, object_at(L, 2), &number));
    lua_pushinteger(L, number > LUA_MAXINTEGER ? LUA_MAXINTEGER : (lua_Integer)number);
    return 1;
}

/* mark(x, colour), colour(x) */
static int mark(lua_State *L) {
    binding *b;
    ouro_collection *collection = collection_of(L, &b);
    ouro_object *object = object_at(L, 2);
    lua_Integer number = luaL_checkinteger(L, 3);
    if (number < 0 || number > 255)
        return luaL_error(L, "a colour is a number from 0 to 255; got %I", (LUAI_UACINT)number);
    check(L, b, ouro_collection_mark(collection, object, (unsigned)number));
    return 0;
}

static int colour(lua_State *L) {
    binding *b;
    unsigned number = 0;
    ouro_collection *collection = collection_of(L, &b);
    check(L, b, ouro_collection_colour(collection, object_at(L, 2), &number));
    lua_pushinteger(L, (lua_Integer)number);
    return 1;
}

static int claim(lua_State *L) {
    binding *b;
    ouro_collection *collection = collection_of(L, &b);
    check(L, b, ouro_collection_claim(collection, object_at(L, 2)));
    return 0;
}

static int type_name(lua_State *L) {
    binding *b;
    collection_of(L, &b);
    lua_pushstring(L, ouro_type_name(ouro_object_type(object_at(L, 2))));
    return 1;
}

static const luaL_Reg methods[] = {
    {"add", add},     {"candidates", candidates}, {"claim", claim}, {"colour", colour},
    {"left", left},   {"mark", mark},             {"roots", roots}, {"subtract", subtract},
    {"type", type_name}, {"visit", visit},        {NULL, NULL},
};

/* ---- the call ---------------------------------------------------------------------------- */

/* The function at index 1; upvalue 1 is the heap's userdata. */
static int call_function(lua_State *L) {
    ouro_lua_push_private(L);
    lua_newtable(L);
    lua_setfield(L, -2, "shown objects");
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_newtable(L);
    ouro_lua_register(L, methods);
    lua_remove(L, -2);
    lua_call(L, 1, 0);
    return 0;
}

static ouro_status fail(lua_State *L, ouro_heap *heap) {
    const char *message = lua_tostring(L, -1);
    ouro_status status =
        ouro_heap_fail(heap, OURO_E_USER, "the collector '%s' failed: %s; nothing was freed",
                       ouro_policy(heap), message != NULL ? message : "(no text)");
    lua_pop(L, 1);
    return status;
}

static ouro_status find(ouro_collection *collection, void *user) {
    const script *own = user;
    binding *b = own->b;
    lua_State *L = b->current;
    ouro_heap *heap = ouro_collection_heap(collection);
    int top = lua_gettop(L);
    if (!lua_checkstack(L, 8) || !ouro_lua_push_own(L, b, own->ref))
        return ouro_heap_fail(heap, OURO_E_USER, "no room to call the collector '%s'",
                              ouro_policy(heap));
    lua_getiuservalue(L, -1, 1); /* { heap's userdata with call_function, the function } */
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    b->collection = collection;
    bool was_still = b->still;
    b->still = true;
    b->busy++;
    int result = lua_pcall(L, 1, 0, 0);
    b->busy--;
    b->collection = NULL;
    b->still = was_still;
    b->current = L;
    ouro_status status = result == LUA_OK ? OURO_OK : fail(L, heap);
    lua_settop(L, top);
    return status;
}

/* add_policy(name, f [, description]) */
int ouro_lua_add_policy(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    if (lua_type(L, 1) != LUA_TSTRING)
        return ouro_lua_refuse(L, "argument 1 has to be the new policy's name; got %s",
                               ouro_lua_describe(L, b, 1));
    if (lua_type(L, 2) != LUA_TFUNCTION)
        return ouro_lua_refuse(L, "argument 2 has to be a function, the collector; got %s",
                               ouro_lua_describe(L, b, 2));
    lua_settop(L, 3);
    script *own = lua_newuserdatauv(L, sizeof *own, 1);
    lua_createtable(L, 2, 0);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushcclosure(L, call_function, 1);
    lua_rawseti(L, -2, 1);
    lua_pushvalue(L, 2);
    lua_rawseti(L, -2, 2);
    lua_setiuservalue(L, -2, 1);
    own->b = b;
    own->ref = ouro_lua_add_own(L, b);
    ouro_collector_spec spec = {.struct_size = sizeof spec,
                                .name = lua_tostring(L, 1),
                                .description = luaL_optstring(L, 3, "a collector in Lua"),
                                .find = find,
                                .user = own};
    ouro_status status = ouro_policy_new(b->heap, &spec);
    if (status != OURO_OK) ouro_lua_remove_own(L, b, own->ref);
    ouro_lua_check(L, b, status);
    return 0;
}
