/* SPDX-License-Identifier: MIT */
/* Mincut: the fewest references, against trying all sets of them, and against doing it. */
#include "digraph.h"

typedef struct cuts {
    const digraph *g; /* or NULL */
    size_t count;
    int from[32]; /* -1: a pin; -2: a name */
    int slot[32];
    int to[32];
    char text[512];
} cuts;

static int slot_of(const ouro_label *label) {
    static const char *const names[] = {"val", "next", "other", "more"};
    for (int s = 0; s < SLOTS; s++)
        if (label->length == strlen(names[s]) && memcmp(label->text, names[s], label->length) == 0)
            return s;
    fail_msg("no slot is called %.*s", (int)label->length, label->text);
    return -1;
}

static void add_text(cuts *c, const ouro_cut *cut) {
    size_t used = strlen(c->text);
    if (cut->label == NULL) snprintf(c->text + used, sizeof c->text - used, "pin; ");
    else if (cut->label->kind == OURO_LABEL_INDEX)
        snprintf(c->text + used, sizeof c->text - used, "[%zu] ", cut->label->index);
    else if (cut->label->kind == OURO_LABEL_NAME)
        snprintf(c->text + used, sizeof c->text - used, "%.*s ", (int)cut->label->length,
                 cut->label->text);
    else snprintf(c->text + used, sizeof c->text - used, "entry ");
    used = strlen(c->text);
    if (cut->label != NULL)
        snprintf(c->text + used, sizeof c->text - used, "after %.*s/%zu; ",
                 (int)cut->chain->length, cut->chain->text, cut->chain->count);
}

static bool take_cut(const ouro_cut *cut, void *context) {
    cuts *c = context;
    size_t i = c->count++;
    if (c->g == NULL) {
        add_text(c, cut);
        return true;
    }
    assert_true(i < 32);
    c->to[i] = number_of_node(c->g, cut->to);
    c->slot[i] = 0;
    if (cut->from == NULL) c->from[i] = -1;
    else if (ouro_is_frame(cut->from)) c->from[i] = -2;
    else {
        c->from[i] = number_of_node(c->g, cut->from);
        c->slot[i] = slot_of(cut->label);
        if (cut->chain->root != OURO_ROOT_NONE)
            assert_ptr_equal(cut->chain->steps[cut->chain->count - 1], cut->from);
    }
    return true;
}

/* ---- small ones -------------------------------------------------------------------------- */

static void bind_name(ouro_heap *heap, const char *name, ouro_value v) {
    expect(heap, ouro_frame_set(ouro_frame_main(heap), name, strlen(name), v));
}

static void unbind(ouro_heap *heap, const char *name) {
    expect(heap, ouro_frame_unset(ouro_frame_main(heap), name, strlen(name)));
}

static size_t cut(ouro_object *object, const char *expected) {
    cuts c = {.g = NULL};
    size_t count = 99;
    expect(ouro_object_heap(object), ouro_mincut(object, 1, take_cut, &c, &count));
    assert_string_equal(c.text, expected);
    return count;
}

static void garbage_needs_no_cut(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = LIST(heap);
    assert_int_equal(cut(ouro_value_object(v), ""), 0);
    ouro_value_release(v);
}

static void names_and_pins_are_cut(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = LIST(heap);
    bind_name(heap, "x", v);
    bind_name(heap, "y", v);
    expect(heap, ouro_object_pin(ouro_value_object(v)));
    expect(heap, ouro_object_pin(ouro_value_object(v)));
    assert_int_equal(cut(ouro_value_object(v), "pin; pin; x after /0; y after /0; "), 4);
    expect(heap, ouro_object_unpin(ouro_value_object(v)));
    expect(heap, ouro_object_unpin(ouro_value_object(v)));
    unbind(heap, "y");
    unbind(heap, "x");
    ouro_value_release(v);
}

static void what_is_held_cannot_be_cut_off(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = LIST(heap), holder = LIST(heap, TUPLE(heap, again(v)));
    ouro_object_hold(ouro_value_object(v));
    assert_int_equal(cut(ouro_value_object(v), ""), SIZE_MAX);
    ouro_object_unhold(ouro_value_object(v));
    ouro_object_hold(ouro_value_object(holder));
    ouro_value_release(holder);
    assert_int_equal(cut(ouro_value_object(v), "[1] after /0; "), 1);
    ouro_object_unhold(ouro_value_object(holder));
    ouro_value_release(v);
}

/* Three items of one list lead to it, through one object each: one name is less. */
static void a_narrow_place_is_found_and_items_come_last_first(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = LIST(heap), l = LIST(heap, again(v), LIST(heap, again(v)), again(v));
    bind_name(heap, "l", l);
    ouro_value_release(l);
    assert_int_equal(cut(ouro_value_object(v), "l after /0; "), 1);
    bind_name(heap, "k", l);
    bind_name(heap, "m", l);
    bind_name(heap, "n", l);
    unbind(heap, "l");
    assert_int_equal(cut(ouro_value_object(v), "[1] after k/2; [3] after k/1; [1] after k/1; "), 3);
    unbind(heap, "k");
    unbind(heap, "m");
    unbind(heap, "n");
    ouro_value_release(v);
}

/* ---- at random --------------------------------------------------------------------------- */

typedef struct place {
    int from, slot, to;
} place;

static size_t list_places(const digraph *g, place places[64]) {
    size_t count = 0;
    for (int i = 0; i < g->count; i++) {
        for (int s = 0; node_at(g, i) != NULL && s < SLOTS; s++)
            if (g->to[i][s] >= 0) places[count++] = (place){i, s, g->to[i][s]};
        if (g->named[i]) places[count++] = (place){-2, 0, i};
        if (g->pinned[i]) places[count++] = (place){-1, 0, i};
    }
    return count;
}

static void think_away(digraph *g, place p) {
    if (p.from >= 0) g->to[p.from][p.slot] = -1;
    else if (p.from == -2) g->named[p.to] = false;
    else g->pinned[p.to] = false;
}

static size_t fewest(const digraph *g, int target) {
    place places[64];
    bool reached[MOST_NODES];
    size_t count = list_places(g, places), best = SIZE_MAX;
    assert_true(count <= 14);
    for (unsigned set = 0; set < 1u << count; set++) {
        digraph less = *g;
        size_t size = (size_t)__builtin_popcount(set);
        if (size >= best) continue;
        for (size_t i = 0; i < count; i++)
            if (set >> i & 1) think_away(&less, places[i]);
        reach(&less, -1, reached);
        if (!reached[target]) best = size;
    }
    return best;
}

static void really_remove(digraph *g, place p) {
    char name[16];
    ouro_object *object = node_at(g, p.from >= 0 ? p.from : p.to);
    think_away(g, p);
    name_of(p.to, name);
    if (p.from >= 0) ouro_record_set_slot(object, (size_t)p.slot, OURO_NIL);
    else if (p.from == -2) unbind(g->heap, name);
    else expect(g->heap, ouro_object_unpin(object));
}

/* Whether there was anything to cut. */
static bool check_target(digraph *g, int target) {
    cuts c = {.g = g};
    size_t count = 99, expected = fewest(g, target);
    expect(g->heap, ouro_mincut(node_at(g, target), 0, take_cut, &c, &count));
    assert_int_equal(count, expected);
    assert_int_equal(c.count, count == SIZE_MAX ? 0 : count);
    if (c.count == 0) return false;
    for (size_t i = 0; i < c.count; i++)
        really_remove(g, (place){c.from[i], c.slot[i], c.to[i]});
    collect_all(g->heap);
    assert_null(node_at(g, target));
    return true;
}

static void random_graphs_are_cut_with_the_fewest(void **state) {
    ouro_heap *heap = *state;
    uint64_t seed = 5;
    size_t cut_off = 0;
    for (int run = 0; run < 1500; run++) {
        digraph g;
        make_digraph(&g, heap, &seed, 1 + draw(&seed, 8), 3 + draw(&seed, 4), 3);
        place places[64];
        int target = (int)draw(&seed, (unsigned)g.count);
        if (node_at(&g, target) != NULL && list_places(&g, places) <= 14)
            cut_off += check_target(&g, target);
        drop_digraph(&g);
    }
    assert_true(cut_off > 300);
}

/* A million references to one object: all of them, or the one name. */
static void a_million_references_are_no_matter(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = LIST(heap), list = LIST(heap);
    for (int i = 0; i < 1000000; i++) append(heap, list, again(v));
    for (char name[] = "a"; name[0] <= 'c'; name[0]++) bind_name(heap, name, list);
    ouro_value_release(list);
    cuts c = {.g = NULL};
    size_t count = 0;
    expect(heap, ouro_mincut(ouro_value_object(v), 1, take_cut, &c, &count));
    assert_int_equal(count, 3);
    assert_string_equal(c.text, "a after /0; b after /0; c after /0; ");
    for (char name[] = "a"; name[0] <= 'c'; name[0]++) unbind(heap, name);
    ouro_value_release(v);
}

static void without_memory_nothing_changes(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = LIST(heap), l = LIST(heap, again(v), again(v));
    for (char name[] = "a"; name[0] <= 'c'; name[0]++) bind_name(heap, name, l);
    size_t before = ouro_heap_bytes(heap), refused = 0;
    for (size_t request = 1;; request++) {
        cuts c = {.g = NULL};
        size_t count = 77;
        refuse_from(heap, request);
        ouro_status status = ouro_mincut(ouro_value_object(v), 1, take_cut, &c, &count);
        refuse_from(heap, 0);
        assert_int_equal(ouro_heap_bytes(heap), before);
        if (status == OURO_OK) break;
        assert_int_equal(status, OURO_E_NOMEM);
        assert_int_equal(count, 77);
        refused++;
    }
    assert_true(refused >= 10);
    for (char name[] = "a"; name[0] <= 'c'; name[0]++) unbind(heap, name);
    ouro_value_release(l);
    ouro_value_release(v);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_heap, close_heap)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(garbage_needs_no_cut),
        TEST(names_and_pins_are_cut),
        TEST(what_is_held_cannot_be_cut_off),
        TEST(a_narrow_place_is_found_and_items_come_last_first),
        TEST(random_graphs_are_cut_with_the_fewest),
        TEST(a_million_references_are_no_matter),
        TEST(without_memory_nothing_changes),
    };
    return cmocka_run_group_tests_name("mincut", tests, NULL, NULL);
}
