/* SPDX-License-Identifier: MIT */
/* Suggest: words for the Tab key that are no names of Lua: commands of the prompt and their
 * arguments, names of files. Each function adds those that begin with the word to the set at
 * index 2 of the stack, a table whose keys they are. */
#ifndef OURO_SHELL_SUGGEST_H
#define OURO_SHELL_SUGGEST_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct prefix {
    const char *text; /* borrowed */
    size_t length;
} prefix;

/* What stands behind a command. */
typedef enum suggestion {
    SUGGEST_NOTHING,
    SUGGEST_LUA,  /* names, as in a statement */
    SUGGEST_FOUND /* it has been added what there is */
} suggestion;

/* The string at the top, popped. */
void ouro__suggest_add(lua_State *L, const prefix *begun);
/* The last part of a path, folders with a slash behind them; *begun is cut down to it. */
void ouro__suggest_files(lua_State *L, prefix *begun);
/* Whether the line, from its first character that is not blank, is a command. */
bool ouro__suggest_is_command(const char *line, size_t length);
/* The line is a command. *ret_begun: the word at its end, or with SUGGEST_LUA all that follows
 * the command. */
suggestion ouro__suggest_command(lua_State *L, const char *line, size_t length,
                                 prefix *ret_begun);

#endif
