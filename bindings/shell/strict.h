/* SPDX-License-Identifier: MIT */
/* Strict: `ouro --strict`: a process in which a finalizer, callback, record or listener has
 * raised an error does not end with success. */
#ifndef OURO_SHELL_STRICT_H
#define OURO_SHELL_STRICT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct strict {
    bool on;
    uint64_t errors; /* reported so far */
} strict;

/* At the very end: the exit status for one that would be `status`. Prints how many errors
 * there were, if they matter. */
int ouro__strict_status(const strict *s, int status);

#endif
