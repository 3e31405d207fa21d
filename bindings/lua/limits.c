/* SPDX-License-Identifier: MIT */
/* Limits: heap.limits, and gc.stress, which makes automatic collections come when they are
 * least expected. */
#include <string.h>

#include "internal.h"

/* ---- heap.limits ------------------------------------------------------------------------- */

static const char *const limit_names[] = {"max_objects", "max_bytes", "max_frames"};
#define LIMITS (sizeof limit_names / sizeof *limit_names)

static int find_limit(const char *name) {
    for (size_t i = 0; i < LIMITS; i++)
        if (strcmp(name, limit_names[i]) == 0) return (int)i;
    return -1;
}

void ouro_lua_read_limits(lua_State *L, int table, size_t limits[OURO_LUA_LIMITS]) {
    lua_pushnil(L);
    while (lua_next(L, table) != 0) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
        int i = find_limit(name);
        if (i < 0)
            luaL_error(L, "heap: no option '%s'; there are max_objects, max_bytes, max_frames",
                       name);
        lua_Integer value;
        if (!ouro_lua_integer_at(L, -1, &value) || value < 0)
            luaL_error(L, "heap: %s has to be a number of 0 (no limit) or more", name);
        limits[i] = (size_t)value;
        lua_pop(L, 1);
    }
}

/* heap.limits([table]): changes those that the table has; returns all. */
int ouro_lua_limits(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    size_t limits[LIMITS];
    lua_settop(L, 1);
    ouro_heap_limits(b->heap, &limits[0], &limits[1], &limits[2]);
    if (!lua_isnil(L, 1)) {
        luaL_checktype(L, 1, LUA_TTABLE);
        ouro_lua_read_limits(L, 1, limits);
        ouro_heap_set_limits(b->heap, limits[0], limits[1], limits[2]);
        ouro_heap_limits(b->heap, &limits[0], &limits[1], &limits[2]);
        ouro_lua_note_limits(b);
    }
    lua_createtable(L, 0, LIMITS);
    for (size_t i = 0; i < LIMITS; i++) {
        lua_pushinteger(L, (lua_Integer)limits[i]);
        lua_setfield(L, -2, limit_names[i]);
    }
    return 1;
}

/* ---- room -------------------------------------------------------------------------------- */

#define BYTES_NEAR ((size_t)512 << 10) /* blocks are obtained by several */
#define BIRTHS_BETWEEN 4096u

static bool is_full(const binding *b) {
    size_t max;
    ouro_heap_limits(b->heap, &max, NULL, NULL);
    return max != 0 && ouro_heap_live(b->heap) >= max;
}

/* Trying is dear, so not again before many more objects have been made. */
static bool is_near_bytes(binding *b) {
    size_t max;
    ouro_stats stats = {.struct_size = sizeof stats};
    ouro_heap_limits(b->heap, NULL, &max, NULL);
    if (max == 0) return false;
    ouro_heap_stats(b->heap, &stats);
    if (stats.bytes + BYTES_NEAR < max || stats.births - b->room_made < BIRTHS_BETWEEN)
        return false;
    b->room_made = stats.births;
    return true;
}

/* First what is dead but for a handle that nobody can reach; then garbage, if collections may
 * come by themselves. */
void ouro_lua_make_room(lua_State *L, binding *b) {
    bool full = is_full(b);
    if (!full && !is_near_bytes(b)) return;
    ouro_settle(b->heap);
    if (b->heap == NULL) luaL_error(L, "heap is closed");
    b->current = L;
    if (full && !is_full(b)) return;
    if (!ouro_collect_is_automatic(b->heap)) return;
    b->making_room = true;
    (void)!ouro_collect(b->heap, 2, NULL);
    b->making_room = false;
    if (b->heap == NULL) luaL_error(L, "heap is closed");
    b->current = L;
}

void ouro_lua_note_limits(binding *b) {
    size_t objects, bytes;
    ouro_heap_limits(b->heap, &objects, &bytes, NULL);
    b->limited = objects != 0 || bytes != 0;
}

/* ---- gc.stress --------------------------------------------------------------------------- */

static lua_Integer stress_option(lua_State *L, const char *name) {
    lua_Integer value = 0;
    if (lua_getfield(L, 1, name) != LUA_TNIL &&
        (!ouro_lua_integer_at(L, -1, &value) || value < 0))
        luaL_error(L, "stress: %s has to be a number of 0 (never) or more", name);
    lua_pop(L, 1);
    return value;
}

static void check_stress_options(lua_State *L) {
    lua_pushnil(L);
    while (lua_next(L, 1) != 0) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
        if (strcmp(name, "every") != 0 && strcmp(name, "at") != 0)
            luaL_error(L, "stress: no option '%s'; there are every and at", name);
        lua_pop(L, 1);
    }
}

/* gc.stress{every=, at=}; gc.stress(false) ends it; returns how many points have passed. */
int ouro_lua_stress(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    lua_settop(L, 1);
    uint64_t points = ouro_stress_points(b->heap);
    if (lua_istable(L, 1)) {
        check_stress_options(L);
        lua_Integer every = stress_option(L, "every"), at = stress_option(L, "at");
        ouro_stress_set(b->heap, (uint64_t)every, (uint64_t)at);
    } else if (lua_isboolean(L, 1) && !lua_toboolean(L, 1)) {
        ouro_stress_set(b->heap, 0, 0);
    } else if (!lua_isnil(L, 1)) {
        ouro_lua_refuse(L, "stress takes a table, as in gc.stress{every = 1}, or false; got %s",
                        ouro_lua_describe(L, b, 1));
    }
    lua_pushinteger(L, (lua_Integer)points);
    return 1;
}
