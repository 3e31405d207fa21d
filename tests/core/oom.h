/* SPDX-License-Identifier: MIT */
/* Oom: a small world of one object of each kind, whose memory is used up to the last cell, and
 * the sweep that runs an operation on it with the first, second, ... allocation refused, and
 * under limits of objects and bytes. A refusal must name itself and leave no trace: what
 * fingerprint.h says of the heap is the same before and after. */
#ifndef TESTS_OOM_H
#define TESTS_OOM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ouro.h>

#include "alloc.h"
#include "fingerprint.h"

#define OK(call) assert_int_equal((call), OURO_OK)
#define LONG_TEXT "a text that is too long for the cells which the shorter ones have"
#define PEAKS 512
#define FILLERS 3 /* types that use_up makes */

#define FAILED_SHORT 1u
#define FAILED_LIMIT 2u


typedef struct world {
    ouro_heap *heap;
    size_t bytes, calls, fail_at;
    bool fail_all;
    size_t peaks[PEAKS], peak_count; /* each new height of bytes since it was last 0 */
    bool peaks_on;
    ouro_object *list, *dict, *set, *tuple, *slotted, *finalized, *open, *record, *bag, *frame;
    ouro_object *weak, *deep, *other_deep;
    ouro_type *type;
    ouro_value text; /* a string, owned */
    /* What an operation makes goes here; a refused one must not touch it. */
    ouro_object *object;
    ouro_value value;
    uint64_t word;
    ouro_text growing;
    ouro_census_row *rows;
    size_t count;
    ouro_heap *other;
    void *buffer;
    char *before, *after; /* fingerprints */
} world;

/* How an operation is expected to deal with a shortage. */
typedef enum shortage {
    NEEDS, /* it needs memory: at least one refusal is seen */
    NEVER  /* it succeeds with every allocation refused */
} shortage;

typedef struct oom_case {
    const char *function; /* looked for by tests/house/shortage.lua */
    ouro_status (*run)(world *w);
    shortage shortage;
    void (*prepare)(world *w); /* or NULL */
    void (*finish)(world *w);  /* after the success, or NULL */
    const char *todo;          /* what is known to be wrong, or NULL */
    unsigned failed;
    world *world; /* the one at work, which a failure leaves behind */
} oom_case;

static void *world_alloc(void *user, void *pointer, size_t old_size, size_t new_size,
                         size_t align) {
    world *w = user;
    bool refuse = new_size != 0 && (++w->calls == w->fail_at || w->fail_all);
    void *result = test_alloc(&w->bytes, refuse, pointer, old_size, new_size, align);
    bool higher = w->peak_count == 0 || w->bytes > w->peaks[w->peak_count - 1];
    if (w->peaks_on && higher && w->peak_count < PEAKS) w->peaks[w->peak_count++] = w->bytes;
    return result;
}

static inline ouro_value of(const ouro_object *object) {
    return ouro_value_of_object(object);
}

static inline ouro_value small(int64_t i) {
    return ouro_value_of_small(i);
}

static inline ouro_value text_of(ouro_heap *heap, const char *text) {
    ouro_value v;
    OK(ouro_string(heap, text, strlen(text), &v));
    return v;
}

static void last_words(ouro_object *object) {
    (void)object;
}

/* [[1, (2, 3)], {a: [...]}] and such: nested, shared and cyclic. Owned. */
static inline ouro_object *make_deep(world *w) {
    ouro_object *outer, *inner, *tuple, *dict;
    ouro_value pair[] = {small(2), w->text}, items[] = {small(1), OURO_NIL};
    OK(ouro_tuple_new(w->heap, pair, 2, &tuple));
    items[1] = of(tuple);
    OK(ouro_list_new(w->heap, items, 2, &inner));
    OK(ouro_dict_new(w->heap, &dict));
    OK(ouro_dict_set(dict, w->text, of(inner)));
    items[0] = of(inner);
    items[1] = of(dict);
    OK(ouro_list_new(w->heap, items, 2, &outer));
    OK(ouro_dict_set(dict, small(9), of(outer)));
    OK(ouro_list_append(outer, of(w->record)));
    ouro_release(tuple);
    ouro_release(inner);
    ouro_release(dict);
    return outer;
}

static inline void make_records(world *w) {
    static const char *const slots[] = {"id", "next"};
    OK(ouro_class_new(w->heap, "Slotted", slots, 2, NULL, &w->slotted));
    OK(ouro_class_new(w->heap, "Finalized", slots, 2, NULL, &w->finalized));
    OK(ouro_class_set_finalizer(w->finalized, last_words));
    OK(ouro_class_new(w->heap, "Open", NULL, 0, NULL, &w->open));
    OK(ouro_class_set(w->open, "kind", 4, w->text));
    OK(ouro_record_new(w->heap, w->slotted, &w->record));
    ouro_record_set_slot(w->record, 0, w->text);
    OK(ouro_bag_new(w->heap, &w->bag));
    OK(ouro_record_set(w->bag, "a", 1, small(1)));
}

static inline void make_containers(world *w) {
    ouro_value items[] = {small(3), small(1), w->text, small(2)};
    OK(ouro_list_new(w->heap, items, 4, &w->list));
    OK(ouro_tuple_new(w->heap, items, 4, &w->tuple));
    OK(ouro_dict_new(w->heap, &w->dict));
    OK(ouro_set_new(w->heap, &w->set));
    for (int i = 0; i < 4; i++) {
        OK(ouro_dict_set(w->dict, items[i], small(i)));
        OK(ouro_set_add(w->set, items[i]));
    }
}

/* Uses up what blocks have left, so that the next object of whatever size needs another. The
 * objects that do it are plain data, which reports leave out. */
static inline void use_up(world *w) {
    static const unsigned flags[FILLERS] = {OURO_TYPE_PLAIN, OURO_TYPE_PLAIN | OURO_TYPE_ACYCLIC,
                                     OURO_TYPE_PLAIN};
    ouro_type *types[FILLERS];
    for (int i = 0; i < FILLERS; i++) {
        ouro_type_spec spec = {.struct_size = sizeof spec, .name = "filler",
                               .size = sizeof(ouro_object), .flags = flags[i],
                               .finalize = i == 2 ? last_words : NULL};
        OK(ouro_type_new(w->heap, &spec, &types[i]));
    }
    ouro_object *filler;
    w->fail_all = true;
    for (size_t size = 8192; size >= 8; size -= size > 1024 ? 1024 : 8)
        for (int i = 0; i < FILLERS; i++)
            while (ouro_object_new(w->heap, types[i], size, &filler) == OURO_OK) continue;
    w->fail_all = false;
}

static inline world *open_world(oom_case *c) {
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    c->world = w;
    ouro_heap_options options = {.struct_size = sizeof options, .user = w, .alloc = world_alloc};
    OK(ouro_heap_open(&options, &w->heap));
    ouro_collect_enable(w->heap, false);
    w->text = text_of(w->heap, "text");
    make_records(w);
    make_containers(w);
    OK(ouro_frame_new(w->heap, "side", &w->frame));
    OK(ouro_frame_set(w->frame, "x", 1, of(w->list)));
    OK(ouro_frame_set(ouro_frame_main(w->heap), "y", 1, of(w->dict)));
    OK(ouro_weak_new(w->list, NULL, w->text, &w->weak));
    w->deep = make_deep(w);
    w->other_deep = make_deep(w);
    ouro_type_spec spec = {.struct_size = sizeof spec, .name = "own",
                           .size = sizeof(ouro_object) + sizeof(ouro_value),
                           .values_offset = sizeof(ouro_object), .values_count = 1};
    OK(ouro_type_new(w->heap, &spec, &w->type));
    w->growing.heap = w->heap;
    w->value = OURO_ABSENT;
    if (c->prepare != NULL) c->prepare(w);
    use_up(w);
    return w;
}

static inline void check_world(world *w) {
    const char *message = "";
    if (ouro_heap_check(w->heap, &message) != OURO_OK) fail_msg("heap check: %s", message);
}

static inline void drop_results(world *w) {
    if (w->object != NULL) ouro_release(w->object);
    w->object = NULL;
    if (!ouro_value_same(w->value, OURO_ABSENT)) ouro_value_release(w->value);
    w->value = OURO_ABSENT;
    ouro_heap_free(w->heap, w->rows, w->count * sizeof *w->rows);
    w->rows = NULL;
    if (w->other != NULL) OK(ouro_heap_close(w->other));
    w->other = NULL;
}

/* The world ends with every allocation refused, and gives back every byte. */
static inline void close_world(oom_case *c) {
    world *w = c->world;
    free(w->before);
    free(w->after);
    if (w->heap != NULL) {
        drop_results(w);
        ouro_text_free(&w->growing);
        ouro_heap_free(w->heap, w->buffer, w->buffer != NULL ? 100 : 0);
        w->fail_all = true;
        OK(ouro_heap_close(w->heap));
    }
    size_t left = w->bytes;
    free(w);
    c->world = NULL;
    assert_int_equal(left, 0);
}

static inline int clean_up(void **state) {
    oom_case *c = *state;
    if (c->world == NULL) return 0;
    c->world->fail_at = 0;
    c->world->fail_all = false;
    close_world(c);
    return 0;
}

/* ---- the sweep --------------------------------------------------------------------------- */

/* Runs the operation and expects either success or a refusal with that status that has left
 * no trace. Returns whether it succeeded. */
static inline bool attempt(world *w, oom_case *c, ouro_status refusal, const char *how,
                           size_t at) {
    free(w->before);
    w->before = fingerprint(w->heap, &w->growing);
    (void)ouro_heap_fail(w->heap, OURO_OK, "untouched");
    ouro_status status = c->run(w);
    w->fail_at = 0;
    w->fail_all = false;
    ouro_heap_set_limits(w->heap, 0, 0, 0);
    if (status != OURO_OK) {
        char message[200];
        free(w->after);
        w->after = fingerprint(w->heap, &w->growing);
        snprintf(message, sizeof message, "%s", ouro_heap_message(w->heap));
        if (status != refusal || strcmp(message, "untouched") == 0 || message[0] == '\0')
            fail_msg("%s, %s %zu: %s, message '%s'", c->function, how, at,
                     ouro_status_name(status), message);
        if (!fingerprint_same(w->before, w->after))
            fail_msg("%s, %s %zu: refused, but something has changed", c->function, how, at);
        if (w->object != NULL || !ouro_value_same(w->value, OURO_ABSENT) || w->rows != NULL ||
            w->count != 0 || w->word != 0 || w->other != NULL)
            fail_msg("%s, %s %zu: refused, but a result was stored", c->function, how, at);
    }
    check_world(w);
    return status == OURO_OK;
}

/* What was refused is possible when memory is back. */
static inline void succeed(world *w, oom_case *c) {
    ouro_status status = c->run(w);
    if (status != OURO_OK)
        fail_msg("%s: %s, though there is memory: %s", c->function, ouro_status_name(status),
                 ouro_heap_message(w->heap));
    check_world(w);
    if (c->finish != NULL) c->finish(w);
}

/* Refuses the k-th allocation of the operation until there is none. */
static inline size_t sweep_allocations(oom_case *c) {
    for (size_t k = 1;; k++) {
        assert_true(k < 1000);
        world *w = open_world(c);
        w->fail_at = w->calls + k;
        size_t last = w->fail_at;
        bool done = attempt(w, c, OURO_E_NOMEM, "allocation", k);
        bool refused = w->calls >= last;
        if (done && c->finish != NULL) c->finish(w);
        if (!done) succeed(w, c);
        close_world(c);
        if (done && !refused) return k - 1;
    }
}

/* Allows so many more objects until they are enough. */
static inline void sweep_objects(oom_case *c) {
    for (size_t more = 0;; more++) {
        assert_true(more < 1000);
        world *w = open_world(c);
        ouro_heap_set_limits(w->heap, ouro_heap_live(w->heap) + more, 0, 0);
        bool done = attempt(w, c, OURO_E_LIMIT, "objects", more);
        if (!done) succeed(w, c);
        else if (c->finish != NULL) c->finish(w);
        close_world(c);
        if (done) return;
    }
}

/* Allows a byte less than each height of an undisturbed run. */
static inline void sweep_bytes(oom_case *c) {
    world *w = open_world(c);
    size_t start = w->bytes, peaks[PEAKS], count;
    w->peaks_on = true;
    succeed(w, c);
    count = w->peak_count;
    memcpy(peaks, w->peaks, count * sizeof *peaks);
    close_world(c);
    for (size_t i = 0; i < count; i++) {
        w = open_world(c);
        assert_int_equal(w->bytes, start);
        ouro_heap_set_limits(w->heap, 0, peaks[i] - 1, 0);
        if (!attempt(w, c, OURO_E_LIMIT, "bytes", peaks[i] - start)) succeed(w, c);
        else if (c->finish != NULL) c->finish(w);
        close_world(c);
    }
}

static inline void never_needs(oom_case *c) {
    world *w = open_world(c);
    w->fail_all = true;
    ouro_status status = c->run(w);
    w->fail_all = false;
    if (status != OURO_OK)
        fail_msg("%s: %s, but it should need no memory", c->function, ouro_status_name(status));
    if (c->finish != NULL) c->finish(w); /* which may have seen the heap go */
    if (w->heap != NULL) check_world(w);
    close_world(c);
}

static inline void run_case(void **state) {
    oom_case *c = *state;
    c->failed |= FAILED_SHORT;
    if (c->shortage == NEVER) {
        never_needs(c);
    } else {
        if (sweep_allocations(c) == 0) fail_msg("%s: nothing was refused", c->function);
        sweep_objects(c);
    }
    c->failed &= ~FAILED_SHORT;
}

static inline void run_limit(void **state) {
    oom_case *c = *state;
    c->failed |= FAILED_LIMIT;
    sweep_bytes(c);
    c->failed &= ~FAILED_LIMIT;
}

/* Whether a case failed that should not, or the other way round. */
static inline bool surprised(oom_case *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        unsigned expected = cases[i].todo == NULL             ? 0
                            : cases[i].shortage == NEVER ? FAILED_SHORT
                                                         : FAILED_LIMIT;
        if (cases[i].failed != expected) return true;
    }
    return false;
}

static inline int run_cases(oom_case *cases, size_t count) {
    struct CMUnitTest *tests = calloc(2 * count, sizeof *tests);
    char(*names)[200] = calloc(2 * count, sizeof *names);
    if (tests == NULL || names == NULL) return 2;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        oom_case *c = &cases[i];
        const char *mark = c->todo != NULL ? " # TODO " : "", *why = c->todo != NULL ? c->todo : "";
        bool never = c->shortage == NEVER;
        snprintf(names[n], sizeof *names, "%s (%zu) %s%s%s", c->function, i + 1,
                 never ? "needs no memory" : "refused leaves no trace", never ? mark : "",
                 never ? why : "");
        tests[n] = (struct CMUnitTest){names[n], run_case, NULL, clean_up, c};
        n++;
        if (never) continue;
        snprintf(names[n], sizeof *names, "%s (%zu) keeps to a limit of bytes%s%s", c->function,
                 i + 1, mark, why);
        tests[n] = (struct CMUnitTest){names[n], run_limit, NULL, clean_up, c};
        n++;
    }
    cmocka_set_message_output(CM_OUTPUT_TAP);
    (void)_cmocka_run_group_tests("oom", tests, n, NULL, NULL);
    free(tests);
    free(names);
    return surprised(cases, count);
}

#endif
