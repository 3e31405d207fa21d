/* SPDX-License-Identifier: MIT */
/* Held: what why, would_free and the others say of an object that Lua holds: its nearest place
 * (places.h). */
#include <string.h>

#include "places.h"

bool ouro_lua_seek(scratch *objects, binding *b, uint64_t id) {
    sought s = {.object = ouro_object_by_id(b->heap, id), .key = id};
    return s.object == NULL || ouro_lua_scratch_put(objects, &s, sizeof s);
}

bool ouro_lua_find_first(lua_State *L, binding *b, scratch *objects, scratch *places) {
    if (objects->failed) return false;
    return ouro_lua_find_places(L, b, (sought *)(void *)objects->bytes,
                                objects->used / sizeof(sought), 1, places);
}

const place *ouro_lua_place_at(const scratch *places, size_t position) {
    if (position >= places->used / sizeof(place)) return NULL;
    return (const place *)(const void *)places->bytes + position;
}

const place *ouro_lua_first_place(const scratch *places, uint64_t id) {
    const place *p;
    for (size_t i = 0; (p = ouro_lua_place_at(places, i)) != NULL; i++)
        if (p->key == id) return p;
    return NULL;
}

void ouro_lua_push_held(lua_State *L, const scratch *places, uint64_t id) {
    const place *p = places != NULL ? ouro_lua_first_place(places, id) : NULL;
    if (p != NULL) lua_pushfstring(L, "held by Lua: %s", p->text);
    else lua_pushliteral(L, "held by Lua");
}
