/* SPDX-License-Identifier: MIT */
/* Type: registers descriptors. Index 0 is no type: it marks a free cell. */
#include "ouro/type.h"

#include <string.h>

#include "object/heap_state.h"

static ouro_status check_spec(ouro_heap *heap, const ouro_type_spec *spec) {
    size_t values_end = spec->values_offset + spec->values_count * sizeof(ouro_value);
    bool refers = spec->values_count != 0 || spec->traverse != NULL;
    const char *name = spec->name != NULL ? spec->name : "(no name)";
    if (spec->struct_size != sizeof *spec)
        return ouro_heap_fail(heap, OURO_E_VALUE,
                              "type %s: struct_size is %zu, set it to sizeof(ouro_type_spec)",
                              name, spec->struct_size);
    if (spec->name == NULL) return ouro_heap_fail(heap, OURO_E_VALUE, "a type needs a name");
    if (spec->size < sizeof(ouro_object) || (spec->values_count != 0 && spec->size < values_end))
        return ouro_heap_fail(heap, OURO_E_VALUE,
                              "type %s: a size of %zu does not hold its header and values", name,
                              spec->size);
    if (refers && spec->traverse != NULL && spec->clear == NULL &&
        !(spec->flags & OURO_TYPE_ACYCLIC))
        return ouro_heap_fail(heap, OURO_E_VALUE,
                              "type %s: traverse needs clear, or the flag OURO_TYPE_ACYCLIC",
                              name);
    return OURO_OK;
}

static ouro_status find_index(ouro_heap *heap, size_t *ret_index) {
    size_t i = heap->type_hint > 0 ? heap->type_hint : 1;
    while (i < heap->type_count && heap->types[i] != NULL) i++;
    if (i > UINT16_MAX)
        return ouro_heap_fail(heap, OURO_E_LIMIT,
                              "%zu types exist, and no more fit; classes that are dead make "
                              "room after a collection",
                              heap->type_count);
    if (i >= heap->type_capacity) {
        size_t capacity = heap->type_capacity != 0 ? heap->type_capacity * 2 : 32;
        void *types = ouro__memory_resize(&heap->account, heap->types,
                                          heap->type_capacity * sizeof *heap->types,
                                          capacity * sizeof *heap->types);
        if (types == NULL)
            return ouro_heap_fail(heap, OURO_E_NOMEM, "not enough memory for another type");
        heap->types = types;
        heap->type_capacity = capacity;
    }
    heap->type_hint = i;
    *ret_index = i;
    return OURO_OK;
}

static ouro__kind kind_of(const ouro_type_spec *spec) {
    if (spec->flags & OURO_TYPE_ACYCLIC) return OURO__ACYCLIC;
    return spec->finalize != NULL ? OURO__STAMPED : OURO__CYCLIC;
}

static void choose_bin(ouro_type *type) {
    type->bin = ouro__pool_bin(&type->heap->pool, type->spec.size, (ouro__kind)type->kind);
    type->cell_size = type->bin != NULL ? type->bin->cell_size : type->spec.size;
}

ouro_status ouro_type_new(ouro_heap *heap, const ouro_type_spec *spec, ouro_type **ret_type) {
    ouro_status status = check_spec(heap, spec);
    size_t index = 0;
    if (status == OURO_OK) status = find_index(heap, &index);
    if (status != OURO_OK) return status;
    size_t length = strlen(spec->name) + 1;
    ouro_type *type = ouro__memory_resize(&heap->account, NULL, 0, sizeof *type + length);
    if (type == NULL)
        return ouro_heap_fail(heap, OURO_E_NOMEM, "not enough memory for the type %s", spec->name);
    memset(type, 0, sizeof *type);
    type->heap = heap;
    type->spec = *spec;
    type->spec.name = memcpy(type + 1, spec->name, length);
    type->index = (uint16_t)index;
    type->kind = (uint8_t)kind_of(spec);
    type->counted = !(spec->flags & (OURO_TYPE_PLAIN | OURO_TYPE_INTERNAL));
    type->leaf = spec->values_count == 0 && spec->traverse == NULL;
    type->blank = (ouro_object){.count = 1, .type = type->index};
    if (type->kind != OURO__ACYCLIC) type->blank.flags = heap->newborn;
    choose_bin(type);
    heap->types[index] = type;
    if (index >= heap->type_count) heap->type_count = index + 1;
    if (spec->finalize != NULL) ouro__type_set_finalize(type, spec->finalize);
    *ret_type = type;
    return OURO_OK;
}

void ouro__type_set_class(ouro_type *type, ouro_object *cls, ouro_type *base) {
    type->cls = cls;
    type->base = base;
    type->leaf = false;
    if (base != NULL && base->finalize != NULL) ouro__type_set_finalize(type, NULL);
}

/* Instances of a class are numbered from the first, for it may be given a finalizer when there
 * are some already; a class that has none while it has this many instances goes on without
 * numbers, which cost memory. Those who have none count as born when that began. */
#define NUMBERED ((uint64_t)16384)

static void set_kind(ouro_type *type, ouro__kind kind) {
    type->kind = (uint8_t)kind;
    choose_bin(type);
}

void ouro__type_number(ouro_type *type) {
    if (type->kind == OURO__CYCLIC) set_kind(type, OURO__STAMPED);
}

void ouro__type_save_numbers(ouro_type *type) {
    if (type->births - type->deaths < NUMBERED || type->finalize != NULL || type->cls == NULL)
        return;
    set_kind(type, OURO__CYCLIC);
    type->plain_since = type->heap->last_stamp;
}

/* The type and all that inherit from it look again. */
void ouro__type_set_finalize(ouro_type *type, void (*finalize)(ouro_object *object)) {
    ouro_heap *heap = type->heap;
    ouro__guard_release(heap);
    type->own_finalize = finalize;
    for (size_t i = 1; i < heap->type_count; i++) {
        ouro_type *other = heap->types[i];
        if (other == NULL || other->retired) continue;
        ouro_type *from = other;
        while (from != NULL && from->own_finalize == NULL) from = from->base;
        void (*effective)(ouro_object *) = from != NULL ? from->own_finalize : NULL;
        if ((effective != NULL) != (other->finalize != NULL))
            heap->watching += effective != NULL ? 1u : -1u;
        other->finalize = effective;
        if (effective != NULL) ouro__type_number(other);
    }
}

/* The table keeps the type until it is freed: dead instances may still have to be buried. */
void ouro__type_retire(ouro_heap *heap, ouro_type *type) {
    if (type->finalize != NULL) heap->watching--;
    if (type->counted) heap->past_births += type->births;
    type->retired = true;
    type->next_retired = heap->retired;
    heap->retired = type;
    if (!heap->keep_types) ouro__type_free_retired(heap);
}

void ouro__type_free_retired(ouro_heap *heap) {
    while (heap->retired != NULL) {
        ouro_type *type = heap->retired;
        heap->retired = type->next_retired;
        heap->types[type->index] = NULL;
        if (type->index < heap->type_hint) heap->type_hint = type->index;
        ouro__memory_free(&heap->account, type, sizeof *type + strlen(type->spec.name) + 1,
                          sizeof(max_align_t));
    }
}

ouro_type *ouro__builtin_type(const ouro_heap *heap, ouro__builtin index) {
    return heap->types[index];
}

const ouro_type_spec *ouro__type_spec(const ouro_type *type) {
    return &type->spec;
}

const char *ouro_type_name(const ouro_type *type) {
    return type->spec.name;
}

unsigned ouro_type_flags(const ouro_type *type) {
    return type->spec.flags;
}

ouro_object *ouro_type_class(const ouro_type *type) {
    return type->cls;
}
