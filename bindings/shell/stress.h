/* SPDX-License-Identifier: MIT */
/* Stress: `ouro --stress=MODE`, to find what depends on when collections come, or does not
 * survive that memory runs out.
 *
 *   collect        a full collection at each safe point of the heap
 *   collect:N      at every Nth; collect@K: at the Kth alone
 *   collect-each   the script once for every K, each in a process of its own (series.c)
 *   nomem@N        the Nth allocation fails, of Lua or of a heap
 *   nomem-each     the script once for every N */
#ifndef OURO_SHELL_STRESS_H
#define OURO_SHELL_STRESS_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/* As the registry entry "ouro.allocator" of the module has it. */
typedef struct stress_allocator {
    void *(*alloc)(void *user, void *pointer, size_t old_size, size_t new_size, size_t align);
    void *user;
} stress_allocator;

typedef struct stress {
    unsigned long long every, at; /* safe points; 0: none */
    unsigned long long fail;      /* the allocation that fails; 0: none */
    unsigned long long allocations; /* so far, once begun */
    unsigned long long again;       /* and the next one, which repeats it; 0: none */
    bool collects, allocates;     /* which of the two it is about */
    int report;                   /* a file descriptor for the totals, or -1 */
    stress_allocator allocator;
} stress;

/* Whether that is one of the modes. */
bool ouro__stress_understands(const char *mode);
/* Whether it takes several runs. mode: may be NULL. */
bool ouro__stress_is_series(const char *mode);
/* mode: one that takes a single run, or NULL. Reads the environment's OURO_STRESS_REPORT. */
void ouro__stress_read(stress *ret_stress, const char *mode);
/* A Lua state whose memory is under stress, or NULL. */
lua_State *ouro__stress_new_state(stress *s);
/* The heap is open, the script about to run; then: it has run. false: the heap is damaged. May
 * raise. */
void ouro__stress_begin(stress *s, lua_State *L);
bool ouro__stress_end(stress *s, lua_State *L);

/* Runs the command line again and again and reports what came out. Returns the exit status:
 * 0 if nothing was found. */
int ouro__stress_run_series(char *const *argv);

#endif
