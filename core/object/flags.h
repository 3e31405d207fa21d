/* SPDX-License-Identifier: MIT */
/* Flags: the sixteen bits of an object's header, and what holds for them. */
#ifndef OURO__FLAGS_H
#define OURO__FLAGS_H

#include "ouro/object.h"

/* SYNC: object-flags (OURO_FLAG_HELD is public, in ouro/object.h). */
enum {
    OURO__HELD = OURO_FLAG_HELD, /* the outside refers to it */
    OURO__FINALIZED = 0x0002,    /* its finalizer has been called; never cleared */
    OURO__WATCHED = 0x0004,      /* has a watcher, in the block's column of them */
    OURO__HAS_ID = 0x0008,       /* has an entry in heap->ids */
    OURO__PINNED = 0x0010,       /* has an entry in heap->pins */
    OURO__DOOMED = 0x0020,       /* member of a dying set that is being processed */
    OURO__RESCUED = 0x0040,      /* within the second look: it lives on */
    OURO__LOOKED = 0x0400,       /* within the second look: not yet found to live on */
    OURO__QUEUED = 0x0080,       /* its death waits for an outer one to make progress */
    OURO__GONE = 0x1000,         /* doomed, and past the second look: no longer shown */
    OURO__ORPHAN = 0x0800,       /* within a sweep: to die when it has ended */
    OURO__WAITS = 0x2000,        /* has an entry in heap->waiting */
    OURO__SHIELDED = 0x4000,     /* an operation on it is under way: it dies after that */
    OURO__GUARDED = OURO_FLAG_GUARDED, /* see core/object/guard.c */
    OURO__GENERATION = 0x0300,   /* two bits: 0, 1, 2; 3 is frozen */
    OURO__GENERATION_SHIFT = 8
};

/* An object with one of these does not die now when its count reaches zero. */
#define OURO__SPARED (OURO__HELD | OURO__DOOMED | OURO__QUEUED | OURO__SHIELDED)

#define OURO__FROZEN 3

static inline unsigned ouro__generation(const ouro_object *object) {
    return (unsigned)(object->flags & OURO__GENERATION) >> OURO__GENERATION_SHIFT;
}

static inline void ouro__set_generation(ouro_object *object, unsigned generation) {
    unsigned others = object->flags & ~(unsigned)OURO__GENERATION;
    object->flags = (uint16_t)(others | generation << OURO__GENERATION_SHIFT);
}

static inline void ouro__set_flag(ouro_object *object, unsigned flag) {
    object->flags = (uint16_t)(object->flags | flag);
}

static inline void ouro__clear_flag(ouro_object *object, unsigned flag) {
    object->flags = (uint16_t)(object->flags & ~flag);
}

#endif
