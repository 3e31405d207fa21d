/* SPDX-License-Identifier: MIT */
/* Tests of core/types/tuple.c. */
#include "support.h"

static void holds(void **state) {
    support *s = *state;
    ouro_object *node = new_node(s, 1), *tuple, *empty;
    const ouro_value values[] = {obj(node), num(2), obj(node)};
    OK(ouro_tuple_new(s->heap, values, 3, &tuple));
    OK(ouro_tuple_new(s->heap, NULL, 0, &empty));
    assert_int_equal(node->count, 3);
    assert_int_equal(length_of(tuple), 3);
    assert_int_equal(length_of(empty), 0);
    assert_int_equal(whole(item(tuple, 1)), 2);
    assert_true(ouro_is_tuple(tuple));
    assert_false(ouro_is_tuple(node));
    assert_false(ouro_is_list(tuple));
    ouro_release(tuple);
    ouro_release(empty);
    assert_int_equal(node->count, 1);
    ouro_release(node);
}

static ouro_object *tuple_of_nodes(support *s, int64_t n) {
    ouro_value values[8];
    ouro_object *tuple;
    for (int64_t i = 0; i < n; i++) values[i] = obj(new_node(s, i + 1));
    OK(ouro_tuple_new(s->heap, values, (size_t)n, &tuple));
    for (int64_t i = 0; i < n; i++) ouro_value_release(values[i]);
    return tuple;
}

static void look(support *s, ouro_object *node) {
    (void)node;
    assert_int_equal(length_of(s->subject), 0);
    support_check(s);
}

static void clears(void **state) {
    support *s = *state;
    s->subject = tuple_of_nodes(s, 5);
    s->on_finalize = look;
    ouro_object_clear(s->subject);
    assert_int_equal(s->dead_count, 5);
    for (int i = 0; i < 5; i++) assert_int_equal(s->dead[i], i + 1);
    ouro_release(s->subject);
}

static void large(void **state) {
    support *s = *state;
    ouro_value *values = calloc(100000, sizeof *values);
    ouro_object *tuple;
    for (size_t i = 0; i < 100000; i++) values[i] = num((int64_t)i);
    OK(ouro_tuple_new(s->heap, values, 100000, &tuple));
    assert_int_equal(whole(item(tuple, 99999)), 99999);
    ouro_release(tuple);
    FAILS(OURO_E_LIMIT, ouro_tuple_new(s->heap, values, (size_t)1 << 32, &tuple));
    free(values);
}

static void wrong_type(void **state) {
    support *s = *state;
    const ouro_value *items;
    size_t count;
    FAILS(OURO_E_TYPE, ouro_sequence_items(s->node_class, &items, &count));
    assert_non_null(strstr(ouro_heap_message(s->heap), "a list or tuple"));
}

static ouro_status make_large(support *s) {
    static ouro_value values[5000];
    ouro_object *tuple;
    for (size_t i = 0; i < 5000; i++) values[i] = obj(s->node_class);
    ouro_status status = ouro_tuple_new(s->heap, values, 5000, &tuple);
    if (status == OURO_OK) ouro_release(tuple);
    return status;
}

static void not_retained(support *s) {
    assert_int_equal(s->node_class->count, 1);
}

static void refusals(void **state) {
    assert_true(support_sweep(*state, make_large, not_retained) >= 1);
    not_retained(*state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(holds, "a tuple counts each of its items"),
        SENTENCE(clears, "a cleared tuple is empty before its items go, in order"),
        SENTENCE(large, "a tuple may be large, within its limit"),
        SENTENCE(wrong_type, "only lists and tuples are sequences"),
        SENTENCE(refusals, "a tuple for which there is no memory is not made"),
    };
    return RUN(tests);
}
