/* SPDX-License-Identifier: MIT */
/* Oom: every function of scalar.h, containers.h, record.h, frame.h and build.h that returns a
 * status, short of memory. oom_heap.c has those of the other headers; tests/house/shortage.lua
 * sees to it that none is missing from both. */
#include "oom.h"

/* ---- scalar.h ---------------------------------------------------------------------------- */

static ouro_status integer(world *w) {
    return ouro_integer(w->heap, INT64_MIN, &w->value);
}

static ouro_status real(world *w) {
    return ouro_float(w->heap, 1e300, &w->value);
}

static ouro_status string(world *w) {
    return ouro_string(w->heap, LONG_TEXT, strlen(LONG_TEXT), &w->value);
}

/* ---- containers.h ------------------------------------------------------------------------ */

static ouro_status list_new(world *w) {
    ouro_value items[] = {w->text, of(w->bag), of(w->list)};
    return ouro_list_new(w->heap, items, 3, &w->object);
}

static ouro_status list_reserve(world *w) {
    return ouro_list_reserve(w->list, 1000);
}

static ouro_status list_append(world *w) {
    return ouro_list_append(w->list, w->text);
}

static ouro_status list_insert(world *w) {
    return ouro_list_insert(w->list, 1, of(w->record));
}

static ouro_status list_set(world *w) {
    return ouro_list_set(w->list, 2, of(w->record));
}

static ouro_status list_pop(world *w) {
    return ouro_list_pop(w->list, 2, &w->value);
}

static ouro_status list_remove(world *w) {
    return ouro_list_remove(w->list, 1, 3);
}

static ouro_status list_reverse(world *w) {
    return ouro_list_reverse(w->list);
}

static int by_number(ouro_value a, ouro_value b, void *context) {
    (void)context;
    int64_t x = 0, y = 0;
    ouro_value_as_integer(a, &x);
    ouro_value_as_integer(b, &y);
    return x < y;
}

static ouro_status list_sort(world *w) {
    return ouro_list_sort(w->list, by_number, NULL);
}

static ouro_status tuple_new(world *w) {
    ouro_value items[] = {w->text, of(w->bag), of(w->list)};
    return ouro_tuple_new(w->heap, items, 3, &w->object);
}

static ouro_status sequence_items(world *w) {
    const ouro_value *items;
    size_t count;
    return ouro_sequence_items(w->list, &items, &count);
}

static ouro_status dict_new(world *w) {
    return ouro_dict_new(w->heap, &w->object);
}

static ouro_status dict_get(world *w) {
    ouro_value value;
    return ouro_dict_get(w->dict, w->text, &value);
}

/* To the brim, so that the next entry needs a bigger table. */
static void fill_dict(world *w) {
    for (int i = 10; i < 14; i++) OK(ouro_dict_set(w->dict, small(i), small(i)));
}

static ouro_status dict_set(world *w) {
    return ouro_dict_set(w->dict, of(w->tuple), of(w->bag));
}

static ouro_status dict_set_again(world *w) {
    return ouro_dict_set(w->dict, w->text, of(w->bag));
}

static ouro_status dict_remove(world *w) {
    return ouro_dict_remove(w->dict, w->text);
}

static ouro_status set_new(world *w) {
    return ouro_set_new(w->heap, &w->object);
}

static ouro_status set_has(world *w) {
    bool has = false;
    ouro_status status = ouro_set_has(w->set, of(w->tuple), &has);
    assert_false(has);
    return status;
}

static void fill_set(world *w) {
    for (int i = 10; i < 14; i++) OK(ouro_set_add(w->set, small(i)));
}

static ouro_status set_add(world *w) {
    return ouro_set_add(w->set, of(w->tuple));
}

static ouro_status set_remove(world *w) {
    return ouro_set_remove(w->set, w->text);
}

static ouro_status entries_next(world *w) {
    ouro_cursor cursor = {0};
    ouro_value key, value;
    ouro_status status;
    do status = ouro_entries_next(w->dict, &cursor, &key, &value);
    while (status == OURO_OK && !ouro_value_same(key, OURO_ABSENT));
    return status;
}

static ouro_status value_equal(world *w) {
    bool equal = false;
    ouro_status status = ouro_value_equal(w->heap, of(w->deep), of(w->other_deep), &equal);
    assert_int_equal(equal, status == OURO_OK);
    return status;
}

/* A tuple in a tuple in a tuple, as no hash has been computed for it yet. */
static void make_nested_tuple(world *w) {
    ouro_object *tuple = w->tuple;
    for (int i = 0; i < 40; i++) {
        ouro_value items[] = {of(tuple), small(i)};
        OK(ouro_tuple_new(w->heap, items, 2, &w->tuple));
        ouro_release(tuple);
        tuple = w->tuple;
    }
}

static ouro_status value_hash(world *w) {
    return ouro_value_hash(w->heap, of(w->tuple), &w->word);
}

static ouro_status copy_list(world *w) {
    return ouro_object_copy(w->list, &w->object);
}

static ouro_status copy_tuple(world *w) {
    return ouro_object_copy(w->tuple, &w->object);
}

static ouro_status copy_dict(world *w) {
    return ouro_object_copy(w->dict, &w->object);
}

static ouro_status copy_set(world *w) {
    return ouro_object_copy(w->set, &w->object);
}

static ouro_status copy_record(world *w) {
    return ouro_object_copy(w->record, &w->object);
}

static ouro_status copy_bag(world *w) {
    return ouro_object_copy(w->bag, &w->object);
}

static ouro_status deepcopy(world *w) {
    return ouro_object_deepcopy(w->deep, &w->object);
}

static ouro_status deepcopy_within(world *w) {
    return ouro_object_deepcopy_within(w->deep, 100000, &w->object);
}

/* What refers to itself outlives its last release otherwise. */
static void empty_copy(world *w) {
    ouro_object_clear(w->object);
}

/* ---- record.h ---------------------------------------------------------------------------- */

static ouro_status class_new(world *w) {
    static const char *const slots[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i",
                                        "j", "k", "l", "m", "n", "o", "p", "q", "r"};
    return ouro_class_new(w->heap, "New", slots, 18, w->slotted, &w->object);
}

static ouro_status class_new_open(world *w) {
    return ouro_class_new(w->heap, "New", NULL, 0, w->open, &w->object);
}

static ouro_status class_set(world *w) {
    return ouro_class_set(w->slotted, "method", 6, of(w->list));
}

static ouro_status class_set_finalizer(world *w) {
    return ouro_class_set_finalizer(w->slotted, last_words);
}

static ouro_status class_set_equal(world *w) {
    return ouro_class_set_equal(w->slotted, NULL);
}

static ouro_status class_set_hash(world *w) {
    return ouro_class_set_hash(w->slotted, NULL);
}

static ouro_status record_new(world *w) {
    return ouro_record_new(w->heap, w->slotted, &w->object);
}

static ouro_status record_new_finalized(world *w) {
    return ouro_record_new(w->heap, w->finalized, &w->object);
}

static ouro_status bag_new(world *w) {
    return ouro_bag_new(w->heap, &w->object);
}

static ouro_status record_get(world *w) {
    ouro_value value;
    return ouro_record_get(w->bag, "b", 1, &value);
}

static ouro_status record_set(world *w) {
    return ouro_record_set(w->bag, LONG_TEXT, strlen(LONG_TEXT), of(w->list));
}

static ouro_status record_set_slot(world *w) {
    return ouro_record_set(w->record, "next", 4, of(w->list));
}

/* ---- frame.h ----------------------------------------------------------------------------- */

static ouro_status frame_new(world *w) {
    return ouro_frame_new(w->heap, "new", &w->object);
}

static void fill_stack(world *w) {
    while (ouro_frame_depth(w->heap) < 16) OK(ouro_frame_push(w->heap, w->frame));
}

static ouro_status frame_push(world *w) {
    return ouro_frame_push(w->heap, w->frame);
}

static void push_frame(world *w) {
    OK(ouro_frame_push(w->heap, w->frame));
}

static ouro_status frame_pop(world *w) {
    return ouro_frame_pop(w->heap, w->frame);
}

static ouro_status frame_set(world *w) {
    return ouro_frame_set(w->frame, LONG_TEXT, strlen(LONG_TEXT), of(w->record));
}

static ouro_status frame_set_again(world *w) {
    return ouro_frame_set(w->frame, "x", 1, of(w->record));
}

static ouro_status frame_unset(world *w) {
    return ouro_frame_unset(w->frame, "x", 1);
}

/* ---- build.h ----------------------------------------------------------------------------- */

static void make_wide(world *w) {
    static const char *const slots[] = {"n", "a", "b", "c"};
    ouro_release(w->slotted);
    OK(ouro_class_new(w->heap, "Wide", slots, 4, NULL, &w->slotted));
}

static ouro_status build_chain(world *w) {
    return ouro_build_chain(w->heap, w->slotted, 5, &w->object);
}

static ouro_status build_ring(world *w) {
    return ouro_build_ring(w->heap, w->slotted, 5, &w->object);
}

static ouro_status build_tree(world *w) {
    return ouro_build_tree(w->heap, w->slotted, 2, 2, &w->object);
}

static ouro_status build_grid(world *w) {
    return ouro_build_grid(w->heap, w->slotted, 3, 3, &w->object);
}

static ouro_status build_graph(world *w) {
    return ouro_build_graph(w->heap, w->slotted, 5, 3, 7, &w->object);
}

static ouro_status build_graph_in(world *w) {
    return ouro_build_graph_in(w->list, w->slotted, 5, 3, 7);
}

static void make_wide_and_list(world *w) {
    make_wide(w);
    ouro_object_clear(w->list);
}

static void empty_ring(world *w) {
    ouro_record_set_slot(w->object, 1, OURO_NIL);
}

static oom_case cases[] = {
    {"ouro_integer", integer, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_float", real, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_string", string, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_list_new", list_new, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_list_reserve", list_reserve, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_list_append", list_append, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_list_insert", list_insert, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_list_set", list_set, NEVER, NULL, NULL, NULL, 0, NULL},
    {"ouro_list_pop", list_pop, NEVER, NULL, NULL, NULL, 0, NULL},
    {"ouro_list_remove", list_remove, NEVER, NULL, NULL, NULL, 0, NULL},
    {"ouro_list_reverse", list_reverse, NEVER, NULL, NULL, NULL, 0, NULL},
    {"ouro_list_sort", list_sort, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_tuple_new", tuple_new, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_sequence_items", sequence_items, NEVER, NULL, NULL, NULL, 0, NULL},
    {"ouro_dict_new", dict_new, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_dict_get", dict_get, NEVER, NULL, NULL, NULL, 0, NULL},
    {"ouro_dict_set", dict_set, NEEDS, fill_dict, NULL, NULL, 0, NULL},
    {"ouro_dict_set", dict_set_again, NEVER, NULL, NULL, NULL, 0, NULL},
    {"ouro_dict_remove", dict_remove, NEVER, NULL, NULL, NULL, 0, NULL},
    {"ouro_set_new", set_new, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_set_has", set_has, NEVER, NULL, NULL, NULL, 0, NULL},
    {"ouro_set_has", set_has, NEEDS, make_nested_tuple, NULL, NULL, 0, NULL},
    {"ouro_set_add", set_add, NEEDS, fill_set, NULL, NULL, 0, NULL},
    {"ouro_set_remove", set_remove, NEVER, NULL, NULL, NULL, 0, NULL},
    {"ouro_entries_next", entries_next, NEVER, NULL, NULL, NULL, 0, NULL},
    {"ouro_value_equal", value_equal, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_value_hash", value_hash, NEEDS, make_nested_tuple, NULL, NULL, 0, NULL},
    {"ouro_object_copy", copy_list, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_object_copy", copy_tuple, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_object_copy", copy_dict, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_object_copy", copy_set, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_object_copy", copy_record, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_object_copy", copy_bag, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_object_deepcopy", deepcopy, NEEDS, NULL, empty_copy, NULL, 0, NULL},
    {"ouro_object_deepcopy_within", deepcopy_within, NEEDS, NULL, empty_copy, NULL, 0, NULL},
    {"ouro_class_new", class_new, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_class_new", class_new_open, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_class_set", class_set, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_class_set_finalizer", class_set_finalizer, NEVER, NULL, NULL, NULL, 0, NULL},
    {"ouro_class_set_equal", class_set_equal, NEVER, NULL, NULL, NULL, 0, NULL},
    {"ouro_class_set_hash", class_set_hash, NEVER, NULL, NULL, NULL, 0, NULL},
    {"ouro_record_new", record_new, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_record_new", record_new_finalized, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_bag_new", bag_new, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_record_get", record_get, NEVER, NULL, NULL, NULL, 0, NULL},
    {"ouro_record_set", record_set, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_record_set", record_set_slot, NEVER, NULL, NULL, NULL, 0, NULL},
    {"ouro_frame_new", frame_new, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_frame_push", frame_push, NEEDS, fill_stack, NULL, NULL, 0, NULL},
    {"ouro_frame_pop", frame_pop, NEVER, push_frame, NULL, NULL, 0, NULL},
    {"ouro_frame_set", frame_set, NEEDS, NULL, NULL, NULL, 0, NULL},
    {"ouro_frame_set", frame_set_again, NEVER, NULL, NULL, NULL, 0, NULL},
    {"ouro_frame_unset", frame_unset, NEVER, NULL, NULL, NULL, 0, NULL},
    {"ouro_build_chain", build_chain, NEEDS, make_wide, NULL, NULL, 0, NULL},
    {"ouro_build_ring", build_ring, NEEDS, make_wide, empty_ring, NULL, 0, NULL},
    {"ouro_build_tree", build_tree, NEEDS, make_wide, NULL, NULL, 0, NULL},
    {"ouro_build_grid", build_grid, NEEDS, make_wide, NULL, NULL, 0, NULL},
    {"ouro_build_graph", build_graph, NEEDS, make_wide, NULL, NULL, 0, NULL},
    {"ouro_build_graph_in", build_graph_in, NEEDS, make_wide_and_list, NULL, NULL, 0, NULL},
};

int main(void) {
    return run_cases(cases, sizeof cases / sizeof *cases);
}
