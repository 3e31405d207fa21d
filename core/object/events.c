/* SPDX-License-Identifier: MIT */
/* Events: one listener a heap. While it listens to deaths, every death is one that somebody
 * can observe. */
#include "ouro/events.h"

#include "object/heap_state.h"

enum {
    SEES_DEATHS = 1u << OURO_EVENT_DEATH | 1u << OURO_EVENT_CYCLE | 1u << OURO_EVENT_RESURRECT
};

void ouro_listen(ouro_heap *heap, unsigned mask, ouro_listener_fn listener, void *user) {
    bool watched = heap->listener_mask & SEES_DEATHS;
    heap->listener_mask = listener != NULL ? mask & ~OURO_LISTEN_PATIENT : 0;
    heap->patient = listener != NULL && (mask & OURO_LISTEN_PATIENT) != 0;
    heap->listener = listener;
    heap->listener_user = user;
    bool watches = heap->listener_mask & SEES_DEATHS;
    if (watches && !watched) {
        ouro__guard_release(heap);
        heap->watching++;
    }
    if (!watches && watched) heap->watching--;
    ouro__heap_update_care(heap);
}

void ouro__heap_update_care(ouro_heap *heap) {
    heap->careful = !heap->open || heap->max_objects != 0 || ouro__listens(heap, OURO_EVENT_BIRTH);
}

void ouro__emit(ouro_heap *heap, const ouro_event *event) {
    if (ouro__listens(heap, event->kind)) heap->listener(heap, event, heap->listener_user);
}

bool ouro_heap_is_watched(const ouro_heap *heap) {
    return heap->watching != 0;
}
