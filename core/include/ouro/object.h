/* SPDX-License-Identifier: MIT */
/* Object: the eight bytes every managed object begins with, and the count in them.
 *
 * THE MODEL. A heap owns its objects. A reference is one of three kinds:
 *   counted  a count in the object's header. Whoever stores a pointer retains it
 *            and releases it later: C code, containers, frames, slots.
 *   held     a flag in the header, set and cleared by the embedder's holder: the
 *            outside world (a language's stack, its own heap) refers to the
 *            object without counting (deferred reference counting, Deutsch and
 *            Bobrow 1976). A held object never dies, whatever its count.
 *   weak     counts nothing, holds nothing (weak.h).
 * An object whose last counted reference goes and that is not held dies within
 * that ouro_release: finalizers, weak references, callbacks, then its own
 * references (docs/semantics.md, 3). Objects in cycles wait for a collection.
 *
 * OWNERSHIP, in three words, said of every pointer that crosses this interface:
 *   owned     a result that carries one count, which the caller must release
 *   borrowed  no count changes hands; valid while something else keeps the object
 *   consumed  an argument whose count the callee takes over, on success only
 *
 * THREADS. A heap belongs to one thread at a time; two heaps share nothing. */
#ifndef OURO_OBJECT_H
#define OURO_OBJECT_H

#include <stddef.h>

#include "ouro/status.h"
#include "ouro/value.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ouro_heap ouro_heap;
typedef struct ouro_type ouro_type;

/* Read count if you must; write none of the fields. An embedder's own object is
 * a struct that begins with this one. */
struct ouro_object {
    uint32_t count; /* counted references */
    uint16_t flags; /* private to the core, but for OURO_FLAG_HELD */
    uint16_t type;  /* index of the type in its heap; 0 is a free cell */
};

/* SYNC: object-flags (core/object/flags.h has the private ones). */
#define OURO_FLAG_HELD 0x0001u
#define OURO_FLAG_GUARDED 0x8000u /* the collector wants to know when a reference goes */

/* Private: what ouro_release does when the count has reached zero, and when it has not but
 * the object is guarded. */
OURO_API void ouro__death_of_last(ouro_object *object);
OURO_API void ouro__guard_touched(ouro_object *object);

/* Adds a counted reference. object: borrowed, not NULL, not dead. */
static inline void ouro_retain(ouro_object *object) {
    object->count++;
}

/* Removes a counted reference, consumed. May run finalizers and callbacks, and
 * anything they do; cannot fail, and needs no memory to make progress. */
static inline void ouro_release(ouro_object *object) {
    if (OURO_UNLIKELY(--object->count == 0)) ouro__death_of_last(object);
    else if (OURO_UNLIKELY(object->flags & OURO_FLAG_GUARDED)) ouro__guard_touched(object);
}

static inline void ouro_value_retain(ouro_value v) {
    if (ouro_value_is_object(v)) ouro_retain(ouro_value_object(v));
}

static inline void ouro_value_release(ouro_value v) {
    if (ouro_value_is_object(v)) ouro_release(ouro_value_object(v));
}

/* Replaces *place by v: retain the new, show it, then release the old, so that a
 * finalizer of the old finds the new in place. v: borrowed. */
static inline void ouro_value_store(ouro_value *place, ouro_value v) {
    ouro_value old = *place;
    ouro_value_retain(v);
    *place = v;
    ouro_value_release(old);
}

/* The heap that owns the object; borrowed. One mask and one load. */
OURO_API ouro_heap *ouro_object_heap(const ouro_object *object);

/* The object's type; borrowed, lives as long as an object of it. */
OURO_API ouro_type *ouro_object_type(const ouro_object *object);

/* Its own bytes: the cell it occupies and the buffers it owns, not what it
 * refers to. */
OURO_API size_t ouro_object_size(const ouro_object *object);

/* How many counted references there are. */
static inline uint32_t ouro_object_count(const ouro_object *object) {
    return object->count;
}

static inline bool ouro_object_is_held(const ouro_object *object) {
    return object->flags & OURO_FLAG_HELD;
}

/* The outside now holds the object / no longer does. hold consumes nothing;
 * unhold lets it die when no counted reference is left, as ouro_release would. Both
 * are idempotent. hand_over holds a new object and consumes the caller's count: it
 * is not yet something that waits (ouro_deferred in heap.h). */
OURO_API void ouro_object_hold(ouro_object *object);
OURO_API void ouro_object_hand_over(ouro_object *object);
OURO_API void ouro_object_unhold(ouro_object *object);

/* A pin: a counted reference that belongs to nobody but is listed by name in
 * ouro_object_holders. unpin: OURO_E_VALUE when the object has no pin;
 * pin: OURO_E_NOMEM. */
OURO_API ouro_status ouro_object_pin(ouro_object *object) OURO_MUST_CHECK;
OURO_API ouro_status ouro_object_unpin(ouro_object *object) OURO_MUST_CHECK;

/* A 64-bit word of the embedder's beside the object, 0 until set: where a binding
 * keeps its handle. Costs nothing for objects of blocks where none was ever set.
 * set: OURO_E_NOMEM. */
OURO_API uint64_t ouro_object_tag(const ouro_object *object);
OURO_API ouro_status ouro_object_set_tag(ouro_object *object, uint64_t tag) OURO_MUST_CHECK;

/* Drops every reference the object holds, by its type's clear. The object stays. */
OURO_API void ouro_object_clear(ouro_object *object);

/* Whether it is part of a dying set: nothing may be made to refer to it that outlives it,
 * but for a finalizer that resurrects it. */
OURO_API bool ouro_object_is_dying(const ouro_object *object);
/* For a holder that lets go of several: in which order their last counted references went, if
 * anybody can notice (ascending); 0: not known, or there was none. */
OURO_API uint64_t ouro_object_waits_since(const ouro_object *object);
/* Its finalizer will not run: for an object that could not be completed, and that nobody but its
 * maker has seen. */
OURO_API void ouro_object_skip_finalizer(ouro_object *object);
/* Whether that is decided: it is past its last words, and no longer shown. */
OURO_API bool ouro_object_is_gone(const ouro_object *object);

/* Whether its finalizer has run (or is running). */
OURO_API bool ouro_object_is_finalized(const ouro_object *object);

/* A small number, given in order of first asking, never reused in this heap.
 * OURO_E_NOMEM. */
OURO_API ouro_status ouro_object_id(ouro_object *object, uint64_t *ret_id) OURO_MUST_CHECK;
/* Like it but never gives one: 0 if nobody has asked. */
OURO_API uint64_t ouro_object_known_id(const ouro_object *object);
/* The live object of that id, borrowed, or NULL. */
OURO_API ouro_object *ouro_object_by_id(ouro_heap *heap, uint64_t id);

#ifdef __cplusplus
}
#endif
#endif
