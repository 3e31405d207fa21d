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

/* In the order in which they were added. */
static void compare_entries(comparison *c, int n, ouro_object *object) {
    const thing *o = &c->m->objects[n];
    bool by_value = o->what == A_WEAK_VALUES;
    ouro_cursor cursor = {0};
    EXPECT(c, ouro_weak_dict_count(object), o->count, "entries of n%d", n);
    for (int i = 0; i < o->count && !c->r->failed; i++) {
        const entry *e = &o->entry[i];
        ouro_value key, value, found;
        MUST(c->r, ouro_weak_dict_next(object, &cursor, &key, &value));
        MUST(c->r, ouro_weak_dict_get(object, key, &found));
        EXPECT(c, real_number(ouro_value_object(key)), e->key, "key %d of n%d", i + 1, n);
        EXPECT(c, real_number(ouro_value_object(value)), e->value, "value %d of n%d", i + 1, n);
        EXPECT(c, ouro_value_same(value, found), true, "entry %d of n%d is found", i + 1, n);
        if (by_value && e->key == NOBODY)
            EXPECT(c, ouro_value_small(key), e->label, "key %d of n%d", i + 1, n);
    }
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
    int generation = ouro_object_generation(object);
    if (c->m->paced) EXPECT(c, generation, o->generation, "generation of n%d", n);
    EXPECT(c, generation == FROZEN, o->generation == FROZEN, "n%d is frozen", n);
    if (model_finalizes(c->m, n))
        EXPECT(c, ouro_object_is_finalized(object), o->finalized, "n%d is finalized", n);
    compare_children(c, n, object);
    if (is_watcher(o->what)) compare_watcher(c, n, object);
    if (is_weak_table(o->what)) compare_entries(c, n, object);
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
    if (m->paced) {
        EXPECT(c, count[0], model_grown(m), "growth");
        EXPECT(c, count[1], m->runs[0], "collections of generation 0");
        EXPECT(c, count[2], m->runs[1], "collections of generation 1");
    }
    EXPECT(c, ouro_collect_is_enabled(heap), m->enabled, "collection is enabled");
    EXPECT(c, strcmp(ouro_policy(heap), ouro_policy_at((size_t)m->policy, NULL)), 0, "policy");
    EXPECT(c, ouro_saveall_is_on(heap), m->saveall, "saveall");
    EXPECT(c, ouro_frame_depth(heap), m->depth, "frames");
    /* Zero means that nothing waits for the holder: it may be more, but not less. */
    if (m->deferred > 0) EXPECT(c, ouro_deferred(heap) > 0, true, "something waits");
    /* What a deep copy that is refused has begun is heard to die. */
    if (!m->listening || !before->listening || m->refused || c->r->refused) return;
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
        if (m->objects[n].alive && n != CLASS_OPEN && n != GARBAGE && !c.seen[n])
            real_fail(r, "n%d is dead, expected alive", n);
    if (r->failed) return;
    compare_totals(&c, before);
    compare_garbage(&c);
}
