/* SPDX-License-Identifier: MIT */
/* Stepper: a full collection that somebody advances by hand, a phase or an object at a time
 * (ouro/collector.h). It is the policy's own sequence of phases, as the driver runs it. */
#include "collect/cross.h"
#include "collect/driver.h"
#include "collect/pacing.h"
#include "collect/policy.h"
#include "collect/question.h"
#include "collect/trial.h"
#include "ouro/collector.h"

static ouro_status refuse(ouro_heap *heap) {
    return ouro_heap_fail(heap, OURO_E_BUSY, "no collection is being stepped");
}

bool ouro_step_is_open(const ouro_heap *heap) {
    return heap->stepping;
}

ouro_status ouro_step_begin(ouro_heap *heap) {
    if (!heap->open) return ouro_heap_fail(heap, OURO_E_HEAP, "the heap is closed");
    if (heap->collecting || heap->death_depth > 0)
        return ouro_heap_fail(heap, OURO_E_BUSY,
                              "a collection or a finalizer is under way: step after it");
    heap->collecting = true;
    ouro__settle_for(heap, OURO_SETTLE_COLLECT);
    ouro__pass_yield(heap);
    heap->stepping = true;
    ouro__emit(heap, &(ouro_event){.kind = OURO_EVENT_START, .generation = 2});
    ouro__driver_begin(heap, 2, false);
    heap->pass.single = true;
    return OURO_OK;
}

ouro_status ouro_step(ouro_heap *heap, bool phase, bool *ret_more) {
    ouro__pass *pass = &heap->pass;
    size_t budget = phase ? SIZE_MAX : 1;
    if (!heap->stepping) return refuse(heap);
    pass->single = !phase;
    bool ended = pass->answered || ouro__pass_step(heap, &budget);
    if (ended) pass->answered = true;
    pass->single = true;
    if (ret_more != NULL) *ret_more = !ended;
    return OURO_OK;
}

const char *ouro_step_phase(const ouro_heap *heap) {
    const ouro__pass *pass = &heap->pass;
    if (!heap->stepping) return NULL;
    return pass->answered ? "free" : pass->phases[pass->phase].name;
}

ouro_object *ouro_step_looked_at(const ouro_heap *heap) {
    const ouro_object *last = heap->stepping ? heap->pass.last : NULL;
    return last != NULL && last->type != 0 ? (ouro_object *)(uintptr_t)last : NULL;
}

size_t ouro_step_candidates(const ouro_heap *heap) {
    return heap->stepping ? heap->pass.candidates : 0;
}

ouro_colour ouro_step_colour(const ouro_object *object, uint64_t *ret_trial_count) {
    const ouro_heap *heap = ouro__heap_of(object);
    uint8_t side = *ouro__side_of(object);
    bool outside = !heap->stepping || !ouro__block_of(object)->asked;
    if (ret_trial_count != NULL) *ret_trial_count = 0;
    if (outside || (side == OURO__SIDE_OUT && !ouro__question_is_candidate(object, 2)))
        return OURO_COLOUR_OUTSIDE;
    bool painting = ouro__trial_is_painting(heap);
    if (side == OURO__SIDE_OUT) return painting ? OURO_COLOUR_OUTSIDE : OURO_COLOUR_BLACK;
    if (side == OURO__SIDE_PENDING) return OURO_COLOUR_GRAY;
    if (ret_trial_count != NULL)
        *ret_trial_count = painting ? ouro__trial_count(heap, object)
                                    : ouro__question_internal(heap, object);
    return painting && ouro__trial_is_gray(side) ? OURO_COLOUR_GRAY : OURO_COLOUR_WHITE;
}

ouro_status ouro_step_end(ouro_heap *heap, bool give_up, size_t *ret_found) {
    if (ret_found != NULL) *ret_found = 0;
    if (!heap->stepping) return refuse(heap);
    size_t found = 0;
    ouro_status status = OURO_OK;
    heap->stepping = heap->pass.single = false;
    if (give_up) {
        ouro__pass_end(heap);
        /* What was taken off the list of possible roots may still be one. */
        if (heap->policy->enter != NULL) heap->policy->enter(heap);
    } else {
        if (!heap->pass.answered) ouro__pass_run(heap);
        status = ouro__driver_conclude(heap, &found);
    }
    heap->collecting = false;
    ouro__driver_close(heap, 2, found);
    if (ret_found != NULL) *ret_found = found;
    return status;
}
