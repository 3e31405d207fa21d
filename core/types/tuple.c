/* SPDX-License-Identifier: MIT */
/* Tuple: a fixed sequence, its items within the object. Its hash is kept once it has been
 * computed (hash.c). */
#include "ouro/containers.h"
#include "ouro/heap.h"
#include "types/types.h"

static void traverse_tuple(ouro_object *object, ouro_visit_fn visit, void *context) {
    const ouro__tuple *tuple = ouro__as_tuple(object);
    for (uint32_t i = 0; i < tuple->count; i++)
        if (ouro_value_is_object(tuple->items[i]))
            visit(ouro_value_object(tuple->items[i]), context);
}

static bool refs_of_tuple(ouro_object *object, ouro_ref_fn each, void *context) {
    const ouro__tuple *tuple = ouro__as_tuple(object);
    for (uint32_t i = 0; i < tuple->count; i++) {
        ouro_label label = {.kind = OURO_LABEL_INDEX, .index = i + (size_t)1};
        if (!each(&label, tuple->items[i], context)) return false;
    }
    return true;
}

/* With the count zero nobody looks at the items, and nobody can write to them: so they need
 * no other place while they are released. */
static void clear_tuple(ouro_object *object) {
    ouro__tuple *tuple = ouro__as_tuple(object);
    uint32_t count = tuple->count;
    tuple->count = 0;
    tuple->hash = 0;
    for (uint32_t i = 0; i < count; i++) ouro_value_release(tuple->items[i]);
}

const ouro_type_spec ouro__tuple_spec = {
    .struct_size = sizeof(ouro_type_spec),
    .name = "tuple",
    .size = sizeof(ouro__tuple),
    .traverse = traverse_tuple,
    .refs = refs_of_tuple,
    .clear = clear_tuple,
};

ouro_status ouro_tuple_new(ouro_heap *heap, const ouro_value *values, size_t count,
                           ouro_object **ret_tuple) {
    if (count > (UINT32_MAX - sizeof(ouro__tuple)) / sizeof *values)
        return ouro_heap_fail(heap, OURO_E_LIMIT,
                              "a tuple of %zu items is too long; use a list", count);
    ouro_status status = ouro__types_retain(heap, values, count);
    if (status != OURO_OK) return status;
    ouro_object *object;
    status = ouro_object_new(heap, ouro__builtin_type(heap, OURO__TUPLE),
                             sizeof(ouro__tuple) + count * sizeof *values, &object);
    if (status != OURO_OK) {
        ouro__types_undo_retain(values, count);
        return status;
    }
    ouro__tuple *tuple = ouro__as_tuple(object);
    if (count > 0) memcpy(tuple->items, values, count * sizeof *values);
    tuple->count = (uint32_t)count;
    *ret_tuple = object;
    return OURO_OK;
}

bool ouro_is_tuple(const ouro_object *object) {
    return ouro__object_is(object, OURO__TUPLE);
}
