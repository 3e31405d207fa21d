/* SPDX-License-Identifier: MIT */
/* Verify: plain reachability by search, to compare a collector's answer with. It shares nothing
 * with the collectors but the types' traverse: it has its own table of what it has seen, its own
 * list of what waits, and finds the roots by counting all references of the heap in that table.
 * Slow, and needs memory; both are the price of being independent. */
#include "collect/verify.h"

#include "collect/policy.h"
#include "collect/question.h"

enum { REACHED = 1, REFERENCE = 2 }; /* a table's value: a bit, and how often it is referred to */

typedef struct verify {
    ouro_heap *heap;
    ouro__map seen; /* object -> value */
    ouro_object **waiting;
    size_t count, capacity;
    bool failed; /* no memory */
} verify;

static uint64_t *place_of(verify *v, const ouro_object *object) {
    uint64_t *place =
        ouro__map_place(&v->seen, &v->heap->account, (uint64_t)(uintptr_t)object);
    if (place == NULL) v->failed = true;
    return place;
}

static bool is_reached(const verify *v, const ouro_object *object) {
    const uint64_t *place = ouro__map_find(&v->seen, (uint64_t)(uintptr_t)object);
    return place != NULL && (*place & REACHED) != 0;
}

static void count_reference(ouro_object *child, void *context) {
    uint64_t *place = place_of(context, child);
    if (place != NULL) *place += REFERENCE;
}

static void reach(verify *v, ouro_object *object) {
    uint64_t *place = place_of(v, object);
    if (place == NULL || *place & REACHED) return;
    if (v->count == v->capacity) {
        size_t capacity = v->capacity != 0 ? v->capacity * 2 : 256;
        void *waiting = ouro__memory_resize(&v->heap->account, v->waiting,
                                            v->capacity * sizeof *v->waiting,
                                            capacity * sizeof *v->waiting);
        if (waiting == NULL) {
            v->failed = true;
            return;
        }
        v->waiting = waiting;
        v->capacity = capacity;
    }
    *place |= REACHED;
    v->waiting[v->count++] = object;
}

static void reach_child(ouro_object *child, void *context) {
    reach(context, child);
}

/* An ephemeron's value is reached through container and key together. */
static void reach_value(ouro_object *container, ouro_object *key, ouro_object *value,
                        bool *charged, void *context) {
    (void)charged;
    if (is_reached(context, container) && (key == NULL || is_reached(context, key)))
        reach(context, value);
}

static void follow(verify *v, ouro_object *object) {
    ouro_type *type = ouro__type_of(v->heap, object);
    const ouro__watch_hooks *watch = v->heap->watch;
    if (!type->ephemerons) ouro__traverse(type, object, reach_child, v);
    else if (type->cls != NULL) reach(v, type->cls);
    if (type->ephemerons) watch->each_of_container(object, reach_value, v);
    if (object->flags & OURO__WATCHED) watch->each_of_key(object, reach_value, v);
}

/* Referred to by somebody who is no object of this heap, held, set aside, or just in use. Where
 * the outside was asked, its answer is believed: what it alone holds is garbage if found so. */
static bool is_root(const verify *v, const ouro_object *object) {
    const uint64_t *place = ouro__map_find(&v->seen, (uint64_t)(uintptr_t)object);
    uint64_t references = place != NULL ? *place / REFERENCE : 0;
    bool asked = v->heap->pass.cross && ouro__question_is_garbage(object);
    if (object->flags & OURO__HELD && !asked) return true;
    if (object->flags & (OURO__SHIELDED | OURO__QUEUED | OURO__DOOMED)) return true;
    return object->count > references || ouro__generation(object) == OURO__FROZEN;
}

static void search(verify *v) {
    ouro_object *object;
    for (ouro__place at = {0}; (object = ouro__pool_next(&v->heap->pool, &at)) != NULL;)
        ouro__traverse(ouro__type_of(v->heap, object), object, count_reference, v);
    for (ouro__place at = {0}; (object = ouro__pool_next(&v->heap->pool, &at)) != NULL;)
        if (!v->failed && is_root(v, object)) reach(v, object);
    while (v->count > 0 && !v->failed) follow(v, v->waiting[--v->count]);
}

/* In slices, what has become garbage meanwhile is left for the next collection. */
static bool is_missed(const ouro_heap *heap, const ouro_object *object) {
    const ouro__pass *pass = &heap->pass;
    return !pass->sliced && ouro__block_of(object)->kind != OURO__ACYCLIC &&
           ouro__question_is_candidate(object, 2) &&
           (pass->generation == 2 || pass->phases != ouro__generational_phases);
}

static ouro_status compare(verify *v) {
    ouro_heap *heap = v->heap;
    const ouro_object *object;
    const char *name = ouro_policy(heap);
    for (ouro__place at = {0}; (object = ouro__pool_next(&heap->pool, &at)) != NULL;) {
        bool reached = is_reached(v, object), garbage = ouro__question_is_garbage(object);
        const char *type = ouro__type_of(heap, object)->spec.name;
        unsigned long long id = ouro_object_known_id(object);
        if (reached && garbage)
            return ouro_heap_fail(heap, OURO_E_CORRUPT,
                                  "the collector '%s' would have freed a %s (id %llu) that is "
                                  "still reached; nothing was freed",
                                  name, type, id);
        if (!reached && !garbage && is_missed(heap, object))
            return ouro_heap_fail(heap, OURO_E_CORRUPT,
                                  "the collector '%s' has missed a %s (id %llu) that nothing "
                                  "reaches; nothing was freed",
                                  name, type, id);
    }
    return OURO_OK;
}

ouro_status ouro__verify_answer(ouro_heap *heap) {
    verify v = {.heap = heap};
    search(&v);
    ouro_status status = v.failed ? OURO_OK : compare(&v);
    if (!v.failed) heap->verified++;
    ouro__map_free(&v.seen, &heap->account);
    ouro__memory_free(&heap->account, v.waiting, v.capacity * sizeof *v.waiting,
                      sizeof(max_align_t));
    return status;
}

/* ---- the switch -------------------------------------------------------------------------- */

void ouro_verify(ouro_heap *heap, bool on) {
    heap->verify = on;
}

bool ouro_verify_is_on(const ouro_heap *heap) {
    return heap->verify;
}

uint64_t ouro_verified(const ouro_heap *heap) {
    return heap->verified;
}
