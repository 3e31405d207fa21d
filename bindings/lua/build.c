/* SPDX-License-Identifier: MIT */
/* Build: the table `build`: ready structures of any size, made by the core.
 *
 * Where no class is given, the heap's own is used, called Node, with the slots that fit. It is
 * kept from its first use on as an attribute of the class of open objects, which the heap
 * itself keeps: so the structure's last reference frees just the structure, and a ring of a
 * thousand nodes is a thousand objects of garbage. These classes are on no books (view.h). */
#include <stdio.h>
#include <string.h>

#include "view.h"

/* No script writes such a name by accident. */
#define KEY_PREFIX "build: "

/* ---- the classes ------------------------------------------------------------------------- */

ouro_object *ouro_lua_hiding_place(lua_State *L, const binding *b) {
    if (b->closing) return NULL; /* it goes before the last finalizers run */
    ouro_lua_push_private(L);
    lua_getfield(L, -1, "hiding place");
    ouro_object *place = lua_touserdata(L, -1);
    lua_pop(L, 2);
    return place;
}

/* The class of open objects: it lives as long as the heap. */
static ouro_object *make_hiding_place(lua_State *L, binding *b) {
    ouro_object *bag, *place = ouro_lua_hiding_place(L, b);
    if (place != NULL) return place;
    ouro_lua_mute_events(L, b, true);
    ouro_status status = ouro_bag_new(b->heap, &bag);
    if (status == OURO_OK) {
        place = ouro_record_class(bag);
        ouro_release(bag);
        b->untold++;
    }
    ouro_lua_mute_events(L, b, false);
    ouro_lua_check(L, b, status);
    ouro_lua_push_private(L);
    lua_pushlightuserdata(L, place);
    lua_setfield(L, -2, "hiding place");
    lua_pop(L, 1);
    return place;
}

typedef struct counting {
    const ouro_object *wanted; /* NULL: count all */
    size_t count, bytes;
} counting;

static bool count_hidden(const ouro_label *label, ouro_value value, void *context) {
    counting *c = context;
    size_t length = strlen(KEY_PREFIX);
    ouro_object *cls = ouro_value_object(value);
    bool ours = label->kind == OURO_LABEL_NAME && label->length > length &&
                memcmp(label->text, KEY_PREFIX, length) == 0;
    if (!ours || cls == NULL || (c->wanted != NULL && c->wanted != cls)) return true;
    c->count++;
    c->bytes += ouro_object_size(cls);
    return true;
}

size_t ouro_lua_count_hidden(ouro_object *place, size_t *ret_bytes) {
    counting c = {NULL, 0, 0};
    if (place != NULL) ouro_object_refs(place, count_hidden, &c);
    if (ret_bytes != NULL) *ret_bytes = c.bytes;
    return c.count;
}

bool ouro_lua_is_hidden(ouro_object *place, const ouro_object *object) {
    counting c = {object, 0, 0};
    if (place != NULL) ouro_object_refs(place, count_hidden, &c);
    return c.count > 0;
}

/* What the class needs: the slot val, the named ones, and `numbered` ones of that letter. */
typedef struct shape {
    const char *what;
    const char *named[3];
    char letter;
    size_t numbered;
} shape;

#define NAME_SIZE 24
#define MOST_SLOTS 65534

/* Pushes a userdata that has the names, and returns them. */
static const char **push_slots(lua_State *L, const shape *s, size_t *ret_count) {
    size_t most = s->numbered + 4, count = 0;
    const char **slots = lua_newuserdatauv(L, most * (sizeof *slots + NAME_SIZE), 0);
    char *name = (char *)(slots + most);
    slots[count++] = "val";
    for (size_t i = 0; i < 3 && s->named[i] != NULL; i++) slots[count++] = s->named[i];
    for (size_t i = 1; i <= s->numbered; i++, name += NAME_SIZE) {
        snprintf(name, NAME_SIZE, "%c%zu", s->letter, i);
        slots[count++] = name;
    }
    *ret_count = count;
    return slots;
}

/* Borrowed from the hiding place. */
static ouro_object *default_class(lua_State *L, binding *b, const shape *s) {
    char key[48];
    ouro_object *place = make_hiding_place(L, b), *cls;
    size_t length = (size_t)snprintf(key, sizeof key, KEY_PREFIX "%s %zu", s->what, s->numbered);
    ouro_value known = ouro_class_lookup(place, key, length);
    if (ouro_value_is_object(known)) return ouro_value_object(known);
    size_t count;
    const char **slots = push_slots(L, s, &count);
    ouro_lua_mute_events(L, b, true);
    ouro_status status = ouro_class_new(b->heap, "Node", slots, count, NULL, &cls);
    ouro_lua_mute_events(L, b, false);
    lua_pop(L, 1);
    ouro_lua_check(L, b, status);
    status = ouro_class_set(place, key, length, ouro_value_of_object(cls));
    ouro_release(cls);
    ouro_lua_check(L, b, status);
    return cls;
}

/* The class at the index, or the one that fits the shape; borrowed. */
static ouro_object *class_at(lua_State *L, binding *b, int index, const char *what,
                             const shape *s) {
    if (lua_isnoneornil(L, index)) return default_class(L, b, s);
    ouro_object *cls = ouro_lua_object_at(L, b, index);
    if (cls == NULL || !ouro_is_class(cls))
        luaL_error(L, "build.%s: the class of the nodes has to be a class; got %s", what,
                   ouro_lua_describe(L, b, index));
    return cls;
}

/* ---- arguments --------------------------------------------------------------------------- */

/* The whole number at the index, which is at least `least`. */
static size_t check_number(lua_State *L, int index, lua_Integer least, const char *what,
                           const char *name) {
    lua_Integer number;
    if (!ouro_lua_integer_at(L, index, &number) || number < least) {
        const char *got = lua_isnoneornil(L, index) ? "nothing" : luaL_tolstring(L, index, NULL);
        luaL_error(L, "build.%s: %s has to be a whole number of at least %I; got %s", what, name,
                   (LUAI_UACINT)least, got);
    }
    return (size_t)number;
}

static size_t check_references(lua_State *L, int index, const char *what, const char *name) {
    size_t number = check_number(L, index, 1, what, name);
    if (number > MOST_SLOTS)
        luaL_error(L, "build.%s: %s can be %d at most; got %I", what, name, MOST_SLOTS,
                   (LUAI_UACINT)number);
    return number;
}

static int finish(lua_State *L, binding *b, ouro_status status, ouro_object *made) {
    ouro_lua_check(L, b, status);
    ouro_lua_hand_over(L, b, made);
    ouro_lua_leave(L, b);
    return 1;
}

/* ---- the structures ---------------------------------------------------------------------- */

static const shape chain_shape = {.what = "chain", .named = {"next"}};

static int chain(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_object *made = NULL;
    size_t n = check_number(L, 1, 1, "chain", "the number of nodes");
    ouro_object *cls = class_at(L, b, 2, "chain", &chain_shape);
    ouro_status status = ouro_build_chain(b->heap, cls, n, &made);
    return finish(L, b, status, made);
}

/* The class is that of chains. Only what has a handle, which might be refused, is closed to a
 * ring: nothing would undo one. */
static int ring(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_object *first = NULL;
    size_t n = check_number(L, 1, 1, "ring", "the number of nodes");
    ouro_object *cls = class_at(L, b, 2, "ring", &chain_shape);
    ouro_lua_check(L, b, ouro_build_chain(b->heap, cls, n, &first));
    ouro_lua_hand_over(L, b, first);
    ouro_object *last = first, *next;
    while ((next = ouro_value_object(ouro_record_slot(last, 1))) != NULL) last = next;
    ouro_record_set_slot(last, 1, ouro_value_of_object(first));
    ouro_lua_leave(L, b);
    return 1;
}

static int tree(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_object *made = NULL;
    size_t depth = check_number(L, 1, 0, "tree", "the depth");
    size_t fanout = 2;
    if (!lua_isnoneornil(L, 2)) fanout = check_references(L, 2, "tree", "the fanout");
    shape s = {.what = "tree", .letter = 'c', .numbered = fanout};
    if (fanout == 2) s = (shape){.what = "tree", .named = {"left", "right"}};
    ouro_object *cls = class_at(L, b, 3, "tree", &s);
    ouro_status status = ouro_build_tree(b->heap, cls, depth, fanout, &made);
    return finish(L, b, status, made);
}

static int grid(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_object *made = NULL;
    static const shape s = {.what = "grid", .named = {"right", "down"}};
    size_t width = check_number(L, 1, 1, "grid", "the width");
    size_t height = check_number(L, 2, 1, "grid", "the height");
    ouro_object *cls = class_at(L, b, 3, "grid", &s);
    ouro_status status = ouro_build_grid(b->heap, cls, width, height, &made);
    return finish(L, b, status, made);
}

/* Every option in the table at index 1 has to be one of them. */
static void check_options(lua_State *L, binding *b) {
    static const char *const known[] = {"nodes", "degree", "seed", "class"};
    if (!lua_istable(L, 1))
        luaL_error(L, "build.graph: give a table, such as {nodes = 100, degree = 3, seed = 1}; "
                      "got %s",
                   ouro_lua_describe(L, b, 1));
    for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
        size_t i = 0;
        while (i < 4 && (key == NULL || strcmp(key, known[i]) != 0)) i++;
        if (i < 4) continue;
        luaL_tolstring(L, -2, NULL);
        luaL_error(L, "build.graph: there is no option '%s'; there are nodes, degree, seed and "
                      "class",
                   lua_tostring(L, -1));
    }
}

static int graph(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_object *made = NULL;
    lua_Integer seed = 1;
    lua_settop(L, 1);
    check_options(L, b);
    lua_getfield(L, 1, "nodes");
    lua_getfield(L, 1, "degree");
    lua_getfield(L, 1, "seed");
    lua_getfield(L, 1, "class");
    size_t nodes = check_number(L, 2, 1, "graph", "nodes");
    size_t degree = lua_isnil(L, 3) ? 2 : check_references(L, 3, "graph", "degree");
    if (!lua_isnil(L, 4) && !ouro_lua_integer_at(L, 4, &seed))
        return luaL_error(L, "build.graph: seed has to be a whole number; got %s",
                          luaL_tolstring(L, 4, NULL));
    shape s = {.what = "graph", .letter = 'e', .numbered = degree};
    ouro_object *cls = class_at(L, b, 5, "graph", &s);
    ouro_lua_check(L, b, ouro_list_new(b->heap, NULL, 0, &made));
    ouro_lua_hand_over(L, b, made);
    ouro_lua_check(L, b, ouro_build_graph_in(made, cls, nodes, degree, (uint64_t)seed));
    ouro_lua_leave(L, b);
    return 1;
}

const luaL_Reg ouro_lua_build[] = {
    {"chain", chain}, {"graph", graph}, {"grid", grid},
    {"ring", ring},   {"tree", tree},   {NULL, NULL},
};
