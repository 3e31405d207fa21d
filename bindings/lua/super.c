/* SPDX-License-Identifier: MIT */
/* Super: super(self) and super(Class, self), the methods of a base called on an instance:
 * `super(self):describe()`.
 *
 * Which base that is depends on the class the calling method is in, not on the instance's, or
 * a method inherited over two steps would call itself. With one argument it is found by
 * looking for the calling function among the attributes of the instance's classes. */
#include <string.h>

#include "view.h"

/* ---- the class of a method --------------------------------------------------------------- */

typedef struct search {
    lua_State *L;
    const binding *b;
    int function; /* where it is on the stack */
    bool found;
} search;

/* Pushes raw and runs nothing, which the core allows meanwhile. */
static bool match_attribute(const ouro_label *label, ouro_value value, void *context) {
    search *s = context;
    const ouro_object *box = ouro_value_object(value);
    (void)label;
    if (box == NULL || ouro_object_type(box) != s->b->box) return true;
    if (!ouro_lua_push_box(s->L, s->b, box)) return true;
    s->found = lua_rawequal(s->L, -1, s->function);
    lua_pop(s->L, 1);
    return !s->found;
}

/* The class that has the function which called this one; NULL: none has. */
static ouro_object *find_class(lua_State *L, binding *b, ouro_object *from) {
    lua_Debug caller;
    if (!lua_getstack(L, 1, &caller)) return NULL;
    luaL_checkstack(L, 4, NULL);
    lua_getinfo(L, "f", &caller);
    search s = {.L = L, .b = b, .function = lua_gettop(L)};
    ouro_object *cls = from;
    for (; cls != NULL; cls = ouro_class_base(cls)) {
        ouro_object_refs(cls, match_attribute, &s);
        if (s.found) break;
    }
    lua_pop(L, 1);
    return cls;
}

/* ---- calling ----------------------------------------------------------------------------- */

static int finish_call(lua_State *L, int status, lua_KContext context) {
    (void)status;
    (void)context;
    return lua_gettop(L);
}

/* Upvalues: the method, what super gave, the instance, which stands in for it. */
static int call_method(lua_State *L) {
    if (lua_gettop(L) > 0 && lua_rawequal(L, 1, lua_upvalueindex(2))) {
        lua_pushvalue(L, lua_upvalueindex(3));
        lua_replace(L, 1);
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, finish_call);
    return finish_call(L, LUA_OK, 0);
}

/* Upvalues: the heap, what super gave. What calling a base without __init does to an instance:
 * its slots are filled in order, or its attributes taken from a table. */
static int initialize(lua_State *L) {
    binding *b = ouro_lua_enter_method(L);
    int last = lua_gettop(L);
    lua_rawgeti(L, lua_upvalueindex(2), 1);
    lua_rawgeti(L, lua_upvalueindex(2), 2);
    const ouro_object *base = ouro_lua_check_object(L, b, last + 1);
    ouro_object *self = ouro_lua_check_object(L, b, last + 2);
    if (ouro_class_is_open(base)) {
        if (last < 2) return 0;
        if (last > 2 || !lua_istable(L, 2))
            return ouro_lua_refuse(L, "%s has no slots and no __init: give it one table of "
                                   "attributes", ouro_class_name(base));
        ouro_lua_fill_record(L, b, self, 2);
    }
    size_t slots = ouro_class_is_open(base) ? 0 : ouro_class_slot_count(base);
    if (!ouro_class_is_open(base) && last - 1 > (int)slots)
        return ouro_lua_refuse(L, "%s has %d slots, but %d values were given",
                               ouro_class_name(base), (int)slots, last - 1);
    for (int i = 2; slots > 0 && i <= last; i++) {
        ouro_value v = ouro_lua_value_at(L, b, i);
        ouro_value_store(&ouro_record_slots(self)[i - 2], v);
        ouro_value_release(v);
    }
    ouro_lua_leave(L, b);
    return 0;
}

/* ---- super ------------------------------------------------------------------------------- */

/* What super gave at 1: base at [1], instance at [2]. */
static int index_super(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    size_t length;
    lua_settop(L, 2);
    if (lua_type(L, 1) != LUA_TTABLE || lua_type(L, 2) != LUA_TSTRING) return 0;
    const char *name = lua_tolstring(L, 2, &length);
    lua_rawgeti(L, 1, 1);
    ouro_object *base = ouro_lua_check_object(L, b, 3);
    if (ouro_lua_push_class_attribute(L, b, base, name, length)) {
        if (!lua_isfunction(L, -1)) return 1;
        lua_pushvalue(L, 1);
        lua_rawgeti(L, 1, 2);
        lua_pushcclosure(L, call_method, 3);
        return 1;
    }
    if (strcmp(name, "__init") != 0) return 0;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, initialize, 2);
    return 1;
}

static int set_super(lua_State *L) {
    return luaL_error(L, "super only gives: assign to the instance or to the class");
}

/* The class whose base is meant, of the instance at index 1 or of the arguments. */
static ouro_object *read_class(lua_State *L, binding *b) {
    ouro_object *object = ouro_lua_check_object(L, b, 1);
    if (!lua_isnoneornil(L, 2)) {
        const ouro_object *self = ouro_lua_check_object(L, b, 2);
        const ouro_object *own = ouro_record_class(self);
        if (!ouro_is_class(object) || own == NULL || !ouro_class_derives(own, object))
            ouro_lua_refuse(L, "super(Class, self) needs a class and an instance of it; got %s "
                            "and %s", ouro_lua_describe(L, b, 1), ouro_lua_describe(L, b, 2));
        return object;
    }
    ouro_object *own = ouro_record_class(object);
    if (own == NULL)
        ouro_lua_refuse(L, "argument 1 has to be an instance of a class; got %s",
                        ouro_lua_describe(L, b, 1));
    ouro_object *cls = find_class(L, b, own);
    if (cls == NULL)
        ouro_lua_refuse(L, "the function that calls it is no method of %s: say which class is "
                        "meant, super(Class, self)", ouro_class_name(own));
    return cls;
}

int ouro_lua_super(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"__index", index_super}, {"__newindex", set_super}, {NULL, NULL}};
    binding *b = ouro_lua_enter(L);
    lua_settop(L, 2);
    ouro_object *cls = read_class(L, b), *base = ouro_class_base(cls);
    if (base == NULL)
        return ouro_lua_refuse(L, "%s has no base", ouro_class_name(cls));
    lua_createtable(L, 2, 0);
    ouro_lua_push_object(L, b, base);
    lua_rawseti(L, 3, 1);
    lua_pushvalue(L, lua_isnil(L, 2) ? 1 : 2);
    lua_rawseti(L, 3, 2);
    ouro_lua_set_view(L, "ouro.super", functions, NULL);
    return 1;
}
