/* SPDX-License-Identifier: MIT */
/* Watch: what weak references, finalize records and the entries of weak dictionaries have in
 * common. Private to weak/ and to the heap's check.
 *
 * The links of an object form a doubly linked list, newest first; the first is in the column
 * of watchers beside its cell, and the object has the flag OURO__WATCHED exactly while there
 * is one. A link is on its target's list exactly if target is not NULL. */
#ifndef OURO__WATCH_H
#define OURO__WATCH_H

#include "object/heap_state.h"
#include "ouro/weak.h"

typedef struct ouro__link {
    ouro_object *target; /* not counted; NULL: empty */
    struct ouro__link *next, *previous;
    uint64_t order; /* of registration in the heap, doubled; odd: of an entry */
} ouro__link;

/* A weak reference; the beginning of a finalize record. */
typedef struct ouro__watcher {
    ouro_object header;
    ouro__link link;
    ouro_weak_fn function;
    ouro_value argument; /* counted */
} ouro__watcher;

typedef struct ouro__record {
    ouro__watcher watcher;
    struct ouro__record *older, *newer; /* heap->records while alive, counted by the heap */
    bool alive;
    bool atexit;
    bool called; /* on the list of calls, which has the heap's count */
} ouro__record;

/* An entry of a weak dictionary or set (weakdict.c). */
typedef struct ouro__weak_entry {
    ouro__link link;
    ouro_object *owner; /* the container, not counted */
    ouro_value held;    /* counted: a value of weak.keys; a plain value of weak.values */
    uint32_t hash;      /* of its key */
    bool ephemeron;     /* of a weak.keys */
    bool charged;       /* while a dying set is computed: see ouro__ephemeron_fn */
} ouro__weak_entry;

static inline bool ouro__link_is_entry(const ouro__link *link) {
    return link->order & 1;
}

static inline ouro__watcher *ouro__link_watcher(const ouro__link *link) {
    return (ouro__watcher *)((uintptr_t)link - offsetof(ouro__watcher, link));
}

static inline ouro__weak_entry *ouro__link_entry(const ouro__link *link) {
    return (ouro__weak_entry *)(uintptr_t)link; /* its first member */
}

/* The first link of the object, or NULL. */
static inline ouro__link *ouro__watch_first(const ouro_object *target) {
    if (!(target->flags & OURO__WATCHED)) return NULL;
    const ouro__block *block = ouro__block_of(target);
    return (ouro__link *)(uintptr_t)block->watchers[ouro__cell_index(block, target)];
}

/* Attaches a new link. what: for the message. OURO_E_NOMEM. */
ouro_status ouro__watch_attach(ouro__link *link, ouro_object *target, bool entry,
                               const char *what);
/* Takes it off its target's list, if it is on one. */
void ouro__watch_unlink(ouro__link *link);
/* Calls the function with the argument, which goes. */
void ouro__watch_call(ouro__watcher *watcher);
/* OURO_E_TYPE for what cannot be watched. */
ouro_status ouro__watch_check(ouro_heap *heap, const ouro_object *target, const char *what);
/* Takes a record out of the heap's list; the heap's count stays to be released. */
void ouro__finalize_unlink(ouro__record *record);

/* Takes an entry, its target being dead, out of its container; what it held, the value or
 * the key, is in entry->held to be released. */
void ouro__weakdict_evict(ouro__weak_entry *entry);
/* A container is dead: none of its entries is on a list any more. They stay in it, for what
 * they count is still to be released. */
void ouro__weakdict_retire(ouro_object *container);
/* The ephemerons of a weak.keys. */
void ouro__weakdict_each(ouro_object *container, ouro__ephemeron_fn each, void *context);
void ouro__weakdict_free_entry(ouro_heap *heap, ouro__weak_entry *entry);

void ouro__watch_traverse(ouro_object *object, ouro_visit_fn visit, void *context);
bool ouro__watch_refs(ouro_object *object, ouro_ref_fn each, void *context);

#endif
