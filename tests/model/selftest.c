/* SPDX-License-Identifier: MIT */
/* Selftest: a test that cannot fail proves nothing. Each mistake that can be planted in the
 * model must be noticed, shrunk to a few operations, and printed as a script which, run by
 * `ouro`, prints what the rules say it prints. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "script.h"
#include "shrink.h"

enum { A_FEW = 6, SEEDS = 400, TRIES = 6 };

/* The lines of a script that say what is expected. */
static bool next_expected(FILE *script, char *line, int size) {
    while (fgets(line, size, script) != NULL) {
        char *found = strstr(line, "--> ");
        if (found == NULL) continue;
        memmove(line, found + 4, strlen(found + 4) + 1);
        return true;
    }
    return false;
}

static bool is_as_expected(FILE *script, FILE *output) {
    char expected[256], got[256];
    while (next_expected(script, expected, sizeof expected)) {
        if (fgets(got, sizeof got, output) == NULL) strcpy(got, "(nothing)\n");
        if (strcmp(got, expected) == 0) continue;
        printf("# the script prints %.*s, expected %s", (int)strcspn(got, "\n"), got, expected);
        return false;
    }
    return fgets(got, sizeof got, output) == NULL;
}

static bool script_is_true(const run *shared) {
    const char *ouro = getenv("OURO");
    char path[] = "/tmp/ouro-model-XXXXXX", command[2048];
    int file = mkstemp(path);
    FILE *script = file >= 0 ? fdopen(file, "w+") : NULL;
    if (script == NULL) return false;
    script_print(script, "", shared->ops, shared->count);
    fflush(script);
    rewind(script);
    snprintf(command, sizeof command, "'%s' %s 2>&1", ouro != NULL ? ouro : "ouro", path);
    FILE *output = popen(command, "r");
    bool good = output != NULL && is_as_expected(script, output);
    if (output != NULL) good = pclose(output) == 0 && good;
    fclose(script);
    remove(path);
    return good;
}

/* What is short depends on where one begins: the shortest of several. */
static bool find_shortest(run *shared, wrong_rule wrong) {
    op best[OPS_MAX];
    int count = OPS_MAX + 1;
    uint64_t seed = 1;
    for (int i = 0; i < TRIES && count > 4; i++) {
        if (run_batch(shared, seed, SEEDS, UINT64_MAX / 2, wrong)) break;
        seed = shared->seed + 1;
        shrink(shared, wrong);
        if (shared->count >= count) continue;
        count = shared->count;
        memcpy(best, shared->ops, sizeof best);
    }
    if (count > OPS_MAX) return false;
    memcpy(shared->ops, best, sizeof best);
    shared->count = count;
    return !run_again(shared, wrong);
}

static void check_rule(run *shared, wrong_rule wrong) {
    const char *name = wrong_rule_names[wrong];
    bool noticed = find_shortest(shared, wrong);
    check(noticed, "noticed: %s", name);
    bool few = noticed && shared->count <= A_FEW;
    check(few, "shrunk to at most %d operations: %s", A_FEW, name);
    printf("# %d operations: %s\n", shared->count, shared->why);
    bool good = noticed && script_is_true(shared);
    check(good, "printed as a script that runs: %s", name);
    if (!good || !few || wrong == WRONG_CALLBACKS_OLDEST_FIRST)
        script_print(stdout, "# ", shared->ops, shared->count);
}

int check_selftest(void) {
    run *shared = run_new();
    if (shared == NULL) {
        printf("Bail out! no shared memory\n");
        return 1;
    }
    printf("1..%d\n", 3 * (WRONG_RULES - 1));
    for (int wrong = WRONG_NOTHING + 1; wrong < WRONG_RULES; wrong++)
        check_rule(shared, (wrong_rule)wrong);
    run_free(shared);
    return check_result();
}
