/* SPDX-License-Identifier: MIT */
/* Shrink: delta debugging (Zeller and Hildebrandt 2002) over the operations, then over what
 * each of them says. Every trial runs in a child of its own. */
#include "shrink.h"

#include <stdlib.h>
#include <string.h>

typedef struct shrinking {
    run *shared;
    wrong_rule wrong;
    op best[OPS_MAX];
    int count;
    char why[600];
} shrinking;

/* Whether those fail as well; then they are the best. */
static bool try(shrinking *s, const op *ops, int count) {
    memcpy(s->shared->ops, ops, (size_t)count * sizeof *ops);
    s->shared->count = count;
    if (run_again(s->shared, s->wrong)) return false;
    memmove(s->best, ops, (size_t)count * sizeof *ops);
    s->count = count;
    memcpy(s->why, s->shared->why, sizeof s->why);
    return true;
}

static bool try_without(shrinking *s, int first, int count) {
    op ops[OPS_MAX];
    int left = 0;
    for (int i = 0; i < s->count; i++)
        if (i < first || i >= first + count) ops[left++] = s->best[i];
    return try(s, ops, left);
}

static bool remove_operations(shrinking *s) {
    bool shrunk = false;
    for (int size = s->count / 2 + 1; size >= 1; size /= 2)
        for (int first = 0; first < s->count;) {
            bool removed = try_without(s, first, size);
            shrunk |= removed;
            if (!removed) first += size;
        }
    return shrunk;
}

static bool try_change(shrinking *s, int i, op changed) {
    op ops[OPS_MAX];
    if (memcmp(&s->best[i], &changed, sizeof changed) == 0) return false;
    memcpy(ops, s->best, (size_t)s->count * sizeof *ops);
    ops[i] = changed;
    return try(s, ops, s->count);
}

/* Fewer words, plain places, simpler things. */
static bool simplify_operation(shrinking *s, int i) {
    static const uint8_t plainer[] = {A_NODE, A_PLAIN, A_LIST};
    bool shrunk = false;
    for (int w = 0; w < WORDS; w++) {
        op changed = s->best[i];
        changed.words[w] = (act){.kind = OP_NONE};
        shrunk |= try_change(s, i, changed);
    }
    op changed = s->best[i];
    changed.starved = false;
    shrunk |= try_change(s, i, changed);
    changed = s->best[i];
    if (changed.act.kind != OP_MAKE && changed.act.kind != OP_INSTANCE) return shrunk;
    changed.act.k = IN_OWN_NAME;
    shrunk |= try_change(s, i, changed);
    changed = s->best[i];
    if (changed.act.kind == OP_INSTANCE) return shrunk;
    if (is_watcher(changed.act.what)) {
        changed.act.b = NOBODY;
        return try_change(s, i, changed) || shrunk;
    }
    for (size_t p = 0; p < sizeof plainer; p++) {
        changed = s->best[i];
        if (changed.act.what == plainer[p]) break;
        changed.act.what = plainer[p];
        changed.items = 0;
        if (try_change(s, i, changed)) return true;
    }
    return shrunk;
}

void shrink(run *shared, wrong_rule wrong) {
    shrinking *s = calloc(1, sizeof *s);
    if (s == NULL) return;
    s->shared = shared;
    s->wrong = wrong;
    s->count = shared->count;
    memcpy(s->best, shared->ops, sizeof s->best);
    memcpy(s->why, shared->why, sizeof s->why);
    bool again = try(s, shared->ops, shared->at < s->count ? shared->at + 1 : s->count);
    while (again) {
        again = remove_operations(s);
        for (int i = 0; i < s->count; i++) again |= simplify_operation(s, i);
    }
    memcpy(shared->ops, s->best, sizeof s->best);
    memcpy(shared->why, s->why, sizeof s->why);
    shared->count = s->count;
    shared->failed = true;
    free(s);
}
