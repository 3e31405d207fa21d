/* SPDX-License-Identifier: MIT */
/* Looking: a heap whose allocations can be made to fail, and short ways to build things, for
 * the tests of core/inspect. Builders that take values own them: LIST(heap, INT(1), LIST(heap))
 * leaves nothing to release but its result. */
#ifndef TESTS_LOOKING_H
#define TESTS_LOOKING_H

#include <math.h>
#include <ouro.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"

typedef struct supply {
    size_t calls, fail_at; /* 0: never; that request and all later ones are refused */
    size_t bytes;
    void *context; /* for finalizers of the test */
} supply;

static inline void *supply_alloc(void *user, void *pointer, size_t old_size, size_t new_size,
                                 size_t align) {
    supply *s = user;
    bool refuse = new_size != 0 && ++s->calls >= s->fail_at && s->fail_at != 0;
    return test_alloc(&s->bytes, refuse, pointer, old_size, new_size, align);
}

static inline void expect(ouro_heap *heap, ouro_status status) {
    if (status != OURO_OK)
        fail_msg("%s: %s", ouro_status_name(status), ouro_heap_message(heap));
}

static inline void check_heap(ouro_heap *heap) {
    const char *message = "";
    if (ouro_heap_check(heap, &message) != OURO_OK) fail_msg("heap check: %s", message);
}

static inline int open_heap(void **state) {
    supply *s = calloc(1, sizeof *s);
    ouro_heap_options options = {.struct_size = sizeof options, .user = s,
                                 .alloc = supply_alloc};
    ouro_heap *heap;
    assert_int_equal(ouro_heap_open(&options, &heap), OURO_OK);
    ouro_collect_enable(heap, false);
    *state = heap;
    return 0;
}

/* Nothing may be left: no object that somebody forgot to release, no byte. */
static inline int close_heap(void **state) {
    ouro_heap *heap = *state;
    supply *s = ouro_heap_user(heap);
    check_heap(heap);
    size_t leaked = 99;
    assert_int_equal(ouro_heap_shut(heap, &leaked), OURO_OK);
    assert_int_equal(leaked, 0);
    assert_int_equal(ouro_heap_close(heap), OURO_OK);
    assert_int_equal(s->bytes, 0);
    free(s);
    return 0;
}

/* From here on the request of that number is refused, and all later ones; 0: none is. */
static inline void refuse_from(ouro_heap *heap, size_t request) {
    supply *s = ouro_heap_user(heap);
    s->calls = 0;
    s->fail_at = request;
}

static inline ouro_value value_of(ouro_object *object) {
    return ouro_value_of_object(object);
}

static inline ouro_value INT(int64_t i) {
    return ouro_value_of_small(i);
}

static inline ouro_value big(ouro_heap *heap, int64_t i) {
    ouro_value v;
    expect(heap, ouro_integer(heap, i, &v));
    return v;
}

static inline ouro_value real(ouro_heap *heap, double d) {
    ouro_value v;
    expect(heap, ouro_float(heap, d, &v));
    return v;
}

static inline ouro_value bytes(ouro_heap *heap, const char *content, size_t length) {
    ouro_value v;
    expect(heap, ouro_string(heap, content, length, &v));
    return v;
}

static inline ouro_value str(ouro_heap *heap, const char *content) {
    return bytes(heap, content, strlen(content));
}

static inline void release_all(const ouro_value *values, size_t count) {
    for (size_t i = 0; i < count; i++) ouro_value_release(values[i]);
}

static inline ouro_value take_list(ouro_heap *heap, const ouro_value *values, size_t count) {
    ouro_object *list;
    expect(heap, ouro_list_new(heap, values, count, &list));
    release_all(values, count);
    return value_of(list);
}

static inline ouro_value take_tuple(ouro_heap *heap, const ouro_value *values, size_t count) {
    ouro_object *tuple;
    expect(heap, ouro_tuple_new(heap, values, count, &tuple));
    release_all(values, count);
    return value_of(tuple);
}

static inline ouro_value take_set(ouro_heap *heap, const ouro_value *values, size_t count) {
    ouro_object *set;
    expect(heap, ouro_set_new(heap, &set));
    for (size_t i = 0; i < count; i++) expect(heap, ouro_set_add(set, values[i]));
    release_all(values, count);
    return value_of(set);
}

/* Keys and values in turn. */
static inline ouro_value take_dict(ouro_heap *heap, const ouro_value *values, size_t count) {
    ouro_object *dict;
    expect(heap, ouro_dict_new(heap, &dict));
    for (size_t i = 0; i + 1 < count; i += 2)
        expect(heap, ouro_dict_set(dict, values[i], values[i + 1]));
    release_all(values, count);
    return value_of(dict);
}

/* The first value is a place holder, so that none may be given. */
#define TAKE(take, heap, ...)                                                                \
    take((heap), (const ouro_value[]){OURO_NIL, ##__VA_ARGS__} + 1,                          \
         sizeof((const ouro_value[]){OURO_NIL, ##__VA_ARGS__}) / sizeof(ouro_value) - 1)
#define LIST(...) TAKE(take_list, __VA_ARGS__)
#define TUPLE(...) TAKE(take_tuple, __VA_ARGS__)
#define SET(...) TAKE(take_set, __VA_ARGS__)
#define DICT(...) TAKE(take_dict, __VA_ARGS__)

/* The value is owned by the container afterwards. */
static inline void append(ouro_heap *heap, ouro_value list, ouro_value v) {
    expect(heap, ouro_list_append(ouro_value_object(list), v));
    ouro_value_release(v);
}

static inline void set_slot(ouro_object *record, size_t index, ouro_value v) {
    ouro_record_set_slot(record, index, v);
    ouro_value_release(v);
}

/* A reference that the caller goes on owning. */
static inline ouro_value again(ouro_value v) {
    ouro_value_retain(v);
    return v;
}

static inline ouro_object *new_class(ouro_heap *heap, const char *name, size_t slots) {
    const char *const names[] = {"val", "next", "other", "more"};
    ouro_object *cls;
    expect(heap, ouro_class_new(heap, name, names, slots, NULL, &cls));
    return cls;
}

static inline ouro_object *new_record(ouro_heap *heap, ouro_object *cls) {
    ouro_object *record;
    expect(heap, ouro_record_new(heap, cls, &record));
    return record;
}

/* An embedder's type with one reference. */
typedef struct box {
    ouro_object header;
    ouro_value ref;
} box;

static inline ouro_object *new_box(ouro_heap *heap, const char *type_name, unsigned flags) {
    ouro_type_spec spec = {.struct_size = sizeof spec,
                           .name = type_name,
                           .size = sizeof(box),
                           .flags = flags,
                           .values_offset = offsetof(box, ref),
                           .values_count = 1};
    ouro_type *type;
    ouro_object *object;
    expect(heap, ouro_type_new(heap, &spec, &type));
    expect(heap, ouro_object_new(heap, type, 0, &object));
    return object;
}

static inline size_t collect_all(ouro_heap *heap) {
    size_t found = 0;
    expect(heap, ouro_collect(heap, 2, &found));
    return found;
}

#endif
