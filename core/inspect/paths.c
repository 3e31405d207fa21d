/* SPDX-License-Identifier: MIT */
/* Paths: the shortest chains of references from roots to an object.
 *
 * One search in breadth, from the object against the references: where it first meets a root,
 * the way back is a shortest chain. Garbage that refers to the object is met too, but has no
 * root. A search from the roots would go through the whole heap for an object that is close
 * to one. */
#include <string.h>

#include "inspect/array.h"
#include "inspect/graph.h"
#include "ouro/frame.h"
#include "ouro/understand.h"

typedef struct paths {
    ouro__graph *g;
    ouro__search alive; /* what is reached without the target; only with ephemerons */
    uint8_t *seen;
    uint32_t *queue, *next; /* next: one step closer to the target */
    uint32_t found;
    uint32_t target;
    ouro__array steps; /* ouro_object * */
    uint32_t steps_of; /* the node that they begin with */
    ouro_chain_fn each;
    void *context;
    bool stopped;
    size_t told;
} paths;

/* ---- telling ----------------------------------------------------------------------------- */

static bool write_steps(paths *p, uint32_t node) {
    if (p->steps_of == node) return true;
    p->steps.count = 0;
    for (uint32_t at = node;; at = p->next[at]) {
        if (p->g->status == OURO_OK)
            p->g->status = ouro__array_reserve(&p->steps, p->g->heap, 1);
        if (p->g->status != OURO_OK) return false;
        ((ouro_object **)p->steps.items)[p->steps.count++] = p->g->objects[at];
        if (at == p->target) break;
    }
    p->steps_of = node;
    return true;
}

static void tell(paths *p, uint32_t node, ouro_chain chain) {
    if (p->stopped || !write_steps(p, node)) return;
    chain.steps = p->steps.items;
    chain.count = p->steps.count;
    p->told++;
    if (!p->each(&chain, p->context)) p->stopped = true;
}

static void tell_names(paths *p, uint32_t node, ouro_object *frame) {
    ouro_chain chain = {.root = OURO_ROOT_NAME, .frame = frame};
    size_t position = 0;
    ouro_value value;
    while (ouro_frame_next(frame, &position, &chain.text, &chain.length, &value))
        if (ouro_value_object(value) == p->g->objects[node]) tell(p, node, chain);
}

typedef struct own {
    paths *p;
    uint32_t node;
} own;

static bool tell_own(ouro_object *object, const char *what, void *context) {
    const own *o = context;
    if (object == o->p->g->objects[o->node])
        tell(o->p, o->node,
             (ouro_chain){.root = OURO_ROOT_HEAP, .text = what, .length = strlen(what)});
    return !o->p->stopped;
}

/* Names are among the references to the node: see_sources. */
static void tell_roots(paths *p, uint32_t node) {
    static const struct { uint8_t bit; ouro_root root; } plain[] = {
        {OURO__BY_PIN, OURO_ROOT_PIN},
        {OURO__BY_HOLDER, OURO_ROOT_HELD},
        {OURO__BY_OTHERS, OURO_ROOT_CODE}};
    uint8_t roots = p->g->roots[node];
    own o = {p, node};
    if (roots & (OURO__BY_HEAP | OURO__BY_STACK)) ouro__heap_own_refs(p->g->heap, tell_own, &o);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (roots & plain[i].bit) tell(p, node, (ouro_chain){.root = plain[i].root, .text = ""});
}

/* ---- the search -------------------------------------------------------------------------- */

static bool counts(const paths *p, uint32_t edge) {
    return p->g->keys == NULL || p->g->keys[edge] == 0 || p->alive.seen[p->g->keys[edge]] != 0;
}

/* The names of the node, and who else refers to it. */
static void see_sources(paths *p, uint32_t node) {
    ouro__graph *g = p->g;
    uint32_t last = 0;
    for (uint32_t i = g->from_first[node]; i < g->from_first[node + 1] && !p->stopped; i++) {
        uint32_t source = g->sources[g->from_edges[i]];
        if (source == last || !counts(p, g->from_edges[i])) continue;
        last = source;
        if (g->roots[source] & OURO__BY_STACK) {
            tell_names(p, node, g->objects[source]);
        } else if (!p->seen[source]) {
            p->seen[source] = 1;
            p->next[source] = node;
            p->queue[p->found++] = source;
        }
    }
}

static void search(paths *p, bool all) {
    ouro__graph *g = p->g;
    uint32_t level_end = 1; /* of those at the same distance */
    p->queue[p->found++] = p->target;
    p->seen[p->target] = 1;
    for (uint32_t at = 0; at < p->found && !p->stopped && g->status == OURO_OK; at++) {
        if (at == level_end) {
            if (p->told > 0 && !all) return;
            level_end = p->found;
        }
        see_sources(p, p->queue[at]);
        tell_roots(p, p->queue[at]);
    }
}

/* An entry of a weak dictionary is no reason if its key lives by its value alone. */
static void look_without_target(paths *p) {
    ouro__search_init(&p->alive, p->g, false);
    if (p->g->status != OURO_OK) return;
    p->alive.without = p->target;
    ouro__search_run(&p->alive, p->g, 0, 1);
}

ouro_status ouro_why(ouro_object *object, uint32_t mine, bool all, ouro_chain_fn each,
                     void *context) {
    ouro__graph g;
    paths p = {.g = &g, .each = each, .context = context};
    p.steps.item_size = sizeof(ouro_object *);
    ouro__graph_init(&g, ouro_object_heap(object), object, mine);
    ouro__graph_reverse(&g);
    p.seen = ouro__graph_obtain(&g, g.nodes, sizeof *p.seen, true);
    p.queue = ouro__graph_obtain(&g, g.nodes, sizeof *p.queue, false);
    p.next = ouro__graph_obtain(&g, g.nodes, sizeof *p.next, false);
    if (g.status == OURO_OK) p.target = ouro__graph_number(&g, object);
    if (g.keys != NULL && p.target != 0) look_without_target(&p);
    if (g.status == OURO_OK && p.target != 0) search(&p, all);
    ouro__array_free(&p.steps, g.heap);
    ouro__search_finish(&p.alive, &g);
    ouro__graph_give_back(&g, p.next, g.nodes, sizeof *p.next);
    ouro__graph_give_back(&g, p.queue, g.nodes, sizeof *p.queue);
    ouro__graph_give_back(&g, p.seen, g.nodes, sizeof *p.seen);
    ouro__graph_finish(&g);
    return g.status;
}
