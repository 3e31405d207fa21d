/* SPDX-License-Identifier: MIT */
/* Traceback: the message handler (traceback.h). It runs before anything is unwound, so the
 * frames of `call` are still on the managed stack.
 *
 * An error inside the handler would replace the error that matters; what can fail runs
 * protected and is left out if it does. */
#include "traceback.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "state.h"

/* As in Lua's own traceback: the innermost and the outermost are shown. */
#define FRAMES_FIRST 10
#define FRAMES_LAST 11
#define NAMES_MAX 12

static void add_names(lua_State *L, luaL_Buffer *text, int names) {
    lua_Integer count = luaL_len(L, names);
    for (lua_Integer i = 1; i <= count; i++) {
        luaL_addstring(text, i == 1 ? ": " : ", ");
        if (i > NAMES_MAX) {
            lua_pushfstring(L, "and %I more", (LUAI_UACINT)(count - NAMES_MAX));
            luaL_addvalue(text);
            return;
        }
        lua_geti(L, names, i);
        luaL_addvalue(text);
    }
}

/* Argument: what stack() gives, an array of frames, the top first. Returns the section,
 * empty when there is but one frame without names. */
static int describe_frames(lua_State *L) {
    lua_settop(L, 1);
    lua_Integer count = luaL_len(L, 1);
    lua_pushnil(L); /* 2: name */
    lua_pushnil(L); /* 3: names */
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    luaL_addstring(&text, "\nmanaged frames:");
    for (lua_Integer i = 1; i <= count; i++) {
        if (i == FRAMES_FIRST + 1 && count > FRAMES_FIRST + FRAMES_LAST) {
            lua_Integer skipped = count - FRAMES_FIRST - FRAMES_LAST;
            lua_pushfstring(L, "\n\t...\t(skipping %I frames)", (LUAI_UACINT)skipped);
            luaL_addvalue(&text);
            i += skipped;
        }
        lua_geti(L, 1, i);
        lua_getfield(L, -1, "name");
        lua_replace(L, 2);
        lua_getfield(L, -1, "names");
        lua_replace(L, 3);
        lua_pop(L, 1);
        luaL_addstring(&text, "\n\t");
        lua_pushvalue(L, 2);
        luaL_addvalue(&text);
        add_names(L, &text, 3);
    }
    luaL_pushresult(&text);
    return 1;
}

/* Pushes Lua's traceback without the command's own frames, which end it and have no name. */
static void push_lua_frames(lua_State *L, const char *message) {
    static const char own[] = "\n\t[C]: in ?";
    size_t length, last = sizeof own - 1;
    luaL_traceback(L, L, message, 1);
    const char *text = lua_tolstring(L, -1, &length);
    while (length >= last && memcmp(text + length - last, own, last) == 0) length -= last;
    lua_pushlstring(L, text, length);
    lua_remove(L, -2);
}

static int push_frames(lua_State *L) {
    ouro__state_push(L, "stack");
    lua_call(L, 0, 1);
    if (luaL_len(L, -1) <= 1) return 0;
    lua_pushcfunction(L, describe_frames);
    lua_insert(L, -2);
    lua_call(L, 1, 1);
    return 1;
}

/* The message as a string, or NULL: that is at the top, and nothing is to be added to it. */
static const char *find_message(lua_State *L) {
    const char *message = lua_tostring(L, 1);
    if (message != NULL) return message;
    if (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING) return NULL;
    return lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
}

static void add_managed_frames(lua_State *L) {
    lua_pushcfunction(L, push_frames);
    if (lua_pcall(L, 0, 1, 0) == LUA_OK && lua_isstring(L, -1)) lua_concat(L, 2);
    else lua_pop(L, 1);
}

int ouro__traceback_handle(lua_State *L) {
    const char *message = find_message(L);
    if (message == NULL) return 1;
    push_lua_frames(L, message);
    add_managed_frames(L);
    return 1;
}

/* ---- at the prompt ----------------------------------------------------------------------- */

static const char place_key = 'p';

void ouro__traceback_point_out(lua_State *L, error_place *place) {
    lua_pushlightuserdata(L, place);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &place_key);
}

/* Finds the function whose line the message begins with. */
static void find_place(lua_State *L, const char *message, error_place *place) {
    char start[LUA_IDSIZE + 16];
    lua_Debug ar;
    for (int level = 1; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline <= 0) continue;
        snprintf(start, sizeof start, "%s:%d:", ar.short_src, ar.currentline);
        if (strncmp(message, start, strlen(start)) != 0) continue;
        place->line = ar.currentline;
        lua_getinfo(L, "f", &ar);
        place->own = lua_topointer(L, -1) == place->chunk;
        lua_pop(L, 1);
        if (*ar.source == '@') snprintf(place->file, sizeof place->file, "%s", ar.source + 1);
        return;
    }
}

/* Pushes the traceback without the frames of C; nothing of it if only the statement's own
 * frame is left. */
static void push_frames_of_lua(lua_State *L) {
    static const char head[] = "stack traceback:", mark[] = "\n\t[C]: ";
    luaL_traceback(L, L, NULL, 1);
    const char *line = lua_tostring(L, -1);
    int kept = 0;
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    luaL_addstring(&text, "\n");
    luaL_addstring(&text, head);
    for (line = strchr(line, '\n'); line != NULL;) {
        const char *next = strchr(line + 1, '\n');
        size_t length = next != NULL ? (size_t)(next - line) : strlen(line);
        if (strncmp(line, mark, sizeof mark - 1) != 0) {
            luaL_addlstring(&text, line, length);
            kept++;
        }
        line = next;
    }
    luaL_pushresult(&text);
    lua_remove(L, -2);
    if (kept > 1) return;
    lua_pop(L, 1);
    lua_pushliteral(L, "");
}

int ouro__traceback_prompt(lua_State *L) {
    const char *message = find_message(L);
    if (message == NULL) return 1;
    int top = lua_gettop(L);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &place_key);
    error_place *place = lua_touserdata(L, -1);
    lua_pop(L, 1);
    if (place != NULL) {
        find_place(L, message, place);
        place->message = strlen(message);
    }
    lua_pushstring(L, message);
    push_frames_of_lua(L);
    lua_concat(L, 2);
    add_managed_frames(L);
    lua_replace(L, top > 1 ? top : 1);
    lua_settop(L, top > 1 ? top : 1);
    return 1;
}
