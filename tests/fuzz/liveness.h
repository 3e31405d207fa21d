/* SPDX-License-Identifier: MIT */
/* Liveness: the model behind ops.c, obviously right and slow. An object is an index with four
 * edges; it lives while roots or edges lead to it. Death by count takes an object that nothing
 * refers to and what all its referrers are dying with; a collection takes what no root reaches.
 * Of a dying set, finalizers run, and what they bring back lives on with all it reaches. */
#ifndef TESTS_LIVENESS_H
#define TESTS_LIVENESS_H

#include <stdbool.h>
#include <stddef.h>

#define OBJECTS 24
#define EDGES 4
#define NONE (-1)

typedef struct liveness {
    bool alive[OBJECTS], held[OBJECTS], finalizable[OBJECTS], finalized[OBJECTS];
    int owned[OBJECTS]; /* references of the program: its own, pins, names */
    int edge[OBJECTS][EDGES];
    int to_resurrect; /* the finalizer of that object brings it back; NONE */
    size_t finalizers, deaths;
} liveness;

static inline bool is_root(const liveness *m, int i) {
    return m->alive[i] && (m->owned[i] > 0 || m->held[i]);
}

static inline int edges_to(const liveness *m, int to, const bool *from) {
    int count = 0;
    for (int i = 0; i < OBJECTS; i++)
        for (int k = 0; k < EDGES && m->alive[i] && (from == NULL || from[i]); k++)
            count += m->edge[i][k] == to;
    return count;
}

static inline int count_of(const liveness *m, int i) {
    return m->owned[i] + edges_to(m, i, NULL);
}

/* Adds all that the marked ones reach. */
static inline void reach(const liveness *m, bool *marked) {
    for (bool again = true; again;) {
        again = false;
        for (int i = 0; i < OBJECTS; i++)
            for (int k = 0; k < EDGES && marked[i]; k++) {
                int to = m->edge[i][k];
                if (to == NONE || marked[to]) continue;
                marked[to] = again = true;
            }
    }
}

/* Ends the set, but for what is resurrected. Returns how many died. */
static inline size_t end_set(liveness *m, const bool *dying) {
    bool back[OBJECTS] = {false};
    size_t died = 0;
    for (int i = 0; i < OBJECTS; i++) {
        if (!dying[i] || !m->finalizable[i] || m->finalized[i]) continue;
        m->finalized[i] = true;
        m->finalizers++;
        if (m->to_resurrect != i) continue;
        m->to_resurrect = NONE;
        m->owned[i]++;
        back[i] = true;
    }
    reach(m, back);
    for (int i = 0; i < OBJECTS; i++) {
        if (!dying[i] || back[i]) continue;
        m->alive[i] = false;
        for (int k = 0; k < EDGES; k++) m->edge[i][k] = NONE;
        died++;
    }
    m->deaths += died;
    return died;
}

/* After a reference to i, or its hold, has gone. */
static inline void let_go(liveness *m, int i) {
    if (i == NONE || !m->alive[i] || count_of(m, i) != 0 || m->held[i]) return;
    bool dying[OBJECTS] = {false};
    dying[i] = true;
    for (bool again = true; again;) {
        again = false;
        for (int j = 0; j < OBJECTS; j++) {
            if (!m->alive[j] || dying[j] || is_root(m, j)) continue;
            int count = edges_to(m, j, NULL);
            if (count == 0 || count != edges_to(m, j, dying)) continue;
            dying[j] = again = true;
        }
    }
    end_set(m, dying);
}

static inline void set_edge(liveness *m, int from, int k, int to) {
    int old = m->edge[from][k];
    m->edge[from][k] = to;
    let_go(m, old);
}

static inline size_t collect_all(liveness *m) {
    bool live[OBJECTS] = {false}, dying[OBJECTS];
    for (int i = 0; i < OBJECTS; i++) live[i] = is_root(m, i);
    reach(m, live);
    for (int i = 0; i < OBJECTS; i++) dying[i] = m->alive[i] && !live[i];
    return end_set(m, dying);
}

#endif
