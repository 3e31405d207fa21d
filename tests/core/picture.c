/* SPDX-License-Identifier: MIT */
/* Picture: what is shown and what is folded; together they are the heap, each object once. */
#include "digraph.h"
#include "ouro/picture.h"

typedef struct seen {
    ouro_object *shown[600];
    size_t shown_count, folds, folded, garbage;
    ouro_object *before, *after; /* of the last fold */
} seen;

static bool see(const ouro_picture_item *item, void *context) {
    seen *s = context;
    if (item->object == NULL) {
        s->folds++;
        s->folded += item->objects;
        s->before = item->before;
        s->after = item->after;
        assert_true(item->objects > 0 && item->bytes > 0);
        return true;
    }
    assert_int_equal(s->folds, 0);
    for (size_t i = 0; i < s->shown_count; i++) assert_ptr_not_equal(s->shown[i], item->object);
    s->garbage += item->garbage;
    s->shown[s->shown_count++] = item->object;
    return true;
}

static seen look(ouro_heap *heap, ouro_picture_options options) {
    seen s = {.shown_count = 0};
    options.struct_size = sizeof options;
    expect(heap, ouro_picture(heap, &options, see, &s));
    return s;
}

static void bind_name(ouro_heap *heap, const char *name, ouro_object *object) {
    expect(heap, ouro_frame_set(ouro_frame_main(heap), name, strlen(name), value_of(object)));
}

static void a_long_row_is_folded_between_its_ends(void **state) {
    ouro_heap *heap = *state;
    ouro_object *chain, *cls = new_class(heap, "Node", 2);
    expect(heap, ouro_build_chain(heap, cls, 1000, &chain));
    ouro_release(cls);
    bind_name(heap, "c", chain);
    ouro_release(chain);
    seen s = look(heap, (ouro_picture_options){0});
    assert_int_equal(s.shown_count + s.folded, 1000);
    assert_int_equal(s.folds, 1);
    assert_true(s.shown_count < 10);
    assert_non_null(s.before);
    assert_non_null(s.after);
    s = look(heap, (ouro_picture_options){.max_run = 2000, .max_objects = 400});
    assert_int_equal(s.shown_count + s.folded, 1000);
}

static void a_wide_object_keeps_its_first_fields(void **state) {
    ouro_heap *heap = *state;
    ouro_value list = LIST(heap);
    for (int i = 0; i < 30; i++) {
        ouro_value item = LIST(heap);
        expect(heap, ouro_list_append(ouro_value_object(list), item));
        ouro_value_release(item);
    }
    seen s = look(heap, (ouro_picture_options){.from = ouro_value_object(list), .mine = 1,
                                               .max_fields = 4});
    assert_int_equal(s.shown_count, 5);
    assert_int_equal(s.folds, 1);
    assert_int_equal(s.folded, 26);
    assert_ptr_equal(s.before, ouro_value_object(list));
    assert_null(s.after);
    ouro_value_release(list);
}

/* Each object once, and no more than asked for, whatever the graph. */
static void random_graphs_are_complete(void **state) {
    ouro_heap *heap = *state;
    uint64_t seed = 7;
    for (int round = 0; round < 400; round++) {
        digraph g;
        bool reached[MOST_NODES];
        make_digraph(&g, heap, &seed, draw(&seed, 30), 4, 3);
        reach(&g, -1, reached);
        size_t live = 0, total = 0;
        for (int i = 0; i < g.count; i++) {
            live += reached[i];
            total += node_at(&g, i) != NULL;
        }
        seen s = look(heap, (ouro_picture_options){0});
        assert_int_equal(s.shown_count + s.folded, total);
        assert_int_equal(s.shown_count - s.garbage + (s.folds > 0 ? s.folded : 0), live);
        size_t most = 1 + draw(&seed, 4);
        s = look(heap, (ouro_picture_options){.max_objects = most, .max_fields = 2, .max_run = 6});
        assert_int_equal(s.shown_count + s.folded, total);
        drop_digraph(&g);
    }
}

static void a_wrong_size_is_refused(void **state) {
    ouro_heap *heap = *state;
    ouro_picture_options options = {.struct_size = 1};
    assert_int_equal(ouro_picture(heap, &options, see, NULL), OURO_E_VALUE);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_heap, close_heap)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_long_row_is_folded_between_its_ends),
        TEST(a_wide_object_keeps_its_first_fields),
        TEST(random_graphs_are_complete),
        TEST(a_wrong_size_is_refused),
    };
    return cmocka_run_group_tests_name("picture", tests, NULL, NULL);
}
