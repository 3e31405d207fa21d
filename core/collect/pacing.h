/* SPDX-License-Identifier: MIT */
/* Pacing: when a collection is due, and of which generation. */
#ifndef OURO__PACING_H
#define OURO__PACING_H

#include "object/heap_state.h"

void ouro__pacing_init(ouro_heap *heap);
/* The generation that is due, or -1. Called when the pool or the account rang. */
int ouro__pacing_due(ouro_heap *heap);
/* A collection of that generation looked at so many candidates and freed so many. */
void ouro__pacing_after(ouro_heap *heap, int generation, size_t candidates, size_t freed);
/* Re-arms the bells. */
void ouro__pacing_arm(ouro_heap *heap);

#endif
