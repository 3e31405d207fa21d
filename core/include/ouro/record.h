/* SPDX-License-Identifier: MIT */
/* Record: objects with attributes, and the classes they belong to.
 *
 * A class with slots fixes its instances' attributes: a two-slot record is 24 bytes.
 * A class without slots, and ouro_bag_new, give open attributes in a table.
 * A class is an object itself: it has a name, a base, and attributes of its own
 * (methods). Each instance counts one reference to its class. */
#ifndef OURO_RECORD_H
#define OURO_RECORD_H

#include "ouro/object.h"

#ifdef __cplusplus
extern "C" {
#endif

/* slots: borrowed names, copied; count 0 with slots NULL: open attributes; count 0
 * with slots not NULL: no attributes at all. base: borrowed class or NULL; its slots
 * come first. A slotted class needs a slotted base, an open one an open base
 * (OURO_E_TYPE). A name twice: OURO_E_VALUE. ret_class: owned.
 * OURO_E_NOMEM, OURO_E_LIMIT (types). */
OURO_API ouro_status ouro_class_new(ouro_heap *heap, const char *name, const char *const *slots,
                                    size_t count, ouro_object *base,
                                    ouro_object **ret_class) OURO_MUST_CHECK;
OURO_API bool ouro_is_class(const ouro_object *object);
OURO_API const char *ouro_class_name(const ouro_object *cls);
/* Borrowed, or NULL. */
OURO_API ouro_object *ouro_class_base(const ouro_object *cls);
OURO_API bool ouro_class_is_open(const ouro_object *cls);
OURO_API size_t ouro_class_slot_count(const ouro_object *cls);
/* Borrowed; index below the count. */
OURO_API const char *ouro_class_slot_name(const ouro_object *cls, size_t index, size_t *ret_length);
/* Index of the slot, or SIZE_MAX. */
OURO_API size_t ouro_class_slot_find(const ouro_object *cls, const char *name, size_t length);
/* Whether cls is other or derives from it. */
OURO_API bool ouro_class_derives(const ouro_object *cls, const ouro_object *other);

/* Attributes of the class itself. lookup also searches the bases. Borrowed;
 * OURO_ABSENT when there is none. set with OURO_NIL removes. */
OURO_API ouro_value ouro_class_lookup(const ouro_object *cls, const char *name, size_t length);
OURO_API ouro_status ouro_class_set(ouro_object *cls, const char *name, size_t length,
                                    ouro_value v) OURO_MUST_CHECK;

/* The finalizer of instances of cls, and of classes derived from it that have none of
 * their own. NULL removes it. It is looked up when an instance dies. */
OURO_API ouro_status ouro_class_set_finalizer(ouro_object *cls,
                                              void (*finalize)(ouro_object *instance));

/* How instances of cls, and of classes derived from it that have none of their own, compare
 * and hash: as values and as keys, alone or within containers. NULL takes it back. Found
 * when asked, so what is a key already keeps the hash that it had.
 *   equal  is asked about two objects, no scalars, of which at least one is an instance; if
 *          both have one, the left one's. An object equals itself without being asked.
 *   hash   has to be alike for what equal calls equal. A class with equal and without hash
 *          makes its instances unhashable.
 * Both may do anything. OURO_E_USER, or what else they return, is the operation's result. */
typedef ouro_status (*ouro_equal_fn)(ouro_object *a, ouro_object *b, bool *ret_equal);
typedef ouro_status (*ouro_hash_fn)(ouro_object *instance, uint64_t *ret_hash);
OURO_API ouro_status ouro_class_set_equal(ouro_object *cls, ouro_equal_fn equal);
OURO_API ouro_status ouro_class_set_hash(ouro_object *cls, ouro_hash_fn hash);

/* A new instance, attributes nil. ret_record: owned. OURO_E_TYPE if not a class. */
OURO_API ouro_status ouro_record_new(ouro_heap *heap, ouro_object *cls,
                                     ouro_object **ret_record) OURO_MUST_CHECK;
/* An open bag of attributes, of the class "object" that every heap has. */
OURO_API ouro_status ouro_bag_new(ouro_heap *heap, ouro_object **ret_bag) OURO_MUST_CHECK;

/* The class of an instance, borrowed; NULL for objects that are no records. */
OURO_API ouro_object *ouro_record_class(const ouro_object *object);

/* Slots by index, for slotted records; unchecked but for assertions. */
static inline ouro_value *ouro_record_slots(ouro_object *record) {
    return (ouro_value *)(record + 1);
}
static inline ouro_value ouro_record_slot(ouro_object *record, size_t index) {
    return ouro_record_slots(record)[index];
}
static inline void ouro_record_set_slot(ouro_object *record, size_t index, ouro_value v) {
    ouro_value_store(&ouro_record_slots(record)[index], v);
}

/* Attributes by name, for both kinds. get: *ret_value borrowed; OURO_E_KEY when a
 * slotted class has no such slot; an open record answers OURO_ABSENT. set: OURO_E_KEY
 * for an unknown slot; OURO_NIL removes an open attribute. Class attributes are not
 * looked at. */
OURO_API ouro_status ouro_record_get(ouro_object *record, const char *name, size_t length,
                                     ouro_value *ret_value) OURO_MUST_CHECK;
OURO_API ouro_status ouro_record_set(ouro_object *record, const char *name, size_t length,
                                     ouro_value v) OURO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
