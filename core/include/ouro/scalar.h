/* SPDX-License-Identifier: MIT */
/* Scalar: numbers and byte strings as values. */
#ifndef OURO_SCALAR_H
#define OURO_SCALAR_H

#include "ouro/object.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ret_value: owned (only a boxed one has a count). OURO_E_NOMEM, OURO_E_LIMIT. */
OURO_API ouro_status ouro_integer(ouro_heap *heap, int64_t i,
                                  ouro_value *ret_value) OURO_MUST_CHECK;
OURO_API ouro_status ouro_float(ouro_heap *heap, double d, ouro_value *ret_value) OURO_MUST_CHECK;
/* A byte string of any content; bytes: borrowed, copied. ret_value: owned. */
OURO_API ouro_status ouro_string(ouro_heap *heap, const char *bytes, size_t length,
                                 ouro_value *ret_value) OURO_MUST_CHECK;

/* Each returns false, and leaves the result alone, for a value of another kind. */
OURO_API bool ouro_value_as_integer(ouro_value v, int64_t *ret_integer);
OURO_API bool ouro_value_as_float(ouro_value v, double *ret_float);
/* ret_bytes: borrowed from the value, followed by a NUL byte. */
OURO_API bool ouro_value_as_string(ouro_value v, const char **ret_bytes, size_t *ret_length);

typedef enum ouro_kind {
    OURO_KIND_NIL,
    OURO_KIND_BOOL,
    OURO_KIND_INTEGER,
    OURO_KIND_FLOAT,
    OURO_KIND_STRING,
    OURO_KIND_OBJECT
} ouro_kind;

OURO_API ouro_kind ouro_value_kind(ouro_value v);

/* FNV-1a (Fowler, Noll and Vo 1991) over 64 bits, with a final mix. */
OURO_API uint64_t ouro_hash_bytes(const char *bytes, size_t length);

#ifdef __cplusplus
}
#endif
#endif
