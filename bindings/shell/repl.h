/* SPDX-License-Identifier: MIT */
/* Repl: the prompt. Reads statements, runs them, prints the values of expressions. */
#ifndef OURO_SHELL_REPL_H
#define OURO_SHELL_REPL_H

#include <lua.h>

/* Until the end of the input. Returns 0, or the signal that ended it. Keeps nothing of
 * what was typed or computed: the stack is empty and what is dead is dead before each
 * prompt. */
int ouro__repl_run(lua_State *L);

#endif
