/* SPDX-License-Identifier: MIT */
/* Series: the same command line once for every point at which it can be put under stress
 * (stress.h), each time in a process of its own, and a report of what differed.
 *
 * The first run is without stress, and counts the points. What the others print has to be the
 * same where collections come at other moments, and has to be an error message or the same
 * where memory fails. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress.h"

/* A run's outcome. */
typedef struct outcome {
    char *text; /* of standard output and error, as they came */
    size_t length, capacity;
    unsigned long long total; /* points, as the run counted them; 0: it did not say */
    int status;               /* as of waitpid */
    bool failed;              /* it could not be run */
} outcome;

typedef struct series {
    char **argv; /* with the option's word, which is replaced */
    int option;
    bool of_memory;
    outcome plain;
    unsigned long long differ, crashed;
} series;

static const char prefix[] = "--stress=";

/* ---- one run ----------------------------------------------------------------------------- */

static bool add_text(outcome *o, const char *bytes, size_t count) {
    if (o->length + count + 1 > o->capacity) {
        size_t capacity = (o->length + count + 1) * 2;
        char *text = realloc(o->text, capacity);
        if (text == NULL) return false;
        o->text = text;
        o->capacity = capacity;
    }
    memcpy(o->text + o->length, bytes, count);
    o->length += count;
    o->text[o->length] = '\0';
    return true;
}

static void run_child(const series *s, int output, int report) {
    char number[16];
    snprintf(number, sizeof number, "%d", report);
    setenv("OURO_STRESS_REPORT", number, 1);
    int null = open("/dev/null", O_RDONLY);
    if (null >= 0) dup2(null, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execv("/proc/self/exe", s->argv);
    dprintf(STDERR_FILENO, "ouro: cannot run itself again: %s\n", strerror(errno));
    _exit(127);
}

/* Reads both pipes to their ends. */
static bool read_all(outcome *o, int output, int report) {
    struct pollfd files[] = {{.fd = output, .events = POLLIN}, {.fd = report, .events = POLLIN}};
    char buffer[4096];
    int open_files = 2;
    while (open_files > 0) {
        if (poll(files, 2, -1) < 0 && errno != EINTR) return false;
        for (int i = 0; i < 2; i++) {
            if (files[i].fd < 0 || files[i].revents == 0) continue;
            ssize_t got = read(files[i].fd, buffer, sizeof buffer - 1);
            if (got <= 0) {
                files[i].fd = -1;
                open_files--;
            } else if (i == 0) {
                if (!add_text(o, buffer, (size_t)got)) return false;
            } else {
                buffer[got] = '\0';
                o->total = strtoull(buffer, NULL, 10);
            }
        }
    }
    return true;
}

/* mode: the option's word. */
static outcome run(series *s, char *mode) {
    outcome o = {.failed = true};
    int output[2], report[2];
    s->argv[s->option] = mode;
    if (!add_text(&o, "", 0) || pipe(output) != 0) return o;
    if (pipe(report) != 0) {
        close(output[0]);
        close(output[1]);
        return o;
    }
    fcntl(output[0], F_SETFD, FD_CLOEXEC);
    fcntl(report[0], F_SETFD, FD_CLOEXEC);
    pid_t child = fork();
    if (child == 0) run_child(s, output[1], report[1]);
    close(output[1]);
    close(report[1]);
    o.failed = child < 0 || !read_all(&o, output[0], report[0]);
    close(output[0]);
    close(report[0]);
    if (child > 0) waitpid(child, &o.status, 0);
    return o;
}

/* ---- the report -------------------------------------------------------------------------- */

/* The first line, numbered from 1, in which they differ; *ret_a, *ret_b: where it begins. */
static size_t find_difference(const char *a, const char *b, const char **ret_a,
                              const char **ret_b) {
    size_t line = 1;
    *ret_a = a;
    *ret_b = b;
    for (; *a == *b && *a != '\0'; a++, b++) {
        if (*a != '\n') continue;
        line++;
        *ret_a = a + 1;
        *ret_b = b + 1;
    }
    return line;
}

static int line_length(const char *text) {
    size_t length = strcspn(text, "\n");
    return length > 200 ? 200 : (int)length;
}

static bool crashed(const outcome *o) {
    return !WIFEXITED(o->status) || WEXITSTATUS(o->status) > 1;
}

static void print_status(const outcome *o) {
    if (WIFSIGNALED(o->status)) printf("ended by signal %d\n", WTERMSIG(o->status));
    else printf("exit status %d\n", WEXITSTATUS(o->status));
}

static bool says(const outcome *o, const char *text) {
    return strstr(o->text, text) != NULL;
}

/* Where memory fails, a message that says so is as good as the usual output. */
static bool is_fine(const series *s, const outcome *o) {
    if (o->failed || crashed(o) || says(o, "heap is damaged")) return false;
    if (s->of_memory && says(o, "not enough memory")) return true;
    return strcmp(o->text, s->plain.text) == 0 && o->status == s->plain.status;
}

static void report(series *s, unsigned long long point, const outcome *o) {
    const char *a, *b;
    printf("at %s %llu: ", s->of_memory ? "allocation" : "point", point);
    if (o->failed) {
        printf("could not be run\n");
        s->crashed++;
        return;
    }
    if (crashed(o)) {
        s->crashed++;
        print_status(o);
        printf("  %.*s\n", line_length(o->text), o->text);
        return;
    }
    s->differ++;
    if (strcmp(s->plain.text, o->text) == 0) {
        print_status(o);
        return;
    }
    size_t line = find_difference(s->plain.text, o->text, &a, &b);
    printf("line %zu of the output is\n  %.*s\ninstead of\n  %.*s\n", line, line_length(b), b,
           line_length(a), a);
}

static void run_points(series *s) {
    char mode[64];
    for (unsigned long long point = 1; point <= s->plain.total; point++) {
        snprintf(mode, sizeof mode, "%s%s@%llu", prefix, s->of_memory ? "nomem" : "collect",
                 point);
        outcome o = run(s, mode);
        if (!is_fine(s, &o)) report(s, point, &o);
        free(o.text);
        if (point % 100 == 0 && isatty(STDERR_FILENO))
            fprintf(stderr, "\r%llu of %llu", point, s->plain.total);
    }
    if (isatty(STDERR_FILENO)) fprintf(stderr, "\r\033[K");
}

/* The option takes one word or two: then the second is taken out. */
static int find_option(char **argv, bool *ret_memory) {
    int i = 1;
    while (strncmp(argv[i], "--stress", 8) != 0) i++;
    const char *value = argv[i][8] == '=' ? argv[i] + 9 : argv[i + 1];
    *ret_memory = strncmp(value, "nomem", 5) == 0;
    if (argv[i][8] != '=')
        for (int j = i + 1; argv[j] != NULL; j++) argv[j] = argv[j + 1];
    return i;
}

int ouro__stress_run_series(char *const *argv) {
    /* Counts, and does nothing more: numbers that no run reaches. */
    static char count_points[] = "--stress=collect@9223372036854775807";
    static char count_allocations[] = "--stress=nomem@9223372036854775807";
    series s = {.argv = (char **)(uintptr_t)argv};
    s.option = find_option(s.argv, &s.of_memory);
    signal(SIGPIPE, SIG_IGN);
    s.plain = run(&s, s.of_memory ? count_allocations : count_points);
    if (s.plain.failed || s.plain.total == 0) {
        fprintf(stderr, "ouro: without stress the run does not end as it should:\n%s",
                s.plain.text != NULL ? s.plain.text : "");
        free(s.plain.text);
        return EXIT_FAILURE;
    }
    run_points(&s);
    printf("%llu %s, at %llu the output differs, at %llu it does not end properly\n",
           s.plain.total, s.of_memory ? "allocations" : "points", s.differ, s.crashed);
    free(s.plain.text);
    return s.differ + s.crashed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
