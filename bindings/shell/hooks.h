/* SPDX-License-Identifier: MIT */
/* Hooks: debug.sethook and debug.gethook for scripts whose free names are in a frame. Looking
 * one up calls a metamethod, which a hook for calls is not to see: in lua5.4 there is none. */
#ifndef OURO_SHELL_HOOKS_H
#define OURO_SHELL_HOOKS_H

#include <lua.h>

/* Once the module is kept and the globals are installed (state.h, globals.h). */
void ouro__hooks_install(lua_State *L);

#endif
