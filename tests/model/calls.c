/* SPDX-License-Identifier: MIT */
/* Calls: each act as a call of the public API. Which acts are possible the model has decided:
 * here every call must succeed. */
#include <stdio.h>

#include "real.h"

static ouro_object *object_at(real *r, int n) {
    return n >= 0 ? r->objects[n] : NULL;
}

static ouro_value value_at(real *r, int n) {
    return ouro_value_of_object(object_at(r, n));
}

static what what_of(real *r, const ouro_object *object) {
    if (ouro_is_list(object)) return A_LIST;
    if (ouro_is_dict(object)) return A_DICT;
    if (ouro_is_set(object)) return A_SET;
    if (ouro_is_class(object)) return A_CLASS;
    if (ouro_is_weak_dict(object)) return A_WEAK_KEYS;
    const ouro_object *cls = ouro_record_class(object);
    if (cls != NULL) return ouro_class_is_open(cls) ? AN_OPEN : A_PLAIN;
    const ouro_type *type = ouro_object_type(object);
    return type == r->own ? AN_OWN : type == r->item ? AN_ITEM : NOTHING;
}

/* ---- names ------------------------------------------------------------------------------- */

static size_t name_of(int k, char name[16]) {
    return (size_t)(k >= OWN_NAME ? snprintf(name, 16, "n%d", k - OWN_NAME)
                                  : snprintf(name, 16, "v%d", k));
}

static ouro_object *frame_of(real *r, int which) {
    return which == 1 ? ouro_frame_at(r->heap, 0) : ouro_frame_main(r->heap);
}

void real_bind(real *r, int which, int name, int value) {
    char text[16];
    size_t length = name_of(name, text);
    ouro_object *frame = frame_of(r, which);
    if (frame == NULL) return;
    bool bound = !ouro_value_same(ouro_frame_get(frame, text, length), OURO_ABSENT);
    if (!bound && ouro_frame_count(frame) >= ROOM) return;
    TRY(r, ouro_frame_set(frame, text, length, value_at(r, value)));
}

static void unbind(real *r, int which, int name) {
    char text[16];
    MUST(r, ouro_frame_unset(frame_of(r, which), text, name_of(name, text)));
}

/* ---- fields ------------------------------------------------------------------------------ */

/* The slots of a record and the references of the test's own types begin at the same place. */
static void set_slot(ouro_object *object, int k, ouro_value v) {
    ouro_record_set_slot(object, (size_t)k % 3, v);
}

static size_t length_of(ouro_object *list) {
    const ouro_value *items;
    size_t count = 0;
    return ouro_sequence_items(list, &items, &count) == OURO_OK ? count : 0;
}

static void set_field(real *r, const act *a) {
    ouro_object *object = object_at(r, a->a);
    ouro_value v = value_at(r, a->b);
    char name[] = {(char)('a' + a->k % 4), '\0'};
    switch (what_of(r, object)) {
    case A_LIST:
        MUST(r, ouro_list_set(object, (size_t)a->k % length_of(object), v));
        break;
    case A_DICT: TRY(r, ouro_dict_set(object, ouro_value_of_small(a->k % 4), v)); break;
    case A_SET: TRY(r, ouro_set_add(object, v)); break;
    case AN_OPEN: TRY(r, ouro_record_set(object, name, 1, v)); break;
    case A_CLASS: TRY(r, ouro_class_set(object, name, 1, v)); break;
    default: set_slot(object, a->k, v);
    }
}

static ouro_value key_at(real *r, ouro_object *table, int index) {
    ouro_cursor cursor = {0};
    ouro_value key = OURO_ABSENT;
    for (int i = 0; i <= index; i++) MUST(r, ouro_entries_next(table, &cursor, &key, NULL));
    return key;
}

static ouro_value watched_at(real *r, ouro_object *table, int index) {
    ouro_cursor cursor = {0};
    ouro_value key = OURO_ABSENT;
    for (int i = 0; i <= index; i++) MUST(r, ouro_weak_dict_next(table, &cursor, &key, NULL));
    return key;
}

static void watch(real *r, const act *a) {
    ouro_object *table = object_at(r, a->a);
    ouro_value key = value_at(r, a->b), v = OURO_TRUE;
    if (ouro_weak_dict_kind(table) == OURO_WEAK_VALUES) {
        v = key;
        key = is_object_key(a->k) ? value_at(r, a->k) : ouro_value_of_small(a->k & 3);
    } else if (ouro_weak_dict_kind(table) == OURO_WEAK_KEYS && a->k != NOBODY) {
        v = value_at(r, a->k);
    }
    TRY(r, ouro_weak_dict_set(table, key, v));
}

static void unset_field(real *r, const act *a) {
    ouro_object *object = object_at(r, a->a);
    char name[] = {(char)('a' + a->k % 4), '\0'};
    switch (what_of(r, object)) {
    case A_LIST:
        MUST(r, ouro_list_remove(object, (size_t)a->k % length_of(object), 1));
        break;
    case A_DICT:
        MUST(r, ouro_dict_remove(object,
                                 key_at(r, object, a->k % (int)ouro_dict_count(object))));
        break;
    case A_SET:
        MUST(r, ouro_set_remove(object, key_at(r, object, a->k % (int)ouro_set_count(object))));
        break;
    case AN_OPEN: MUST(r, ouro_record_set(object, name, 1, OURO_NIL)); break;
    case A_CLASS: MUST(r, ouro_class_set(object, name, 1, OURO_NIL)); break;
    case A_WEAK_KEYS:
        MUST(r, ouro_weak_dict_remove(
                    object, watched_at(r, object, a->k % (int)ouro_weak_dict_count(object))));
        break;
    default: set_slot(object, a->k, OURO_NIL);
    }
}

static void change_list(real *r, const act *a) {
    ouro_object *list = object_at(r, a->a);
    size_t length = length_of(list), k = (size_t)a->k;
    ouro_value v = OURO_NIL;
    if (a->kind == OP_INSERT) {
        TRY(r, ouro_list_insert(list, k % (length + 1), value_at(r, a->b)));
    } else if (a->kind == OP_REVERSE) {
        MUST(r, ouro_list_reverse(list));
    } else if (a->kind == OP_POP) {
        MUST(r, ouro_list_pop(list, k % length, &v));
        ouro_value_release(v);
    } else {
        size_t first = k % length, count = k % 3 + 1;
        if (count > length - first) count = length - first;
        MUST(r, ouro_list_remove(list, first, count));
    }
}

static void change(real *r, const act *a) {
    ouro_object *object = object_at(r, a->a);
    ouro_retain(object);
    switch (a->kind) {
    case OP_SET: set_field(r, a); break;
    case OP_UNSET: unset_field(r, a); break;
    case OP_KEY:
        TRY(r, ouro_dict_set(object, value_at(r, a->b),
                              a->k % 2 ? value_at(r, a->b) : OURO_TRUE));
        break;
    case OP_WATCH: watch(r, a); break;
    case OP_CLEAR: ouro_object_clear(object); break;
    case OP_DETACH: MUST(r, ouro_finalize_detach(object, NULL)); break;
    default: change_list(r, a);
    }
    ouro_release(object);
}

/* ---- roots ------------------------------------------------------------------------------- */

static void push(real *r, const act *a) {
    ouro_object *frame = NULL;
    MUST(r, ouro_frame_new(r->heap, "f", &frame));
    if (frame == NULL) return;
    if (TRY(r, ouro_frame_push(r->heap, frame))) real_enter(r, a->number, frame);
    ouro_release(frame);
}

/* Out of the list of saved garbage. */
static void take(real *r, const ouro_object *object) {
    ouro_object *list = NULL;
    const ouro_value *items;
    size_t count = 0, i = 0;
    MUST(r, ouro_garbage(r->heap, &list));
    MUST(r, ouro_sequence_items(list, &items, &count));
    while (i < count && ouro_value_object(items[i]) != object) i++;
    MUST(r, ouro_list_remove(list, i, 1));
}

static void change_roots(real *r, const act *a) {
    ouro_object *object = object_at(r, a->a);
    uint64_t id = 0;
    switch (a->kind) {
    case OP_PIN: TRY(r, ouro_object_pin(object)); break;
    case OP_TAKE: take(r, object); break;
    case OP_UNPIN: MUST(r, ouro_object_unpin(object)); break;
    case OP_HOLD: ouro_object_hold(object); break;
    case OP_UNHOLD: ouro_object_unhold(object); break;
    case OP_ATEXIT: ouro_finalize_set_atexit(object, a->k & 1); break;
    case OP_ID:
        MUST(r, ouro_object_id(object, &id));
        if (ouro_object_by_id(r->heap, id) != object)
            real_fail(r, "the id of n%d leads to another object", a->a);
        break;
    default: break; /* OP_LOSE is the holder's affair */
    }
}

/* ---- the collector ----------------------------------------------------------------------- */

static void collect(real *r, int generation) {
    size_t found = 0;
    bool first = !ouro_collect_is_running(r->heap);
    MUST(r, ouro_collect(r->heap, generation, &found));
    r->asked += first;
    r->asked_found += (long)found;
    real_follow(r, STEP_GOT, (int)(found < 30000 ? found : 30000));
}

/* Collections that nobody asked for, and what they found. */
static long count_automatic(const real *r, long *ret_found) {
    ouro_stats stats = {.struct_size = sizeof stats};
    long collections = 0, found = 0;
    ouro_heap_stats(r->heap, &stats);
    for (int g = 0; g < OURO_GENERATIONS; g++) {
        collections += (long)stats.collections[g];
        found += (long)stats.collected[g];
    }
    *ret_found = found - r->asked_found;
    return collections - r->asked;
}

static void safe_point(real *r, unsigned bell) {
    long found_before, found;
    long before = count_automatic(r, &found_before);
    bool enabled = ouro_collect_is_enabled(r->heap);
    if (!r->paced) {
        ouro_safe_point(r->heap);
        return;
    }
    /* A bell that the holder's answer would ring is for the next safe point. */
    bool may = (bell & 4) != 0 && !r->quiet;
    if (!may) ouro_collect_enable(r->heap, false);
    ouro_safe_point(r->heap);
    if (!may) ouro_collect_enable(r->heap, enabled);
    long times = count_automatic(r, &found) - before;
    found -= found_before;
    if (times > 1) real_fail(r, "%ld automatic collections at one safe point", times);
    real_follow(r, STEP_GOT, times == 0 ? -1 : (int)(found < 30000 ? found : 30000));
}

static void litter(real *r, int count) {
    for (int i = 0; i < count; i++) {
        ouro_object *object = NULL;
        MUST(r, ouro_object_new(r->heap, r->item, 0, &object));
        if (object == NULL) return;
        set_slot(object, i, ouro_value_of_object(object));
        ouro_release(object);
    }
}

static void hear(ouro_heap *heap, const ouro_event *event, void *user) {
    (void)heap;
    real *r = user;
    if (event->kind == OURO_EVENT_DEATH) r->deaths_heard++;
    if (event->kind == OURO_EVENT_RESURRECT) r->resurrections_heard++;
}

static void limit(real *r, int k) {
    size_t objects = k % 3 == 1 ? ouro_heap_live(r->heap) + (size_t)k / 3 : 0;
    ouro_heap_set_limits(r->heap, objects, 0, k % 3 == 2 ? ouro_frame_depth(r->heap) : 0);
}

static void manage(real *r, const act *a, unsigned bell) {
    size_t threshold[3] = {(size_t)a->k % 5 * 150, (size_t)a->k % 3 + 1, (size_t)a->k % 4 + 1};
    switch (a->kind) {
    case OP_COLLECT: collect(r, r->paced ? a->k % 3 : 2); break;
    case OP_ENABLE: ouro_collect_enable(r->heap, a->k & 1); break;
    case OP_POLICY:
        MUST(r, ouro_policy_set(r->heap, ouro_policy_at((size_t)a->k % ANY_TIME % r->policies,
                                                        NULL)));
        break;
    case OP_LIMIT: limit(r, a->k); break;
    case OP_SAVEALL: ouro_saveall(r->heap, a->k & 1); break;
    case OP_FREEZE: ouro_freeze(r->heap); break;
    case OP_UNFREEZE: ouro_unfreeze(r->heap); break;
    case OP_THRESHOLD: ouro_threshold_set(r->heap, threshold); break;
    case OP_SAFE_POINT: safe_point(r, bell); break;
    case OP_SETTLE: ouro_settle(r->heap); break;
    case OP_LITTER: litter(r, a->k); break;
    case OP_LISTEN:
        r->listening = a->k & 1;
        ouro_listen(r->heap, (1u << OURO_EVENT_KINDS) - 1, r->listening ? hear : NULL, r);
        break;
    default: real_fail(r, "no such operation: %d", a->kind);
    }
}

void real_act(real *r, const act *a, const op *o, unsigned bell) {
    bool outer = r->limited;
    r->limited = a->refused;
    switch (a->kind) {
    case OP_MAKE:
    case OP_CLASS:
    case OP_INSTANCE:
    case OP_COPY:
    case OP_DEEPCOPY: real_make(r, a, o != NULL ? o->items : 0); break;
    case OP_FINALIZER:
        MUST(r, ouro_class_set_finalizer(object_at(r, a->a), a->k & 1 ? real_finalize : NULL));
        break;
    case OP_SET:
    case OP_UNSET:
    case OP_KEY:
    case OP_WATCH:
    case OP_INSERT:
    case OP_POP:
    case OP_CUT:
    case OP_REVERSE:
    case OP_CLEAR:
    case OP_DETACH: change(r, a); break;
    case OP_BIND: real_bind(r, a->a, a->k % NAMES, a->b); break;
    case OP_UNBIND: unbind(r, a->a, a->k); break;
    case OP_PUSH: push(r, a); break;
    case OP_POP_FRAME: MUST(r, ouro_frame_pop(r->heap, ouro_frame_at(r->heap, 0))); break;
    case OP_PIN:
    case OP_UNPIN:
    case OP_HOLD:
    case OP_UNHOLD:
    case OP_LOSE:
    case OP_ATEXIT:
    case OP_TAKE:
    case OP_ID: change_roots(r, a); break;
    default: manage(r, a, bell);
    }
    r->limited = outer;
}
