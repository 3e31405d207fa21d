/* SPDX-License-Identifier: MIT */
/* Limit: how long a run may take, --timeout and --max-steps.
 *
 * What exceeds a limit gets an error that names it, and again for as long as it goes on:
 * a script may catch the first and clean up. Finalizers at the end of the heap get as much
 * again as the script had. */
#ifndef OURO_SHELL_LIMIT_H
#define OURO_SHELL_LIMIT_H

#include <lua.h>

/* Instructions of Lua: counted from now on, in L and the coroutines made from it; 0: no limit.
 * line_hook: what else is to be called for each line, or NULL. May raise. */
void ouro__limit_steps(lua_State *L, unsigned long long steps, lua_Hook line_hook);
/* Seconds from now, 0: no limit. */
void ouro__limit_time(double seconds);
/* The heap is about to close: both begin anew. */
void ouro__limit_renew(lua_State *L);

#endif
