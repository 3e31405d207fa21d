/* SPDX-License-Identifier: MIT */
/* Trial: the policy of trial deletion from possible roots (Bacon and Rajan, "Concurrent Cycle
 * Collection in Reference Counted Systems", 2001, the synchronous algorithm; Lins 1990 had the
 * buffer; PHP since 5.3 and Nim use it).
 *
 * A cycle can become garbage only when one of its objects loses a reference and keeps others.
 * So such an object is a *possible root* (the paper's purple), and a collection looks only at
 * what can be reached from those: MarkGray counts the references that this part of the heap has
 * to itself, Scan restores what has more (and what that reaches), CollectWhite frees the rest.
 * The counts are in the side table, not taken off the objects, so Scan and CollectWhite are
 * the phases that all policies share. Acyclic types are never possible roots.
 *
 * The buffer needs no memory, for a release cannot fail: every object is guarded; one that was
 * touched is not, and its block knows that it has some. Found alive, it is guarded again.
 *
 * Roots that come back for ever, each time with a large live structure behind them (PHP's
 * trap): what a collection has looked at in vain raises the number of possible roots that make
 * the next one due, so each root pays for two objects at most.
 *
 * While MarkGray is at work a side byte is
 *   0 .. 124     gray, referred to this often, its own references not yet followed
 *   125          the same, the number in heap->overflow
 *   128 .. 253   the same two, but followed
 *   254, 255     live for want of memory; not reached
 * Whoever waits is found in the blocks, as in restore.c: no stack, no memory. */
#include <string.h>

#include "collect/pacing.h"
#include "collect/policy.h"
#include "collect/question.h"
#include "collect/sweep.h"
#include "collect/trial.h"

enum { GRAY_MOST = 124, GRAY_OVERFLOW = 125, FOLLOWED = 128 };

static void guard(ouro_heap *heap, ouro_object *object) {
    if (ouro__block_of(object)->kind == OURO__ACYCLIC) return;
    ouro__block_of(object)->roots = true;
    if (++heap->pacing.buffered >= heap->pacing.roots_limit) heap->due |= OURO__DUE_COLLECT;
}

/* All there is may be a root by now. */
static void enter(ouro_heap *heap) {
    ouro_object *object;
    for (size_t i = 0; i < heap->pool.count; i++)
        heap->pool.blocks[i]->roots = heap->pool.blocks[i]->kind != OURO__ACYCLIC;
    for (ouro__place at = {0}; (object = ouro__pool_next(&heap->pool, &at)) != NULL;)
        ouro__clear_flag(object, OURO__GUARDED);
    heap->pacing.buffered = 0;
}

/* ---- MarkGray ---------------------------------------------------------------------------- */

static bool has_roots(const ouro__block *block) {
    return block->roots;
}

static void paint(ouro_object *object) {
    ouro__block *block = ouro__block_of(object);
    *ouro__side_of(object) = 0;
    block->asked = block->pending = true;
}

static bool may_be_gray(const ouro_object *object) {
    return *ouro__side_of(object) == OURO__SIDE_OUT &&
           ouro__block_of(object)->kind != OURO__ACYCLIC &&
           ouro__question_is_candidate(object, 2);
}

/* The possible roots are gray. Those that are set aside, or dying, stay possible roots. */
static bool mark_roots(ouro_heap *heap, size_t *budget) {
    ouro__pass *pass = &heap->pass;
    ouro__stretch s;
    while (*budget > 0 && ouro__pass_next(heap, has_roots, &s)) {
        if (s.begin == 0) pass->may_sweep = false; /* here: some must wait */
        for (uint32_t cell = s.begin; cell < s.end; cell++) {
            ouro_object *object = ouro__cell_at(s.block, cell);
            if (object->type == 0 || object->flags & OURO__GUARDED) continue;
            if (!ouro__question_is_candidate(object, 2)) {
                pass->may_sweep = true;
                continue;
            }
            ouro__set_flag(object, OURO__GUARDED);
            if (*ouro__side_of(object) == OURO__SIDE_OUT) paint(object);
            pass->candidates++;
            pass->last = object;
        }
        if (s.end == s.block->fresh) s.block->roots = pass->may_sweep;
        ouro__pass_spend(pass, budget, (s.end - s.begin) / 8 + 1);
    }
    if (*budget == 0) return false;
    ouro__question_forget_classes(heap);
    size_t buffered = heap->pacing.buffered;
    pass->work.possible_roots += buffered > pass->candidates ? buffered : pass->candidates;
    pass->work.removed += buffered > pass->candidates ? buffered - pass->candidates : 0;
    heap->pacing.buffered = 0;
    return true;
}

void ouro__trial_forget_roots(ouro_heap *heap) {
    for (size_t i = 0; i < heap->pool.count; i++) {
        ouro__block *block = heap->pool.blocks[i];
        bool wait = false;
        for (uint32_t cell = 0; block->roots && cell < block->fresh; cell++) {
            ouro_object *object = ouro__cell_at(block, cell);
            if (ouro__question_is_candidate(object, 2)) ouro__set_flag(object, OURO__GUARDED);
            else if (object->type != 0 && !(object->flags & OURO__GUARDED)) wait = true;
        }
        block->roots = wait;
    }
    heap->pass.work.possible_roots += heap->pacing.buffered;
    heap->pacing.buffered = 0;
}

bool ouro__trial_is_painting(const ouro_heap *heap) {
    return heap->pass.phases == ouro__policy_trial.phases && heap->pass.phase <= 2;
}

bool ouro__trial_is_gray(uint8_t side) {
    return side < FOLLOWED;
}

uint64_t ouro__trial_count(const ouro_heap *heap, const ouro_object *object) {
    uint8_t count = *ouro__side_of(object) % FOLLOWED;
    if (count < GRAY_OVERFLOW) return count;
    const uint64_t *place = ouro__map_find(&heap->overflow, (uint64_t)(uintptr_t)object);
    return place != NULL ? *place : 0;
}

#define RING 64

typedef struct painting {
    ouro_heap *heap;
    ouro_object *ring[RING]; /* prefetched */
    unsigned head, tail;
    bool chasing;
    size_t objects, edges;
} painting;

static void wait_for_visit(painting *p, ouro_object *child) {
    if (p->chasing && p->tail - p->head < RING) {
        __builtin_prefetch(child);
        p->ring[p->tail++ % RING] = child;
        return;
    }
    ouro__block_of(child)->pending = true;
}

static void paint_overflow(painting *p, ouro_object *child, uint8_t *side) {
    bool followed = *side >= FOLLOWED;
    uint64_t *total = ouro__map_place(&p->heap->overflow, &p->heap->account,
                                      (uint64_t)(uintptr_t)child);
    if (total == NULL) {
        *side = OURO__SIDE_PENDING;
        return;
    }
    if (*side % FOLLOWED != GRAY_OVERFLOW) *total = *side % FOLLOWED;
    ++*total;
    *side = (uint8_t)(GRAY_OVERFLOW + (followed ? FOLLOWED : 0));
}

/* One reference to it from what is gray: if it was not, it is now. */
static inline void paint_child(painting *p, ouro_object *child) {
    uint8_t *side = ouro__side_of(child);
    p->edges++;
    if (*side == OURO__SIDE_OUT) {
        if (!may_be_gray(child)) return;
        *side = 1;
        ouro__block_of(child)->asked = true;
        wait_for_visit(p, child);
    } else if (OURO_LIKELY(*side % FOLLOWED < GRAY_MOST)) {
        ++*side;
    } else if (*side < OURO__SIDE_PENDING) {
        paint_overflow(p, child, side);
    }
}

static void paint_by_hook(ouro_object *child, void *context) {
    paint_child(context, child);
}

/* What an ephemeron keeps alive hangs on its key as well as on its container: that is gray too,
 * and counts its reference. */
static void paint_container(ouro_object *container, ouro_object *key, ouro_object *value,
                            bool *charged, void *context) {
    (void)key;
    (void)value;
    (void)charged;
    (void)context;
    if (may_be_gray(container)) paint(container);
}

/* References to classes are counted in the types, as in question.c. */
static inline void follow(painting *p, ouro_object *object) {
    uint8_t *side = ouro__side_of(object);
    ouro_type *type = ouro__type_of(p->heap, object);
    *side = (uint8_t)(*side + FOLLOWED);
    p->objects++;
    OURO__FOR_EACH_SLOT(type, object, slot) {
        if (ouro_value_is_object(*slot)) paint_child(p, ouro_value_object(*slot));
    }
    if (type->spec.traverse != NULL) type->spec.traverse(object, paint_by_hook, p);
    if (type->class_edges++ == 0 && type->cls != NULL && may_be_gray(type->cls))
        paint(type->cls);
    if (ouro__may_be_key(p->heap, object))
        p->heap->watch->each_of_key(object, paint_container, NULL);
}

static inline void drain(painting *p) {
    while (p->head != p->tail) {
        ouro_object *object = p->ring[p->head++ % RING];
        if (*ouro__side_of(object) < FOLLOWED) follow(p, object);
    }
}

/* The first byte from `at` on that says gray and not followed: its highest bit is clear. */
static uint8_t *find_gray(uint8_t *at, uint8_t *end) {
    while (at < end && ((uintptr_t)at & 7) != 0)
        if (*at++ < FOLLOWED) return at - 1;
    for (; at < end; at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        if ((word & 0x8080808080808080u) != 0x8080808080808080u) break;
    }
    while (at < end && *at >= FOLLOWED) at++;
    return at < end ? at : NULL;
}

static bool follow_block(painting *p, ouro__block *block) {
    block->pending = false;
    uint8_t *at = (uint8_t *)block->base, *end = at + OURO__SIDE_SIZE;
    while ((at = find_gray(at, end)) != NULL) {
        const char *last = block->base + (size_t)(at - (uint8_t *)block->base) * 16 + 15;
        ouro_object *object = ouro__cell_at(block, ouro__cell_index(block, last));
        follow(p, object);
        drain(p);
        if (!p->heap->pass.single) continue;
        p->heap->pass.last = object;
        block->pending = true;
        return false;
    }
    return true;
}

static bool mark_gray(ouro_heap *heap, size_t *budget) {
    ouro__pass *pass = &heap->pass;
    painting p = {.heap = heap, .chasing = !pass->single};
    bool again = true, interrupted = false;
    while (again && !interrupted) {
        again = false;
        for (size_t i = heap->pool.count; i-- > 0 && !interrupted;) {
            if (!heap->pool.blocks[i]->pending) continue;
            again = true;
            interrupted = !follow_block(&p, heap->pool.blocks[i]);
        }
    }
    pass->work.visited += p.objects;
    pass->work.edges += p.edges;
    ouro__pass_spend(pass, budget, p.objects + p.edges + 1);
    return !interrupted;
}

/* ---- Scan: from here on a side byte is as in question.h ---------------------------------- */

static void translate(ouro__block *block) {
    uint8_t *side = (uint8_t *)block->base;
    for (size_t i = 0; i < OURO__SIDE_SIZE; i++) {
        if (side[i] == GRAY_OVERFLOW + FOLLOWED) side[i] = OURO__SIDE_OVERFLOW;
        else if (side[i] == OURO__SIDE_PENDING) block->pending = true;
        else if (side[i] != OURO__SIDE_OUT) side[i] = (uint8_t)(side[i] - FOLLOWED);
    }
}

static bool begin_scan(ouro_heap *heap, size_t *budget) {
    for (size_t i = 0; i < heap->pool.count; i++)
        if (heap->pool.blocks[i]->asked) translate(heap->pool.blocks[i]);
    ouro__question_count_classes(heap);
    ouro__pass_spend(&heap->pass, budget, 1);
    return true;
}

/* After a full collection that somebody asked for, whoever is alive is old, as in any policy:
 * the young are what has been made since. Blocks that have no young are skipped. */
static bool is_young(const ouro__block *block) {
    return block->young && block->kind != OURO__ACYCLIC;
}

static bool promote_all(ouro_heap *heap, size_t *budget) {
    ouro__pass *pass = &heap->pass;
    ouro__stretch s;
    while (*budget > 0 && pass->generation == 2 && ouro__pass_next(heap, is_young, &s)) {
        for (uint32_t cell = s.begin; cell < s.end; cell++) {
            ouro_object *object = ouro__cell_at(s.block, cell);
            if (!ouro__question_is_candidate(object, 1)) continue;
            if (!ouro__question_is_garbage(object)) ouro__set_generation(object, 2);
        }
        if (s.end == s.block->fresh) s.block->young = s.block->current;
        ouro__pass_spend(pass, budget, (s.end - s.begin) / 8 + 1);
    }
    return *budget > 0;
}

/* ---- pacing ------------------------------------------------------------------------------ */

static int due(ouro_heap *heap) {
    const ouro__pacing *pacing = &heap->pacing;
    if (pacing->threshold[0] == 0) return -1;
    if (ouro__pacing_full_due(heap) == 2) return 2;
    return pacing->buffered >= pacing->roots_limit ? 0 : -1;
}

static void after(ouro_heap *heap, size_t visited, size_t freed) {
    size_t vain = visited > freed ? visited - freed : 0;
    heap->pacing.roots_limit = heap->pacing.threshold[0] + vain / 2;
}

static const ouro__phase phases[] = {
    {"buffer", mark_roots, true},
    {"gray", mark_gray, true},
    {"translate", begin_scan, false},
    {"roots", ouro__question_roots, false},
    {"scan", ouro__question_restore, true},
    {"promote", promote_all, false},
    {"survey", ouro__sweep_survey, false},
    {NULL, NULL, false},
};

const ouro__policy ouro__policy_trial = {
    .name = "trial",
    .description = "trial deletion from possible roots, the objects that have lost a reference; "
                   "when there are many of them",
    .phases = phases,
    .automatic = true,
    .guards_newborn = true,
    .own_young = true,
    .due = due,
    .after = after,
    .enter = enter,
    .guard = guard,
};
