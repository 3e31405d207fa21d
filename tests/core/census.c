/* SPDX-License-Identifier: MIT */
/* Census: rows by type, their order, and who owns them. */
#include "looking.h"

typedef struct census {
    ouro_census_row *rows;
    size_t count;
} census;

static census take(ouro_heap *heap) {
    census c;
    expect(heap, ouro_heap_census(heap, &c.rows, &c.count));
    return c;
}

static void drop(ouro_heap *heap, census c) {
    ouro_heap_free(heap, c.rows, c.count * sizeof *c.rows);
}

static const ouro_census_row *row_of(census c, const char *name) {
    for (size_t i = 0; i < c.count; i++)
        if (strcmp(ouro_type_name(c.rows[i].type), name) == 0) return &c.rows[i];
    return NULL;
}

static void a_fresh_heap_has_its_frame_and_nothing_else(void **state) {
    ouro_heap *heap = *state;
    census c = take(heap);
    for (size_t i = 0; i < c.count; i++)
        if (!(ouro_type_flags(c.rows[i].type) & (OURO_TYPE_PLAIN | OURO_TYPE_INTERNAL)))
            fail_msg("a %s", ouro_type_name(c.rows[i].type));
    assert_int_equal(row_of(c, ouro_type_name(ouro_object_type(ouro_frame_main(heap))))->objects,
                     1);
    drop(heap, c);
}

static void each_type_has_a_row_with_its_objects_and_bytes(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 2);
    ouro_value v = LIST(heap, value_of(new_record(heap, cls)), value_of(new_record(heap, cls)),
                        str(heap, "text"), real(heap, 1e300));
    census c = take(heap);
    const ouro_value *items;
    size_t count;
    expect(heap, ouro_sequence_items(ouro_value_object(v), &items, &count));
    assert_int_equal(row_of(c, "Node")->objects, 2);
    assert_int_equal(row_of(c, "Node")->bytes, 2 * ouro_object_size(ouro_value_object(items[0])));
    assert_ptr_equal(row_of(c, "Node")->type, ouro_object_type(ouro_value_object(items[0])));
    assert_int_equal(row_of(c, "list")->objects, 1);
    assert_int_equal(row_of(c, "list")->bytes, ouro_object_size(ouro_value_object(v)));
    assert_int_equal(row_of(c, "string")->objects, 1);
    assert_int_equal(row_of(c, "float")->objects, 1);
    assert_int_equal(row_of(c, "class")->objects, 1);
    drop(heap, c);
    ouro_value_release(v);
    c = take(heap);
    assert_null(row_of(c, "Node"));
    assert_null(row_of(c, "list"));
    drop(heap, c);
    ouro_release(cls);
}

static void rows_that_reports_count_add_up_to_the_live_objects(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 3), *grid;
    expect(heap, ouro_build_grid(heap, cls, 40, 50, &grid));
    ouro_value v = LIST(heap, LIST(heap), DICT(heap), value_of(new_box(heap, "box", 0)));
    census c = take(heap);
    size_t objects = 0;
    for (size_t i = 0; i < c.count; i++)
        if (!(ouro_type_flags(c.rows[i].type) & (OURO_TYPE_PLAIN | OURO_TYPE_INTERNAL)))
            objects += c.rows[i].objects;
    assert_int_equal(objects, ouro_heap_live(heap));
    assert_int_equal(row_of(c, "Node")->objects, 2000);
    assert_string_equal(ouro_type_name(c.rows[0].type), "Node");
    drop(heap, c);
    ouro_value_release(v);
    ouro_release(grid);
    ouro_release(cls);
}

static void rows_are_ordered_by_number_then_name(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = LIST(heap);
    for (int i = 0; i < 300; i++) {
        char name[16];
        snprintf(name, sizeof name, "C%03d", (i * 7) % 300);
        ouro_object *cls = new_class(heap, name, 1);
        for (int j = 0; j <= i % 3; j++) append(heap, v, value_of(new_record(heap, cls)));
        ouro_release(cls);
    }
    census c = take(heap);
    assert_true(c.count > 300);
    for (size_t i = 1; i < c.count; i++) {
        const ouro_census_row *a = &c.rows[i - 1], *b = &c.rows[i];
        assert_true(a->objects >= b->objects);
        if (a->objects == b->objects)
            assert_true(strcmp(ouro_type_name(a->type), ouro_type_name(b->type)) < 0);
    }
    drop(heap, c);
    ouro_value_release(v);
}

static void without_memory_there_is_no_census(void **state) {
    ouro_heap *heap = *state;
    ouro_census_row *rows = NULL;
    size_t count = 99, request = 1;
    for (;; request++) {
        refuse_from(heap, request);
        ouro_status status = ouro_heap_census(heap, &rows, &count);
        refuse_from(heap, 0);
        if (status == OURO_OK) break;
        assert_int_equal(status, OURO_E_NOMEM);
        assert_null(rows);
        assert_int_equal(count, 99);
    }
    assert_int_equal(request, 3);
    drop(heap, (census){rows, count});
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_heap, close_heap)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_fresh_heap_has_its_frame_and_nothing_else),
        TEST(each_type_has_a_row_with_its_objects_and_bytes),
        TEST(rows_that_reports_count_add_up_to_the_live_objects),
        TEST(rows_are_ordered_by_number_then_name),
        TEST(without_memory_there_is_no_census),
    };
    return cmocka_run_group_tests_name("census", tests, NULL, NULL);
}
