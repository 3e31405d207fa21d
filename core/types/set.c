/* SPDX-License-Identifier: MIT */
/* Set: a table of keys without values. Looking up is in dict.c. */
#include "ouro/containers.h"
#include "ouro/heap.h"
#include "types/types.h"

static bool refs_of_set(ouro_object *object, ouro_ref_fn each, void *context) {
    const ouro__table *table = ouro__table_of(object);
    ouro__entry *entry;
    for (size_t position = 0; (entry = ouro__table_next(table, &position)) != NULL;) {
        ouro_label label = {.kind = OURO_LABEL_KEY};
        if (!each(&label, entry->key, context)) return false;
    }
    return true;
}

const ouro_type_spec ouro__set_spec = {
    .struct_size = sizeof(ouro_type_spec),
    .name = "set",
    .size = sizeof(ouro__tabled),
    .traverse = ouro__dict_traverse,
    .refs = refs_of_set,
    .clear = ouro__dict_clear,
    .dispose = ouro__dict_dispose,
    .extra = ouro__dict_extra,
};

static ouro_status look_up(ouro_object *set, ouro_value key, ouro__lookup *lookup) {
    ouro_status status = ouro__types_expect(set, OURO__SET, "a set");
    return status == OURO_OK ? ouro__dict_lookup(set, key, lookup) : status;
}

ouro_status ouro_set_new(ouro_heap *heap, ouro_object **ret_set) {
    return ouro_object_new(heap, ouro__builtin_type(heap, OURO__SET), 0, ret_set);
}

ouro_status ouro_set_has(ouro_object *set, ouro_value key, bool *ret_has) {
    ouro__lookup lookup;
    ouro_status status = look_up(set, key, &lookup);
    if (status != OURO_OK) return status;
    *ret_has = lookup.position != OURO__NOWHERE;
    ouro__dict_finish_lookup(&lookup);
    return OURO_OK;
}

ouro_status ouro_set_add(ouro_object *set, ouro_value key) {
    ouro__lookup lookup;
    ouro_status status = look_up(set, key, &lookup);
    if (status != OURO_OK) return status;
    if (lookup.position == OURO__NOWHERE) {
        status = ouro__table_reserve(ouro__heap_of(set), lookup.table, 1);
        if (status == OURO_OK) {
            ouro_value_retain(key);
            ouro__table_add(lookup.table, key, lookup.hash, OURO_NIL);
        }
    }
    ouro__dict_finish_lookup(&lookup);
    return status;
}

ouro_status ouro_set_remove(ouro_object *set, ouro_value key) {
    ouro__lookup lookup;
    ouro_status status = look_up(set, key, &lookup);
    if (status != OURO_OK) return status;
    ouro_heap *heap = ouro__heap_of(set);
    ouro_value taken = OURO_NIL;
    if (lookup.position == OURO__NOWHERE)
        status = ouro_heap_fail(heap, OURO_E_KEY, "the set has no such member");
    else taken = ouro__table_take(heap, lookup.table, lookup.position).key;
    ouro__dict_finish_lookup(&lookup);
    ouro_value_release(taken);
    return status;
}

size_t ouro_set_count(const ouro_object *set) {
    return ouro_is_set(set) ? ouro__table_of(set)->count : 0;
}

bool ouro_is_set(const ouro_object *object) {
    return ouro__object_is(object, OURO__SET);
}
