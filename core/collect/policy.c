/* SPDX-License-Identifier: MIT */
/* Policy: the table of policies, and the switches around collection. */
#include "collect/policy.h"

#include <stdio.h>
#include <string.h>

#include "ouro/containers.h"

/* The first is the default. */
static const ouro__policy *const policies[] = {&ouro__policy_generational,
                                               &ouro__policy_refcount};

#define POLICIES (sizeof policies / sizeof *policies)

const char *ouro_policy(const ouro_heap *heap) {
    return heap->policy->name;
}

const char *ouro_policy_at(size_t index, const char **ret_description) {
    if (index >= POLICIES) return NULL;
    if (ret_description != NULL) *ret_description = policies[index]->description;
    return policies[index]->name;
}

ouro_status ouro_policy_set(ouro_heap *heap, const char *name) {
    if (heap->collecting)
        return ouro_heap_fail(heap, OURO_E_BUSY, "the policy cannot change within a collection");
    char known[128] = "";
    for (size_t i = 0; i < POLICIES; i++) {
        if (strcmp(policies[i]->name, name) == 0) {
            heap->policy = policies[i];
            return OURO_OK;
        }
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i != 0 ? ", " : "",
                 policies[i]->name);
    }
    return ouro_heap_fail(heap, OURO_E_KEY, "no policy is called '%s'; there are: %s", name,
                          known);
}

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

void ouro_unfreeze(ouro_heap *heap) {
    set_generations(heap, false);
}

size_t ouro_frozen(const ouro_heap *heap) {
    return heap->frozen;
}

/* ---- statistics -------------------------------------------------------------------------- */

void ouro_heap_stats(ouro_heap *heap, ouro_stats *ret_stats) {
    size_t size = ret_stats->struct_size;
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
