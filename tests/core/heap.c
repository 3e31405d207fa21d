/* SPDX-License-Identifier: MIT */
/* Heaps: opening, limits, closing, leaks, and every allocation failing in turn. */
#include "alloc.h"
#include "node.h"

typedef struct failing {
    size_t calls, fail_at; /* fail the call of that number, and all later ones if sticky */
    bool sticky;
    size_t bytes;
} failing;

static void *failing_alloc(void *user, void *pointer, size_t old_size, size_t new_size,
                           size_t align) {
    failing *f = user;
    bool asked = new_size != 0 && ++f->calls >= f->fail_at && f->fail_at != 0;
    bool refuse = asked && (f->sticky || f->calls == f->fail_at);
    return test_alloc(&f->bytes, refuse, pointer, old_size, new_size, align);
}

static ouro_status open_failing(failing *f, ouro_heap **ret_heap) {
    ouro_heap_options options = {
        .struct_size = sizeof options, .user = f, .alloc = failing_alloc};
    return ouro_heap_open(&options, ret_heap);
}

static void a_fresh_heap_has_no_objects_and_closes_clean(void **state) {
    (void)state;
    failing f = {0};
    ouro_heap *heap;
    assert_int_equal(open_failing(&f, &heap), OURO_OK);
    assert_int_equal(ouro_heap_live(heap), 0);
    check_heap(heap);
    assert_ptr_equal(ouro_heap_user(heap), &f);
    assert_int_equal(ouro_heap_close(heap), OURO_OK);
    assert_int_equal(f.bytes, 0);
}

/* A little of everything; stops at the first failure. */
static ouro_status exercise(ouro_heap *heap) {
    ouro_object *list = NULL, *dict = NULL, *cls = NULL, *record = NULL, *weak = NULL;
    ouro_value text = OURO_NIL;
    const char *slots[] = {"val", "next"};
    ouro_status status = ouro_list_new(heap, NULL, 0, &list);
    if (status == OURO_OK) status = ouro_dict_new(heap, &dict);
    if (status == OURO_OK) status = ouro_string(heap, "key", 3, &text);
    if (status == OURO_OK) status = ouro_dict_set(dict, text, ouro_value_of_object(list));
    if (status == OURO_OK) status = ouro_class_new(heap, "Node", slots, 2, NULL, &cls);
    if (status == OURO_OK) status = ouro_record_new(heap, cls, &record);
    if (status == OURO_OK) {
        ouro_record_set_slot(record, 1, ouro_value_of_object(record));
        status = ouro_weak_new(record, NULL, ouro_value_of_object(dict), &weak);
    }
    for (int i = 0; status == OURO_OK && i < 200; i++)
        status = ouro_list_append(list, ouro_value_of_object(record));
    uint64_t id;
    if (status == OURO_OK) status = ouro_object_id(record, &id);
    if (status == OURO_OK) status = ouro_object_set_tag(record, 7);
    if (status == OURO_OK)
        status = ouro_frame_set(ouro_frame_main(heap), "x", 1, ouro_value_of_object(list));
    if (list != NULL) ouro_release(list);
    if (dict != NULL) ouro_release(dict);
    if (cls != NULL) ouro_release(cls);
    if (record != NULL) ouro_release(record);
    if (weak != NULL) ouro_release(weak);
    ouro_value_release(text);
    return status;
}

static void sweep_failures(bool sticky) {
    bool failed = true;
    for (size_t at = 1; failed && at < 500; at++) {
        failing f = {.fail_at = at, .sticky = sticky};
        ouro_heap *heap;
        ouro_status status = open_failing(&f, &heap);
        failed = status != OURO_OK;
        if (status == OURO_OK) {
            status = exercise(heap);
            failed = status != OURO_OK;
            f.fail_at = sticky ? f.fail_at : 0;
            size_t found;
            assert_int_equal(ouro_collect(heap, 2, &found), OURO_OK);
            f.fail_at = 0;
            check_heap(heap);
            size_t leaked;
            assert_int_equal(ouro_heap_shut(heap, &leaked), OURO_OK);
            assert_int_equal(leaked, 0);
            ouro_heap_close(heap);
        }
        if (failed) assert_int_equal(status, OURO_E_NOMEM);
        assert_int_equal(f.bytes, 0);
    }
    assert_false(failed);
}

static void each_allocation_may_fail_once(void **state) {
    (void)state;
    sweep_failures(false);
}

static void memory_may_run_out_for_good_at_each_allocation(void **state) {
    (void)state;
    sweep_failures(true);
}

static void quiet(ouro_object *object) {
    (void)object;
}

/* A tree with a finalizer at each node, dropped with no memory to be had. */
static void death_needs_no_memory(void **state) {
    (void)state;
    failing f = {0};
    ouro_heap *heap;
    assert_int_equal(open_failing(&f, &heap), OURO_OK);
    const char *slots[] = {"number", "left", "right"};
    ouro_object *cls, *tree, *ring;
    assert_int_equal(ouro_class_new(heap, "Node", slots, 3, NULL, &cls), OURO_OK);
    assert_int_equal(ouro_class_set_finalizer(cls, quiet), OURO_OK);
    assert_int_equal(ouro_build_tree(heap, cls, 12, 2, &tree), OURO_OK);
    assert_int_equal(ouro_build_ring(heap, cls, 5000, &ring), OURO_OK);
    f.fail_at = 1;
    f.sticky = true;
    ouro_release(tree);
    ouro_release(ring);
    size_t found = 0;
    assert_int_equal(ouro_collect(heap, 2, &found), OURO_OK);
    assert_int_equal(found, 5000);
    ouro_stats stats = {.struct_size = sizeof stats};
    ouro_heap_stats(heap, &stats);
    assert_int_equal(stats.finalizers, 8191 + 5000);
    f.fail_at = 0;
    check_heap(heap);
    ouro_release(cls);
    assert_int_equal(ouro_heap_live(heap), 0);
    ouro_heap_close(heap);
    assert_int_equal(f.bytes, 0);
}

static void the_object_limit_is_exact_and_named(void **state) {
    ouro_heap *heap = *state;
    ouro_heap_set_limits(heap, 3, 0, 0);
    node *nodes[3];
    for (int i = 0; i < 3; i++) nodes[i] = new_plain(heap, i);
    ouro_object *object;
    node_log *log = ouro_heap_user(heap);
    assert_int_equal(ouro_object_new(heap, log->plain, 0, &object), OURO_E_LIMIT);
    assert_non_null(strstr(ouro_heap_message(heap), "max_objects"));
    check_heap(heap);
    ouro_release(&nodes[1]->header);
    nodes[1] = new_plain(heap, 1);
    for (int i = 0; i < 3; i++) ouro_release(&nodes[i]->header);
    ouro_heap_set_limits(heap, 0, 0, 0);
}

static void the_byte_limit_stops_growth_and_leaves_the_heap_intact(void **state) {
    ouro_heap *heap = *state;
    ouro_heap_set_limits(heap, 0, (size_t)4 << 20, 0);
    ouro_object *list;
    assert_int_equal(ouro_list_new(heap, NULL, 0, &list), OURO_OK);
    ouro_status status = OURO_OK;
    size_t made = 0;
    for (; status == OURO_OK && made < 10000000; made++)
        status = ouro_list_append(list, ouro_value_of_small((int64_t)made));
    assert_int_equal(status, OURO_E_LIMIT);
    assert_non_null(strstr(ouro_heap_message(heap), "max_bytes"));
    const ouro_value *items;
    size_t count;
    assert_int_equal(ouro_sequence_items(list, &items, &count), OURO_OK);
    assert_int_equal(count, made - 1);
    check_heap(heap);
    ouro_release(list);
    ouro_heap_set_limits(heap, 0, 0, 0);
}

static void closing_reports_what_c_code_still_keeps(void **state) {
    (void)state;
    void *inner;
    open_node_heap(&inner);
    ouro_heap *heap = inner;
    node_log *log = ouro_heap_user(heap);
    node *kept = new_node(heap, 1);
    give_ref(kept, 0, new_node(heap, 2));
    size_t leaked;
    assert_int_equal(ouro_heap_shut(heap, &leaked), OURO_OK);
    assert_int_equal(leaked, 2);
    ouro_heap_close(heap);
    assert_int_equal(log->count, 2);
    free(log);
}

static void a_class_that_c_code_keeps_is_freed_at_the_close(void **state) {
    (void)state;
    failing f = {0};
    ouro_heap *heap;
    assert_int_equal(open_failing(&f, &heap), OURO_OK);
    ouro_object *cls, *record;
    assert_int_equal(ouro_class_new(heap, "Kept", NULL, 0, NULL, &cls), OURO_OK);
    assert_int_equal(ouro_record_new(heap, cls, &record), OURO_OK);
    size_t leaked;
    assert_int_equal(ouro_heap_shut(heap, &leaked), OURO_OK);
    assert_int_equal(leaked, 2);
    ouro_heap_close(heap);
    assert_int_equal(f.bytes, 0);
}

static void close_heap(node *n) {
    log_add(log_of(&n->header), 100 + (int64_t)ouro_heap_close(ouro_object_heap(&n->header)));
}

static void a_heap_cannot_close_from_within_a_finalizer(void **state) {
    ouro_heap *heap = *state;
    ((node_log *)ouro_heap_user(heap))->in_finalizer = close_heap;
    ouro_release(&new_node(heap, 1)->header);
    EXPECT_LOG(heap, 1, 100 + OURO_E_BUSY);
}

static void sizes_are_as_promised(void **state) {
    ouro_heap *heap = *state;
    assert_int_equal(sizeof(ouro_object), 8);
    assert_int_equal(sizeof(ouro_value), 8);
    const char *slots[] = {"val", "next"};
    ouro_object *cls, *record;
    assert_int_equal(ouro_class_new(heap, "Node", slots, 2, NULL, &cls), OURO_OK);
    assert_int_equal(ouro_record_new(heap, cls, &record), OURO_OK);
    assert_int_equal(ouro_object_size(record), 24);
    ouro_release(record);
    ouro_release(cls);
}

static void values_come_back_bit_for_bit(void **state) {
    ouro_heap *heap = *state;
    const uint64_t patterns[] = {0,
                                 0x8000000000000000u,
                                 0x7ff0000000000000u,
                                 0xfff0000000000000u,
                                 0x7ff8000000000000u,
                                 0xfff8000000000000u,
                                 0x7ff8000000000123u,
                                 1,
                                 0x000fffffffffffffu,
                                 0x7fefffffffffffffu,
                                 0x3ff0000000000000u,
                                 0xc00921fb54442d18u,
                                 0x5fffffffffffffffu,
                                 0x2fffffffffffffffu};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        double d, back;
        memcpy(&d, &patterns[i], sizeof d);
        ouro_value v;
        assert_int_equal(ouro_float(heap, d, &v), OURO_OK);
        assert_true(ouro_value_as_float(v, &back));
        assert_memory_equal(&d, &back, sizeof d);
        ouro_value_release(v);
    }
    const int64_t integers[] = {0, 1, -1, INT64_MAX, INT64_MIN, INT64_MAX / 2, INT64_MIN / 2,
                                INT64_MAX / 2 + 1, INT64_MIN / 2 - 1};
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        ouro_value v;
        int64_t back = 5;
        assert_int_equal(ouro_integer(heap, integers[i], &v), OURO_OK);
        assert_true(ouro_value_as_integer(v, &back));
        assert_true(back == integers[i]);
        ouro_value_release(v);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_node_heap, close_node_heap)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_heap_has_no_objects_and_closes_clean),
        cmocka_unit_test(each_allocation_may_fail_once),
        cmocka_unit_test(memory_may_run_out_for_good_at_each_allocation),
        cmocka_unit_test(death_needs_no_memory),
        TEST(the_object_limit_is_exact_and_named),
        TEST(the_byte_limit_stops_growth_and_leaves_the_heap_intact),
        cmocka_unit_test(closing_reports_what_c_code_still_keeps),
        cmocka_unit_test(a_class_that_c_code_keeps_is_freed_at_the_close),
        TEST(a_heap_cannot_close_from_within_a_finalizer),
        TEST(sizes_are_as_promised),
        TEST(values_come_back_bit_for_bit),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
