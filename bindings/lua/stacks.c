/* SPDX-License-Identifier: MIT */
/* Stacks: what the stack of a Lua thread refers to, for the walk of places.c: locals, varargs,
 * temporaries, the functions that run; of a coroutine that has not begun, its arguments.
 *
 * Lua finds a level of a stack by counting from the top, which makes going through a deep
 * recursion quadratic. A record of activation says where the one before it is, as its field
 * `previous`; that is Lua's own matter and is checked against lua_getstack, level by level at
 * the top, before it is trusted below. Where it differs the levels are counted. */
#include <stdio.h>
#include <string.h>

#include "places.h"

/* ---- from level to level ----------------------------------------------------------------- */

/* CallInfo begins with func, top, previous. */
#define PREVIOUS 2
/* So many levels are compared; a stack that is no deeper needs no short way. */
#define CHECKED 8

static void *previous_of(const lua_Debug *level) {
    void *const *fields = (void *const *)(const void *)level->i_ci;
    return fields[PREVIOUS];
}

/* Whether the links lead where lua_getstack does. */
static bool links_fit(lua_State *thread) {
    lua_Debug level, next;
    for (int i = 0; i < CHECKED; i++) {
        if (!lua_getstack(thread, i, &level) || !lua_getstack(thread, i + 1, &next)) return false;
        if (previous_of(&level) != (void *)next.i_ci) return false;
    }
    return true;
}

/* From one level to the next below it. The lowest record is no function's. */
static bool step_down(lua_State *thread, int level, bool by_link, lua_Debug *ar) {
    if (!by_link) return lua_getstack(thread, level, ar) != 0;
    lua_Debug below = *ar;
    below.i_ci = previous_of(ar);
    if (previous_of(&below) == NULL) return false;
    ar->i_ci = below.i_ci;
    return true;
}

/* ---- a level ----------------------------------------------------------------------------- */

/* The value at the top of the thread's stack, popped there. */
static void visit_from(walk *w, lua_State *thread, const edge *e) {
    if (thread != w->L) lua_xmove(thread, w->L, 1);
    ouro_lua_walk_visit(w, e);
}

static void visit_locals(walk *w, lua_State *thread, const lua_Debug *ar, edge *e, int step) {
    const char *name;
    e->kind = EDGE_LOCAL;
    for (int i = step; (name = lua_getlocal(thread, ar, i)) != NULL; i += step) {
        e->text = name;
        e->key = (uint8_t)(step < 0 && i > -UINT8_MAX ? -i : 0);
        visit_from(w, thread, e);
    }
}

static frame_note *note_at(const walk *w, size_t offset) {
    return (frame_note *)(void *)(w->frames->bytes + offset);
}

/* Adds a note of the frame; it stays when something was found in it. */
static void begin_frame(walk *w, const lua_Debug *ar) {
    frame_note *note = ouro_lua_scratch_add(w->frames, sizeof *note);
    if (note == NULL) luaL_error(w->L, "not enough memory");
    memset(note, 0, sizeof *note);
    note->c = *ar->what == 'C';
    note->line = ar->currentline;
    snprintf(note->source, sizeof note->source, "%s", ar->short_src);
    if (ar->name != NULL) snprintf(note->name, sizeof note->name, "%s", ar->name);
}

/* The notes from *pending on are of C functions that the function noted last has called. */
static void place_c_functions(const walk *w, size_t *pending, size_t last) {
    const frame_note *caller = note_at(w, last);
    if (caller->c) return;
    size_t size = (sizeof *caller + 7) / 8 * 8;
    for (; *pending < last; *pending += size) {
        frame_note *note = note_at(w, *pending);
        memcpy(note->source, caller->source, sizeof note->source);
        note->line = caller->line;
    }
    *pending = last + size;
}

static void visit_level(walk *w, uint32_t node, lua_State *thread, lua_Debug *ar,
                        size_t *pending) {
    size_t known = w->edges->used, hits = w->hits->used, note = w->frames->used;
    edge e = {.parent = node, .length = note};
    lua_getinfo(thread, "Slnf", ar);
    if (thread != w->L) lua_xmove(thread, w->L, 1);
    int function = lua_gettop(w->L);
    begin_frame(w, ar);
    place_c_functions(w, pending, note);
    visit_locals(w, thread, ar, &e, 1);
    if (*ar->what != 'C') visit_locals(w, thread, ar, &e, -1);
    lua_settop(w->L, function);
    e.kind = EDGE_CALLED;
    ouro_lua_walk_visit(w, &e);
    if (w->edges->used != known || w->hits->used != hits) return;
    w->frames->used = note;
    if (*pending > note) *pending = note;
}

/* A coroutine that has not begun: its function, and what it was given. */
static void visit_pending(walk *w, uint32_t node, lua_State *thread) {
    int count = lua_gettop(thread);
    edge e = {.kind = EDGE_PENDING, .parent = node};
    for (int i = 1; i <= count; i++) {
        lua_pushvalue(thread, i);
        visit_from(w, thread, &e);
    }
}

/* Above the walk itself is the function that asks. */
#define OWN_LEVELS 2

void ouro_lua_walk_stack(walk *w, uint32_t node, lua_State *thread) {
    lua_Debug ar;
    size_t pending = w->frames->used;
    luaL_checkstack(w->L, LUA_MINSTACK, NULL);
    if (!lua_checkstack(thread, LUA_MINSTACK)) luaL_error(w->L, "not enough memory");
    if (!lua_getstack(thread, 0, &ar)) {
        visit_pending(w, node, thread);
        return;
    }
    bool by_link = links_fit(thread), more = true;
    for (int level = 0; more; more = step_down(thread, ++level, by_link, &ar))
        if (thread != w->L || level >= OWN_LEVELS) visit_level(w, node, thread, &ar, &pending);
}

/* ---- where a thread stands --------------------------------------------------------------- */

void ouro_lua_describe_thread(lua_State *thread, char *buffer, size_t size) {
    lua_Debug ar;
    int status = lua_status(thread);
    bool begun = lua_getstack(thread, 0, &ar) != 0;
    const char *state = status == LUA_YIELD ? "suspended" : status != LUA_OK ? "stopped by an error"
                                                          : begun            ? "waiting"
                                                                             : "not begun";
    for (int level = 0; lua_getstack(thread, level, &ar); level++) {
        lua_getinfo(thread, "Sl", &ar);
        if (ar.currentline <= 0) continue;
        snprintf(buffer, size, "%s at %s:%d", state, ar.short_src, ar.currentline);
        return;
    }
    snprintf(buffer, size, "%s", state);
}
