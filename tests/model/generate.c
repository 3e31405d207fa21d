/* SPDX-License-Identifier: MIT */
/* Generate: see generate.h. The weights keep some thirty objects alive, with many cycles, and
 * give most things a bad end. */
#include "generate.h"

#include <string.h>

enum { CROWDED = 32 };

/* xorshift64* (Vigna 2016). */
static int below(generator *g, int n) {
    g->state ^= g->state >> 12;
    g->state ^= g->state << 25;
    g->state ^= g->state >> 27;
    return (int)((g->state * 0x2545f4914f6cdd1du) >> 33) % n;
}

static bool one_in(generator *g, int n) {
    return below(g, n) == 0;
}

void generate_begin(generator *g, uint64_t seed) {
    g->state = (seed + 1) * 0x9e3779b97f4a7c15u;
    g->made = 0;
    g->begun = false;
    for (int i = 0; i < 4; i++) below(g, 2);
}

/* Somebody alive of a kind that is wanted, or NOBODY. */
static int pick(generator *g, const model *m, bool (*wanted)(const thing *o)) {
    int found[NUMBERS], count = 0;
    for (int n = FIRST_NUMBER; n < NUMBERS; n++) {
        const thing *o = &m->objects[n];
        if (o->alive && o->what != A_FRAME && (wanted == NULL || wanted(o))) found[count++] = n;
    }
    return count > 0 ? found[below(g, count)] : NOBODY;
}

static bool has_fields(const thing *o) {
    return !is_watcher(o->what) && o->what != A_TUPLE;
}
static bool is_list(const thing *o) { return o->what == A_LIST; }
static bool is_class(const thing *o) { return o->what == A_CLASS; }
static bool is_table(const thing *o) { return is_weak_table(o->what); }
static bool is_dict(const thing *o) { return o->what == A_DICT; }
static bool is_record(const thing *o) { return o->what == A_RECORD && o->pending; }
static bool is_key(const thing *o) { return is_hashable(o->what); }
static bool is_pinned(const thing *o) { return o->pins > 0; }
static bool is_held(const thing *o) { return o->held; }
static bool may_hold_much(const thing *o) {
    return o->what >= A_LIST && o->what <= A_WEAK_SET;
}

static int pick_name(generator *g, const model *m, int which) {
    const thing *frame = &m->objects[which == 1 ? m->frames[m->depth - 1] : MAIN_FRAME];
    return frame->count > 0 ? frame->entry[below(g, frame->count)].label : 0;
}

static int pick_saved(generator *g, const model *m) {
    int found[NUMBERS], count = 0;
    for (int n = FIRST_NUMBER; n < NUMBERS; n++)
        if (m->saved[n] > 0) found[count++] = n;
    return count > 0 ? found[below(g, count)] : NOBODY;
}

/* ---- last words -------------------------------------------------------------------------- */

static int pick_self(generator *g) {
    return one_in(g, 2) ? SELF : CHILD - below(g, CHILDREN);
}

static int pick_any(generator *g, const model *m) {
    return one_in(g, 2) ? pick_self(g) : pick(g, m, NULL);
}

static act make_in_last_words(generator *g) {
    static const uint8_t whats[] = {A_NODE, A_PLAIN, A_BAG, AN_OWN,     AN_ITEM,
                                    A_LIST, A_WEAK,  A_WEAK, A_CALLBACK, A_RECORD};
    act a = {.kind = OP_MAKE, .what = whats[below(g, 10)], .a = (int16_t)pick_self(g)};
    a.b = one_in(g, 2) ? NOBODY : CHILD;
    a.k = (int16_t)(below(g, NAMES) * WHERES + below(g, WHERES));
    return a;
}

static act rarer_word(generator *g, const model *m, act a) {
    switch (below(g, 6)) {
    case 0: a.kind = OP_INSERT; break;
    case 1: a.kind = OP_KEY; break;
    case 2: a.kind = OP_PIN; break;
    case 3: a.kind = OP_UNPIN; break;
    default:
        a.kind = OP_WATCH;
        a.a = (int16_t)pick(g, m, is_table);
        a.k = (int16_t)pick_any(g, m);
    }
    return a;
}

/* SYNC: last-words. What is asked of finalizers and callbacks: store oneself or a child in a
 * name, drop or set a field of oneself or another, make something, look weakly at the dying,
 * collect, and whatever else may be done. */
static act word(generator *g, const model *m) {
    act a = {.a = (int16_t)pick_any(g, m), .b = (int16_t)pick_any(g, m),
             .k = (int16_t)below(g, 16)};
    switch (below(g, 16)) {
    case 0:
    case 1:
    case 2: a.kind = OP_BIND; a.a = (int16_t)below(g, 2); a.b = (int16_t)pick_self(g); break;
    case 3:
    case 4: a.kind = OP_UNSET; break;
    case 5:
    case 6: a.kind = OP_SET; break;
    case 7:
    case 8:
    case 9: return make_in_last_words(g);
    case 10: a.kind = OP_COLLECT; break;
    case 11: a.kind = OP_UNBIND; a.a = (int16_t)below(g, 2); a.k = (int16_t)below(g, NAMES); break;
    case 12: a.kind = OP_HOLD; break;
    case 13: a.kind = one_in(g, 2) ? OP_CLEAR : OP_CUT; break;
    case 14: a.kind = (uint8_t[]){OP_LOSE, OP_UNHOLD, OP_SETTLE, OP_DETACH}[below(g, 4)]; break;
    default: return rarer_word(g, m, a);
    }
    return a;
}

/* ---- operations -------------------------------------------------------------------------- */

static void say(generator *g, const model *m, op *o) {
    for (int i = 0; i < WORDS; i++)
        if (!one_in(g, 3)) o->words[i] = word(g, m);
}

/* Something of a class, or a class, or a copy. */
static op make_of(generator *g, const model *m) {
    op o = {.act = {.number = (int16_t)(FIRST_NUMBER + g->made++)}};
    o.act.a = (int16_t)pick(g, m, is_class);
    switch (below(g, 6)) {
    case 0:
        o.act.kind = OP_CLASS;
        o.act.k = (int16_t)below(g, 4);
        if (one_in(g, 3)) o.act.a = (int16_t)(CLASS_NODE + below(g, 3));
        if (one_in(g, 2)) o.act.a = NOBODY;
        break;
    case 1:
        o.act.kind = OP_DEEPCOPY;
        o.act.a = (int16_t)pick(g, m, may_hold_much);
        g->made += COPIES - 1;
        break;
    case 2:
        o.act.kind = OP_COPY;
        o.act.a = (int16_t)pick(g, m, NULL);
        break;
    default:
        o.act.kind = OP_INSTANCE;
        o.act.k = (int16_t)(below(g, NAMES) * WHERES + (one_in(g, 3) ? below(g, WHERES) : 0));
        say(g, m, &o);
    }
    return o;
}

static op make(generator *g, const model *m) {
    static const uint8_t whats[] = {A_NODE, A_NODE, A_NODE, A_PLAIN, A_BAG,  AN_OPEN,
                                    AN_OWN, AN_OWN, AN_ITEM, A_LIST,  A_TUPLE, A_DICT,
                                    A_SET,  A_WEAK, A_WEAK, A_CALLBACK, A_CALLBACK, A_RECORD,
                                    A_WEAK_KEYS, A_WEAK_KEYS, A_WEAK_VALUES, A_WEAK_SET};
    op o = {.act = {.kind = OP_MAKE, .what = whats[below(g, (int)sizeof whats)]}};
    o.act.number = (int16_t)(FIRST_NUMBER + g->made++);
    o.act.a = (int16_t)pick(g, m, NULL);
    o.act.b = (int16_t)(one_in(g, 2) ? NOBODY : pick(g, m, NULL));
    o.starved = one_in(g, 12);
    o.items = (uint8_t)(o.act.what == A_TUPLE ? below(g, 3) : 0);
    int where = one_in(g, 3) ? below(g, WHERES) : IN_OWN_NAME;
    o.act.k = (int16_t)(below(g, NAMES) * WHERES + where);
    if (has_finalizer(o.act.what) || is_watcher(o.act.what)) say(g, m, &o);
    return o;
}

static act link_up(generator *g, const model *m) {
    act a = {.kind = OP_SET, .a = (int16_t)pick(g, m, has_fields), .b = (int16_t)pick(g, m, NULL),
             .k = (int16_t)below(g, 16)};
    switch (below(g, 8)) {
    case 0:
    case 1:
        a.kind = OP_INSERT;
        a.a = (int16_t)pick(g, m, is_list);
        break;
    case 2:
        a.kind = OP_KEY;
        a.a = (int16_t)pick(g, m, is_dict);
        a.b = (int16_t)pick(g, m, is_key);
        break;
    case 3:
    case 4:
        a.kind = OP_WATCH;
        a.a = (int16_t)pick(g, m, is_table);
        a.k = (int16_t)(one_in(g, 6) ? NOBODY : pick(g, m, NULL));
        break;
    default: break;
    }
    return a;
}

static act take_down(generator *g, const model *m) {
    act a = {.k = (int16_t)below(g, 16), .a = (int16_t)pick(g, m, has_fields)};
    switch (below(g, 8)) {
    case 0: a.kind = OP_CLEAR; a.a = (int16_t)pick(g, m, NULL); break;
    case 1: a.kind = OP_POP; a.a = (int16_t)pick(g, m, is_list); break;
    case 2: a.kind = OP_CUT; a.a = (int16_t)pick(g, m, is_list); break;
    case 3: a.kind = OP_REVERSE; a.a = (int16_t)pick(g, m, is_list); break;
    case 4: a.kind = OP_UNSET; a.a = (int16_t)pick(g, m, may_hold_much); break;
    default: a.kind = OP_UNSET;
    }
    return a;
}

static act let_go(generator *g, const model *m) {
    act a = {.kind = OP_UNBIND, .a = (int16_t)below(g, 2)};
    switch (below(g, 9)) {
    case 8:
        a.kind = OP_TAKE;
        a.a = (int16_t)pick_saved(g, m);
        if (a.a == NOBODY) a = (act){.kind = OP_UNBIND, .k = (int16_t)pick_name(g, m, 0)};
        break;
    case 0: a.kind = OP_UNPIN; a.a = (int16_t)pick(g, m, is_pinned); break;
    case 1: a.kind = OP_UNHOLD; a.a = (int16_t)pick(g, m, is_held); break;
    case 2: a.kind = OP_LOSE; a.a = (int16_t)pick(g, m, is_held); break;
    default: a.k = (int16_t)pick_name(g, m, a.a);
    }
    return a;
}

static act take_hold(generator *g, const model *m) {
    act a = {.kind = OP_BIND, .a = (int16_t)below(g, 2), .b = (int16_t)pick(g, m, NULL),
             .k = (int16_t)below(g, NAMES)};
    if (one_in(g, 2)) return a;
    a.a = a.b;
    a.kind = one_in(g, 2) ? OP_PIN : OP_HOLD;
    return a;
}

/* The first is the default. One that the model cannot follow stays for the rest. */
static int pick_policy(generator *g, const model *m) {
    int policy = one_in(g, 4) ? below(g, m->policies) : 0;
    return m->paced && m->paces[policy] == PACE_ANY_TIME ? 0 : policy;
}

static act manage(generator *g, const model *m) {
    act a = {.k = (int16_t)below(g, 16)};
    switch (below(g, 23)) {
    case 0: a.kind = OP_ENABLE; a.k = (int16_t)!one_in(g, 4); break;
    case 1: a.kind = OP_POLICY; a.k = (int16_t)pick_policy(g, m); break;
    case 2: a.kind = one_in(g, 3) ? OP_FREEZE : OP_UNFREEZE; break;
    case 3: a.kind = OP_THRESHOLD; a.k = (int16_t)(one_in(g, 8) ? 0 : below(g, 60)); break;
    case 4:
    case 14:
    case 15:
        /* The heap looks whether a collection is due when it takes more cells. */
        a.kind = OP_LITTER;
        a.k = (int16_t)(one_in(g, 3) ? 1500 : below(g, 4) * 120 + 1);
        break;
    case 5: a.kind = OP_SETTLE; break;
    case 6: a.kind = OP_LISTEN; break;
    case 7: a.kind = OP_ID; a.a = (int16_t)pick(g, m, NULL); break;
    case 8: a.kind = OP_DETACH; a.a = (int16_t)pick(g, m, is_record); break;
    case 9: a.kind = OP_ATEXIT; a.a = (int16_t)pick(g, m, is_record); break;
    case 10: a.kind = OP_PUSH; a.number = (int16_t)(FIRST_NUMBER + g->made++); break;
    case 11: a.kind = OP_POP_FRAME; break;
    case 12: a.kind = OP_LIMIT; break;
    case 13: a.kind = OP_SAVEALL; a.k = (int16_t)one_in(g, 3); break;
    case 16: a.kind = OP_FINALIZER; a.a = (int16_t)pick(g, m, is_class); break;
    case 17: a.kind = OP_LIMIT; a.k = 0; break;
    default: a.kind = OP_SAFE_POINT;
    }
    return a;
}

/* Most sequences are to have collections that come by themselves. */
static op begin(generator *g) {
    g->begun = true;
    return (op){.act = {.kind = OP_THRESHOLD, .k = (int16_t)(below(g, 4) + 15 * below(g, 4))}};
}

op generate_op(generator *g, const model *m) {
    int alive = 0, roll = below(g, 100);
    for (int n = FIRST_NUMBER; n < NUMBERS; n++) alive += m->objects[n].alive;
    bool full = g->made >= MADE_MAX - 1;
    if (!g->begun) return begin(g);
    if (m->bell != 0 && one_in(g, m->bell & 4 ? 2 : 6)) return (op){.act = {.kind = OP_SAFE_POINT}};
    bool room = g->made < MADE_MAX - COPIES;
    if (room && roll < 5) return make_of(g, m);
    if (!full && (roll < 20 || alive < 4)) return make(g, m);
    if (alive > CROWDED && roll < 45) roll = 65;
    op o = {.act = {.kind = OP_NONE}};
    if (roll < 45) o.act = link_up(g, m);
    else if (roll < 55) o.act = take_down(g, m);
    else if (roll < 74) o.act = let_go(g, m);
    else if (roll < 80) o.act = take_hold(g, m);
    else if (roll < 85) o.act = (act){.kind = OP_COLLECT, .k = (int16_t)below(g, 6)};
    else if (roll < 87 && room) return make_of(g, m);
    else if (roll < 99 && !full) o.act = manage(g, m);
    else if (one_in(g, 2)) o.act = (act){.kind = OP_COLLECT, .k = 2};
    if (o.act.kind == OP_COLLECT && o.act.k > 2) o.act.k = 2;
    o.starved = one_in(g, 12);
    return o;
}
