/* SPDX-License-Identifier: MIT */
/* State: the Lua state of the command, with the module `ouro` and its default heap in it.
 *
 * The module and the functions of it that the command calls are kept apart: scripts may do
 * what they like with package.loaded and with the module's table. All functions may raise
 * unless they say otherwise. */
#ifndef OURO_SHELL_STATE_H
#define OURO_SHELL_STATE_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "strict.h"

/* The libraries, the module, the search path, os.exit. s: borrowed for the life of the state;
 * errors of finalizers and callbacks are counted in it. */
void ouro__state_open(lua_State *L, strict *s);
/* Pushes the module's table. */
void ouro__state_push_module(lua_State *L);
/* Pushes one of its functions: attrs, frame, names, settle, stack, typeof. */
void ouro__state_push(lua_State *L, const char *function);
/* Pushes the main frame of the default heap: what free names of chunks live in. */
void ouro__state_push_frame(lua_State *L);
/* Limits of the default heap; 0: as they are. */
void ouro__state_limit(lua_State *L, size_t objects, size_t bytes, size_t frames);
/* Closes the default heap and opens another one with the same limits: the module is new, and so
 * are the names. Lua's globals stay. */
void ouro__state_reset(lua_State *L);
/* Where the module's Lua files are, static. */
const char *ouro__state_lua_folder(void);
/* From now on a class that is defined again is the same class, for the shell. */
void ouro__state_redefine(lua_State *L);
/* Lets what is dead be dead. A C function for the stack: ouro__script_call runs it. */
int ouro__state_settle(lua_State *L);
/* Closes the default heap: docs/semantics.md, 4. Does not raise; whether it went well,
 * else the message is on the stack. Closing twice is fine. */
bool ouro__state_close(lua_State *L);

#endif
