/* SPDX-License-Identifier: MIT */
/* Real: opens and closes the heap, and follows the trace: each finalizer, callback and question
 * to the holder must be the trace's next step, and then does what the trace says it does. */
#include "real.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../core/alloc.h"

static real *real_of(const ouro_object *object) {
    return ouro_heap_user(ouro_object_heap(object));
}

void real_fail(real *r, const char *format, ...) {
    if (r->failed) return;
    r->failed = r->open = true;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(r->why, sizeof r->why, format, arguments);
    va_end(arguments);
}

int real_number(const ouro_object *object) {
    return object != NULL ? (int)ouro_object_tag(object) - 1 : NOBODY;
}

/* ---- the view ---------------------------------------------------------------------------- */

static const ouro_object *target_of(const ouro_object *object) {
    if (ouro_is_weak(object)) return ouro_weak_get(object);
    return ouro_is_finalize(object) ? ouro_finalize_target(object) : NULL;
}

static bool add_to_view(ouro_object *object, void *context) {
    uint64_t *view = context;
    int number = real_number(object), target = real_number(target_of(object));
    if (number == NOBODY || number == CLASS_OPEN) return true;
    int entries = (int)ouro_weak_dict_count(object);
    *view += view_of_object(number, ouro_object_count(object), target, entries);
    return true;
}

uint64_t real_view(real *r) {
    uint64_t view = 1;
    ouro_heap_each(r->heap, true, add_to_view, &view);
    return view != 0 ? view : 1;
}

typedef struct seeing {
    bool *vanished;
    long litter;
} seeing;

static bool note_seen(ouro_object *object, void *context) {
    seeing *s = context;
    int number = real_number(object);
    if (number == NOBODY) s->litter += !ouro_object_is_dying(object);
    else s->vanished[number] = s->vanished[number] && ouro_object_is_dying(object);
    return true;
}

/* ---- following --------------------------------------------------------------------------- */

static const char *describe(const step *s, char *text, size_t size) {
    static const char *const names[] = {"the finalizer of n%d", "the callback of n%d",
                                        "the holder is asked",  "an act of n%d",
                                        "the end of n%d",       "a collection that found %d",
                                        "anything"};
    snprintf(text, size, names[s->kind], s->n);
    return text;
}

const step *real_follow(real *r, step_kind kind, int n) {
    if (r->open) return NULL;
    char expected[80] = "nothing more", got[80];
    const step wanted = {.kind = (uint8_t)kind, .n = (int16_t)n};
    const step *s = r->position < r->trace->count ? &r->trace->steps[r->position] : NULL;
    if (s != NULL && s->kind == STEP_OPEN) {
        r->open = true;
        return NULL;
    }
    if (s == NULL || s->kind != kind || s->n != n) {
        if (s != NULL) describe(s, expected, sizeof expected);
        real_fail(r, "step %d: expected %s, but there came %s", r->position, expected,
                  describe(&wanted, got, sizeof got));
        return NULL;
    }
    r->position++;
    return s;
}

static void play(real *r, int n) {
    while (!r->open && r->position < r->trace->count &&
           r->trace->steps[r->position].kind == STEP_ACT)
        real_act(r, &r->trace->steps[r->position++].act, NULL, 0);
    real_follow(r, STEP_END, n);
}

void real_vanished(real *r, const model *m, bool vanished[NUMBERS], long *ret_litter) {
    for (int n = 0; n < NUMBERS; n++)
        vanished[n] = m->objects[n].alive && n != CLASS_OPEN && n != GARBAGE;
    seeing s = {vanished, 0};
    ouro_heap_each(r->heap, true, note_seen, &s);
    *ret_litter = s.litter;
}

/* What dies now has to be something that the model would let die. */
static void ask_for_trace(real *r) {
    bool vanished[NUMBERS];
    long litter;
    real_vanished(r, r->model, vanished, &litter);
    r->predict(r->predict_context, vanished);
}

void real_last_words(real *r, step_kind kind, int n) {
    if (r->blind && !r->open && r->position == r->trace->count) ask_for_trace(r);
    const step *s = real_follow(r, kind, n);
    if (s == NULL) return;
    if (s->view != 0 && s->view != real_view(r)) {
        char text[80];
        real_fail(r, "step %d: when %s runs, a count or a weak reference is not as expected",
                  r->position - 1, describe(s, text, sizeof text));
        return;
    }
    play(r, n);
}

static void settle(void *user, ouro_heap *heap, ouro_settle_reason reason) {
    (void)heap;
    (void)reason;
    real *r = user;
    if (r->blind) return;
    bool finds = !r->open && r->position < r->trace->count &&
                 r->trace->steps[r->position].kind == STEP_SETTLE;
    if (!finds) return; /* to be asked once more than needed does no harm */
    if (real_follow(r, STEP_SETTLE, NOBODY) != NULL) play(r, NOBODY);
}

void real_finalize(ouro_object *object) {
    real_last_words(real_of(object), STEP_FINALIZE, real_number(object));
}

/* ---- an embedder's types ----------------------------------------------------------------- */

typedef struct own {
    ouro_object header;
    ouro_value ref[3];
} own;

static own *own_of(ouro_object *object) {
    return (own *)(void *)object;
}

static void traverse_own(ouro_object *object, ouro_visit_fn visit, void *context) {
    for (int i = 0; i < 3; i++)
        if (ouro_value_is_object(own_of(object)->ref[i]))
            visit(ouro_value_object(own_of(object)->ref[i]), context);
}

static bool refs_of_own(ouro_object *object, ouro_ref_fn each, void *context) {
    for (size_t i = 0; i < 3; i++) {
        ouro_label label = {.kind = OURO_LABEL_INDEX, .index = i + 1};
        if (!each(&label, own_of(object)->ref[i], context)) return false;
    }
    return true;
}

static void clear_own(ouro_object *object) {
    for (int i = 0; i < 3; i++) ouro_value_store(&own_of(object)->ref[i], OURO_NIL);
}

static void make_types(real *r) {
    ouro_type_spec spec = {.struct_size = sizeof spec,
                           .name = "own",
                           .size = sizeof(own),
                           .traverse = traverse_own,
                           .refs = refs_of_own,
                           .clear = clear_own,
                           .finalize = real_finalize};
    MUST(r, ouro_type_new(r->heap, &spec, &r->own));
    spec = (ouro_type_spec){.struct_size = sizeof spec,
                            .name = "item",
                            .size = sizeof(own),
                            .values_offset = offsetof(own, ref),
                            .values_count = 3};
    MUST(r, ouro_type_new(r->heap, &spec, &r->item));
}

/* ---- policies ---------------------------------------------------------------------------- */

/* Those that the model does not know may collect at any safe point. */
int real_policies(pace_kind paces[POLICIES]) {
    const char *name;
    int count = 0;
    for (; count < POLICIES && (name = ouro_policy_at((size_t)count, NULL)) != NULL; count++) {
        paces[count] = PACE_ANY_TIME;
        if (strcmp(name, "refcount") == 0) paces[count] = PACE_NEVER;
        if (strcmp(name, "generational") == 0) paces[count] = PACE_YOUNG_FIRST;
    }
    return count;
}

/* ---- opening and closing ----------------------------------------------------------------- */

static void *count_bytes(void *user, void *pointer, size_t old_size, size_t new_size,
                         size_t align) {
    real *r = user;
    return test_alloc(&r->bytes, false, pointer, old_size, new_size, align);
}

static void tag(real *r, int number, ouro_object *object) {
    r->objects[number] = object;
    MUST(r, ouro_object_set_tag(object, (uint64_t)number + 1));
}

static void make_classes(real *r) {
    static const char *const slots[] = {"a", "b", "c"};
    ouro_object *cls, *bag;
    MUST(r, ouro_class_new(r->heap, "Node", slots, 3, NULL, &cls));
    MUST(r, ouro_class_set_finalizer(cls, real_finalize));
    tag(r, CLASS_NODE, cls);
    MUST(r, ouro_class_new(r->heap, "Plain", slots, 3, NULL, &cls));
    tag(r, CLASS_PLAIN, cls);
    MUST(r, ouro_class_new(r->heap, "Bag", NULL, 0, NULL, &cls));
    MUST(r, ouro_class_set_finalizer(cls, real_finalize));
    tag(r, CLASS_BAG, cls);
    MUST(r, ouro_bag_new(r->heap, &bag));
    tag(r, CLASS_OPEN, ouro_record_class(bag));
    ouro_release(bag);
    MUST(r, ouro_garbage(r->heap, &r->objects[GARBAGE]));
}

void real_open(real *r, const trace *t) {
    memset(r, 0, sizeof *r);
    r->trace = t;
    r->paced = true;
    while (ouro_policy_at(r->policies, NULL) != NULL) r->policies++;
    ouro_heap_options options = {.struct_size = sizeof options,
                                 .user = r,
                                 .alloc = count_bytes,
                                 .settle = settle};
    if (ouro_heap_open(&options, &r->heap) != OURO_OK) {
        real_fail(r, "the heap does not open");
        return;
    }
    make_types(r);
    make_classes(r);
    tag(r, MAIN_FRAME, ouro_frame_main(r->heap));
}

unsigned real_bell(const real *r) {
    return *(const unsigned *)(const void *)r->heap;
}

/* Nothing more is expected; where the order is open, that may be nothing. */
static bool is_over(const real *r) {
    const trace *t = r->trace;
    return r->position == t->count || t->steps[r->position].kind == STEP_OPEN;
}

void real_do(real *r, const op *o, unsigned bell) {
    r->position = 0;
    r->deaths_heard = r->resurrections_heard = 0;
    r->refused = false;
    real_act(r, &o->act, o, bell);
    r->starved = false;
    if (!r->open && !is_over(r)) {
        char text[80];
        real_fail(r, "step %d: expected %s, but there came nothing more", r->position,
                  describe(&r->trace->steps[r->position], text, sizeof text));
    }
}

void real_close(real *r, int leaked) {
    size_t left = 0;
    r->position = 0;
    ouro_listen(r->heap, 0, NULL, NULL);
    ouro_status status = ouro_heap_shut(r->heap, &left);
    if (status != OURO_OK) real_fail(r, "ouro_heap_shut: %s", ouro_heap_message(r->heap));
    if (!r->open && !is_over(r)) {
        char text[80];
        real_fail(r, "the close, step %d: expected %s, but there came nothing more", r->position,
                  describe(&r->trace->steps[r->position], text, sizeof text));
    }
    if (!r->open && left != (size_t)leaked)
        real_fail(r, "the close leaves %zu objects, expected %d", left, leaked);
    MUST(r, ouro_heap_close(r->heap));
    if (r->bytes != 0) real_fail(r, "%zu bytes were not given back", r->bytes);
}
