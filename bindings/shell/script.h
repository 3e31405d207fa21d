/* SPDX-License-Identifier: MIT */
/* Script: running files, strings and the standard input, and reporting what goes wrong.
 *
 * Each chunk gets the main frame as its _ENV. Functions that run something leave the stack
 * as they found it and return whether all went well; the error, if any, has been
 * reported. */
#ifndef OURO_SHELL_SCRIPT_H
#define OURO_SHELL_SCRIPT_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/* Compiles; the function or the message is on the stack. chunk: as for lua_load. */
int ouro__script_load(lua_State *L, const char *text, size_t length, const char *chunk);
/* lua_pcall with the traceback as handler, which Ctrl-C interrupts. */
int ouro__script_call(lua_State *L, int arguments, int results);
/* The same with another message handler. */
int ouro__script_call_with(lua_State *L, lua_CFunction handler, int arguments, int results);
/* Prints the message at the top of the stack, if status is not LUA_OK, and pops it. program:
 * what goes before it, or NULL. Returns whether status is LUA_OK. */
bool ouro__script_report(lua_State *L, int status, const char *program);

bool ouro__script_run_string(lua_State *L, const char *text, const char *chunk);
/* name: NULL is the standard input. The arguments, a count of values, are on the stack
 * and popped. */
bool ouro__script_run_file(lua_State *L, const char *name, int arguments);
/* -l: "mod" or "g=mod". */
bool ouro__script_require(lua_State *L, const char *module);

#endif
