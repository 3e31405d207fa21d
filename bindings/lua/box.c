/* SPDX-License-Identifier: MIT */
/* Box: a managed object that keeps a Lua value (function, table, coroutine, userdata) alive.
 *
 * One box a value: the table `boxes` maps the value to its index and the index to the value,
 * and box_places says where the box is. The core disposes of a box in the middle of things,
 * where nothing of Lua may run; the value is let go of later (ouro_lua_release_boxes). */
#include "internal.h"

typedef struct box {
    ouro_object header;
    size_t index;
} box;

struct box_place {
    box *box;    /* NULL: free, or stale */
    size_t next; /* of the list it is on */
};

static void dispose_box(ouro_object *object) {
    binding *b = ouro_heap_user(ouro_object_heap(object));
    size_t index = ((box *)(void *)object)->index;
    if (index == 0) return;
    b->box_places[index].box = NULL;
    b->box_places[index].next = b->box_stale;
    b->box_stale = index;
}

ouro_status ouro_lua_box_type(binding *b) {
    ouro_type_spec spec = {.struct_size = sizeof spec,
                           .name = "lua",
                           .size = sizeof(box),
                           .flags = OURO_TYPE_ACYCLIC | OURO_TYPE_PLAIN | OURO_TYPE_FOREIGN,
                           .dispose = dispose_box};
    return ouro_type_new(b->heap, &spec, &b->box);
}

/* A free index, 0: no memory. */
static size_t reserve_index(binding *b) {
    if (b->box_free == 0) {
        size_t old = b->box_capacity, wanted = old != 0 ? old * 2 : 32;
        struct box_place *places = ouro_heap_resize(b->heap, b->box_places, old * sizeof *places,
                                                    wanted * sizeof *places);
        if (places == NULL) return 0;
        b->box_places = places;
        b->box_capacity = wanted;
        for (size_t i = wanted; i-- > (old != 0 ? old : 1);) {
            places[i] = (struct box_place){.next = b->box_free};
            b->box_free = i;
        }
    }
    return b->box_free;
}

/* Lua value at 1; upvalues and resources none. Registers it under the index at 2. */
static int enter_value(lua_State *L) {
    lua_settop(L, 3); /* the table is the third */
    lua_pushvalue(L, 1);
    lua_rawseti(L, 3, lua_tointeger(L, 2));
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_rawset(L, 3);
    return 0;
}

static bool register_value(lua_State *L, binding *b, int index, size_t place) {
    int top = lua_gettop(L);
    lua_pushcfunction(L, enter_value);
    lua_pushvalue(L, index);
    lua_pushinteger(L, (lua_Integer)place);
    bool done = ouro_lua_push_place(L, b, OWN_BOXES) && lua_pcall(L, 3, 0, 0) == LUA_OK;
    lua_settop(L, top);
    return done;
}

static ouro_status make_box(lua_State *L, binding *b, int index, ouro_object **ret_box) {
    ouro_object *object;
    ouro_status status = ouro_object_new(b->heap, b->box, 0, &object);
    if (status != OURO_OK) return status;
    size_t place = reserve_index(b);
    if (place == 0 || !register_value(L, b, index, place)) {
        ouro_release(object);
        return ouro_heap_fail(b->heap, OURO_E_NOMEM, "not enough memory to store a Lua value");
    }
    b->box_free = b->box_places[place].next;
    ((box *)(void *)object)->index = place;
    b->box_places[place] = (struct box_place){.box = (box *)(void *)object};
    *ret_box = object;
    return OURO_OK;
}

ouro_status ouro_lua_box(lua_State *L, binding *b, int index, ouro_object **ret_box) {
    index = lua_absindex(L, index);
    if (!lua_checkstack(L, 8))
        return ouro_heap_fail(b->heap, OURO_E_NOMEM, "the Lua stack is full");
    if (!ouro_lua_push_place(L, b, OWN_BOXES))
        return ouro_heap_fail(b->heap, OURO_E_HEAP, "heap is closed");
    lua_pushvalue(L, index);
    lua_rawget(L, -2);
    size_t place = (size_t)lua_tointeger(L, -1);
    lua_pop(L, 2);
    if (place != 0 && b->box_places[place].box != NULL) {
        *ret_box = &b->box_places[place].box->header;
        ouro_retain(*ret_box);
        return OURO_OK;
    }
    return make_box(L, b, index, ret_box);
}

size_t ouro_lua_box_index(const ouro_object *object) {
    return ((const box *)(const void *)object)->index;
}

ouro_object *ouro_lua_box_at(const binding *b, size_t index) {
    box *there = b->box_places[index].box;
    return there != NULL ? &there->header : NULL;
}

bool ouro_lua_push_box(lua_State *L, const binding *b, const ouro_object *object) {
    if (!ouro_lua_push_place(L, b, OWN_BOXES)) return false;
    lua_rawgeti(L, -1, (lua_Integer)((const box *)(const void *)object)->index);
    lua_replace(L, -2);
    return true;
}

/* Forgets the value of a stale index. Assigning nil to what is there needs no memory. */
static void forget_value(lua_State *L, size_t index) {
    lua_rawgeti(L, -1, (lua_Integer)index);
    if (!lua_isnil(L, -1)) {
        lua_pushvalue(L, -1);
        lua_rawget(L, -3);
        bool mine = (size_t)lua_tointeger(L, -1) == index;
        lua_pop(L, 1);
        if (mine) {
            lua_pushvalue(L, -1);
            lua_pushnil(L);
            lua_rawset(L, -4);
        }
    }
    lua_pop(L, 1);
    lua_pushnil(L);
    lua_rawseti(L, -2, (lua_Integer)index);
}

void ouro_lua_release_boxes(lua_State *L, binding *b) {
    if (b->box_stale == 0 || !lua_checkstack(L, 8)) return;
    if (!ouro_lua_push_place(L, b, OWN_BOXES)) return;
    while (b->box_stale != 0) {
        size_t index = b->box_stale;
        b->box_stale = b->box_places[index].next;
        forget_value(L, index);
        b->box_places[index].next = b->box_free;
        b->box_free = index;
    }
    lua_pop(L, 1);
}

void ouro_lua_free_boxes(binding *b) {
    ouro_heap_free(b->heap, b->box_places, b->box_capacity * sizeof *b->box_places);
    b->box_places = NULL;
    b->box_capacity = b->box_free = b->box_stale = 0;
}
