/* SPDX-License-Identifier: MIT */
/* Oom of the heap: every function of heap.h, type.h, object.h, weak.h, collect.h and inspect.h
 * that returns a status, short of memory. See oom.c. */
#include "oom.h"

/* ---- type.h, object.h -------------------------------------------------------------------- */

static ouro_status type_new(world *w) {
    ouro_type_spec spec = {.struct_size = sizeof spec, .name = "another",
                           .size = sizeof(ouro_object)};
    ouro_type *type;
    return ouro_type_new(w->heap, &spec, &type);
}

/* To the brim: the table of types has just doubled when making one takes two allocations. */
static void fill_types(world *w) {
    size_t before;
    do {
        before = w->calls;
        OK(type_new(w));
    } while (w->calls == before + 1);
    for (int i = 0; i < 31 - FILLERS; i++) OK(type_new(w));
}

static ouro_status object_new(world *w) {
    return ouro_object_new(w->heap, w->type, 0, &w->object);
}

static ouro_status object_new_large(world *w) {
    return ouro_object_new(w->heap, w->type, 100000, &w->object);
}

static ouro_status object_pin(world *w) {
    return ouro_object_pin(w->list);
}

static void unpin(world *w) {
    OK(ouro_object_unpin(w->list));
}

static void pin(world *w) {
    OK(ouro_object_pin(w->list));
}

static ouro_status object_unpin(world *w) {
    return ouro_object_unpin(w->list);
}

static ouro_status object_set_tag(world *w) {
    return ouro_object_set_tag(w->list, 77);
}

static ouro_status object_id(world *w) {
    return ouro_object_id(w->list, &w->word);
}

/* A refused first asking must not have used up a number. */
static void is_first_id(world *w) {
    assert_int_equal(w->word, 1);
}

/* ---- weak.h ------------------------------------------------------------------------------ */

static ouro_status weak_new(world *w) {
    return ouro_weak_new(w->bag, NULL, of(w->list), &w->object);
}

/* To the brim: the table of watched objects doubles with the next one. */
static void fill_watchers(world *w) {
    ouro_object *watched[] = {w->dict, w->set, w->tuple, w->record, w->slotted, w->deep, w->open};
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) {
        ouro_object *made;
        OK(ouro_weak_new(watched[i], NULL, OURO_NIL, &made));
        OK(ouro_list_append(w->list, of(made)));
        ouro_release(made);
    }
}

static void ignore(ouro_object *record, ouro_value argument) {
    (void)record;
    (void)argument;
}

static ouro_status finalize_new(world *w) {
    return ouro_finalize_new(w->bag, ignore, of(w->list), &w->object);
}

static void make_record(world *w) {
    OK(ouro_finalize_new(w->bag, ignore, of(w->dict), &w->object));
}

static ouro_status finalize_detach(world *w) {
    return ouro_finalize_detach(w->object, NULL);
}

/* ---- heap.h ------------------------------------------------------------------------------ */

static ouro_status heap_open(world *w) {
    ouro_heap_options options = {.struct_size = sizeof options, .user = w, .alloc = world_alloc};
    ouro_status status = ouro_heap_open(&options, &w->other);
    /* There is no heap yet that could keep a message. */
    return status == OURO_OK ? status : ouro_heap_fail(w->heap, status, "no second heap");
}

static ouro_status heap_open_limited(world *w) {
    ouro_heap_options options = {.struct_size = sizeof options, .max_bytes = 1000};
    assert_int_equal(ouro_heap_open(&options, &w->other), OURO_E_LIMIT);
    assert_null(w->other);
    return OURO_OK;
}

static ouro_status heap_resize(world *w) {
    w->buffer = ouro_heap_resize(w->heap, NULL, 0, 100);
    if (w->buffer != NULL) return OURO_OK;
    return strncmp(ouro_heap_message(w->heap), "memory limit", 12) == 0 ? OURO_E_LIMIT
                                                                        : OURO_E_NOMEM;
}

static ouro_status heap_shut(world *w) {
    size_t leaked = 99;
    ouro_status status = ouro_heap_shut(w->heap, &leaked);
    assert_true(leaked > 0); /* the world's own references */
    return status != OURO_OK ? status : ouro_heap_close(w->heap);
}

static ouro_status heap_close(world *w) {
    return ouro_heap_close(w->heap);
}

/* ---- collect.h --------------------------------------------------------------------------- */

static void make_garbage(world *w) {
    ouro_object *ring;
    OK(ouro_build_ring(w->heap, w->slotted, 300, &ring));
    ouro_release(ring);
    OK(ouro_build_ring(w->heap, w->finalized, 20, &ring));
    ouro_release(ring);
}

static ouro_status collect(world *w) {
    size_t found = 0;
    ouro_status status = ouro_collect(w->heap, 2, &found);
    assert_int_equal(found, 320);
    return status;
}

static ouro_status policy_set(world *w) {
    return ouro_policy_set(w->heap, "refcount");
}

static ouro_status garbage(world *w) {
    ouro_object *list = NULL;
    ouro_status status = ouro_garbage(w->heap, &list);
    assert_int_equal(list == NULL, status != OURO_OK);
    return status;
}

/* ---- inspect.h --------------------------------------------------------------------------- */

static ouro_status census(world *w) {
    return ouro_heap_census(w->heap, &w->rows, &w->count);
}

static bool see_group(ouro_object *const *members, size_t count, bool dead, void *context) {
    (void)members;
    (void)dead;
    *(size_t *)context += count;
    return true;
}

static ouro_status cycles(world *w) {
    size_t seen = 0;
    ouro_status status = ouro_heap_cycles(w->heap, see_group, &seen);
    if (status == OURO_OK) assert_in_range(seen, 320, 340);
    return status;
}

static bool see_object(ouro_object *object, void *context) {
    (void)object;
    ++*(size_t *)context;
    return true;
}

static ouro_status leaked(world *w) {
    size_t seen = 0;
    ouro_status status = ouro_heap_leaked(w->heap, see_object, &seen);
    assert_int_equal(seen, 320);
    return status;
}

static ouro_status text_add(world *w) {
    return ouro_text_add(&w->growing, LONG_TEXT, strlen(LONG_TEXT));
}

static void begin_text(world *w) {
    OK(ouro_text_add(&w->growing, "so far ", 7));
}

static ouro_status repr(world *w) {
    return ouro_repr(w->heap, of(w->deep), NULL, &w->growing);
}

static void is_whole(world *w) {
    if (strncmp(w->growing.bytes, "so far [[1, (2, ", 16) != 0) fail_msg("%s", w->growing.bytes);
}

static ouro_status check(world *w) {
    return ouro_heap_check(w->heap, NULL);
}

static ouro_status heap_fail(world *w) {
    assert_int_equal(ouro_heap_fail(w->heap, OURO_E_USER, "%s", "words"), OURO_E_USER);
    assert_string_equal(ouro_heap_message(w->heap), "words");
    return OURO_OK;
}

/* The heap is gone: what the world still has to give back is its own memory. */
static void forget_heap(world *w) {
    w->heap = NULL;
    assert_int_equal(w->bytes, 0);
}

int main(void) {
    oom_case cases[] = {
        {"ouro_type_new", type_new, NEEDS, NULL, NULL, NULL, 0, NULL},
        {"ouro_type_new", type_new, NEEDS, fill_types, NULL, NULL, 0, NULL},
        {"ouro_object_new", object_new, NEEDS, NULL, NULL, NULL, 0, NULL},
        {"ouro_object_new", object_new_large, NEEDS, NULL, NULL, NULL, 0, NULL},
        {"ouro_object_pin", object_pin, NEEDS, NULL, unpin, NULL, 0, NULL},
        {"ouro_object_unpin", object_unpin, NEVER, pin, NULL, NULL, 0, NULL},
        {"ouro_object_set_tag", object_set_tag, NEEDS, NULL, NULL, NULL, 0, NULL},
        {"ouro_object_id", object_id, NEEDS, NULL, is_first_id, NULL, 0, NULL},
        {"ouro_weak_new", weak_new, NEEDS, NULL, NULL, NULL, 0, NULL},
        {"ouro_finalize_new", finalize_new, NEEDS, NULL, NULL, NULL, 0, NULL},
        {"ouro_finalize_detach", finalize_detach, NEVER, make_record, NULL, NULL, 0, NULL},
        {"ouro_weak_new", weak_new, NEEDS, fill_watchers, NULL, NULL, 0, NULL},
        {"ouro_finalize_new", finalize_new, NEEDS, fill_watchers, NULL, NULL, 0, NULL},
        {"ouro_heap_open", heap_open, NEEDS, NULL, NULL, NULL, 0, NULL},
        {"ouro_heap_open", heap_open_limited, NEVER, NULL, NULL, NULL, 0, NULL},
        {"ouro_heap_resize", heap_resize, NEEDS, NULL, NULL, NULL, 0, NULL},
        {"ouro_heap_shut", heap_shut, NEVER, make_garbage, forget_heap, NULL, 0, NULL},
        {"ouro_heap_close", heap_close, NEVER, make_garbage, forget_heap, NULL, 0, NULL},
        {"ouro_heap_fail", heap_fail, NEVER, NULL, NULL, NULL, 0, NULL},
        {"ouro_collect", collect, NEVER, make_garbage, NULL, NULL, 0, NULL},
        {"ouro_policy_set", policy_set, NEVER, NULL, NULL, NULL, 0, NULL},
        {"ouro_garbage", garbage, NEEDS, NULL, NULL, NULL, 0, NULL},
        {"ouro_heap_census", census, NEEDS, NULL, NULL, NULL, 0, NULL},
        {"ouro_heap_cycles", cycles, NEEDS, make_garbage, NULL, NULL, 0, NULL},
        {"ouro_heap_leaked", leaked, NEVER, make_garbage, NULL, NULL, 0, NULL},
        {"ouro_text_add", text_add, NEEDS, begin_text, NULL, NULL, 0, NULL},
        {"ouro_repr", repr, NEEDS, begin_text, is_whole, NULL, 0, NULL},
        {"ouro_heap_check", check, NEEDS, NULL, NULL, NULL, 0, NULL},
    };
    return run_cases(cases, sizeof cases / sizeof *cases);
}
