/* SPDX-License-Identifier: MIT */
/* Copies: shallow and deep, in the model. A deep copy is of containers and instances; what else
 * they refer to is shared. */
#include "model.h"

static bool is_copied(const thing *o) {
    return (o->what >= A_LIST && o->what <= A_SET) || o->cls != NOBODY;
}

static bool may_make(const model *m, const act *a) {
    return model_may_be_stored(m, a->a) && a->number >= FIRST_NUMBER &&
           m->objects[a->number].what == NOTHING;
}

static void copy_entries(model *m, int from, int to) {
    thing *original = at(m, from), *made = at(m, to);
    made->count = original->count;
    for (int i = 0; i < original->count; i++) {
        made->entry[i] = original->entry[i];
        if (is_weak_table(made->what)) made->entry[i].order = ++m->registrations;
    }
}

bool model_copy(model *m, const act *a) {
    if (!may_make(m, a)) return false;
    const thing *from = at(m, a->a);
    if (!is_copied(from) && !is_weak_table(from->what)) return false;
    if (model_refuses(m, 1)) return true;
    model_birth(m, a->number, from->what, from->cls);
    copy_entries(m, a->a, a->number);
    model_place(m, a->number, IN_OWN_NAME, 0);
    return true;
}

/* ---- deep -------------------------------------------------------------------------------- */

typedef struct twins {
    int originals[COPIES];
    int count;
} twins;

static int twin_of(const twins *t, int original) {
    for (int i = 0; i < t->count; i++)
        if (t->originals[i] == original) return i;
    return NOBODY;
}

/* In the order in which they are found, level by level. False: there are too many. */
static bool find_twins(const model *m, int first, twins *t) {
    t->originals[t->count++] = first;
    for (int i = 0; i < t->count; i++) {
        int children[2 * ENTRIES + 1], count = model_children(m, t->originals[i], children);
        for (int j = 0; j < count; j++) {
            if (!is_copied(&m->objects[children[j]]) || twin_of(t, children[j]) != NOBODY) continue;
            if (t->count == COPIES) return false;
            t->originals[t->count++] = children[j];
        }
    }
    return true;
}

static int16_t translate(const twins *t, int first, int n) {
    int twin = n != NOBODY ? twin_of(t, n) : NOBODY;
    return (int16_t)(twin != NOBODY ? first + twin : n);
}

bool model_deepcopy(model *m, const act *a) {
    twins t = {.count = 0};
    if (m->wrong == WRONG_DEEP_IS_SHALLOW) return model_copy(m, a);
    if (!may_make(m, a) || !is_copied(at(m, a->a)) || !find_twins(m, a->a, &t)) return false;
    for (int i = 0; i < t.count; i++)
        if (a->number + i >= NUMBERS || at(m, a->number + i)->what != NOTHING) return false;
    if (model_refuses(m, t.count)) return true;
    for (int i = 0; i < t.count; i++) {
        const thing *from = at(m, t.originals[i]);
        model_birth(m, a->number + i, from->what, from->cls);
    }
    for (int i = 0; i < t.count; i++) {
        thing *made = at(m, a->number + i);
        copy_entries(m, t.originals[i], a->number + i);
        made->extra = 0;
        for (int j = 0; j < made->count; j++) {
            made->entry[j].key = translate(&t, a->number, made->entry[j].key);
            made->entry[j].value = translate(&t, a->number, made->entry[j].value);
        }
    }
    at(m, a->number)->extra = 1;
    model_place(m, a->number, IN_OWN_NAME, 0);
    return true;
}
