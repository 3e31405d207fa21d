/* SPDX-License-Identifier: MIT */
/* Weak: weak references and finalize records as Lua sees them.
 *
 * Both are managed objects of the core, so they can be stored, named and collected like any
 * other. The function of Lua that is to be called is kept as the argument of the core's
 * callback: a weak reference keeps the function, a record a tuple of the function and its
 * arguments. Whatever asks whether the target lives observes first: what only an unreachable
 * handle holds has to be seen dead. */
#include <string.h>

#include "internal.h"
#include "pool.h"

/* ---- callables --------------------------------------------------------------------------- */

static bool is_callable(lua_State *L, int index) {
    if (lua_type(L, index) == LUA_TFUNCTION) return true;
    if (lua_isnone(L, index)) return false;
    if (luaL_getmetafield(L, index, "__call") == LUA_TNIL) return false;
    lua_pop(L, 1);
    return true;
}

static void check_callable(lua_State *L, binding *b, int index, const char *what) {
    if (!is_callable(L, index))
        ouro_lua_refuse(L, "argument %d, the %s, has to be a function or something callable; "
                           "got %s",
                        index, what, ouro_lua_describe(L, b, index));
}

/* Settling runs what scripts have written, which may close the heap. */
static void observe(lua_State *L, binding *b) {
    ouro_lua_observe(L, b);
    if (b->heap == NULL) luaL_error(L, "heap is closed");
}

/* ---- what the core calls ----------------------------------------------------------------- */

typedef struct call {
    binding *b;
    ouro_object *watcher;
    ouro_value argument;
} call;

/* Runs the function protected on the thread whose operation is under way. What goes wrong is
 * reported; the core and the code that happened to cause the death never see it. */
static void run_protected(lua_CFunction function, call *c, const char *what) {
    binding *b = c->b;
    lua_State *L = b->current;
    int top = lua_gettop(L);
    if (!lua_checkstack(L, 4)) { /* no place even for a message */
        ouro_lua_count_error(b, c->watcher);
        return;
    }
    lua_pushcfunction(L, function);
    lua_pushlightuserdata(L, c);
    if (ouro_lua_pcall(L, b, 1, 0) != LUA_OK) ouro_lua_report(L, b, c->watcher, what);
    lua_settop(L, top);
    b->current = L;
}

static int run_callback(lua_State *L) {
    const call *c = lua_touserdata(L, 1);
    ouro_lua_push_value(L, c->b, c->argument);
    ouro_lua_push_object(L, c->b, c->watcher);
    lua_call(L, 1, 0);
    return 0;
}

/* Whether nothing refers to the reference any more (the core's own count for the call apart),
 * but its handle, which Lua has freed, waits its turn: then it has died before its target. */
static bool is_let_go(const binding *b, const ouro_object *weak) {
    uint64_t tag = ouro_object_tag(weak);
    if (ouro_object_count(weak) > 1 || tag == 0) return false;
    const slot *s = ouro_lua_pool_at(b->pool, (uint32_t)(tag - 1));
    return s->state == SLOT_DEAD && !s->twin;
}

static void call_back(ouro_object *weak, ouro_value argument) {
    call c = {ouro_heap_user(ouro_object_heap(weak)), weak, argument};
    if (is_let_go(c.b, weak)) return;
    run_protected(run_callback, &c, "callback of weak reference");
}

/* A tuple never changes, and the core keeps this one until the call is over. */
static int run_record(lua_State *L) {
    const call *c = lua_touserdata(L, 1);
    const ouro_value *items;
    size_t count;
    ouro_lua_check(L, c->b,
                   ouro_sequence_items(ouro_value_object(c->argument), &items, &count));
    luaL_checkstack(L, (int)count + LUA_MINSTACK, "too many arguments of a finalize record");
    for (size_t i = 0; i < count; i++) ouro_lua_push_value(L, c->b, items[i]);
    lua_call(L, (int)count - 1, 0);
    return 0;
}

static void call_record(ouro_object *record, ouro_value argument) {
    call c = {ouro_heap_user(ouro_object_heap(record)), record, argument};
    run_protected(run_record, &c, "finalize record");
}

/* ---- weak -------------------------------------------------------------------------------- */

static int new_weak(lua_State *L) {
    lua_remove(L, 1); /* the table `weak`, which is what was called */
    binding *b = ouro_lua_enter_making(L);
    ouro_lua_check_object(L, b, 1);
    lua_settop(L, 2);
    bool calls = !lua_isnil(L, 2);
    if (calls) check_callable(L, b, 2, "callback");
    ouro_lua_clear_keepers(L, b);
    ouro_value callback = ouro_lua_value_at(L, b, 2);
    ouro_object *target = ouro_lua_check_object(L, b, 1);
    ouro_object *weak;
    ouro_status status = ouro_weak_new(target, calls ? call_back : NULL, callback, &weak);
    ouro_value_release(callback);
    ouro_lua_check(L, b, status);
    ouro_lua_hand_over(L, b, weak);
    ouro_lua_leave(L, b);
    return 1;
}

void ouro_lua_push_weak(lua_State *L) {
    static const luaL_Reg fields[] = {
        {"values", ouro_lua_new_weak_values}, {"keys", ouro_lua_new_weak_keys},
        {"set", ouro_lua_new_weak_set}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__call", new_weak}, {NULL, NULL}};
    int heap = lua_gettop(L);
    lua_createtable(L, 0, 3);
    ouro_lua_register(L, fields);
    lua_pushvalue(L, heap);
    lua_createtable(L, 0, 1);
    ouro_lua_register(L, metamethods);
    lua_remove(L, -2);
    lua_setmetatable(L, -2);
}

static int call_weak(lua_State *L, binding *b, const ouro_object *weak) {
    ouro_object *target = ouro_weak_get(weak);
    if (target != NULL) ouro_lua_push_object(L, b, target);
    else lua_pushnil(L);
    return 1;
}

static int index_weak(lua_State *L, binding *b, const ouro_object *weak, const char *key) {
    if (strcmp(key, "alive") == 0) lua_pushboolean(L, ouro_weak_get(weak) != NULL);
    else if (strcmp(key, "callback") == 0) ouro_lua_push_value(L, b, ouro_weak_argument(weak));
    else
        return luaL_error(L, "a weak reference has no field '%s': it has alive and callback, and "
                             "calling it gives the object or nil",
                          key);
    return 1;
}

/* ---- finalize ---------------------------------------------------------------------------- */

static void release_all(const ouro_value *values, int count) {
    for (int i = 0; i < count; i++) ouro_value_release(values[i]);
}

/* A tuple of the values from index `first` to the top, owned. No handle of another heap may be
 * among them: that would raise in the middle. */
static ouro_status new_tuple(lua_State *L, binding *b, int first, ouro_object **ret_tuple) {
    int count = lua_gettop(L) - first + 1, made = 0;
    ouro_value *values = lua_newuserdatauv(L, (size_t)count * sizeof *values, 0);
    ouro_status status = OURO_OK;
    while (status == OURO_OK && made < count) {
        status = ouro_lua_try_value(L, b, first + made, &values[made]);
        if (status == OURO_OK) made++;
    }
    if (status == OURO_OK) status = ouro_tuple_new(b->heap, values, (size_t)count, ret_tuple);
    release_all(values, made);
    lua_pop(L, 1);
    return status;
}

static int new_record(lua_State *L) {
    binding *b = ouro_lua_enter_making(L);
    ouro_lua_check_object(L, b, 1);
    check_callable(L, b, 2, "function to call");
    ouro_lua_clear_deferred(L, b);
    for (int i = 3; i <= lua_gettop(L); i++) ouro_lua_object_at(L, b, i); /* of this heap? */
    ouro_object *tuple, *record;
    ouro_lua_check(L, b, new_tuple(L, b, 2, &tuple));
    ouro_object *target = ouro_lua_check_object(L, b, 1);
    ouro_status status =
        ouro_finalize_new(target, call_record, ouro_value_of_object(tuple), &record);
    ouro_release(tuple);
    ouro_lua_check(L, b, status);
    ouro_lua_hand_over(L, b, record);
    ouro_lua_leave(L, b);
    return 1;
}

/* Pushes the function and its arguments; how many, or -1 with nothing pushed when the record
 * is not alive. It is asked again before each step: a push may run a __gc of the script. */
static int push_service(lua_State *L, binding *b, const ouro_object *record) {
    int top = lua_gettop(L);
    for (size_t i = 0;; i++) {
        const ouro_value *items;
        size_t count;
        if (b->heap == NULL) return luaL_error(L, "heap is closed");
        if (!ouro_finalize_alive(record)) {
            lua_settop(L, top);
            return -1;
        }
        const ouro_object *tuple = ouro_value_object(ouro_finalize_argument(record));
        ouro_lua_check(L, b, ouro_sequence_items(tuple, &items, &count));
        if (i == count) return (int)count;
        luaL_checkstack(L, LUA_MINSTACK, "too many arguments of a finalize record");
        ouro_lua_push_value(L, b, items[i]);
    }
}

/* The record goes out of service first: the function may ask it, and an error passes. */
static int call_now(lua_State *L, binding *b, ouro_object *record) {
    int top = lua_gettop(L), count = push_service(L, b, record);
    if (count < 0) {
        lua_pushnil(L);
        return 1;
    }
    ouro_lua_check(L, b, ouro_finalize_detach(record, NULL));
    lua_call(L, count - 1, LUA_MULTRET);
    ouro_lua_leave(L, b);
    return lua_gettop(L) - top;
}

static ouro_object *check_record(lua_State *L, binding *b, const char *method) {
    ouro_object *record = ouro_lua_object_at(L, b, 1);
    if (record == NULL || !ouro_is_finalize(record))
        luaL_error(L, "%s is for finalize records, as in r:%s(); got %s", method, method,
                   ouro_lua_describe(L, b, 1));
    return record;
}

/* Pushes the target, the function and the arguments; how many, or one nil. */
static int push_all(lua_State *L, binding *b, const ouro_object *record) {
    ouro_object *target = ouro_finalize_target(record);
    int count = -1;
    if (target != NULL) {
        ouro_lua_push_object(L, b, target);
        count = push_service(L, b, record);
    }
    if (count < 0) lua_pushnil(L);
    return count < 0 ? 1 : count + 1;
}

static int peek(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    check_record(L, b, "peek");
    observe(L, b);
    return push_all(L, b, check_record(L, b, "peek"));
}

static int detach(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    check_record(L, b, "detach");
    observe(L, b);
    ouro_object *record = check_record(L, b, "detach");
    int count = push_all(L, b, record);
    if (ouro_finalize_alive(record)) ouro_lua_check(L, b, ouro_finalize_detach(record, NULL));
    ouro_lua_leave(L, b);
    return count;
}

static int index_record(lua_State *L, const ouro_object *record, const char *key) {
    lua_CFunction method = NULL;
    if (strcmp(key, "alive") == 0) lua_pushboolean(L, ouro_finalize_alive(record));
    else if (strcmp(key, "atexit") == 0) lua_pushboolean(L, ouro_finalize_atexit(record));
    else if (strcmp(key, "peek") == 0) method = peek;
    else if (strcmp(key, "detach") == 0) method = detach;
    else
        return luaL_error(L, "a finalize record has no field '%s': it has alive, atexit, peek "
                             "and detach, and calling it runs the function",
                          key);
    if (method == NULL) return 1;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushcclosure(L, method, 1);
    return 1;
}

/* ---- from the metamethods of handles ----------------------------------------------------- */

int ouro_lua_watcher_call(lua_State *L, binding *b, ouro_object *object) {
    bool weak = ouro_is_weak(object);
    if (!weak && !ouro_is_finalize(object)) return -1;
    if (weak) ouro_lua_observe_target(L, b, object);
    else observe(L, b);
    return weak ? call_weak(L, b, object) : call_now(L, b, object);
}

int ouro_lua_watcher_index(lua_State *L, binding *b, ouro_object *object, const char *key) {
    bool weak = ouro_is_weak(object);
    if (!weak && !ouro_is_finalize(object)) return -1;
    observe(L, b);
    return weak ? index_weak(L, b, object, key) : index_record(L, object, key);
}

/* The value is at index 3. */
int ouro_lua_watcher_newindex(lua_State *L, binding *b, ouro_object *object, const char *key) {
    if (ouro_is_weak(object))
        return luaL_error(L, "the field '%s' of a weak reference cannot be assigned: what a weak "
                             "reference refers to and calls is settled by weak(x, callback)",
                          key);
    if (!ouro_is_finalize(object)) return -1;
    if (strcmp(key, "atexit") != 0)
        return luaL_error(L, "the field '%s' of a finalize record cannot be assigned: only atexit "
                             "can",
                          key);
    if (!lua_isboolean(L, 3))
        return luaL_error(L, "atexit has to be true or false; got %s",
                          ouro_lua_describe(L, b, 3));
    ouro_finalize_set_atexit(object, lua_toboolean(L, 3));
    return 0;
}

const luaL_Reg ouro_lua_weak[] = {{"finalize", new_record}, {NULL, NULL}};
