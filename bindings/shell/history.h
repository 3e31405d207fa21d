/* SPDX-License-Identifier: MIT */
/* History: the file in which what was typed at the prompt survives.
 *
 * Text, oldest first; readable by its owner only. A statement is a line, and where it has
 * several of them, the further ones begin with a tab. It is appended before it runs, so that
 * neither a crash nor a second shell at the same time loses any. Of equal statements the last
 * one counts. */
#ifndef OURO_SHELL_HISTORY_H
#define OURO_SHELL_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

/* How many statements are kept. */
#define OURO_HISTORY_ENTRIES 1000

typedef struct history_file {
    char *path; /* owned; NULL: no history is kept */
} history_file;

/* Finds and makes ${XDG_STATE_HOME:-~/.local/state}/ouro/history, and calls each(text,
 * context) for the statements that it has. Where that is not possible a note is printed and
 * the history lasts as long as the session. */
void ouro__history_open(history_file *ret_file, void (*each)(const char *text, void *context),
                        void *context);
/* text: without blanks around it. */
void ouro__history_add(history_file *file, const char *text, size_t length);
void ouro__history_close(history_file *file);

#endif
