/* SPDX-License-Identifier: MIT */
/* Whole: whether a text can be run as it is. Nothing is run, and nothing is kept. */
#ifndef OURO_SHELL_WHOLE_H
#define OURO_SHELL_WHOLE_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/* As statements, `del` among them. Does not raise. */
bool ouro__whole_is_chunk(lua_State *L, const char *text, size_t length);

#endif
