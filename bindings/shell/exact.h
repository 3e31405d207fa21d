/* SPDX-License-Identifier: MIT */
/* Exact: `ouro --exact`, settling after every line.
 *
 * A value that a finished call or block has left behind stays in a register of the function
 * until that is used again, and Lua's collector takes it for held. Where a whole line
 * begins (lines.h) such leftovers are cleared first, so that what was dropped is dead at
 * the next line and not some lines later. */
#ifndef OURO_SHELL_EXACT_H
#define OURO_SHELL_EXACT_H

#include <lua.h>
#include <stddef.h>

/* Sets the hook, for this thread and the coroutines made from now on; returns it. */
lua_Hook ouro__exact_install(lua_State *L);
/* Tells the text of a chunk that is not a file. Nothing happens unless installed. */
void ouro__exact_learn(lua_State *L, const char *text, size_t length, const char *chunk);

#endif
