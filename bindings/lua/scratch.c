/* SPDX-License-Identifier: MIT */
/* Scratch: a growing buffer of plain bytes (view.h). It takes memory from the allocator of the
 * Lua state, by hand, because Lua's own functions may raise and run a step of its collector. */
#include <string.h>

#include "view.h"

static int collect_scratch(lua_State *L) {
    ouro_lua_scratch_free(lua_touserdata(L, 1));
    return 0;
}

scratch *ouro_lua_push_scratch(lua_State *L) {
    scratch *s = lua_newuserdatauv(L, sizeof *s, 0);
    memset(s, 0, sizeof *s);
    s->alloc = lua_getallocf(L, &s->user);
    if (luaL_newmetatable(L, "ouro.scratch")) {
        lua_pushcfunction(L, collect_scratch);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return s;
}

void *ouro_lua_scratch_add(scratch *s, size_t size) {
    size_t wanted = (size + 7) / 8 * 8;
    if (s->failed || wanted < size || wanted > SIZE_MAX / 4 - s->used) {
        s->failed = true;
        return NULL;
    }
    if (s->used + wanted > s->capacity) {
        size_t capacity = s->capacity != 0 ? s->capacity * 2 : 256;
        if (capacity < s->used + wanted) capacity = s->used + wanted;
        char *bytes = s->alloc(s->user, s->bytes, s->capacity, capacity);
        if (bytes == NULL) {
            s->failed = true;
            return NULL;
        }
        s->bytes = bytes;
        s->capacity = capacity;
    }
    void *place = s->bytes + s->used;
    s->used += wanted;
    return place;
}

bool ouro_lua_scratch_put(scratch *s, const void *bytes, size_t size) {
    void *place = ouro_lua_scratch_add(s, size);
    if (place != NULL && size > 0) memcpy(place, bytes, size);
    return place != NULL;
}

void ouro_lua_scratch_free(scratch *s) {
    if (s->bytes != NULL) s->alloc(s->user, s->bytes, s->capacity, 0);
    s->bytes = NULL;
    s->used = s->capacity = 0;
}

void ouro_lua_scratch_check(lua_State *L, const scratch *s) {
    if (s->failed) luaL_error(L, "not enough memory");
}
