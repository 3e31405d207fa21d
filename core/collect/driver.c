/* SPDX-License-Identifier: MIT */
/* Driver: a collection, as a sequence of named phases. Read collect() first. */
#include <time.h>

#include "collect/cross.h"
#include "collect/pacing.h"
#include "collect/policy.h"
#include "collect/question.h"
#include "collect/sweep.h"
#include "object/death.h"
#include "ouro/containers.h"
#include "ouro/inspect.h"

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void note_pause(ouro_heap *heap, uint64_t ns) {
    ouro_stats *stats = &heap->stats;
    stats->pause_ns_total += ns;
    if (ns > stats->pause_ns_max) stats->pause_ns_max = ns;
    int bucket = 0;
    while (bucket < OURO_PAUSE_BUCKETS - 1 && ns >= (uint64_t)1000 << bucket) bucket++;
    stats->pauses[bucket]++;
}

static void tell_phase(ouro_heap *heap, int generation, const char *phase) {
    ouro__emit(heap, &(ouro_event){
                         .kind = OURO_EVENT_STEP, .generation = generation, .phase = phase});
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
    ouro__question_end(heap);
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
    ouro__question_end(heap);
    return status;
}

/* What to do with the answer. *ret_found: as ouro_collect. */
static ouro_status take_answer(ouro_heap *heap, int generation, size_t *ret_found) {
    ouro__found found;
    ouro__sweep_survey(heap, &found);
    *ret_found = found.counted;
    if (found.counted > 0)
        ouro__emit(heap, &(ouro_event){.kind = OURO_EVENT_CYCLE,
                                       .generation = generation,
                                       .count = found.counted,
                                       .object = found.oldest});
    if (heap->saveall) return save_all(heap);
    if (found.observed) *ret_found = ouro__sweep_die(heap);
    else ouro__sweep_free(heap);
    tell_phase(heap, generation, "free");
    return OURO_OK;
}

/* A phase of the question has ended. False: the listener of progress wants it given up. */
static bool end_phase(ouro_heap *heap, int generation, const char *phase, const char *next) {
    if (heap->asking->stopped) return false;
    tell_phase(heap, generation, phase);
    ouro__progress_phase(heap->asking, next);
    return true;
}

/* OURO_OK: the side tables have the answer. */
static ouro_status ask(ouro_heap *heap, int generation, size_t *ret_candidates) {
    *ret_candidates = ouro__question_scope(heap, (unsigned)generation);
    size_t cells = heap->asking->at.done;
    if (!end_phase(heap, generation, "scope", "count")) return OURO_E_STOPPED;
    heap->asking->at.total = cells;
    ouro__question_count(heap);
    if (!end_phase(heap, generation, "count", "roots")) return OURO_E_STOPPED;
    unsigned next = generation < 2 ? (unsigned)generation + 1 : 2;
    /* In a full collection the outside is asked about what it alone holds. */
    bool cross = generation == 2 && ouro__cross_may_be(heap);
    const ouro_object *culprit = ouro__question_roots(heap, !cross);
    if (culprit != NULL) return refuse(heap, culprit);
    if (heap->asking->stopped) return OURO_E_STOPPED;
    ouro__progress_phase(heap->asking, "restore");
    ouro__question_restore(heap, true, next);
    if (cross && !heap->asking->stopped) {
        ouro__cross_mark_held(heap);
        ouro__question_restore(heap, true, next);
    }
    return end_phase(heap, generation, "restore", "") ? OURO_OK : OURO_E_STOPPED;
}

static ouro_status collect(ouro_heap *heap, int generation, size_t *ret_found) {
    ouro__progress_state progress = ouro__progress_begin(heap, "collect", "scope", 0);
    size_t candidates = 0;
    heap->asking = &progress;
    ouro_status status = ask(heap, generation, &candidates);
    heap->asking = NULL;
    ouro__progress_end(&progress);
    if (status == OURO_E_STOPPED) {
        ouro__question_end(heap);
        ouro__pacing_arm(heap);
        return ouro__progress_stopped(&progress);
    }
    if (status != OURO_OK) return status;
    status = take_answer(heap, generation, ret_found);
    ouro__pacing_after(heap, generation, candidates, *ret_found);
    if (generation == 2) ouro__pool_trim(&heap->pool);
    return status;
}

ouro_status ouro_collect(ouro_heap *heap, int generation, size_t *ret_found) {
    size_t found = 0;
    if (ret_found != NULL) *ret_found = 0;
    if (generation < 0 || generation >= OURO_GENERATIONS)
        return ouro_heap_fail(heap, OURO_E_VALUE, "generation %d does not exist: use 0, 1 or 2",
                              generation);
    if (!heap->open) return ouro_heap_fail(heap, OURO_E_HEAP, "the heap is closed");
    if (heap->collecting) return OURO_OK;
    heap->collecting = true;
    ouro__settle_for(heap, OURO_SETTLE_COLLECT);
    ouro__emit(heap, &(ouro_event){.kind = OURO_EVENT_START, .generation = generation});
    uint64_t start = now_ns();
    ouro_status status = collect(heap, generation, &found);
    note_pause(heap, now_ns() - start);
    heap->collecting = false;
    heap->stats.collections[generation]++;
    heap->stats.collected[generation] += found;
    ouro__emit(heap, &(ouro_event){
                         .kind = OURO_EVENT_STOP, .generation = generation, .count = found});
    ouro__death_drain(heap);
    if (ret_found != NULL) *ret_found = found;
    return status;
}

bool ouro_collect_is_running(const ouro_heap *heap) {
    return heap->collecting;
}

/* ---- safe points ------------------------------------------------------------------------- */

void ouro__settle_for(ouro_heap *heap, ouro_settle_reason reason) {
    heap->deferred = heap->deferred_bytes = 0;
    heap->due &= ~(unsigned)(OURO__DUE_PROMPT | OURO__DUE_PRESSURE);
    if (heap->settle != NULL) heap->settle(heap->user, heap, reason);
}

void ouro_settle(ouro_heap *heap) {
    ouro__settle_for(heap, OURO_SETTLE_PROMPT);
}

size_t ouro_deferred(const ouro_heap *heap) {
    return heap->deferred;
}

static bool may_collect(const ouro_heap *heap) {
    return ouro_collect_is_automatic(heap) && !heap->collecting && heap->death_depth == 0;
}

static void collect_if_due(ouro_heap *heap) {
    heap->due &= ~(unsigned)OURO__DUE_COLLECT;
    int generation = may_collect(heap) ? ouro__pacing_due(heap) : -1;
    if (generation < 0) {
        ouro__pacing_arm(heap);
        return;
    }
    /* A wrong traverse is told by explicit collections and the heap check. */
    (void)!ouro_collect(heap, generation, NULL);
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

void ouro_safe_point_slow(ouro_heap *heap) {
    if (!heap->open) return;
    if (heap->due & OURO__DUE_PROMPT) ouro__settle_for(heap, OURO_SETTLE_PROMPT);
    if (heap->due & OURO__DUE_PRESSURE) ouro__settle_for(heap, OURO_SETTLE_PRESSURE);
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
    ouro__question_scope(heap, 2);
    ouro__question_count(heap);
    const ouro_object *culprit = ouro__question_roots(heap, true);
    ouro_status status = culprit != NULL ? refuse(heap, culprit) : OURO_OK;
    leak_walk walk = {heap, each, context};
    if (status == OURO_OK) {
        ouro__question_restore(heap, false, 0);
        ouro__question_each(heap, each_leak, &walk);
    }
    ouro__question_end(heap);
    heap->collecting = false;
    return status;
}
