/* SPDX-License-Identifier: MIT */
/* Tests of core/types/equal.c and hash.c. */
#include "support.h"

static ouro_value number(support *s, double d) {
    ouro_value v;
    OK(ouro_float(s->heap, d, &v));
    return v;
}

static ouro_value integer(support *s, int64_t i) {
    ouro_value v;
    OK(ouro_integer(s->heap, i, &v));
    return v;
}

static uint64_t hash(support *s, ouro_value v) {
    uint64_t result = 0;
    OK(ouro_value_hash(s->heap, v, &result));
    return result;
}

static void check_numbers(support *s, ouro_value a, ouro_value b, bool expected) {
    assert_int_equal(equal(s, a, b), expected);
    if (expected) assert_true(hash(s, a) == hash(s, b));
    ouro_value_release(a);
    ouro_value_release(b);
}

static void numbers(void **state) {
    support *s = *state;
    const int64_t two53 = (int64_t)1 << 53;
    check_numbers(s, num(1), number(s, 1.0), true);
    check_numbers(s, num(0), number(s, -0.0), true);
    check_numbers(s, number(s, 0.0), number(s, -0.0), true);
    check_numbers(s, num(two53 + 1), number(s, (double)two53), false);
    check_numbers(s, num(two53), number(s, (double)two53), true);
    check_numbers(s, integer(s, INT64_MAX), number(s, 0x1p63), false);
    check_numbers(s, integer(s, INT64_MIN), number(s, -0x1p63), true);
    check_numbers(s, integer(s, INT64_MAX), integer(s, INT64_MAX), true);
    check_numbers(s, integer(s, INT64_MAX), integer(s, INT64_MAX - 1), false);
    check_numbers(s, num(1), number(s, 1.5), false);
    check_numbers(s, number(s, 1e300), number(s, 1e300), true);
    check_numbers(s, number(s, 1e300), number(s, 1e301), false);
    check_numbers(s, number(s, (double)INFINITY), number(s, (double)INFINITY), true);
    check_numbers(s, number(s, (double)INFINITY), integer(s, INT64_MAX), false);
    check_numbers(s, number(s, (double)NAN), number(s, (double)NAN), false);
    check_numbers(s, number(s, -(double)NAN), number(s, -(double)NAN), false);
    check_numbers(s, OURO_TRUE, num(1), false);
    check_numbers(s, OURO_NIL, OURO_FALSE, false);
    check_numbers(s, str(s, "1"), num(1), false);
    check_numbers(s, str(s, "ab"), str(s, "ab"), true);
    check_numbers(s, str(s, "ab"), str(s, "ac"), false);
    check_numbers(s, str(s, ""), str(s, "a"), false);
    ouro_value nan = number(s, -(double)NAN);
    assert_true(ouro_value_is_object(nan));
    assert_false(equal(s, nan, nan));
    ouro_value_release(nan);
}

/* A container made of values, which are consumed. */
static ouro_value pack(support *s, bool tuple, size_t n, const ouro_value *values) {
    ouro_object *object;
    OK(tuple ? ouro_tuple_new(s->heap, values, n, &object)
             : ouro_list_new(s->heap, values, n, &object));
    for (size_t i = 0; i < n; i++) ouro_value_release(values[i]);
    return obj(object);
}

#define LIST(...) list_of(s, sizeof((ouro_value[]){__VA_ARGS__}) / sizeof(ouro_value), \
                          (ouro_value[]){__VA_ARGS__})
#define TUPLE(...) tuple_of(s, sizeof((ouro_value[]){__VA_ARGS__}) / sizeof(ouro_value), \
                            (ouro_value[]){__VA_ARGS__})

static ouro_value list_of(support *s, size_t n, const ouro_value *values) {
    return pack(s, false, n, values);
}

static ouro_value tuple_of(support *s, size_t n, const ouro_value *values) {
    return pack(s, true, n, values);
}

static void check_equal(support *s, ouro_value a, ouro_value b, bool expected) {
    assert_int_equal(equal(s, a, b), expected);
    ouro_value_release(a);
    ouro_value_release(b);
}

static void sequences(void **state) {
    support *s = *state;
    check_equal(s, LIST(num(1), LIST(num(2))), LIST(number(s, 1), LIST(num(2))), true);
    check_equal(s, LIST(num(1), LIST(num(2))), LIST(num(1), LIST(num(3))), false);
    check_equal(s, LIST(num(1)), LIST(num(1), num(1)), false);
    check_equal(s, LIST(num(1)), TUPLE(num(1)), false);
    check_equal(s, TUPLE(num(1), str(s, "x")), TUPLE(num(1), str(s, "x")), true);
    check_equal(s, LIST(number(s, (double)NAN)), LIST(number(s, (double)NAN)), false);
    check_equal(s, LIST(obj(new_node(s, 1))), LIST(obj(new_node(s, 1))), false);
    check_equal(s, LIST(LIST(LIST(num(1)), num(2)), num(3)),
                LIST(LIST(LIST(num(1)), num(2)), num(4)), false);
    ouro_value list = LIST(number(s, (double)NAN));
    assert_true(equal(s, list, list)); /* by identity */
    ouro_value_release(list);
    assert_int_equal(s->dead_count, 2);
}

static ouro_value dict_of(support *s, const ouro_value *keys, const ouro_value *values, size_t n) {
    ouro_object *dict;
    OK(ouro_dict_new(s->heap, &dict));
    for (size_t i = 0; i < n; i++) OK(ouro_dict_set(dict, keys[i], values[i]));
    return obj(dict);
}

static void tables(void **state) {
    support *s = *state;
    ouro_value t = TUPLE(num(1), num(2)), u = TUPLE(num(1), number(s, 2));
    ouro_value x = LIST(num(1)), y = LIST(num(1)), z = LIST(num(2));
    const ouro_value keys[] = {num(1), t, OURO_TRUE}, turned[] = {OURO_TRUE, u, number(s, 1)};
    const ouro_value values[] = {num(5), x, OURO_NIL}, same[] = {OURO_NIL, y, num(5)};
    const ouro_value different[] = {OURO_NIL, z, num(5)};
    check_equal(s, dict_of(s, keys, values, 3), dict_of(s, turned, same, 3), true);
    check_equal(s, dict_of(s, keys, values, 3), dict_of(s, turned, different, 3), false);
    check_equal(s, dict_of(s, keys, values, 2), dict_of(s, keys, values, 3), false);
    check_equal(s, dict_of(s, keys, values, 2), dict_of(s, turned, same, 2), false);
    ouro_object *a, *b;
    OK(ouro_set_new(s->heap, &a));
    OK(ouro_set_new(s->heap, &b));
    check_equal(s, dict_of(s, keys, values, 0), obj(a), false);
    OK(ouro_set_new(s->heap, &a));
    for (int i = 0; i < 3; i++) OK(ouro_set_add(a, keys[i]));
    for (int i = 0; i < 3; i++) OK(ouro_set_add(b, turned[i]));
    assert_true(equal(s, obj(a), obj(b)));
    OK(ouro_set_remove(b, u));
    OK(ouro_set_add(b, num(7)));
    check_equal(s, obj(a), obj(b), false);
    const ouro_value owned[] = {t, u, x, y, z};
    for (int i = 0; i < 5; i++) ouro_value_release(owned[i]);
}

/* A ring of n lists, each holding its number modulo m and the next; one count is the ring's,
 * or, for an anonymous one, the whole ring is only held. */
static ouro_object *new_ring(support *s, size_t n, int64_t m) {
    ouro_object *first = new_list(s, 0), *last = first;
    for (size_t i = 0; i < n; i++) {
        OK(ouro_list_append(last, num((int64_t)i % m)));
        ouro_object *next = i + 1 < n ? new_list(s, 0) : first;
        OK(ouro_list_append(last, obj(next)));
        if (i + 1 < n) ouro_release(next);
        last = next;
    }
    return first;
}

static void rings(void **state) {
    support *s = *state;
    for (int round = 0; round < 2; round++) {
        ouro_object *ring[5] = {new_ring(s, 1, 1), new_ring(s, 2, 1), new_ring(s, 3, 1),
                                new_ring(s, 2, 2), new_ring(s, 4, 2)};
        for (int i = 0; round == 1 && i < 5; i++) {
            ouro_object_hold(ring[i]);
            ouro_release(ring[i]);
            assert_int_equal(ring[i]->count, 1);
        }
        for (int i = 0; i < 5; i++)
            for (int j = 0; j < 5; j++)
                assert_int_equal(equal(s, obj(ring[i]), obj(ring[j])), i / 3 == j / 3);
        for (int i = 0; i < 5; i++) {
            if (round == 1) ouro_retain(ring[i]);
            ouro_object_unhold(ring[i]);
            drop_cycle(ring[i]);
        }
    }
}

/* Two rings of coprime lengths, nothing counted but the rings themselves: as many steps as
 * both have nodes must do, not as many as their product. */
static void coprime(void **state) {
    support *s = *state;
    ouro_object *a = new_ring(s, 10007, 1), *b = new_ring(s, 10009, 1);
    ouro_object_hold(a);
    ouro_object_hold(b);
    ouro_release(a);
    ouro_release(b);
    assert_true(equal(s, obj(a), obj(b)));
    ouro_retain(a);
    ouro_retain(b);
    ouro_object_unhold(a);
    ouro_object_unhold(b);
    drop_cycle(a);
    drop_cycle(b);
}

static void cyclic_dicts(void **state) {
    support *s = *state;
    ouro_object *dict[2];
    ouro_value name = str(s, "self");
    for (int i = 0; i < 2; i++) {
        OK(ouro_dict_new(s->heap, &dict[i]));
        OK(ouro_dict_set(dict[i], name, obj(dict[i])));
    }
    assert_true(equal(s, obj(dict[0]), obj(dict[1])));
    OK(ouro_dict_set(dict[0], name, obj(dict[1])));
    OK(ouro_dict_set(dict[1], name, obj(dict[0])));
    assert_true(equal(s, obj(dict[0]), obj(dict[1])));
    OK(ouro_dict_set(dict[1], num(1), num(1)));
    assert_false(equal(s, obj(dict[0]), obj(dict[1])));
    ouro_value_release(name);
    ouro_object_clear(dict[0]);
    ouro_release(dict[0]);
    drop_cycle(dict[1]);
}

static ouro_value deep(support *s, bool tuple, size_t depth, ouro_value v) {
    for (size_t i = 0; i < depth; i++) v = pack(s, tuple, 1, &v);
    return v;
}

static void depth(void **state) {
    support *s = *state;
    size_t calls = s->calls;
    ouro_value a = deep(s, false, 200000, num(1)), b = deep(s, false, 200000, num(1));
    ouro_value c = deep(s, false, 200000, num(2));
    calls = s->calls;
    assert_true(equal(s, a, b));
    assert_false(equal(s, a, c));
    assert_true(s->calls < calls + 20); /* a chain needs no memory for each link */
    ouro_value_release(a);
    ouro_value_release(b);
    ouro_value_release(c);
    a = deep(s, true, 200000, num(1));
    b = deep(s, true, 200000, num(1));
    assert_true(hash(s, a) == hash(s, b));
    assert_true(equal(s, a, b));
    ouro_value_release(a);
    ouro_value_release(b);
}

/* x = [x', x'], x' = [x'', x'']: 2^60 paths. */
static ouro_value shared(support *s, bool tuple, int levels, ouro_value v) {
    for (int i = 0; i < levels; i++) {
        ouro_value_retain(v);
        v = pack(s, tuple, 2, (ouro_value[]){v, v});
    }
    return v;
}

static void sharing(void **state) {
    support *s = *state;
    check_equal(s, shared(s, false, 60, num(1)), shared(s, false, 60, num(1)), true);
    check_equal(s, shared(s, false, 60, num(1)), shared(s, false, 60, num(2)), false);
    ouro_value a = shared(s, true, 60, num(1)), b = shared(s, true, 60, num(1));
    assert_true(hash(s, a) == hash(s, b));
    check_equal(s, a, b, true);
}

static void tuples_hash(void **state) {
    support *s = *state;
    ouro_value a = TUPLE(num(1), num(2)), b = TUPLE(num(2), num(1)), c = TUPLE(num(1));
    ouro_value d = TUPLE(TUPLE(num(1)), num(2)), e = TUPLE(num(1), TUPLE(num(2)));
    assert_true(hash(s, a) != hash(s, b));
    assert_true(hash(s, a) != hash(s, c));
    assert_true(hash(s, d) != hash(s, e));
    const ouro_value owned[] = {a, b, c, d, e};
    for (int i = 0; i < 5; i++) ouro_value_release(owned[i]);
    uint64_t h;
    ouro_object *list = new_list(s, 0);
    ouro_retain(list);
    a = TUPLE(num(1), TUPLE(obj(list)));
    FAILS(OURO_E_UNHASHABLE, ouro_value_hash(s->heap, obj(list), &h));
    FAILS(OURO_E_UNHASHABLE, ouro_value_hash(s->heap, a, &h));
    assert_int_equal(list->count, 2);
    ouro_value_release(a);
    ouro_release(list);
}

static void other_heap(void **state) {
    support *s = *state;
    ouro_heap *other;
    ouro_object *list = new_list(s, 1), *stranger;
    bool result = true;
    uint64_t h = 7;
    OK(ouro_heap_open(NULL, &other));
    OK(ouro_list_new(other, NULL, 0, &stranger));
    FAILS(OURO_E_HEAP, ouro_value_equal(s->heap, obj(list), obj(stranger), &result));
    FAILS(OURO_E_HEAP, ouro_value_hash(s->heap, obj(stranger), &h));
    assert_true(result && h == 7);
    ouro_release(stranger);
    ouro_release(list);
    OK(ouro_heap_close(other));
}

/* ---- an embedder's equal ----------------------------------------------------------------- */

typedef struct box {
    ouro_object header;
    int64_t id;
} box;

static int trouble;

static ouro_status equal_boxes(ouro_object *a, ouro_object *b, bool *ret_equal) {
    support *s = ouro_heap_user(ouro_object_heap(a));
    if (trouble == 1) return ouro_heap_fail(s->heap, OURO_E_USER, "no");
    if (trouble == 2) ouro_object_clear(s->subject);
    if (trouble == 3) {
        ouro_release(s->subject); /* the last reference, perhaps */
        trouble = 0;
    }
    *ret_equal = ((box *)(void *)a)->id == ((box *)(void *)b)->id;
    return OURO_OK;
}

static const ouro_type_spec box_spec = {.struct_size = sizeof box_spec,
                                        .name = "box",
                                        .size = sizeof(box),
                                        .equal = equal_boxes};

static ouro_value new_box(support *s, ouro_type *type, int64_t id) {
    ouro_object *object;
    OK(ouro_object_new(s->heap, type, 0, &object));
    ((box *)(void *)object)->id = id;
    return obj(object);
}

static void hooks(void **state) {
    support *s = *state;
    ouro_type *type;
    bool result = false;
    trouble = 0;
    OK(ouro_type_new(s->heap, &box_spec, &type));
    check_equal(s, new_box(s, type, 1), new_box(s, type, 1), true);
    check_equal(s, LIST(new_box(s, type, 1)), LIST(new_box(s, type, 2)), false);
    check_equal(s, new_box(s, type, 1), num(1), false);
    check_equal(s, new_box(s, type, 1), obj(new_list(s, 0)), false);
    ouro_value a = LIST(LIST(new_box(s, type, 1)), num(1)), b = LIST(LIST(new_box(s, type, 1)),
                                                                   num(1));
    trouble = 1;
    FAILS(OURO_E_USER, ouro_value_equal(s->heap, a, b, &result));
    trouble = 2;
    s->subject = ouro_value_object(a);
    FAILS(OURO_E_CHANGED, ouro_value_equal(s->heap, a, b, &result));
    assert_false(result);
    ouro_value_release(a);
    a = LIST(LIST(new_box(s, type, 1)), num(1));
    trouble = 3;
    s->subject = ouro_value_object(a); /* dies during the comparison */
    OK(ouro_value_equal(s->heap, a, b, &result));
    assert_true(result);
    ouro_value_release(b);
}

/* ---- refusals ---------------------------------------------------------------------------- */

static ouro_value left_side, right_side;

static ouro_status compare_sides(support *s) {
    bool result = false;
    ouro_status status = ouro_value_equal(s->heap, left_side, right_side, &result);
    assert_int_equal(result, status == OURO_OK);
    return status;
}

static ouro_status hash_side(support *s) {
    uint64_t h = 0;
    return ouro_value_hash(s->heap, left_side, &h);
}

static ouro_value wide(support *s, size_t levels) {
    ouro_value v = num(1);
    for (size_t i = 0; i < levels; i++) v = LIST(v, num(2));
    return v;
}

static void refusals(void **state) {
    support *s = *state;
    left_side = wide(s, 300);
    right_side = wide(s, 300);
    assert_true(support_sweep(s, compare_sides, NULL) >= 5);
    ouro_value_release(left_side);
    ouro_value_release(right_side);
    left_side = obj(new_ring(s, 500, 1));
    right_side = obj(new_ring(s, 400, 1));
    assert_true(support_sweep(s, compare_sides, NULL) >= 1);
    drop_cycle(ouro_value_object(left_side));
    drop_cycle(ouro_value_object(right_side));
    left_side = deep(s, true, 300, num(1));
    assert_true(support_sweep(s, hash_side, NULL) >= 3);
    ouro_value_release(left_side);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(numbers, "numbers are equal by mathematical value, and then hash alike"),
        SENTENCE(sequences, "lists and tuples are equal item by item"),
        SENTENCE(tables, "dicts and sets are equal in any order"),
        SENTENCE(rings, "rings are equal when no walk tells them apart"),
        SENTENCE(coprime, "rings of coprime lengths are compared in linear time"),
        SENTENCE(cyclic_dicts, "dicts that contain themselves are compared"),
        SENTENCE(depth, "depth uses no stack, and a chain no memory"),
        SENTENCE(sharing, "what is shared is compared once"),
        SENTENCE(tuples_hash, "tuples hash by content and order, if their items do"),
        SENTENCE(other_heap, "containers of another heap are refused"),
        SENTENCE(hooks, "an embedder's equal is asked, and may do anything"),
        SENTENCE(refusals, "a comparison without memory fails and leaves all as it was"),
    };
    return RUN(tests);
}
