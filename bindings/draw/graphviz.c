/* SPDX-License-Identifier: MIT */
/* Graphviz: the module `ouro_graphviz`, which lays a graph out with the library of Graphviz:
 * render(text, form) returns the drawing as a string, or nil and a message. A module of its
 * own, so that nothing but a drawing loads the library. */
#include <graphviz/gvc.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <string.h>

/* One for the process: the library, itself not made for threads, keeps pointers into the first one
 * when that is freed. */
static GVC_t *context;

/* The library tells of errors to one function for the process; a drawing is made in one go. */
static char problem[400];

static int note_problem(char *text) {
    size_t used = strlen(problem);
    snprintf(problem + used, sizeof problem - used, "%s", text);
    return 0;
}

/* The drawing, to be freed by gvFreeRenderData; NULL: there is a problem. */
static char *draw(const char *text, const char *form, unsigned *ret_length) {
    char *drawing = NULL;
    if (context == NULL) context = gvContext();
    Agraph_t *graph = context != NULL ? agmemread(text) : NULL;
    if (graph != NULL && gvLayout(context, graph, "dot") == 0) {
        if (gvRenderData(context, graph, form, &drawing, ret_length) != 0) drawing = NULL;
        gvFreeLayout(context, graph);
    }
    if (graph != NULL) agclose(graph);
    return drawing;
}

static int push_drawing(lua_State *L) {
    lua_pushlstring(L, lua_touserdata(L, 1), (size_t)lua_tointeger(L, 2));
    return 1;
}

static int render(lua_State *L) {
    const char *text = luaL_checkstring(L, 1), *form = luaL_checkstring(L, 2);
    unsigned length = 0;
    problem[0] = '\0';
    agseterr(AGERR);
    agseterrf(note_problem);
    char *drawing = draw(text, form, &length);
    if (drawing == NULL) {
        lua_pushnil(L);
        lua_pushfstring(L, "Graphviz cannot draw it: %s",
                        problem[0] != '\0' ? problem : "no reason given");
        return 2;
    }
    lua_pushcfunction(L, push_drawing);
    lua_pushlightuserdata(L, drawing);
    lua_pushinteger(L, (lua_Integer)length);
    int status = lua_pcall(L, 2, 1, 0);
    gvFreeRenderData(drawing);
    if (status != LUA_OK) return lua_error(L);
    return 1;
}

int luaopen_ouro_graphviz(lua_State *L);

__attribute__((visibility("default"))) int luaopen_ouro_graphviz(lua_State *L) {
    static const luaL_Reg functions[] = {{"render", render}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
