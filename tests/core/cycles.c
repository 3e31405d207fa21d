/* SPDX-License-Identifier: MIT */
/* Cycles: which groups there are, in which order, and which of them are garbage. */
#include "looking.h"

typedef struct groups {
    size_t count, garbage, largest;
    size_t sizes[16], limit;
    ouro_object *members[16]; /* of the last group */
} groups;

static bool take_group(ouro_object *const *members, size_t count, bool garbage, void *context) {
    groups *g = context;
    if (g->count < 16) g->sizes[g->count] = count;
    g->count++;
    g->garbage += garbage;
    if (count > g->largest) g->largest = count;
    for (size_t i = 0; i < count && i < 16; i++) g->members[i] = members[i];
    return g->count != g->limit;
}

static groups find(ouro_heap *heap) {
    groups g = {.count = 0};
    expect(heap, ouro_heap_cycles(heap, take_group, &g));
    return g;
}

static int64_t number_of(ouro_object *node) {
    return ouro_value_small(ouro_record_slot(node, 0));
}

static void link_to(ouro_object *from, size_t slot, ouro_object *to) {
    ouro_record_set_slot(from, slot, value_of(to));
}

/* Nodes 1 to n of one class, owned by the caller. */
static void make_nodes(ouro_heap *heap, ouro_object **nodes, size_t n) {
    ouro_object *cls = new_class(heap, "Node", 4);
    for (size_t i = 0; i < n; i++) {
        nodes[i] = new_record(heap, cls);
        set_slot(nodes[i], 0, INT((int64_t)i + 1));
    }
    ouro_release(cls);
}

static void release_nodes(ouro_object **nodes, size_t n) {
    for (size_t i = 0; i < n; i++) ouro_release(nodes[i]);
}

static void a_tree_has_none(void **state) {
    ouro_heap *heap = *state;
    assert_int_equal(find(heap).count, 0);
    ouro_object *cls = new_class(heap, "Node", 3), *tree, *grid;
    expect(heap, ouro_build_tree(heap, cls, 8, 2, &tree));
    expect(heap, ouro_build_grid(heap, cls, 20, 20, &grid));
    assert_int_equal(find(heap).count, 0);
    ouro_release(tree);
    ouro_release(grid);
    ouro_release(cls);
}

static void an_object_that_refers_to_itself_is_a_group(void **state) {
    ouro_heap *heap = *state;
    ouro_value list = LIST(heap);
    append(heap, list, again(list));
    groups g = find(heap);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.sizes[0], 1);
    assert_ptr_equal(g.members[0], ouro_value_object(list));
    assert_int_equal(g.garbage, 0);
    ouro_value_release(list);
    assert_int_equal(find(heap).garbage, 1);
    assert_int_equal(collect_all(heap), 1);
}

static void members_come_in_order_of_discovery(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 2), *ring;
    expect(heap, ouro_build_ring(heap, cls, 9, &ring));
    groups g = find(heap);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.sizes[0], 9);
    for (int64_t i = 0; i < 9; i++) assert_int_equal(number_of(g.members[i]), i + 1);
    ouro_release(ring);
    collect_all(heap);
    ouro_release(cls);
}

static void groups_that_only_lead_to_each_other_stay_apart(void **state) {
    ouro_heap *heap = *state;
    ouro_object *n[6];
    make_nodes(heap, n, 6);
    for (size_t i = 0; i < 6; i += 2) { /* 1-2, 3-4, 5-6, each leads to the next */
        link_to(n[i], 1, n[i + 1]);
        link_to(n[i + 1], 1, n[i]);
        if (i + 2 < 6) link_to(n[i + 1], 2, n[i + 2]);
    }
    groups g = find(heap);
    assert_int_equal(g.count, 3);
    assert_int_equal(g.largest, 2);
    link_to(n[5], 2, n[0]); /* now they are one */
    g = find(heap);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.sizes[0], 6);
    release_nodes(n, 6);
    assert_int_equal(find(heap).garbage, 1);
    collect_all(heap);
}

/* 1 -> 2 -> 3 -> 4 -> 5, with 5 -> 2, 4 -> 4, 3 -> 6 -> 3, 5 -> 7. */
static void rings_within_rings_are_one_group(void **state) {
    ouro_heap *heap = *state;
    ouro_object *n[7];
    make_nodes(heap, n, 7);
    for (size_t i = 0; i < 4; i++) link_to(n[i], 1, n[i + 1]);
    link_to(n[4], 1, n[1]);
    link_to(n[3], 2, n[3]);
    link_to(n[2], 2, n[5]);
    link_to(n[5], 1, n[2]);
    link_to(n[4], 2, n[6]);
    groups g = find(heap);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.sizes[0], 5);
    const int64_t order[] = {2, 3, 4, 5, 6};
    for (size_t i = 0; i < 5; i++) assert_int_equal(number_of(g.members[i]), order[i]);
    release_nodes(n, 7);
    collect_all(heap);
}

static void a_group_that_live_objects_reach_is_not_garbage(void **state) {
    ouro_heap *heap = *state;
    ouro_object *n[6];
    make_nodes(heap, n, 6);
    link_to(n[0], 1, n[1]);
    link_to(n[1], 1, n[0]);
    link_to(n[2], 1, n[2]);
    link_to(n[4], 1, n[5]);
    link_to(n[5], 1, n[4]);
    link_to(n[3], 1, n[4]); /* 4 is live and leads to the last ring */
    release_nodes(n, 3);
    release_nodes(n + 4, 2);
    groups g = find(heap);
    assert_int_equal(g.count, 3);
    assert_int_equal(g.garbage, 2);
    assert_int_equal(collect_all(heap), 3);
    g = find(heap);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.garbage, 0);
    ouro_release(n[3]);
    assert_int_equal(find(heap).garbage, 1);
    assert_int_equal(collect_all(heap), 3); /* with the class */
}

static void what_is_held_is_not_garbage(void **state) {
    ouro_heap *heap = *state;
    ouro_value list = LIST(heap);
    append(heap, list, again(list));
    ouro_object *object = ouro_value_object(list);
    ouro_object_hold(object);
    ouro_value_release(list);
    assert_int_equal(find(heap).garbage, 0);
    ouro_object_unhold(object);
    assert_int_equal(find(heap).garbage, 1);
    collect_all(heap);
}

static void what_waits_behind_a_garbage_ring_is_no_group(void **state) {
    ouro_heap *heap = *state;
    ouro_object *n[3];
    make_nodes(heap, n, 3);
    link_to(n[0], 1, n[0]);
    link_to(n[0], 2, n[1]);
    link_to(n[1], 1, n[2]);
    release_nodes(n, 3);
    groups g = find(heap);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.sizes[0], 1);
    assert_int_equal(collect_all(heap), 4); /* with the class */
}

static void rings_lead_through_every_kind_of_object(void **state) {
    ouro_heap *heap = *state;
    ouro_object *frame, *bag, *thing = new_box(heap, "box", 0);
    expect(heap, ouro_frame_new(heap, "f", &frame));
    expect(heap, ouro_bag_new(heap, &bag));
    ouro_value top = LIST(heap, TUPLE(heap, DICT(heap, INT(1), value_of(bag))));
    expect(heap, ouro_record_set(bag, "frame", 5, value_of(frame)));
    expect(heap, ouro_frame_set(frame, "x", 1, value_of(thing)));
    ouro_value_store(&((box *)(void *)thing)->ref, top);
    ouro_release(frame);
    ouro_release(thing);
    groups g = find(heap);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.sizes[0], 6);
    assert_int_equal(g.garbage, 0);
    ouro_value_release(top);
    assert_int_equal(find(heap).garbage, 1);
    collect_all(heap);
    assert_int_equal(ouro_heap_live(heap), 0);
}

static void a_ring_through_plain_data_shows_only_objects(void **state) {
    ouro_heap *heap = *state;
    ouro_object *plain = new_box(heap, "function", OURO_TYPE_PLAIN);
    ouro_value list = LIST(heap, value_of(plain));
    ouro_value_store(&((box *)(void *)plain)->ref, list);
    groups g = find(heap);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.sizes[0], 1);
    assert_ptr_equal(g.members[0], ouro_value_object(list));
    ouro_value_release(list);
    assert_int_equal(find(heap).garbage, 1);
    collect_all(heap);
}

static void a_ring_of_a_million_is_one_group(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 2), *ring;
    size_t length = 1000 * 1000;
    expect(heap, ouro_build_ring(heap, cls, length, &ring));
    size_t before = ((supply *)ouro_heap_user(heap))->bytes;
    groups g = find(heap);
    assert_int_equal(((supply *)ouro_heap_user(heap))->bytes, before);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.sizes[0], length);
    assert_int_equal(g.garbage, 0);
    ouro_release(ring);
    assert_int_equal(find(heap).garbage, 1);
    assert_int_equal(collect_all(heap), length);
    ouro_release(cls);
}

static void a_chain_of_a_million_needs_no_stack(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 3), *chain;
    expect(heap, ouro_build_chain(heap, cls, 1000 * 1000, &chain));
    for (ouro_object *node = chain; node != NULL;) { /* each also refers back */
        ouro_object *next = ouro_value_object(ouro_record_slot(node, 1));
        if (next != NULL) link_to(next, 2, node);
        node = next;
    }
    groups g = find(heap);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.largest, 1000 * 1000);
    ouro_release(chain);
    collect_all(heap);
    ouro_release(cls);
}

/* ---- against an obviously right answer --------------------------------------------------- */

#define N 40

/* Which nodes reach which, by Warshall's algorithm. */
static void close_over(bool reach[N][N]) {
    for (size_t k = 0; k < N; k++)
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < N; j++) reach[i][j] |= reach[i][k] && reach[k][j];
}

typedef struct answer {
    bool reach[N][N];
    size_t in_groups;
    bool seen[N];
} answer;

static bool compare_group(ouro_object *const *members, size_t count, bool garbage,
                          void *context) {
    answer *a = context;
    assert_false(garbage);
    for (size_t i = 0; i < count; i++) {
        size_t m = (size_t)number_of(members[i]) - 1;
        assert_false(a->seen[m]);
        a->seen[m] = true;
        for (size_t j = 0; j < count; j++)
            assert_true(a->reach[m][(size_t)number_of(members[j]) - 1]);
    }
    for (size_t other = 0; other < N; other++) { /* nobody is left out */
        size_t m = (size_t)number_of(members[0]) - 1;
        bool together = a->reach[m][other] && a->reach[other][m];
        bool listed = false;
        for (size_t i = 0; i < count; i++)
            listed |= (size_t)number_of(members[i]) - 1 == other;
        assert_int_equal(together, listed);
    }
    a->in_groups += count;
    return true;
}

static void groups_of_random_graphs_are_those_of_warshall(void **state) {
    ouro_heap *heap = *state;
    uint64_t random = 88172645463325252u;
    for (int round = 0; round < 200; round++) {
        answer a = {.in_groups = 0};
        ouro_object *n[N];
        make_nodes(heap, n, N);
        size_t edges = (size_t)round % 100;
        for (size_t e = 0; e < edges; e++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            size_t from = (size_t)(random >> 20) % N, to = (size_t)(random >> 40) % N;
            size_t slot = 1 + (size_t)(random >> 60) % 3;
            link_to(n[from], slot, n[to]);
        }
        for (size_t i = 0; i < N; i++)
            for (size_t slot = 1; slot < 4; slot++) {
                ouro_object *to = ouro_value_object(ouro_record_slot(n[i], slot));
                if (to != NULL) a.reach[i][(size_t)number_of(to) - 1] = true;
            }
        close_over(a.reach);
        expect(heap, ouro_heap_cycles(heap, compare_group, &a));
        size_t expected = 0;
        for (size_t i = 0; i < N; i++) expected += a.reach[i][i];
        assert_int_equal(a.in_groups, expected);
        release_nodes(n, N);
        collect_all(heap);
    }
}

/* ---- failures ---------------------------------------------------------------------------- */

static void the_caller_may_stop(void **state) {
    ouro_heap *heap = *state;
    ouro_object *n[4];
    make_nodes(heap, n, 4);
    for (size_t i = 0; i < 4; i++) link_to(n[i], 1, n[i]);
    groups g = {.limit = 2};
    expect(heap, ouro_heap_cycles(heap, take_group, &g));
    assert_int_equal(g.count, 2);
    release_nodes(n, 4);
    collect_all(heap);
}

static void without_memory_nobody_is_called(void **state) {
    ouro_heap *heap = *state;
    ouro_object *n[4], *cls = new_class(heap, "Other", 2), *ring;
    make_nodes(heap, n, 4);
    for (size_t i = 0; i < 4; i++) link_to(n[i], 1, n[i]);
    expect(heap, ouro_build_ring(heap, cls, 300, &ring));
    size_t request = 1;
    for (;; request++) {
        groups g = {.count = 0};
        refuse_from(heap, request);
        ouro_status status = ouro_heap_cycles(heap, take_group, &g);
        refuse_from(heap, 0);
        if (status == OURO_OK) {
            assert_int_equal(g.count, 5);
            break;
        }
        assert_int_equal(status, OURO_E_NOMEM);
        assert_int_equal(g.count, 0);
        check_heap(heap);
    }
    assert_true(request > 5);
    release_nodes(n, 4);
    ouro_release(ring);
    collect_all(heap);
    ouro_release(cls);
}

/* What a finalizer finds when it looks. */
typedef struct sight {
    groups seen;
    ouro_status status;
} sight;

static void look_around(ouro_object *object) {
    ouro_heap *heap = ouro_object_heap(object);
    sight *s = ((supply *)ouro_heap_user(heap))->context;
    s->seen = (groups){.count = 0};
    s->status = ouro_heap_cycles(heap, take_group, &s->seen);
}

static void a_finalizer_may_look_and_does_not_see_the_dying(void **state) {
    ouro_heap *heap = *state;
    sight found = {.seen.count = 99};
    ((supply *)ouro_heap_user(heap))->context = &found;
    ouro_object *cls = new_class(heap, "Last", 3), *dying = new_record(heap, cls);
    expect(heap, ouro_class_set_finalizer(cls, look_around));
    ouro_value list = LIST(heap);
    append(heap, list, again(list));
    link_to(dying, 1, ouro_value_object(list));
    ouro_release(dying);
    assert_int_equal(found.status, OURO_OK);
    assert_int_equal(found.seen.count, 1);
    assert_ptr_equal(found.seen.members[0], ouro_value_object(list));
    ouro_object *ring = new_record(heap, cls);
    link_to(ring, 1, ring);
    ouro_release(ring);
    assert_int_equal(collect_all(heap), 1);
    assert_int_equal(found.status, OURO_E_BUSY);
    ouro_object_clear(ouro_value_object(list));
    ouro_value_release(list);
    ouro_release(cls);
}

static void looking_makes_no_collection_due(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 2), *ring;
    expect(heap, ouro_build_ring(heap, cls, 100 * 1000, &ring));
    ouro_release(ring);
    ouro_collect_enable(heap, false);
    ouro_safe_point(heap);
    unsigned due = *(const unsigned *)(const void *)heap;
    find(heap);
    assert_int_equal(*(const unsigned *)(const void *)heap, due);
    assert_int_equal(ouro_heap_live(heap), 100 * 1000 + 1);
    collect_all(heap);
    ouro_release(cls);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_heap, close_heap)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_tree_has_none),
        TEST(an_object_that_refers_to_itself_is_a_group),
        TEST(members_come_in_order_of_discovery),
        TEST(groups_that_only_lead_to_each_other_stay_apart),
        TEST(rings_within_rings_are_one_group),
        TEST(a_group_that_live_objects_reach_is_not_garbage),
        TEST(what_is_held_is_not_garbage),
        TEST(what_waits_behind_a_garbage_ring_is_no_group),
        TEST(rings_lead_through_every_kind_of_object),
        TEST(a_ring_through_plain_data_shows_only_objects),
        TEST(a_ring_of_a_million_is_one_group),
        TEST(a_chain_of_a_million_needs_no_stack),
        TEST(groups_of_random_graphs_are_those_of_warshall),
        TEST(the_caller_may_stop),
        TEST(without_memory_nobody_is_called),
        TEST(a_finalizer_may_look_and_does_not_see_the_dying),
        TEST(looking_makes_no_collection_due),
    };
    return cmocka_run_group_tests_name("cycles", tests, NULL, NULL);
}
