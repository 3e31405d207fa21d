/* SPDX-License-Identifier: MIT */
/* Repl: the prompt. Reads statements, runs them, prints the values of expressions. */
#ifndef OURO_SHELL_REPL_H
#define OURO_SHELL_REPL_H

#include <lua.h>

#include "edit.h"

/* Where lines come from instead of the standard input; as ouro__edit_read. */
typedef struct repl_source {
    edit_result (*read)(void *user, const char *prompt, const char **ret_line,
                        size_t *ret_length);
    void *user;
} repl_source;

/* Until the end of the input. Returns 0, or the signal that ended it. Keeps nothing of
 * what was typed or computed: the stack is empty and what is dead is dead before each
 * prompt. */
int ouro__repl_run(lua_State *L);
/* The same, as at a terminal. source: borrowed. */
int ouro__repl_run_from(lua_State *L, const repl_source *source);

#endif
