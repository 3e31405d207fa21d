/* SPDX-License-Identifier: MIT */
/* Checks: TAP lines, and the two sets of checks beside the random ones. */
#ifndef TESTS_MODEL_CHECKS_H
#define TESTS_MODEL_CHECKS_H

#include "driver.h"

/* One line. */
void check(bool good, const char *format, ...) __attribute__((__format__(__printf__, 2, 3)));
/* The exit status. */
int check_result(void);

/* mended.c: sequences on which the core once differed from the rules. */
int check_mended_count(void);
void check_mended(run *shared);
/* selftest.c: planted mistakes are found. A whole test of its own. */
int check_selftest(void);

#endif
