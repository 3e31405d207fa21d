/* SPDX-License-Identifier: MIT */
/* Question: the phases of question.h, but for restoring (restore.c). */
#include "collect/question.h"

#include <string.h>

#include "collect/cross.h"

/* ---- scope ------------------------------------------------------------------------------- */

/* Acyclic objects are never candidates; nor are blocks without young objects, for the young. */
static bool may_have_candidates(const ouro__block *block) {
    const ouro_heap *heap = block->owner;
    if (block->kind == OURO__ACYCLIC) return false;
    return heap->pass.generation >= 2 || block->young;
}

/* In slices candidates are guarded from now on, and what they leave behind is cleaned up. */
static size_t scope_stretch(const ouro__pass *pass, ouro__stretch s) {
    size_t candidates = 0;
    bool young = s.begin != 0 && s.block->young;
    for (uint32_t i = s.begin; i < s.end; i++) {
        ouro_object *object = ouro__cell_at(s.block, i);
        if (object->type == 0) continue;
        if (ouro__generation(object) < 2) young = true;
        if (!ouro__question_is_candidate(object, (unsigned)pass->generation)) continue;
        *ouro__side_of(object) = 0;
        if (pass->sliced) ouro__set_flag(object, OURO__GUARDED);
        candidates++;
    }
    s.block->young = young || s.block->current;
    if (candidates != 0) s.block->asked = true;
    if (candidates != 0 && pass->sliced) s.block->careful = true;
    return candidates;
}

void ouro__question_forget_classes(ouro_heap *heap) {
    heap->overflow_failed = false;
    for (size_t i = 1; i < heap->type_count; i++)
        if (heap->types[i] != NULL) heap->types[i]->class_edges = 0;
}

bool ouro__question_scope(ouro_heap *heap, size_t *budget) {
    ouro__pass *pass = &heap->pass;
    ouro__stretch s;
    while (*budget > 0 && ouro__pass_next(heap, may_have_candidates, &s)) {
        pass->candidates += scope_stretch(pass, s);
        pass->last = ouro__cell_at(s.block, s.begin);
        /* Reading headers in order is cheap: eight for a unit. */
        ouro__pass_spend(pass, budget, (s.end - s.begin) / 8 + 1);
    }
    if (*budget == 0) return false;
    pass->work.possible_roots += pass->candidates;
    ouro__question_forget_classes(heap);
    return true;
}

/* ---- count ------------------------------------------------------------------------------- */

/* Without memory to remember how often, that is found out afterwards (count_scarcely). */
void ouro__question_overflow(ouro_heap *heap, ouro_object *object, uint64_t times) {
    uint8_t *side = ouro__side_of(object);
    uint64_t before = *side < OURO__SIDE_OVERFLOW ? *side : 0;
    if (*side == OURO__SIDE_OVERFLOW && heap->overflow_failed) {
        uint64_t *known = ouro__map_find(&heap->overflow, (uint64_t)(uintptr_t)object);
        if (known != NULL) *known += times;
        return;
    }
    uint64_t *total =
        ouro__map_place(&heap->overflow, &heap->account, (uint64_t)(uintptr_t)object);
    *side = OURO__SIDE_OVERFLOW;
    if (total == NULL) heap->overflow_failed = true;
    else *total += before + times;
}

typedef struct counting {
    ouro_heap *heap;
    size_t objects, edges;
} counting;

static inline void count_child(counting *c, ouro_object *child) {
    uint8_t *side = ouro__side_of(child);
    c->edges++;
    if (OURO_LIKELY(*side < OURO__SIDE_EXPLAINED - 1)) ++*side;
    else if (*side <= OURO__SIDE_OVERFLOW) ouro__question_overflow(c->heap, child, 1);
}

static void count_by_hook(ouro_object *child, void *context) {
    count_child(context, child);
}

void ouro__question_count_one(ouro_heap *heap, ouro_object *object) {
    counting c = {heap, 0, 0};
    count_child(&c, object);
}

static inline void count_object(counting *c, ouro_object *object) {
    ouro_type *type = ouro__type_of(c->heap, object);
    c->objects++;
    OURO__FOR_EACH_SLOT(type, object, slot) {
        if (ouro_value_is_object(*slot)) count_child(c, ouro_value_object(*slot));
    }
    if (type->spec.traverse != NULL) type->spec.traverse(object, count_by_hook, c);
    type->class_edges++;
}

/* Calls the function with each candidate; false: to stop. */
static void each_candidate(ouro_heap *heap, bool (*each)(ouro_object *object, void *context),
                           void *context) {
    for (size_t i = 0; i < heap->pool.count; i++) {
        ouro__block *block = heap->pool.blocks[i];
        for (uint32_t cell = 0; block->asked && cell < block->fresh; cell++) {
            ouro_object *object = ouro__cell_at(block, cell);
            if (*ouro__side_of(object) != OURO__SIDE_OUT && !each(object, context)) return;
        }
    }
}

/* The objects whose counts found no memory are counted a few at a time, with a walk over all
 * candidates for these few. */
#define FEW 64

typedef struct scarce {
    ouro_heap *heap;
    ouro_object *few[FEW];
    uint64_t times[FEW];
    ouro__map_entry entries[2 * FEW];
    ouro__map index; /* object -> its place among the few + 1; over the entries: never grows */
    size_t count;
} scarce;

static bool pick(ouro_object *object, void *context) {
    scarce *c = context;
    uint64_t key = (uint64_t)(uintptr_t)object;
    if (*ouro__side_of(object) != OURO__SIDE_OVERFLOW) return true;
    if (ouro__map_find(&c->heap->overflow, key) != NULL) return true;
    c->times[c->count] = 0;
    c->few[c->count++] = object;
    *ouro__map_place(&c->index, &c->heap->account, key) = c->count;
    return c->count < FEW;
}

static void count_picked(ouro_object *child, void *context) {
    scarce *c = context;
    if (*ouro__side_of(child) != OURO__SIDE_OVERFLOW) return;
    const uint64_t *place = ouro__map_find(&c->index, (uint64_t)(uintptr_t)child);
    if (place != NULL) c->times[*place - 1]++;
}

static bool count_picked_of(ouro_object *object, void *context) {
    scarce *c = context;
    ouro__traverse(ouro__type_of(c->heap, object), object, count_picked, c);
    return true;
}

/* An object that has fewer counts than references to it, or NULL. */
static ouro_object *decide(const scarce *c) {
    for (size_t i = 0; i < c->count; i++) {
        ouro_object *object = c->few[i];
        if (c->times[i] > object->count && !c->heap->pass.sliced) return object;
        *ouro__side_of(object) = OURO__SIDE_EXPLAINED;
        if (c->times[i] != object->count) ouro__question_mark(object);
    }
    return NULL;
}

/* In slices a reference may have gone meanwhile: then it is a root. */
static ouro_object *count_scarcely(ouro_heap *heap) {
    ouro_object *culprit = NULL;
    scarce c;
    c.heap = heap;
    do {
        memset(c.entries, 0, sizeof c.entries);
        c.index = (ouro__map){c.entries, 2 * FEW, 0};
        c.count = 0;
        each_candidate(heap, pick, &c);
        if (c.count > 0) each_candidate(heap, count_picked_of, &c);
        culprit = decide(&c);
    } while (c.count > 0 && culprit == NULL);
    return culprit;
}

/* Instances of one class come in thousands: their references to it were counted in the type. */
void ouro__question_count_classes(ouro_heap *heap) {
    for (size_t i = 1; i < heap->type_count; i++) {
        ouro_type *type = heap->types[i];
        if (type == NULL || type->cls == NULL || type->class_edges == 0) continue;
        if (*ouro__side_of(type->cls) < OURO__SIDE_PENDING)
            ouro__question_overflow(heap, type->cls, type->class_edges);
    }
    if (OURO_UNLIKELY(heap->overflow_failed) && heap->pass.status == OURO_OK)
        heap->pass.culprit = count_scarcely(heap);
}

bool ouro__question_count(ouro_heap *heap, size_t *budget) {
    ouro__pass *pass = &heap->pass;
    ouro__stretch s;
    while (*budget > 0 && ouro__pass_next(heap, ouro__pass_is_asked, &s)) {
        counting c = {heap, 0, 0};
        for (uint32_t cell = s.begin; cell < s.end; cell++) {
            ouro_object *object = ouro__cell_at(s.block, cell);
            if (*ouro__side_of(object) < OURO__SIDE_PENDING) count_object(&c, object);
        }
        pass->last = ouro__cell_at(s.block, s.begin);
        pass->work.visited += c.objects;
        pass->work.edges += c.edges;
        ouro__pass_spend(pass, budget, c.objects + c.edges + 1);
    }
    if (*budget == 0) return false;
    ouro__question_count_classes(heap);
    return true;
}

/* ---- roots ------------------------------------------------------------------------------- */

uint64_t ouro__question_internal(const ouro_heap *heap, const ouro_object *object) {
    uint8_t side = *ouro__side_of(object);
    if (side == OURO__SIDE_EXPLAINED) return object->count;
    if (side < OURO__SIDE_OVERFLOW) return side;
    return *ouro__map_find(&heap->overflow, (uint64_t)(uintptr_t)object);
}

/* Marks the objects that are reached from outside. Returns one with too few counts. */
static ouro_object *find_roots(ouro_heap *heap, ouro__stretch s) {
    bool held = !heap->pass.cross;
    unsigned roots = OURO__SHIELDED | OURO__QUEUED | (held ? OURO__HELD : 0u);
    for (uint32_t cell = s.begin; cell < s.end; cell++) {
        ouro_object *object = ouro__cell_at(s.block, cell);
        uint8_t *side = ouro__side_of(object);
        if (*side >= OURO__SIDE_PENDING) continue;
        uint64_t internal = ouro__question_internal(heap, object);
        if (object->count < internal && !heap->pass.sliced) return object;
        if (object->count == internal && !(object->flags & roots)) continue;
        *side = OURO__SIDE_PENDING;
        s.block->pending = true;
    }
    return NULL;
}

bool ouro__question_roots(ouro_heap *heap, size_t *budget) {
    ouro__pass *pass = &heap->pass;
    ouro__stretch s;
    while (*budget > 0 && ouro__pass_next(heap, ouro__pass_is_asked, &s)) {
        pass->culprit = find_roots(heap, s);
        pass->last = ouro__cell_at(s.block, s.begin);
        if (pass->culprit != NULL) return false;
        ouro__pass_spend(pass, budget, (s.end - s.begin) / 8 + 1);
    }
    return *budget > 0;
}

void ouro__question_mark(ouro_object *object) {
    uint8_t *side = ouro__side_of(object);
    if (*side >= OURO__SIDE_PENDING) return;
    *side = OURO__SIDE_PENDING;
    ouro__block_of(object)->pending = true;
}

bool ouro__question_ask(ouro_heap *heap, size_t *budget) {
    if (heap->pass.cross) ouro__cross_mark_held(heap);
    ouro__pass_spend(&heap->pass, budget, 1);
    return true;
}

/* ---- the answer -------------------------------------------------------------------------- */

void ouro__question_end_block(ouro__block *block) {
    if (block->asked) {
        memset(block->base, OURO__SIDE_OUT, OURO__SIDE_SIZE);
        block->careful = block->tags != NULL;
    }
    block->asked = block->pending = false;
}

void ouro__question_end(ouro_heap *heap) {
    for (size_t i = 0; i < heap->pool.count; i++)
        ouro__question_end_block(heap->pool.blocks[i]);
    ouro__map_free(&heap->overflow, &heap->account);
}

bool ouro__question_each(ouro_heap *heap, bool (*each)(ouro_object *object, void *context),
                         void *context) {
    for (size_t i = 0; i < heap->pool.count; i++) {
        ouro__block *block = heap->pool.blocks[i];
        if (!block->asked) continue;
        for (uint32_t cell = 0; cell < block->fresh; cell++) {
            ouro_object *object = ouro__cell_at(block, cell);
            if (ouro__question_is_garbage(object) && !each(object, context)) return false;
        }
    }
    return true;
}

/* ---- at once ----------------------------------------------------------------------------- */

ouro_object *ouro__question_answer(ouro_heap *heap) {
    static const ouro__phase phases[] = {{"scope", ouro__question_scope, false},
                                         {"count", ouro__question_count, false},
                                         {"roots", ouro__question_roots, false},
                                         {"restore", ouro__question_restore, false},
                                         {NULL, NULL, false}};
    ouro__pass_begin(heap, heap->policy, phases, 2);
    heap->pass.promote = false;
    ouro__pass_run(heap);
    return heap->pass.culprit;
}

void ouro__question_condemn_all(ouro_heap *heap) {
    static const ouro__phase phases[] = {{"scope", ouro__question_scope, false},
                                         {NULL, NULL, false}};
    ouro__pass_begin(heap, heap->policy, phases, OURO__FROZEN);
    ouro__pass_run(heap);
}
