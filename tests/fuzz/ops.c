/* SPDX-License-Identifier: MIT */
/* Ops: a byte string as a sequence of operations of the C interface on objects of five kinds,
 * done to a heap and to the model of liveness.h. After each, the two must agree on who lives,
 * all counts, weak references, finalizers and callbacks; any operation may be refused for want
 * of memory, and then nothing has happened. Aborts when something is off. */
#include <ouro.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/alloc.h"
#include "liveness.h"

typedef enum kind { SLOTTED, FINALIZED, LIST, DICT, BAG, KINDS } kind;

typedef struct fuzz {
    const uint8_t *bytes;
    size_t left;
    ouro_heap *heap;
    size_t allocated, countdown; /* the allocation at which it gets to 0 is refused */
    bool refused;
    ouro_object *classes[2];
    ouro_object *object[OBJECTS], *weak[OBJECTS];
    kind kinds[OBJECTS];
    int names[OBJECTS], pins[OBJECTS];
    liveness m;
    size_t watched_deaths, callbacks, finalizers;
} fuzz;

static const char *const letters[EDGES] = {"a", "b", "c", "d"};

#define MUST(condition)                                                                      \
    do {                                                                                     \
        if (!(condition)) give_up(__LINE__, #condition);                                     \
    } while (0)

static void give_up(int line, const char *what) {
    fprintf(stderr, "ops.c:%d: not so: %s\n", line, what);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void *refusing_alloc(void *user, void *pointer, size_t old_size, size_t new_size,
                            size_t align) {
    fuzz *f = user;
    bool refuse = new_size != 0 && f->countdown != 0 && --f->countdown == 0;
    f->refused = f->refused || refuse;
    return test_alloc(&f->allocated, refuse, pointer, old_size, new_size, align);
}

static unsigned next(fuzz *f, unsigned below) {
    if (f->left == 0) return 0;
    f->left--;
    return *f->bytes++ % below;
}

/* Whether it went well; it may only fail for want of memory, and if that was refused. */
static bool done(const fuzz *f, ouro_status status) {
    if (status == OURO_OK) return true;
    MUST(status == OURO_E_NOMEM && f->refused);
    MUST(ouro_heap_message(f->heap)[0] != '\0');
    return false;
}

static int pick(fuzz *f) {
    int start = (int)next(f, OBJECTS);
    for (int i = 0; i < OBJECTS; i++) {
        int at = (start + i) % OBJECTS;
        if (f->m.alive[at]) return at;
    }
    return NONE;
}

static int vacant(const fuzz *f) {
    for (int i = 0; i < OBJECTS; i++)
        if (!f->m.alive[i]) return i;
    return NONE;
}

static void finalize(ouro_object *object) {
    fuzz *f = ouro_heap_user(ouro_object_heap(object));
    f->finalizers++;
    for (int i = 0; i < OBJECTS; i++) {
        if (!f->m.alive[i] || f->object[i] != object) continue;
        if (f->weak[i] != NULL) MUST(ouro_weak_get(f->weak[i]) == object);
        /* The model takes its turn after the heap: what it is to bring back is still known. */
        if (f->m.to_resurrect == i) ouro_retain(object);
    }
}

static void call_back(ouro_object *watcher, ouro_value argument) {
    fuzz *f = ouro_heap_user(ouro_object_heap(watcher));
    MUST(ouro_value_is_small(argument));
    if (ouro_is_weak(watcher)) MUST(ouro_weak_get(watcher) == NULL);
    f->callbacks++;
}

/* ---- operations -------------------------------------------------------------------------- */

static ouro_status make(fuzz *f, kind what, ouro_object **ret_object) {
    static const ouro_value nils[EDGES] = {{0}};
    switch (what) {
    case LIST: return ouro_list_new(f->heap, nils, EDGES, ret_object);
    case DICT: return ouro_dict_new(f->heap, ret_object);
    case BAG: return ouro_bag_new(f->heap, ret_object);
    default: return ouro_record_new(f->heap, f->classes[what == FINALIZED], ret_object);
    }
}

static void add(fuzz *f, int i, kind what, ouro_object *object) {
    if (f->weak[i] != NULL) ouro_release(f->weak[i]);
    f->weak[i] = NULL;
    f->object[i] = object;
    f->kinds[i] = what;
    f->m.alive[i] = true;
    f->m.held[i] = f->m.finalized[i] = false;
    f->m.finalizable[i] = what == FINALIZED;
    f->m.owned[i] = 1;
    f->names[i] = f->pins[i] = 0;
    for (int k = 0; k < EDGES; k++) f->m.edge[i][k] = NONE;
}

static void op_make(fuzz *f) {
    ouro_object *object;
    int i = vacant(f);
    kind what = (kind)next(f, KINDS);
    bool watched = next(f, 2);
    if (i == NONE || !done(f, make(f, what, &object))) return;
    add(f, i, what, object);
    if (watched &&
        !done(f, ouro_weak_new(object, call_back, ouro_value_of_small(i), &f->weak[i])))
        f->weak[i] = NULL;
}

static void op_copy(fuzz *f) {
    ouro_object *object;
    int from = pick(f), i = vacant(f);
    if (from == NONE || i == NONE || !done(f, ouro_object_copy(f->object[from], &object))) return;
    add(f, i, f->kinds[from], object);
    memcpy(f->m.edge[i], f->m.edge[from], sizeof f->m.edge[i]);
}

static ouro_status store(fuzz *f, int from, int k, ouro_value v) {
    ouro_object *object = f->object[from];
    ouro_status status = OURO_OK;
    switch (f->kinds[from]) {
    case LIST: return ouro_list_set(object, (size_t)k, v);
    case DICT:
        if (!ouro_value_is_nil(v)) return ouro_dict_set(object, ouro_value_of_small(k), v);
        status = ouro_dict_remove(object, ouro_value_of_small(k));
        MUST((status == OURO_OK) == (f->m.edge[from][k] != NONE));
        return OURO_OK;
    case BAG: return ouro_record_set(object, letters[k], 1, v);
    default: ouro_record_set_slot(object, (size_t)k, v); return OURO_OK;
    }
}

static void op_link(fuzz *f) {
    int from = pick(f), k = (int)next(f, EDGES), to = pick(f);
    if (from == NONE || to == NONE) return;
    if (done(f, store(f, from, k, ouro_value_of_object(f->object[to]))))
        set_edge(&f->m, from, k, to);
}

static void op_unlink(fuzz *f) {
    int from = pick(f), k = (int)next(f, EDGES);
    if (from != NONE && done(f, store(f, from, k, OURO_NIL))) set_edge(&f->m, from, k, NONE);
}

/* References that are neither pins nor names. */
static int plainly_owned(const fuzz *f, int i) {
    return f->m.owned[i] - f->names[i] - f->pins[i];
}

static void op_retain(fuzz *f) {
    int i = pick(f);
    if (i == NONE) return;
    ouro_retain(f->object[i]);
    f->m.owned[i]++;
}

static void op_release(fuzz *f) {
    int i = pick(f);
    if (i == NONE || plainly_owned(f, i) == 0) return;
    ouro_release(f->object[i]);
    f->m.owned[i]--;
    let_go(&f->m, i);
}

static void op_hold(fuzz *f) {
    int i = pick(f);
    bool held = next(f, 2);
    if (i == NONE) return;
    if (held) ouro_object_hold(f->object[i]);
    else ouro_object_unhold(f->object[i]);
    f->m.held[i] = held;
    let_go(&f->m, i);
}

static void op_pin(fuzz *f) {
    int i = pick(f);
    if (i == NONE || !done(f, ouro_object_pin(f->object[i]))) return;
    f->m.owned[i]++;
    f->pins[i]++;
}

static void op_unpin(fuzz *f) {
    int i = pick(f);
    if (i == NONE) return;
    ouro_status status = ouro_object_unpin(f->object[i]);
    MUST(status == (f->pins[i] > 0 ? OURO_OK : OURO_E_VALUE));
    if (f->pins[i] == 0) return;
    f->pins[i]--;
    f->m.owned[i]--;
    let_go(&f->m, i);
}

static void name_of(int i, char name[4]) {
    snprintf(name, 4, "n%d", i);
}

static void op_name(fuzz *f) {
    char name[4];
    int i = pick(f);
    if (i == NONE) return;
    name_of(i, name);
    if (!done(f, ouro_frame_set(ouro_frame_main(f->heap), name, strlen(name),
                                ouro_value_of_object(f->object[i]))))
        return;
    if (f->names[i]++ == 0) f->m.owned[i]++;
    f->names[i] = 1;
}

static void op_unname(fuzz *f) {
    char name[4];
    int i = pick(f);
    if (i == NONE) return;
    name_of(i, name);
    ouro_status status = ouro_frame_unset(ouro_frame_main(f->heap), name, strlen(name));
    MUST(status == (f->names[i] > 0 ? OURO_OK : OURO_E_KEY));
    if (f->names[i] == 0) return;
    f->names[i] = 0;
    f->m.owned[i]--;
    let_go(&f->m, i);
}

static void op_collect(fuzz *f) {
    size_t found = 99;
    MUST(ouro_collect(f->heap, 2, &found) == OURO_OK);
    MUST(found == collect_all(&f->m));
}

/* A young collection takes some of the garbage, and the full one after it the rest. */
static void op_collect_young(fuzz *f) {
    size_t young = 99, rest = 99;
    if (f->m.to_resurrect != NONE) return;
    MUST(ouro_collect(f->heap, (int)next(f, 2), &young) == OURO_OK);
    MUST(ouro_collect(f->heap, 2, &rest) == OURO_OK);
    MUST(young + rest == collect_all(&f->m));
}

static void op_clear(fuzz *f) {
    int i = pick(f);
    if (i == NONE) return;
    /* clear retains the object while it runs. */
    ouro_object_clear(f->object[i]);
    f->m.owned[i]++;
    for (int k = 0; k < EDGES; k++) set_edge(&f->m, i, k, NONE);
    f->m.owned[i]--;
    let_go(&f->m, i);
    f->countdown = 0;
    for (int k = 0; k < EDGES && f->m.alive[i] && f->kinds[i] == LIST; k++)
        MUST(ouro_list_append(f->object[i], OURO_NIL) == OURO_OK);
}

static void op_id(fuzz *f) {
    uint64_t id = 0, known;
    int i = pick(f);
    if (i == NONE) return;
    known = ouro_object_known_id(f->object[i]);
    if (!done(f, ouro_object_id(f->object[i], &id))) return;
    MUST(id != 0 && (known == 0 || known == id));
    MUST(ouro_object_by_id(f->heap, id) == f->object[i]);
}

static void op_policy(fuzz *f) {
    size_t count = 0;
    while (ouro_policy_at(count, NULL) != NULL) count++;
    MUST(ouro_policy_set(f->heap, ouro_policy_at(next(f, (unsigned)count), NULL)) == OURO_OK);
}

static void op_resurrect(fuzz *f) {
    int i = pick(f);
    bool may = i != NONE && f->m.finalizable[i] && !f->m.finalized[i];
    f->m.to_resurrect = may ? i : NONE;
}

static void op_refuse(fuzz *f) {
    f->countdown = next(f, 4) + 1;
}

static void op_freeze(fuzz *f) {
    ouro_freeze(f->heap);
    MUST(ouro_frozen(f->heap) > 0);
    ouro_unfreeze(f->heap);
    MUST(ouro_frozen(f->heap) == 0);
}

static void op_finalize(fuzz *f) {
    ouro_object *record;
    ouro_value argument;
    int i = pick(f);
    if (i == NONE) return;
    if (!done(f, ouro_finalize_new(f->object[i], call_back, ouro_value_of_small(i), &record)))
        return;
    MUST(ouro_finalize_target(record) == f->object[i]);
    MUST(ouro_finalize_detach(record, &argument) == OURO_OK);
    MUST(ouro_value_same(argument, ouro_value_of_small(i)));
    ouro_release(record);
}

static bool count_member(ouro_object *const *members, size_t count, bool garbage,
                         void *context) {
    (void)members;
    if (garbage) *(size_t *)context += count;
    return true;
}

static void op_look(fuzz *f) {
    size_t cyclic = 0;
    bool equal = false;
    int a = pick(f), b = pick(f);
    done(f, ouro_heap_cycles(f->heap, count_member, &cyclic));
    if (a == NONE || b == NONE) return;
    ouro_value x = ouro_value_of_object(f->object[a]), y = ouro_value_of_object(f->object[b]);
    if (done(f, ouro_value_equal(f->heap, x, y, &equal))) MUST(equal || a != b);
    ouro_text text = {.heap = f->heap};
    done(f, ouro_repr(f->heap, x, NULL, &text));
    ouro_text_free(&text);
}

/* ---- comparing --------------------------------------------------------------------------- */

static void compare(fuzz *f, const liveness *before) {
    size_t objects = 2, dead_watched = 0; /* two classes */
    for (int i = 0; i < OBJECTS; i++) {
        objects += (size_t)f->m.alive[i] + (size_t)(f->weak[i] != NULL);
        if (f->weak[i] != NULL)
            MUST(ouro_weak_get(f->weak[i]) == (f->m.alive[i] ? f->object[i] : NULL));
        if (f->m.alive[i]) {
            MUST(ouro_object_count(f->object[i]) == (uint32_t)count_of(&f->m, i));
            MUST(ouro_object_is_finalized(f->object[i]) == f->m.finalized[i]);
            MUST(!ouro_object_is_dying(f->object[i]));
        }
        dead_watched += before->alive[i] && !f->m.alive[i] && f->weak[i] != NULL;
    }
    MUST(ouro_heap_live(f->heap) == objects);
    MUST(f->finalizers == f->m.finalizers);
    f->watched_deaths += dead_watched;
    MUST(f->callbacks == f->watched_deaths);
}

static void check(fuzz *f) {
    const char *message = "";
    f->countdown = 0;
    if (ouro_heap_check(f->heap, &message) == OURO_OK) return;
    give_up(__LINE__, message);
}

static void (*const operations[])(fuzz *f) = {
    op_make,   op_make,  op_make,    op_link,          op_link,  op_link,   op_link,
    op_unlink, op_copy,  op_retain,  op_release,       op_release, op_release, op_hold,
    op_pin,    op_unpin, op_name,    op_unname,        op_collect, op_collect_young, op_clear,
    op_id,     op_policy, op_resurrect, op_refuse,     op_refuse, op_freeze, op_finalize,
    op_look};

static void open_heap(fuzz *f) {
    ouro_heap_options options = {
        .struct_size = sizeof options, .user = f, .alloc = refusing_alloc};
    MUST(ouro_heap_open(&options, &f->heap) == OURO_OK);
    for (int i = 0; i < 2; i++)
        MUST(ouro_class_new(f->heap, i ? "Finalized" : "Slotted", letters, EDGES, NULL,
                            &f->classes[i]) == OURO_OK);
    MUST(ouro_class_set_finalizer(f->classes[1], finalize) == OURO_OK);
    f->m.to_resurrect = NONE;
}

static void close_heap(fuzz *f) {
    size_t leaked = 99;
    check(f);
    f->m.to_resurrect = NONE;
    for (int i = 0; i < OBJECTS; i++) {
        if (f->weak[i] != NULL) ouro_release(f->weak[i]);
        f->weak[i] = NULL;
        for (; f->m.alive[i] && f->pins[i] > 0; f->pins[i]--, f->m.owned[i]--)
            MUST(ouro_object_unpin(f->object[i]) == OURO_OK);
        int owned = f->m.alive[i] ? f->m.owned[i] - f->names[i] : 0;
        for (; owned > 0; owned--) {
            f->m.owned[i]--;
            ouro_release(f->object[i]);
            let_go(&f->m, i);
        }
    }
    for (int i = 0; i < 2; i++) ouro_release(f->classes[i]);
    MUST(ouro_heap_shut(f->heap, &leaked) == OURO_OK);
    MUST(leaked == 0);
    MUST(ouro_heap_close(f->heap) == OURO_OK);
    MUST(f->allocated == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    fuzz f = {.bytes = bytes, .left = size < 1000 ? size : 1000};
    open_heap(&f);
    for (unsigned step = 1; f.left > 0; step++) {
        liveness before = f.m;
        unsigned what = next(&f, sizeof operations / sizeof *operations);
        f.refused = false;
        operations[what](&f);
        /* A refusal that was asked for comes in the operation after. */
        if (operations[what] != op_refuse) f.countdown = 0;
        compare(&f, &before);
        if (step % 8 == 0) check(&f);
    }
    close_heap(&f);
    return 0;
}
