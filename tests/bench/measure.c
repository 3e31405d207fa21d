/* SPDX-License-Identifier: MIT */
/* Measure: see measure.h. Linux: the size of the process comes from /proc. */
#define _GNU_SOURCE
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* ---- the process ------------------------------------------------------------------------- */

static uint64_t read_clock(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t measure_now(void) {
    return read_clock(CLOCK_MONOTONIC);
}

double measure_rss(void) {
    long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL) return 0;
    if (fscanf(file, "%ld %ld", &size, &resident) != 2) resident = 0;
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

void measure_emit(const char *metric, double value, const char *unit) {
    printf("%s\t%.2f\t%s\n", metric, value, unit);
    fflush(stdout);
}

void measure_emit_process(uint64_t since) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    measure_emit("peak_rss", (double)usage.ru_maxrss, "KiB");
    double wall = (double)(measure_now() - since);
    measure_emit("cpu_share", 100 * (double)read_clock(CLOCK_PROCESS_CPUTIME_ID) / wall, "%");
}

void *measure_array(size_t count, size_t size) {
    void *array = calloc(count, size);
    if (array == NULL) {
        fprintf(stderr, "bench: no memory for %zu elements of %zu bytes\n", count, size);
        exit(1);
    }
    return array;
}

/* ---- random numbers ---------------------------------------------------------------------- */

/* The generator of MMIX (Knuth 1997), its upper half. */
static uint32_t next_target(uint64_t *state, uint32_t n) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % n;
}

/* The first targets: a permutation of one cycle (Sattolo 1986). */
uint32_t *measure_graph(uint32_t n) {
    uint32_t *edges = measure_array((size_t)n * 4, sizeof *edges);
    uint64_t state = 42;
    for (uint32_t i = 0; i < n; i++) edges[4 * i] = i;
    for (uint32_t i = n - 1; i > 0; i--) {
        uint32_t j = next_target(&state, i), target = edges[4 * i];
        edges[4 * i] = edges[4 * j];
        edges[4 * j] = target;
    }
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 1; k < 4; k++) edges[4 * i + k] = next_target(&state, n);
    return edges;
}

/* ---- latencies --------------------------------------------------------------------------- */

void latencies_add_long(latencies *l, uint64_t ns) {
    if (l->count == l->capacity) {
        size_t capacity = l->capacity ? 2 * l->capacity : 1024;
        uint64_t *grown = realloc(l->long_ones, capacity * sizeof *grown);
        if (grown == NULL) {
            fprintf(stderr, "bench: no memory for %zu latencies\n", capacity);
            exit(1);
        }
        l->long_ones = grown;
        l->capacity = capacity;
    }
    l->long_ones[l->count++] = ns;
}

static int compare_descending(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

/* The duration that so many operations exceed. A bucket counts as its upper end. */
static double duration_exceeded_by(const latencies *l, uint64_t operations) {
    if (l->count > operations) return (double)l->long_ones[operations];
    uint64_t seen = l->count;
    for (int bucket = MEASURE_BUCKETS - 1; bucket >= 0; bucket--) {
        seen += l->short_ones[bucket];
        if (seen > operations) return (bucket + 1.0) * MEASURE_BUCKET_NS;
    }
    return 0;
}

void latencies_report(latencies *l, uint64_t operations) {
    if (l->count) qsort(l->long_ones, l->count, sizeof *l->long_ones, compare_descending);
    measure_emit("p999", duration_exceeded_by(l, operations / 1000), "ns");
    measure_emit("max_pause", duration_exceeded_by(l, 0) / 1e6, "ms");
    free(l->long_ones);
}
