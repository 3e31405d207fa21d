/* SPDX-License-Identifier: MIT */
/* Dominators: what keeps alive what.
 *
 * The dominator tree by the semi-NCA algorithm (Georgiadis 2005, after Lengauer and Tarjan
 * 1979): semidominators with path compression, then each immediate dominator as a nearest
 * common ancestor, found by climbing. Chosen over Lengauer and Tarjan's own second half
 * because it needs no buckets, and is as fast on real heaps. Everything is in numbers of the
 * depth-first order, where the start is 0 and a parent is below its children.
 *
 * What one object retains is found by searching the heap without it: no tree is needed, and
 * the values of weak dictionaries' keys come out exactly. */
#include <string.h>

#include "inspect/graph.h"
#include "ouro/understand.h"

/* ---- one object -------------------------------------------------------------------------- */

typedef struct retained {
    ouro__graph g;
    ouro__search s; /* its queue: what the object retains */
} retained;

static ouro_status find_retained(retained *r, ouro_object *object, uint32_t mine) {
    r->s.count = 0;
    ouro__graph_init(&r->g, ouro_object_heap(object), object, mine);
    ouro__search_init(&r->s, &r->g, false);
    if (r->g.status != OURO_OK) return r->g.status;
    uint32_t target = ouro__graph_number(&r->g, object);
    if (target == 0) return OURO_OK;
    r->s.without = target;
    ouro__search_run(&r->s, &r->g, 0, 1);
    r->s.without = OURO__NO_NODE;
    ouro__search_run(&r->s, &r->g, target, 2);
    return OURO_OK;
}

static void finish_retained(retained *r) {
    ouro__search_finish(&r->s, &r->g);
    ouro__graph_finish(&r->g);
}

ouro_status ouro_retained(ouro_object *object, uint32_t mine, size_t *ret_objects,
                          size_t *ret_bytes) {
    retained r;
    size_t objects = 0, bytes = 0;
    ouro_status status = find_retained(&r, object, mine);
    for (uint32_t i = 0; status == OURO_OK && i < r.s.count; i++) {
        objects += ouro__graph_is_counted(&r.g, r.s.queue[i]);
        bytes += ouro_object_size(r.g.objects[r.s.queue[i]]);
    }
    finish_retained(&r);
    if (status != OURO_OK) return status;
    *ret_objects = objects;
    *ret_bytes = bytes;
    return OURO_OK;
}

ouro_status ouro_retained_each(ouro_object *object, uint32_t mine, ouro_retained_fn each,
                               void *context) {
    retained r;
    ouro_status status = find_retained(&r, object, mine);
    for (uint32_t i = 0; status == OURO_OK && i < r.s.count; i++)
        if (!each(r.g.objects[r.s.queue[i]], context)) break;
    finish_retained(&r);
    return status;
}

/* ---- the depth-first order --------------------------------------------------------------- */

typedef struct tree {
    ouro__graph *g;
    uint32_t *order;  /* node -> its number in the order; NO_NODE: not reached */
    uint32_t *nodes;  /* the other way round */
    uint32_t *parent; /* these in numbers of the order */
    uint32_t *ancestor, *label, *semi, *stack;
    uint32_t count;
    size_t *bytes;
    uint32_t *objects;
} tree;

static void init_tree(tree *t, ouro__graph *g) {
    uint32_t **words[] = {&t->order, &t->nodes, &t->parent, &t->ancestor,
                          &t->label, &t->semi,  &t->stack,  &t->objects};
    t->g = g;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        *words[i] = ouro__graph_obtain(g, g->nodes, sizeof(uint32_t), false);
    t->bytes = ouro__graph_obtain(g, g->nodes, sizeof *t->bytes, false);
}

static void finish_tree(tree *t) {
    uint32_t *words[] = {t->order, t->nodes, t->parent, t->ancestor,
                         t->label, t->semi,  t->stack,  t->objects};
    ouro__graph_give_back(t->g, t->bytes, t->g->nodes, sizeof *t->bytes);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        ouro__graph_give_back(t->g, words[i], t->g->nodes, sizeof(uint32_t));
}

static void enter(tree *t, uint32_t node, uint32_t parent, uint32_t *next_edge) {
    uint32_t number = t->count++;
    t->order[node] = number;
    t->nodes[number] = node;
    t->parent[number] = parent;
    next_edge[number] = t->g->first[node];
}

/* The path from the start is its parents: what waits is only each one's next edge, for which
 * t->semi has room until later. */
static void number_in_depth(tree *t) {
    const ouro__graph *g = t->g;
    uint32_t *next_edge = t->semi, at = 0;
    memset(t->order, 0xff, ((size_t)g->nodes + 1) * sizeof *t->order);
    enter(t, 0, 0, next_edge);
    for (;;) {
        uint32_t node = t->nodes[at];
        while (next_edge[at] < g->first[node + 1] &&
               t->order[g->targets[next_edge[at]]] != OURO__NO_NODE)
            next_edge[at]++;
        if (next_edge[at] < g->first[node + 1]) {
            enter(t, g->targets[next_edge[at]++], at, next_edge);
            at = t->count - 1;
        } else {
            if (at == 0) return;
            at = t->parent[at];
        }
    }
}

/* ---- semidominators ---------------------------------------------------------------------- */

/* The number with the least semidominator on the way up from v, as far as it is linked:
 * everything from `linked` on is. Shortens that way. */
static uint32_t evaluate(tree *t, uint32_t v, uint32_t linked) {
    uint32_t depth = 0;
    if (t->ancestor[v] < linked) return t->label[v];
    for (; t->ancestor[v] >= linked; v = t->ancestor[v]) t->stack[depth++] = v;
    for (uint32_t above = v; depth > 0; above = v) {
        v = t->stack[--depth];
        if (t->semi[t->label[above]] < t->semi[t->label[v]]) t->label[v] = t->label[above];
        t->ancestor[v] = t->ancestor[above];
    }
    return t->label[v];
}

static void find_semidominators(tree *t) {
    const ouro__graph *g = t->g;
    for (uint32_t i = 0; i < t->count; i++) {
        t->ancestor[i] = t->parent[i];
        t->label[i] = t->semi[i] = i;
    }
    for (uint32_t w = t->count - 1; w > 0; w--) {
        uint32_t node = t->nodes[w], least = t->parent[w];
        if (g->roots[node] != 0) least = 0; /* the start refers to it */
        for (uint32_t i = g->from_first[node]; i < g->from_first[node + 1] && least > 0; i++) {
            uint32_t v = t->order[g->sources[g->from_edges[i]]];
            if (v == OURO__NO_NODE) continue;
            uint32_t semi = t->semi[evaluate(t, v, w + 1)];
            if (semi < least) least = semi;
        }
        t->semi[w] = least;
    }
}

/* After: parent is the immediate dominator. Those above have been done. */
static void climb(tree *t) {
    for (uint32_t w = 1; w < t->count; w++) {
        uint32_t above = t->parent[w];
        while (above > t->semi[w]) above = t->parent[above];
        t->parent[w] = above;
    }
}

static void add_up(tree *t) {
    for (uint32_t i = 0; i < t->count; i++) {
        const ouro_object *object = t->g->objects[t->nodes[i]];
        t->objects[i] = ouro__graph_is_counted(t->g, t->nodes[i]);
        t->bytes[i] = object != NULL ? ouro_object_size(object) : 0;
    }
    for (uint32_t i = t->count - 1; i > 0; i--) {
        t->objects[t->parent[i]] += t->objects[i];
        t->bytes[t->parent[i]] += t->bytes[i];
    }
}

/* ---- the largest ------------------------------------------------------------------------- */

static bool is_larger(const tree *t, uint32_t a, uint32_t b) {
    if (t->bytes[a] != t->bytes[b]) return t->bytes[a] > t->bytes[b];
    if (t->objects[a] != t->objects[b]) return t->objects[a] > t->objects[b];
    return t->nodes[a] < t->nodes[b];
}

/* A heap in an array, the least of those kept on top (Williams 1964). */
static void sift(const tree *t, uint32_t *kept, size_t count, size_t at) {
    uint32_t moved = kept[at];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && is_larger(t, kept[child], kept[child + 1])) child++;
        if (!is_larger(t, moved, kept[child])) break;
        kept[at] = kept[child];
    }
    kept[at] = moved;
}

/* Into t->stack, largest first. Returns how many. */
static size_t choose_largest(tree *t, size_t most) {
    uint32_t *kept = t->stack;
    size_t count = 0;
    for (uint32_t i = 1; i < t->count; i++) {
        if (!ouro__graph_is_counted(t->g, t->nodes[i])) continue;
        if (count < most) {
            kept[count++] = i;
            if (count == most)
                for (size_t at = count / 2; at-- > 0;) sift(t, kept, count, at);
        } else if (most > 0 && is_larger(t, i, kept[0])) {
            kept[0] = i;
            sift(t, kept, count, 0);
        }
    }
    if (count < most)
        for (size_t at = count / 2; at-- > 0;) sift(t, kept, count, at);
    for (size_t left = count; left > 1;) {
        uint32_t least = kept[0];
        kept[0] = kept[--left];
        kept[left] = least;
        sift(t, kept, left, 0);
    }
    return count;
}

static ouro_object *owner_of(const tree *t, uint32_t i) {
    do i = t->parent[i];
    while (i != 0 && !ouro__graph_is_counted(t->g, t->nodes[i]));
    return i != 0 ? t->g->objects[t->nodes[i]] : NULL;
}

static void tell_largest(tree *t, size_t most, ouro_dominator_fn each, void *context) {
    size_t count = choose_largest(t, most);
    for (size_t i = 0; i < count; i++) {
        uint32_t number = t->stack[i];
        ouro_dominator row = {.object = t->g->objects[t->nodes[number]],
                              .owner = owner_of(t, number),
                              .objects = t->objects[number],
                              .bytes = t->bytes[number]};
        if (!each(&row, context)) return;
    }
}

ouro_status ouro_dominators(ouro_heap *heap, size_t most, ouro_dominator_fn each,
                            void *context) {
    ouro__graph g;
    tree t = {.count = 0};
    ouro__graph_init(&g, heap, NULL, 0);
    ouro__graph_reverse(&g);
    init_tree(&t, &g);
    if (g.status == OURO_OK) {
        number_in_depth(&t);
        find_semidominators(&t);
        climb(&t);
        add_up(&t);
        tell_largest(&t, most, each, context);
    }
    finish_tree(&t);
    ouro__graph_finish(&g);
    return g.status;
}
