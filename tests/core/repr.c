/* SPDX-License-Identifier: MIT */
/* Repr: what values look like, where the text is cut, and that looking changes nothing. */
#include "looking.h"

static void expect_text(ouro_heap *heap, ouro_value v, const ouro_repr_options *options,
                        const char *expected) {
    ouro_text text = {.heap = heap};
    expect(heap, ouro_repr(heap, v, options, &text));
    assert_string_equal(text.bytes != NULL ? text.bytes : "", expected);
    assert_int_equal(text.length, strlen(expected));
    ouro_text_free(&text);
}

/* The value is released. */
static void expect_repr(ouro_heap *heap, ouro_value v, const char *expected) {
    expect_text(heap, v, NULL, expected);
    ouro_value_release(v);
}

static void expect_bounded(ouro_heap *heap, ouro_value v, size_t max_depth, size_t max_items,
                           const char *expected) {
    ouro_repr_options options = {
        .struct_size = sizeof options, .max_depth = max_depth, .max_items = max_items};
    expect_text(heap, v, &options, expected);
}

/* Drops what the object refers to, so that a ring falls apart, and the object. */
static void undo(ouro_value v) {
    ouro_object_clear(ouro_value_object(v));
    ouro_value_release(v);
}

/* ---- scalars ----------------------------------------------------------------------------- */

static void scalars_look_as_lua_prints_them(void **state) {
    ouro_heap *heap = *state;
    expect_repr(heap, OURO_NIL, "nil");
    expect_repr(heap, OURO_TRUE, "true");
    expect_repr(heap, OURO_FALSE, "false");
    expect_repr(heap, INT(-42), "-42");
    expect_repr(heap, big(heap, INT64_MIN), "-9223372036854775808");
    expect_repr(heap, big(heap, INT64_MAX), "9223372036854775807");
    expect_repr(heap, real(heap, 1), "1.0");
    expect_repr(heap, real(heap, -0.0), "-0.0");
    expect_repr(heap, real(heap, 0.1), "0.1");
    expect_repr(heap, real(heap, 1e15), "1e+15");
    expect_repr(heap, real(heap, 1e100), "1e+100");
    expect_repr(heap, real(heap, -1e-300), "-1e-300");
    expect_repr(heap, real(heap, 3.14159265358979), "3.1415926535898");
    expect_repr(heap, real(heap, (double)INFINITY), "inf");
    expect_repr(heap, real(heap, -(double)INFINITY), "-inf");
    expect_repr(heap, real(heap, copysign((double)NAN, 1)), "nan");
    expect_repr(heap, real(heap, copysign((double)NAN, -1)), "-nan");
}

static void strings_are_plain_at_the_top_and_quoted_inside(void **state) {
    ouro_heap *heap = *state;
    expect_repr(heap, str(heap, "a \"b\"\n"), "a \"b\"\n");
    expect_repr(heap, str(heap, ""), "");
    expect_repr(heap, LIST(heap, str(heap, ""), str(heap, "plain")), "[\"\", \"plain\"]");
    expect_repr(heap, LIST(heap, str(heap, "a \"b\"\n\t\\")), "[\"a \\\"b\\\"\\n\\t\\\\\"]");
}

static void quoted_strings_have_no_byte_that_a_terminal_obeys(void **state) {
    ouro_heap *heap = *state;
    expect_repr(heap, LIST(heap, bytes(heap, "a\0b\0001\033[", 7)),
                "[\"a\\0b\\0001\\027[\"]");
    expect_repr(heap, LIST(heap, str(heap, "\r\x7f")), "[\"\\013\\127\"]");
    expect_repr(heap, LIST(heap, str(heap, "\xc2\x9b" "1m")), "[\"\\194\\1551m\"]");
}

static void quoted_strings_are_valid_utf8(void **state) {
    ouro_heap *heap = *state;
    expect_repr(heap, LIST(heap, str(heap, "Grüße ☃ 🐍")), "[\"Grüße ☃ 🐍\"]");
    expect_repr(heap, LIST(heap, str(heap, "\xff")), "[\"\\255\"]");
    expect_repr(heap, LIST(heap, str(heap, "\xc3")), "[\"\\195\"]");
    expect_repr(heap, LIST(heap, str(heap, "\xe2\x98")), "[\"\\226\\152\"]");
    expect_repr(heap, LIST(heap, str(heap, "\xc0\xaf")), "[\"\\192\\175\"]");
    expect_repr(heap, LIST(heap, str(heap, "\xe0\x80\x80")), "[\"\\224\\128\\128\"]");
    expect_repr(heap, LIST(heap, str(heap, "\xed\xa0\x80")), "[\"\\237\\160\\128\"]");
    expect_repr(heap, LIST(heap, str(heap, "\xf0\x80\x80\x80")), "[\"\\240\\128\\128\\128\"]");
    expect_repr(heap, LIST(heap, str(heap, "\xf4\x90\x80\x80")), "[\"\\244\\144\\128\\128\"]");
}

/* ---- containers -------------------------------------------------------------------------- */

static void each_container_has_its_brackets(void **state) {
    ouro_heap *heap = *state;
    expect_repr(heap, LIST(heap, INT(1), OURO_NIL, real(heap, 2)), "[1, nil, 2.0]");
    expect_repr(heap, TUPLE(heap, INT(1), INT(2)), "(1, 2)");
    expect_repr(heap, SET(heap, INT(1), str(heap, "x")), "set{1, \"x\"}");
    expect_repr(heap, LIST(heap, LIST(heap, TUPLE(heap, SET(heap, INT(7))))),
                "[[(set{7},)]]");
}

static void empty_containers_are_just_brackets(void **state) {
    ouro_heap *heap = *state;
    expect_repr(heap, LIST(heap), "[]");
    expect_repr(heap, TUPLE(heap), "()");
    expect_repr(heap, DICT(heap), "{}");
    expect_repr(heap, SET(heap), "set{}");
}

static void a_tuple_of_one_has_a_comma(void **state) {
    ouro_heap *heap = *state;
    expect_repr(heap, TUPLE(heap, INT(1)), "(1,)");
    expect_repr(heap, TUPLE(heap, OURO_NIL), "(nil,)");
}

static void keys_that_are_names_are_plain_and_others_in_brackets(void **state) {
    ouro_heap *heap = *state;
    expect_repr(heap, DICT(heap, str(heap, "name"), INT(1), INT(2), str(heap, "two")),
                "{name: 1, [2]: \"two\"}");
    expect_repr(heap, DICT(heap, str(heap, "two words"), INT(1), str(heap, ""), INT(2)),
                "{[\"two words\"]: 1, [\"\"]: 2}");
    expect_repr(heap, DICT(heap, str(heap, "_1a"), INT(1), str(heap, "1a"), INT(2)),
                "{_1a: 1, [\"1a\"]: 2}");
    expect_repr(heap, DICT(heap, OURO_TRUE, INT(1), real(heap, 1.5), LIST(heap)),
                "{[true]: 1, [1.5]: []}");
}

static void a_key_may_be_a_container(void **state) {
    ouro_heap *heap = *state;
    expect_repr(heap,
                DICT(heap, TUPLE(heap, INT(1), TUPLE(heap)), LIST(heap, INT(2)),
                     str(heap, "after"), INT(3)),
                "{[(1, ())]: [2], after: 3}");
}

static void records_show_class_and_slots(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 2);
    ouro_object *record = new_record(heap, cls);
    set_slot(record, 0, INT(1));
    expect_repr(heap, value_of(record), "Node(val=1, next=nil)");
    ouro_object *none;
    expect(heap, ouro_class_new(heap, "Empty", (const char *const[]){""}, 0, NULL, &none));
    expect_repr(heap, value_of(new_record(heap, none)), "Empty()");
    ouro_release(none);
    ouro_release(cls);
}

static void a_slot_called_class_is_shown_like_any_other(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls;
    expect(heap, ouro_class_new(heap, "Odd", (const char *const[]){"class"}, 1, NULL, &cls));
    ouro_object *record = new_record(heap, cls);
    ouro_record_set_slot(record, 0, value_of(cls));
    expect_repr(heap, value_of(record), "Odd(class=<class Odd>)");
    ouro_release(cls);
}

static void open_records_show_their_attributes(void **state) {
    ouro_heap *heap = *state;
    ouro_object *bag;
    expect(heap, ouro_bag_new(heap, &bag));
    expect_text(heap, value_of(bag), NULL, "object()");
    expect(heap, ouro_record_set(bag, "a", 1, INT(1)));
    expect(heap, ouro_record_set(bag, "two words", 9, INT(2)));
    expect_repr(heap, value_of(bag), "object(a=1, [\"two words\"]=2)");
    ouro_object *cls;
    expect(heap, ouro_class_new(heap, "Open", NULL, 0, NULL, &cls));
    ouro_object *record = new_record(heap, cls);
    expect(heap, ouro_record_set(record, "x", 1, LIST(heap)));
    ouro_value x;
    expect(heap, ouro_record_get(record, "x", 1, &x));
    ouro_value_release(x);
    expect_repr(heap, value_of(record), "Open(x=[])");
    ouro_release(cls);
}

static void other_objects_are_named_in_angle_brackets(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 2);
    expect_text(heap, value_of(cls), NULL, "<class Node>");
    expect_text(heap, value_of(ouro_frame_main(heap)), NULL, "<frame main>");
    ouro_object *object = new_box(heap, "socket", 0);
    expect_repr(heap, LIST(heap, value_of(object)), "[<socket>]");
    expect_repr(heap, value_of(new_box(heap, "function", OURO_TYPE_PLAIN)), "<function>");
    ouro_release(cls);
}

static void watchers_say_whether_their_target_lives(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 2), *weak, *record;
    ouro_object *target = new_record(heap, cls);
    expect(heap, ouro_weak_new(target, NULL, OURO_NIL, &weak));
    expect(heap, ouro_finalize_new(target, NULL, OURO_NIL, &record));
    expect_text(heap, value_of(weak), NULL, "<weak ref to Node>");
    expect_text(heap, value_of(record), NULL, "<finalize Node>");
    ouro_release(target);
    expect_repr(heap, value_of(weak), "<weak ref, dead>");
    expect_repr(heap, value_of(record), "<finalize, dead>");
    ouro_release(cls);
}

/* ---- structures that return to themselves ------------------------------------------------ */

static void a_list_that_contains_itself(void **state) {
    ouro_heap *heap = *state;
    ouro_value list = LIST(heap);
    append(heap, list, again(list));
    expect_text(heap, list, NULL, "[[...]]");
    undo(list);
}

static void two_lists_in_each_other(void **state) {
    ouro_heap *heap = *state;
    ouro_value a = LIST(heap), b = LIST(heap, again(a));
    append(heap, a, b);
    expect_text(heap, a, NULL, "[[[...]]]");
    undo(a);
}

static void each_kind_of_container_marks_its_return(void **state) {
    ouro_heap *heap = *state;
    ouro_value list = LIST(heap), tuple = TUPLE(heap, again(list));
    append(heap, list, tuple);
    expect_text(heap, tuple, NULL, "([(...)],)");
    undo(list);
    ouro_value dict = DICT(heap);
    expect(heap, ouro_dict_set(ouro_value_object(dict), INT(1), dict));
    expect_text(heap, dict, NULL, "{[1]: {...}}");
    undo(dict);
    ouro_object *cls = new_class(heap, "Node", 2), *node = new_record(heap, cls);
    ouro_record_set_slot(node, 1, value_of(node));
    expect_text(heap, value_of(node), NULL, "Node(val=nil, next=Node(...))");
    undo(value_of(node));
    node = new_record(heap, cls);
    ouro_value set = SET(heap, again(value_of(node)));
    set_slot(node, 0, again(set));
    expect_text(heap, set, NULL, "set{Node(val=set{...}, next=nil)}");
    ouro_release(node);
    undo(set);
    ouro_release(cls);
}

static void a_shared_child_is_printed_each_time(void **state) {
    ouro_heap *heap = *state;
    ouro_value shared = LIST(heap, INT(1));
    expect_repr(heap, LIST(heap, again(shared), shared), "[[1], [1]]");
}

/* ---- bounds ------------------------------------------------------------------------------ */

static void deeper_containers_are_given_as_a_count(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = LIST(heap, LIST(heap, LIST(heap, INT(1), INT(2), INT(3)),
                                   TUPLE(heap, INT(1)), DICT(heap, INT(1), INT(2)),
                                   SET(heap), INT(5)));
    expect_bounded(heap, v, 2, 0, "[[[...3 items], (...1 item), {...1 item}, set{}, 5]]");
    expect_bounded(heap, v, 1, 0, "[[...5 items]]");
    ouro_value_release(v);
    ouro_object *cls = new_class(heap, "Node", 2), *node = new_record(heap, cls);
    v = LIST(heap, value_of(node));
    expect_bounded(heap, v, 1, 0, "[Node(...2 items)]");
    ouro_value_release(v);
    ouro_release(cls);
}

static void a_return_beyond_the_depth_is_still_a_return(void **state) {
    ouro_heap *heap = *state;
    ouro_value list = LIST(heap);
    append(heap, list, again(list));
    expect_bounded(heap, list, 1, 0, "[[...]]");
    undo(list);
}

static void after_so_many_items_the_rest_is_a_count(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = LIST(heap, INT(1), INT(2), INT(3), INT(4), INT(5));
    expect_bounded(heap, v, 0, 5, "[1, 2, 3, 4, 5]");
    expect_bounded(heap, v, 0, 4, "[1, 2, 3, 4, ... 1 more]");
    expect_bounded(heap, v, 0, 1, "[1, ... 4 more]");
    ouro_value_release(v);
    v = DICT(heap, INT(1), INT(2), str(heap, "b"), INT(3), INT(4), INT(5));
    expect_bounded(heap, v, 0, 1, "{[1]: 2, ... 2 more}");
    expect_bounded(heap, v, 0, 2, "{[1]: 2, b: 3, ... 1 more}");
    ouro_value_release(v);
    v = TUPLE(heap, TUPLE(heap, INT(1)), INT(2));
    expect_bounded(heap, v, 0, 1, "((... 1 more), ... 1 more)");
    ouro_value_release(v);
    ouro_object *cls = new_class(heap, "Node", 3);
    v = value_of(new_record(heap, cls));
    expect_bounded(heap, v, 0, 3, "Node(val=nil, next=nil, other=nil)");
    expect_bounded(heap, v, 0, 2, "Node(val=nil, next=nil, ... 1 more)");
    ouro_value_release(v);
    ouro_release(cls);
}

static void items_are_counted_over_all_levels(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = LIST(heap, LIST(heap, INT(1), INT(2), INT(3)), LIST(heap, INT(4), INT(5)),
                        INT(6));
    expect_bounded(heap, v, 0, 8, "[[1, 2, 3], [4, 5], 6]");
    expect_bounded(heap, v, 0, 6, "[[1, 2, 3], [4, ... 1 more], ... 1 more]");
    expect_bounded(heap, v, 0, 5, "[[1, 2, 3], [... 2 more], ... 1 more]");
    expect_bounded(heap, v, 0, 2, "[[1, ... 2 more], ... 2 more]");
    ouro_value_release(v);
}

static void the_defaults_are_six_levels_and_two_hundred_items(void **state) {
    ouro_heap *heap = *state;
    ouro_value deep = LIST(heap);
    for (int i = 0; i < 9; i++) deep = LIST(heap, deep);
    expect_repr(heap, deep, "[[[[[[[...1 item]]]]]]]");
    ouro_value wide = LIST(heap);
    char expected[1200] = "[";
    for (int i = 1; i <= 217; i++) append(heap, wide, INT(7));
    for (int i = 1; i <= 200; i++) strcat(expected, "7, ");
    strcat(expected, "... 17 more]");
    expect_repr(heap, wide, expected);
}

static void a_chain_of_ten_million_is_not_walked(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "N", 2), *chain;
    size_t length = 10 * 1000 * 1000;
    expect(heap, ouro_build_chain(heap, cls, length, &chain));
    size_t before = ((supply *)ouro_heap_user(heap))->calls;
    expect_text(heap, value_of(chain), NULL,
                "N(val=1, next=N(val=2, next=N(val=3, next=N(val=4, next=N(val=5, "
                "next=N(val=6, next=N(...2 items)))))))");
    assert_true(((supply *)ouro_heap_user(heap))->calls - before < 20);
    ouro_release(chain);
    ouro_release(cls);
}

static void no_depth_needs_c_stack(void **state) {
    ouro_heap *heap = *state;
    size_t depth = 300 * 1000;
    ouro_value v = LIST(heap);
    for (size_t i = 1; i < depth; i++) v = LIST(heap, v);
    ouro_repr_options options = {
        .struct_size = sizeof options, .max_depth = SIZE_MAX, .max_items = SIZE_MAX};
    ouro_text text = {.heap = heap};
    expect(heap, ouro_repr(heap, v, &options, &text));
    assert_int_equal(text.length, 2 * depth);
    assert_int_equal(text.bytes[depth - 1], '[');
    assert_int_equal(text.bytes[depth], ']');
    ouro_text_free(&text);
    ouro_value_release(v);
}

/* ---- custom ------------------------------------------------------------------------------ */

typedef struct script {
    ouro_object *spoils; /* what a call clears */
    size_t asked;
    ouro_status answer; /* for records */
} script;

/* Prints records as "*" (or declines, or fails); declines everything else, after saying
 * something that is to be taken back. */
static ouro_status custom(ouro_object *object, ouro_text *text, void *context) {
    script *s = context;
    s->asked++;
    ouro_object *spoils = s->spoils;
    s->spoils = NULL;
    if (spoils != NULL) ouro_object_clear(spoils);
    ouro_status status = ouro_text_add(text, "*", 1);
    if (status != OURO_OK) return status;
    return ouro_record_class(object) != NULL ? s->answer : OURO_E_KEY;
}

static void custom_is_asked_first_for_each_object(void **state) {
    ouro_heap *heap = *state;
    script s = {.answer = OURO_OK};
    ouro_repr_options options = {
        .struct_size = sizeof options, .custom = custom, .context = &s};
    ouro_object *cls = new_class(heap, "Node", 2);
    ouro_value v = LIST(heap, value_of(new_record(heap, cls)), str(heap, "text"), INT(1),
                        value_of(new_box(heap, "box", 0)));
    expect_text(heap, v, &options, "[*, \"text\", 1, <box>]");
    assert_int_equal(s.asked, 3);
    s.answer = OURO_E_KEY;
    expect_text(heap, v, &options, "[Node(val=nil, next=nil), \"text\", 1, <box>]");
    ouro_value_release(v);
    ouro_release(cls);
}

static void a_failing_custom_leaves_the_text_as_it_was(void **state) {
    ouro_heap *heap = *state;
    script s = {.answer = OURO_E_USER};
    ouro_repr_options options = {
        .struct_size = sizeof options, .custom = custom, .context = &s};
    ouro_object *cls = new_class(heap, "Node", 2);
    ouro_value v = LIST(heap, INT(1), value_of(new_record(heap, cls)));
    ouro_text text = {.heap = heap};
    expect(heap, ouro_text_add(&text, "before", 6));
    assert_int_equal(ouro_repr(heap, v, &options, &text), OURO_E_USER);
    assert_string_equal(text.bytes, "before");
    assert_int_equal(text.length, 6);
    ouro_text_free(&text);
    ouro_value_release(v);
    ouro_release(cls);
}

static void custom_may_take_the_structure_apart_meanwhile(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 2);
    ouro_value inner = LIST(heap, value_of(new_record(heap, cls)), str(heap, "last"));
    ouro_value v = LIST(heap, LIST(heap, inner, INT(2)), LIST(heap, str(heap, "three")));
    script s = {.answer = OURO_OK, .spoils = ouro_value_object(v)};
    ouro_repr_options options = {
        .struct_size = sizeof options, .custom = custom, .context = &s};
    expect_text(heap, v, &options, "[]");
    ouro_value_release(v);
    inner = LIST(heap, value_of(new_record(heap, cls)), str(heap, "last"));
    v = LIST(heap, LIST(heap, inner, INT(2)), LIST(heap, str(heap, "three")));
    ouro_value pair = LIST(heap, value_of(new_box(heap, "first", 0)), again(v));
    /* The box is asked about after the outer list's items were noted. */
    s = (script){.answer = OURO_OK};
    expect_text(heap, pair, &options, "[<first>, [[[*, \"last\"], 2], [\"three\"]]]");
    undo(v);
    ouro_value_release(pair);
    ouro_release(cls);
}

/* The box in front clears the list that holds it and everything that follows. */
static ouro_status clear_on_box(ouro_object *object, ouro_text *text, void *context) {
    (void)text;
    if (strcmp(ouro_type_name(ouro_object_type(object)), "trap") == 0)
        ouro_object_clear(context);
    return OURO_E_KEY;
}

static void what_was_noted_is_printed_though_it_is_gone(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = LIST(heap, value_of(new_box(heap, "trap", 0)), LIST(heap, INT(1)),
                        str(heap, "text"));
    ouro_value outer = LIST(heap, v);
    ouro_repr_options options = {.struct_size = sizeof options,
                                 .custom = clear_on_box,
                                 .context = ouro_value_object(outer)};
    expect_text(heap, outer, &options, "[[<trap>, [1], \"text\"]]");
    options.context = ouro_value_object(outer);
    expect_text(heap, outer, &options, "[]");
    ouro_value_release(outer);
}

/* ---- looking changes nothing ------------------------------------------------------------- */

static ouro_value sample(ouro_heap *heap) {
    ouro_object *cls = new_class(heap, "Node", 2), *node = new_record(heap, cls);
    ouro_release(cls);
    set_slot(node, 0, DICT(heap, TUPLE(heap, str(heap, "key")), LIST(heap, INT(1)),
                           str(heap, "name"), SET(heap, INT(2), real(heap, 1e300))));
    return LIST(heap, value_of(node), str(heap, "a\nb"), again(value_of(node)));
}

static const char sample_text[] =
    "[Node(val={[(\"key\",)]: [1], name: set{2, 1e+300}}, next=nil), \"a\\nb\", "
    "Node(val={[(\"key\",)]: [1], name: set{2, 1e+300}}, next=nil)]";

static void counts_are_as_before(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = sample(heap);
    const ouro_value *items;
    size_t count;
    expect(heap, ouro_sequence_items(ouro_value_object(v), &items, &count));
    ouro_object *node = ouro_value_object(items[0]);
    script s = {.answer = OURO_E_KEY};
    ouro_repr_options options = {
        .struct_size = sizeof options, .custom = custom, .context = &s};
    ouro_object_hold(node);
    size_t deferred = ouro_deferred(heap), live = ouro_heap_live(heap);
    expect_text(heap, v, NULL, sample_text);
    expect_text(heap, v, &options, sample_text);
    assert_int_equal(ouro_object_count(node), 2);
    assert_int_equal(ouro_deferred(heap), deferred);
    assert_int_equal(ouro_heap_live(heap), live);
    ouro_object_unhold(node);
    ouro_value_release(v);
}

static void without_memory_the_text_is_as_it_was(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = sample(heap);
    ouro_text text = {.heap = heap};
    expect(heap, ouro_text_add(&text, "before", 6));
    ouro_status status = OURO_E_NOMEM;
    size_t request = 0;
    while (status == OURO_E_NOMEM) {
        refuse_from(heap, ++request);
        status = ouro_repr(heap, v, NULL, &text);
        refuse_from(heap, 0);
        if (status == OURO_OK) break;
        assert_int_equal(status, OURO_E_NOMEM);
        assert_string_equal(text.bytes, "before");
        assert_int_equal(text.length, 6);
    }
    assert_true(request > 4);
    assert_string_equal(text.bytes + 6, sample_text);
    ouro_text_free(&text);
    ouro_value_release(v);
}

static void wrong_arguments_are_refused(void **state) {
    ouro_heap *heap = *state, *other;
    ouro_text text = {.heap = heap};
    ouro_repr_options options = {.max_depth = 1};
    assert_int_equal(ouro_repr(heap, OURO_NIL, &options, &text), OURO_E_VALUE);
    assert_non_null(strstr(ouro_heap_message(heap), "struct_size"));
    assert_int_equal(ouro_heap_open(NULL, &other), OURO_OK);
    ouro_value v = LIST(other);
    assert_int_equal(ouro_repr(heap, v, NULL, &text), OURO_E_HEAP);
    assert_null(text.bytes);
    ouro_value_release(v);
    assert_int_equal(ouro_heap_close(other), OURO_OK);
}

static void a_text_that_was_only_zeroed_will_do(void **state) {
    ouro_heap *heap = *state;
    ouro_text text = {0};
    expect(heap, ouro_repr(heap, OURO_TRUE, NULL, &text));
    assert_string_equal(text.bytes, "true");
    ouro_text_free(&text);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_heap, close_heap)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(scalars_look_as_lua_prints_them),
        TEST(strings_are_plain_at_the_top_and_quoted_inside),
        TEST(quoted_strings_have_no_byte_that_a_terminal_obeys),
        TEST(quoted_strings_are_valid_utf8),
        TEST(each_container_has_its_brackets),
        TEST(empty_containers_are_just_brackets),
        TEST(a_tuple_of_one_has_a_comma),
        TEST(keys_that_are_names_are_plain_and_others_in_brackets),
        TEST(a_key_may_be_a_container),
        TEST(records_show_class_and_slots),
        TEST(a_slot_called_class_is_shown_like_any_other),
        TEST(open_records_show_their_attributes),
        TEST(other_objects_are_named_in_angle_brackets),
        TEST(watchers_say_whether_their_target_lives),
        TEST(a_list_that_contains_itself),
        TEST(two_lists_in_each_other),
        TEST(each_kind_of_container_marks_its_return),
        TEST(a_shared_child_is_printed_each_time),
        TEST(deeper_containers_are_given_as_a_count),
        TEST(a_return_beyond_the_depth_is_still_a_return),
        TEST(after_so_many_items_the_rest_is_a_count),
        TEST(items_are_counted_over_all_levels),
        TEST(the_defaults_are_six_levels_and_two_hundred_items),
        TEST(a_chain_of_ten_million_is_not_walked),
        TEST(no_depth_needs_c_stack),
        TEST(custom_is_asked_first_for_each_object),
        TEST(a_failing_custom_leaves_the_text_as_it_was),
        TEST(custom_may_take_the_structure_apart_meanwhile),
        TEST(what_was_noted_is_printed_though_it_is_gone),
        TEST(counts_are_as_before),
        TEST(without_memory_the_text_is_as_it_was),
        TEST(wrong_arguments_are_refused),
        TEST(a_text_that_was_only_zeroed_will_do),
    };
    return cmocka_run_group_tests_name("repr", tests, NULL, NULL);
}
