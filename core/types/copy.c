/* SPDX-License-Identifier: MIT */
/* Copy: shallow and deep copies of containers and records.
 *
 * A deep copy is made in three passes, none of them recursive. (1) Each object found gets an
 * empty shell with room for all it will hold; the list of originals and shells is the queue.
 * Lists, tuples and slots are filled at once, for their references can only be shells. (2)
 * Tables are filled: first those of attributes, whose keys are names, then dicts and sets, whose
 * keys must be complete to be hashed. These go last found first, so that what a key's hash
 * reads is filled before, unless they contain each other. (3) The counts that kept originals
 * and shells meanwhile are given back.
 *
 * When it fails, the shells are emptied and released. No finalizer runs for them: nobody but a
 * hash hook has ever seen them, and the operation is to have not happened. */
#include "ouro/containers.h"
#include "ouro/heap.h"
#include "ouro/record.h"
#include "types/types.h"

typedef enum form {
    SHARED, /* plain data, classes, and what cannot be copied */
    SEQUENCE,
    SLOTTED,
    KEYED, /* dicts and sets */
    OPEN
} form;

static form form_of(const ouro_object *object) {
    switch (object->type) {
    case OURO__LIST:
    case OURO__TUPLE: return SEQUENCE;
    case OURO__DICT:
    case OURO__SET: return KEYED;
    default: break;
    }
    const ouro_object *cls = ouro_record_class(object);
    if (cls == NULL) return SHARED;
    return ouro_class_is_open(cls) ? OPEN : SLOTTED;
}

/* The array of references of a sequence or a slotted record. */
static ouro_value *items_of(ouro_object *object, size_t *ret_count) {
    if (object->type == OURO__LIST) {
        *ret_count = ouro__as_list(object)->count;
        return ouro__as_list(object)->items;
    }
    if (object->type == OURO__TUPLE) {
        *ret_count = ouro__as_tuple(object)->count;
        return ouro__as_tuple(object)->items;
    }
    *ret_count = ouro_class_slot_count(ouro_record_class(object));
    return ouro_record_slots(object);
}

static ouro_status refuse(ouro_object *object) {
    return ouro_heap_fail(ouro__heap_of(object), OURO_E_TYPE,
                          "a %s cannot be copied; copy what it refers to",
                          ouro_type_name(ouro_object_type(object)));
}

static bool is_plain(const ouro_object *object) {
    return ouro_type_flags(ouro_object_type(object)) & OURO_TYPE_PLAIN;
}

/* ---- shallow ----------------------------------------------------------------------------- */

static ouro_status copy_table(ouro_heap *heap, ouro_object *object, ouro_object **ret_copy) {
    ouro__table table = {0};
    ouro_status status = ouro__table_copy(heap, ouro__table_of(object), &table);
    if (status != OURO_OK) return status;
    ouro_object *copy;
    status = ouro_object_new(heap, ouro_object_type(object), 0, &copy);
    if (status != OURO_OK) {
        /* Each of them has another reference, in the original. */
        ouro__table_clear(heap, &table);
        return status;
    }
    *ouro__table_of(copy) = table;
    *ret_copy = copy;
    return OURO_OK;
}

static ouro_status copy_slots(ouro_heap *heap, ouro_object *object, ouro_object **ret_copy) {
    size_t count;
    const ouro_value *slots = items_of(object, &count);
    ouro_status status = ouro__types_retain(heap, slots, count);
    if (status != OURO_OK) return status;
    ouro_object *copy;
    status = ouro_object_new(heap, ouro_object_type(object), 0, &copy);
    if (status != OURO_OK) {
        ouro__types_undo_retain(slots, count);
        return status;
    }
    memcpy(ouro_record_slots(copy), slots, count * sizeof *slots);
    *ret_copy = copy;
    return OURO_OK;
}

ouro_status ouro_object_copy(ouro_object *object, ouro_object **ret_copy) {
    ouro_heap *heap = ouro__heap_of(object);
    const ouro_value *items;
    size_t count;
    switch (form_of(object)) {
    case SEQUENCE:
        items = items_of(object, &count);
        return ouro_is_list(object) ? ouro_list_new(heap, items, count, ret_copy)
                                    : ouro_tuple_new(heap, items, count, ret_copy);
    case SLOTTED: return copy_slots(heap, object, ret_copy);
    case KEYED:
    case OPEN: return copy_table(heap, object, ret_copy);
    case SHARED: break;
    }
    const ouro_type_spec *spec = ouro__type_spec(ouro_object_type(object));
    if (spec->copy != NULL) return spec->copy(object, ret_copy);
    if (!is_plain(object)) return refuse(object);
    ouro_retain(object);
    *ret_copy = object;
    return OURO_OK;
}

/* ---- deep, pass 1: shells ---------------------------------------------------------------- */

typedef struct twin {
    ouro_object *original; /* retained */
    ouro_object *copy;     /* owned */
} twin;

typedef struct copying {
    ouro_heap *heap;
    ouro__map copies; /* original -> copy */
    twin *twins;
    size_t count, capacity;
    size_t max_depth; /* 0: any */
} copying;

static ouro_status make_sequence(ouro_heap *heap, ouro_object *original, ouro_object **ret_copy) {
    size_t count;
    items_of(original, &count);
    if (ouro_is_list(original)) {
        ouro_status status = ouro_list_new(heap, NULL, 0, ret_copy);
        if (status != OURO_OK || count == 0) return status;
        status = ouro_list_reserve(*ret_copy, count);
        if (status == OURO_OK) {
            ouro__list *list = ouro__as_list(*ret_copy);
            memset(list->items, 0, count * sizeof *list->items);
            list->count = count;
        } else {
            ouro_release(*ret_copy);
        }
        return status;
    }
    ouro_status status =
        ouro_object_new(heap, ouro__builtin_type(heap, OURO__TUPLE),
                        sizeof(ouro__tuple) + count * sizeof(ouro_value), ret_copy);
    if (status == OURO_OK) ouro__as_tuple(*ret_copy)->count = (uint32_t)count;
    return status;
}

/* Releases a copy that is not to be, without last words. */
static void discard(ouro_object *copy) {
    ouro_object_skip_finalizer(copy);
    ouro_object_clear(copy);
    ouro_release(copy);
}

static ouro_status make_shell(ouro_heap *heap, ouro_object *original, ouro_object **ret_copy) {
    form f = form_of(original);
    if (f == SEQUENCE) return make_sequence(heap, original, ret_copy);
    ouro_status status = ouro_object_new(heap, ouro_object_type(original), 0, ret_copy);
    if (status != OURO_OK || f == SLOTTED) return status;
    status =
        ouro__table_reserve(heap, ouro__table_of(*ret_copy), ouro__table_of(original)->count);
    if (status != OURO_OK) discard(*ret_copy);
    return status;
}

static ouro_status make_room(copying *c) {
    if (c->count < c->capacity) return OURO_OK;
    size_t capacity = c->capacity != 0 ? c->capacity * 2 : 16;
    twin *twins = ouro_heap_resize(c->heap, c->twins, c->capacity * sizeof *twins,
                                   capacity * sizeof *twins);
    if (twins == NULL) return ouro__types_refused(c->heap);
    c->twins = twins;
    c->capacity = capacity;
    return OURO_OK;
}

static ouro_status add_twin(copying *c, ouro_object *original, ouro_object **ret_copy) {
    ouro_status status = make_room(c);
    if (status != OURO_OK) return status;
    uint64_t *place = ouro__map_place(&c->copies, &c->heap->account, (uintptr_t)original);
    if (place == NULL)
        return ouro_heap_fail(c->heap, ouro__types_refused(c->heap),
                              "not enough memory to copy %zu objects", c->count + 1);
    status = make_shell(c->heap, original, ret_copy);
    if (status != OURO_OK) return status;
    *place = (uintptr_t)*ret_copy;
    ouro_retain(original);
    c->twins[c->count++] = (twin){original, *ret_copy};
    return OURO_OK;
}

/* What stands for v in the copy. *ret_value: owned. */
static ouro_status translate(copying *c, ouro_value v, ouro_value *ret_value) {
    ouro_object *object = ouro_value_object(v), *copy = object;
    ouro_status status = OURO_OK;
    if (object != NULL && form_of(object) != SHARED) {
        const uint64_t *found = ouro__map_find(&c->copies, (uintptr_t)object);
        if (found != NULL) copy = (ouro_object *)(uintptr_t)*found;
        else status = add_twin(c, object, &copy);
    }
    ouro_value translated = object != NULL ? ouro_value_of_object(copy) : v;
    if (status == OURO_OK) status = ouro__types_admit(c->heap, translated);
    if (status != OURO_OK) return status;
    ouro_value_retain(translated);
    *ret_value = translated;
    return OURO_OK;
}

static ouro_status fill_items(copying *c, ouro_object *original, ouro_object *copy) {
    size_t count;
    const ouro_value *from = items_of(original, &count);
    ouro_value *to = items_of(copy, &count);
    ouro_status status = OURO_OK;
    for (size_t i = 0; i < count && status == OURO_OK; i++)
        status = translate(c, from[i], &to[i]);
    return status;
}

/* Finds shells for what a table holds, which is filled later. */
static ouro_status discover_entries(copying *c, const ouro_object *original) {
    const ouro__table *table = ouro__table_of(original);
    const ouro__entry *entry;
    for (size_t position = 0; (entry = ouro__table_next(table, &position)) != NULL;) {
        ouro_value key, v;
        ouro_status status = translate(c, entry->key, &key);
        if (status != OURO_OK) return status;
        status = translate(c, entry->value, &v);
        ouro_value_release(key); /* kept by its twin, or by the original */
        if (status != OURO_OK) return status;
        ouro_value_release(v);
    }
    return OURO_OK;
}

/* ---- pass 2: tables ---------------------------------------------------------------------- */

static ouro_status refuse_change(copying *c, const ouro_object *original) {
    return ouro_heap_fail(c->heap, OURO_E_CHANGED,
                          "a %s was changed while it was copied; a hash hook must leave it alone",
                          ouro_type_name(ouro_object_type(original)));
}

/* A key that is shared keeps its hash; hashing the copy of a tuple may run a hook. key and
 * v: owned, consumed. */
static ouro_status fill_entry(copying *c, const twin *t, size_t position, ouro_value key,
                              ouro_value v) {
    const ouro__table *from = ouro__table_of(t->original);
    ouro__table *to = ouro__table_of(t->copy);
    uint64_t version = from->version, version_of_copy = to->version;
    uint32_t hash = ouro__table_hash_at(from, position);
    ouro_status status = OURO_OK;
    if (!ouro_value_same(key, from->entries[position].key))
        status = ouro__hash_value(c->heap, key, &hash);
    if (status == OURO_OK && (from->version != version || to->version != version_of_copy))
        status = refuse_change(c, t->original);
    if (status == OURO_OK) status = ouro__table_reserve(c->heap, to, 1);
    if (status == OURO_OK) {
        ouro__table_add(to, key, hash, v);
    } else {
        ouro_value_release(key);
        ouro_value_release(v);
    }
    return status;
}

static ouro_status fill_table(copying *c, const twin *t) {
    const ouro__table *from = ouro__table_of(t->original);
    size_t twins = c->count;
    const ouro__entry *entry;
    for (size_t position = 0; (entry = ouro__table_next(from, &position)) != NULL;) {
        ouro_value key, v;
        ouro_status status = translate(c, entry->key, &key);
        if (status != OURO_OK) return status;
        status = translate(c, entry->value, &v);
        if (status == OURO_OK) status = fill_entry(c, t, position - 1, key, v);
        else ouro_value_release(key);
        if (status == OURO_OK && c->count != twins) status = refuse_change(c, t->original);
        if (status != OURO_OK) return status;
    }
    return OURO_OK;
}

/* ---- pass 3, and the whole --------------------------------------------------------------- */

/* Gives the counts back: on success the copies then hold each other and the first is the
 * caller's. */
static void finish(copying *c, bool failed) {
    ouro__map_free(&c->copies, &c->heap->account);
    for (size_t i = 0; failed && i < c->count; i++) {
        ouro__set_flag(c->twins[i].copy, OURO__FINALIZED);
        ouro_object_clear(c->twins[i].copy);
    }
    for (size_t i = 0; i < c->count; i++) {
        if (failed || i > 0) ouro_release(c->twins[i].copy);
        ouro_release(c->twins[i].original);
    }
    ouro_heap_free(c->heap, c->twins, c->capacity * sizeof *c->twins);
}

static ouro_status refuse_depth(copying *c) {
    return ouro_heap_fail(c->heap, OURO_E_LIMIT,
                          "deepcopy: depth limit: there are objects below level %zu; allow more, "
                          "or copy a part",
                          c->max_depth);
}

/* The twins come level by level. */
static ouro_status copy_all(copying *c, ouro_object *first) {
    ouro_object *copy;
    ouro_status status = add_twin(c, first, &copy);
    size_t level = 1, level_end = 1;
    for (size_t i = 0; status == OURO_OK && i < c->count; i++) {
        if (i == level_end) {
            if (level++ == c->max_depth) return refuse_depth(c);
            level_end = c->count;
        }
        twin t = c->twins[i];
        form f = form_of(t.original);
        status = f == KEYED || f == OPEN ? discover_entries(c, t.original)
                                         : fill_items(c, t.original, t.copy);
    }
    for (size_t i = 0; status == OURO_OK && i < c->count; i++) {
        twin t = c->twins[i];
        if (form_of(t.original) == OPEN) status = fill_table(c, &t);
    }
    for (size_t i = c->count; status == OURO_OK && i-- > 0;) {
        twin t = c->twins[i];
        if (form_of(t.original) == KEYED) status = fill_table(c, &t);
    }
    return status;
}

ouro_status ouro_object_deepcopy(ouro_object *object, ouro_object **ret_copy) {
    return ouro_object_deepcopy_within(object, 0, ret_copy);
}

ouro_status ouro_object_deepcopy_within(ouro_object *object, size_t max_depth,
                                        ouro_object **ret_copy) {
    if (form_of(object) == SHARED) {
        if (!is_plain(object) && !ouro_is_class(object)) return refuse(object);
        ouro_retain(object);
        *ret_copy = object;
        return OURO_OK;
    }
    copying c = {.heap = ouro__heap_of(object), .max_depth = max_depth};
    ouro__guard guard = ouro__types_guard(ouro_value_of_object(object));
    ouro_status status = copy_all(&c, object);
    ouro_object *copy = status == OURO_OK ? c.twins[0].copy : NULL;
    finish(&c, status != OURO_OK);
    if (copy != NULL) *ret_copy = copy;
    ouro__types_unguard(guard);
    return status;
}
