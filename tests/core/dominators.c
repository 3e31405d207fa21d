/* SPDX-License-Identifier: MIT */
/* Dominators: what an object retains, against removing it and searching. */
#include "digraph.h"

static void bind_name(ouro_heap *heap, const char *name, ouro_value v) {
    expect(heap, ouro_frame_set(ouro_frame_main(heap), name, strlen(name), v));
    ouro_value_release(v);
}

static void unbind(ouro_heap *heap, const char *name) {
    expect(heap, ouro_frame_unset(ouro_frame_main(heap), name, strlen(name)));
}

static size_t retained(ouro_value v, size_t *ret_bytes) {
    size_t objects = 99;
    ouro_object *object = ouro_value_object(v);
    expect(ouro_object_heap(object), ouro_retained(object, 0, &objects, ret_bytes));
    return objects;
}

static void what_is_shared_belongs_to_nobody(void **state) {
    ouro_heap *heap = *state;
    size_t bytes = 0;
    ouro_value shared = LIST(heap), own = LIST(heap);
    size_t each = ouro_object_size(ouro_value_object(shared));
    ouro_value a = LIST(heap, again(shared), own), b = LIST(heap, shared);
    bind_name(heap, "a", a);
    bind_name(heap, "b", b);
    assert_int_equal(retained(a, &bytes), 2);
    assert_int_equal(bytes, ouro_object_size(ouro_value_object(a)) + each);
    assert_int_equal(retained(b, &bytes), 1);
    unbind(heap, "a");
    assert_int_equal(retained(b, &bytes), 2);
    unbind(heap, "b");
}

static void plain_data_counts_in_bytes_alone(void **state) {
    ouro_heap *heap = *state;
    size_t bytes = 0;
    ouro_value text = str(heap, "a text that is longer than what fits in a value");
    size_t more = ouro_object_size(ouro_value_object(text));
    ouro_value list = LIST(heap, text);
    bind_name(heap, "l", list);
    assert_int_equal(retained(list, &bytes), 1);
    assert_int_equal(bytes, ouro_object_size(ouro_value_object(list)) + more);
    unbind(heap, "l");
}

static void of_garbage_it_is_what_goes_with_it(void **state) {
    ouro_heap *heap = *state;
    size_t bytes = 0;
    ouro_value live = LIST(heap), ring = LIST(heap, again(live), LIST(heap));
    bind_name(heap, "live", live);
    append(heap, ring, again(ring));
    ouro_value_release(ring);
    assert_int_equal(retained(ring, &bytes), 2);
    assert_int_equal(collect_all(heap), 2);
    unbind(heap, "live");
}

static void the_value_of_a_weak_key_goes_with_either(void **state) {
    ouro_heap *heap = *state;
    size_t bytes = 0;
    ouro_object *dict;
    ouro_value key = LIST(heap), v = LIST(heap, LIST(heap));
    expect(heap, ouro_weak_dict_new(heap, OURO_WEAK_KEYS, &dict));
    expect(heap, ouro_weak_dict_set(dict, key, v));
    ouro_value_release(v);
    bind_name(heap, "dict", value_of(dict));
    bind_name(heap, "key", key);
    assert_int_equal(retained(key, &bytes), 3);
    assert_int_equal(retained(value_of(dict), &bytes), 3);
    assert_int_equal(retained(v, &bytes), 2);
    unbind(heap, "key");
    unbind(heap, "dict");
}

/* ---- at random --------------------------------------------------------------------------- */

typedef struct rows {
    const digraph *g;
    size_t expected[MOST_NODES]; /* objects retained by each node; 0: not alive */
    bool dominates[MOST_NODES][MOST_NODES];
    size_t count, last_bytes;
    bool told[MOST_NODES];
} rows;

/* The owner is the nearest: whoever else dominates the node dominates the owner. */
static void check_owner(const rows *r, int i, const ouro_object *owner) {
    int of = owner != NULL ? number_of_node(r->g, owner) : -1;
    for (int k = 0; k < r->g->count; k++) {
        if (k == i || !r->dominates[k][i]) continue;
        assert_true(of >= 0);
        assert_true(k == of || r->dominates[k][of]);
    }
    if (of >= 0) assert_true(r->dominates[of][i]);
}

static bool check_row(const ouro_dominator *row, void *context) {
    rows *r = context;
    int i = number_of_node(r->g, row->object);
    if (i < 0) return true; /* the class */
    assert_false(r->told[i]);
    r->told[i] = true;
    r->count++;
    assert_int_equal(row->objects, r->expected[i]);
    assert_int_equal(row->bytes, r->expected[i] * ouro_object_size(row->object));
    if (r->count > 1) assert_true(row->bytes <= r->last_bytes);
    r->last_bytes = row->bytes;
    check_owner(r, i, row->owner);
    return true;
}

/* The class dies with the last node: as many objects more, if i retains all others. */
typedef struct told {
    const digraph *g;
    const bool *expected;
    size_t count;
} told;

static bool check_told(ouro_object *object, void *context) {
    told *t = context;
    int node = number_of_node(t->g, object);
    assert_true(node >= 0 && t->expected[node]);
    t->count++;
    return true;
}

static void compare(const digraph *g, uint64_t *seed) {
    rows r = {.g = g};
    bool all[MOST_NODES], without[MOST_NODES];
    size_t alive = 0, most = 1 + draw(seed, 4), objects, bytes;
    reach(g, -1, all);
    for (int i = 0; i < g->count; i++) {
        alive += all[i];
        if (!all[i]) continue;
        reach(g, i, without);
        for (int k = 0; k < g->count; k++) {
            r.dominates[i][k] = all[k] && !without[k];
            r.expected[i] += r.dominates[i][k];
        }
        expect(g->heap, ouro_retained(node_at(g, i), 0, &objects, &bytes));
        assert_int_equal(objects, r.expected[i]);
        assert_int_equal(bytes, objects * ouro_object_size(node_at(g, i)));
        told t = {.g = g, .expected = r.dominates[i]};
        expect(g->heap, ouro_retained_each(node_at(g, i), 0, check_told, &t));
        assert_int_equal(t.count, r.expected[i]);
    }
    expect(g->heap, ouro_dominators(g->heap, 100, check_row, &r));
    assert_int_equal(r.count, alive);
    rows few = r;
    memset(few.told, 0, sizeof few.told);
    few.count = 0;
    expect(g->heap, ouro_dominators(g->heap, most, check_row, &few));
    assert_true(few.count <= most && few.count + 1 >= (most < alive ? most : alive));
}

static void random_graphs_retain_what_removing_shows(void **state) {
    ouro_heap *heap = *state;
    uint64_t seed = 3;
    for (int run = 0; run < 600; run++) {
        digraph g;
        make_digraph(&g, heap, &seed, draw(&seed, 36), 1 + draw(&seed, 9), 3);
        ouro_object *cls = ouro_record_class(node_at(&g, 0));
        expect(heap, ouro_object_pin(cls));
        compare(&g, &seed);
        drop_digraph(&g);
        expect(heap, ouro_object_unpin(cls));
    }
}

static bool take_first(const ouro_dominator *row, void *context) {
    ouro_dominator *first = context;
    if (ouro_is_class(row->object)) return true;
    *first = *row;
    return false;
}

static void a_million_objects_are_no_matter(void **state) {
    ouro_heap *heap = *state;
    enum { LENGTH = 1000000 };
    ouro_object *cls = new_class(heap, "Node", 2), *first;
    ouro_dominator found = {.objects = 0};
    expect(heap, ouro_build_chain(heap, cls, LENGTH, &first));
    bind_name(heap, "first", value_of(first));
    expect(heap, ouro_dominators(heap, 3, take_first, &found));
    assert_ptr_equal(found.object, first);
    assert_int_equal(found.objects, LENGTH);
    unbind(heap, "first");
    ouro_release(cls);
}

static bool go_on(const ouro_dominator *row, void *context) {
    (void)row;
    (void)context;
    return true;
}

static void without_memory_nothing_changes(void **state) {
    ouro_heap *heap = *state;
    uint64_t seed = 7;
    digraph g;
    make_digraph(&g, heap, &seed, 30, 3, 3);
    size_t before = ouro_heap_bytes(heap), refused = 0;
    for (size_t request = 1;; request++) {
        size_t objects = 77, bytes = 77;
        refuse_from(heap, request);
        ouro_status status = ouro_dominators(heap, 10, go_on, NULL);
        refuse_from(heap, request);
        ouro_status of_one = ouro_retained(node_at(&g, 0), 0, &objects, &bytes);
        refuse_from(heap, 0);
        assert_int_equal(ouro_heap_bytes(heap), before);
        if (of_one != OURO_OK) assert_int_equal(objects, 77);
        if (status == OURO_OK) break;
        assert_int_equal(status, OURO_E_NOMEM);
        refused++;
    }
    assert_true(refused >= 10);
    drop_digraph(&g);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_heap, close_heap)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_shared_belongs_to_nobody),
        TEST(plain_data_counts_in_bytes_alone),
        TEST(of_garbage_it_is_what_goes_with_it),
        TEST(the_value_of_a_weak_key_goes_with_either),
        TEST(random_graphs_retain_what_removing_shows),
        TEST(a_million_objects_are_no_matter),
        TEST(without_memory_nothing_changes),
    };
    return cmocka_run_group_tests_name("dominators", tests, NULL, NULL);
}
