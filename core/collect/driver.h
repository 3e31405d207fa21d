/* SPDX-License-Identifier: MIT */
/* Driver: how collections begin and end, for the policies that run their own. */
#ifndef OURO__DRIVER_H
#define OURO__DRIVER_H

#include "collect/pass.h"

void ouro__driver_note_pause(ouro_heap *heap, uint64_t ns);

/* Begins a collection by the heap's policy, and ends it when its phases have ended; then, when
 * nothing is under way any more, tells those who listen. found: objects that died. */
void ouro__driver_begin(ouro_heap *heap, int generation, bool automatic);
ouro_status ouro__driver_conclude(ouro_heap *heap, size_t *ret_found);
void ouro__driver_close(ouro_heap *heap, int generation, size_t found);

/* The phases of the pass have ended. What was found dies, is saved, is refused; or, in slices
 * and where nobody can tell, the pass is freeing now. Otherwise the pass has ended. */
ouro_status ouro__driver_take_answer(ouro_heap *heap);

/* After a pass that was freeing: statistics, pacing and events. */
void ouro__driver_end(ouro_heap *heap, ouro_status status);

/* Carries out at once what a pass has begun to free. */
void ouro__driver_finish(ouro_heap *heap);

#endif
