/* SPDX-License-Identifier: MIT */
/* Understand: why an object lives, what lives because of it, and what would happen if.
 *
 * All of this looks and changes nothing, as inspect.h says; it takes memory through the
 * heap's account while it looks, and gives all of it back. Objects and texts handed to
 * callbacks are borrowed for the call; callbacks must not change the heap. Return false to
 * stop. What waits for the holder is best settled before (ouro_settle).
 *
 * `mine`: a caller that has retained the object in question to keep it for the call says how
 * many counts of it are its own; they are no reason to live. Weak references never are one.
 * The value of a weak dictionary's key lives by dictionary and key together.
 *
 * All of them: OURO_E_NOMEM; OURO_E_LIMIT for want of memory under max_bytes, and for a heap
 * of more than 2^31 objects. */
#ifndef OURO_UNDERSTAND_H
#define OURO_UNDERSTAND_H

#include "ouro/type.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What an object may live by without any other object. */
typedef enum ouro_root {
    OURO_ROOT_NONE,
    OURO_ROOT_NAME, /* a name in a frame on the stack */
    OURO_ROOT_PIN,
    OURO_ROOT_HEAP, /* the heap itself: a pending finalize record, the frame stack ... */
    OURO_ROOT_HELD, /* the holder */
    OURO_ROOT_CODE  /* counts that nothing accounts for: C code */
} ouro_root;

/* A chain of references from a root to an object. steps: what the root refers to first, the
 * object last; each refers to the next. Empty for a frame on the stack and what the heap
 * owns only where `steps` is asked for by ouro_mincut. */
typedef struct ouro_chain {
    ouro_root root;
    ouro_object *frame; /* of OURO_ROOT_NAME, else NULL */
    const char *text;   /* the name, or what of the heap's own; else "" */
    size_t length;
    ouro_object *const *steps;
    size_t count;
} ouro_chain;
typedef bool (*ouro_chain_fn)(const ouro_chain *chain, void *context);

/* The shortest chains from roots to the object; none: it is garbage, or only the caller's.
 * Without `all`, those of the least length; with it the shortest from each root, near ones
 * first. Of chains that differ only between the same root and step, one. */
OURO_API ouro_status ouro_why(ouro_object *object, uint32_t mine, bool all, ouro_chain_fn each,
                              void *context) OURO_MUST_CHECK;

/* What would die if the object went, itself included: objects as reports count them, and
 * bytes of everything. Of an object that is garbage: what is garbage with it. */
OURO_API ouro_status ouro_retained(ouro_object *object, uint32_t mine, size_t *ret_objects,
                                   size_t *ret_bytes) OURO_MUST_CHECK;

/* Each of those objects, plain data included, itself first, near ones before far ones. */
typedef bool (*ouro_retained_fn)(ouro_object *object, void *context);
OURO_API ouro_status ouro_retained_each(ouro_object *object, uint32_t mine, ouro_retained_fn each,
                                        void *context) OURO_MUST_CHECK;

/* The objects that retain most, by bytes, then objects, then place in memory; at most `most`.
 * owner: the nearest object without which it would not live, or NULL. Here the value of a
 * weak dictionary's key belongs to the dictionary alone. */
typedef struct ouro_dominator {
    ouro_object *object, *owner;
    size_t objects, bytes;
} ouro_dominator;
typedef bool (*ouro_dominator_fn)(const ouro_dominator *row, void *context);
OURO_API ouro_status ouro_dominators(ouro_heap *heap, size_t most, ouro_dominator_fn each,
                                     void *context) OURO_MUST_CHECK;

/* References that are thought away: one from `from` to each of the targets, in this order.
 * from NULL: all that keeps the one target without another object: names in frames on the
 * stack, pins, the holder. OURO_E_KEY when there is no such reference. */
typedef struct ouro_removal {
    size_t struct_size; /* sizeof(ouro_removal) */
    ouro_object *from;
    ouro_object *const *targets;
    size_t count;
    const char *name; /* of a frame: the name that goes, which is no reason then; or NULL */
    size_t length;
    ouro_object *mine_of; /* whose counts are the caller's; or NULL */
    uint32_t mine;
} ouro_removal;

typedef enum ouro_fate {
    OURO_FATE_DIES,  /* at once; told in the order of death */
    OURO_FATE_STAYS, /* nothing alive reaches it any more, but a cycle keeps its count */
    OURO_FATE_LIVES  /* a target, or what the dead refer to, but for their classes */
} ouro_fate;

typedef struct ouro_verdict {
    ouro_fate fate;
    ouro_object *object;
    size_t bytes;     /* its own */
    bool finalizer;   /* has one that has not run */
    ouro_root root;   /* LIVES: because of this, */
    ouro_object *referrer; /* or of this object; a frame, with OURO_ROOT_NAME */
    const char *text;      /* the name in it, or what of the heap's own; else "" */
    size_t length;
} ouro_verdict;
typedef bool (*ouro_verdict_fn)(const ouro_verdict *verdict, void *context);

/* What finalizers would do is not foreseen. */
OURO_API ouro_status ouro_would_free(ouro_heap *heap, const ouro_removal *removal,
                                     ouro_verdict_fn each, void *context) OURO_MUST_CHECK;

/* The fewest references without which nothing reaches the object, those nearest to it: the
 * minimum cut of the network of references (Ford and Fulkerson 1956; Dinitz 1970). Only what
 * can be removed is: names, attributes, items, entries, pins; not the item of a tuple, an
 * instance's class, what C code or the holder has. */
typedef struct ouro_cut {
    ouro_object *from; /* NULL: a pin */
    ouro_object *to;
    const ouro_label *label; /* NULL: a pin */
    const ouro_chain *chain; /* to `from` (to `to`, for a pin); what it passes is not cut. root
                                OURO_ROOT_NONE: no name leads there */
} ouro_cut;
typedef bool (*ouro_cut_fn)(const ouro_cut *cut, void *context);
/* *ret_count: how many references, SIZE_MAX when no such removal lets it die; then each is not
 * called. Items of a list come last first, so that removing one does not move the next. */
OURO_API ouro_status ouro_mincut(ouro_object *object, uint32_t mine, ouro_cut_fn each,
                                 void *context, size_t *ret_count) OURO_MUST_CHECK;

/* A picture of the heap: a row an object as reports count them, by id, and one a plain type
 * (id 0). Gives each object an id. */
typedef struct ouro_snapshot_row {
    uint64_t id;
    uint64_t bytes;
    uint32_t objects; /* 1, or of the plain type */
    uint32_t type;    /* names[type] */
} ouro_snapshot_row;
typedef struct ouro_snapshot {
    ouro_snapshot_row *rows; /* by id */
    size_t count;
    const char **names; /* of types; one block with their text */
    size_t names_size, type_count;
} ouro_snapshot;
/* *ret_snapshot: owned, freed with ouro_snapshot_free. */
OURO_API ouro_status ouro_snapshot_take(ouro_heap *heap,
                                        ouro_snapshot *ret_snapshot) OURO_MUST_CHECK;
OURO_API void ouro_snapshot_free(ouro_heap *heap, ouro_snapshot *snapshot);
/* Each row that is in one of them only, or in both with another size; the other is NULL. */
typedef bool (*ouro_difference_fn)(const ouro_snapshot_row *before,
                                   const ouro_snapshot_row *after, void *context);
OURO_API void ouro_snapshot_diff(const ouro_snapshot_row *before, size_t before_count,
                                 const ouro_snapshot_row *after, size_t after_count,
                                 ouro_difference_fn each, void *context);

#ifdef __cplusplus
}
#endif
#endif
