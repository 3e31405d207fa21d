/* SPDX-License-Identifier: MIT */
/* Policies: automatic collections at every possible moment, under each policy, against
 * reachability found by search; garbage stays bounded and work proportionate. */
#include "node.h"

#include "object/heap_state.h"

enum { ROOTS = 40, ALL = 200000 };

typedef struct world {
    ouro_heap *heap;
    node *roots[ROOTS]; /* each counted once by this test */
    ouro_object *weak[ROOTS], *held[ROOTS], *list, *keys;
    uint64_t random;
    ouro_object **queue; /* for the search */
    size_t found;
} world;

static unsigned below(world *w, unsigned limit) {
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (unsigned)(w->random >> 33) % limit;
}

static node *any(world *w) {
    return w->roots[below(w, ROOTS)];
}

static void put_root(world *w, unsigned at, node *owned) {
    node *old = w->roots[at];
    w->roots[at] = owned;
    if (old != NULL) ouro_release(&old->header);
}

static node *walk(world *w) {
    node *n = any(w);
    for (unsigned steps = below(w, 6); n != NULL && steps > 0; steps--) {
        ouro_object *next = ouro_value_object(n->ref[below(w, 3)]);
        if (next != NULL) n = (node *)(void *)next;
    }
    return n;
}

/* ---- what a program does ----------------------------------------------------------------- */

static void make_one(world *w) {
    put_root(w, below(w, ROOTS), new_plain(w->heap, 77));
}

static void link(world *w) {
    node *from = walk(w), *to = walk(w);
    if (from != NULL) set_ref(from, (int)below(w, 3), to);
}

static void root_one(world *w) {
    node *n = walk(w);
    if (n == NULL) return;
    ouro_retain(&n->header);
    put_root(w, below(w, ROOTS), n);
}

static void drop_root(world *w) {
    put_root(w, below(w, ROOTS), NULL);
}

static void watch(world *w) {
    node *n = walk(w);
    unsigned at = below(w, ROOTS);
    if (n == NULL) return;
    if (w->weak[at] != NULL) ouro_release(w->weak[at]);
    assert_int_equal(ouro_weak_new(&n->header, NULL, OURO_NIL, &w->weak[at]), OURO_OK);
}

/* Brings back what nothing need refer to any more, or finds it gone. */
static void fetch(world *w) {
    ouro_object *weak = w->weak[below(w, ROOTS)];
    ouro_object *target = weak != NULL ? ouro_weak_get(weak) : NULL;
    if (target == NULL) return;
    assert_int_equal(((node *)(void *)target)->label, 77);
    ouro_retain(target);
    put_root(w, below(w, ROOTS), (node *)(void *)target);
}

static void hold(world *w) {
    unsigned at = below(w, ROOTS);
    node *n = walk(w);
    ouro_object *before = w->held[at];
    w->held[at] = NULL;
    for (int i = 0; i < ROOTS && before != NULL; i++)
        if (w->held[i] == before) before = NULL; /* still held from there */
    if (before != NULL) ouro_object_unhold(before);
    if (n == NULL || n->header.count == 0) return;
    ouro_object_hold(&n->header);
    w->held[at] = &n->header;
}

/* A reference that moves: into a list, and out of it without being counted twice. */
static void push(world *w) {
    node *n = walk(w);
    if (n != NULL)
        assert_int_equal(ouro_list_append(w->list, ouro_value_of_object(&n->header)), OURO_OK);
}

static void pop(world *w) {
    const ouro_value *items;
    ouro_value v;
    size_t count;
    assert_int_equal(ouro_sequence_items(w->list, &items, &count), OURO_OK);
    if (count == 0) return;
    assert_int_equal(ouro_list_pop(w->list, below(w, (unsigned)count), &v), OURO_OK);
    put_root(w, below(w, ROOTS), (node *)(void *)ouro_value_object(v));
}

/* An ephemeron, whose value may be what keeps its key. */
static void tie(world *w) {
    node *key = walk(w), *value = walk(w);
    if (key == NULL || value == NULL) return;
    assert_int_equal(ouro_weak_dict_set(w->keys, ouro_value_of_object(&key->header),
                                        ouro_value_of_object(&value->header)),
                     OURO_OK);
}

static void (*const deeds[])(world *w) = {make_one, make_one, make_one, link, link, link, link,
                                          root_one, drop_root, drop_root, watch, fetch, hold,
                                          push, pop, tie};

/* ---- what must hold ---------------------------------------------------------------------- */

static void reach(ouro_object *child, void *context) {
    world *w = context;
    if (child->flags & OURO__LOOKED) return;
    if (child->type == 0) fail_msg("something that is reached has been freed");
    ouro__set_flag(child, OURO__LOOKED);
    assert_true(w->found < ALL);
    w->queue[w->found++] = child;
}

static void reach_ephemerons(world *w) {
    ouro_cursor cursor = {0};
    ouro_value key, value;
    for (;;) {
        assert_int_equal(ouro_weak_dict_next(w->keys, &cursor, &key, &value), OURO_OK);
        if (ouro_value_same(key, OURO_ABSENT)) return;
        if (ouro_value_object(key)->flags & OURO__LOOKED) reach(ouro_value_object(value), w);
    }
}

/* How many nodes are reached from what this test counts or holds. Looks at no count. */
static size_t reachable(world *w) {
    size_t nodes = 0;
    w->found = 0;
    for (int i = 0; i < ROOTS; i++) {
        if (w->roots[i] != NULL) reach(&w->roots[i]->header, w);
        if (w->held[i] != NULL) reach(w->held[i], w);
    }
    reach(w->list, w);
    size_t done = 0, before;
    do {
        before = w->found;
        for (; done < w->found; done++) ouro_object_traverse(w->queue[done], reach, w);
        reach_ephemerons(w);
    } while (w->found > before || done < w->found);
    for (size_t i = 0; i < w->found; i++) {
        nodes += w->queue[i] != w->list;
        if (w->queue[i] != w->list) assert_int_equal(((node *)(void *)w->queue[i])->label, 77);
        ouro__clear_flag(w->queue[i], OURO__LOOKED);
    }
    return nodes;
}

static size_t watchers(const world *w) {
    size_t count = 0;
    for (int i = 0; i < ROOTS; i++) count += w->weak[i] != NULL;
    return count;
}

static void begin(world *w, ouro_heap *heap, uint64_t seed) {
    memset(w, 0, sizeof *w);
    w->heap = heap;
    w->random = seed * 0x9e3779b97f4a7c15u + 1;
    w->queue = malloc(ALL * sizeof *w->queue);
    assert_int_equal(ouro_list_new(heap, NULL, 0, &w->list), OURO_OK);
    assert_int_equal(ouro_weak_dict_new(heap, OURO_WEAK_KEYS, &w->keys), OURO_OK);
}

static void end(world *w) {
    for (unsigned i = 0; i < ROOTS; i++) {
        put_root(w, i, NULL);
        if (w->weak[i] != NULL) ouro_release(w->weak[i]);
        if (w->held[i] == NULL) continue;
        ouro_object *held = w->held[i];
        for (int k = 0; k < ROOTS; k++)
            if (w->held[k] == held) w->held[k] = NULL;
        ouro_object_unhold(held);
    }
    ouro_release(w->list);
    ouro_release(w->keys);
    free(w->queue);
    (void)collect_all(w->heap);
    assert_int_equal(ouro_heap_live(w->heap), 0);
}

static void run(ouro_heap *heap, const char *policy, uint64_t seed, bool switching) {
    world w;
    begin(&w, heap, seed);
    assert_int_equal(ouro_policy_set(heap, policy), OURO_OK);
    assert_int_equal(ouro_policy_option(heap, "incremental", "slice", 3 + (double)(seed % 200)),
                     OURO_OK);
    const size_t threshold[3] = {20 + seed % 50, 2, 1};
    ouro_threshold_set(heap, threshold);
    ouro_collect_enable(heap, true);
    ouro_verify(heap, seed % 3 == 0);
    uint64_t verified = ouro_verified(heap);
    for (int i = 0; i < 6000; i++) {
        deeds[below(&w, sizeof deeds / sizeof *deeds)](&w);
        if (i % 3 == 0) heap->due |= OURO__DUE_COLLECT;
        if (switching && below(&w, 200) == 0)
            assert_int_equal(ouro_policy_set(heap, ouro_policy_at(below(&w, 5), NULL)), OURO_OK);
        ouro_safe_point(heap);
        if (i % 50 == 0) (void)reachable(&w);
        if (i % 500 == 499) check_heap(heap);
    }
    (void)collect_all(heap);
    assert_true(seed % 3 != 0 || ouro_verified(heap) > verified);
    assert_int_equal(ouro_heap_live(heap), reachable(&w) + watchers(&w) + 2);
    end(&w);
    ouro_collect_enable(heap, false);
}

static void what_is_reached_lives_and_what_is_not_dies(void **state) {
    for (size_t p = 0; ouro_policy_at(p, NULL) != NULL; p++)
        for (uint64_t seed = 1; seed <= 30; seed++)
            run(*state, ouro_policy_at(p, NULL), seed, false);
}

static void switching_changes_nothing(void **state) {
    for (uint64_t seed = 1; seed <= 30; seed++) run(*state, "incremental", seed + 100, true);
}

/* ---- garbage is bounded, and so is the work ---------------------------------------------- */

static uint64_t units_of(ouro_heap *heap, const char *policy) {
    uint64_t units = 0;
    for (int g = 0; g < OURO_GENERATIONS; g++) {
        ouro_work work;
        assert_int_equal(ouro_policy_work(heap, policy, g, &work), OURO_OK);
        units += work.units;
    }
    return units;
}

/* A steady producer of pairs beside a large live structure, of which some object loses a
 * reference each time. Every other pair dies young, the others when they have become old. */
static void produce(ouro_heap *heap, const char *policy, size_t live, size_t pairs) {
    node **kept = malloc(live * sizeof *kept);
    for (size_t i = 0; i < live; i++) {
        kept[i] = new_plain(heap, 1);
        set_ref(kept[i], 0, kept[i / 2]);
        set_ref(kept[i], 1, kept[i * 7 / 9]);
    }
    assert_int_equal(ouro_policy_set(heap, policy), OURO_OK);
    (void)collect_all(heap);
    uint64_t before = units_of(heap, policy);
    size_t most = 0;
    ouro_collect_enable(heap, true);
    for (size_t i = 0; i < pairs; i++) {
        node *a = new_plain(heap, 2), *b = new_plain(heap, 3);
        set_ref(a, 0, b);
        set_ref(b, 0, a);
        set_ref(a, 1, kept[i * 31 % live]);
        ouro_retain(&kept[i * 17 % live]->header);
        ouro_release(&kept[i * 17 % live]->header);
        if (i % 2 == 0) set_ref(kept[i * 13 % live], 2, a);
        ouro_release(&a->header);
        ouro_release(&b->header);
        ouro_safe_point(heap);
        if (i % 1000 == 0 && ouro_heap_live(heap) > most) most = ouro_heap_live(heap);
    }
    ouro_collect_enable(heap, false);
    uint64_t units = units_of(heap, policy) - before;
    size_t alive = live * 3; /* every object with a pair */
    if (most > alive * 9 / 4 + 40000) fail_msg("%s: %zu alive beside %zu", policy, most, live);
    /* Each new object pays for so many objects and references that are looked at. */
    if (units > pairs * 2 * 60) fail_msg("%s: %.1f units for an object", policy,
                                         (double)units / (double)(2 * pairs));
    for (size_t i = 0; i < live; i++) ouro_release(&kept[i]->header);
    free(kept);
    (void)collect_all(heap);
    assert_int_equal(ouro_heap_live(heap), 0);
}

static void garbage_stays_bounded_beside_a_large_live_heap(void **state) {
    const char *name;
    for (size_t p = 0; (name = ouro_policy_at(p, NULL)) != NULL; p++)
        if (strcmp(name, "refcount") != 0) produce(*state, name, 100000, 900000);
}

/* ---- slices ------------------------------------------------------------------------------ */

static size_t count_of(const ouro_heap *heap) {
    return ouro__heap_count(heap); /* ouro_heap_live would have the rest freed */
}

/* A heap in which nobody can observe a death. */
static int open_quiet_heap(void **state) {
    node_log *log = calloc(1, sizeof *log);
    ouro_heap_options options = {.struct_size = sizeof options, .user = log};
    ouro_type_spec spec = {.struct_size = sizeof spec,
                           .name = "plain",
                           .size = sizeof(node),
                           .values_offset = offsetof(node, ref),
                           .values_count = 3};
    ouro_heap *heap;
    assert_int_equal(ouro_heap_open(&options, &heap), OURO_OK);
    assert_int_equal(ouro_type_new(heap, &spec, &log->plain), OURO_OK);
    ouro_collect_enable(heap, false);
    *state = heap;
    return 0;
}

static node *new_chain(ouro_heap *heap, size_t length) {
    node *first = NULL;
    for (size_t i = 0; i < length; i++) {
        node *n = new_plain(heap, 1);
        if (first != NULL) give_ref(n, 0, first);
        first = n;
    }
    return first;
}

static void a_long_chain_is_released_in_slices(void **state) {
    ouro_heap *heap = *state;
    enum { LENGTH = 100000, SLICE = 4000 };
    assert_int_equal(ouro_policy_set(heap, "incremental"), OURO_OK);
    assert_int_equal(ouro_policy_option(heap, "incremental", "slice", SLICE), OURO_OK);
    ouro_release(&new_chain(heap, LENGTH)->header);
    size_t left = count_of(heap), bytes = ouro_heap_bytes(heap);
    assert_true(left > LENGTH - SLICE && left < LENGTH);
    ouro_release(&new_chain(heap, LENGTH)->header); /* another one behind it */
    assert_true(count_of(heap) > left && count_of(heap) < 2 * LENGTH);
    int points = 0;
    for (; count_of(heap) > 0; points++) {
        left = count_of(heap);
        ouro_safe_point(heap);
        assert_true(count_of(heap) < left && left - count_of(heap) <= SLICE);
    }
    assert_true(points > LENGTH / SLICE);
    assert_true(ouro_heap_bytes(heap) < bytes / 2);
}

static void whoever_looks_sees_what_is_dead_dead(void **state) {
    ouro_heap *heap = *state;
    enum { LENGTH = 50000 };
    assert_int_equal(ouro_policy_set(heap, "incremental"), OURO_OK);
    assert_int_equal(ouro_policy_option(heap, "incremental", "slice", 100), OURO_OK);
    node *kept = new_plain(heap, 1), *n = new_chain(heap, LENGTH);
    set_ref(n, 1, kept);
    ouro_release(&new_chain(heap, LENGTH)->header);
    ouro_release(&n->header);
    assert_int_equal(ouro_heap_live(heap), 1);
    assert_int_equal(count_of(heap), 1);
    ouro_release(&new_chain(heap, LENGTH)->header);
    assert_true(count_of(heap) > LENGTH / 2);
    ouro_object *weak; /* from now on somebody could notice */
    assert_int_equal(ouro_weak_new(&kept->header, NULL, OURO_NIL, &weak), OURO_OK);
    assert_int_equal(count_of(heap), 2);
    ouro_release(weak);
    ouro_release(&new_chain(heap, LENGTH)->header);
    check_heap(heap);
    ouro_release(&new_chain(heap, LENGTH)->header);
    assert_int_equal(collect_all(heap), 0);
    assert_int_equal(count_of(heap), 1);
    ouro_release(&new_chain(heap, LENGTH)->header);
    assert_int_equal(ouro_policy_set(heap, "trial"), OURO_OK);
    assert_int_equal(count_of(heap), 1);
    ouro_release(&kept->header);
}

/* A slice may exceed what it is given by what one block takes. */
static void no_slice_is_longer_than_it_may_be(void **state) {
    ouro_heap *heap = *state;
    enum { SLICE = 5000, A_BLOCK = 20000 };
    assert_int_equal(ouro_policy_set(heap, "incremental"), OURO_OK);
    assert_int_equal(ouro_policy_option(heap, "incremental", "slice", SLICE), OURO_OK);
    ouro_collect_enable(heap, true);
    node *chain = new_chain(heap, 100000);
    for (int i = 0; i < 400000; i++) {
        node *n = new_plain(heap, 1);
        set_ref(n, 0, n);
        set_ref(n, 1, chain);
        ouro_release(&n->header);
        ouro_safe_point(heap);
    }
    ouro_work work;
    assert_int_equal(ouro_policy_work(heap, "incremental", 2, &work), OURO_OK);
    assert_true(work.collections >= 1 && work.abandoned == 0);
    assert_true(work.slices > 50 * work.collections);
    assert_true(work.slice_units < SLICE + A_BLOCK);
    assert_true(work.freed > 100000);
    ouro_collect_enable(heap, false);
    ouro_release(&chain->header);
    assert_true(collect_all(heap) > 0);
    assert_int_equal(ouro_heap_live(heap), 0);
}

#define QUIET(name) cmocka_unit_test_setup_teardown(name, open_quiet_heap, close_node_heap)
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_node_heap, close_node_heap)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_reached_lives_and_what_is_not_dies),
        TEST(switching_changes_nothing),
        TEST(garbage_stays_bounded_beside_a_large_live_heap),
        QUIET(a_long_chain_is_released_in_slices),
        QUIET(whoever_looks_sees_what_is_dead_dead),
        QUIET(no_slice_is_longer_than_it_may_be),
    };
    return cmocka_run_group_tests_name("policies", tests, NULL, NULL);
}
