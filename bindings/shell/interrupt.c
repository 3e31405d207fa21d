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
#include <time.h>
#include <unistd.h>

static struct {
    _Atomic(lua_State *) thread; /* runs Lua code; NULL: nothing to stop */
    volatile sig_atomic_t session;
    volatile sig_atomic_t alarmed; /* the last signal was that of the timer */
    volatile sig_atomic_t wanted;  /* what runs is to stop */
    volatile sig_atomic_t insists; /* and not to go on after the error */
    volatile sig_atomic_t offered; /* the next Ctrl-C ends the process */
    volatile sig_atomic_t came;    /* Ctrl-C, since it was last asked */
    volatile sig_atomic_t ending;  /* the signal that is to end the session, or 0 */
    struct timespec last;          /* Ctrl-C; touched by its handler alone */
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
    /* Not for calls: an error in a message handler, a C function, would replace the message. */
    lua_sethook(L, raise_interrupted, LUA_MASKLINE | LUA_MASKCOUNT, 1);
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
    if (!interrupt.insists) {
        take_away(L);
        interrupt.wanted = 0;
    }
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

/* The chunk that runs has to stop as soon as it can. */
static void stop_chunk(lua_State *L) {
    interrupt.wanted = 1;
    set_due(L);
}

static void say(const char *text, size_t length) {
    ssize_t written = write(STDERR_FILENO, text, length);
    (void)written;
}

/* The chunk has been told and runs: from the second Ctrl-C within a second on it cannot catch
 * the error any more, and if even that does not help, the third one ends the process. */
static void insist(void) {
    static const char offer[] =
        "\nStill running. Ctrl-C once more quits ouro at once: no finalizer runs.\n";
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double passed = (double)(now.tv_sec - interrupt.last.tv_sec)
        + (double)(now.tv_nsec - interrupt.last.tv_nsec) / 1e9;
    bool again = interrupt.last.tv_sec != 0 && passed < 1;
    interrupt.last = now;
    if (interrupt.offered) {
        say("\n", 1);
        _exit(128 + SIGINT);
    }
    if (!again) return;
    interrupt.insists = interrupt.offered = 1;
    say(offer, sizeof offer - 1);
}

static void on_interrupt(int signal) {
    interrupt.alarmed = 0;
    interrupt.came = 1;
    if (!interrupt.session) handle(signal, SIG_DFL);
    lua_State *L = atomic_load(&interrupt.thread);
    if (L == NULL) return;
    if (interrupt.session) insist();
    stop_chunk(L);
}

/* SIGTERM, SIGHUP in a session: what runs stops, and then the session ends. */
static void on_end(int signal) {
    interrupt.ending = signal;
    interrupt.insists = 1;
    lua_State *L = atomic_load(&interrupt.thread);
    if (L != NULL) stop_chunk(L);
}

static void on_alarm(int signal) {
    (void)signal;
    lua_State *L = atomic_load(&interrupt.thread);
    if (L == NULL || is_due(L)) return;
    interrupt.alarmed = 1;
    stop_chunk(L);
}

void ouro__interrupt_timeout(double seconds) {
    interrupt.seconds = seconds;
    handle(SIGALRM, on_alarm);
}

static void nothing(int signal) {
    (void)signal;
}

/* What the one who started us wants ignored (nohup) stays ignored. */
static void handle_unless_ignored(int signal, void (*handler)(int)) {
    struct sigaction now;
    sigaction(signal, NULL, &now);
    if (now.sa_handler != SIG_IGN) handle(signal, handler);
}

void ouro__interrupt_session(bool on) {
    interrupt.session = on;
    handle(SIGINT, on ? on_interrupt : SIG_DFL);
    handle_unless_ignored(SIGTERM, on ? on_end : SIG_DFL);
    handle_unless_ignored(SIGHUP, on ? on_end : SIG_DFL);
    /* A pipe that a statement writes to may break: an error of that statement. Programs that
     * are started do not inherit a handler. */
    handle_unless_ignored(SIGPIPE, on ? nothing : SIG_DFL);
}

int ouro__interrupt_signal(void) {
    return interrupt.ending;
}

bool ouro__interrupt_came(void) {
    bool came = interrupt.came;
    interrupt.came = 0;
    return came;
}

bool ouro__interrupt_is_wanted(void) {
    return interrupt.wanted;
}

static void forget(void) {
    interrupt.wanted = interrupt.offered = 0;
    interrupt.insists = interrupt.ending != 0;
    interrupt.last.tv_sec = 0;
}

void ouro__interrupt_begin(lua_State *L) {
    forget();
    atomic_store(&interrupt.thread, L);
    if (!interrupt.session) handle(SIGINT, on_interrupt);
}

void ouro__interrupt_end(lua_State *L) {
    if (!interrupt.session) handle(SIGINT, SIG_DFL);
    atomic_store(&interrupt.thread, NULL);
    if (is_due(L)) take_away(L);
    forget();
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
