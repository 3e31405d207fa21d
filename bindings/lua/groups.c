/* SPDX-License-Identifier: MIT */
/* Groups: heap.cycles(), the strongly connected groups as an array of arrays of entries.
 *
 * Each member has a *successor*: the first object of the group that it refers to, in field
 * order. Whoever follows successors ends in a circle; the members on the circle that the
 * first member leads to come first, and are what a group prints: `#3.next -> #4.prev -> #3`.
 * A group keeps sixteen bytes a member (its id and its successor's); its entries are made
 * when asked for. */
#include <string.h>

#include "view.h"

/* ---- while the core calls back: nothing of Lua ------------------------------------------- */

/* What is noted of a group, followed in `members` by its pairs of ids. */
typedef struct group {
    uint64_t first;  /* where its pairs begin, counted in numbers */
    uint64_t count;  /* members */
    uint64_t circle; /* so many of them are on the circle */
    uint64_t garbage;
} group;

typedef struct gathering {
    scratch *groups, *members, *work;
} gathering;

/* Of one group, all in the work scratch: where an object is among the members, by open
 * addressing, and what is computed for each member. */
typedef struct workspace {
    ouro_object *const *members;
    size_t count, mask;
    uint64_t *places; /* index + 1, or 0 */
    uint64_t *ids, *successors, *steps;
    size_t found; /* by find_successor */
} workspace;

static size_t place_of(const workspace *w, const ouro_object *object) {
    uint64_t bits = (uint64_t)(uintptr_t)object * 0x9e3779b97f4a7c15u;
    size_t at = (size_t)(bits >> 20) & w->mask;
    while (w->places[at] != 0 && w->members[w->places[at] - 1] != object) at = (at + 1) & w->mask;
    return at;
}

static bool find_successor(const ouro_label *label, ouro_value value, void *context) {
    workspace *w = context;
    const ouro_object *object = ouro_value_object(value);
    (void)label;
    if (object == NULL) return true;
    uint64_t place = w->places[place_of(w, object)];
    if (place == 0) return true;
    w->found = place - 1;
    return false;
}

static bool make_workspace(workspace *w, scratch *s) {
    size_t places = 4;
    while (places < w->count * 2) places *= 2;
    s->used = 0;
    uint64_t *numbers = ouro_lua_scratch_add(s, (places + 3 * w->count) * sizeof *numbers);
    if (numbers == NULL) return false;
    memset(numbers, 0, (places + 3 * w->count) * sizeof *numbers);
    w->mask = places - 1;
    w->places = numbers;
    w->ids = numbers + places;
    w->successors = w->ids + w->count;
    w->steps = w->successors + w->count;
    return true;
}

static bool fill_workspace(workspace *w) {
    for (size_t i = 0; i < w->count; i++) {
        w->places[place_of(w, w->members[i])] = i + 1;
        if (ouro_object_id(w->members[i], &w->ids[i]) != OURO_OK) return false;
    }
    for (size_t i = 0; i < w->count; i++) {
        w->found = i;
        ouro_object_refs(w->members[i], find_successor, w);
        w->successors[i] = w->found;
    }
    return true;
}

/* Follows successors from the first member; the step at which each was met, from 1, is then
 * in steps, for those on the circle alone. Returns its first member. */
static size_t find_circle(workspace *w, uint64_t *ret_length) {
    size_t at = 0, step = 0;
    while (w->steps[at] == 0) {
        w->steps[at] = ++step;
        at = (size_t)w->successors[at];
    }
    size_t before = (size_t)w->steps[at] - 1;
    *ret_length = step - before;
    for (size_t i = 0; before > 0; i = (size_t)w->successors[i], before--) w->steps[i] = 0;
    return at;
}

static bool note_pair(const workspace *w, scratch *s, size_t i) {
    uint64_t pair[2] = {w->ids[i], w->ids[w->successors[i]]};
    return ouro_lua_scratch_put(s, pair, sizeof pair);
}

static bool write_group(const gathering *g, ouro_object *const *members, size_t count,
                        bool garbage) {
    workspace w = {.members = members, .count = count};
    group noted = {g->members->used / sizeof(uint64_t), count, 0, garbage};
    if (!make_workspace(&w, g->work) || !fill_workspace(&w)) return false;
    size_t at = find_circle(&w, &noted.circle);
    for (uint64_t i = 0; i < noted.circle; i++, at = (size_t)w.successors[at])
        if (!note_pair(&w, g->members, at)) return false;
    for (size_t i = 0; i < count; i++)
        if (w.steps[i] == 0 && !note_pair(&w, g->members, i)) return false;
    return ouro_lua_scratch_put(g->groups, &noted, sizeof noted);
}

static bool note_group(ouro_object *const *members, size_t count, bool garbage, void *context) {
    const gathering *g = context;
    if (!write_group(g, members, count, garbage)) g->groups->failed = true;
    return !g->groups->failed;
}

/* ---- one group --------------------------------------------------------------------------- */

static int index_group(lua_State *L) {
    lua_Integer i;
    size_t count;
    binding *b = ouro_lua_enter(L);
    if (!ouro_lua_integer_at(L, 2, &i)) return 0;
    const uint64_t *pairs = ouro_lua_packed(L, 1, &count);
    if (i < 1 || (lua_Unsigned)i > count / 2) return 0;
    uint64_t id = pairs[2 * i - 2], next = pairs[2 * i - 1];
    ouro_lua_push_member(L, b, id, next);
    lua_pushboolean(L, lua_getfield(L, 1, "garbage") != LUA_TNIL && lua_toboolean(L, -1));
    lua_setfield(L, -3, "garbage");
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_rawseti(L, 1, i);
    return 1;
}

static int length_of_group(lua_State *L) {
    size_t count;
    ouro_lua_packed(L, 1, &count);
    lua_pushinteger(L, (lua_Integer)(count / 2));
    return 1;
}

/* A circle prints so many of its members. */
#define SHOWN 12

static void add_members(lua_State *L, luaL_Buffer *text, lua_Integer circle) {
    for (lua_Integer i = 1; i <= circle; i++) {
        if (circle > SHOWN && i == SHOWN) {
            lua_pushfstring(L, "... %I more ... -> ", (LUAI_UACINT)(circle - SHOWN));
            luaL_addvalue(text);
            i = circle;
        }
        lua_geti(L, 1, i);
        luaL_tolstring(L, -1, NULL);
        lua_remove(L, -2);
        luaL_addvalue(text);
        luaL_addstring(text, " -> ");
    }
}

static int group_to_string(lua_State *L) {
    luaL_Buffer text;
    size_t count;
    ouro_lua_enter(L);
    lua_settop(L, 1);
    const uint64_t *pairs = ouro_lua_packed(L, 1, &count);
    count /= 2;
    lua_getfield(L, 1, "circle");
    lua_Integer circle = lua_tointeger(L, -1);
    luaL_buffinit(L, &text);
    add_members(L, &text, circle);
    lua_pushfstring(L, "#%I", (LUAI_UACINT)pairs[0]);
    luaL_addvalue(&text);
    if (count > (size_t)circle) {
        lua_pushfstring(L, ", and %I more", (LUAI_UACINT)(count - (size_t)circle));
        luaL_addvalue(&text);
    }
    lua_getfield(L, 1, "garbage");
    bool garbage = lua_toboolean(L, -1);
    lua_pop(L, 1);
    if (garbage) luaL_addstring(&text, " (garbage)");
    luaL_pushresult(&text);
    return 1;
}

static void push_group(lua_State *L, const group *g, const uint64_t *pairs) {
    static const luaL_Reg functions[] = {{"__index", index_group},
                                         {"__len", length_of_group},
                                         {"__tostring", group_to_string},
                                         {NULL, NULL}};
    lua_createtable(L, 0, 4);
    ouro_lua_set_packed(L, -1, pairs, 2 * (size_t)g->count);
    lua_pushboolean(L, g->garbage != 0);
    lua_setfield(L, -2, "garbage");
    lua_pushinteger(L, (lua_Integer)g->count);
    lua_setfield(L, -2, "count");
    lua_pushinteger(L, (lua_Integer)g->circle);
    lua_setfield(L, -2, "circle");
    ouro_lua_set_view(L, "ouro.group", functions, NULL);
}

/* ---- all of them ------------------------------------------------------------------------- */

/* Whether a group is garbage depends on what Lua holds: only a full look will do. */
int ouro_lua_cycles(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_settle(b->heap);
    ouro_lua_look(L, b);
    lua_settop(L, 0);
    gathering g;
    g.groups = ouro_lua_push_scratch(L);
    g.members = ouro_lua_push_scratch(L);
    g.work = ouro_lua_push_scratch(L);
    ouro_lua_check(L, b, ouro_heap_cycles(b->heap, note_group, &g));
    ouro_lua_scratch_free(g.work);
    ouro_lua_scratch_check(L, g.groups);
    size_t count = g.groups->used / sizeof(group);
    lua_newtable(L);
    for (size_t i = 0; i < count; i++) {
        group noted;
        memcpy(&noted, g.groups->bytes + i * sizeof noted, sizeof noted);
        push_group(L, &noted,
                   (const uint64_t *)(const void *)g.members->bytes + noted.first);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    ouro_lua_scratch_free(g.groups);
    ouro_lua_scratch_free(g.members);
    ouro_lua_set_lines(L, "no cycles");
    return 1;
}
