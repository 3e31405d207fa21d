/* SPDX-License-Identifier: MIT */
/* Cross: what is in question as a graph, condensed (cross.h).
 *
 * The vertices are the objects in question, and behind them the foreign objects that only
 * these refer to. Needs memory; without it nobody is asked, and what is held lives. */
#include "collect/cross.h"

#include <string.h>

#include "collect/question.h"
#include "ouro/cross.h"

/* Growing array of numbers. */
typedef struct numbers {
    uint32_t *items;
    size_t count, capacity;
} numbers;

typedef struct builder {
    ouro_heap *heap;
    bool failed;
    bool second; /* the second look, whose members are LOOKED */
    ouro__set nodes; /* by vertex */
    ouro__set boxes; /* the suspects */
    ouro__map index; /* object -> vertex + 1; box -> its number among the suspects + 1 */
    ouro__map seen;  /* box -> references from the objects in question */
    numbers starts, edges;   /* of each node; an edge below box_count is a box, else + node */
    numbers groups;          /* of each node */
    numbers out_starts, out; /* of each composite group */
    numbers roots;
    numbers stamps; /* of each group: the last component that has listed it */
    uint32_t stamp;
    ouro_cross cross;
} builder;

static void *resize(builder *b, void *items, size_t old_size, size_t new_size) {
    void *result = ouro__memory_resize(&b->heap->account, items, old_size, new_size);
    if (result == NULL) b->failed = true;
    return result;
}

static void push(builder *b, numbers *n, uint32_t number) {
    if (n->count == n->capacity) {
        size_t capacity = n->capacity != 0 ? n->capacity * 2 : 64;
        uint32_t *items = resize(b, n->items, n->capacity * sizeof *items,
                                 capacity * sizeof *items);
        if (items == NULL) return;
        n->items = items;
        n->capacity = capacity;
    }
    n->items[n->count++] = number;
}

/* Makes it an array of so many, each the same. */
static void fill(builder *b, numbers *n, size_t count, uint32_t number) {
    n->items = resize(b, NULL, 0, (count + 1) * sizeof *n->items);
    if (n->items == NULL) return;
    n->capacity = count + 1;
    n->count = count;
    for (size_t i = 0; i < count; i++) n->items[i] = number;
}

static void drop(builder *b, numbers *n) {
    ouro__memory_free(&b->heap->account, n->items, n->capacity * sizeof *n->items,
                      sizeof(max_align_t));
    *n = (numbers){0};
}

static void begin(builder *b, ouro_heap *heap) {
    memset(b, 0, sizeof *b);
    b->heap = heap;
    ouro__set_init(&b->nodes, heap, false);
    ouro__set_init(&b->boxes, heap, false);
}

static void finish(builder *b) {
    numbers *all[] = {&b->starts, &b->edges, &b->groups, &b->out_starts,
                      &b->out,    &b->roots, &b->stamps};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) drop(b, all[i]);
    ouro__set_finish(&b->nodes);
    ouro__set_finish(&b->boxes);
    ouro__map_free(&b->index, &b->heap->account);
    ouro__map_free(&b->seen, &b->heap->account);
    ouro__memory_free(&b->heap->account, b->cross.held,
                      b->cross.held_count * sizeof *b->cross.held, sizeof(max_align_t));
}

static bool is_foreign(const ouro_heap *heap, const ouro_object *object) {
    return ouro__type_of(heap, object)->spec.flags & OURO_TYPE_FOREIGN;
}

/* ---- edges ------------------------------------------------------------------------------- */

typedef struct edge_visit {
    const builder *b;
    ouro_visit_fn visit;
} edge_visit;

static bool is_in_question(const builder *b, const ouro_object *object) {
    return b->second ? (object->flags & OURO__LOOKED) != 0 : ouro__question_is_garbage(object);
}

/* The container's own references are those of an object in question, or of none. */
static void visit_value(ouro_object *container, ouro_object *key, ouro_object *value,
                        bool *charged, void *context) {
    const edge_visit *v = context;
    (void)key;
    (void)charged;
    if (!is_in_question(v->b, container)) v->visit(value, (void *)(uintptr_t)v->b);
}

/* What the object keeps alive: its references, and the values of which it is the key. */
static void for_each_edge(builder *b, ouro_object *object, ouro_visit_fn visit) {
    ouro__traverse(ouro__type_of(b->heap, object), object, visit, b);
    if (!ouro__may_be_key(b->heap, object)) return;
    edge_visit v = {b, visit};
    b->heap->watch->each_of_key(object, visit_value, &v);
}

/* ---- the vertices ------------------------------------------------------------------------ */

static void count_box(ouro_object *child, void *context) {
    builder *b = context;
    if (!is_foreign(b->heap, child)) return;
    uint64_t *times = ouro__map_place(&b->seen, &b->heap->account, (uint64_t)(uintptr_t)child);
    if (times == NULL) b->failed = true;
    else ++*times;
}

static bool add_node(ouro_object *object, void *context) {
    builder *b = context;
    for_each_edge(b, object, count_box);
    if (!ouro__set_add(&b->nodes, object)) b->failed = true;
    return !b->failed;
}

static bool number_object(builder *b, const ouro_object *object, size_t number) {
    uint64_t *place =
        ouro__map_place(&b->index, &b->heap->account, (uint64_t)(uintptr_t)object);
    if (place == NULL) return false;
    *place = number + 1;
    return true;
}

/* In the order in which the objects come, the same in every run. */
static void collect_box(ouro_object *child, void *context) {
    builder *b = context;
    if (!is_foreign(b->heap, child)) return;
    const uint64_t *times = ouro__map_find(&b->seen, (uint64_t)(uintptr_t)child);
    if (times == NULL || *times != child->count) return;
    if (ouro__map_find(&b->index, (uint64_t)(uintptr_t)child) != NULL) return;
    size_t number = b->boxes.count;
    if (!ouro__set_add(&b->boxes, child) || !number_object(b, child, number)) b->failed = true;
}

static void find_suspects(builder *b) {
    if (b->seen.count == 0) return;
    for (size_t i = 0; i < b->nodes.count && !b->failed; i++)
        for_each_edge(b, b->nodes.items[i], collect_box);
    for (size_t i = 0; i < b->nodes.count && b->boxes.count > 0 && !b->failed; i++)
        if (!number_object(b, b->nodes.items[i], b->boxes.count + i)) b->failed = true;
}

static void add_edge(ouro_object *child, void *context) {
    builder *b = context;
    const uint64_t *number = ouro__map_find(&b->index, (uint64_t)(uintptr_t)child);
    if (number != NULL) push(b, &b->edges, (uint32_t)(*number - 1));
}

static void find_edges(builder *b) {
    for (size_t i = 0; i < b->nodes.count && !b->failed; i++) {
        push(b, &b->starts, (uint32_t)b->edges.count);
        for_each_edge(b, b->nodes.items[i], add_edge);
    }
    push(b, &b->starts, (uint32_t)b->edges.count);
    if (b->edges.count + b->nodes.count + b->boxes.count >= OURO_CROSS_NONE) b->failed = true;
}

/* ---- strongly connected components (Tarjan 1972, without recursion) ---------------------- */

typedef struct search {
    builder *b;
    numbers order;   /* of each node: when it was entered, from 1; 0: not yet */
    numbers low;     /* of each node: the oldest open one it leads to */
    numbers next;    /* of each node: its next edge to look at */
    numbers open, path; /* stacks of nodes */
    uint32_t entered;
} search;

static void list_target(builder *b, uint32_t group) {
    if (group == OURO_CROSS_NONE || b->stamps.items[group] == b->stamp) return;
    b->stamps.items[group] = b->stamp;
    push(b, &b->out, group);
}

/* The component's nodes are those from `first` on: they become a group, or share that of the
 * only one they lead to. */
static void close_component(search *s, size_t first) {
    builder *b = s->b;
    size_t boxes = b->boxes.count, before = b->out.count;
    b->stamp++;
    for (size_t i = first; i < s->open.count; i++) {
        uint32_t node = s->open.items[i];
        for (uint32_t e = b->starts.items[node]; e < b->starts.items[node + 1]; e++) {
            uint32_t to = b->edges.items[e];
            list_target(b, to < boxes ? to : b->groups.items[to - boxes]);
        }
    }
    if (b->failed) return;
    size_t targets = b->out.count - before;
    uint32_t group = targets == 0 ? OURO_CROSS_NONE : b->out.items[before];
    if (targets > 1) {
        group = (uint32_t)(boxes + b->out_starts.count);
        push(b, &b->out_starts, (uint32_t)before);
        push(b, &b->stamps, 0);
    } else {
        b->out.count = before;
    }
    for (size_t i = first; i < s->open.count; i++) b->groups.items[s->open.items[i]] = group;
    s->open.count = first;
}

static void enter(search *s, uint32_t node) {
    s->order.items[node] = s->low.items[node] = ++s->entered;
    s->next.items[node] = s->b->starts.items[node];
    push(s->b, &s->open, node);
    push(s->b, &s->path, node);
}

/* Looks at the node's next edge, or leaves it. A closed node has the order UINT32_MAX. */
static void advance(search *s) {
    builder *b = s->b;
    size_t boxes = b->boxes.count;
    uint32_t node = s->path.items[s->path.count - 1];
    if (s->next.items[node] < b->starts.items[node + 1]) {
        uint32_t to = b->edges.items[s->next.items[node]++];
        if (to < boxes) return;
        to -= (uint32_t)boxes;
        if (s->order.items[to] == 0) enter(s, to);
        else if (s->order.items[to] < s->low.items[node]) s->low.items[node] = s->order.items[to];
        return;
    }
    s->path.count--;
    if (s->low.items[node] == s->order.items[node]) {
        size_t first = s->open.count;
        while (s->open.items[--first] != node) {}
        for (size_t i = first; i < s->open.count; i++)
            s->order.items[s->open.items[i]] = UINT32_MAX;
        close_component(s, first);
    }
    if (s->path.count == 0) return;
    uint32_t parent = s->path.items[s->path.count - 1];
    if (s->low.items[node] < s->low.items[parent]) s->low.items[parent] = s->low.items[node];
}

static void find_groups(builder *b) {
    search s = {.b = b};
    size_t count = b->nodes.count;
    fill(b, &b->groups, count, OURO_CROSS_NONE);
    fill(b, &b->stamps, b->boxes.count, 0);
    fill(b, &s.order, count, 0);
    fill(b, &s.low, count, 0);
    fill(b, &s.next, count, 0);
    for (uint32_t node = 0; node < count && !b->failed; node++) {
        if (s.order.items[node] != 0) continue;
        enter(&s, node);
        while (s.path.count > 0 && !b->failed) advance(&s);
    }
    push(b, &b->out_starts, (uint32_t)b->out.count);
    numbers *all[] = {&s.order, &s.low, &s.next, &s.open, &s.path};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) drop(b, all[i]);
}

/* ---- the question ------------------------------------------------------------------------ */

static void list_held(builder *b) {
    ouro_cross *cross = &b->cross;
    size_t count = 0;
    for (size_t i = 0; i < b->nodes.count; i++)
        count += (b->nodes.items[i]->flags & OURO__HELD) != 0;
    if (count == 0) return;
    cross->held = resize(b, NULL, 0, count * sizeof *cross->held);
    if (cross->held == NULL) return;
    cross->held_count = count;
    count = 0;
    for (size_t i = 0; i < b->nodes.count; i++) {
        ouro_object *object = b->nodes.items[i];
        if (!(object->flags & OURO__HELD)) continue;
        cross->held[count++] = (ouro_cross_held){object, b->groups.items[i], true};
    }
}

/* Before: the nodes are there. True: the question was asked and answered. rooted: whether
 * nodes with a count are reached in any case. */
static bool ask(builder *b, bool rooted) {
    if (!b->failed) find_suspects(b);
    if (b->failed || b->boxes.count == 0) return false;
    find_edges(b);
    if (!b->failed) find_groups(b);
    if (!b->failed) list_held(b);
    for (size_t i = 0; rooted && i < b->nodes.count && !b->failed; i++) {
        uint32_t group = b->groups.items[i];
        if (b->nodes.items[i]->count != 0 && group != OURO_CROSS_NONE) push(b, &b->roots, group);
    }
    ouro_cross *cross = &b->cross;
    if (b->failed || cross->held_count == 0) return false;
    cross->boxes = b->boxes.items;
    cross->box_count = b->boxes.count;
    cross->group_count = b->boxes.count + b->out_starts.count - 1;
    cross->starts = b->out_starts.items;
    cross->targets = b->out.items;
    cross->roots = b->roots.items;
    cross->root_count = b->roots.count;
    return b->heap->reach(b->heap->user, b->heap, cross);
}

bool ouro__cross_may_be(const ouro_heap *heap) {
    return heap->reach != NULL && ouro__heap_keeps_foreign(heap);
}

static bool mark(ouro_object *object, void *context) {
    (void)context;
    if (object->flags & OURO__HELD) ouro__question_mark(object);
    return true;
}

void ouro__cross_mark_held(ouro_heap *heap) {
    builder b;
    begin(&b, heap);
    ouro__question_each(heap, add_node, &b);
    if (ask(&b, false)) {
        for (size_t i = 0; i < b.cross.held_count; i++)
            if (b.cross.held[i].reached) ouro__question_mark(b.cross.held[i].object);
    } else {
        ouro__question_each(heap, mark, NULL);
    }
    finish(&b);
}

/* ---- the second look --------------------------------------------------------------------- */

/* Before: the members' counts are those from elsewhere. After: those that are held but not
 * reached have lost the flag; a list of them, to be given back, or NULL. */
static void *look(ouro__set *set) {
    ouro_heap *heap = set->heap;
    if (set->scan) return NULL;
    builder *b = ouro__memory_resize(&heap->account, NULL, 0, sizeof *b);
    if (b == NULL) return NULL;
    begin(b, heap);
    b->second = true;
    for (size_t i = 0; i < set->count && add_node(set->items[i], b); i++) {}
    if (!ask(b, true))
        for (size_t i = 0; i < b->cross.held_count; i++) b->cross.held[i].reached = true;
    for (size_t i = 0; i < b->cross.held_count; i++)
        if (!b->cross.held[i].reached) ouro__clear_flag(b->cross.held[i].object, OURO__HELD);
    return b;
}

/* What lives on is held again: its handle is still there. */
static void end(void *looked) {
    builder *b = looked;
    ouro_heap *heap = b->heap;
    for (size_t i = 0; i < b->cross.held_count; i++) {
        ouro_object *object = b->cross.held[i].object;
        if (object->flags & OURO__RESCUED) ouro__set_flag(object, OURO__HELD);
    }
    finish(b);
    ouro__memory_free(&heap->account, b, sizeof *b, sizeof(max_align_t));
}

const ouro__cross_hooks ouro__cross_hooks_table = {.look = look, .end = end};
