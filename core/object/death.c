/* SPDX-License-Identifier: MIT */
/* Death by count: what happens when the last counted reference goes.
 *
 * Three ways, from cheap to full. An object that is held only waits. One whose death nobody
 * can observe is taken apart at once, with all that goes with it, chained through their own
 * headers: no stack, no memory. Otherwise the dying set is computed (compute_set) and ends
 * as docs/semantics.md, 3 says (dying.c).
 *
 * Rejected: clearing fields one by one and letting each child die on its own, as CPython
 * does. Finalizers then see half of a structure, and in another order than when a
 * collection finds it. */
#include "object/death.h"

/* Sets processed one within another before further deaths wait in the queue: bounds the
 * C stack whatever finalizers do. */
#define DEPTH_LIMIT 16
/* What may wait for the holder before it is asked to look. */
#define DEFERRED_LIMIT 16384
#define DEFERRED_BYTES ((size_t)1 << 20)

/* ---- the chain of the unobserved dead: 48 bits of count and flags hold the address ------- */

static void chain_push(ouro_object **chain, ouro_object *object) {
    uint64_t link = (uint64_t)(uintptr_t)*chain >> 3;
    object->count = (uint32_t)link;
    object->flags = (uint16_t)(link >> 32);
    *chain = object;
}

static ouro_object *chain_pop(ouro_object **chain) {
    ouro_object *object = *chain;
    uint64_t link = (uint64_t)object->flags << 32 | object->count;
    *chain = (ouro_object *)(uintptr_t)(link << 3);
    return object;
}

typedef struct taking_apart {
    ouro_heap *heap;
    ouro_object *chain;
    ouro_object *bottom; /* of the chain */
} taking_apart;

static inline void chain_add(taking_apart *work, ouro_object *object) {
    if (work->chain == NULL) work->bottom = object;
    chain_push(&work->chain, object);
}

static void drop_child(ouro_object *child, void *context) {
    taking_apart *work = context;
    if (--child->count != 0) {
        ouro__guard_note(child);
        return;
    }
    if (OURO_UNLIKELY(child->flags & OURO__SPARED)) {
        ouro__death_of_last(child);
        return;
    }
    ouro__object_leave_tables(work->heap, child);
    chain_add(work, child);
}

/* The rest of the chain, below what waits already. Nobody refers to it, and nobody can observe
 * that it is still there, but those who look at the whole heap: ouro__guard_look. What keeps
 * something of the outside alive does not wait, since the outside could tell. */
static void put_off(taking_apart *work) {
    ouro_heap *heap = work->heap;
    if (heap->unreleased != NULL) {
        ouro_object *rest = heap->unreleased;
        chain_push(&rest, work->bottom);
    } else {
        heap->unreleased_bottom = work->bottom;
    }
    heap->unreleased = work->chain;
    heap->due |= OURO__DUE_RELEASE;
}

static void take_apart(taking_apart *work, size_t most) {
    ouro_heap *heap = work->heap;
    while (work->chain != NULL) {
        if (OURO_UNLIKELY(most-- == 0) && !ouro__heap_keeps_foreign(heap)) {
            put_off(work);
            return;
        }
        ouro_object *object = chain_pop(&work->chain);
        ouro_type *type = ouro__type_of(heap, object);
        if (!type->leaf) ouro__traverse(type, object, drop_child, work);
        if (type->spec.dispose != NULL) type->spec.dispose(object);
        type->deaths++;
        ouro__pool_free(object);
    }
}

void ouro__death_destroy(ouro_heap *heap, ouro_object *object) {
    taking_apart work = {heap, NULL, NULL};
    ouro__object_leave_tables(heap, object);
    chain_add(&work, object);
    take_apart(&work, heap->release_most);
}

void ouro__death_go_on(ouro_heap *heap, size_t most) {
    taking_apart work = {heap, heap->unreleased, heap->unreleased_bottom};
    heap->unreleased = NULL;
    take_apart(&work, most);
}

/* ---- can anybody observe it? A small trial, on the C stack, that errs towards yes -------- */

#define TRIAL 24

typedef struct trial {
    ouro_heap *heap;
    ouro_object *members[TRIAL];
    size_t member_count;
    ouro_object *seen[TRIAL]; /* children with several counts, and how many are from here */
    uint32_t times[TRIAL];
    size_t seen_count;
    unsigned spared; /* flags of children that live on in any case */
    bool observed;   /* or too big to tell */
} trial;

static void admit(trial *t, ouro_object *object) {
    if (ouro__is_observed(t->heap, object) || t->member_count == TRIAL) t->observed = true;
    else t->members[t->member_count++] = object;
}

static void try_child(ouro_object *child, void *context) {
    trial *t = context;
    if (t->observed || child->flags & t->spared) return;
    const ouro_type *type = ouro__type_of(t->heap, child);
    if (type->spec.flags & OURO_TYPE_PLAIN) return;
    size_t i = 0;
    while (i < t->seen_count && t->seen[i] != child) i++;
    if (i == TRIAL) {
        t->observed = true;
        return;
    }
    if (i == t->seen_count) {
        t->seen[i] = child;
        t->times[i] = 0;
        t->seen_count++;
    }
    t->times[i]++;
    /* What waits still counts what it refers to: that could be all that keeps it. */
    bool only_waits = !(t->spared & OURO__HELD) && !ouro__object_is(child, OURO__CLASS);
    if (only_waits ? t->times[i] == 1 : t->times[i] == child->count) admit(t, child);
}

/* By anybody but the listener. */
static bool may_be_seen(ouro_heap *heap, ouro_object *object, unsigned spared) {
    const ouro_type *type = ouro__type_of(heap, object);
    if (ouro__is_observed(heap, object)) return true;
    if (type->leaf) return false;
    trial t; /* the arrays stay uninitialized */
    t.heap = heap;
    t.member_count = t.seen_count = 0;
    t.spared = spared | OURO__DOOMED | OURO__SHIELDED;
    t.observed = false;
    admit(&t, object);
    for (size_t i = 0; i < t.member_count && !t.observed; i++)
        ouro__traverse(ouro__type_of(heap, t.members[i]), t.members[i], try_child, &t);
    return t.observed;
}

static bool may_be_observed(ouro_heap *heap, ouro_object *object, unsigned spared) {
    if (heap->listener_mask != 0 && ouro__type_of(heap, object)->counted) return true;
    return may_be_seen(heap, object, spared);
}

/* Of an object that may be observed: whether that is soon enough once the holder has looked
 * for reasons of its own. */
static bool may_be_late(ouro_heap *heap, ouro_object *object) {
    return heap->patient && !may_be_seen(heap, object, 0);
}

/* ---- the dying set, by depth-first trial deletion ---------------------------------------- */

typedef struct edges {
    ouro_heap *heap;
    ouro__set stack; /* used as a stack of objects */
    bool failed;
    bool held; /* a member was left out for being held */
} edges;

static void push_edge(ouro_object *child, void *context) {
    edges *e = context;
    if (ouro__type_of(e->heap, child)->spec.flags & OURO_TYPE_PLAIN) return;
    if (!e->failed && !ouro__set_add(&e->stack, child)) e->failed = true;
}

static void put_back(ouro_object *child, void *context) {
    ouro_heap *heap = context;
    if (!(ouro__type_of(heap, child)->spec.flags & OURO_TYPE_PLAIN)) child->count++;
}

/* The value of an ephemeron goes once, with its key or with its container, whichever is found
 * first to be dying; what the key has been charged for, the container leaves out. */
static void push_of_container(ouro_object *container, ouro_object *key, ouro_object *value,
                              bool *charged, void *context) {
    (void)container;
    (void)key;
    if (!*charged) push_edge(value, context);
}

static void push_of_key(ouro_object *container, ouro_object *key, ouro_object *value,
                        bool *charged, void *context) {
    (void)key;
    if (container->flags & OURO__DOOMED) return;
    *charged = true;
    push_edge(value, context);
}

static void discharge(ouro_object *container, ouro_object *key, ouro_object *value,
                      bool *charged, void *context) {
    (void)key;
    if (container->flags & OURO__DOOMED) return;
    if (*charged && context != NULL) put_back(value, context);
    *charged = false;
}

static void discharge_own(ouro_object *container, ouro_object *key, ouro_object *value,
                          bool *charged, void *context) {
    (void)container;
    (void)key;
    (void)value;
    (void)context;
    *charged = false;
}

/* Pushes the object's references so that the first field is on top. */
static bool expand(edges *e, ouro_object *object) {
    size_t bottom = e->stack.count;
    e->failed = false;
    ouro_type *type = ouro__type_of(e->heap, object);
    const ouro__watch_hooks *watch = e->heap->watch;
    if (type->ephemerons) watch->each_of_container(object, push_of_container, e);
    else ouro__traverse(type, object, push_edge, e);
    bool is_key = ouro__may_be_key(e->heap, object);
    if (is_key) watch->each_of_key(object, push_of_key, e);
    if (e->failed && is_key) watch->each_of_key(object, discharge, NULL);
    if (e->failed) {
        e->stack.count = bottom;
        return false;
    }
    for (size_t i = bottom, j = e->stack.count; i + 1 < j; i++) {
        ouro_object *swapped = e->stack.items[i];
        e->stack.items[i] = e->stack.items[--j];
        e->stack.items[j] = swapped;
    }
    return true;
}

static void put_all_back(ouro_heap *heap, ouro_object *object) {
    ouro_type *type = ouro__type_of(heap, object);
    ouro__traverse(type, object, put_back, heap);
    if (type->ephemerons) heap->watch->each_of_container(object, discharge_own, NULL);
    if (ouro__may_be_key(heap, object)) heap->watch->each_of_key(object, discharge, heap);
}

/* Before: root has no counted reference. After: the set is root and what it alone keeps
 * alive, in the order in which releasing field by field would reach them; all counts are as
 * before. An object for whose references there was no memory is left out: it follows in a
 * set of its own when its last reference is released. Returns whether one was left out for
 * being held. */
static bool compute_set(ouro_heap *heap, ouro_object *root, ouro__set *set) {
    edges e = {.heap = heap};
    ouro__set_init(&e.stack, heap, true);
    ouro__set_add(set, root); /* the first 32 need no memory */
    ouro__set_flag(root, OURO__DOOMED);
    bool expanded = expand(&e, root);
    while (e.stack.count > 0) {
        ouro_object *object = e.stack.items[--e.stack.count];
        if (--object->count != 0 || object->flags & (OURO__SPARED & ~OURO__HELD)) continue;
        if (object->flags & OURO__HELD) {
            e.held = true;
            continue;
        }
        if (!ouro__set_add(set, object)) continue;
        if (expand(&e, object)) ouro__set_flag(object, OURO__DOOMED);
        else set->count--;
    }
    ouro__set_finish(&e.stack);
    for (size_t i = 0; expanded && i < set->count; i++) put_all_back(heap, set->items[i]);
    return e.held;
}

/* Whether nothing but plain data can die with it, told by a look at its slots: what they
 * refer to has more counts than the object could possibly give. */
static bool dies_alone(ouro_heap *heap, ouro_object *root) {
    const ouro_type *type = ouro__type_of(heap, root);
    size_t most = type->spec.values_count + 1;
    if (type->spec.traverse != NULL) return false;
    if (ouro__may_be_key(heap, root)) return false;
    OURO__FOR_EACH_SLOT(type, root, slot) {
        ouro_object *child = ouro_value_object(*slot);
        if (child == NULL || child->count > most) continue;
        if (!(ouro__type_of(heap, child)->spec.flags & OURO_TYPE_PLAIN)) return false;
    }
    return type->cls == NULL || type->cls->count > most;
}

static void note_child(ouro_object *child, void *context) {
    (void)child;
    *(bool *)context = true;
}

/* Whether what it refers to may live by it alone. */
static bool is_keeper(const ouro_heap *heap, ouro_object *object) {
    ouro_type *type = ouro__type_of(heap, object);
    bool refers = !type->leaf;
    if (object->type == OURO__WEAK) {
        refers = false;
        ouro__traverse(type, object, note_child, &refers);
    }
    return refers;
}

static void defer(ouro_heap *heap, ouro_object *object) {
    heap->deferred++;
    heap->deferred_keepers += is_keeper(heap, object);
    heap->deferred_bytes += ouro_object_size(object);
    /* What holds it, or what it refers to, may be a handle that nobody can reach any more. */
    if (heap->watching != 0 && may_be_observed(heap, object, 0)) {
        if (!may_be_late(heap, object)) heap->due |= OURO__DUE_PROMPT;
        ouro__object_note_wait(heap, object);
    }
    if (heap->deferred > DEFERRED_LIMIT ||
        heap->deferred_bytes > DEFERRED_BYTES + heap->buffer_bytes / 4)
        heap->due |= OURO__DUE_PRESSURE;
}

void ouro__death_settle(ouro_heap *heap) {
    heap->due &= ~(unsigned)OURO__DUE_PROMPT;
    if (heap->settle != NULL) heap->settle(heap->user, heap, OURO_SETTLE_PROMPT);
}

/* What holds a member may be a handle that nobody can reach any more. Settles, which runs
 * code of scripts, and computes the set anew; false: the root lives on, or waits. */
static bool still_dies(ouro_heap *heap, ouro_object *root, ouro__set *set) {
    for (size_t i = 0; i < set->count; i++) ouro__clear_flag(set->items[i], OURO__DOOMED);
    root->count++;
    ouro__death_settle(heap);
    if (--root->count != 0) return false;
    if (root->flags & OURO__HELD) {
        defer(heap, root);
        return false;
    }
    set->count = 0;
    compute_set(heap, root, set);
    return true;
}

static void die_with_set(ouro_heap *heap, ouro_object *root) {
    ouro__set set;
    ouro__set_init(&set, heap, true);
    bool held = compute_set(heap, root, &set);
    if (!held || heap->settle == NULL || heap->closing || may_be_late(heap, root) ||
        still_dies(heap, root, &set))
        ouro__set_die(&set);
    ouro__set_finish(&set);
}

/* ---- entry ------------------------------------------------------------------------------- */

/* Without memory the flag alone tells, and the blocks are searched for it. */
static void enqueue(ouro_heap *heap, ouro_object *object) {
    ouro__set_flag(object, OURO__QUEUED);
    heap->queued++;
    if (heap->queue_count == heap->queue_capacity) {
        size_t old_size = heap->queue_capacity * sizeof *heap->queue;
        void *queue = ouro__memory_resize(&heap->account, heap->queue, old_size, old_size * 2);
        if (queue == NULL) return;
        heap->queue = queue;
        heap->queue_capacity *= 2;
    }
    heap->queue[heap->queue_count++] = object;
}

/* The queue is empty: as many as fit of those that wait without being in it. The search goes
 * on where the last one ended, so that not each of them costs a walk over the heap. */
static void find_queued(ouro_heap *heap) {
    while (heap->queue_count < heap->queue_capacity && heap->queue_count < heap->queued) {
        ouro_object *object = ouro__pool_next(&heap->pool, &heap->queue_place);
        if (object != NULL) {
            if (object->flags & OURO__QUEUED) heap->queue[heap->queue_count++] = object;
            continue;
        }
        heap->queue_place = (ouro__place){0};
        if (heap->queue_count > 0) return;
    }
}

/* They are taken from the end; among themselves, those of one set go in order. */
static void turn_queue(ouro_heap *heap, size_t from) {
    for (size_t to = heap->queue_count; from + 1 < to; from++) {
        ouro_object *swapped = heap->queue[from];
        heap->queue[from] = heap->queue[--to];
        heap->queue[to] = swapped;
    }
}

static void die(ouro_heap *heap, ouro_object *object) {
    if (OURO_UNLIKELY(object->flags & OURO__SPARED)) {
        if ((object->flags & OURO__SPARED) == OURO__HELD) defer(heap, object);
        return;
    }
    bool observed = OURO_UNLIKELY(heap->watching != 0) &&
                    (ouro__is_observed(heap, object) ||
                     may_be_observed(heap, object, OURO__HELD));
    if (!observed) {
        ouro__death_destroy(heap, object);
        return;
    }
    if (heap->death_depth >= DEPTH_LIMIT) {
        enqueue(heap, object);
        return;
    }
    size_t before = heap->queue_count;
    if (dies_alone(heap, object)) ouro__object_die_alone(heap, object);
    else die_with_set(heap, object);
    turn_queue(heap, before);
}

/* Not by ouro__death_of_last, which comes here again: a finalizer may queue a death for each
 * that is taken out. */
void ouro__death_drain(ouro_heap *heap) {
    while (heap->queued > 0 && heap->death_depth < DEPTH_LIMIT) {
        if (heap->queue_count == 0) find_queued(heap);
        ouro_object *object = heap->queue[--heap->queue_count];
        ouro__clear_flag(object, OURO__QUEUED);
        heap->queued--;
        if (object->count == 0) die(heap, object);
    }
}

void ouro__death_of_last(ouro_object *object) {
    ouro_heap *heap = ouro__heap_of(object);
    die(heap, object);
    if (OURO_UNLIKELY(heap->queued > 0)) ouro__death_drain(heap);
}
