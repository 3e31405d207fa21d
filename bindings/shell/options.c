/* SPDX-License-Identifier: MIT */
/* Options: reads the command line (options.h). Words that start with a dash are options
 * until one that does not, or `--`, or `-`, which stands for the standard input. */
#include "options.h"

#include <stddef.h>
#include <string.h>

static const char usage[] =
    "usage: ouro [options] [script [arguments]]\n"
    "  -e stat    run the statement\n"
    "  -i         the prompt, after the script\n"
    "  -l mod     require the module into the global of its name; -l g=mod into g\n"
    "  -v         print the version\n"
    "  -E         ignore the environment (OURO_INIT, LUA_PATH, LUA_CPATH)\n"
    "  -W         turn warnings on\n"
    "  --exact    settle after every line: what is dropped is dead at the next\n"
    "  --strict   errors in finalizers and callbacks make the exit status 1\n"
    "  --version  print the version and leave\n"
    "  --help     print this and leave\n"
    "  --         no more options\n"
    "  -          the script is the standard input, no more options\n"
    "With no script on a terminal: the prompt. The manual: man ouro\n";

const char *ouro__options_usage(void) {
    return usage;
}

static bool read_long(options *ret, const char *word) {
    if (strcmp(word, "--exact") == 0) ret->exact = true;
    else if (strcmp(word, "--strict") == 0) ret->strict = true;
    else if (strcmp(word, "--version") == 0) ret->about = true;
    else if (strcmp(word, "--help") == 0) ret->help = true;
    else return false;
    return true;
}

static bool read_letter(options *ret, const char *word) {
    if (word[2] != '\0') return false;
    switch (word[1]) {
    case 'i':
        ret->interactive = true;
        ret->version = true;
        return true;
    case 'v': ret->version = true; return true;
    case 'E': ret->bare = true; return true;
    case 'W': return true;
    default: return false;
    }
}

const char *ouro__options_value(char *const *argv, int *index) {
    const char *attached = argv[*index] + 2;
    return *attached != '\0' ? attached : argv[++*index];
}

/* -e and -l, whose value stands in the same word or in the next. */
static bool read_with_value(options *ret, char *const *argv, int *index) {
    const char *word = argv[*index];
    if (word[2] == '\0' && (argv[*index + 1] == NULL || argv[*index + 1][0] == '-')) {
        ret->needs_value = true;
        return false;
    }
    if (word[1] == 'e') ret->statement = true;
    ouro__options_value(argv, index);
    return true;
}

static bool read_word(options *ret, char *const *argv, int *index) {
    const char *word = argv[*index];
    if (word[1] == '-') return read_long(ret, word);
    if (word[1] == 'e' || word[1] == 'l') return read_with_value(ret, argv, index);
    return read_letter(ret, word);
}

void ouro__options_read(options *ret, char *const *argv) {
    *ret = (options){0};
    int i = 1;
    for (; argv[i] != NULL && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
        if (strcmp(argv[i], "--") == 0) {
            ret->end = i;
            ret->script = argv[i + 1] != NULL ? i + 1 : 0;
            return;
        }
        int first = i;
        if (!read_word(ret, argv, &i)) {
            ret->bad = argv[first];
            return;
        }
    }
    ret->end = i;
    ret->script = argv[i] != NULL ? i : 0;
}
