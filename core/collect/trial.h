/* SPDX-License-Identifier: MIT */
/* Trial: what other files need to know of trial deletion (trial.c). */
#ifndef OURO__TRIAL_H
#define OURO__TRIAL_H

#include "object/heap_state.h"

/* The possible roots have been looked at: there are none now, but those set aside or dying. */
void ouro__trial_forget_roots(ouro_heap *heap);
/* While MarkGray is at work: is this side byte that of an object whose references are not yet
 * followed, and how often has it been referred to? */
bool ouro__trial_is_painting(const ouro_heap *heap);
bool ouro__trial_is_gray(uint8_t side);
uint64_t ouro__trial_count(const ouro_heap *heap, const ouro_object *object);

#endif
