/* SPDX-License-Identifier: MIT */
/* Bench: the workloads by which managed-object systems are compared, through <ouro.h> alone.
 *
 *   bench WORKLOAD N [POLICY]
 *                           prints lines of metric, value, unit; docs/performance.md has the list
 *
 * A node is a record of two slots, a vertex one of four. Each workload runs three times in one
 * heap (W7 and W7a once); after each run, outside of what is timed, the heap is checked and
 * must hold what it held before. Exit status 3: no such workload. */
#include <ouro.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure.h"

#define REPETITIONS 3
enum { LEFT, RIGHT };

typedef struct bench {
    ouro_heap *heap;
    ouro_object *node;   /* the class of nodes */
    ouro_object *vertex; /* the class of vertices */
    ouro_object *mortal; /* the class of nodes with a finalizer */
    uint32_t n;
    uint64_t finalized;
} bench;

/* ---- what must hold ---------------------------------------------------------------------- */

static void fail(const char *what, const char *why) {
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(1);
}

static void must(const bench *b, ouro_status status) {
    if (OURO_UNLIKELY(status != OURO_OK))
        fail(ouro_status_name(status), ouro_heap_message(b->heap));
}

static void expect(bool condition, const char *what) {
    if (!condition) fail(what, "this does not hold");
}

static size_t collect(const bench *b) {
    size_t found;
    must(b, ouro_collect(b->heap, OURO_GENERATIONS - 1, &found));
    return found;
}

static void check_heap(const bench *b) {
    const char *message = "no message";
    if (ouro_heap_check(b->heap, &message) != OURO_OK) fail("the heap check", message);
}

/* ---- objects ----------------------------------------------------------------------------- */

/* owned */
static inline ouro_object *make(const bench *b, ouro_object *cls) {
    ouro_object *record;
    must(b, ouro_record_new(b->heap, cls, &record));
    return record;
}

static inline void set(ouro_object *record, size_t slot, ouro_object *target) {
    ouro_record_set_slot(record, slot, ouro_value_of_object(target));
}

static inline ouro_object *get(ouro_object *record, size_t slot) {
    return ouro_value_object(ouro_record_slot(record, slot));
}

/* Sets and hands over the caller's reference. */
static inline void give(ouro_object *record, size_t slot, ouro_object *target) {
    set(record, slot, target);
    ouro_release(target);
}

static double per(uint64_t since, uint64_t count) {
    return (double)(measure_now() - since) / (double)count;
}

/* An array of n new objects, each owned. */
static ouro_object **make_all(const bench *b, ouro_object *cls) {
    ouro_object **all = measure_array(b->n, sizeof *all);
    for (uint32_t i = 0; i < b->n; i++) all[i] = make(b, cls);
    return all;
}

static void release_all(const bench *b, ouro_object **all) {
    for (uint32_t i = 0; i < b->n; i++) ouro_release(all[i]);
}

/* ---- W1, W10, W10a: short lives ---------------------------------------------------------- */

static void run_churn(bench *b) {
    ouro_object *sink = make(b, b->node);
    uint64_t start = measure_now();
    for (uint32_t i = 0; i < b->n; i++) {
        give(sink, LEFT, make(b, b->node));
        ouro_safe_point(b->heap);
    }
    measure_emit("alloc_free", per(start, b->n), "ns");
    ouro_release(sink);
}

static void run_loop(bench *b) {
    uint64_t start = measure_now();
    for (uint32_t i = 0; i < b->n; i++) {
        ouro_object *x = make(b, b->node);
        ouro_record_set_slot(x, LEFT, ouro_value_of_small(i));
        ouro_release(x);
        ouro_safe_point(b->heap);
    }
    measure_emit("iter", per(start, b->n), "ns");
}

static void run_loop_cyclic(bench *b) {
    uint64_t start = measure_now();
    for (uint32_t i = 0; i < b->n; i++) {
        ouro_object *x = make(b, b->node);
        ouro_record_set_slot(x, LEFT, ouro_value_of_small(i));
        give(x, RIGHT, x);
        ouro_safe_point(b->heap);
    }
    measure_emit("iter", per(start, b->n), "ns");
    collect(b);
}

/* ---- W2: a long list --------------------------------------------------------------------- */

static void run_list(bench *b) {
    double before = measure_rss();
    uint64_t start = measure_now();
    ouro_object *head = make(b, b->node);
    for (uint32_t i = 1; i < b->n; i++) {
        ouro_object *next = head;
        head = make(b, b->node);
        give(head, LEFT, next);
        ouro_safe_point(b->heap);
    }
    measure_emit("build", per(start, b->n), "ns");
    measure_emit("bytes", (measure_rss() - before) / b->n, "B");
    start = measure_now();
    ouro_release(head);
    ouro_safe_point(b->heap);
    measure_emit("release", per(start, b->n), "ns");
}

/* ---- W3: many small cycles --------------------------------------------------------------- */

enum { RING = 10 };

static void make_ring(const bench *b) {
    ouro_object *first = make(b, b->node), *last = first;
    for (int i = 1; i < RING; i++) {
        ouro_object *x = make(b, b->node);
        set(x, LEFT, last);
        give(last, RIGHT, x);
        last = x;
    }
    set(last, RIGHT, first);
    set(first, LEFT, last);
    ouro_release(first);
}

static void run_rings(bench *b) {
    uint32_t rings = b->n / RING;
    ouro_collect_enable(b->heap, false);
    for (uint32_t i = 0; i < rings; i++) {
        make_ring(b);
        ouro_safe_point(b->heap);
    }
    uint64_t start = measure_now();
    size_t found = collect(b);
    measure_emit("collect", per(start, (uint64_t)rings * RING), "ns");
    expect(found == (size_t)rings * RING, "the collection found every node of the rings");
    ouro_collect_enable(b->heap, true);
}

/* ---- W4, W5: one big graph --------------------------------------------------------------- */

static ouro_object **make_graph(const bench *b) {
    uint32_t *edges = measure_graph(b->n);
    ouro_object **all = make_all(b, b->vertex);
    for (size_t i = 0; i < b->n; i++)
        for (size_t k = 0; k < 4; k++) set(all[i], k, all[edges[4 * i + k]]);
    free(edges);
    return all;
}

static void run_big_cycle(bench *b) {
    ouro_collect_enable(b->heap, false);
    ouro_object **all = make_graph(b);
    uint64_t start = measure_now();
    release_all(b, all);
    measure_emit("drop", per(start, b->n), "ns");
    start = measure_now();
    size_t found = collect(b);
    measure_emit("collect", per(start, b->n), "ns");
    expect(found == b->n, "the collection found the whole graph");
    free(all);
    ouro_collect_enable(b->heap, true);
}

static void run_live(bench *b) {
    ouro_collect_enable(b->heap, false);
    ouro_object **all = make_graph(b), *root = all[0];
    ouro_retain(root);
    release_all(b, all);
    free(all);
    for (int round = 0; round < 5; round++) {
        uint64_t start = measure_now();
        size_t found = collect(b);
        measure_emit("live_collect", per(start, b->n), "ns");
        expect(found == 0, "a collection of what is alive frees nothing");
    }
    uint32_t alive = 1;
    for (ouro_object *x = get(root, 0); x != root; x = get(x, 0)) alive++;
    expect(alive == b->n, "all nodes are still there");
    check_heap(b);
    ouro_release(root);
    expect(collect(b) == b->n, "the graph dies without its root");
    ouro_collect_enable(b->heap, true);
}

/* ---- W6: trees --------------------------------------------------------------------------- */

static ouro_object *make_tree(const bench *b, uint32_t depth) {
    ouro_object *left = depth ? make_tree(b, depth - 1) : NULL;
    ouro_object *right = depth ? make_tree(b, depth - 1) : NULL;
    ouro_object *x = make(b, b->node);
    if (depth) {
        give(x, LEFT, left);
        give(x, RIGHT, right);
    }
    ouro_safe_point(b->heap);
    return x;
}

static uint64_t count_nodes(ouro_object *x) {
    ouro_object *left = get(x, LEFT);
    return left ? 1 + count_nodes(left) + count_nodes(get(x, RIGHT)) : 1;
}

static uint64_t try_tree(const bench *b, uint32_t depth) {
    ouro_object *x = make_tree(b, depth);
    uint64_t nodes = count_nodes(x);
    ouro_release(x);
    return nodes;
}

static void run_trees(bench *b) {
    uint32_t depth = b->n;
    uint64_t start = measure_now();
    uint64_t nodes = try_tree(b, depth + 1);
    ouro_object *kept = make_tree(b, depth);
    for (uint32_t d = 4; d <= depth; d += 2)
        for (uint32_t i = 0; i < 1u << (depth - d + 4); i++) nodes += try_tree(b, d);
    nodes += count_nodes(kept);
    ouro_release(kept);
    uint64_t spent = measure_now() - start;
    measure_emit("total", (double)spent / 1e6, "ms");
    measure_emit("per_node", (double)spent / (double)nodes, "ns");
}

/* ---- W7, W7a: a steady state ------------------------------------------------------------- */

typedef struct steady {
    bench *b;
    ouro_object **all;
    ouro_object *last; /* changed by the previous operation; borrowed */
    uint32_t random;
} steady;

static inline void mutate(steady *s, bool cyclic) {
    bench *b = s->b;
    ouro_object *x = s->all[measure_random(&s->random, b->n)];
    ouro_object *a = make(b, b->node);
    if (cyclic) {
        ouro_object *other = make(b, b->node);
        set(other, LEFT, a);
        set(other, RIGHT, s->last);
        give(a, LEFT, other);
    }
    give(x, RIGHT, a);
    ouro_safe_point(b->heap);
    s->last = x;
}

static void measure_latencies(steady *s, uint64_t operations, bool mixed) {
    latencies l = {0};
    uint64_t before = measure_now();
    for (uint64_t k = 0; k < operations; k++) {
        mutate(s, mixed && (k & 1));
        uint64_t after = measure_now();
        latencies_add(&l, after - before);
        before = after;
    }
    latencies_report(&l, operations);
}

static void run_steady_state(bench *b, bool mixed) {
    steady s = {.b = b, .all = make_all(b, b->node), .random = 1};
    uint64_t operations = (uint64_t)b->n * 10;
    for (uint32_t i = 0; i < b->n; i++)
        set(s.all[i], LEFT, s.all[measure_random(&s.random, b->n)]);
    s.last = s.all[0];
    uint64_t start = measure_now();
    for (uint64_t k = 0; k < operations; k++) mutate(&s, mixed && (k & 1));
    measure_emit("op", per(start, operations), "ns");
    measure_latencies(&s, operations, mixed);
    check_heap(b);
    release_all(b, s.all);
    free(s.all);
    collect(b);
}

static void run_steady(bench *b) {
    run_steady_state(b, true);
}

static void run_steady_acyclic(bench *b) {
    run_steady_state(b, false);
}

/* ---- W8, W9: weak references, finalizers ------------------------------------------------- */

static void release_plain(bench *b) {
    ouro_object **all = make_all(b, b->node);
    uint64_t start = measure_now();
    release_all(b, all);
    measure_emit("release_plain", per(start, b->n), "ns");
    free(all);
}

static void run_weak(bench *b) {
    release_plain(b);
    ouro_object **all = make_all(b, b->node);
    ouro_object **weak = measure_array(b->n, sizeof *weak);
    uint64_t start = measure_now();
    for (uint32_t i = 0; i < b->n; i++) {
        must(b, ouro_weak_new(all[i], NULL, OURO_NIL, &weak[i]));
        ouro_safe_point(b->heap);
    }
    measure_emit("create", per(start, b->n), "ns");
    uint32_t alive = 0;
    start = measure_now();
    for (uint32_t i = 0; i < b->n; i++) alive += ouro_weak_get(weak[i]) != NULL;
    measure_emit("deref", per(start, b->n), "ns");
    expect(alive == b->n, "every target is alive");
    start = measure_now();
    release_all(b, all);
    measure_emit("release_weak", per(start, b->n), "ns");
    for (uint32_t i = 0; i < b->n; i++) alive -= ouro_weak_get(weak[i]) == NULL;
    expect(alive == 0, "every weak reference is empty");
    check_heap(b);
    release_all(b, weak);
    free(weak);
    free(all);
}

static void count_finalized(ouro_object *instance) {
    ((bench *)ouro_heap_user(ouro_object_heap(instance)))->finalized++;
}

static void run_finalizers(bench *b) {
    ouro_object **all = make_all(b, b->mortal);
    b->finalized = 0;
    uint64_t start = measure_now();
    release_all(b, all);
    measure_emit("finalize", per(start, b->n), "ns");
    expect(b->finalized == b->n, "every finalizer has run once");
    free(all);
}

/* ---- all of them ------------------------------------------------------------------------- */

static const struct workload {
    const char *name;
    void (*run)(bench *b);
    int repetitions;
} workloads[] = {
    {"W1", run_churn, REPETITIONS},
    {"W2", run_list, REPETITIONS},
    {"W2s", run_list, REPETITIONS},
    {"W3", run_rings, REPETITIONS},
    {"W3L", run_rings, REPETITIONS},
    {"W4", run_big_cycle, REPETITIONS},
    {"W5", run_live, REPETITIONS},
    {"W6", run_trees, REPETITIONS},
    {"W7", run_steady, 1},
    {"W7a", run_steady_acyclic, 1},
    {"W8", run_weak, REPETITIONS},
    {"W9", run_finalizers, REPETITIONS},
    {"W10", run_loop_cyclic, REPETITIONS},
    {"W10a", run_loop, REPETITIONS},
    {NULL, NULL, 0},
};

static void open_heap(bench *b) {
    static const char *const slots[] = {"l", "r", "x", "y"};
    ouro_heap_options options = {.struct_size = sizeof options, .user = b};
    if (ouro_heap_open(&options, &b->heap) != OURO_OK) fail("the heap", "does not open");
    must(b, ouro_class_new(b->heap, "Node", slots, 2, NULL, &b->node));
    must(b, ouro_class_new(b->heap, "Vertex", slots, 4, NULL, &b->vertex));
}

/* Made for W9 only: a class with a finalizer changes how a heap's objects may die. */
static void make_mortal(bench *b) {
    static const char *const slots[] = {"l", "r"};
    must(b, ouro_class_new(b->heap, "Mortal", slots, 2, NULL, &b->mortal));
    must(b, ouro_class_set_finalizer(b->mortal, count_finalized));
}

static void close_heap(bench *b) {
    size_t leaked = 0;
    if (b->mortal != NULL) ouro_release(b->mortal);
    ouro_release(b->vertex);
    ouro_release(b->node);
    must(b, ouro_heap_shut(b->heap, &leaked));
    expect(leaked == 0, "nothing is left when the heap closes");
    if (ouro_heap_close(b->heap) != OURO_OK) fail("the heap", "does not close");
}

static void run(const struct workload *w, uint32_t n, const char *policy) {
    bench b = {.n = n};
    open_heap(&b);
    if (policy != NULL) must(&b, ouro_policy_set(b.heap, policy));
    if (w->run == run_finalizers) make_mortal(&b);
    size_t before = ouro_heap_live(b.heap);
    for (int i = 0; i < w->repetitions; i++) {
        w->run(&b);
        check_heap(&b);
        expect(ouro_heap_live(b.heap) == before, "the workload has left nothing behind");
    }
    close_heap(&b);
}

int main(int argc, char **argv) {
    uint64_t start = measure_now();
    unsigned long n = argc == 3 || argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
    if (n == 0 || n >= UINT32_MAX / 10) {
        fprintf(stderr, "usage: bench WORKLOAD N [POLICY]\n");
        return 2;
    }
    const struct workload *w = workloads;
    while (w->name != NULL && strcmp(w->name, argv[1]) != 0) w++;
    if (w->name == NULL) return 3;
    run(w, (uint32_t)n, argc == 4 ? argv[3] : NULL);
    measure_emit_process(start);
    return 0;
}
