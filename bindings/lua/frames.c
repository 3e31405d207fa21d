/* SPDX-License-Identifier: MIT */
/* Frames: names as _ENV, and call, which gives a function names of its own. */
#include <stdio.h>
#include <string.h>

#include "view.h"

/* Coroutines may end their calls in any order. The names of a frame that others cover go at
 * once; the frame itself, marked by a name no script can write, when it is on top. */
static const char finished[] = "(finished)";

/* ---- names ------------------------------------------------------------------------------- */

/* This frame, then main, then the functions of ouro, then Lua's globals. */
int ouro_lua_frame_index(lua_State *L, binding *b, ouro_object *frame) {
    size_t length;
    if (lua_type(L, 2) == LUA_TSTRING) {
        ouro_object *main = ouro_frame_main(b->heap);
        if (frame == main && ouro_lua_begin_names(L, b)) {
            lua_gettable(L, 1);
            return 1;
        }
        const char *name = lua_tolstring(L, 2, &length);
        ouro_value v = ouro_frame_get(frame, name, length);
        if (ouro_value_same(v, OURO_ABSENT) && main != NULL && main != frame) {
            if (ouro_lua_push_mirrored(L, b, 2)) {
                if (!lua_isnil(L, -1)) return 1;
                lua_pop(L, 1);
            } else {
                v = ouro_frame_get(main, name, length);
            }
        }
        if (!ouro_value_same(v, OURO_ABSENT)) {
            ouro_lua_push_value(L, b, v);
            return 1;
        }
    }
    if (!ouro_lua_push_free_name(L, b)) lua_pushnil(L);
    return 1;
}

int ouro_lua_frame_newindex(lua_State *L, binding *b, ouro_object *frame) {
    size_t length;
    if (lua_type(L, 2) != LUA_TSTRING)
        return ouro_lua_refuse(L, "a name has to be a string; got %s", ouro_lua_describe(L, b, 2));
    if (frame == ouro_frame_main(b->heap) && ouro_lua_begin_names(L, b)) {
        lua_settop(L, 3);
        lua_settable(L, 1);
        return 0;
    }
    const char *name = lua_tolstring(L, 2, &length);
    if (lua_isnil(L, 3)) {
        ouro_status status = ouro_frame_unset(frame, name, length);
        if (status != OURO_E_KEY) ouro_lua_check(L, b, status);
        return 0;
    }
    ouro_value v = ouro_lua_value_at(L, b, 3);
    ouro_status status = ouro_frame_set(frame, name, length, v);
    ouro_value_release(v);
    ouro_lua_check(L, b, status);
    return 0;
}

static void push_names(lua_State *L, ouro_object *frame) {
    size_t position = 0, length;
    const char *name;
    ouro_value value;
    lua_newtable(L);
    for (lua_Integer i = 1; ouro_frame_next(frame, &position, &name, &length, &value); i++) {
        if (strcmp(name, finished) == 0) continue;
        lua_pushlstring(L, name, length);
        lua_rawseti(L, -2, i);
    }
}

int ouro_lua_names(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_object *frame = ouro_frame_at(b->heap, 0);
    if (!lua_isnoneornil(L, 1)) frame = ouro_lua_check_object(L, b, 1);
    if (frame == NULL) return luaL_error(L, "the heap is closing: its names are gone");
    if (!ouro_is_frame(frame)) return ouro_lua_refuse(L, "names are those of a frame");
    push_names(L, frame);
    ouro_lua_set_lines(L, "(no names)");
    return 1;
}

static int frame_to_string(lua_State *L) {
    luaL_Buffer text;
    lua_settop(L, 1);
    lua_getfield(L, 1, "name");
    lua_getfield(L, 1, "names");
    luaL_buffinit(L, &text);
    lua_pushvalue(L, 2);
    luaL_addvalue(&text);
    lua_Integer count = luaL_len(L, 3);
    for (lua_Integer i = 1; i <= count && i <= 20; i++) {
        luaL_addstring(&text, i == 1 ? ": " : ", ");
        lua_rawgeti(L, 3, i);
        luaL_addvalue(&text);
    }
    if (count > 20) {
        lua_pushfstring(L, ", ... %d more", (int)(count - 20));
        luaL_addvalue(&text);
    }
    luaL_pushresult(&text);
    return 1;
}

int ouro_lua_stack(lua_State *L) {
    static const luaL_Reg functions[] = {{"__tostring", frame_to_string}, {NULL, NULL}};
    binding *b = ouro_lua_enter(L);
    size_t depth = ouro_frame_depth(b->heap);
    lua_newtable(L);
    for (size_t i = 0; i < depth; i++) {
        ouro_object *frame = ouro_frame_at(b->heap, i);
        lua_createtable(L, 0, 2);
        lua_pushstring(L, ouro_frame_name(frame));
        lua_setfield(L, -2, "name");
        push_names(L, frame);
        lua_setfield(L, -2, "names");
        ouro_lua_set_view(L, "ouro.frame", functions, NULL);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    ouro_lua_set_lines(L, "(no frames)");
    return 1;
}

/* ---- call -------------------------------------------------------------------------------- */

/* The name under which the function at index 1 is bound in main, or where it stands. */
static void name_function(lua_State *L, binding *b, char *buffer, size_t size) {
    size_t position = 0, length;
    const char *name;
    ouro_value value;
    ouro_object *box, *main = ouro_frame_main(b->heap);
    lua_Debug where;
    lua_pushvalue(L, 1);
    lua_getinfo(L, ">S", &where);
    snprintf(buffer, size, "%s:%d", where.short_src, where.linedefined);
    if (main == NULL || ouro_lua_box(L, b, 1, &box) != OURO_OK) return;
    while (ouro_frame_next(main, &position, &name, &length, &value))
        if (ouro_value_object(value) == box)
            snprintf(buffer, size, "%.*s", (int)length, name);
    ouro_release(box);
}

#define FRAMES_SHOWN 10 /* of the innermost, and as many of the outermost */
#define NAMES_SHOWN 8

static ouro_status add_text(ouro_text *text, const char *bytes) {
    return ouro_text_add(text, bytes, strlen(bytes));
}

/* "\n\tfact: n, x" */
static ouro_status add_frame(ouro_text *text, ouro_object *frame) {
    size_t position = 0, length, shown = 0;
    const char *name;
    ouro_value value;
    ouro_status status = add_text(text, "\n\t");
    if (status == OURO_OK) status = add_text(text, ouro_frame_name(frame));
    while (status == OURO_OK && shown <= NAMES_SHOWN &&
           ouro_frame_next(frame, &position, &name, &length, &value)) {
        status = add_text(text, shown == 0 ? ": " : ", ");
        if (shown++ == NAMES_SHOWN) name = "...", length = 3;
        if (status == OURO_OK) status = ouro_text_add(text, name, length);
    }
    return status;
}

/* The error of one frame too many, at the line that calls. */
static int refuse_depth(lua_State *L, binding *b) {
    ouro_text text = {.heap = b->heap};
    size_t depth = ouro_frame_depth(b->heap);
    ouro_status status = add_text(&text, ouro_heap_message(b->heap));
    if (status == OURO_OK) status = add_text(&text, "\nmanaged frames, top first:");
    for (size_t i = 0; i < depth && status == OURO_OK; i++) {
        if (i == FRAMES_SHOWN && depth > 2 * FRAMES_SHOWN) {
            char skipped[48];
            snprintf(skipped, sizeof skipped, "\n\t... (%zu more)", depth - 2 * FRAMES_SHOWN);
            status = add_text(&text, skipped);
            i = depth - FRAMES_SHOWN;
        }
        if (status == OURO_OK) status = add_frame(&text, ouro_frame_at(b->heap, i));
    }
    if (status != OURO_OK) ouro_text_free(&text);
    ouro_lua_check(L, b, status);
    ouro_lua_push_text(L, &text);
    luaL_where(L, 2);
    lua_insert(L, -2);
    lua_concat(L, 2);
    return lua_error(L);
}

/* Gives the function at index 1 a frame on the stack. Errors are told at the line of the
 * script that calls `call`. */
static int push_frame(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    char name[80];
    ouro_object *frame;
    if (lua_type(L, 1) != LUA_TFUNCTION) {
        luaL_where(L, 2);
        lua_pushfstring(L, "call: argument 1 has to be a function; got %s",
                        ouro_lua_describe(L, b, 1));
        lua_concat(L, 2);
        return lua_error(L);
    }
    name_function(L, b, name, sizeof name);
    ouro_lua_check(L, b, ouro_frame_new(b->heap, name, &frame));
    ouro_lua_hand_over(L, b, frame);
    if (ouro_frame_push(b->heap, frame) != OURO_OK) return refuse_depth(L, b);
    ouro_lua_mark_call(L, b, -1);
    return 1;
}

bool ouro_lua_is_on_stack(ouro_heap *heap, const ouro_object *frame) {
    for (size_t i = 0; i < ouro_frame_depth(heap); i++)
        if (ouro_frame_at(heap, i) == frame) return true;
    return false;
}

static bool is_finished(ouro_object *frame) {
    ouro_value mark = ouro_frame_get(frame, finished, sizeof finished - 1);
    return !ouro_value_same(mark, OURO_ABSENT);
}

void ouro_lua_leave_frame(lua_State *L, binding *b, ouro_object *frame) {
    ouro_heap *heap = b->heap;
    if (frame == ouro_frame_main(heap) || !ouro_lua_is_on_stack(heap, frame)) return;
    if (ouro_frame_at(heap, 0) != frame) {
        ouro_object_clear(frame);
        (void)!ouro_frame_set(frame, finished, sizeof finished - 1, OURO_TRUE);
        return;
    }
    do {
        ouro_frame_pop(heap, ouro_frame_at(heap, 0));
        if (b->heap == NULL) return;
        b->current = L;
    } while (ouro_frame_depth(heap) > 1 && is_finished(ouro_frame_at(heap, 0)));
}

/* finish(frame, ...): the frame goes, the results are passed on. */
static int finish_call(lua_State *L) {
    binding *b = lua_touserdata(L, lua_upvalueindex(1));
    if (b->heap != NULL) {
        b = ouro_lua_enter_method(L);
        ouro_lua_leave_frame(L, b, ouro_lua_check_object(L, b, 1));
        ouro_lua_leave(L, b);
    }
    return lua_gettop(L) - 1;
}

/* A function of Lua: calls within calls use no C stack, coroutines may yield within, and
 * the frame goes whether f returns, raises, or its coroutine is closed. After a return it goes
 * by finish, not by __close: while a variable is closed, Lua's collector still marks registers
 * that f has used, and what they refer to would die late. */
void ouro_lua_push_call(lua_State *L) {
    static const char text[] = "local push, finish = ... return function(f, ...) "
                               "local frame <close> = push(f) "
                               "return finish(frame, f(frame, ...)) end";
    if (luaL_loadbufferx(L, text, sizeof text - 1, "=call", "t") != LUA_OK) lua_error(L);
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, push_frame, 1);
    lua_pushvalue(L, -3);
    lua_pushcclosure(L, finish_call, 1);
    lua_call(L, 2, 1);
}

/* frame([name]): main, or a frame that is not on the stack. */
static int frame(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_object *made;
    if (lua_isnoneornil(L, 1)) {
        ouro_object *main = ouro_frame_main(b->heap);
        if (main == NULL) return luaL_error(L, "the heap is closing: its names are gone");
        ouro_lua_push_object(L, b, main);
        return 1;
    }
    ouro_lua_check(L, b, ouro_frame_new(b->heap, luaL_checkstring(L, 1), &made));
    ouro_lua_hand_over(L, b, made);
    return 1;
}

const luaL_Reg ouro_lua_frames[] = {{"frame", frame}, {NULL, NULL}};
