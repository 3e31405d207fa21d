/* SPDX-License-Identifier: MIT */
/* Tests of object/events.c: what a listener costs those who do not listen. */
#include <ouro.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct told {
    int settled, deaths;
} told;

static void settle(void *user, ouro_heap *heap, ouro_settle_reason reason) {
    (void)heap;
    ((told *)user)->settled += reason == OURO_SETTLE_PROMPT;
}

static void listen(ouro_heap *heap, const ouro_event *event, void *user) {
    (void)heap;
    ((told *)user)->deaths += event->kind == OURO_EVENT_DEATH;
}

static void stop(ouro_heap *heap, const ouro_event *event, void *user) {
    listen(heap, event, user);
    ouro_listen(heap, 0, NULL, NULL);
}

static ouro_heap *open_heap(told *t) {
    ouro_heap *heap;
    ouro_heap_options options = {.struct_size = sizeof options, .user = t, .settle = settle};
    assert_int_equal(ouro_heap_open(&options, &heap), OURO_OK);
    return heap;
}

/* A list that only its holder keeps. */
static ouro_object *wait_for_holder(ouro_heap *heap) {
    ouro_object *list;
    assert_int_equal(ouro_list_new(heap, NULL, 0, &list), OURO_OK);
    ouro_object_hold(list);
    ouro_release(list);
    ouro_safe_point(heap);
    return list;
}

static void a_listener_has_the_holder_asked_at_once(void **state) {
    told t = {0, 0};
    (void)state;
    ouro_heap *heap = open_heap(&t);
    ouro_listen(heap, 1u << OURO_EVENT_DEATH, listen, &t);
    wait_for_holder(heap);
    assert_int_equal(t.settled, 1);
    ouro_heap_close(heap);
}

static void a_patient_one_does_not_and_is_told_all_the_same(void **state) {
    told t = {0, 0};
    (void)state;
    ouro_heap *heap = open_heap(&t);
    ouro_listen(heap, 1u << OURO_EVENT_DEATH | OURO_LISTEN_PATIENT, listen, &t);
    ouro_object *list = wait_for_holder(heap);
    assert_int_equal(t.settled, 0);
    assert_int_equal(t.deaths, 0);
    ouro_object_unhold(list);
    assert_int_equal(t.deaths, 1);
    ouro_heap_close(heap);
}

static void patience_ends_where_another_can_observe(void **state) {
    told t = {0, 0};
    (void)state;
    ouro_heap *heap = open_heap(&t);
    ouro_listen(heap, 1u << OURO_EVENT_DEATH | OURO_LISTEN_PATIENT, listen, &t);
    ouro_object *list, *weak;
    assert_int_equal(ouro_list_new(heap, NULL, 0, &list), OURO_OK);
    assert_int_equal(ouro_weak_new(list, NULL, OURO_NIL, &weak), OURO_OK);
    ouro_object_hold(list);
    ouro_release(list);
    ouro_safe_point(heap);
    assert_int_equal(t.settled, 1);
    ouro_release(weak);
    ouro_heap_close(heap);
}

static void a_listener_may_stop_in_the_middle_of_a_set(void **state) {
    told t = {0, 0};
    ouro_object *inner, *outer;
    (void)state;
    ouro_heap *heap = open_heap(&t);
    ouro_listen(heap, 1u << OURO_EVENT_DEATH, stop, &t);
    assert_int_equal(ouro_list_new(heap, NULL, 0, &inner), OURO_OK);
    ouro_value item = ouro_value_of_object(inner);
    assert_int_equal(ouro_list_new(heap, &item, 1, &outer), OURO_OK);
    ouro_release(inner);
    ouro_release(outer);
    assert_int_equal(t.deaths, 1);
    assert_int_equal(ouro_heap_live(heap), 0);
    ouro_heap_close(heap);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_has_the_holder_asked_at_once),
        cmocka_unit_test(a_patient_one_does_not_and_is_told_all_the_same),
        cmocka_unit_test(patience_ends_where_another_can_observe),
        cmocka_unit_test(a_listener_may_stop_in_the_middle_of_a_set),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
