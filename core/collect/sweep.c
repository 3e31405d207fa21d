/* SPDX-License-Identifier: MIT */
/* Sweep: see sweep.h. */
#include "collect/sweep.h"

#include "collect/question.h"
#include "object/death.h"

/* ---- survey ------------------------------------------------------------------------------ */

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

bool ouro__sweep_comes_first(const ouro_object *a, const ouro_object *b) {
    const ouro__block *block_a = ouro__block_of(a), *block_b = ouro__block_of(b);
    return block_a != block_b ? block_a->position < block_b->position : a < b;
}

static void survey(ouro_heap *heap, ouro_object *object) {
    ouro__pass *pass = &heap->pass;
    const ouro_type *type = ouro__type_of(heap, object);
    if (type->counted) {
        pass->found++;
        if (pass->oldest == NULL || ouro__sweep_comes_first(object, pass->oldest))
            pass->oldest = object;
    }
    bool held = object->flags & OURO__HELD; /* from within: its handle has to forget it */
    if (held || ouro__is_observed(heap, object)) pass->observed = true;
}

bool ouro__sweep_survey(ouro_heap *heap, size_t *budget) {
    ouro__pass *pass = &heap->pass;
    ouro__stretch s;
    if (heap->listener_mask != 0) pass->observed = true;
    while (*budget > 0 && ouro__pass_next(heap, ouro__pass_is_asked, &s)) {
        size_t garbage = 0;
        for (uint32_t cell = s.begin; cell < s.end; cell++) {
            ouro_object *object = ouro__cell_at(s.block, cell);
            if (!ouro__question_is_garbage(object)) continue;
            survey(heap, object);
            garbage++;
        }
        ouro__pass_spend(pass, budget, garbage + (s.end - s.begin) / 8 + 1);
    }
    return *budget > 0;
}

/* ---- unobserved -------------------------------------------------------------------------- */

/* Objects outside the garbage that it alone kept alive and that may be observed: they die
 * by the full path when the sweep, or its slice, has ended. */
typedef struct sweeping {
    ouro_heap *heap;
    ouro__set orphans;
    bool marked; /* no memory for the list: the flag OURO__ORPHAN tells */
    size_t edges;
} sweeping;

static void drop_outside(ouro_object *child, void *context) {
    sweeping *s = context;
    s->edges++;
    if (ouro__question_is_garbage(child)) return; /* garbage itself */
    if (--child->count != 0) {
        ouro__guard_note(child);
        return;
    }
    const ouro_type *type = ouro__type_of(s->heap, child);
    bool quiet = s->heap->watching == 0 || type->spec.flags & OURO_TYPE_PLAIN;
    if (child->flags & OURO__SPARED) ouro__death_of_last(child);
    else if (quiet) ouro__death_destroy(s->heap, child);
    else if (!ouro__set_add(&s->orphans, child)) {
        ouro__set_flag(child, OURO__ORPHAN);
        s->marked = true;
    }
}

static void sweep_object(sweeping *s, ouro_object *object) {
    ouro_type *type = ouro__type_of(s->heap, object);
    ouro__traverse(type, object, drop_outside, s);
    ouro__object_forget(s->heap, object);
    if (type->spec.dispose != NULL) type->spec.dispose(object);
    type->deaths++;
    ouro__pool_free(object);
}

/* Without memory for the list, orphans were marked: look for them. */
static void find_orphans(ouro_heap *heap) {
    heap->pool.keep_empty = true;
    ouro__guard_release(heap);
    ouro_object *object;
    for (ouro__place at = {0}; (object = ouro__pool_next(&heap->pool, &at)) != NULL;) {
        if (!(object->flags & OURO__ORPHAN)) continue;
        ouro__clear_flag(object, OURO__ORPHAN);
        if (object->count == 0) ouro__death_of_last(object);
    }
    heap->pool.keep_empty = false;
    ouro__pool_drop_empty(&heap->pool);
}

void ouro__sweep_begin(ouro_heap *heap) {
    ouro__pass *pass = &heap->pass;
    pass->freeing = true;
    pass->stage++;
    pass->left = heap->pool.count;
    pass->cell = 0;
    heap->pool.keep_sides = heap->keep_types = true;
}

static void finish_sweep(ouro_heap *heap) {
    heap->pass.freeing = false;
    ouro__pass_end(heap);
    heap->pool.keep_sides = false;
    /* Within a death its own end does the rest; that has found the types kept. */
    heap->keep_types = heap->death_depth > 0;
    if (!heap->keep_types) ouro__type_free_retired(heap);
    ouro__pool_drop_empty(&heap->pool);
}

/* After: no side byte says anything of this pass. Only once all garbage is freed, for what is
 * freed late asks whether what it refers to was garbage. */
static bool clear_sides(ouro_heap *heap, size_t *budget) {
    ouro__pass *pass = &heap->pass;
    ouro__stretch s;
    if (!pass->clearing) {
        pass->clearing = true;
        pass->stage++;
        pass->left = heap->pool.count;
        pass->cell = 0;
    }
    while (*budget > 0 && ouro__pass_next(heap, ouro__pass_is_asked, &s)) {
        ouro__question_end_block(s.block);
        pass->cell = s.block->fresh;
        ouro__pass_spend(pass, budget, OURO__SIDE_SIZE / 64);
    }
    return *budget > 0;
}

/* A new object may take the cell of a dead one, whose side byte still says garbage: for it is
 * the dead one that other garbage refers to. No step comes back to a block. */
bool ouro__sweep_step(ouro_heap *heap, size_t *budget) {
    ouro__pass *pass = &heap->pass;
    sweeping s = {.heap = heap};
    ouro__stretch at;
    ouro__set_init(&s.orphans, heap, true);
    bool ended = pass->clearing;
    while (!ended && !(ended = !ouro__pass_next(heap, ouro__pass_is_asked, &at))) {
        size_t garbage = 0;
        for (uint32_t cell = at.begin; cell < at.end; cell++) {
            ouro_object *object = ouro__cell_at(at.block, cell);
            if (!ouro__question_is_garbage(object)) continue;
            pass->last = object;
            sweep_object(&s, object);
            garbage++;
        }
        ouro__pass_spend(pass, budget, garbage * 2 + s.edges + (at.end - at.begin) / 8 + 1);
        s.edges = 0;
        if (*budget == 0) break;
    }
    ended = ended && clear_sides(heap, budget);
    if (ended) finish_sweep(heap);
    for (size_t i = 0; i < s.orphans.count; i++) ouro__death_of_last(s.orphans.items[i]);
    ouro__set_finish(&s.orphans);
    if (s.marked) find_orphans(heap);
    return ended;
}

/* ---- observed ---------------------------------------------------------------------------- */

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
        ouro__pass_end(heap);
        sort_oldest_first(&set);
    }
    heap->pool.keep_empty = set.scan; /* a walk over the blocks needs them to stay */
    ouro__set_die(&set);
    heap->pool.keep_empty = false;
    if (set.scan) {
        ouro__pass_end(heap);
        ouro__pool_drop_empty(&heap->pool);
    }
    ouro__set_finish(&set);
    return set.died;
}
