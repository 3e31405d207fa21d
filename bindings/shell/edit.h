/* SPDX-License-Identifier: MIT */
/* Edit: one line from a person at a terminal, with editing and history.
 *
 * Signals are taken care of while a line is typed and only then: the terminal is never
 * left in a state that the next program cannot use. */
#ifndef OURO_SHELL_EDIT_H
#define OURO_SHELL_EDIT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct editor editor;

typedef enum edit_result {
    EDIT_LINE,
    EDIT_CANCELLED, /* Ctrl-C: the line typed so far is to be forgotten */
    EDIT_END,       /* Ctrl-D on an empty line, or the terminal is gone */
    EDIT_SIGNAL     /* SIGTERM or SIGHUP came: leave in good order */
} edit_result;

/* What the Tab key brings: text to insert, and the words to choose from, two blanks
 * between them. Both empty: nothing fits. */
typedef struct completion {
    char insert[128];
    char list[4000];
} completion;
/* text: borrowed, what stands before the cursor. */
typedef void (*complete_fn)(void *context, const char *text, size_t length, completion *ret);

/* Whether the text, whole lines, may be run as it is. */
typedef bool (*accept_fn)(void *context, const char *text, size_t length);

/* NULL for want of memory or a terminal. context: the first argument of the functions. */
editor *ouro__edit_open(complete_fn complete, void *context);
void ouro__edit_close(editor *editor);
/* What is pasted with line breaks is asked about: accepted it is one text, otherwise it is read
 * line by line; without this always. */
void ouro__edit_accept(editor *editor, accept_fn accept);
/* Forgets the lines that were pasted and not yet read. */
void ouro__edit_drop_pasted(editor *editor);
/* The prompt of a line that continues the one before. */
#define OURO_EDIT_MORE ">> "
/* prompt: borrowed, at most 15 bytes. *ret_line: borrowed until the next call, without its last
 * line break; on EDIT_LINE only. It may have several lines: pasted, or from the history. */
edit_result ouro__edit_read(editor *editor, const char *prompt, const char **ret_line,
                            size_t *ret_length);
/* The lines read since the last prompt that was not OURO_EDIT_MORE are a statement: it enters
 * the history, in memory and in the file, as one. Before it runs, lest a crash lose it; at the
 * latest when the next prompt is there. */
void ouro__edit_keep(editor *editor);
/* The signal of EDIT_SIGNAL. */
int ouro__edit_signal(const editor *editor);

#endif
