/* SPDX-License-Identifier: MIT */
/* Checks: TAP lines, and the two sets of checks beside the random ones. */
#ifndef TESTS_MODEL_CHECKS_H
#define TESTS_MODEL_CHECKS_H

#include "driver.h"

/* One line. todo: why it is expected to fail, or NULL. */
void check(bool good, const char *format, ...) __attribute__((__format__(__printf__, 2, 3)));
void check_todo(bool good, const char *todo, const char *name);
/* The exit status. */
int check_result(void);

/* known.c: where the core is known to differ from the rules. */
int check_known_count(void);
void check_known(run *shared);
/* selftest.c: planted mistakes are found. A whole test of its own. */
int check_selftest(void);

#endif
