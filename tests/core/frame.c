/* SPDX-License-Identifier: MIT */
/* Tests of core/types/frame.c. */
#include "support.h"

static ouro_object *new_frame(support *s, const char *name) {
    ouro_object *frame = NULL;
    OK(ouro_frame_new(s->heap, name, &frame));
    return frame;
}

static ouro_value get(ouro_object *frame, const char *name) {
    return ouro_frame_get(frame, name, strlen(name));
}

static void bind(ouro_object *frame, const char *name, ouro_object *node) {
    OK(ouro_frame_set(frame, name, strlen(name), obj(node)));
    ouro_release(node);
}

static void binds(void **state) {
    support *s = *state;
    ouro_object *frame = new_frame(s, "f"), *node = new_node(s, 1);
    assert_string_equal(ouro_frame_name(frame), "f");
    assert_true(ouro_value_same(get(frame, "x"), OURO_ABSENT));
    OK(ouro_frame_set(frame, "x", 1, obj(node)));
    OK(ouro_frame_set(frame, "y", 1, obj(node)));
    OK(ouro_frame_set(frame, "z", 1, obj(node)));
    assert_int_equal(node->count, 4);
    OK(ouro_frame_set(frame, "z", 1, num(1)));
    OK(ouro_frame_set(frame, "x", 1, obj(node)));
    assert_int_equal(node->count, 3);
    assert_int_equal(ouro_frame_count(frame), 3);
    support_check(s);
    OK(ouro_frame_unset(frame, "y", 1));
    FAILS(OURO_E_KEY, ouro_frame_unset(frame, "y", 1));
    assert_non_null(strstr(ouro_heap_message(s->heap), "'y'"));
    FAILS(OURO_E_TYPE, ouro_frame_set(node, "y", 1, num(1)));
    size_t position = 0, length;
    const char *name;
    ouro_value v;
    assert_true(ouro_frame_next(frame, &position, &name, &length, &v));
    assert_string_equal(name, "x");
    assert_true(ouro_frame_next(frame, &position, &name, &length, &v));
    assert_string_equal(name, "z");
    assert_false(ouro_frame_next(frame, &position, &name, &length, &v));
    ouro_release(frame);
    assert_int_equal(node->count, 1);
    ouro_release(node);
}

static void looks_up_without_memory(void **state) {
    support *s = *state;
    ouro_object *frame = ouro_frame_main(s->heap);
    OK(ouro_frame_set(frame, "some name", 9, num(4)));
    size_t calls = s->calls;
    uint64_t births;
    ouro_stats stats = {.struct_size = sizeof stats};
    ouro_heap_stats(s->heap, &stats);
    births = stats.births;
    assert_int_equal(whole(get(frame, "some name")), 4);
    OK(ouro_frame_set(frame, "some name", 9, num(5)));
    ouro_heap_stats(s->heap, &stats);
    assert_int_equal(s->calls, calls);
    assert_int_equal(stats.births, births);
    OK(ouro_frame_unset(frame, "some name", 9));
}

/* ---- the order in which names go --------------------------------------------------------- */

static void bind_four(support *s, ouro_object *frame) {
    bind(frame, "a", new_node(s, 1));
    bind(frame, "gone", new_node(s, 9));
    bind(frame, "b", new_node(s, 2));
    bind(frame, "c", new_node(s, 3));
    OK(ouro_frame_unset(frame, "gone", 4));
    OK(ouro_frame_set(frame, "a", 1, get(frame, "a")));
    s->dead_count = 0;
}

static void expect_last_first(support *s) {
    assert_int_equal(s->dead_count, 3);
    for (int i = 0; i < 3; i++) assert_int_equal(s->dead[i], 3 - i);
}

/* The names bound before are still there. */
static void look(support *s, ouro_object *node) {
    (void)node;
    assert_int_equal(ouro_frame_count(s->subject), 3 - s->dead_count);
    if (s->dead_count < 3) assert_true(ouro_value_is_object(get(s->subject, "a")));
}

static void clears(void **state) {
    support *s = *state;
    s->subject = new_frame(s, "f");
    bind_four(s, s->subject);
    s->on_finalize = look;
    ouro_object_clear(s->subject);
    expect_last_first(s);
    s->on_finalize = NULL;
    ouro_release(s->subject);
}

static void dies(void **state) {
    support *s = *state;
    ouro_object *frame = new_frame(s, "f");
    bind_four(s, frame);
    ouro_release(frame);
    expect_last_first(s);
}

static void pops(void **state) {
    support *s = *state;
    ouro_object *frame = new_frame(s, "f"), *other = new_frame(s, "g");
    size_t depth = ouro_frame_depth(s->heap);
    OK(ouro_frame_push(s->heap, frame));
    OK(ouro_frame_push(s->heap, other));
    assert_ptr_equal(ouro_frame_at(s->heap, 0), other);
    assert_ptr_equal(ouro_frame_at(s->heap, 1), frame);
    assert_ptr_equal(ouro_frame_at(s->heap, depth + 1), ouro_frame_main(s->heap));
    assert_null(ouro_frame_at(s->heap, depth + 2));
    FAILS(OURO_E_VALUE, ouro_frame_pop(s->heap, frame));
    bind_four(s, frame);
    OK(ouro_frame_pop(s->heap, other));
    assert_int_equal(s->dead_count, 0);
    OK(ouro_frame_pop(s->heap, frame));
    expect_last_first(s);
    assert_int_equal(ouro_frame_count(frame), 0);
    assert_int_equal(ouro_frame_depth(s->heap), depth);
    ouro_release(frame);
    ouro_release(other);
}

static void pushed_twice(void **state) {
    support *s = *state;
    ouro_object *frame = new_frame(s, "f");
    bind_four(s, frame);
    OK(ouro_frame_push(s->heap, frame));
    OK(ouro_frame_push(s->heap, frame));
    assert_int_equal(frame->count, 3);
    OK(ouro_frame_pop(s->heap, frame));
    assert_int_equal(ouro_frame_count(frame), 3);
    OK(ouro_frame_pop(s->heap, frame));
    expect_last_first(s);
    ouro_release(frame);
}

/* Each finalizer binds another node, so that the frame is never empty. */
static void bind_more(support *s, ouro_object *node) {
    (void)node;
    if (s->dead_count > 30) return;
    char name[16];
    snprintf(name, sizeof name, "m%d", (int)s->dead_count);
    bind(s->subject, name, new_node(s, 100 + (int64_t)s->dead_count));
}

static void stubborn(void **state) {
    support *s = *state;
    s->subject = new_frame(s, "f");
    bind_four(s, s->subject);
    s->on_finalize = bind_more;
    ouro_object_clear(s->subject);
    for (int id = 1; id <= 3; id++) {
        bool found = false;
        for (size_t i = 0; i < s->dead_count; i++) found = found || s->dead[i] == id;
        assert_true(found);
    }
    assert_true(s->dead_count < 30);
    support_check(s);
    s->on_finalize = NULL;
    ouro_release(s->subject);
}

static void limit(void **state) {
    support *s = *state;
    ouro_object *frame = new_frame(s, "f");
    ouro_heap_set_limits(s->heap, 0, 0, 5);
    while (ouro_frame_depth(s->heap) < 5) OK(ouro_frame_push(s->heap, frame));
    FAILS(OURO_E_LIMIT, ouro_frame_push(s->heap, frame));
    assert_string_equal(ouro_heap_message(s->heap), "stack overflow: 5 frames (limit 5)");
    assert_int_equal(ouro_frame_depth(s->heap), 5);
    while (ouro_frame_at(s->heap, 0) == frame) OK(ouro_frame_pop(s->heap, frame));
    ouro_release(frame);
}

static bool note_name(const ouro_label *label, ouro_value v, void *context) {
    (void)v;
    assert_int_equal(label->kind, OURO_LABEL_NAME);
    strncat(context, label->text, label->length);
    return true;
}

static void labels(void **state) {
    support *s = *state;
    ouro_object *frame = new_frame(s, "f");
    char text[64] = "";
    bind_four(s, frame);
    assert_true(ouro_object_refs(frame, note_name, text));
    assert_string_equal(text, "abc");
    ouro_release(frame);
}

/* ---- refusals ---------------------------------------------------------------------------- */

static ouro_status make_and_fill(support *s) {
    ouro_object *frame;
    ouro_status status = ouro_frame_new(s->heap, "a name", &frame);
    if (status != OURO_OK) return status;
    for (int i = 0; status == OURO_OK && i < 20; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        status = ouro_frame_set(frame, name, strlen(name), obj(s->node_class));
        assert_int_equal(ouro_frame_count(frame), i + (status == OURO_OK));
        assert_int_equal(s->node_class->count, i + (status == OURO_OK ? 2 : 1));
    }
    size_t depth = ouro_frame_depth(s->heap), pushed = 0;
    while (status == OURO_OK && pushed < 40) {
        status = ouro_frame_push(s->heap, frame);
        pushed += status == OURO_OK;
    }
    assert_int_equal(ouro_frame_depth(s->heap), depth + pushed);
    assert_int_equal(frame->count, pushed + 1);
    while (pushed-- > 0) OK(ouro_frame_pop(s->heap, frame));
    ouro_release(frame);
    return status;
}

static void refusals(void **state) {
    assert_true(support_sweep(*state, make_and_fill, NULL) >= 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(binds, "a name counts what it is bound to and keeps its place"),
        SENTENCE(looks_up_without_memory, "looking up and rebinding a name makes no string"),
        SENTENCE(clears, "a cleared frame lets go of one name at a time, last bound first"),
        SENTENCE(dies, "the names of a dying frame go last bound first"),
        SENTENCE(pops, "only the top frame is popped, and its names go with it"),
        SENTENCE(pushed_twice, "a frame that is pushed twice keeps its names until the last pop"),
        SENTENCE(stubborn, "a finalizer that binds names does not keep a frame from clearing"),
        SENTENCE(limit, "the frame limit is a stack overflow"),
        SENTENCE(labels, "names label their values in order of binding"),
        SENTENCE(refusals, "what there is no memory for has not happened"),
    };
    return RUN(tests);
}
