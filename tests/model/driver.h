/* SPDX-License-Identifier: MIT */
/* Driver: runs sequences, in a child process, for a finding may be a crash. */
#ifndef TESTS_MODEL_DRIVER_H
#define TESTS_MODEL_DRIVER_H

#include "model.h"

enum { OPS_MAX = 240 };

/* One sequence and how it ended. Lies in memory shared with the child. */
typedef struct run {
    op ops[OPS_MAX];
    int count;
    uint64_t seed;
    bool failed;
    int at; /* the operation where it failed; count: the close */
    char why[600];
    /* What has been done, over all sequences of a batch. */
    uint64_t done, skipped, steps, collected, automatic, resurrected, callbacks;
    uint64_t refused, starved; /* operations, by a limit and for want of memory */
    /* Where the rules leave an order open: operations not done, closes not compared to the end. */
    uint64_t open_operations, closes, open_closes;
} run;

/* Shared, zeroed; NULL: there is no memory. */
run *run_new(void);
void run_free(run *shared);

/* Runs the sequences of seeds from first on, each generated as it runs, until one fails, as
 * many operations are done as asked for, or seeds are at an end. Afterwards shared->ops is the
 * last sequence. True: all agreed. */
bool run_batch(run *shared, uint64_t first, uint64_t seeds, uint64_t operations,
               wrong_rule wrong);
/* Runs shared->ops. */
bool run_again(run *shared, wrong_rule wrong);

#endif
