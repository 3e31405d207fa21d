/* SPDX-License-Identifier: MIT */
/* Sweep: what becomes of the garbage that a question has found. */
#ifndef OURO__SWEEP_H
#define OURO__SWEEP_H

#include "collect/pass.h"

/* The last phase of a question. After: the pass knows how many objects were found that reports
 * count, the oldest of them, and whether somebody can observe a death among them. */
bool ouro__sweep_survey(ouro_heap *heap, size_t *budget);

/* By place. */
bool ouro__sweep_comes_first(const ouro_object *a, const ouro_object *b);

/* Garbage that nobody can observe is freed, block by block. begin; step until it returns true:
 * then the pass has ended. Between two steps the heap may be used, but not be looked at as a
 * whole. */
void ouro__sweep_begin(ouro_heap *heap);
bool ouro__sweep_step(ouro_heap *heap, size_t *budget);

/* Lets garbage die as one set, oldest first, and ends the pass. Returns how many counted
 * objects are dead; the others were resurrected. */
size_t ouro__sweep_die(ouro_heap *heap);

#endif
