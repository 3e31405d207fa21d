/* SPDX-License-Identifier: MIT */
/* Tables: what is known of an object beside it: its id, its pins. A header flag tells that
 * there is anything to look up. */
#include "object/heap_state.h"

static uint64_t key_of(const ouro_object *object) {
    return (uint64_t)(uintptr_t)object;
}

ouro_status ouro_object_id(ouro_object *object, uint64_t *ret_id) {
    ouro_heap *heap = ouro__heap_of(object);
    if (!(object->flags & OURO__HAS_ID)) {
        uint64_t key = (heap->last_id + 1) << OURO__MAP_SHIFT;
        uint64_t *back = ouro__map_place(&heap->by_id, &heap->account, key);
        uint64_t *there =
            back != NULL ? ouro__map_place(&heap->ids, &heap->account, key_of(object)) : NULL;
        if (there == NULL) {
            ouro__map_take(&heap->by_id, key);
            return ouro_heap_fail(heap, OURO_E_NOMEM, "not enough memory for an id");
        }
        *back = key_of(object);
        *there = ++heap->last_id;
        ouro__set_flag(object, OURO__HAS_ID);
    }
    *ret_id = *ouro__map_find(&heap->ids, key_of(object));
    return OURO_OK;
}

uint64_t ouro_object_known_id(const ouro_object *object) {
    if (!(object->flags & OURO__HAS_ID)) return 0;
    return *ouro__map_find(&ouro__heap_of(object)->ids, key_of(object));
}

ouro_object *ouro_object_by_id(ouro_heap *heap, uint64_t id) {
    uint64_t *found = id != 0 ? ouro__map_find(&heap->by_id, id << OURO__MAP_SHIFT) : NULL;
    if (found == NULL) return NULL;
    ouro__guard_look(heap);
    found = ouro__map_find(&heap->by_id, id << OURO__MAP_SHIFT);
    if (found == NULL) return NULL;
    ouro_object *object = (ouro_object *)(uintptr_t)*found;
    ouro__guard_note(object);
    return object;
}

ouro_status ouro_object_pin(ouro_object *object) {
    ouro_heap *heap = ouro__heap_of(object);
    if (object->count == UINT32_MAX)
        return ouro_heap_fail(heap, OURO_E_LIMIT, "the object has too many references to pin it");
    uint64_t *pins = ouro__map_place(&heap->pins, &heap->account, key_of(object));
    if (pins == NULL) return ouro_heap_fail(heap, OURO_E_NOMEM, "not enough memory for a pin");
    ++*pins;
    ouro__set_flag(object, OURO__PINNED);
    ouro_retain(object);
    return OURO_OK;
}

ouro_status ouro_object_unpin(ouro_object *object) {
    ouro_heap *heap = ouro__heap_of(object);
    if (!(object->flags & OURO__PINNED))
        return ouro_heap_fail(heap, OURO_E_VALUE, "the object is not pinned");
    uint64_t *pins = ouro__map_find(&heap->pins, key_of(object));
    if (--*pins == 0) {
        ouro__map_take(&heap->pins, key_of(object));
        ouro__clear_flag(object, OURO__PINNED);
    }
    ouro_release(object);
    return OURO_OK;
}

size_t ouro__object_pins(const ouro_object *object) {
    if (!(object->flags & OURO__PINNED)) return 0;
    return (size_t)*ouro__map_find(&ouro__heap_of(object)->pins, key_of(object));
}

void ouro__object_forget(ouro_heap *heap, ouro_object *object) {
    if (object->flags & OURO__HAS_ID) {
        uint64_t id = ouro__map_take(&heap->ids, key_of(object));
        ouro__map_take(&heap->by_id, id << OURO__MAP_SHIFT);
    }
    if (object->flags & OURO__PINNED) ouro__map_take(&heap->pins, key_of(object));
    if (object->flags & OURO__WAITS) ouro__map_take(&heap->waiting, key_of(object));
}

/* Without memory the order of those who wait is not known. */
void ouro__object_note_wait(ouro_heap *heap, ouro_object *object) {
    uint64_t *place = ouro__map_place(&heap->waiting, &heap->account, key_of(object));
    if (place == NULL) return;
    *place = ++heap->last_wait;
    ouro__set_flag(object, OURO__WAITS);
}

uint64_t ouro_object_waits_since(const ouro_object *object) {
    if (!(object->flags & OURO__WAITS)) return 0;
    return *ouro__map_find(&ouro__heap_of(object)->waiting, key_of(object));
}
