/* SPDX-License-Identifier: MIT */
/* Cross: tells the core which handles Lua can reach, other than by Lua values that only the
 * objects in question keep alive (ouro/cross.h).
 *
 * Lua's own collector answers. For the length of one collection it sees another picture:
 *   - the table of boxes is replaced by one with the values of the boxes that are not suspects;
 *   - a table with weak keys maps the handle of each object in question to what its group
 *     refers to: a value, or a table of such;
 *   - a table with weak values has those handles. Whose entry is gone afterwards, Lua did not
 *     reach.
 * Nothing is lost: the real table of boxes is what a finalizable guard refers to, and what an
 * object about to be finalized refers to stays, after tables with weak values have been
 * cleared. For the same reason the pool's table of handles is filled again afterwards, from
 * one with weak keys.
 *
 * No code of a script may run meanwhile. So the collection is the kind that Lua makes when an
 * allocation has failed, which calls no finalizers; the pool lets one fail (POOL_REFUSING). */
#include "pool.h"

/* What the protected function works on, and where its tables are on the stack. */
typedef struct trial {
    binding *b;
    const ouro_cross *cross;
} trial;

enum { TRIAL = 1, BOXES, BY_KEY, BY_VALUE, HANDLES, GUARDS, ROOTS, GROUPS };

static void push_weak(lua_State *L, const char *mode) {
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushstring(L, mode);
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
}

static int finalize_nothing(lua_State *L) {
    (void)L;
    return 0;
}

/* ---- before ------------------------------------------------------------------------------ */

/* Of every handle there is, by its userdata: what only garbage refers to leaves the pool's
 * table as well. */
static void note_handles(lua_State *L, const handle_pool *pool) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, pool->cache);
    for (slot *s = ouro_lua_pool_next(pool, NULL); s != NULL; s = ouro_lua_pool_next(pool, s)) {
        if (s->state != SLOT_HANDLE) continue;
        if (lua_rawgeti(L, -1, (lua_Integer)s->number) == LUA_TUSERDATA) {
            lua_pushinteger(L, (lua_Integer)s->number);
            lua_rawset(L, HANDLES);
        } else {
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
}

/* The group's value is in GROUPS; nil: it leads nowhere. */
static void push_group(lua_State *L, uint32_t group) {
    if (group == OURO_CROSS_NONE) lua_pushnil(L);
    else lua_rawgeti(L, GROUPS, (lua_Integer)group + 1);
}

static void make_groups(lua_State *L, const trial *t) {
    const ouro_cross *cross = t->cross;
    lua_createtable(L, (int)cross->group_count, 0);
    for (size_t i = 0; i < cross->box_count; i++) {
        lua_rawgeti(L, BOXES, (lua_Integer)ouro_lua_box_index(cross->boxes[i]));
        lua_rawseti(L, GROUPS, (lua_Integer)i + 1);
    }
    for (size_t group = cross->box_count; group < cross->group_count; group++) {
        size_t at = group - cross->box_count, end = cross->starts[at + 1];
        lua_newtable(L);
        for (size_t i = cross->starts[at]; i < end; i++) {
            push_group(L, cross->targets[i]);
            lua_rawseti(L, -2, (lua_Integer)(i - cross->starts[at]) + 1);
        }
        lua_rawseti(L, GROUPS, (lua_Integer)group + 1);
    }
}

/* Of an object without a handle in the pool's table nothing is known; it counts as reached. */
static void enter_held(lua_State *L, const trial *t) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, t->b->pool->cache);
    int cache = lua_gettop(L);
    for (size_t i = 0; i < t->cross->held_count; i++) {
        const ouro_cross_held *held = &t->cross->held[i];
        uint64_t tag = ouro_object_tag(held->object);
        bool found = tag != 0 && lua_rawgeti(L, cache, (lua_Integer)(tag - 1)) == LUA_TUSERDATA;
        if (found) {
            lua_pushvalue(L, -1);
            lua_rawseti(L, BY_VALUE, (lua_Integer)i + 1);
            push_group(L, held->group);
            if (!lua_isnil(L, -1)) lua_rawset(L, BY_KEY);
        } else {
            lua_pushboolean(L, true);
            lua_rawseti(L, BY_VALUE, (lua_Integer)i + 1);
            push_group(L, held->group);
            lua_rawseti(L, ROOTS, (lua_Integer)lua_rawlen(L, ROOTS) + 1);
        }
        lua_settop(L, cache);
    }
    lua_settop(L, cache - 1);
    for (size_t i = 0; i < t->cross->root_count; i++) {
        push_group(L, t->cross->roots[i]);
        lua_rawseti(L, ROOTS, (lua_Integer)lua_rawlen(L, ROOTS) + 1);
    }
}

/* A copy of the table of boxes without the suspects' values, at the top. */
static void push_other_boxes(lua_State *L, const trial *t) {
    lua_newtable(L);
    lua_pushnil(L);
    while (lua_next(L, BOXES) != 0) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -4);
    }
    for (size_t i = 0; i < t->cross->box_count; i++) {
        lua_Integer index = (lua_Integer)ouro_lua_box_index(t->cross->boxes[i]);
        if (lua_rawgeti(L, -1, index) != LUA_TNIL) {
            lua_pushnil(L);
            lua_rawset(L, -3);
        } else {
            lua_pop(L, 1);
        }
        lua_pushnil(L);
        lua_rawseti(L, -2, index);
    }
}

static void guard_boxes(lua_State *L) {
    lua_newuserdatauv(L, 1, 1);
    lua_pushvalue(L, BOXES);
    lua_setiuservalue(L, -2, 1);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, finalize_nothing);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_pushboolean(L, true);
    lua_rawset(L, GUARDS);
}

/* Raises for want of memory, having collected all the same. */
static int collect_now(lua_State *L) {
    handle_pool *pool = lua_touserdata(L, 1);
    if (lua_toboolean(L, 2)) pool->mode = POOL_REFUSING;
    lua_newuserdatauv(L, 1, 0);
    return 0;
}

/* A first call, that does nothing, sees to it that Lua has what the second one needs to begin:
 * with the boxes swapped, nothing may raise. */
static void call_collect(lua_State *L, handle_pool *pool, bool really) {
    lua_pushcfunction(L, collect_now);
    lua_pushlightuserdata(L, pool);
    lua_pushboolean(L, really);
    if (lua_pcall(L, 2, 0, 0) != LUA_OK) lua_pop(L, 1);
    pool->mode = POOL_IDLE;
}

/* ---- after ------------------------------------------------------------------------------- */

/* Everything as it was. Assigning to keys that are there needs no memory. */
static void restore_boxes(lua_State *L, const trial *t) {
    lua_pushnil(L);
    if (lua_next(L, GUARDS) == 0) luaL_error(L, "the boxes are lost"); /* cannot be */
    lua_pop(L, 1);
    lua_getiuservalue(L, -1, 1);
    ouro_lua_set_place(L, t->b, OWN_BOXES);
    lua_pop(L, 1);
}

static void restore_handles(lua_State *L, const handle_pool *pool) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, pool->cache);
    lua_pushnil(L);
    while (lua_next(L, HANDLES) != 0) {
        lua_pushvalue(L, -2);
        lua_rawseti(L, -4, lua_tointeger(L, -2));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static void read_answer(lua_State *L, const trial *t) {
    for (size_t i = 0; i < t->cross->held_count; i++) {
        ouro_cross_held *held = &t->cross->held[i];
        uint64_t tag = ouro_object_tag(held->object);
        lua_rawgeti(L, BY_VALUE, (lua_Integer)i + 1);
        const slot *s = tag != 0 ? ouro_lua_pool_at(t->b->pool, (uint32_t)(tag - 1)) : NULL;
        /* A twin may be reached though this one is not. */
        held->reached = !lua_isnil(L, -1) || s == NULL || s->twin;
        lua_pop(L, 1);
    }
}

/* Argument: the trial. */
static int ask(lua_State *L) {
    const trial *t = lua_touserdata(L, TRIAL);
    handle_pool *pool = t->b->pool;
    luaL_checkstack(L, 24, "cross");
    if (!ouro_lua_push_place(L, t->b, OWN_BOXES)) return 0;
    push_weak(L, "k");
    push_weak(L, "v");
    push_weak(L, "k");
    push_weak(L, "k");
    lua_newtable(L);
    note_handles(L, pool);
    make_groups(L, t);
    enter_held(L, t);
    lua_settop(L, ROOTS);
    guard_boxes(L);
    push_other_boxes(L, t);
    call_collect(L, pool, false);
    ouro_lua_set_place(L, t->b, OWN_BOXES);
    lua_pushnil(L);
    lua_replace(L, BOXES);
    call_collect(L, pool, true);
    lua_settop(L, ROOTS);
    read_answer(L, t);
    restore_boxes(L, t);
    restore_handles(L, pool);
    lua_pushboolean(L, true);
    return 1;
}

bool ouro_lua_reach(void *user, ouro_heap *heap, const ouro_cross *cross) {
    (void)heap;
    trial t = {.b = user, .cross = cross};
    lua_State *L = t.b->current;
    if (!lua_checkstack(L, 4)) return false;
    bool running = lua_gc(L, LUA_GCISRUNNING) > 0;
    lua_gc(L, LUA_GCSTOP); /* building the picture must not end in a __gc */
    lua_pushcfunction(L, ask);
    lua_pushlightuserdata(L, &t);
    bool answered = lua_pcall(L, 1, 1, 0) == LUA_OK && lua_toboolean(L, -1);
    lua_pop(L, 1);
    t.b->pool->mode = POOL_IDLE;
    if (running) lua_gc(L, LUA_GCRESTART);
    return answered;
}
