/* SPDX-License-Identifier: MIT */
/* Exact: `ouro --exact`, settling after every line. */
#ifndef OURO_SHELL_EXACT_H
#define OURO_SHELL_EXACT_H

#include <lua.h>

/* Sets the hook, for this thread and the coroutines made from now on. */
void ouro__exact_install(lua_State *L);

#endif
