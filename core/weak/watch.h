/* SPDX-License-Identifier: MIT */
/* Watch: what a weak reference and a finalize record have in common. Private to weak/.
 *
 * The watchers of an object form a doubly linked list, newest first; heap->watchers maps
 * the object to the first, and the object has the flag OURO__WATCHED exactly then. A
 * watcher is on its target's list exactly if target is not NULL. */
#ifndef OURO__WATCH_H
#define OURO__WATCH_H

#include "object/heap_state.h"
#include "ouro/weak.h"

typedef struct ouro__watcher {
    ouro_object header;
    ouro_object *target; /* not counted; NULL: empty */
    struct ouro__watcher *next, *previous;
    ouro_weak_fn function;
    ouro_value argument; /* counted */
    uint64_t order;      /* of registration in the heap */
} ouro__watcher;

typedef struct ouro__record {
    ouro__watcher watcher;
    struct ouro__record *older, *newer; /* heap->records while alive, counted by the heap */
    bool alive;
    bool atexit;
} ouro__record;

/* Attaches a new watcher. OURO_E_NOMEM. */
ouro_status ouro__watch_attach(ouro__watcher *watcher, ouro_object *target);
/* Takes it off its target's list, if it is on one. */
void ouro__watch_unlink(ouro__watcher *watcher);
/* Calls the function with the argument, which goes. */
void ouro__watch_call(ouro__watcher *watcher);
/* OURO_E_TYPE for what cannot be watched. */
ouro_status ouro__watch_check(ouro_heap *heap, const ouro_object *target, const char *what);
/* Takes a record out of the heap's list; the heap's count stays to be released. */
void ouro__finalize_unlink(ouro__record *record);

void ouro__watch_traverse(ouro_object *object, ouro_visit_fn visit, void *context);
bool ouro__watch_refs(ouro_object *object, ouro_ref_fn each, void *context);

#endif
