/* SPDX-License-Identifier: MIT */
/* Traceback: the message handler of the command. Adds Lua's traceback and, when frames of
 * `call` are on the stack, the managed frames with their names. */
#ifndef OURO_SHELL_TRACEBACK_H
#define OURO_SHELL_TRACEBACK_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/* For lua_pcall. */
int ouro__traceback_handle(lua_State *L);

/* What the prompt wants to know of an error besides. */
typedef struct error_place {
    const void *chunk; /* lua_topointer of the statement's function, set by the caller */
    size_t message;    /* length of the message, in front of the traceback; 0: not known */
    int line;          /* that the message names; 0: none */
    bool own;          /* the line is one of the statement itself */
    char file[200];    /* or of this file */
} error_place;

/* The prompt's message handler: no frames of C, and none at all if there is but the statement;
 * fills the place that was pointed out last. NULL: nobody wants to know. */
int ouro__traceback_prompt(lua_State *L);
void ouro__traceback_point_out(lua_State *L, error_place *place);

#endif
