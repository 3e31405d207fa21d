/* SPDX-License-Identifier: MIT */
/* Record: the instances of classes. A slotted one is its header and its slots, known to the
 * core as an array of values, so that it needs no hook but for the labels. An open one has a
 * table of attributes. */
#include "ouro/record.h"

#include <stdio.h>

#include "ouro/heap.h"
#include "types/types.h"

static ouro__class *class_of(const ouro_object *record) {
    return ouro__as_class(ouro_type_class(ouro_object_type(record)));
}

/* ---- hooks ------------------------------------------------------------------------------- */

static bool refs_of_slotted(ouro_object *object, ouro_ref_fn each, void *context) {
    const ouro__class *cls = class_of(object);
    for (uint32_t i = 0; i < cls->slot_count; i++) {
        ouro_label label = {.kind = OURO_LABEL_NAME,
                            .text = cls->slots[i].name,
                            .length = cls->slots[i].length};
        if (!each(&label, ouro_record_slot(object, i), context)) return false;
    }
    return true;
}

static bool refs_of_open(ouro_object *object, ouro_ref_fn each, void *context) {
    return ouro__table_name_refs(ouro__table_of(object), each, context);
}

ouro_type_spec ouro__record_spec(const char *name, bool open, size_t slot_count) {
    ouro_type_spec spec = {
        .struct_size = sizeof spec,
        .name = name,
        .size = sizeof(ouro_object) + slot_count * sizeof(ouro_value),
        .values_offset = sizeof(ouro_object),
        .values_count = slot_count,
        .refs = refs_of_slotted,
    };
    if (open) {
        spec.size = sizeof(ouro__tabled);
        spec.values_offset = 0;
        spec.traverse = ouro__dict_traverse;
        spec.refs = refs_of_open;
        spec.clear = ouro__dict_clear;
        spec.dispose = ouro__dict_dispose;
        spec.extra = ouro__dict_extra;
    }
    return spec;
}

/* ---- records ----------------------------------------------------------------------------- */

ouro_status ouro_record_new(ouro_heap *heap, ouro_object *cls, ouro_object **ret_record) {
    ouro_status status = ouro__types_expect(cls, OURO__CLASS, "a class");
    if (status == OURO_OK) status = ouro__types_admit(heap, ouro_value_of_object(cls));
    if (OURO_UNLIKELY(status != OURO_OK)) return status;
    return ouro_object_new(heap, ouro__as_class(cls)->type, 0, ret_record);
}

ouro_status ouro_bag_new(ouro_heap *heap, ouro_object **ret_bag) {
    ouro_object *cls = *ouro__heap_bag_class(heap);
    if (cls == NULL) return ouro_heap_fail(heap, OURO_E_HEAP, "the heap is closed");
    return ouro_record_new(heap, cls, ret_bag);
}

ouro_object *ouro_record_class(const ouro_object *object) {
    return ouro_type_class(ouro_object_type(object));
}

/* ---- attributes -------------------------------------------------------------------------- */

static ouro_status expect_record(const ouro_object *object) {
    if (object != NULL && ouro_record_class(object) != NULL) return OURO_OK;
    return ouro__types_mismatch(object, "an instance of a class");
}

/* The slots' names in a row, as many as fit. */
static const char *list_slots(const ouro__class *cls, char *text, size_t size) {
    size_t used = 0;
    for (uint32_t i = 0; i < cls->slot_count; i++) {
        const ouro__slot *slot = &cls->slots[i];
        bool fits = used + slot->length + sizeof ", , ..." < size;
        int length = snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "",
                              fits ? slot->name : "...");
        used += (size_t)length;
        if (!fits) break;
    }
    return text;
}

static ouro_status refuse_slot(const ouro_object *record, const char *name, size_t length) {
    const ouro__class *cls = class_of(record);
    char slots[160] = "none";
    return ouro_heap_fail(ouro__heap_of(record), OURO_E_KEY,
                          "%s has no slot '%.*s'; its slots are: %s", ouro_class_name(&cls->header),
                          (int)(length < 80 ? length : 80), name,
                          list_slots(cls, slots, sizeof slots));
}

ouro_status ouro_record_get(ouro_object *record, const char *name, size_t length,
                            ouro_value *ret_value) {
    ouro_status status = expect_record(record);
    if (status != OURO_OK) return status;
    const ouro__class *cls = class_of(record);
    if (cls->open) {
        const ouro__entry *entry = ouro__table_find_name(ouro__table_of(record), name, length,
                                                         ouro__hash_name(name, length));
        *ret_value = entry != NULL ? entry->value : OURO_ABSENT;
        return OURO_OK;
    }
    size_t slot = ouro_class_slot_find(&cls->header, name, length);
    if (slot == SIZE_MAX) return refuse_slot(record, name, length);
    *ret_value = ouro_record_slot(record, slot);
    return OURO_OK;
}

ouro_status ouro_record_set(ouro_object *record, const char *name, size_t length, ouro_value v) {
    ouro_status status = expect_record(record);
    if (status != OURO_OK) return status;
    ouro_heap *heap = ouro__heap_of(record);
    const ouro__class *cls = class_of(record);
    if (cls->open) {
        ouro__table *attributes = ouro__table_of(record);
        if (!ouro_value_is_nil(v))
            return ouro__table_set_name(heap, attributes, name, length, v);
        ouro__table_remove_name(heap, attributes, name, length);
        return OURO_OK;
    }
    size_t slot = ouro_class_slot_find(&cls->header, name, length);
    if (slot == SIZE_MAX) return refuse_slot(record, name, length);
    status = ouro__types_admit(heap, v);
    if (status == OURO_OK) ouro_record_set_slot(record, slot, v);
    return status;
}
