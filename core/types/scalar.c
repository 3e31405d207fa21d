/* SPDX-License-Identifier: MIT */
/* Scalar: numbers and strings as values, and the three types of their boxes. Boxes and
 * strings are plain data: acyclic, immutable, without references. */
#include "ouro/scalar.h"

#include "ouro/heap.h"
#include "types/types.h"

/* They refer to nothing: no traverse, so that death and collection know them as leaves. */
static bool refer_to_nothing(ouro_object *object, ouro_ref_fn each, void *context) {
    (void)object;
    (void)each;
    (void)context;
    return true;
}

const ouro_type_spec ouro__string_spec = {
    .struct_size = sizeof(ouro_type_spec),
    .name = "string",
    .size = sizeof(ouro__string) + 1,
    .flags = OURO_TYPE_ACYCLIC | OURO_TYPE_PLAIN,
    .refs = refer_to_nothing,
};

const ouro_type_spec ouro__integer_spec = {
    .struct_size = sizeof(ouro_type_spec),
    .name = "integer",
    .size = sizeof(ouro__box),
    .flags = OURO_TYPE_ACYCLIC | OURO_TYPE_PLAIN,
    .refs = refer_to_nothing,
};

const ouro_type_spec ouro__float_spec = {
    .struct_size = sizeof(ouro_type_spec),
    .name = "float",
    .size = sizeof(ouro__box),
    .flags = OURO_TYPE_ACYCLIC | OURO_TYPE_PLAIN,
    .refs = refer_to_nothing,
};

static ouro_status make_box(ouro_heap *heap, ouro__builtin type, const void *number,
                            ouro_value *ret_value) {
    ouro_object *object;
    ouro_status status = ouro_object_new(heap, ouro__builtin_type(heap, type), 0, &object);
    if (status != OURO_OK) return status;
    memcpy(&((ouro__box *)(void *)object)->bits, number, sizeof(uint64_t));
    *ret_value = ouro_value_of_object(object);
    return OURO_OK;
}

ouro_status ouro_integer(ouro_heap *heap, int64_t i, ouro_value *ret_value) {
    if (OURO_UNLIKELY(!ouro_small_fits(i))) return make_box(heap, OURO__INTEGER, &i, ret_value);
    *ret_value = ouro_value_of_small(i);
    return OURO_OK;
}

ouro_status ouro_float(ouro_heap *heap, double d, ouro_value *ret_value) {
    if (OURO_LIKELY(ouro_float_fits(d, ret_value))) return OURO_OK;
    return make_box(heap, OURO__FLOAT, &d, ret_value);
}

ouro_status ouro_string(ouro_heap *heap, const char *bytes, size_t length, ouro_value *ret_value) {
    if (length > UINT32_MAX - sizeof(ouro__string) - 1)
        return ouro_heap_fail(heap, OURO_E_LIMIT,
                              "a string of %zu bytes is too long: the most is 4 GiB", length);
    ouro_object *object;
    ouro_status status = ouro_object_new(heap, ouro__builtin_type(heap, OURO__STRING),
                                         sizeof(ouro__string) + length + 1, &object);
    if (status != OURO_OK) return status;
    ouro__string *string = ouro__as_string(object);
    string->length = (uint32_t)length;
    if (length > 0) memcpy(string->bytes, bytes, length);
    string->bytes[length] = '\0';
    *ret_value = ouro_value_of_object(object);
    return OURO_OK;
}

bool ouro_value_as_integer(ouro_value v, int64_t *ret_integer) {
    if (ouro_value_is_small(v)) {
        *ret_integer = ouro_value_small(v);
        return true;
    }
    const ouro_object *object = ouro_value_object(v);
    if (!ouro__object_is(object, OURO__INTEGER)) return false;
    memcpy(ret_integer, &((const ouro__box *)(const void *)object)->bits, sizeof *ret_integer);
    return true;
}

bool ouro_value_as_float(ouro_value v, double *ret_float) {
    if (ouro_value_is_flonum(v)) {
        *ret_float = ouro_value_flonum(v);
        return true;
    }
    const ouro_object *object = ouro_value_object(v);
    if (!ouro__object_is(object, OURO__FLOAT)) return false;
    memcpy(ret_float, &((const ouro__box *)(const void *)object)->bits, sizeof *ret_float);
    return true;
}

bool ouro_value_as_string(ouro_value v, const char **ret_bytes, size_t *ret_length) {
    const ouro_object *object = ouro_value_object(v);
    if (!ouro__object_is(object, OURO__STRING)) return false;
    *ret_bytes = ouro__as_string(object)->bytes;
    *ret_length = ouro__as_string(object)->length;
    return true;
}

ouro_kind ouro_value_kind(ouro_value v) {
    if (ouro_value_is_small(v)) return OURO_KIND_INTEGER;
    if (ouro_value_is_flonum(v)) return OURO_KIND_FLOAT;
    if (ouro_value_is_bool(v)) return OURO_KIND_BOOL;
    const ouro_object *object = ouro_value_object(v);
    if (object == NULL) return OURO_KIND_NIL; /* or absent, which nobody should ask about */
    switch (object->type) {
    case OURO__STRING: return OURO_KIND_STRING;
    case OURO__INTEGER: return OURO_KIND_INTEGER;
    case OURO__FLOAT: return OURO_KIND_FLOAT;
    default: return OURO_KIND_OBJECT;
    }
}
