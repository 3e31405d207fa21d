/* SPDX-License-Identifier: MIT */
/* Node: an embedder's type with three references, in two makes: `node` logs its label when it
 * is finalized, `plain` has no finalizer. The log is the heap's user pointer. */
#ifndef TESTS_NODE_H
#define TESTS_NODE_H

#include <ouro.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct node {
    ouro_object header;
    ouro_value ref[3];
    int64_t label;
} node;

typedef struct node_log {
    ouro_type *finalized, *plain;
    int64_t labels[4096];
    size_t count;
    void (*in_finalizer)(node *n); /* runs in each finalizer, after the label was logged */
    ouro_object *kept;             /* for finalizers that resurrect */
} node_log;

static inline node_log *log_of(const ouro_object *object) {
    return ouro_heap_user(ouro_object_heap(object));
}

static inline void log_add(node_log *log, int64_t label) {
    assert_true(log->count < sizeof log->labels / sizeof *log->labels);
    log->labels[log->count++] = label;
}

static inline void finalize_node(ouro_object *object) {
    node *n = (node *)(void *)object;
    node_log *log = log_of(object);
    log_add(log, n->label);
    if (log->in_finalizer != NULL) log->in_finalizer(n);
}

static inline int open_node_heap(void **state) {
    node_log *log = calloc(1, sizeof *log);
    ouro_heap_options options = {.struct_size = sizeof options, .user = log};
    ouro_heap *heap;
    assert_int_equal(ouro_heap_open(&options, &heap), OURO_OK);
    ouro_type_spec spec = {.struct_size = sizeof spec,
                           .name = "node",
                           .size = sizeof(node),
                           .values_offset = offsetof(node, ref),
                           .values_count = 3,
                           .finalize = finalize_node};
    assert_int_equal(ouro_type_new(heap, &spec, &log->finalized), OURO_OK);
    spec.name = "plain";
    spec.finalize = NULL;
    assert_int_equal(ouro_type_new(heap, &spec, &log->plain), OURO_OK);
    ouro_collect_enable(heap, false);
    const char *policy = getenv("OURO_POLICY"); /* else the default */
    if (policy != NULL) assert_int_equal(ouro_policy_set(heap, policy), OURO_OK);
    *state = heap;
    return 0;
}

static inline void check_heap(ouro_heap *heap) {
    const char *message = "";
    if (ouro_heap_check(heap, &message) != OURO_OK) fail_msg("heap check: %s", message);
}

static inline int close_node_heap(void **state) {
    ouro_heap *heap = *state;
    node_log *log = ouro_heap_user(heap);
    check_heap(heap);
    log->in_finalizer = NULL;
    size_t leaked = 99;
    assert_int_equal(ouro_heap_shut(heap, &leaked), OURO_OK);
    assert_int_equal(leaked, 0);
    assert_int_equal(ouro_heap_close(heap), OURO_OK);
    free(log);
    return 0;
}

static inline node *make(ouro_heap *heap, ouro_type *type, int64_t label) {
    ouro_object *object;
    assert_int_equal(ouro_object_new(heap, type, 0, &object), OURO_OK);
    node *n = (node *)(void *)object;
    n->label = label;
    return n;
}

static inline node *new_node(ouro_heap *heap, int64_t label) {
    return make(heap, ((node_log *)ouro_heap_user(heap))->finalized, label);
}

static inline node *new_plain(ouro_heap *heap, int64_t label) {
    return make(heap, ((node_log *)ouro_heap_user(heap))->plain, label);
}

static inline void set_ref(node *n, int i, node *to) {
    ouro_value_store(&n->ref[i], ouro_value_of_object(to != NULL ? &to->header : NULL));
}

/* Stores the node and gives up the caller's own reference. */
static inline void give_ref(node *n, int i, node *to) {
    set_ref(n, i, to);
    ouro_release(&to->header);
}

static inline size_t collect_all(ouro_heap *heap) {
    size_t found = 0;
    assert_int_equal(ouro_collect(heap, 2, &found), OURO_OK);
    return found;
}

/* Labels up to a 0 that ends the list. */
static inline void expect_log(ouro_heap *heap, const int64_t *labels) {
    node_log *log = ouro_heap_user(heap);
    size_t i = 0;
    for (; labels[i] != 0; i++) {
        if (i >= log->count) fail_msg("the log ends before label %d", (int)labels[i]);
        assert_int_equal(log->labels[i], labels[i]);
    }
    assert_int_equal(log->count, i);
}

#define EXPECT_LOG(heap, ...) expect_log((heap), (const int64_t[]){__VA_ARGS__, 0})

#endif
