/* SPDX-License-Identifier: MIT */
/* Generate: random operations, most of them possible in the model's present state. */
#ifndef TESTS_MODEL_GENERATE_H
#define TESTS_MODEL_GENERATE_H

#include "model.h"

typedef struct generator {
    uint64_t state;
    int made; /* numbers given */
    bool begun;
} generator;

void generate_begin(generator *g, uint64_t seed);
op generate_op(generator *g, const model *m);

#endif
