/* SPDX-License-Identifier: MIT */
/* Half: the prompt's Lua half, the files in bindings/lua/ouro/shell: commands, printing,
 * reports. They are not modules: nobody can require them, they see their own copies of Lua's
 * libraries, and what scripts do to theirs does not reach them.
 *
 * Without those files the prompt works and has no commands. */
#ifndef OURO_SHELL_HALF_H
#define OURO_SHELL_HALF_H

#include <lua.h>
#include <stdbool.h>

#include "session.h"

/* Loads it. terminal: a person is there. Reports what is wrong. */
void ouro__half_open(lua_State *L, session *s, bool terminal);
/* The module is another one, after ouro__state_reset. May raise. */
void ouro__half_renew(lua_State *L);
/* Pushes the function of that name; false, with nothing pushed: there is none. */
bool ouro__half_push(lua_State *L, const char *function);
/* Calls it with the arguments at the top, popped, if it is there. Reports errors. True: it has
 * returned the results; otherwise there are none. */
bool ouro__half_call(lua_State *L, const char *function, int arguments, int results);

#endif
