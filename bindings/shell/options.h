/* SPDX-License-Identifier: MIT */
/* Options: the words of the command line.
 *
 * They are those of lua5.4, with the same rules, and a few of our own. Reading them does
 * nothing yet; -e, -l and -W take effect in the order in which they stand (main.c). */
#ifndef OURO_SHELL_OPTIONS_H
#define OURO_SHELL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct options {
    bool help;        /* --help */
    bool about;       /* --version: print it and leave */
    bool version;     /* -v, -i: print it and go on */
    bool interactive; /* -i */
    bool statement;   /* -e at least once */
    bool bare;        /* -E: the environment is ignored */
    bool exact;       /* --exact */
    size_t max_objects, max_bytes, max_frames; /* 0: no limit given */
    unsigned long long max_steps;
    double timeout;     /* seconds */
    const char *stress; /* what --stress= says, borrowed from argv; NULL: nothing */
    bool strict;      /* --strict */
    bool quiet;       /* -q */
    bool no_init;     /* --no-init */
    const char *transcript; /* --check-transcript: the document, borrowed; else NULL */
    bool update;      /* --update-transcript: the same, and it is brought up to date */
    int end;          /* argv index behind the last option */
    int script;       /* argv index of the script's name or "-"; 0: none */
    const char *bad;  /* the word that could not be read, borrowed from argv; else NULL */
    bool needs_value; /* the bad word lacks what should follow it */
    const char *wants; /* what the bad word's value should be, static; NULL: no matter */
} options;

/* argv: borrowed, ends with NULL, has at least one word. */
void ouro__options_read(options *ret_options, char *const *argv);
/* The value of the -e or -l at *index, which moves to the last word used. Borrowed. */
const char *ouro__options_value(char *const *argv, int *index);
/* What --help prints. Static. */
const char *ouro__options_usage(void);

#endif
