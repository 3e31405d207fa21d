/* SPDX-License-Identifier: MIT */
/* Hash: of values as keys. What is equal (equal.c) hashes alike: an integer and a float of
 * the same number, strings by bytes, tuples by content. Other objects hash by their address,
 * which nobody sees: tables iterate in order of insertion. */
#include "ouro/containers.h"
#include "ouro/heap.h"
#include "ouro/scalar.h"
#include "types/types.h"

uint64_t ouro_hash_bytes(const char *bytes, size_t length) {
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < length; i++) h = (h ^ (unsigned char)bytes[i]) * 0x100000001b3u;
    return ouro__hash_mix(h);
}

static uint64_t hash_float(double d) {
    /* Both limits are exact as doubles; the upper one is out of range as an integer. */
    if (d >= -0x1p63 && d < 0x1p63) {
        int64_t whole = (int64_t)d;
        if ((double)whole == d) return ouro__hash_mix((uint64_t)whole);
    }
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return ouro__hash_mix(bits + 0x9e3779b97f4a7c15u);
}

static uint32_t hash_string(ouro__string *string) {
    if (string->hash == 0) string->hash = ouro__hash_name(string->bytes, string->length);
    return string->hash;
}

static ouro_status refuse(ouro_heap *heap, const ouro_object *object) {
    return ouro_heap_fail(heap, OURO_E_UNHASHABLE,
                          "a %s cannot be a key, because it can change; use a tuple of its items",
                          ouro_type_name(ouro_object_type(object)));
}

static ouro_status hash_instance(ouro_object *object, ouro_hash_fn by_class,
                                 uint64_t *ret_hash) {
    ouro__guard guard = ouro__types_guard(ouro_value_of_object(object));
    ouro_status status = by_class(object, ret_hash);
    ouro__types_unguard(guard);
    return status;
}

/* What is no scalar and no container. */
static ouro_status hash_object(ouro_heap *heap, ouro_object *object, uint64_t *ret_hash) {
    const ouro_type_spec *spec = ouro__type_spec(ouro_object_type(object));
    ouro_hash_fn by_class = ouro__class_hash(object);
    if (by_class != NULL) return hash_instance(object, by_class, ret_hash);
    if (ouro__class_equal(object) != NULL)
        return ouro_heap_fail(heap, OURO_E_UNHASHABLE,
                              "instances of %s cannot be keys: the class has __eq but no "
                              "__hash; define one that is alike for what __eq calls equal",
                              spec->name);
    if (spec->hash != NULL) return spec->hash(object, ret_hash);
    *ret_hash = ouro__hash_mix((uint64_t)(uintptr_t)object);
    return OURO_OK;
}

/* Anything but a tuple. */
static ouro_status hash_flat(ouro_heap *heap, ouro_value v, uint64_t *ret_hash) {
    int64_t i;
    double d;
    ouro_object *object = ouro_value_object(v);
    if (ouro__object_is(object, OURO__STRING)) *ret_hash = hash_string(ouro__as_string(object));
    else if (ouro_value_as_integer(v, &i)) *ret_hash = ouro__hash_mix((uint64_t)i);
    else if (ouro_value_as_float(v, &d)) *ret_hash = hash_float(d);
    else if (object == NULL) *ret_hash = ouro__hash_mix(v.bits);
    else if (ouro__object_is(object, OURO__LIST) || ouro__object_is(object, OURO__DICT) ||
             ouro__object_is(object, OURO__SET))
        return refuse(heap, object);
    else
        return hash_object(heap, object, ret_hash);
    return OURO_OK;
}

/* ---- tuples, without recursion ----------------------------------------------------------- */

typedef struct level {
    ouro__tuple *tuple; /* retained: an embedder's hash may run anything */
    uint32_t next;
    uint64_t sum;
} level;

#define FEW 16

typedef struct descent {
    ouro_heap *heap;
    level *levels;
    size_t depth, capacity;
    level few[FEW];
} descent;

static ouro_status descend(descent *d, ouro_object *tuple) {
    if (d->depth == d->capacity) {
        size_t old = d->capacity * sizeof *d->levels;
        bool inside = d->levels == d->few;
        level *levels =
            ouro_heap_resize(d->heap, inside ? NULL : d->levels, inside ? 0 : old, old * 2);
        if (levels == NULL) return ouro__types_refused(d->heap);
        if (inside) memcpy(levels, d->few, old);
        d->levels = levels;
        d->capacity *= 2;
    }
    ouro_retain(tuple);
    d->levels[d->depth++] = (level){ouro__as_tuple(tuple), 0, 0x2545f4914f6cdd1du};
    return OURO_OK;
}

/* Adds one item to the top level, or descends into it, or finishes the level. */
static ouro_status take_step(descent *d) {
    level *top = &d->levels[d->depth - 1];
    if (top->next > top->tuple->count)
        return ouro_heap_fail(d->heap, OURO_E_CHANGED,
                              "a tuple was cleared while it was hashed; a hash hook must leave "
                              "it alone");
    if (top->next == top->tuple->count) {
        top->tuple->hash = ouro__hash_fold(ouro__hash_mix(top->sum + top->tuple->count));
        d->depth--;
        ouro_release(&top->tuple->header);
        return OURO_OK;
    }
    ouro_value item = top->tuple->items[top->next];
    const ouro_object *object = ouro_value_object(item);
    uint64_t hash = 0;
    if (ouro__object_is(object, OURO__TUPLE) && ouro__as_tuple(object)->hash == 0)
        return descend(d, ouro_value_object(item));
    if (ouro__object_is(object, OURO__TUPLE)) {
        hash = ouro__as_tuple(object)->hash;
    } else {
        ouro_status status = hash_flat(d->heap, item, &hash);
        if (status != OURO_OK) return status;
    }
    /* The hook cannot have moved the levels, but order must count: rotate, then mix in. */
    top->sum = ouro__hash_mix((top->sum << 7 | top->sum >> 57) ^ hash);
    top->next++;
    return OURO_OK;
}

static ouro_status hash_tuple(ouro_heap *heap, ouro_object *tuple, uint32_t *ret_hash) {
    descent d = {.heap = heap, .levels = d.few, .capacity = FEW};
    ouro__guard guard = ouro__types_guard(ouro_value_of_object(tuple));
    ouro_status status = descend(&d, tuple);
    while (status == OURO_OK && d.depth > 0) status = take_step(&d);
    while (d.depth > 0) ouro_release(&d.levels[--d.depth].tuple->header);
    if (d.levels != d.few) ouro_heap_free(heap, d.levels, d.capacity * sizeof *d.levels);
    if (status == OURO_OK) *ret_hash = ouro__as_tuple(tuple)->hash;
    ouro__types_unguard(guard);
    return status;
}

ouro_status ouro__hash_value(ouro_heap *heap, ouro_value v, uint32_t *ret_hash) {
    ouro_object *object = ouro_value_object(v);
    if (ouro__object_is(object, OURO__STRING)) {
        *ret_hash = hash_string(ouro__as_string(object));
        return OURO_OK;
    }
    if (ouro__object_is(object, OURO__TUPLE)) {
        *ret_hash = ouro__as_tuple(object)->hash;
        return *ret_hash != 0 ? OURO_OK : hash_tuple(heap, object, ret_hash);
    }
    uint64_t hash;
    ouro_status status = hash_flat(heap, v, &hash);
    if (status == OURO_OK) *ret_hash = ouro__hash_fold(hash);
    return status;
}

ouro_status ouro_value_hash(ouro_heap *heap, ouro_value v, uint64_t *ret_hash) {
    const char *bytes;
    size_t length;
    ouro_status status = ouro__types_admit(heap, v);
    if (status != OURO_OK) return status;
    if (ouro_value_as_string(v, &bytes, &length)) {
        *ret_hash = ouro_hash_bytes(bytes, length);
        return OURO_OK;
    }
    if (!ouro__object_is(ouro_value_object(v), OURO__TUPLE)) return hash_flat(heap, v, ret_hash);
    uint32_t hash;
    status = ouro__hash_value(heap, v, &hash);
    if (status == OURO_OK) *ret_hash = ouro__hash_mix(hash);
    return status;
}
