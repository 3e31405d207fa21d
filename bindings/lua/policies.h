/* SPDX-License-Identifier: MIT */
/* Policies: the parts of the table `gc` that are about collectors. */
#ifndef OURO_LUA_POLICIES_H
#define OURO_LUA_POLICIES_H

#include "binding.h"

/* policies.c */
int ouro_lua_policies(lua_State *L);
int ouro_lua_policy(lua_State *L);
int ouro_lua_verify(lua_State *L);
/* The field `policies` of the table at the top. */
void ouro_lua_set_policy_stats(lua_State *L, binding *b);
/* collector.c */
int ouro_lua_add_policy(lua_State *L);
/* stepper.c */
int ouro_lua_stepper(lua_State *L);

#endif
