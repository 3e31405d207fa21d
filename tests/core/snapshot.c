/* SPDX-License-Identifier: MIT */
/* Snapshot: which objects there are, and what is different between two. */
#include "looking.h"

typedef struct differences {
    char text[512]; /* "came TYPE; went TYPE; grew TYPE; " */
    const ouro_snapshot *before, *after;
    size_t limit, count;
} differences;

static bool take_difference(const ouro_snapshot_row *old, const ouro_snapshot_row *new,
                            void *context) {
    differences *d = context;
    size_t used = strlen(d->text);
    const char *type = new != NULL ? d->after->names[new->type] : d->before->names[old->type];
    snprintf(d->text + used, sizeof d->text - used, "%s %s; ",
             old == NULL ? "came" : new == NULL ? "went" : "grew", type);
    return ++d->count != d->limit;
}

static void expect_difference(const ouro_snapshot *a, const ouro_snapshot *b,
                              const char *expected) {
    differences d = {.before = a, .after = b};
    ouro_snapshot_diff(a->rows, a->count, b->rows, b->count, take_difference, &d);
    assert_string_equal(d.text, expected);
}

static void what_came_went_and_grew_is_told_by_id(void **state) {
    ouro_heap *heap = *state;
    ouro_snapshot a, b;
    ouro_value goes = LIST(heap), grows = LIST(heap);
    expect(heap, ouro_snapshot_take(heap, &a));
    assert_int_equal(a.count, 2);
    assert_true(a.rows[0].id < a.rows[1].id);
    ouro_value_release(goes);
    for (int i = 0; i < 100; i++) append(heap, grows, INT(i));
    ouro_value comes = TUPLE(heap, INT(1));
    expect(heap, ouro_snapshot_take(heap, &b));
    expect_difference(&a, &b, "went list; grew list; came tuple; ");
    expect_difference(&b, &a, "came list; grew list; went tuple; ");
    expect_difference(&a, &a, "");
    differences first = {.before = &a, .after = &b, .limit = 1};
    ouro_snapshot_diff(a.rows, a.count, b.rows, b.count, take_difference, &first);
    assert_int_equal(first.count, 1);
    ouro_snapshot_free(heap, &a);
    ouro_snapshot_free(heap, &b);
    ouro_snapshot_free(heap, &b); /* it is empty then */
    ouro_value_release(comes);
    ouro_value_release(grows);
}

static void plain_data_is_counted_by_type(void **state) {
    ouro_heap *heap = *state;
    ouro_snapshot a, b;
    expect(heap, ouro_snapshot_take(heap, &a));
    ouro_value text = str(heap, "a text that is longer than what fits in a value");
    expect(heap, ouro_snapshot_take(heap, &b));
    assert_int_equal(a.count, 0);
    assert_int_equal(b.count, 1);
    assert_int_equal(b.rows[0].id, 0);
    assert_int_equal(b.rows[0].objects, 1);
    assert_int_equal(b.rows[0].bytes, ouro_object_size(ouro_value_object(text)));
    expect_difference(&a, &b, "came string; ");
    ouro_snapshot_free(heap, &a);
    ouro_snapshot_free(heap, &b);
    ouro_value_release(text);
}

/* An address that is used again is another object; a type that is gone keeps its name. */
static void it_outlives_what_it_shows(void **state) {
    ouro_heap *heap = *state;
    ouro_snapshot a, b;
    ouro_object *cls = new_class(heap, "Gone", 2), *node = new_record(heap, cls);
    ouro_release(cls);
    expect(heap, ouro_snapshot_take(heap, &a));
    ouro_release(node);
    cls = new_class(heap, "Next", 2);
    node = new_record(heap, cls);
    ouro_release(cls);
    expect(heap, ouro_snapshot_take(heap, &b));
    differences d = {.before = &a, .after = &b};
    ouro_snapshot_diff(a.rows, a.count, b.rows, b.count, take_difference, &d);
    assert_int_equal(d.count, 4);
    assert_non_null(strstr(d.text, "went Gone; "));
    assert_non_null(strstr(d.text, "came Next; "));
    ouro_snapshot_free(heap, &a);
    ouro_snapshot_free(heap, &b);
    ouro_release(node);
}

static void without_memory_there_is_none(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = LIST(heap, LIST(heap), LIST(heap));
    size_t before = ouro_heap_bytes(heap), refused = 0;
    for (size_t request = 1;; request++) {
        ouro_snapshot s = {.count = 99};
        refuse_from(heap, request);
        ouro_status status = ouro_snapshot_take(heap, &s);
        refuse_from(heap, 0);
        assert_int_equal(ouro_heap_bytes(heap), before);
        if (status == OURO_OK) {
            ouro_snapshot_free(heap, &s);
            break;
        }
        assert_int_equal(s.count, 99);
        refused++;
    }
    assert_true(refused >= 3);
    ouro_value_release(v);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_heap, close_heap)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_came_went_and_grew_is_told_by_id),
        TEST(plain_data_is_counted_by_type),
        TEST(it_outlives_what_it_shows),
        TEST(without_memory_there_is_none),
    };
    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
