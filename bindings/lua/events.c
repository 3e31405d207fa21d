/* SPDX-License-Identifier: MIT */
/* Events: gc.on and gc.off.
 *
 * The core tells of events in the middle of things, where nothing of Lua may run. So the
 * listener only writes down what happened, ids and text instead of objects, and the handlers
 * are called at the end of the operation, in the order of the events. What handlers cause is
 * told after that, in rounds, and only so much: a handler of births that makes objects would
 * never end, and one that makes several would multiply them.
 *
 * The queue is a userdata in the table b->listeners, at index 1; beside it that table has an
 * array of handlers for each event. An array never changes: on and off make a new one, so
 * that a handler may call them. */
#include <stdio.h>
#include <string.h>

#include "happened.h"
#include "obituary.h"
#include "view.h"

#define ROUNDS 16
#define MOST_CAUSED 1000 /* events that handlers cause, in one delivery */
#define MOST_BYTES ((size_t)256 << 20)
#define TEXT_SIZE 80

typedef struct queue {
    scratch *records;
    binding *b;
    uint64_t lost; /* events for which there was no memory */
    uint64_t caused; /* by handlers, since this delivery began */
    bool delivering;
    unsigned mask;          /* the kinds that have handlers */
    obituaries *obituaries; /* or NULL */
} queue;

typedef struct record {
    ouro_event_kind kind;
    int generation;
    uint64_t count, id;
    bool by_count, about; /* about an object */
    char type[40];
    char phase[16];
    char text[TEXT_SIZE];
} record;

static const char *const names[OURO_EVENT_KINDS] = {
    [OURO_EVENT_START] = "start", [OURO_EVENT_STOP] = "stop",
    [OURO_EVENT_BIRTH] = "birth", [OURO_EVENT_DEATH] = "death",
    [OURO_EVENT_CYCLE] = "cycle", [OURO_EVENT_RESURRECT] = "resurrect",
    [OURO_EVENT_ERROR] = "error", [OURO_EVENT_STEP] = "step",
};

/* ---- writing down ------------------------------------------------------------------------ */

/* A newborn object is not filled in yet: its text is its type alone. */
static void describe(record *r, ouro_heap *heap, ouro_object *object) {
    const char *type = ouro_type_name(ouro_object_type(object));
    r->about = true;
    ouro_lua_copy_text(r->type, sizeof r->type, type, strlen(type));
    memcpy(r->text, r->type, sizeof r->type);
    if (ouro_object_id(object, &r->id) != OURO_OK) r->id = 0;
    if (r->kind == OURO_EVENT_BIRTH) return;
    ouro_text text = {.heap = heap};
    ouro_repr_options options = {.struct_size = sizeof options, .max_depth = 1, .max_items = 8};
    if (ouro_repr(heap, ouro_value_of_object(object), &options, &text) == OURO_OK &&
        text.length > 0)
        ouro_lua_copy_text(r->text, sizeof r->text, text.bytes, text.length);
    ouro_text_free(&text);
}

static void write_down(ouro_heap *heap, const ouro_event *event, void *user) {
    queue *q = user;
    record r = {.kind = event->kind,
                .generation = event->generation,
                .count = event->count,
                .by_count = event->by_count};
    if (q->obituaries != NULL) ouro_lua_note_death(q->obituaries, q->b, event);
    if (!(q->mask >> event->kind & 1)) return;
    if (q->delivering) q->caused++;
    if (q->records->used >= MOST_BYTES || q->caused > MOST_CAUSED) {
        q->lost++;
        return;
    }
    if (event->phase != NULL) ouro_lua_copy_text(r.phase, sizeof r.phase, event->phase,
                                        strlen(event->phase));
    if (event->object != NULL) describe(&r, heap, event->object);
    if (ouro_lua_scratch_put(q->records, &r, sizeof r)) return;
    q->records->failed = false;
    q->lost++;
}

static void hear(ouro_heap *heap, const ouro_event *event, void *user) {
    binding *b = user;
    if (b->muted) return;
    if (b->happenings != NULL) ouro_lua_note_happening(b->happenings, event);
    if (b->queue != NULL) write_down(heap, event, b->queue);
}

void ouro_lua_listen(binding *b) {
    unsigned mask = b->queue != NULL ? b->queue->mask : 0;
    if (b->queue != NULL && b->queue->obituaries != NULL) mask |= OURO_LUA_OBITUARY_EVENTS;
    if (mask == 0) mask = OURO_LISTEN_PATIENT;
    mask |= ouro_lua_happenings_mask(b->happenings);
    ouro_listen(b->heap, mask, mask != OURO_LISTEN_PATIENT ? hear : NULL, b);
}

/* ---- the table that a handler gets ------------------------------------------------------- */

static int event_to_string(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_getfield(L, 1, "event");
    if (lua_getfield(L, 1, "id") != LUA_TNIL) {
        lua_getfield(L, 1, "text");
        lua_pushfstring(L, "%s #%s %s", lua_tostring(L, 2), lua_tostring(L, 3),
                        lua_tostring(L, 4));
    } else if (lua_getfield(L, 1, "phase") != LUA_TNIL) {
        lua_pushfstring(L, "%s %s", lua_tostring(L, 2), lua_tostring(L, -1));
    } else if (lua_getfield(L, 1, "generation") != LUA_TNIL) {
        lua_getfield(L, 1, "count");
        lua_pushfstring(L, "%s of generation %s, count %s", lua_tostring(L, 2),
                        lua_tostring(L, -2), lua_tostring(L, -1));
    } else {
        lua_settop(L, 2);
    }
    return 1;
}

static void set_number(lua_State *L, const char *key, uint64_t number) {
    lua_pushinteger(L, (lua_Integer)number);
    lua_setfield(L, -2, key);
}

static void set_string(lua_State *L, const char *key, const char *string) {
    lua_pushstring(L, string);
    lua_setfield(L, -2, key);
}

static bool is_of_collection(ouro_event_kind kind) {
    return kind == OURO_EVENT_START || kind == OURO_EVENT_STOP || kind == OURO_EVENT_CYCLE ||
           kind == OURO_EVENT_STEP;
}

static void push_info(lua_State *L, const record *r) {
    lua_createtable(L, 0, 8);
    set_string(L, "event", names[r->kind]);
    if (is_of_collection(r->kind)) {
        set_number(L, "generation", (uint64_t)r->generation);
        set_number(L, "count", r->count);
    }
    if (r->kind == OURO_EVENT_DEATH) set_string(L, "by", r->by_count ? "count" : "collection");
    if (r->phase[0] != '\0') set_string(L, "phase", r->phase);
    if (r->about) {
        if (r->id != 0) set_number(L, "id", r->id);
        set_string(L, "type", r->type);
        set_string(L, "text", r->text);
    }
    if (luaL_newmetatable(L, "ouro.event")) {
        lua_pushcfunction(L, event_to_string);
        lua_setfield(L, -2, "__tostring");
    }
    lua_setmetatable(L, -2);
}

/* ---- calling handlers -------------------------------------------------------------------- */

/* The queue, which stays in its table; NULL: nobody has ever listened. */
static queue *find_queue(lua_State *L, const binding *b) {
    if (b->listeners == LUA_NOREF) return NULL;
    if (!ouro_lua_push_own(L, b, b->listeners)) return NULL;
    lua_rawgeti(L, -1, 1);
    queue *q = lua_touserdata(L, -1);
    lua_pop(L, 2);
    return q;
}

/* Reports the error at the top, popped; without a heap, which is closing, by hand. */
static void report(lua_State *L, binding *b, const char *what) {
    if (b->heap != NULL) {
        ouro_lua_report(L, b, NULL, what);
        return;
    }
    ouro_lua_count_error(b, NULL);
    const char *text = lua_tostring(L, -1);
    fflush(stdout);
    fprintf(stderr, "ouro: error in %s: %s\n", what, text != NULL ? text : "(no message)");
    fflush(stderr);
    lua_pop(L, 1);
}

typedef struct telling {
    binding *b;
    record r;
} telling;

/* Argument: a telling. Each handler is protected by itself; what fails here is memory. */
static int tell(lua_State *L) {
    const telling *t = lua_touserdata(L, 1);
    char what[48];
    snprintf(what, sizeof what, "handler of %s events", names[t->r.kind]);
    ouro_lua_need_own(L, t->b, t->b->listeners);
    if (lua_getfield(L, -1, names[t->r.kind]) != LUA_TTABLE) return 0;
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, 3, i);
        push_info(L, &t->r);
        if (ouro_lua_pcall(L, t->b, 1, 0) != LUA_OK) report(L, t->b, what);
        lua_settop(L, 3);
        t->b->current = L;
    }
    return 0;
}

static void report_lost(lua_State *L, binding *b, queue *q) {
    uint64_t lost = q->lost;
    q->lost = 0;
    if (lost == 0) return;
    lua_pushfstring(L, "%I events were not told: there was no memory to note them, or handlers "
                       "went on causing events",
                    (LUAI_UACINT)lost);
    report(L, b, "events");
}

/* Argument: the queue. What was there before the first handler ran is told in any case. */
static int deliver(lua_State *L) {
    queue *q = lua_touserdata(L, 1);
    scratch *s = q->records;
    size_t size = (sizeof(record) + 7) / 8 * 8, at = 0;
    for (int round = 0; round < ROUNDS && at < s->used; round++) {
        for (size_t end = s->used; at < end; at += size) {
            if (round > 0 && q->caused > MOST_CAUSED) break;
            telling t = {.b = q->b};
            memcpy(&t.r, s->bytes + at, sizeof t.r);
            lua_pushcfunction(L, tell);
            lua_pushlightuserdata(L, &t);
            if (lua_pcall(L, 1, 0, 0) != LUA_OK) q->lost++;
            lua_settop(L, 1);
        }
    }
    q->lost += (s->used - at) / size;
    q->caused = 0;
    ouro_lua_scratch_free(s);
    report_lost(L, q->b, q);
    return 0;
}

/* The queue may go meanwhile, when a handler closes the heap: it is kept on the stack. */
static void deliver_all(lua_State *L, queue *q) {
    int top = lua_gettop(L);
    binding *b = q->b;
    ouro_lua_need_own(L, b, b->listeners);
    lua_rawgeti(L, -1, 1);
    q->delivering = true;
    lua_pushcfunction(L, deliver);
    lua_pushlightuserdata(L, q);
    (void)lua_pcall(L, 1, 0, 0); /* only want of memory for the report of what was lost */
    q->delivering = false;
    lua_settop(L, top);
    b->current = L;
}

void ouro_lua_deliver_events(lua_State *L, binding *b) {
    if (b->listeners == LUA_NOREF || b->heap == NULL || !lua_checkstack(L, LUA_MINSTACK)) return;
    queue *q = find_queue(L, b);
    if (q == NULL || q->delivering || (q->records->used == 0 && q->lost == 0)) return;
    if (ouro_heap_is_open(b->heap)) {
        if (!ouro_collect_is_running(b->heap)) deliver_all(L, q);
        return;
    }
    /* It has just been shut: its objects are gone, and who uses it is told so. */
    ouro_heap *heap = b->heap;
    ouro_lua_invalidate_handles(b);
    b->heap = NULL;
    deliver_all(L, q);
    b->heap = heap;
}

bool ouro_lua_is_delivering(lua_State *L, const binding *b) {
    const queue *q = find_queue(L, b);
    return q != NULL && q->delivering;
}

void ouro_lua_mute_events(lua_State *L, binding *b, bool muted) {
    (void)L;
    b->muted = muted;
}

/* ---- on and off -------------------------------------------------------------------------- */

static int collect_queue(lua_State *L) {
    queue *q = lua_touserdata(L, 1);
    q->b->queue = NULL;
    if (q->b->heap != NULL) ouro_lua_listen(q->b);
    return 0;
}

/* A new queue at the top: it keeps its records and the heap. */
static void push_queue(lua_State *L, binding *b) {
    queue *q = lua_newuserdatauv(L, sizeof *q, 3);
    memset(q, 0, sizeof *q);
    q->b = b;
    b->queue = q;
    q->records = ouro_lua_push_scratch(L);
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_setiuservalue(L, -2, 2);
    if (luaL_newmetatable(L, "ouro.queue")) {
        lua_pushcfunction(L, collect_queue);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
}

/* Pushes b->listeners, made with its queue when it is first needed. */
static queue *push_listeners(lua_State *L, binding *b) {
    if (b->listeners == LUA_NOREF) {
        lua_newtable(L);
        b->listeners = ouro_lua_add_own(L, b);
    }
    ouro_lua_need_own(L, b, b->listeners);
    if (lua_rawgeti(L, -1, 1) == LUA_TNIL) {
        push_queue(L, b);
        lua_rawseti(L, -3, 1);
    }
    lua_pop(L, 1);
    lua_rawgeti(L, -1, 1);
    queue *q = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return q;
}

static void listen(lua_State *L, binding *b, int listeners, queue *q) {
    unsigned mask = 0;
    for (int kind = 0; kind < OURO_EVENT_KINDS; kind++) {
        if (lua_getfield(L, listeners, names[kind]) == LUA_TTABLE) mask |= 1u << kind;
        lua_pop(L, 1);
    }
    q->mask = mask;
    ouro_lua_listen(b);
}

/* The queue keeps them, so they are there as long as it listens. */
void ouro_lua_keep_obituaries(lua_State *L, binding *b, obituaries *o) {
    int kept = lua_gettop(L);
    queue *q = push_listeners(L, b);
    q->obituaries = NULL;
    listen(L, b, kept + 1, q);
    lua_rawgeti(L, kept + 1, 1);
    lua_pushvalue(L, kept);
    lua_setiuservalue(L, -2, 3);
    q->obituaries = o;
    listen(L, b, kept + 1, q);
    lua_settop(L, kept - 1);
}

obituaries *ouro_lua_obituaries(lua_State *L, const binding *b) {
    const queue *q = find_queue(L, b);
    return q != NULL ? q->obituaries : NULL;
}

static const char *check_event(lua_State *L, binding *b) {
    const char *event = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : NULL;
    for (int kind = 0; event != NULL && kind < OURO_EVENT_KINDS; kind++)
        if (strcmp(event, names[kind]) == 0) return event;
    luaL_Buffer list;
    luaL_buffinit(L, &list);
    for (int kind = 0; kind < OURO_EVENT_KINDS; kind++) {
        if (kind > 0) luaL_addstring(&list, ", ");
        luaL_addstring(&list, names[kind]);
    }
    luaL_pushresult(&list);
    const char *all = lua_tostring(L, -1);
    if (event != NULL) ouro_lua_refuse(L, "no event is called '%s'; there are: %s", event, all);
    ouro_lua_refuse(L, "argument 1 has to be the name of an event (%s); got %s", all,
                    ouro_lua_describe(L, b, 1));
    return NULL;
}

static void check_handler(lua_State *L, binding *b) {
    if (lua_type(L, 2) == LUA_TFUNCTION) return;
    if (luaL_getmetafield(L, 2, "__call") == LUA_TNIL)
        ouro_lua_refuse(L, "argument 2 has to be a function to call with the event; got %s",
                        ouro_lua_describe(L, b, 2));
    lua_pop(L, 1);
}

/* Pushes a copy of the array at the index (or of nothing) without item `without`. */
static lua_Integer push_copy(lua_State *L, int array, lua_Integer without) {
    lua_Integer count = lua_istable(L, array) ? (lua_Integer)lua_rawlen(L, array) : 0, kept = 0;
    lua_createtable(L, (int)count + 1, 0);
    for (lua_Integer i = 1; i <= count; i++) {
        if (i == without) continue;
        lua_rawgeti(L, array, i);
        lua_rawseti(L, -2, ++kept);
    }
    return kept;
}

/* gc.on(event, f): f(info) is called whenever that happens; returns f. */
int ouro_lua_on(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    lua_settop(L, 2);
    const char *event = check_event(L, b);
    check_handler(L, b);
    ouro_lua_clear_deferred(L, b);
    queue *q = push_listeners(L, b);
    lua_getfield(L, 3, event);
    lua_Integer count = push_copy(L, 4, 0);
    lua_pushvalue(L, 2);
    lua_rawseti(L, -2, count + 1);
    lua_setfield(L, 3, event);
    listen(L, b, 3, q);
    lua_settop(L, 2);
    return 1;
}

/* gc.off(event, f): removes f, where it was added last; returns whether it was there. */
int ouro_lua_off(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    lua_settop(L, 2);
    const char *event = check_event(L, b);
    check_handler(L, b);
    queue *q = push_listeners(L, b);
    lua_Integer found = 0;
    if (lua_getfield(L, 3, event) == LUA_TTABLE) found = (lua_Integer)lua_rawlen(L, 4);
    for (bool equal = false; found > 0; found--) {
        lua_rawgeti(L, 4, found);
        equal = lua_rawequal(L, -1, 2);
        lua_pop(L, 1);
        if (equal) break;
    }
    if (found > 0) {
        if (push_copy(L, 4, found) == 0) lua_pushnil(L);
        lua_setfield(L, 3, event);
        lua_settop(L, 3);
        listen(L, b, 3, q);
    }
    lua_pushboolean(L, found > 0);
    return 1;
}
