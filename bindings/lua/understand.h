/* SPDX-License-Identifier: MIT */
/* Understand: what why, would_free, mincut and heap.retained have in common. Each of them is
 * about the object at index 1, and its own argument is no reason for that to live: the object
 * is taken from Lua, kept by one count of the caller's, and what Lua still has is then asked. */
#ifndef OURO_LUA_UNDERSTAND_H
#define OURO_LUA_UNDERSTAND_H

#include "view.h"

/* The count that ouro_lua_take adds. */
#define OURO_LUA_MINE 1

/* Takes the object away from index 1 (nil stays), retained, and lets Lua let go of what it
 * no longer reaches. Nothing that can raise may come before ouro_lua_give_back. */
ouro_object *ouro_lua_take(lua_State *L, binding *b);
/* Releases the object; what only waited for the call dies. */
void ouro_lua_give_back(lua_State *L, binding *b, ouro_object *object);

/* Raises for a table at the index that has other keys than these; names ends with NULL. */
void ouro_lua_check_options(lua_State *L, binding *b, int index, const char *const *names);

/* A chain as bytes: followed in the scratch by the ids of its objects. */
typedef struct noted_chain {
    ouro_root root;
    char name[64], frame[64]; /* name: or what the heap has */
    uint64_t count;
} noted_chain;
bool ouro_lua_note_chain(scratch *s, const ouro_chain *chain);
/* Pushes "name x in main", "pin", "held by Lua" ... */
void ouro_lua_push_root(lua_State *L, ouro_root root, const char *name, const char *frame);

/* What is told of an object; its text is bounded, and no code of scripts runs for it. */
typedef struct subject {
    uint64_t id;
    char type[64], text[128];
} subject;
/* Calls nothing of Lua. OURO_E_NOMEM. */
ouro_status ouro_lua_note_subject(binding *b, ouro_object *object, subject *ret_subject);
/* Sets the fields id, type and text of the table at the top. */
void ouro_lua_set_subject(lua_State *L, const subject *s);
/* Pushes the text of the table at the index, "#3 Node(val=1)". */
void ouro_lua_push_title(lua_State *L, int index);

int ouro_lua_retained(lua_State *L);   /* retained.c */
int ouro_lua_dominators(lua_State *L);
int ouro_lua_would_free(lua_State *L); /* whatif.c */
int ouro_lua_mincut(lua_State *L);     /* mincut.c */
int ouro_lua_snapshot(lua_State *L);   /* snapshot.c */
int ouro_lua_growth(lua_State *L);
int ouro_lua_draw(lua_State *L); /* picture.c */

#endif
