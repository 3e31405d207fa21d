/* SPDX-License-Identifier: MIT */
/* Policy: the interface all collectors share. A policy says of which phases a full collection
 * consists, when one is due, and what it wants to know in between. Collections of the young
 * alone that a program asks for are the same in each. */
#ifndef OURO__POLICY_H
#define OURO__POLICY_H

#include "collect/pass.h"

struct ouro__policy {
    const char *name;
    const char *description;
    const ouro__phase *phases; /* ends with {NULL, NULL} */
    bool automatic;
    bool guards_newborn;
    bool asks;      /* its phases ask the outside about what it alone holds */
    bool custom;    /* an embedder's: its claims are checked even where they are not used */
    bool own_young; /* its automatic collections of the young consist of its own phases */
    /* The generation that is due, or -1; asked when the pool or the account rang. */
    int (*due)(ouro_heap *heap);
    /* A collection of that generation has ended; freed: objects. NULL: nothing to note. */
    void (*after)(ouro_heap *heap, size_t visited, size_t freed);
    /* It becomes the heap's policy; all there is may be garbage by then. May be NULL. */
    void (*enter)(ouro_heap *heap);
    /* A guarded object was touched. May be NULL. */
    void (*guard)(ouro_heap *heap, ouro_object *object);
    /* Works in slices at safe points, instead of collecting when due. May be NULL. */
    void (*slice)(ouro_heap *heap);
    /* What gc.policy(name, options) may set: names, ended by NULL; may be NULL. */
    const char *const *options;
};

extern const ouro__policy ouro__policy_generational, ouro__policy_incremental,
    ouro__policy_refcount, ouro__policy_tracing, ouro__policy_trial;

/* Of a collection by subtraction, which is what all policies do to the young. */
extern const ouro__phase ouro__generational_phases[];

/* The heap's record of that policy's work. */
size_t ouro__policy_index(const ouro_heap *heap, const ouro__policy *policy);
/* The policy of that index, or NULL. */
const ouro__policy *ouro__policy_at(const ouro_heap *heap, size_t index);

/* Asks the holder, and forgets what was due because of it. */
void ouro__settle_for(ouro_heap *heap, ouro_settle_reason reason);

#endif
