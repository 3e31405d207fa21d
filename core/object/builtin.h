/* SPDX-License-Identifier: MIT */
/* Builtin: the types every heap has, by fixed index. Each file of core/types and
 * core/weak exports its spec; core/heap.c registers them in this order. */
#ifndef OURO__BUILTIN_H
#define OURO__BUILTIN_H

#include "ouro/type.h"

/* SYNC: builtin-types (core/heap.c has the table of specs). */
typedef enum ouro__builtin {
    OURO__FREE_CELL, /* type 0 is no type */
    OURO__STRING,
    OURO__INTEGER,
    OURO__FLOAT,
    OURO__LIST,
    OURO__TUPLE,
    OURO__DICT,
    OURO__SET,
    OURO__CLASS,
    OURO__FRAME,
    OURO__WEAK,
    OURO__FINALIZE,
    OURO__WEAK_KEYS, /* these three in the order of ouro_weak_kind */
    OURO__WEAK_VALUES,
    OURO__WEAK_SET,
    OURO__BUILTINS
} ouro__builtin;

/* The type of that index in the heap; borrowed. */
ouro_type *ouro__builtin_type(const ouro_heap *heap, ouro__builtin index);

static inline bool ouro__object_is(const ouro_object *object, ouro__builtin index) {
    return object != NULL && object->type == index;
}

/* For classes: an instance type and its class object belong together. set_class: every
 * instance then counts a reference to cls. base: the type finalizers are inherited from. */
void ouro__type_set_class(ouro_type *type, ouro_object *cls, ouro_type *base);
/* Objects made from now on have birth numbers, until there is reason to save them. */
void ouro__type_number(ouro_type *type);
void ouro__type_set_finalize(ouro_type *type, void (*finalize)(ouro_object *object));
/* Frees the type: no object of it is left. */
void ouro__type_retire(ouro_heap *heap, ouro_type *type);
/* The spec the type was made from (its name is the type's copy). */
const ouro_type_spec *ouro__type_spec(const ouro_type *type);

/* State that higher layers keep in the heap. */
typedef struct ouro__frame_stack {
    ouro_object **frames; /* bottom first; each counted */
    size_t depth;
    size_t capacity;
    size_t max;
} ouro__frame_stack;
ouro__frame_stack *ouro__heap_frames(ouro_heap *heap);
/* The class "object" of open bags; counted by the heap. */
ouro_object **ouro__heap_bag_class(ouro_heap *heap);

#endif
