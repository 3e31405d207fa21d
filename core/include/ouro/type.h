/* SPDX-License-Identifier: MIT */
/* Type: what an object consists of, as one constant table of hooks.
 *
 * The built-in list, dict, record and weak reference are made with the same
 * table as an embedder's own type; the collectors know no other. To make one:
 * declare a struct that begins with ouro_object, fill an ouro_type_spec, call
 * ouro_type_new once per heap, then ouro_object_new for each object.
 * examples/embed.c is a whole program.
 *
 * WHAT A HOOK MAY DO. traverse, refs, clear and dispose are called while the heap is
 * in the middle of something: they must not call the heap except as said here.
 * finalize runs user code between operations and may do anything.
 *   traverse  report every counted reference, each exactly once per count
 *   clear     drop all references, leaving a valid, empty object: detach first,
 *             then release, because a release may run code that looks at it
 *   dispose   free the buffers (ouro_heap_free); the references are gone already
 *   finalize  last words; at most once in the object's life */
#ifndef OURO_TYPE_H
#define OURO_TYPE_H

#include "ouro/object.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Called by traverse with each referenced object. */
typedef void (*ouro_visit_fn)(ouro_object *child, void *context);

/* How a reference is labelled for people. */
typedef enum ouro_label_kind {
    OURO_LABEL_NAME,  /* text: an attribute, a slot, a name in a frame, "class" ... */
    OURO_LABEL_INDEX, /* index: an item, counted from 1 */
    OURO_LABEL_KEY,   /* the value is itself a key */
    OURO_LABEL_VALUE  /* key: the key under which the value is kept */
} ouro_label_kind;

/* Borrowed for the call. */
typedef struct ouro_label {
    ouro_label_kind kind;
    const char *text; /* OURO_LABEL_NAME; may contain NUL bytes, see length */
    size_t length;
    size_t index;   /* OURO_LABEL_INDEX */
    ouro_value key; /* OURO_LABEL_VALUE */
} ouro_label;

/* Return false to stop. value: borrowed; any value, not only objects. */
typedef bool (*ouro_ref_fn)(const ouro_label *label, ouro_value value, void *context);

enum {
    OURO_TYPE_ACYCLIC = 1,   /* can never be part of a cycle: its objects hold no references
                                but to acyclic ones; collections skip them */
    OURO_TYPE_PLAIN = 2,     /* plain data (a string, a boxed number): no object of its own
                                in reports, not weakly referenceable */
    OURO_TYPE_INTERNAL = 4,  /* machinery (a frame): not listed unless asked for */
    OURO_TYPE_FOREIGN = 8    /* keeps something of the outside alive: see ouro/cross.h */
};

typedef struct ouro_type_spec {
    size_t struct_size; /* sizeof(ouro_type_spec) */
    const char *name;   /* copied */
    size_t size;        /* bytes of the struct, header included; for a type whose objects
                           differ in size: the least */
    unsigned flags;
    /* References kept as an array of ouro_value inside the struct: given here they
     * are traversed, cleared and released without any hook (and fastest). */
    size_t values_offset;
    size_t values_count;
    void (*traverse)(ouro_object *object, ouro_visit_fn visit, void *context);
    bool (*refs)(ouro_object *object, ouro_ref_fn each, void *context); /* labelled; false when
                                                                           stopped */
    void (*clear)(ouro_object *object);
    void (*dispose)(ouro_object *object);
    void (*finalize)(ouro_object *object);
    size_t (*extra)(const ouro_object *object); /* bytes of buffers it owns, for reports */
    /* equal and hash by value; NULL: by identity. equal: *ret_equal. Used by
     * ouro_value_equal, which handles recursion; see containers.h. hash:
     * OURO_E_UNHASHABLE for types that can change. */
    ouro_status (*hash)(ouro_object *object, uint64_t *ret_hash);
    ouro_status (*equal)(ouro_object *a, ouro_object *b, bool *ret_equal);
    /* A shallow copy, for ouro_object_copy. *ret_copy: owned. NULL: cannot be copied. */
    ouro_status (*copy)(ouro_object *object, ouro_object **ret_copy);
} ouro_type_spec;

/* Makes a type. ret_type: borrowed, lives until the heap closes.
 * OURO_E_NOMEM; OURO_E_LIMIT beyond 65,535 types; OURO_E_VALUE for a spec that
 * contradicts itself (a size below the header's, a cyclic type without clear). */
OURO_API ouro_status ouro_type_new(ouro_heap *heap, const ouro_type_spec *spec,
                                   ouro_type **ret_type) OURO_MUST_CHECK;

OURO_API const char *ouro_type_name(const ouro_type *type);
OURO_API unsigned ouro_type_flags(const ouro_type *type);
/* The class object whose instances have this type, borrowed; NULL for others. */
OURO_API ouro_object *ouro_type_class(const ouro_type *type);

/* A new object of the type, its bytes after the header zero.
 * ret_object: owned (count 1). size: bytes, at least the type's size (0 means just
 * that). OURO_E_NOMEM, OURO_E_LIMIT. Never collects. */
OURO_API ouro_status ouro_object_new(ouro_heap *heap, ouro_type *type, size_t size,
                                     ouro_object **ret_object) OURO_MUST_CHECK;

/* Reports each reference with its label, in field order. Returns false when the
 * callback stopped it. The object must not be changed meanwhile. */
OURO_API bool ouro_object_refs(ouro_object *object, ouro_ref_fn each, void *context);

/* Reports each referenced object, once per count. */
OURO_API void ouro_object_traverse(ouro_object *object, ouro_visit_fn visit, void *context);

#ifdef __cplusplus
}
#endif
#endif
