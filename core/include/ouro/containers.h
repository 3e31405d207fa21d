/* SPDX-License-Identifier: MIT */
/* Containers: list, tuple, dict, set.
 *
 * Values given are borrowed: the container retains what it keeps. Values read are
 * borrowed: retain what you keep, before anything else can change the container.
 * Indices count from 0 here (the Lua binding counts from 1).
 * Every function given an object of another type returns OURO_E_TYPE, an object or
 * value of another heap OURO_E_HEAP. All of them: OURO_E_NOMEM, OURO_E_LIMIT.
 *
 * Removal detaches first and releases after: a finalizer that runs because of it
 * finds the container already without the entry. */
#ifndef OURO_CONTAINERS_H
#define OURO_CONTAINERS_H

#include "ouro/object.h"

#ifdef __cplusplus
extern "C" {
#endif

/* List: a growable array. ret_list: owned. values: borrowed, may be NULL if count
 * is 0 (then capacity for none). */
OURO_API ouro_status ouro_list_new(ouro_heap *heap, const ouro_value *values, size_t count,
                                   ouro_object **ret_list) OURO_MUST_CHECK;
OURO_API ouro_status ouro_list_reserve(ouro_object *list, size_t capacity) OURO_MUST_CHECK;
OURO_API ouro_status ouro_list_append(ouro_object *list, ouro_value v) OURO_MUST_CHECK;
/* index 0 to length; beyond: OURO_E_INDEX. */
OURO_API ouro_status ouro_list_insert(ouro_object *list, size_t index,
                                      ouro_value v) OURO_MUST_CHECK;
OURO_API ouro_status ouro_list_set(ouro_object *list, size_t index, ouro_value v) OURO_MUST_CHECK;
/* ret_value: owned (the list's reference is handed over). OURO_E_INDEX. */
OURO_API ouro_status ouro_list_pop(ouro_object *list, size_t index,
                                   ouro_value *ret_value) OURO_MUST_CHECK;
/* Removes count items from index on. OURO_E_INDEX. */
OURO_API ouro_status ouro_list_remove(ouro_object *list, size_t index,
                                      size_t count) OURO_MUST_CHECK;
OURO_API ouro_status ouro_list_reverse(ouro_object *list) OURO_MUST_CHECK;
/* Sorts by less(a, b, context), a stable merge sort. While less runs the list is
 * seen empty; if it was changed meanwhile: OURO_E_CHANGED and the sorted items are
 * put back. less returns 1, 0, or -1 to give up: OURO_E_USER, order unspecified,
 * nothing lost. */
typedef int (*ouro_less_fn)(ouro_value a, ouro_value b, void *context);
OURO_API ouro_status ouro_list_sort(ouro_object *list, ouro_less_fn less,
                                    void *context) OURO_MUST_CHECK;
OURO_API bool ouro_is_list(const ouro_object *object);

/* Tuple: the same, fixed; hashable if its items are. */
OURO_API ouro_status ouro_tuple_new(ouro_heap *heap, const ouro_value *values, size_t count,
                                    ouro_object **ret_tuple) OURO_MUST_CHECK;
OURO_API bool ouro_is_tuple(const ouro_object *object);

/* For lists and tuples. The array is borrowed until the next change. */
OURO_API ouro_status ouro_sequence_items(const ouro_object *sequence, const ouro_value **ret_items,
                                         size_t *ret_count) OURO_MUST_CHECK;

/* Dict: keeps insertion order. Keys are compared by value (ouro_value_equal) and
 * must be hashable (OURO_E_UNHASHABLE); nil and NaN are refused (OURO_E_VALUE).
 * Integer keys and float keys of the same number are the same key, as in Lua. */
OURO_API ouro_status ouro_dict_new(ouro_heap *heap, ouro_object **ret_dict) OURO_MUST_CHECK;
/* *ret_value: borrowed, OURO_ABSENT when there is no such key. */
OURO_API ouro_status ouro_dict_get(ouro_object *dict, ouro_value key,
                                   ouro_value *ret_value) OURO_MUST_CHECK;
OURO_API ouro_status ouro_dict_set(ouro_object *dict, ouro_value key,
                                   ouro_value v) OURO_MUST_CHECK;
/* OURO_E_KEY when absent. */
OURO_API ouro_status ouro_dict_remove(ouro_object *dict, ouro_value key) OURO_MUST_CHECK;
OURO_API size_t ouro_dict_count(const ouro_object *dict);
OURO_API bool ouro_is_dict(const ouro_object *object);

/* Set: keys alone, the same rules. */
OURO_API ouro_status ouro_set_new(ouro_heap *heap, ouro_object **ret_set) OURO_MUST_CHECK;
OURO_API ouro_status ouro_set_has(ouro_object *set, ouro_value key, bool *ret_has) OURO_MUST_CHECK;
OURO_API ouro_status ouro_set_add(ouro_object *set, ouro_value key) OURO_MUST_CHECK;
OURO_API ouro_status ouro_set_remove(ouro_object *set, ouro_value key) OURO_MUST_CHECK;
OURO_API size_t ouro_set_count(const ouro_object *set);
OURO_API bool ouro_is_set(const ouro_object *object);

/* Iterates a dict or a set in insertion order. Begin with {0}. Returns OURO_OK with
 * *ret_key OURO_ABSENT at the end; OURO_E_CHANGED when an entry was added or
 * removed since the iteration began (replacing a value is allowed). Borrowed. */
typedef struct ouro_cursor {
    size_t position;
    uint64_t version;
} ouro_cursor;
OURO_API ouro_status ouro_entries_next(ouro_object *container, ouro_cursor *cursor,
                                       ouro_value *ret_key, ouro_value *ret_value) OURO_MUST_CHECK;

/* Equality of values (docs/semantics.md, 6): numbers by value, strings by bytes,
 * lists, tuples, dicts and sets by content, cyclic ones by bisimulation, other
 * objects by identity unless their type or class has equal. Uses no C stack that grows with
 * the structure. Order of dicts and sets does not count. */
OURO_API ouro_status ouro_value_equal(ouro_heap *heap, ouro_value a, ouro_value b,
                                      bool *ret_equal) OURO_MUST_CHECK;
/* OURO_E_UNHASHABLE for lists, dicts and sets, instances of a class with equal and no hash,
 * and tuples of them. */
OURO_API ouro_status ouro_value_hash(ouro_heap *heap, ouro_value v,
                                     uint64_t *ret_hash) OURO_MUST_CHECK;

/* A shallow copy of any container or record. ret_copy: owned. OURO_E_TYPE for types
 * that cannot be copied (weak references, frames, embedder's types). */
OURO_API ouro_status ouro_object_copy(ouro_object *object, ouro_object **ret_copy) OURO_MUST_CHECK;
/* Keeps sharing and cycles. Classes and plain data are shared, not copied. */
OURO_API ouro_status ouro_object_deepcopy(ouro_object *object,
                                          ouro_object **ret_copy) OURO_MUST_CHECK;
/* The same, of so many levels at most, the object being the first; 0: of any number.
 * OURO_E_LIMIT if there are more. */
OURO_API ouro_status ouro_object_deepcopy_within(ouro_object *object, size_t max_depth,
                                                 ouro_object **ret_copy) OURO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
