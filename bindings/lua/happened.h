/* SPDX-License-Identifier: MIT */
/* Happened: what events.c passes on to happened.c. */
#ifndef OURO_LUA_HAPPENED_H
#define OURO_LUA_HAPPENED_H

#include "internal.h"

typedef struct happenings happenings;

/* The kinds of events it listens to; 0 for NULL. */
unsigned ouro_lua_happenings_mask(const happenings *h);
/* While the core calls back. */
void ouro_lua_note_happening(happenings *h, const ouro_event *event);

/* --- events.c ----------------------------------------------------------------------------- */
/* Who listens to the heap has changed. */
void ouro_lua_listen(binding *b);

#endif
