/* SPDX-License-Identifier: MIT */
/* Hooks: see hooks.h. Lua's own functions do the work; they are called as C functions, in the
 * place of the caller's call, so that a hook sees one return from sethook and not two. */
#include "hooks.h"

#include <lauxlib.h>
#include <stdbool.h>

#include "lua/reports.h"

/* What the standard library has for a hook. In a userdata of the registry. */
typedef struct hooks {
    lua_CFunction set, get;
    lua_Hook hook; /* the library's, once there has been one */
} hooks;

static const char hooks_key = 'h';

static hooks *find(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &hooks_key);
    hooks *h = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return h;
}

static bool is_unseen(lua_State *L, lua_Debug *where) {
    if (where->event == LUA_HOOKLINE || where->event == LUA_HOOKCOUNT) return false;
    lua_getinfo(L, "f", where);
    lua_CFunction function = lua_tocfunction(L, -1);
    lua_pop(L, 1);
    return function != NULL && ouro_lua_serves_names(function);
}

static void pass_on(lua_State *L, lua_Debug *where) {
    const hooks *h = find(L);
    if (!is_unseen(L, where)) h->hook(L, where);
}

static lua_State *thread_of(lua_State *L) {
    return lua_isthread(L, 1) ? lua_tothread(L, 1) : L;
}

static void exchange(lua_State *thread, lua_Hook from, lua_Hook to) {
    if (lua_gethook(thread) != from) return;
    lua_sethook(thread, to, lua_gethookmask(thread), lua_gethookcount(thread));
}

static int set_hook(lua_State *L) {
    hooks *h = find(L);
    lua_State *thread = thread_of(L);
    lua_Hook before = lua_gethook(thread);
    int results = h->set(L);
    lua_Hook now = lua_gethook(thread);
    if (now == NULL || now == pass_on) return results;
    if (h->hook == NULL && now != before) h->hook = now;
    if (now == h->hook) exchange(thread, now, pass_on);
    return results;
}

/* The library knows its own hook only. */
static int get_hook(lua_State *L) {
    hooks *h = find(L);
    lua_State *thread = thread_of(L);
    bool ours = lua_gethook(thread) == pass_on;
    if (ours) exchange(thread, pass_on, h->hook);
    int results = h->get(L);
    if (ours) exchange(thread, h->hook, pass_on);
    return results;
}

/* The table at the top: its function of that name, replaced by another. */
static lua_CFunction replace(lua_State *L, const char *name, lua_CFunction function) {
    lua_getfield(L, -1, name);
    lua_CFunction original = lua_tocfunction(L, -1);
    lua_pop(L, 1);
    lua_pushcfunction(L, function);
    lua_setfield(L, -2, name);
    return original;
}

void ouro__hooks_install(lua_State *L) {
    hooks *h = lua_newuserdatauv(L, sizeof *h, 0);
    *h = (hooks){.hook = NULL};
    lua_rawsetp(L, LUA_REGISTRYINDEX, &hooks_key);
    lua_getglobal(L, "debug");
    h->set = replace(L, "sethook", set_hook);
    h->get = replace(L, "gethook", get_hook);
    lua_pop(L, 1);
}
