/* SPDX-License-Identifier: MIT */
/* Policy: the settings and the record of work of the collectors that a heap can have. Which
 * there are, and choosing one, is in ouro/collect.h. */
#ifndef OURO_POLICY_H
#define OURO_POLICY_H

#include "ouro/collect.h"

#ifdef __cplusplus
extern "C" {
#endif

#define OURO_POLICIES_MAX 16 /* the library's own, and an embedder's */

/* What collections did, by policy and generation. Nanoseconds of the wall clock. */
typedef struct ouro_work {
    uint64_t collections;
    uint64_t abandoned;      /* begun in slices, and given up for one without */
    uint64_t slices;         /* times that a script waited for a part of one */
    uint64_t slice_units;    /* the most in one of those */
    uint64_t possible_roots; /* objects from which a dead cycle might hang: of trial deletion, those
                                with a reference less than before; else all candidates */
    uint64_t removed;        /* of those, dead before they were looked at */
    uint64_t visited;        /* objects looked at, once for each time */
    uint64_t edges;          /* references counted */
    uint64_t freed;
    uint64_t resurrected;
    uint64_t units;          /* objects and references touched: the measure of pacing */
    uint64_t collector_ns;   /* in all, finalizers and release apart */
    uint64_t finalizers_ns;  /* finalizers, callbacks and the second look */
    uint64_t release_ns;
} ouro_work;

/* The policies of a heap: ouro_policy_at, and after those its own. */
OURO_API const char *ouro_policy_of(const ouro_heap *heap, size_t index,
                                    const char **ret_description);

/* One setting of a policy, before or after it is made the heap's. OURO_E_KEY: the policy has
 * none of that name (the message lists those it has), or there is no such policy; OURO_E_VALUE:
 * not a number it can be. There is
 *   incremental  "slice": units of work between two operations, an object or a reference
 *                touched being one; the default is about a millisecond */
#define OURO_SLICE_DEFAULT ((size_t)16384)
OURO_API ouro_status ouro_policy_option(ouro_heap *heap, const char *policy, const char *name,
                                        double value);

/* With verify, each collection is confirmed before anything is freed, by an independent search
 * for what is reached: slow, and for tests. A wrong one returns OURO_E_CORRUPT from ouro_collect,
 * an automatic one from the next that is asked for. The message names the policy and the
 * object; nothing is freed. verified: how many have been confirmed; without memory for it
 * a collection is not. */
OURO_API void ouro_verify(ouro_heap *heap, bool on);
OURO_API bool ouro_verify_is_on(const ouro_heap *heap);
OURO_API uint64_t ouro_verified(const ouro_heap *heap);

/* Frees now what is dead already and a policy frees in slices. Whoever looks at the whole heap
 * (ouro_heap_live, ouro_heap_each ...) has it done; a count read from an object has not. */
OURO_API void ouro_finish(ouro_heap *heap);

/* What its collections of that generation have done so far. OURO_E_KEY, OURO_E_VALUE. */
OURO_API ouro_status ouro_policy_work(ouro_heap *heap, const char *policy, int generation,
                                      ouro_work *ret_work);

#ifdef __cplusplus
}
#endif
#endif
