/* SPDX-License-Identifier: MIT */
/* Places: where Lua refers to a managed object, in words: "local 'n' at script.lua:12",
 * "t.list[4] of table, local 't' at script.lua:3".
 *
 * Lua's heap is walked on demand, in breadth, from the stacks, the globals, package.loaded and
 * the registry, so that each place is named by a shortest path. The walk reads without
 * metamethods, runs no code of scripts and no finalizer, makes no managed object and keeps no
 * handle; the module's own tables of handles are weak and so no places. It costs time and
 * memory in proportion to Lua's heap.
 *
 * places.c walks; stacks.c does the stacks of threads; placetext.c writes. */
#ifndef OURO_LUA_PLACES_H
#define OURO_LUA_PLACES_H

#include "pool.h"
#include "view.h"

/* An object whose places are asked for. */
typedef struct sought {
    ouro_object *object;
    uint64_t key; /* the caller's */
    size_t found; /* how many places, also those not written down */
} sought;

/* One of them. */
typedef struct place {
    uint64_t key; /* of the sought */
    const char *kind; /* "local", "upvalue", "field", "key", "user value" */
    int line;   /* of a local or the function of an upvalue; 0: none */
    char label[64]; /* the name or the key */
    char source[LUA_IDSIZE];
    char text[320];
} place;

/* Appends to the scratch the first `most` places of each object, nearest first. Sorts the
 * array of those sought. For the function that a script has called and that keeps the objects;
 * raises nothing, false: no memory. */
bool ouro_lua_find_places(lua_State *L, binding *b, sought *objects, size_t count, size_t most,
                          scratch *places);
/* The place at that position of the scratch; NULL beyond the end. */
const place *ouro_lua_place_at(const scratch *places, size_t position);

/* --- held.c ------------------------------------------------------------------------------- */
/* Adds the object of that id to an array of those sought; the id is its key. */
bool ouro_lua_seek(scratch *objects, binding *b, uint64_t id);
/* The nearest place of each. As ouro_lua_find_places. */
bool ouro_lua_find_first(lua_State *L, binding *b, scratch *objects, scratch *places);
/* NULL: there is none. */
const place *ouro_lua_first_place(const scratch *places, uint64_t id);
/* Pushes "held by Lua: local 'n' at script.lua:12", or just "held by Lua" where no place is
 * known. places may be NULL. */
void ouro_lua_push_held(lua_State *L, const scratch *places, uint64_t id);

/* ---- the walk ------------------------------------------------------------------------------ */

/* How a value is reached from the node before it. In this order places of one table are told. */
typedef enum edge_kind {
    EDGE_ROOT, /* text: its name */
    EDGE_GLOBALS,
    EDGE_LOCAL, /* text: as lua_getlocal says; key: which vararg, or 0 */
    EDGE_CALLED, /* the function of a frame */
    EDGE_PENDING, /* of a coroutine that has not begun */
    EDGE_UPVALUE, /* text: its name; number: which */
    EDGE_METATABLE,
    EDGE_FIELD, /* of that key */
    EDGE_KEY,
    EDGE_USERVALUE, /* number: which */
    EDGE_BOX /* object: a box that keeps the value */
} edge_kind;

typedef enum key_kind { KEY_INTEGER, KEY_FLOAT, KEY_STRING, KEY_BOOLEAN, KEY_HANDLE, KEY_OTHER }
    key_kind;

/* Texts are Lua's, and stay while nothing is collected. */
typedef struct edge {
    uint8_t kind, key;
    uint32_t parent; /* a node */
    union {
        const char *text;
        lua_Integer integer;
        lua_Number number;
        ouro_object *object;
    };
    size_t length; /* of the text; of a local: the offset of its frame_note */
} edge;

typedef struct frame_note {
    char source[LUA_IDSIZE];
    char name[32]; /* of a C function */
    int line;      /* of the Lua function, or the nearest that called the C function */
    bool c;
} frame_note;

typedef struct walk {
    lua_State *L;
    binding *b;
    sought *objects; /* by address */
    size_t count, most;
    scratch *places;
    scratch *edges;  /* by node */
    scratch *queue;  /* nodes, as uint64_t, in the order in which they are visited */
    scratch *seen;   /* an open table of pointers and nodes */
    scratch *hits;   /* edges to those sought, from the node being visited */
    scratch *frames;
    size_t seen_used, batch; /* batch: the first node found from the one being visited */
    bool sorts;              /* that node's edges come in no order */
    const lua_State *main;
    const ouro_object *last_box; /* and its place */
    bool last_framed;
    char last_place[160];
} walk;

/* Where things are on the Lua stack of the walk. */
enum { WALK_ARGUMENT = 1, WALK_NODES, WALK_TOP = 8 };

const edge *ouro_lua_walk_edge(const walk *w, size_t node);
/* The value at the top, popped, is reached over the edge. */
void ouro_lua_walk_visit(walk *w, const edge *e);

/* --- stacks.c ----------------------------------------------------------------------------- */
/* Visits what the stack of the thread, which is that node, refers to. */
void ouro_lua_walk_stack(walk *w, uint32_t node, lua_State *thread);
/* Writes where the thread stands: "suspended at script.lua:40". */
void ouro_lua_describe_thread(lua_State *thread, char *buffer, size_t size);

/* --- placetext.c -------------------------------------------------------------------------- */
/* Writes the place down: an object is reached over the edge. */
void ouro_lua_write_place(walk *w, const edge *e, place *ret_place);

#endif
