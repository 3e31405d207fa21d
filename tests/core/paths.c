/* SPDX-License-Identifier: MIT */
/* Paths: why an object lives, in small heaps and in random ones against a search of the
 * test's own. */
#include "digraph.h"

typedef struct chains {
    char text[2048]; /* "root:steps; " for each */
    size_t count, limit;
} chains;

static const char *const root_names[] = {
    [OURO_ROOT_NONE] = "none", [OURO_ROOT_NAME] = "name", [OURO_ROOT_PIN] = "pin",
    [OURO_ROOT_HEAP] = "heap", [OURO_ROOT_HELD] = "held", [OURO_ROOT_CODE] = "code"};

static bool take_chain(const ouro_chain *chain, void *context) {
    chains *c = context;
    size_t used = strlen(c->text);
    snprintf(c->text + used, sizeof c->text - used, "%s%s%.*s/%zu; ", root_names[chain->root],
             chain->length > 0 ? " " : "", (int)chain->length, chain->text, chain->count);
    for (size_t i = 0; i + 1 < chain->count; i++) assert_non_null(chain->steps[i]);
    return ++c->count != c->limit;
}

static void expect_why(ouro_object *object, bool all, const char *expected) {
    chains c = {.count = 0};
    expect(ouro_object_heap(object), ouro_why(object, 1, all, take_chain, &c));
    assert_string_equal(c.text, expected);
}

static void bind_name(ouro_heap *heap, const char *name, ouro_value v) {
    expect(heap, ouro_frame_set(ouro_frame_main(heap), name, strlen(name), v));
}

static void unbind(ouro_heap *heap, const char *name) {
    expect(heap, ouro_frame_unset(ouro_frame_main(heap), name, strlen(name)));
}

static void the_callers_count_is_no_reason(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = LIST(heap);
    expect_why(ouro_value_object(v), true, "");
    chains c = {.count = 0};
    expect(heap, ouro_why(ouro_value_object(v), 0, true, take_chain, &c));
    assert_string_equal(c.text, "code/1; ");
    ouro_value_release(v);
}

static void each_kind_of_root_is_told(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = LIST(heap);
    ouro_object *object = ouro_value_object(v), *record;
    bind_name(heap, "x", v);
    bind_name(heap, "y", v);
    expect(heap, ouro_object_pin(object));
    expect(heap, ouro_object_pin(object));
    ouro_object_hold(object);
    ouro_retain(object);
    expect_why(object, false, "name x/1; name y/1; pin/1; held/1; code/1; ");
    ouro_release(object);
    expect(heap, ouro_finalize_new(object, NULL, OURO_NIL, &record));
    expect_why(record, false, "heap pending finalize record/1; ");
    expect_why(ouro_frame_main(heap), false, "heap frame stack/1; ");
    ouro_release(record);
    ouro_object_unhold(object);
    expect(heap, ouro_object_unpin(object));
    expect(heap, ouro_object_unpin(object));
    unbind(heap, "x");
    unbind(heap, "y");
    ouro_value_release(v);
}

static void the_shortest_come_alone_unless_all_are_wanted(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = LIST(heap), near = LIST(heap, again(v)), far = LIST(heap, LIST(heap, again(v)));
    bind_name(heap, "far", far);
    bind_name(heap, "near", near);
    ouro_value_release(far);
    ouro_value_release(near);
    expect_why(ouro_value_object(v), false, "name near/2; ");
    expect_why(ouro_value_object(v), true, "name near/2; name far/3; ");
    chains c = {.limit = 1};
    expect(heap, ouro_why(ouro_value_object(v), 1, true, take_chain, &c));
    assert_string_equal(c.text, "name near/2; ");
    unbind(heap, "near");
    expect_why(ouro_value_object(v), false, "name far/3; ");
    unbind(heap, "far");
    ouro_value_release(v);
}

static void garbage_is_no_reason(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = LIST(heap), ring = LIST(heap, again(v));
    append(heap, ring, again(ring));
    ouro_value_release(ring);
    expect_why(ouro_value_object(v), true, "");
    assert_int_equal(collect_all(heap), 1);
    ouro_value_release(v);
}

static void weak_references_are_no_reason(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = LIST(heap);
    ouro_object *weak, *dict;
    expect(heap, ouro_weak_new(ouro_value_object(v), NULL, OURO_NIL, &weak));
    expect(heap, ouro_weak_dict_new(heap, OURO_WEAK_VALUES, &dict));
    expect(heap, ouro_weak_dict_set(dict, INT(1), v));
    expect_why(ouro_value_object(v), true, "");
    ouro_value_release(v);
    ouro_release(weak);
    ouro_release(dict);
}

/* table: weak keys, key -> v. Where the key lives by v alone, the entry is no reason. */
static void the_value_of_a_weak_key_lives_by_both(void **state) {
    ouro_heap *heap = *state;
    ouro_object *dict;
    ouro_value key = LIST(heap), v = LIST(heap);
    expect(heap, ouro_weak_dict_new(heap, OURO_WEAK_KEYS, &dict));
    bind_name(heap, "table", value_of(dict));
    ouro_release(dict);
    expect(heap, ouro_weak_dict_set(dict, key, v));
    bind_name(heap, "key", key);
    expect_why(ouro_value_object(v), true, "name table/2; ");
    append(heap, v, again(key));
    expect_why(ouro_value_object(v), true, "name table/2; ");
    unbind(heap, "key");
    ouro_value_release(key);
    expect_why(ouro_value_object(v), true, "");
    bind_name(heap, "v", v);
    expect_why(ouro_value_object(v), true, "name v/1; ");
    unbind(heap, "v");
    ouro_value_release(v);
    collect_all(heap);
    assert_int_equal(ouro_weak_dict_count(dict), 0);
    unbind(heap, "table");
}

static void a_frame_off_the_stack_is_an_object_like_others(void **state) {
    ouro_heap *heap = *state;
    ouro_object *frame;
    ouro_value v = LIST(heap);
    expect(heap, ouro_frame_new(heap, "f", &frame));
    expect(heap, ouro_frame_set(frame, "x", 1, v));
    ouro_object_hand_over(frame);
    expect_why(ouro_value_object(v), true, "held/2; ");
    expect(heap, ouro_frame_push(heap, frame));
    expect_why(ouro_value_object(v), true, "name x/1; ");
    expect(heap, ouro_frame_pop(heap, frame));
    ouro_object_unhold(frame);
    ouro_value_release(v);
}

/* ---- at random --------------------------------------------------------------------------- */

typedef struct comparison {
    const digraph *g;
    int target, least;
    size_t told, nearest; /* nearest: of them, those of the least length */
    bool by[MOST_NODES][6]; /* which root of which node was told */
    size_t last;
} comparison;

static bool compare_chain(const ouro_chain *chain, void *context) {
    comparison *c = context;
    int first = number_of_node(c->g, chain->steps[0]), at = first;
    assert_true(chain->count >= c->last);
    c->last = chain->count;
    for (size_t i = 1; i < chain->count; i++) { /* each refers to the next */
        int next = number_of_node(c->g, chain->steps[i]);
        bool refers = false;
        for (int s = 0; s < SLOTS; s++) refers |= c->g->to[at][s] == next;
        assert_true(refers);
        at = next;
    }
    assert_int_equal(at, c->target);
    assert_false(c->by[first][chain->root]);
    c->by[first][chain->root] = true;
    c->told++;
    c->nearest += chain->count == (size_t)c->least;
    return true;
}

/* The number of nodes on the shortest way from each to the target; 0: none. */
static void distances(const digraph *g, int target, int distance[MOST_NODES]) {
    bool again = true;
    for (int i = 0; i < g->count; i++) distance[i] = i == target;
    for (int d = 1; again; d++) {
        again = false;
        for (int i = 0; i < g->count; i++) {
            for (int s = 0; distance[i] == 0 && s < SLOTS; s++) {
                if (g->to[i][s] < 0 || distance[g->to[i][s]] != d) continue;
                distance[i] = d + 1;
                again = true;
            }
        }
    }
}

static void check_target(const digraph *g, int target) {
    comparison c = {.g = g, .target = target}, shortest;
    int distance[MOST_NODES];
    size_t roots = 0, nearest = 0;
    distances(g, target, distance);
    for (int i = 0; i < g->count; i++) {
        int of_it = g->named[i] + g->pinned[i] + g->held[i];
        if (distance[i] == 0 || of_it == 0) continue;
        roots += (size_t)of_it;
        if (c.least == 0 || distance[i] < c.least) {
            c.least = distance[i];
            nearest = 0;
        }
        if (distance[i] == c.least) nearest += (size_t)of_it;
    }
    shortest = c;
    expect(g->heap, ouro_why(node_at(g, target), 0, true, compare_chain, &c));
    assert_int_equal(c.told, roots);
    assert_int_equal(c.nearest, nearest);
    expect(g->heap, ouro_why(node_at(g, target), 0, false, compare_chain, &shortest));
    assert_int_equal(shortest.told, nearest);
    assert_int_equal(shortest.nearest, nearest);
}

static void random_graphs_have_just_those(void **state) {
    ouro_heap *heap = *state;
    uint64_t seed = 1;
    for (int run = 0; run < 400; run++) {
        digraph g;
        make_digraph(&g, heap, &seed, draw(&seed, 30), 1 + draw(&seed, 6), 3);
        for (int i = 0; i < g.count; i++)
            if (node_at(&g, i) != NULL) check_target(&g, i);
        drop_digraph(&g);
    }
}

static void without_memory_nothing_changes(void **state) {
    ouro_heap *heap = *state;
    uint64_t seed = 7;
    digraph g;
    make_digraph(&g, heap, &seed, 30, 3, 3);
    size_t before = ouro_heap_bytes(heap), refused = 0;
    for (size_t request = 1;; request++) {
        chains c = {.count = 0};
        refuse_from(heap, request);
        ouro_status status = ouro_why(node_at(&g, 1), 0, true, take_chain, &c);
        refuse_from(heap, 0);
        assert_int_equal(ouro_heap_bytes(heap), before);
        if (status == OURO_OK) break;
        assert_int_equal(status, OURO_E_NOMEM);
        refused++;
    }
    assert_true(refused >= 10);
    drop_digraph(&g);
}

static void a_chain_may_have_a_million_steps(void **state) {
    ouro_heap *heap = *state;
    enum { LENGTH = 1000000 };
    ouro_object *cls = new_class(heap, "Node", 2), *first;
    expect(heap, ouro_build_chain(heap, cls, LENGTH, &first));
    bind_name(heap, "first", value_of(first));
    ouro_release(first);
    ouro_object *last = first;
    while (ouro_value_is_object(ouro_record_slot(last, 1)))
        last = ouro_value_object(ouro_record_slot(last, 1));
    chains c = {.count = 0};
    expect(heap, ouro_why(last, 0, true, take_chain, &c));
    assert_string_equal(c.text, "name first/1000000; ");
    unbind(heap, "first");
    ouro_release(cls);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_heap, close_heap)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_callers_count_is_no_reason),
        TEST(each_kind_of_root_is_told),
        TEST(the_shortest_come_alone_unless_all_are_wanted),
        TEST(garbage_is_no_reason),
        TEST(weak_references_are_no_reason),
        TEST(the_value_of_a_weak_key_lives_by_both),
        TEST(a_frame_off_the_stack_is_an_object_like_others),
        TEST(random_graphs_have_just_those),
        TEST(without_memory_nothing_changes),
        TEST(a_chain_may_have_a_million_steps),
    };
    return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
