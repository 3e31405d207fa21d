/* SPDX-License-Identifier: MIT */
/* Events: what happens in a heap, told to one listener. */
#ifndef OURO_EVENTS_H
#define OURO_EVENTS_H

#include "ouro/object.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ouro_event_kind {
    OURO_EVENT_START,     /* a collection starts: generation */
    OURO_EVENT_STOP,      /* a collection has ended: generation, count found */
    OURO_EVENT_BIRTH,     /* object is new, its attributes nil */
    OURO_EVENT_DEATH,     /* object is about to be freed; finalizers and callbacks have run,
                             its references are intact */
    OURO_EVENT_CYCLE,     /* a collection found count objects unreachable; object: the oldest */
    OURO_EVENT_RESURRECT, /* object survived its own dying set */
    OURO_EVENT_ERROR,     /* a finalizer or callback failed; object: whose */
    OURO_EVENT_STEP,      /* a phase of a collection has ended */
    OURO_EVENT_KINDS
} ouro_event_kind;

typedef struct ouro_event {
    ouro_event_kind kind;
    int generation;
    size_t count;
    ouro_object *object; /* borrowed for the call, or NULL */
    bool by_count;       /* OURO_EVENT_DEATH: by count, not by collection */
    const char *phase;   /* OURO_EVENT_STEP */
} ouro_event;

/* The listener is called at once, in the middle of things: it may read (types, names,
 * repr, ids) but must not change the heap; it may call ouro_listen. Mask: bit i for kind i.
 * NULL: none. Plain and internal objects are not reported. With OURO_LISTEN_PATIENT in the
 * mask, a death that nobody else can observe need not be prompt: it is told when the holder
 * lets go for another reason, at a settle at the latest. */
#define OURO_LISTEN_PATIENT 0x80000000u
typedef void (*ouro_listener_fn)(ouro_heap *heap, const ouro_event *event, void *user);
OURO_API void ouro_listen(ouro_heap *heap, unsigned mask, ouro_listener_fn listener, void *user);

#ifdef __cplusplus
}
#endif
#endif
