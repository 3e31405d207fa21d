/* SPDX-License-Identifier: MIT */
/* Shrink: from a failing sequence to a short one. */
#ifndef TESTS_MODEL_SHRINK_H
#define TESTS_MODEL_SHRINK_H

#include "driver.h"

/* Before: shared->ops fails. After: it is a shortest part of it that fails, in the sense that
 * no single operation, and none of what finalizers and callbacks do, can be left out. */
void shrink(run *shared, wrong_rule wrong);

#endif
