/* SPDX-License-Identifier: MIT */
/* Session: what was typed at the prompt so far, and what it printed, as text.
 *
 * Text alone, and outside of Lua's memory: the prompt's memory of a session neither holds an
 * object nor shows in what collectgarbage("count") says. */
#ifndef OURO_SHELL_SESSION_H
#define OURO_SHELL_SESSION_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct session session;

/* Makes one, kept by the Lua state, and puts a `print` in the place of Lua's that does the same
 * and writes down what it prints. Raises. */
session *ouro__session_open(lua_State *L);
/* A statement begins; expression: its values will be printed. What is printed from now on is
 * its output. For want of memory it is not written down. */
void ouro__session_begin(session *s, const char *text, size_t length, bool expression);
/* It has ended; values: how many results it had. */
void ouro__session_end(session *s, bool fine, int values);
/* Adds to the output of the statement that runs, if one does. */
void ouro__session_add(session *s, const char *bytes, size_t length);
/* Pushes a table of functions for the Lua half: count(), entry(i), drop() (all of it). */
void ouro__session_push(lua_State *L, session *s);

#endif
