/* SPDX-License-Identifier: MIT */
/* Mincut: the fewest references without which nothing reaches an object.
 *
 * A maximum flow from node 0 to the object, each reference that can be removed letting one
 * unit through, the others any number; then the references that lead into the part from which
 * the object can still be reached are a minimum cut (Ford and Fulkerson 1956), and of all
 * those the one nearest to the object. By phases (Dinitz 1970): distances to the object, then
 * augmenting along shortest ways only, each way that has proved dead left out for the phase.
 * Chosen over augmenting one shortest way at a time because an object may have a million
 * references. */
#include <string.h>

#include "inspect/array.h"
#include "inspect/graph.h"
#include "ouro/frame.h"
#include "ouro/understand.h"
#include "types/types.h"

#define ANY UINT32_MAX
#define BACK 0x80000000u /* in a way: against the edge */

typedef struct network {
    ouro__graph g;
    uint8_t *fixed;  /* of each edge: cannot be removed */
    uint32_t *flow;  /* of each edge */
    uint32_t *level; /* distance to the sink; NO_NODE: none */
    uint32_t *next;  /* of each node: the next arc to try in this phase */
    uint32_t *queue, *way;
    uint32_t sink;
    uint64_t total;
    bool endless;
    ouro__search reach;
    ouro__array steps;
    ouro_cut_fn each;
    void *context;
    bool stopped;
} network;

/* ---- capacities -------------------------------------------------------------------------- */

static void fix(network *n, uint32_t from, uint32_t to) {
    memset(n->fixed + from, 1, to - from);
}

static void fix_edges(network *n, uint32_t node) {
    const ouro__graph *g = &n->g;
    const ouro_object *object = g->objects[node];
    uint32_t from = g->first[node], to = g->first[node + 1];
    switch (object->type) {
    case OURO__LIST:
    case OURO__DICT:
    case OURO__SET:
    case OURO__FRAME:
    case OURO__WEAK_KEYS:
    case OURO__WEAK_VALUES:
    case OURO__WEAK_SET: return;
    case OURO__CLASS:
        if (ouro__as_class(object)->base != NULL) fix(n, from, from + 1);
        return;
    default: break;
    }
    if (ouro__type_of(g->heap, object)->cls == NULL) fix(n, from, to);
    else if (to > from) fix(n, to - 1, to); /* the class, which comes last */
}

static uint32_t capacity(const network *n, uint32_t edge) {
    if (edge >= n->g.first[1]) return n->fixed[edge] ? ANY : 1;
    uint32_t node = n->g.targets[edge];
    if (n->g.roots[node] != OURO__BY_PIN) return ANY;
    return (uint32_t)ouro__object_pins(n->g.objects[node]);
}

static bool has_room(const network *n, uint32_t edge) {
    uint32_t most = capacity(n, edge);
    return most == ANY || n->flow[edge] < most;
}

/* The edge from node 0: those are in order of what they lead to. */
static uint32_t root_edge(const ouro__graph *g, uint32_t node) {
    uint32_t low = 0, high = g->first[1];
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (g->targets[middle] <= node) low = middle;
        else high = middle;
    }
    return low;
}

/* ---- a phase ----------------------------------------------------------------------------- */

static void reach(network *n, uint32_t node, uint32_t level, uint32_t *found) {
    if (n->level[node] != OURO__NO_NODE) return;
    n->level[node] = level;
    n->queue[(*found)++] = node;
}

/* After: whether there is a way from node 0. If not, those that have a level are the part from
 * which the sink can be reached. */
static bool find_levels(network *n) {
    const ouro__graph *g = &n->g;
    uint32_t found = 0;
    memset(n->level, 0xff, ((size_t)g->nodes + 1) * sizeof *n->level);
    reach(n, n->sink, 0, &found);
    for (uint32_t at = 0; at < found; at++) {
        uint32_t node = n->queue[at], level = n->level[node] + 1;
        if (node == 0) continue;
        for (uint32_t i = g->from_first[node]; i < g->from_first[node + 1]; i++)
            if (has_room(n, g->from_edges[i]))
                reach(n, g->sources[g->from_edges[i]], level, &found);
        for (uint32_t e = g->first[node]; e < g->first[node + 1]; e++)
            if (n->flow[e] > 0) reach(n, g->targets[e], level, &found);
        if (g->roots[node] != 0 && has_room(n, root_edge(g, node))) reach(n, 0, level, &found);
    }
    return n->level[0] != OURO__NO_NODE;
}

/* The next arc of the node that leads one step closer; NO_NODE: there is none any more. */
static uint32_t next_arc(network *n, uint32_t node) {
    const ouro__graph *g = &n->g;
    uint32_t out = g->first[node + 1] - g->first[node], wanted = n->level[node] - 1;
    uint32_t in = node != 0 ? g->from_first[node + 1] - g->from_first[node] : 0;
    for (; n->next[node] < out; n->next[node]++) {
        uint32_t e = g->first[node] + n->next[node];
        if (n->level[g->targets[e]] == wanted && has_room(n, e)) return e;
    }
    for (; n->next[node] < out + in; n->next[node]++) {
        uint32_t e = g->from_edges[g->from_first[node] + n->next[node] - out];
        if (n->level[g->sources[e]] == wanted && n->flow[e] > 0) return e | BACK;
    }
    return OURO__NO_NODE;
}

/* One unit along the way; if all of it lets any number through, no cut is possible. */
static void augment(network *n, uint32_t length) {
    n->endless = true;
    for (uint32_t i = 0; i < length; i++) {
        uint32_t arc = n->way[i];
        if (arc & BACK || capacity(n, arc) != ANY) n->endless = false;
    }
    for (uint32_t i = 0; i < length; i++) {
        if (n->way[i] & BACK) n->flow[n->way[i] & ~BACK]--;
        else n->flow[n->way[i]]++;
    }
    n->total++;
}

/* One way through the levels; false: there is none any more. */
static bool find_way(network *n) {
    const ouro__graph *g = &n->g;
    uint32_t at = 0, length = 0;
    while (at != n->sink) {
        uint32_t arc = next_arc(n, at);
        if (arc != OURO__NO_NODE) {
            n->way[length++] = arc;
            at = arc & BACK ? g->sources[arc & ~BACK] : g->targets[arc];
        } else {
            if (length == 0) return false;
            arc = n->way[--length];
            at = arc & BACK ? g->targets[arc & ~BACK] : g->sources[arc];
            n->next[at]++;
        }
    }
    augment(n, length);
    return !n->endless;
}

static void maximize(network *n) {
    while (!n->endless && find_levels(n)) {
        memset(n->next, 0, ((size_t)n->g.nodes + 1) * sizeof *n->next);
        while (find_way(n)) continue;
    }
}

/* ---- telling ----------------------------------------------------------------------------- */

static bool is_within(const network *n, uint32_t node) {
    return n->level[node] != OURO__NO_NODE;
}

/* From the names of all frames on the stack. With outside set, without passing what is within:
 * the flow has come to each place of the cut by such a way. */
static void search_names(network *n, bool outside) {
    ouro__graph *g = &n->g;
    for (uint32_t i = 0; i <= g->nodes; i++)
        n->reach.seen[i] = outside && is_within(n, i) ? 2 : 0;
    for (uint32_t i = 1; i <= g->nodes; i++)
        if (g->roots[i] & OURO__BY_STACK && n->reach.seen[i] == 0)
            ouro__search_run(&n->reach, g, i, 1);
}

static void find_name(ouro_chain *chain, ouro_object *object) {
    size_t position = 0;
    ouro_value value;
    while (ouro_frame_next(chain->frame, &position, &chain->text, &chain->length, &value))
        if (ouro_value_object(value) == object) return;
}

/* From a name to the node, by the last search. */
static ouro_chain chain_to(network *n, uint32_t node) {
    ouro__graph *g = &n->g;
    ouro_chain chain = {.text = ""};
    n->steps.count = 0;
    if (n->reach.seen[node] != 1) return chain;
    for (; !(g->roots[node] & OURO__BY_STACK); node = n->reach.parents[node]) {
        g->status = ouro__array_reserve(&n->steps, g->heap, 1);
        if (g->status != OURO_OK) return chain;
        ((ouro_object **)n->steps.items)[n->steps.count++] = g->objects[node];
    }
    ouro_object **steps = n->steps.items;
    for (size_t i = 0, j = n->steps.count; i + 1 < j; i++) {
        ouro_object *step = steps[i];
        steps[i] = steps[--j];
        steps[j] = step;
    }
    chain.root = OURO_ROOT_NAME;
    chain.frame = g->objects[node];
    chain.steps = steps;
    chain.count = n->steps.count;
    if (chain.count > 0) find_name(&chain, steps[0]);
    return chain;
}

static void tell(network *n, const ouro_cut *cut) {
    if (!n->stopped && !n->each(cut, n->context)) n->stopped = true;
}

static void tell_pins(network *n) {
    const ouro__graph *g = &n->g;
    for (uint32_t e = 0; e < g->first[1] && !n->stopped; e++) {
        uint32_t node = g->targets[e];
        if (!is_within(n, node)) continue;
        ouro_chain chain = chain_to(n, node);
        ouro_cut cut = {.to = g->objects[node], .chain = &chain};
        for (size_t pins = ouro__object_pins(cut.to); pins > 0 && g->status == OURO_OK; pins--)
            tell(n, &cut);
    }
}

typedef struct cutting {
    network *n;
    ouro_cut cut;
} cutting;

static bool tell_reference(const ouro_label *label, ouro_value value, void *context) {
    cutting *c = context;
    ouro_object *object = ouro_value_object(value);
    if (object == NULL || !is_within(c->n, ouro__graph_number(&c->n->g, object))) return true;
    c->cut.to = object;
    c->cut.label = label;
    tell(c->n, &c->cut);
    return !c->n->stopped;
}

static void tell_items(cutting *c) {
    const ouro__list *list = ouro__as_list(c->cut.from);
    for (size_t i = list->count; i > 0 && !c->n->stopped; i--) {
        ouro_label label = {.kind = OURO_LABEL_INDEX, .index = i};
        tell_reference(&label, list->items[i - 1], c);
    }
}

static void tell_references(network *n, uint32_t node) {
    const ouro__graph *g = &n->g;
    bool is_cut = false;
    for (uint32_t e = g->first[node]; e < g->first[node + 1] && !is_cut; e++)
        is_cut = is_within(n, g->targets[e]);
    if (!is_cut) return;
    ouro_chain chain = chain_to(n, node);
    cutting c = {.n = n, .cut = {.from = g->objects[node], .chain = &chain}};
    if (g->status != OURO_OK) return;
    if (ouro__object_is(c.cut.from, OURO__LIST)) tell_items(&c);
    else ouro_object_refs(c.cut.from, tell_reference, &c);
}

/* What refers into the part from outside has let a unit through, so it is no garbage. */
static void tell_cut(network *n) {
    search_names(n, false);
    tell_pins(n);
    search_names(n, true);
    for (uint32_t i = 1; i <= n->g.nodes && !n->stopped && n->g.status == OURO_OK; i++)
        if (!is_within(n, i)) tell_references(n, i);
}

/* ---- all of it --------------------------------------------------------------------------- */

static void init_network(network *n, ouro_object *object, uint32_t mine) {
    ouro__graph *g = &n->g;
    uint32_t **words[] = {&n->level, &n->next, &n->queue, &n->way};
    ouro__graph_init(g, ouro_object_heap(object), object, mine);
    ouro__graph_reverse(g);
    n->fixed = ouro__graph_obtain(g, g->edges, sizeof *n->fixed, true);
    n->flow = ouro__graph_obtain(g, g->edges, sizeof *n->flow, true);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        *words[i] = ouro__graph_obtain(g, g->nodes, sizeof(uint32_t), false);
    ouro__search_init(&n->reach, g, true);
    n->steps.item_size = sizeof(ouro_object *);
    if (g->status != OURO_OK) return;
    n->sink = ouro__graph_number(g, object);
    for (uint32_t i = 1; i <= g->nodes; i++) fix_edges(n, i);
}

static void finish_network(network *n) {
    ouro__graph *g = &n->g;
    uint32_t *words[] = {n->level, n->next, n->queue, n->way};
    ouro__array_free(&n->steps, g->heap);
    ouro__search_finish(&n->reach, g);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        ouro__graph_give_back(g, words[i], g->nodes, sizeof(uint32_t));
    ouro__graph_give_back(g, n->flow, g->edges, sizeof *n->flow);
    ouro__graph_give_back(g, n->fixed, g->edges, sizeof *n->fixed);
    ouro__graph_finish(g);
}

ouro_status ouro_mincut(ouro_object *object, uint32_t mine, ouro_cut_fn each, void *context,
                        size_t *ret_count) {
    network n = {.each = each, .context = context};
    init_network(&n, object, mine);
    if (n.g.status == OURO_OK && n.sink != 0) maximize(&n);
    if (n.g.status == OURO_OK && !n.endless && n.total > 0) tell_cut(&n);
    finish_network(&n);
    if (n.g.status == OURO_OK) *ret_count = n.endless ? SIZE_MAX : (size_t)n.total;
    return n.g.status;
}
