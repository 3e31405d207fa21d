/* SPDX-License-Identifier: MIT */
/* Graph: random operations on nodes and names against an obvious model: arrays of counts and
 * edges, death by search. After each operation the two must agree on who is alive, every
 * count, every weak reference and who has been finalized. The seed is printed; give it as the
 * first argument to replay. */
#include "../core/node.h"

#include <stdio.h>

#define NODES 40
#define REFS 3

typedef struct model {
    bool alive[NODES], finalized[NODES], has_finalizer[NODES], watched[NODES];
    int names[NODES];
    int edge[NODES][REFS]; /* -1: nil */
} model;

typedef struct pair {
    model m;
    ouro_heap *heap;
    node *nodes[NODES];
    ouro_object *weak[NODES];
    uint64_t random;
    uint64_t operations;
} pair;

static uint32_t next_random(pair *p, uint32_t below) {
    p->random ^= p->random >> 12;
    p->random ^= p->random << 25;
    p->random ^= p->random >> 27;
    return (uint32_t)((p->random * 0x2545f4914f6cdd1du) >> 33) % below;
}

/* ---- the model --------------------------------------------------------------------------- */

static int count_of(const model *m, int i) {
    int count = m->names[i];
    for (int j = 0; j < NODES; j++)
        for (int k = 0; m->alive[j] && k < REFS; k++) count += m->edge[j][k] == i;
    return count;
}

static void die(model *m, int i) {
    m->alive[i] = false;
    m->finalized[i] |= m->has_finalizer[i];
    for (int k = 0; k < REFS; k++) m->edge[i][k] = -1;
}

/* What has no reference left dies, and so on. */
static void die_by_count(model *m) {
    for (bool again = true; again;) {
        again = false;
        for (int i = 0; i < NODES; i++) {
            if (!m->alive[i] || count_of(m, i) != 0) continue;
            die(m, i);
            again = true;
        }
    }
}

/* What no name reaches dies. */
static int die_by_search(model *m) {
    bool reached[NODES] = {false};
    int found = 0;
    for (bool again = true; again;) {
        again = false;
        for (int i = 0; i < NODES; i++) {
            if (!m->alive[i] || reached[i]) continue;
            bool now = m->names[i] > 0;
            for (int j = 0; j < NODES; j++)
                for (int k = 0; k < REFS; k++) now |= reached[j] && m->edge[j][k] == i;
            reached[i] = now;
            again |= now;
        }
    }
    for (int i = 0; i < NODES; i++) {
        if (!m->alive[i] || reached[i]) continue;
        die(m, i);
        found++;
    }
    return found;
}

/* ---- operations on both ------------------------------------------------------------------ */

static int pick_named(pair *p) {
    int start = (int)next_random(p, NODES);
    for (int i = 0; i < NODES; i++)
        if (p->m.names[(start + i) % NODES] > 0) return (start + i) % NODES;
    return -1;
}

static void make_node(pair *p) {
    for (int i = 0; i < NODES; i++) {
        if (p->m.alive[i]) continue;
        bool finalizer = next_random(p, 3) == 0, watched = next_random(p, 3) == 0;
        if (p->weak[i] != NULL) ouro_release(p->weak[i]);
        p->weak[i] = NULL;
        p->nodes[i] = finalizer ? new_node(p->heap, i + 1) : new_plain(p->heap, i + 1);
        if (watched)
            assert_int_equal(
                ouro_weak_new(&p->nodes[i]->header, NULL, OURO_NIL, &p->weak[i]), OURO_OK);
        p->m.alive[i] = true;
        p->m.finalized[i] = false;
        p->m.has_finalizer[i] = finalizer;
        p->m.watched[i] = watched;
        p->m.names[i] = 1;
        for (int k = 0; k < REFS; k++) p->m.edge[i][k] = -1;
        return;
    }
}

static void step(pair *p) {
    int a = pick_named(p), b = pick_named(p), k = (int)next_random(p, REFS);
    uint32_t what = next_random(p, 100);
    ((node_log *)ouro_heap_user(p->heap))->count = 0;
    if (what < 25 || a < 0) {
        make_node(p);
    } else if (what < 60) {
        set_ref(p->nodes[a], k, p->nodes[b]);
        p->m.edge[a][k] = b;
    } else if (what < 68) {
        set_ref(p->nodes[a], k, NULL);
        p->m.edge[a][k] = -1;
    } else if (what < 74) {
        ouro_retain(&p->nodes[a]->header);
        p->m.names[a]++;
    } else if (what < 96) {
        p->m.names[a]--;
        ouro_release(&p->nodes[a]->header);
    } else {
        size_t found;
        assert_int_equal(ouro_collect(p->heap, 2, &found), OURO_OK);
        assert_int_equal(found, die_by_search(&p->m));
    }
    die_by_count(&p->m);
    p->operations++;
}

/* ---- comparing --------------------------------------------------------------------------- */

static void compare(pair *p, const model *before) {
    node_log *log = ouro_heap_user(p->heap);
    size_t alive = 0, finalized = 0;
    for (int i = 0; i < NODES; i++) {
        alive += p->m.alive[i];
        finalized += p->m.finalized[i] && before->alive[i] && !p->m.alive[i];
        if (p->weak[i] != NULL) {
            alive++; /* the weak reference is an object too */
            ouro_object *target = ouro_weak_get(p->weak[i]);
            assert_ptr_equal(target, p->m.alive[i] ? &p->nodes[i]->header : NULL);
        }
        if (p->m.alive[i])
            assert_int_equal(p->nodes[i]->header.count, count_of(&p->m, i));
    }
    assert_int_equal(ouro_heap_live(p->heap), alive);
    assert_int_equal(log->count, finalized);
    for (size_t i = 0; i < log->count; i++) {
        int n = (int)log->labels[i] - 1;
        assert_true(before->alive[n] && !p->m.alive[n]);
    }
}

static void run_seed(uint64_t seed, uint64_t operations) {
    void *state;
    open_node_heap(&state);
    pair p = {.heap = state, .random = seed * 0x9e3779b97f4a7c15u + 1};
    for (uint64_t i = 0; i < operations; i++) {
        model before = p.m;
        step(&p);
        compare(&p, &before);
        if (i % 64 == 0) check_heap(p.heap);
    }
    for (int i = 0; i < NODES; i++) {
        if (p.weak[i] != NULL) ouro_release(p.weak[i]);
        for (; p.m.names[i] > 0; p.m.names[i]--) ouro_release(&p.nodes[i]->header);
    }
    close_node_heap(&state);
}

static uint64_t first_seed = 1;
static uint64_t seeds = 60;

static void heap_and_model_agree(void **state) {
    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + seeds; seed++) {
        print_message("# seed %llu\n", (unsigned long long)seed);
        run_seed(seed, 2000);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(heap_and_model_agree)};
    if (argc > 1) {
        first_seed = strtoull(argv[1], NULL, 10);
        seeds = 1;
    }
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
