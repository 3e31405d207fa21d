/* SPDX-License-Identifier: MIT */
/* Globals: what a script run by the command sees as load, loadfile, dofile and _G. Its names
 * are those of the main frame, behind which are Lua's globals; modules see the globals
 * alone. */
#ifndef OURO_SHELL_GLOBALS_H
#define OURO_SHELL_GLOBALS_H

#include <lua.h>

/* Once the module is kept (state.h). */
void ouro__globals_install(lua_State *L);
/* Makes the main frame the _ENV of the loaded chunk at the top, if it has one. */
void ouro__globals_give_frame(lua_State *L);

#endif
