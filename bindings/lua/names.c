/* SPDX-License-Identifier: MIT */
/* Names: the names of the main frame in a Lua table, where that makes no difference.
 *
 * A name is an entry of the core's frame, and each use of one as `_ENV.name` a call of C: dear,
 * beside a global of Lua. So, as long as nobody can notice when an object dies (no weak reference,
 * finalizer or listener: ouro_heap_is_watched), names that are used move to a table, the *mirror*,
 * which the frame's handle has as __index and __newindex: Lua itself then reads and writes names
 * that are bound there. What is not there comes here, by the mirror's own metamethods.
 *
 * INVARIANT. A name in the table `mirrored` is bound to what the mirror has, unbound if that is
 * nil; the frame still has an entry for it, so that the order of names is known, whose value is nil
 * for an object, and possibly an old one for another value. Other names are in the frame alone.
 *
 * Whoever looks at frames or counts, and each settle, has the names written back first: then the
 * frame is right, and the mirror holds no object. When something is about to watch, or the heap
 * closes, all names move back, and the handle gets its C functions again.
 *
 * A handle of another heap, or of a closed one, must be refused when it is bound, which the mirror
 * would not do: with a second heap in the state there is none.
 *
 * Rejected: the mirror for frames of `call`: two tables for each call cost more than they save. */
#include <string.h>

#include "pool.h"
#include "reports.h"

/* Places on the stack in the functions below. */
typedef struct tables {
    int mirror, mirrored;
} tables;

static bool push_tables(lua_State *L, const binding *b, tables *t) {
    t->mirror = lua_gettop(L) + 1;
    t->mirrored = t->mirror + 1;
    if (!ouro_lua_push_place(L, b, OWN_MIRROR)) return false;
    if (ouro_lua_push_place(L, b, OWN_MIRRORED)) return true;
    lua_pop(L, 1);
    return false;
}

/* The name at the index leaves both. Assigning nil to what is there needs no memory. */
static void forget(lua_State *L, const tables *t, int name) {
    lua_pushvalue(L, name);
    lua_pushnil(L);
    lua_rawset(L, t->mirror);
    lua_pushvalue(L, name);
    lua_pushnil(L);
    lua_rawset(L, t->mirrored);
}

static bool is_mirrored(lua_State *L, const tables *t, int name) {
    lua_pushvalue(L, name);
    bool found = lua_rawget(L, t->mirrored) != LUA_TNIL;
    lua_pop(L, 1);
    return found;
}

/* ---- writing back ------------------------------------------------------------------------ */

/* The name and its value in the mirror are at the top. */
static void write_back(lua_State *L, binding *b, const tables *t, bool all) {
    ouro_object *object, *main = ouro_frame_main(b->heap);
    size_t length;
    int value = lua_gettop(L), name = value - 1;
    const char *text = lua_tolstring(L, name, &length);
    if (lua_isnil(L, value)) {
        (void)!ouro_frame_unset(main, text, length);
        forget(L, t, name);
        return;
    }
    ouro_lua_check(L, b, ouro_lua_try_object(L, b, value, &object));
    if (object != NULL) {
        ouro_lua_check(L, b, ouro_frame_set(main, text, length, ouro_value_of_object(object)));
        forget(L, t, name);
        return;
    }
    ouro_lua_push_value(L, b, ouro_frame_get(main, text, length));
    if (!lua_rawequal(L, -1, value)) {
        ouro_value v = ouro_lua_value_at(L, b, value);
        ouro_status status = ouro_frame_set(main, text, length, v);
        ouro_value_release(v);
        ouro_lua_check(L, b, status);
    }
    if (all) forget(L, t, name);
}

/* Arguments: the binding, whether all names leave the mirror. */
static int write_all_back(lua_State *L) {
    binding *b = lua_touserdata(L, 1);
    bool all = lua_toboolean(L, 2);
    tables t;
    luaL_checkstack(L, LUA_MINSTACK, "names");
    if (!push_tables(L, b, &t)) return 0;
    lua_pushnil(L);
    int name = lua_gettop(L);
    while (lua_next(L, t.mirrored) != 0) {
        lua_pop(L, 1);
        lua_pushvalue(L, name);
        lua_pushvalue(L, name);
        lua_rawget(L, t.mirror);
        write_back(L, b, &t, all);
        lua_settop(L, name);
    }
    return 0;
}

/* No __gc of a script may run meanwhile: it could bind names. Without memory some names stay
 * where they are, which is tried again next time. */
static bool write_names(binding *b, bool all) {
    lua_State *L = b->current;
    if (!lua_checkstack(L, LUA_MINSTACK)) return false;
    bool running = lua_gc(L, LUA_GCISRUNNING) > 0;
    lua_gc(L, LUA_GCSTOP);
    lua_pushcfunction(L, write_all_back);
    lua_pushlightuserdata(L, b);
    lua_pushboolean(L, all);
    bool done = lua_pcall(L, 2, 0, 0) == LUA_OK;
    if (!done) lua_pop(L, 1);
    if (running) lua_gc(L, LUA_GCRESTART);
    b->last_bound = NULL;
    return done;
}

void ouro_lua_write_names(binding *b) {
    if (b->mirrors && ouro_frame_main(b->heap) != NULL) write_names(b, false);
}

/* ---- beginning and ending ---------------------------------------------------------------- */

/* The table at the top gets the field from the metatable of all handles. */
static void copy_metamethod(lua_State *L, const binding *b, const char *name) {
    ouro_lua_need_place(L, b, OWN_METATABLE);
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    lua_replace(L, -2);
    lua_setfield(L, -2, name);
}

bool ouro_lua_end_names(binding *b) {
    lua_State *L = b->current;
    if (!b->mirrors) return true;
    if (!lua_checkstack(L, LUA_MINSTACK)) return false;
    if (ouro_frame_main(b->heap) != NULL && !write_names(b, true) && !b->closing) return false;
    if (!ouro_lua_push_place(L, b, OWN_FRAME_METATABLE)) return false;
    copy_metamethod(L, b, "__index");
    copy_metamethod(L, b, "__newindex");
    lua_pop(L, 1);
    b->mirrors = false;
    return true;
}

void ouro_lua_forget_name(lua_State *L, const binding *b, int index) {
    tables t;
    index = lua_absindex(L, index);
    if (!b->mirrors || !push_tables(L, b, &t)) return;
    forget(L, &t, index);
    lua_settop(L, t.mirror - 1);
}

static int index_mirror(lua_State *L);
static int newindex_mirror(lua_State *L);

static void make_tables(lua_State *L, const binding *b) {
    static const luaL_Reg functions[] = {
        {"__index", index_mirror}, {"__newindex", newindex_mirror}, {NULL, NULL}};
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_createtable(L, 0, 2);
    ouro_lua_register(L, functions);
    lua_newtable(L);
    lua_insert(L, -2);
    lua_setmetatable(L, -2);
    ouro_lua_set_place(L, b, OWN_MIRROR);
    lua_pop(L, 1);
    lua_newtable(L);
    ouro_lua_set_place(L, b, OWN_MIRRORED);
    lua_newtable(L);
    ouro_lua_need_place(L, b, OWN_METATABLE);
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -5);
    }
    lua_pop(L, 1);
    ouro_lua_set_place(L, b, OWN_FRAME_METATABLE);
}

void ouro_lua_note_heap(lua_State *L, binding *b) {
    handle_pool *pool = b->pool;
    binding *only = pool->only;
    if (only != NULL && only->heap != NULL) {
        only->current = L;
        if (!ouro_lua_end_names(only)) luaL_error(L, "not enough memory");
    }
    pool->only = pool->opened++ == 0 ? b : NULL;
}

/* The handle of the main frame is at index 1. */
bool ouro_lua_begin_names(lua_State *L, binding *b) {
    if (b->closing || b->pool->only != b || ouro_heap_is_watched(b->heap)) return false;
    ouro_lua_need_place(L, b, OWN_FRAME_METATABLE);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        make_tables(L, b);
        ouro_lua_need_place(L, b, OWN_FRAME_METATABLE);
    }
    lua_pushvalue(L, -1);
    lua_setmetatable(L, 1);
    ouro_lua_need_place(L, b, OWN_MIRROR);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__index");
    lua_setfield(L, -2, "__newindex");
    lua_pop(L, 1);
    b->mirrors = true;
    return true;
}

/* ---- what the mirror does not have ------------------------------------------------------- */

static int push_free_name(lua_State *L, const binding *b) {
    if (!ouro_lua_push_free_name(L, b)) lua_pushnil(L);
    return 1;
}

/* Key at 2. A value of the frame moves to the mirror when it is read. */
static int index_mirror(lua_State *L) {
    binding *b = ouro_lua_enter_reading(L);
    ouro_object *main = ouro_frame_main(b->heap);
    size_t length;
    tables t;
    lua_settop(L, 2);
    if (main == NULL || lua_type(L, 2) != LUA_TSTRING) return push_free_name(L, b);
    const char *name = lua_tolstring(L, 2, &length);
    ouro_value v = ouro_frame_get(main, name, length);
    if (ouro_value_same(v, OURO_ABSENT)) return push_free_name(L, b);
    if (!push_tables(L, b, &t) || is_mirrored(L, &t, 2)) return push_free_name(L, b);
    ouro_lua_push_value(L, b, v);
    lua_pushvalue(L, 2);
    lua_pushboolean(L, true);
    lua_rawset(L, t.mirrored);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    lua_rawset(L, t.mirror);
    ouro_object *object;
    ouro_lua_check(L, b, ouro_lua_try_object(L, b, -1, &object));
    if (object != NULL) ouro_lua_check(L, b, ouro_frame_set(main, name, length, OURO_NIL));
    return 1;
}

/* Binds a name that is not in the mirror; key at 2, value at 3. */
static void bind(lua_State *L, binding *b, ouro_object *main, const tables *t) {
    ouro_value v = OURO_NIL;
    size_t length;
    ouro_object *object;
    const char *name = lua_tolstring(L, 2, &length);
    ouro_lua_check(L, b, ouro_lua_try_object(L, b, 3, &object));
    lua_pushvalue(L, 2);
    lua_pushboolean(L, true);
    lua_rawset(L, t->mirrored);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_rawset(L, t->mirror);
    ouro_status status = OURO_OK;
    if (object == NULL) status = ouro_lua_try_value(L, b, 3, &v);
    if (status == OURO_OK) status = ouro_frame_set(main, name, length, v);
    ouro_value_release(v);
    if (status != OURO_OK) forget(L, t, 2);
    ouro_lua_check(L, b, status);
    b->last_bound = name;
}

static void newindex_name(lua_State *L, binding *b, ouro_object *main) {
    size_t length;
    tables t;
    if (!push_tables(L, b, &t)) luaL_error(L, "heap is closed");
    const char *name = lua_tolstring(L, 2, &length);
    bool mirrored = is_mirrored(L, &t, 2);
    if (lua_isnil(L, 3)) {
        if (!mirrored) (void)!ouro_frame_unset(main, name, length);
        return;
    }
    if (mirrored) (void)!ouro_frame_unset(main, name, length); /* it comes last from now on */
    bind(L, b, main, &t);
}

/* Unbound and bound again, with no other name bound between: the order stays. The table
 * `mirrored` keeps the name's string, so that what has its address is that name. */
static bool is_last_bound(lua_State *L, const binding *b) {
    return b->last_bound != NULL && lua_type(L, 2) == LUA_TSTRING &&
           lua_tostring(L, 2) == b->last_bound;
}

static int newindex_mirror(lua_State *L) {
    binding *b = ouro_lua_enter_method(L);
    if (is_last_bound(L, b)) {
        lua_settop(L, 3);
        lua_rawset(L, 1);
        return 0;
    }
    ouro_object *main = ouro_frame_main(b->heap);
    lua_settop(L, 3);
    if (main == NULL || b->closing) return luaL_error(L, "the heap is closing: its names are gone");
    if (lua_type(L, 2) != LUA_TSTRING) return ouro_lua_frame_newindex(L, b, main); /* raises */
    newindex_name(L, b, main);
    ouro_lua_leave(L, b);
    return 0;
}

bool ouro_lua_serves_names(lua_CFunction function) {
    if (function == index_mirror || function == newindex_mirror) return true;
    for (const luaL_Reg *m = ouro_lua_metamethods; m->name != NULL; m++)
        if (m->func == function)
            return strcmp(m->name, "__index") == 0 || strcmp(m->name, "__newindex") == 0;
    return false;
}

bool ouro_lua_push_mirrored(lua_State *L, const binding *b, int name) {
    tables t;
    if (!b->mirrors || !push_tables(L, b, &t)) return false;
    bool mirrored = is_mirrored(L, &t, name);
    if (mirrored) {
        lua_pushvalue(L, name);
        lua_rawget(L, t.mirror);
        lua_replace(L, t.mirror);
    }
    lua_settop(L, mirrored ? t.mirror : t.mirror - 1);
    return mirrored;
}
