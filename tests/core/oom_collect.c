/* SPDX-License-Identifier: MIT */
/* Oom collect: every function of policy.h and collector.h, short of memory (oom.c). */
#include "oom.h"

static ouro_status option(world *w) {
    return ouro_policy_option(w->heap, "incremental", "slice", 1000);
}

static ouro_status work(world *w) {
    ouro_work done;
    return ouro_policy_work(w->heap, "trial", 2, &done);
}

/* ---- a collector ------------------------------------------------------------------------- */

static void paint(ouro_object *child, void *context) {
    ouro_status *status = context;
    (void)child;
    *status = OURO_OK;
}

/* The functions are tried from within: what they return is what the collection does. */
static ouro_status (*tried)(ouro_collection *collection, ouro_object *object);

static ouro_status visit(ouro_collection *collection, ouro_object *object) {
    ouro_status status;
    return ouro_collection_visit(collection, object, paint, &status);
}

static ouro_status subtract(ouro_collection *collection, ouro_object *object) {
    return ouro_collection_subtract(collection, object);
}

static ouro_status add(ouro_collection *collection, ouro_object *object) {
    ouro_status status = ouro_collection_subtract(collection, object);
    return status == OURO_OK ? ouro_collection_add(collection, object) : status;
}

static ouro_status left(ouro_collection *collection, ouro_object *object) {
    uint64_t count = 0;
    ouro_status status = ouro_collection_left(collection, object, &count);
    if (status == OURO_OK) assert_true(count > 0);
    return status;
}

static ouro_status mark(ouro_collection *collection, ouro_object *object) {
    return ouro_collection_mark(collection, object, 3);
}

static ouro_status colour(ouro_collection *collection, ouro_object *object) {
    unsigned number = 7;
    ouro_status status = ouro_collection_colour(collection, object, &number);
    if (status == OURO_OK) assert_int_equal(number, 0);
    return status;
}

static ouro_status claim(ouro_collection *collection, ouro_object *object) {
    ouro_status status = ouro_collection_claim(collection, object);
    /* It lives, so a collection that believed it would be wrong. */
    return status == OURO_OK ? ouro_heap_fail(ouro_collection_heap(collection), OURO_E_CORRUPT,
                                              "claimed")
                             : status;
}

static ouro_status find(ouro_collection *collection, void *user) {
    const world *w = user;
    return tried != NULL ? tried(collection, w->list) : OURO_OK;
}

static ouro_status policy_new(world *w) {
    ouro_collector_spec spec = {.struct_size = sizeof spec,
                                .name = "own",
                                .description = LONG_TEXT,
                                .find = find,
                                .user = w};
    return ouro_policy_new(w->heap, &spec);
}

static void make_own(world *w) {
    OK(policy_new(w));
    OK(ouro_policy_set(w->heap, "own"));
}

#define TRIED(name)                                                                          \
    static void try_##name(world *w) {                                                       \
        tried = name;                                                                        \
        make_own(w);                                                                         \
    }
TRIED(visit)
TRIED(subtract)
TRIED(add)
TRIED(left)
TRIED(mark)
TRIED(colour)
TRIED(claim)

static ouro_status collect(world *w) {
    ouro_status status = ouro_collect(w->heap, 2, NULL);
    return status == OURO_E_CORRUPT && tried == claim ? OURO_OK : status;
}

/* ---- a stepper --------------------------------------------------------------------------- */

static ouro_status step_begin(world *w) {
    return ouro_step_begin(w->heap);
}

static void give_up(world *w) {
    OK(ouro_step_end(w->heap, true, NULL));
}

static void begin(world *w) {
    OK(ouro_step_begin(w->heap));
}

static ouro_status step(world *w) {
    bool more = true;
    ouro_status status = OURO_OK;
    while (more && status == OURO_OK) status = ouro_step(w->heap, false, &more);
    return status;
}

static ouro_status step_end(world *w) {
    return ouro_step_end(w->heap, false, NULL);
}

int main(void) {
    oom_case cases[] = {
        {"ouro_policy_option", option, NEVER, NULL, NULL, NULL, 0, NULL},
        {"ouro_policy_work", work, NEVER, NULL, NULL, NULL, 0, NULL},
        {"ouro_policy_new", policy_new, NEEDS, NULL, NULL, NULL, 0, NULL},
        {"ouro_collection_visit", collect, NEEDS, try_visit, NULL, NULL, 0, NULL},
        {"ouro_collection_subtract", collect, NEEDS, try_subtract, NULL, NULL, 0, NULL},
        {"ouro_collection_add", collect, NEEDS, try_add, NULL, NULL, 0, NULL},
        {"ouro_collection_left", collect, NEEDS, try_left, NULL, NULL, 0, NULL},
        {"ouro_collection_mark", collect, NEEDS, try_mark, NULL, NULL, 0, NULL},
        {"ouro_collection_colour", collect, NEEDS, try_colour, NULL, NULL, 0, NULL},
        {"ouro_collection_claim", collect, NEEDS, try_claim, NULL, NULL, 0, NULL},
        {"ouro_step_begin", step_begin, NEVER, NULL, give_up, NULL, 0, NULL},
        {"ouro_step", step, NEVER, begin, give_up, NULL, 0, NULL},
        {"ouro_step_end", step_end, NEVER, begin, NULL, NULL, 0, NULL},
    };
    return run_cases(cases, sizeof cases / sizeof *cases);
}
