/* SPDX-License-Identifier: MIT */
/* Class: an object with a name, a base, attributes of its own, and the type of its
 * instances, which it disposes of. Instances are in record.c.
 *
 * Slot names lie in one buffer: the slots, the index if there is one, the bytes. Up to eight
 * slots are found by comparing; more have an index by hash. */
#include <string.h>

#include "ouro/heap.h"
#include "ouro/record.h"
#include "types/types.h"

#define COMPARED_MAX 8u /* slots without an index */
#define SLOTS_MAX 65535u
#define NAMES_MAX (1u << 30)

/* ---- hooks ------------------------------------------------------------------------------- */

static void traverse_class(ouro_object *object, ouro_visit_fn visit, void *context) {
    const ouro__class *cls = ouro__as_class(object);
    if (cls->base != NULL) visit(cls->base, context);
    ouro__table_traverse(&cls->attributes, visit, context);
}

static bool refs_of_class(ouro_object *object, ouro_ref_fn each, void *context) {
    const ouro__class *cls = ouro__as_class(object);
    ouro_label label = {.kind = OURO_LABEL_NAME, .text = "base", .length = 4};
    if (cls->base != NULL && !each(&label, ouro_value_of_object(cls->base), context)) return false;
    return ouro__table_name_refs(&cls->attributes, each, context);
}

/* Without its base the class inherits nothing: its type must forget the base's type, which
 * may go now. */
static void clear_class(ouro_object *object) {
    ouro__class *cls = ouro__as_class(object);
    ouro_object *base = cls->base;
    cls->base = NULL;
    cls->equal = NULL;
    cls->hash = NULL;
    if (base != NULL) {
        ouro__type_set_class(cls->type, object, NULL);
        ouro__type_set_finalize(cls->type, cls->finalize);
        ouro_release(base);
    }
    ouro__table_clear(ouro__heap_of(object), &cls->attributes);
}

/* Also of a class that is half made. */
static void dispose_class(ouro_object *object) {
    ouro__class *cls = ouro__as_class(object);
    ouro_heap *heap = ouro__heap_of(object);
    ouro__table_dispose(heap, &cls->attributes);
    ouro_heap_free(heap, cls->slots, cls->slots_size);
    if (cls->type != NULL) ouro__type_retire(heap, cls->type);
}

static size_t extra_of_class(const ouro_object *object) {
    const ouro__class *cls = ouro__as_class(object);
    return ouro__table_bytes(&cls->attributes) + cls->slots_size;
}

const ouro_type_spec ouro__class_spec = {
    .struct_size = sizeof(ouro_type_spec),
    .name = "class",
    .size = sizeof(ouro__class),
    .traverse = traverse_class,
    .refs = refs_of_class,
    .clear = clear_class,
    .dispose = dispose_class,
    .extra = extra_of_class,
};

/* ---- slots ------------------------------------------------------------------------------- */

static size_t find_by_comparing(const ouro__class *cls, size_t count, const char *name,
                                size_t length) {
    for (size_t i = 0; i < count; i++)
        /* Names have a NUL at their end, so the first byte is there. */
        if (cls->slots[i].length == length && cls->slots[i].name[0] == name[0] &&
            memcmp(cls->slots[i].name, name, length) == 0)
            return i;
    return SIZE_MAX;
}

/* The place in the index where the name is or would be. */
static uint32_t index_place(const ouro__class *cls, const char *name, size_t length,
                            uint32_t hash) {
    uint32_t at = hash & cls->index_mask;
    for (; cls->index[at] != 0; at = (at + 1) & cls->index_mask) {
        const ouro__slot *slot = &cls->slots[cls->index[at] - 1];
        if (slot->hash == hash && slot->length == length &&
            memcmp(slot->name, name, length) == 0)
            break;
    }
    return at;
}

static size_t find_slot(const ouro__class *cls, const char *name, size_t length) {
    if (cls->index == NULL) return find_by_comparing(cls, cls->slot_count, name, length);
    uint32_t place = index_place(cls, name, length, ouro__hash_name(name, length));
    return (size_t)cls->index[place] - 1;
}

/* Adds a slot, its bytes copied to *bytes, which advances. False: the name is taken. */
static bool add_slot(ouro__class *cls, char **bytes, const char *name, size_t length) {
    if (find_slot(cls, name, length) != SIZE_MAX) return false;
    uint32_t i = cls->slot_count++, hash = ouro__hash_name(name, length);
    cls->slots[i] = (ouro__slot){*bytes, (uint32_t)length, hash};
    memcpy(*bytes, name, length);
    (*bytes)[length] = '\0';
    *bytes += length + 1;
    if (cls->index != NULL)
        cls->index[index_place(cls, name, length, hash)] = (uint16_t)(i + 1);
    return true;
}

typedef struct plan {
    const char *name; /* of the class */
    const char *const *slots;
    size_t count;
    const ouro__class *base; /* or NULL */
} plan;

/* Bytes of all names with their NULs, or SIZE_MAX: too many slots or bytes. */
static size_t measure_names(const plan *p, size_t inherited) {
    size_t bytes = 0;
    if (p->count > SLOTS_MAX - inherited) return SIZE_MAX;
    for (size_t i = 0; i < inherited; i++) bytes += p->base->slots[i].length + (size_t)1;
    for (size_t i = 0; i < p->count; i++) bytes += strlen(p->slots[i]) + 1;
    return bytes <= NAMES_MAX ? bytes : SIZE_MAX;
}

/* Places in the index: a power of two, at most half of it used; 0 for few slots. */
static uint32_t measure_index(size_t count) {
    uint32_t places = count > COMPARED_MAX ? 16 : 0;
    while (places != 0 && places < count * 2) places *= 2;
    return places;
}

/* One buffer for them all: the base's slots, then the class's own. */
static ouro_status make_slots(ouro_heap *heap, const plan *p, ouro__class *cls) {
    size_t inherited = p->base != NULL ? p->base->slot_count : 0, count = inherited + p->count;
    size_t bytes = measure_names(p, inherited);
    if (bytes == SIZE_MAX)
        return ouro_heap_fail(heap, OURO_E_LIMIT,
                              "class %s: at most %u slots, with names of %u bytes together, are "
                              "possible",
                              p->name, SLOTS_MAX, NAMES_MAX);
    if (count == 0) return OURO_OK;
    uint32_t places = measure_index(count);
    size_t index_size = places * sizeof *cls->index;
    cls->slots_size = count * sizeof *cls->slots + index_size + bytes;
    cls->slots = ouro_heap_resize(heap, NULL, 0, cls->slots_size);
    if (cls->slots == NULL) return ouro__types_refused(heap);
    char *index = (char *)(cls->slots + count), *next = index + index_size;
    memset(index, 0, index_size);
    cls->index = places != 0 ? (uint16_t *)(void *)index : NULL;
    cls->index_mask = places - 1;
    for (size_t i = 0; i < inherited; i++)
        add_slot(cls, &next, p->base->slots[i].name, p->base->slots[i].length);
    for (size_t i = 0; i < p->count; i++)
        if (!add_slot(cls, &next, p->slots[i], strlen(p->slots[i])))
            return ouro_heap_fail(heap, OURO_E_VALUE,
                                  "class %s: the slot %s is there already; give it another name",
                                  p->name, p->slots[i]);
    return OURO_OK;
}

/* ---- making ------------------------------------------------------------------------------ */

static ouro_status check_plan(ouro_heap *heap, const plan *p, ouro_object *base) {
    bool open = p->slots == NULL;
    if (open && p->count > 0)
        return ouro_heap_fail(heap, OURO_E_VALUE, "class %s: %zu slots without names", p->name,
                              p->count);
    if (base == NULL) return OURO_OK;
    ouro_status status = ouro__types_expect(base, OURO__CLASS, "a class as base");
    if (status == OURO_OK) status = ouro__types_admit(heap, ouro_value_of_object(base));
    if (status != OURO_OK) return status;
    if (open != ouro_class_is_open(base))
        return ouro_heap_fail(heap, OURO_E_TYPE,
                              open ? "class %s: its base %s has slots, so give it slots too (an "
                                     "empty list will do)"
                                   : "class %s: its base %s has open attributes, so leave out "
                                     "the slots",
                              p->name, ouro_class_name(base));
    return OURO_OK;
}

ouro_status ouro_class_new(ouro_heap *heap, const char *name, const char *const *slots,
                           size_t count, ouro_object *base, ouro_object **ret_class) {
    plan p = {name, slots, count, NULL};
    ouro__class made = {.open = slots == NULL};
    ouro_object *object = NULL;
    ouro_status status = check_plan(heap, &p, base);
    if (status != OURO_OK) return status;
    if (base != NULL) p.base = ouro__as_class(base);
    status = make_slots(heap, &p, &made);
    if (status == OURO_OK) {
        ouro_type_spec spec = ouro__record_spec(name, made.open, made.slot_count);
        status = ouro_type_new(heap, &spec, &made.type);
    }
    if (status == OURO_OK)
        status = ouro_object_new(heap, ouro__builtin_type(heap, OURO__CLASS), 0, &object);
    if (status != OURO_OK) {
        ouro_heap_free(heap, made.slots, made.slots_size);
        if (made.type != NULL) ouro__type_retire(heap, made.type);
        return status;
    }
    made.header = *object;
    made.base = base;
    if (base != NULL) ouro_retain(base);
    *ouro__as_class(object) = made;
    ouro__type_set_class(made.type, object, base != NULL ? p.base->type : NULL);
    if (*ouro__heap_bag_class(heap) != NULL) ouro__type_number(made.type);
    *ret_class = object;
    return OURO_OK;
}

/* ---- asking ------------------------------------------------------------------------------ */

bool ouro_is_class(const ouro_object *object) {
    return ouro__object_is(object, OURO__CLASS);
}

const char *ouro_class_name(const ouro_object *cls) {
    return ouro_type_name(ouro__as_class(cls)->type);
}

ouro_object *ouro_class_base(const ouro_object *cls) {
    return ouro__as_class(cls)->base;
}

bool ouro_class_is_open(const ouro_object *cls) {
    return ouro__as_class(cls)->open;
}

size_t ouro_class_slot_count(const ouro_object *cls) {
    return ouro__as_class(cls)->slot_count;
}

const char *ouro_class_slot_name(const ouro_object *cls, size_t index, size_t *ret_length) {
    const ouro__slot *slot = &ouro__as_class(cls)->slots[index];
    if (ret_length != NULL) *ret_length = slot->length;
    return slot->name;
}

size_t ouro_class_slot_find(const ouro_object *cls, const char *name, size_t length) {
    return find_slot(ouro__as_class(cls), name, length);
}

bool ouro_class_derives(const ouro_object *cls, const ouro_object *other) {
    while (cls != NULL && cls != other) cls = ouro__as_class(cls)->base;
    return cls != NULL;
}

ouro_value ouro_class_lookup(const ouro_object *cls, const char *name, size_t length) {
    uint32_t hash = ouro__hash_name(name, length);
    for (; cls != NULL; cls = ouro__as_class(cls)->base) {
        const ouro__entry *entry =
            ouro__table_find_name(&ouro__as_class(cls)->attributes, name, length, hash);
        if (entry != NULL) return entry->value;
    }
    return OURO_ABSENT;
}

ouro_status ouro_class_set(ouro_object *cls, const char *name, size_t length, ouro_value v) {
    ouro_status status = ouro__types_expect(cls, OURO__CLASS, "a class");
    if (status != OURO_OK) return status;
    ouro__table *attributes = &ouro__as_class(cls)->attributes;
    if (!ouro_value_is_nil(v))
        return ouro__table_set_name(ouro__heap_of(cls), attributes, name, length, v);
    ouro__table_remove_name(ouro__heap_of(cls), attributes, name, length);
    return OURO_OK;
}

ouro_status ouro_class_set_finalizer(ouro_object *cls, void (*finalize)(ouro_object *instance)) {
    ouro_status status = ouro__types_expect(cls, OURO__CLASS, "a class");
    if (status != OURO_OK) return status;
    ouro__as_class(cls)->finalize = finalize;
    ouro__type_set_finalize(ouro__as_class(cls)->type, finalize);
    return OURO_OK;
}

/* ---- equality of instances --------------------------------------------------------------- */

ouro_status ouro_class_set_equal(ouro_object *cls, ouro_equal_fn equal) {
    ouro_status status = ouro__types_expect(cls, OURO__CLASS, "a class");
    if (status == OURO_OK) ouro__as_class(cls)->equal = equal;
    return status;
}

ouro_status ouro_class_set_hash(ouro_object *cls, ouro_hash_fn hash) {
    ouro_status status = ouro__types_expect(cls, OURO__CLASS, "a class");
    if (status == OURO_OK) ouro__as_class(cls)->hash = hash;
    return status;
}

ouro_equal_fn ouro__class_equal(const ouro_object *object) {
    const ouro_object *cls = ouro_type_class(ouro_object_type(object));
    while (cls != NULL && ouro__as_class(cls)->equal == NULL) cls = ouro__as_class(cls)->base;
    return cls != NULL ? ouro__as_class(cls)->equal : NULL;
}

ouro_hash_fn ouro__class_hash(const ouro_object *object) {
    const ouro_object *cls = ouro_type_class(ouro_object_type(object));
    while (cls != NULL && ouro__as_class(cls)->hash == NULL) cls = ouro__as_class(cls)->base;
    return cls != NULL ? ouro__as_class(cls)->hash : NULL;
}
