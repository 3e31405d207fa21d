/* SPDX-License-Identifier: MIT */
/* Tests of core/types/copy.c. */
#include "support.h"

static ouro_object *copy_of(ouro_object *object) {
    ouro_object *copy = NULL;
    OK(ouro_object_copy(object, &copy));
    return copy;
}

static ouro_object *deep_copy_of(ouro_object *object) {
    ouro_object *copy = NULL;
    OK(ouro_object_deepcopy(object, &copy));
    return copy;
}

static ouro_value key_at(ouro_object *container, size_t index, ouro_value *ret_value) {
    ouro_cursor cursor = {0};
    ouro_value key = OURO_NIL;
    for (size_t i = 0; i <= index; i++)
        OK(ouro_entries_next(container, &cursor, &key, ret_value));
    return key;
}

static void shallow(void **state) {
    support *s = *state;
    ouro_object *inner = new_list(s, 1), *list = new_list(s, 2), *tuple, *dict, *set, *bag;
    const ouro_value items[] = {obj(inner), num(1)};
    OK(ouro_list_append(list, obj(inner)));
    OK(ouro_tuple_new(s->heap, items, 2, &tuple));
    OK(ouro_dict_new(s->heap, &dict));
    OK(ouro_dict_set(dict, num(1), obj(inner)));
    OK(ouro_set_new(s->heap, &set));
    OK(ouro_set_add(set, num(4)));
    OK(ouro_bag_new(s->heap, &bag));
    OK(ouro_record_set(bag, "a", 1, obj(inner)));
    ouro_object *node = new_node(s, 7);
    ouro_record_set_slot(node, 1, obj(inner));
    ouro_object *const originals[] = {list, tuple, dict, set, bag, node};
    for (int i = 0; i < 6; i++) {
        uint32_t count = inner->count;
        ouro_object *copy = copy_of(originals[i]);
        assert_ptr_not_equal(copy, originals[i]);
        assert_int_equal(copy->type, originals[i]->type);
        assert_int_equal(inner->count, count + (i != 3));
        if (i < 4) assert_true(equal(s, obj(copy), obj(originals[i])));
        support_check(s);
        ouro_release(copy);
        assert_int_equal(inner->count, count);
        ouro_release(originals[i]);
    }
    assert_int_equal(inner->count, 1);
    ouro_release(inner);
    assert_int_equal(s->dead_count, 2); /* a copy is an instance like any other */
}

static void independent(void **state) {
    support *s = *state;
    ouro_object *dict, *copy;
    OK(ouro_dict_new(s->heap, &dict));
    for (int i = 0; i < 30; i++) OK(ouro_dict_set(dict, num(i), num(i)));
    for (int i = 0; i < 10; i++) OK(ouro_dict_remove(dict, num(i * 3)));
    copy = copy_of(dict);
    assert_int_equal(ouro_dict_count(copy), 20);
    OK(ouro_dict_set(copy, num(100), num(1)));
    OK(ouro_dict_remove(dict, num(1)));
    ouro_value v;
    assert_int_equal(whole(key_at(copy, 0, &v)), 1);
    assert_int_equal(whole(key_at(dict, 0, &v)), 2);
    ouro_release(dict);
    ouro_release(copy);
}

static void refused(void **state) {
    support *s = *state;
    ouro_object *weak, *copy = NULL;
    OK(ouro_weak_new(s->node_class, NULL, OURO_NIL, &weak));
    ouro_object *const others[] = {weak, ouro_frame_main(s->heap), s->node_class};
    for (int i = 0; i < 3; i++) FAILS(OURO_E_TYPE, ouro_object_copy(others[i], &copy));
    for (int i = 0; i < 2; i++) FAILS(OURO_E_TYPE, ouro_object_deepcopy(others[i], &copy));
    assert_null(copy);
    assert_ptr_equal(deep_copy_of(s->node_class), s->node_class);
    ouro_release(s->node_class);
    ouro_value text = str(s, "x");
    assert_ptr_equal(copy_of(ouro_value_object(text)), ouro_value_object(text));
    ouro_value_release(text);
    ouro_object *list = new_list(s, 0);
    OK(ouro_list_append(list, text));
    OK(ouro_list_append(list, obj(weak)));
    copy = deep_copy_of(list); /* what cannot be copied is shared */
    assert_true(ouro_value_same(item(copy, 0), text));
    assert_ptr_equal(ouro_value_object(item(copy, 1)), weak);
    ouro_release(copy);
    ouro_release(list);
    ouro_value_release(text);
    ouro_release(weak);
}

static void sharing(void **state) {
    support *s = *state;
    ouro_object *inner = new_list(s, 3), *list = new_list(s, 0);
    for (int i = 0; i < 3; i++) OK(ouro_list_append(list, obj(inner)));
    ouro_object *copy = deep_copy_of(list);
    ouro_object *twin = ouro_value_object(item(copy, 0));
    assert_ptr_not_equal(twin, inner);
    assert_int_equal(twin->count, 3);
    assert_int_equal(inner->count, 4);
    for (size_t i = 0; i < 3; i++) assert_ptr_equal(ouro_value_object(item(copy, i)), twin);
    assert_true(equal(s, obj(copy), obj(list)));
    ouro_release(copy);
    ouro_release(list);
    ouro_release(inner);
}

static void cycles(void **state) {
    support *s = *state;
    ouro_object *first = new_node(s, 1), *second = new_node(s, 2), *list = new_list(s, 0), *tuple;
    const ouro_value items[] = {obj(list), obj(first)};
    OK(ouro_tuple_new(s->heap, items, 2, &tuple));
    OK(ouro_list_append(list, obj(tuple)));
    ouro_record_set_slot(first, 1, obj(second));
    ouro_record_set_slot(second, 1, obj(list));
    ouro_object *copy = deep_copy_of(first);
    support_check(s);
    ouro_object *second_copy = ouro_value_object(ouro_record_slot(copy, 1));
    ouro_object *list_copy = ouro_value_object(ouro_record_slot(second_copy, 1));
    ouro_object *tuple_copy = ouro_value_object(item(list_copy, 0));
    assert_ptr_not_equal(second_copy, second);
    assert_ptr_not_equal(tuple_copy, tuple);
    assert_ptr_equal(ouro_value_object(item(tuple_copy, 0)), list_copy);
    assert_ptr_equal(ouro_value_object(item(tuple_copy, 1)), copy);
    assert_int_equal(copy->count, 2);
    assert_int_equal(second_copy->count, 1);
    assert_int_equal(list_copy->count, 2);
    assert_int_equal(tuple_copy->count, 1);
    assert_int_equal(s->dead_count, 0);
    const ouro_value owned[] = {obj(first), obj(second), obj(list), obj(tuple), obj(copy)};
    for (int i = 0; i < 5; i++) ouro_value_release(owned[i]);
    size_t found = 0;
    OK(ouro_collect(s->heap, 2, &found));
    assert_int_equal(found, 8);
    assert_int_equal(s->dead_count, 4);
}

/* Keys that are copied: records by identity, tuples that lead back to their dict. */
static void keys(void **state) {
    support *s = *state;
    ouro_object *dict, *set, *node = new_node(s, 1), *inner, *outer;
    OK(ouro_dict_new(s->heap, &dict));
    OK(ouro_set_new(s->heap, &set));
    ouro_record_set_slot(node, 1, obj(dict));
    ouro_value text = str(s, "text");
    const ouro_value first[] = {num(1), text}, with_node[] = {obj(node), num(2)};
    OK(ouro_tuple_new(s->heap, first, 2, &inner));
    OK(ouro_tuple_new(s->heap, with_node, 2, &outer));
    const ouro_value nested[] = {obj(inner), obj(outer)};
    ouro_object *both;
    OK(ouro_tuple_new(s->heap, nested, 2, &both));
    OK(ouro_dict_set(dict, obj(both), obj(set)));
    OK(ouro_dict_set(dict, obj(node), num(5)));
    OK(ouro_dict_set(dict, obj(inner), obj(dict)));
    OK(ouro_set_add(set, obj(outer)));
    ouro_object *copy = deep_copy_of(dict);
    support_check(s);
    assert_int_equal(ouro_dict_count(copy), 3);
    ouro_value set_copy, five, itself;
    ouro_value both_copy = key_at(copy, 0, &set_copy), node_copy = key_at(copy, 1, &five);
    ouro_value inner_copy = key_at(copy, 2, &itself);
    assert_int_equal(whole(five), 5);
    assert_ptr_equal(ouro_value_object(itself), copy);
    assert_ptr_not_equal(ouro_value_object(node_copy), node);
    assert_true(equal(s, inner_copy, obj(inner)));
    assert_false(equal(s, both_copy, obj(both)));
    const ouro_value all[] = {both_copy, node_copy, inner_copy, obj(inner)};
    for (int i = 0; i < 4; i++) {
        ouro_value v;
        OK(ouro_dict_get(copy, all[i], &v));
        assert_false(ouro_value_same(v, OURO_ABSENT));
    }
    bool has = false;
    OK(ouro_set_has(ouro_value_object(set_copy), item(ouro_value_object(both_copy), 1), &has));
    assert_true(has);
    assert_ptr_equal(ouro_value_object(ouro_record_slot(ouro_value_object(node_copy), 1)), copy);
    const ouro_value owned[] = {text,     obj(inner), obj(outer), obj(both),
                                obj(set), obj(node),  obj(dict),  obj(copy)};
    for (int i = 0; i < 8; i++) ouro_value_release(owned[i]);
    OK(ouro_collect(s->heap, 2, NULL));
}

static void depth(void **state) {
    support *s = *state;
    ouro_object *chain = new_list(s, 0);
    for (int i = 0; i < 100000; i++) {
        ouro_object *outer;
        OK(ouro_list_new(s->heap, (ouro_value[]){obj(chain)}, 1, &outer));
        ouro_release(chain);
        chain = outer;
    }
    ouro_object *copy = deep_copy_of(chain);
    assert_true(equal(s, obj(copy), obj(chain)));
    ouro_release(copy);
    ouro_release(chain);
}

/* ---- refusals ---------------------------------------------------------------------------- */

static ouro_status deep_copy_subject(support *s) {
    ouro_object *copy;
    ouro_status status = ouro_object_deepcopy(s->subject, &copy);
    if (status == OURO_OK) {
        drop_cycle(copy);
        OK(ouro_collect(s->heap, 2, NULL));
        s->dead_count = 0;
    }
    return status;
}

static ouro_status copy_subject(support *s) {
    ouro_object *copy;
    ouro_status status = ouro_object_copy(s->subject, &copy);
    if (status == OURO_OK) drop_cycle(copy);
    return status;
}

static void nobody_died(support *s) {
    assert_int_equal(s->dead_count, 0);
}

static ouro_object *everything(support *s) {
    ouro_object *list = new_list(s, 0), *tuple, *dict, *bag, *node = NULL;
    OK(ouro_dict_new(s->heap, &dict));
    OK(ouro_bag_new(s->heap, &bag));
    OK(ouro_record_set(bag, "list", 4, obj(list)));
    for (int i = 0; i < 40; i++) {
        node = new_node(s, i);
        const ouro_value items[] = {obj(node), obj(list), num(i)};
        OK(ouro_tuple_new(s->heap, items + 2 - 2 * (i % 2), 1, &tuple));
        ouro_record_set_slot(node, 1, obj(dict));
        OK(ouro_dict_set(dict, obj(tuple), obj(node)));
        OK(ouro_list_append(list, obj(tuple)));
        ouro_release(tuple);
        ouro_release(node);
    }
    OK(ouro_list_append(list, obj(dict)));
    OK(ouro_list_append(list, obj(bag)));
    ouro_release(dict);
    ouro_release(bag);
    return list;
}

static void refusals(void **state) {
    support *s = *state;
    s->subject = everything(s);
    assert_true(support_sweep(s, deep_copy_subject, nobody_died) >= 10);
    assert_true(support_sweep(s, copy_subject, nobody_died) >= 1);
    ouro_object *list = s->subject;
    s->subject = ouro_value_object(item(list, 40));
    assert_true(support_sweep(s, copy_subject, nobody_died) >= 1);
    s->subject = ouro_value_object(item(list, 41));
    assert_true(support_sweep(s, copy_subject, nobody_died) >= 1);
    drop_cycle(list);
    OK(ouro_collect(s->heap, 2, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(shallow, "a shallow copy refers to the same objects"),
        SENTENCE(independent, "a copy and its original change apart, in the same order"),
        SENTENCE(refused, "what cannot be copied is refused, and within others shared"),
        SENTENCE(sharing, "a deep copy keeps what is shared shared"),
        SENTENCE(cycles, "a deep copy keeps cycles, through tuples too"),
        SENTENCE(keys, "copied keys are found by their copies"),
        SENTENCE(depth, "depth uses no stack"),
        SENTENCE(refusals, "a copy for which there is no memory leaves nothing behind"),
    };
    return RUN(tests);
}
