/* SPDX-License-Identifier: MIT */
/* Places: walks Lua's heap for the references to managed objects (places.h).
 *
 * A value that has been found becomes a node: it is kept in a table for the time of the walk,
 * and how it was reached is kept as an edge. Handles are no nodes: what managed objects refer
 * to is the core's to say, and the Lua values in them are reached by their boxes. Of a table,
 * whose order is that of addresses, all edges are sorted before one of them counts. */
#include "places.h"

#include <string.h>

/* ---- what has been seen ------------------------------------------------------------------ */

typedef struct seen_entry {
    const void *value; /* NULL: free */
    size_t node;
} seen_entry;

static void out_of_memory(const walk *w) {
    luaL_error(w->L, "not enough memory");
}

static void *need(const walk *w, scratch *s, size_t size) {
    void *room = ouro_lua_scratch_add(s, size);
    if (room == NULL) out_of_memory(w);
    return room;
}

static size_t places_of(const scratch *seen) {
    return seen->used / sizeof(seen_entry);
}

/* The entry of the value, or the free one where it would be. */
static seen_entry *look_up(const scratch *seen, const void *value) {
    seen_entry *entries = (seen_entry *)(void *)seen->bytes;
    size_t mask = places_of(seen) - 1;
    size_t at = (size_t)(((uintptr_t)value >> 3) * UINT64_C(0x9E3779B97F4A7C15) >> 20) & mask;
    while (entries[at].value != NULL && entries[at].value != value) at = (at + 1) & mask;
    return &entries[at];
}

/* At most half full. */
static void make_room(walk *w) {
    size_t old = places_of(w->seen), wanted = old != 0 ? old * 2 : 256;
    if (w->seen_used * 2 < old) return;
    scratch fresh = {.alloc = w->seen->alloc, .user = w->seen->user};
    void *entries = need(w, &fresh, wanted * sizeof(seen_entry));
    memset(entries, 0, wanted * sizeof(seen_entry));
    const seen_entry *from = (const seen_entry *)(const void *)w->seen->bytes;
    for (size_t i = 0; i < old; i++)
        if (from[i].value != NULL) *look_up(&fresh, from[i].value) = from[i];
    ouro_lua_scratch_free(w->seen);
    *w->seen = fresh;
}

/* ---- order within a table ---------------------------------------------------------------- */

static int compare_texts(const edge *a, const edge *b) {
    size_t shared = a->length < b->length ? a->length : b->length;
    int order = shared > 0 ? memcmp(a->text, b->text, shared) : 0;
    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

static int compare_edges(const edge *a, const edge *b) {
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    if (a->key != b->key) return a->key < b->key ? -1 : 1;
    switch ((key_kind)a->key) {
    case KEY_STRING: return compare_texts(a, b);
    case KEY_FLOAT: return (a->number > b->number) - (a->number < b->number);
    case KEY_OTHER: return 0;
    default: return (a->integer > b->integer) - (a->integer < b->integer);
    }
}

typedef const edge *(*edge_at_fn)(const walk *w, uint64_t item);

/* Sifts down in a heap whose largest is first. */
static void sift(const walk *w, uint64_t *items, size_t count, size_t at, edge_at_fn edge_at) {
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count &&
            compare_edges(edge_at(w, items[child]), edge_at(w, items[child + 1])) < 0)
            child++;
        if (compare_edges(edge_at(w, items[at]), edge_at(w, items[child])) >= 0) return;
        uint64_t item = items[at];
        items[at] = items[child];
        items[child] = item;
    }
}

/* In place: the sort of Williams (1964). What is in order, as arrays are, is left alone. */
static void sort_items(const walk *w, uint64_t *items, size_t count, edge_at_fn edge_at) {
    size_t sorted = 1;
    while (sorted < count &&
           compare_edges(edge_at(w, items[sorted - 1]), edge_at(w, items[sorted])) <= 0)
        sorted++;
    if (sorted >= count) return;
    for (size_t i = count / 2; i-- > 0;) sift(w, items, count, i, edge_at);
    for (size_t i = count; i-- > 1;) {
        uint64_t item = items[0];
        items[0] = items[i];
        items[i] = item;
        sift(w, items, i, 0, edge_at);
    }
}

const edge *ouro_lua_walk_edge(const walk *w, size_t node) {
    return (const edge *)(const void *)w->edges->bytes + node;
}

static const edge *edge_of_node(const walk *w, uint64_t node) {
    return ouro_lua_walk_edge(w, node);
}

/* ---- hits -------------------------------------------------------------------------------- */

typedef struct hit {
    edge over;
    size_t object; /* which of those sought */
} hit;

static const edge *edge_of_hit(const walk *w, uint64_t hit_index) {
    return &((const hit *)(const void *)w->hits->bytes + hit_index)->over;
}

static void find_sought(walk *w, const ouro_object *object, const edge *e) {
    size_t low = 0, high = w->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((uintptr_t)w->objects[middle].object < (uintptr_t)object) low = middle + 1;
        else high = middle;
    }
    if (low == w->count || w->objects[low].object != object) return;
    hit h = {.over = *e, .object = low};
    memcpy(need(w, w->hits, sizeof h), &h, sizeof h);
}

static void write_hits(walk *w) {
    size_t count = w->hits->used / sizeof(hit), end = w->queue->used;
    if (count == 0) return;
    uint64_t *order = need(w, w->queue, count * sizeof *order);
    for (size_t i = 0; i < count; i++) order[i] = i;
    if (w->sorts) sort_items(w, order, count, edge_of_hit);
    for (size_t i = 0; i < count; i++) {
        hit h;
        memcpy(&h, w->hits->bytes + order[i] * sizeof h, sizeof h);
        if (w->objects[h.object].found++ >= w->most) continue;
        place p;
        memset(&p, 0, sizeof p);
        p.key = w->objects[h.object].key;
        ouro_lua_write_place(w, &h.over, &p);
        memcpy(need(w, w->places, sizeof p), &p, sizeof p);
    }
    w->queue->used = end;
    w->hits->used = 0;
}

/* ---- nodes ------------------------------------------------------------------------------- */

static void add_node(walk *w, const edge *e) {
    lua_State *L = w->L;
    make_room(w);
    seen_entry *seen = look_up(w->seen, lua_topointer(L, -1));
    if (seen->value != NULL) {
        edge *known = (edge *)(void *)w->edges->bytes + seen->node;
        if (w->sorts && seen->node >= w->batch && compare_edges(e, known) < 0) *known = *e;
        return;
    }
    uint64_t node = w->edges->used / sizeof *e;
    if (node >= UINT32_MAX) out_of_memory(w);
    memcpy(need(w, w->edges, sizeof *e), e, sizeof *e);
    memcpy(need(w, w->queue, sizeof node), &node, sizeof node);
    *seen = (seen_entry){lua_topointer(L, -1), node};
    w->seen_used++;
    lua_pushvalue(L, -1);
    lua_rawseti(L, WALK_NODES, (lua_Integer)node + 1);
}

void ouro_lua_walk_visit(walk *w, const edge *e) {
    lua_State *L = w->L;
    int type = lua_type(L, -1);
    const handle_pool *pool = w->b->pool;
    const slot *s = type == LUA_TUSERDATA ? ouro_lua_pool_find(pool, lua_touserdata(L, -1)) : NULL;
    if (s != NULL) {
        const ouro_object *object = *ouro_lua_payload(pool, s);
        if (s->state == SLOT_HANDLE && object != NULL) find_sought(w, object, e);
    } else if (type == LUA_TTABLE || type == LUA_TFUNCTION || type == LUA_TTHREAD ||
               type == LUA_TUSERDATA) {
        add_node(w, e);
    }
    lua_pop(L, 1);
}

/* ---- tables ------------------------------------------------------------------------------ */

static void visit_metatable(walk *w, uint32_t node, int index) {
    edge e = {.kind = EDGE_METATABLE, .parent = node, .key = KEY_OTHER};
    if (lua_getmetatable(w->L, index)) ouro_lua_walk_visit(w, &e);
}

/* The __mode of the table at the index, as Lua's collector reads it. */
static const char *mode_of(lua_State *L, int index) {
    const char *mode = "";
    if (!lua_getmetatable(L, index)) return mode;
    lua_pushliteral(L, "__mode");
    if (lua_rawget(L, -2) == LUA_TSTRING) mode = lua_tostring(L, -1);
    lua_pop(L, 2);
    return mode; /* the metatable has it */
}

static edge field_edge(const walk *w, uint32_t node, int key) {
    lua_State *L = w->L;
    edge e = {.kind = EDGE_FIELD, .key = KEY_OTHER, .parent = node};
    const slot *s;
    switch (lua_type(L, key)) {
    case LUA_TSTRING:
        e.key = KEY_STRING;
        e.text = lua_tolstring(L, key, &e.length);
        break;
    case LUA_TNUMBER:
        e.key = lua_isinteger(L, key) ? KEY_INTEGER : KEY_FLOAT;
        if (e.key == KEY_INTEGER) e.integer = lua_tointeger(L, key);
        else e.number = lua_tonumber(L, key);
        break;
    case LUA_TBOOLEAN:
        e.key = KEY_BOOLEAN;
        e.integer = lua_toboolean(L, key);
        break;
    case LUA_TUSERDATA:
        s = ouro_lua_pool_find(w->b->pool, lua_touserdata(L, key));
        if (s == NULL || s->state != SLOT_HANDLE || *ouro_lua_payload(w->b->pool, s) == NULL)
            break;
        e.key = KEY_HANDLE;
        e.object = *ouro_lua_payload(w->b->pool, s);
        break;
    default: break;
    }
    return e;
}

/* A weak key's value is held by the table as long as Lua has the key, which is what its
 * collector has just found out. */
static void visit_table(walk *w, uint32_t node, int table) {
    lua_State *L = w->L;
    const char *mode = mode_of(L, table);
    bool weak_keys = strchr(mode, 'k') != NULL, weak_values = strchr(mode, 'v') != NULL;
    visit_metatable(w, node, table);
    if (weak_keys && weak_values) return;
    lua_pushnil(L);
    while (lua_next(L, table) != 0) {
        edge e = field_edge(w, node, -2);
        if (weak_values) lua_pop(L, 1);
        else ouro_lua_walk_visit(w, &e);
        if (weak_keys) continue;
        e = (edge){.kind = EDGE_KEY, .key = KEY_OTHER, .parent = node};
        lua_pushvalue(L, -1);
        ouro_lua_walk_visit(w, &e);
    }
}

/* ---- functions and userdata -------------------------------------------------------------- */

static void visit_function(walk *w, uint32_t node, int function) {
    const char *name;
    for (int i = 1; (name = lua_getupvalue(w->L, function, i)) != NULL; i++) {
        edge e = {.kind = EDGE_UPVALUE, .parent = node, .text = name, .length = (size_t)i};
        ouro_lua_walk_visit(w, &e);
    }
}

static void visit_own(walk *w, const binding *b, int ref, edge_kind kind, const char *name) {
    edge e = {.kind = (uint8_t)kind, .text = name, .length = strlen(name)};
    if (ouro_lua_push_own(w->L, b, ref)) ouro_lua_walk_visit(w, &e);
}

/* The userdata of a heap, which keeps the values in boxes and what gc.on was given. The rest
 * of its own is the module's. */
static void visit_heap(walk *w, uint32_t node, const binding *b) {
    if (b->heap == NULL) return;
    edge builtins = {.kind = EDGE_ROOT, .text = "ouro", .length = 4};
    if (ouro_lua_push_place(w->L, b, OWN_BUILTINS)) ouro_lua_walk_visit(w, &builtins);
    visit_own(w, b, b->listeners, EDGE_ROOT, "gc.on");
    visit_own(w, b, b->on_error, EDGE_ROOT, "gc.on_error");
    for (size_t i = 1; i < b->box_capacity; i++) {
        ouro_object *box = ouro_lua_box_at(b, i);
        edge e = {.kind = EDGE_BOX, .parent = node, .object = box};
        if (box != NULL && ouro_lua_push_box(w->L, b, box)) ouro_lua_walk_visit(w, &e);
    }
}

static void visit_userdata(walk *w, uint32_t node, int index) {
    lua_State *L = w->L;
    const binding *b = luaL_testudata(L, index, "ouro.heap");
    visit_metatable(w, node, index);
    if (b != NULL) {
        visit_heap(w, node, b);
        return;
    }
    for (int i = 1; lua_getiuservalue(L, index, i) != LUA_TNONE; i++) {
        edge e = {.kind = EDGE_USERVALUE, .parent = node, .integer = i};
        ouro_lua_walk_visit(w, &e);
    }
    lua_pop(L, 1);
}

/* ---- the walk ---------------------------------------------------------------------------- */

static void visit_node(walk *w, uint64_t node) {
    lua_State *L = w->L;
    size_t first = w->queue->used / sizeof(uint64_t);
    w->batch = w->edges->used / sizeof(edge);
    lua_rawgeti(L, WALK_NODES, (lua_Integer)node + 1);
    int type = lua_type(L, -1), index = lua_gettop(L);
    w->sorts = type == LUA_TTABLE;
    if (type == LUA_TTABLE) visit_table(w, (uint32_t)node, index);
    else if (type == LUA_TFUNCTION) visit_function(w, (uint32_t)node, index);
    else if (type == LUA_TTHREAD) ouro_lua_walk_stack(w, (uint32_t)node, lua_tothread(L, index));
    else visit_userdata(w, (uint32_t)node, index);
    lua_settop(L, index - 1);
    uint64_t *queue = (uint64_t *)(void *)w->queue->bytes;
    size_t end = w->queue->used / sizeof *queue;
    if (w->sorts) sort_items(w, queue + first, end - first, edge_of_node);
    write_hits(w);
}

static void add_root(walk *w, edge_kind kind, const char *name) {
    edge e = {.kind = (uint8_t)kind, .text = name, .length = strlen(name)};
    ouro_lua_walk_visit(w, &e);
}

/* The metatable that all values of a type share; one of them is at the top, popped. */
static void add_shared_metatable(walk *w, const char *name) {
    lua_State *L = w->L;
    if (lua_getmetatable(L, -1)) add_root(w, EDGE_ROOT, name);
    lua_pop(L, 1);
}

static int run(lua_State *L);

/* In order of how well they say where: a name that is in sight first. */
static void add_roots(walk *w) {
    lua_State *L = w->L;
    lua_pushthread(L);
    add_root(w, EDGE_ROOT, "thread");
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    w->main = lua_tothread(L, -1);
    add_root(w, EDGE_ROOT, "thread");
    lua_pushglobaltable(L);
    add_root(w, EDGE_GLOBALS, "_G");
    lua_pushliteral(L, LUA_LOADED_TABLE);
    lua_rawget(L, LUA_REGISTRYINDEX);
    add_root(w, EDGE_ROOT, "package.loaded");
    lua_pushvalue(L, LUA_REGISTRYINDEX);
    add_root(w, EDGE_ROOT, "registry");
    lua_pushliteral(L, "");
    add_shared_metatable(w, "metatable of strings");
    lua_pushinteger(L, 0);
    add_shared_metatable(w, "metatable of numbers");
    lua_pushcfunction(L, run);
    add_shared_metatable(w, "metatable of functions");
    lua_pushboolean(L, true);
    add_shared_metatable(w, "metatable of booleans");
    lua_pushnil(L);
    add_shared_metatable(w, "metatable of nil");
    lua_pushthread(L);
    add_shared_metatable(w, "metatable of threads");
    lua_pushlightuserdata(L, w);
    add_shared_metatable(w, "metatable of light userdata");
}

/* Argument: the walk. */
static int run(lua_State *L) {
    walk *w = lua_touserdata(L, WALK_ARGUMENT);
    scratch **const own[] = {&w->edges, &w->queue, &w->seen, &w->hits, &w->frames};
    luaL_checkstack(L, 2 * LUA_MINSTACK, NULL);
    lua_newtable(L);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) *own[i] = ouro_lua_push_scratch(L);
    w->L = L;
    lua_settop(L, WALK_TOP);
    add_roots(w);
    for (size_t at = 0; at < w->queue->used; at += sizeof(uint64_t)) {
        uint64_t node;
        memcpy(&node, w->queue->bytes + at, sizeof node);
        visit_node(w, node);
    }
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) ouro_lua_scratch_free(*own[i]);
    return 0;
}

/* By address, each once. Returns how many are left. */
static size_t sort_sought(sought *objects, size_t count) {
    size_t left = 0;
    for (size_t i = 1; i < count; i++) {
        sought moved = objects[i];
        size_t at = i;
        for (; at > 0 && (uintptr_t)objects[at - 1].object > (uintptr_t)moved.object; at--)
            objects[at] = objects[at - 1];
        objects[at] = moved;
    }
    for (size_t i = 0; i < count; i++)
        if (left == 0 || objects[left - 1].object != objects[i].object)
            objects[left++] = objects[i];
    return left;
}

bool ouro_lua_find_places(lua_State *L, binding *b, sought *objects, size_t count, size_t most,
                          scratch *places) {
    walk w = {.b = b, .objects = objects, .most = most, .places = places};
    if (count == 0) return true;
    if (!lua_checkstack(L, 4)) return false;
    w.count = sort_sought(objects, count);
    bool running = lua_gc(L, LUA_GCISRUNNING) > 0;
    lua_gc(L, LUA_GCSTOP); /* what is shown must not change under the walk */
    lua_pushcfunction(L, run);
    lua_pushlightuserdata(L, &w);
    bool done = lua_pcall(L, 1, 0, 0) == LUA_OK;
    if (!done) lua_pop(L, 1);
    if (running) lua_gc(L, LUA_GCRESTART);
    return done;
}
