/* SPDX-License-Identifier: MIT */
/* Happened: what one statement of the prompt has caused: who died, in order and why, who was
 * resurrected, and on request who was born and what was collected.
 *
 * Only the first few are written down, with what obituary.c finds out about a death; then this
 * listens no more, and the rest is a difference of the heap's totals. So a statement that lets
 * a million objects die is as fast as it was. The listening is patient (ouro/events.h): it
 * makes no death prompt that was not. An object that is written down is given an id.
 *
 * The functions are not part of the module: the command alone has them (reports.h). */
#include <string.h>

#include "happened.h"
#include "obituary.h"
#include "reports.h"

#define MOST 64

typedef struct noted {
    ouro_event_kind kind;
    int generation;
    uint64_t id, count;
    uint64_t after; /* so many deaths have been written down before */
    char type[40];
} noted;

struct happenings {
    binding *b;
    obituaries *deaths; /* kept in uservalue 1 */
    unsigned mask;      /* of events; 0: not listening */
    size_t most, dead, others;
    ouro_stats before;
    uint64_t untold; /* before */
    noted other[MOST];
};

enum { ANY_DEATH = OURO_LUA_OBITUARY_EVENTS | 1u << OURO_EVENT_RESURRECT };
enum { EVERYTHING = ANY_DEATH | 1u << OURO_EVENT_BIRTH | 1u << OURO_EVENT_STOP };

unsigned ouro_lua_happenings_mask(const happenings *h) {
    return h != NULL ? h->mask : 0;
}

static void note_other(happenings *h, const ouro_event *event) {
    noted *n = &h->other[h->others++];
    *n = (noted){.kind = event->kind,
                 .generation = event->generation,
                 .count = event->count,
                 .after = h->dead};
    if (event->object == NULL) return;
    const char *type = ouro_type_name(ouro_object_type(event->object));
    ouro_lua_copy_text(n->type, sizeof n->type, type, strlen(type));
    if (ouro_object_id(event->object, &n->id) != OURO_OK) n->id = 0;
}

void ouro_lua_note_happening(happenings *h, const ouro_event *event) {
    bool death = event->kind == OURO_EVENT_DEATH;
    unsigned shown = h->mask & (1u << OURO_EVENT_RESURRECT | 1u << OURO_EVENT_BIRTH |
                                1u << OURO_EVENT_STOP);
    if (!(h->mask >> event->kind & 1)) return;
    if (h->dead + h->others >= h->most && (death || shown >> event->kind & 1)) {
        h->mask = 0;
        ouro_lua_listen(h->b);
        return;
    }
    ouro_lua_note_death(h->deaths, h->b, event);
    h->dead += death;
    if (shown >> event->kind & 1) note_other(h, event);
}

/* ---- for the command --------------------------------------------------------------------- */

static happenings *mine(lua_State *L, binding *b) {
    happenings *h = lua_touserdata(L, lua_upvalueindex(2));
    h->b = b;
    return h;
}

static void stop_listening(binding *b, happenings *h) {
    h->mask = 0;
    b->happenings = NULL;
    if (b->heap != NULL) ouro_lua_listen(b);
}

/* begin(all, most): from now on; all: births and collections too. */
static int begin(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    happenings *h = mine(L, b);
    lua_Integer most = luaL_checkinteger(L, 2);
    h->most = most < 0 ? 0 : most > MOST ? MOST : (size_t)most;
    h->dead = h->others = 0;
    h->before.struct_size = sizeof h->before;
    ouro_heap_stats(b->heap, &h->before);
    h->untold = b->untold;
    ouro_lua_clear_obituaries(h->deaths);
    h->mask = lua_toboolean(L, 1) ? EVERYTHING : ANY_DEATH;
    b->happenings = h;
    ouro_lua_listen(b);
    return 0;
}

static void set_number(lua_State *L, const char *name, uint64_t number) {
    lua_pushinteger(L, (lua_Integer)number);
    lua_setfield(L, -2, name);
}

static void push_others(lua_State *L, const happenings *h) {
    lua_createtable(L, (int)h->others, 0);
    for (size_t i = 0; i < h->others; i++) {
        const noted *n = &h->other[i];
        lua_createtable(L, 0, 6);
        lua_pushstring(L, n->kind == OURO_EVENT_RESURRECT ? "resurrect"
                          : n->kind == OURO_EVENT_BIRTH   ? "birth"
                                                          : "stop");
        lua_setfield(L, -2, "event");
        set_number(L, "after", n->after);
        set_number(L, "id", n->id);
        set_number(L, "count", n->count);
        set_number(L, "generation", (uint64_t)n->generation);
        lua_pushstring(L, n->type);
        lua_setfield(L, -2, "type");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static uint64_t collected(const ouro_stats *s) {
    uint64_t sum = 0;
    for (int i = 0; i < OURO_GENERATIONS; i++) sum += s->collected[i];
    return sum;
}

/* finish(): {deaths=, others=, died=, born=, resurrected=, collected=, live=, errors=}, those
 * from died on being counts since begin. */
static int finish(lua_State *L) {
    binding *b = lua_touserdata(L, lua_upvalueindex(1));
    happenings *h = mine(L, b);
    ouro_stats now = {.struct_size = sizeof now};
    stop_listening(b, h);
    if (b->heap == NULL) return 0;
    ouro_heap_stats(b->heap, &now);
    lua_createtable(L, 0, 7);
    ouro_lua_push_deaths(L, h->deaths);
    lua_setfield(L, -2, "deaths");
    push_others(L, h);
    lua_setfield(L, -2, "others");
    set_number(L, "died", now.deaths - h->before.deaths - (b->untold - h->untold));
    set_number(L, "born", now.births - h->before.births);
    set_number(L, "resurrected", now.resurrected - h->before.resurrected);
    set_number(L, "collected", collected(&now) - collected(&h->before));
    set_number(L, "live", now.objects);
    return 1;
}

static bool count_one(ouro_object *object, void *context) {
    (void)object;
    ++*(lua_Integer *)context;
    return true;
}

/* unreachable(): how many objects a full collection would find; asks for no id. */
static int unreachable(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    lua_Integer count = 0;
    ouro_lua_check(L, b, ouro_heap_leaked(b->heap, count_one, &count));
    lua_pushinteger(L, count);
    return 1;
}

/* plain(x): its text without its class's __repr. */
static int plain(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    ouro_lua_push_plain(L, b, ouro_lua_check_object(L, b, 1));
    return 1;
}

static int collect_happenings(lua_State *L) {
    happenings *h = lua_touserdata(L, 1);
    if (h->b->happenings == h) stop_listening(h->b, h);
    return 0;
}

static happenings *push_happenings(lua_State *L, binding *b) {
    happenings *h = lua_newuserdatauv(L, sizeof *h, 1);
    memset(h, 0, sizeof *h);
    h->b = b;
    h->deaths = ouro_lua_push_obituaries(L, MOST);
    lua_setiuservalue(L, -2, 1);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, collect_happenings);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    return h;
}

void ouro_lua_push_happened(lua_State *L) {
    static const luaL_Reg functions[] = {{"begin", begin},   {"finish", finish}, {"plain", plain},
                                         {"unreachable", unreachable}, {NULL, NULL}};
    lua_getfield(L, -1, "settle");
    if (lua_getupvalue(L, -1, 1) == NULL) luaL_error(L, "this is not the module ouro");
    int heap = lua_gettop(L);
    push_happenings(L, lua_touserdata(L, heap));
    luaL_newlibtable(L, functions);
    for (const luaL_Reg *f = functions; f->name != NULL; f++) {
        lua_pushvalue(L, heap);
        lua_pushvalue(L, heap + 1);
        lua_pushcclosure(L, f->func, 2);
        lua_setfield(L, -2, f->name);
    }
    lua_replace(L, heap - 1);
    lua_settop(L, heap - 1);
}
