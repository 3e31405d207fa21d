/* SPDX-License-Identifier: MIT */
/* Module: opens and closes heaps, and puts their functions together.
 *
 * A heap is the userdata "ouro.heap"; its functions have it as first upvalue and are in its
 * table of builtins, which is also what free names of a script fall back to. The table that
 * `require "ouro"` gives is the builtins table of a default heap. */
#include <string.h>

#include "reports.h"
#include "view.h"

void ouro_lua_register(lua_State *L, const luaL_Reg *functions) {
    for (; functions->name != NULL; functions++) {
        lua_pushvalue(L, -2);
        lua_pushcclosure(L, functions->func, 1);
        lua_setfield(L, -2, functions->name);
    }
}

/* ---- closing ----------------------------------------------------------------------------- */

void ouro_lua_close_heap(lua_State *L, binding *b, size_t *ret_leaked) {
    if (b->heap == NULL || b->closing) return;
    if (b->busy > 0)
        luaL_error(L, "the heap cannot close while it calls this function; close it after");
    b->closing = true;
    b->current = L;
    /* What only looks held would outlive its name, and be finalized after all names went. */
    ouro_settle(b->heap);
    b->current = L;
    ouro_status status = ouro_heap_shut(b->heap, ret_leaked);
    b->closing = false;
    if (status != OURO_OK) luaL_error(L, "%s", ouro_heap_message(b->heap));
    ouro_heap *heap = b->heap;
    if (b->listeners != LUA_NOREF) ouro_lua_deliver_events(L, b);
    ouro_lua_free_boxes(b);
    b->heap = NULL;
    ouro_lua_invalidate_handles(b);
    (void)!ouro_heap_close(heap);
    int *refs[] = {&b->metatable, &b->builtins, &b->boxes, &b->on_error,
                   &b->listeners, &b->spare,    &b->error};
    for (size_t i = 0; i < sizeof refs / sizeof *refs; i++) {
        ouro_lua_remove_own(L, b, *refs[i]);
        *refs[i] = LUA_NOREF;
    }
}

/* A __gc of a script may run in the middle of any operation that allocates. */
static int close_and_count(lua_State *L, binding *b) {
    size_t leaked = 0;
    if (b->heap != NULL && lua_gc(L, LUA_GCISRUNNING) < 0)
        return luaL_error(L, "a heap cannot be closed from within a __gc of Lua");
    ouro_lua_close_heap(L, b, &leaked);
    lua_pushinteger(L, (lua_Integer)leaked);
    return 1;
}

static int close_heap(lua_State *L) {
    return close_and_count(L, luaL_checkudata(L, 1, "ouro.heap"));
}

/* For the functions' table: close() of the heap they belong to. */
static int close_own(lua_State *L) {
    return close_and_count(L, lua_touserdata(L, lua_upvalueindex(1)));
}

/* At lua_close, or when nothing refers to the heap any more: its handles are garbage too. */
static int collect_heap(lua_State *L) {
    binding *b = luaL_checkudata(L, 1, "ouro.heap");
    if (b->heap == NULL) return 0;
    lua_settop(L, 1);
    ouro_lua_find_own(L, b);
    ouro_lua_close_heap(L, b, NULL);
    return 0;
}

static int heap_to_string(lua_State *L) {
    const binding *b = luaL_checkudata(L, 1, "ouro.heap");
    if (b->heap == NULL) lua_pushliteral(L, "heap (closed)");
    else lua_pushfstring(L, "heap (%d objects)", (int)ouro_heap_live(b->heap));
    return 1;
}

static int index_heap(lua_State *L) {
    const binding *b = luaL_checkudata(L, 1, "ouro.heap");
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    if (b->heap == NULL && strcmp(key, "close") != 0) return luaL_error(L, "heap is closed");
    if (strcmp(key, "close") == 0) {
        lua_pushcfunction(L, close_heap);
        return 1;
    }
    ouro_lua_need_own(L, b, b->builtins);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) != LUA_TNIL) return 1;
    /* h.live() as well as h.heap.live() */
    if (lua_getfield(L, -2, "heap") == LUA_TTABLE) {
        lua_pushvalue(L, 2);
        lua_rawget(L, -2);
    }
    return 1;
}

/* ---- opening ----------------------------------------------------------------------------- */

/* What the host of the Lua state wants heaps to get their memory by: a light userdata in the
 * registry. */
typedef struct allocator {
    ouro_alloc_fn alloc;
    void *user;
} allocator;

static void *allocate(void *user, void *pointer, size_t old_size, size_t new_size,
                      size_t align) {
    const allocator *a = ((const binding *)user)->allocator;
    return a->alloc(a->user, pointer, old_size, new_size, align);
}

static void set_heap_metatable(lua_State *L) {
    static const luaL_Reg functions[] = {{"__close", close_heap},
                                         {"__gc", collect_heap},
                                         {"__index", index_heap},
                                         {"__tostring", heap_to_string},
                                         {NULL, NULL}};
    if (luaL_newmetatable(L, "ouro.heap")) luaL_setfuncs(L, functions, 0);
    lua_setmetatable(L, -2);
}

/* The userdata, closed: an error from here on leaks nothing. */
static binding *push_closed_heap(lua_State *L) {
    binding *b = lua_newuserdatauv(L, sizeof *b, 1);
    memset(b, 0, sizeof *b);
    b->metatable = b->builtins = b->boxes = b->on_error = b->listeners = b->spare = b->error =
        LUA_NOREF;
    b->current = L;
    set_heap_metatable(L);
    b->pool = ouro_lua_pool(L);
    ouro_lua_make_own(L, b);
    return b;
}

static void add_methods(lua_State *L, const char *field, const luaL_Reg *methods) {
    lua_pushvalue(L, -2);
    lua_newtable(L);
    ouro_lua_register(L, methods);
    lua_remove(L, -2);
    lua_setfield(L, -2, field);
}

/* Heap userdata at the top. */
static void make_metatable(lua_State *L, binding *b) {
    lua_newtable(L);
    ouro_lua_register(L, ouro_lua_metamethods);
    ouro_lua_register(L, ouro_lua_operators);
    add_methods(L, "list methods", ouro_lua_list_methods);
    add_methods(L, "tuple methods", ouro_lua_tuple_methods);
    lua_pushliteral(L, "ouro.object");
    lua_setfield(L, -2, "__name");
    lua_pushliteral(L, "ouro.object");
    lua_setfield(L, -2, "__metatable");
    b->metatable = ouro_lua_add_own(L, b);
}

/* heap{max_objects=} with the table of the default heap's functions as `self`. */
static int open_another(lua_State *L) {
    lua_settop(L, 2);
    if (!lua_isnil(L, 2)) luaL_checktype(L, 2, LUA_TTABLE);
    ouro_lua_open_heap(L, lua_isnil(L, 2) ? 0 : 2);
    return 1;
}

/* The builtins table is at the top, the heap userdata below it. */
static void add_table(lua_State *L, const char *name, const luaL_Reg *functions) {
    lua_pushvalue(L, -2);
    lua_newtable(L);
    ouro_lua_register(L, functions);
    if (strcmp(name, "gc") == 0) ouro_lua_finish_gc(L);
    lua_remove(L, -2);
    lua_setfield(L, -2, name);
}

static void add_heap_table(lua_State *L, binding *b) {
    static const luaL_Reg own[] = {{"close", close_own}, {NULL, NULL}};
    add_table(L, "heap", ouro_lua_heap);
    lua_getfield(L, -1, "heap");
    b->self_tables[0] = lua_topointer(L, -1);
    lua_pushvalue(L, -3);
    lua_pushvalue(L, -2);
    ouro_lua_register(L, ouro_lua_frames);
    ouro_lua_register(L, own);
    lua_pop(L, 2);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, open_another);
    lua_setfield(L, -2, "__call");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

static void make_builtins(lua_State *L, binding *b) {
    static const luaL_Reg *const plain[] = {ouro_lua_building, ouro_lua_letting_go,
                                            ouro_lua_looking, ouro_lua_frames, ouro_lua_weak,
                                            ouro_lua_understanding};
    lua_newtable(L);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) ouro_lua_register(L, plain[i]);
    add_table(L, "gc", ouro_lua_gc);
    add_table(L, "build", ouro_lua_build);
    add_heap_table(L, b);
    lua_getfield(L, -1, "gc");
    lua_getfield(L, -1, "collect");
    lua_setfield(L, -3, "collect");
    lua_pop(L, 1);
    lua_pushvalue(L, -2);
    ouro_lua_push_weak(L);
    lua_setfield(L, -3, "weak");
    ouro_lua_push_call(L);
    lua_setfield(L, -3, "call");
    lua_pop(L, 1);
    lua_pushliteral(L, "ouro " OURO_VERSION);
    lua_setfield(L, -2, "_VERSION");
    b->self_tables[1] = lua_topointer(L, -1);
    lua_createtable(L, 0, 1);
    lua_pushglobaltable(L);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    b->builtins = ouro_lua_add_own(L, b);
}

static void listen_to_progress(lua_State *L, ouro_heap *heap) {
    lua_getfield(L, LUA_REGISTRYINDEX, OURO_LUA_PROGRESS);
    const ouro_lua_progress *progress = lua_touserdata(L, -1);
    if (progress != NULL) ouro_progress_listen(heap, progress->listener, progress->user);
    lua_pop(L, 1);
}

binding *ouro_lua_open_heap(lua_State *L, int options) {
    /* At the end of a state Lua calls no __gc of what was made so late: nobody would close it. */
    if (lua_gc(L, LUA_GCISRUNNING) < 0)
        luaL_error(L, "a heap cannot be opened from within a __gc of Lua");
    size_t limits[OURO_LUA_LIMITS] = {0};
    if (options != 0) ouro_lua_read_limits(L, options, limits);
    binding *b = push_closed_heap(L);
    lua_getfield(L, LUA_REGISTRYINDEX, "ouro.allocator");
    b->allocator = lua_touserdata(L, -1);
    lua_pop(L, 1);
    ouro_heap_options heap_options = {.struct_size = sizeof heap_options,
                                      .user = b,
                                      .alloc = b->allocator != NULL ? allocate : NULL,
                                      .max_objects = limits[0],
                                      .max_bytes = limits[1],
                                      .max_frames = limits[2],
                                      .settle = ouro_lua_settle,
                                      .reach = ouro_lua_reach};
    make_metatable(L, b);
    make_builtins(L, b);
    lua_newtable(L);
    b->boxes = ouro_lua_add_own(L, b);
    lua_pushboolean(L, false);
    b->error = ouro_lua_add_own(L, b);
    ouro_status status = ouro_heap_open(&heap_options, &b->heap);
    if (status != OURO_OK)
        luaL_error(L, "the heap cannot be opened: %s",
                   status == OURO_E_LIMIT ? "max_bytes is too small" : "not enough memory");
    ouro_lua_note_limits(b);
    listen_to_progress(L, b->heap);
    ouro_lua_check(L, b, ouro_lua_box_type(b));
    ouro_lua_begin_handles(L, b);
    return b;
}

LUALIB_API int luaopen_ouro(lua_State *L);

__attribute__((visibility("default"))) int luaopen_ouro(lua_State *L) {
    luaL_checkversion(L);
    const binding *b = ouro_lua_open_heap(L, 0);
    ouro_lua_need_own(L, b, b->builtins);
    /* `require` keeps the table, the table's functions keep the heap. */
    return 1;
}
