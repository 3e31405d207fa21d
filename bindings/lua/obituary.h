/* SPDX-License-Identifier: MIT */
/* Obituary: what is kept of the last deaths. events.c, which listens to the heap, passes
 * events on. */
#ifndef OURO_LUA_OBITUARY_H
#define OURO_LUA_OBITUARY_H

#include "view.h"

typedef struct obituaries obituaries;

/* The events that it needs to be told of. */
#define OURO_LUA_OBITUARY_EVENTS \
    (1u << OURO_EVENT_DEATH | 1u << OURO_EVENT_START | 1u << OURO_EVENT_ERROR)
/* While the core calls back: nothing of Lua, but for its call stack, is looked at. */
void ouro_lua_note_death(obituaries *o, binding *b, const ouro_event *event);

/* --- events.c ----------------------------------------------------------------------------- */
/* The userdata at the top, or nil, takes the place of the one before; popped. */
void ouro_lua_keep_obituaries(lua_State *L, binding *b, obituaries *o);
/* NULL: none are kept. */
obituaries *ouro_lua_obituaries(lua_State *L, const binding *b);

/* --- obituary.c --------------------------------------------------------------------------- */
/* Pushes a userdata that has room for so many deaths. */
obituaries *ouro_lua_push_obituaries(lua_State *L, size_t most);
void ouro_lua_clear_obituaries(obituaries *o);
/* Pushes an array of all of them in order of death, each as obituary(id) gives it. */
void ouro_lua_push_deaths(lua_State *L, const obituaries *o);
int ouro_lua_obituary(lua_State *L);
int ouro_lua_set_obituaries(lua_State *L);

#endif
