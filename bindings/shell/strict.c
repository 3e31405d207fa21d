/* SPDX-License-Identifier: MIT */
/* Strict: the exit status under --strict (strict.h). The errors themselves have been reported
 * when they happened; here they are only counted. */
#include "strict.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int ouro__strict_status(const strict *s, int status) {
    if (!s->on || s->errors == 0) return status;
    fflush(stdout);
    fprintf(stderr, "ouro: --strict: %" PRIu64 " %s in finalizers or callbacks\n", s->errors,
            s->errors == 1 ? "error" : "errors");
    fflush(stderr);
    return status == EXIT_SUCCESS ? EXIT_FAILURE : status;
}
