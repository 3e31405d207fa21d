/* SPDX-License-Identifier: MIT */
/* Weaktable: weak.keys, weak.values and weak.set in the model. What an entry watches is not
 * counted, and takes the entry along when it dies (death.c); what it counts beside is the value
 * of weak.keys, and the key of weak.values. */
#include "model.h"

static int find(const thing *o, int key, int label) {
    for (int i = 0; i < o->count; i++)
        if (o->entry[i].key == key && o->entry[i].label == label) return i;
    return NOBODY;
}

static bool put(model *m, int n, entry e) {
    thing *o = at(m, n);
    int place = find(o, e.key, e.label);
    if (place == NOBODY && o->count >= ROOM) return false;
    e.order = ++m->registrations;
    if (place == NOBODY) {
        model_put(m, n, o->count, e);
        return true;
    }
    entry old = o->entry[place];
    o->entry[place] = e;
    if (o->what == A_WEAK_KEYS && old.value != NOBODY) model_drop(m, old.value);
    return true;
}

bool model_watch(model *m, const act *a) {
    what w = at(m, a->a)->what;
    if (!is_weak_table(w) || !model_may_be_stored(m, a->b)) return false;
    bool other = model_may_be_stored(m, a->k);
    if (w == A_WEAK_SET) return put(m, a->a, entry_for(a->b, NOBODY, NOBODY));
    if (w == A_WEAK_KEYS) {
        if (a->k != NOBODY && !other) return false;
        return put(m, a->a, entry_for(a->b, NOBODY, a->k));
    }
    if (!is_object_key(a->k)) return put(m, a->a, entry_for(NOBODY, a->k & 3, a->b));
    if (!other || !is_hashable(at(m, a->k)->what)) return false;
    return put(m, a->a, entry_for(a->k, NOBODY, a->b));
}
