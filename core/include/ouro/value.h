/* SPDX-License-Identifier: MIT */
/* Value: eight bytes that hold nil, a boolean, an integer, a float, or an object.
 *
 * The low bits tell which (pointers are aligned to 8):
 *   ...xx1   integer of 63 bits
 *   ...x10   float whose exponent is near zero, its bits rotated left by three
 *            (the "flonum" of Sasada 2008: all doubles of magnitude 1e-77 to 1e77)
 *   ...100   true, false, absent, and the floats 0.0, -0.0, inf, -inf, nan
 *   ...000   nil when all bits are zero, else a pointer to an object
 * Integers of 64 bits and other floats are boxed: small acyclic objects, exact
 * to the bit. So zeroed memory is nil, and a value needs no heap to be read.
 *
 * A value that holds an object is a reference like any other: who keeps it
 * retains it (ouro_value_retain in object.h). */
#ifndef OURO_VALUE_H
#define OURO_VALUE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "ouro/status.h"

typedef struct ouro_object ouro_object;

typedef struct ouro_value {
    uint64_t bits;
} ouro_value;

#define OURO_NIL ((ouro_value){0})
#define OURO_FALSE ((ouro_value){0x04})
#define OURO_TRUE ((ouro_value){0x0c})
/* Never seen by scripts: an empty place in a table, a missing result. */
#define OURO_ABSENT ((ouro_value){0x14})
#define OURO__FLOAT_ZERO 0x1cu
#define OURO__FLOAT_MINUS_ZERO 0x24u
#define OURO__FLOAT_INF 0x2cu
#define OURO__FLOAT_MINUS_INF 0x34u
#define OURO__FLOAT_NAN 0x3cu

static inline ouro_value ouro_value_of_bool(bool b) {
    return (ouro_value){b ? 0x0cu : 0x04u};
}

/* The reference is borrowed: no count changes. NULL gives nil. */
static inline ouro_value ouro_value_of_object(const ouro_object *object) {
    return (ouro_value){(uint64_t)(uintptr_t)object};
}

static inline bool ouro_value_is_object(ouro_value v) {
    return (v.bits & 7) == 0 && v.bits != 0;
}

/* The object, borrowed, or NULL when v holds none. */
static inline ouro_object *ouro_value_object(ouro_value v) {
    return (v.bits & 7) == 0 ? (ouro_object *)(uintptr_t)v.bits : NULL;
}

static inline bool ouro_value_same(ouro_value a, ouro_value b) {
    return a.bits == b.bits;
}

static inline bool ouro_value_is_nil(ouro_value v) {
    return v.bits == 0;
}

static inline bool ouro_value_is_bool(ouro_value v) {
    return (v.bits & ~(uint64_t)8) == 0x04;
}

/* Integers that fit in 63 bits; the others are objects of the type "integer". */
static inline bool ouro_value_is_small(ouro_value v) {
    return v.bits & 1;
}

static inline bool ouro_small_fits(int64_t i) {
    return i >= INT64_MIN / 2 && i <= INT64_MAX / 2;
}

static inline ouro_value ouro_value_of_small(int64_t i) {
    return (ouro_value){((uint64_t)i << 1) | 1};
}

static inline int64_t ouro_value_small(ouro_value v) {
    return (int64_t)v.bits >> 1;
}

/* True, with *ret_value set, when the double needs no box. */
static inline bool ouro_float_fits(double d, ouro_value *ret_value) {
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    uint64_t exponent = bits >> 60 & 7;
    if (OURO_LIKELY(exponent == 3 || exponent == 4)) {
        ret_value->bits = (((bits << 3) | (bits >> 61)) & ~(uint64_t)3) | 2;
        return true;
    }
    uint64_t code = 0;
    if (bits == 0) code = OURO__FLOAT_ZERO;
    else if (bits == 0x8000000000000000u) code = OURO__FLOAT_MINUS_ZERO;
    else if (bits == 0x7ff0000000000000u) code = OURO__FLOAT_INF;
    else if (bits == 0xfff0000000000000u) code = OURO__FLOAT_MINUS_INF;
    else if (bits == 0x7ff8000000000000u) code = OURO__FLOAT_NAN;
    else return false;
    ret_value->bits = code;
    return true;
}

/* A float held in the word; the others are objects of the type "float". */
static inline bool ouro_value_is_flonum(ouro_value v) {
    return (v.bits & 3) == 2 || ((v.bits & 7) == 4 && v.bits >= OURO__FLOAT_ZERO);
}

static inline double ouro_value_flonum(ouro_value v) {
    uint64_t bits;
    double d;
    if ((v.bits & 3) == 2) {
        uint64_t low = 2 - (v.bits >> 63);
        uint64_t turned = (v.bits & ~(uint64_t)3) | low;
        bits = (turned >> 3) | (turned << 61);
    } else {
        bits = v.bits == OURO__FLOAT_ZERO         ? 0
               : v.bits == OURO__FLOAT_MINUS_ZERO ? 0x8000000000000000u
               : v.bits == OURO__FLOAT_INF        ? 0x7ff0000000000000u
               : v.bits == OURO__FLOAT_MINUS_INF  ? 0xfff0000000000000u
                                                  : 0x7ff8000000000000u;
    }
    memcpy(&d, &bits, sizeof d);
    return d;
}

#endif
