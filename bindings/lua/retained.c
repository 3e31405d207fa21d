/* SPDX-License-Identifier: MIT */
/* Retained: heap.retained and heap.dominators, what an object alone keeps alive. */
#include <stdio.h>
#include <string.h>

#include "places.h"
#include "understand.h"

static void set_number(lua_State *L, const char *name, uint64_t number) {
    lua_pushinteger(L, (lua_Integer)number);
    lua_setfield(L, -2, name);
}

static lua_Integer number_field(lua_State *L, int table, const char *name) {
    lua_getfield(L, table, name);
    lua_Integer number = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return number;
}

/* ---- one object -------------------------------------------------------------------------- */

static int retained_to_string(lua_State *L) {
    lua_settop(L, 1);
    ouro_lua_push_title(L, 1);
    lua_pushfstring(L, " retains %I objects, %I bytes",
                    (LUAI_UACINT)number_field(L, 1, "objects"),
                    (LUAI_UACINT)number_field(L, 1, "bytes"));
    lua_concat(L, 2);
    return 1;
}

int ouro_lua_retained(lua_State *L) {
    static const luaL_Reg functions[] = {{"__tostring", retained_to_string}, {NULL, NULL}};
    binding *b = ouro_lua_enter(L);
    lua_settop(L, 1);
    subject s;
    size_t objects = 0, bytes = 0;
    ouro_object *object = ouro_lua_take(L, b);
    ouro_status status = ouro_lua_note_subject(b, object, &s);
    if (status == OURO_OK) status = ouro_retained(object, OURO_LUA_MINE, &objects, &bytes);
    ouro_lua_give_back(L, b, object);
    ouro_lua_check(L, b, status);
    lua_createtable(L, 0, 5);
    ouro_lua_set_subject(L, &s);
    set_number(L, "objects", objects);
    set_number(L, "bytes", bytes);
    ouro_lua_set_view(L, "ouro.retained", functions, NULL);
    ouro_lua_leave(L, b);
    return 1;
}

/* ---- the largest ------------------------------------------------------------------------- */

typedef struct row {
    subject about;
    uint64_t owner, objects, bytes; /* owner: its id, or 0 */
} row;

typedef struct noting {
    binding *b;
    scratch *rows;
    scratch *roots, *places; /* of what Lua holds: those sought, and where */
    ouro_status status;
} noting;

static bool note_row(const ouro_dominator *found, void *context) {
    noting *n = context;
    row r = {.objects = found->objects, .bytes = found->bytes};
    n->status = ouro_lua_note_subject(n->b, found->object, &r.about);
    if (n->status == OURO_OK && found->owner != NULL)
        n->status = ouro_object_id(found->owner, &r.owner);
    return n->status == OURO_OK && ouro_lua_scratch_put(n->rows, &r, sizeof r);
}

/* The row at the index as a line. */
static void push_line(lua_State *L, int index) {
    char numbers[64];
    snprintf(numbers, sizeof numbers, "\n%12lld %14lld  ",
             (long long)number_field(L, index, "objects"),
             (long long)number_field(L, index, "bytes"));
    lua_pushstring(L, numbers);
    ouro_lua_push_title(L, index);
    lua_concat(L, 2);
    int line = lua_gettop(L);
    if (lua_getfield(L, index, "owner") != LUA_TNIL)
        lua_pushfstring(L, "%s, within #%s", lua_tostring(L, -2), lua_tostring(L, -1));
    else if (lua_getfield(L, index, "held") != LUA_TNIL)
        lua_pushfstring(L, "%s, held by Lua: %s", lua_tostring(L, -3), lua_tostring(L, -1));
    else lua_pushvalue(L, -3);
    lua_replace(L, line);
    lua_settop(L, line);
}

static int dominators_to_string(lua_State *L) {
    char head[64];
    luaL_Buffer text;
    lua_settop(L, 1);
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer count = (lua_Integer)lua_rawlen(L, 1);
    snprintf(head, sizeof head, "%12s %14s  %s", "objects", "bytes", "retained by");
    lua_pushnil(L); /* index 2: the row */
    luaL_buffinit(L, &text);
    luaL_addstring(&text, head);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, i);
        lua_replace(L, 2);
        push_line(L, 2);
        luaL_addvalue(&text);
    }
    luaL_pushresult(&text);
    return 1;
}

/* What has no owner lives by a root: Lua's place is told. */
static void find_places(lua_State *L, const noting *n) {
    for (size_t i = 0; i < n->rows->used / sizeof(row); i++) {
        const row *r = (const row *)(const void *)n->rows->bytes + i;
        if (r->owner == 0 && !ouro_lua_seek(n->roots, n->b, r->about.id)) break;
    }
    if (!ouro_lua_find_first(L, n->b, n->roots, n->places)) n->places->failed = true;
}

static void set_held(lua_State *L, const place *p) {
    if (p == NULL) return;
    lua_pushstring(L, p->text);
    lua_setfield(L, -2, "held");
}

static void push_row(lua_State *L, const row *r, const place *p) {
    static const luaL_Reg functions[] = {{"__tostring", retained_to_string}, {NULL, NULL}};
    lua_createtable(L, 0, 6);
    ouro_lua_set_subject(L, &r->about);
    set_number(L, "objects", r->objects);
    set_number(L, "bytes", r->bytes);
    if (r->owner != 0) set_number(L, "owner", r->owner);
    set_held(L, p);
    ouro_lua_set_view(L, "ouro.dominator", functions, NULL);
}

int ouro_lua_dominators(lua_State *L) {
    static const luaL_Reg functions[] = {{"__tostring", dominators_to_string}, {NULL, NULL}};
    binding *b = ouro_lua_enter(L);
    lua_Integer most = 10;
    if (!lua_isnoneornil(L, 1) && (!ouro_lua_integer_at(L, 1, &most) || most < 1))
        return ouro_lua_refuse(L, "argument 1 has to be how many to show, from 1; got %s",
                               ouro_lua_describe(L, b, 1));
    lua_settop(L, 0);
    ouro_settle(b->heap);
    ouro_lua_look(L, b);
    noting n = {.b = b, .rows = ouro_lua_push_scratch(L), .status = OURO_OK};
    n.roots = ouro_lua_push_scratch(L);
    n.places = ouro_lua_push_scratch(L);
    ouro_lua_check(L, b, ouro_dominators(b->heap, (size_t)most, note_row, &n));
    ouro_lua_check(L, b, n.status);
    ouro_lua_scratch_check(L, n.rows);
    find_places(L, &n);
    ouro_lua_scratch_check(L, n.places);
    lua_newtable(L);
    for (size_t i = 0; i < n.rows->used / sizeof(row); i++) {
        row r;
        memcpy(&r, n.rows->bytes + i * sizeof r, sizeof r);
        push_row(L, &r, ouro_lua_first_place(n.places, r.about.id));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    ouro_lua_scratch_free(n.rows);
    ouro_lua_scratch_free(n.roots);
    ouro_lua_scratch_free(n.places);
    ouro_lua_set_view(L, "ouro.dominators", functions, NULL);
    return 1;
}
