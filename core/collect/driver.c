/* SPDX-License-Identifier: MIT */
/* Driver: a collection, as a sequence of named phases. Read collect() first. */
#include "collect/driver.h"

#include <stdio.h>

#include "collect/cross.h"
#include "collect/pacing.h"
#include "collect/policy.h"
#include "collect/question.h"
#include "collect/sweep.h"
#include "collect/verify.h"
#include "object/clock.h"
#include "object/death.h"
#include "ouro/containers.h"
#include "ouro/inspect.h"

void ouro__driver_note_pause(ouro_heap *heap, uint64_t ns) {
    ouro_stats *stats = &heap->stats;
    stats->pause_ns_total += ns;
    if (ns > stats->pause_ns_max) stats->pause_ns_max = ns;
    int bucket = 0;
    while (bucket < OURO_PAUSE_BUCKETS - 1 && ns >= (uint64_t)1000 << bucket) bucket++;
    stats->pauses[bucket]++;
}

static void tell_freed(ouro_heap *heap) {
    ouro__emit(heap, &(ouro_event){.kind = OURO_EVENT_STEP,
                                   .generation = heap->pass.generation,
                                   .phase = "free"});
}

/* Which type reports most references to one object. */
typedef struct blame {
    const ouro_object *victim;
    size_t reported, most, total;
    const ouro_type *worst;
    ouro_heap *heap;
} blame;

static void count_reported(ouro_object *child, void *context) {
    blame *b = context;
    b->reported += child == b->victim;
}

static bool look_for_liar(ouro_object *object, void *context) {
    blame *b = context;
    ouro_type *type = ouro__type_of(b->heap, object);
    b->reported = 0;
    ouro__traverse(type, object, count_reported, b);
    b->total += b->reported;
    if (b->reported > b->most) {
        b->most = b->reported;
        b->worst = type;
    }
    return true;
}

static ouro_status refuse(ouro_heap *heap, const ouro_object *culprit) {
    blame b = {.victim = culprit, .heap = heap};
    ouro_heap_each(heap, true, look_for_liar, &b);
    return ouro_heap_fail(
        heap, OURO_E_CORRUPT,
        "a %s has %u counted references, but %zu were reported, most of them by the type %s: "
        "its traverse must report each reference once per count; nothing was collected",
        ouro__type_of(heap, culprit)->spec.name, (unsigned)culprit->count, b.total,
        b.worst != NULL ? b.worst->spec.name : "(none)");
}

static bool save(ouro_object *object, void *context) {
    ouro_heap *heap = context;
    if (!ouro__type_of(heap, object)->counted) return true;
    return ouro_list_append(heap->garbage, ouro_value_of_object(object)) == OURO_OK;
}

/* With saveall: the garbage goes to the list instead. Without memory, it stays garbage. */
static ouro_status save_all(ouro_heap *heap) {
    ouro_object *list;
    ouro_status status = ouro_garbage(heap, &list);
    size_t before = 0, after = 0;
    const ouro_value *items;
    if (status == OURO_OK) status = ouro_sequence_items(list, &items, &before);
    if (status == OURO_OK && !ouro__question_each(heap, save, heap)) {
        status = ouro_sequence_items(list, &items, &after);
        if (status == OURO_OK) status = ouro_list_remove(list, before, after - before);
        if (status == OURO_OK)
            status = ouro_heap_fail(heap, OURO_E_NOMEM, "not enough memory to save garbage");
    }
    return status;
}

/* Frees at once. *ret_freed: counted objects that are dead. */
static void carry_out(ouro_heap *heap, size_t *ret_freed) {
    size_t budget = SIZE_MAX;
    if (heap->pass.observed) {
        *ret_freed = ouro__sweep_die(heap);
        return;
    }
    *ret_freed = heap->pass.found;
    ouro__sweep_begin(heap);
    while (!ouro__sweep_step(heap, &budget)) {}
}

/* Nobody sees the status of an automatic collection. */
static void doubt(ouro_heap *heap) {
    heap->doubted = true;
    snprintf(heap->doubt, sizeof heap->doubt, "%s", heap->message);
}

ouro_status ouro__driver_take_answer(ouro_heap *heap) {
    ouro__pass *pass = &heap->pass;
    ouro_status status = pass->culprit != NULL ? refuse(heap, pass->culprit) : pass->status;
    if (status == OURO_OK && heap->verify) status = ouro__verify_answer(heap);
    if (status == OURO_OK && pass->found > 0)
        ouro__emit(heap, &(ouro_event){.kind = OURO_EVENT_CYCLE,
                                       .generation = pass->generation,
                                       .count = pass->found,
                                       .object = pass->oldest});
    if (status == OURO_OK && heap->saveall) status = save_all(heap);
    else if (status == OURO_OK && pass->sliced && !pass->observed) {
        pass->work.freed = pass->found;
        ouro__sweep_begin(heap);
        return OURO_OK;
    } else if (status == OURO_OK) {
        uint64_t start = ouro__clock_now(), resurrected = heap->stats.resurrected;
        carry_out(heap, &pass->found);
        pass->work.freed = pass->found;
        pass->work.release_ns += ouro__clock_now() - start - pass->work.finalizers_ns;
        pass->work.resurrected += heap->stats.resurrected - resurrected;
        tell_freed(heap);
    }
    if (pass->policy != NULL) ouro__pass_end(heap);
    if (status != OURO_OK) pass->found = 0;
    if (status == OURO_E_CORRUPT && heap->verify && (pass->sliced || pass->automatic)) doubt(heap);
    if (pass->sliced) ouro__driver_end(heap, status);
    return status;
}

static void add_work(ouro_work *total, const ouro_work *more) {
    uint64_t *to = (uint64_t *)total;
    const uint64_t *from = (const uint64_t *)more;
    uint64_t most = total->slice_units > more->slice_units ? total->slice_units
                                                            : more->slice_units;
    for (size_t i = 0; i < sizeof *total / sizeof *to; i++) to[i] += from[i];
    total->slice_units = most;
}

static void note_work(ouro_heap *heap, uint64_t since) {
    ouro_work *work = &heap->pass.work;
    uint64_t spent = ouro__clock_now() - since, apart = work->finalizers_ns + work->release_ns;
    work->collections = 1;
    work->collector_ns = spent > apart ? spent - apart : 0;
    size_t index = ouro__policy_index(heap, heap->policy);
    add_work(&heap->work[index][heap->pass.generation], work);
}

void ouro__driver_end(ouro_heap *heap, ouro_status status) {
    ouro__pass *pass = &heap->pass;
    size_t found = status == OURO_OK ? pass->found : 0;
    if (pass->observed == false && status == OURO_OK) tell_freed(heap);
    heap->pacing.units = pass->work.units;
    ouro__pacing_after(heap, 2, pass->candidates, found, true);
    /* What was made meanwhile may be garbage: the next is due when what was live has doubled. */
    size_t live = heap->pacing.begun_with > found ? heap->pacing.begun_with - found : 0;
    if (live < heap->pacing.old_live) heap->pacing.old_live = live;
    ouro__pool_trim(&heap->pool);
    pass->work.collections = 1;
    add_work(&heap->work[ouro__policy_index(heap, heap->policy)][2], &pass->work);
    ouro__driver_close(heap, 2, found);
}

void ouro__driver_finish(ouro_heap *heap) {
    size_t budget = SIZE_MAX;
    bool collecting = heap->collecting;
    heap->collecting = true;
    while (heap->pass.freeing && !ouro__sweep_step(heap, &budget)) budget = SIZE_MAX;
    heap->collecting = collecting;
    ouro__driver_end(heap, OURO_OK);
}

/* Collections of the young that a program asks for are by subtraction in each policy; so are
 * those that have to ask the outside, where the policy's own phases do not. */
static const ouro__phase *choose_phases(const ouro_heap *heap, int generation, bool automatic,
                                        bool cross) {
    const ouro__policy *policy = heap->policy;
    if (cross && !policy->asks && !policy->custom) return ouro__generational_phases;
    if (generation < 2 && !(automatic && policy->own_young)) return ouro__generational_phases;
    return policy->phases;
}

void ouro__driver_begin(ouro_heap *heap, int generation, bool automatic) {
    /* In a full collection the outside is asked about what it alone holds. */
    bool cross = generation == 2 && ouro__cross_may_be(heap);
    const ouro__phase *phases = choose_phases(heap, generation, automatic, cross);
    ouro__pass_begin(heap, heap->policy, phases, generation);
    heap->pass.cross = cross && (heap->policy->asks || phases == ouro__generational_phases);
    heap->pass.automatic = automatic;
    heap->pass.begun = ouro__clock_now();
}

ouro_status ouro__driver_conclude(ouro_heap *heap, size_t *ret_found) {
    const ouro__policy *policy = heap->policy;
    ouro__pass *pass = &heap->pass;
    const ouro__phase *phases = pass->phases;
    int generation = pass->generation;
    ouro_status status = ouro__driver_take_answer(heap);
    *ret_found = status == OURO_OK || heap->saveall ? pass->found : 0;
    note_work(heap, pass->begun);
    if (status != OURO_OK && !heap->saveall) {
        ouro__pacing_arm(heap);
        return status;
    }
    bool own = phases == policy->phases && (generation == 2 || policy->own_young);
    bool whole = generation == 2 || own;
    ouro__pacing_after(heap, generation, pass->candidates, *ret_found, whole);
    if (policy->after != NULL && own)
        policy->after(heap, pass->work.visited, *ret_found);
    if (whole) heap->pacing.hurry = false;
    if (generation == 2) ouro__pool_trim(&heap->pool);
    return status;
}

void ouro__driver_close(ouro_heap *heap, int generation, size_t found) {
    heap->stats.collections[generation]++;
    heap->stats.collected[generation] += found;
    ouro__emit(heap, &(ouro_event){
                         .kind = OURO_EVENT_STOP, .generation = generation, .count = found});
    ouro__death_drain(heap);
}

/* A custom collector takes what is held for alive. What only the outside's references to itself
 * keep is found by another question, whose answer contains the first one. */
static void ask_outside_too(ouro_heap *heap, int generation) {
    const ouro__pass *pass = &heap->pass;
    bool failed = pass->culprit != NULL || pass->status != OURO_OK;
    if (failed || !heap->policy->custom || generation < 2 || pass->cross) return;
    if (!ouro__cross_may_be(heap)) return;
    if (heap->verify && ouro__verify_answer(heap) != OURO_OK) return;
    ouro__pass_end(heap);
    ouro__pass_begin(heap, heap->policy, ouro__generational_phases, generation);
    heap->pass.cross = true;
    heap->pass.begun = ouro__clock_now();
    ouro__pass_run(heap);
}

static ouro_status run(ouro_heap *heap, int generation, bool automatic, size_t *ret_found) {
    size_t found = 0;
    heap->collecting = true;
    ouro__settle_for(heap, OURO_SETTLE_COLLECT);
    ouro__pass_yield(heap);
    ouro__emit(heap, &(ouro_event){.kind = OURO_EVENT_START, .generation = generation});
    uint64_t start = ouro__clock_now();
    ouro__progress_state progress = ouro__progress_begin(heap, "collect", "scope", 0);
    ouro__driver_begin(heap, generation, automatic);
    heap->asking = &progress;
    ouro__pass_run(heap);
    ask_outside_too(heap, generation);
    heap->asking = NULL;
    ouro__progress_end(&progress);
    if (heap->pass.status == OURO_E_STOPPED) heap->pass.status = ouro__progress_stopped(&progress);
    ouro_status status = ouro__driver_conclude(heap, &found);
    ouro__driver_note_pause(heap, ouro__clock_now() - start);
    heap->collecting = false;
    ouro__driver_close(heap, generation, found);
    if (ret_found != NULL) *ret_found = found;
    return status;
}

ouro_status ouro_collect(ouro_heap *heap, int generation, size_t *ret_found) {
    if (ret_found != NULL) *ret_found = 0;
    if (generation < 0 || generation >= OURO_GENERATIONS)
        return ouro_heap_fail(heap, OURO_E_VALUE, "generation %d does not exist: use 0, 1 or 2",
                              generation);
    if (!heap->open) return ouro_heap_fail(heap, OURO_E_HEAP, "the heap is closed");
    if (heap->collecting) return OURO_OK;
    if (heap->doubted) {
        heap->doubted = false;
        return ouro_heap_fail(heap, OURO_E_CORRUPT, "%s", heap->doubt);
    }
    return run(heap, generation, false, ret_found);
}

bool ouro_collect_is_running(const ouro_heap *heap) {
    return heap->collecting;
}

/* ---- safe points ------------------------------------------------------------------------- */

void ouro__settle_for(ouro_heap *heap, ouro_settle_reason reason) {
    heap->deferred = heap->deferred_keepers = heap->deferred_bytes = 0;
    heap->due &= ~(unsigned)(OURO__DUE_PROMPT | OURO__DUE_PRESSURE);
    if (heap->settle != NULL) heap->settle(heap->user, heap, reason);
}

void ouro_settle(ouro_heap *heap) {
    ouro__settle_for(heap, OURO_SETTLE_PROMPT);
}

size_t ouro_deferred(const ouro_heap *heap) {
    return heap->deferred;
}

size_t ouro_deferred_keepers(const ouro_heap *heap) {
    return heap->deferred_keepers;
}

static bool may_collect(const ouro_heap *heap) {
    return ouro_collect_is_automatic(heap) && !heap->collecting && heap->death_depth == 0;
}

static void collect_if_due(ouro_heap *heap) {
    const ouro__policy *policy = heap->policy;
    heap->due &= ~(unsigned)OURO__DUE_COLLECT;
    bool may = may_collect(heap);
    if (may && policy->slice != NULL) {
        policy->slice(heap);
        return;
    }
    int generation = may ? policy->due(heap) : -1;
    if (generation < 0) {
        ouro__pacing_arm(heap);
        return;
    }
    /* A wrong traverse is told by explicit collections and the heap check. */
    (void)!run(heap, generation, true, NULL);
}

static void stress(ouro_heap *heap) {
    ouro__pacing *pacing = &heap->pacing;
    uint64_t point = ++pacing->stress_points;
    bool hit = point == pacing->stress_at ||
               (pacing->stress_every != 0 && point % pacing->stress_every == 0);
    if (hit && may_collect(heap)) (void)!ouro_collect(heap, 2, NULL);
}

void ouro_stress_set(ouro_heap *heap, uint64_t every, uint64_t at) {
    heap->pacing.stress_every = every;
    heap->pacing.stress_at = at;
    heap->pacing.stress_points = 0;
    if (every != 0 || at != 0) heap->due |= OURO__DUE_STRESS;
    else heap->due &= ~(unsigned)OURO__DUE_STRESS;
}

uint64_t ouro_stress_points(const ouro_heap *heap) {
    return heap->pacing.stress_points;
}

/* Objects that are dead by count, a slice of them. While there are any, collections wait: they
 * would find them in the blocks. */
static void release_slice(ouro_heap *heap) {
    uint64_t start = ouro__clock_now();
    heap->due &= ~(unsigned)OURO__DUE_RELEASE;
    ouro__death_go_on(heap, heap->release_most);
    uint64_t spent = ouro__clock_now() - start;
    ouro_work *work = &heap->work[ouro__policy_index(heap, heap->policy)][2];
    work->slices++;
    work->release_ns += spent;
    ouro__driver_note_pause(heap, spent);
}

/* While a collection is under way in slices, each operation pays for a part of one. */
static void pay(ouro_heap *heap) {
    ouro__pacing *pacing = &heap->pacing;
    pacing->credit += pacing->rate;
    if (heap->policy->slice == NULL) heap->due &= ~(unsigned)OURO__DUE_SLICE;
    else if (pacing->credit >= pacing->budget) heap->due |= OURO__DUE_COLLECT;
}

void ouro_finish(ouro_heap *heap) {
    if (heap->open) ouro__guard_look(heap);
}

void ouro_safe_point_slow(ouro_heap *heap) {
    if (!heap->open) return;
    if (heap->due & OURO__DUE_PROMPT) ouro__settle_for(heap, OURO_SETTLE_PROMPT);
    if (heap->due & OURO__DUE_PRESSURE) ouro__settle_for(heap, OURO_SETTLE_PRESSURE);
    if (heap->due & OURO__DUE_RELEASE) release_slice(heap);
    if (heap->unreleased != NULL) return;
    if (heap->due & OURO__DUE_SLICE) pay(heap);
    if (heap->due & OURO__DUE_COLLECT) collect_if_due(heap);
    if (heap->due & OURO__DUE_STRESS && heap->open) stress(heap);
}

/* ---- looking ----------------------------------------------------------------------------- */

typedef struct leak_walk {
    ouro_heap *heap;
    ouro_object_fn each;
    void *context;
} leak_walk;

static bool each_leak(ouro_object *object, void *context) {
    leak_walk *walk = context;
    if (!ouro__type_of(walk->heap, object)->counted) return true;
    return walk->each(object, walk->context);
}

ouro_status ouro_heap_leaked(ouro_heap *heap, ouro_object_fn each, void *context) {
    if (heap->collecting)
        return ouro_heap_fail(heap, OURO_E_BUSY, "a collection is under way: ask after it");
    heap->collecting = true;
    ouro__pass_yield(heap);
    const ouro_object *culprit = ouro__question_answer(heap);
    ouro_status status = culprit != NULL ? refuse(heap, culprit) : OURO_OK;
    leak_walk walk = {heap, each, context};
    if (status == OURO_OK) ouro__question_each(heap, each_leak, &walk);
    ouro__pass_end(heap);
    heap->collecting = false;
    return status;
}
