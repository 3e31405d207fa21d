/* SPDX-License-Identifier: MIT */
/* Random: the heap against the model. Prints TAP.
 *
 *   OURO_SEED=n   begin with this seed; without OURO_OPS, run its sequence alone
 *   OURO_OPS=n    how many operations in all (a nightly run does millions)
 *
 * What a failure needs to be understood is printed: the seed, the first disagreement, and the
 * sequence, shrunk, as a script for the shell of `ouro`. It is written to the build folder as
 * well. With the argument "selftest", planted mistakes must be found (selftest.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "driver.h"
#include "script.h"
#include "shrink.h"

enum { BATCHES = 8, PLAIN_OPERATIONS = 400000, SANITIZED_OPERATIONS = 24000 };

static uint64_t number_from(const char *variable, uint64_t otherwise) {
    const char *given = getenv(variable);
    return given != NULL && *given != '\0' ? strtoull(given, NULL, 10) : otherwise;
}

static bool is_set(const char *variable) {
    const char *given = getenv(variable);
    return given != NULL && *given != '\0';
}

static void write_script(const run *shared) {
    char path[1024];
    const char *root = getenv("OURO_BUILD_ROOT");
    if (root == NULL) return;
    snprintf(path, sizeof path, "%s/model-%llu.lua", root, (unsigned long long)shared->seed);
    FILE *file = fopen(path, "w");
    if (file == NULL) return;
    fprintf(file, "-- %s\n", shared->why);
    script_print(file, "", shared->ops, shared->count);
    fclose(file);
    printf("# the script below, to be run by ouro: %s\n", path);
}

static void explain(run *shared) {
    printf("# seed %llu, operation %d of %d: %s\n", (unsigned long long)shared->seed,
           shared->at + 1, shared->count, shared->why);
    printf("# OURO_SEED=%llu replays it\n", (unsigned long long)shared->seed);
    fflush(stdout);
    shrink(shared, WRONG_NOTHING);
    printf("# shrunk to %d operations: %s\n", shared->count, shared->why);
    write_script(shared);
    script_print(stdout, "# ", shared->ops, shared->count);
}

/* Seeds are handed out one after another, whoever runs them. */
static uint64_t run_some(run *shared, uint64_t seed, uint64_t seeds, uint64_t operations,
                         const char *name) {
    bool good = run_batch(shared, seed, seeds, operations, WRONG_NOTHING);
    check(good, "%s", name);
    uint64_t next = shared->seed + 1;
    if (!good) explain(shared);
    return next;
}

static int test_random(void) {
    uint64_t otherwise = is_set("OURO_SANITIZED") ? SANITIZED_OPERATIONS : PLAIN_OPERATIONS;
    uint64_t operations = number_from("OURO_OPS", otherwise), seed = number_from("OURO_SEED", 1);
    bool alone = is_set("OURO_SEED") && !is_set("OURO_OPS");
    int batches = alone ? 1 : BATCHES;
    run *shared = run_new();
    if (shared == NULL) {
        printf("Bail out! no shared memory\n");
        return 1;
    }
    printf("1..%d\n# seeds from %llu on\n", batches + (alone ? 0 : 1) + check_mended_count(),
           (unsigned long long)seed);
    for (int i = 0; i < batches; i++) {
        char name[80];
        snprintf(name, sizeof name, "the heap and the model agree, part %d of %d", i + 1, batches);
        seed = run_some(shared, seed, alone ? 1 : UINT64_MAX, operations / (uint64_t)batches + 1,
                        name);
    }
    if (!alone)
        check(shared->steps > 0 && shared->collected > 0 && shared->automatic > 0 &&
                  shared->resurrected > 0 && shared->callbacks > 0 && shared->refused > 0 &&
                  shared->starved > 0,
              "finalizers, callbacks, collections, automatic ones, resurrections and refusals "
              "took place");
    printf("# %llu operations, %llu skipped, %llu steps of finalizers and callbacks, %llu objects "
           "collected, %llu automatic collections, %llu resurrections, %llu callbacks\n",
           (unsigned long long)shared->done, (unsigned long long)shared->skipped,
           (unsigned long long)shared->steps, (unsigned long long)shared->collected,
           (unsigned long long)shared->automatic, (unsigned long long)shared->resurrected,
           (unsigned long long)shared->callbacks);
    printf("# %llu operations refused by a limit, %llu for want of memory\n",
           (unsigned long long)shared->refused, (unsigned long long)shared->starved);
    printf("# the rules leave the order open in %llu operations, which were not done, and in %llu "
           "of %llu closes, which were compared up to there\n",
           (unsigned long long)shared->open_operations, (unsigned long long)shared->open_closes,
           (unsigned long long)shared->closes);
    check_mended(shared);
    run_free(shared);
    return check_result();
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1 && strcmp(argv[1], "selftest") == 0) return check_selftest();
    return test_random();
}
