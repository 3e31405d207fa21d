/* SPDX-License-Identifier: MIT */
/* Limit: the clock and the counter (limit.h). The clock is a timer, whose signal makes
 * interrupt.c raise the error in the thread that runs; the counter is a hook. */
#include "limit.h"

#include <lauxlib.h>
#include <string.h>
#include <sys/time.h>

#include "interrupt.h"

/* How often the hook is called, at most, and how often the error comes again. */
#define STEPS_LEAST 1
#define STEPS_MOST 1000
#define REPEAT_SECONDS 0.2

/* ---- instructions ------------------------------------------------------------------------ */

typedef struct counter {
    unsigned long long limit, left;
    int every; /* steps from one call of the hook to the next */
    lua_Hook line_hook;
} counter;

/* Its address is the key of the counter in the registry. */
static const char counter_key = 'c';

static counter *get_counter(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &counter_key);
    counter *c = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return c;
}

static void count(lua_State *L, lua_Debug *where) {
    counter *c = get_counter(L);
    if (where->event == LUA_HOOKLINE) {
        c->line_hook(L, where);
        return;
    }
    if (c->left > (unsigned long long)c->every) {
        c->left -= (unsigned long long)c->every;
        return;
    }
    c->left = c->limit / 10 + STEPS_MOST; /* to handle the error with */
    luaL_where(L, 0);
    lua_pushfstring(L, "step limit: %I Lua instructions have run; raise --max-steps",
                    (LUAI_UACINT)c->limit);
    lua_concat(L, 2);
    lua_error(L);
}

/* A script's own hook would end the counting. */
static int refuse_hook(lua_State *L) {
    return luaL_error(L, "debug.sethook is not available while --max-steps counts instructions");
}

static void replace_sethook(lua_State *L) {
    lua_getglobal(L, "debug");
    lua_pushcfunction(L, refuse_hook);
    lua_setfield(L, -2, "sethook");
    lua_pop(L, 1);
}

void ouro__limit_steps(lua_State *L, unsigned long long steps, lua_Hook line_hook) {
    if (steps == 0) return;
    counter *c = lua_newuserdatauv(L, sizeof *c, 0);
    unsigned long long every = steps / 100;
    *c = (counter){.limit = steps, .left = steps, .line_hook = line_hook};
    c->every = every < STEPS_LEAST ? STEPS_LEAST : every > STEPS_MOST ? STEPS_MOST : (int)every;
    lua_rawsetp(L, LUA_REGISTRYINDEX, &counter_key);
    lua_sethook(L, count, LUA_MASKCOUNT | (line_hook != NULL ? LUA_MASKLINE : 0), c->every);
    replace_sethook(L);
}

/* ---- time -------------------------------------------------------------------------------- */

static double seconds_limit;

static struct timeval to_timeval(double seconds) {
    time_t whole = (time_t)seconds;
    suseconds_t micro = (suseconds_t)((seconds - (double)whole) * 1e6);
    return (struct timeval){.tv_sec = whole, .tv_usec = whole == 0 && micro == 0 ? 1 : micro};
}

static void start_timer(double seconds) {
    struct itimerval timer = {.it_interval = to_timeval(REPEAT_SECONDS),
                              .it_value = to_timeval(seconds)};
    setitimer(ITIMER_REAL, &timer, NULL);
}

void ouro__limit_time(double seconds) {
    if (seconds <= 0) return;
    seconds_limit = seconds;
    ouro__interrupt_timeout(seconds);
    start_timer(seconds);
}

void ouro__limit_renew(lua_State *L) {
    counter *c = get_counter(L);
    if (c != NULL) c->left = c->limit;
    if (seconds_limit > 0) start_timer(seconds_limit);
}
