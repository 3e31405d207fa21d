/* SPDX-License-Identifier: MIT */
/* Build: the shapes, node by node, and that a failure leaves nothing. */
#include "looking.h"

static ouro_object *node_in(ouro_object *node, size_t slot) {
    return ouro_value_object(ouro_record_slot(node, slot));
}

static int64_t number_of(ouro_object *node) {
    return ouro_value_small(ouro_record_slot(node, 0));
}

static void a_chain_is_numbered_and_ends_in_nil(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 2), *chain;
    expect(heap, ouro_build_chain(heap, cls, 100, &chain));
    int64_t number = 0;
    for (ouro_object *node = chain; node != NULL; node = node_in(node, 1)) {
        assert_int_equal(number_of(node), ++number);
        assert_int_equal(ouro_object_count(node), 1);
    }
    assert_int_equal(number, 100);
    check_heap(heap);
    ouro_release(chain);
    assert_int_equal(ouro_heap_live(heap), 1);
    ouro_release(cls);
}

static void a_ring_comes_back_to_its_first(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 2), *ring, *loop;
    expect(heap, ouro_build_ring(heap, cls, 5, &ring));
    ouro_object *node = ring;
    for (int64_t i = 1; i <= 5; i++, node = node_in(node, 1))
        assert_int_equal(number_of(node), i);
    assert_ptr_equal(node, ring);
    assert_int_equal(ouro_object_count(ring), 2);
    expect(heap, ouro_build_ring(heap, cls, 1, &loop));
    assert_ptr_equal(node_in(loop, 1), loop);
    check_heap(heap);
    ouro_release(loop);
    ouro_release(ring);
    assert_int_equal(collect_all(heap), 6);
    ouro_release(cls);
}

static void a_tree_is_numbered_level_by_level(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 4), *tree;
    expect(heap, ouro_build_tree(heap, cls, 2, 3, &tree));
    assert_int_equal(number_of(tree), 1);
    for (size_t i = 1; i <= 3; i++) {
        ouro_object *child = node_in(tree, i);
        assert_int_equal(number_of(child), 1 + i);
        for (size_t j = 1; j <= 3; j++) {
            ouro_object *leaf = node_in(child, j);
            assert_int_equal(number_of(leaf), 1 + 3 * i + j);
            assert_int_equal(ouro_object_count(leaf), 1);
            for (size_t k = 1; k <= 3; k++) assert_null(node_in(leaf, k));
        }
        assert_int_equal(ouro_object_count(child), 1);
    }
    assert_int_equal(ouro_heap_live(heap), 14);
    check_heap(heap);
    ouro_release(tree);
    assert_int_equal(ouro_heap_live(heap), 1);
    ouro_release(cls);
}

static void trees_of_every_small_shape_have_their_nodes(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 4), *tree;
    for (size_t fanout = 0; fanout <= 3; fanout++) {
        size_t expected = 0, level = 1;
        for (size_t depth = 0; depth <= 6; depth++, level *= fanout) {
            expected += level;
            expect(heap, ouro_build_tree(heap, cls, depth, fanout, &tree));
            assert_int_equal(ouro_heap_live(heap), expected + 1);
            check_heap(heap);
            ouro_release(tree);
        }
    }
    ouro_release(cls);
}

static void a_tree_without_children_needs_one_slot(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Leaf", 1), *tree;
    expect(heap, ouro_build_tree(heap, cls, 0, 9, &tree));
    ouro_release(tree);
    expect(heap, ouro_build_tree(heap, cls, 9, 0, &tree));
    ouro_release(tree);
    assert_int_equal(ouro_build_tree(heap, cls, 1, 1, &tree), OURO_E_TYPE);
    ouro_release(cls);
}

static void a_grid_leads_right_and_down(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 3), *grid;
    expect(heap, ouro_build_grid(heap, cls, 4, 3, &grid));
    ouro_object *row = grid;
    for (int64_t y = 0; y < 3; y++, row = node_in(row, 2)) {
        ouro_object *node = row;
        for (int64_t x = 0; x < 4; x++, node = node_in(node, 1)) {
            assert_int_equal(number_of(node), y * 4 + x + 1);
            assert_int_equal(ouro_object_count(node), x > 0 && y > 0 ? 2 : 1);
            ouro_object *below = node_in(node, 2);
            if (y < 2) assert_int_equal(number_of(below), (y + 1) * 4 + x + 1);
            else assert_null(below);
        }
        assert_null(node);
    }
    assert_null(row);
    check_heap(heap);
    ouro_release(grid);
    assert_int_equal(ouro_heap_live(heap), 1);
    ouro_release(cls);
}

static void a_graph_is_a_list_of_its_nodes(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 4), *list;
    expect(heap, ouro_build_graph(heap, cls, 50, 3, 1, &list));
    const ouro_value *nodes;
    size_t count, references = 0;
    expect(heap, ouro_sequence_items(list, &nodes, &count));
    assert_int_equal(count, 50);
    for (size_t i = 0; i < count; i++) {
        ouro_object *node = ouro_value_object(nodes[i]);
        assert_int_equal(number_of(node), (int64_t)i + 1);
        references += ouro_object_count(node);
        for (size_t slot = 1; slot <= 3; slot++) {
            int64_t to = number_of(node_in(node, slot));
            assert_true(to >= 1 && to <= 50);
        }
    }
    assert_int_equal(references, 50 + 150);
    check_heap(heap);
    ouro_release(list);
    collect_all(heap);
    assert_int_equal(ouro_heap_live(heap), 1);
    ouro_release(cls);
}

/* The numbers that a graph's references lead to, mixed into one. */
static uint64_t digest(ouro_heap *heap, ouro_object *cls, uint64_t seed) {
    ouro_object *list;
    expect(heap, ouro_build_graph(heap, cls, 1000, 2, seed, &list));
    const ouro_value *nodes;
    size_t count;
    expect(heap, ouro_sequence_items(list, &nodes, &count));
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t slot = 1; slot <= 2; slot++)
            sum = sum * 31 + (uint64_t)number_of(node_in(ouro_value_object(nodes[i]), slot));
    ouro_release(list);
    collect_all(heap);
    return sum;
}

static void the_seed_decides_the_graph(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 3);
    assert_true(digest(heap, cls, 7) == digest(heap, cls, 7));
    assert_true(digest(heap, cls, 7) != digest(heap, cls, 8));
    assert_true(digest(heap, cls, 0) != digest(heap, cls, 1));
    ouro_release(cls);
}

/* With degree 1 and many nodes, about 1/e of them are referred to by none. */
static void references_of_a_graph_are_spread_evenly(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 2), *list;
    size_t nodes = 100 * 1000, lonely = 0, count;
    expect(heap, ouro_build_graph(heap, cls, nodes, 1, 3, &list));
    const ouro_value *items;
    expect(heap, ouro_sequence_items(list, &items, &count));
    for (size_t i = 0; i < count; i++)
        lonely += ouro_object_count(ouro_value_object(items[i])) == 1;
    assert_in_range(lonely, 36288, 37288); /* 36788, three deviations and more */
    ouro_release(list);
    collect_all(heap);
    ouro_release(cls);
}

static void a_graph_may_have_no_nodes_or_no_references(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 1), *list;
    expect(heap, ouro_build_graph(heap, cls, 0, 0, 1, &list));
    ouro_release(list);
    expect(heap, ouro_build_graph(heap, cls, 10, 0, 1, &list));
    ouro_release(list);
    assert_int_equal(ouro_heap_live(heap), 1);
    ouro_release(cls);
}

static void a_derived_class_has_the_slots_of_its_base(void **state) {
    ouro_heap *heap = *state;
    ouro_object *base = new_class(heap, "Base", 1), *cls, *chain;
    const char *const slots[] = {"link"};
    expect(heap, ouro_class_new(heap, "Derived", slots, 1, base, &cls));
    expect(heap, ouro_build_chain(heap, cls, 3, &chain));
    assert_int_equal(number_of(node_in(node_in(chain, 1), 1)), 3);
    ouro_release(chain);
    ouro_release(cls);
    ouro_release(base);
}

/* ---- refusals ---------------------------------------------------------------------------- */

static void expect_refusal(ouro_heap *heap, ouro_status status, ouro_status expected,
                           const char *words) {
    assert_int_equal(status, expected);
    if (strstr(ouro_heap_message(heap), words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", ouro_heap_message(heap), words);
}

static void a_class_must_have_the_slots(void **state) {
    ouro_heap *heap = *state, *other;
    ouro_object *cls = new_class(heap, "Small", 1), *open, *ret = NULL;
    expect_refusal(heap, ouro_build_chain(heap, cls, 3, &ret), OURO_E_TYPE, "Small has 1 slots");
    expect_refusal(heap, ouro_build_tree(heap, cls, 2, SIZE_MAX, &ret), OURO_E_TYPE, "Small");
    expect_refusal(heap, ouro_build_grid(heap, cls, 2, 2, &ret), OURO_E_TYPE, "3 are needed");
    expect_refusal(heap, ouro_build_graph(heap, cls, 2, SIZE_MAX, 1, &ret), OURO_E_TYPE, "Small");
    expect(heap, ouro_class_new(heap, "Open", NULL, 0, NULL, &open));
    expect_refusal(heap, ouro_build_ring(heap, open, 3, &ret), OURO_E_TYPE, "Open has no slots");
    ouro_value list = LIST(heap);
    expect_refusal(heap, ouro_build_ring(heap, ouro_value_object(list), 3, &ret), OURO_E_TYPE,
                   "a class is needed");
    ouro_value_release(list);
    assert_int_equal(ouro_heap_open(NULL, &other), OURO_OK);
    expect_refusal(other, ouro_build_ring(other, cls, 3, &ret), OURO_E_HEAP, "another heap");
    assert_int_equal(ouro_heap_close(other), OURO_OK);
    assert_null(ret);
    ouro_release(open);
    ouro_release(cls);
}

static void sizes_that_cannot_be_are_refused_at_once(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 4), *ret = NULL;
    expect_refusal(heap, ouro_build_chain(heap, cls, 0, &ret), OURO_E_VALUE, "at least one");
    expect_refusal(heap, ouro_build_ring(heap, cls, SIZE_MAX, &ret), OURO_E_VALUE, "memory");
    expect_refusal(heap, ouro_build_tree(heap, cls, 100, 3, &ret), OURO_E_VALUE, "memory");
    expect_refusal(heap, ouro_build_tree(heap, cls, SIZE_MAX, 1, &ret), OURO_E_VALUE, "memory");
    expect_refusal(heap, ouro_build_tree(heap, cls, SIZE_MAX, 2, &ret), OURO_E_VALUE, "memory");
    expect_refusal(heap, ouro_build_grid(heap, cls, 0, 5, &ret), OURO_E_VALUE, "at least one");
    expect_refusal(heap, ouro_build_grid(heap, cls, SIZE_MAX / 2, 9, &ret), OURO_E_VALUE,
                   "memory");
    expect_refusal(heap, ouro_build_graph(heap, cls, SIZE_MAX, 1, 1, &ret), OURO_E_VALUE,
                   "memory");
    assert_null(ret);
    ouro_release(cls);
}

/* ---- failures leave nothing -------------------------------------------------------------- */

static ouro_status build(ouro_heap *heap, ouro_object *cls, int what, ouro_object **ret) {
    switch (what) {
    case 0: return ouro_build_chain(heap, cls, 9000, ret);
    case 1: return ouro_build_ring(heap, cls, 9000, ret);
    case 2: return ouro_build_tree(heap, cls, 9, 2, ret);
    case 3: return ouro_build_grid(heap, cls, 90, 100, ret);
    default: return ouro_build_graph(heap, cls, 9000, 2, 1, ret);
    }
}

/* Finalizers would tell of nodes that nobody has ever seen. */
static void never_called(ouro_object *object) {
    (void)object;
    fail_msg("a finalizer ran");
}

static void without_memory_nothing_remains(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 3);
    for (int what = 0; what < 5; what++) {
        ouro_status status = OURO_E_NOMEM;
        size_t request = 1;
        for (; status != OURO_OK; request++) {
            ouro_object *ret = NULL;
            refuse_from(heap, request);
            expect(heap, ouro_class_set_finalizer(cls, never_called));
            status = build(heap, cls, what, &ret);
            refuse_from(heap, 0);
            if (status != OURO_OK) assert_int_equal(status, OURO_E_NOMEM);
            assert_int_equal(ret != NULL, status == OURO_OK);
            expect(heap, ouro_class_set_finalizer(cls, NULL));
            if (ret != NULL) ouro_release(ret);
            collect_all(heap);
            assert_int_equal(ouro_heap_live(heap), 1);
            check_heap(heap);
        }
    }
    ouro_release(cls);
}

static void a_limit_on_objects_leaves_nothing_behind(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 3), *ret = NULL;
    expect(heap, ouro_class_set_finalizer(cls, never_called));
    for (size_t limit = 1; limit < 60; limit++) {
        ouro_heap_set_limits(heap, limit, 0, 0);
        for (int what = 0; what < 5; what++) {
            expect_refusal(heap, build(heap, cls, what, &ret), OURO_E_LIMIT, "object limit");
            assert_int_equal(ouro_heap_live(heap), 1);
        }
        check_heap(heap);
    }
    assert_null(ret);
    ouro_heap_set_limits(heap, 0, 0, 0);
    ouro_release(cls);
}

static void nodes_have_finalizers_like_any_others(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 3), *tree;
    expect(heap, ouro_class_set_finalizer(cls, never_called));
    expect(heap, ouro_build_tree(heap, cls, 3, 2, &tree));
    ouro_stats stats = {.struct_size = sizeof stats};
    ouro_heap_stats(heap, &stats);
    assert_int_equal(stats.finalizers, 0);
    expect(heap, ouro_class_set_finalizer(cls, NULL));
    ouro_release(tree);
    ouro_release(cls);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_heap, close_heap)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_chain_is_numbered_and_ends_in_nil),
        TEST(a_ring_comes_back_to_its_first),
        TEST(a_tree_is_numbered_level_by_level),
        TEST(trees_of_every_small_shape_have_their_nodes),
        TEST(a_tree_without_children_needs_one_slot),
        TEST(a_grid_leads_right_and_down),
        TEST(a_graph_is_a_list_of_its_nodes),
        TEST(the_seed_decides_the_graph),
        TEST(references_of_a_graph_are_spread_evenly),
        TEST(a_graph_may_have_no_nodes_or_no_references),
        TEST(a_derived_class_has_the_slots_of_its_base),
        TEST(a_class_must_have_the_slots),
        TEST(sizes_that_cannot_be_are_refused_at_once),
        TEST(without_memory_nothing_remains),
        TEST(a_limit_on_objects_leaves_nothing_behind),
        TEST(nodes_have_finalizers_like_any_others),
    };
    return cmocka_run_group_tests_name("build", tests, NULL, NULL);
}
