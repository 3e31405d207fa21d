/* SPDX-License-Identifier: MIT */
/* Half: loads the prompt's Lua half and gives it what it needs (half.h). */
#include "half.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "delstat.h"
#include "lua/reports.h"
#include "script.h"
#include "state.h"

/* Registry: the table that the half's first file returns. */
static const char half_key = 'h';

/* ---- what the half is given -------------------------------------------------------------- */

/* write(text, kept): prints the text; the other is written down as what the statement has
 * printed. keep(text) writes down alone. Upvalue 1: the session. */
static int write_text(lua_State *L) {
    size_t length, kept_length;
    const char *text = luaL_checklstring(L, 1, &length);
    const char *kept = luaL_checklstring(L, 2, &kept_length);
    fwrite(text, 1, length, stdout);
    fflush(stdout);
    ouro__session_add(lua_touserdata(L, lua_upvalueindex(1)), kept, kept_length);
    return 0;
}

static int keep_text(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    ouro__session_add(lua_touserdata(L, lua_upvalueindex(1)), text, length);
    return 0;
}

/* note(text): printed beside it; complain(text): to standard error. */
static int note_text(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    fwrite(text, 1, length, stdout);
    fflush(stdout);
    return 0;
}

static int complain(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    fflush(stdout);
    fwrite(text, 1, length, stderr);
    fflush(stderr);
    return 0;
}

/* width(): columns of the window; nil: the output is no terminal and nobody says. */
static int push_width(lua_State *L) {
    struct winsize window = {.ws_col = 0};
    if (isatty(STDOUT_FILENO)) (void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &window);
    const char *columns = getenv("COLUMNS");
    long width = window.ws_col;
    if (width <= 0 && columns != NULL) width = strtol(columns, NULL, 10);
    if (width <= 0 && isatty(STDOUT_FILENO)) width = 80;
    if (width > 0) lua_pushinteger(L, width);
    else lua_pushnil(L);
    return 1;
}

/* colour(), unicode(): whether the output may have them. */
static int push_colour(lua_State *L) {
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    bool able = term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
    lua_pushboolean(L, isatty(STDOUT_FILENO) && able && (no == NULL || *no == '\0'));
    return 1;
}

static int push_unicode(lua_State *L) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *locale = NULL;
    for (size_t i = 0; i < 3 && (locale == NULL || *locale == '\0'); i++)
        locale = getenv(names[i]);
    bool known = locale != NULL && (strstr(locale, "UTF-8") != NULL ||
                                    strstr(locale, "utf8") != NULL ||
                                    strstr(locale, "utf-8") != NULL);
    lua_pushboolean(L, known);
    return 1;
}

/* clock(): seconds of time, from some moment on. */
static int push_clock(lua_State *L) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    lua_pushnumber(L, (lua_Number)now.tv_sec + (lua_Number)now.tv_nsec / 1e9);
    return 1;
}

static int push_frame(lua_State *L) {
    ouro__state_push_frame(L);
    return 1;
}

/* load(text): the text as a statement of the prompt; nil and a message. */
static int load_text(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    ouro__delstat_push(L, text, length);
    text = lua_tolstring(L, -1, &length);
    if (ouro__script_load(L, text, length, "=stdin") == LUA_OK) return 1;
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

/* plain(text): with `del` as Lua has it. */
static int rewrite_text(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    ouro__delstat_push(L, text, length);
    return 1;
}

/* part(name): what the file of that name, beside the half's, returns when it is called with
 * the values behind the name. Upvalue 1: the environment. nil and a message: there is none. */
static int load_part(lua_State *L) {
    lua_pushfstring(L, "%s/%s.lua", ouro__state_lua_folder(), luaL_checkstring(L, 1));
    lua_replace(L, 1);
    if (luaL_loadfilex(L, lua_tostring(L, 1), "t") != LUA_OK) {
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_setupvalue(L, -2, 1);
    lua_replace(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

/* ---- its environment --------------------------------------------------------------------- */

/* Pushes a copy of the table at the index, tables in it copied too: Lua's libraries and the
 * module are two levels. */
static void push_copy(lua_State *L, int table, int levels) {
    table = lua_absindex(L, table);
    luaL_checkstack(L, 6, NULL);
    lua_newtable(L);
    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pushvalue(L, -2);
        if (lua_istable(L, -2) && levels > 0) push_copy(L, -2, levels - 1);
        else lua_pushvalue(L, -2);
        lua_rawset(L, -5);
        lua_pop(L, 1);
    }
}

/* At the top: the environment. Its `ouro` is the module as it is now. */
static void set_module(lua_State *L) {
    ouro__state_push_module(L);
    push_copy(L, -1, 1);
    lua_setfield(L, -3, "ouro");
    lua_pop(L, 1);
}

static void push_environment(lua_State *L) {
    static const char *const basic[] = {"assert", "error",  "getmetatable", "ipairs", "next",
                                        "pairs",  "pcall",  "rawequal",     "rawget", "rawlen",
                                        "select", "setmetatable", "tonumber", "tostring", "type",
                                        "xpcall"};
    static const char *const libraries[] = {"debug", "io",    "math", "os",
                                            "string", "table", "utf8"};
    lua_newtable(L);
    lua_pushglobaltable(L);
    for (size_t i = 0; i < sizeof basic / sizeof *basic; i++) {
        lua_getfield(L, -1, basic[i]);
        lua_setfield(L, -3, basic[i]);
    }
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        if (lua_getfield(L, -1, libraries[i]) == LUA_TTABLE) {
            push_copy(L, -1, 0);
            lua_setfield(L, -4, libraries[i]);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    set_module(L);
}

/* Arguments: the session, whether there is a terminal. */
static int open_half(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"clock", push_clock},   {"colour", push_colour},   {"complain", complain},
        {"frame", push_frame},   {"keep", keep_text},       {"load", load_text},
        {"note", note_text},     {"plain", rewrite_text},   {"unicode", push_unicode},
        {"width", push_width},   {"write", write_text},     {NULL, NULL}};
    push_environment(L); /* 3 */
    luaL_newlibtable(L, functions);
    lua_pushvalue(L, 1);
    luaL_setfuncs(L, functions, 1);
    lua_pushvalue(L, 2);
    lua_setfield(L, -2, "terminal");
    ouro__session_push(L, lua_touserdata(L, 1));
    lua_setfield(L, -2, "session");
    lua_pushvalue(L, 3);
    lua_setfield(L, -2, "environment");
    lua_pushglobaltable(L);
    lua_setfield(L, -2, "globals");
    ouro__state_push_module(L);
    ouro_lua_push_happened(L);
    lua_setfield(L, -3, "happened");
    lua_pop(L, 1);
    lua_pushvalue(L, 3);
    lua_pushcclosure(L, load_part, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "part");
    lua_insert(L, -2);
    lua_pushliteral(L, "ouro/shell/init");
    lua_insert(L, -2);
    lua_call(L, 2, LUA_MULTRET);
    if (!lua_istable(L, 4)) return luaL_error(L, "%s", luaL_tolstring(L, 5, NULL));
    lua_rawsetp(L, LUA_REGISTRYINDEX, &half_key);
    return 0;
}

void ouro__half_open(lua_State *L, session *s, bool terminal) {
    lua_pushcfunction(L, open_half);
    lua_pushlightuserdata(L, s);
    lua_pushboolean(L, terminal);
    if (ouro__script_call(L, 2, 0) == LUA_OK) return;
    fputs("ouro: the prompt has no commands: ", stderr);
    ouro__script_report(L, LUA_ERRRUN, NULL);
}

void ouro__half_renew(lua_State *L) {
    if (!ouro__half_push(L, "renew")) return;
    ouro__state_push_module(L);
    ouro_lua_push_happened(L);
    lua_remove(L, -2);
    ouro__state_push_module(L);
    push_copy(L, -1, 1);
    lua_remove(L, -2);
    lua_call(L, 2, 0);
}

bool ouro__half_push(lua_State *L, const char *function) {
    int top = lua_gettop(L);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &half_key) == LUA_TTABLE &&
        lua_getfield(L, -1, function) == LUA_TFUNCTION) {
        lua_remove(L, -2);
        return true;
    }
    lua_settop(L, top);
    return false;
}

bool ouro__half_call(lua_State *L, const char *function, int arguments, int results) {
    int bottom = lua_gettop(L) - arguments;
    if (!ouro__half_push(L, function)) {
        lua_settop(L, bottom);
        return false;
    }
    lua_insert(L, bottom + 1);
    if (ouro__script_report(L, ouro__script_call(L, arguments, results), NULL)) return true;
    lua_settop(L, bottom);
    return false;
}
