/* SPDX-License-Identifier: MIT */
/* Text: growing, and what a refusal leaves. */
#include "looking.h"

static void an_empty_text_has_no_bytes(void **state) {
    ouro_heap *heap = *state;
    ouro_text text = {.heap = heap};
    expect(heap, ouro_text_add(&text, "", 0));
    assert_null(text.bytes);
    ouro_text_free(&text);
    ouro_text_free(&text);
}

static void a_text_is_followed_by_a_nul(void **state) {
    ouro_heap *heap = *state;
    ouro_text text = {.heap = heap};
    for (size_t i = 1; i <= 1000; i++) {
        expect(heap, ouro_text_add(&text, "a\0b", 3));
        assert_int_equal(text.length, 3 * i);
        assert_int_equal(text.bytes[text.length], '\0');
        assert_memory_equal(text.bytes + text.length - 3, "a\0b", 3);
    }
    ouro_text_free(&text);
    assert_null(text.bytes);
    assert_int_equal(text.length, 0);
}

static void adding_asks_for_memory_now_and_then(void **state) {
    ouro_heap *heap = *state;
    ouro_text text = {.heap = heap};
    refuse_from(heap, 0);
    for (int i = 0; i < 100000; i++) expect(heap, ouro_text_add(&text, "x", 1));
    assert_true(((supply *)ouro_heap_user(heap))->calls < 20);
    ouro_text_free(&text);
}

static void a_refusal_leaves_the_text_as_it_was(void **state) {
    ouro_heap *heap = *state;
    ouro_text text = {.heap = heap};
    expect(heap, ouro_text_add(&text, "before", 6));
    refuse_from(heap, 1);
    char long_piece[500];
    memset(long_piece, 'x', sizeof long_piece);
    assert_int_equal(ouro_text_add(&text, long_piece, sizeof long_piece), OURO_E_NOMEM);
    refuse_from(heap, 0);
    assert_string_equal(text.bytes, "before");
    assert_int_equal(ouro_text_add(&text, "x", SIZE_MAX), OURO_E_NOMEM);
    assert_string_equal(text.bytes, "before");
    ouro_text_free(&text);
}

static void near_a_limit_a_text_grows_by_what_is_needed(void **state) {
    ouro_heap *heap = *state;
    ouro_text text = {.heap = heap};
    char piece[1000];
    memset(piece, 'x', sizeof piece);
    expect(heap, ouro_text_add(&text, piece, sizeof piece));
    size_t in_use = ((supply *)ouro_heap_user(heap))->bytes;
    ouro_heap_set_limits(heap, 0, in_use + 100, 0);
    expect(heap, ouro_text_add(&text, piece, 50));
    assert_int_equal(ouro_text_add(&text, piece, sizeof piece), OURO_E_LIMIT);
    assert_int_equal(text.length, 1050);
    ouro_heap_set_limits(heap, 0, 0, 0);
    ouro_text_free(&text);
}

static void a_text_without_a_heap_is_refused(void **state) {
    (void)state;
    ouro_text text = {0};
    assert_int_equal(ouro_text_add(&text, "x", 1), OURO_E_VALUE);
    ouro_text_free(&text);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_heap, close_heap)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_empty_text_has_no_bytes),
        TEST(a_text_is_followed_by_a_nul),
        TEST(adding_asks_for_memory_now_and_then),
        TEST(a_refusal_leaves_the_text_as_it_was),
        TEST(near_a_limit_a_text_grows_by_what_is_needed),
        TEST(a_text_without_a_heap_is_refused),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
