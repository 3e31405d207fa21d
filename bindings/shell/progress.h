/* SPDX-License-Identifier: MIT */
/* Progress: how far long work of the heap is, on standard error where that is a terminal; and
 * where such work ends when Ctrl-C, or a time limit, wants it to (interrupt.h). */
#ifndef OURO_SHELL_PROGRESS_H
#define OURO_SHELL_PROGRESS_H

#include <lua.h>
#include <stdbool.h>

#include "lua/reports.h"

typedef struct progress {
    ouro_lua_progress entry;
    const char *work, *phase; /* of the last word; NULL: nothing is under way */
    double began, phase_began, told; /* seconds */
    bool terminal, shown;
} progress;

/* Before the module is opened: all heaps of the state. p: borrowed for its life. May raise. */
void ouro__progress_install(lua_State *L, progress *p);

#endif
