/* SPDX-License-Identifier: MIT */
/* Pass: see pass.h. */
#include "collect/pass.h"

#include <string.h>

#include "collect/policy.h"
#include "collect/question.h"
#include "collect/sweep.h"

bool ouro__pass_is_asked(const ouro__block *block) {
    return block->asked;
}

bool ouro__pass_goes_on(ouro_heap *heap, size_t objects) {
    if (heap->asking == NULL || ouro__progress_step(heap->asking, objects)) return true;
    heap->pass.status = OURO_E_STOPPED;
    heap->pass.left = 0;
    return false;
}

bool ouro__pass_next(ouro_heap *heap, bool (*wanted)(const ouro__block *block),
                     ouro__stretch *ret_stretch) {
    ouro__pass *pass = &heap->pass;
    if (pass->left > heap->pool.count) {
        pass->left = heap->pool.count;
        pass->cell = 0;
    }
    for (; pass->left > 0; pass->left--, pass->cell = 0) {
        ouro__block *block = heap->pool.blocks[pass->left - 1];
        if (block->stage == pass->stage || !wanted(block)) continue;
        if (pass->cell >= block->fresh) {
            block->stage = pass->stage;
            continue;
        }
        if (!ouro__pass_goes_on(heap, block->fresh)) return false;
        uint32_t end = pass->single ? pass->cell + 1 : block->fresh;
        *ret_stretch = (ouro__stretch){block, pass->cell, end};
        pass->cell = end;
        return true;
    }
    return false;
}

void ouro__pass_begin(ouro_heap *heap, const ouro__policy *policy, const ouro__phase *phases,
                      int generation) {
    ouro__pass *pass = &heap->pass;
    uint32_t stage = pass->stage;
    memset(pass, 0, sizeof *pass);
    pass->stage = stage;
    pass->policy = policy;
    pass->phases = phases;
    pass->generation = generation;
    pass->next_generation = generation < 2 ? (unsigned)generation + 1 : 2;
    pass->promote = true;
}

/* Each phase that is told of is a phase of the work; the survey, which is short, cannot be
 * stopped. */
static void tell_progress(ouro_heap *heap, const ouro__phase *phase) {
    if (phase->step == ouro__sweep_survey) heap->asking = NULL;
    if (heap->asking == NULL || phase->step == ouro__question_ask) return;
    if (strcmp(heap->asking->at.phase, phase->name) == 0) return;
    if (strcmp(heap->asking->at.phase, "scope") == 0)
        heap->asking->at.total = heap->asking->at.done;
    ouro__progress_phase(heap->asking, phase->name);
}

static void enter(ouro_heap *heap) {
    ouro__pass *pass = &heap->pass;
    tell_progress(heap, &pass->phases[pass->phase]);
    pass->entered = true;
    pass->stage++;
    pass->left = heap->pool.count;
    pass->cell = 0;
}

bool ouro__pass_step(ouro_heap *heap, size_t *budget) {
    ouro__pass *pass = &heap->pass;
    const ouro__phase *phase = &pass->phases[pass->phase];
    if (phase->step == NULL) return true;
    if (!pass->entered) enter(heap);
    pass->last = NULL;
    if (!phase->step(heap, budget)) return pass->culprit != NULL || pass->status != OURO_OK;
    if (pass->culprit != NULL || pass->status != OURO_OK) return true;
    pass->entered = false;
    pass->phase++;
    if (phase->told)
        ouro__emit(heap, &(ouro_event){.kind = OURO_EVENT_STEP,
                                       .generation = pass->generation,
                                       .phase = phase->name});
    return pass->phases[pass->phase].step == NULL;
}

void ouro__pass_run(ouro_heap *heap) {
    size_t budget = SIZE_MAX;
    while (!ouro__pass_step(heap, &budget)) budget = SIZE_MAX;
}

void ouro__pass_end(ouro_heap *heap) {
    heap->pass.policy = NULL;
    heap->pass.phases = NULL;
    ouro__question_end(heap);
}

void ouro__pass_yield(ouro_heap *heap) {
    ouro__guard_look(heap);
    if (heap->pass.policy == NULL) return;
    heap->work[ouro__policy_index(heap, heap->pass.policy)][2].abandoned++;
    heap->pacing.hurry = true;
    ouro__pass_end(heap);
}
