/* SPDX-License-Identifier: MIT */
/* Classes: those that come and go, in the model. A class counts its base and its attributes,
 * and each of its instances counts it. */
#include "model.h"

static bool may_be_base(const model *m, int n, bool open) {
    if (n == NOBODY) return true;
    bool known = is_alive(m, n) && m->objects[n].what == A_CLASS && n != CLASS_OPEN;
    return known && m->objects[n].open == open;
}

bool model_make_class(model *m, const act *a) {
    bool open = a->k & 1;
    if (a->number < FIRST_NUMBER || at(m, a->number)->what != NOTHING) return false;
    if (!may_be_base(m, a->a, open)) return false;
    if (model_refuses(m, 1)) return true;
    model_birth(m, a->number, A_CLASS, NOBODY);
    thing *cls = at(m, a->number);
    cls->open = open;
    cls->finalizes = a->k & 2;
    cls->base = a->a;
    model_place(m, a->number, IN_OWN_NAME, 0);
    return true;
}

bool model_make_instance(model *m, const act *a, const op *o) {
    if (a->number < FIRST_NUMBER || at(m, a->number)->what != NOTHING) return false;
    if (!model_may_be_stored(m, a->a) || at(m, a->a)->what != A_CLASS) return false;
    if (model_refuses(m, 1)) return true;
    model_birth(m, a->number, at(m, a->a)->open ? AN_OPEN : A_PLAIN, a->a);
    for (int i = 0; i < WORDS; i++) at(m, a->number)->words[i] = o->words[i];
    model_place(m, a->number, a->k % WHERES, a->k / WHERES);
    return true;
}

bool model_set_finalizer(model *m, const act *a) {
    if (!model_may_be_stored(m, a->a) || at(m, a->a)->what != A_CLASS) return false;
    at(m, a->a)->finalizes = a->k & 1;
    return true;
}

void model_clear_base(model *m, int n) {
    int base = at(m, n)->base;
    at(m, n)->base = NOBODY;
    if (base != NOBODY) model_drop(m, base);
}
