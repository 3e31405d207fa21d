/* SPDX-License-Identifier: MIT */
/* Ops: what each operation does to the model, and when it is skipped. Whatever is alive may be
 * operated on, also what only a weak reference leads to. */
#include <stdlib.h>

#include "model.h"

/* Last words are not said any more beyond this: the core lets deaths wait from 16 on. */
#define DEEPEST 12

/* A frame is on the stack once and is not stored: its names are what is tested. */
bool model_may_be_stored(const model *m, int n) {
    return n >= FIRST_NUMBER && is_alive(m, n) && m->objects[n].what != A_FRAME;
}

bool model_refuses(model *m, int objects) {
    if (m->max_objects == 0 || model_live(m) + objects <= m->max_objects) return false;
    /* While a collected set lets go, nothing says whether its members still count. */
    if (m->unordered) m->ambiguous = true;
    m->refused = true;
    return m->wrong != WRONG_REFUSED_IS_DONE;
}

/* ---- names ------------------------------------------------------------------------------- */

static int frame_of(const model *m, int which) {
    if (m->depth == 0) return NOBODY;
    return which == 1 ? m->frames[m->depth - 1] : m->frames[0];
}

static bool bind(model *m, int frame, int name, int value) {
    if (frame == NOBODY) return false;
    int place = model_find(m, frame, name);
    if (place != NOBODY) {
        model_store(m, frame, place, value);
        return true;
    }
    thing *o = at(m, frame);
    if (o->count >= ROOM) return false;
    model_put(m, frame, o->count, entry_for(NOBODY, name, value));
    return true;
}

/* Takes entry i out and drops what it referred to. */
static void remove_entry(model *m, int n, int i) {
    entry e = model_take(m, n, i);
    if (e.key != NOBODY) model_lose(m, e.key);
    if (e.value != NOBODY) model_lose(m, e.value);
}

static bool unbind(model *m, int frame, int name) {
    int place = frame != NOBODY ? model_find(m, frame, name) : NOBODY;
    if (place == NOBODY) return false;
    remove_entry(m, frame, place);
    return true;
}

/* ---- making ------------------------------------------------------------------------------ */

static int class_for(what w) {
    switch (w) {
    case A_NODE: return CLASS_NODE;
    case A_PLAIN: return CLASS_PLAIN;
    case A_BAG: return CLASS_BAG;
    case AN_OPEN: return CLASS_OPEN;
    default: return NOBODY;
    }
}

static bool may_make(model *m, const act *a, int items) {
    if (a->number < FIRST_NUMBER || at(m, a->number)->what != NOTHING) return false;
    int cls = class_for(a->what);
    if (cls != NOBODY && (!is_alive(m, cls) || (cls == CLASS_OPEN && m->closing))) return false;
    if (is_watcher(a->what))
        return model_may_be_stored(m, a->a) && (a->b == NOBODY || model_may_be_stored(m, a->b)) &&
               !(a->what == A_RECORD && m->closing);
    bool first = items < 1 || a->a == NOBODY || model_may_be_stored(m, a->a);
    return first && (items < 2 || a->b == NOBODY || model_may_be_stored(m, a->b));
}

void model_place(model *m, int n, int where, int name) {
    thing *o = at(m, n);
    if (where == HELD || where == TEMPORARY) {
        o->held = true;
        o->stale = where == TEMPORARY;
        o->extra--;
        return;
    }
    int frame = frame_of(m, where == IN_A_NAME);
    bind(m, frame, where == IN_A_NAME ? name % NAMES : OWN_NAME + n, n);
    model_lose(m, n);
}

static void add_item(model *m, int n, int value) {
    model_put(m, n, at(m, n)->count, entry_for(NOBODY, NOBODY, value));
}

static bool make(model *m, const act *a, const op *o) {
    int items = o != NULL ? o->items : 0;
    if (!may_make(m, a, items)) return false;
    if (model_refuses(m, 1)) return true;
    model_birth(m, a->number, a->what, class_for(a->what));
    thing *made = at(m, a->number);
    if (o != NULL)
        for (int i = 0; i < WORDS; i++) made->words[i] = o->words[i];
    if (is_watcher(a->what)) {
        made->target = a->a;
        made->order = ++m->registrations;
        made->calls = a->what != A_WEAK;
        made->pending = made->atexit = a->what == A_RECORD;
        if (a->b != NOBODY) add_item(m, a->number, a->b);
    }
    if (a->what == A_TUPLE && items > 0) add_item(m, a->number, a->a);
    if (a->what == A_TUPLE && items > 1) add_item(m, a->number, a->b);
    model_place(m, a->number, a->k % WHERES, a->k / WHERES);
    return true;
}

/* ---- fields ------------------------------------------------------------------------------ */

static bool set_labelled(model *m, int n, int label, int value) {
    int place = model_find(m, n, label);
    thing *o = at(m, n);
    if (place == NOBODY && o->count >= ROOM) return false;
    if (place != NOBODY)
        model_store(m, n, place, value);
    else
        model_put(m, n, o->count, entry_for(NOBODY, label, value));
    return true;
}

static int find_member(const thing *set, int value) {
    for (int i = 0; i < set->count; i++)
        if (set->entry[i].value == value) return i;
    return NOBODY;
}

static bool set_field(model *m, const act *a) {
    thing *o = at(m, a->a);
    if (!model_may_be_stored(m, a->b)) return false;
    if (is_slotted(o->what)) {
        model_store(m, a->a, a->k % 3, a->b);
    } else if (is_open(o->what) || o->what == A_DICT || o->what == A_CLASS) {
        return set_labelled(m, a->a, a->k % 4, a->b);
    } else if (o->what == A_LIST) {
        if (o->count == 0) return false;
        model_store(m, a->a, a->k % o->count, a->b);
    } else if (o->what == A_SET) {
        if (!is_hashable(at(m, a->b)->what)) return false;
        if (find_member(o, a->b) == NOBODY && o->count >= ROOM) return false;
        if (find_member(o, a->b) == NOBODY) add_item(m, a->a, a->b);
    } else {
        return false;
    }
    return true;
}

static bool unset_field(model *m, const act *a) {
    thing *o = at(m, a->a);
    if (is_slotted(o->what)) {
        model_store(m, a->a, a->k % 3, NOBODY);
    } else if (is_open(o->what) || o->what == A_CLASS) {
        int place = model_find(m, a->a, a->k % 4);
        if (place == NOBODY) return false;
        remove_entry(m, a->a, place);
    } else if (o->what >= A_LIST && o->what <= A_WEAK_SET && o->what != A_TUPLE && o->count > 0) {
        remove_entry(m, a->a, a->k % o->count);
    } else {
        return false;
    }
    return true;
}

/* Its value is itself or true. */
static bool set_key(model *m, const act *a) {
    thing *o = at(m, a->a);
    if (o->what != A_DICT || !model_may_be_stored(m, a->b) || !is_hashable(at(m, a->b)->what))
        return false;
    int value = a->k % 2 ? a->b : NOBODY;
    for (int i = 0; i < o->count; i++) {
        if (o->entry[i].key != a->b) continue;
        model_store(m, a->a, i, value);
        return true;
    }
    if (o->count >= ROOM) return false;
    model_put(m, a->a, o->count, entry_for(a->b, NOBODY, value));
    return true;
}

static bool change_list(model *m, const act *a) {
    thing *o = at(m, a->a);
    if (o->what != A_LIST) return false;
    if (a->kind == OP_INSERT) {
        if (o->count >= ROOM || !model_may_be_stored(m, a->b)) return false;
        model_put(m, a->a, a->k % (o->count + 1), entry_for(NOBODY, NOBODY, a->b));
        return true;
    }
    if (a->kind == OP_REVERSE) {
        for (int i = 0, j = o->count - 1; i < j; i++, j--) {
            entry e = o->entry[i];
            o->entry[i] = o->entry[j];
            o->entry[j] = e;
        }
        return true;
    }
    if (o->count == 0) return false;
    int first = a->k % o->count, count = a->kind == OP_POP ? 1 : a->k % 3 + 1;
    if (count > o->count - first) count = o->count - first;
    entry taken[3];
    for (int i = 0; i < count; i++) taken[i] = model_take(m, a->a, first);
    for (int i = 0; i < count; i++)
        if (taken[i].value != NOBODY) model_lose(m, taken[i].value);
    return true;
}

static bool detach(model *m, const act *a) {
    thing *o = at(m, a->a);
    if (o->what != A_RECORD || !o->pending) return false;
    int argument = o->count > 0 ? model_take(m, a->a, 0).value : NOBODY;
    o->target = NOBODY;
    o->pending = o->calls = false;
    model_drop(m, a->a);
    if (argument != NOBODY) model_lose(m, argument);
    return true;
}

/* What changes the fields of a: the caller keeps it meanwhile, as the headers ask for. */
static bool change(model *m, const act *a) {
    if (!model_may_be_stored(m, a->a)) return false;
    bool done = false;
    at(m, a->a)->extra = (int16_t)(at(m, a->a)->extra + 1);
    switch (a->kind) {
    case OP_SET: done = set_field(m, a); break;
    case OP_UNSET: done = unset_field(m, a); break;
    case OP_KEY: done = set_key(m, a); break;
    case OP_CLEAR:
        model_clear(m, a->a);
        done = true;
        break;
    case OP_WATCH: done = model_watch(m, a); break;
    case OP_DETACH: done = detach(m, a); break;
    default: done = change_list(m, a);
    }
    at(m, a->a)->extra = (int16_t)(at(m, a->a)->extra - 1);
    if (done) model_drop(m, a->a);
    return done;
}

/* ---- roots ------------------------------------------------------------------------------- */

static bool push(model *m, const act *a) {
    if (m->depth >= 6 || m->dying_depth > 0 || at(m, a->number)->what != NOTHING) return false;
    m->refused = m->max_frames != 0 && m->depth >= m->max_frames;
    if (m->refused) return true;
    model_birth(m, a->number, A_FRAME, NOBODY);
    m->frames[m->depth++] = a->number;
    at(m, a->number)->extra = 0;
    return true;
}

static bool pop(model *m) {
    if (m->depth <= 1 || m->dying_depth > 0) return false;
    int frame = m->frames[--m->depth];
    model_gain(m, frame);
    model_clear(m, frame);
    model_lose(m, frame);
    return true;
}

static bool change_roots(model *m, const act *a) {
    if (!model_may_be_stored(m, a->a)) return false;
    thing *o = at(m, a->a);
    switch (a->kind) {
    case OP_PIN: o->pins++; return true;
    case OP_HOLD: o->held = true; o->stale = false; return true;
    case OP_LOSE:
        if (!o->held) return false;
        o->stale = true;
        return true;
    case OP_UNHOLD:
        if (!o->held) return false;
        model_unhold(m, a->a);
        return true;
    case OP_UNPIN:
        if (o->pins == 0) return false;
        o->pins--;
        model_drop(m, a->a);
        return true;
    case OP_TAKE:
        if (m->saved[a->a] == 0) return false;
        m->saved[a->a]--;
        model_drop(m, a->a);
        return true;
    case OP_ATEXIT:
        if (o->what != A_RECORD || !o->pending) return false;
        o->atexit = a->k & 1;
        return true;
    default: return true; /* OP_ID */
    }
}

/* ---- the collector ----------------------------------------------------------------------- */

static void tell_found(model *m, long found) {
    model_note(m, STEP_GOT, (int)(found < 30000 ? found : 30000), NULL);
}

static void freeze(model *m, bool on) {
    for (int n = FIRST_NUMBER; n < NUMBERS; n++) {
        thing *o = at(m, n);
        if (!o->alive || !is_counted(o) || (o->generation == FROZEN) == on) continue;
        o->generation = on ? FROZEN : 2;
    }
    for (int n = CLASS_NODE; n < CLASS_OPEN; n++)
        if (is_alive(m, n) && (at(m, n)->generation == FROZEN) != on)
            at(m, n)->generation = on ? FROZEN : 2;
}

/* Where the model cannot know, the core tells (model_collect_these). */
static bool safe_point(model *m) {
    if (!m->paced) {
        m->deferred = 0;
        return true;
    }
    if (m->bell & 3) {
        m->deferred = 0;
        model_settle(m);
    }
    bool may = m->enabled && m->paces[m->policy] != PACE_NEVER && !m->quiet;
    int generation = (m->bell & 4) && may ? model_due(m) : -1;
    tell_found(m, generation >= 0 ? model_collect(m, generation) : -1);
    return true;
}

static bool litter(model *m, const act *a) {
    bool room = m->max_objects == 0 || model_live(m) + a->k <= m->max_objects;
    if (m->dying_depth > 0 || m->saveall || !room) return false;
    m->litter[0] += a->k;
    m->births += a->k;
    return true;
}

static bool set_threshold(model *m, const act *a) {
    m->threshold[0] = (long)a->k % 5 * 150;
    m->threshold[1] = a->k % 3 + 1;
    m->threshold[2] = a->k % 4 + 1;
    m->factor = 1;
    return true;
}

static bool has_litter(const model *m) {
    return m->litter[0] + m->litter[1] + m->litter[2] > 0;
}

static bool set_policy(model *m, const act *a) {
    int policy = a->k % ANY_TIME % m->policies;
    bool quiet = a->k & QUIET;
    bool any_time = a->k & ANY_TIME || (m->paces[policy] == PACE_ANY_TIME && !quiet);
    if (m->collecting || (any_time && m->saveall)) return false;
    m->policy = policy;
    m->quiet = quiet;
    if (any_time) m->paced = false; /* then generations mean nothing either */
    return true;
}

static bool set_limits(model *m, const act *a) {
    if (m->dying_depth > 0) return false;
    m->max_objects = a->k % 3 == 1 ? model_live(m) + a->k / 3 : 0;
    m->max_frames = a->k % 3 == 2 ? m->depth : 0;
    return true;
}

static bool manage(model *m, const act *a) {
    switch (a->kind) {
    case OP_COLLECT:
        tell_found(m, model_collect(m, model_generation(m, a->k)));
        return true;
    case OP_ENABLE: m->enabled = a->k & 1; return true;
    case OP_POLICY: return set_policy(m, a);
    case OP_LIMIT: return set_limits(m, a);
    case OP_SAVEALL:
        if (!m->paced || m->collecting || (a->k & 1 && has_litter(m))) return false;
        m->saveall = a->k & 1;
        return true;
    case OP_FREEZE:
    case OP_UNFREEZE:
        /* It would be frozen as well. */
        if (m->dying_depth > 0 || has_litter(m)) return false;
        freeze(m, a->kind == OP_FREEZE);
        return true;
    case OP_THRESHOLD: return set_threshold(m, a);
    case OP_SAFE_POINT: return m->dying_depth == 0 && safe_point(m);
    case OP_SETTLE:
        m->deferred = 0;
        model_settle(m);
        return true;
    case OP_LITTER: return litter(m, a);
    case OP_LISTEN: m->listening = a->k & 1; return true;
    default: return false;
    }
}

/* ---- all --------------------------------------------------------------------------------- */

static bool do_act(model *m, const act *a, const op *o) {
    switch (a->kind) {
    case OP_MAKE: return make(m, a, o);
    case OP_CLASS: return o != NULL && model_make_class(m, a);
    case OP_INSTANCE: return o != NULL && model_make_instance(m, a, o);
    case OP_FINALIZER: return model_set_finalizer(m, a);
    case OP_COPY: return model_copy(m, a);
    case OP_DEEPCOPY: return model_deepcopy(m, a);
    case OP_SET:
    case OP_UNSET:
    case OP_KEY:
    case OP_WATCH:
    case OP_INSERT:
    case OP_POP:
    case OP_CUT:
    case OP_REVERSE:
    case OP_CLEAR:
    case OP_DETACH: return change(m, a);
    case OP_BIND:
        return model_may_be_stored(m, a->b) && bind(m, frame_of(m, a->a), a->k % NAMES, a->b);
    case OP_UNBIND: return unbind(m, frame_of(m, a->a), a->k);
    case OP_PUSH: return push(m, a);
    case OP_POP_FRAME: return pop(m);
    case OP_PIN:
    case OP_UNPIN:
    case OP_HOLD:
    case OP_UNHOLD:
    case OP_LOSE:
    case OP_ATEXIT:
    case OP_TAKE:
    case OP_ID: return change_roots(m, a);
    default: return manage(m, a);
    }
}

bool model_do(model *m, const op *o) {
    m->refused = false;
    return do_act(m, &o->act, o);
}

static int16_t resolve(int n, int self, const int children[CHILDREN]) {
    if (n == SELF) return (int16_t)self;
    if (n <= CHILD && n > CHILD - CHILDREN) return (int16_t)children[CHILD - n];
    return (int16_t)n;
}

/* The trace tells the act before what it brings about, and forgets it when it is skipped. */
void model_say_last_words(model *m, int self, int children[CHILDREN]) {
    if (m->dying_depth > DEEPEST) return;
    for (int i = 0; i < WORDS; i++) {
        act a = at(m, self)->words[i];
        if (a.kind == OP_NONE) continue;
        a.a = resolve(a.a, self, children);
        a.b = resolve(a.b, self, children);
        if (a.kind == OP_WATCH) a.k = resolve(a.k, self, children);
        if (a.kind == OP_MAKE) {
            if (self >= OFFSPRING) continue;
            a.number = (int16_t)(self + OFFSPRING);
        }
        int before = m->trace->count;
        model_note(m, STEP_ACT, self, &a);
        bool refused = m->refused;
        m->refused = false;
        if (!do_act(m, &a, NULL)) m->trace->count = before;
        else if (before < STEPS) m->trace->steps[before].act.refused = m->refused;
        m->refused = refused;
    }
}
