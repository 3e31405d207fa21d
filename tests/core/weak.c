/* SPDX-License-Identifier: MIT */
/* Weak references and finalize records: emptiness, callbacks and their order. */
#include "node.h"

static ouro_object *new_weak(node *target, ouro_weak_fn callback, int64_t label) {
    ouro_object *weak;
    ouro_status status =
        ouro_weak_new(&target->header, callback, ouro_value_of_small(label), &weak);
    assert_int_equal(status, OURO_OK);
    return weak;
}

static void log_callback(ouro_object *weak, ouro_value argument) {
    if (ouro_is_weak(weak)) assert_null(ouro_weak_get(weak));
    log_add(log_of(weak), ouro_value_small(argument));
}

static void a_weak_reference_is_empty_once_its_target_is_dead(void **state) {
    ouro_heap *heap = *state;
    node *n = new_plain(heap, 1);
    ouro_object *weak = new_weak(n, NULL, 0);
    assert_ptr_equal(ouro_weak_get(weak), n);
    assert_int_equal(n->header.count, 1);
    ouro_release(&n->header);
    assert_null(ouro_weak_get(weak));
    ouro_release(weak);
}

static void a_weak_reference_may_die_first(void **state) {
    ouro_heap *heap = *state;
    node *n = new_plain(heap, 1);
    ouro_object *weak[5];
    for (int i = 0; i < 5; i++) weak[i] = new_weak(n, log_callback, i + 1);
    ouro_release(weak[2]);
    ouro_release(weak[4]);
    ouro_release(weak[0]);
    check_heap(heap);
    ouro_release(&n->header);
    EXPECT_LOG(heap, 4, 2);
    ouro_release(weak[1]);
    ouro_release(weak[3]);
}

static void callbacks_run_newest_first_after_the_finalizer(void **state) {
    ouro_heap *heap = *state;
    node *n = new_node(heap, 9);
    ouro_object *weak[3];
    for (int i = 0; i < 3; i++) weak[i] = new_weak(n, log_callback, i + 1);
    ouro_release(&n->header);
    EXPECT_LOG(heap, 9, 3, 2, 1);
    for (int i = 0; i < 3; i++) ouro_release(weak[i]);
}

static void callbacks_over_a_collected_set_run_newest_first(void **state) {
    ouro_heap *heap = *state;
    node *a = new_node(heap, 101), *b = new_node(heap, 102);
    set_ref(a, 0, b);
    set_ref(b, 0, a);
    ouro_object *weak[4];
    for (int i = 0; i < 4; i++) weak[i] = new_weak(i % 2 != 0 ? a : b, log_callback, i + 1);
    ouro_release(&a->header);
    ouro_release(&b->header);
    assert_int_equal(collect_all(heap), 2);
    EXPECT_LOG(heap, 101, 102, 4, 3, 2, 1);
    for (int i = 0; i < 4; i++) ouro_release(weak[i]);
}

static void a_callback_of_a_dying_weak_reference_does_not_run(void **state) {
    ouro_heap *heap = *state;
    node *a = new_plain(heap, 1);
    set_ref(a, 0, a);
    ouro_object *weak = new_weak(a, log_callback, 5);
    a->ref[1] = ouro_value_of_object(weak); /* handed over */
    ouro_release(&a->header);
    assert_int_equal(collect_all(heap), 2);
    node *b = new_plain(heap, 2), *target = new_plain(heap, 3);
    ouro_object *other = new_weak(target, log_callback, 6);
    give_ref(b, 0, target);
    b->ref[1] = ouro_value_of_object(other);
    ouro_release(&b->header);
    assert_int_equal(((node_log *)ouro_heap_user(heap))->count, 0);
    assert_int_equal(ouro_heap_live(heap), 0);
}

static ouro_object *made_by_finalizer;

static void make_weak(node *n) {
    if (made_by_finalizer == NULL) made_by_finalizer = new_weak(n, log_callback, 50);
}

static void a_weak_reference_made_by_the_finalizer_is_emptied_too(void **state) {
    ouro_heap *heap = *state;
    made_by_finalizer = NULL;
    ((node_log *)ouro_heap_user(heap))->in_finalizer = make_weak;
    node *n = new_node(heap, 1);
    set_ref(n, 0, n);
    ouro_release(&n->header);
    assert_int_equal(collect_all(heap), 1);
    assert_null(ouro_weak_get(made_by_finalizer));
    EXPECT_LOG(heap, 1, 50);
    ouro_release(made_by_finalizer);
}

static void many_weak_references_to_one_object_cost_no_square(void **state) {
    ouro_heap *heap = *state;
    enum { MANY = 65536 };
    node *n = new_plain(heap, 1);
    ouro_object **weak = malloc(MANY * sizeof(ouro_object *));
    for (int i = 0; i < MANY; i++) weak[i] = new_weak(n, NULL, 0);
    for (unsigned i = 0; i < MANY; i += 2) ouro_release(weak[i * 7919 % MANY]);
    ouro_release(&n->header);
    for (unsigned i = 1; i < MANY; i += 2) {
        assert_null(ouro_weak_get(weak[i * 7919 % MANY]));
        ouro_release(weak[i * 7919 % MANY]);
    }
    free(weak);
}

static void plain_data_cannot_be_watched(void **state) {
    ouro_heap *heap = *state;
    ouro_value text;
    ouro_object *weak;
    assert_int_equal(ouro_string(heap, "abc", 3, &text), OURO_OK);
    assert_int_equal(ouro_weak_new(ouro_value_object(text), NULL, OURO_NIL, &weak), OURO_E_TYPE);
    ouro_value_release(text);
}

static ouro_object *new_record(node *target, int64_t label) {
    ouro_object *record;
    ouro_status status =
        ouro_finalize_new(&target->header, log_callback, ouro_value_of_small(label), &record);
    assert_int_equal(status, OURO_OK);
    return record;
}

static void finalize_records_run_once_newest_first_and_keep_themselves(void **state) {
    ouro_heap *heap = *state;
    node *n = new_node(heap, 9);
    ouro_object *first = new_record(n, 1);
    ouro_release(new_record(n, 2));
    ouro_release(new_record(n, 3));
    assert_true(ouro_finalize_alive(first));
    assert_ptr_equal(ouro_finalize_target(first), n);
    ouro_release(&n->header);
    EXPECT_LOG(heap, 9, 3, 2, 1);
    assert_false(ouro_finalize_alive(first));
    assert_null(ouro_finalize_target(first));
    assert_int_equal(ouro_finalize_detach(first, NULL), OURO_E_VALUE);
    ouro_release(first);
    assert_int_equal(ouro_heap_live(heap), 0);
}

static void a_detached_record_does_not_run(void **state) {
    ouro_heap *heap = *state;
    node *n = new_node(heap, 9);
    ouro_object *record = new_record(n, 1);
    ouro_value argument;
    assert_int_equal(ouro_finalize_detach(record, &argument), OURO_OK);
    assert_int_equal(ouro_value_small(argument), 1);
    ouro_release(&n->header);
    EXPECT_LOG(heap, 9);
    ouro_release(record);
}

static void records_and_weak_references_interleave_by_registration(void **state) {
    ouro_heap *heap = *state;
    node *n = new_plain(heap, 9);
    ouro_object *a = new_weak(n, log_callback, 1);
    ouro_release(new_record(n, 2));
    ouro_object *b = new_weak(n, log_callback, 3);
    ouro_release(new_record(n, 4));
    ouro_release(&n->header);
    EXPECT_LOG(heap, 4, 3, 2, 1);
    ouro_release(a);
    ouro_release(b);
}

static void a_closing_heap_runs_pending_records_newest_first(void **state) {
    (void)state;
    void *inner;
    open_node_heap(&inner);
    ouro_heap *heap = inner;
    node_log *log = ouro_heap_user(heap);
    node *n = new_node(heap, 9), *m = new_node(heap, 8);
    set_ref(n, 0, n);
    set_ref(m, 0, m);
    ouro_release(new_record(n, 1));
    ouro_release(new_record(m, 2));
    ouro_object *silent = new_record(n, 3);
    ouro_finalize_set_atexit(silent, false);
    ouro_release(silent);
    ouro_release(&n->header);
    ouro_release(&m->header);
    size_t leaked;
    assert_int_equal(ouro_heap_shut(heap, &leaked), OURO_OK);
    assert_int_equal(leaked, 0);
    assert_false(ouro_heap_is_open(heap));
    assert_int_equal(ouro_heap_close(heap), OURO_OK);
    assert_int_equal(log->count, 4);
    const int64_t expected[] = {2, 1, 9, 8};
    assert_memory_equal(log->labels, expected, sizeof expected);
    free(log);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_node_heap, close_node_heap)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_weak_reference_is_empty_once_its_target_is_dead),
        TEST(a_weak_reference_may_die_first),
        TEST(callbacks_run_newest_first_after_the_finalizer),
        TEST(callbacks_over_a_collected_set_run_newest_first),
        TEST(a_callback_of_a_dying_weak_reference_does_not_run),
        TEST(a_weak_reference_made_by_the_finalizer_is_emptied_too),
        TEST(many_weak_references_to_one_object_cost_no_square),
        TEST(plain_data_cannot_be_watched),
        TEST(finalize_records_run_once_newest_first_and_keep_themselves),
        TEST(a_detached_record_does_not_run),
        TEST(records_and_weak_references_interleave_by_registration),
        cmocka_unit_test(a_closing_heap_runs_pending_records_newest_first),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("weak", tests, NULL, NULL);
}
