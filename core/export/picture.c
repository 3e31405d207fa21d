/* SPDX-License-Identifier: MIT */
/* Picture: chooses what a drawing shows. A search in breadth that stops at a bound, folds long
 * rows on the way, and then finds out how much lies behind each place where it stopped: every
 * object that is left out is counted in one fold, the first that reaches it. */
#include "ouro/picture.h"

#include "inspect/array.h"
#include "inspect/graph.h"
#include "ouro/containers.h"
#include "ouro/frame.h"
#include "ouro/weak.h"

/* Of a row that is folded, so many objects stay at its ends. */
#define HEAD 3
#define TAIL 2

enum { UNSEEN, SHOWN, FOLDED, HIDDEN };

typedef struct fold {
    uint32_t before, after; /* nodes, or 0 */
    size_t objects, bytes;
    bool garbage;
} fold;

typedef struct picture {
    ouro__graph *g;
    ouro_picture_options options;
    ouro__search alive;
    uint8_t *state;
    uint32_t *queue; /* those shown, in order; the room behind them is free */
    uint32_t shown, expanded;
    uint32_t *fold_of; /* of a node: its fold's index + 1, where it stands before one */
    ouro__array folds; /* fold */
    ouro__array cuts;  /* uint32_t: an edge's source and target that were not followed */
} picture;

/* ---- what is drawn ----------------------------------------------------------------------- */

static bool is_class(const picture *p, uint32_t node) {
    return ouro__object_is(p->g->objects[node], OURO__CLASS);
}

static bool is_drawn_alone(const picture *p, uint32_t node) {
    const ouro__graph *g = p->g;
    if (g->roots[node] & OURO__BY_STACK) return false;
    return ouro__graph_is_counted(g, node);
}

/* A class is worth showing for the objects it refers to, which are no classes. Asked once a node:
 * the others are HIDDEN from then on. */
static bool is_drawn(const picture *p, uint32_t node) {
    const ouro__graph *g = p->g;
    if (!is_drawn_alone(p, node)) return false;
    if (!is_class(p, node) || p->options.classes || g->objects[node] == p->options.from)
        return true;
    for (uint32_t e = g->first[node]; e < g->first[node + 1]; e++)
        if (!is_class(p, g->targets[e]) && is_drawn_alone(p, g->targets[e])) return true;
    return false;
}

static void hide(picture *p) {
    for (uint32_t i = 1; i <= p->g->nodes; i++)
        if (!is_drawn(p, i)) p->state[i] = HIDDEN;
}

/* ---- folds ------------------------------------------------------------------------------- */

static void *add_to(picture *p, ouro__array *array) {
    if (p->g->status == OURO_OK) p->g->status = ouro__array_reserve(array, p->g->heap, 1);
    if (p->g->status != OURO_OK) return NULL;
    return (char *)array->items + array->count++ * array->item_size;
}

static fold *fold_at(const picture *p, size_t index) {
    return (fold *)p->folds.items + index;
}

/* The fold of what else the node refers to; before 0: of further garbage. */
static size_t find_fold(picture *p, uint32_t before, bool garbage) {
    if (p->fold_of[before] != 0) return p->fold_of[before] - 1;
    fold *f = add_to(p, &p->folds);
    if (f == NULL) return 0;
    *f = (fold){.before = before, .garbage = garbage};
    p->fold_of[before] = (uint32_t)p->folds.count;
    return p->folds.count - 1;
}

static void put_in(picture *p, fold *f, uint32_t node) {
    p->state[node] = FOLDED;
    f->objects++;
    f->bytes += ouro_object_size(p->g->objects[node]);
}

static void cut(picture *p, uint32_t source, uint32_t target) {
    uint32_t *pair = add_to(p, &p->cuts);
    if (pair == NULL) return;
    pair[0] = source;
    pair[1] = target;
}

/* ---- rows -------------------------------------------------------------------------------- */

/* What the node leads to, if that is all it refers to; 0: nothing, or several. */
static uint32_t only_target(const picture *p, uint32_t node) {
    const ouro__graph *g = p->g;
    uint32_t found = 0;
    for (uint32_t e = g->first[node]; e < g->first[node + 1]; e++) {
        if (p->state[g->targets[e]] == HIDDEN) continue;
        if (found != 0) return 0;
        found = g->targets[e];
    }
    return found;
}

/* Whether the node is reached from one place only, and by nothing beside. */
static bool is_inner(const picture *p, uint32_t node) {
    const ouro__graph *g = p->g;
    return g->from_first[node + 1] - g->from_first[node] == 1 && g->roots[node] == 0 &&
           !(g->objects[node]->flags & OURO__WATCHED);
}

static bool is_next(const picture *p, uint32_t from, uint32_t to) {
    return to != 0 && p->state[to] == UNSEEN && is_inner(p, to) &&
           p->g->objects[to]->type == p->g->objects[from]->type;
}

static void show(picture *p, uint32_t node) {
    p->state[node] = SHOWN;
    p->queue[p->shown++] = node;
}

/* Of a row that was marked, what there is no more room for. */
static void leave_rest(picture *p, uint32_t before, uint32_t first, uint32_t count) {
    cut(p, before, first);
    for (uint32_t at = first; count-- > 0; at = only_target(p, at)) p->state[at] = UNSEEN;
}

/* Before: first is unseen. After: it is shown, and if it begins a long row so are the row's ends,
 * with a fold for the middle. Nodes are marked on the way, so that a ring ends. */
static void show_row(picture *p, uint32_t first) {
    uint32_t length = 1, at = first, next;
    show(p, first);
    if (!is_inner(p, first)) return;
    uint32_t last[TAIL] = {0}; /* the latest, the newest first */
    while (is_next(p, at, next = only_target(p, at)) && length < UINT32_MAX) {
        p->state[next] = FOLDED;
        last[1] = last[0];
        last[0] = at = next;
        length++;
    }
    bool folds = length > p->options.max_run && length > HEAD + TAIL + 1;
    fold *f = folds ? add_to(p, &p->folds) : NULL;
    if (f != NULL) *f = (fold){.after = last[TAIL - 1], .garbage = !p->alive.seen[first]};
    at = first;
    for (uint32_t i = 1; i < length; i++) {
        uint32_t before = at;
        at = only_target(p, at);
        if (f == NULL && p->shown >= p->options.max_objects) {
            leave_rest(p, before, at, length - i);
            return;
        }
        if (f == NULL || i < HEAD || i >= length - TAIL) show(p, at);
        else put_in(p, f, at);
        if (f != NULL && i == HEAD) f->before = before;
    }
}

/* ---- the search -------------------------------------------------------------------------- */

static uint32_t weak_target(const picture *p, uint32_t node) {
    const ouro_object *object = p->g->objects[node];
    ouro_object *target = NULL;
    if (ouro_is_weak(object)) target = ouro_weak_get(object);
    if (ouro_is_finalize(object)) target = ouro_finalize_target(object);
    return target != NULL ? ouro__graph_number(p->g, target) : 0;
}

static void follow(picture *p, uint32_t source, uint32_t target, size_t *followed) {
    if (target == 0 || p->state[target] != UNSEEN) return;
    if (*followed >= p->options.max_fields || p->shown >= p->options.max_objects) {
        cut(p, source, target);
        return;
    }
    ++*followed;
    show_row(p, target);
}

static void expand(picture *p) {
    const ouro__graph *g = p->g;
    while (p->expanded < p->shown && g->status == OURO_OK) {
        uint32_t node = p->queue[p->expanded++];
        size_t followed = 0;
        for (uint32_t e = g->first[node]; e < g->first[node + 1]; e++)
            follow(p, node, g->targets[e], &followed);
        follow(p, node, weak_target(p, node), &followed);
    }
}

static void start_at(picture *p, uint32_t node) {
    if (node == 0 || p->state[node] != UNSEEN) return;
    if (p->shown >= p->options.max_objects) cut(p, 0, node);
    else show_row(p, node);
}

/* ---- behind the cuts --------------------------------------------------------------------- */

static void fold_from(picture *p, size_t index, uint32_t start) {
    const ouro__graph *g = p->g;
    uint32_t *queue = p->queue + p->shown, count = 0; /* what is folded is never shown */
    put_in(p, fold_at(p, index), start);
    queue[count++] = start;
    for (uint32_t at = 0; at < count; at++) {
        for (uint32_t e = g->first[queue[at]]; e < g->first[queue[at] + 1]; e++) {
            uint32_t target = g->targets[e];
            if (p->state[target] != UNSEEN) continue;
            put_in(p, fold_at(p, index), target);
            queue[count++] = target;
        }
    }
}

static void fold_the_rest(picture *p) {
    const uint32_t *pairs = p->cuts.items;
    for (size_t i = 0; i < p->cuts.count && p->g->status == OURO_OK; i++) {
        uint32_t source = pairs[2 * i], target = pairs[2 * i + 1];
        if (p->state[target] != UNSEEN) continue;
        size_t index = find_fold(p, source, !p->alive.seen[target]);
        if (p->g->status == OURO_OK) fold_from(p, index, target);
    }
    p->cuts.count = 0;
}

/* ---- where it begins ---------------------------------------------------------------------- */

/* Names first and all of them, so that each has something to point at. */
static void start_at_roots(picture *p) {
    const ouro__graph *g = p->g;
    for (size_t depth = ouro_frame_depth(g->heap); depth-- > 0;) {
        ouro_object *frame = ouro_frame_at(g->heap, depth);
        const char *name;
        size_t position = 0, length;
        ouro_value value;
        while (ouro_frame_next(frame, &position, &name, &length, &value))
            if (ouro_value_is_object(value))
                start_at(p, ouro__graph_number(g, ouro_value_object(value)));
    }
    for (uint32_t e = g->first[0]; e < g->first[1]; e++) start_at(p, g->targets[e]);
    expand(p);
    fold_the_rest(p);
    for (uint32_t i = 1; i <= g->nodes && g->status == OURO_OK; i++) {
        start_at(p, i);
        expand(p);
        fold_the_rest(p);
    }
}

/* ---- telling ----------------------------------------------------------------------------- */

static bool tell_objects(const picture *p, ouro_picture_fn each, void *context) {
    for (uint32_t i = 0; i < p->shown; i++) {
        uint32_t node = p->queue[i];
        unsigned roots = p->g->roots[node];
        ouro_picture_item item = {.object = p->g->objects[node],
                                  .garbage = !p->alive.seen[node],
                                  .held = roots & OURO__BY_HOLDER,
                                  .pinned = roots & OURO__BY_PIN,
                                  .code = roots & OURO__BY_OTHERS};
        if (!each(&item, context)) return false;
    }
    return true;
}

static void tell_folds(const picture *p, ouro_picture_fn each, void *context) {
    for (size_t i = 0; i < p->folds.count; i++) {
        const fold *f = fold_at(p, i);
        ouro_picture_item item = {.garbage = f->garbage,
                                  .before = f->before != 0 ? p->g->objects[f->before] : NULL,
                                  .after = f->after != 0 ? p->g->objects[f->after] : NULL,
                                  .objects = f->objects,
                                  .bytes = f->bytes};
        if (!each(&item, context)) return;
    }
}

static void read_options(picture *p, const ouro_picture_options *options) {
    p->options = *options;
    if (p->options.max_objects == 0) p->options.max_objects = 500;
    if (p->options.max_fields == 0) p->options.max_fields = 12;
    if (p->options.max_run == 0) p->options.max_run = 7;
}

static void choose(picture *p) {
    ouro__search_run(&p->alive, p->g, 0, 1);
    hide(p);
    if (p->options.from != NULL) {
        start_at(p, ouro__graph_number(p->g, p->options.from));
        expand(p);
        fold_the_rest(p);
    } else {
        start_at_roots(p);
    }
}

ouro_status ouro_picture(ouro_heap *heap, const ouro_picture_options *options,
                         ouro_picture_fn each, void *context) {
    ouro__graph g;
    picture p = {.g = &g};
    if (options->struct_size != sizeof *options)
        return ouro_heap_fail(heap, OURO_E_VALUE, "a picture: set struct_size to "
                                                  "sizeof(ouro_picture_options)");
    read_options(&p, options);
    p.folds.item_size = sizeof(fold);
    p.cuts.item_size = 2 * sizeof(uint32_t);
    ouro__graph_init(&g, heap, options->from, options->mine);
    ouro__graph_reverse(&g);
    ouro__search_init(&p.alive, &g, false);
    p.state = ouro__graph_obtain(&g, g.nodes, sizeof *p.state, true);
    p.queue = ouro__graph_obtain(&g, g.nodes, sizeof *p.queue, false);
    p.fold_of = ouro__graph_obtain(&g, g.nodes, sizeof *p.fold_of, true);
    if (g.status == OURO_OK) choose(&p);
    if (g.status == OURO_OK && tell_objects(&p, each, context)) tell_folds(&p, each, context);
    ouro__array_free(&p.cuts, heap);
    ouro__array_free(&p.folds, heap);
    ouro__graph_give_back(&g, p.fold_of, g.nodes, sizeof *p.fold_of);
    ouro__graph_give_back(&g, p.queue, g.nodes, sizeof *p.queue);
    ouro__graph_give_back(&g, p.state, g.nodes, sizeof *p.state);
    ouro__search_finish(&p.alive, &g);
    ouro__graph_finish(&g);
    return g.status;
}
