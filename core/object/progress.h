/* SPDX-License-Identifier: MIT */
/* Progress: how the core's long loops tell of themselves (ouro/progress.h).
 *
 * A loop calls ouro__progress_step for what it has done; false means stop, and the loop's
 * owner undoes and returns ouro__progress_stopped(). Work within work (a finalizer that
 * builds) has a state of its own, on its own stack. */
#ifndef OURO__PROGRESS_INTERNAL_H
#define OURO__PROGRESS_INTERNAL_H

#include "object/heap_state.h"
#include "ouro/progress.h"

#define OURO__PROGRESS_UNITS 32768u

typedef struct ouro__progress_state {
    ouro_heap *heap;
    ouro_progress at;
    size_t next; /* done, at which the listener is asked again */
    bool asked;
    bool stopped;
} ouro__progress_state;

static inline ouro__progress_state ouro__progress_begin(ouro_heap *heap, const char *work,
                                                        const char *phase, size_t total) {
    ouro__progress_state state = {.heap = heap,
                                  .at = {.work = work, .phase = phase, .total = total},
                                  .next = OURO__PROGRESS_UNITS};
    return state;
}

static inline void ouro__progress_phase(ouro__progress_state *p, const char *phase) {
    p->at.phase = phase;
    p->at.done = 0;
    p->next = OURO__PROGRESS_UNITS;
}

bool ouro__progress_ask(ouro__progress_state *p);

/* So many objects more. False: stop. */
static inline bool ouro__progress_step(ouro__progress_state *p, size_t objects) {
    p->at.done += objects;
    if (OURO_LIKELY(p->at.done < p->next)) return !p->stopped;
    return ouro__progress_ask(p);
}

/* The work has ended, however. */
void ouro__progress_end(ouro__progress_state *p);

/* Records the message: OURO_E_STOPPED. */
ouro_status ouro__progress_stopped(const ouro__progress_state *p);

#endif
