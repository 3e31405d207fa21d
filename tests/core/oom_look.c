/* SPDX-License-Identifier: MIT */
/* Oom look: every function of understand.h, and those of weak dictionaries in weak.h, short of
 * memory (oom.c). */
#include "oom.h"

/* ---- understand.h ------------------------------------------------------------------------ */

static bool each_chain(const ouro_chain *chain, void *context) {
    (void)chain;
    (void)context;
    return true;
}

static ouro_status why(world *w) {
    return ouro_why(w->record, 0, true, each_chain, NULL);
}

static ouro_status retained(world *w) {
    size_t objects, bytes;
    return ouro_retained(w->deep, 0, &objects, &bytes);
}

static bool each_retained(ouro_object *object, void *context) {
    (void)object;
    (void)context;
    return true;
}

static ouro_status retained_each(world *w) {
    return ouro_retained_each(w->deep, 0, each_retained, NULL);
}

static bool each_dominator(const ouro_dominator *dominator, void *context) {
    (void)dominator;
    (void)context;
    return true;
}

static ouro_status dominators(world *w) {
    return ouro_dominators(w->heap, 5, each_dominator, NULL);
}

static bool each_verdict(const ouro_verdict *verdict, void *context) {
    (void)verdict;
    (void)context;
    return true;
}

static ouro_status would_free(world *w) {
    ouro_object *targets[] = {w->deep};
    ouro_removal removal = {.targets = targets, .count = 1};
    return ouro_would_free(w->heap, &removal, each_verdict, NULL);
}

static bool each_cut(const ouro_cut *cut, void *context) {
    (void)cut;
    (void)context;
    return true;
}

static ouro_status mincut(world *w) {
    size_t count;
    return ouro_mincut(w->record, 0, each_cut, NULL, &count);
}

static bool each_item(const ouro_picture_item *item, void *context) {
    (void)item;
    (void)context;
    return true;
}

static ouro_status picture(world *w) {
    ouro_picture_options options = {.struct_size = sizeof options, .max_objects = 2};
    return ouro_picture(w->heap, &options, each_item, NULL);
}

static ouro_status snapshot_take(world *w) {
    ouro_snapshot snapshot;
    ouro_status status = ouro_snapshot_take(w->heap, &snapshot);
    if (status == OURO_OK) ouro_snapshot_free(w->heap, &snapshot);
    return status;
}

/* An id once given stays, also when the rest is refused; so all are given before. */
static void give_ids(world *w) {
    OK(snapshot_take(w));
}

/* ---- weak.h: dictionaries ---------------------------------------------------------------- */

static ouro_status weak_dict_new(world *w) {
    return ouro_weak_dict_new(w->heap, OURO_WEAK_KEYS, &w->object);
}

/* The dictionary at hand, which the list keeps. */
static ouro_object *made;

static void make(world *w, ouro_weak_kind kind, ouro_value key) {
    OK(ouro_weak_dict_new(w->heap, kind, &made));
    OK(ouro_weak_dict_set(made, key, of(w->dict)));
    OK(ouro_list_append(w->list, of(made)));
    ouro_release(made);
}

static void make_keys(world *w) {
    make(w, OURO_WEAK_KEYS, of(w->list));
}

static void make_values(world *w) {
    make(w, OURO_WEAK_VALUES, small(1));
}

static ouro_status set_key(world *w) {
    return ouro_weak_dict_set(made, of(w->bag), of(w->set));
}

static ouro_status replace_value(world *w) {
    return ouro_weak_dict_set(made, small(1), of(w->set));
}

static ouro_status get(world *w) {
    (void)w;
    ouro_value v;
    return ouro_weak_dict_get(made, of(w->list), &v);
}

static ouro_status remove_key(world *w) {
    return ouro_weak_dict_remove(made, of(w->list));
}

static ouro_status next(world *w) {
    (void)w;
    ouro_cursor cursor = {0};
    ouro_value key, v;
    return ouro_weak_dict_next(made, &cursor, &key, &v);
}

static ouro_status copy_keys(world *w) {
    (void)w;
    ouro_object *copy;
    ouro_status status = ouro_object_copy(made, &copy);
    if (status == OURO_OK) ouro_release(copy);
    return status;
}

int main(void) {
    oom_case cases[] = {
        {"ouro_why", why, NEEDS, NULL, NULL, NULL, 0, NULL},
        {"ouro_retained", retained, NEEDS, NULL, NULL, NULL, 0, NULL},
        {"ouro_retained_each", retained_each, NEEDS, NULL, NULL, NULL, 0, NULL},
        {"ouro_dominators", dominators, NEEDS, NULL, NULL, NULL, 0, NULL},
        {"ouro_would_free", would_free, NEEDS, NULL, NULL, NULL, 0, NULL},
        {"ouro_mincut", mincut, NEEDS, NULL, NULL, NULL, 0, NULL},
        {"ouro_picture", picture, NEEDS, NULL, NULL, NULL, 0, NULL},
        {"ouro_snapshot_take", snapshot_take, NEEDS, give_ids, NULL, NULL, 0, NULL},
        {"ouro_weak_dict_new", weak_dict_new, NEEDS, NULL, NULL, NULL, 0, NULL},
        {"ouro_weak_dict_set", set_key, NEEDS, make_keys, NULL, NULL, 0, NULL},
        {"ouro_weak_dict_set", replace_value, NEEDS, make_values, NULL, NULL, 0, NULL},
        {"ouro_weak_dict_get", get, NEVER, make_keys, NULL, NULL, 0, NULL},
        {"ouro_weak_dict_remove", remove_key, NEVER, make_keys, NULL, NULL, 0, NULL},
        {"ouro_weak_dict_next", next, NEVER, make_keys, NULL, NULL, 0, NULL},
        {"ouro_object_copy", copy_keys, NEEDS, make_keys, NULL, NULL, 0, NULL},
    };
    return run_cases(cases, sizeof cases / sizeof *cases);
}
