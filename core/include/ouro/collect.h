/* SPDX-License-Identifier: MIT */
/* Collect: finding what only cycles keep alive.
 *
 * A policy decides when and over what; the question asked is always the same: which
 * objects have no counted reference from outside the set, are not held, and cannot be
 * reached from one that has or is? (Christopher 1984; Lins 1990; CPython since 2000.)
 * State lives in side tables, one byte an object; a collection needs no memory. */
#ifndef OURO_COLLECT_H
#define OURO_COLLECT_H

#include "ouro/object.h"

#ifdef __cplusplus
extern "C" {
#endif

#define OURO_GENERATIONS 3

/* Collects the generation and all younger ones (0, 1, 2; 2 is everything).
 * *ret_found (may be NULL): objects found unreachable and dead, plain data, internal
 * and resurrected ones not counted. 0 from within a collection. OURO_E_VALUE for another
 * generation; OURO_E_CORRUPT when a type's traverse reports more references than are
 * counted (the message names it; nothing was freed). Runs finalizers and callbacks. */
OURO_API ouro_status ouro_collect(ouro_heap *heap, int generation, size_t *ret_found);

OURO_API void ouro_collect_enable(ouro_heap *heap, bool on);
OURO_API bool ouro_collect_is_enabled(const ouro_heap *heap);
/* Whether collections may come by themselves: enabled, and the policy has automatic ones. */
OURO_API bool ouro_collect_is_automatic(const ouro_heap *heap);
/* Whether a collection is under way (a finalizer it called may ask). */
OURO_API bool ouro_collect_is_running(const ouro_heap *heap);

/* Policies by name. set: OURO_E_KEY for an unknown one, OURO_E_BUSY within a
 * collection. at: NULL beyond the last. All strings borrowed, static. */
OURO_API const char *ouro_policy(const ouro_heap *heap);
OURO_API ouro_status ouro_policy_set(ouro_heap *heap, const char *name);
OURO_API const char *ouro_policy_at(size_t index, const char **ret_description);

/* Pacing. Generation 0 is due when objects have grown by threshold[0] net (times a factor
 * between 1 and a quarter of the live heap, which doubles while young objects mostly survive
 * and halves while they mostly die); generation 1 is taken along after threshold[1] of
 * those; a full collection is due when net births since the last one exceed the objects it
 * left, and threshold[0] * threshold[2], or when memory has grown by half and 16 MiB. So
 * between full collections a heap at most doubles, but for a quarter and those constants,
 * whatever part of it is garbage. threshold[0] 0: never. */
OURO_API void ouro_threshold(const ouro_heap *heap, size_t ret_threshold[OURO_GENERATIONS]);
OURO_API void ouro_threshold_set(ouro_heap *heap, const size_t threshold[OURO_GENERATIONS]);
/* Objects made less objects dead since the last collection of generation 0; then
 * collections of 0 since the last of 1, of 1 since the last of 2. */
OURO_API void ouro_collect_count(const ouro_heap *heap, size_t ret_count[OURO_GENERATIONS]);

/* Stress, to find code that relies on when collections happen: while automatic collection is
 * on, a full one runs at every `every`-th safe point from now on, and at the safe point number
 * `at` (from 1); 0: none. points: how many safe points there have been since it was set; 0
 * while it was never set. Counting alone: every and at beyond reach. */
OURO_API void ouro_stress_set(ouro_heap *heap, uint64_t every, uint64_t at);
OURO_API uint64_t ouro_stress_points(const ouro_heap *heap);

#define OURO_PAUSE_BUCKETS 24 /* bucket i: pauses below 2^i microseconds */

typedef struct ouro_stats {
    size_t struct_size; /* sizeof(ouro_stats), set by the caller */
    uint64_t collections[OURO_GENERATIONS];
    uint64_t collected[OURO_GENERATIONS];
    uint64_t resurrected;
    uint64_t finalizers; /* run */
    uint64_t callbacks;  /* run, finalize records included */
    uint64_t errors;     /* reported by ouro_report_error */
    uint64_t deaths;     /* objects, by count or collection */
    uint64_t births;
    uint64_t objects; /* live now, plain and internal ones not counted */
    uint64_t bytes;   /* live now, all of them, buffers included */
    uint64_t peak_bytes;
    uint64_t pause_ns_total;
    uint64_t pause_ns_max;
    uint64_t pauses[OURO_PAUSE_BUCKETS];
} ouro_stats;
OURO_API void ouro_heap_stats(ouro_heap *heap, ouro_stats *ret_stats);
/* Counts an error of a finalizer or callback, and tells the listener. */
OURO_API void ouro_report_error(ouro_heap *heap, ouro_object *about);

/* Sets all present objects aside: collections neither look at them nor free them. */
OURO_API void ouro_freeze(ouro_heap *heap);
OURO_API void ouro_unfreeze(ouro_heap *heap);
OURO_API size_t ouro_frozen(const ouro_heap *heap);

/* With saveall, a collection appends what it would free to the heap's garbage list,
 * which then keeps it. ret_list: borrowed, lives as long as the heap. */
OURO_API void ouro_saveall(ouro_heap *heap, bool on);
OURO_API bool ouro_saveall_is_on(const ouro_heap *heap);
OURO_API ouro_status ouro_garbage(ouro_heap *heap, ouro_object **ret_list) OURO_MUST_CHECK;

/* Which generation an object is in, 0 to 2; 3 when frozen. */
OURO_API int ouro_object_generation(const ouro_object *object);

#ifdef __cplusplus
}
#endif
#endif
