/* SPDX-License-Identifier: MIT */
/* Oom: runs a script of Lua again and again, failing another allocation each time: of Lua, of
 * the heap, of the module. Each run has to end in success or in a clean error, the heap has to
 * check and to close. The calls of the C library are wrapped by the linker (meson.build).
 *
 *   oom SCRIPT FIRST LAST */
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int luaopen_ouro(lua_State *L);
void *__real_realloc(void *pointer, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);

static size_t calls, fail_at; /* fail_at 0: none */

static bool fails(void) {
    return ++calls == fail_at;
}

void *__wrap_realloc(void *pointer, size_t size) {
    return fails() ? NULL : __real_realloc(pointer, size);
}

void *__wrap_aligned_alloc(size_t align, size_t size) {
    return fails() ? NULL : __real_aligned_alloc(align, size);
}

static void *lua_alloc(void *user, void *pointer, size_t old_size, size_t new_size) {
    (void)user;
    (void)old_size;
    if (new_size == 0) {
        free(pointer);
        return NULL;
    }
    /* Lua must be able to shrink. */
    if (pointer != NULL && new_size <= old_size) return __real_realloc(pointer, new_size);
    return fails() ? NULL : __real_realloc(pointer, new_size);
}

static int run_script(lua_State *L) {
    luaL_openlibs(L);
    luaL_requiref(L, "ouro", luaopen_ouro, 0);
    if (luaL_loadfile(L, lua_touserdata(L, 1)) != LUA_OK) return lua_error(L);
    lua_getfield(L, 2, "frame");
    lua_call(L, 0, 1);
    lua_setupvalue(L, -2, 1);
    lua_call(L, 0, 0);
    return 0;
}

static int check_heap(lua_State *L) {
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    if (lua_isnil(L, -1) || lua_getfield(L, -1, "ouro") == LUA_TNIL) return 0;
    lua_getfield(L, -1, "heap");
    lua_getfield(L, -1, "check");
    lua_call(L, 0, 0);
    return 0;
}

/* How a run ended. */
static bool run(char *script, size_t at, FILE *out) {
    lua_State *L = lua_newstate(lua_alloc, NULL);
    if (L == NULL) return false;
    calls = 0;
    fail_at = at;
    lua_pushcfunction(L, run_script);
    lua_pushlightuserdata(L, script);
    int status = lua_pcall(L, 1, 0, 0);
    fail_at = 0;
    if (status != LUA_OK) lua_settop(L, 0);
    lua_pushcfunction(L, check_heap);
    bool good = lua_pcall(L, 0, 0, 0) == LUA_OK;
    if (!good) {
        const char *message = lua_tostring(L, -1);
        fprintf(out, "# allocation %zu: %s\n", at, message != NULL ? message : "(no message)");
    }
    lua_close(L);
    return good;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    /* What the script prints goes nowhere: with an allocation missing it is not the tour. */
    FILE *out = fdopen(dup(STDOUT_FILENO), "w");
    int nowhere = open("/dev/null", O_WRONLY);
    if (out == NULL || nowhere < 0) return 2;
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    size_t first = strtoul(argv[2], NULL, 10), last = strtoul(argv[3], NULL, 10), bad = 0;
    run(argv[1], 0, out); /* once undisturbed: tables of the C library are made */
    for (size_t at = first; at <= last; at++) bad += !run(argv[1], at, out);
    fprintf(out, "1..1\n%sok 1 - allocations %zu to %zu may fail, one at a time\n",
            bad != 0 ? "not " : "", first, last);
    fclose(out);
    return bad != 0;
}
