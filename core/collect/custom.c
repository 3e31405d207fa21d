/* SPDX-License-Identifier: MIT */
/* Custom: policies that an embedder or a script has written (ouro/collector.h).
 *
 * What the collector notes down of an object is in a table: a colour, whether it is claimed,
 * and how much has been subtracted. What it claims becomes a question of its own, answered by
 * the phases of question.h among the claimed alone: if the answer is not "all of them", it was
 * wrong. So a collector can be slow or incomplete, but it cannot free what is reached. */
#include "collect/custom.h"

#include <string.h>

#include "collect/policy.h"
#include "collect/question.h"
#include "collect/sweep.h"
#include "collect/trial.h"
#include "ouro/collector.h"

enum { COLOUR = 0xff, CLAIMED = 0x100, SUBTRACTED = 0x200 };

typedef struct custom {
    ouro__policy policy;
    ouro_collector_fn find;
    void *user;
    size_t size; /* of this, with the texts behind it */
} custom;

struct ouro_collection {
    ouro_heap *heap;
};

/* ---- the interface ----------------------------------------------------------------------- */

ouro_heap *ouro_collection_heap(const ouro_collection *collection) {
    return collection->heap;
}

static bool is_candidate(const ouro_object *object) {
    return ouro__block_of(object)->kind != OURO__ACYCLIC &&
           ouro__question_is_candidate(object, 2);
}

void ouro_collection_each(ouro_collection *collection, bool roots,
                          bool (*each)(ouro_object *object, void *context), void *context) {
    ouro_heap *heap = collection->heap;
    for (size_t i = 0; i < heap->pool.count; i++) {
        const ouro__block *block = heap->pool.blocks[i];
        if (block->kind == OURO__ACYCLIC || (roots && !block->roots)) continue;
        for (uint32_t cell = 0; cell < block->fresh; cell++) {
            ouro_object *object = ouro__cell_at(block, cell);
            if (!ouro__question_is_candidate(object, 2)) continue;
            if (roots && object->flags & OURO__GUARDED) continue;
            if (!each(object, context)) return;
        }
    }
}

/* The notes on the object; *ret_status tells why there are none. */
static uint64_t *notes_on(ouro_collection *collection, const ouro_object *object,
                          ouro_status *ret_status) {
    ouro_heap *heap = collection->heap;
    uint64_t *notes = NULL;
    if (!is_candidate(object)) {
        *ret_status = ouro_heap_fail(heap, OURO_E_VALUE, "a %s is no candidate of a collection",
                                     ouro__type_of(heap, object)->spec.name);
        return NULL;
    }
    notes = ouro__map_place(&heap->notes, &heap->account, (uint64_t)(uintptr_t)object);
    *ret_status = notes != NULL ? OURO_OK
                                : ouro_heap_fail(heap, OURO_E_NOMEM,
                                                 "not enough memory for a collector's notes");
    return notes;
}

typedef struct visiting {
    ouro_visit_fn visit;
    void *context;
} visiting;

static void visit_candidate(ouro_object *child, void *context) {
    const visiting *v = context;
    if (is_candidate(child)) v->visit(child, v->context);
}

ouro_status ouro_collection_visit(ouro_collection *collection, ouro_object *object,
                                  ouro_visit_fn visit, void *context) {
    ouro_status status;
    visiting v = {visit, context};
    if (notes_on(collection, object, &status) == NULL) return status;
    collection->heap->pass.work.visited++;
    ouro__traverse(ouro__type_of(collection->heap, object), object, visit_candidate, &v);
    return OURO_OK;
}

ouro_status ouro_collection_subtract(ouro_collection *collection, ouro_object *object) {
    ouro_status status;
    uint64_t *notes = notes_on(collection, object, &status);
    if (notes != NULL) *notes += SUBTRACTED;
    return status;
}

ouro_status ouro_collection_add(ouro_collection *collection, ouro_object *object) {
    ouro_status status;
    uint64_t *notes = notes_on(collection, object, &status);
    if (notes != NULL && *notes < SUBTRACTED)
        return ouro_heap_fail(collection->heap, OURO_E_VALUE,
                              "nothing has been subtracted that could be added again");
    if (notes != NULL) *notes -= SUBTRACTED;
    return status;
}

ouro_status ouro_collection_left(ouro_collection *collection, ouro_object *object,
                                 uint64_t *ret_left) {
    ouro_status status;
    const uint64_t *notes = notes_on(collection, object, &status);
    if (notes == NULL) return status;
    uint64_t explained = *notes / SUBTRACTED;
    bool outside = object->flags & (OURO__HELD | OURO__SHIELDED | OURO__QUEUED);
    *ret_left = outside ? UINT64_MAX : object->count > explained ? object->count - explained : 0;
    return OURO_OK;
}

ouro_status ouro_collection_mark(ouro_collection *collection, ouro_object *object,
                                 unsigned colour) {
    ouro_status status;
    uint64_t *notes = notes_on(collection, object, &status);
    if (notes != NULL) *notes = (*notes & ~(uint64_t)COLOUR) | (colour & COLOUR);
    return status;
}

ouro_status ouro_collection_colour(ouro_collection *collection, ouro_object *object,
                                   unsigned *ret_colour) {
    ouro_status status;
    const uint64_t *notes = notes_on(collection, object, &status);
    if (notes != NULL) *ret_colour = (unsigned)(*notes & COLOUR);
    return status;
}

ouro_status ouro_collection_claim(ouro_collection *collection, ouro_object *object) {
    ouro_status status;
    uint64_t *notes = notes_on(collection, object, &status);
    if (notes != NULL) *notes |= CLAIMED;
    return status;
}

/* ---- the phases -------------------------------------------------------------------------- */

static void drop_notes(ouro_heap *heap) {
    ouro__map_free(&heap->notes, &heap->account);
}

static bool find(ouro_heap *heap, size_t *budget) {
    ouro__pass *pass = &heap->pass;
    const custom *own = (const custom *)pass->policy;
    ouro_collection collection = {heap};
    pass->status = own->find(&collection, own->user);
    ouro__pass_spend(pass, budget, 1);
    if (pass->status == OURO_OK) return true;
    drop_notes(heap);
    return false;
}

/* The claimed are the candidates of what follows. */
static bool take_claims(ouro_heap *heap, size_t *budget) {
    ouro__pass *pass = &heap->pass;
    ouro__trial_forget_roots(heap);
    ouro__question_forget_classes(heap);
    for (size_t i = 0; i < heap->notes.capacity; i++) {
        const ouro__map_entry *entry = &heap->notes.entries[i];
        if (entry->key == 0 || !(entry->value & CLAIMED)) continue;
        ouro_object *object = (ouro_object *)(uintptr_t)entry->key;
        *ouro__side_of(object) = 0;
        ouro__block_of(object)->asked = true;
        pass->candidates++;
    }
    ouro__pass_spend(pass, budget, 1);
    return true;
}

/* Were all of them garbage? If not, the first that is not is named. */
static bool believe(ouro_heap *heap, size_t *budget) {
    ouro__pass *pass = &heap->pass;
    const ouro_object *wrong = NULL;
    for (size_t i = 0; i < heap->notes.capacity; i++) {
        const ouro__map_entry *entry = &heap->notes.entries[i];
        if (entry->key == 0 || !(entry->value & CLAIMED)) continue;
        const ouro_object *object = (const ouro_object *)(uintptr_t)entry->key;
        if (ouro__question_is_garbage(object)) continue;
        if (wrong == NULL || ouro__sweep_comes_first(object, wrong)) wrong = object;
    }
    drop_notes(heap);
    ouro__pass_spend(pass, budget, 1);
    if (wrong == NULL) return true;
    pass->status = ouro_heap_fail(
        heap, OURO_E_CORRUPT,
        "the collector '%s' claimed a %s (id %llu) that is still reached; nothing was freed",
        pass->policy->name, ouro__type_of(heap, wrong)->spec.name,
        (unsigned long long)ouro_object_known_id(wrong));
    return false;
}

static const ouro__phase phases[] = {
    {"find", find, true},
    {"claims", take_claims, false},
    {"count", ouro__question_count, false},
    {"roots", ouro__question_roots, false},
    {"restore", ouro__question_restore, false},
    {"believe", believe, true},
    {"survey", ouro__sweep_survey, false},
    {NULL, NULL, false},
};

/* ---- making one -------------------------------------------------------------------------- */

static ouro_status check(ouro_heap *heap, const ouro_collector_spec *spec) {
    const ouro__policy *policy;
    if (heap->collecting)
        return ouro_heap_fail(heap, OURO_E_BUSY, "no policy can be added within a collection");
    if (spec->name == NULL || spec->name[0] == '\0' || spec->find == NULL)
        return ouro_heap_fail(heap, OURO_E_VALUE, "a policy needs a name and a function");
    size_t count = 0;
    for (; (policy = ouro__policy_at(heap, count)) != NULL; count++)
        if (strcmp(policy->name, spec->name) == 0)
            return ouro_heap_fail(heap, OURO_E_KEY, "there is a policy '%s' already",
                                  spec->name);
    if (count == OURO_POLICIES_MAX)
        return ouro_heap_fail(heap, OURO_E_LIMIT, "a heap has room for %d policies",
                              OURO_POLICIES_MAX);
    return OURO_OK;
}

ouro_status ouro_policy_new(ouro_heap *heap, const ouro_collector_spec *spec) {
    ouro_status status = check(heap, spec);
    if (status != OURO_OK) return status;
    const char *description = spec->description != NULL ? spec->description : "";
    size_t name_size = strlen(spec->name) + 1, text_size = strlen(description) + 1;
    size_t size = sizeof(custom) + name_size + text_size;
    custom *own = ouro__memory_resize(&heap->account, NULL, 0, size);
    if (own == NULL) return ouro_heap_fail(heap, OURO_E_NOMEM, "not enough memory for a policy");
    char *text = (char *)(own + 1);
    memcpy(text, spec->name, name_size);
    memcpy(text + name_size, description, text_size);
    own->policy = ouro__policy_trial;
    own->policy.name = text;
    own->policy.description = text + name_size;
    own->policy.phases = phases;
    own->policy.custom = true;
    own->find = spec->find;
    own->user = spec->user;
    own->size = size;
    heap->customs[heap->custom_count++] = &own->policy;
    return OURO_OK;
}

void ouro__custom_free_all(ouro_heap *heap) {
    drop_notes(heap);
    while (heap->custom_count > 0) {
        custom *own = (custom *)(uintptr_t)heap->customs[--heap->custom_count];
        ouro__memory_free(&heap->account, own, own->size, sizeof(max_align_t));
    }
    heap->policy = &ouro__policy_generational;
}
