/* SPDX-License-Identifier: MIT */
/* Reports: what the command asks of the module beside its entry: how many errors of
 * finalizers, callbacks, records and listeners there were, in all heaps of a Lua state and
 * until its last breath; how far long work is; and what has happened in a heap between two
 * moments. */
#ifndef OURO_LUA_REPORTS_H
#define OURO_LUA_REPORTS_H

#include <lua.h>
#include <ouro.h>
#include <stdbool.h>
#include <stdint.h>

/* Each error from now on is added to *count (borrowed, for the life of the state), whether it
 * went to standard error or to a function given to gc.on_error. The module has to be open. */
void ouro_lua_count_reports(lua_State *L, uint64_t *count);

/* Whether Lua calls this function when a script uses a name: hooks are not to see it. */
bool ouro_lua_serves_names(lua_CFunction function);

/* Who is told of the progress of all heaps that the state opens: a light userdata in the
 * registry, under that name, before the module is opened. */
#define OURO_LUA_PROGRESS "ouro.progress"
typedef struct ouro_lua_progress {
    ouro_progress_fn listener;
    void *user;
} ouro_lua_progress;

/* The module's table is at the top. Pushes a table of functions about its heap, begin(all, most),
 * finish(), unreachable(), as happened.c says. Raises. */
void ouro_lua_push_happened(lua_State *L);
/* For the shell: classes of the heap to which that function of the module belongs are
 * redefined by class(), from now on (redefine.c). */
void ouro_lua_redefine_classes(lua_State *L, int function);

#endif
