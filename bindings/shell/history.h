/* SPDX-License-Identifier: MIT */
/* History: the file in which the lines typed at the prompt survive.
 *
 * Text, one line each, oldest first; readable by its owner only. A line is appended the
 * moment it is entered, so that neither a crash nor a second shell at the same time loses
 * any. */
#ifndef OURO_SHELL_HISTORY_H
#define OURO_SHELL_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

/* How many lines are kept. */
#define OURO_HISTORY_LINES 1000

typedef struct history_file {
    char *path; /* owned; NULL: no history is kept */
} history_file;

/* Finds and makes ${XDG_STATE_HOME:-~/.local/state}/ouro/history, and calls each(line,
 * context) for the lines that it has. Where that is not possible a note is printed and
 * the history lasts as long as the session. */
void ouro__history_open(history_file *ret_file, void (*each)(const char *line, void *context),
                        void *context);
void ouro__history_add(history_file *file, const char *line, size_t length);
void ouro__history_close(history_file *file);

#endif
