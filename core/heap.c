/* SPDX-License-Identifier: MIT */
/* Heap: puts the parts together, and takes them apart. The only file that sees all modules. */
#include "ouro/heap.h"

#include <string.h>

#include "collect/cross.h"
#include "collect/custom.h"
#include "collect/driver.h"
#include "collect/pacing.h"
#include "collect/policy.h"
#include "collect/question.h"
#include "collect/sweep.h"
#include "object/death.h"
#include "ouro/frame.h"
#include "ouro/record.h"
#include "types/types.h"
#include "weak/weak_types.h"

#define MAX_FRAMES 1000
/* How often a closing heap looks again for finalizers that finalizers have made necessary. */
#define CLOSE_ROUNDS 16
#define QUEUE_LEAST 64 /* deaths that can wait without a search for them */

/* SYNC: builtin-types */
static const ouro_type_spec *const builtin_specs[OURO__BUILTINS] = {
    NULL,
    &ouro__string_spec,
    &ouro__integer_spec,
    &ouro__float_spec,
    &ouro__list_spec,
    &ouro__tuple_spec,
    &ouro__dict_spec,
    &ouro__set_spec,
    &ouro__class_spec,
    &ouro__frame_spec,
    &ouro__weak_spec,
    &ouro__finalize_spec,
    &ouro__weak_keys_spec,
    &ouro__weak_values_spec,
    &ouro__weak_set_spec,
};

/* ---- open -------------------------------------------------------------------------------- */

static ouro_status populate(ouro_heap *heap) {
    ouro_type *type;
    ouro_status status = OURO_OK;
    for (int i = 1; status == OURO_OK && i < OURO__BUILTINS; i++)
        status = ouro_type_new(heap, builtin_specs[i], &type);
    if (status == OURO_OK) ouro__weakdict_mark_types(heap);
    if (status == OURO_OK)
        status = ouro_class_new(heap, "object", NULL, 0, NULL, &heap->bag_class);
    ouro_object *frame;
    if (status == OURO_OK) status = ouro_frame_new(heap, "main", &frame);
    if (status != OURO_OK) return status;
    ouro__heap_hide(heap->bag_class);
    status = ouro_frame_push(heap, frame);
    ouro_release(frame);
    return status;
}

/* What death cannot do without. */
static ouro_status reserve_queue(ouro_heap *heap) {
    heap->queue =
        ouro__memory_resize(&heap->account, NULL, 0, QUEUE_LEAST * sizeof *heap->queue);
    if (heap->queue == NULL) return heap->account.hit_limit ? OURO_E_LIMIT : OURO_E_NOMEM;
    heap->queue_capacity = QUEUE_LEAST;
    return OURO_OK;
}

ouro_status ouro_heap_open(const ouro_heap_options *options, ouro_heap **ret_heap) {
    ouro_heap_options given = {0};
    if (options != NULL)
        memcpy(&given, options,
               options->struct_size < sizeof given ? options->struct_size : sizeof given);
    ouro__account account;
    ouro__account_init(&account, given.alloc, given.user, 0);
    ouro_heap *heap = ouro__memory_resize(&account, NULL, 0, sizeof *heap);
    if (heap == NULL) return OURO_E_NOMEM;
    memset(heap, 0, sizeof *heap);
    heap->account = account;
    heap->account.max_bytes = given.max_bytes;
    heap->user = given.user;
    heap->settle = given.settle;
    heap->reach = given.reach;
    heap->cross = &ouro__cross_hooks_table;
    heap->watch = &ouro__watch_hooks_table;
    heap->policy = &ouro__policy_generational;
    heap->release_most = SIZE_MAX;
    heap->finish = ouro__driver_finish;
    heap->enabled = heap->open = true;
    ouro__pool_init(&heap->pool, &heap->account, heap);
    ouro__pacing_init(heap);
    heap->frames.max = MAX_FRAMES;
    ouro_status status = reserve_queue(heap);
    if (status == OURO_OK) status = populate(heap);
    if (status != OURO_OK) {
        ouro_heap_close(heap);
        return status;
    }
    ouro_heap_set_limits(heap, given.max_objects, given.max_bytes, given.max_frames);
    *ret_heap = heap;
    return OURO_OK;
}

void ouro_heap_set_limits(ouro_heap *heap, size_t max_objects, size_t max_bytes,
                          size_t max_frames) {
    heap->max_objects = max_objects;
    heap->account.max_bytes = max_bytes;
    heap->frames.max = max_frames != 0 ? max_frames : MAX_FRAMES;
    ouro__heap_update_care(heap);
}

void ouro_heap_limits(const ouro_heap *heap, size_t *ret_objects, size_t *ret_bytes,
                      size_t *ret_frames) {
    if (ret_objects != NULL) *ret_objects = heap->max_objects;
    if (ret_bytes != NULL) *ret_bytes = heap->account.max_bytes;
    if (ret_frames != NULL) *ret_frames = heap->frames.max;
}

/* ---- what the heap itself refers to ------------------------------------------------------ */

ouro__frame_stack *ouro__heap_frames(ouro_heap *heap) {
    return &heap->frames;
}

ouro_object **ouro__heap_bag_class(ouro_heap *heap) {
    return &heap->bag_class;
}

void ouro__heap_own_refs(ouro_heap *heap,
                         bool (*each)(ouro_object *object, const char *what, void *context),
                         void *context) {
    for (size_t i = 0; i < heap->frames.depth; i++)
        if (!each(heap->frames.frames[i], "frame stack", context)) return;
    for (ouro_object *record = heap->records; record != NULL; record = ouro__record_older(record))
        if (!each(record, "pending finalize record", context)) return;
    if (heap->bag_class != NULL && !each(heap->bag_class, "class of open objects", context)) return;
    if (heap->garbage != NULL) each(heap->garbage, "gc.garbage", context);
}

/* ---- shut -------------------------------------------------------------------------------- */

static void drop_frames(ouro_heap *heap) {
    while (heap->frames.depth > 0) {
        ouro_object *frame = heap->frames.frames[heap->frames.depth - 1];
        ouro_object_clear(frame);
        heap->frames.depth--;
        ouro_release(frame);
    }
}

static void release_own(ouro_object **place) {
    ouro_object *object = *place;
    *place = NULL;
    if (object == NULL) return;
    ouro__heap_show(object);
    ouro_release(object);
}

/* From now on nothing outside keeps anything. */
static void let_go_of_held(ouro_heap *heap) {
    ouro_object *object;
    for (ouro__place at = {0}; (object = ouro__pool_next(&heap->pool, &at)) != NULL;)
        ouro__clear_flag(object, OURO__HELD);
}

/* A collection without roots: all that is left is one dying set. Returns false when nothing
 * was left to finalize. */
static bool end_all(ouro_heap *heap) {
    uint64_t finalized = heap->stats.finalizers;
    heap->collecting = true;
    let_go_of_held(heap);
    ouro__question_condemn_all(heap);
    ouro__sweep_die(heap);
    heap->collecting = false;
    return heap->stats.finalizers != finalized;
}

static void dispose_left_over(ouro_heap *heap) {
    heap->keep_types = heap->pool.keep_empty = true;
    heap->closing = true;
    ouro_object *object;
    for (ouro__place at = {0}; (object = ouro__pool_next(&heap->pool, &at)) != NULL;) {
        const ouro_type *type = ouro__type_of(heap, object);
        if (type->spec.dispose != NULL) type->spec.dispose(object);
        object->type = 0;
    }
}

static void free_tables(ouro_heap *heap) {
    ouro__account *account = &heap->account;
    ouro__custom_free_all(heap);
    ouro__map *maps[] = {&heap->ids, &heap->by_id, &heap->pins, &heap->overflow,
                         &heap->waiting};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) ouro__map_free(maps[i], account);
    heap->keep_types = false;
    ouro__type_free_retired(heap);
    for (size_t i = 1; i < heap->type_count; i++)
        if (heap->types[i] != NULL) ouro__type_retire(heap, heap->types[i]);
    ouro__memory_free(account, heap->types, heap->type_capacity * sizeof *heap->types,
                      sizeof(max_align_t));
    ouro__memory_free(account, heap->queue, heap->queue_capacity * sizeof *heap->queue,
                      sizeof(max_align_t));
    ouro__memory_free(account, heap->frames.frames,
                      heap->frames.capacity * sizeof *heap->frames.frames, sizeof(max_align_t));
    heap->types = NULL;
    heap->type_count = heap->type_capacity = 0;
    heap->queue = NULL;
    heap->queue_capacity = 0;
    memset(&heap->frames, 0, sizeof heap->frames);
}

ouro_status ouro_heap_shut(ouro_heap *heap, size_t *ret_leaked) {
    if (ret_leaked != NULL) *ret_leaked = 0;
    if (!heap->open) return OURO_OK;
    if (heap->death_depth > 0 || heap->collecting || heap->closing)
        return ouro_heap_fail(heap, OURO_E_BUSY,
                              "the heap cannot close while a finalizer or callback runs");
    ouro__pass_yield(heap);
    heap->closing = true;
    ouro__finalize_run_all(heap);
    drop_frames(heap);
    release_own(&heap->garbage);
    heap->hidden = heap->bag_class;
    release_own(&heap->bag_class);
    int rounds = 0;
    while (end_all(heap) && ++rounds < CLOSE_ROUNDS) ouro__finalize_run_all(heap);
    if (ret_leaked != NULL) *ret_leaked = ouro__heap_count(heap);
    dispose_left_over(heap);
    ouro__pool_finish(&heap->pool);
    free_tables(heap);
    heap->open = false;
    heap->due = 0;
    ouro__heap_update_care(heap);
    ouro_heap_fail(heap, OURO_E_HEAP, "the heap is closed");
    return OURO_OK;
}

ouro_status ouro_heap_close(ouro_heap *heap) {
    ouro_status status = ouro_heap_shut(heap, NULL);
    if (status != OURO_OK) return status;
    ouro__account account = heap->account;
    ouro__memory_free(&account, heap, sizeof *heap, sizeof(max_align_t));
    return OURO_OK;
}
