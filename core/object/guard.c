/* SPDX-License-Identifier: MIT */
/* Guard: how a collector learns that a reference has gone though its object lives on.
 *
 * An object that the collector wants to hear of is *guarded*: a flag that ouro_release tests
 * when the count has not reached zero, one predictable branch. The first time something is
 * told, the guard is off, so a reference that comes and goes a million times costs one call
 * between two collections, and nothing at all in policies that guard nobody. Told are: a
 * reference released, moved, or no longer held; and an object that is looked up by what does
 * not count (a weak reference, an id), which may bring back what looked dead.
 *
 * Rejected: marking the object in each release without a test. It would cost a store where
 * now there is a load, and the collector would have to look for the marks in all headers. */
#include "object/death.h"
#include "object/heap_state.h"

void ouro__guard_touched(ouro_object *object) {
    ouro_heap *heap = ouro__heap_of(object);
    ouro__clear_flag(object, OURO__GUARDED);
    if (heap->guard != NULL) heap->guard(heap, object);
}

void ouro__guard_release(ouro_heap *heap) {
    while (heap->unreleased != NULL) ouro__death_go_on(heap, SIZE_MAX);
}

void ouro__guard_newborn(ouro_heap *heap, unsigned flags) {
    heap->newborn = (uint16_t)flags;
    for (size_t i = 1; i < heap->type_count; i++) {
        ouro_type *type = heap->types[i];
        if (type != NULL && type->kind != OURO__ACYCLIC) type->blank.flags = (uint16_t)flags;
    }
}
