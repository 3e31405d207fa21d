/* SPDX-License-Identifier: MIT */
/* Frame: names in a table with string keys, and the stack of frames.
 *
 * Names go last bound first, however the frame ends: by clear and pop one at a time, so that
 * a finalizer still finds the names bound before; by death in the order of traverse, which
 * therefore walks backwards. */
#include "ouro/frame.h"

#include <string.h>

#include "object/death.h"
#include "ouro/heap.h"
#include "types/types.h"

/* ---- hooks ------------------------------------------------------------------------------- */

static void traverse_frame(ouro_object *object, ouro_visit_fn visit, void *context) {
    const ouro__table *names = &ouro__as_frame(object)->names;
    ouro__entry *entry;
    for (size_t position = names->used;
         (entry = ouro__table_previous(names, &position)) != NULL;) {
        if (ouro_value_is_object(entry->value)) visit(ouro_value_object(entry->value), context);
        visit(ouro_value_object(entry->key), context);
    }
}

static bool refs_of_frame(ouro_object *object, ouro_ref_fn each, void *context) {
    return ouro__table_name_refs(&ouro__as_frame(object)->names, each, context);
}

static bool drop_last_name(ouro_heap *heap, ouro__table *names) {
    size_t position = names->used;
    if (ouro__table_previous(names, &position) == NULL) return false;
    ouro__entry taken = ouro__table_take(heap, names, position);
    ouro_value_release(taken.value);
    ouro_value_release(taken.key);
    /* What only looks held dies with its name, not after all names are gone. */
    if (heap->due & OURO__DUE_PROMPT) ouro__death_settle(heap);
    return true;
}

/* Finalizers may bind names meanwhile: as many are dropped as there were; what then is left
 * of the old ones goes with the new ones, without another look. */
static void clear_frame(ouro_object *object) {
    ouro_heap *heap = ouro__heap_of(object);
    ouro__table *names = &ouro__as_frame(object)->names;
    for (uint32_t left = names->count; left > 0 && drop_last_name(heap, names); left--) continue;
    ouro__table rest = *names;
    *names = (ouro__table){.version = rest.version + 1};
    while (drop_last_name(heap, &rest)) continue;
    ouro__table_dispose(heap, &rest);
}

static void dispose_frame(ouro_object *object) {
    ouro__frame *frame = ouro__as_frame(object);
    ouro_heap *heap = ouro__heap_of(object);
    ouro__table_dispose(heap, &frame->names);
    ouro_heap_free(heap, frame->name, frame->name_size);
}

static size_t extra_of_frame(const ouro_object *object) {
    const ouro__frame *frame = ouro__as_frame(object);
    return ouro__table_bytes(&frame->names) + frame->name_size;
}

const ouro_type_spec ouro__frame_spec = {
    .struct_size = sizeof(ouro_type_spec),
    .name = "frame",
    .size = sizeof(ouro__frame),
    .flags = OURO_TYPE_INTERNAL,
    .traverse = traverse_frame,
    .refs = refs_of_frame,
    .clear = clear_frame,
    .dispose = dispose_frame,
    .extra = extra_of_frame,
};

/* ---- a frame ----------------------------------------------------------------------------- */

static ouro_status expect_frame(const ouro_object *object) {
    return ouro__types_expect(object, OURO__FRAME, "a frame");
}

ouro_status ouro_frame_new(ouro_heap *heap, const char *name, ouro_object **ret_frame) {
    size_t size = strlen(name) + 1;
    char *copy = ouro_heap_resize(heap, NULL, 0, size);
    if (copy == NULL) return ouro__types_refused(heap);
    memcpy(copy, name, size);
    ouro_object *object;
    ouro_status status =
        ouro_object_new(heap, ouro__builtin_type(heap, OURO__FRAME), 0, &object);
    if (status != OURO_OK) {
        ouro_heap_free(heap, copy, size);
        return status;
    }
    ouro__as_frame(object)->name = copy;
    ouro__as_frame(object)->name_size = size;
    *ret_frame = object;
    return OURO_OK;
}

bool ouro_is_frame(const ouro_object *object) {
    return ouro__object_is(object, OURO__FRAME);
}

const char *ouro_frame_name(const ouro_object *frame) {
    return ouro__as_frame(frame)->name;
}

ouro_value ouro_frame_get(ouro_object *frame, const char *name, size_t length) {
    if (!ouro_is_frame(frame)) return OURO_ABSENT;
    const ouro__entry *entry =
        ouro__table_find_name(&ouro__as_frame(frame)->names, name, length,
                              ouro__hash_name(name, length));
    return entry != NULL ? entry->value : OURO_ABSENT;
}

ouro_status ouro_frame_set(ouro_object *frame, const char *name, size_t length, ouro_value v) {
    ouro_status status = expect_frame(frame);
    if (status != OURO_OK) return status;
    return ouro__table_set_name(ouro__heap_of(frame), &ouro__as_frame(frame)->names, name, length,
                                v);
}

ouro_status ouro_frame_unset(ouro_object *frame, const char *name, size_t length) {
    ouro_status status = expect_frame(frame);
    if (status != OURO_OK) return status;
    ouro_heap *heap = ouro__heap_of(frame);
    if (ouro__table_remove_name(heap, &ouro__as_frame(frame)->names, name, length))
        return OURO_OK;
    return ouro_heap_fail(heap, OURO_E_KEY, "the name '%.*s' is not bound in the frame %s",
                          (int)(length < 80 ? length : 80), name, ouro_frame_name(frame));
}

size_t ouro_frame_count(const ouro_object *frame) {
    return ouro_is_frame(frame) ? ouro__as_frame(frame)->names.count : 0;
}

bool ouro_frame_next(ouro_object *frame, size_t *position, const char **ret_name,
                     size_t *ret_length, ouro_value *ret_value) {
    if (!ouro_is_frame(frame)) return false;
    const ouro__entry *entry = ouro__table_next(&ouro__as_frame(frame)->names, position);
    if (entry == NULL) return false;
    const ouro__string *name = ouro__as_string(ouro_value_object(entry->key));
    if (ret_name != NULL) *ret_name = name->bytes;
    if (ret_length != NULL) *ret_length = name->length;
    if (ret_value != NULL) *ret_value = entry->value;
    return true;
}

/* ---- the stack; core/heap.c frees it ----------------------------------------------------- */

static ouro_status make_room(ouro_heap *heap, ouro__frame_stack *stack) {
    if (stack->depth < stack->capacity) return OURO_OK;
    size_t capacity = stack->capacity != 0 ? stack->capacity * 2 : 16;
    ouro_object **frames = ouro__memory_resize(&heap->account, stack->frames,
                                               stack->capacity * sizeof *frames,
                                               capacity * sizeof *frames);
    if (frames == NULL)
        return ouro_heap_fail(heap, ouro__types_refused(heap),
                              "not enough memory for a stack of %zu frames", stack->depth + 1);
    stack->frames = frames;
    stack->capacity = capacity;
    return OURO_OK;
}

ouro_status ouro_frame_push(ouro_heap *heap, ouro_object *frame) {
    ouro_status status = expect_frame(frame);
    if (status == OURO_OK) status = ouro__types_admit(heap, ouro_value_of_object(frame));
    if (status != OURO_OK) return status;
    ouro__frame_stack *stack = ouro__heap_frames(heap);
    if (stack->max != 0 && stack->depth >= stack->max)
        return ouro_heap_fail(heap, OURO_E_LIMIT, "stack overflow: %zu frames (limit %zu)",
                              stack->depth, stack->max);
    status = make_room(heap, stack);
    if (status != OURO_OK) return status;
    ouro_retain(frame);
    ouro__as_frame(frame)->pushed++;
    stack->frames[stack->depth++] = frame;
    return OURO_OK;
}

ouro_status ouro_frame_pop(ouro_heap *heap, ouro_object *frame) {
    ouro__frame_stack *stack = ouro__heap_frames(heap);
    if (stack->depth == 0 || stack->frames[stack->depth - 1] != frame)
        return ouro_heap_fail(heap, OURO_E_VALUE,
                              "only the top frame can be popped: pop what was pushed after it "
                              "first");
    stack->depth--;
    /* A frame that is also further down keeps its names until it goes from there. */
    if (--ouro__as_frame(frame)->pushed == 0) clear_frame(frame);
    ouro_release(frame);
    return OURO_OK;
}

ouro_object *ouro_frame_at(ouro_heap *heap, size_t depth) {
    const ouro__frame_stack *stack = ouro__heap_frames(heap);
    return depth < stack->depth ? stack->frames[stack->depth - 1 - depth] : NULL;
}

size_t ouro_frame_depth(const ouro_heap *heap) {
    return ouro__heap_frames((ouro_heap *)(uintptr_t)heap)->depth;
}

ouro_object *ouro_frame_main(ouro_heap *heap) {
    const ouro__frame_stack *stack = ouro__heap_frames(heap);
    return stack->depth > 0 ? stack->frames[0] : NULL;
}
