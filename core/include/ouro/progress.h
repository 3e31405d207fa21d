/* SPDX-License-Identifier: MIT */
/* Progress: what takes long says how far it is, and asks whether to go on.
 *
 * One listener a heap. It is asked every so often (some ten thousand objects) by what may take
 * seconds: a collection while it looks for garbage, the building of structures (build.h), and
 * what looks at the whole heap at once (understand.h). It must not use the heap. When it
 * says no, the work stops where it loses nothing and is undone: a building leaves nothing
 * behind, and a collection has freed nothing; only that survivors which it has found already
 * may count as such (ouro_object_generation). The call returns OURO_E_STOPPED, with a
 * message that says how far it was. A collection that came by itself stops silently and comes
 * again. What has begun to die is never stopped in the middle. */
#ifndef OURO_PROGRESS_H
#define OURO_PROGRESS_H

#include "ouro/object.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ouro_progress {
    const char *work;  /* "collect", "chain", "graph" ...; static, as is the phase */
    const char *phase; /* "scope", "count", "roots", "restore" of a collection ... */
    size_t done;       /* objects, or places of objects, in this phase */
    size_t total;      /* 0: not known */
    bool ended;        /* the last word about this work; the answer does not matter */
} ouro_progress;

/* progress: borrowed for the call. Returns whether to go on. Who was asked is told the end. */
typedef bool (*ouro_progress_fn)(ouro_heap *heap, const ouro_progress *progress, void *user);

/* listener NULL: nobody, all goes on to its end. Costs nothing that can be measured. */
OURO_API void ouro_progress_listen(ouro_heap *heap, ouro_progress_fn listener, void *user);

#ifdef __cplusplus
}
#endif
#endif
