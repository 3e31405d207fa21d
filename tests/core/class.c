/* SPDX-License-Identifier: MIT */
/* Tests of core/types/class.c: how the instances of a class compare and hash. Point(x, next)
 * is equal by x; what its hooks do beside that, a test says in `mischief`. */
#include "support.h"

static void (*mischief)(support *s, ouro_object *instance);
static size_t asked;

static int64_t x_of(const ouro_object *point) {
    return whole(ouro_record_slot((ouro_object *)(uintptr_t)point, 0));
}

static ouro_status make_mischief(support *s, ouro_object *instance) {
    asked++;
    if (mischief == NULL) return OURO_OK;
    void (*once)(support *, ouro_object *) = mischief;
    once(s, instance);
    return OURO_OK;
}

static ouro_status equal_points(ouro_object *a, ouro_object *b, bool *ret_equal) {
    support *s = ouro_heap_user(ouro_object_heap(a));
    bool alike = ouro_record_class(a) != NULL && ouro_record_class(b) != NULL &&
                 x_of(a) == x_of(b);
    ouro_status status = make_mischief(s, a);
    if (status == OURO_OK) *ret_equal = alike;
    return status;
}

static ouro_status hash_point(ouro_object *point, uint64_t *ret_hash) {
    support *s = ouro_heap_user(ouro_object_heap(point));
    uint64_t x = (uint64_t)x_of(point);
    ouro_status status = make_mischief(s, point);
    if (status == OURO_OK) *ret_hash = x;
    return status;
}

static ouro_status refuse_equal(ouro_object *a, ouro_object *b, bool *ret_equal) {
    (void)b;
    (void)ret_equal;
    return ouro_heap_fail(ouro_object_heap(a), OURO_E_USER, "not today");
}

static ouro_status refuse_hash(ouro_object *point, uint64_t *ret_hash) {
    (void)ret_hash;
    return ouro_heap_fail(ouro_object_heap(point), OURO_E_USER, "no hash today");
}

static ouro_status hash_all_alike(ouro_object *point, uint64_t *ret_hash) {
    (void)point;
    *ret_hash = 7;
    return OURO_OK;
}

/* A class of points; owned. */
static ouro_object *point_class(support *s, ouro_object *base) {
    static const char *const slots[] = {"x", "next"};
    ouro_object *cls;
    mischief = NULL;
    asked = 0;
    OK(ouro_class_new(s->heap, base != NULL ? "Derived" : "Point", slots, base != NULL ? 0 : 2,
                      base, &cls));
    if (base == NULL) {
        OK(ouro_class_set_equal(cls, equal_points));
        OK(ouro_class_set_hash(cls, hash_point));
    }
    return cls;
}

static ouro_value point(support *s, ouro_object *cls, int64_t x) {
    ouro_object *instance;
    OK(ouro_record_new(s->heap, cls, &instance));
    ouro_record_set_slot(instance, 0, num(x));
    return obj(instance);
}

/* A list, or a tuple, of one value, which is consumed; owned. */
static ouro_value listed(support *s, ouro_value v) {
    ouro_object *list;
    OK(ouro_list_new(s->heap, &v, 1, &list));
    ouro_value_release(v);
    return obj(list);
}

static ouro_value tupled(support *s, ouro_value v) {
    ouro_object *tuple;
    OK(ouro_tuple_new(s->heap, &v, 1, &tuple));
    ouro_value_release(v);
    return obj(tuple);
}

static void check(support *s, ouro_value a, ouro_value b, bool expected) {
    assert_int_equal(equal(s, a, b), expected);
    ouro_value_release(a);
    ouro_value_release(b);
}

static void by_value(void **state) {
    support *s = *state;
    ouro_object *cls = point_class(s, NULL);
    check(s, point(s, cls, 1), point(s, cls, 1), true);
    check(s, point(s, cls, 1), point(s, cls, 2), false);
    check(s, listed(s, point(s, cls, 1)), listed(s, point(s, cls, 1)), true);
    check(s, tupled(s, listed(s, point(s, cls, 1))), tupled(s, listed(s, point(s, cls, 2))), false);
    assert_int_equal(asked, 8);
    ouro_value p = point(s, cls, 1);
    assert_true(equal(s, p, p));
    assert_int_equal(asked, 8); /* identity comes first */
    ouro_object *copy;
    ouro_value list = listed(s, p);
    OK(ouro_object_copy(ouro_value_object(list), &copy));
    check(s, list, obj(copy), true);
    assert_int_equal(asked, 8);
    ouro_release(cls);
}

static void either_side(void **state) {
    support *s = *state;
    ouro_object *cls = point_class(s, NULL);
    check(s, point(s, cls, 1), obj(new_node(s, 1)), true); /* a node has no equal of its own */
    check(s, point(s, cls, 1), obj(new_node(s, 2)), false);
    check(s, point(s, cls, 1), obj(new_list(s, 1)), false);
    assert_int_equal(asked, 6);
    check(s, point(s, cls, 1), num(1), false);
    check(s, point(s, cls, 1), str(s, "1"), false);
    check(s, point(s, cls, 1), OURO_NIL, false);
    assert_int_equal(asked, 6); /* a scalar is never asked about */
    ouro_release(cls);
}

static void inherited(void **state) {
    support *s = *state;
    ouro_object *base = point_class(s, NULL), *derived = point_class(s, base);
    ouro_value p = point(s, base, 1), q = point(s, derived, 1), r = point(s, derived, 1);
    bool result = false;
    uint64_t h = 0, g = 1;
    assert_true(equal(s, p, q));
    OK(ouro_value_hash(s->heap, p, &h));
    OK(ouro_value_hash(s->heap, q, &g));
    assert_true(h == g);
    OK(ouro_class_set_equal(derived, refuse_equal));
    OK(ouro_class_set_hash(derived, refuse_hash));
    OK(ouro_value_equal(s->heap, p, q, &result)); /* the left one's is asked */
    assert_true(result);
    FAILS(OURO_E_USER, ouro_value_equal(s->heap, q, p, &result));
    assert_string_equal(ouro_heap_message(s->heap), "not today");
    FAILS(OURO_E_USER, ouro_value_hash(s->heap, q, &g));
    OK(ouro_class_set_equal(derived, NULL));
    OK(ouro_class_set_hash(derived, NULL));
    assert_true(equal(s, q, r));
    OK(ouro_class_set_equal(base, NULL)); /* now by identity, hashed or not */
    assert_false(equal(s, q, r));
    ouro_object_clear(derived); /* without a base it inherits nothing */
    OK(ouro_class_set_equal(base, equal_points));
    assert_false(equal(s, q, r));
    const ouro_value owned[] = {p, q, r, obj(base), obj(derived)};
    for (int i = 0; i < 5; i++) ouro_value_release(owned[i]);
}

static void only_classes(void **state) {
    support *s = *state;
    ouro_object *list = new_list(s, 1);
    FAILS(OURO_E_TYPE, ouro_class_set_equal(list, equal_points));
    FAILS(OURO_E_TYPE, ouro_class_set_hash(list, hash_point));
    ouro_release(list);
}

static void unhashable(void **state) {
    support *s = *state;
    ouro_object *cls = point_class(s, NULL), *set;
    uint64_t h;
    OK(ouro_class_set_hash(cls, NULL));
    OK(ouro_set_new(s->heap, &set));
    ouro_value p = point(s, cls, 1), t = tupled(s, point(s, cls, 1));
    FAILS(OURO_E_UNHASHABLE, ouro_value_hash(s->heap, p, &h));
    assert_non_null(strstr(ouro_heap_message(s->heap), "instances of Point"));
    assert_non_null(strstr(ouro_heap_message(s->heap), "no __hash"));
    FAILS(OURO_E_UNHASHABLE, ouro_set_add(set, p));
    FAILS(OURO_E_UNHASHABLE, ouro_set_add(set, t));
    assert_int_equal(ouro_set_count(set), 0);
    OK(ouro_class_set_equal(cls, NULL)); /* by identity both ways */
    OK(ouro_set_add(set, p));
    const ouro_value owned[] = {p, t, obj(set), obj(cls)};
    for (int i = 0; i < 4; i++) ouro_value_release(owned[i]);
}

/* ---- keys -------------------------------------------------------------------------------- */

static void keys(void **state) {
    support *s = *state;
    ouro_object *cls = point_class(s, NULL), *dict;
    ouro_value first = point(s, cls, 1), second = point(s, cls, 1), found = OURO_NIL, key;
    ouro_cursor cursor = {0};
    OK(ouro_dict_new(s->heap, &dict));
    OK(ouro_dict_set(dict, first, num(10)));
    OK(ouro_dict_set(dict, second, num(20)));
    assert_int_equal(ouro_dict_count(dict), 1);
    OK(ouro_dict_get(dict, first, &found));
    assert_int_equal(whole(found), 20);
    OK(ouro_entries_next(dict, &cursor, &key, &found));
    assert_true(ouro_value_same(key, first)); /* the first key stays */
    assert_int_equal(ouro_object_count(ouro_value_object(second)), 1);
    ouro_value t = tupled(s, point(s, cls, 1)), u = tupled(s, point(s, cls, 1));
    OK(ouro_dict_set(dict, t, num(30)));
    OK(ouro_dict_get(dict, u, &found));
    assert_int_equal(whole(found), 30);
    OK(ouro_dict_remove(dict, second));
    FAILS(OURO_E_KEY, ouro_dict_remove(dict, second));
    const ouro_value owned[] = {first, second, t, u, obj(dict), obj(cls)};
    for (int i = 0; i < 6; i++) ouro_value_release(owned[i]);
}

/* Keys that all have one hash, and others of that hash that are no instances of the class. */
static void collisions(void **state) {
    support *s = *state;
    ouro_object *cls = point_class(s, NULL), *dict;
    ouro_value found = OURO_NIL, seven = num(7);
    OK(ouro_class_set_hash(cls, hash_all_alike));
    OK(ouro_class_set_hash(s->node_class, hash_all_alike));
    OK(ouro_dict_new(s->heap, &dict));
    for (int64_t i = 0; i < 100; i++) {
        ouro_value key = point(s, cls, i);
        OK(ouro_dict_set(dict, key, num(i)));
        ouro_value_release(key);
    }
    OK(ouro_dict_set(dict, seven, num(-7)));
    assert_int_equal(ouro_dict_count(dict), 101);
    for (int64_t i = 0; i < 100; i++) {
        ouro_value key = point(s, cls, i);
        OK(ouro_dict_get(dict, key, &found));
        assert_int_equal(whole(found), i);
        ouro_value_release(key);
    }
    ouro_object *node = new_node(s, 42); /* equal, says the class of the keys */
    OK(ouro_dict_get(dict, obj(node), &found));
    assert_int_equal(whole(found), 42);
    ouro_release(node);
    ouro_release(dict);
    ouro_release(cls);
}

/* ---- hooks that do harm ------------------------------------------------------------------ */

static void clear_subject(support *s, ouro_object *instance) {
    (void)instance;
    ouro_object_clear(s->subject);
}

static void release_subject(support *s, ouro_object *instance) {
    (void)instance;
    mischief = NULL;
    ouro_release(s->subject);
}

static void grow_subject(support *s, ouro_object *instance) {
    static int64_t next = 1000;
    (void)instance;
    OK(ouro_dict_set(s->subject, num(next++), OURO_TRUE));
}

static void grow_once(support *s, ouro_object *instance) {
    mischief = NULL;
    for (int i = 0; i < 100; i++) grow_subject(s, instance);
}

static void collect_all(support *s, ouro_object *instance) {
    size_t found;
    (void)instance;
    OK(ouro_collect(s->heap, 2, &found));
}

static ouro_object *dict_with(support *s, ouro_value key) {
    ouro_object *dict;
    OK(ouro_dict_new(s->heap, &dict));
    OK(ouro_dict_set(dict, key, num(1)));
    ouro_value_release(key);
    return dict;
}

static void harm_to_dicts(void **state) {
    support *s = *state;
    ouro_object *cls = point_class(s, NULL), *dict = dict_with(s, point(s, cls, 1));
    ouro_value p = point(s, cls, 1), found = OURO_NIL;
    s->subject = dict;
    mischief = grow_once;
    OK(ouro_dict_get(dict, p, &found));
    assert_int_equal(whole(found), 1);
    mischief = collect_all;
    OK(ouro_dict_get(dict, p, &found));
    assert_int_equal(whole(found), 1);
    mischief = grow_subject;
    FAILS(OURO_E_CHANGED, ouro_dict_get(dict, p, &found));
    mischief = clear_subject;
    OK(ouro_dict_get(dict, p, &found));
    assert_true(ouro_value_same(found, OURO_ABSENT));
    OK(ouro_dict_set(dict, p, num(2)));
    assert_int_equal(ouro_dict_count(dict), 1);
    mischief = release_subject;
    OK(ouro_dict_set(dict, p, num(3))); /* the dict's last reference goes meanwhile */
    ouro_value_release(p);
    ouro_release(cls);
}

static void harm_to_keys(void **state) {
    support *s = *state;
    ouro_object *cls = point_class(s, NULL), *set;
    OK(ouro_set_new(s->heap, &set));
    ouro_value t = tupled(s, point(s, cls, 1));
    s->subject = ouro_value_object(t);
    mischief = clear_subject; /* the tuple being hashed */
    FAILS(OURO_E_CHANGED, ouro_set_add(set, t));
    assert_int_equal(ouro_set_count(set), 0);
    ouro_value_release(t);
    ouro_value p = point(s, cls, 1);
    s->subject = ouro_value_object(p);
    mischief = release_subject; /* the key's last reference */
    OK(ouro_set_add(set, p));
    assert_int_equal(ouro_set_count(set), 1);
    assert_int_equal(ouro_object_count(ouro_value_object(p)), 1);
    OK(ouro_class_set_hash(cls, refuse_hash));
    FAILS(OURO_E_USER, ouro_set_remove(set, p));
    assert_string_equal(ouro_heap_message(s->heap), "no hash today");
    assert_int_equal(ouro_set_count(set), 1);
    ouro_release(set);
    ouro_release(cls);
}

static void harm_to_lists(void **state) {
    support *s = *state;
    ouro_object *cls = point_class(s, NULL);
    bool result = false;
    ouro_value a = listed(s, listed(s, point(s, cls, 1)));
    ouro_value b = listed(s, listed(s, point(s, cls, 1)));
    s->subject = ouro_value_object(a);
    mischief = release_subject;
    OK(ouro_value_equal(s->heap, a, b, &result));
    assert_true(result);
    a = listed(s, listed(s, point(s, cls, 1)));
    s->subject = ouro_value_object(item(ouro_value_object(a), 0));
    mischief = clear_subject;
    OK(ouro_value_equal(s->heap, a, b, &result)); /* its last item was being compared */
    mischief = NULL;
    ouro_value_release(a);
    ouro_value_release(b);
    ouro_release(cls);
}

/* Lists that contain themselves beside an instance. */
static void cyclic(void **state) {
    support *s = *state;
    ouro_object *cls = point_class(s, NULL), *rings[3];
    for (int i = 0; i < 3; i++) {
        ouro_value p = point(s, cls, i < 2 ? 1 : 2);
        OK(ouro_list_new(s->heap, NULL, 0, &rings[i]));
        OK(ouro_list_append(rings[i], obj(rings[i])));
        OK(ouro_list_append(rings[i], p));
        ouro_value_release(p);
    }
    assert_true(equal(s, obj(rings[0]), obj(rings[1])));
    assert_false(equal(s, obj(rings[0]), obj(rings[2])));
    for (int i = 0; i < 3; i++) drop_cycle(rings[i]);
    ouro_release(cls);
}

/* ---- copies ------------------------------------------------------------------------------ */

static void deepcopy(void **state) {
    support *s = *state;
    ouro_object *cls = point_class(s, NULL), *copy;
    ouro_value p = point(s, cls, 1), found = OURO_NIL, key;
    ouro_object *dict = dict_with(s, point(s, cls, 1));
    ouro_cursor cursor = {0};
    OK(ouro_dict_set(dict, obj(s->node_class), num(2)));
    OK(ouro_object_deepcopy(dict, &copy));
    OK(ouro_dict_get(copy, p, &found));
    assert_int_equal(whole(found), 1);
    OK(ouro_entries_next(copy, &cursor, &key, NULL));
    assert_int_equal(ouro_object_count(ouro_value_object(key)), 1);
    assert_int_equal(x_of(ouro_value_object(key)), 1);
    assert_true(equal(s, obj(dict), obj(copy)));
    ouro_release(copy);
    s->subject = dict;
    mischief = grow_once;
    FAILS(OURO_E_CHANGED, ouro_object_deepcopy(dict, &copy));
    OK(ouro_class_set_hash(cls, refuse_hash));
    FAILS(OURO_E_USER, ouro_object_deepcopy(dict, &copy));
    ouro_value_release(p);
    ouro_release(dict);
    ouro_release(cls);
}

/* The copy of the dict that the key's `next` refers to, within its hash. */
static void grow_own_dict(support *s, ouro_object *instance) {
    ouro_object *dict = ouro_value_object(ouro_record_slot(instance, 1));
    (void)s;
    for (int64_t i = 0; i < 20; i++) OK(ouro_dict_set(dict, num(i), OURO_TRUE));
}

static void deepcopy_grows(void **state) {
    support *s = *state;
    ouro_object *cls = point_class(s, NULL), *copy;
    ouro_value p = point(s, cls, 1);
    ouro_object *dict = dict_with(s, p);
    ouro_record_set_slot(ouro_value_object(p), 1, obj(dict));
    mischief = grow_own_dict;
    FAILS(OURO_E_CHANGED, ouro_object_deepcopy(dict, &copy));
    mischief = NULL;
    drop_cycle(dict);
    ouro_release(cls);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(by_value, "instances are equal as their class says, identity first"),
        SENTENCE(either_side, "the class of either side is asked, but never about a scalar"),
        SENTENCE(inherited, "both are inherited, replaced and taken back"),
        SENTENCE(only_classes, "what is no class has neither"),
        SENTENCE(unhashable, "equal without hash makes unhashable"),
        SENTENCE(keys, "equal keys are one key, and the first stays"),
        SENTENCE(collisions, "what has the same hash is told apart"),
        SENTENCE(harm_to_dicts, "a hook may change, clear and drop the dict"),
        SENTENCE(harm_to_keys, "a hook may drop the key and clear a tuple, or fail"),
        SENTENCE(harm_to_lists, "a hook may drop and clear what is compared"),
        SENTENCE(cyclic, "cyclic lists with instances are compared"),
        SENTENCE(deepcopy, "deep copies hash their keys anew"),
        SENTENCE(deepcopy_grows, "a hash hook may not fill the copy"),
    };
    return RUN(tests);
}
