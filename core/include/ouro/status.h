/* SPDX-License-Identifier: MIT */
/* Status: what every call that can fail returns.
 *
 * A call that returns anything but OURO_OK has changed nothing, unless its own
 * comment says otherwise. A sentence for people, naming the thing and the
 * remedy, is then on the heap: ouro_heap_message (heap.h). */
#ifndef OURO_STATUS_H
#define OURO_STATUS_H

#if defined(__GNUC__)
#define OURO_API __attribute__((visibility("default")))
#define OURO_MUST_CHECK __attribute__((warn_unused_result))
#define OURO_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#define OURO_LIKELY(x) __builtin_expect(!!(x), 1)
#define OURO_UNLIKELY(x) __builtin_expect(!!(x), 0)
#else
#define OURO_API
#define OURO_MUST_CHECK
#define OURO_PRINTF(text, first)
#define OURO_LIKELY(x) (x)
#define OURO_UNLIKELY(x) (x)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* SYNC: status-names (core/object/message.c has the names). */
typedef enum ouro_status {
    OURO_OK = 0,
    OURO_E_NOMEM,      /* the allocator refused */
    OURO_E_LIMIT,      /* a limit of the heap would be exceeded */
    OURO_E_TYPE,       /* an object of another type is needed */
    OURO_E_KEY,        /* no such key, name or slot */
    OURO_E_INDEX,      /* an index outside the sequence */
    OURO_E_VALUE,      /* an argument outside its domain */
    OURO_E_UNHASHABLE, /* a key that cannot be hashed */
    OURO_E_CHANGED,    /* a container changed while it was iterated */
    OURO_E_HEAP,       /* objects of two heaps in one operation, or a closed heap */
    OURO_E_BUSY,       /* not possible now: a collection or a step is under way */
    OURO_E_CORRUPT,    /* the heap check, or a type's traverse, found a contradiction */
    OURO_E_USER,       /* a hook of the embedder reported a failure */
    OURO_E_STOPPED     /* the listener of progress said so (progress.h) */
} ouro_status;

/* The constant's name, such as "OURO_E_NOMEM"; borrowed, static. */
OURO_API const char *ouro_status_name(ouro_status status);

#ifdef __cplusplus
}
#endif
#endif
