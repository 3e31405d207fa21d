/* SPDX-License-Identifier: MIT */
/* Stepper: gc.stepper(), a collection that a script advances by hand.
 *
 * While it is open nothing of the heap can be used but the stepper (begin in handle.c), so what
 * it tells stays true. It knows objects by their ids, since a handle would hold its object. */
#include "internal.h"
#include "policies.h"
#include "view.h"

static binding *open_stepper(lua_State *L) {
    binding *b = lua_touserdata(L, lua_upvalueindex(1));
    if (b->heap == NULL || !ouro_step_is_open(b->heap))
        luaL_error(L, "this stepper has ended: gc.stepper() begins another");
    b->current = L;
    return b;
}

/* ---- advancing --------------------------------------------------------------------------- */

static int advance(lua_State *L, bool phase) {
    binding *b = open_stepper(L);
    bool more;
    ouro_lua_check(L, b, ouro_step(b->heap, phase, &more));
    lua_pushboolean(L, more);
    return 1;
}

/* One object; whether there is more to do before the rest is freed. */
static int step(lua_State *L) {
    return advance(L, false);
}

static int next_phase(lua_State *L) {
    return advance(L, true);
}

static int end(lua_State *L, bool give_up) {
    binding *b = open_stepper(L);
    size_t found;
    b->still = false;
    ouro_lua_check(L, b, ouro_step_end(b->heap, give_up, &found));
    ouro_lua_leave(L, b);
    lua_pushinteger(L, (lua_Integer)found);
    return 1;
}

/* Does the rest, as gc.collect() would; how many objects are dead. */
static int run(lua_State *L) {
    return end(L, false);
}

/* Gives up: nothing is freed. Closing twice is no mistake. */
static int close_stepper(lua_State *L) {
    const binding *b = lua_touserdata(L, lua_upvalueindex(1));
    if (b->heap == NULL || !ouro_step_is_open(b->heap)) return 0;
    return end(L, true);
}

/* ---- looking ----------------------------------------------------------------------------- */

static const char *const colours[] = {"outside", "white", "gray", "black"};

static int phase(lua_State *L) {
    lua_pushstring(L, ouro_step_phase(open_stepper(L)->heap));
    return 1;
}

static int candidates(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)ouro_step_candidates(open_stepper(L)->heap));
    return 1;
}

static ouro_object *object_at(lua_State *L, binding *b) {
    lua_Integer id = 0;
    ouro_object *object = NULL;
    if (lua_type(L, 2) == LUA_TNUMBER && ouro_lua_integer_at(L, 2, &id) && id > 0)
        object = ouro_object_by_id(b->heap, (uint64_t)id);
    else if (ouro_lua_is_handle(L, 2)) object = ouro_lua_object_at(L, b, 2);
    if (object == NULL)
        luaL_error(L, "no object: give its id, taken before the stepper began, or itself");
    return object;
}

/* colour(x), trial(x): x is an id or an object. */
static int colour(lua_State *L) {
    binding *b = open_stepper(L);
    lua_pushstring(L, colours[ouro_step_colour(object_at(L, b), NULL)]);
    return 1;
}

static int trial(lua_State *L) {
    binding *b = open_stepper(L);
    uint64_t count;
    ouro_step_colour(object_at(L, b), &count);
    lua_pushinteger(L, (lua_Integer)count);
    return 1;
}

/* The id of the object that the last step looked at, or nil. */
static int object(lua_State *L) {
    binding *b = open_stepper(L);
    uint64_t id;
    ouro_object *last = ouro_step_looked_at(b->heap);
    if (last == NULL) return 0;
    ouro_lua_check(L, b, ouro_object_id(last, &id));
    lua_pushinteger(L, (lua_Integer)id);
    return 1;
}

/* stepper() */
int ouro_lua_stepper(lua_State *L) {
    static const luaL_Reg functions[] = {{"__close", close_stepper}, {NULL, NULL}};
    static const luaL_Reg methods[] = {
        {"candidates", candidates}, {"close", close_stepper}, {"colour", colour},
        {"next_phase", next_phase}, {"object", object},       {"phase", phase},
        {"run", run},               {"step", step},           {"trial", trial},
        {NULL, NULL}};
    binding *b = ouro_lua_enter(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_newtable(L);
    ouro_lua_register(L, methods);
    lua_remove(L, -2);
    ouro_lua_set_view(L, "ouro.stepper", functions, NULL);
    (void)ouro_lua_end_names(b); /* names that are bound meanwhile have to come here */
    ouro_lua_check(L, b, ouro_step_begin(b->heap));
    b->still = true;
    return 1;
}
