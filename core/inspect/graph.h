/* SPDX-License-Identifier: MIT */
/* Graph: the heap as numbers, for algorithms that need more than one look at it.
 *
 * Objects are numbered from 1 in order of their place; node 0 stands for everything outside.
 * What node i refers to is targets[first[i]] up to targets[first[i + 1]], in the order in which
 * death would release it; node 0 refers once to each node that lives of itself. Plain data are
 * nodes too, what a dying set no longer shows is none, and weak references are no edges.
 *
 * An edge from a weak dictionary to the value of a key that is an object has the key's node in
 * keys[]: it counts only while the key is reached as well (an ephemeron).
 *
 * Cost: about 17 bytes an object and 4 a reference; 8 more a reference with reverse edges.
 * Memory is the heap's; the first refusal is kept in status, and everything after it does
 * nothing. ouro__graph_finish is to be called in any case. */
#ifndef OURO__GRAPH_H
#define OURO__GRAPH_H

#include "object/heap_state.h"

#define OURO__NO_NODE UINT32_MAX

/* Why a node lives of itself; several may hold. */
enum {
    OURO__BY_HOLDER = 1,
    OURO__BY_PIN = 2,
    OURO__BY_STACK = 4,  /* a frame on the stack: what it refers to has a name */
    OURO__BY_HEAP = 8,   /* the heap's own reference: a pending finalize record ... */
    OURO__BY_OTHERS = 16 /* counts that nobody accounts for: C code */
};

typedef struct ouro__graph {
    ouro_heap *heap;
    ouro_status status;
    uint32_t nodes;        /* the highest number */
    uint32_t edges;
    ouro_object **objects; /* of each node */
    uint8_t *roots;        /* of each node: OURO__BY_... */
    uint32_t *first;       /* nodes + 2 of them */
    uint32_t *targets;
    uint32_t *keys;        /* of each edge: 0, or its key; NULL: there are no ephemerons */
    uint32_t *key_first, *key_next; /* the edges with that key, a list; then owners[edge] */
    uint32_t *owners;
    /* by ouro__graph_reverse */
    uint32_t *from_first;  /* nodes + 2: the edges to node i are from_edges[from_first[i]] ... */
    uint32_t *from_edges;
    uint32_t *sources;     /* of each edge */
    /* of the numbering */
    uint32_t *bases, *numbers;
    size_t blocks, cells;
} ouro__graph;

/* target, which may be NULL, has `mine` counts that belong to the caller: no reason to live. */
void ouro__graph_init(ouro__graph *g, ouro_heap *heap, const ouro_object *target, uint32_t mine);
void ouro__graph_finish(ouro__graph *g);

/* 0 for what is no node. */
uint32_t ouro__graph_number(const ouro__graph *g, const ouro_object *object);

/* Adds the edges in reverse, in order of their sources; those of node 0 are left out. */
void ouro__graph_reverse(ouro__graph *g);

/* A search in breadth. seen: of each node, 0 or a mark of an earlier search. */
typedef struct ouro__search {
    uint8_t *seen;
    uint32_t *queue;   /* those found, in order, the start first */
    uint32_t *parents; /* who found each; or NULL */
    uint32_t count;    /* in the queue, of the last search */
    uint32_t without;  /* a node that is not found, as if it were not there; or NO_NODE */
} ouro__search;

void ouro__search_init(ouro__search *s, ouro__graph *g, bool parents);
void ouro__search_finish(ouro__search *s, ouro__graph *g);
/* Marks what start reaches, itself first, without going through what has a mark. */
void ouro__search_run(ouro__search *s, const ouro__graph *g, uint32_t start, uint8_t mark);

/* Memory for the algorithms, by the same rules: NULL and g->status when refused. clear: all
 * zero. The count is that of the request. */
void *ouro__graph_obtain(ouro__graph *g, size_t count, size_t item_size, bool clear);
void ouro__graph_give_back(ouro__graph *g, void *items, size_t count, size_t item_size);

/* Whether reports count it as an object. */
bool ouro__graph_is_counted(const ouro__graph *g, uint32_t node);

#endif
