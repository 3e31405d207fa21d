/* SPDX-License-Identifier: MIT */
/* Cross: asks the outside about cycles through both heaps (ouro/cross.h). */
#ifndef OURO__CROSS_H
#define OURO__CROSS_H

#include "object/death.h"

/* Whether there can be such cycles: there is somebody to ask, and something foreign. */
bool ouro__cross_may_be(const ouro_heap *heap);

/* Within a question, after what counted references reach has been restored: marks the held
 * objects that the outside reaches, as ouro__question_mark does, or all of them. */
void ouro__cross_mark_held(ouro_heap *heap);

extern const ouro__cross_hooks ouro__cross_hooks_table;

#endif
