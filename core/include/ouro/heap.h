/* SPDX-License-Identifier: MIT */
/* Heap: owns objects, types, frames and all state; there are no globals. */
#ifndef OURO_HEAP_H
#define OURO_HEAP_H

#include "ouro/alloc.h"
#include "ouro/cross.h"
#include "ouro/object.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Why the core asks the holder to look again. */
typedef enum ouro_settle_reason {
    OURO_SETTLE_PROMPT,   /* something observable may be dead: only the truth will do */
    OURO_SETTLE_PRESSURE, /* many or big objects wait for the holder to let go */
    OURO_SETTLE_COLLECT,  /* a collection starts and wants exact roots */
    OURO_SETTLE_CLOSING,  /* the heap closes: forget all objects that ouro_object_is_dying */
    OURO_SETTLE_FORGET    /* forget all objects that ouro_object_is_gone, held or not */
} ouro_settle_reason;

/* Every member may be left zero. The functions get user as their first argument. */
typedef struct ouro_heap_options {
    size_t struct_size; /* sizeof(ouro_heap_options) */
    void *user;
    ouro_alloc_fn alloc; /* NULL: the C library's */
    size_t max_objects;  /* 0: no limit */
    size_t max_bytes;    /* 0: no limit; counts blocks and buffers as obtained */
    size_t max_frames;   /* 0: 1000 */
    /* The holder: calls ouro_object_unhold for whatever the outside no longer
     * reaches. Called at safe points only. */
    void (*settle)(void *user, ouro_heap *heap, ouro_settle_reason reason);
    ouro_cross_fn reach; /* see ouro/cross.h; NULL: cycles through both heaps are not found */
} ouro_heap_options;

/* options: borrowed, may be NULL. ret_heap: owned, closed with ouro_heap_close.
 * OURO_E_NOMEM. */
OURO_API ouro_status ouro_heap_open(const ouro_heap_options *options,
                                    ouro_heap **ret_heap) OURO_MUST_CHECK;

/* Ends the life of everything, in this order: finalize records with atexit run,
 * newest first; frames' names go, last frame and last name first; a collection
 * without roots; every finalizer not yet run runs once. *ret_leaked (may be NULL):
 * objects that were still referenced after that, by C code, pins or resurrection;
 * they are freed too. After ouro_heap_shut objects of the heap are gone, but the
 * heap itself stays to answer ouro_heap_is_open; ouro_heap_close frees it as well
 * (and shuts it first if need be). OURO_E_BUSY from within a finalizer or callback. */
OURO_API ouro_status ouro_heap_shut(ouro_heap *heap, size_t *ret_leaked);
OURO_API ouro_status ouro_heap_close(ouro_heap *heap);
OURO_API bool ouro_heap_is_open(const ouro_heap *heap);

OURO_API void *ouro_heap_user(const ouro_heap *heap);

/* The message of the last failure; borrowed, until the next call. Never NULL. */
OURO_API const char *ouro_heap_message(const ouro_heap *heap);

/* For hooks: records the message and returns the status. */
OURO_API ouro_status ouro_heap_fail(ouro_heap *heap, ouro_status status, const char *format,
                                    ...) OURO_PRINTF(3, 4);

/* Memory for a type's buffers, through the allocator hook, counted and limited.
 * In the manner of realloc; old_size as asked before. NULL when refused (the old
 * buffer is untouched, ouro_heap_message says why). */
OURO_API void *ouro_heap_resize(ouro_heap *heap, void *buffer, size_t old_size, size_t new_size);
OURO_API void ouro_heap_free(ouro_heap *heap, void *buffer, size_t size);

/* Where an embedder's operations end: the only place where an automatic
 * collection starts and where the holder is asked to settle. Call it when no
 * borrowed reference is in use, once per operation of your language or loop.
 * Cheap when nothing is due. */
OURO_API void ouro_safe_point_slow(ouro_heap *heap);
static inline void ouro_safe_point(ouro_heap *heap) {
    /* The first word of a heap is its list of things due. */
    if (OURO_UNLIKELY(*(const volatile unsigned *)heap)) ouro_safe_point_slow(heap);
}

/* Asks the holder to let go of all it no longer reaches, and lets that die. */
OURO_API void ouro_settle(ouro_heap *heap);

/* How often, since the last settle, the count of a held object reached zero: zero means
 * that nothing new waits for the holder. */
OURO_API size_t ouro_deferred(const ouro_heap *heap);
/* How many of these were objects that refer to others, which then may live by them alone. */
OURO_API size_t ouro_deferred_keepers(const ouro_heap *heap);

/* Whether anybody could notice when an object dies: there is a weak reference, a finalize record,
 * a type with a finalizer, or a listener to deaths. */
OURO_API bool ouro_heap_is_watched(const ouro_heap *heap);

/* Limits may change while the heap lives; 0: none. */
OURO_API void ouro_heap_set_limits(ouro_heap *heap, size_t max_objects, size_t max_bytes,
                                   size_t max_frames);
/* The limits as set, each pointer may be NULL. */
OURO_API void ouro_heap_limits(const ouro_heap *heap, size_t *ret_objects, size_t *ret_bytes,
                               size_t *ret_frames);

#ifdef __cplusplus
}
#endif
#endif
