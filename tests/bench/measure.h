/* SPDX-License-Identifier: MIT */
/* Measure: what the benchmark needs beside the heap: a clock, the size of the process, the
 * form of the output, the random numbers that fix the workloads, and latencies.
 * The arithmetic and the output are the same in every language a workload is written in. */
#ifndef OURO_BENCH_MEASURE_H
#define OURO_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nanoseconds of a monotonic clock. */
uint64_t measure_now(void);
/* Bytes of the process that are in memory now. */
double measure_rss(void);
/* One line of output: metric, value, unit. */
void measure_emit(const char *metric, double value, const char *unit);
/* The most memory the process ever had, and which share of a processor it got since the
 * given time: less than all of one makes the times worthless. */
void measure_emit_process(uint64_t since);

/* Memory of count elements, zeroed; ends the program when there is none. */
void *measure_array(size_t count, size_t size);

/* Four targets for each of n nodes: the first ones make a single random cycle through all
 * of them, the others are random. owned, freed with free(). */
uint32_t *measure_graph(uint32_t n);

/* x * 69069 + 1 modulo 2^32 (Marsaglia 1972). Begin with 1. */
static inline uint32_t measure_random(uint32_t *state, uint32_t n) {
    *state = *state * 69069u + 1;
    return (*state >> 12) % n;
}

#define MEASURE_BUCKETS 1000
#define MEASURE_BUCKET_NS 100

/* Times in buckets of 100 ns up to 100 us; the few longer ones each. Zero it to begin. */
typedef struct latencies {
    uint32_t short_ones[MEASURE_BUCKETS];
    uint64_t *long_ones;
    size_t count; /* of the long ones */
    size_t capacity;
} latencies;

void latencies_add_long(latencies *l, uint64_t ns);

static inline void latencies_add(latencies *l, uint64_t ns) {
    if (ns < (uint64_t)MEASURE_BUCKETS * MEASURE_BUCKET_NS)
        l->short_ones[ns / MEASURE_BUCKET_NS]++;
    else
        latencies_add_long(l, ns);
}

/* Emits the longest and the one in a thousand, of that many operations; frees. */
void latencies_report(latencies *l, uint64_t operations);

#endif
