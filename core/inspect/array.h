/* SPDX-License-Identifier: MIT */
/* Array: a growing array beside the heap, for what an inspection notes down while it looks.
 * Its memory comes from the heap's account, so limits hold, but is no buffer of any object
 * and makes no collection due: looking changes nothing. */
#ifndef OURO__ARRAY_H
#define OURO__ARRAY_H

#include "object/heap_state.h"

typedef struct ouro__array {
    void *items;
    size_t count, capacity; /* in items */
    size_t item_size;       /* the only member to set before the first use */
} ouro__array;

/* Room for more items beyond count. OURO_E_NOMEM, OURO_E_LIMIT: nothing changed. */
ouro_status ouro__array_reserve(ouro__array *array, ouro_heap *heap, size_t more);
void ouro__array_free(ouro__array *array, ouro_heap *heap);

/* The status for the account's last refusal, its message set. */
ouro_status ouro__array_refusal(ouro_heap *heap, size_t size);

#endif
