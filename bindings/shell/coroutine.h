/* SPDX-License-Identifier: MIT */
/* Coroutine: coroutine.resume and coroutine.wrap that Ctrl-C can reach into. */
#ifndef OURO_SHELL_COROUTINE_H
#define OURO_SHELL_COROUTINE_H

#include <lua.h>

/* Puts both into the table `coroutine`. */
void ouro__coroutine_install(lua_State *L);

#endif
