/* SPDX-License-Identifier: MIT */
/* Types: the structs of the built-in types, and what their files share. Read table.h first.
 *
 * What holds in every file of types/:
 *   - whatever may run user code (a release, an embedder's equal or hash, less in a sort)
 *     comes after the container is consistent, and nothing read before is trusted after;
 *   - memory is obtained before anything is changed, so a failure has changed nothing;
 *   - removing never needs memory. */
#ifndef OURO__TYPES_H
#define OURO__TYPES_H

#include "object/heap_state.h"
#include "ouro/record.h"
#include "ouro/scalar.h"
#include "types/table.h"

/* SYNC: builtin-types (object/builtin.h has the order). */
extern const ouro_type_spec ouro__string_spec;
extern const ouro_type_spec ouro__integer_spec;
extern const ouro_type_spec ouro__float_spec;
extern const ouro_type_spec ouro__list_spec;
extern const ouro_type_spec ouro__tuple_spec;
extern const ouro_type_spec ouro__dict_spec;
extern const ouro_type_spec ouro__set_spec;
extern const ouro_type_spec ouro__class_spec;
extern const ouro_type_spec ouro__frame_spec;

typedef struct ouro__string {
    ouro_object header;
    uint32_t length;
    uint32_t hash; /* 0: not computed yet */
    char bytes[];  /* and a NUL byte */
} ouro__string;

/* A boxed number: 64-bit integer or the bits of a double, by its type. */
typedef struct ouro__box {
    ouro_object header;
    uint64_t bits;
} ouro__box;

typedef struct ouro__list {
    ouro_object header;
    ouro_value *items; /* NULL if capacity is 0 */
    size_t count;
    size_t capacity;
} ouro__list;

typedef struct ouro__tuple {
    ouro_object header;
    uint32_t count;
    uint32_t hash; /* 0: not computed yet, or not hashable */
    ouro_value items[];
} ouro__tuple;

/* A dict, a set or an open record. */
typedef struct ouro__tabled {
    ouro_object header;
    ouro__table table;
} ouro__tabled;

typedef struct ouro__slot {
    const char *name; /* within the same buffer, followed by a NUL byte */
    uint32_t length;
    uint32_t hash;
} ouro__slot;

typedef struct ouro__class {
    ouro_object header;
    ouro_type *type;   /* of its instances; this object disposes of it */
    ouro_object *base; /* counted, or NULL */
    void (*finalize)(ouro_object *instance);
    ouro_equal_fn equal; /* the class's own; see ouro__class_equal */
    ouro_hash_fn hash;
    ouro__table attributes;
    ouro__slot *slots;       /* inherited ones first; one buffer with index and names */
    size_t slots_size;       /* of that buffer */
    uint16_t *index;         /* slot number + 1 by hash, open addressing; NULL: few slots */
    uint32_t slot_count;
    uint32_t index_mask;
    bool open;
} ouro__class;

typedef struct ouro__frame {
    ouro_object header;
    ouro__table names;
    char *name;
    size_t name_size;
    size_t pushed; /* how often it is on the stack */
} ouro__frame;

static inline ouro__list *ouro__as_list(const ouro_object *object) {
    return (ouro__list *)(uintptr_t)object;
}
static inline ouro__tuple *ouro__as_tuple(const ouro_object *object) {
    return (ouro__tuple *)(uintptr_t)object;
}
static inline ouro__class *ouro__as_class(const ouro_object *object) {
    return (ouro__class *)(uintptr_t)object;
}
static inline ouro__frame *ouro__as_frame(const ouro_object *object) {
    return (ouro__frame *)(uintptr_t)object;
}
static inline ouro__string *ouro__as_string(const ouro_object *object) {
    return (ouro__string *)(uintptr_t)object;
}
static inline ouro__table *ouro__table_of(const ouro_object *object) {
    return &((ouro__tabled *)(uintptr_t)object)->table;
}

/* --- types.c: refusals and guards --------------------------------------------------------- */

/* More counts than this and a value is refused; the room above is for the core's own. */
#define OURO__COUNT_MAX (UINT32_MAX - 65536u)

/* After ouro_heap_resize has returned NULL: the status that goes with the message. */
ouro_status ouro__types_refused(ouro_heap *heap);
ouro_status ouro__types_mismatch(const ouro_object *object, const char *needed);
ouro_status ouro__types_unfit(ouro_heap *heap, const ouro_object *object);

/* Whether a container of this heap may keep v: OURO_E_HEAP, OURO_E_LIMIT. */
static inline ouro_status ouro__types_admit(ouro_heap *heap, ouro_value v) {
    if (!ouro_value_is_object(v)) return OURO_OK;
    const ouro_object *object = ouro_value_object(v);
    if (OURO_LIKELY(ouro__heap_of(object) == heap && object->count < OURO__COUNT_MAX))
        return OURO_OK;
    return ouro__types_unfit(heap, object);
}

/* OURO_E_TYPE unless the object has the type; needed: for the message, with its article. */
static inline ouro_status ouro__types_expect(const ouro_object *object, ouro__builtin type,
                                             const char *needed) {
    if (OURO_LIKELY(ouro__object_is(object, type))) return OURO_OK;
    return ouro__types_mismatch(object, needed);
}

/* Admits and retains them all, or none. */
ouro_status ouro__types_retain(ouro_heap *heap, const ouro_value *values, size_t count);
/* Takes the counts back, nothing having happened since. */
void ouro__types_undo_retain(const ouro_value *values, size_t count);

/* Keeps a borrowed object alive while user code runs. Unlike a plain retain and release it
 * leaves an object that is only held as it was, without bookkeeping. */
typedef struct ouro__guard {
    ouro_object *object;
    bool idle;
} ouro__guard;

static inline ouro__guard ouro__types_guard(ouro_value v) {
    ouro__guard guard = {ouro_value_object(v), false};
    if (guard.object != NULL) guard.idle = guard.object->count++ == 0;
    return guard;
}

static inline void ouro__types_unguard(ouro__guard guard) {
    if (guard.object == NULL) return;
    if (guard.idle && guard.object->count == 1 && ouro_object_is_held(guard.object))
        guard.object->count = 0;
    else
        ouro_release(guard.object);
}

/* --- hash.c ------------------------------------------------------------------------------- */

static inline uint64_t ouro__hash_mix(uint64_t h) {
    /* The finalizer of SplitMix64 (Steele, Lea and Flood 2014). */
    h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9u;
    h = (h ^ h >> 27) * 0x94d049bb133111ebu;
    return h ^ h >> 31;
}

/* What tables keep and compare: 32 bits, never 0. */
static inline uint32_t ouro__hash_fold(uint64_t h) {
    uint32_t folded = (uint32_t)(h ^ h >> 32);
    return folded != 0 ? folded : 1;
}

static inline uint32_t ouro__hash_name(const char *bytes, size_t length) {
    return ouro__hash_fold(ouro_hash_bytes(bytes, length));
}

/* May run user code, unless the value is plain. OURO_E_UNHASHABLE, OURO_E_NOMEM. */
ouro_status ouro__hash_value(ouro_heap *heap, ouro_value v, uint32_t *ret_hash);

/* --- equal.c ------------------------------------------------------------------------------ */

typedef enum ouro__sameness {
    OURO__DIFFERENT,
    OURO__EQUAL,
    OURO__BY_CONTENT, /* both are lists, tuples, dicts or sets */
    OURO__BY_HOOK     /* their type's equal decides, which may run user code */
} ouro__sameness;

/* What can be said at once, without user code. */
ouro__sameness ouro__equal_quick(ouro_heap *heap, ouro_value a, ouro_value b);

bool ouro__equal_is_nan(ouro_value v);

/* --- dict.c: keys of dicts and sets ------------------------------------------------------- */

/* A borrowed key with its hash, guarded with its container while it is looked up. */
typedef struct ouro__lookup {
    ouro_object *owner;
    ouro__table *table;
    ouro_value key;
    uint32_t hash;
    size_t position; /* of the entry, or OURO__NOWHERE */
    bool guarded;
    ouro__guard guards[2];
} ouro__lookup;

/* Finds the key. On OURO_OK finish the lookup when done with the container; on failure it
 * is finished already. OURO_E_VALUE, OURO_E_UNHASHABLE, OURO_E_HEAP, OURO_E_CHANGED. */
ouro_status ouro__dict_lookup(ouro_object *owner, ouro_value key, ouro__lookup *lookup);
/* May let the container die, if user code let go of it. */
void ouro__dict_finish_lookup(ouro__lookup *lookup);

/* Hooks that dicts and sets share. */
void ouro__dict_traverse(ouro_object *object, ouro_visit_fn visit, void *context);
void ouro__dict_clear(ouro_object *object);
void ouro__dict_dispose(ouro_object *object);
size_t ouro__dict_extra(const ouro_object *object);

/* --- class.c ------------------------------------------------------------------------------ */

/* How the object's class, or one of its bases, has it compared and hashed. NULL: it is no
 * instance, or they do not say. */
ouro_equal_fn ouro__class_equal(const ouro_object *object);
ouro_hash_fn ouro__class_hash(const ouro_object *object);

/* --- record.c ----------------------------------------------------------------------------- */

/* The spec of the instances of a class; name: the class's. */
ouro_type_spec ouro__record_spec(const char *name, bool open, size_t slot_count);

#endif
