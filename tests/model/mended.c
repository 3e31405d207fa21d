/* SPDX-License-Identifier: MIT */
/* Mended: sequences on which the core once differed from the model. Each is done again as it
 * was found, whatever the random ones come upon. */
#include <stdio.h>
#include <string.h>

#include "checks.h"
#include "script.h"

typedef struct mended {
    const char *name;
    int count;
    op ops[8];
} mended;

static const mended list[] = {
    {"a weak reference in a dying set further out, still intact, has its callback run", 6,
     {{.act = {.kind = OP_MAKE, .what = A_NODE, .number = 9}},
      {.act = {.kind = OP_MAKE, .what = A_CALLBACK, .a = 9, .b = NOBODY, .number = 10}},
      {.act = {.kind = OP_MAKE, .what = A_NODE, .number = 8},
       .words = {{.kind = OP_UNBIND, .k = OWN_NAME + 9}, {.kind = OP_BIND, .b = CHILD}}},
      {.act = {.kind = OP_SET, .a = 8, .b = 10}},
      {.act = {.kind = OP_UNBIND, .k = OWN_NAME + 10}},
      {.act = {.kind = OP_UNBIND, .k = OWN_NAME + 8}}}},
    {"the second look does not reach the value of an ephemeron without its key", 4,
     {{.act = {.kind = OP_MAKE, .what = A_WEAK_KEYS, .number = 8}},
      {.act = {.kind = OP_MAKE, .what = A_NODE, .number = 9}},
      {.act = {.kind = OP_WATCH, .a = 8, .b = 9, .k = 9}},
      {.act = {.kind = OP_PIN, .a = 8}}}},
    {"a collection within the death of a class keeps what instances are buried by", 4,
     {{.act = {.kind = OP_MAKE, .what = A_NODE, .number = 8}},
      {.act = {.kind = OP_MAKE, .what = A_WEAK_VALUES, .number = 10, .k = HELD}},
      {.act = {.kind = OP_MAKE, .what = A_NODE, .number = 9},
       .words = {{.kind = OP_COLLECT, .k = 1}}},
      {.act = {.kind = OP_WATCH, .a = 10, .b = 8, .k = 9}}}},
};

enum { LISTED = sizeof list / sizeof *list };

int check_mended_count(void) {
    return LISTED;
}

void check_mended(run *shared) {
    for (int i = 0; i < LISTED; i++) {
        memcpy(shared->ops, list[i].ops, sizeof list[i].ops);
        shared->count = list[i].count;
        bool good = run_again(shared, WRONG_NOTHING);
        check(good, "%s", list[i].name);
        if (good) continue;
        printf("# %s\n", shared->why);
        script_print(stdout, "# ", shared->ops, shared->count);
    }
}
