/* SPDX-License-Identifier: MIT */
/* Picture: which objects a drawing of a heap should show, and what it folds.
 *
 * Looks and changes nothing, as inspect.h says. Objects come in breadth: from the one asked
 * for, or from names, pins and held objects in this order, garbage last. What is left out is
 * never lost: a fold stands for it and says how much it is. Frames on the stack are no objects
 * of a picture but its names; plain data belong to the object that has them; a class is shown
 * only if it refers to an object of its own, or when asked for. */
#ifndef OURO_PICTURE_H
#define OURO_PICTURE_H

#include "ouro/type.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ouro_picture_options {
    size_t struct_size; /* sizeof(ouro_picture_options) */
    ouro_object *from;  /* only what it reaches, weakly too; NULL: the whole heap */
    uint32_t mine;      /* counts of `from` that are the caller's, see understand.h */
    size_t max_objects; /* 0: 500 */
    size_t max_fields;  /* references of one object that are followed; 0: 12 */
    size_t max_run;     /* of objects in a row, each referring to the next alone; 0: 7 */
    bool classes;       /* also the classes of what is shown */
} ouro_picture_options;

/* An object, or a fold: objects that are left out. A fold in a row has both neighbours; one of
 * what else an object refers to has `before` alone; one of garbage beyond the bound has none. */
typedef struct ouro_picture_item {
    ouro_object *object; /* NULL: a fold */
    bool garbage;        /* nothing counted from outside any garbage, or held, reaches it */
    bool held, pinned;
    bool code; /* it has counts that nothing accounts for */
    ouro_object *before, *after;
    size_t objects, bytes; /* in the fold */
} ouro_picture_item;
typedef bool (*ouro_picture_fn)(const ouro_picture_item *item, void *context);

/* Each item: objects in order, then folds. OURO_E_NOMEM, OURO_E_LIMIT as understand.h. */
OURO_API ouro_status ouro_picture(ouro_heap *heap, const ouro_picture_options *options,
                                  ouro_picture_fn each, void *context) OURO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
