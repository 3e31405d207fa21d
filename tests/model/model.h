/* SPDX-License-Identifier: MIT */
/* Model: what docs/semantics.md says, in obvious code. Objects are numbers, references are
 * entries of arrays, a count is computed by counting, reachability by searching. It knows
 * nothing of the core.
 *
 * The model goes first and leaves a trace: which finalizers and callbacks run, in which order,
 * what they do, what is to be seen at that moment. The core must then follow the trace step by
 * step (real.c). */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include "op.h"

enum { STEPS = 8192, ENTRIES = 16, FROZEN = 3 };

typedef enum step_kind {
    STEP_FINALIZE, /* the finalizer of n begins */
    STEP_CALLBACK, /* the callback of n begins */
    STEP_SETTLE,   /* the holder is asked */
    STEP_ACT,      /* one of those does something */
    STEP_END,      /* of n's finalizer or callback, or the holder's answer */
    STEP_GOT,      /* a collection found n objects */
    STEP_OPEN      /* from here on the order is not determined by the rules */
} step_kind;

typedef struct step {
    uint8_t kind;
    int16_t n;
    act act;
    uint64_t view; /* digest of what can be seen; 0: not to be compared */
} step;

typedef struct trace {
    int count;
    bool full;
    step steps[STEPS];
} trace;

/* A reference, or a place for one: a slot, an item, an entry, a name. */
typedef struct entry {
    int16_t key;   /* of a dict, the object; else NOBODY */
    int16_t label; /* key number, name, attribute */
    int16_t value;
    int16_t charged; /* within visit: the value has gone with its key */
    int order;       /* of a weak dictionary's: of registration, with the watchers */
} entry;

static inline entry entry_for(int key, int label, int value) {
    return (entry){(int16_t)key, (int16_t)label, (int16_t)value, 0, 0};
}

typedef struct thing {
    uint8_t what;
    bool alive, dying, finalized, held, stale, pending, atexit, calls;
    bool finalizes, open; /* of a class: has a finalizer of its own; attributes */
    bool retired; /* of a weak dictionary: dead, its entries are not told of deaths any more */
    bool listed; /* of a record: its call is at hand; the heap's count stays till then */
    uint8_t generation;
    uint8_t count; /* of entries */
    int16_t pins, extra; /* extra: counts that C code, the heap or a moment owns */
    int16_t cls, base, target;
    int born, order; /* order: of registration as a watcher */
    entry entry[ENTRIES];
    act words[WORDS];
} thing;

/* Deliberate mistakes: each must be noticed (selftest.c). SYNC: wrong-rules */
typedef enum wrong_rule {
    WRONG_NOTHING,
    WRONG_CALLBACKS_OLDEST_FIRST,
    WRONG_FINALIZERS_YOUNGEST_FIRST,
    WRONG_FIELDS_BACKWARDS,
    WRONG_NO_SECOND_LOOK,
    WRONG_FINALIZED_AGAIN,
    WRONG_CLEARED_BEFORE_FINALIZERS,
    WRONG_NAMES_FIRST_BOUND_FIRST,
    WRONG_HELD_IS_NOTHING,
    WRONG_FROZEN_IS_COLLECTED,
    WRONG_NESTED_COLLECTIONS,
    WRONG_KEY_NOT_COUNTED,
    WRONG_EPHEMERON_KEEPS_KEY,
    WRONG_ENTRY_STAYS,
    WRONG_CLASS_NOT_COUNTED,
    WRONG_NOT_INHERITED,
    WRONG_REFUSED_IS_DONE,
    WRONG_DEEP_IS_SHALLOW,
    WRONG_SAVED_DIES,
    WRONG_RULES
} wrong_rule;
extern const char *const wrong_rule_names[WRONG_RULES];

/* When automatic collections come: all in which policies differ. */
typedef enum pace_kind {
    PACE_NEVER,
    PACE_YOUNG_FIRST, /* by the rule above ouro_threshold in ouro/collect.h */
    PACE_ANY_TIME     /* at safe points; what they find is garbage, but need not be all of it */
} pace_kind;

enum { POLICIES = 16 };

typedef struct model {
    wrong_rule wrong;
    pace_kind paces[POLICIES];
    int policies, policy;
    bool quiet; /* the test sees to it that no collection comes by itself */
    bool paced; /* the model knows when; a policy with PACE_ANY_TIME ends that for good */
    bool deaf;  /* the holder does not let go of anything for now */
    bool saveall;
    bool refused; /* by the operation that was done last */
    long max_objects;
    int max_frames;
    int16_t saved[NUMBERS]; /* times in gc.garbage */
    trace *trace; /* not part of the state */
    thing objects[NUMBERS];
    int births_in_order, registrations;
    int16_t frames[ROOM];
    int depth; /* of frames */
    int dying_depth;
    bool collecting, closing, enabled, listening;
    bool ambiguous; /* the rules leave an order open that has been seen */
    bool unordered; /* dying_depth within step 5 of a collected set: counts are in between */
    long deferred, finalizers, callbacks, resurrected, bell;
    /* Pacing, and the litter: objects that refer to themselves alone, by generation. */
    long litter[3];
    long births, deaths, born_at, died_at, old_live, runs[3], threshold[3], factor;
    int leaked; /* after model_close */
} model;

void model_init(model *m, trace *t, wrong_rule wrong, const pace_kind *paces, int policies);
static inline thing *at(model *m, int n) { return &m->objects[n]; }
static inline bool is_alive(const model *m, int n) {
    return n >= 0 && n < NUMBERS && m->objects[n].alive;
}
static inline bool is_counted(const thing *o) { return o->what != A_FRAME; }

/* Looking. children: whom n refers to, in field order, its class last. */
int model_children(const model *m, int n, int ret_children[2 * ENTRIES + 1]);
int model_count(const model *m, int n);
long model_live(const model *m);
long model_grown(const model *m);
bool model_finalizes(const model *m, int n);
/* Of an object, the references that its entry counts, in order. */
int model_counted(const thing *o, const entry *e, int ret_counted[2]);
bool model_is_candidate(const model *m, int n, int generation);
void model_garbage(const model *m, int generation, bool ret_garbage[NUMBERS]);
uint64_t model_view(const model *m);
uint64_t view_of_object(int number, long count, int target, int entries);

/* Births and references. gain and lose are for counts that no entry shows. */
void model_birth(model *m, int n, what w, int cls);
void model_gain(model *m, int n);
void model_lose(model *m, int n);
/* A reference to n has just gone: it dies if it was the last. */
void model_drop(model *m, int n);
void model_unhold(model *m, int n);

/* Fields. store: shows the new, then drops the old. take: removes without dropping. */
void model_store(model *m, int n, int place, int value);
entry model_take(model *m, int n, int place);
void model_put(model *m, int n, int place, entry e);
int model_find(const model *m, int n, int label);
void model_clear(model *m, int n);

/* Death and collection (death.c). */
long model_collect(model *m, int generation);
/* What was collected at a safe point, by a policy that may do so at any time. NULL: it might
 * have been; else what is wrong with it. */
const char *model_collect_these(model *m, const bool *these, int *ret_culprit);
void model_settle(model *m);
int model_due(const model *m);
void model_close(model *m);

/* Operations (ops.c). False: skipped, nothing has happened. */
bool model_do(model *m, const op *o);
bool model_may_be_stored(const model *m, int n);
/* Generations mean something only as long as the model knows when they are collected. */
static inline int model_generation(const model *m, int k) {
    return m->paced ? k % 3 : 2;
}
/* A limit is reached: then it is noted that the operation is refused. */
bool model_refuses(model *m, int objects);
/* Gives the new object n its first place. */
void model_place(model *m, int n, int where, int name);

/* Weak dictionaries (weaktable.c), classes (classes.c), copies (copies.c): as model_do. */
bool model_watch(model *m, const act *a);
bool model_make_class(model *m, const act *a);
bool model_make_instance(model *m, const act *a, const op *o);
bool model_set_finalizer(model *m, const act *a);
void model_clear_base(model *m, int n);
bool model_copy(model *m, const act *a);
bool model_deepcopy(model *m, const act *a);
/* An act of a finalizer or callback; self and its child as they are. */
void model_say_last_words(model *m, int self, int children[CHILDREN]);
void model_note(model *m, step_kind kind, int n, const act *a);

#endif
