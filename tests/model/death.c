/* SPDX-License-Identifier: MIT */
/* Death: sections 2, 3 and 4 of docs/semantics.md, for the model. The numbers 1 to 5 are those
 * of section 3. */
#include <stdlib.h>
#include <string.h>

#include "model.h"

typedef struct dying_set {
    int members[NUMBERS];
    int count;
    bool by_count;
    /* What entries of weak dictionaries counted that have left with their target. */
    struct {
        int order, counted;
    } evicted[NUMBERS];
    int evicted_count;
} dying_set;

static void die(model *m, dying_set *set);

/* ---- by count ---------------------------------------------------------------------------- */

/* The entry of a weak.keys outside of the dying, not looked at yet, that was registered last of
 * those whose key is n. */
static entry *newest_of_key(model *m, int n) {
    entry *newest = NULL;
    for (int c = 0; c < NUMBERS; c++) {
        thing *o = at(m, c);
        bool asked = o->what == A_WEAK_KEYS && o->alive && !o->dying && c != n;
        for (int i = 0; i < o->count && asked; i++) {
            entry *e = &o->entry[i];
            if (e->key != n || e->value == NOBODY || e->charged) continue;
            if (newest == NULL || e->order > newest->order) newest = e;
        }
    }
    return newest;
}

/* All that goes with n: its references, without what has gone with its key already, and what it
 * is the key of. */
static int find_edges(model *m, int n, int edges[NUMBERS]) {
    thing *o = at(m, n);
    int count = 0;
    if (o->what != A_WEAK_KEYS) count = model_children(m, n, edges);
    for (int i = 0; i < o->count && o->what == A_WEAK_KEYS; i++)
        if (o->entry[i].value != NOBODY && !o->entry[i].charged) edges[count++] = o->entry[i].value;
    for (entry *e; (e = newest_of_key(m, n)) != NULL;) {
        e->charged = true;
        edges[count++] = e->value;
    }
    return count;
}

static void visit(model *m, dying_set *set, int n, int lost[NUMBERS]) {
    int children[NUMBERS], count = find_edges(m, n, children);
    set->members[set->count++] = n;
    at(m, n)->dying = true;
    for (int i = 0; i < count; i++) {
        thing *child = at(m, children[i]);
        lost[children[i]]++;
        if (!child->alive || child->dying || child->held) continue;
        if (lost[children[i]] == model_count(m, children[i])) visit(m, set, children[i], lost);
    }
}

void model_drop(model *m, int n) {
    thing *o = at(m, n);
    if (!o->alive || o->dying || model_count(m, n) != 0) return;
    if (o->held && m->wrong != WRONG_HELD_IS_NOTHING) {
        m->deferred++;
        return;
    }
    dying_set set = {.by_count = true};
    int lost[NUMBERS] = {0};
    visit(m, &set, n, lost);
    for (int c = 0; c < NUMBERS; c++)
        for (int i = 0; i < at(m, c)->count; i++) at(m, c)->entry[i].charged = false;
    die(m, &set);
}

/* ---- 1: finalizers ----------------------------------------------------------------------- */

static bool run_finalizers(model *m, const dying_set *set) {
    bool ran = false;
    for (int i = 0; i < set->count; i++) {
        int n = set->members[i];
        thing *o = at(m, n);
        bool again = o->finalized && m->wrong != WRONG_FINALIZED_AGAIN;
        if (!model_finalizes(m, n) || again) continue;
        o->finalized = true;
        m->finalizers++;
        model_note(m, STEP_FINALIZE, n, NULL);
        int all[2 * ENTRIES + 1], children[CHILDREN], count = model_children(m, n, all);
        for (int j = 0; j < CHILDREN; j++) children[j] = j < count ? all[j] : NOBODY;
        model_say_last_words(m, n, children);
        model_note(m, STEP_END, n, NULL);
        ran = true;
    }
    return ran;
}

/* ---- 2: the second look ------------------------------------------------------------------ */

static void ask_holder(model *m, const dying_set *set) {
    bool held = m->closing; /* then nothing is held, but for what finalizers hold */
    for (int i = 0; i < set->count; i++) held |= at(m, set->members[i])->held;
    if (held) model_settle(m);
}

/* How many references to each object there are from the set: those of members, and those that
 * entries count whose key is a member. */
static void count_inner(const model *m, const bool member[NUMBERS], int inner[NUMBERS]) {
    for (int n = 0; n < NUMBERS; n++) {
        const thing *o = &m->objects[n];
        int children[2 * ENTRIES + 1], count = member[n] ? model_children(m, n, children) : 0;
        for (int i = 0; i < count; i++) inner[children[i]]++;
        bool watches = o->alive && !member[n] && o->what == A_WEAK_KEYS;
        for (int i = 0; i < o->count && watches; i++)
            if (member[o->entry[i].key] && o->entry[i].value != NOBODY) inner[o->entry[i].value]++;
    }
}

static bool save(const bool member[NUMBERS], bool saved[NUMBERS], int n) {
    if (n == NOBODY || !member[n] || saved[n]) return false;
    return saved[n] = true;
}

/* What a member that is saved reaches is saved. A value of weak.keys is reached when neither its
 * container nor its key is dying any more. */
static bool spread(const model *m, const bool member[NUMBERS], bool saved[NUMBERS], int n) {
    const thing *o = &m->objects[n];
    int children[2 * ENTRIES + 1], count = 0;
    bool any = false;
    bool lives = o->alive && (!member[n] || saved[n]);
    if (!lives || (!member[n] && o->what != A_WEAK_KEYS)) return false;
    if (o->what != A_WEAK_KEYS) count = model_children(m, n, children);
    for (int i = 0; i < count; i++) any |= save(member, saved, children[i]);
    for (int i = 0; i < o->count && o->what == A_WEAK_KEYS; i++)
        if (!member[o->entry[i].key] || saved[o->entry[i].key])
            any |= save(member, saved, o->entry[i].value);
    return any;
}

static void find_saved(const model *m, const dying_set *set, bool saved[NUMBERS]) {
    int inner[NUMBERS] = {0};
    bool member[NUMBERS] = {false};
    for (int i = 0; i < set->count; i++) member[set->members[i]] = true;
    count_inner(m, member, inner);
    for (int i = 0; i < set->count; i++) {
        int n = set->members[i];
        saved[n] = model_count(m, n) > inner[n] || m->objects[n].held;
        if (m->wrong == WRONG_NO_SECOND_LOOK && !m->closing) saved[n] = false;
    }
    for (bool again = true; again;) {
        again = false;
        for (int n = 0; n < NUMBERS; n++) again |= spread(m, member, saved, n);
    }
}

static void look_again(model *m, dying_set *set) {
    bool saved[NUMBERS] = {false};
    int left = 0;
    ask_holder(m, set);
    find_saved(m, set, saved);
    for (int i = 0; i < set->count; i++) {
        int n = set->members[i];
        if (!saved[n]) set->members[left++] = n;
        else at(m, n)->dying = false;
        m->resurrected += saved[n];
        if (saved[n]) model_drop(m, n); /* held alone: it waits like any other */
    }
    set->count = left;
}

/* ---- 3 and 4: weak references, callbacks ------------------------------------------------- */

/* Runs with what the call needs kept until it has ended. */
static void call_back(model *m, int n) {
    thing *o = at(m, n);
    int argument = o->count > 0 ? model_take(m, n, 0).value : NOBODY;
    int children[CHILDREN] = {argument, NOBODY, NOBODY};
    o->calls = false;
    m->callbacks++;
    model_note(m, STEP_CALLBACK, n, NULL);
    model_say_last_words(m, n, children);
    model_note(m, STEP_END, n, NULL);
    if (argument != NOBODY) model_lose(m, argument);
}

static void clear_watchers_of(model *m, int target, int *callers, int *count) {
    for (int n = 0; n < NUMBERS; n++) {
        thing *o = at(m, n);
        if (o->what == NOTHING || o->target != target) continue;
        o->target = NOBODY;
        if (!o->alive || !o->calls) continue;
        if (o->what == A_RECORD) o->listed = true;
        else model_gain(m, n);
        callers[(*count)++] = n;
    }
}

/* A record detached meanwhile is not called, nor is a weak reference that was cleared. */
static void call_listed(model *m, int n) {
    thing *o = at(m, n);
    bool record = o->what == A_RECORD;
    if (o->calls && (!record || o->pending)) {
        o->pending = false;
        call_back(m, n);
    }
    if (record) {
        at(m, n)->listed = false;
        model_drop(m, n);
    } else {
        model_lose(m, n);
    }
}

static void evict(model *m, dying_set *set, int container, int place) {
    int order = at(m, container)->entry[place].order;
    entry e = model_take(m, container, place);
    int counted = e.value != NOBODY ? e.value : e.key;
    if (counted == NOBODY) return;
    set->evicted[set->evicted_count].order = order;
    set->evicted[set->evicted_count++].counted = counted;
}

/* A container that is itself one of the dead keeps its entries once its turn has come. */
static void evict_entries_of(model *m, dying_set *set, int target) {
    for (int n = 0; n < NUMBERS; n++) {
        thing *o = at(m, n);
        if (!is_weak_table(o->what) || o->retired || !(o->alive || o->dying)) continue;
        if (o->what == A_WEAK_VALUES && m->wrong == WRONG_ENTRY_STAYS) continue;
        for (int i = o->count - 1; i >= 0; i--) {
            entry *e = &o->entry[i];
            bool watches = (o->what == A_WEAK_VALUES ? e->value : e->key) == target;
            if (watches && set->evicted_count < NUMBERS) evict(m, set, n, i);
        }
    }
    at(m, target)->retired = true;
}

static void clear_and_call(model *m, dying_set *set) {
    int callers[NUMBERS], count = 0;
    for (int i = 0; i < set->count; i++) at(m, set->members[i])->alive = false;
    for (int i = 0; i < set->count; i++) {
        clear_watchers_of(m, set->members[i], callers, &count);
        evict_entries_of(m, set, set->members[i]);
    }
    for (int done = 0; done < count; done++) {
        int next = done;
        for (int i = done; i < count; i++) {
            bool newer = at(m, callers[i])->order > at(m, callers[next])->order;
            if (newer != (m->wrong == WRONG_CALLBACKS_OLDEST_FIRST)) next = i;
        }
        int n = callers[next];
        callers[next] = callers[done];
        call_listed(m, n);
    }
}

/* ---- 5: references ----------------------------------------------------------------------- */

/* Of a collected set the rules say in which order finalizers run, not in which order members
 * let go: when two of them refer to what is not a member, who of those dies in whose company
 * is open. */
static bool is_order_open(model *m, const dying_set *set) {
    int referrers = 0;
    for (int i = 0; i < set->count && !set->by_count; i++) {
        int children[2 * ENTRIES + 1];
        int count = model_children(m, set->members[i], children), outside = 0;
        for (int j = 0; j < count; j++)
            outside += at(m, children[j])->alive && children[j] >= FIRST_NUMBER;
        referrers += outside > 0;
    }
    return referrers > 1;
}

/* Oldest first. */
static void release_evicted(model *m, dying_set *set) {
    for (int left = set->evicted_count; left > 0; left--) {
        int oldest = 0;
        for (int i = 0; i < left; i++)
            if (set->evicted[i].order < set->evicted[oldest].order) oldest = i;
        int counted = set->evicted[oldest].counted;
        set->evicted[oldest] = set->evicted[left - 1];
        model_lose(m, counted);
    }
}

/* What has been seen since then could have come in another order: the core is not compared from
 * there on. */
static void leave_open(model *m, int since) {
    m->ambiguous = true;
    m->trace->count = since;
    model_note(m, STEP_OPEN, NOBODY, NULL);
}

static void release_all(model *m, dying_set *set) {
    bool open = is_order_open(m, set);
    int before = m->trace->count;
    bool unordered = m->unordered;
    m->unordered |= !set->by_count;
    for (int i = 0; i < set->count; i++) {
        int n = set->members[i], children[2 * ENTRIES + 1];
        int count = model_children(m, n, children);
        for (int j = 0; j < count; j++) model_gain(m, children[j]);
        at(m, n)->count = 0;
        at(m, n)->cls = at(m, n)->base = NOBODY;
        for (int j = 0; j < count; j++) model_lose(m, children[j]);
    }
    release_evicted(m, set);
    m->unordered = unordered;
    if (open && m->trace->count != before) leave_open(m, before);
}

static void die(model *m, dying_set *set) {
    m->dying_depth++;
    if (m->wrong == WRONG_CLEARED_BEFORE_FINALIZERS)
        for (int n = 0; n < NUMBERS; n++)
            if (is_alive(m, at(m, n)->target) && at(m, at(m, n)->target)->dying &&
                !at(m, n)->calls)
                at(m, n)->target = NOBODY;
    bool ran = run_finalizers(m, set);
    if (ran || (m->closing && !set->by_count)) look_again(m, set);
    clear_and_call(m, set);
    release_all(m, set);
    for (int i = 0; i < set->count; i++) {
        thing *o = at(m, set->members[i]);
        m->deaths += is_counted(o);
        o->dying = false;
    }
    m->dying_depth--;
}

/* ---- collection -------------------------------------------------------------------------- */

void model_settle(model *m) {
    bool stale = false;
    if (m->deaf) return;
    for (int n = 0; n < NUMBERS; n++) stale |= is_alive(m, n) && at(m, n)->stale;
    if (!stale) return;
    model_note(m, STEP_SETTLE, NOBODY, NULL);
    for (int n = 0; n < NUMBERS; n++) {
        if (!is_alive(m, n) || !at(m, n)->stale) continue;
        act a = {.kind = OP_UNHOLD, .a = (int16_t)n};
        model_note(m, STEP_ACT, n, &a);
        model_unhold(m, n);
    }
    model_note(m, STEP_END, NOBODY, NULL);
}

static int older(const model *m, int a, int b) {
    bool swap = m->wrong == WRONG_FINALIZERS_YOUNGEST_FIRST;
    return (m->objects[a].born < m->objects[b].born) != swap;
}

static void add_oldest_first(const model *m, dying_set *set, int n) {
    int i = set->count++;
    for (; i > 0 && older(m, n, set->members[i - 1]); i--) set->members[i] = set->members[i - 1];
    set->members[i] = n;
}

/* The rule above ouro_threshold in ouro/collect.h. */
int model_due(const model *m) {
    if (m->threshold[0] == 0 || model_grown(m) < m->threshold[0] * m->factor) return -1;
    long since = model_live(m) - m->old_live;
    if (since > m->old_live && since > m->threshold[0] * m->threshold[2]) return 2;
    return m->runs[0] >= m->threshold[1] ? 1 : 0;
}

static void pace(model *m, int generation, long candidates, long freed) {
    for (int i = 0; i < generation; i++) m->runs[i] = 0;
    if (generation < 2) m->runs[generation]++;
    else m->old_live = model_live(m);
    if (generation < 2) {
        if (freed < candidates / 4) m->factor *= 2;
        else if (freed > candidates / 2 && m->factor > 1) m->factor /= 2;
        while (m->factor > 1 && m->threshold[0] * m->factor > model_live(m) / 4) m->factor /= 2;
    }
    m->born_at = m->births;
    m->died_at = m->deaths;
}

/* Returns how many objects that count die, litter included. */
static long collect(model *m, int generation) {
    bool garbage[NUMBERS];
    dying_set set = {.by_count = false};
    long candidates = 0, found = 0;
    model_garbage(m, generation, garbage);
    for (int n = 0; n < NUMBERS; n++) {
        thing *o = at(m, n);
        if (!model_is_candidate(m, n, generation)) continue;
        candidates++;
        if (!garbage[n]) o->generation = (uint8_t)(generation < 2 ? generation + 1 : 2);
        else add_oldest_first(m, &set, n);
    }
    for (int i = 0; i <= generation; i++) {
        candidates += m->litter[i];
        found += m->litter[i];
    }
    bool saves = m->saveall && m->wrong != WRONG_SAVED_DIES;
    for (int i = 0; i < set.count; i++) at(m, set.members[i])->dying = !saves;
    for (int i = 0; i < set.count && saves; i++) m->saved[set.members[i]]++;
    if (!saves) die(m, &set);
    for (int i = 0; i < set.count; i++) found += is_counted(at(m, set.members[i]));
    for (int i = 0; i <= generation; i++) {
        m->deaths += m->litter[i];
        m->litter[i] = 0;
    }
    pace(m, generation, candidates, found);
    return found;
}

long model_collect(model *m, int generation) {
    if (m->collecting && m->wrong != WRONG_NESTED_COLLECTIONS) return 0;
    bool outer = m->collecting;
    m->collecting = true;
    m->deferred = 0;
    model_settle(m);
    long found = collect(m, generation);
    m->collecting = outer;
    return found;
}

/* Whether something that is not of the set counts a member, for another reason than that a
 * member is its key. */
static bool is_counted_from_outside(const model *m, int n, const bool *these) {
    const thing *o = &m->objects[n];
    int children[2 * ENTRIES + 1], count = 0;
    if (!o->alive || these[n]) return false;
    if (o->what != A_WEAK_KEYS) count = model_children(m, n, children);
    for (int i = 0; i < count; i++)
        if (these[children[i]]) return true;
    for (int i = 0; i < o->count && o->what == A_WEAK_KEYS; i++)
        if (o->entry[i].value != NOBODY && these[o->entry[i].value] && !these[o->entry[i].key])
            return true;
    return false;
}

const char *model_collect_these(model *m, const bool *these, int *ret_culprit) {
    bool garbage[NUMBERS];
    dying_set set = {.by_count = false};
    model_garbage(m, 2, garbage);
    for (int n = 0; n < NUMBERS; n++) {
        *ret_culprit = n;
        if (these[n] && !garbage[n]) return "was collected, but is reached";
        if (is_counted_from_outside(m, n, these)) return "lives on, but what it refers to does not";
        if (these[n]) add_oldest_first(m, &set, n);
    }
    for (int i = 0; i < set.count; i++) at(m, set.members[i])->dying = true;
    m->collecting = true;
    die(m, &set);
    m->collecting = false;
    return NULL;
}

/* ---- the close --------------------------------------------------------------------------- */

static void run_records(model *m) {
    for (;;) {
        int newest = NOBODY;
        for (int n = 0; n < NUMBERS; n++) {
            if (!is_alive(m, n) || !at(m, n)->pending) continue;
            if (newest == NOBODY || at(m, n)->order > at(m, newest)->order) newest = n;
        }
        if (newest == NOBODY) return;
        model_gain(m, newest);
        at(m, newest)->pending = false;
        at(m, newest)->target = NOBODY;
        if (at(m, newest)->atexit) call_back(m, newest);
        at(m, newest)->calls = false;
        model_lose(m, newest);
    }
}

static void drop_frames(model *m) {
    while (m->depth > 0) {
        int frame = m->frames[m->depth - 1];
        model_clear(m, frame);
        m->depth--;
        model_drop(m, frame);
    }
}

static void end_all(model *m) {
    dying_set set = {.by_count = false};
    m->collecting = true;
    for (int n = 0; n < NUMBERS; n++) at(m, n)->held = at(m, n)->stale = false;
    for (int n = 0; n < NUMBERS; n++)
        if (is_alive(m, n)) add_oldest_first(m, &set, n);
    for (int i = 0; i < set.count; i++) at(m, set.members[i])->dying = true;
    die(m, &set);
    m->collecting = false;
}

void model_close(model *m) {
    m->closing = true;
    run_records(m);
    drop_frames(m);
    model_lose(m, GARBAGE);
    model_lose(m, CLASS_OPEN);
    long before;
    int rounds = 0;
    do {
        before = m->finalizers;
        end_all(m);
        memset(m->litter, 0, sizeof m->litter);
        if (m->finalizers != before && ++rounds < 16) run_records(m);
        else break;
    } while (true);
    m->leaked = (int)model_live(m);
}
