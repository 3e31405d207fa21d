/* SPDX-License-Identifier: MIT */
/* Pacing: when a collection is due, and of which generation. */
#ifndef OURO__PACING_H
#define OURO__PACING_H

#include "object/heap_state.h"

void ouro__pacing_init(ouro_heap *heap);
/* The generation that is due, or -1. Called when the pool or the account rang. Of the second
 * kind are policies that have only full collections. */
int ouro__pacing_generation_due(ouro_heap *heap);
int ouro__pacing_full_due(ouro_heap *heap);
/* A collection of that generation looked at so many candidates and freed so many. whole: there
 * is no garbage left but for what finalizers made. */
void ouro__pacing_after(ouro_heap *heap, int generation, size_t candidates, size_t freed,
                        bool whole);
/* How many cells may be taken before the next slice of a collection of so many units in all. */
void ouro__pacing_stride(ouro_heap *heap, uint64_t units);
/* Re-arms the bells. */
void ouro__pacing_arm(ouro_heap *heap);

#endif
