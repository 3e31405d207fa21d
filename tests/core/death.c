/* SPDX-License-Identifier: MIT */
/* Death by count: promptness, order, resurrection, and that nothing recurses. */
#include "node.h"

static void a_released_object_is_finalized_at_once(void **state) {
    ouro_heap *heap = *state;
    ouro_release(&new_node(heap, 1)->header);
    EXPECT_LOG(heap, 1);
    assert_int_equal(ouro_heap_live(heap), 0);
}

static void only_the_last_reference_kills(void **state) {
    ouro_heap *heap = *state;
    node *n = new_node(heap, 1);
    ouro_retain(&n->header);
    ouro_release(&n->header);
    assert_int_equal(((node_log *)ouro_heap_user(heap))->count, 0);
    ouro_release(&n->header);
    EXPECT_LOG(heap, 1);
}

static void a_tree_dies_depth_first_in_field_order(void **state) {
    ouro_heap *heap = *state;
    node *root = new_node(heap, 1);
    node *left = new_node(heap, 2), *right = new_node(heap, 5);
    give_ref(left, 0, new_node(heap, 3));
    give_ref(left, 1, new_node(heap, 4));
    give_ref(root, 0, left);
    give_ref(root, 1, right);
    ouro_release(&root->header);
    EXPECT_LOG(heap, 1, 2, 3, 4, 5);
}

static void a_shared_child_dies_after_the_last_that_kept_it(void **state) {
    ouro_heap *heap = *state;
    node *root = new_node(heap, 1), *a = new_node(heap, 2), *b = new_node(heap, 3);
    node *shared = new_node(heap, 4);
    set_ref(a, 0, shared);
    set_ref(b, 0, shared);
    ouro_release(&shared->header);
    give_ref(root, 0, a);
    give_ref(root, 1, b);
    ouro_release(&root->header);
    EXPECT_LOG(heap, 1, 2, 3, 4);
}

static void children_that_others_keep_live_on(void **state) {
    ouro_heap *heap = *state;
    node *root = new_node(heap, 1), *child = new_node(heap, 2);
    set_ref(root, 0, child);
    ouro_release(&root->header);
    EXPECT_LOG(heap, 1);
    assert_int_equal(child->header.count, 1);
    ouro_release(&child->header);
    EXPECT_LOG(heap, 1, 2);
}

static void look_at_child(node *n) {
    node *child = (node *)(void *)ouro_value_object(n->ref[0]);
    if (child != NULL) log_add(log_of(&n->header), 100 + (int64_t)child->header.count);
}

static void finalizers_see_the_whole_set_intact(void **state) {
    ouro_heap *heap = *state;
    ((node_log *)ouro_heap_user(heap))->in_finalizer = look_at_child;
    node *root = new_node(heap, 1), *child = new_node(heap, 2);
    give_ref(child, 0, new_plain(heap, 3));
    give_ref(root, 0, child);
    ouro_release(&root->header);
    EXPECT_LOG(heap, 1, 101, 2, 101);
}

static void keep(node *n) {
    node_log *log = log_of(&n->header);
    if (log->kept == NULL) {
        ouro_retain(&n->header);
        log->kept = &n->header;
    }
}

static void a_resurrected_object_lives_on_whole_and_is_not_finalized_again(void **state) {
    ouro_heap *heap = *state;
    node_log *log = ouro_heap_user(heap);
    log->in_finalizer = keep;
    node *root = new_node(heap, 1), *child = new_node(heap, 2);
    give_ref(root, 0, child);
    ouro_object *weak;
    assert_int_equal(ouro_weak_new(&child->header, NULL, OURO_NIL, &weak), OURO_OK);
    ouro_release(&root->header);
    EXPECT_LOG(heap, 1, 2);
    assert_ptr_equal(log->kept, root);
    assert_ptr_equal(ouro_weak_get(weak), child);
    assert_int_equal(root->header.count, 1);
    assert_int_equal(child->header.count, 1);
    check_heap(heap);
    ouro_release(&root->header);
    EXPECT_LOG(heap, 1, 2);
    assert_null(ouro_weak_get(weak));
    ouro_release(weak);
    assert_int_equal(ouro_heap_live(heap), 0);
}

static void cut(node *n) {
    ouro_value_store(&n->ref[0], OURO_NIL);
}

static void a_finalizer_may_cut_its_own_references(void **state) {
    ouro_heap *heap = *state;
    ((node_log *)ouro_heap_user(heap))->in_finalizer = cut;
    node *first = new_node(heap, 1), *second = new_node(heap, 2), *third = new_node(heap, 3);
    give_ref(second, 0, third);
    give_ref(first, 0, second);
    ouro_release(&first->header);
    EXPECT_LOG(heap, 1, 2, 3);
    assert_int_equal(ouro_heap_live(heap), 0);
}

static void make_another(node *n) {
    if (n->label >= 200) return;
    ouro_release(&new_node(ouro_object_heap(&n->header), n->label + 1)->header);
}

static void finalizers_that_make_and_drop_objects_use_bounded_stack(void **state) {
    ouro_heap *heap = *state;
    ((node_log *)ouro_heap_user(heap))->in_finalizer = make_another;
    ouro_release(&new_node(heap, 1)->header);
    assert_int_equal(((node_log *)ouro_heap_user(heap))->count, 200);
    assert_int_equal(ouro_heap_live(heap), 0);
}

static node *new_chain(ouro_heap *heap, int64_t length) {
    node *head = NULL;
    for (int64_t i = 0; i < length; i++) {
        node *n = new_plain(heap, i);
        if (head != NULL) give_ref(n, 0, head);
        head = n;
    }
    return head;
}

static void a_chain_of_a_million_dies_without_stack(void **state) {
    ouro_heap *heap = *state;
    ouro_release(&new_chain(heap, 1000000)->header);
    assert_int_equal(ouro_heap_live(heap), 0);
}

static void a_long_chain_with_a_finalizer_at_its_end_dies_without_stack(void **state) {
    ouro_heap *heap = *state;
    node *last = new_node(heap, 7);
    node *head = new_chain(heap, 300000);
    node *end = head;
    while (!ouro_value_is_nil(end->ref[0])) end = (node *)(void *)ouro_value_object(end->ref[0]);
    give_ref(end, 1, last);
    ouro_release(&head->header);
    EXPECT_LOG(heap, 7);
    assert_int_equal(ouro_heap_live(heap), 0);
}

static void a_held_object_waits_for_its_holder(void **state) {
    ouro_heap *heap = *state;
    node *n = new_node(heap, 1);
    ouro_object_hold(&n->header);
    ouro_release(&n->header);
    assert_int_equal(((node_log *)ouro_heap_user(heap))->count, 0);
    check_heap(heap);
    ouro_object_unhold(&n->header);
    EXPECT_LOG(heap, 1);
}

static void a_held_child_survives_its_parent(void **state) {
    ouro_heap *heap = *state;
    node *root = new_node(heap, 1), *child = new_node(heap, 2);
    ouro_object_hold(&child->header);
    give_ref(root, 0, child);
    ouro_release(&root->header);
    EXPECT_LOG(heap, 1);
    check_heap(heap);
    ouro_object_unhold(&child->header);
    EXPECT_LOG(heap, 1, 2);
}

static void the_new_value_is_in_place_when_the_old_dies(void **state) {
    ouro_heap *heap = *state;
    node *holder = new_plain(heap, 9);
    give_ref(holder, 0, new_node(heap, 1));
    ((node_log *)ouro_heap_user(heap))->kept = &holder->header;
    node *fresh = new_plain(heap, 5);
    set_ref(holder, 0, fresh);
    assert_int_equal(fresh->header.count, 2);
    EXPECT_LOG(heap, 1);
    ouro_release(&fresh->header);
    ouro_release(&holder->header);
}

static void pins_keep_and_are_counted(void **state) {
    ouro_heap *heap = *state;
    node *n = new_node(heap, 1);
    assert_int_equal(ouro_object_unpin(&n->header), OURO_E_VALUE);
    assert_int_equal(ouro_object_pin(&n->header), OURO_OK);
    ouro_release(&n->header);
    check_heap(heap);
    assert_int_equal(n->header.count, 1);
    assert_int_equal(ouro_object_unpin(&n->header), OURO_OK);
    EXPECT_LOG(heap, 1);
}

static void ids_are_given_in_order_of_asking_and_never_reused(void **state) {
    ouro_heap *heap = *state;
    node *a = new_plain(heap, 1), *b = new_plain(heap, 2);
    uint64_t id;
    assert_int_equal(ouro_object_known_id(&b->header), 0);
    assert_int_equal(ouro_object_id(&b->header, &id), OURO_OK);
    assert_int_equal(id, 1);
    assert_int_equal(ouro_object_id(&a->header, &id), OURO_OK);
    assert_int_equal(id, 2);
    assert_ptr_equal(ouro_object_by_id(heap, 1), b);
    ouro_release(&b->header);
    assert_null(ouro_object_by_id(heap, 1));
    b = new_plain(heap, 3);
    assert_int_equal(ouro_object_id(&b->header, &id), OURO_OK);
    assert_int_equal(id, 3);
    ouro_release(&a->header);
    ouro_release(&b->header);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_node_heap, close_node_heap)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_released_object_is_finalized_at_once),
        TEST(only_the_last_reference_kills),
        TEST(a_tree_dies_depth_first_in_field_order),
        TEST(a_shared_child_dies_after_the_last_that_kept_it),
        TEST(children_that_others_keep_live_on),
        TEST(finalizers_see_the_whole_set_intact),
        TEST(a_resurrected_object_lives_on_whole_and_is_not_finalized_again),
        TEST(a_finalizer_may_cut_its_own_references),
        TEST(finalizers_that_make_and_drop_objects_use_bounded_stack),
        TEST(a_chain_of_a_million_dies_without_stack),
        TEST(a_long_chain_with_a_finalizer_at_its_end_dies_without_stack),
        TEST(a_held_object_waits_for_its_holder),
        TEST(a_held_child_survives_its_parent),
        TEST(the_new_value_is_in_place_when_the_old_dies),
        TEST(pins_keep_and_are_counted),
        TEST(ids_are_given_in_order_of_asking_and_never_reused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("death", tests, NULL, NULL);
}
