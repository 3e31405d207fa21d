/* SPDX-License-Identifier: MIT */
/* Custom: policies of an embedder's own (ouro/collector.h). */
#ifndef OURO__CUSTOM_H
#define OURO__CUSTOM_H

#include "object/heap_state.h"

/* When the heap closes. */
void ouro__custom_free_all(ouro_heap *heap);

#endif
