/* SPDX-License-Identifier: MIT */
/* Collectors of an embedder's own, verification, and collections one step at a time. */
#include "node.h"

#include "collect/policy.h"
#include "collect/question.h"
#include "collect/sweep.h"

static node *new_pair(ouro_heap *heap) {
    node *a = new_plain(heap, 1), *b = new_plain(heap, 2);
    set_ref(a, 0, b);
    give_ref(b, 0, a);
    ouro_retain(&a->header);
    ouro_release(&b->header);
    return a; /* owned */
}

static void add_policy(ouro_heap *heap, const char *name, ouro_collector_fn find) {
    ouro_collector_spec spec = {.struct_size = sizeof spec, .name = name, .find = find};
    assert_int_equal(ouro_policy_new(heap, &spec), OURO_OK);
    assert_int_equal(ouro_policy_set(heap, name), OURO_OK);
}

/* ---- what a collector may claim ---------------------------------------------------------- */

static bool claim_one(ouro_object *object, void *context) {
    assert_int_equal(ouro_collection_claim(context, object), OURO_OK);
    return true;
}

static ouro_status claim_all(ouro_collection *collection, void *user) {
    (void)user;
    ouro_collection_each(collection, false, claim_one, collection);
    return OURO_OK;
}

static bool claim_plain(ouro_object *object, void *context) {
    return strcmp(ouro_type_name(ouro_object_type(object)), "plain") != 0 ||
           claim_one(object, context);
}

static ouro_status claim_nodes(ouro_collection *collection, void *user) {
    (void)user;
    ouro_collection_each(collection, false, claim_plain, collection);
    return OURO_OK;
}

static ouro_status claim_none(ouro_collection *collection, void *user) {
    (void)collection;
    (void)user;
    return OURO_OK;
}

static void a_collector_that_claims_what_is_reached_is_named(void **state) {
    ouro_heap *heap = *state;
    add_policy(heap, "greedy", claim_all);
    node *kept = new_pair(heap);
    size_t found = 9;
    assert_int_equal(ouro_collect(heap, 2, &found), OURO_E_CORRUPT);
    assert_int_equal(found, 0);
    assert_non_null(strstr(ouro_heap_message(heap), "collector 'greedy' claimed a "));
    assert_int_equal(ouro_heap_live(heap), 2);
    check_heap(heap);
    assert_int_equal(ouro_policy_set(heap, "trial"), OURO_OK);
    ouro_release(&kept->header);
    assert_int_equal(collect_all(heap), 2);
}

static void a_right_claim_is_carried_out(void **state) {
    ouro_heap *heap = *state;
    add_policy(heap, "nodes", claim_nodes);
    ouro_verify(heap, true);
    ouro_release(&new_pair(heap)->header);
    assert_int_equal(collect_all(heap), 2);
    node *kept = new_pair(heap);
    size_t found;
    assert_int_equal(ouro_collect(heap, 2, &found), OURO_E_CORRUPT);
    ouro_release(&kept->header);
    assert_int_equal(collect_all(heap), 2);
}

static void what_is_not_claimed_is_told_by_verification(void **state) {
    ouro_heap *heap = *state;
    add_policy(heap, "lazy", claim_none);
    ouro_release(&new_pair(heap)->header);
    assert_int_equal(collect_all(heap), 0);
    ouro_verify(heap, true);
    size_t found;
    assert_int_equal(ouro_collect(heap, 2, &found), OURO_E_CORRUPT);
    assert_non_null(strstr(ouro_heap_message(heap), "collector 'lazy' has missed a plain"));
    assert_int_equal(ouro_policy_set(heap, "generational"), OURO_OK);
    assert_int_equal(collect_all(heap), 2);
}

static ouro_status try_string(ouro_collection *collection, void *user) {
    (void)user;
    ouro_heap *heap = ouro_collection_heap(collection);
    ouro_value text;
    assert_int_equal(ouro_string(heap, "a longer text", 13, &text), OURO_OK);
    ouro_object *object = ouro_value_object(text);
    assert_int_equal(ouro_collection_claim(collection, object), OURO_E_VALUE);
    ouro_release(object);
    return ouro_heap_fail(heap, OURO_E_USER, "given up");
}

static void a_collector_may_give_up(void **state) {
    ouro_heap *heap = *state;
    add_policy(heap, "shy", try_string);
    ouro_release(&new_pair(heap)->header);
    size_t found;
    assert_int_equal(ouro_collect(heap, 2, &found), OURO_E_USER);
    assert_string_equal(ouro_heap_message(heap), "given up");
    check_heap(heap);
    assert_int_equal(ouro_policy_set(heap, "tracing"), OURO_OK);
    assert_int_equal(collect_all(heap), 2);
}

static void names_are_taken_once(void **state) {
    ouro_heap *heap = *state;
    ouro_collector_spec spec = {.struct_size = sizeof spec, .name = "trial", .find = claim_none};
    assert_int_equal(ouro_policy_new(heap, &spec), OURO_E_KEY);
    spec.name = "";
    assert_int_equal(ouro_policy_new(heap, &spec), OURO_E_VALUE);
    char name[] = "own a";
    spec.name = name;
    int made = 0;
    while (ouro_policy_new(heap, &spec) == OURO_OK && made++ < OURO_POLICIES_MAX) name[4]++;
    assert_int_equal(made, OURO_POLICIES_MAX - 5);
    assert_int_equal(ouro_policy_new(heap, &spec), OURO_E_LIMIT);
}

/* ---- a collector of the library's that is wrong ------------------------------------------ */

static const ouro__phase rootless[] = {{"scope", ouro__question_scope, true},
                                       {"count", ouro__question_count, true},
                                       {"survey", ouro__sweep_survey, true},
                                       {NULL, NULL, false}};
static const ouro__policy wrong = {
    .name = "rootless", .description = "frees all", .phases = rootless, .due = NULL};

static void a_planted_wrong_collector_is_caught(void **state) {
    ouro_heap *heap = *state;
    node *kept = new_pair(heap);
    heap->customs[heap->custom_count++] = &wrong;
    assert_int_equal(ouro_policy_set(heap, "rootless"), OURO_OK);
    ouro_verify(heap, true);
    size_t found;
    assert_int_equal(ouro_collect(heap, 2, &found), OURO_E_CORRUPT);
    assert_non_null(strstr(ouro_heap_message(heap), "collector 'rootless' would have freed a "));
    assert_int_equal(ouro_heap_live(heap), 2);
    check_heap(heap);
    assert_int_equal(ouro_policy_set(heap, "generational"), OURO_OK);
    heap->custom_count--;
    uint64_t verified = ouro_verified(heap);
    ouro_release(&kept->header);
    assert_int_equal(collect_all(heap), 2);
    assert_int_equal(ouro_verified(heap), verified + 1);
}

/* ---- one step at a time ------------------------------------------------------------------ */

static size_t steps_to_end(ouro_heap *heap, bool phase) {
    size_t steps = 0;
    for (bool more = true; more; steps++) {
        assert_int_equal(ouro_step(heap, phase, &more), OURO_OK);
        assert_true(steps < 10000);
    }
    return steps;
}

static void stepping_finds_what_collecting_finds(void **state) {
    ouro_heap *heap = *state;
    const char *name;
    for (size_t p = 0; (name = ouro_policy_at(p, NULL)) != NULL; p++) {
        assert_int_equal(ouro_policy_set(heap, name), OURO_OK);
        node *kept = new_pair(heap), *dead = new_pair(heap);
        ouro_release(&dead->header);
        ouro_retain(&kept->header);
        ouro_release(&kept->header);
        assert_int_equal(ouro_step_begin(heap), OURO_OK);
        assert_int_equal(ouro_step_begin(heap), OURO_E_BUSY);
        assert_true(ouro_collect_is_running(heap));
        assert_true(steps_to_end(heap, p % 2 == 1) > 4);
        assert_string_equal(ouro_step_phase(heap), "free");
        uint64_t trial;
        assert_int_equal(ouro_step_colour(&dead->header, &trial), OURO_COLOUR_WHITE);
        assert_int_equal(trial, 1);
        assert_int_not_equal(ouro_step_colour(&kept->header, NULL), OURO_COLOUR_WHITE);
        size_t found;
        assert_int_equal(ouro_step_end(heap, false, &found), OURO_OK);
        assert_int_equal(found, 2);
        assert_null(ouro_step_phase(heap));
        assert_int_equal(ouro_step_end(heap, false, &found), OURO_E_BUSY);
        check_heap(heap);
        ouro_release(&kept->header);
        assert_int_equal(collect_all(heap), 2);
    }
}

static void giving_up_changes_nothing(void **state) {
    ouro_heap *heap = *state;
    const char *name;
    for (size_t p = 0; (name = ouro_policy_at(p, NULL)) != NULL; p++) {
        assert_int_equal(ouro_policy_set(heap, name), OURO_OK);
        ouro_release(&new_pair(heap)->header);
        for (int steps = 0; steps < 30; steps += 3) {
            assert_int_equal(ouro_step_begin(heap), OURO_OK);
            for (int i = 0; i < steps; i++)
                assert_int_equal(ouro_step(heap, false, NULL), OURO_OK);
            assert_int_equal(ouro_step_end(heap, true, NULL), OURO_OK);
            check_heap(heap);
            assert_int_equal(ouro_heap_live(heap), 2);
        }
        assert_int_equal(collect_all(heap), 2);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_node_heap, close_node_heap)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_collector_that_claims_what_is_reached_is_named),
        TEST(a_right_claim_is_carried_out),
        TEST(what_is_not_claimed_is_told_by_verification),
        TEST(a_collector_may_give_up),
        TEST(names_are_taken_once),
        TEST(a_planted_wrong_collector_is_caught),
        TEST(stepping_finds_what_collecting_finds),
        TEST(giving_up_changes_nothing),
    };
    return cmocka_run_group_tests_name("collector", tests, NULL, NULL);
}
