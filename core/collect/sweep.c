/* SPDX-License-Identifier: MIT */
/* Sweep: see sweep.h. */
#include "collect/sweep.h"

#include "collect/question.h"
#include "object/death.h"

static bool survey(ouro_object *object, void *context) {
    ouro__found *found = context;
    const ouro_type *type = ouro__type_of(found->heap, object);
    if (type->counted && found->counted++ == 0) found->oldest = object;
    bool held = object->flags & OURO__HELD; /* from within: its handle has to forget it */
    if (held || ouro__is_observed(found->heap, object)) found->observed = true;
    return true;
}

void ouro__sweep_survey(ouro_heap *heap, ouro__found *ret_found) {
    *ret_found = (ouro__found){.heap = heap, .observed = heap->listener_mask != 0};
    ouro__question_each(heap, survey, ret_found);
}

/* ---- unobserved -------------------------------------------------------------------------- */

/* Objects outside the garbage that it alone kept alive and that may be observed: they die
 * by the full path when the sweep has ended. */
typedef struct sweeping {
    ouro_heap *heap;
    ouro__set orphans;
    bool marked; /* no memory for the list: the flag OURO__ORPHAN tells */
} sweeping;

static void drop_outside(ouro_object *child, void *context) {
    sweeping *s = context;
    if (ouro__question_is_garbage(child)) return; /* garbage itself */
    if (--child->count != 0) return;
    const ouro_type *type = ouro__type_of(s->heap, child);
    bool quiet = s->heap->watching == 0 || type->spec.flags & OURO_TYPE_PLAIN;
    if (child->flags & OURO__SPARED) ouro__death_of_last(child);
    else if (quiet) ouro__death_destroy(s->heap, child);
    else if (!ouro__set_add(&s->orphans, child)) {
        ouro__set_flag(child, OURO__ORPHAN);
        s->marked = true;
    }
}

static bool sweep_object(ouro_object *object, void *context) {
    sweeping *s = context;
    ouro_type *type = ouro__type_of(s->heap, object);
    ouro__traverse(type, object, drop_outside, s);
    ouro__object_forget(s->heap, object);
    if (type->spec.dispose != NULL) type->spec.dispose(object);
    type->deaths++;
    ouro__pool_free(object);
    return true;
}

/* Without memory for the list, orphans were marked: look for them. */
static void find_orphans(ouro_heap *heap) {
    heap->pool.keep_empty = true;
    ouro_object *object;
    for (ouro__place at = {0}; (object = ouro__pool_next(&heap->pool, &at)) != NULL;) {
        if (!(object->flags & OURO__ORPHAN)) continue;
        ouro__clear_flag(object, OURO__ORPHAN);
        if (object->count == 0) ouro__death_of_last(object);
    }
    heap->pool.keep_empty = false;
    ouro__pool_drop_empty(&heap->pool);
}

void ouro__sweep_free(ouro_heap *heap) {
    sweeping s = {.heap = heap};
    ouro__set_init(&s.orphans, heap, true);
    bool kept = heap->keep_types; /* by a death that a finalizer collects within */
    heap->pool.keep_empty = heap->keep_types = true;
    ouro__question_each(heap, sweep_object, &s);
    ouro__question_end(heap);
    heap->pool.keep_empty = false;
    heap->keep_types = kept;
    if (!kept) ouro__type_free_retired(heap);
    ouro__pool_drop_empty(&heap->pool);
    for (size_t i = 0; i < s.orphans.count; i++) ouro__death_of_last(s.orphans.items[i]);
    ouro__set_finish(&s.orphans);
    if (s.marked) find_orphans(heap);
}

/* ---- observed ---------------------------------------------------------------------------- */

static uint64_t stamp_of(const ouro_object *object) {
    const ouro__block *block = ouro__block_of(object);
    if (block->stamps != NULL) return block->stamps[ouro__cell_index(block, object)];
    return ouro_object_type(object)->plain_since;
}

/* Older: born earlier where births are numbered; else by place. */
static bool is_older(const ouro_object *a, const ouro_object *b) {
    uint64_t stamp_a = stamp_of(a), stamp_b = stamp_of(b);
    if (stamp_a != stamp_b) return stamp_a < stamp_b;
    const ouro__block *block_a = ouro__block_of(a), *block_b = ouro__block_of(b);
    if (block_a != block_b) return block_a->serial < block_b->serial;
    return a < b;
}

static void sift_down(ouro_object **items, size_t root, size_t count) {
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && is_older(items[child], items[child + 1])) child++;
        if (!is_older(items[root], items[child])) return;
        ouro_object *swapped = items[root];
        items[root] = items[child];
        items[child] = swapped;
    }
}

/* Heapsort (Williams 1964): in place, for there may be no memory. */
static void sort_oldest_first(ouro__set *set) {
    size_t sorted = 1;
    while (sorted < set->count && !is_older(set->items[sorted], set->items[sorted - 1])) sorted++;
    if (sorted >= set->count) return;
    for (size_t i = set->count / 2; i-- > 0;) sift_down(set->items, i, set->count);
    for (size_t end = set->count; end-- > 1;) {
        ouro_object *last = set->items[0];
        set->items[0] = set->items[end];
        set->items[end] = last;
        sift_down(set->items, 0, end);
    }
}

static bool doom(ouro_object *object, void *context) {
    ouro__set *set = context;
    ouro__set_flag(object, OURO__DOOMED);
    if (object->flags & OURO__HELD) set->cross = true;
    if (!set->scan && !ouro__set_add(set, object)) set->scan = true;
    return true;
}

size_t ouro__sweep_die(ouro_heap *heap) {
    ouro__set set;
    ouro__set_init(&set, heap, false);
    ouro__question_each(heap, doom, &set);
    if (!set.scan) {
        ouro__question_end(heap);
        sort_oldest_first(&set);
    }
    heap->pool.keep_empty = set.scan; /* a walk over the blocks needs them to stay */
    ouro__set_die(&set);
    heap->pool.keep_empty = false;
    if (set.scan) {
        ouro__question_end(heap);
        ouro__pool_drop_empty(&heap->pool);
    }
    ouro__set_finish(&set);
    return set.died;
}
