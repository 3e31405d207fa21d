/* SPDX-License-Identifier: MIT */
/* Gc: the table `gc`: the collector's switches and its history. Who refers to whom is in
 * objects.c, events are in events.c. What reports numbers observes first. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "policies.h"
#include "view.h"

/* ---- collecting -------------------------------------------------------------------------- */

static lua_Integer check_generation(lua_State *L, binding *b) {
    lua_Integer generation = 2;
    if (lua_isnoneornil(L, 1)) return generation;
    if (!ouro_lua_integer_at(L, 1, &generation))
        ouro_lua_refuse(L, "the generation has to be 0, 1 or 2; got %s",
                        ouro_lua_describe(L, b, 1));
    if (generation < 0 || generation >= OURO_GENERATIONS)
        luaL_error(L, "generation %I does not exist: use 0, 1 or 2", (LUAI_UACINT)generation);
    return generation;
}

/* While handlers of events are called, the collection that they are told of is not over. */
static int collect(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    lua_Integer generation = check_generation(L, b);
    size_t found = 0;
    if (!ouro_lua_is_delivering(L, b)) {
        ouro_lua_check(L, b, ouro_collect(b->heap, (int)generation, &found));
        ouro_lua_leave(L, b);
    }
    lua_pushinteger(L, (lua_Integer)found);
    return 1;
}

static int enable(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_collect_enable(b->heap, true);
    return 0;
}

static int disable(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_collect_enable(b->heap, false);
    return 0;
}

static int isenabled(lua_State *L) {
    const binding *b = ouro_lua_enter(L);
    lua_pushboolean(L, ouro_collect_is_enabled(b->heap));
    return 1;
}

/* ---- pacing ------------------------------------------------------------------------------ */

static int push_three(lua_State *L, const size_t numbers[OURO_GENERATIONS]) {
    for (int i = 0; i < OURO_GENERATIONS; i++) lua_pushinteger(L, (lua_Integer)numbers[i]);
    return OURO_GENERATIONS;
}

/* Returns the thresholds in force until now; those given replace them. */
static int threshold(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    size_t before[OURO_GENERATIONS], wanted[OURO_GENERATIONS];
    bool changes = false;
    ouro_threshold(b->heap, before);
    for (int i = 0; i < OURO_GENERATIONS; i++) {
        lua_Integer number;
        wanted[i] = before[i];
        if (lua_isnoneornil(L, i + 1)) continue;
        if (!ouro_lua_integer_at(L, i + 1, &number) || number < 0)
            return ouro_lua_refuse(L, "argument %d has to be a whole number, not negative "
                                      "(threshold(0): no automatic collection); got %s",
                                   i + 1, luaL_tolstring(L, i + 1, NULL));
        wanted[i] = (size_t)number;
        changes = true;
    }
    if (changes) {
        ouro_threshold_set(b->heap, wanted);
        ouro_lua_leave(L, b);
    }
    return push_three(L, before);
}

static int count(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    size_t numbers[OURO_GENERATIONS];
    ouro_lua_look(L, b);
    ouro_collect_count(b->heap, numbers);
    return push_three(L, numbers);
}

/* ---- statistics -------------------------------------------------------------------------- */

/* In the order in which they print. */
static const char *const stat_names[] = {
    "objects",     "bytes",     "peak_bytes",     "births",       "deaths",
    "collections", "collected", "resurrected",    "finalizers",   "callbacks",
    "errors",      "pause_ns_total", "pause_ns_max"};

static int stats_to_string(lua_State *L) {
    luaL_Buffer text;
    char line[80];
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_buffinit(L, &text);
    for (size_t i = 0; i < sizeof stat_names / sizeof *stat_names; i++) {
        lua_getfield(L, 1, stat_names[i]);
        long long number = lua_tointeger(L, -1);
        lua_pop(L, 1);
        int length = snprintf(line, sizeof line, "%s%-16s %18lld", i > 0 ? "\n" : "",
                              stat_names[i], number);
        luaL_addlstring(&text, line, (size_t)length);
    }
    luaL_pushresult(&text);
    return 1;
}

static void set_number(lua_State *L, const char *name, uint64_t number) {
    lua_pushinteger(L, (lua_Integer)number);
    lua_setfield(L, -2, name);
}

/* Row 1 is generation 0. */
static void set_generations(lua_State *L, const ouro_stats *stats) {
    lua_createtable(L, OURO_GENERATIONS, 0);
    for (int i = 0; i < OURO_GENERATIONS; i++) {
        lua_createtable(L, 0, 3);
        set_number(L, "generation", (uint64_t)i);
        set_number(L, "collections", stats->collections[i]);
        set_number(L, "collected", stats->collected[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "generations");
}

/* The histogram: so many pauses were at most so many microseconds, and above the row before;
 * the last row has no upper end. */
static void set_pauses(lua_State *L, const ouro_stats *stats) {
    lua_createtable(L, OURO_PAUSE_BUCKETS, 0);
    for (int i = 0; i < OURO_PAUSE_BUCKETS; i++) {
        lua_createtable(L, 0, 2);
        if (i + 1 < OURO_PAUSE_BUCKETS) set_number(L, "le_us", (uint64_t)1 << i);
        else {
            lua_pushnumber(L, (lua_Number)HUGE_VAL);
            lua_setfield(L, -2, "le_us");
        }
        set_number(L, "count", stats->pauses[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "pauses");
}

static uint64_t sum(const uint64_t *numbers) {
    uint64_t total = 0;
    for (int i = 0; i < OURO_GENERATIONS; i++) total += numbers[i];
    return total;
}

static int stats(lua_State *L) {
    static const luaL_Reg functions[] = {{"__tostring", stats_to_string}, {NULL, NULL}};
    binding *b = ouro_lua_enter(L);
    ouro_lua_look(L, b);
    ouro_stats s = {.struct_size = sizeof s};
    ouro_heap_stats(b->heap, &s);
    size_t hidden = ouro_lua_count_hidden(ouro_lua_hiding_place(L, b), NULL);
    lua_createtable(L, 0, 16);
    set_number(L, "objects", s.objects - hidden);
    set_number(L, "bytes", s.bytes);
    set_number(L, "peak_bytes", s.peak_bytes);
    set_number(L, "births", s.births - hidden);
    set_number(L, "deaths", s.deaths);
    set_number(L, "collections", sum(s.collections));
    set_number(L, "collected", sum(s.collected));
    set_number(L, "resurrected", s.resurrected);
    set_number(L, "finalizers", s.finalizers);
    set_number(L, "callbacks", s.callbacks);
    set_number(L, "errors", s.errors);
    set_number(L, "pause_ns_total", s.pause_ns_total);
    set_number(L, "pause_ns_max", s.pause_ns_max);
    set_generations(L, &s);
    set_pauses(L, &s);
    ouro_lua_set_policy_stats(L, b);
    ouro_lua_set_view(L, "ouro.stats", functions, NULL);
    return 1;
}

/* ---- setting aside ----------------------------------------------------------------------- */

/* What is dead already is not to be frozen. */
static int freeze(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_lua_look(L, b);
    ouro_freeze(b->heap);
    return 0;
}

static int unfreeze(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_unfreeze(b->heap);
    ouro_lua_leave(L, b);
    return 0;
}

static int frozen(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_lua_look(L, b);
    lua_pushinteger(L, (lua_Integer)ouro_frozen(b->heap));
    return 1;
}

/* Returns what was in force until now. */
static int saveall(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    bool before = ouro_saveall_is_on(b->heap);
    if (!lua_isnone(L, 1)) {
        if (!lua_isboolean(L, 1))
            return ouro_lua_refuse(L, "argument 1 has to be true or false; got %s",
                                   ouro_lua_describe(L, b, 1));
        ouro_saveall(b->heap, lua_toboolean(L, 1));
    }
    lua_pushboolean(L, before);
    return 1;
}

static int is_finalized(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    const ouro_object *object = ouro_lua_object_at(L, b, 1);
    lua_pushboolean(L, object != NULL && ouro_object_is_finalized(object));
    return 1;
}

/* ---- errors ------------------------------------------------------------------------------ */

/* Returns the handler in force until now. on_error(): asks; on_error(nil): standard error. */
static int on_error(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    bool asks = lua_isnone(L, 1);
    lua_settop(L, 1);
    if (!lua_isnil(L, 1) && lua_type(L, 1) != LUA_TFUNCTION) {
        if (luaL_getmetafield(L, 1, "__call") == LUA_TNIL)
            return ouro_lua_refuse(L, "argument 1 has to be a function, or nil for reports on "
                                      "standard error; got %s",
                                   ouro_lua_describe(L, b, 1));
        lua_pop(L, 1);
    }
    if (b->on_error == LUA_NOREF) lua_pushnil(L);
    else ouro_lua_need_own(L, b, b->on_error);
    if (asks) return 1;
    int before = b->on_error;
    lua_pushvalue(L, 1);
    b->on_error = lua_isnil(L, 1) ? LUA_NOREF : ouro_lua_add_own(L, b);
    ouro_lua_remove_own(L, b, before);
    lua_settop(L, 2);
    return 1;
}

/* ---- the table --------------------------------------------------------------------------- */

static int index_gc(lua_State *L) {
    binding *b = lua_touserdata(L, lua_upvalueindex(1));
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    if (strcmp(key, "garbage") != 0) return 0;
    ouro_object *list;
    ouro_lua_enter(L);
    ouro_lua_check(L, b, ouro_garbage(b->heap, &list));
    ouro_lua_push_object(L, b, list);
    return 1;
}

void ouro_lua_finish_gc(lua_State *L) {
    static const luaL_Reg functions[] = {{"__index", index_gc}, {NULL, NULL}};
    lua_pushvalue(L, -2);
    lua_createtable(L, 0, 1);
    ouro_lua_register(L, functions);
    lua_remove(L, -2);
    lua_setmetatable(L, -2);
}

const luaL_Reg ouro_lua_gc[] = {
    {"add_policy", ouro_lua_add_policy},
    {"collect", collect},
    {"count", count},
    {"disable", disable},
    {"enable", enable},
    {"freeze", freeze},
    {"frozen", frozen},
    {"is_finalized", is_finalized},
    {"isenabled", isenabled},
    {"objects", ouro_lua_objects},
    {"off", ouro_lua_off},
    {"on", ouro_lua_on},
    {"on_error", on_error},
    {"policies", ouro_lua_policies},
    {"policy", ouro_lua_policy},
    {"referents", ouro_lua_referents},
    {"referrers", ouro_lua_referrers},
    {"saveall", saveall},
    {"stats", stats},
    {"stepper", ouro_lua_stepper},
    {"stress", ouro_lua_stress},
    {"threshold", threshold},
    {"unfreeze", unfreeze},
    {"verify", ouro_lua_verify},
    {NULL, NULL},
};
