/* SPDX-License-Identifier: MIT */
/* Policy: the table of policies, and the switches around collection. */
#include "collect/policy.h"

#include <stdio.h>
#include <string.h>

#include "collect/pacing.h"
#include "ouro/containers.h"

/* The first is the default. */
static const ouro__policy *const policies[] = {
    &ouro__policy_generational, &ouro__policy_incremental, &ouro__policy_refcount,
    &ouro__policy_tracing, &ouro__policy_trial};

#define POLICIES (sizeof policies / sizeof *policies)

/* ---- by name ----------------------------------------------------------------------------- */

const ouro__policy *ouro__policy_at(const ouro_heap *heap, size_t index) {
    if (index < POLICIES) return policies[index];
    index -= POLICIES;
    return index < heap->custom_count ? heap->customs[index] : NULL;
}

size_t ouro__policy_index(const ouro_heap *heap, const ouro__policy *policy) {
    size_t index = 0;
    while (ouro__policy_at(heap, index) != policy) index++;
    return index;
}

const char *ouro_policy(const ouro_heap *heap) {
    return heap->policy->name;
}

const char *ouro_policy_at(size_t index, const char **ret_description) {
    if (index >= POLICIES) return NULL;
    if (ret_description != NULL) *ret_description = policies[index]->description;
    return policies[index]->name;
}

const char *ouro_policy_of(const ouro_heap *heap, size_t index, const char **ret_description) {
    const ouro__policy *policy = ouro__policy_at(heap, index);
    if (policy == NULL) return NULL;
    if (ret_description != NULL) *ret_description = policy->description;
    return policy->name;
}

static ouro_status refuse_name(ouro_heap *heap, const char *name) {
    char known[256] = "";
    const ouro__policy *policy;
    for (size_t i = 0; (policy = ouro__policy_at(heap, i)) != NULL; i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i != 0 ? ", " : "", policy->name);
    }
    return ouro_heap_fail(heap, OURO_E_KEY, "no policy is called '%s'; there are: %s", name,
                          known);
}

static const ouro__policy *find(ouro_heap *heap, const char *name) {
    const ouro__policy *policy;
    for (size_t i = 0; (policy = ouro__policy_at(heap, i)) != NULL; i++)
        if (strcmp(policy->name, name) == 0) return policy;
    return NULL;
}

/* In slices, a death takes so many objects apart at once: each is some units of work. */
static void set_release(ouro_heap *heap) {
    size_t most = heap->pacing.budget / 4 + 1;
    heap->release_most = heap->policy->slice != NULL ? most : SIZE_MAX;
}

ouro_status ouro_policy_set(ouro_heap *heap, const char *name) {
    if (heap->collecting)
        return ouro_heap_fail(heap, OURO_E_BUSY, "the policy cannot change within a collection");
    const ouro__policy *policy = find(heap, name);
    if (policy == NULL) return refuse_name(heap, name);
    if (policy == heap->policy) return OURO_OK;
    ouro__pass_yield(heap);
    heap->policy = policy;
    heap->guard = policy->guard;
    set_release(heap);
    ouro__guard_newborn(heap, policy->guards_newborn ? OURO__GUARDED : 0);
    if (policy->enter != NULL) policy->enter(heap);
    ouro__pacing_arm(heap);
    return OURO_OK;
}

ouro_status ouro_policy_option(ouro_heap *heap, const char *name, const char *option,
                               double value) {
    const ouro__policy *policy = find(heap, name);
    if (policy == NULL) return refuse_name(heap, name);
    const char *const *known = policy->options;
    while (known != NULL && *known != NULL && strcmp(*known, option) != 0) known++;
    if (known == NULL || *known == NULL)
        return ouro_heap_fail(heap, OURO_E_KEY, "the policy '%s' has no option '%s'%s%s", name,
                              option, policy->options != NULL ? "; it has: " : ": leave it out",
                              policy->options != NULL ? policy->options[0] : "");
    if (!(value >= 1 && value <= 1e15))
        return ouro_heap_fail(heap, OURO_E_VALUE,
                              "the option '%s' has to be a number of units of work, from 1",
                              option);
    heap->pacing.budget = (size_t)value;
    set_release(heap);
    return OURO_OK;
}

ouro_status ouro_policy_work(ouro_heap *heap, const char *name, int generation,
                             ouro_work *ret_work) {
    const ouro__policy *policy = find(heap, name);
    if (policy == NULL) return refuse_name(heap, name);
    if (generation < 0 || generation >= OURO_GENERATIONS)
        return ouro_heap_fail(heap, OURO_E_VALUE, "generation %d does not exist: use 0, 1 or 2",
                              generation);
    *ret_work = heap->work[ouro__policy_index(heap, policy)][generation];
    return OURO_OK;
}

/* ---- switches ---------------------------------------------------------------------------- */

void ouro_collect_enable(ouro_heap *heap, bool on) {
    heap->enabled = on;
}

bool ouro_collect_is_enabled(const ouro_heap *heap) {
    return heap->enabled;
}

bool ouro_collect_is_automatic(const ouro_heap *heap) {
    return heap->enabled && heap->policy->automatic;
}

void ouro_saveall(ouro_heap *heap, bool on) {
    heap->saveall = on;
}

bool ouro_saveall_is_on(const ouro_heap *heap) {
    return heap->saveall;
}

ouro_status ouro_garbage(ouro_heap *heap, ouro_object **ret_list) {
    if (heap->garbage == NULL) {
        ouro_status status = ouro_list_new(heap, NULL, 0, &heap->garbage);
        if (status != OURO_OK) return status;
        ouro__heap_hide(heap->garbage);
    }
    *ret_list = heap->garbage;
    return OURO_OK;
}

/* ---- freezing ---------------------------------------------------------------------------- */

static void set_generations(ouro_heap *heap, bool freeze) {
    ouro_object *object;
    if (!heap->collecting) ouro__pass_yield(heap);
    for (ouro__place at = {0}; (object = ouro__pool_next(&heap->pool, &at)) != NULL;) {
        bool own = object == heap->bag_class || object == heap->garbage;
        bool frozen = ouro__generation(object) == OURO__FROZEN;
        if (own || frozen == freeze || !ouro__type_of(heap, object)->counted) continue;
        ouro__set_generation(object, freeze ? OURO__FROZEN : 2);
        heap->frozen += freeze ? 1 : (size_t)-1;
    }
}

void ouro_freeze(ouro_heap *heap) {
    set_generations(heap, true);
}

/* What was set aside may have become garbage meanwhile. */
void ouro_unfreeze(ouro_heap *heap) {
    set_generations(heap, false);
    if (heap->policy->enter != NULL) heap->policy->enter(heap);
}

size_t ouro_frozen(const ouro_heap *heap) {
    return heap->frozen;
}

/* ---- statistics -------------------------------------------------------------------------- */

void ouro_heap_stats(ouro_heap *heap, ouro_stats *ret_stats) {
    size_t size = ret_stats->struct_size;
    ouro__guard_look(heap);
    ouro_stats stats = heap->stats;
    stats.struct_size = size;
    ouro__heap_totals(heap, &stats.births, &stats.deaths);
    stats.objects = stats.births - stats.deaths;
    stats.bytes = heap->account.bytes;
    stats.peak_bytes = heap->account.peak;
    memcpy(ret_stats, &stats, size < sizeof stats ? size : sizeof stats);
}

void ouro_report_error(ouro_heap *heap, ouro_object *about) {
    heap->stats.errors++;
    ouro__emit(heap, &(ouro_event){.kind = OURO_EVENT_ERROR, .object = about});
}
