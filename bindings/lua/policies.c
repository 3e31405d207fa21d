/* SPDX-License-Identifier: MIT */
/* Policies: gc.policy, gc.policies, gc.verify, and what each collector has done. */
#include <stdio.h>
#include <string.h>

#include "policies.h"
#include "view.h"

/* ---- policies ---------------------------------------------------------------------------- */

/* Those before a wrong one are set: each is checked before the policy is. */
static void set_options(lua_State *L, binding *b, const char *name) {
    if (lua_isnoneornil(L, 2)) return;
    if (!lua_istable(L, 2))
        ouro_lua_refuse(L, "argument 2, the options, has to be a table; got %s",
                        ouro_lua_describe(L, b, 2));
    lua_pushnil(L);
    while (lua_next(L, 2) != 0) {
        int is_number;
        lua_pushvalue(L, -2);
        const char *option = luaL_tolstring(L, -1, NULL);
        lua_Number value = lua_tonumberx(L, -3, &is_number);
        if (!is_number) value = -1;
        ouro_lua_check(L, b, ouro_policy_option(b->heap, name, option, value));
        lua_pop(L, 3);
    }
}

/* Returns the policy in use, or the one before when another is given. */
int ouro_lua_policy(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    const char *before = ouro_policy(b->heap);
    if (!lua_isnoneornil(L, 1)) {
        if (lua_type(L, 1) != LUA_TSTRING)
            return ouro_lua_refuse(L, "argument 1 has to be the name of a policy, one of "
                                      "gc.policies(); got %s",
                                   ouro_lua_describe(L, b, 1));
        const char *name = lua_tostring(L, 1);
        set_options(L, b, name);
        ouro_lua_check(L, b, ouro_policy_set(b->heap, name));
        ouro_lua_leave(L, b);
    }
    lua_pushstring(L, before);
    return 1;
}

static int policies_to_string(lua_State *L) {
    luaL_Buffer text;
    const char *description;
    const binding *b = ouro_lua_enter(L);
    luaL_buffinit(L, &text);
    for (size_t i = 0;; i++) {
        const char *name = ouro_policy_of(b->heap, i, &description);
        if (name == NULL) break;
        lua_pushfstring(L, "%s%s: %s", i > 0 ? "\n" : "", name, description);
        luaL_addvalue(&text);
    }
    luaL_pushresult(&text);
    return 1;
}

static int next_policy(lua_State *L) {
    const char *name, *description;
    const binding *b = ouro_lua_enter(L);
    size_t i = 0;
    if (lua_type(L, 2) == LUA_TSTRING) {
        const char *before = lua_tostring(L, 2);
        while ((name = ouro_policy_of(b->heap, i, NULL)) != NULL) {
            i++;
            if (strcmp(name, before) == 0) break;
        }
    }
    name = ouro_policy_of(b->heap, i, &description);
    if (name == NULL) return 0;
    lua_pushstring(L, name);
    lua_pushstring(L, description);
    return 2;
}

/* Names and descriptions in their order, without the array part. */
static int pairs_of_policies(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushcclosure(L, next_policy, 1);
    lua_pushvalue(L, 1);
    return 2;
}

int ouro_lua_policies(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"__tostring", policies_to_string}, {"__pairs", pairs_of_policies}, {NULL, NULL}};
    const char *name, *description;
    const binding *b = ouro_lua_enter(L);
    lua_newtable(L);
    for (size_t i = 0; (name = ouro_policy_of(b->heap, i, &description)) != NULL; i++) {
        lua_pushstring(L, description);
        lua_setfield(L, -2, name);
        lua_pushstring(L, name);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    ouro_lua_set_view(L, "ouro.policies", functions, NULL);
    return 1;
}

/* ---- being sure -------------------------------------------------------------------------- */

/* Returns what was in force until now. */
int ouro_lua_verify(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    bool before = ouro_verify_is_on(b->heap);
    if (!lua_isnone(L, 1)) {
        if (!lua_isboolean(L, 1))
            return ouro_lua_refuse(L, "argument 1 has to be true or false; got %s",
                                   ouro_lua_describe(L, b, 1));
        ouro_verify(b->heap, lua_toboolean(L, 1));
    }
    lua_pushboolean(L, before);
    return 1;
}

/* ---- statistics -------------------------------------------------------------------------- */

static void set_count(lua_State *L, const char *name, uint64_t number) {
    lua_pushinteger(L, (lua_Integer)number);
    lua_setfield(L, -2, name);
}

static void set_seconds(lua_State *L, const char *name, uint64_t ns) {
    lua_pushnumber(L, (lua_Number)ns / 1e9);
    lua_setfield(L, -2, name);
}

static void push_work(lua_State *L, const ouro_work *work) {
    lua_createtable(L, 0, 16);
    set_count(L, "collections", work->collections);
    set_count(L, "abandoned", work->abandoned);
    set_count(L, "slices", work->slices);
    set_count(L, "slice_units", work->slice_units);
    set_count(L, "possible_roots", work->possible_roots);
    set_count(L, "buffered", work->possible_roots - work->removed);
    set_count(L, "removed", work->removed);
    set_count(L, "visited", work->visited);
    set_count(L, "edges", work->edges);
    set_count(L, "freed", work->freed);
    set_count(L, "resurrected", work->resurrected);
    set_count(L, "units", work->units);
    set_seconds(L, "collector_s", work->collector_ns);
    set_seconds(L, "finalizers_s", work->finalizers_ns);
    set_seconds(L, "release_s", work->release_ns);
}

/* One line for each generation that a policy has collected. */
static int work_to_string(lua_State *L) {
    static const char *const columns[] = {"collections", "possible_roots", "removed", "visited",
                                          "edges", "freed", "resurrected", "slices"};
    luaL_Buffer text;
    const binding *b = ouro_lua_enter(L);
    const char *name;
    luaL_buffinit(L, &text);
    lua_pushfstring(L, "policy        generation");
    luaL_addvalue(&text);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        lua_pushfstring(L, " %s", columns[i]);
        luaL_addvalue(&text);
    }
    for (size_t i = 0; (name = ouro_policy_of(b->heap, i, NULL)) != NULL; i++) {
        for (int g = 0; g < OURO_GENERATIONS; g++) {
            ouro_work w;
            if (ouro_policy_work(b->heap, name, g, &w) != OURO_OK) continue;
            if (w.collections == 0) continue;
            char line[256];
            int length = snprintf(line, sizeof line,
                                  "\n%-13s %10d %11llu %14llu %7llu %7llu %5llu %5llu %11llu "
                                  "%6llu",
                                  name, g, (unsigned long long)w.collections,
                                  (unsigned long long)w.possible_roots,
                                  (unsigned long long)w.removed, (unsigned long long)w.visited,
                                  (unsigned long long)w.edges, (unsigned long long)w.freed,
                                  (unsigned long long)w.resurrected,
                                  (unsigned long long)w.slices);
            luaL_addlstring(&text, line, length < 256 ? (size_t)length : sizeof line - 1);
        }
    }
    luaL_pushresult(&text);
    return 1;
}

/* By name of the policy, an array of generations: row 1 is generation 0. */
void ouro_lua_set_policy_stats(lua_State *L, binding *b) {
    static const luaL_Reg functions[] = {{"__tostring", work_to_string}, {NULL, NULL}};
    const char *name;
    lua_newtable(L);
    for (size_t i = 0; (name = ouro_policy_of(b->heap, i, NULL)) != NULL; i++) {
        lua_createtable(L, OURO_GENERATIONS, 0);
        for (int g = 0; g < OURO_GENERATIONS; g++) {
            ouro_work work;
            ouro_lua_check(L, b, ouro_policy_work(b->heap, name, g, &work));
            push_work(L, &work);
            lua_rawseti(L, -2, g + 1);
        }
        lua_setfield(L, -2, name);
    }
    ouro_lua_set_view(L, "ouro.work", functions, NULL);
    lua_setfield(L, -2, "policies");
}
