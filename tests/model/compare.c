/* SPDX-License-Identifier: MIT */
/* Compare: after an operation, everything that the public API shows against the model. */
#include <stdio.h>
#include <string.h>

#include "real.h"

typedef struct comparison {
    real *r;
    const model *m;
    bool seen[NUMBERS];
    long litter;
    int children[2 * ENTRIES + 1], count; /* of the object at hand */
    int watchers[NUMBERS], watcher_count;
} comparison;

#define EXPECT(c, got, expected, ...)                                                        \
    do {                                                                                     \
        long expect_got = (long)(got), expect_wanted = (long)(expected);                     \
        char expect_what[120];                                                               \
        if (expect_got != expect_wanted) {                                                   \
            snprintf(expect_what, sizeof expect_what, __VA_ARGS__);                          \
            real_fail((c)->r, "%s: %ld, expected %ld", expect_what, expect_got,              \
                      expect_wanted);                                                        \
        }                                                                                    \
    } while (0)

static void note_child(ouro_object *child, void *context) {
    comparison *c = context;
    if (ouro_type_flags(ouro_object_type(child)) & OURO_TYPE_PLAIN) return;
    if (c->count < 2 * ENTRIES + 1) c->children[c->count++] = real_number(child);
}

static void compare_children(comparison *c, int n, ouro_object *object) {
    int expected[2 * ENTRIES + 1], count = model_children(c->m, n, expected);
    c->count = 0;
    ouro_object_traverse(object, note_child, c);
    EXPECT(c, c->count, count, "references of n%d", n);
    for (int i = 0; i < count && i < c->count; i++)
        EXPECT(c, c->children[i], expected[i], "reference %d of n%d", i + 1, n);
}

static void compare_watcher(comparison *c, int n, const ouro_object *object) {
    const thing *o = &c->m->objects[n];
    int argument = o->count > 0 ? o->entry[0].value : NOBODY;
    if (o->what == A_RECORD) {
        EXPECT(c, ouro_finalize_alive(object), o->pending, "the record n%d is alive", n);
        EXPECT(c, ouro_finalize_atexit(object), o->atexit, "n%d runs at the exit", n);
        EXPECT(c, real_number(ouro_finalize_target(object)), o->target, "target of n%d", n);
        EXPECT(c, real_number(ouro_value_object(ouro_finalize_argument(object))), argument,
               "argument of n%d", n);
        return;
    }
    EXPECT(c, real_number(ouro_weak_get(object)), o->target, "the weak reference n%d shows", n);
    EXPECT(c, real_number(ouro_value_object(ouro_weak_argument(object))), argument,
           "argument of n%d", n);
}

static bool note_watcher(ouro_object *watcher, void *context) {
    comparison *c = context;
    if (c->watcher_count < NUMBERS) c->watchers[c->watcher_count++] = real_number(watcher);
    return true;
}

/* Newest first. */
static void compare_watchers(comparison *c, int n, ouro_object *object) {
    int last = c->m->registrations + 1, expected = 0;
    c->watcher_count = 0;
    ouro_weak_each(object, note_watcher, c);
    for (int i = 0; i < NUMBERS; i++)
        expected += c->m->objects[i].alive && c->m->objects[i].target == n;
    EXPECT(c, c->watcher_count, expected, "weak references to n%d", n);
    for (int i = 0; i < c->watcher_count && !c->r->failed; i++) {
        int order = c->watchers[i] >= 0 ? c->m->objects[c->watchers[i]].order : 0;
        EXPECT(c, order > 0 && order < last, true, "weak reference %d to n%d is in order", i, n);
        last = order;
    }
}

static bool compare_object(ouro_object *object, void *context) {
    comparison *c = context;
    int n = real_number(object);
    if (n == NOBODY) {
        c->litter++;
        return true;
    }
    const thing *o = &c->m->objects[n];
    EXPECT(c, true, o->alive, "n%d is alive", n);
    if (c->r->failed) return false;
    c->seen[n] = true;
    EXPECT(c, ouro_object_count(object), model_count(c->m, n), "count of n%d", n);
    EXPECT(c, ouro_object_is_held(object), o->held, "n%d is held", n);
    EXPECT(c, ouro_object_is_dying(object), false, "n%d is dying", n);
    EXPECT(c, ouro_object_generation(object), o->generation, "generation of n%d", n);
    if (has_finalizer(o->what))
        EXPECT(c, ouro_object_is_finalized(object), o->finalized, "n%d is finalized", n);
    compare_children(c, n, object);
    if (is_watcher(o->what)) compare_watcher(c, n, object);
    compare_watchers(c, n, object);
    return !c->r->failed;
}

static bool count_leaked(ouro_object *object, void *context) {
    (void)object;
    ++*(long *)context;
    return true;
}

/* What a collection would find, as the model finds it. */
static void compare_garbage(comparison *c) {
    bool garbage[NUMBERS];
    long expected = c->m->litter[0], got = 0;
    model_garbage(c->m, 2, garbage);
    for (int n = 0; n < NUMBERS; n++)
        expected += garbage[n] && is_counted(&c->m->objects[n]);
    MUST(c->r, ouro_heap_leaked(c->r->heap, count_leaked, &got));
    EXPECT(c, got, expected, "objects that nothing reaches");
}

static void compare_totals(comparison *c, const model *before) {
    const model *m = c->m;
    ouro_heap *heap = c->r->heap;
    ouro_stats stats = {.struct_size = sizeof stats};
    size_t count[3];
    long frozen = 0;
    for (int n = 0; n < NUMBERS; n++)
        frozen += m->objects[n].alive && m->objects[n].generation == FROZEN;
    ouro_heap_stats(heap, &stats);
    ouro_collect_count(heap, count);
    EXPECT(c, c->litter, m->litter[0], "litter");
    EXPECT(c, ouro_heap_live(heap), model_live(m), "live objects");
    EXPECT(c, ouro_frozen(heap), frozen, "frozen objects");
    EXPECT(c, stats.finalizers, m->finalizers, "finalizers run");
    EXPECT(c, stats.callbacks, m->callbacks, "callbacks run");
    EXPECT(c, stats.resurrected, m->resurrected, "objects resurrected");
    EXPECT(c, count[0], model_grown(m), "growth");
    EXPECT(c, count[1], m->runs[0], "collections of generation 0");
    EXPECT(c, count[2], m->runs[1], "collections of generation 1");
    EXPECT(c, ouro_collect_is_enabled(heap), m->enabled, "collection is enabled");
    EXPECT(c, strcmp(ouro_policy(heap), "generational") == 0, m->automatic, "generational");
    EXPECT(c, ouro_frame_depth(heap), m->depth, "frames");
    /* Zero means that nothing waits for the holder: it may be more, but not less. */
    if (m->deferred > 0) EXPECT(c, ouro_deferred(heap) > 0, true, "something waits");
    if (!m->listening || !before->listening) return;
    EXPECT(c, c->r->deaths_heard, m->deaths - before->deaths, "deaths heard of");
    EXPECT(c, c->r->resurrections_heard, m->resurrected - before->resurrected,
           "resurrections heard of");
}

void real_compare(real *r, const model *m, const model *before) {
    if (r->failed) return;
    comparison c = {.r = r, .m = m};
    const char *message = "";
    if (ouro_heap_check(r->heap, &message) != OURO_OK) {
        real_fail(r, "heap check: %s", message);
        return;
    }
    ouro_heap_each(r->heap, true, compare_object, &c);
    for (int n = 0; n < NUMBERS && !r->failed; n++)
        if (m->objects[n].alive && n != CLASS_OPEN && !c.seen[n])
            real_fail(r, "n%d is dead, expected alive", n);
    if (r->failed) return;
    compare_totals(&c, before);
    compare_garbage(&c);
}
