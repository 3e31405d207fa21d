/* SPDX-License-Identifier: MIT */
/* Sweep: what becomes of the garbage that a question has found. */
#ifndef OURO__SWEEP_H
#define OURO__SWEEP_H

#include "object/heap_state.h"

/* What the garbage is like. */
typedef struct ouro__found {
    ouro_heap *heap;
    size_t counted;      /* objects that reports count */
    bool observed;       /* somebody can observe a death among them */
    ouro_object *oldest; /* the first that is counted */
} ouro__found;

void ouro__sweep_survey(ouro_heap *heap, ouro__found *ret_found);

/* Frees garbage that nobody can observe, block by block, and ends the question. */
void ouro__sweep_free(ouro_heap *heap);

/* Lets garbage die as one set, oldest first, and ends the question. Returns how many counted
 * objects are dead; the others were resurrected. */
size_t ouro__sweep_die(ouro_heap *heap);

#endif
