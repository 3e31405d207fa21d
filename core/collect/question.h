/* SPDX-License-Identifier: MIT */
/* Question: which of the candidates does nothing outside them reach?
 *
 * The answer is in the blocks' side tables, one byte a cell:
 *   0 .. 252  a candidate, referred to this often from candidates (as counted so far)
 *   253       the same, with the number in heap->overflow
 *   254       reached from outside; what it refers to is not yet marked
 *   255       not a candidate, or reached and done (OURO__SIDE_OUT)
 * So when the last phase has ended, what is below 254 is garbage.
 *
 * Phases, in order; no user code between them. (Counting internal references first and
 * taking the externally referenced as roots: Christopher 1984; CPython since 2000. The
 * counts beside the objects, the scan by blocks and its recovery without a mark stack are
 * this collector's own arrangement; marking that overflows into the heap's own tables is
 * Knuth's 1973, 2.3.5.) */
#ifndef OURO__QUESTION_H
#define OURO__QUESTION_H

#include "object/progress.h"

enum { OURO__SIDE_OVERFLOW = 253, OURO__SIDE_PENDING = 254 };

/* After: candidates are the objects of generations up to this one that are not frozen and
 * not part of a dying set; the side table says 0 for them. Returns how many. */
size_t ouro__question_scope(ouro_heap *heap, unsigned generation);

/* After: the side table says how often each candidate is referred to by candidates. */
void ouro__question_count(ouro_heap *heap);

/* Marks what is referred to from outside the candidates and, with held, what is held. Returns
 * NULL, or the first object that has fewer counts than references were reported: a type's
 * traverse is wrong, and the answer worthless. */
ouro_object *ouro__question_roots(ouro_heap *heap, bool held);
/* Marks one candidate more. */
void ouro__question_mark(ouro_object *object);
/* After: the marked and what they reach are out. With promote, those belong to that generation
 * from now on. */
void ouro__question_restore(ouro_heap *heap, bool promote, unsigned generation);

/* The question is over: every side byte is out again. */
void ouro__question_end(ouro_heap *heap);

/* The phases ask this after each block. False: they return, and the answer is worthless. */
static inline bool ouro__question_goes_on(ouro_heap *heap, size_t objects) {
    return heap->asking == NULL || ouro__progress_step(heap->asking, objects);
}

static inline bool ouro__question_is_garbage(const ouro_object *object) {
    return *ouro__side_of(object) < OURO__SIDE_PENDING;
}

/* Calls each garbage object's function in order of place; stops when it returns false. */
bool ouro__question_each(ouro_heap *heap, bool (*each)(ouro_object *object, void *context),
                         void *context);

#endif
