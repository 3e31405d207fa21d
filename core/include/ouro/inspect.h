/* SPDX-License-Identifier: MIT */
/* Inspect: looking, which changes nothing: no collection, no retain, no user code.
 * Objects handed to callbacks are borrowed for the call. Callbacks must not change
 * the heap. Return false to stop. */
#ifndef OURO_INSPECT_H
#define OURO_INSPECT_H

#include "ouro/type.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Live objects; plain and internal ones not counted. Bytes: all cells and buffers. */
OURO_API size_t ouro_heap_live(const ouro_heap *heap);
OURO_API size_t ouro_heap_bytes(const ouro_heap *heap);

typedef bool (*ouro_object_fn)(ouro_object *object, void *context);

/* Every live object in the order of its place in memory (the same in every run);
 * internal ones only with internal set; never plain ones. */
OURO_API void ouro_heap_each(ouro_heap *heap, bool internal, ouro_object_fn each, void *context);

/* One row a type that has live objects, most objects first, then by name. */
typedef struct ouro_census_row {
    const ouro_type *type;
    size_t objects;
    size_t bytes;
} ouro_census_row;
/* ret_rows: owned, freed with ouro_heap_free(heap, rows, count * sizeof *rows).
 * Includes plain and internal types. OURO_E_NOMEM. */
OURO_API ouro_status ouro_heap_census(ouro_heap *heap, ouro_census_row **ret_rows,
                                      size_t *ret_count) OURO_MUST_CHECK;

/* Each counted reference to target: the referring object and its label; an object that
 * refers twice comes twice. Pins come with a NULL referrer. The heap's own references
 * (pending finalize records, the frame stack) come with a NULL referrer and the label's
 * text saying which. What then remains of the count belongs to C code. */
typedef bool (*ouro_referrer_fn)(ouro_object *referrer, const ouro_label *label, void *context);
OURO_API void ouro_object_referrers(ouro_object *target, ouro_referrer_fn each, void *context);

/* Strongly connected groups (Gabow 2000, path-based, without recursion): groups of two
 * or more objects, and single ones that refer to themselves. each_group gets the members
 * in order of discovery, and whether the group is garbage: nothing counted from outside
 * any garbage, and nothing held, reaches it. OURO_E_NOMEM; OURO_E_BUSY within a collection. */
typedef bool (*ouro_group_fn)(ouro_object *const *members, size_t count, bool garbage,
                              void *context);
OURO_API ouro_status ouro_heap_cycles(ouro_heap *heap, ouro_group_fn each,
                                      void *context) OURO_MUST_CHECK;

/* Objects that a full collection would find, without collecting. OURO_E_BUSY within
 * a collection. */
OURO_API ouro_status ouro_heap_leaked(ouro_heap *heap, ouro_object_fn each,
                                      void *context) OURO_MUST_CHECK;

/* A growing text, for repr: zero it, use it, free it. */
typedef struct ouro_text {
    ouro_heap *heap;
    char *bytes; /* borrowed; NUL-terminated, NULL when empty */
    size_t length;
    size_t capacity;
} ouro_text;
OURO_API ouro_status ouro_text_add(ouro_text *text, const char *bytes,
                                   size_t length) OURO_MUST_CHECK;
OURO_API void ouro_text_free(ouro_text *text);

/* Text of any value: [1, 2], (1, 2), {a: 1}, set{1}, Node(val=1, next=nil),
 * "..." for strings inside others; [...] where a structure returns to itself. At most
 * max_depth levels and max_items items in all (0: 6 and 200), then the rest as a count.
 * Iterative. custom, if not NULL, is asked first for each object: returns OURO_OK and
 * has appended, or OURO_E_KEY to decline; it may run user code. */
typedef ouro_status (*ouro_repr_fn)(ouro_object *object, ouro_text *text, void *context);
typedef struct ouro_repr_options {
    size_t struct_size; /* sizeof(ouro_repr_options) */
    size_t max_depth;
    size_t max_items;
    ouro_repr_fn custom;
    void *context;
} ouro_repr_options;
OURO_API ouro_status ouro_repr(ouro_heap *heap, ouro_value v, const ouro_repr_options *options,
                               ouro_text *text) OURO_MUST_CHECK;

/* Recomputes everything from scratch: counts against references, tables, block lists,
 * side tables. *ret_message (may be NULL): borrowed, the first thing that is off.
 * OURO_E_CORRUPT, OURO_E_NOMEM. Counts that C code or the holder owns are allowed for:
 * an object may have more counts than references are found, never fewer. */
OURO_API ouro_status ouro_heap_check(ouro_heap *heap, const char **ret_message) OURO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
