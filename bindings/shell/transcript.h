/* SPDX-License-Identifier: MIT */
/* Transcript: a document whose sessions are tests, `ouro --check-transcript FILE`.
 *
 * The lines of a block that begins with ```ouro are a session at the prompt: `> ` and `>> `
 * begin what is typed, everything else is what was printed because of it, errors included. A
 * line `...` stands for any lines. The blocks of a document are one session, in a window of
 * 80 columns without colour; what the heap prints when it closes is not looked at. */
#ifndef OURO_SHELL_TRANSCRIPT_H
#define OURO_SHELL_TRANSCRIPT_H

#include <lua.h>
#include <stdbool.h>

/* Runs and compares; prints what differs on standard error, a summary on standard output.
 * From then on nothing that anyone prints is seen. Whether all was as written. update: what
 * differs is put into the file in the place of what was written, and is no failure. */
bool ouro__transcript_check(lua_State *L, const char *path, bool update);

#endif
