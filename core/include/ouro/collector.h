/* SPDX-License-Identifier: MIT */
/* Collector: policies of an embedder's own, and collections one step at a time.
 *
 * A COLLECTOR OF YOUR OWN is a function that is shown candidates (objects that can be part of a
 * cycle) and claims those that are garbage. It may look (each, visit), keep a number for each
 * object (subtract, add: how many of its references it has explained) and a colour (mark), and
 * claim. It is never believed: before anything is freed the heap counts the references
 * among the claimed; if one has more than that, is held or in use, or is reached from one that
 * is, the collection is refused with OURO_E_CORRUPT, the collector's name and the object, and
 * nothing is freed. What it does not claim lives on; ouro_verify tells of that too. It must
 * not change the heap. Its notes need memory; without it a call returns OURO_E_NOMEM, which
 * the collector passes on.
 *
 * examples/collector.lua has trial deletion in this interface, from Lua. */
#ifndef OURO_COLLECTOR_H
#define OURO_COLLECTOR_H

#include "ouro/policy.h"
#include "ouro/type.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The collection under way, for the length of the call. */
typedef struct ouro_collection ouro_collection;
typedef ouro_status (*ouro_collector_fn)(ouro_collection *collection, void *user);

typedef struct ouro_collector_spec {
    size_t struct_size;
    const char *name, *description; /* copied */
    ouro_collector_fn find; /* OURO_OK, or why it gives up: the collection fails with that */
    void *user;
} ouro_collector_spec;

/* Adds a policy to those of the heap, for ouro_policy_set. Its automatic collections come when
 * those of `trial` would. OURO_E_KEY: the name is taken; OURO_E_LIMIT: too many;
 * OURO_E_VALUE: no name or function; OURO_E_BUSY within a collection; OURO_E_NOMEM. */
OURO_API ouro_status ouro_policy_new(ouro_heap *heap,
                                     const ouro_collector_spec *spec) OURO_MUST_CHECK;

OURO_API ouro_heap *ouro_collection_heap(const ouro_collection *collection);

/* Calls each candidate's function until it returns false. roots: only the possible roots, which
 * have lost a reference since the last collection and live on: any dead cycle has one, or
 * hangs on one. */
OURO_API void ouro_collection_each(ouro_collection *collection, bool roots,
                                   bool (*each)(ouro_object *object, void *context),
                                   void *context);

/* All these return OURO_E_VALUE for an object that is no candidate.
 * visit: the candidates that it refers to, once for each reference. left: its count less what
 * has been subtracted (and not added again); UINT64_MAX when it is held or in use. mark: a
 * colour from 0 to 255, at first 0. claim: it is garbage. */
OURO_API ouro_status ouro_collection_visit(ouro_collection *collection, ouro_object *object,
                                           ouro_visit_fn visit, void *context);
OURO_API ouro_status ouro_collection_subtract(ouro_collection *collection, ouro_object *object);
OURO_API ouro_status ouro_collection_add(ouro_collection *collection, ouro_object *object);
OURO_API ouro_status ouro_collection_left(ouro_collection *collection, ouro_object *object,
                                          uint64_t *ret_left);
OURO_API ouro_status ouro_collection_mark(ouro_collection *collection, ouro_object *object,
                                          unsigned colour);
OURO_API ouro_status ouro_collection_colour(ouro_collection *collection, ouro_object *object,
                                            unsigned *ret_colour);
OURO_API ouro_status ouro_collection_claim(ouro_collection *collection, ouro_object *object);

/* ONE STEP AT A TIME. Between begin and end a full collection of the heap's policy is under way:
 * nothing may change the heap, but it can be looked at. */
typedef enum ouro_colour {
    OURO_COLOUR_OUTSIDE, /* no candidate, or not yet */
    OURO_COLOUR_WHITE,   /* a candidate; its trial count tells how often candidates refer to it */
    OURO_COLOUR_GRAY,    /* reached; what it refers to is still to be marked. While trial
                            deletion marks gray: counted, its references not yet followed */
    OURO_COLOUR_BLACK    /* a candidate that is reached, and done with */
} ouro_colour;

/* begin: OURO_E_BUSY within a collection, OURO_E_HEAP. step: one object, or what is left of
 * the phase; *ret_more tells whether any is left (may be NULL). phase: the name of the next one,
 * "free" when the question is answered, NULL when no stepper is under way; borrowed, static.
 * looked_at: the object that the last step dealt with, borrowed, or NULL. */
OURO_API ouro_status ouro_step_begin(ouro_heap *heap);
OURO_API bool ouro_step_is_open(const ouro_heap *heap);
OURO_API ouro_status ouro_step(ouro_heap *heap, bool phase, bool *ret_more);
OURO_API const char *ouro_step_phase(const ouro_heap *heap);
OURO_API ouro_object *ouro_step_looked_at(const ouro_heap *heap);
OURO_API ouro_colour ouro_step_colour(const ouro_object *object, uint64_t *ret_trial_count);
OURO_API size_t ouro_step_candidates(const ouro_heap *heap);
/* Does the rest, and frees, with finalizers and all. Or, given up: nothing has happened. */
OURO_API ouro_status ouro_step_end(ouro_heap *heap, bool give_up, size_t *ret_found);

#ifdef __cplusplus
}
#endif
#endif
