/* SPDX-License-Identifier: MIT */
/* Pass: one collection, as a sequence of phases that can be interrupted.
 *
 * A phase is a function that does at most `budget` units of work (one unit: an object or a
 * reference touched) and tells whether it has ended. Without slices the budget is endless and a
 * phase one tight loop over blocks. Blocks are dealt with from the last to the first, and
 * remember the phase that has dealt with them: so blocks may come (at the end) and go (the last
 * one takes their place) between two slices, and none is left out or done twice. */
#ifndef OURO__PASS_H
#define OURO__PASS_H

#include "object/heap_state.h"

typedef struct ouro__phase {
    const char *name;
    bool (*step)(ouro_heap *heap, size_t *budget);
    bool told; /* listeners are told when it has ended; steppers know each */
} ouro__phase;

/* The cells of one block that a phase has to look at now. */
typedef struct ouro__stretch {
    ouro__block *block;
    uint32_t begin, end;
} ouro__stretch;

static inline void ouro__pass_spend(ouro__pass *pass, size_t *budget, size_t units) {
    pass->work.units += units;
    *budget = *budget > units ? *budget - units : 0;
}

/* Whether a block has candidates. */
bool ouro__pass_is_asked(const ouro__block *block);
/* The next stretch of this phase; false at its end. */
bool ouro__pass_next(ouro_heap *heap, bool (*wanted)(const ouro__block *block),
                     ouro__stretch *ret_stretch);

/* So many objects more have been dealt with. False: the listener of progress wants the pass
 * given up; its status says so. */
bool ouro__pass_goes_on(ouro_heap *heap, size_t objects);

/* Begins a pass over these phases; none may be under way. */
void ouro__pass_begin(ouro_heap *heap, const ouro__policy *policy, const ouro__phase *phases,
                      int generation);
/* Works until the phase has ended or the budget is spent; true: the whole pass has ended. The
 * pass is still there for its result to be read. */
bool ouro__pass_step(ouro_heap *heap, size_t *budget);
/* All that is left of it. */
void ouro__pass_run(ouro_heap *heap);
/* Ends it; all side bytes are out again. */
void ouro__pass_end(ouro_heap *heap);

/* A synchronous question is about to be asked: one that is under way in slices is given up, or,
 * when it is freeing already, brought to its end. */
void ouro__pass_yield(ouro_heap *heap);

#endif
