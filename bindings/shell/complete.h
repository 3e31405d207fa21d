/* SPDX-License-Identifier: MIT */
/* Complete: what may follow the text before the cursor, for the Tab key.
 *
 * Names of the main frame, functions of the module, globals and keywords; after a dot or a
 * colon the fields of what stands before it. Looking runs no code of the user's own and
 * keeps nothing. */
#ifndef OURO_SHELL_COMPLETE_H
#define OURO_SHELL_COMPLETE_H

#include <lua.h>
#include <stddef.h>

#include "edit.h"

/* text: borrowed, the line up to the cursor. Nothing is filled in when nothing fits. Does
 * not raise. */
void ouro__complete_find(lua_State *L, const char *text, size_t length, completion *ret);

#endif
