/* SPDX-License-Identifier: MIT */
/* Heap: the table `heap`: how much there is, what is in circles, what is garbage. All of them
 * let die first what is dead already, and hold nothing of what they show (view.h). */
#include <stdio.h>
#include <string.h>

#include "obituary.h"
#include "understand.h"

static int live(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_lua_look(L, b);
    size_t hidden = ouro_lua_count_hidden(ouro_lua_hiding_place(L, b), NULL);
    lua_pushinteger(L, (lua_Integer)(ouro_heap_live(b->heap) - hidden));
    return 1;
}

static int bytes(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_lua_look(L, b);
    lua_pushinteger(L, (lua_Integer)ouro_heap_bytes(b->heap));
    return 1;
}

/* ---- census ------------------------------------------------------------------------------ */

#define NAME_WIDTH 24

static lua_Integer integer_field(lua_State *L, int table, const char *name) {
    lua_getfield(L, table, name);
    lua_Integer number = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return number;
}

/* The row is at index 2. Pushes one line. */
static void push_row(lua_State *L) {
    char text[160];
    lua_getfield(L, 2, "type");
    const char *type = lua_tostring(L, -1);
    snprintf(text, sizeof text, "%-*.64s %12lld %14lld", NAME_WIDTH, type != NULL ? type : "?",
             (long long)integer_field(L, 2, "objects"), (long long)integer_field(L, 2, "bytes"));
    lua_pop(L, 1);
    lua_pushstring(L, text);
}

static int census_to_string(lua_State *L) {
    char head[80];
    lua_settop(L, 1);
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer count = (lua_Integer)lua_rawlen(L, 1);
    snprintf(head, sizeof head, "%-*s %12s %14s", NAME_WIDTH, "type", "objects", "bytes");
    lua_pushnil(L); /* index 2: the row */
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    luaL_addstring(&text, head);
    for (lua_Integer i = 1; i <= count; i++) {
        luaL_addchar(&text, '\n');
        lua_rawgeti(L, 1, i);
        lua_replace(L, 2);
        push_row(L);
        luaL_addvalue(&text);
    }
    luaL_pushresult(&text);
    return 1;
}

/* A row of the census without pointers: types may go while Lua makes tables. */
typedef struct row {
    char type[64];
    uint64_t objects, bytes;
} row;

static ouro_status note_rows(binding *b, ouro_object *hiding_place, scratch *s) {
    ouro_census_row *rows;
    size_t count, hidden_bytes;
    size_t hidden = ouro_lua_count_hidden(hiding_place, &hidden_bytes);
    ouro_status status = ouro_heap_census(b->heap, &rows, &count);
    if (status != OURO_OK) return status;
    for (size_t i = 0; i < count; i++) {
        row r = {.objects = rows[i].objects, .bytes = rows[i].bytes};
        snprintf(r.type, sizeof r.type, "%s", ouro_type_name(rows[i].type));
        if (strcmp(r.type, "class") == 0 && ouro_type_class(rows[i].type) == NULL) {
            r.objects -= hidden;
            r.bytes -= hidden_bytes;
        }
        bool internal = (ouro_type_flags(rows[i].type) & OURO_TYPE_INTERNAL) != 0;
        if (r.objects > 0 && !internal) ouro_lua_scratch_put(s, &r, sizeof r);
    }
    ouro_heap_free(b->heap, rows, count * sizeof *rows);
    return OURO_OK;
}

static void push_row_table(lua_State *L, const row *r) {
    lua_createtable(L, 0, 3);
    lua_pushstring(L, r->type);
    lua_setfield(L, -2, "type");
    lua_pushinteger(L, (lua_Integer)r->objects);
    lua_setfield(L, -2, "objects");
    lua_pushinteger(L, (lua_Integer)r->bytes);
    lua_setfield(L, -2, "bytes");
}

/* Adds the row at the top, popped, to the census below it: to the array, and by its type's
 * name; classes of the same name share that one. */
static void add_row(lua_State *L, const row *r, lua_Integer position) {
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, position);
    if (lua_getfield(L, -2, r->type) == LUA_TTABLE) {
        row both = *r;
        both.objects += (uint64_t)integer_field(L, -1, "objects");
        both.bytes += (uint64_t)integer_field(L, -1, "bytes");
        lua_pop(L, 2);
        push_row_table(L, &both);
    } else {
        lua_pop(L, 1);
    }
    lua_setfield(L, -2, r->type);
}

static int census(lua_State *L) {
    static const luaL_Reg functions[] = {{"__tostring", census_to_string}, {NULL, NULL}};
    binding *b = ouro_lua_enter(L);
    ouro_lua_look(L, b);
    ouro_object *hiding_place = ouro_lua_hiding_place(L, b);
    scratch *s = ouro_lua_push_scratch(L);
    ouro_lua_check(L, b, note_rows(b, hiding_place, s));
    ouro_lua_scratch_check(L, s);
    size_t count = s->used / sizeof(row);
    lua_newtable(L);
    for (size_t i = 0; i < count; i++) {
        row r;
        memcpy(&r, s->bytes + i * sizeof r, sizeof r);
        push_row_table(L, &r);
        add_row(L, &r, (lua_Integer)i + 1);
    }
    ouro_lua_scratch_free(s);
    ouro_lua_set_view(L, "ouro.census", functions, NULL);
    return 1;
}

/* ---- leaked ------------------------------------------------------------------------------ */

static bool note_leak(ouro_object *object, void *context) {
    return ouro_lua_note_id(context, object) != 0;
}

static int index_leaked(lua_State *L) {
    lua_Integer i;
    size_t count;
    binding *b = ouro_lua_enter(L);
    if (!ouro_lua_integer_at(L, 2, &i)) return 0;
    const uint64_t *ids = ouro_lua_packed(L, 1, &count);
    if (i < 1 || (lua_Unsigned)i > count) return 0;
    ouro_lua_push_member(L, b, ids[i - 1], 0);
    lua_pushboolean(L, true);
    lua_setfield(L, -2, "garbage");
    lua_pushvalue(L, -1);
    lua_rawseti(L, 1, i);
    return 1;
}

static int leaked_to_string(lua_State *L) {
    ouro_lua_enter(L);
    return ouro_lua_lines_to_string(L);
}

/* What collect() would find. Only a full look tells what Lua still holds. */
static int leaked(lua_State *L) {
    static const luaL_Reg functions[] = {{"__index", index_leaked},
                                         {"__len", ouro_lua_view_length},
                                         {"__tostring", leaked_to_string},
                                         {NULL, NULL}};
    binding *b = ouro_lua_enter(L);
    ouro_settle(b->heap);
    ouro_lua_look(L, b);
    scratch *ids = ouro_lua_push_scratch(L);
    ouro_lua_check(L, b, ouro_heap_leaked(b->heap, note_leak, ids));
    ouro_lua_scratch_check(L, ids);
    lua_newtable(L);
    ouro_lua_set_packed(L, -1, (const uint64_t *)(const void *)ids->bytes,
                        ids->used / sizeof(uint64_t));
    ouro_lua_scratch_free(ids);
    ouro_lua_set_view(L, "nothing is leaked", functions, NULL);
    return 1;
}

/* ---- check ------------------------------------------------------------------------------- */

static int check(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_lua_look(L, b);
    ouro_lua_check(L, b, ouro_heap_check(b->heap, NULL));
    lua_pushboolean(L, true);
    return 1;
}

const luaL_Reg ouro_lua_heap[] = {
    {"bytes", bytes},
    {"census", census},
    {"check", check},
    {"cycles", ouro_lua_cycles},
    {"dominators", ouro_lua_dominators},
    {"growth", ouro_lua_growth},
    {"leaked", leaked},
    {"limits", ouro_lua_limits},
    {"live", live},
    {"obituaries", ouro_lua_set_obituaries},
    {"retained", ouro_lua_retained},
    {"snapshot", ouro_lua_snapshot},
    {NULL, NULL},
};
