/* SPDX-License-Identifier: MIT */
/* Cross: cycles that run through this heap and another one, that of the language a heap is
 * embedded in.
 *
 * An object whose type has OURO_TYPE_FOREIGN keeps something of the outside alive; objects
 * that are held are kept alive by the outside. A cycle of both kinds of reference is found by
 * asking the outside's own collector, once in a full collection and only if there may be such
 * a cycle: which of these held objects could it reach, if those foreign objects kept alive
 * nothing by themselves, but the outside had the references in between (the groups below) as
 * its own? The answer has to be that of one moment, and no user code may run in it.
 *
 * So garbage is what neither heap reaches, exactly. (Merging the two graphs for a moment, at
 * their boundary: as DOM and script engines do with "object groups", V8 and WebKit 2008; the
 * groups are the strongly connected components, Tarjan 1972, without those that lead on to
 * one other only.) */
#ifndef OURO_CROSS_H
#define OURO_CROSS_H

#include "ouro/object.h"

#ifdef __cplusplus
extern "C" {
#endif

#define OURO_CROSS_NONE UINT32_MAX

/* An object that the outside holds and that nothing counted reaches. */
typedef struct ouro_cross_held {
    ouro_object *object;
    uint32_t group; /* what it leads to, or OURO_CROSS_NONE */
    bool reached;   /* the answer; true at first */
} ouro_cross_held;

typedef struct ouro_cross {
    /* Foreign objects that count as suspects: nothing but what is in question refers to them. */
    ouro_object *const *boxes;
    size_t box_count;
    /* The groups below box_count are the boxes. Group g above refers to the groups
     * targets[starts[g - box_count]] to before targets[starts[g - box_count + 1]], all of which
     * are less than g. */
    size_t group_count;
    const uint32_t *starts, *targets;
    /* Groups that are reached in any case. */
    const uint32_t *roots;
    size_t root_count;
    ouro_cross_held *held;
    size_t held_count;
} ouro_cross;

/* Member `reach` of ouro_heap_options: answers. Returns false when it cannot; then all are
 * taken to be reached. It must not call the heap, but for ouro_object_tag and the like. */
typedef bool (*ouro_cross_fn)(void *user, ouro_heap *heap, const ouro_cross *cross);

#ifdef __cplusplus
}
#endif
#endif
