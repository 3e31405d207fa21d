/* SPDX-License-Identifier: MIT */
/* Tests of core/types/scalar.c: numbers exact to the bit, strings of any bytes. */
#include "support.h"

static void check_integer(support *s, int64_t i) {
    ouro_value v;
    OK(ouro_integer(s->heap, i, &v));
    assert_int_equal(ouro_value_kind(v), OURO_KIND_INTEGER);
    assert_true(whole(v) == i);
    assert_int_equal(ouro_value_is_object(v), i < INT64_MIN / 2 || i > INT64_MAX / 2);
    double d;
    assert_false(ouro_value_as_float(v, &d));
    ouro_value_release(v);
}

static void integers(void **state) {
    const int64_t edges[] = {0, INT64_MIN / 2, INT64_MAX / 2, INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        check_integer(*state, edges[i]);
        if (edges[i] < INT64_MAX) check_integer(*state, edges[i] + 1);
        if (edges[i] > INT64_MIN) check_integer(*state, edges[i] - 1);
    }
}

static void check_bits(support *s, uint64_t bits) {
    double d, back = 0;
    uint64_t back_bits;
    ouro_value v;
    memcpy(&d, &bits, sizeof d);
    OK(ouro_float(s->heap, d, &v));
    assert_int_equal(ouro_value_kind(v), OURO_KIND_FLOAT);
    assert_true(ouro_value_as_float(v, &back));
    memcpy(&back_bits, &back, sizeof back_bits);
    assert_true(bits == back_bits);
    ouro_value_release(v);
}

static void floats(void **state) {
    const uint64_t edges[] = {
        0, 0x8000000000000000u,                         /* zeros */
        1, 0x8000000000000001u, 0x000fffffffffffffu,    /* subnormal */
        0x7ff0000000000000u, 0xfff0000000000000u,       /* infinities */
        0x7ff8000000000000u, 0xfff8000000000000u,       /* quiet NaN, and negative */
        0x7ff8000000000001u, 0x7fffffffffffffffu,       /* with a payload */
        0x2fffffffffffffffu, 0x3000000000000000u, 0x4fffffffffffffffu, 0x5000000000000000u,
        0x7fefffffffffffffu, 0x3ff0000000000000u, 0xbff0000000000000u};
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) check_bits(*state, edges[i]);
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        if ((random & 0x7ff8000000000000u) != 0x7ff0000000000000u) check_bits(*state, random);
    }
}

static void strings(void **state) {
    support *s = *state;
    const char *bytes = "a\0b\xff";
    const char *back;
    size_t length;
    ouro_value v, empty;
    OK(ouro_string(s->heap, bytes, 4, &v));
    OK(ouro_string(s->heap, NULL, 0, &empty));
    assert_int_equal(ouro_value_kind(v), OURO_KIND_STRING);
    assert_true(ouro_value_as_string(v, &back, &length));
    assert_int_equal(length, 4);
    assert_memory_equal(back, "a\0b\xff\0", 5);
    assert_true(ouro_value_as_string(empty, &back, &length));
    assert_int_equal(length, 0);
    assert_string_equal(back, "");
    assert_false(ouro_value_as_string(num(1), &back, &length));
    ouro_value_release(v);
    ouro_value_release(empty);
    char *big = calloc(1, 100000);
    OK(ouro_string(s->heap, big, 100000, &v));
    assert_true(ouro_value_as_string(v, &back, &length));
    assert_int_equal(length, 100000);
    ouro_value_release(v);
    free(big);
}

static void too_long(void **state) {
    support *s = *state;
    ouro_value v = num(7);
    FAILS(OURO_E_LIMIT, ouro_string(s->heap, "x", (size_t)1 << 32, &v));
    assert_int_equal(whole(v), 7);
}

static void kinds(void **state) {
    support *s = *state;
    assert_int_equal(ouro_value_kind(OURO_NIL), OURO_KIND_NIL);
    assert_int_equal(ouro_value_kind(OURO_TRUE), OURO_KIND_BOOL);
    assert_int_equal(ouro_value_kind(OURO_FALSE), OURO_KIND_BOOL);
    assert_int_equal(ouro_value_kind(obj(s->node_class)), OURO_KIND_OBJECT);
}

static ouro_status make_each(support *s) {
    static const char text[40000];
    ouro_value v[3];
    ouro_status status = ouro_string(s->heap, text, sizeof text, &v[0]);
    if (status != OURO_OK) return status;
    status = ouro_integer(s->heap, INT64_MAX, &v[1]);
    if (status == OURO_OK) {
        status = ouro_float(s->heap, 1e300, &v[2]);
        if (status == OURO_OK) ouro_value_release(v[2]);
        ouro_value_release(v[1]);
    }
    ouro_value_release(v[0]);
    return status;
}

static void refusals(void **state) {
    assert_true(support_sweep(*state, make_each, NULL) >= 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(integers, "integers of 64 bits come back equal"),
        SENTENCE(floats, "floats come back equal to the bit"),
        SENTENCE(strings, "strings hold any bytes and end with a NUL"),
        SENTENCE(too_long, "a string beyond 4 GiB is refused"),
        SENTENCE(kinds, "each value says its kind"),
        SENTENCE(refusals, "a scalar for which there is no memory is not made"),
    };
    return RUN(tests);
}
