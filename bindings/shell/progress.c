/* SPDX-License-Identifier: MIT */
/* Progress: one line that is written over, from the second second of a work on (progress.h). It
 * is gone when the work is. */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "interrupt.h"

/* Seconds: before the first line, and between two. */
#define PATIENCE 1.0
#define INTERVAL 0.2

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* With commas: 1,234,567. */
static const char *write_count(double number, char *buffer, size_t size) {
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%.0f", number);
    size_t at = 0;
    for (int i = 0; i < length && at + 2 < size; i++) {
        if (i > 0 && (length - i) % 3 == 0) buffer[at++] = ',';
        buffer[at++] = digits[i];
    }
    buffer[at] = '\0';
    return buffer;
}

static void show(progress *p, const ouro_progress *at, double time) {
    char done[48], total[48], rate[48];
    double passed = time - p->phase_began;
    write_count((double)at->done, done, sizeof done);
    write_count((double)at->total, total, sizeof total);
    write_count(passed > 0 ? (double)at->done / passed : 0, rate, sizeof rate);
    fflush(stdout);
    fprintf(stderr, "\r%s: %s, %s", at->work, at->phase, done);
    if (at->total > 0)
        fprintf(stderr, " of %s, %.0f%%", total, 100.0 * (double)at->done / (double)at->total);
    fprintf(stderr, ", %s/s\x1b[K", rate);
    fflush(stderr);
    p->shown = true;
    p->told = time;
}

static void wipe(progress *p) {
    if (p->shown) fputs("\r\x1b[K", stderr);
    fflush(stderr);
    p->shown = false;
}

static bool listen(ouro_heap *heap, const ouro_progress *at, void *user) {
    progress *p = user;
    (void)heap;
    if (at->ended) {
        wipe(p);
        p->work = NULL;
        return true;
    }
    if (p->terminal) {
        double time = now();
        if (p->work != at->work) p->began = time;
        if (p->work != at->work || p->phase != at->phase) p->phase_began = time;
        p->work = at->work;
        p->phase = at->phase;
        if (time - p->began > PATIENCE && time - p->told > INTERVAL) show(p, at, time);
    }
    return !ouro__interrupt_is_wanted();
}

void ouro__progress_install(lua_State *L, progress *p) {
    *p = (progress){.entry = {listen, p}, .terminal = isatty(STDERR_FILENO) != 0};
    lua_pushlightuserdata(L, &p->entry);
    lua_setfield(L, LUA_REGISTRYINDEX, OURO_LUA_PROGRESS);
}
