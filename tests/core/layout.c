/* SPDX-License-Identifier: MIT */
/* Layout: the sizes that docs/architecture.md promises. They decide what fits in a cache, and
 * nothing but a test keeps a field from being added. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ouro.h>

static const char *const slots[] = {"a", "b", "c", "d", "e", "f", "g", "h"};

static int open_heap(void **state) {
    return ouro_heap_open(NULL, (ouro_heap **)state) == OURO_OK ? 0 : -1;
}

static int close_heap(void **state) {
    return ouro_heap_close(*state) == OURO_OK ? 0 : -1;
}

/* The size of a new record of so many slots. */
static size_t measure_record(ouro_heap *heap, size_t count) {
    ouro_object *cls, *record;
    assert_int_equal(ouro_class_new(heap, "Node", slots, count, NULL, &cls), OURO_OK);
    assert_int_equal(ouro_record_new(heap, cls, &record), OURO_OK);
    size_t size = ouro_object_size(record);
    ouro_release(record);
    ouro_release(cls);
    return size;
}

static void header_is_eight_bytes(void **state) {
    (void)state;
    assert_int_equal(sizeof(ouro_object), 8);
}

static void value_is_eight_bytes(void **state) {
    (void)state;
    assert_int_equal(sizeof(ouro_value), 8);
}

static void record_of_two_slots_is_24_bytes(void **state) {
    assert_int_equal(measure_record(*state, 2), 24);
}

/* The allocator's classes may round up, by less than an eighth and 16 bytes. */
static void records_grow_by_their_slots(void **state) {
    for (size_t count = 1; count <= 8; count++) {
        size_t needed = 8 + 8 * count, size = measure_record(*state, count);
        assert_true(size >= needed);
        assert_true(size < needed + needed / 8 + 16);
    }
}

/* A million: 24 bytes each, a sixteenth for the side tables, and a part of a chunk unused. */
static void many_records_cost_little_more(void **state) {
    enum { MANY = 1000000 };
    ouro_heap *heap = *state;
    ouro_object *cls, *first = NULL;
    ouro_stats before = {.struct_size = sizeof before}, after = before;
    assert_int_equal(ouro_class_new(heap, "Node", slots, 2, NULL, &cls), OURO_OK);
    ouro_heap_stats(heap, &before);
    for (int i = 0; i < MANY; i++) {
        ouro_object *record;
        assert_int_equal(ouro_record_new(heap, cls, &record), OURO_OK);
        ouro_record_set_slot(record, 0, ouro_value_of_object(first));
        if (first != NULL) ouro_release(first);
        first = record;
    }
    ouro_heap_stats(heap, &after);
    assert_int_equal(after.objects - before.objects, MANY);
    assert_in_range(after.bytes - before.bytes, 24 * MANY, 30 * MANY);
    ouro_release(first);
    ouro_release(cls);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_is_eight_bytes),
        cmocka_unit_test(value_is_eight_bytes),
        cmocka_unit_test_setup_teardown(record_of_two_slots_is_24_bytes, open_heap, close_heap),
        cmocka_unit_test_setup_teardown(records_grow_by_their_slots, open_heap, close_heap),
        cmocka_unit_test_setup_teardown(many_records_cost_little_more, open_heap, close_heap),
    };
    return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
