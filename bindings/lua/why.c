/* SPDX-License-Identifier: MIT */
/* Why: why(x), the shortest chains of references from roots to an object.
 *
 * A chain keeps eight bytes a step, its ids; its entries are made when asked for, so that a
 * chain through a list of a million objects is no million tables. Those of ordinary length
 * are made at once: then the chain is a plain table, as it was when it was asked for. */
#include <stdio.h>
#include <string.h>

#include "obituary.h"
#include "places.h"
#include "understand.h"

/* ---- in common --------------------------------------------------------------------------- */

ouro_object *ouro_lua_take(lua_State *L, binding *b) {
    ouro_object *object = ouro_lua_check_object(L, b, 1);
    ouro_retain(object);
    lua_pushnil(L);
    lua_replace(L, 1);
    ouro_settle(b->heap);
    b->current = L;
    return object;
}

void ouro_lua_give_back(lua_State *L, binding *b, ouro_object *object) {
    ouro_release(object);
    b->current = L;
}

static bool is_among(const char *name, const char *const *names) {
    for (; *names != NULL; names++)
        if (strcmp(name, *names) == 0) return true;
    return false;
}

void ouro_lua_check_options(lua_State *L, binding *b, int index, const char *const *names) {
    if (lua_isnoneornil(L, index)) return;
    if (!lua_istable(L, index))
        ouro_lua_refuse(L, "argument %d, the options, has to be a table; got %s", index,
                        ouro_lua_describe(L, b, index));
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TSTRING && is_among(lua_tostring(L, -2), names)) continue;
        luaL_tolstring(L, -2, NULL);
        const char *wrong = lua_tostring(L, -1);
        luaL_Buffer list;
        luaL_buffinit(L, &list);
        for (size_t i = 0; names[i] != NULL; i++) {
            if (i > 0) luaL_addstring(&list, ", ");
            luaL_addstring(&list, names[i]);
        }
        luaL_pushresult(&list);
        ouro_lua_refuse(L, "no option is called '%s'; there are: %s", wrong,
                        lua_tostring(L, -1));
    }
}

void ouro_lua_push_root(lua_State *L, ouro_root root, const char *name, const char *frame) {
    switch (root) {
    case OURO_ROOT_NAME: lua_pushfstring(L, "name %s in %s", name, frame); break;
    case OURO_ROOT_PIN: lua_pushliteral(L, "pin"); break;
    case OURO_ROOT_HEAP: lua_pushstring(L, name); break;
    case OURO_ROOT_HELD: lua_pushliteral(L, "held by Lua"); break;
    case OURO_ROOT_CODE: lua_pushliteral(L, "unknown (C code)"); break;
    case OURO_ROOT_NONE: lua_pushliteral(L, "nothing"); break;
    }
}

ouro_status ouro_lua_note_subject(binding *b, ouro_object *object, subject *ret_subject) {
    ouro_text text = {.heap = b->heap};
    ouro_repr_options options = {.struct_size = sizeof options, .max_depth = 2, .max_items = 8};
    const char *type = ouro_lua_object_type_name(object);
    ouro_lua_copy_text(ret_subject->type, sizeof ret_subject->type, type, strlen(type));
    ouro_status status = ouro_object_id(object, &ret_subject->id);
    if (status == OURO_OK)
        status = ouro_repr(b->heap, ouro_value_of_object(object), &options, &text);
    const char *bytes = text.length > 0 ? text.bytes : "";
    ouro_lua_copy_text(ret_subject->text, sizeof ret_subject->text, bytes, text.length);
    ouro_text_free(&text);
    return status;
}

void ouro_lua_set_subject(lua_State *L, const subject *s) {
    lua_pushinteger(L, (lua_Integer)s->id);
    lua_setfield(L, -2, "id");
    lua_pushstring(L, s->type);
    lua_setfield(L, -2, "type");
    lua_pushstring(L, s->text);
    lua_setfield(L, -2, "text");
}

void ouro_lua_push_title(lua_State *L, int index) {
    index = lua_absindex(L, index);
    luaL_checktype(L, index, LUA_TTABLE);
    lua_getfield(L, index, "id");
    lua_getfield(L, index, "text");
    const char *id = luaL_tolstring(L, -2, NULL), *text = luaL_tolstring(L, -2, NULL);
    lua_pushfstring(L, "#%s %s", id, text);
    lua_replace(L, -5);
    lua_pop(L, 3);
}

bool ouro_lua_note_chain(scratch *s, const ouro_chain *chain) {
    noted_chain noted = {.root = chain->root, .count = chain->count};
    snprintf(noted.name, sizeof noted.name, "%.*s", (int)chain->length, chain->text);
    if (chain->frame != NULL)
        snprintf(noted.frame, sizeof noted.frame, "%s", ouro_frame_name(chain->frame));
    if (!ouro_lua_scratch_put(s, &noted, sizeof noted)) return false;
    for (size_t i = 0; i < chain->count; i++)
        if (ouro_lua_note_id(s, chain->steps[i]) == 0) return false;
    return true;
}

/* ---- one chain --------------------------------------------------------------------------- */

/* Chains of up to so many steps are made at once. */
#define PLAIN 1000
/* A line shows so many steps at its beginning and its end. */
#define NEAR 5
#define FAR 3

static int index_chain(lua_State *L) {
    lua_Integer i;
    size_t count;
    binding *b = ouro_lua_enter(L);
    if (!ouro_lua_integer_at(L, 2, &i)) return 0;
    const uint64_t *ids = ouro_lua_packed(L, 1, &count);
    if (i < 1 || (lua_Unsigned)i >= count) return 0;
    ouro_lua_push_member(L, b, ids[i - 1], ids[i]);
    lua_pushvalue(L, -1);
    lua_rawseti(L, 1, i);
    return 1;
}

static int length_of_chain(lua_State *L) {
    size_t count;
    ouro_lua_packed(L, 1, &count);
    lua_pushinteger(L, (lua_Integer)count - 1);
    return 1;
}

/* Adds " <- #2.next <- #1.next <- name l in main" of the chain at the index, without the first
 * `skipped` of its steps, for which there is room in the line above. */
static void add_chain(lua_State *L, luaL_Buffer *text, int chain, lua_Integer skipped) {
    lua_Integer steps = luaL_len(L, chain);
    for (lua_Integer i = 0; i < steps; i++) {
        if (i == NEAR && steps > NEAR + FAR + 1) {
            lua_pushfstring(L, " <- ... %I more ...", (LUAI_UACINT)(steps - NEAR - FAR));
            luaL_addvalue(text);
            i = steps - FAR;
        }
        if (i < skipped) continue;
        luaL_addstring(text, " <- ");
        lua_geti(L, chain, steps - i);
        luaL_tolstring(L, -1, NULL);
        lua_remove(L, -2);
        luaL_addvalue(text);
    }
    luaL_addstring(text, " <- ");
    lua_getfield(L, chain, "root");
    luaL_addvalue(text);
}

static int chain_to_string(lua_State *L) {
    luaL_Buffer text;
    size_t count;
    ouro_lua_enter(L);
    lua_settop(L, 1);
    const uint64_t *ids = ouro_lua_packed(L, 1, &count);
    luaL_buffinit(L, &text);
    lua_pushfstring(L, "#%I", (LUAI_UACINT)ids[count - 1]);
    luaL_addvalue(&text);
    add_chain(L, &text, 1, 0);
    luaL_pushresult(&text);
    return 1;
}

static void push_chain(lua_State *L, const noted_chain *noted, const uint64_t *ids,
                       const scratch *places) {
    static const luaL_Reg functions[] = {{"__index", index_chain},
                                         {"__len", length_of_chain},
                                         {"__tostring", chain_to_string},
                                         {NULL, NULL}};
    static const char *const kinds[] = {[OURO_ROOT_NONE] = "none", [OURO_ROOT_NAME] = "name",
                                        [OURO_ROOT_PIN] = "pin",   [OURO_ROOT_HEAP] = "heap",
                                        [OURO_ROOT_HELD] = "held", [OURO_ROOT_CODE] = "code"};
    lua_createtable(L, 0, 6);
    ouro_lua_set_packed(L, -1, ids, noted->count);
    if (noted->root == OURO_ROOT_HELD) ouro_lua_push_held(L, places, ids[0]);
    else ouro_lua_push_root(L, noted->root, noted->name, noted->frame);
    lua_setfield(L, -2, "root");
    lua_pushstring(L, kinds[noted->root]);
    lua_setfield(L, -2, "kind");
    if (noted->root == OURO_ROOT_NAME) {
        lua_pushstring(L, noted->name);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, noted->frame);
        lua_setfield(L, -2, "frame");
    }
    ouro_lua_set_view(L, "ouro.chain", functions, NULL);
    for (lua_Integer i = 1; (lua_Unsigned)i < noted->count && noted->count <= PLAIN; i++) {
        lua_geti(L, -1, i);
        lua_pop(L, 1);
    }
}

/* ---- all of them, as a tree -------------------------------------------------------------- */

#define LINES 40

/* How many steps, from the object, the two chains of the array at index 1 share. */
static size_t shared_steps(lua_State *L, lua_Integer i, lua_Integer j) {
    size_t count[2], shared = 1;
    const uint64_t *ids[2];
    for (int k = 0; k < 2; k++) {
        lua_rawgeti(L, 1, k == 0 ? i : j);
        ids[k] = ouro_lua_packed(L, -1, &count[k]);
        lua_pop(L, 1);
    }
    while (shared < count[0] && shared < count[1] &&
           ids[0][count[0] - 1 - shared] == ids[1][count[1] - 1 - shared])
        shared++;
    return shared - 1;
}

/* The chain not yet shown that shares most with the last one, the first of those. */
static lua_Integer choose_next(lua_State *L, lua_Integer last, const bool *shown,
                               lua_Integer count, size_t *ret_shared) {
    lua_Integer best = 0;
    *ret_shared = 0;
    for (lua_Integer i = 1; i <= count; i++) {
        if (shown[i]) continue;
        size_t shared = last != 0 ? shared_steps(L, last, i) : 0;
        if (best != 0 && shared <= *ret_shared) continue;
        best = i;
        *ret_shared = shared;
    }
    return best;
}

/* What a line shares with the one above it is left blank: together they are a tree. */
static void add_line(lua_State *L, luaL_Buffer *text, lua_Integer chain, size_t shared) {
    luaL_Buffer head;
    if (shared > NEAR) shared = NEAR;
    luaL_addstring(text, "\n ");
    lua_rawgeti(L, 1, chain);
    int at = lua_gettop(L);
    size_t width = 0;
    lua_Integer steps = luaL_len(L, at);
    luaL_buffinit(L, &head);
    for (size_t i = 0; i < shared; i++) {
        lua_geti(L, at, steps - (lua_Integer)i);
        size_t length;
        luaL_tolstring(L, -1, &length);
        width += length + 4;
        lua_pop(L, 2);
    }
    for (size_t i = 0; i < width; i++) luaL_addchar(&head, ' ');
    add_chain(L, &head, at, (lua_Integer)shared);
    luaL_pushresult(&head);
    lua_remove(L, at);
    luaL_addvalue(text);
}

static void add_tree(lua_State *L, luaL_Buffer *text) {
    bool shown[LINES + 1] = {false};
    lua_Integer total = (lua_Integer)lua_rawlen(L, 1), last = 0;
    lua_Integer count = total < LINES ? total : LINES;
    for (lua_Integer n = 0; n < count; n++) {
        size_t shared;
        last = choose_next(L, last, shown, count, &shared);
        shown[last] = true;
        add_line(L, text, last, shared);
    }
    if (total > count) {
        lua_pushfstring(L, "\n ... %I more", (LUAI_UACINT)(total - count));
        luaL_addvalue(text);
    }
}

static int why_to_string(lua_State *L) {
    luaL_Buffer text;
    ouro_lua_enter(L);
    lua_settop(L, 1);
    ouro_lua_push_title(L, 1);
    lua_getfield(L, 1, "more");
    bool more = lua_toboolean(L, 3);
    luaL_buffinit(L, &text);
    lua_pushvalue(L, 2);
    luaL_addvalue(&text);
    if (lua_rawlen(L, 1) == 0) luaL_addstring(&text, ": nothing keeps it alive");
    add_tree(L, &text);
    if (more) luaL_addstring(&text, "\n ... and more: why(x, {all = true, max = n}) shows n");
    luaL_pushresult(&text);
    return 1;
}

/* ---- why --------------------------------------------------------------------------------- */

typedef struct noting {
    scratch *chains;
    scratch *roots, *places; /* of what Lua holds: those sought, and where */
    lua_Integer count, max;
} noting;

/* One more than max is asked for, to know that there is more. */
static bool note(const ouro_chain *chain, void *context) {
    noting *n = context;
    if (n->count++ == n->max) return false;
    return ouro_lua_note_chain(n->chains, chain);
}

static lua_Integer read_max(lua_State *L, binding *b, int options) {
    lua_Integer max = 20;
    if (!lua_istable(L, options)) return max;
    if (lua_getfield(L, options, "max") != LUA_TNIL &&
        (!ouro_lua_integer_at(L, -1, &max) || max < 1))
        ouro_lua_refuse(L, "max has to be a whole number from 1; got %s",
                        ouro_lua_describe(L, b, -1));
    lua_pop(L, 1);
    return max;
}

static bool read_flag(lua_State *L, int options, const char *name) {
    if (!lua_istable(L, options)) return false;
    lua_getfield(L, options, name);
    bool set = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return set;
}

/* The chain at the offset, which moves on. */
static const uint64_t *next_chain(const noting *n, size_t *at, noted_chain *ret_noted) {
    memcpy(ret_noted, n->chains->bytes + *at, sizeof *ret_noted);
    *at += (sizeof *ret_noted + 7) / 8 * 8;
    const void *ids = n->chains->bytes + *at;
    *at += ret_noted->count * sizeof(uint64_t);
    return ids;
}

static void push_chains(lua_State *L, const noting *n) {
    lua_Integer i = 0;
    for (size_t at = 0; at < n->chains->used;) {
        noted_chain noted;
        const uint64_t *ids = next_chain(n, &at, &noted);
        push_chain(L, &noted, ids, n->places);
        lua_rawseti(L, -2, ++i);
    }
}

/* Where Lua holds the objects that chains begin with. */
static void find_places(lua_State *L, binding *b, const noting *n) {
    for (size_t at = 0; at < n->chains->used && !n->chains->failed;) {
        noted_chain noted;
        const uint64_t *ids = next_chain(n, &at, &noted);
        if (noted.root == OURO_ROOT_HELD && !ouro_lua_seek(n->roots, b, ids[0])) break;
    }
    if (!ouro_lua_find_first(L, b, n->roots, n->places)) n->places->failed = true;
}

static int why(lua_State *L) {
    static const char *const options[] = {"all", "max", NULL};
    static const luaL_Reg functions[] = {{"__tostring", why_to_string}, {NULL, NULL}};
    binding *b = ouro_lua_enter(L);
    lua_settop(L, 2);
    ouro_lua_check_object(L, b, 1);
    ouro_lua_check_options(L, b, 2, options);
    noting n = {.max = read_max(L, b, 2)};
    bool all = read_flag(L, 2, "all");
    n.chains = ouro_lua_push_scratch(L);
    n.roots = ouro_lua_push_scratch(L);
    n.places = ouro_lua_push_scratch(L);
    subject s;
    ouro_object *object = ouro_lua_take(L, b);
    ouro_status status = ouro_lua_note_subject(b, object, &s);
    if (status == OURO_OK) status = ouro_why(object, OURO_LUA_MINE, all, note, &n);
    if (status == OURO_OK) find_places(L, b, &n);
    ouro_lua_give_back(L, b, object);
    ouro_lua_check(L, b, status);
    ouro_lua_scratch_check(L, n.chains);
    ouro_lua_scratch_check(L, n.places);
    lua_newtable(L);
    ouro_lua_set_subject(L, &s);
    push_chains(L, &n);
    lua_pushboolean(L, n.count == 0);
    lua_setfield(L, -2, "garbage");
    lua_pushboolean(L, n.count > n.max);
    lua_setfield(L, -2, "more");
    ouro_lua_scratch_free(n.chains);
    ouro_lua_scratch_free(n.roots);
    ouro_lua_scratch_free(n.places);
    ouro_lua_set_view(L, "ouro.why", functions, NULL);
    ouro_lua_leave(L, b);
    return 1;
}

const luaL_Reg ouro_lua_understanding[] = {
    {"draw", ouro_lua_draw},
    {"mincut", ouro_lua_mincut},
    {"obituary", ouro_lua_obituary},
    {"why", why},
    {"would_free", ouro_lua_would_free},
    {NULL, NULL},
};
