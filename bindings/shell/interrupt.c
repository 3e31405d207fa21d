/* SPDX-License-Identifier: MIT */
/* Interrupt: Ctrl-C and the timer (interrupt.h).
 *
 * A signal handler gets no argument, so this file has the one piece of static state of the
 * command. lua_sethook and lua_gethook* only touch words of the thread and are made to be
 * called from a handler. */
#include "interrupt.h"

#include <lauxlib.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static struct {
    _Atomic(lua_State *) thread; /* runs Lua code; NULL: nothing to stop */
    volatile sig_atomic_t session;
    volatile sig_atomic_t alarmed; /* the last signal was that of the timer */
    double seconds;                /* after which it comes first */
    /* What the hook displaced, while it is set. */
    lua_Hook hook;
    int mask;
    int count;
} interrupt;

static void raise_interrupted(lua_State *L, lua_Debug *where);

static bool is_due(lua_State *L) {
    return lua_gethook(L) == raise_interrupted;
}

static void set_due(lua_State *L) {
    if (is_due(L)) return;
    interrupt.hook = lua_gethook(L);
    interrupt.mask = lua_gethookmask(L);
    interrupt.count = lua_gethookcount(L);
    int every = LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT;
    lua_sethook(L, raise_interrupted, every, 1);
}

static void take_away(lua_State *L) {
    lua_sethook(L, interrupt.hook, interrupt.mask, interrupt.count);
}

/* Where the Lua code is, should a C function have been interrupted. */
static void push_place(lua_State *L) {
    lua_Debug where;
    int level = 0;
    while (lua_getstack(L, level, &where) && lua_getinfo(L, "l", &where) && where.currentline < 0)
        level++;
    luaL_where(L, level);
}

static void raise_interrupted(lua_State *L, lua_Debug *where) {
    (void)where;
    take_away(L);
    push_place(L);
    if (interrupt.alarmed)
        lua_pushfstring(L, "time limit: %f s have passed; raise --timeout", interrupt.seconds);
    else lua_pushliteral(L, "interrupted!");
    interrupt.alarmed = 0;
    lua_concat(L, 2);
    lua_error(L);
}

/* Not restarted: a read that waits for input ends with an error, and the hook runs. */
static void handle(int signal, void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

static void on_interrupt(int signal) {
    interrupt.alarmed = 0;
    if (!interrupt.session) handle(signal, SIG_DFL);
    lua_State *L = atomic_load(&interrupt.thread);
    if (L != NULL) set_due(L);
}

static void on_alarm(int signal) {
    (void)signal;
    lua_State *L = atomic_load(&interrupt.thread);
    if (L == NULL || is_due(L)) return;
    interrupt.alarmed = 1;
    set_due(L);
}

void ouro__interrupt_timeout(double seconds) {
    interrupt.seconds = seconds;
    handle(SIGALRM, on_alarm);
}

void ouro__interrupt_session(bool on) {
    interrupt.session = on;
    handle(SIGINT, on ? on_interrupt : SIG_DFL);
}

void ouro__interrupt_begin(lua_State *L) {
    atomic_store(&interrupt.thread, L);
    if (!interrupt.session) handle(SIGINT, on_interrupt);
}

void ouro__interrupt_end(lua_State *L) {
    if (!interrupt.session) handle(SIGINT, SIG_DFL);
    atomic_store(&interrupt.thread, NULL);
    if (is_due(L)) take_away(L);
}

lua_State *ouro__interrupt_enter(lua_State *thread) {
    return atomic_exchange(&interrupt.thread, thread);
}

/* A signal may have come too late for the thread: then it is meant for who resumed it. */
void ouro__interrupt_leave(lua_State *thread, lua_State *resumer) {
    atomic_store(&interrupt.thread, resumer);
    if (!is_due(thread)) return;
    take_away(thread);
    if (resumer != NULL) set_due(resumer);
}
