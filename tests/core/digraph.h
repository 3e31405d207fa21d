/* SPDX-License-Identifier: MIT */
/* Digraph: small random graphs of records, and obvious answers about them to compare with.
 * Node i has four slots; slot s refers to the node to[i][s], or to nothing when that is < 0.
 * A node lives of itself by a name, by a pin, or held; the test itself has no count. */
#ifndef TESTS_DIGRAPH_H
#define TESTS_DIGRAPH_H

#include "looking.h"

#define MOST_NODES 12
#define SLOTS 4

typedef struct digraph {
    ouro_heap *heap;
    uint64_t id[MOST_NODES];
    int count;
    int to[MOST_NODES][SLOTS];
    bool named[MOST_NODES], pinned[MOST_NODES], held[MOST_NODES];
} digraph;

/* A linear congruential generator (Knuth's MMIX): the same graphs in every run. */
static inline unsigned draw(uint64_t *seed, unsigned below) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*seed >> 33) % below;
}

static inline void name_of(int i, char name[16]) {
    snprintf(name, 16, "n%d", i);
}

/* NULL when it is dead. */
static inline ouro_object *node_at(const digraph *g, int i) {
    return ouro_object_by_id(g->heap, g->id[i]);
}

static inline int number_of_node(const digraph *g, const ouro_object *object) {
    for (int i = 0; i < g->count; i++)
        if (node_at(g, i) == object) return i;
    return -1;
}

static inline void make_root(digraph *g, int i, unsigned kind) {
    char name[16];
    name_of(i, name);
    if (kind == 0) {
        g->named[i] = true;
        expect(g->heap, ouro_frame_set(ouro_frame_main(g->heap), name, strlen(name),
                                       value_of(node_at(g, i))));
    } else if (kind == 1) {
        g->pinned[i] = true;
        expect(g->heap, ouro_object_pin(node_at(g, i)));
    } else {
        g->held[i] = true;
        ouro_object_hold(node_at(g, i));
    }
}

/* References are as many as `edges`, at most; one root in `rare` nodes. kinds: 1 names only,
 * 2 and pins, 3 and held ones. Node 0 always has a name. */
static inline void make_digraph(digraph *g, ouro_heap *heap, uint64_t *seed, unsigned edges,
                                unsigned rare, unsigned kinds) {
    *g = (digraph){.heap = heap, .count = 2 + (int)draw(seed, MOST_NODES - 1)};
    ouro_object *cls = new_class(heap, "Node", SLOTS);
    for (int i = 0; i < g->count; i++) {
        expect(heap, ouro_object_id(new_record(heap, cls), &g->id[i]));
        for (int s = 0; s < SLOTS; s++) g->to[i][s] = -1;
    }
    unsigned n = (unsigned)g->count;
    for (; edges > 0; edges--) {
        int from = (int)draw(seed, n), slot = (int)draw(seed, SLOTS), to = (int)draw(seed, n);
        g->to[from][slot] = to;
        ouro_record_set_slot(node_at(g, from), (size_t)slot, value_of(node_at(g, to)));
    }
    for (int i = 0; i < g->count; i++)
        if (i == 0 || draw(seed, rare) == 0) make_root(g, i, i == 0 ? 0 : draw(seed, kinds));
    for (int i = 0; i < g->count; i++) ouro_release(node_at(g, i));
    ouro_release(cls);
}

/* After it nothing of it is left. */
static inline void drop_digraph(digraph *g) {
    char name[16];
    for (int i = 0; i < g->count; i++) {
        ouro_object *object = node_at(g, i);
        name_of(i, name);
        if (object != NULL && g->held[i]) ouro_object_unhold(object);
        if (object != NULL && g->pinned[i]) (void)!ouro_object_unpin(object);
        (void)!ouro_frame_unset(ouro_frame_main(g->heap), name, strlen(name));
    }
    collect_all(g->heap);
    for (int i = 0; i < g->count; i++) assert_null(node_at(g, i));
}

/* What is reached from the roots without going through `without` (-1: nothing is left out). */
static inline void reach(const digraph *g, int without, bool reached[MOST_NODES]) {
    bool again = true;
    for (int i = 0; i < g->count; i++)
        reached[i] = i != without && (g->named[i] || g->pinned[i] || g->held[i]);
    while (again) {
        again = false;
        for (int i = 0; i < g->count; i++) {
            for (int s = 0; reached[i] && s < SLOTS; s++) {
                int to = g->to[i][s];
                if (to < 0 || to == without || reached[to]) continue;
                reached[to] = again = true;
            }
        }
    }
}

#endif
