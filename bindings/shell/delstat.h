/* SPDX-License-Identifier: MIT */
/* Delstat: the statement `del` of the prompt, rewritten into calls that Lua understands.
 *
 *   del x, y        del("x", "y");
 *   del a.b.c       del(a.b, "c");
 *   del l[i]        del(l, (i));
 *   del x, a.b      del("x"); del(a, "b");
 *
 * Where a statement begins with `del` and a name follows, no Lua program can stand, so no
 * valid program changes its meaning: `del` stays an ordinary name. Whatever else there is
 * in the text, line breaks and comments included, stays where it is. */
#ifndef OURO_SHELL_DELSTAT_H
#define OURO_SHELL_DELSTAT_H

#include <lua.h>
#include <stddef.h>

/* Pushes the rewritten text. text: borrowed. Raises for want of memory only. */
void ouro__delstat_push(lua_State *L, const char *text, size_t length);

#endif
