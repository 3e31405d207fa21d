/* SPDX-License-Identifier: MIT */
/* Live: what is there. Walks the blocks in order of creation, the same in every run. */
#include "object/heap_state.h"
#include "ouro/inspect.h"

size_t ouro_heap_live(const ouro_heap *heap) {
    if (!heap->open) return 0;
    ouro__guard_look((ouro_heap *)(uintptr_t)heap); /* what is dead already is not live */
    return ouro__heap_count(heap);
}

size_t ouro_heap_bytes(const ouro_heap *heap) {
    size_t bytes = heap->buffer_bytes;
    for (size_t i = 0; heap->open && i < heap->pool.count; i++) {
        const ouro__block *block = heap->pool.blocks[i];
        bytes += (size_t)block->used * block->cell_size;
        if (!block->current) continue;
        for (const ouro__cell *cell = block->bin->free; cell != NULL; cell = cell->next)
            bytes -= block->cell_size;
    }
    return bytes;
}

static bool is_shown(const ouro_heap *heap, const ouro_object *object, bool internal) {
    if (object->flags & OURO__GONE) return false;
    if (object == heap->bag_class || object == heap->garbage) return false;
    unsigned flags = heap->types[object->type]->spec.flags;
    return !(flags & OURO_TYPE_PLAIN) && (internal || !(flags & OURO_TYPE_INTERNAL));
}

void ouro_heap_each(ouro_heap *heap, bool internal, ouro_object_fn each, void *context) {
    ouro__guard_look(heap);
    ouro_object *object;
    for (ouro__place at = {0}; (object = ouro__pool_next(&heap->pool, &at)) != NULL;) {
        if (!is_shown(heap, object, internal)) continue;
        /* In the middle of a collection in slices: who is shown may be kept. */
        if (heap->pass.policy != NULL) ouro__guard_note(object);
        if (!each(object, context)) return;
    }
}
