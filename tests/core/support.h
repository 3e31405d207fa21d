/* SPDX-License-Identifier: MIT */
/* Support: what the tests of types/ share. Each test gets a fresh heap whose allocator
 * counts, and fails when told to; after it, the heap must check, shut without a leak and
 * give back every byte. */
#ifndef OURO_TESTS_SUPPORT_H
#define OURO_TESTS_SUPPORT_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ouro.h>

#include "alloc.h"

typedef struct support {
    ouro_heap *heap;
    size_t bytes;   /* allocated and not freed */
    size_t calls;   /* allocations asked for */
    size_t fail_at; /* this call is refused; 0: none */
    bool fail_all;
    ouro_object *node_class; /* Node(id, next), with a finalizer */
    int64_t dead[64];        /* ids of the nodes finalized, in order */
    size_t dead_count;
    void (*on_finalize)(struct support *s, ouro_object *node);
    ouro_object *subject; /* for on_finalize to look at; borrowed */
} support;

static void *support_alloc(void *user, void *pointer, size_t old_size, size_t new_size,
                           size_t align) {
    support *s = user;
    bool refuse = new_size != 0 && (++s->calls == s->fail_at || s->fail_all);
    void *result = test_alloc(&s->bytes, refuse, pointer, old_size, new_size, align);
    if (new_size != 0 && !refuse) assert_non_null(result);
    return result;
}

static void support_finalize(ouro_object *node) {
    support *s = ouro_heap_user(ouro_object_heap(node));
    if (s->dead_count < 64) s->dead[s->dead_count++] = ouro_value_small(ouro_record_slot(node, 0));
    if (s->on_finalize != NULL) s->on_finalize(s, node);
}

static inline int support_setup(void **state) {
    static const char *const slots[] = {"id", "next"};
    support *s = calloc(1, sizeof *s);
    ouro_heap_options options = {
        .struct_size = sizeof options, .user = s, .alloc = support_alloc};
    if (s == NULL || ouro_heap_open(&options, &s->heap) != OURO_OK) return -1;
    if (ouro_class_new(s->heap, "Node", slots, 2, NULL, &s->node_class) != OURO_OK) return -1;
    if (ouro_class_set_finalizer(s->node_class, support_finalize) != OURO_OK) return -1;
    *state = s;
    return 0;
}

static inline void support_check(support *s) {
    const char *message = NULL;
    ouro_status status = ouro_heap_check(s->heap, &message);
    if (status != OURO_OK) print_error("heap check: %s\n", message);
    assert_int_equal(status, OURO_OK);
}

static inline int support_teardown(void **state) {
    support *s = *state;
    size_t leaked = 99;
    s->on_finalize = NULL;
    s->fail_at = 0;
    s->fail_all = false;
    support_check(s);
    ouro_release(s->node_class);
    assert_int_equal(ouro_heap_shut(s->heap, &leaked), OURO_OK);
    assert_int_equal(leaked, 0);
    assert_int_equal(ouro_heap_close(s->heap), OURO_OK);
    assert_int_equal(s->bytes, 0);
    free(s);
    return 0;
}

/* A test whose name is a sentence. */
#define SENTENCE(function, text)                                                             \
    { text, function, support_setup, support_teardown, NULL }

#define OK(call) assert_int_equal((call), OURO_OK)
#define FAILS(status, call) assert_int_equal((call), (status))

static inline int support_run(const struct CMUnitTest *tests, size_t count) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return _cmocka_run_group_tests("ouro", tests, count, NULL, NULL);
}

#define RUN(tests) support_run((tests), sizeof(tests) / sizeof *(tests))

/* Does the operation again and again, with the first, second, ... allocation refused, until
 * it succeeds. Each refusal must be reported and must leave the heap in order; unchanged
 * (may be NULL) then asserts that nothing has happened. Returns how many were refused. */
static inline size_t support_sweep(support *s, ouro_status (*operation)(support *s),
                                   void (*unchanged)(support *s)) {
    for (size_t n = 1;; n++) {
        assert_true(n < 1000);
        size_t live = ouro_heap_live(s->heap);
        s->fail_at = s->calls + n;
        ouro_status status = operation(s);
        bool refused = s->calls >= s->fail_at;
        s->fail_at = 0;
        if (status == OURO_OK) {
            support_check(s);
            if (!refused) return n - 1;
            return n; /* it managed without */
        }
        assert_true(refused);
        assert_int_equal(status, OURO_E_NOMEM);
        assert_true(strlen(ouro_heap_message(s->heap)) > 0);
        assert_int_equal(ouro_heap_live(s->heap), live);
        support_check(s);
        if (unchanged != NULL) unchanged(s);
    }
}

/* ---- values, in a few letters ------------------------------------------------------------ */

static inline ouro_value num(int64_t i) {
    return ouro_value_of_small(i);
}

static inline ouro_value obj(const ouro_object *object) {
    return ouro_value_of_object(object);
}

/* Owned. */
static inline ouro_value str(support *s, const char *text) {
    ouro_value v;
    OK(ouro_string(s->heap, text, strlen(text), &v));
    return v;
}

static inline ouro_object *new_node(support *s, int64_t id) {
    ouro_object *node;
    OK(ouro_record_new(s->heap, s->node_class, &node));
    ouro_record_set_slot(node, 0, num(id));
    return node;
}

/* A list of integers 1 to n; owned. */
static inline ouro_object *new_list(support *s, size_t n) {
    ouro_object *list;
    OK(ouro_list_new(s->heap, NULL, 0, &list));
    for (size_t i = 1; i <= n; i++) OK(ouro_list_append(list, num((int64_t)i)));
    return list;
}

static inline size_t length_of(const ouro_object *sequence) {
    const ouro_value *items;
    size_t count = 0;
    OK(ouro_sequence_items(sequence, &items, &count));
    return count;
}

static inline ouro_value item(const ouro_object *sequence, size_t index) {
    const ouro_value *items;
    size_t count = 0;
    OK(ouro_sequence_items(sequence, &items, &count));
    assert_true(index < count);
    return items[index];
}

static inline int64_t whole(ouro_value v) {
    int64_t i = 0;
    assert_true(ouro_value_as_integer(v, &i));
    return i;
}

static inline bool equal(support *s, ouro_value a, ouro_value b) {
    bool result = false, back = false;
    OK(ouro_value_equal(s->heap, a, b, &result));
    OK(ouro_value_equal(s->heap, b, a, &back));
    assert_int_equal(result, back);
    return result;
}

/* Empties a structure that may be cyclic, and lets go of it. */
static inline void drop_cycle(ouro_object *object) {
    ouro_object_clear(object);
    ouro_release(object);
}

#endif
