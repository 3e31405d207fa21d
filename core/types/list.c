/* SPDX-License-Identifier: MIT */
/* List: a growable array of values in a buffer of its own; and what lists and tuples have
 * in common. Sorting is in sort.c. */
#include "ouro/containers.h"
#include "ouro/heap.h"
#include "object/death.h"
#include "types/types.h"

#define SHRINK_FROM 64 /* capacities below stay as they are */
#define CHUNK 32       /* items that are removed at a time without memory */

static bool refer_to_items(const ouro_value *items, size_t count, ouro_ref_fn each,
                           void *context) {
    for (size_t i = 0; i < count; i++) {
        ouro_label label = {.kind = OURO_LABEL_INDEX, .index = i + 1};
        if (!each(&label, items[i], context)) return false;
    }
    return true;
}

static void traverse_list(ouro_object *object, ouro_visit_fn visit, void *context) {
    const ouro__list *list = ouro__as_list(object);
    for (size_t i = 0; i < list->count; i++)
        if (ouro_value_is_object(list->items[i]))
            visit(ouro_value_object(list->items[i]), context);
}

static bool refs_of_list(ouro_object *object, ouro_ref_fn each, void *context) {
    const ouro__list *list = ouro__as_list(object);
    return refer_to_items(list->items, list->count, each, context);
}

/* A buffer that no list refers to any longer. */
static void release_buffer(ouro_heap *heap, ouro_value *items, size_t count, size_t capacity) {
    for (size_t i = 0; i < count; i++) ouro_value_release(items[i]);
    ouro_heap_free(heap, items, capacity * sizeof *items);
}

static void clear_list(ouro_object *object) {
    ouro__list *list = ouro__as_list(object);
    ouro__list old = *list;
    list->items = NULL;
    list->count = list->capacity = 0;
    release_buffer(ouro__heap_of(object), old.items, old.count, old.capacity);
}

static void dispose_list(ouro_object *object) {
    ouro__list *list = ouro__as_list(object);
    ouro_heap_free(ouro__heap_of(object), list->items, list->capacity * sizeof *list->items);
}

static size_t extra_of_list(const ouro_object *object) {
    return ouro__as_list(object)->capacity * sizeof(ouro_value);
}

const ouro_type_spec ouro__list_spec = {
    .struct_size = sizeof(ouro_type_spec),
    .name = "list",
    .size = sizeof(ouro__list),
    .traverse = traverse_list,
    .refs = refs_of_list,
    .clear = clear_list,
    .dispose = dispose_list,
    .extra = extra_of_list,
};

bool ouro_is_list(const ouro_object *object) {
    return ouro__object_is(object, OURO__LIST);
}

static ouro_status expect_list(const ouro_object *object) {
    return ouro__types_expect(object, OURO__LIST, "a list");
}

static ouro_status refuse_index(const ouro_object *list) {
    return ouro_heap_fail(ouro__heap_of(list), OURO_E_INDEX,
                          "index out of range: the list has %zu items", ouro__as_list(list)->count);
}

/* ---- making and growing ------------------------------------------------------------------ */

static ouro_status set_capacity(ouro_heap *heap, ouro__list *list, size_t capacity) {
    if (capacity > SIZE_MAX / 2 / sizeof *list->items)
        return ouro_heap_fail(heap, OURO_E_LIMIT, "a list of %zu items is beyond any memory",
                              capacity);
    ouro_value *items = ouro_heap_resize(heap, list->items, list->capacity * sizeof *items,
                                         capacity * sizeof *items);
    if (items == NULL) return ouro__types_refused(heap);
    list->items = items;
    list->capacity = capacity;
    return OURO_OK;
}

/* Room for one more. */
static ouro_status grow(ouro_heap *heap, ouro__list *list) {
    if (OURO_LIKELY(list->count < list->capacity)) return OURO_OK;
    return set_capacity(heap, list, list->capacity < 4 ? 4 : list->capacity + list->capacity / 2);
}

/* Gives memory back when three quarters of it are unused. A refusal does no harm. */
static void shrink(ouro_heap *heap, ouro__list *list) {
    if (list->capacity < SHRINK_FROM || list->count >= list->capacity / 4) return;
    ouro_status ignored = set_capacity(heap, list, list->capacity / 2);
    (void)ignored;
}

ouro_status ouro_list_new(ouro_heap *heap, const ouro_value *values, size_t count,
                          ouro_object **ret_list) {
    ouro__list made = {.count = 0};
    ouro_object *object = NULL;
    ouro_status status = count > 0 ? set_capacity(heap, &made, count) : OURO_OK;
    if (status == OURO_OK) status = ouro__types_retain(heap, values, count);
    if (status == OURO_OK) {
        /* The birth may be announced: the listener sees an empty list. */
        status = ouro_object_new(heap, ouro__builtin_type(heap, OURO__LIST), 0, &object);
        if (status != OURO_OK) ouro__types_undo_retain(values, count);
    }
    if (status != OURO_OK) {
        ouro_heap_free(heap, made.items, made.capacity * sizeof *made.items);
        return status;
    }
    ouro__list *list = ouro__as_list(object);
    if (count > 0) memcpy(made.items, values, count * sizeof *values);
    list->items = made.items;
    list->capacity = made.capacity;
    list->count = count;
    *ret_list = object;
    return OURO_OK;
}

ouro_status ouro_list_reserve(ouro_object *object, size_t capacity) {
    ouro_status status = expect_list(object);
    if (status != OURO_OK) return status;
    ouro__list *list = ouro__as_list(object);
    if (capacity <= list->capacity) return OURO_OK;
    return set_capacity(ouro__heap_of(object), list, capacity);
}

ouro_status ouro_list_append(ouro_object *object, ouro_value v) {
    ouro_status status = expect_list(object);
    if (OURO_UNLIKELY(status != OURO_OK)) return status;
    ouro_heap *heap = ouro__heap_of(object);
    ouro__list *list = ouro__as_list(object);
    status = ouro__types_admit(heap, v);
    if (status == OURO_OK) status = grow(heap, list);
    if (OURO_UNLIKELY(status != OURO_OK)) return status;
    ouro_value_retain(v);
    list->items[list->count++] = v;
    return OURO_OK;
}

ouro_status ouro_list_insert(ouro_object *object, size_t index, ouro_value v) {
    ouro_status status = expect_list(object);
    if (status != OURO_OK) return status;
    ouro_heap *heap = ouro__heap_of(object);
    ouro__list *list = ouro__as_list(object);
    if (index > list->count) return refuse_index(object);
    status = ouro__types_admit(heap, v);
    if (status == OURO_OK) status = grow(heap, list);
    if (status != OURO_OK) return status;
    ouro_value_retain(v);
    ouro_value *place = list->items + index;
    memmove(place + 1, place, (list->count - index) * sizeof *place);
    *place = v;
    list->count++;
    return OURO_OK;
}

ouro_status ouro_list_set(ouro_object *object, size_t index, ouro_value v) {
    ouro_status status = expect_list(object);
    if (status != OURO_OK) return status;
    ouro__list *list = ouro__as_list(object);
    if (index >= list->count) return refuse_index(object);
    status = ouro__types_admit(ouro__heap_of(object), v);
    if (status == OURO_OK) ouro_value_store(&list->items[index], v);
    return status;
}

/* ---- removing ---------------------------------------------------------------------------- */

static void close_gap(ouro_heap *heap, ouro__list *list, size_t index, size_t count) {
    ouro_value *place = list->items + index;
    memmove(place, place + count, (list->count - index - count) * sizeof *place);
    list->count -= count;
    shrink(heap, list);
}

ouro_status ouro_list_pop(ouro_object *object, size_t index, ouro_value *ret_value) {
    ouro_status status = expect_list(object);
    if (status != OURO_OK) return status;
    ouro__list *list = ouro__as_list(object);
    if (index >= list->count) return refuse_index(object);
    *ret_value = list->items[index];
    if (ouro_value_is_object(*ret_value)) ouro__guard_note(ouro_value_object(*ret_value));
    close_gap(ouro__heap_of(object), list, index, 1);
    return OURO_OK;
}

/* Without memory for all that is removed: some at a time. What runs between two times may
 * change the list, so the range is cut to what is there. */
static void remove_in_chunks(ouro_heap *heap, ouro__list *list, size_t index, size_t count) {
    ouro_value removed[CHUNK];
    while (count > 0 && index < list->count) {
        size_t n = count < CHUNK ? count : CHUNK;
        if (n > list->count - index) n = list->count - index;
        memcpy(removed, list->items + index, n * sizeof *removed);
        close_gap(heap, list, index, n);
        for (size_t i = 0; i < n; i++) ouro_value_release(removed[i]);
        count -= n;
    }
}

ouro_status ouro_list_remove(ouro_object *object, size_t index, size_t count) {
    ouro_status status = expect_list(object);
    if (status != OURO_OK) return status;
    ouro__list *list = ouro__as_list(object);
    ouro_heap *heap = ouro__heap_of(object);
    if (index > list->count || count > list->count - index) return refuse_index(object);
    if (count == 0) return OURO_OK;
    ouro__shield shield = ouro__shield_begin(object);
    ouro_value *removed = NULL;
    if (count == list->count) {
        clear_list(object);
    } else if (count > CHUNK &&
               (removed = ouro_heap_resize(heap, NULL, 0, count * sizeof *removed)) != NULL) {
        memcpy(removed, list->items + index, count * sizeof *removed);
        close_gap(heap, list, index, count);
        release_buffer(heap, removed, count, count);
    } else {
        remove_in_chunks(heap, list, index, count);
    }
    ouro__shield_end(shield);
    return OURO_OK;
}

ouro_status ouro_list_reverse(ouro_object *object) {
    ouro_status status = expect_list(object);
    if (status != OURO_OK) return status;
    ouro__list *list = ouro__as_list(object);
    for (size_t i = 0, j = list->count; i + 1 < j; i++) {
        ouro_value moved = list->items[i];
        list->items[i] = list->items[--j];
        list->items[j] = moved;
    }
    return OURO_OK;
}

/* ---- lists and tuples -------------------------------------------------------------------- */

ouro_status ouro_sequence_items(const ouro_object *sequence, const ouro_value **ret_items,
                                size_t *ret_count) {
    if (ouro__object_is(sequence, OURO__LIST)) {
        *ret_items = ouro__as_list(sequence)->items;
        *ret_count = ouro__as_list(sequence)->count;
        return OURO_OK;
    }
    if (ouro__object_is(sequence, OURO__TUPLE)) {
        *ret_items = ouro__as_tuple(sequence)->items;
        *ret_count = ouro__as_tuple(sequence)->count;
        return OURO_OK;
    }
    return ouro__types_mismatch(sequence, "a list or tuple");
}
