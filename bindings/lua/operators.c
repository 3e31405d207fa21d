/* SPDX-License-Identifier: MIT */
/* Operators: arithmetic, comparison, bits and concatenation, by the class's metamethods. */
#include <string.h>

#include "internal.h"

/* The left operand's class is asked first, as in Lua. */
static int operate(lua_State *L, const char *event) {
    binding *b = ouro_lua_enter_method(L);
    lua_settop(L, 2);
    for (int operand = 1; operand <= 2; operand++) {
        ouro_object *object =
            ouro_lua_object_at(L, b, operand);
        if (object == NULL || ouro_is_class(object)) continue;
        if (!ouro_lua_push_class_attribute(L, b, object, event, strlen(event))) continue;
        lua_insert(L, 1);
        lua_call(L, 2, 1);
        return 1;
    }
    if (strcmp(event, "__unm") == 0 || strcmp(event, "__bnot") == 0)
        return luaL_error(L, "%s is not defined for %s; give its class a method %s", event + 2,
                          ouro_lua_describe(L, b, 1), event);
    return luaL_error(L, "%s is not defined for %s and %s; give their class a method %s", event + 2,
                      ouro_lua_describe(L, b, 1), ouro_lua_describe(L, b, 2), event);
}

static int add(lua_State *L) { return operate(L, "__add"); }
static int sub(lua_State *L) { return operate(L, "__sub"); }
static int mul(lua_State *L) { return operate(L, "__mul"); }
static int divide(lua_State *L) { return operate(L, "__div"); }
static int mod(lua_State *L) { return operate(L, "__mod"); }
static int power(lua_State *L) { return operate(L, "__pow"); }
static int unm(lua_State *L) { return operate(L, "__unm"); }
static int idiv(lua_State *L) { return operate(L, "__idiv"); }
static int band(lua_State *L) { return operate(L, "__band"); }
static int bor(lua_State *L) { return operate(L, "__bor"); }
static int bxor(lua_State *L) { return operate(L, "__bxor"); }
static int bnot(lua_State *L) { return operate(L, "__bnot"); }
static int shl(lua_State *L) { return operate(L, "__shl"); }
static int shr(lua_State *L) { return operate(L, "__shr"); }
static int concat(lua_State *L) { return operate(L, "__concat"); }
static int lt(lua_State *L) { return operate(L, "__lt"); }
static int le(lua_State *L) { return operate(L, "__le"); }

const luaL_Reg ouro_lua_operators[] = {
    {"__add", add},   {"__sub", sub},   {"__mul", mul},   {"__div", divide},    {"__mod", mod},
    {"__pow", power}, {"__unm", unm},   {"__idiv", idiv}, {"__band", band},     {"__bor", bor},
    {"__bxor", bxor}, {"__bnot", bnot}, {"__shl", shl},   {"__shr", shr},
    {"__concat", concat}, {"__lt", lt},     {"__le", le},     {NULL, NULL}};
