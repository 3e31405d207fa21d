/* SPDX-License-Identifier: MIT */
/* Interrupt: Ctrl-C stops the chunk that runs, with the error `interrupted!`.
 *
 * The signal only sets a hook in the thread that runs; the hook takes itself away, puts
 * back the one it displaced (`--exact`, or the script's own) and raises. So a C function,
 * and every operation of the heap, is finished before anything is unwound; what may take
 * seconds asks in between whether it should stop (progress.h).
 *
 * In a session a second Ctrl-C within a second, while the same chunk runs, makes the error
 * one that cannot be caught, and offers to quit. */
#ifndef OURO_SHELL_INTERRUPT_H
#define OURO_SHELL_INTERRUPT_H

#include <lua.h>
#include <stdbool.h>

/* While it is on SIGINT does not end the process, whether something runs or not: for the
 * prompt. Otherwise the first SIGINT stops the chunk and a second one ends the process. */
void ouro__interrupt_session(bool on);
/* SIGTERM or SIGHUP, if one has come since the session is on; else 0. */
int ouro__interrupt_signal(void);
/* Whether Ctrl-C has come since this was last asked. */
bool ouro__interrupt_came(void);
/* Whether what runs is to stop: for work that asks. */
bool ouro__interrupt_is_wanted(void);
/* The signal of a timer does the same, with an error that names the time limit. */
void ouro__interrupt_timeout(double seconds);
/* Around a protected call in L. */
void ouro__interrupt_begin(lua_State *L);
void ouro__interrupt_end(lua_State *L);
/* Around a resume: thread runs now; returns which one ran until then. */
lua_State *ouro__interrupt_enter(lua_State *thread);
void ouro__interrupt_leave(lua_State *thread, lua_State *resumer);

#endif
