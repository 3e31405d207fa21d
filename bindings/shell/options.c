/* SPDX-License-Identifier: MIT */
/* Options: reads the command line (options.h). Words that start with a dash are options
 * until one that does not, or `--`, or `-`, which stands for the standard input. */
#include "options.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stress.h"

static const char usage[] =
    "usage: ouro [options] [script [arguments]]\n"
    "  -e stat    run the statement\n"
    "  -i         the prompt, after the script\n"
    "  -l mod     require the module into the global of its name; -l g=mod into g\n"
    "  -q         the prompt without its first line\n"
    "  -v         print the version\n"
    "  -E         ignore the environment (OURO_INIT, LUA_PATH, LUA_CPATH) and init.lua\n"
    "  --no-init  run neither OURO_INIT nor ~/.config/ouro/init.lua\n"
    "  -W         turn warnings on\n"
    "  --exact    settle after every line: what is dropped is dead at the next\n"
    "  --max-objects N, --max-bytes N[K|M|G], --max-frames N\n"
    "             limits of the heap\n"
    "  --max-steps N, --timeout SECONDS\n"
    "             limits of the run: instructions of Lua, time\n"
    "  --stress=MODE\n"
    "             collect, collect:N, collect@K, collect-each: collect at every, every Nth,\n"
    "             the Kth, each in turn of the moments at which a collection may come;\n"
    "             nomem@N, nomem-each: let the Nth, each in turn of the allocations fail\n"
    "  --strict   errors in finalizers and callbacks make the exit status 1\n"
    "  --check-transcript FILE\n"
    "             run the ```ouro blocks of a document and compare what they print;\n"
    "             --update-transcript FILE writes what they print into it\n"
    "  --version  print the version and leave\n"
    "  --help     print this and leave\n"
    "  --         no more options\n"
    "  -          the script is the standard input, no more options\n"
    "With no script on a terminal: the prompt. The manual: man ouro\n";

const char *ouro__options_usage(void) {
    return usage;
}

/* ---- options with a number --------------------------------------------------------------- */

/* A count with an optional K, M or G (of 1024); *ret_count. */
static bool read_count(const char *text, bool suffix, unsigned long long *ret_count) {
    char *end;
    errno = 0;
    if (text[0] < '0' || text[0] > '9') return false;
    unsigned long long count = strtoull(text, &end, 10), unit = 1;
    const char *units = "KMG", *found = *end != '\0' && suffix ? strchr(units, *end) : NULL;
    if (found != NULL) {
        unit = 1ull << (10 * (found - units + 1));
        end++;
    }
    if (errno != 0 || *end != '\0' || count > SIZE_MAX / 2 / unit) return false;
    *ret_count = count * unit;
    return *ret_count > 0;
}

static bool read_seconds(const char *text, double *ret_seconds) {
    char *end;
    *ret_seconds = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*ret_seconds) && *ret_seconds > 0 &&
           *ret_seconds < 1e9;
}

static bool set_value(options *ret, const char *name, const char *value) {
    unsigned long long count = 0;
    bool bytes = strcmp(name, "--max-bytes") == 0;
    if (strcmp(name, "--timeout") == 0) {
        ret->wants = "a number of seconds above 0";
        return read_seconds(value, &ret->timeout);
    }
    if (strstr(name, "-transcript") != NULL) {
        ret->update = strcmp(name, "--update-transcript") == 0;
        ret->transcript = value;
        return true;
    }
    if (strcmp(name, "--stress") == 0) {
        ret->stress = value;
        ret->wants = "collect, collect:N, collect@K, collect-each, nomem@N or nomem-each";
        return ouro__stress_understands(value);
    }
    ret->wants = bytes ? "a number above 0, with K, M or G for units" : "a number above 0";
    if (!read_count(value, bytes, &count)) return false;
    if (bytes) ret->max_bytes = (size_t)count;
    else if (strcmp(name, "--max-objects") == 0) ret->max_objects = (size_t)count;
    else if (strcmp(name, "--max-frames") == 0) ret->max_frames = (size_t)count;
    else ret->max_steps = count;
    return true;
}

/* The option's name without a value behind "=", or NULL for another option. */
static const char *find_valued(const char *word) {
    static const char *const names[] = {"--max-objects", "--max-bytes", "--max-frames",
                                        "--max-steps",   "--timeout",   "--stress",
                                        "--check-transcript", "--update-transcript"};
    size_t length = strcspn(word, "=");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == length && strncmp(names[i], word, length) == 0) return names[i];
    return NULL;
}

/* The value stands behind "=" or in the next word. */
static bool read_valued(options *ret, const char *name, char *const *argv, int *index) {
    const char *sign = strchr(argv[*index], '=');
    const char *value = sign != NULL ? sign + 1 : argv[*index + 1];
    if (value == NULL || (sign == NULL && value[0] == '-')) {
        ret->needs_value = true;
        return false;
    }
    if (sign == NULL) ++*index;
    if (!set_value(ret, name, value)) return false;
    ret->wants = NULL;
    return true;
}

/* ---- words ------------------------------------------------------------------------------- */

static bool read_long(options *ret, char *const *argv, int *index) {
    const char *word = argv[*index], *valued = find_valued(word);
    if (valued != NULL) return read_valued(ret, valued, argv, index);
    if (strcmp(word, "--exact") == 0) ret->exact = true;
    else if (strcmp(word, "--strict") == 0) ret->strict = true;
    else if (strcmp(word, "--no-init") == 0) ret->no_init = true;
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
    case 'q': ret->quiet = true; return true;
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
    if (word[1] == '-') return read_long(ret, argv, index);
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
