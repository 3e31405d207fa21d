/* SPDX-License-Identifier: MIT */
/* Death: the one path by which an object ends. collect/ uses it too. */
#ifndef OURO__DEATH_H
#define OURO__DEATH_H

#include "object/heap_state.h"

/* A dying set. Either an array in the order of death, or, when there was no memory for one,
 * items NULL: then its members are found by their flag OURO__DOOMED and side-table byte. */
#define OURO__SET_INLINE 32

typedef struct ouro__set {
    ouro_heap *heap;
    ouro_object **items;
    size_t count, capacity;
    bool scan;     /* no array: walk the blocks */
    bool by_count; /* else by a collection */
    bool cross;    /* members may be held, by what only members keep alive */
    size_t died;   /* result: counted objects that are dead */
    ouro_object *few[OURO__SET_INLINE];
} ouro__set;

void ouro__set_init(ouro__set *set, ouro_heap *heap, bool by_count);
/* False: no memory; the set is as before. */
bool ouro__set_add(ouro__set *set, ouro_object *object);
void ouro__set_finish(ouro__set *set);

/* Steps 1 to 5 of docs/semantics.md, 3, on a set whose members have the flag DOOMED and are
 * referenced from nowhere else. Frees the members that are dead, and their flag from the
 * others. */
void ouro__set_die(ouro__set *set);
/* The same for a set by count that is this object alone, without the flag. */
void ouro__object_die_alone(ouro_heap *heap, ouro_object *object);

/* Whether this object's own death can be observed: a finalizer to run, a weak reference. */
static inline bool ouro__is_observed(const ouro_heap *heap, const ouro_object *object) {
    return (object->flags & OURO__WATCHED) ||
           (heap->types[object->type]->finalize != NULL && !(object->flags & OURO__FINALIZED));
}

/* Around an operation on the object that may run code which lets go of it: keeps it, without a
 * count that this code could see. */
typedef struct ouro__shield {
    ouro_object *object;
    bool outer; /* another one is around this one */
    bool idle;  /* nothing counted it before */
} ouro__shield;

static inline ouro__shield ouro__shield_begin(ouro_object *object) {
    ouro__shield shield = {object, (object->flags & OURO__SHIELDED) != 0, object->count == 0};
    ouro__set_flag(object, OURO__SHIELDED);
    return shield;
}

static inline void ouro__shield_end(ouro__shield shield) {
    ouro_object *object = shield.object;
    if (shield.outer) return;
    ouro__clear_flag(object, OURO__SHIELDED);
    if (object->count != 0 || (shield.idle && object->flags & OURO__HELD)) return;
    ouro__death_of_last(object);
}

/* Takes an object without observers apart, and what dies with it, at once. Its count is
 * zero, and so is the chance that any of them is observed. */
void ouro__death_destroy(ouro_heap *heap, ouro_object *object);

/* Within an operation: lets die what only looks held, so that it does in its order. What waits
 * is counted on, for the settle at the operation's end. */
void ouro__death_settle(ouro_heap *heap);

/* Lets the deaths that wait for an outer one happen now. */
void ouro__death_drain(ouro_heap *heap);

#endif
