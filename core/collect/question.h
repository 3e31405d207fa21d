/* SPDX-License-Identifier: MIT */
/* Question: which of the candidates does nothing outside them reach?
 *
 * The answer is in the blocks' side tables, one byte a cell:
 *   0 .. 251  a candidate, referred to this often from candidates (as counted so far)
 *   252       the same, and all its counts are from candidates (where 253 had no memory)
 *   253       the same, with the number in heap->overflow
 *   254       reached from outside; what it refers to is not yet marked
 *   255       not a candidate, or reached and done (OURO__SIDE_OUT)
 * So when the last phase has ended, what is below 254 is garbage.
 *
 * These are the phases that all policies are made of; which, and in which order, is in the
 * policy's file. Each can be interrupted (pass.h); between them runs no user code, or, in
 * slices, what incremental.c allows for. (Counting internal references first and taking the
 * externally referenced as roots: Christopher 1984; CPython since 2000. The counts beside the
 * objects, the scan by blocks and its recovery without a mark stack are this collector's own
 * arrangement; marking that overflows into the heap's own tables is Knuth's 1973, 2.3.5.) */
#ifndef OURO__QUESTION_H
#define OURO__QUESTION_H

#include "collect/pass.h"
#include "object/progress.h"

enum { OURO__SIDE_EXPLAINED = 252, OURO__SIDE_OVERFLOW = 253, OURO__SIDE_PENDING = 254 };

/* After: candidates are the objects of generations up to that of the pass that are not frozen
 * and not part of a dying set; the side table says 0 for them. */
bool ouro__question_scope(ouro_heap *heap, size_t *budget);

/* After: the side table says how often each candidate is referred to by those candidates that
 * are not marked. */
bool ouro__question_count(ouro_heap *heap, size_t *budget);

/* Marks what is referred to from outside the candidates and, unless the outside is going to be
 * asked, what is held. An object that has fewer counts than references were reported is the
 * pass's culprit: a type's traverse is wrong, and the answer worthless. In slices, where
 * references come and go while they are counted, it is a root like any other. */
bool ouro__question_roots(ouro_heap *heap, size_t *budget);

/* After: the marked and what they reach are out. */
bool ouro__question_restore(ouro_heap *heap, size_t *budget);

/* If the outside is to be asked: after what counted references reach has been restored, marks
 * the held objects that the outside reaches. */
bool ouro__question_ask(ouro_heap *heap, size_t *budget);

/* Marks one candidate more. */
void ouro__question_mark(ouro_object *object);
/* How often candidates refer to it; it is one. */
uint64_t ouro__question_internal(const ouro_heap *heap, const ouro_object *object);
/* Notes so many references to a candidate whose byte is too small for them. */
void ouro__question_overflow(ouro_heap *heap, ouro_object *object, uint64_t times);

/* Counts one reference to a candidate. */
void ouro__question_count_one(ouro_heap *heap, ouro_object *object);

/* Instances of one class come in thousands, so their references to it are counted in the type,
 * from the first of these to the second. */
void ouro__question_forget_classes(ouro_heap *heap);
void ouro__question_count_classes(ouro_heap *heap);

/* Side bytes of all blocks in question are out again. */
void ouro__question_end(ouro_heap *heap);

static inline bool ouro__question_is_candidate(const ouro_object *object, unsigned generation) {
    return object->type != 0 && ouro__generation(object) <= generation &&
           !(object->flags & OURO__DOOMED);
}

static inline bool ouro__question_is_garbage(const ouro_object *object) {
    return *ouro__side_of(object) < OURO__SIDE_PENDING;
}

void ouro__question_end_block(ouro__block *block);

/* Calls each garbage object's function in order of place; stops when it returns false. */
bool ouro__question_each(ouro_heap *heap, bool (*each)(ouro_object *object, void *context),
                         void *context);

/* All of it at once, for those who only look; held objects are roots. Returns the culprit. */
ouro_object *ouro__question_answer(ouro_heap *heap);
/* Everything is a candidate, and garbage. */
void ouro__question_condemn_all(ouro_heap *heap);

#endif
