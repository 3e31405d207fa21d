/* SPDX-License-Identifier: MIT */
/* Oom of endings: release, death and collection cannot fail. With every allocation refused,
 * from the first release to the heap's close, each object dies in the order that it would have
 * otherwise, each finalizer and callback runs, and no byte is left. */
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

#define DEPTH 1000000
#define RING 100000

/* Nodes 1 to n, each referring to the next; the caller owns the first. */
static ouro_object *chain(support *s, int64_t n, bool closed) {
    ouro_object *first = new_node(s, 1), *last = first;
    for (int64_t i = 2; i <= n; i++) {
        ouro_object *next = new_node(s, i);
        ouro_record_set_slot(last, 1, obj(next));
        ouro_release(next);
        last = next;
    }
    if (closed) ouro_record_set_slot(last, 1, obj(first));
    return first;
}

static void expect_dead(const support *s, int64_t n) {
    assert_int_equal(s->dead_count, n < 64 ? n : 64);
    for (size_t i = 0; i < s->dead_count; i++) assert_int_equal(s->dead[i], (int64_t)i + 1);
}

static void chain_dies_in_order(void **state) {
    support *s = *state;
    size_t live = ouro_heap_live(s->heap);
    ouro_object *first = chain(s, 1000, false);
    s->fail_all = true;
    ouro_release(first);
    assert_int_equal(ouro_heap_live(s->heap), live);
    expect_dead(s, 1000);
}

/* In a process of its own, since what uses the C stack up cannot be told otherwise. */
static void deep_chain_dies(void **state) {
    support *s = *state;
    ouro_object *first = chain(s, DEPTH, false);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
        s->fail_all = true;
        ouro_release(first);
        _exit(s->dead_count == 64 ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    ouro_release(first); /* here there is memory */
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void long_ring_is_collected_oldest_first(void **state) {
    support *s = *state;
    size_t found = 0, live = ouro_heap_live(s->heap);
    ouro_object *first = chain(s, RING, true);
    s->fail_all = true;
    ouro_release(first);
    assert_int_equal(s->dead_count, 0);
    OK(ouro_collect(s->heap, 2, &found));
    assert_int_equal(found, RING);
    assert_int_equal(ouro_heap_live(s->heap), live);
    expect_dead(s, RING);
}

/* Every node refers to the same two, which refer back: counts above what a byte can hold. */
static void hub_is_collected(void **state) {
    support *s = *state;
    size_t found = 0;
    ouro_object *hub, *list = new_list(s, 0);
    OK(ouro_list_new(s->heap, NULL, 0, &hub));
    for (int i = 0; i < 2000; i++) {
        ouro_value spoke[] = {obj(hub), obj(list)};
        ouro_object *made;
        OK(ouro_list_new(s->heap, spoke, 2, &made));
        OK(ouro_list_append(hub, obj(made)));
        ouro_release(made);
    }
    ouro_release(list);
    s->fail_all = true;
    ouro_release(hub);
    OK(ouro_collect(s->heap, 2, &found));
    assert_int_equal(found, 2002);
}

/* More of them than are counted in one go, all in one knot, with a way in or without. */
static void many_hubs_are_collected(void **state) {
    support *s = *state;
    enum { HUBS = 150, SPOKES = 300 };
    ouro_object *hubs[HUBS];
    size_t found = 99, live = ouro_heap_live(s->heap);
    for (int i = 0; i < HUBS; i++) OK(ouro_list_new(s->heap, NULL, 0, &hubs[i]));
    for (int i = 0; i < SPOKES; i++) {
        ouro_object *spoke = new_list(s, 0);
        for (int j = 0; j < HUBS; j++) OK(ouro_list_append(spoke, obj(hubs[j])));
        for (int j = 0; j < HUBS; j++) OK(ouro_list_append(hubs[j], obj(spoke)));
        ouro_release(spoke);
    }
    for (int i = 0; i < HUBS - 1; i++) ouro_release(hubs[i]);
    s->fail_all = true;
    OK(ouro_collect(s->heap, 2, &found));
    assert_int_equal(found, 0);
    assert_int_equal(ouro_heap_live(s->heap), live + HUBS + SPOKES);
    ouro_release(hubs[HUBS - 1]);
    OK(ouro_collect(s->heap, 2, &found));
    assert_int_equal(found, HUBS + SPOKES);
    assert_int_equal(ouro_heap_live(s->heap), live);
}

static ouro_object *several(support *s, int64_t first, int64_t step, int64_t n) {
    ouro_object *list = new_list(s, 0);
    for (int64_t i = 0; i < n; i++) {
        ouro_object *node = new_node(s, first + i * step);
        OK(ouro_list_append(list, obj(node)));
        ouro_release(node);
    }
    return list;
}

/* More deaths wait than the queue has room for, and each of them brings more. */
static void wide_and_deep_dies(void **state) {
    support *s = *state;
    size_t live = ouro_heap_live(s->heap);
    ouro_object *last = NULL, *first = NULL;
    for (int64_t level = 0; level < 200; level++) { /* the deepest is made first */
        ouro_object *node = new_node(s, 0), *list = several(s, 1, 1, 200);
        if (last != NULL) {
            OK(ouro_list_append(list, obj(last)));
            ouro_release(last);
        }
        ouro_record_set_slot(node, 1, obj(list));
        ouro_release(list);
        last = first = node;
    }
    s->fail_all = true;
    ouro_release(first);
    assert_int_equal(ouro_heap_live(s->heap), live);
}

static size_t called;

static void count_call(ouro_object *watcher, ouro_value argument) {
    (void)watcher;
    called += (size_t)ouro_value_small(argument);
}

static void callbacks_run(void **state) {
    support *s = *state;
    ouro_object *node = chain(s, 10, true), *weak, *record;
    called = 0;
    OK(ouro_weak_new(node, count_call, num(1), &weak));
    OK(ouro_finalize_new(node, count_call, num(10), &record));
    ouro_release(record);
    s->fail_all = true;
    ouro_release(node);
    OK(ouro_collect(s->heap, 2, NULL));
    assert_null(ouro_weak_get(weak));
    assert_int_equal(called, 11);
    expect_dead(s, 10);
    ouro_release(weak);
}

/* The list is there to be appended to, and cannot be. */
static void keep_in_garbage(void **state) {
    support *s = *state;
    size_t found = 99;
    ouro_object *garbage, *first = chain(s, 1000, true);
    OK(ouro_garbage(s->heap, &garbage));
    ouro_saveall(s->heap, true);
    s->fail_all = true;
    ouro_release(first);
    (void)!ouro_collect(s->heap, 2, &found);
    s->fail_all = false;
    support_check(s);
    /* None was both kept and finalized away, none is lost: all die or all are in the list. */
    size_t kept = length_of(garbage);
    assert_true(kept == 0 || kept == 1000);
    ouro_saveall(s->heap, false);
    ouro_object_clear(garbage);
    OK(ouro_collect(s->heap, 2, NULL));
    expect_dead(s, 1000);
}

static void resurrect(support *s, ouro_object *node) {
    if (s->subject != NULL) return;
    s->subject = node;
    ouro_retain(node);
}

static void resurrected_ring_is_unharmed(void **state) {
    support *s = *state;
    ouro_object *first = chain(s, 100, true);
    s->on_finalize = resurrect;
    s->fail_all = true;
    ouro_release(first);
    OK(ouro_collect(s->heap, 2, NULL));
    assert_ptr_equal(s->subject, first);
    ouro_object *node = first;
    for (int64_t i = 1; i <= 100; i++, node = ouro_value_object(ouro_record_slot(node, 1)))
        assert_int_equal(whole(ouro_record_slot(node, 0)), i);
    assert_ptr_equal(node, first);
    ouro_release(first);
    OK(ouro_collect(s->heap, 2, NULL));
    s->fail_all = false;
    assert_int_equal(s->dead_count, 64); /* noted; none ran a second time */
}

/* Cleared, popped, unset, overwritten: whatever releases. */
static void containers_let_go(void **state) {
    support *s = *state;
    ouro_object *list = new_list(s, 0), *dict, *node = new_node(s, 1), *frame;
    OK(ouro_dict_new(s->heap, &dict));
    OK(ouro_frame_new(s->heap, "side", &frame));
    OK(ouro_list_append(list, obj(node)));
    OK(ouro_dict_set(dict, num(1), obj(node)));
    OK(ouro_frame_set(frame, "n", 1, obj(node)));
    OK(ouro_frame_push(s->heap, frame));
    ouro_release(node);
    s->fail_all = true;
    OK(ouro_dict_set(dict, num(1), num(2)));
    ouro_object_clear(dict);
    OK(ouro_frame_pop(s->heap, frame));
    assert_int_equal(s->dead_count, 0);
    OK(ouro_list_remove(list, 0, 1));
    expect_dead(s, 1);
    ouro_release(list);
    ouro_release(dict);
    ouro_release(frame);
}

static void heap_closes(void **state) {
    support *s = *state;
    ouro_object *ring = chain(s, 20, true), *record;
    OK(ouro_frame_set(ouro_frame_main(s->heap), "ring", 4, obj(ring)));
    called = 0;
    OK(ouro_finalize_new(ring, count_call, num(1), &record));
    ouro_release(record);
    ouro_release(ring);
    ouro_release(s->node_class);
    s->fail_all = true;
    size_t leaked = 99;
    OK(ouro_heap_shut(s->heap, &leaked));
    assert_int_equal(leaked, 0);
    assert_int_equal(called, 1);
    expect_dead(s, 20);
    OK(ouro_heap_close(s->heap));
    assert_int_equal(s->bytes, 0);
    free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(chain_dies_in_order, "a chain dies in order without memory"),
        SENTENCE(deep_chain_dies, "a chain of a million dies without memory"),
        SENTENCE(long_ring_is_collected_oldest_first, "a ring is collected without memory"),
        SENTENCE(hub_is_collected, "hubs are collected without memory"),
        SENTENCE(many_hubs_are_collected, "many hubs are kept, then collected without memory"),
        SENTENCE(wide_and_deep_dies, "what is wide and deep dies without memory"),
        SENTENCE(callbacks_run, "callbacks and finalize records run without memory"),
        SENTENCE(keep_in_garbage, "what gc.garbage has no room for is not lost"),
        SENTENCE(resurrected_ring_is_unharmed, "a ring is resurrected without memory"),
        SENTENCE(containers_let_go, "containers and frames let go without memory"),
        {"a heap closes without memory", heap_closes, support_setup, NULL, NULL},
    };
    return RUN(tests);
}
