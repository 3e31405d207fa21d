/* SPDX-License-Identifier: MIT */
/* Graph: see graph.h. Two passes over the blocks: the first counts references and finds out
 * which objects have more counts than those; the second writes them down. */
#include "inspect/graph.h"

#include <string.h>

#include "inspect/array.h"
#include "object/progress.h"

#define MAX_CELLS 0x7fffffffu

/* ---- memory ------------------------------------------------------------------------------ */

/* One more than asked for: a request is never for nothing. */
void *ouro__graph_obtain(ouro__graph *g, size_t count, size_t item_size, bool clear) {
    if (g->status != OURO_OK) return NULL;
    size_t size = (count + 1) * item_size;
    void *items = ouro__memory_resize(&g->heap->account, NULL, 0, size);
    if (items == NULL) g->status = ouro__array_refusal(g->heap, size);
    else if (clear) memset(items, 0, size);
    return items;
}

void ouro__graph_give_back(ouro__graph *g, void *items, size_t count, size_t item_size) {
    if (items == NULL) return;
    ouro__memory_free(&g->heap->account, items, (count + 1) * item_size, sizeof(max_align_t));
}

/* ---- numbers ----------------------------------------------------------------------------- */

static bool is_node(const ouro_object *object) {
    return object->type != 0 && !(object->flags & OURO__GONE);
}

uint32_t ouro__graph_number(const ouro__graph *g, const ouro_object *object) {
    const ouro__block *block = ouro__block_of(object);
    return g->numbers[g->bases[block->position] + ouro__cell_index(block, object)];
}

static void refuse_size(ouro__graph *g, const char *what, uint64_t most) {
    g->status = ouro_heap_fail(g->heap, OURO_E_LIMIT,
                               "the heap has more than %llu %s, too many to be looked at",
                               (unsigned long long)most, what);
}

static void assign_bases(ouro__graph *g) {
    size_t cells = 0;
    g->bases = ouro__graph_obtain(g, g->blocks, sizeof *g->bases, false);
    for (size_t i = 0; i < g->blocks && g->status == OURO_OK; i++) {
        g->bases[i] = (uint32_t)cells;
        cells += g->heap->pool.blocks[i]->fresh;
        if (cells > MAX_CELLS) refuse_size(g, "cells", MAX_CELLS);
    }
    g->cells = cells;
}

static void number_nodes(ouro__graph *g) {
    assign_bases(g);
    g->numbers = ouro__graph_obtain(g, g->cells, sizeof *g->numbers, true);
    for (size_t i = 0; i < g->blocks && g->status == OURO_OK; i++) {
        const ouro__block *block = g->heap->pool.blocks[i];
        for (uint32_t cell = 0; cell < block->fresh; cell++)
            if (is_node(ouro__cell_at(block, cell)))
                g->numbers[g->bases[i] + cell] = ++g->nodes;
    }
    g->objects = ouro__graph_obtain(g, g->nodes, sizeof *g->objects, true);
    uint32_t node = 0;
    for (size_t i = 0; i < g->blocks && g->status == OURO_OK; i++) {
        const ouro__block *block = g->heap->pool.blocks[i];
        for (uint32_t cell = 0; cell < block->fresh; cell++)
            if (g->numbers[g->bases[i] + cell] != 0)
                g->objects[++node] = ouro__cell_at(block, cell);
    }
}

/* ---- references -------------------------------------------------------------------------- */

typedef struct pass {
    ouro__graph *g;
    uint32_t *counted; /* references to each node; in the first pass */
    size_t at;         /* the next edge */
    bool writes;       /* the second pass */
} pass;

static void note_edge(pass *p, const ouro_object *child, const ouro_object *key) {
    ouro__graph *g = p->g;
    uint32_t target = ouro__graph_number(g, child);
    if (target == 0) return;
    if (p->writes) {
        g->targets[p->at] = target;
        if (key != NULL) g->keys[p->at] = ouro__graph_number(g, key);
    } else {
        p->counted[target]++;
    }
    p->at++;
}

static void see_child(ouro_object *child, void *context) {
    note_edge(context, child, NULL);
}

static void see_ephemeron(ouro_object *container, ouro_object *key, ouro_object *value,
                          bool *charged, void *context) {
    (void)container;
    (void)charged;
    note_edge(context, value, key);
}

static void see_references(pass *p, uint32_t node) {
    ouro_heap *heap = p->g->heap;
    ouro_object *object = p->g->objects[node];
    ouro_type *type = ouro__type_of(heap, object);
    if (type->ephemerons) heap->watch->each_of_container(object, see_ephemeron, p);
    else ouro__traverse(type, object, see_child, p);
}

/* ---- roots ------------------------------------------------------------------------------- */

static bool count_own(ouro_object *object, const char *what, void *context) {
    pass *p = context;
    uint32_t node = ouro__graph_number(p->g, object);
    (void)what;
    p->counted[node]++;
    if (node == 0) return true;
    p->g->roots[node] |= ouro__object_is(object, OURO__FRAME) ? OURO__BY_STACK : OURO__BY_HEAP;
    return true;
}

static uint32_t find_roots(pass *p, const ouro_object *target, uint32_t mine) {
    ouro__graph *g = p->g;
    uint32_t found = 0;
    ouro__heap_own_refs(g->heap, count_own, p);
    for (uint32_t i = 1; i <= g->nodes; i++) {
        const ouro_object *object = g->objects[i];
        size_t pins = ouro__object_pins(object);
        uint64_t known = (uint64_t)p->counted[i] + pins + (object == target ? mine : 0);
        if (pins > 0) g->roots[i] |= OURO__BY_PIN;
        if (object->flags & OURO__HELD) g->roots[i] |= OURO__BY_HOLDER;
        if (object->count > known) g->roots[i] |= OURO__BY_OTHERS;
        found += g->roots[i] != 0;
    }
    return found;
}

/* ---- building ---------------------------------------------------------------------------- */

/* After: first[i + 1] is the number of references of node i, and of those before it. */
static void count_edges(ouro__graph *g, const ouro_object *target, uint32_t mine) {
    uint32_t *counted = ouro__graph_obtain(g, g->nodes, sizeof *counted, true);
    g->roots = ouro__graph_obtain(g, g->nodes, sizeof *g->roots, true);
    g->first = ouro__graph_obtain(g, (size_t)g->nodes + 1, sizeof *g->first, true);
    pass p = {.g = g, .counted = counted};
    ouro__progress_state progress = ouro__progress_begin(g->heap, "look", "count", g->nodes);
    for (uint32_t i = 1; i <= g->nodes && g->status == OURO_OK; i++) {
        if (!ouro__progress_step(&progress, 1)) g->status = ouro__progress_stopped(&progress);
        see_references(&p, i);
        g->first[i + 1] = (uint32_t)p.at;
        if (p.at > UINT32_MAX - MAX_CELLS) refuse_size(g, "references", UINT32_MAX - MAX_CELLS);
    }
    ouro__progress_end(&progress);
    if (g->status == OURO_OK) {
        uint32_t roots = find_roots(&p, target, mine);
        for (uint32_t i = 1; i <= g->nodes + 1; i++) g->first[i] += roots;
        g->edges = (uint32_t)p.at + roots;
    }
    ouro__graph_give_back(g, counted, g->nodes, sizeof *counted);
}

static void write_edges(ouro__graph *g) {
    g->targets = ouro__graph_obtain(g, g->edges, sizeof *g->targets, false);
    if (g->heap->ephemerons != 0)
        g->keys = ouro__graph_obtain(g, g->edges, sizeof *g->keys, true);
    if (g->status != OURO_OK) return;
    pass p = {.g = g, .writes = true};
    for (uint32_t i = 1; i <= g->nodes; i++)
        if (g->roots[i] != 0) g->targets[p.at++] = i;
    ouro__progress_state progress = ouro__progress_begin(g->heap, "look", "write", g->nodes);
    for (uint32_t i = 1; i <= g->nodes && g->status == OURO_OK; i++) {
        if (!ouro__progress_step(&progress, 1)) g->status = ouro__progress_stopped(&progress);
        else see_references(&p, i);
    }
    ouro__progress_end(&progress);
}

static void list_keys(ouro__graph *g) {
    if (g->keys == NULL) return;
    g->key_first = ouro__graph_obtain(g, g->nodes, sizeof *g->key_first, false);
    g->key_next = ouro__graph_obtain(g, g->edges, sizeof *g->key_next, false);
    g->owners = ouro__graph_obtain(g, g->edges, sizeof *g->owners, false);
    if (g->status != OURO_OK) return;
    memset(g->key_first, 0xff, ((size_t)g->nodes + 1) * sizeof *g->key_first);
    for (uint32_t i = 0; i <= g->nodes; i++) {
        for (uint32_t e = g->first[i]; e < g->first[i + 1]; e++) {
            g->owners[e] = i;
            if (g->keys[e] == 0) continue;
            g->key_next[e] = g->key_first[g->keys[e]];
            g->key_first[g->keys[e]] = e;
        }
    }
}

void ouro__graph_init(ouro__graph *g, ouro_heap *heap, const ouro_object *target, uint32_t mine) {
    *g = (ouro__graph){.heap = heap, .blocks = heap->pool.count};
    number_nodes(g);
    if (g->status == OURO_OK) count_edges(g, target, mine);
    if (g->status == OURO_OK) write_edges(g);
    if (g->status == OURO_OK) list_keys(g);
}

void ouro__graph_finish(ouro__graph *g) {
    size_t nodes = g->nodes, edges = g->edges, word = sizeof(uint32_t);
    ouro__graph_give_back(g, g->sources, edges, word);
    ouro__graph_give_back(g, g->from_edges, edges, word);
    ouro__graph_give_back(g, g->from_first, nodes + 1, word);
    ouro__graph_give_back(g, g->owners, edges, word);
    ouro__graph_give_back(g, g->key_next, edges, word);
    ouro__graph_give_back(g, g->key_first, nodes, word);
    ouro__graph_give_back(g, g->keys, edges, word);
    ouro__graph_give_back(g, g->targets, edges, word);
    ouro__graph_give_back(g, g->first, nodes + 1, word);
    ouro__graph_give_back(g, g->roots, nodes, sizeof *g->roots);
    ouro__graph_give_back(g, g->objects, nodes, sizeof(ouro_object *));
    ouro__graph_give_back(g, g->numbers, g->cells, word);
    ouro__graph_give_back(g, g->bases, g->blocks, word);
}

/* ---- in reverse -------------------------------------------------------------------------- */

void ouro__graph_reverse(ouro__graph *g) {
    g->from_first = ouro__graph_obtain(g, (size_t)g->nodes + 1, sizeof *g->from_first, true);
    g->from_edges = ouro__graph_obtain(g, g->edges, sizeof *g->from_edges, false);
    g->sources = ouro__graph_obtain(g, g->edges, sizeof *g->sources, true);
    if (g->status != OURO_OK) return;
    uint32_t *next = g->from_first + 1; /* next[i]: where the next edge to i goes; ends as end */
    for (uint32_t e = g->first[1]; e < g->edges; e++)
        if (g->targets[e] < g->nodes) next[g->targets[e] + 1]++;
    for (uint32_t i = 1; i <= g->nodes; i++) next[i] += next[i - 1];
    for (uint32_t i = 1; i <= g->nodes; i++) {
        for (uint32_t e = g->first[i]; e < g->first[i + 1]; e++) {
            g->sources[e] = i;
            g->from_edges[next[g->targets[e]]++] = e;
        }
    }
}

/* ---- searching --------------------------------------------------------------------------- */

void ouro__search_init(ouro__search *s, ouro__graph *g, bool parents) {
    *s = (ouro__search){.without = OURO__NO_NODE};
    s->seen = ouro__graph_obtain(g, g->nodes, sizeof *s->seen, true);
    s->queue = ouro__graph_obtain(g, g->nodes, sizeof *s->queue, false);
    if (parents) s->parents = ouro__graph_obtain(g, g->nodes, sizeof *s->parents, false);
}

void ouro__search_finish(ouro__search *s, ouro__graph *g) {
    ouro__graph_give_back(g, s->parents, g->nodes, sizeof *s->parents);
    ouro__graph_give_back(g, s->queue, g->nodes, sizeof *s->queue);
    ouro__graph_give_back(g, s->seen, g->nodes, sizeof *s->seen);
}

static inline void find(ouro__search *s, uint32_t node, uint32_t parent, uint8_t mark) {
    if (s->seen[node] != 0 || node == s->without) return;
    s->seen[node] = mark;
    if (s->parents != NULL) s->parents[node] = parent;
    s->queue[s->count++] = node;
}

/* The values whose key this node is, where the container has been found. */
static void find_values(ouro__search *s, const ouro__graph *g, uint32_t key, uint8_t mark) {
    for (uint32_t e = g->key_first[key]; e != OURO__NO_NODE; e = g->key_next[e])
        if (s->seen[g->owners[e]] != 0) find(s, g->targets[e], g->owners[e], mark);
}

void ouro__search_run(ouro__search *s, const ouro__graph *g, uint32_t start, uint8_t mark) {
    s->count = 0;
    find(s, start, OURO__NO_NODE, mark);
    for (uint32_t at = 0; at < s->count; at++) {
        uint32_t node = s->queue[at];
        for (uint32_t e = g->first[node]; e < g->first[node + 1]; e++)
            if (g->keys == NULL || g->keys[e] == 0 || s->seen[g->keys[e]] != 0)
                find(s, g->targets[e], node, mark);
        if (g->keys != NULL) find_values(s, g, node, mark);
    }
}

bool ouro__graph_is_counted(const ouro__graph *g, uint32_t node) {
    const ouro_object *object = g->objects[node];
    if (object == NULL || object == g->heap->bag_class || object == g->heap->garbage)
        return false;
    return ouro__type_of(g->heap, object)->counted;
}
