/* SPDX-License-Identifier: MIT */
/* Makes: the acts that make an object, as calls of the public API. Those may be refused: by a
 * limit, as the model says, or for want of memory, which is taken away around one call. */
#include <string.h>

#include "real.h"

/* Memory beyond what the heap has is refused during the call. */
static void starve(real *r, bool on) {
    ouro_stats stats = {.struct_size = sizeof stats};
    size_t objects, frames;
    ouro_heap_stats(r->heap, &stats);
    ouro_heap_limits(r->heap, &objects, NULL, &frames);
    ouro_heap_set_limits(r->heap, objects, on ? (size_t)stats.bytes : 0, frames);
}

void real_try_begin(real *r) {
    if (r->starved) starve(r, true);
}

bool real_try_end(real *r, ouro_status status, const char *call) {
    if (r->starved) starve(r, false);
    bool refused = status == OURO_E_LIMIT || (r->starved && status == OURO_E_NOMEM);
    bool may_be = r->starved || r->limited;
    r->refused |= refused && r->starved;
    r->starved = false; /* the rest of the operation is the test's own */
    if (refused && may_be) return false;
    if (status != OURO_OK) {
        real_fail(r, "%s: %s: %s", call, ouro_status_name(status), ouro_heap_message(r->heap));
    } else if (r->limited) {
        real_fail(r, "%s: beyond the limit, and not refused", call);
    }
    return status == OURO_OK;
}

static ouro_object *object_at(real *r, int n) {
    return n >= 0 ? r->objects[n] : NULL;
}

void real_enter(real *r, int number, ouro_object *made) {
    if (made == NULL) return;
    r->objects[number] = made;
    MUST(r, ouro_object_set_tag(made, (uint64_t)number + 1));
}

/* ---- from nothing ------------------------------------------------------------------------ */

static void call_back(ouro_object *watcher, ouro_value argument) {
    (void)argument;
    real *r = ouro_heap_user(ouro_object_heap(watcher));
    real_last_words(r, STEP_CALLBACK, real_number(watcher));
}

static bool make_watcher(real *r, const act *a, ouro_object **made) {
    ouro_object *target = object_at(r, a->a);
    ouro_value argument = ouro_value_of_object(object_at(r, a->b));
    if (a->what == A_WEAK) return TRY(r, ouro_weak_new(target, NULL, argument, made));
    if (a->what == A_CALLBACK) return TRY(r, ouro_weak_new(target, call_back, argument, made));
    return TRY(r, ouro_finalize_new(target, call_back, argument, made));
}

static bool make(real *r, const act *a, int items, ouro_object **made) {
    ouro_heap *h = r->heap;
    ouro_object *const *classes = r->objects;
    const ouro_value values[2] = {ouro_value_of_object(object_at(r, a->a)),
                                  ouro_value_of_object(object_at(r, a->b))};
    switch ((what)a->what) {
    case A_NODE: return TRY(r, ouro_record_new(h, classes[CLASS_NODE], made));
    case A_PLAIN: return TRY(r, ouro_record_new(h, classes[CLASS_PLAIN], made));
    case A_BAG: return TRY(r, ouro_record_new(h, classes[CLASS_BAG], made));
    case AN_OPEN: return TRY(r, ouro_bag_new(h, made));
    case AN_OWN: return TRY(r, ouro_object_new(h, r->own, 0, made));
    case AN_ITEM: return TRY(r, ouro_object_new(h, r->item, 0, made));
    case A_LIST: return TRY(r, ouro_list_new(h, NULL, 0, made));
    case A_TUPLE: return TRY(r, ouro_tuple_new(h, values, (size_t)items, made));
    case A_DICT: return TRY(r, ouro_dict_new(h, made));
    case A_SET: return TRY(r, ouro_set_new(h, made));
    case A_WEAK_KEYS: return TRY(r, ouro_weak_dict_new(h, OURO_WEAK_KEYS, made));
    case A_WEAK_VALUES: return TRY(r, ouro_weak_dict_new(h, OURO_WEAK_VALUES, made));
    case A_WEAK_SET: return TRY(r, ouro_weak_dict_new(h, OURO_WEAK_SET, made));
    case A_WEAK:
    case A_CALLBACK:
    case A_RECORD: return make_watcher(r, a, made);
    default: real_fail(r, "no such thing can be made: %d", a->what); return false;
    }
}

static void place(real *r, const act *a, ouro_object *made) {
    int where = a->k % WHERES, name = a->k / WHERES % NAMES;
    real_enter(r, a->number, made);
    if (where == HELD || where == TEMPORARY) {
        ouro_object_hand_over(made);
        return;
    }
    if (where == IN_A_NAME) real_bind(r, 1, name, a->number);
    else real_bind(r, 0, OWN_NAME + a->number, a->number);
    ouro_release(made);
}

static void place_in_own_name(real *r, const act *a, ouro_object *made) {
    act placed = *a;
    placed.k = IN_OWN_NAME;
    place(r, &placed, made);
}

/* ---- classes ----------------------------------------------------------------------------- */

static void make_class(real *r, const act *a) {
    static const char *const names[] = {"a", "b", "c"};
    ouro_object *base = object_at(r, a->a), *made = NULL;
    const char *const *slots = a->k & 1 ? NULL : names;
    size_t count = a->k & 1 || base != NULL ? 0 : 3;
    if (!TRY(r, ouro_class_new(r->heap, "Class", slots, count, base, &made))) return;
    if (a->k & 2) MUST(r, ouro_class_set_finalizer(made, real_finalize));
    place_in_own_name(r, a, made);
}

static void make_instance(real *r, const act *a) {
    ouro_object *made = NULL;
    if (TRY(r, ouro_record_new(r->heap, object_at(r, a->a), &made))) place(r, a, made);
}

/* ---- copies ------------------------------------------------------------------------------ */

typedef struct children {
    ouro_object *list[2 * ENTRIES + 1];
    int count;
} children;

static void note_child(ouro_object *child, void *context) {
    children *c = context;
    if (ouro_type_flags(ouro_object_type(child)) & OURO_TYPE_PLAIN) return;
    if (c->count < 2 * ENTRIES + 1) c->list[c->count++] = child;
}

/* Gives the copies their numbers, in the order in which the originals are found, level by level.
 * A copy has its references where the original has them. */
static void enter_copies(real *r, int number, ouro_object *original, ouro_object *copy) {
    ouro_object *originals[COPIES] = {original};
    int count = 1;
    real_enter(r, number, copy);
    for (int i = 0; i < count; i++) {
        children from = {.count = 0}, to = {.count = 0};
        ouro_object_traverse(originals[i], note_child, &from);
        ouro_object_traverse(r->objects[number + i], note_child, &to);
        for (int j = 0; j < from.count && j < to.count; j++) {
            bool is_new = to.list[j] != from.list[j] && real_number(to.list[j]) == NOBODY;
            if (!is_new || count == COPIES) continue;
            originals[count] = from.list[j];
            real_enter(r, number + count++, to.list[j]);
        }
    }
}

static void copy(real *r, const act *a) {
    ouro_object *made = NULL, *original = object_at(r, a->a);
    bool deep = a->kind == OP_DEEPCOPY;
    if (deep && !TRY(r, ouro_object_deepcopy(original, &made))) return;
    if (!deep && !TRY(r, ouro_object_copy(original, &made))) return;
    if (deep) enter_copies(r, a->number, original, made);
    place_in_own_name(r, a, made);
}

/* ---- all --------------------------------------------------------------------------------- */

void real_make(real *r, const act *a, int items) {
    ouro_object *made = NULL;
    switch (a->kind) {
    case OP_MAKE:
        if (make(r, a, items, &made)) place(r, a, made);
        break;
    case OP_CLASS: make_class(r, a); break;
    case OP_INSTANCE: make_instance(r, a); break;
    default: copy(r, a);
    }
}
