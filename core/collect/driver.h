/* SPDX-License-Identifier: MIT */
/* Driver: how collections begin and end, for the policies that run their own. */
#ifndef OURO__DRIVER_H
#define OURO__DRIVER_H

#include "collect/pass.h"

void ouro__driver_note_pause(ouro_heap *heap, uint64_t ns);

/* The phases of the pass have ended. What was found dies, is saved, is refused; or, in slices
 * and where nobody can tell, the pass is freeing now. Otherwise the pass has ended. */
ouro_status ouro__driver_take_answer(ouro_heap *heap);

/* After a pass that was freeing: statistics, pacing and events. */
void ouro__driver_end(ouro_heap *heap, ouro_status status);

/* Carries out at once what a pass has begun to free. */
void ouro__driver_finish(ouro_heap *heap);

#endif
