/* SPDX-License-Identifier: MIT */
/* Build: ready structures. Each node, as soon as it is made, belongs to one that was made
 * before it, so that at every moment the first one keeps all; whatever fails, releasing that
 * one undoes the work. The count a node is born with becomes the count of its first
 * reference: nothing is retained only to be released.
 *
 * Slots are written directly, in the order of ouro/build.h, which counts them from 1: slot 1
 * is slots[0], the number. */
#include "ouro/build.h"

#include "object/progress.h"
#include "ouro/containers.h"
#include "ouro/record.h"
#include "types/types.h"

/* ---- nodes ------------------------------------------------------------------------------- */

static ouro_status check_class(ouro_heap *heap, const char *what, const ouro_object *cls,
                               size_t slots) {
    if (ouro_object_heap(cls) != heap)
        return ouro_heap_fail(heap, OURO_E_HEAP, "%s: the class belongs to another heap", what);
    if (!ouro_is_class(cls))
        return ouro_heap_fail(heap, OURO_E_TYPE, "%s: a class is needed, this is a %s", what,
                              ouro_type_name(ouro_object_type(cls)));
    if (ouro_class_is_open(cls))
        return ouro_heap_fail(heap, OURO_E_TYPE,
                              "%s: the class %s has no slots; give it %zu of them", what,
                              ouro_class_name(cls), slots);
    if (ouro_class_slot_count(cls) < slots)
        return ouro_heap_fail(heap, OURO_E_TYPE, "%s: the class %s has %zu slots, %zu are needed",
                              what, ouro_class_name(cls), ouro_class_slot_count(cls), slots);
    return OURO_OK;
}

/* Slots of a node with so many references. */
static size_t slots_for(size_t references) {
    return references < SIZE_MAX ? references + 1 : references;
}

/* More nodes than that fit no memory, however small they are. */
#define MOST_NODES (SIZE_MAX / 64)

static ouro_status refuse_size(ouro_heap *heap, const char *what) {
    return ouro_heap_fail(heap, OURO_E_VALUE, "%s: more nodes than any memory holds", what);
}

static ouro_status check_count(ouro_heap *heap, const char *what, size_t a, size_t b) {
    if (a == 0 || b == 0)
        return ouro_heap_fail(heap, OURO_E_VALUE, "%s: at least one node is needed", what);
    return a > MOST_NODES / b ? refuse_size(heap, what) : OURO_OK;
}

typedef struct builder {
    ouro_heap *heap;
    ouro_object *cls;
    ouro__progress_state progress;
} builder;

/* total: nodes, 0 if that is not known yet. */
static builder begin(ouro_heap *heap, ouro_object *cls, const char *what, size_t total) {
    return (builder){heap, cls, ouro__progress_begin(heap, what, "build", total)};
}

static ouro_status new_node(builder *b, size_t number, ouro_object **ret_node) {
    if (OURO_UNLIKELY(!ouro__progress_step(&b->progress, 1)))
        return ouro__progress_stopped(&b->progress);
    ouro_status status = ouro_record_new(b->heap, b->cls, ret_node);
    if (OURO_LIKELY(status == OURO_OK))
        ouro_record_slots(*ret_node)[0] = ouro_value_of_small((int64_t)number);
    return status;
}

/* The slot is nil, and the node's first count becomes the slot's. */
static void give(ouro_object *owner, size_t slot, ouro_object *node) {
    ouro_record_slots(owner)[slot] = ouro_value_of_object(node);
}

/* The slot is nil, and the node has an owner already. */
static void share(ouro_object *from, size_t slot, ouro_object *node) {
    ouro_retain(node);
    give(from, slot, node);
}

static ouro_object *node_in(ouro_object *node, size_t slot) {
    return ouro_value_object(ouro_record_slots(node)[slot]);
}

/* Undoes a building that failed. No finalizer runs: nobody has ever seen these nodes, and the
 * operation is to have not happened. */
static void abandon(ouro_object *root, ouro_type *node_type) {
    if (root == NULL) return;
    void (*finalize)(ouro_object *) = node_type->finalize;
    node_type->finalize = NULL;
    ouro_release(root);
    node_type->finalize = finalize;
}

static void abandon_nodes(ouro_object *first) {
    if (first != NULL) abandon(first, ouro_object_type(first));
}

/* ---- chain and ring ---------------------------------------------------------------------- */

static ouro_status build_chain(ouro_heap *heap, ouro_object *cls, const char *what, size_t n,
                               ouro_object **ret_first, ouro_object **ret_last) {
    ouro_status status = check_class(heap, what, cls, 2);
    if (status == OURO_OK) status = check_count(heap, what, n, 1);
    ouro_object *first = NULL, *last = NULL, *node;
    builder b = begin(heap, cls, what, n);
    for (size_t number = 1; number <= n && status == OURO_OK; number++) {
        status = new_node(&b, number, &node);
        if (status != OURO_OK) break;
        if (last != NULL) give(last, 1, node);
        else first = node;
        last = node;
    }
    ouro__progress_end(&b.progress);
    if (status != OURO_OK) {
        abandon_nodes(first);
        return status;
    }
    *ret_first = first;
    *ret_last = last;
    return OURO_OK;
}

ouro_status ouro_build_chain(ouro_heap *heap, ouro_object *cls, size_t n,
                             ouro_object **ret_first) {
    ouro_object *last;
    return build_chain(heap, cls, "chain", n, ret_first, &last);
}

ouro_status ouro_build_ring(ouro_heap *heap, ouro_object *cls, size_t n,
                            ouro_object **ret_first) {
    ouro_object *first, *last;
    ouro_status status = build_chain(heap, cls, "ring", n, &first, &last);
    if (status != OURO_OK) return status;
    share(last, 1, first);
    *ret_first = first;
    return OURO_OK;
}

/* ---- tree -------------------------------------------------------------------------------- */

/* How many nodes have children; false: more nodes than any memory holds. */
static bool count_parents(size_t depth, size_t fanout, size_t *ret_parents) {
    size_t parents = 0, nodes = 1;
    if (fanout == 1) {
        parents = depth;
        nodes = depth;
    }
    for (size_t level = 0; level < depth && fanout > 1 && nodes <= MOST_NODES; level++) {
        parents = nodes;
        if (nodes > MOST_NODES / fanout) return false;
        nodes = nodes * fanout + 1;
    }
    *ret_parents = parents;
    return nodes <= MOST_NODES;
}

/* Nodes that wait for their children. The queue needs no memory: it leads through their
 * second slots, which are still unused, as counted references like any other, so that even a
 * half-built tree is an honest structure. */
typedef struct queue {
    ouro_object *first, *last;
} queue;

static void append(queue *q, ouro_object *node) {
    if (q->last != NULL) share(q->last, 1, node);
    else q->first = node;
    q->last = node;
}

static ouro_object *take_first(queue *q) {
    ouro_object *node = q->first;
    q->first = node_in(node, 1);
    if (q->first != NULL) q->first->count--; /* its parent keeps it */
    else q->last = NULL;
    ouro_record_slots(node)[1] = OURO_NIL;
    return node;
}

/* Level by level. Before: root, with room for children if there are to be any. */
static ouro_status fill_tree(builder *b, ouro_object *root, size_t parents, size_t fanout) {
    queue q = {root, root};
    size_t number = 1;
    for (size_t i = 0; i < parents; i++) {
        ouro_object *parent = take_first(&q), *child;
        for (size_t slot = 1; slot <= fanout; slot++) {
            ouro_status status = new_node(b, ++number, &child);
            if (status != OURO_OK) return status;
            give(parent, slot, child);
            append(&q, child);
        }
    }
    while (parents > 0 && q.first != NULL) take_first(&q);
    return OURO_OK;
}

ouro_status ouro_build_tree(ouro_heap *heap, ouro_object *cls, size_t depth, size_t fanout,
                            ouro_object **ret_root) {
    size_t parents = 0;
    ouro_object *root;
    ouro_status status = check_class(heap, "tree", cls, depth > 0 ? slots_for(fanout) : 1);
    if (status == OURO_OK && !count_parents(depth, fanout, &parents))
        status = refuse_size(heap, "tree");
    builder b = begin(heap, cls, "tree", parents * fanout + 1);
    if (status == OURO_OK) status = new_node(&b, 1, &root);
    if (status != OURO_OK) return status;
    status = fill_tree(&b, root, parents, fanout);
    ouro__progress_end(&b.progress);
    if (status != OURO_OK) abandon_nodes(root);
    else *ret_root = root;
    return status;
}

/* ---- grid -------------------------------------------------------------------------------- */

/* Adds a row below the one that begins at `above` (NULL: there is none). *ret_first is set as
 * soon as the row has a node. */
static ouro_status add_row(builder *b, size_t width, size_t *number, ouro_object *above,
                           ouro_object **ret_first) {
    ouro_object *left = NULL, *node;
    for (size_t column = 0; column < width; column++) {
        ouro_status status = new_node(b, ++*number, &node);
        if (status != OURO_OK) return status;
        if (above != NULL) give(above, 2, node);
        if (left == NULL) *ret_first = node;
        else if (above == NULL) give(left, 1, node);
        else share(left, 1, node);
        left = node;
        if (above != NULL) above = node_in(above, 1);
    }
    return OURO_OK;
}

ouro_status ouro_build_grid(ouro_heap *heap, ouro_object *cls, size_t width, size_t height,
                            ouro_object **ret_corner) {
    ouro_status status = check_class(heap, "grid", cls, 3);
    if (status == OURO_OK) status = check_count(heap, "grid", width, height);
    ouro_object *corner = NULL, *row = NULL;
    size_t number = 0;
    builder b = begin(heap, cls, "grid", status == OURO_OK ? width * height : 0);
    for (size_t i = 0; i < height && status == OURO_OK; i++) {
        status = add_row(&b, width, &number, row, &row);
        if (i == 0) corner = row;
    }
    ouro__progress_end(&b.progress);
    if (status != OURO_OK) abandon_nodes(corner);
    else *ret_corner = corner;
    return status;
}

/* ---- graph ------------------------------------------------------------------------------- */

/* Neighbouring seeds become states that have nothing in common. */
static uint64_t scramble(uint64_t seed) {
    uint64_t state = ouro__hash_mix(seed + 0x9e3779b97f4a7c15u);
    return state != 0 ? state : 1; /* zero is the one state that xorshift never leaves */
}

/* xorshift64* (Vigna 2016). */
static uint64_t draw(uint64_t *state) {
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1du;
}

/* Below the bound. The upper bits are the better ones, and a product is cheaper than a
 * remainder. */
static size_t draw_below(uint64_t *state, size_t bound) {
    uint64_t random = draw(state);
    if (bound > UINT32_MAX) return (size_t)(random % bound);
    return (size_t)((random >> 32) * bound >> 32);
}

/* Needs no memory, so that no half of a graph, with its rings, ever has to be undone. */
static void connect(ouro_object *list, size_t degree, uint64_t seed) {
    const ouro_value *nodes;
    size_t count;
    if (ouro_sequence_items(list, &nodes, &count) != OURO_OK) return;
    uint64_t state = scramble(seed);
    for (size_t i = 0; i < count; i++)
        for (size_t slot = 1; slot <= degree; slot++)
            share(ouro_value_object(nodes[i]), slot,
                  ouro_value_object(nodes[draw_below(&state, count)]));
}

static ouro_status fill_list(ouro_heap *heap, ouro_object *cls, ouro_object *list, size_t nodes,
                             ouro_object **ret_node) {
    builder b = begin(heap, cls, "graph", nodes);
    ouro_status status = ouro_list_reserve(list, nodes);
    for (size_t number = 1; number <= nodes && status == OURO_OK; number++) {
        ouro_object *node;
        status = new_node(&b, number, &node);
        if (status != OURO_OK) break;
        status = ouro_list_append(list, ouro_value_of_object(node));
        if (status != OURO_OK) {
            abandon_nodes(node);
            break;
        }
        node->count--; /* the list keeps it */
        *ret_node = node;
    }
    ouro__progress_end(&b.progress);
    return status;
}

ouro_status ouro_build_graph(ouro_heap *heap, ouro_object *cls, size_t nodes, size_t degree,
                             uint64_t seed, ouro_object **ret_list) {
    ouro_object *list = NULL, *node = NULL;
    ouro_status status = check_class(heap, "graph", cls, slots_for(degree));
    if (status == OURO_OK && nodes > MOST_NODES) status = refuse_size(heap, "graph");
    if (status == OURO_OK) status = ouro_list_new(heap, NULL, 0, &list);
    if (status != OURO_OK) return status;
    status = fill_list(heap, cls, list, nodes, &node);
    if (status != OURO_OK) {
        if (node != NULL) abandon(list, ouro_object_type(node));
        else ouro_release(list);
        return status;
    }
    connect(list, degree, seed);
    *ret_list = list;
    return OURO_OK;
}
