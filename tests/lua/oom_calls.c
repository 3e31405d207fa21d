/* SPDX-License-Identifier: MIT */
/* Oom calls: runs each chunk of oom_calls.lua with the k-th allocation refused, and again with
 * all from the k-th on, for k = 1 and up until none is refused. Lua tries again after a full
 * collection, so the second is what makes an error. After an error that is about memory and
 * nothing else, the script sees what it saw before, the heap checks, and the chunk succeeds.
 *
 *   oom_calls oom_calls.lua */
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
static bool fail_on;          /* and all that follow */

static bool fails(void) {
    calls++;
    return fail_at != 0 && (fail_on ? calls >= fail_at : calls == fail_at);
}

void *__wrap_realloc(void *pointer, size_t size) {
    return fails() ? NULL : __real_realloc(pointer, size);
}

void *__wrap_aligned_alloc(size_t align, size_t size) {
    return fails() ? NULL : __real_aligned_alloc(align, size);
}

static void *lua_alloc(void *user, void *pointer, size_t old_size, size_t new_size) {
    (void)user;
    if (new_size == 0) {
        free(pointer);
        return NULL;
    }
    /* Lua must be able to shrink. */
    if (pointer != NULL && new_size <= old_size) return __real_realloc(pointer, new_size);
    return fails() ? NULL : __real_realloc(pointer, new_size);
}

/* ---- one state: the table of cases at 1, the environment at 2, the chunk at 3 ------------- */

static FILE *out;
static const char *file;

static void load(lua_State *L, const char *field) {
    lua_getfield(L, 1, field);
    if (luaL_loadstring(L, lua_tostring(L, -1)) != LUA_OK) lua_error(L);
    lua_pushvalue(L, 2);
    if (lua_setupvalue(L, -2, 1) == NULL) lua_pop(L, 1);
    lua_remove(L, -2);
}

/* Whether the case at that number is loose, or nil beyond the last. */
static int open_case(lua_State *L) {
    lua_Integer number = lua_tointeger(L, 1);
    lua_settop(L, 0);
    luaL_openlibs(L);
    luaL_requiref(L, "ouro", luaopen_ouro, 1);
    lua_pop(L, 1);
    if (luaL_dofile(L, file) != LUA_OK) return lua_error(L);
    lua_getglobal(L, "ouro");
    lua_getfield(L, -1, "frame");
    lua_call(L, 0, 1);
    lua_remove(L, 2);
    load(L, "prepare");
    lua_call(L, 0, 0);
    lua_getfield(L, 1, "cases");
    lua_rawgeti(L, -1, number);
    if (lua_isnil(L, -1)) return 0;
    lua_replace(L, 3);
    lua_getfield(L, 3, "chunk");
    if (luaL_loadstring(L, lua_tostring(L, -1)) != LUA_OK) return lua_error(L);
    lua_pushvalue(L, 2);
    if (lua_setupvalue(L, -2, 1) == NULL) lua_pop(L, 1);
    lua_getfield(L, 3, "loose");
    lua_setglobal(L, "loose");
    lua_replace(L, 3);
    lua_settop(L, 3);
    return 3;
}

/* What the script sees, as a string at the top; the heap has been checked. */
static int look(lua_State *L) {
    load(L, "state");
    lua_call(L, 0, 1);
    lua_getglobal(L, "ouro");
    lua_getfield(L, -1, "heap");
    lua_getfield(L, -1, "check");
    lua_call(L, 0, 0);
    lua_pop(L, 2);
    return 1;
}

static bool see(lua_State *L) {
    lua_pushcfunction(L, look);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    return lua_pcall(L, 2, 1, 0) == LUA_OK;
}

static bool run_chunk(lua_State *L, size_t at) {
    lua_pushvalue(L, 3);
    calls = 0;
    fail_at = at;
    int status = lua_pcall(L, 0, 0, 0);
    fail_at = 0;
    return status == LUA_OK;
}

static const char *text(lua_State *L) {
    const char *message = lua_tostring(L, -1);
    return message != NULL ? message : "(no message)";
}

/* NULL, or what is wrong. */
static const char *after_error(lua_State *L, bool loose) {
    if (strstr(text(L), "memory") == NULL) return text(L);
    if (!see(L)) return text(L);
    if (!loose && !lua_compare(L, -1, 4, LUA_OPEQ)) {
        fprintf(out, "# before: %s\n# after:  %s\n", lua_tostring(L, 4), text(L));
        return "refused, but something has changed";
    }
    lua_settop(L, 4);
    if (!loose && !run_chunk(L, 0)) return text(L);
    return NULL;
}

typedef enum outcome { DONE, MORE, BAD, BEYOND } outcome;

static outcome run(lua_Integer number, size_t at) {
    lua_State *L = lua_newstate(lua_alloc, NULL);
    if (L == NULL) return BAD;
    const char *fault = NULL;
    outcome result = DONE;
    lua_pushcfunction(L, open_case);
    lua_pushinteger(L, number);
    if (lua_pcall(L, 1, LUA_MULTRET, 0) != LUA_OK) {
        fault = text(L);
    } else if (lua_gettop(L) == 0) {
        result = BEYOND;
    } else if (!see(L)) {
        fault = text(L);
    } else {
        lua_getglobal(L, "loose");
        bool loose = lua_toboolean(L, -1);
        lua_pop(L, 1);
        bool good = run_chunk(L, at);
        if (at != 0 && calls >= at) result = MORE;
        if (!good) fault = at == 0 ? text(L) : after_error(L, loose);
        else if (!see(L)) fault = text(L);
    }
    if (fault != NULL) {
        fprintf(out, "# case %d, allocation %zu%s: %s\n", (int)number, at,
                fail_on ? " and all that follow" : "", fault);
        result = BAD;
    }
    lua_close(L);
    return result;
}

static bool sweep(lua_Integer number, size_t *refused) {
    bool good = true;
    for (int mode = 0; mode < 2; mode++) {
        fail_on = mode == 1;
        outcome result;
        size_t at = 1;
        do result = run(number, at++);
        while (result == MORE && at < 5000);
        *refused += at - 2;
        good = good && result == DONE;
    }
    return good;
}

/* ---- all of them ------------------------------------------------------------------------- */

/* Each function of the module is in a case. */
static bool is_complete(void) {
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    luaL_requiref(L, "ouro", luaopen_ouro, 1);
    if (luaL_dofile(L, file) != LUA_OK) return false;
    lua_getfield(L, -1, "missing");
    lua_getglobal(L, "ouro");
    lua_call(L, 1, 1);
    bool complete = strcmp(text(L), "") == 0;
    if (!complete) fprintf(out, "# no case calls: %s\n", text(L));
    lua_close(L);
    return complete;
}

/* The chunk, and what is to do about it; whether anything is. */
static bool name_of(lua_Integer number, char *name, size_t size) {
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    if (luaL_dofile(L, file) == LUA_OK) {
        lua_getfield(L, -1, "cases");
        lua_rawgeti(L, -1, number);
        lua_getfield(L, -1, "chunk");
        snprintf(name, size, "%s", text(L));
        lua_getfield(L, -2, "todo");
    }
    for (char *c = name; *c != '\0'; c++)
        if (*c == '#') *c = '~'; /* TAP has a meaning for it */
    bool todo = lua_isstring(L, -1);
    size_t length = strlen(name);
    if (todo) snprintf(name + length, size - length, " # TODO %s", text(L));
    lua_close(L);
    return todo;
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    file = argv[1];
    /* What chunks print, and errors of finalizers, go nowhere. */
    out = fdopen(dup(STDOUT_FILENO), "w");
    int nowhere = open("/dev/null", O_WRONLY);
    if (out == NULL || nowhere < 0) return 2;
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    bool all = is_complete();
    fprintf(out, "%sok 1 - each function of the module is called by a case\n", all ? "" : "not ");
    lua_Integer number = 1;
    size_t refused = 0;
    for (; run(number, 0) != BEYOND; number++) {
        char name[200] = "";
        bool todo = name_of(number, name, sizeof name);
        bool good = sweep(number, &refused);
        all = all && good != todo;
        fprintf(out, "%sok %d - short of memory: %s\n", good ? "" : "not ", (int)number + 1,
                name);
        fflush(out);
    }
    fprintf(out, "1..%d\n", (int)number);
    fclose(out);
    return !all || refused < 500;
}
