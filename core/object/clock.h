/* SPDX-License-Identifier: MIT */
/* Clock: for statistics only; nothing that a program can see depends on the time. */
#ifndef OURO__CLOCK_H
#define OURO__CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds since some moment. */
static inline uint64_t ouro__clock_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#endif
