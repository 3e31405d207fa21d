/* SPDX-License-Identifier: MIT */
/* Stress: one run under stress (stress.h). */
#include "stress.h"

#include <lauxlib.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

/* ---- modes ------------------------------------------------------------------------------- */

/* Digits to the end, above 0. */
static bool read_number(const char *text, unsigned long long *ret_number) {
    char *end;
    if (text[0] < '0' || text[0] > '9') return false;
    *ret_number = strtoull(text, &end, 10);
    return *end == '\0' && *ret_number > 0 && *ret_number < ULLONG_MAX;
}

static bool read_mode(const char *mode, stress *ret) {
    ret->collects = strncmp(mode, "collect", 7) == 0;
    ret->allocates = strncmp(mode, "nomem@", 6) == 0;
    if (ret->allocates) return read_number(mode + 6, &ret->fail);
    if (!ret->collects) return false;
    ret->every = 1;
    if (mode[7] == '\0') return true;
    if (mode[7] == ':') return read_number(mode + 8, &ret->every);
    ret->every = 0;
    return mode[7] == '@' && read_number(mode + 8, &ret->at);
}

bool ouro__stress_is_series(const char *mode) {
    return mode != NULL && (strcmp(mode, "collect-each") == 0 || strcmp(mode, "nomem-each") == 0);
}

bool ouro__stress_understands(const char *mode) {
    stress unused;
    return ouro__stress_is_series(mode) || read_mode(mode, &unused);
}

void ouro__stress_read(stress *ret_stress, const char *mode) {
    *ret_stress = (stress){.report = -1};
    if (mode == NULL) return;
    read_mode(mode, ret_stress);
    const char *report = getenv("OURO_STRESS_REPORT");
    if (report != NULL) ret_stress->report = atoi(report);
}

/* ---- memory ------------------------------------------------------------------------------ */

/* The C library's, but for the one that fails. */
static bool refuses(stress *s) {
    return ++s->allocations == s->fail;
}

static void *allocate(void *user, void *pointer, size_t old_size, size_t new_size,
                      size_t align) {
    (void)old_size;
    if (new_size == 0) {
        free(pointer);
        return NULL;
    }
    if (refuses(user)) return NULL;
    if (align <= _Alignof(max_align_t)) return realloc(pointer, new_size);
    return aligned_alloc(align, (new_size + align - 1) / align * align);
}

static void *allocate_for_lua(void *user, void *pointer, size_t old_size, size_t new_size) {
    if (new_size == 0) {
        free(pointer);
        return NULL;
    }
    stress *s = user;
    bool grows = pointer == NULL || new_size > old_size;
    bool refused = grows && refuses(s);
    /* Lua collects and asks again: that has to fail too. */
    if (refused) s->again = s->fail + 1;
    if (grows && (refused || s->allocations == s->again)) return NULL;
    return realloc(pointer, new_size);
}

static int panic(lua_State *L) {
    const char *message = lua_tostring(L, -1);
    fprintf(stderr, "ouro: error outside of any protection: %s\n",
            message != NULL ? message : "(no text)");
    return 0; /* and Lua aborts */
}

lua_State *ouro__stress_new_state(stress *s) {
    if (!s->allocates) return luaL_newstate();
    s->allocator = (stress_allocator){allocate, s};
    lua_State *L = lua_newstate(allocate_for_lua, s);
    if (L == NULL) return NULL;
    lua_atpanic(L, panic);
    return L;
}

/* ---- a run ------------------------------------------------------------------------------- */

static void push_function(lua_State *L, const char *table, const char *name) {
    ouro__state_push_module(L);
    lua_getfield(L, -1, table);
    lua_getfield(L, -1, name);
    lua_insert(L, -3);
    lua_pop(L, 2);
}

void ouro__stress_begin(stress *s, lua_State *L) {
    if (!s->collects) return;
    push_function(L, "gc", "stress");
    lua_createtable(L, 0, 2);
    lua_pushinteger(L, (lua_Integer)s->every);
    lua_setfield(L, -2, "every");
    lua_pushinteger(L, (lua_Integer)s->at);
    lua_setfield(L, -2, "at");
    lua_call(L, 1, 0);
}

static unsigned long long count_points(lua_State *L) {
    push_function(L, "gc", "stress");
    lua_call(L, 0, 1);
    lua_Integer points = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return (unsigned long long)points;
}

/* The script may have closed the heap itself. */
static bool is_sound(lua_State *L) {
    push_function(L, "heap", "check");
    if (lua_pcall(L, 0, 0, 0) == LUA_OK) return true;
    const char *message = lua_tostring(L, -1);
    bool closed = message != NULL && strstr(message, "heap is closed") != NULL;
    if (!closed) fprintf(stderr, "ouro: the heap is damaged: %s\n", message);
    lua_pop(L, 1);
    return closed;
}

bool ouro__stress_end(stress *s, lua_State *L) {
    if (!s->collects && !s->allocates) return true;
    unsigned long long total = s->allocates ? s->allocations : 0;
    bool sound = is_sound(L);
    if (sound && s->collects) total = count_points(L);
    if (s->report >= 0) dprintf(s->report, "%llu\n", total);
    return sound;
}
