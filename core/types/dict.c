/* SPDX-License-Identifier: MIT */
/* Dict: a table whose keys are any hashable values; and the looking up and the iteration
 * that dicts and sets have in common. */
#include "ouro/containers.h"
#include "ouro/heap.h"
#include "types/types.h"

/* ---- hooks ------------------------------------------------------------------------------- */

void ouro__dict_traverse(ouro_object *object, ouro_visit_fn visit, void *context) {
    ouro__table_traverse(ouro__table_of(object), visit, context);
}

void ouro__dict_clear(ouro_object *object) {
    ouro__table_clear(ouro__heap_of(object), ouro__table_of(object));
}

void ouro__dict_dispose(ouro_object *object) {
    ouro__table_dispose(ouro__heap_of(object), ouro__table_of(object));
}

size_t ouro__dict_extra(const ouro_object *object) {
    return ouro__table_bytes(ouro__table_of(object));
}

/* A key that is plain data is no reference worth a line of its own: it labels its value. */
static bool refs_of_dict(ouro_object *object, ouro_ref_fn each, void *context) {
    const ouro__table *table = ouro__table_of(object);
    ouro__entry *entry;
    for (size_t position = 0; (entry = ouro__table_next(table, &position)) != NULL;) {
        ouro_label of_key = {.kind = OURO_LABEL_KEY};
        ouro_label of_value = {.kind = OURO_LABEL_VALUE, .key = entry->key};
        ouro_object *key = ouro_value_object(entry->key);
        bool shown = key != NULL && !(ouro_type_flags(ouro_object_type(key)) & OURO_TYPE_PLAIN);
        if (shown && !each(&of_key, entry->key, context)) return false;
        if (!each(&of_value, entry->value, context)) return false;
    }
    return true;
}

const ouro_type_spec ouro__dict_spec = {
    .struct_size = sizeof(ouro_type_spec),
    .name = "dict",
    .size = sizeof(ouro__tabled),
    .traverse = ouro__dict_traverse,
    .refs = refs_of_dict,
    .clear = ouro__dict_clear,
    .dispose = ouro__dict_dispose,
    .extra = ouro__dict_extra,
};

/* ---- looking up -------------------------------------------------------------------------- */

static ouro_status check_key(ouro_heap *heap, ouro_value key) {
    if (ouro_value_is_nil(key) || ouro_value_same(key, OURO_ABSENT))
        return ouro_heap_fail(heap, OURO_E_VALUE, "nil cannot be a key; remove the entry instead");
    if (ouro__equal_is_nan(key))
        return ouro_heap_fail(heap, OURO_E_VALUE,
                              "NaN cannot be a key: it equals nothing, not even itself");
    return ouro__types_admit(heap, key);
}

/* Whether hashing or comparing the key may run a hook: its own, or that of a key that happens
 * to have the same hash. */
static bool may_run_hooks(ouro_value key) {
    const ouro_object *object = ouro_value_object(key);
    return object != NULL && object->type > OURO__FLOAT;
}

ouro_status ouro__dict_lookup(ouro_object *owner, ouro_value key, ouro__lookup *lookup) {
    ouro_heap *heap = ouro__heap_of(owner);
    *lookup = (ouro__lookup){.owner = owner, .table = ouro__table_of(owner), .key = key};
    ouro_status status = check_key(heap, key);
    if (status != OURO_OK) return status;
    if (may_run_hooks(key)) {
        lookup->guarded = true;
        lookup->guards[0] = ouro__types_guard(key);
        lookup->guards[1] = ouro__types_guard(ouro_value_of_object(owner));
    }
    status = ouro__hash_value(heap, key, &lookup->hash);
    if (status == OURO_OK)
        status = ouro__table_find(heap, lookup->table, key, lookup->hash, &lookup->position);
    if (status != OURO_OK) ouro__dict_finish_lookup(lookup);
    return status;
}

void ouro__dict_finish_lookup(ouro__lookup *lookup) {
    if (!lookup->guarded) return;
    ouro__types_unguard(lookup->guards[0]);
    ouro__types_unguard(lookup->guards[1]);
}

/* ---- dicts ------------------------------------------------------------------------------- */

static ouro_status expect_dict(const ouro_object *object) {
    return ouro__types_expect(object, OURO__DICT, "a dict");
}

ouro_status ouro_dict_new(ouro_heap *heap, ouro_object **ret_dict) {
    return ouro_object_new(heap, ouro__builtin_type(heap, OURO__DICT), 0, ret_dict);
}

ouro_status ouro_dict_get(ouro_object *dict, ouro_value key, ouro_value *ret_value) {
    ouro_status status = expect_dict(dict);
    ouro__lookup lookup;
    if (status == OURO_OK) status = ouro__dict_lookup(dict, key, &lookup);
    if (status != OURO_OK) return status;
    *ret_value = lookup.position != OURO__NOWHERE
                     ? lookup.table->entries[lookup.position].value
                     : OURO_ABSENT;
    ouro__dict_finish_lookup(&lookup);
    return OURO_OK;
}

/* Stores at the place that was looked up. v: owned, consumed on success. */
static ouro_status put(ouro_heap *heap, const ouro__lookup *lookup, ouro_value v,
                       ouro_value *ret_old) {
    if (lookup->position != OURO__NOWHERE) {
        ouro_value *place = &lookup->table->entries[lookup->position].value;
        *ret_old = *place;
        *place = v;
        return OURO_OK;
    }
    ouro_status status = ouro__table_reserve(heap, lookup->table, 1);
    if (status != OURO_OK) return status;
    ouro_value_retain(lookup->key);
    ouro__table_add(lookup->table, lookup->key, lookup->hash, v);
    return OURO_OK;
}

ouro_status ouro_dict_set(ouro_object *dict, ouro_value key, ouro_value v) {
    ouro_status status = expect_dict(dict);
    if (status != OURO_OK) return status;
    ouro_heap *heap = ouro__heap_of(dict);
    status = ouro__types_admit(heap, v);
    if (status != OURO_OK) return status;
    ouro__lookup lookup;
    ouro_value old = OURO_NIL;
    ouro__guard count = ouro__types_guard(v); /* on success the dict's */
    status = ouro__dict_lookup(dict, key, &lookup);
    if (status == OURO_OK) {
        status = put(heap, &lookup, v, &old);
        ouro__dict_finish_lookup(&lookup);
    }
    if (status != OURO_OK) ouro__types_unguard(count);
    ouro_value_release(old); /* last: its finalizer sees the true counts */
    return status;
}

ouro_status ouro_dict_remove(ouro_object *dict, ouro_value key) {
    ouro_status status = expect_dict(dict);
    ouro__lookup lookup;
    if (status == OURO_OK) status = ouro__dict_lookup(dict, key, &lookup);
    if (status != OURO_OK) return status;
    ouro_heap *heap = ouro__heap_of(dict);
    if (lookup.position == OURO__NOWHERE) {
        status = ouro_heap_fail(heap, OURO_E_KEY, "the dict has no such key");
        ouro__dict_finish_lookup(&lookup);
        return status;
    }
    ouro__entry taken = ouro__table_take(heap, lookup.table, lookup.position);
    ouro__dict_finish_lookup(&lookup); /* first: the key is to die before the value */
    ouro_value_release(taken.key);
    ouro_value_release(taken.value);
    return OURO_OK;
}

size_t ouro_dict_count(const ouro_object *dict) {
    return ouro_is_dict(dict) ? ouro__table_of(dict)->count : 0;
}

bool ouro_is_dict(const ouro_object *object) {
    return ouro__object_is(object, OURO__DICT);
}

/* ---- iteration --------------------------------------------------------------------------- */

ouro_status ouro_entries_next(ouro_object *container, ouro_cursor *cursor, ouro_value *ret_key,
                              ouro_value *ret_value) {
    if (!ouro_is_dict(container) && !ouro_is_set(container))
        return ouro__types_mismatch(container, "a dict or set");
    const ouro__table *table = ouro__table_of(container);
    uint64_t version = table->version + 1; /* 0 is a cursor that has not begun */
    if (cursor->version == 0) cursor->version = version;
    if (cursor->version != version)
        return ouro_heap_fail(ouro__heap_of(container), OURO_E_CHANGED,
                              "the %s was changed during iteration; collect the keys first, or "
                              "iterate over a copy",
                              ouro_type_name(ouro_object_type(container)));
    const ouro__entry *entry = ouro__table_next(table, &cursor->position);
    if (ret_key != NULL) *ret_key = entry != NULL ? entry->key : OURO_ABSENT;
    if (ret_value != NULL) *ret_value = entry != NULL ? entry->value : OURO_ABSENT;
    return OURO_OK;
}
