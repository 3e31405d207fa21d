/* SPDX-License-Identifier: MIT */
/* Incremental: the policy that asks the question of question.h in slices, between which the
 * program goes on. (What was found garbage and never touched is garbage: the test of Bacon and
 * Rajan's concurrent collector, 2001; marking what loses a reference while one is marking:
 * Yuasa 1990.)
 *
 * When a collection starts, each candidate is guarded (core/object/guard.c); a candidate that
 * is touched while it is under way is marked, with all it reaches. Why that is enough: let G be
 * what is left when nobody waits to be marked any more. An x in G has not lost a reference
 * since it was counted, for it would have been told; when it was compared, it had as many as
 * had been counted; so at that moment those were all, and they are still there. They come from
 * candidates that were not reached, so from G: had one been reached, x would have been marked
 * through it. To get at G from outside again the program would have to find it by something that
 * does not count, a weak reference or an id, and these tell. So nothing outside refers to G,
 * now or ever: it can be freed at leisure, if nobody can observe that. If somebody can, it dies
 * at once, in the five steps, since finalizers see their whole set.
 *
 * What became garbage while the collection was under way is found by the next one. New objects
 * are no candidates. Objects of which the outside alone could say whether they are alive
 * (cross.h) are asked about without slices, when the heap has doubled. */
#include "collect/cross.h"
#include "collect/driver.h"
#include "collect/pacing.h"
#include "collect/policy.h"
#include "collect/question.h"
#include "collect/sweep.h"
#include "object/clock.h"
#include "object/death.h"

static void guard(ouro_heap *heap, ouro_object *object) {
    ouro__pass *pass = &heap->pass;
    if (!pass->sliced || pass->policy == NULL || pass->freeing) return;
    if (!ouro__question_is_garbage(object)) return;
    ouro__question_mark(object);
    pass->shaded = true;
}

static const ouro__phase phases[] = {
    {"scope", ouro__question_scope, true},
    {"count", ouro__question_count, true},
    {"roots", ouro__question_roots, false},
    {"restore", ouro__question_restore, true},
    {"survey", ouro__sweep_survey, false},
    {NULL, NULL, false},
};

enum { RESTORE = 3 };

/* The survey is over: if nothing was touched meanwhile, its result holds. */
static bool still_holds(ouro_heap *heap) {
    ouro__pass *pass = &heap->pass;
    if (!pass->shaded) return true;
    pass->phase = RESTORE;
    pass->entered = false;
    pass->found = 0;
    pass->oldest = NULL;
    pass->observed = false;
    return false;
}

static void begin(ouro_heap *heap) {
    ouro__emit(heap, &(ouro_event){.kind = OURO_EVENT_START, .generation = 2});
    ouro__pass_begin(heap, heap->policy, phases, 2);
    heap->pass.sliced = true;
    heap->pacing.begun_with = ouro__heap_count(heap);
    uint64_t before = heap->pacing.units;
    uint64_t expected = before != 0 ? before + before / 2 : ouro__heap_count(heap) * 10;
    ouro__pacing_stride(heap, expected);
}

/* One slice of the pass that is under way. */
static void work(ouro_heap *heap) {
    size_t budget = heap->pacing.budget;
    ouro__pass *pass = &heap->pass;
    uint64_t before = pass->work.units;
    heap->collecting = true;
    pass->work.slices++;
    bool ended = false;
    while (budget > 0 && !ended && !pass->freeing)
        ended = ouro__pass_step(heap, &budget) && still_holds(heap);
    if (ended) ouro__driver_take_answer(heap);
    bool freed = pass->freeing && ouro__sweep_step(heap, &budget);
    uint64_t units = pass->work.units - before;
    if (units > pass->work.slice_units) pass->work.slice_units = units;
    if (freed) ouro__driver_end(heap, OURO_OK);
    heap->collecting = false;
}

static void slice(ouro_heap *heap) {
    const ouro__pacing *pacing = &heap->pacing;
    bool under_way = heap->pass.policy != NULL;
    heap->due &= ~(unsigned)OURO__DUE_SLICE;
    if (!under_way) {
        if (ouro__pacing_full_due(heap) != 2) {
            ouro__pacing_arm(heap);
            return;
        }
        if (pacing->hurry || ouro__cross_may_be(heap)) {
            /* A wrong traverse is told by explicit collections and the heap check. */
            (void)!ouro_collect(heap, 2, NULL);
            return;
        }
        begin(heap);
    }
    uint64_t start = ouro__clock_now();
    work(heap);
    ouro__driver_note_pause(heap, ouro__clock_now() - start);
    if (heap->pass.policy == NULL) return;
    heap->pool.taken = heap->pacing.credit = 0;
    heap->pacing.young_limit = pacing->stride;
    heap->due |= OURO__DUE_SLICE;
}

static const char *const options[] = {"slice", NULL};

const ouro__policy ouro__policy_incremental = {
    .name = "incremental",
    .description = "subtraction in slices of about a millisecond, frees in slices too; what is "
                   "touched in between lives on",
    .phases = ouro__generational_phases,
    .asks = true,
    .automatic = true,
    .due = ouro__pacing_full_due,
    .guard = guard,
    .slice = slice,
    .options = options,
};
