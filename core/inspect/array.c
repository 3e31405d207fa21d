/* SPDX-License-Identifier: MIT */
/* Array: see array.h. Grows by doubling, so that adding costs constant time on average; when
 * there is no memory to double, by what is needed. */
#include "inspect/array.h"

ouro_status ouro__array_refusal(ouro_heap *heap, size_t size) {
    if (heap->account.hit_limit)
        return ouro_heap_fail(heap, OURO_E_LIMIT,
                              "memory limit: %zu bytes in use, no room for %zu more to look at "
                              "the heap; raise max_bytes or let go of something",
                              heap->account.bytes, size);
    return ouro_heap_fail(heap, OURO_E_NOMEM,
                          "not enough memory for %zu bytes to look at the heap", size);
}

static bool resize(ouro__array *array, ouro_heap *heap, size_t capacity) {
    if (capacity > SIZE_MAX / 2 / array->item_size) return false;
    void *items = ouro__memory_resize(&heap->account, array->items,
                                      array->capacity * array->item_size,
                                      capacity * array->item_size);
    if (items == NULL) return false;
    array->items = items;
    array->capacity = capacity;
    return true;
}

ouro_status ouro__array_reserve(ouro__array *array, ouro_heap *heap, size_t more) {
    if (OURO_LIKELY(more <= array->capacity - array->count)) return OURO_OK;
    size_t needed = array->count + more;
    size_t doubled = array->capacity < 16 ? 16 : array->capacity * 2;
    if (doubled > needed && resize(array, heap, doubled)) return OURO_OK;
    if (resize(array, heap, needed)) return OURO_OK;
    return ouro__array_refusal(heap, needed * array->item_size);
}

void ouro__array_free(ouro__array *array, ouro_heap *heap) {
    ouro__memory_free(&heap->account, array->items, array->capacity * array->item_size,
                      sizeof(max_align_t));
    array->items = NULL;
    array->count = array->capacity = 0;
}
