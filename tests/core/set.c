/* SPDX-License-Identifier: MIT */
/* Tests of core/types/set.c. */
#include "support.h"

static ouro_object *new_set(support *s) {
    ouro_object *set;
    OK(ouro_set_new(s->heap, &set));
    return set;
}

static bool has(ouro_object *set, ouro_value key) {
    bool result = false;
    OK(ouro_set_has(set, key, &result));
    return result;
}

static void members(void **state) {
    support *s = *state;
    ouro_object *set = new_set(s), *node = new_node(s, 1);
    ouro_value text = str(s, "x"), again = str(s, "x"), one;
    OK(ouro_float(s->heap, 1.0, &one));
    OK(ouro_set_add(set, num(1)));
    OK(ouro_set_add(set, one));
    OK(ouro_set_add(set, text));
    OK(ouro_set_add(set, again));
    OK(ouro_set_add(set, obj(node)));
    OK(ouro_set_add(set, obj(node)));
    assert_int_equal(ouro_set_count(set), 3);
    assert_int_equal(node->count, 2);
    assert_true(has(set, one) && has(set, again) && has(set, obj(node)));
    assert_false(has(set, num(2)));
    support_check(s);
    OK(ouro_set_remove(set, again));
    FAILS(OURO_E_KEY, ouro_set_remove(set, text));
    ouro_cursor cursor = {0};
    ouro_value key;
    OK(ouro_entries_next(set, &cursor, &key, NULL));
    assert_int_equal(whole(key), 1);
    OK(ouro_entries_next(set, &cursor, &key, NULL));
    assert_ptr_equal(ouro_value_object(key), node);
    OK(ouro_set_add(set, num(9)));
    FAILS(OURO_E_CHANGED, ouro_entries_next(set, &cursor, &key, NULL));
    ouro_value_release(text);
    ouro_value_release(again);
    ouro_release(set);
    assert_int_equal(node->count, 1);
    ouro_release(node);
}

static void bad_members(void **state) {
    support *s = *state;
    ouro_object *set = new_set(s), *list = new_list(s, 1);
    ouro_value nan;
    bool result = true;
    OK(ouro_float(s->heap, (double)NAN, &nan));
    FAILS(OURO_E_VALUE, ouro_set_add(set, OURO_NIL));
    FAILS(OURO_E_VALUE, ouro_set_add(set, nan));
    FAILS(OURO_E_UNHASHABLE, ouro_set_add(set, obj(list)));
    FAILS(OURO_E_UNHASHABLE, ouro_set_has(set, obj(set), &result));
    FAILS(OURO_E_TYPE, ouro_set_add(list, num(1)));
    FAILS(OURO_E_TYPE, ouro_set_has(NULL, num(1), &result));
    assert_true(result);
    ouro_release(list);
    ouro_release(set);
}

static void look(support *s, ouro_object *node) {
    (void)node;
    OK(ouro_set_add(s->subject, num((int64_t)s->dead_count)));
}

static void finalizers(void **state) {
    support *s = *state;
    s->subject = new_set(s);
    s->on_finalize = look;
    ouro_object *first = NULL;
    for (int i = 1; i <= 20; i++) {
        ouro_object *node = new_node(s, i);
        OK(ouro_set_add(s->subject, obj(node)));
        ouro_release(node);
        if (i == 1) first = node;
    }
    OK(ouro_set_remove(s->subject, obj(first)));
    assert_int_equal(s->dead_count, 1);
    assert_int_equal(ouro_set_count(s->subject), 20);
    ouro_object_clear(s->subject);
    for (int i = 0; i < 20; i++) assert_int_equal(s->dead[i], i + 1);
    assert_int_equal(ouro_set_count(s->subject), 19);
    s->on_finalize = NULL;
    ouro_release(s->subject);
}

static ouro_status fill(support *s) {
    ouro_status status = OURO_OK;
    ouro_object_clear(s->subject);
    for (int i = 0; status == OURO_OK && i < 100; i++)
        status = ouro_set_add(s->subject, i == 50 ? obj(s->node_class) : num(i));
    return status;
}

static void counts_agree(support *s) {
    assert_int_equal(s->node_class->count, has(s->subject, obj(s->node_class)) ? 2 : 1);
}

static ouro_status make_set(support *s) {
    ouro_object *set;
    ouro_status status = ouro_set_new(s->heap, &set);
    if (status == OURO_OK) ouro_release(set);
    return status;
}

static void refusals(void **state) {
    support *s = *state;
    support_sweep(s, make_set, NULL);
    s->subject = new_set(s);
    assert_true(support_sweep(s, fill, counts_agree) >= 5);
    s->fail_all = true;
    for (int i = 0; i < 100; i++)
        OK(ouro_set_remove(s->subject, i == 50 ? obj(s->node_class) : num(i)));
    s->fail_all = false;
    ouro_release(s->subject);
}

static bool only_keys(const ouro_label *label, ouro_value v, void *context) {
    (void)v;
    assert_int_equal(label->kind, OURO_LABEL_KEY);
    ++*(int *)context;
    return true;
}

static void labels(void **state) {
    support *s = *state;
    int count = 0;
    s->subject = new_set(s);
    OK(fill(s));
    assert_true(ouro_object_refs(s->subject, only_keys, &count));
    assert_int_equal(count, 100);
    ouro_release(s->subject);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(members, "a set has each value once, in order of adding"),
        SENTENCE(bad_members, "nil, NaN and what can change is refused as a member"),
        SENTENCE(finalizers, "a finalizer finds the set without the member that ran it"),
        SENTENCE(refusals, "a member for which there is no memory is not added"),
        SENTENCE(labels, "every member is labelled as a key"),
    };
    return RUN(tests);
}
