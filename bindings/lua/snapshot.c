/* SPDX-License-Identifier: MIT */
/* Snapshot: heap.snapshot(), a:diff(b) and heap.growth(f, times): what came, went and grew.
 *
 * A snapshot keeps its rows packed in a string, 24 bytes an object, and the names of types in
 * a table: it holds nothing of the heap. Totals are by the name of the type, in the order of
 * `total` rows of which there are few. */
#include <stdio.h>
#include <string.h>

#include "understand.h"

#define NUMBERS 6

static const char *const columns[NUMBERS] = {"came", "came_bytes", "went",
                                             "went_bytes", "grew", "grew_bytes"};

/* ---- taking one -------------------------------------------------------------------------- */

static lua_Integer number_field(lua_State *L, int table, const char *name) {
    lua_getfield(L, table, name);
    lua_Integer number = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return number;
}

static void set_number(lua_State *L, const char *name, lua_Integer number) {
    lua_pushinteger(L, number);
    lua_setfield(L, -2, name);
}

static int snapshot_to_string(lua_State *L) {
    lua_settop(L, 1);
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushfstring(L, "snapshot of %I objects, %I bytes",
                    (LUAI_UACINT)number_field(L, 1, "objects"),
                    (LUAI_UACINT)number_field(L, 1, "bytes"));
    return 1;
}

static int diff(lua_State *L);

/* Argument: a snapshot of the core, which the caller frees. */
static int fill_snapshot(lua_State *L) {
    const ouro_snapshot *s = lua_touserdata(L, 1);
    lua_Integer objects = 0, bytes = 0;
    lua_createtable(L, 0, 5);
    ouro_lua_set_packed(L, -1, (const uint64_t *)(const void *)s->rows,
                        s->count * (sizeof(ouro_snapshot_row) / sizeof(uint64_t)));
    lua_createtable(L, (int)s->type_count, 0);
    for (size_t i = 1; i < s->type_count; i++) {
        if (s->names[i] == NULL) continue;
        lua_pushstring(L, s->names[i]);
        lua_rawseti(L, -2, (lua_Integer)i);
    }
    lua_setfield(L, -2, "types");
    for (size_t i = 0; i < s->count; i++) {
        if (s->rows[i].id != 0) objects += s->rows[i].objects;
        bytes += (lua_Integer)s->rows[i].bytes;
    }
    set_number(L, "objects", objects);
    set_number(L, "bytes", bytes);
    return 1;
}

int ouro_lua_snapshot(lua_State *L) {
    static const luaL_Reg functions[] = {{"__tostring", snapshot_to_string}, {NULL, NULL}};
    binding *b = ouro_lua_enter(L);
    ouro_snapshot s = {.count = 0};
    lua_settop(L, 0);
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    ouro_lua_look(L, b);
    ouro_lua_check(L, b, ouro_snapshot_take(b->heap, &s));
    lua_pushcfunction(L, fill_snapshot);
    lua_pushlightuserdata(L, &s);
    int status = lua_pcall(L, 1, 1, 0);
    if (b->heap != NULL) ouro_snapshot_free(b->heap, &s);
    if (status != LUA_OK) return lua_error(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushcclosure(L, diff, 1);
    lua_setfield(L, -2, "diff");
    ouro_lua_set_view(L, "ouro.snapshot", functions, NULL);
    return 1;
}

/* ---- the difference ---------------------------------------------------------------------- */

static int diff_to_string(lua_State *L) {
    char line[200];
    luaL_Buffer text;
    lua_settop(L, 1);
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer count = (lua_Integer)lua_rawlen(L, 1);
    lua_pushnil(L); /* index 2: the row */
    luaL_buffinit(L, &text);
    snprintf(line, sizeof line, "%-24s %9s %11s %9s %11s %9s %11s", "type", "came", "bytes",
             "went", "bytes", "grew", "bytes");
    luaL_addstring(&text, count > 0 ? line : "no difference");
    for (lua_Integer i = 1; i <= count; i++) {
        long long n[NUMBERS];
        lua_rawgeti(L, 1, i);
        lua_replace(L, 2);
        for (int k = 0; k < NUMBERS; k++) n[k] = number_field(L, 2, columns[k]);
        lua_getfield(L, 2, "type");
        snprintf(line, sizeof line, "\n%-24.64s %9lld %11lld %9lld %11lld %9lld %11lld",
                 lua_tostring(L, -1), n[0], n[1], n[2], n[3], n[4], n[5]);
        lua_pop(L, 1);
        luaL_addstring(&text, line);
    }
    luaL_pushresult(&text);
    return 1;
}

/* What the core tells of, by type of either snapshot; nothing of Lua meanwhile. */
typedef struct comparing {
    size_t types; /* of the first; those of the second follow */
    int64_t (*totals)[NUMBERS];
} comparing;

static void count(int64_t total[NUMBERS], int column, int64_t objects, int64_t bytes) {
    total[column] += objects;
    total[column + 1] += bytes;
}

/* Only plain data changes its number; it comes or goes by the difference. */
static void count_change(int64_t total[NUMBERS], const ouro_snapshot_row *old,
                         const ouro_snapshot_row *new) {
    int64_t bytes = (int64_t)(new->bytes - old->bytes);
    int64_t objects = (int64_t)new->objects - (int64_t)old->objects;
    if (old->id != 0) count(total, 4, 1, bytes);
    else if (objects > 0 || (objects == 0 && bytes > 0)) count(total, 0, objects, bytes);
    else count(total, 2, -objects, -bytes);
}

static bool add_difference(const ouro_snapshot_row *old, const ouro_snapshot_row *new,
                           void *context) {
    const comparing *c = context;
    int64_t *total = c->totals[new != NULL ? c->types + new->type : old->type];
    if (old == NULL) count(total, 0, new->objects, (int64_t)new->bytes);
    else if (new == NULL) count(total, 2, old->objects, (int64_t)old->bytes);
    else count_change(total, old, new);
    return true;
}

/* Pushes the row of that type's name, made when there is none. */
static void push_type_row(lua_State *L, int names, int result, size_t type) {
    if (lua_rawgeti(L, names, (lua_Integer)type) != LUA_TSTRING) {
        lua_pop(L, 1);
        lua_pushliteral(L, "?");
    }
    lua_pushvalue(L, -1);
    if (lua_rawget(L, result) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_createtable(L, 0, NUMBERS + 1);
        lua_pushvalue(L, -2);
        lua_setfield(L, -2, "type");
        for (int i = 0; i < NUMBERS; i++) set_number(L, columns[i], 0);
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, result);
        lua_pushvalue(L, -1);
        lua_rawseti(L, result, (lua_Integer)lua_rawlen(L, result) + 1);
    }
    lua_remove(L, -2);
}

static void push_totals(lua_State *L, int names, int result, int64_t (*totals)[NUMBERS],
                        size_t types) {
    for (size_t type = 0; type < types; type++) {
        bool any = false;
        for (int i = 0; i < NUMBERS; i++) any |= totals[type][i] != 0;
        if (!any) continue;
        push_type_row(L, names, result, type);
        for (int i = 0; i < NUMBERS; i++)
            set_number(L, columns[i], number_field(L, -1, columns[i]) + totals[type][i]);
        lua_pop(L, 1);
    }
}

static size_t count_types(const ouro_snapshot_row *rows, size_t row_count) {
    size_t types = 0;
    for (size_t i = 0; i < row_count; i++)
        if (rows[i].type >= types) types = rows[i].type + (size_t)1;
    return types;
}

/* Rows by what came less what went, in bytes, then by name: an insertion sort, for few. */
static int64_t weight(lua_State *L, int row) {
    return number_field(L, row, "came_bytes") - number_field(L, row, "went_bytes") +
           number_field(L, row, "grew_bytes");
}

static void sort_result(lua_State *L, int result) {
    lua_Integer rows = (lua_Integer)lua_rawlen(L, result);
    for (lua_Integer i = 2; i <= rows; i++) {
        lua_rawgeti(L, result, i);
        int moved = lua_gettop(L);
        lua_Integer at = i;
        for (; at > 1; at--) {
            lua_rawgeti(L, result, at - 1);
            bool after = weight(L, moved + 1) >= weight(L, moved);
            if (after) lua_pop(L, 1);
            else lua_rawseti(L, result, at);
            if (after) break;
        }
        lua_rawseti(L, result, at);
    }
}

static const ouro_snapshot_row *check_snapshot(lua_State *L, int index, size_t *ret_count) {
    if (lua_type(L, index) != LUA_TTABLE || lua_getfield(L, index, "types") != LUA_TTABLE)
        ouro_lua_refuse(L, "argument %d has to be a snapshot, as heap.snapshot() gives", index);
    const uint64_t *numbers = ouro_lua_packed(L, index, ret_count);
    *ret_count /= sizeof(ouro_snapshot_row) / sizeof(uint64_t);
    return (const ouro_snapshot_row *)(const void *)numbers;
}

/* a:diff(b): from a to b. */
static int diff(lua_State *L) {
    static const luaL_Reg functions[] = {{"__tostring", diff_to_string}, {NULL, NULL}};
    size_t counts[2], types[2];
    const ouro_snapshot_row *rows[2];
    lua_settop(L, 2);
    for (int i = 0; i < 2; i++) { /* the names of types are at 3 and 4 */
        rows[i] = check_snapshot(L, i + 1, &counts[i]);
        types[i] = count_types(rows[i], counts[i]);
    }
    lua_newtable(L);
    size_t size = (types[0] + types[1]) * sizeof(int64_t[NUMBERS]);
    comparing c = {types[0], lua_newuserdatauv(L, size, 0)};
    memset(c.totals, 0, size);
    ouro_snapshot_diff(rows[0], counts[0], rows[1], counts[1], add_difference, &c);
    push_totals(L, 3, 5, c.totals, types[0]);
    push_totals(L, 4, 5, c.totals + types[0], types[1]);
    sort_result(L, 5);
    lua_settop(L, 5);
    ouro_lua_set_view(L, "ouro.difference", functions, NULL);
    return 1;
}

/* ---- growth ------------------------------------------------------------------------------ */

#define MOST_TIMES 1000

static int growth_to_string(lua_State *L) {
    char line[160];
    luaL_Buffer text;
    lua_settop(L, 1);
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer count = (lua_Integer)lua_rawlen(L, 1);
    lua_pushnil(L); /* index 2: the row */
    luaL_buffinit(L, &text);
    if (count == 0) luaL_addstring(&text, "nothing grows at every repetition");
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, i);
        lua_replace(L, 2);
        lua_getfield(L, 2, "type");
        snprintf(line, sizeof line, "%s%.64s: %lld objects, %lld bytes in %lld repetitions",
                 i > 1 ? "\n" : "", lua_tostring(L, -1),
                 (long long)number_field(L, 2, "objects"), (long long)number_field(L, 2, "bytes"),
                 (long long)number_field(L, 1, "times"));
        lua_pop(L, 1);
        luaL_addstring(&text, line);
    }
    luaL_pushresult(&text);
    return 1;
}

/* Lets f run once, at index 1, and pushes the census after it. heap is index 4. */
static void run_once(lua_State *L, bool collects) {
    lua_pushvalue(L, 1);
    lua_call(L, 0, 0);
    if (collects) {
        lua_pushvalue(L, 5);
        lua_call(L, 0, 0);
    }
    lua_pushvalue(L, 4);
    lua_call(L, 0, 1);
}

/* The number of that type in the census at the index. */
static lua_Integer count_in(lua_State *L, int census, int type, const char *what) {
    lua_Integer number = 0;
    lua_pushvalue(L, type);
    if (lua_rawget(L, census) == LUA_TTABLE) number = number_field(L, -1, what);
    lua_pop(L, 1);
    return number;
}

/* Compares the census at the top with the one before it, and takes out of the table at `still`
 * the types that have not grown. */
static void keep_growing(lua_State *L, int still, int before, int after) {
    lua_pushnil(L);
    while (lua_next(L, still) != 0) {
        lua_pop(L, 1);
        int type = lua_gettop(L);
        if (count_in(L, after, type, "objects") > count_in(L, before, type, "objects")) continue;
        lua_pushvalue(L, type);
        lua_pushnil(L);
        lua_rawset(L, still); /* an existing field may be cleared during traversal */
    }
}

/* All types of the census at the index, into the table at the top. */
static void list_types(lua_State *L, int census) {
    lua_Integer rows = (lua_Integer)lua_rawlen(L, census);
    for (lua_Integer i = 1; i <= rows; i++) {
        lua_rawgeti(L, census, i);
        lua_getfield(L, -1, "type");
        lua_pushboolean(L, true);
        lua_rawset(L, -4);
        lua_pop(L, 1);
    }
}

static void push_growth(lua_State *L, int still, int first, int last, lua_Integer times) {
    static const luaL_Reg functions[] = {{"__tostring", growth_to_string}, {NULL, NULL}};
    lua_Integer rows = (lua_Integer)lua_rawlen(L, last), found = 0;
    lua_createtable(L, 0, 1);
    int result = lua_gettop(L);
    set_number(L, "times", times);
    for (lua_Integer i = 1; i <= rows; i++) { /* in the order of the census */
        lua_rawgeti(L, last, i);
        lua_getfield(L, -1, "type");
        int type = lua_gettop(L);
        lua_pushvalue(L, type);
        bool grows = lua_rawget(L, still) != LUA_TNIL;
        if (grows) {
            lua_pushvalue(L, type);
            lua_pushnil(L);
            lua_rawset(L, still);
            lua_createtable(L, 0, 3);
            lua_pushvalue(L, type);
            lua_setfield(L, -2, "type");
            set_number(L, "objects", count_in(L, last, type, "objects") -
                                         count_in(L, first, type, "objects"));
            set_number(L, "bytes",
                       count_in(L, last, type, "bytes") - count_in(L, first, type, "bytes"));
            lua_rawseti(L, result, ++found);
        }
        lua_settop(L, result);
    }
    ouro_lua_set_view(L, "ouro.growth", functions, NULL);
}

/* heap.growth(f [, times [, {collect=}]]): f runs once to warm up, then so often. */
int ouro_lua_growth(lua_State *L) {
    static const char *const options[] = {"collect", NULL};
    binding *b = ouro_lua_enter(L);
    lua_Integer times = 5;
    lua_settop(L, 3);
    if (lua_type(L, 1) != LUA_TFUNCTION)
        return ouro_lua_refuse(L, "argument 1 has to be a function, the scenario; got %s",
                               ouro_lua_describe(L, b, 1));
    if (!lua_isnil(L, 2) &&
        (!ouro_lua_integer_at(L, 2, &times) || times < 2 || times > MOST_TIMES))
        return ouro_lua_refuse(L, "argument 2 has to be how often, from 2 to %d; got %s",
                               MOST_TIMES, luaL_tolstring(L, 2, NULL));
    ouro_lua_check_options(L, b, 3, options);
    bool collects = false;
    if (lua_istable(L, 3)) {
        lua_getfield(L, 3, "collect");
        collects = lua_toboolean(L, -1);
    }
    lua_settop(L, 3);
    ouro_lua_need_place(L, b, OWN_BUILTINS);
    lua_getfield(L, 4, "heap");
    lua_getfield(L, 5, "census");
    lua_getfield(L, 4, "gc");
    lua_getfield(L, 7, "collect");
    lua_replace(L, 5); /* collect */
    lua_settop(L, 6);
    lua_replace(L, 4); /* census */
    run_once(L, collects); /* 6: the first, 7: the one before, 8: still growing */
    lua_pushvalue(L, 6);
    lua_newtable(L);
    for (lua_Integer i = 1; i <= times; i++) {
        run_once(L, collects);
        if (i == 1) {
            lua_pushvalue(L, 8);
            list_types(L, 9);
            lua_pop(L, 1);
        }
        keep_growing(L, 8, 7, 9);
        lua_replace(L, 7);
    }
    push_growth(L, 8, 6, 7, times);
    return 1;
}
