/* SPDX-License-Identifier: MIT */
/* Checks: TAP. */
#include "checks.h"

#include <stdarg.h>
#include <stdio.h>

static int checks_done, checks_failed;

void check(bool good, const char *format, ...) {
    va_list arguments;
    checks_failed += !good;
    printf("%sok %d - ", good ? "" : "not ", ++checks_done);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

int check_result(void) {
    return checks_failed > 0;
}
