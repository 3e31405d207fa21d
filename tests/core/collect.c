/* SPDX-License-Identifier: MIT */
/* Collections: what they find, in which order it dies, what they refuse. */
#include "node.h"

static node *new_ring(ouro_heap *heap, node *(*make_one)(ouro_heap *, int64_t), int64_t length) {
    node *first = make_one(heap, 1), *last = first;
    for (int64_t i = 2; i <= length; i++) {
        node *n = make_one(heap, i);
        give_ref(last, 0, n);
        last = n;
    }
    set_ref(last, 0, first);
    return first;
}

static void a_dropped_ring_waits_for_a_collection(void **state) {
    ouro_heap *heap = *state;
    ouro_release(&new_ring(heap, new_plain, 1000)->header);
    assert_int_equal(ouro_heap_live(heap), 1000);
    assert_int_equal(collect_all(heap), 1000);
    assert_int_equal(collect_all(heap), 0);
    assert_int_equal(ouro_heap_live(heap), 0);
}

static void one_outside_reference_protects_a_whole_ring(void **state) {
    ouro_heap *heap = *state;
    node *first = new_ring(heap, new_node, 5);
    assert_int_equal(collect_all(heap), 0);
    ouro_release(&first->header);
    assert_int_equal(collect_all(heap), 5);
}

static void a_collected_set_is_finalized_oldest_first(void **state) {
    ouro_heap *heap = *state;
    node *nodes[6];
    for (int i = 0; i < 6; i++) nodes[i] = new_node(heap, i + 1);
    const int next[6] = {3, 5, 1, 4, 2, 0};
    for (int i = 0; i < 6; i++) set_ref(nodes[i], 0, nodes[next[i]]);
    for (int i = 0; i < 6; i++) ouro_release(&nodes[i]->header);
    assert_int_equal(collect_all(heap), 6);
    EXPECT_LOG(heap, 1, 2, 3, 4, 5, 6);
}

static void birth_order_holds_when_cells_are_reused(void **state) {
    ouro_heap *heap = *state;
    node *holes[50];
    for (int i = 0; i < 50; i++) holes[i] = new_node(heap, 100);
    for (int i = 0; i < 50; i += 3) ouro_release(&holes[i]->header);
    ((node_log *)ouro_heap_user(heap))->count = 0;
    ouro_release(&new_ring(heap, new_node, 9)->header);
    assert_int_equal(collect_all(heap), 9);
    EXPECT_LOG(heap, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    for (int i = 0; i < 50; i++)
        if (i % 3 != 0) ouro_release(&holes[i]->header);
}

static void a_held_ring_is_live(void **state) {
    ouro_heap *heap = *state;
    node *first = new_ring(heap, new_plain, 4);
    ouro_object_hold(&first->header);
    ouro_release(&first->header);
    assert_int_equal(collect_all(heap), 0);
    ouro_object_unhold(&first->header);
    assert_int_equal(collect_all(heap), 4);
}

static void keep_first(node *n) {
    node_log *log = log_of(&n->header);
    if (n->label != 1) return;
    ouro_retain(&n->header);
    log->kept = &n->header;
}

static void one_ring_resurrects_itself_the_other_dies(void **state) {
    ouro_heap *heap = *state;
    node_log *log = ouro_heap_user(heap);
    log->in_finalizer = keep_first;
    node *saved = new_ring(heap, new_node, 2);
    ouro_release(&saved->header);
    node *x = new_node(heap, 8), *y = new_node(heap, 9);
    set_ref(x, 0, y);
    set_ref(y, 0, x);
    ouro_release(&x->header);
    ouro_release(&y->header);
    assert_int_equal(collect_all(heap), 2);
    EXPECT_LOG(heap, 1, 2, 8, 9);
    check_heap(heap);
    assert_int_equal(ouro_heap_live(heap), 2);
    ouro_release(log->kept);
    assert_int_equal(collect_all(heap), 2);
    EXPECT_LOG(heap, 1, 2, 8, 9);
}

static void collect_within(node *n) {
    size_t found = 77;
    assert_int_equal(ouro_collect(ouro_object_heap(&n->header), 2, &found), OURO_OK);
    log_add(log_of(&n->header), 1000 + (int64_t)found);
    node *x = new_plain(ouro_object_heap(&n->header), 1);
    set_ref(x, 0, x);
    ouro_release(&x->header);
}

static void a_collection_within_a_collection_does_nothing(void **state) {
    ouro_heap *heap = *state;
    ((node_log *)ouro_heap_user(heap))->in_finalizer = collect_within;
    ouro_release(&new_ring(heap, new_node, 1)->header);
    assert_int_equal(collect_all(heap), 1);
    EXPECT_LOG(heap, 1, 1000);
    assert_int_equal(collect_all(heap), 1);
}

static void a_dying_set_is_invisible_to_a_collection_it_starts(void **state) {
    ouro_heap *heap = *state;
    ((node_log *)ouro_heap_user(heap))->in_finalizer = collect_within;
    node *root = new_node(heap, 1);
    give_ref(root, 0, new_plain(heap, 2));
    ouro_release(&root->header);
    EXPECT_LOG(heap, 1, 1000);
    assert_int_equal(collect_all(heap), 1);
    assert_int_equal(ouro_heap_live(heap), 0);
}

static void garbage_lets_go_of_what_it_alone_kept(void **state) {
    ouro_heap *heap = *state;
    node *first = new_ring(heap, new_plain, 3);
    node *kept = new_plain(heap, 4);
    set_ref(first, 1, kept);
    ouro_value text;
    assert_int_equal(ouro_string(heap, "text", 4, &text), OURO_OK);
    ouro_value_store(&first->ref[2], text);
    ouro_value_release(text);
    ouro_release(&first->header);
    assert_int_equal(kept->header.count, 2);
    assert_int_equal(collect_all(heap), 3);
    assert_int_equal(kept->header.count, 1);
    ouro_release(&kept->header);
}

static void more_than_255_references_to_one_object_are_counted(void **state) {
    ouro_heap *heap = *state;
    node *hub = new_plain(heap, 1);
    for (int i = 0; i < 1000; i++) {
        node *spoke = new_plain(heap, 2);
        set_ref(spoke, 0, hub);
        ouro_value previous = hub->ref[1];
        if (ouro_value_is_object(previous))
            set_ref(spoke, 1, (node *)(void *)ouro_value_object(previous));
        set_ref(hub, 1, spoke);
        ouro_release(&spoke->header);
    }
    assert_int_equal(collect_all(heap), 0);
    ouro_release(&hub->header);
    assert_int_equal(collect_all(heap), 1001);
}

static void generations_age_and_protect(void **state) {
    ouro_heap *heap = *state;
    node *first = new_ring(heap, new_plain, 2);
    size_t found;
    assert_int_equal(ouro_object_generation(&first->header), 0);
    assert_int_equal(ouro_collect(heap, 0, &found), OURO_OK);
    assert_int_equal(ouro_object_generation(&first->header), 1);
    assert_int_equal(ouro_collect(heap, 1, &found), OURO_OK);
    assert_int_equal(ouro_object_generation(&first->header), 2);
    ouro_release(&first->header);
    assert_int_equal(ouro_collect(heap, 0, &found), OURO_OK);
    assert_int_equal(found, 0);
    assert_int_equal(ouro_collect(heap, 1, &found), OURO_OK);
    assert_int_equal(found, 0);
    assert_int_equal(collect_all(heap), 2);
    assert_int_equal(ouro_collect(heap, 3, &found), OURO_E_VALUE);
    assert_int_equal(ouro_collect(heap, -1, &found), OURO_E_VALUE);
}

static void young_garbage_dies_in_a_young_collection(void **state) {
    ouro_heap *heap = *state;
    node *old = new_plain(heap, 1);
    collect_all(heap);
    node *ring = new_ring(heap, new_plain, 10);
    set_ref(ring, 1, old);
    ouro_release(&ring->header);
    size_t found;
    assert_int_equal(ouro_collect(heap, 0, &found), OURO_OK);
    assert_int_equal(found, 10);
    assert_int_equal(old->header.count, 1);
    ouro_release(&old->header);
}

static void frozen_objects_are_left_alone(void **state) {
    ouro_heap *heap = *state;
    ouro_release(&new_ring(heap, new_plain, 3)->header);
    ouro_freeze(heap);
    assert_int_equal(ouro_frozen(heap), 3);
    assert_int_equal(collect_all(heap), 0);
    ouro_unfreeze(heap);
    assert_int_equal(ouro_frozen(heap), 0);
    assert_int_equal(collect_all(heap), 3);
}

static void saveall_keeps_what_would_be_freed(void **state) {
    ouro_heap *heap = *state;
    ouro_saveall(heap, true);
    ouro_release(&new_ring(heap, new_node, 3)->header);
    assert_int_equal(collect_all(heap), 3);
    ouro_object *list;
    const ouro_value *items;
    size_t count;
    assert_int_equal(ouro_garbage(heap, &list), OURO_OK);
    assert_int_equal(ouro_sequence_items(list, &items, &count), OURO_OK);
    assert_int_equal(count, 3);
    assert_int_equal(((node_log *)ouro_heap_user(heap))->count, 0);
    check_heap(heap);
    ouro_saveall(heap, false);
    assert_int_equal(ouro_list_remove(list, 0, 3), OURO_OK);
    assert_int_equal(collect_all(heap), 3);
    EXPECT_LOG(heap, 1, 2, 3);
}

static bool count_leak(ouro_object *object, void *context) {
    (void)object;
    ++*(size_t *)context;
    return true;
}

static void leaked_tells_without_collecting(void **state) {
    ouro_heap *heap = *state;
    node *live = new_ring(heap, new_plain, 2);
    ouro_release(&new_ring(heap, new_plain, 7)->header);
    size_t leaks = 0;
    assert_int_equal(ouro_heap_leaked(heap, count_leak, &leaks), OURO_OK);
    assert_int_equal(leaks, 7);
    assert_int_equal(ouro_heap_live(heap), 9);
    check_heap(heap);
    ouro_release(&live->header);
    assert_int_equal(collect_all(heap), 9);
}

static void lie(ouro_object *object, ouro_visit_fn visit, void *context) {
    node *n = (node *)(void *)object;
    if (ouro_value_is_nil(n->ref[0])) return;
    for (int i = 0; i < 3; i++) visit(ouro_value_object(n->ref[0]), context);
}

static void clear_liar(ouro_object *object) {
    ouro_value_store(&((node *)(void *)object)->ref[0], OURO_NIL);
}

static void a_wrong_traverse_is_refused_before_anything_is_freed(void **state) {
    ouro_heap *heap = *state;
    ouro_type_spec spec = {.struct_size = sizeof spec,
                           .name = "liar",
                           .size = sizeof(node),
                           .traverse = lie,
                           .clear = clear_liar};
    ouro_type *liar;
    assert_int_equal(ouro_type_new(heap, &spec, &liar), OURO_OK);
    node *n = make(heap, liar, 1), *victim = new_plain(heap, 2);
    n->ref[0] = ouro_value_of_object(&victim->header);
    size_t found;
    ouro_retain(&n->header); /* so that policies that look at what was touched look */
    ouro_release(&n->header);
    assert_int_equal(ouro_collect(heap, 2, &found), OURO_E_CORRUPT);
    assert_non_null(strstr(ouro_heap_message(heap), "by the type liar"));
    assert_int_equal(victim->header.count, 1);
    clear_liar(&n->header); /* the victim's only reference goes */
    assert_int_equal(ouro_heap_live(heap), 1);
    n->ref[0] = ouro_value_of_object(NULL);
    ouro_release(&n->header);
}

static void automatic_collection_keeps_up(void **state) {
    ouro_heap *heap = *state;
    ouro_collect_enable(heap, true);
    size_t most = 0;
    for (int i = 0; i < 300000; i++) {
        node *x = new_plain(heap, i);
        set_ref(x, 0, x);
        ouro_release(&x->header);
        ouro_safe_point(heap);
        if (ouro_heap_live(heap) > most) most = ouro_heap_live(heap);
    }
    assert_true(most < 20000);
}

static void the_refcount_policy_never_collects_on_its_own(void **state) {
    ouro_heap *heap = *state;
    ouro_collect_enable(heap, true);
    assert_int_equal(ouro_policy_set(heap, "nonsense"), OURO_E_KEY);
    assert_int_equal(ouro_policy_set(heap, "refcount"), OURO_OK);
    for (int i = 0; i < 30000; i++) {
        node *x = new_plain(heap, i);
        set_ref(x, 0, x);
        ouro_release(&x->header);
        ouro_safe_point(heap);
    }
    assert_int_equal(ouro_heap_live(heap), 30000);
    assert_int_equal(collect_all(heap), 30000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_node_heap, close_node_heap)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_dropped_ring_waits_for_a_collection),
        TEST(one_outside_reference_protects_a_whole_ring),
        TEST(a_collected_set_is_finalized_oldest_first),
        TEST(birth_order_holds_when_cells_are_reused),
        TEST(a_held_ring_is_live),
        TEST(one_ring_resurrects_itself_the_other_dies),
        TEST(a_collection_within_a_collection_does_nothing),
        TEST(a_dying_set_is_invisible_to_a_collection_it_starts),
        TEST(garbage_lets_go_of_what_it_alone_kept),
        TEST(more_than_255_references_to_one_object_are_counted),
        TEST(generations_age_and_protect),
        TEST(young_garbage_dies_in_a_young_collection),
        TEST(frozen_objects_are_left_alone),
        TEST(saveall_keeps_what_would_be_freed),
        TEST(leaked_tells_without_collecting),
        TEST(a_wrong_traverse_is_refused_before_anything_is_freed),
        TEST(automatic_collection_keeps_up),
        TEST(the_refcount_policy_never_collects_on_its_own),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("collect", tests, NULL, NULL);
}
