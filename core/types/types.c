/* SPDX-License-Identifier: MIT */
/* Types: the refusals that all built-in types share. */
#include "types/types.h"

ouro_status ouro__types_refused(ouro_heap *heap) {
    return heap->account.hit_limit ? OURO_E_LIMIT : OURO_E_NOMEM;
}

ouro_status ouro__types_mismatch(const ouro_object *object, const char *needed) {
    if (object == NULL) return OURO_E_TYPE;
    return ouro_heap_fail(ouro__heap_of(object), OURO_E_TYPE, "%s is needed here, not a %s", needed,
                          ouro_type_name(ouro_object_type(object)));
}

ouro_status ouro__types_unfit(ouro_heap *heap, const ouro_object *object) {
    const char *type = ouro_type_name(ouro_object_type(object));
    if (ouro__heap_of(object) != heap)
        return ouro_heap_fail(heap, OURO_E_HEAP,
                              "the %s belongs to another heap; build it in this one", type);
    return ouro_heap_fail(heap, OURO_E_LIMIT,
                          "the %s has %lu references, and no more fit in its count", type,
                          (unsigned long)object->count);
}

ouro_status ouro__types_retain(ouro_heap *heap, const ouro_value *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        ouro_status status = ouro__types_admit(heap, values[i]);
        if (status != OURO_OK) {
            ouro__types_undo_retain(values, i);
            return status;
        }
        ouro_value_retain(values[i]);
    }
    return OURO_OK;
}

void ouro__types_undo_retain(const ouro_value *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (ouro_value_is_object(values[i])) ouro_value_object(values[i])->count--;
}
