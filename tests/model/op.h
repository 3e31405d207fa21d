/* SPDX-License-Identifier: MIT */
/* Op: an operation, as data. A sequence is an array of them. An operation says whom it is about
 * by number, and a number is given by the operation that makes the object, so that any part of
 * a sequence is a sequence: what has lost its operand is skipped.
 *
 * An act is one call of the public API. Finalizers and callbacks do up to two of them. */
#ifndef TESTS_MODEL_OP_H
#define TESTS_MODEL_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NOBODY = -1,
    SELF = -2,     /* in a finalizer: the dying object; in a callback: its weak reference */
    CHILD = -3,    /* what SELF refers to, first; -4 second ... */
    CHILDREN = 3,
    MAIN_FRAME = 0,
    CLASS_NODE, /* slots a, b, c and a finalizer */
    CLASS_PLAIN, /* the same without */
    CLASS_BAG,   /* open attributes and a finalizer */
    CLASS_OPEN,  /* the heap's own class of open objects */
    GARBAGE,     /* gc.garbage: what it holds is counted in model.saved */
    /* Classes that come and go are numbered like other objects. */
    FIRST_NUMBER = 8,
    MADE_MAX = 248,     /* objects that a sequence makes */
    OFFSPRING = 256,    /* what n's last words make is n + OFFSPRING */
    NUMBERS = 512,
    WORDS = 2,
    NAMES = 8,          /* v0 ... v7, beside a name nK for each object K */
    OWN_NAME = 100,     /* the name with that number plus K is nK */
    ROOM = 12,          /* items, entries, names and attributes that the test puts in one */
    COPIES = 8,         /* a deep copy that would be of more is left out */
    ANY_TIME = 64,      /* OP_POLICY: collections may come at any safe point; or, */
    QUIET = 128         /* whatever the policy, never by themselves */
};

typedef enum what {
    NOTHING,
    A_CLASS,
    A_FRAME,
    A_NODE,   /* instances of the classes above */
    A_PLAIN,
    A_BAG,
    AN_OPEN,
    AN_OWN,   /* an embedder's type: references reported by hooks, with a finalizer */
    AN_ITEM,  /* another: an array of values, no finalizer */
    A_LIST,
    A_TUPLE,
    A_DICT,
    A_SET,
    A_WEAK_KEYS, /* weak.keys, weak.values, weak.set */
    A_WEAK_VALUES,
    A_WEAK_SET,
    A_WEAK,
    A_CALLBACK, /* a weak reference with a callback */
    A_RECORD,   /* a finalize record */
    WHATS
} what;

typedef enum place_kind { IN_OWN_NAME, IN_A_NAME, HELD, TEMPORARY, WHERES } place_kind;

/* SYNC: op-kinds (script.c prints each, ops.c and real.c do each). */
typedef enum op_kind {
    OP_NONE,
    OP_MAKE,    /* number: a new one, of what; a, b: items, or target and argument; k: where */
    OP_CLASS,   /* number: a class, derived from a; k & 1: open, k & 2: with a finalizer */
    OP_INSTANCE, /* number: of the class a; k: where */
    OP_FINALIZER, /* the class a has one of its own from now on, or none: k */
    OP_COPY,    /* number: a copy of a, bound to its own name */
    OP_DEEPCOPY, /* the same, with the numbers that follow for what is copied with it */
    OP_SET,     /* field k of a becomes b */
    OP_UNSET,   /* field k of a goes */
    OP_KEY,     /* b becomes a key of the dict a; k odd: and its own value */
    OP_WATCH,   /* an entry of the weak dictionary or set a: b leads to k;
                   of weak.values, k to b */
    OP_INSERT,  /* b at place k of the list a */
    OP_POP,     /* the item k of the list a */
    OP_CUT,     /* up to three items from k on of the list a */
    OP_REVERSE,
    OP_CLEAR,
    OP_BIND,    /* name k; a 0: in the main frame, 1: in the top frame; to b */
    OP_UNBIND,
    OP_PUSH,    /* number: a new frame; b kept by the holder as well when k is odd */
    OP_POP_FRAME,
    OP_PIN,
    OP_UNPIN,
    OP_HOLD,
    OP_UNHOLD,
    OP_LOSE,    /* the outside no longer reaches a: the holder finds out when asked */
    OP_DETACH,
    OP_ATEXIT,
    OP_COLLECT, /* generation k */
    OP_ENABLE,
    OP_POLICY,  /* the k-th, see ANY_TIME */
    OP_LIMIT,   /* k % 3 = 1: k / 3 more objects, 2: no more frames; 0: no limits */
    OP_SAVEALL,
    OP_TAKE,    /* a out of gc.garbage */
    OP_FREEZE,
    OP_UNFREEZE,
    OP_THRESHOLD,
    OP_SAFE_POINT,
    OP_SETTLE,
    OP_LITTER,  /* k objects that refer to themselves, dropped */
    OP_LISTEN,
    OP_ID,
    OP_KINDS
} op_kind;

typedef struct act {
    uint8_t kind; /* op_kind */
    uint8_t what;
    int16_t a, b, k, number;
    bool refused; /* found by the model: a limit is reached */
} act;

typedef struct op {
    act act;
    act words[WORDS]; /* of the object made: what its finalizer or callback does */
    uint8_t items;    /* of a tuple: 0 to 2 */
    bool starved;     /* no memory but what the heap has; the operation may be refused */
} op;

/* What is made by OP_MAKE. */
static inline bool has_finalizer(what w) {
    return w == A_NODE || w == A_BAG || w == AN_OWN;
}

static inline bool is_weak_table(what w) {
    return w == A_WEAK_KEYS || w == A_WEAK_VALUES || w == A_WEAK_SET;
}

/* Of weak.values: the k of OP_WATCH is an object, or stands for a number. */
static inline bool is_object_key(int k) {
    return k > 0 && k % 2 == 1;
}

static inline bool is_watcher(what w) {
    return w == A_WEAK || w == A_CALLBACK || w == A_RECORD;
}

static inline bool is_slotted(what w) {
    return w == A_NODE || w == A_PLAIN || w == AN_OWN || w == AN_ITEM;
}

static inline bool is_open(what w) {
    return w == A_BAG || w == AN_OPEN;
}

static inline bool is_hashable(what w) {
    return w != A_LIST && w != A_TUPLE && w != A_DICT && w != A_SET && w != A_WEAK_SET &&
           w != A_FRAME;
}

#endif
