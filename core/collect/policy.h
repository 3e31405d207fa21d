/* SPDX-License-Identifier: MIT */
/* Policy: the interface all collectors share. A policy decides when a collection starts;
 * explicit ones ask the same question under each. */
#ifndef OURO__POLICY_H
#define OURO__POLICY_H

#include "object/heap_state.h"

extern const ouro__policy ouro__policy_generational, ouro__policy_refcount;

/* Asks the holder, and forgets what was due because of it. */
void ouro__settle_for(ouro_heap *heap, ouro_settle_reason reason);

#endif
