/* SPDX-License-Identifier: MIT */
/* Referrers: each counted reference is found once, with its label, and nothing else is. */
#include "looking.h"

typedef struct ledger {
    char text[1024]; /* "label of type; " for each, in the order told */
    size_t count;
    size_t limit; /* stop after so many; 0: never */
} ledger;

static void add_key(char *end, size_t room, ouro_value key) {
    const char *text;
    size_t length;
    int64_t integer;
    if (ouro_value_as_string(key, &text, &length)) snprintf(end, room, "[%s]", text);
    else if (ouro_value_as_integer(key, &integer)) snprintf(end, room, "[%d]", (int)integer);
    else snprintf(end, room, "[?]");
}

static bool enter(ouro_object *referrer, const ouro_label *label, void *context) {
    ledger *l = context;
    size_t used = strlen(l->text);
    char *end = l->text + used;
    size_t room = sizeof l->text - used;
    switch (label->kind) {
    case OURO_LABEL_NAME: snprintf(end, room, "%.*s", (int)label->length, label->text); break;
    case OURO_LABEL_INDEX: snprintf(end, room, "%zu", label->index); break;
    case OURO_LABEL_KEY: snprintf(end, room, "key"); break;
    case OURO_LABEL_VALUE: add_key(end, room, label->key); break;
    }
    used = strlen(l->text);
    if (referrer != NULL)
        snprintf(l->text + used, sizeof l->text - used, " of %s",
                 ouro_type_name(ouro_object_type(referrer)));
    strncat(l->text, "; ", sizeof l->text - strlen(l->text) - 1);
    l->count++;
    return l->count != l->limit;
}

static void expect_referrers(ouro_object *target, const char *expected) {
    ledger l = {.count = 0};
    ouro_object_referrers(target, enter, &l);
    assert_string_equal(l.text, expected);
}

static void an_object_that_only_c_code_refers_to_has_none(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = LIST(heap);
    expect_referrers(ouro_value_object(v), "");
    ouro_value_release(v);
}

static void items_entries_and_slots_are_named(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 2), *node = new_record(heap, cls);
    ouro_value target = TUPLE(heap);
    set_slot(node, 1, again(target));
    expect_referrers(ouro_value_object(target), "next of Node; ");
    ouro_release(node);
    ouro_value list = LIST(heap, OURO_NIL, again(target), again(target));
    expect_referrers(ouro_value_object(target), "2 of list; 3 of list; ");
    ouro_value_release(list);
    ouro_value dict = DICT(heap, str(heap, "k"), again(target), again(target), INT(1));
    expect_referrers(ouro_value_object(target), "[k] of dict; key of dict; ");
    ouro_value_release(dict);
    ouro_value set = SET(heap, again(target));
    expect_referrers(ouro_value_object(target), "key of set; ");
    ouro_value_release(set);
    ouro_value_release(target);
    ouro_release(cls);
}

static void a_frame_gives_names(void **state) {
    ouro_heap *heap = *state;
    ouro_object *main_frame = ouro_frame_main(heap);
    ouro_value target = LIST(heap);
    expect(heap, ouro_frame_set(main_frame, "x", 1, target));
    expect(heap, ouro_frame_set(main_frame, "other", 5, target));
    expect_referrers(ouro_value_object(target), "x of frame; other of frame; ");
    ouro_value_release(target);
}

static void an_object_that_refers_to_itself_is_its_own_referrer(void **state) {
    ouro_heap *heap = *state;
    ouro_value list = LIST(heap);
    append(heap, list, again(list));
    expect_referrers(ouro_value_object(list), "1 of list; ");
    ouro_object_clear(ouro_value_object(list));
    ouro_value_release(list);
}

static void pins_come_after_objects_and_without_one(void **state) {
    ouro_heap *heap = *state;
    ouro_value target = LIST(heap), list = LIST(heap, again(target));
    ouro_object *object = ouro_value_object(target);
    expect(heap, ouro_object_pin(object));
    expect(heap, ouro_object_pin(object));
    expect_referrers(object, "1 of list; pin; pin; ");
    expect(heap, ouro_object_unpin(object));
    expect_referrers(object, "1 of list; pin; ");
    expect(heap, ouro_object_unpin(object));
    ouro_value_release(list);
    ouro_value_release(target);
}

static void the_heap_says_what_it_refers_to_itself(void **state) {
    ouro_heap *heap = *state;
    expect_referrers(ouro_frame_main(heap), "frame stack; ");
    ouro_value target = LIST(heap);
    ouro_object *record;
    expect(heap, ouro_finalize_new(ouro_value_object(target), NULL, OURO_NIL, &record));
    expect_referrers(record, "pending finalize record; ");
    ouro_value_release(target);
    expect_referrers(record, "");
    ouro_release(record);
}

static void instances_and_subclasses_refer_to_a_class(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 2), *node = new_record(heap, cls), *derived;
    expect(heap, ouro_class_new(heap, "Derived", (const char *const[]){""}, 0, cls, &derived));
    ledger l = {.count = 0};
    ouro_object_referrers(cls, enter, &l);
    assert_int_equal(l.count, 2);
    assert_non_null(strstr(l.text, "class of Node; "));
    assert_non_null(strstr(l.text, "base of class; "));
    ouro_release(node);
    ouro_release(derived);
    ouro_release(cls);
}

static void watchers_and_their_arguments(void **state) {
    ouro_heap *heap = *state;
    ouro_value target = LIST(heap), argument = LIST(heap);
    ouro_object *weak;
    expect(heap, ouro_weak_new(ouro_value_object(target), NULL, argument, &weak));
    expect_referrers(ouro_value_object(target), "");
    ledger l = {.count = 0};
    ouro_object_referrers(ouro_value_object(argument), enter, &l);
    assert_int_equal(l.count, 1);
    ouro_release(weak);
    ouro_value_release(target);
    ouro_value_release(argument);
}

static void saved_garbage_is_referred_to_by_the_heaps_list(void **state) {
    ouro_heap *heap = *state;
    ouro_value list = LIST(heap);
    append(heap, list, again(list));
    ouro_object *object = ouro_value_object(list);
    ouro_value_release(list);
    ouro_saveall(heap, true);
    expect(heap, ouro_collect(heap, 2, NULL));
    ledger l = {.count = 0};
    ouro_object_referrers(object, enter, &l);
    assert_int_equal(l.count, ouro_object_count(object));
    assert_int_equal(l.count, 2);
    ouro_saveall(heap, false);
    ouro_object_clear(object);
    ouro_object *garbage;
    expect(heap, ouro_garbage(heap, &garbage));
    ouro_object_clear(garbage);
}

static void strings_have_referrers_too(void **state) {
    ouro_heap *heap = *state;
    ouro_value text = str(heap, "text"), list = LIST(heap, again(text));
    expect_referrers(ouro_value_object(text), "1 of list; ");
    ouro_value_release(list);
    ouro_value_release(text);
}

static void the_caller_may_stop_at_any_reference(void **state) {
    ouro_heap *heap = *state;
    ouro_value target = LIST(heap);
    ouro_object *object = ouro_value_object(target);
    ouro_value a = LIST(heap, again(target), again(target)), b = LIST(heap, again(target));
    expect(heap, ouro_object_pin(object));
    for (size_t limit = 1; limit <= 4; limit++) {
        ledger l = {.limit = limit};
        ouro_object_referrers(object, enter, &l);
        assert_int_equal(l.count, limit);
    }
    expect(heap, ouro_object_unpin(object));
    ouro_value_release(a);
    ouro_value_release(b);
    ouro_value_release(target);
}

static void searching_needs_no_memory_and_changes_no_count(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 3), *grid;
    expect(heap, ouro_build_grid(heap, cls, 30, 30, &grid));
    ouro_object *below = ouro_value_object(ouro_record_slot(grid, 2));
    ouro_object *center = ouro_value_object(ouro_record_slot(below, 1));
    refuse_from(heap, 1);
    expect_referrers(center, "other of Node; next of Node; ");
    refuse_from(heap, 0);
    assert_int_equal(ouro_object_count(center), 2);
    ouro_release(grid);
    ouro_release(cls);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_heap, close_heap)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_object_that_only_c_code_refers_to_has_none),
        TEST(items_entries_and_slots_are_named),
        TEST(a_frame_gives_names),
        TEST(an_object_that_refers_to_itself_is_its_own_referrer),
        TEST(pins_come_after_objects_and_without_one),
        TEST(the_heap_says_what_it_refers_to_itself),
        TEST(instances_and_subclasses_refer_to_a_class),
        TEST(watchers_and_their_arguments),
        TEST(saved_garbage_is_referred_to_by_the_heaps_list),
        TEST(strings_have_referrers_too),
        TEST(the_caller_may_stop_at_any_reference),
        TEST(searching_needs_no_memory_and_changes_no_count),
    };
    return cmocka_run_group_tests_name("referrers", tests, NULL, NULL);
}
