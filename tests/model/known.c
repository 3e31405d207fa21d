/* SPDX-License-Identifier: MIT */
/* Known: where the core differs from docs/semantics.md. In the random test the model follows
 * the core there, so that everything else can be looked at; here it is strict, and says what is
 * right. A deviation that is gone goes from the model too (SYNC: known-...). */
#include <stdio.h>
#include <string.h>

#include "checks.h"
#include "script.h"

typedef struct known {
    const char *name, *todo;
    int count;
    op ops[8];
} known;

static const known list[] = {
    {"a weak reference that survives its dying set has been called",
     "the core skips what is in any dying set when the target dies, for good", 6,
     {{.act = {.kind = OP_MAKE, .what = A_NODE, .number = 9}},
      {.act = {.kind = OP_MAKE, .what = A_CALLBACK, .a = 9, .b = NOBODY, .number = 10}},
      {.act = {.kind = OP_MAKE, .what = A_NODE, .number = 8},
       .words = {{.kind = OP_UNBIND, .k = OWN_NAME + 9}, {.kind = OP_BIND, .b = CHILD}}},
      {.act = {.kind = OP_SET, .a = 8, .b = 10}},
      {.act = {.kind = OP_UNBIND, .k = OWN_NAME + 10}},
      {.act = {.kind = OP_UNBIND, .k = OWN_NAME + 8}}}},
};

enum { LISTED = sizeof list / sizeof *list };

int check_known_count(void) {
    return LISTED;
}

void check_known(run *shared) {
    for (int i = 0; i < LISTED; i++) {
        memcpy(shared->ops, list[i].ops, sizeof list[i].ops);
        shared->count = list[i].count;
        shared->strict = true;
        bool good = run_again(shared, WRONG_NOTHING);
        shared->strict = false;
        check_todo(good, list[i].todo, list[i].name);
        if (good) continue;
        printf("# %s\n", shared->why);
        script_print(stdout, "# ", shared->ops, shared->count);
    }
}
