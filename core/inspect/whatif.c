/* SPDX-License-Identifier: MIT */
/* Whatif: a dry run of removing references: who dies at once, who stays because a cycle keeps
 * its count, who lives on and because of whom.
 *
 * Death by count is done on a copy of the counts, in the order of object/death.c. What nothing
 * alive reaches then is found by one search; a removed edge leads to node 0, which is the same
 * as not being there. */
#include <string.h>

#include "inspect/array.h"
#include "inspect/graph.h"
#include "ouro/frame.h"
#include "ouro/understand.h"

enum { ALIVE, DEAD, ASKED }; /* ASKED: alive, and to be told of */

typedef struct trial {
    ouro__graph g;
    const ouro_removal *removal;
    uint32_t *counts;
    uint8_t *state;
    uint8_t *charged;   /* of each edge with a key: its count is gone already */
    uint32_t *dead;     /* in order of death */
    uint32_t dead_count;
    ouro__array stack;  /* uint32_t: edges that are to be taken back */
    ouro__search before, after;
    ouro_verdict_fn each;
    void *context;
    bool stopped;
} trial;

static void init_trial(trial *t, ouro_heap *heap) {
    ouro__graph *g = &t->g;
    ouro__graph_init(g, heap, t->removal->mine_of, t->removal->mine);
    t->stack.item_size = sizeof(uint32_t);
    t->counts = ouro__graph_obtain(g, g->nodes, sizeof *t->counts, true);
    t->state = ouro__graph_obtain(g, g->nodes, sizeof *t->state, true);
    t->dead = ouro__graph_obtain(g, g->nodes, sizeof *t->dead, false);
    if (g->keys != NULL) t->charged = ouro__graph_obtain(g, g->edges, sizeof *t->charged, true);
    ouro__search_init(&t->before, g, false);
    ouro__search_init(&t->after, g, true);
    for (uint32_t i = 1; i <= g->nodes && g->status == OURO_OK; i++) {
        t->counts[i] = g->objects[i]->count;
        if (g->objects[i] == t->removal->mine_of) t->counts[i] -= t->removal->mine;
    }
}

static void finish_trial(trial *t) {
    ouro__graph *g = &t->g;
    ouro__search_finish(&t->after, g);
    ouro__search_finish(&t->before, g);
    ouro__graph_give_back(g, t->charged, g->edges, sizeof *t->charged);
    ouro__graph_give_back(g, t->dead, g->nodes, sizeof *t->dead);
    ouro__graph_give_back(g, t->state, g->nodes, sizeof *t->state);
    ouro__graph_give_back(g, t->counts, g->nodes, sizeof *t->counts);
    ouro__array_free(&t->stack, g->heap);
    ouro__graph_finish(g);
}

/* ---- death ------------------------------------------------------------------------------- */

static bool push(trial *t, uint32_t edge) {
    if (t->g.status == OURO_OK)
        t->g.status = ouro__array_reserve(&t->stack, t->g.heap, 1);
    if (t->g.status != OURO_OK) return false;
    ((uint32_t *)t->stack.items)[t->stack.count++] = edge;
    return true;
}

/* The references of the dead, the first on top: its own, then the values whose key it is. An
 * entry's value goes once, with its container or its key, whichever dies first. */
static void expand(trial *t, uint32_t node) {
    const ouro__graph *g = &t->g;
    size_t bottom = t->stack.count;
    for (uint32_t e = g->first[node]; e < g->first[node + 1]; e++) {
        if (g->keys != NULL && g->keys[e] != 0 && t->charged[e]++ != 0) continue;
        if (!push(t, e)) return;
    }
    if (g->keys != NULL) {
        for (uint32_t e = g->key_first[node]; e != OURO__NO_NODE; e = g->key_next[e])
            if (t->charged[e]++ == 0 && !push(t, e)) return;
    }
    uint32_t *edges = t->stack.items;
    for (size_t i = bottom, j = t->stack.count; i + 1 < j; i++) {
        uint32_t edge = edges[i];
        edges[i] = edges[--j];
        edges[j] = edge;
    }
}

static void take_back(trial *t, uint32_t node) {
    if (node == 0 || --t->counts[node] != 0 || t->state[node] == DEAD) return;
    if (t->g.roots[node] & OURO__BY_HOLDER) return;
    t->state[node] = DEAD;
    t->dead[t->dead_count++] = node;
    expand(t, node);
}

/* One reference to the node goes, or what alone held it, and all that follows. */
static void settle_death(trial *t) {
    while (t->stack.count > 0 && t->g.status == OURO_OK)
        take_back(t, t->g.targets[((uint32_t *)t->stack.items)[--t->stack.count]]);
}

/* ---- removing ---------------------------------------------------------------------------- */

static ouro_status refuse(trial *t) {
    return ouro_heap_fail(t->g.heap, OURO_E_KEY, "there is no such reference to remove");
}

static void remove_one(trial *t, uint32_t from, uint32_t target) {
    ouro__graph *g = &t->g;
    for (uint32_t e = g->first[from]; e < g->first[from + 1]; e++) {
        if (g->targets[e] != target) continue;
        if (t->charged != NULL) t->charged[e] = 1;
        g->targets[e] = 0;
        take_back(t, target);
        settle_death(t);
        return;
    }
    g->status = refuse(t);
}

/* The edges from frames on the stack. Their counts are gone; nothing has died yet. */
static uint32_t remove_names(trial *t, uint32_t target) {
    ouro__graph *g = &t->g;
    uint32_t removed = 0;
    for (uint32_t i = 1; i <= g->nodes; i++) {
        if (!(g->roots[i] & OURO__BY_STACK)) continue;
        for (uint32_t e = g->first[i]; e < g->first[i + 1]; e++) {
            if (g->targets[e] != target) continue;
            g->targets[e] = 0;
            removed++;
        }
    }
    return removed;
}

static void remove_roots(trial *t, uint32_t target) {
    ouro__graph *g = &t->g;
    uint32_t removed = remove_names(t, target);
    removed += (uint32_t)ouro__object_pins(g->objects[target]);
    g->roots[target] &= (uint8_t) ~(OURO__BY_PIN | OURO__BY_HOLDER);
    for (uint32_t e = 0; e < g->first[1]; e++)
        if (g->targets[e] == target && g->roots[target] == 0) g->targets[e] = 0;
    t->counts[target] -= removed;
    t->counts[target]++; /* for take_back */
    take_back(t, target);
    settle_death(t);
}

static void remove_all(trial *t) {
    const ouro_removal *removal = t->removal;
    for (size_t i = 0; i < removal->count && t->g.status == OURO_OK; i++) {
        uint32_t target = ouro__graph_number(&t->g, removal->targets[i]);
        uint32_t from =
            removal->from != NULL ? ouro__graph_number(&t->g, removal->from) : OURO__NO_NODE;
        if (target == 0 || from == 0) t->g.status = refuse(t);
        else if (from == OURO__NO_NODE) remove_roots(t, target);
        else remove_one(t, from, target);
    }
}

/* ---- telling ----------------------------------------------------------------------------- */

static void tell(trial *t, uint32_t node, ouro_verdict *verdict) {
    ouro_object *object = t->g.objects[node];
    const ouro_type *type = ouro__type_of(t->g.heap, object);
    if (t->stopped || !ouro__graph_is_counted(&t->g, node)) return;
    verdict->object = object;
    verdict->bytes = ouro_object_size(object);
    verdict->finalizer = type->finalize != NULL && !(object->flags & OURO__FINALIZED);
    if (verdict->text == NULL) verdict->text = "";
    if (!t->each(verdict, t->context)) t->stopped = true;
}

static bool find_own(ouro_object *object, const char *what, void *context) {
    ouro_verdict *verdict = context;
    if (object != verdict->object) return true;
    verdict->text = what;
    verdict->length = strlen(what);
    return false;
}

static bool is_removed(const ouro_removal *removal, const ouro_verdict *verdict) {
    return removal->name != NULL && removal->from == verdict->referrer &&
           removal->length == verdict->length &&
           memcmp(removal->name, verdict->text, verdict->length) == 0;
}

/* What lives of itself says so; others by who found them in a search from the roots, which
 * therefore lives without them. */
static void explain(trial *t, uint32_t node, ouro_verdict *verdict) {
    const ouro__graph *g = &t->g;
    uint8_t roots = g->roots[node];
    verdict->object = g->objects[node];
    if (roots & OURO__BY_PIN) verdict->root = OURO_ROOT_PIN;
    else if (roots & OURO__BY_HOLDER) verdict->root = OURO_ROOT_HELD;
    else if (roots & (OURO__BY_HEAP | OURO__BY_STACK)) verdict->root = OURO_ROOT_HEAP;
    else if (roots != 0) verdict->root = OURO_ROOT_CODE;
    if (verdict->root == OURO_ROOT_HEAP) ouro__heap_own_refs(g->heap, find_own, verdict);
    if (roots != 0) return;
    uint32_t parent = t->after.parents[node];
    verdict->referrer = g->objects[parent];
    if (!(g->roots[parent] & OURO__BY_STACK)) return;
    verdict->root = OURO_ROOT_NAME;
    size_t position = 0;
    ouro_value value;
    while (ouro_frame_next(verdict->referrer, &position, &verdict->text, &verdict->length,
                           &value))
        if (ouro_value_object(value) == g->objects[node] && !is_removed(t->removal, verdict))
            return;
}

static void tell_survivor(trial *t, uint32_t node) {
    ouro_verdict verdict = {.fate = OURO_FATE_LIVES};
    if (node == 0 || t->state[node] != ALIVE || !t->after.seen[node]) return;
    t->state[node] = ASKED;
    explain(t, node, &verdict);
    tell(t, node, &verdict);
}

static void tell_survivors(trial *t) {
    const ouro__graph *g = &t->g;
    for (size_t i = 0; i < t->removal->count; i++)
        tell_survivor(t, ouro__graph_number(g, t->removal->targets[i]));
    for (uint32_t i = 0; i < t->dead_count && !t->stopped; i++) {
        uint32_t node = t->dead[i];
        const ouro_object *cls = ouro__type_of(g->heap, g->objects[node])->cls;
        for (uint32_t e = g->first[node]; e < g->first[node + 1]; e++)
            if (g->objects[g->targets[e]] != cls) tell_survivor(t, g->targets[e]);
    }
}

static void tell_all(trial *t) {
    const ouro__graph *g = &t->g;
    for (uint32_t i = 0; i < t->dead_count && !t->stopped; i++)
        tell(t, t->dead[i], &(ouro_verdict){.fate = OURO_FATE_DIES});
    for (uint32_t i = 1; i <= g->nodes && !t->stopped; i++)
        if (t->before.seen[i] && !t->after.seen[i] && t->state[i] != DEAD)
            tell(t, i, &(ouro_verdict){.fate = OURO_FATE_STAYS});
    tell_survivors(t);
}

ouro_status ouro_would_free(ouro_heap *heap, const ouro_removal *removal, ouro_verdict_fn each,
                            void *context) {
    trial t = {.removal = removal, .each = each, .context = context};
    init_trial(&t, heap);
    if (t.g.status == OURO_OK) {
        ouro__search_run(&t.before, &t.g, 0, 1);
        remove_all(&t);
    }
    if (t.g.status == OURO_OK) {
        ouro__search_run(&t.after, &t.g, 0, 1);
        tell_all(&t);
    }
    finish_trial(&t);
    return t.g.status;
}
