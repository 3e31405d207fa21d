/* SPDX-License-Identifier: MIT */
/* Script: a sequence as a Lua script that can be pasted into the shell of `ouro`. */
#ifndef TESTS_MODEL_SCRIPT_H
#define TESTS_MODEL_SCRIPT_H

#include <stdio.h>

#include "model.h"

/* Each line begins with prefix. What the rules make it print stands beside, as comments that
 * begin with "-->". */
void script_print(FILE *out, const char *prefix, const op *ops, int count);

#endif
