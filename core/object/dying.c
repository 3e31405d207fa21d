/* SPDX-License-Identifier: MIT */
/* Dying: the five steps by which a set of objects ends, for death by count and by
 * collection alike (docs/semantics.md, 3). User code runs in steps 1 and 4, and in step 5
 * through what the dead alone kept alive; between them nothing but this file acts. */
#include <string.h>

#include "object/clock.h"
#include "object/death.h"

void ouro__set_init(ouro__set *set, ouro_heap *heap, bool by_count) {
    memset(set, 0, offsetof(ouro__set, few));
    set->heap = heap;
    set->by_count = by_count;
    set->items = set->few;
    set->capacity = OURO__SET_INLINE;
}

bool ouro__set_add(ouro__set *set, ouro_object *object) {
    if (set->count == set->capacity) {
        size_t old_size = set->capacity * sizeof *set->items, new_size = old_size * 2;
        bool inside = set->items == set->few;
        void *items = ouro__memory_resize(&set->heap->account, inside ? NULL : set->items,
                                          inside ? 0 : old_size, new_size);
        if (items == NULL) return false;
        if (inside) memcpy(items, set->few, old_size);
        set->items = items;
        set->capacity *= 2;
    }
    set->items[set->count++] = object;
    return true;
}

void ouro__set_finish(ouro__set *set) {
    if (set->items != set->few && set->items != NULL)
        ouro__memory_free(&set->heap->account, set->items, set->capacity * sizeof *set->items,
                          sizeof(max_align_t));
    set->items = NULL;
}

/* ---- walking a set ----------------------------------------------------------------------- */

typedef struct walk {
    size_t at;         /* in the array */
    ouro__place place; /* when scanning */
} walk;

static ouro_object *next_by_scan(ouro__set *set, walk *w) {
    ouro_object *object;
    while ((object = ouro__pool_next(&set->heap->pool, &w->place)) != NULL)
        if (*ouro__side_of(object) != OURO__SIDE_OUT && object->flags & OURO__DOOMED)
            return object;
    return NULL;
}

static inline ouro_object *next_of(ouro__set *set, walk *w) {
    if (OURO_UNLIKELY(set->scan)) return next_by_scan(set, w);
    return w->at < set->count ? set->items[w->at++] : NULL;
}

#define FOR_EACH(set, object)                                                                \
    for (walk object##_walk = {0, {0, 0}}, *object##_at = &object##_walk;                \
         object##_at != NULL;                                                                \
         object##_at = NULL)                                                                 \
        for (ouro_object *object; (object = next_of((set), object##_at)) != NULL;)

static void traverse(ouro_object *object, ouro_visit_fn visit, void *context) {
    ouro__traverse(ouro_object_type(object), object, visit, context);
}

typedef struct outside {
    ouro_visit_fn visit;
    void *context;
} outside;

static void visit_outside(ouro_object *container, ouro_object *key, ouro_object *value,
                          bool *charged, void *context) {
    const outside *o = context;
    (void)key;
    (void)charged;
    if (!(container->flags & OURO__LOOKED)) o->visit(value, o->context);
}

/* What the object may keep alive: its references, and the values of which it is the key in a
 * container outside the set. */
static void traverse_all(ouro_object *object, ouro_visit_fn visit, void *context) {
    ouro_heap *heap = ouro__heap_of(object);
    traverse(object, visit, context);
    if (!ouro__may_be_key(heap, object)) return;
    outside o = {visit, context};
    heap->watch->each_of_key(object, visit_outside, &o);
}

/* ---- 1: finalizers, while all of the set is intact --------------------------------------- */

/* After: whether user code has run. */
static inline bool run_finalizer(ouro_heap *heap, ouro_object *object) {
    const ouro_type *type = ouro__type_of(heap, object);
    if (type->finalize == NULL || object->flags & OURO__FINALIZED) return false;
    ouro__set_flag(object, OURO__FINALIZED);
    heap->stats.finalizers++;
    type->finalize(object);
    return true;
}

static bool run_finalizers(ouro__set *set) {
    bool ran = false;
    FOR_EACH(set, object) ran |= run_finalizer(set->heap, object);
    return ran;
}

/* ---- 2: the second look ------------------------------------------------------------------ */

static void subtract_inner(ouro_object *child, void *context) {
    (void)context;
    if (child->flags & OURO__LOOKED) child->count--;
}

static void add_inner(ouro_object *child, void *context) {
    (void)context;
    if (child->flags & OURO__LOOKED) child->count++;
}

/* What it reaches: of a weak.keys the values whose keys live; what the others lead to follows
 * with their keys, if those are rescued later. */
static void visit_of_living_key(ouro_object *container, ouro_object *key, ouro_object *value,
                                bool *charged, void *context) {
    const outside *o = context;
    (void)container;
    (void)charged;
    if (key == NULL || !(key->flags & OURO__LOOKED)) o->visit(value, o->context);
}

static void traverse_reached(ouro_object *object, ouro_visit_fn visit, void *context) {
    ouro_heap *heap = ouro__heap_of(object);
    outside o = {visit, context};
    if (!ouro__type_of(heap, object)->ephemerons) traverse(object, visit, context);
    else heap->watch->each_of_container(object, visit_of_living_key, &o);
    if (ouro__may_be_key(heap, object)) heap->watch->each_of_key(object, visit_outside, &o);
}

typedef struct rescue {
    ouro__set stack;
    bool again; /* no memory for the stack: somebody must be found by another pass */
} rescue;

static void rescue_child(ouro_object *child, void *context) {
    rescue *r = context;
    if ((child->flags & (OURO__LOOKED | OURO__RESCUED)) != OURO__LOOKED) return;
    ouro__set_flag(child, OURO__RESCUED);
    if (!ouro__set_add(&r->stack, child)) r->again = true;
}

/* Everything a rescued member reaches is rescued. LOOKED goes from those that were scanned. */
static void spread_rescue(ouro__set *set) {
    rescue r = {.again = true};
    ouro__set_init(&r.stack, set->heap, true);
    while (r.again) {
        r.again = false;
        FOR_EACH(set, member) {
            if ((member->flags & OURO__RESCUED) == 0) continue;
            ouro_object *object = member;
            while (object != NULL) {
                if (object->flags & OURO__LOOKED) {
                    ouro__clear_flag(object, OURO__LOOKED);
                    traverse_reached(object, rescue_child, &r);
                }
                object = r.stack.count > 0 ? r.stack.items[--r.stack.count] : NULL;
            }
        }
    }
    ouro__set_finish(&r.stack);
}

static void let_live(ouro_heap *heap, ouro_object *object) {
    ouro__clear_flag(object, OURO__RESCUED | OURO__LOOKED | OURO__DOOMED);
    heap->stats.resurrected++;
    ouro__emit(heap, &(ouro_event){.kind = OURO_EVENT_RESURRECT, .object = object});
    /* Held only: it waits like any other. */
    if (object->count == 0) ouro__death_of_last(object);
}

static void remove_rescued(ouro__set *set) {
    size_t kept = 0;
    FOR_EACH(set, object) {
        bool rescued = object->flags & OURO__RESCUED;
        if (set->scan && rescued) *ouro__side_of(object) = OURO__SIDE_OUT;
        if (rescued) {
            let_live(set->heap, object);
        } else {
            ouro__clear_flag(object, OURO__LOOKED);
            if (!set->scan) set->items[kept++] = object;
        }
    }
    if (!set->scan) set->count = kept;
}

/* A finalizer may have been given handles of members, and kept none of them. */
static void ask_holder(ouro__set *set) {
    ouro_heap *heap = set->heap;
    if (heap->settle == NULL) return;
    bool held = heap->closing;
    FOR_EACH(set, object) held |= (object->flags & OURO__HELD) != 0;
    if (held) heap->settle(heap->user, heap, OURO_SETTLE_PROMPT);
}

/* Before: finalizers have run. After: the set holds those that are still referenced from
 * nowhere but the set. */
static void look_again(ouro__set *set) {
    ask_holder(set);
    bool cross = set->cross && !set->heap->closing;
    if (set->count == 1 && !cross && !set->scan && !set->heap->closing &&
        set->items[0]->count == 0 &&
        !(set->items[0]->flags & OURO__HELD))
        return;
    FOR_EACH(set, object) ouro__set_flag(object, OURO__LOOKED);
    FOR_EACH(set, object) traverse_all(object, subtract_inner, NULL);
    void *looked = cross ? set->heap->cross->look(set) : NULL;
    bool any = false;
    FOR_EACH(set, object) {
        if (object->count == 0 && !(object->flags & OURO__HELD)) continue;
        ouro__set_flag(object, OURO__RESCUED);
        any = true;
    }
    FOR_EACH(set, object) traverse_all(object, add_inner, NULL);
    if (any) spread_rescue(set);
    if (looked != NULL) set->heap->cross->end(looked);
    remove_rescued(set);
    if (set->heap->closing && set->heap->settle != NULL)
        set->heap->settle(set->heap->user, set->heap, OURO_SETTLE_CLOSING);
}

/* ---- 3 and 4: weak references, callbacks ------------------------------------------------- */

static inline void clear_watchers_of(ouro_heap *heap, ouro_object *object,
                                     ouro__aftermath *after) {
    if (object->flags & OURO__WATCHED) heap->watch->detach(heap, object, after);
    if (ouro__type_of(heap, object)->weak) heap->watch->retire(object);
}

/* All are marked before any is emptied: a callback does not run whose weak reference is gone
 * too, but does if that is only in a set further out, which is still intact. */
static void clear_watchers(ouro__set *set, ouro__aftermath *after) {
    ouro_heap *heap = set->heap;
    FOR_EACH(set, object) ouro__set_flag(object, OURO__GONE);
    FOR_EACH(set, object) clear_watchers_of(heap, object, after);
    if (after->calls != NULL) heap->watch->run_calls(after);
}

/* ---- 5: references released, memory freed ------------------------------------------------ */

static void release_child(ouro_object *child, void *context) {
    (void)context;
    /* A member of the set is doomed already: nothing more happens to it here. */
    ouro_release(child);
}

static void announce_death(ouro_heap *heap, ouro_object *object, bool by_count) {
    if (!ouro__type_of(heap, object)->counted || object == heap->hidden) return;
    ouro__emit(heap, &(ouro_event){.kind = OURO_EVENT_DEATH,
                                   .object = object,
                                   .by_count = by_count});
}

static void announce_deaths(ouro__set *set) {
    if (!ouro__listens(set->heap, OURO_EVENT_DEATH)) return;
    FOR_EACH(set, object) announce_death(set->heap, object, set->by_count);
}

static inline void bury_one(ouro_heap *heap, ouro_object *object) {
    ouro_type *type = ouro__type_of(heap, object);
    ouro__object_leave_tables(heap, object);
    if (type->spec.dispose != NULL) type->spec.dispose(object);
    type->deaths++;
    ouro__pool_free(object);
}

static void bury(ouro__set *set) {
    ouro_heap *heap = set->heap;
    FOR_EACH(set, object) {
        set->died += ouro__type_of(heap, object)->counted;
        if (set->scan) *ouro__side_of(object) = OURO__SIDE_OUT;
        bury_one(heap, object);
    }
}

/* Steps 2 to 5. ran: user code has. */
static void finish_dying(ouro__set *set, bool ran) {
    ouro_heap *heap = set->heap;
    /* At the close the set is everything, whether it is referred to or not. */
    if (ran || heap->closing) look_again(set);
    if (set->cross && heap->settle != NULL) {
        FOR_EACH(set, object) ouro__set_flag(object, OURO__GONE);
        heap->settle(heap->user, heap, OURO_SETTLE_FORGET);
    }
    ouro__aftermath after = {NULL, NULL};
    clear_watchers(set, &after);
    if (!set->by_count) heap->pass.work.finalizers_ns += ouro__clock_now() - set->begun;
    announce_deaths(set);
    bool kept = heap->keep_types; /* a class may die before its last instance is buried */
    heap->keep_types = true;
    FOR_EACH(set, object) traverse(object, release_child, NULL);
    if (after.entries != NULL) heap->watch->release_entries(heap, &after);
    bury(set);
    heap->keep_types = kept;
    if (!kept) ouro__type_free_retired(heap);
}

void ouro__set_die(ouro__set *set) {
    set->heap->death_depth++;
    if (!set->by_count) set->begun = ouro__clock_now();
    bool ran = run_finalizers(set);
    finish_dying(set, ran);
    set->heap->death_depth--;
}

/* The same for a set of one that nothing holds, with no set to keep unless its finalizer has
 * changed that. */
static void finish_alone(ouro_heap *heap, ouro_object *object) {
    ouro__set_flag(object, OURO__GONE);
    ouro__aftermath after = {NULL, NULL};
    clear_watchers_of(heap, object, &after);
    if (OURO_UNLIKELY(after.calls != NULL)) heap->watch->run_calls(&after);
    if (OURO_UNLIKELY(ouro__listens(heap, OURO_EVENT_DEATH))) announce_death(heap, object, true);
    bool kept = heap->keep_types;
    heap->keep_types = true;
    traverse(object, release_child, NULL);
    if (OURO_UNLIKELY(after.entries != NULL)) heap->watch->release_entries(heap, &after);
    bury_one(heap, object);
    heap->keep_types = kept;
    if (OURO_UNLIKELY(!kept && heap->retired != NULL)) ouro__type_free_retired(heap);
}

void ouro__object_die_alone(ouro_heap *heap, ouro_object *object) {
    heap->death_depth++;
    ouro__set_flag(object, OURO__DOOMED);
    bool ran = run_finalizer(heap, object);
    bool changed = ran && (object->count != 0 || object->flags & OURO__HELD);
    if (OURO_UNLIKELY(changed || heap->closing)) {
        ouro__set set;
        ouro__set_init(&set, heap, true);
        ouro__set_add(&set, object);
        finish_dying(&set, ran);
        ouro__set_finish(&set);
    } else {
        finish_alone(heap, object);
    }
    heap->death_depth--;
}
