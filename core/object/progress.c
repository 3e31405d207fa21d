/* SPDX-License-Identifier: MIT */
/* Progress: see ouro/progress.h and object/progress.h. */
#include "object/progress.h"

void ouro_progress_listen(ouro_heap *heap, ouro_progress_fn listener, void *user) {
    heap->progress = listener;
    heap->progress_user = user;
}

bool ouro__progress_ask(ouro__progress_state *p) {
    p->next = p->at.done + OURO__PROGRESS_UNITS;
    ouro_heap *heap = p->heap;
    if (p->stopped || heap->progress == NULL) return !p->stopped;
    p->asked = true;
    p->stopped = !heap->progress(heap, &p->at, heap->progress_user);
    return !p->stopped;
}

void ouro__progress_end(ouro__progress_state *p) {
    ouro_heap *heap = p->heap;
    p->at.ended = true;
    if (p->asked && heap->progress != NULL)
        (void)heap->progress(heap, &p->at, heap->progress_user);
}

ouro_status ouro__progress_stopped(const ouro__progress_state *p) {
    const ouro_progress *at = &p->at;
    return ouro_heap_fail(p->heap, OURO_E_STOPPED,
                          "%s: stopped after %zu objects of the phase '%s'; nothing has changed",
                          at->work, at->done, at->phase);
}
