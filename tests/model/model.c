/* SPDX-License-Identifier: MIT */
/* Model: objects, references, counting, searching. Deaths are in death.c. */
#include "model.h"

#include <string.h>

const char *const wrong_rule_names[WRONG_RULES] = {
    "nothing",
    "callbacks-oldest-first",
    "finalizers-youngest-first",
    "fields-backwards",
    "no-second-look",
    "finalized-again",
    "cleared-before-finalizers",
    "names-first-bound-first",
    "held-is-nothing",
    "frozen-is-collected",
    "nested-collections",
    "key-not-counted",
    "ephemeron-keeps-key",
    "entry-stays",
    "class-not-counted",
    "not-inherited",
    "refused-is-done",
    "deep-is-shallow",
    "saved-dies",
};

void model_init(model *m, trace *t, wrong_rule wrong, const pace_kind *paces, int policies) {
    memset(m, 0, sizeof *m);
    m->trace = t;
    for (int n = 0; n < NUMBERS; n++)
        at(m, n)->cls = at(m, n)->base = at(m, n)->target = NOBODY;
    m->wrong = wrong;
    m->enabled = m->paced = true;
    memcpy(m->paces, paces, (size_t)policies * sizeof *paces);
    m->policies = policies;
    m->threshold[0] = 4096;
    m->threshold[1] = 10;
    m->threshold[2] = 4;
    m->factor = 1;
    model_birth(m, MAIN_FRAME, A_FRAME, NOBODY);
    m->frames[m->depth++] = MAIN_FRAME;
    at(m, MAIN_FRAME)->extra = 0;
    for (int n = CLASS_NODE; n <= CLASS_OPEN; n++) model_birth(m, n, A_CLASS, NOBODY);
    at(m, CLASS_NODE)->finalizes = true;
    at(m, CLASS_BAG)->finalizes = true;
    at(m, CLASS_BAG)->open = at(m, CLASS_OPEN)->open = true;
    model_birth(m, GARBAGE, A_LIST, NOBODY);
    m->births -= 2; /* the heap's own class and list do not count as objects */
}

void model_note(model *m, step_kind kind, int n, const act *a) {
    trace *t = m->trace;
    if (t->count == STEPS) {
        t->full = true;
        return;
    }
    step *s = &t->steps[t->count++];
    *s = (step){.kind = (uint8_t)kind, .n = (int16_t)n};
    if (a != NULL) s->act = *a;
    bool looks = kind == STEP_FINALIZE || kind == STEP_CALLBACK;
    if (looks && !m->unordered) s->view = model_view(m);
}

/* ---- looking ----------------------------------------------------------------------------- */

int model_counted(const thing *o, const entry *e, int counted[2]) {
    bool key = o->what == A_DICT || o->what == A_WEAK_VALUES;
    bool value = o->what != A_WEAK_VALUES && o->what != A_WEAK_SET;
    int n = 0;
    if (key && e->key != NOBODY) counted[n++] = e->key;
    if (value && e->value != NOBODY) counted[n++] = e->value;
    return n;
}

int model_children(const model *m, int n, int children[2 * ENTRIES + 1]) {
    const thing *o = &m->objects[n];
    bool backwards = (o->what == A_FRAME) != (m->wrong == WRONG_FIELDS_BACKWARDS);
    int count = 0;
    if (o->base != NOBODY) children[count++] = o->base;
    for (int i = 0; i < o->count; i++)
        count += model_counted(o, &o->entry[backwards ? o->count - 1 - i : i],
                               &children[count]);
    if (o->cls != NOBODY) children[count++] = o->cls;
    return count;
}

static int count_references(const model *m, int from, int to) {
    const thing *o = &m->objects[from];
    if (o->what == NOTHING) return 0;
    bool instance = o->cls == to && !(m->wrong == WRONG_CLASS_NOT_COUNTED && to >= FIRST_NUMBER);
    int count = instance + (o->base == to), counted[2];
    for (int i = 0; i < o->count; i++) {
        int times = model_counted(o, &o->entry[i], counted);
        bool keyed = o->what == A_DICT && m->wrong == WRONG_KEY_NOT_COUNTED;
        for (int j = 0; j < times; j++)
            count += counted[j] == to && !(keyed && j == 0 && o->entry[i].key == to);
    }
    return count;
}

int model_count(const model *m, int n) {
    const thing *o = &m->objects[n];
    int count = o->pins + o->extra + (o->pending || o->listed) + m->saved[n];
    for (int i = 0; i < m->depth; i++) count += m->frames[i] == n;
    for (int i = 0; i < NUMBERS; i++) count += count_references(m, i, n);
    return count;
}

/* The dead count until they are buried. */
long model_live(const model *m) {
    long live = m->litter[0] + m->litter[1] + m->litter[2];
    for (int n = 0; n < NUMBERS; n++) {
        const thing *o = &m->objects[n];
        live += (o->alive || o->dying) && is_counted(o);
    }
    return live - 2 * !m->closing; /* the heap's own class and list are not counted till then */
}

long model_grown(const model *m) {
    long grown = (m->births - m->born_at) - (m->deaths - m->died_at);
    return grown > 0 ? grown : 0;
}

bool model_is_candidate(const model *m, int n, int generation) {
    const thing *o = &m->objects[n];
    if (m->wrong == WRONG_FROZEN_IS_COLLECTED && o->generation == FROZEN) return !o->dying;
    return o->alive && !o->dying && o->generation <= generation;
}

static bool is_root(const model *m, int n, int generation) {
    const thing *o = &m->objects[n];
    if (o->pins + o->extra + o->pending + o->listed + m->saved[n] > 0) return true;
    if (o->held && m->wrong != WRONG_HELD_IS_NOTHING) return true;
    for (int i = 0; i < m->depth; i++)
        if (m->frames[i] == n) return true;
    for (int i = 0; i < NUMBERS; i++)
        if (!model_is_candidate(m, i, generation) && count_references(m, i, n) > 0) return true;
    return false;
}

/* An ephemeron: a value of weak.keys is reached by its key and its container together. */
static bool reach_value(const model *m, const entry *e, bool garbage[NUMBERS]) {
    bool key_lives = !garbage[e->key] || m->wrong == WRONG_EPHEMERON_KEEPS_KEY;
    if (e->value == NOBODY || !garbage[e->value] || !key_lives) return false;
    garbage[e->value] = false;
    return true;
}

/* Takes what n refers to out of the garbage. Returns whether there was something. */
static bool reach_from(const model *m, int n, bool garbage[NUMBERS]) {
    const thing *o = &m->objects[n];
    int children[2 * ENTRIES + 1], count = 0;
    bool reached = false;
    if (o->what != A_WEAK_KEYS) count = model_children(m, n, children);
    for (int i = 0; i < count; i++) {
        reached |= garbage[children[i]];
        garbage[children[i]] = false;
    }
    for (int i = 0; i < o->count && o->what == A_WEAK_KEYS; i++)
        reached |= reach_value(m, &o->entry[i], garbage);
    return reached;
}

/* What is of these generations and neither a root nor reached from one. */
void model_garbage(const model *m, int generation, bool garbage[NUMBERS]) {
    bool asked[NUMBERS];
    for (int n = 0; n < NUMBERS; n++) {
        asked[n] = model_is_candidate(m, n, generation);
        garbage[n] = asked[n] && !is_root(m, n, generation);
    }
    for (bool again = true; again;) {
        again = false;
        for (int n = 0; n < NUMBERS; n++)
            if (asked[n] && !garbage[n]) again |= reach_from(m, n, garbage);
    }
}

/* Its class's, or the first of those that this derives from. */
bool model_finalizes(const model *m, int n) {
    if (m->objects[n].what == AN_OWN) return true;
    int cls = m->objects[n].cls;
    if (m->wrong == WRONG_NOT_INHERITED) return cls != NOBODY && m->objects[cls].finalizes;
    while (cls != NOBODY && !m->objects[cls].finalizes) cls = m->objects[cls].base;
    return cls != NOBODY;
}

uint64_t view_of_object(int number, long count, int target, int entries) {
    uint64_t h = (uint64_t)number * 0x9e3779b97f4a7c15u + (uint64_t)count;
    h = (h ^ h >> 31) * 0xbf58476d1ce4e5b9u + (uint64_t)(target + 2) * 64 + (uint64_t)entries;
    return (h ^ h >> 29) * 0x94d049bb133111ebu;
}

/* The sum over all that is alive of who it is, its count and what a weak reference shows. */
uint64_t model_view(const model *m) {
    uint64_t view = 1;
    for (int n = 0; n < NUMBERS; n++) {
        const thing *o = &m->objects[n];
        if (!o->alive || n == CLASS_OPEN || n == GARBAGE) continue;
        int entries = is_weak_table(o->what) ? o->count : 0;
        view += view_of_object(n, model_count(m, n), o->target, entries);
    }
    return view != 0 ? view : 1;
}

/* ---- births and references --------------------------------------------------------------- */

void model_birth(model *m, int n, what w, int cls) {
    thing *o = at(m, n);
    *o = (thing){.what = (uint8_t)w, .alive = true, .extra = 1, .cls = (int16_t)cls,
                  .base = NOBODY, .target = NOBODY, .born = ++m->births_in_order};
    m->births += is_counted(o);
    if (is_slotted(w)) o->count = 3;
    for (int i = 0; i < ENTRIES; i++) o->entry[i] = entry_for(NOBODY, NOBODY, NOBODY);
}

void model_gain(model *m, int n) {
    at(m, n)->extra++;
}

void model_lose(model *m, int n) {
    at(m, n)->extra--;
    model_drop(m, n);
}

void model_unhold(model *m, int n) {
    thing *o = at(m, n);
    if (!o->held) return;
    o->held = o->stale = false;
    model_drop(m, n);
}

/* ---- fields ------------------------------------------------------------------------------ */

int model_find(const model *m, int n, int label) {
    for (int i = 0; i < m->objects[n].count; i++)
        if (m->objects[n].entry[i].label == label) return i;
    return NOBODY;
}

void model_store(model *m, int n, int place, int value) {
    entry *e = &at(m, n)->entry[place];
    int old = e->value;
    e->value = (int16_t)value;
    if (old != NOBODY) model_drop(m, old);
}

void model_put(model *m, int n, int place, entry e) {
    thing *o = at(m, n);
    for (int i = o->count++; i > place; i--) o->entry[i] = o->entry[i - 1];
    o->entry[place] = e;
}

/* What it counted stays counted until model_lose; of what it only watched nothing is left. */
entry model_take(model *m, int n, int place) {
    thing *o = at(m, n);
    entry e = o->entry[place];
    o->count--;
    for (int i = place; i < o->count; i++) o->entry[i] = o->entry[i + 1];
    o->entry[o->count] = entry_for(NOBODY, NOBODY, NOBODY);
    if (o->what == A_WEAK_KEYS || o->what == A_WEAK_SET) e.key = NOBODY;
    if (o->what == A_WEAK_VALUES) e.value = NOBODY;
    if (e.key != NOBODY) model_gain(m, e.key);
    if (e.value != NOBODY) model_gain(m, e.value);
    return e;
}

static void lose_entry(model *m, entry e) {
    if (e.key != NOBODY) model_lose(m, e.key);
    if (e.value != NOBODY) model_lose(m, e.value);
}

/* Names go one at a time, last bound first; what finalizers bind meanwhile goes in the end. */
static void clear_frame(model *m, int n) {
    thing *o = at(m, n);
    bool first = m->wrong == WRONG_NAMES_FIRST_BOUND_FIRST;
    for (int left = o->count; left > 0 && o->count > 0; left--)
        lose_entry(m, model_take(m, n, first ? 0 : o->count - 1));
    entry rest[ENTRIES];
    int count = 0;
    while (o->count > 0) rest[count++] = model_take(m, n, o->count - 1);
    for (int i = 0; i < count; i++) lose_entry(m, rest[i]);
}

/* All at once: nobody sees a part of them. */
static void clear_container(model *m, int n) {
    thing *o = at(m, n);
    entry all[ENTRIES];
    int count = 0;
    while (o->count > 0) all[count++] = model_take(m, n, 0);
    for (int i = 0; i < count; i++) lose_entry(m, all[i]);
}

void model_clear(model *m, int n) {
    thing *o = at(m, n);
    if (o->what == A_RECORD && o->pending) return;
    if (o->what == A_FRAME) {
        clear_frame(m, n);
    } else if (o->what == A_CLASS) {
        model_clear_base(m, n);
        clear_container(m, n);
    } else if (is_slotted(o->what)) {
        for (int i = 0; i < o->count; i++) model_store(m, n, i, NOBODY);
    } else {
        if (o->what == A_WEAK || o->what == A_CALLBACK) {
            o->target = NOBODY;
            o->calls = false;
        }
        clear_container(m, n);
    }
}
