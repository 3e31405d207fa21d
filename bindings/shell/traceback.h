/* SPDX-License-Identifier: MIT */
/* Traceback: the message handler of everything the command runs. */
#ifndef OURO_SHELL_TRACEBACK_H
#define OURO_SHELL_TRACEBACK_H

#include <lua.h>

/* For lua_pcall. Turns the error into a text, with Lua's traceback and, below it, the
 * managed frames with their names. */
int ouro__traceback_handle(lua_State *L);

#endif
