/* SPDX-License-Identifier: MIT */
/* Tests of core/types/dict.c. */
#include "support.h"

static ouro_object *new_dict(support *s) {
    ouro_object *dict;
    OK(ouro_dict_new(s->heap, &dict));
    return dict;
}

static ouro_value get(ouro_object *dict, ouro_value key) {
    ouro_value v = OURO_NIL;
    OK(ouro_dict_get(dict, key, &v));
    return v;
}

static void keeps_order(void **state) {
    support *s = *state;
    ouro_object *dict = new_dict(s);
    for (int i = 0; i < 50; i++) OK(ouro_dict_set(dict, num(i * 37 % 50), num(i)));
    OK(ouro_dict_set(dict, num(0), num(100)));
    OK(ouro_dict_remove(dict, num(37)));
    OK(ouro_dict_set(dict, num(37), num(200)));
    assert_int_equal(ouro_dict_count(dict), 50);
    ouro_cursor cursor = {0};
    ouro_value key, v;
    for (int i = 0; i < 50; i++) {
        OK(ouro_entries_next(dict, &cursor, &key, &v));
        int expected = i == 0 ? 0 : i == 49 ? 37 : (i + 1) * 37 % 50;
        assert_int_equal(whole(key), expected);
        assert_int_equal(whole(v), i == 0 ? 100 : i == 49 ? 200 : i + 1);
    }
    for (int i = 0; i < 2; i++) {
        OK(ouro_entries_next(dict, &cursor, &key, &v));
        assert_true(ouro_value_same(key, OURO_ABSENT));
    }
    ouro_release(dict);
}

static void key_kinds(void **state) {
    support *s = *state;
    ouro_object *dict = new_dict(s), *node = new_node(s, 1), *tuple, *same;
    ouro_value one, big, text = str(s, "key"), again = str(s, "key"), whole_float, box;
    const ouro_value items[] = {num(1), text}, alike[] = {OURO_NIL, again};
    OK(ouro_float(s->heap, 1.0, &one));
    OK(ouro_integer(s->heap, INT64_MAX, &big));
    OK(ouro_integer(s->heap, INT64_MAX, &box));
    OK(ouro_float(s->heap, 0x1p62, &whole_float));
    ouro_value integers[] = {one, alike[1]};
    OK(ouro_tuple_new(s->heap, items, 2, &tuple));
    OK(ouro_tuple_new(s->heap, integers, 2, &same));
    const ouro_value keys[] = {num(1), big, text, obj(tuple), obj(node), OURO_TRUE, OURO_FALSE};
    for (int i = 0; i < 7; i++) OK(ouro_dict_set(dict, keys[i], num(i)));
    const ouro_value others[] = {one, box, again, obj(same), obj(node), OURO_TRUE, OURO_FALSE};
    for (int i = 0; i < 7; i++) assert_int_equal(whole(get(dict, others[i])), i);
    ouro_value two62;
    OK(ouro_integer(s->heap, (int64_t)1 << 62, &two62));
    OK(ouro_dict_set(dict, two62, num(62)));
    assert_int_equal(whole(get(dict, whole_float)), 62);
    for (int i = 0; i < 7; i++) OK(ouro_dict_remove(dict, others[i]));
    assert_int_equal(ouro_dict_count(dict), 1);
    assert_int_equal(node->count, 1);
    const ouro_value owned[] = {big, box, text, again, obj(tuple), obj(same), obj(node), two62,
                                obj(dict)};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) ouro_value_release(owned[i]);
}

static void bad_keys(void **state) {
    support *s = *state;
    ouro_object *dict = new_dict(s), *list = new_list(s, 0), *tuple, *nested;
    ouro_value v = num(5), nan;
    ouro_value listed[] = {obj(list)};
    OK(ouro_tuple_new(s->heap, listed, 1, &tuple));
    listed[0] = obj(tuple);
    OK(ouro_tuple_new(s->heap, listed, 1, &nested));
    OK(ouro_float(s->heap, (double)NAN, &nan));
    FAILS(OURO_E_VALUE, ouro_dict_set(dict, OURO_NIL, v));
    FAILS(OURO_E_VALUE, ouro_dict_set(dict, OURO_ABSENT, v));
    FAILS(OURO_E_VALUE, ouro_dict_set(dict, nan, v));
    FAILS(OURO_E_VALUE, ouro_dict_get(dict, OURO_NIL, &v));
    FAILS(OURO_E_UNHASHABLE, ouro_dict_set(dict, obj(list), v));
    assert_non_null(strstr(ouro_heap_message(s->heap), "list"));
    FAILS(OURO_E_UNHASHABLE, ouro_dict_set(dict, obj(dict), v));
    FAILS(OURO_E_UNHASHABLE, ouro_dict_set(dict, obj(nested), v));
    FAILS(OURO_E_KEY, ouro_dict_remove(dict, num(1)));
    FAILS(OURO_E_TYPE, ouro_dict_set(list, num(1), v));
    FAILS(OURO_E_TYPE, ouro_dict_get(s->node_class, num(1), &v));
    assert_int_equal(whole(v), 5);
    assert_int_equal(ouro_dict_count(dict), 0);
    assert_true(ouro_value_same(get(dict, num(1)), OURO_ABSENT));
    ouro_release(nested);
    ouro_release(tuple);
    assert_int_equal(list->count, 1);
    ouro_release(list);
    ouro_release(dict);
}

static void other_heap(void **state) {
    support *s = *state;
    ouro_heap *other;
    ouro_object *dict = new_dict(s), *stranger;
    OK(ouro_heap_open(NULL, &other));
    OK(ouro_bag_new(other, &stranger));
    FAILS(OURO_E_HEAP, ouro_dict_set(dict, num(1), obj(stranger)));
    FAILS(OURO_E_HEAP, ouro_dict_set(dict, obj(stranger), num(1)));
    assert_int_equal(stranger->count, 1);
    assert_int_equal(ouro_dict_count(dict), 0);
    ouro_release(stranger);
    OK(ouro_heap_close(other));
    ouro_release(dict);
}

static void changes(void **state) {
    support *s = *state;
    ouro_object *dict = new_dict(s);
    for (int i = 0; i < 10; i++) OK(ouro_dict_set(dict, num(i), num(i)));
    ouro_cursor cursor = {0};
    ouro_value key, v;
    OK(ouro_entries_next(dict, &cursor, &key, &v));
    OK(ouro_dict_set(dict, num(5), num(50)));
    OK(ouro_entries_next(dict, &cursor, &key, &v));
    OK(ouro_dict_remove(dict, num(9)));
    FAILS(OURO_E_CHANGED, ouro_entries_next(dict, &cursor, &key, &v));
    OK(ouro_dict_set(dict, num(9), num(9)));
    FAILS(OURO_E_CHANGED, ouro_entries_next(dict, &cursor, &key, &v));
    ouro_object_clear(dict);
    FAILS(OURO_E_CHANGED, ouro_entries_next(dict, &cursor, &key, &v));
    ouro_release(dict);
}

/* What is removed or replaced is out of the dict before its finalizer runs. */
static void look(support *s, ouro_object *node) {
    ouro_cursor cursor = {0};
    ouro_value key, v;
    do {
        OK(ouro_entries_next(s->subject, &cursor, &key, &v));
        assert_ptr_not_equal(ouro_value_object(key), node);
        assert_ptr_not_equal(ouro_value_object(v), node);
    } while (!ouro_value_same(key, OURO_ABSENT));
    int64_t id = ouro_value_small(ouro_record_slot(node, 0));
    OK(ouro_dict_set(s->subject, num(1000 + id), num(1)));
}

static void give(ouro_object *dict, ouro_value key, ouro_object *node) {
    OK(ouro_dict_set(dict, key, obj(node)));
    ouro_release(node);
}

static void finalizers(void **state) {
    support *s = *state;
    s->subject = new_dict(s);
    s->on_finalize = look;
    give(s->subject, num(1), new_node(s, 1));
    give(s->subject, num(2), new_node(s, 2));
    OK(ouro_dict_set(s->subject, num(1), num(7)));
    OK(ouro_dict_remove(s->subject, num(2)));
    assert_int_equal(s->dead_count, 2);
    ouro_object *key = new_node(s, 3);
    give(s->subject, obj(key), new_node(s, 4));
    ouro_release(key);
    OK(ouro_dict_remove(s->subject, obj(key)));
    assert_int_equal(s->dead[2], 3);
    assert_int_equal(s->dead[3], 4);
    for (int i = 5; i < 20; i++) give(s->subject, num(i), new_node(s, i));
    ouro_object_clear(s->subject);
    assert_int_equal(s->dead_count, 19);
    for (int i = 4; i < 19; i++) assert_int_equal(s->dead[i], i + 1);
    assert_int_equal(ouro_dict_count(s->subject), 15);
    s->on_finalize = NULL;
    ouro_release(s->subject);
}

/* ---- an embedder's key, whose equal meddles ---------------------------------------------- */

typedef struct meddler {
    ouro_object header;
    int64_t id;
} meddler;

static int meddling; /* how many more times */

static ouro_status hash_one(ouro_object *object, uint64_t *ret_hash) {
    (void)object;
    *ret_hash = 1;
    return OURO_OK;
}

static ouro_status equal_ids(ouro_object *a, ouro_object *b, bool *ret_equal) {
    support *s = ouro_heap_user(ouro_object_heap(a));
    *ret_equal = ((meddler *)(void *)a)->id == ((meddler *)(void *)b)->id;
    if (meddling > 0) {
        meddling--;
        OK(ouro_dict_set(s->subject, num(meddling), num(1)));
        if (meddling == 5) ouro_object_clear(s->subject);
    } else if (meddling < 0 && s->subject != NULL) {
        ouro_release(s->subject);
        s->subject = NULL;
    }
    return OURO_OK;
}

static ouro_object *new_meddler(support *s, int64_t id) {
    static const ouro_type_spec spec = {.struct_size = sizeof spec,
                                        .name = "meddler",
                                        .size = sizeof(meddler),
                                        .hash = hash_one,
                                        .equal = equal_ids};
    static ouro_heap *heap;
    static ouro_type *type;
    if (heap != s->heap || id == 0) OK(ouro_type_new(s->heap, &spec, &type));
    heap = s->heap;
    ouro_object *object;
    OK(ouro_object_new(s->heap, type, 0, &object));
    ((meddler *)(void *)object)->id = id;
    return object;
}

static void meddling_keys(void **state) {
    support *s = *state;
    s->subject = new_dict(s);
    meddling = 0;
    for (int i = 0; i < 20; i++) {
        ouro_object *key = new_meddler(s, i);
        OK(ouro_dict_set(s->subject, obj(key), num(i)));
        ouro_release(key);
    }
    ouro_object *probe = new_meddler(s, 15);
    assert_int_equal(whole(get(s->subject, obj(probe))), 15);
    meddling = 4;
    assert_int_equal(whole(get(s->subject, obj(probe))), 15);
    assert_int_equal(ouro_dict_count(s->subject), 24);
    meddling = 10; /* it clears the dict on the way */
    assert_true(ouro_value_same(get(s->subject, obj(probe)), OURO_ABSENT));
    ouro_object *key = new_meddler(s, 3);
    OK(ouro_dict_set(s->subject, obj(key), num(1)));
    meddling = 100000;
    ouro_value v;
    FAILS(OURO_E_CHANGED, ouro_dict_get(s->subject, obj(probe), &v));
    meddling = -1; /* it lets go of the dict */
    ouro_object *dict = s->subject;
    OK(ouro_dict_set(dict, obj(probe), obj(probe)));
    assert_null(s->subject);
    meddling = 0;
    assert_int_equal(probe->count, 1);
    ouro_release(key);
    ouro_release(probe);
}

/* ---- refusals, labels -------------------------------------------------------------------- */

static ouro_status fill(support *s) {
    ouro_status status = OURO_OK;
    ouro_object_clear(s->subject);
    for (int i = 0; status == OURO_OK && i < 100; i++)
        status = ouro_dict_set(s->subject, num(i), obj(s->node_class));
    return status;
}

static void counts_agree(support *s) {
    assert_int_equal(s->node_class->count, ouro_dict_count(s->subject) + 1);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(ouro_value_same(get(s->subject, num((int64_t)i)), OURO_ABSENT),
                         i >= ouro_dict_count(s->subject));
}

static ouro_status make_dict(support *s) {
    ouro_object *dict;
    ouro_status status = ouro_dict_new(s->heap, &dict);
    if (status == OURO_OK) ouro_release(dict);
    return status;
}

static void refusals(void **state) {
    support *s = *state;
    support_sweep(s, make_dict, NULL);
    s->subject = new_dict(s);
    assert_true(support_sweep(s, fill, counts_agree) >= 5);
    s->fail_all = true;
    for (int i = 0; i < 100; i++) OK(ouro_dict_remove(s->subject, num(i)));
    s->fail_all = false;
    assert_int_equal(s->node_class->count, 1);
    ouro_release(s->subject);
}

static bool note_label(const ouro_label *label, ouro_value v, void *context) {
    char *text = context;
    const char *bytes;
    size_t length;
    if (label->kind == OURO_LABEL_KEY) strcat(text, "K");
    if (label->kind == OURO_LABEL_VALUE) {
        strcat(text, "V");
        if (ouro_value_as_string(label->key, &bytes, &length)) strcat(text, bytes);
    }
    if (ouro_value_is_small(v)) strcat(text, "=1");
    return true;
}

static void labels(void **state) {
    support *s = *state;
    ouro_object *dict = new_dict(s);
    ouro_value name = str(s, "x");
    OK(ouro_dict_set(dict, name, num(1)));
    OK(ouro_dict_set(dict, obj(s->node_class), num(1)));
    OK(ouro_dict_set(dict, num(3), obj(s->node_class)));
    char text[64] = "";
    assert_true(ouro_object_refs(dict, note_label, text));
    assert_string_equal(text, "Vx=1KV=1V");
    ouro_value_release(name);
    ouro_release(dict);
}

/* What only Lua holds has no count; using it as a container is no news for the holder. */
static void held_only(void **state) {
    support *s = *state;
    ouro_object *dict = new_dict(s), *tuple;
    const ouro_value items[] = {num(1), num(2)};
    OK(ouro_tuple_new(s->heap, items, 2, &tuple));
    ouro_object_hold(dict);
    ouro_release(dict);
    size_t deferred = ouro_deferred(s->heap);
    OK(ouro_dict_set(dict, obj(tuple), num(1)));
    assert_int_equal(whole(get(dict, obj(tuple))), 1);
    assert_int_equal(dict->count, 0);
    assert_int_equal(ouro_deferred(s->heap), deferred);
    ouro_release(tuple);
    ouro_object_unhold(dict);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(keeps_order, "a dict keeps the order in which keys were first set"),
        SENTENCE(key_kinds, "keys are the same when their values are equal"),
        SENTENCE(bad_keys, "nil, NaN and what can change is refused as a key"),
        SENTENCE(other_heap, "keys and values of another heap are refused"),
        SENTENCE(changes, "iteration notices entries that come or go, but not new values"),
        SENTENCE(finalizers, "a finalizer finds the dict without the entry that ran it"),
        SENTENCE(meddling_keys, "keys that change the dict while they are compared do no harm"),
        SENTENCE(refusals, "an entry for which there is no memory is not added"),
        SENTENCE(labels, "keys that are objects are labelled as keys, values with their key"),
        SENTENCE(held_only, "a dict that is only held stays so without being noticed"),
    };
    return RUN(tests);
}
