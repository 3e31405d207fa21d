/* SPDX-License-Identifier: MIT */
/* Heap state: what a heap consists of. Each part is used by the module named beside it;
 * upper modules hang themselves in through the two tables of functions, so that no arrow
 * between modules goes up. */
#ifndef OURO__HEAP_STATE_H
#define OURO__HEAP_STATE_H

#include "memory/map.h"
#include "memory/pool.h"
#include "object/builtin.h"
#include "object/flags.h"
#include "ouro/collect.h"
#include "ouro/events.h"
#include "ouro/heap.h"
#include "ouro/policy.h"
#include "ouro/progress.h"
#include "ouro/type.h"

struct ouro_type {
    ouro_heap *heap;
    ouro_type_spec spec; /* spec.name is owned */
    ouro__bin *bin;      /* for objects of spec.size; NULL: large */
    size_t cell_size;    /* of the bin, or the size itself */
    ouro_object blank; /* the header of a new object */
    uint16_t index;
    uint8_t kind;    /* ouro__kind */
    bool counted;    /* neither plain nor internal: an object in reports */
    bool ephemerons; /* its objects are weak.keys: see ouro__watch_hooks */
    bool weak;       /* its objects watch others through entries */
    bool leaf;       /* its objects hold no references at all, not even to a class */
    ouro_object *cls; /* not counted: the class disposes of the type */
    ouro_type *base;
    void (*own_finalize)(ouro_object *object);
    void (*finalize)(ouro_object *object); /* own or inherited */
    uint64_t births, deaths;
    uint64_t plain_since; /* the birth number for instances that have none */
    uint32_t class_edges; /* within a collection: instances in question */
    bool retired;         /* its class is dead; to be freed with its last instances */
    ouro_type *next_retired;
};

/* What is left to do of the watchers of a dying set: linked lists, without memory. */
typedef struct ouro__aftermath {
    struct ouro__link *calls;   /* weak references and records whose function is to run */
    struct ouro__link *entries; /* of weak dictionaries; each counts a value to release */
} ouro__aftermath;

/* An ephemeron (Hayes 1997): the value, which the container counts, lives by container and
 * key together. So when either is reached one has to ask for the other; and when either dies
 * the value goes with it, once: *charged is for death.c to note that down. */
typedef void (*ouro__ephemeron_fn)(ouro_object *container, ouro_object *key, ouro_object *value,
                                   bool *charged, void *context);

/* What weak/ does for death and collection (set once, when the heap opens). */
typedef struct ouro__watch_hooks {
    /* Empties all watchers of a dead object. */
    void (*detach)(ouro_heap *heap, ouro_object *target, ouro__aftermath *after);
    /* A weak dictionary is dead: it watches nothing any more. */
    void (*retire)(ouro_object *container);
    /* Runs the calls, newest registered first. */
    void (*run_calls)(ouro__aftermath *after);
    /* Releases what the entries counted, oldest first. */
    void (*release_entries)(ouro_heap *heap, ouro__aftermath *after);
    /* The ephemerons of a container of the kind (type->ephemerons), and those of a key
     * (which has OURO__WATCHED) where the container is another object. */
    void (*each_of_container)(ouro_object *container, ouro__ephemeron_fn each, void *context);
    void (*each_of_key)(ouro_object *key, ouro__ephemeron_fn each, void *context);
} ouro__watch_hooks;

/* What collect/ does for the second look at a set that may be held from within (cross.h). */
struct ouro__set;
typedef struct ouro__cross_hooks {
    void *(*look)(struct ouro__set *set);
    void (*end)(void *looked);
} ouro__cross_hooks;

typedef struct ouro__policy ouro__policy; /* collect/policy.h */

/* A collection under way. It consists of phases, each of which can be interrupted between two
 * blocks (incremental) or two objects (the stepper): see collect/pass.h. */
typedef struct ouro__pass {
    const ouro__policy *policy; /* whose phases; NULL: no collection is under way */
    const struct ouro__phase *phases;
    size_t phase;        /* the one that is next */
    bool entered;        /* it has begun */
    uint32_t stage;      /* its number, for the blocks it has dealt with; never reset */
    bool sliced;         /* operations happen between its slices */
    bool single;         /* one object at a time */
    bool cross;          /* the outside is asked about what it alone holds */
    bool promote;        /* survivors move to the next generation */
    bool shaded;         /* something was marked from outside the phases */
    bool automatic;      /* nobody has asked for it */
    bool clearing;       /* and after that the side bytes are */
    bool freeing;        /* the answer is being carried out, in slices */
    int generation;
    unsigned next_generation;
    size_t left;         /* blocks still to look at in this phase */
    uint32_t cell;       /* in the block that is looked at */
    size_t scanned;      /* in this round of restoring */
    bool may_sweep;
    const ouro_object *last; /* the object looked at last, for the stepper */
    size_t found;        /* objects that reports count */
    ouro_object *culprit; /* has fewer counts than references were reported */
    ouro_object *oldest;
    bool observed;
    size_t candidates;
    uint64_t begun;       /* when */
    bool answered;        /* stepped: the phases have ended */
    ouro_status status;   /* why it has failed */
    ouro_work work; /* of this collection */
} ouro__pass;

/* Why ouro_safe_point has something to do. */
enum { OURO__DUE_PROMPT = 1, OURO__DUE_PRESSURE = 2, OURO__DUE_COLLECT = 4, OURO__DUE_DEATH = 8,
       OURO__DUE_STRESS = 16, OURO__DUE_RELEASE = 32, OURO__DUE_SLICE = 64 };

typedef struct ouro__pacing {
    size_t threshold[OURO_GENERATIONS];
    size_t runs[OURO_GENERATIONS]; /* collections of i since the last of i + 1 */
    size_t factor;                 /* of threshold[0], adaptive */
    size_t young_limit;            /* cells taken from the pool before it rings */
    uint64_t born_at, died_at;     /* totals at the last collection of generation 0 */
    size_t old_live;               /* objects that the last full collection left */
    size_t buffered;               /* possible roots since the last trial deletion, at most */
    size_t roots_limit;            /* how many make one due */
    size_t budget;                 /* work units of a slice */
    size_t credit, rate;           /* units that operations have paid for; each so many */
    size_t begun_with;             /* objects, when the collection in slices began */
    size_t stride;                 /* cells taken between two slices */
    uint64_t units;                /* of the last collection in slices */
    bool hurry;                    /* the last one was given up: the next is not sliced */
    size_t bytes_limit;            /* account.bytes beyond which one is due */
    uint64_t stress_every, stress_at, stress_points; /* see ouro_stress_set */
} ouro__pacing;

struct ouro_heap {
    unsigned due; /* must be first: ouro_safe_point reads it */
    bool careful; /* births take the slow path: limits or a listener */
    bool open;
    bool collecting;
    bool enabled;
    bool closing;
    bool saveall;
    unsigned watching;   /* reasons why deaths may be observed: watchers, finalizable types,
                            a listener; zero: nobody can */
    unsigned death_depth;    /* dying sets that are being processed, one within another */
    bool keep_types;         /* types retired now are freed later: dead instances remain */
    ouro_type *retired;      /* those */
    ouro__pool pool;
    ouro__account account;
    void *user;
    void (*settle)(void *user, ouro_heap *heap, ouro_settle_reason reason);
    ouro_cross_fn reach;
    const ouro__cross_hooks *cross;

    /* object/: types, tables beside the heap, deaths that wait */
    ouro_type **types;
    size_t type_count, type_capacity, type_hint; /* hint: no free index below it */
    uint64_t past_births;                        /* of retired types; as many have died */
    ouro__map ids;      /* object -> id */
    ouro__map by_id;    /* id -> object */
    uint64_t last_id;
    ouro__map pins;     /* object -> number of pins */
    uint64_t last_stamp;
    ouro__map waiting; /* object that only waits for its holder -> when that began */
    uint64_t last_wait;
    ouro_object **queue; /* deaths that wait: the first 64 never need memory */
    size_t queue_count, queue_capacity;
    ouro_object *unreleased, *unreleased_bottom; /* dead, chained as in death.c: put off */
    size_t release_most; /* objects that one death takes apart at once */
    size_t queued;           /* those in the queue and those that only the flag tells of */
    ouro__place queue_place; /* where the search for these goes on */
    size_t max_objects;
    size_t buffer_bytes; /* held by objects through ouro_heap_resize */
    size_t deferred;     /* since the last settle */
    size_t deferred_keepers; /* of these, those that other objects may live by */
    size_t deferred_bytes;
    ouro_listener_fn listener;
    void *listener_user;
    unsigned listener_mask;
    ouro_progress_fn progress; /* may be NULL */
    void *progress_user;
    bool patient; /* it may be told late: OURO_LISTEN_PATIENT */
    char message[512];

    /* weak/ */
    const ouro__watch_hooks *watch;
    size_t ephemerons;  /* entries of weak.keys */
    uint64_t last_watch;
    ouro_object *records; /* pending finalize records, newest first */

    /* collect/ */
    const ouro__policy *policy;
    const ouro__policy *customs[OURO_POLICIES_MAX]; /* owned: an embedder's */
    size_t custom_count;
    ouro__pass pass;
    void (*guard)(ouro_heap *heap, ouro_object *object); /* told of guarded ones touched */
    void (*finish)(ouro_heap *heap); /* carries out what a collection has begun to free */
    ouro_work work[OURO_POLICIES_MAX][OURO_GENERATIONS]; /* by policy */
    bool stepping;     /* somebody advances a collection by hand */
    ouro__map notes;   /* of a custom collector: object -> what it has noted down */
    bool verify;       /* each collection is verified */
    bool doubted;      /* an automatic one was wrong: the next that is asked for says so */
    uint64_t verified; /* how many have been */
    char doubt[512];
    uint16_t newborn; /* flags of new objects of cyclic types */
    struct ouro__progress_state *asking; /* of the question that is asked; NULL: to its end */
    ouro__pacing pacing;
    ouro__map overflow; /* object -> internal references beyond the side table */
    bool overflow_failed; /* there was no memory for one of them */
    ouro_object *garbage;
    size_t frozen;
    ouro_stats stats;

    /* types/ */
    ouro__frame_stack frames;
    ouro_object *bag_class;
    const ouro_object *hidden; /* that class while the heap closes: no death to tell of */
};

static inline ouro_heap *ouro__heap_of(const ouro_object *object) {
    return ouro__block_of(object)->owner;
}

static inline ouro_type *ouro__type_of(const ouro_heap *heap, const ouro_object *object) {
    return heap->types[object->type];
}

/* A counted reference has gone without ouro_release, or has moved to another object without
 * being counted twice in between; others remain. */
static inline void ouro__guard_note(ouro_object *object) {
    if (OURO_UNLIKELY(object->flags & OURO__GUARDED)) ouro__guard_touched(object);
}
/* Somebody may observe deaths from now on: frees what is dead by count already. */
void ouro__guard_release(ouro_heap *heap);
/* Somebody looks at all objects, or asks for one that nothing need refer to: what a collection
 * has begun to free is freed first. */
static inline void ouro__guard_look(ouro_heap *heap) {
    if (OURO_UNLIKELY(heap->unreleased != NULL)) ouro__guard_release(heap);
    if (OURO_UNLIKELY(heap->pass.freeing)) heap->finish(heap);
}
/* New objects of cyclic types get these flags. */
void ouro__guard_newborn(ouro_heap *heap, unsigned flags);

/* Live objects that reports count. */
size_t ouro__heap_count(const ouro_heap *heap);
/* An object of the heap's own making does not count as a live one, until it is shown. */
static inline void ouro__heap_hide(ouro_object *object) {
    ouro__type_of(ouro__heap_of(object), object)->births--;
}
static inline void ouro__heap_show(ouro_object *object) {
    ouro__type_of(ouro__heap_of(object), object)->births++;
}

/* Whether there are objects that keep something of the outside alive (OURO_TYPE_FOREIGN). */
bool ouro__heap_keeps_foreign(const ouro_heap *heap);

/* Totals over the types that reports count. */
void ouro__heap_totals(const ouro_heap *heap, uint64_t *ret_births, uint64_t *ret_deaths);

/* How many pins the object has. */
size_t ouro__object_pins(const ouro_object *object);
/* References that the heap itself counts: pending finalize records, frames on the stack,
 * the class of bags, the garbage list. Return false to stop. */
void ouro__heap_own_refs(ouro_heap *heap,
                         bool (*each)(ouro_object *object, const char *what, void *context),
                         void *context);
/* The object's last counted reference has gone while it is held, and its death will be
 * noticed. */
void ouro__object_note_wait(ouro_heap *heap, ouro_object *object);
/* Forgets what the tables beside the heap know of a dead object. */
void ouro__object_forget(ouro_heap *heap, ouro_object *object);
static inline void ouro__object_leave_tables(ouro_heap *heap, ouro_object *object) {
    if (OURO_UNLIKELY(object->flags & (OURO__HAS_ID | OURO__PINNED | OURO__WAITS)))
        ouro__object_forget(heap, object);
    if (OURO_UNLIKELY(ouro__generation(object) == OURO__FROZEN)) heap->frozen--;
}

/* Whether to go on numbering the births of this type. */
void ouro__type_save_numbers(ouro_type *type);

/* Frees the types that were retired while heap->keep_types was set. */
void ouro__type_free_retired(ouro_heap *heap);

/* Recomputes heap->careful and the share of the listener in heap->watching. */
void ouro__heap_update_care(ouro_heap *heap);

void ouro__emit(ouro_heap *heap, const ouro_event *event);
static inline bool ouro__listens(const ouro_heap *heap, ouro_event_kind kind) {
    return heap->listener_mask >> kind & 1;
}

static inline bool ouro__may_be_key(const ouro_heap *heap, const ouro_object *object) {
    return OURO_UNLIKELY(heap->ephemerons != 0) && object->flags & OURO__WATCHED;
}

/* Calls a function with each object referred to, its class last. Inline, so that the visit
 * of a record costs no indirect call. */
#define OURO__FOR_EACH_SLOT(type, object, slot)                                              \
    for (ouro_value *slot = (ouro_value *)(void *)((char *)(object) +                        \
                                                   (type)->spec.values_offset),              \
                    *slot##_end = slot + (type)->spec.values_count;                          \
         slot != slot##_end; slot++)

static inline void ouro__traverse(ouro_type *type, ouro_object *object, ouro_visit_fn visit,
                                  void *context) {
    OURO__FOR_EACH_SLOT(type, object, slot) {
        if (ouro_value_is_object(*slot)) visit(ouro_value_object(*slot), context);
    }
    if (type->spec.traverse != NULL) type->spec.traverse(object, visit, context);
    if (type->cls != NULL) visit(type->cls, context);
}

#endif
