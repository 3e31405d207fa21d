/* SPDX-License-Identifier: MIT */
/* Weak: weak references, and finalize records.
 *
 * A weak reference is empty if and only if its target is dead: a finalizer still sees
 * its object through it, a resurrected object keeps it. All references to a dying set
 * are emptied before any callback runs. Callbacks run newest registered first; one
 * whose weak reference is itself in the dying set does not run. */
#ifndef OURO_WEAK_H
#define OURO_WEAK_H

#include "ouro/containers.h"
#include "ouro/object.h"

#ifdef __cplusplus
extern "C" {
#endif

/* weak: borrowed, already empty. argument: borrowed, what ouro_weak_new was given. */
typedef void (*ouro_weak_fn)(ouro_object *weak, ouro_value argument);

/* callback may be NULL. argument: borrowed, retained by the weak reference and released
 * after the callback has run. ret_weak: owned. OURO_E_TYPE for plain data (strings).
 * OURO_E_NOMEM, OURO_E_LIMIT. */
OURO_API ouro_status ouro_weak_new(ouro_object *target, ouro_weak_fn callback, ouro_value argument,
                                   ouro_object **ret_weak) OURO_MUST_CHECK;
OURO_API bool ouro_is_weak(const ouro_object *object);
/* The target, borrowed, or NULL when it is dead. Retain it to keep it. */
OURO_API ouro_object *ouro_weak_get(const ouro_object *weak);
/* The argument, borrowed; nil once the callback has run. */
OURO_API ouro_value ouro_weak_argument(const ouro_object *weak);

/* Weak references and pending finalize records of the object, newest first.
 * Return false to stop. */
OURO_API void ouro_weak_each(ouro_object *target,
                             bool (*each)(ouro_object *watcher, void *context), void *context);

/* A finalize record calls function(record, argument) once: when the target has died,
 * or, with atexit set (the default), when the heap closes. The heap keeps a pending
 * record alive; the caller's reference may go. It does not keep the target alive
 * (its argument may). ret_record: owned. Errors as ouro_weak_new. */
OURO_API ouro_status ouro_finalize_new(ouro_object *target, ouro_weak_fn function,
                                       ouro_value argument,
                                       ouro_object **ret_record) OURO_MUST_CHECK;
OURO_API bool ouro_is_finalize(const ouro_object *object);
/* Whether it has not run and was not detached. */
OURO_API bool ouro_finalize_alive(const ouro_object *record);
/* The target, borrowed, while the record is alive; else NULL. */
OURO_API ouro_object *ouro_finalize_target(const ouro_object *record);
OURO_API ouro_value ouro_finalize_argument(const ouro_object *record);
OURO_API bool ouro_finalize_atexit(const ouro_object *record);
OURO_API void ouro_finalize_set_atexit(ouro_object *record, bool atexit);
/* Takes the record out of service without calling. *ret_argument (may be NULL): owned.
 * OURO_E_VALUE when it is not alive. After it the record is as dead as after a run. */
OURO_API ouro_status ouro_finalize_detach(ouro_object *record, ouro_value *ret_argument);

/* Weak dictionaries and sets. An entry leaves, in the moment in which the weak references to
 * it are emptied, with
 *   OURO_WEAK_KEYS    its key: an object, compared by identity. The value is counted, and is
 *                     an ephemeron's: by itself it does not keep its own key alive
 *   OURO_WEAK_VALUES  its value. Keys are as in a dict; a value that is no object but plain
 *                     data (a number, a string) is kept like in a dict
 *   OURO_WEAK_SET     its member: an object, compared by identity
 * The functions are those of dicts: values given and read are borrowed, and the errors are the
 * same; a key or member that is no object is OURO_E_TYPE to set, and found nowhere. The value
 * of a member of a set is true. */
typedef enum ouro_weak_kind {
    OURO_WEAK_KEYS,
    OURO_WEAK_VALUES,
    OURO_WEAK_SET
} ouro_weak_kind;

/* ret_dict: owned. OURO_E_NOMEM, OURO_E_LIMIT. */
OURO_API ouro_status ouro_weak_dict_new(ouro_heap *heap, ouro_weak_kind kind,
                                        ouro_object **ret_dict) OURO_MUST_CHECK;
OURO_API bool ouro_is_weak_dict(const ouro_object *object);
/* Of what ouro_is_weak_dict says yes to. */
OURO_API ouro_weak_kind ouro_weak_dict_kind(const ouro_object *dict);
OURO_API size_t ouro_weak_dict_count(const ouro_object *dict);
/* *ret_value: borrowed, OURO_ABSENT when there is no such key. */
OURO_API ouro_status ouro_weak_dict_get(ouro_object *dict, ouro_value key,
                                        ouro_value *ret_value) OURO_MUST_CHECK;
OURO_API ouro_status ouro_weak_dict_set(ouro_object *dict, ouro_value key,
                                        ouro_value v) OURO_MUST_CHECK;
/* OURO_E_KEY when absent. */
OURO_API ouro_status ouro_weak_dict_remove(ouro_object *dict, ouro_value key) OURO_MUST_CHECK;
/* As ouro_entries_next, but removals and deaths do not disturb it: OURO_E_CHANGED only when
 * something was added. */
OURO_API ouro_status ouro_weak_dict_next(ouro_object *dict, ouro_cursor *cursor,
                                         ouro_value *ret_key,
                                         ouro_value *ret_value) OURO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
