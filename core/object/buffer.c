/* SPDX-License-Identifier: MIT */
/* Buffer: memory that objects own outside their cells. */
#include "object/heap_state.h"

void *ouro_heap_resize(ouro_heap *heap, void *buffer, size_t old_size, size_t new_size) {
    if (new_size == 0) {
        ouro_heap_free(heap, buffer, old_size);
        return NULL;
    }
    void *result = ouro__memory_resize(&heap->account, buffer, old_size, new_size);
    if (result == NULL) {
        if (heap->account.hit_limit)
            ouro_heap_fail(heap, OURO_E_LIMIT,
                           "memory limit: %zu bytes in use, %zu more asked for, the limit is "
                           "%zu; raise max_bytes or let go of something",
                           heap->account.bytes, new_size - old_size, heap->account.max_bytes);
        else
            ouro_heap_fail(heap, OURO_E_NOMEM, "not enough memory for %zu bytes", new_size);
        return NULL;
    }
    heap->buffer_bytes += new_size - old_size;
    if (heap->account.bytes > heap->pacing.bytes_limit) heap->due |= OURO__DUE_COLLECT;
    return result;
}

void ouro_heap_free(ouro_heap *heap, void *buffer, size_t size) {
    if (buffer == NULL) return;
    heap->buffer_bytes -= size;
    ouro__memory_free(&heap->account, buffer, size, sizeof(max_align_t));
}
