/* SPDX-License-Identifier: MIT */
/* Lines: on which lines of a Lua text nothing is half computed.
 *
 * A line is *whole* when a statement begins it, another begins the next line that has any
 * code, and no function begins or ends on it. When Lua comes to a whole line, the function
 * that runs has no value under way but those of its named variables. */
#ifndef OURO_SHELL_LINES_H
#define OURO_SHELL_LINES_H

#include <lua.h>
#include <stddef.h>

/* Pushes a string whose byte n, counted from 0, is '1' if line n is whole, else '0'; lines
 * beyond it are not. text: borrowed. Raises for want of memory only. */
void ouro__lines_push(lua_State *L, const char *text, size_t length);

#endif
