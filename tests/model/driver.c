/* SPDX-License-Identifier: MIT */
/* Driver: generate, run, compare; in a child whose end is part of the result. */
#include "driver.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "generate.h"
#include "real.h"

enum { PATIENCE = 120 }; /* seconds without a sequence's end: it hangs */

run *run_new(void) {
    FILE *file = tmpfile();
    if (file == NULL) return NULL;
    bool sized = ftruncate(fileno(file), sizeof(run)) == 0;
    void *shared = sized ? mmap(NULL, sizeof(run), PROT_READ | PROT_WRITE, MAP_SHARED,
                                fileno(file), 0)
                         : MAP_FAILED;
    fclose(file);
    return shared != MAP_FAILED ? shared : NULL;
}

void run_free(run *shared) {
    munmap(shared, sizeof *shared);
}

/* ---- one sequence ------------------------------------------------------------------------ */

typedef struct session {
    run *shared;
    model now, before;
    trace trace;
    real real;
} session;

static void note_failure(session *s, int at) {
    if (!s->real.failed || s->shared->failed) return;
    s->shared->failed = true;
    s->shared->at = at;
    snprintf(s->shared->why, sizeof s->shared->why, "%s", s->real.why);
}

/* The model first. What the rules leave open does not happen. */
static bool step_model(session *s, const op *o) {
    s->before = s->now;
    s->trace.count = 0;
    s->now.bell = (long)real_bell(&s->real);
    bool done = model_do(&s->now, o);
    if (done && !s->now.ambiguous && !s->trace.full) return true;
    s->shared->open_operations += done;
    s->now = s->before;
    s->trace.full = false;
    s->shared->skipped++;
    return false;
}

static bool step_both(session *s, const op *o) {
    if (!step_model(s, o)) return true;
    real_do(&s->real, o, (unsigned)s->now.bell);
    real_compare(&s->real, &s->now, &s->before);
    run *shared = s->shared;
    shared->done++;
    shared->steps += (uint64_t)s->trace.count;
    bool collects = s->trace.count > 0 && s->trace.steps[s->trace.count - 1].kind == STEP_GOT;
    long found = collects ? s->trace.steps[s->trace.count - 1].n : -1;
    shared->collected += found > 0 ? (uint64_t)found : 0;
    shared->automatic += o->act.kind == OP_SAFE_POINT && found >= 0;
    return !s->real.failed;
}

static void end_session(session *s) {
    s->before = s->now;
    s->trace.count = 0;
    model_close(&s->now);
    if (s->trace.full) {
        s->trace.steps[0] = (step){.kind = STEP_OPEN};
        s->trace.count = 1;
    }
    for (int n = CLASS_NODE; n < CLASS_OPEN; n++) ouro_release(s->real.objects[n]);
    real_close(&s->real, s->now.leaked);
    s->shared->closes++;
    s->shared->open_closes += s->now.ambiguous || s->trace.full;
    s->shared->resurrected += (uint64_t)s->now.resurrected;
    s->shared->callbacks += (uint64_t)s->now.callbacks;
    note_failure(s, s->shared->count);
}

/* The test's own references to its classes go before the heap closes. */
static void release_classes(session *s) {
    for (int n = CLASS_NODE; n < CLASS_OPEN; n++) model_lose(&s->now, n);
}

static void begin_session(session *s, run *shared, wrong_rule wrong) {
    s->shared = shared;
    shared->failed = false;
    shared->at = 0;
    model_init(&s->now, &s->trace, wrong);
    real_open(&s->real, &s->trace);
    alarm(PATIENCE);
}

static bool finish_session(session *s) {
    if (s->shared->failed) return false; /* the heap is in no state to be closed */
    release_classes(s);
    end_session(s);
    return !s->shared->failed;
}

static bool replay(session *s, run *shared, wrong_rule wrong) {
    begin_session(s, shared, wrong);
    for (int i = 0; i < shared->count && !shared->failed; i++) {
        shared->at = i;
        if (!step_both(s, &shared->ops[i])) note_failure(s, i);
    }
    shared->at = shared->failed ? shared->at : shared->count;
    return finish_session(s);
}

static bool generate_and_run(session *s, run *shared, uint64_t seed, wrong_rule wrong) {
    generator g;
    generate_begin(&g, seed);
    shared->seed = seed;
    shared->count = 0;
    begin_session(s, shared, wrong);
    while (shared->count < OPS_MAX && !shared->failed) {
        /* Sequences take turns at the policy they begin with. */
        shared->ops[shared->count] =
            shared->count > 0 ? generate_op(&g, &s->now)
                              : (op){.act = {.kind = OP_POLICY, .k = (int16_t)(seed % 2)}};
        shared->at = shared->count++;
        if (!step_both(s, &shared->ops[shared->count - 1])) note_failure(s, shared->count - 1);
    }
    shared->at = shared->failed ? shared->at : shared->count;
    return finish_session(s);
}

/* ---- the child --------------------------------------------------------------------------- */

typedef struct batch {
    uint64_t first, seeds, operations;
    bool again;
    wrong_rule wrong;
} batch;

static bool run_here(run *shared, const batch *b) {
    session *s = calloc(1, sizeof *s);
    if (s == NULL) return false;
    bool good = true;
    if (b->again) {
        good = replay(s, shared, b->wrong);
    } else {
        uint64_t until = shared->done + b->operations;
        for (uint64_t i = 0; good && i < b->seeds && shared->done < until; i++)
            good = generate_and_run(s, shared, b->first + i, b->wrong);
    }
    free(s);
    return good;
}

static bool run_in_child(run *shared, const batch *b) {
    fflush(stdout);
    fflush(stderr);
    shared->failed = false;
    pid_t child = fork();
    if (child < 0) {
        shared->failed = true;
        snprintf(shared->why, sizeof shared->why, "no process could be made");
        return false;
    }
    if (child == 0) {
        /* What a crash prints while it is being shrunk is not for the reader. */
        if (b->again && freopen("/dev/null", "w", stderr) == NULL) _exit(3);
        _exit(run_here(shared, b) ? 0 : 1);
    }
    int status;
    while (waitpid(child, &status, 0) < 0) continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
    if (!shared->failed) {
        shared->failed = true;
        if (WIFSIGNALED(status))
            snprintf(shared->why, sizeof shared->why, "the process ended with signal %d%s",
                     WTERMSIG(status), WTERMSIG(status) == SIGALRM ? ": it hangs" : "");
        else
            snprintf(shared->why, sizeof shared->why, "the process ended with status %d",
                     WEXITSTATUS(status));
    }
    return false;
}

bool run_batch(run *shared, uint64_t first, uint64_t seeds, uint64_t operations,
               wrong_rule wrong) {
    batch b = {.first = first, .seeds = seeds, .operations = operations, .wrong = wrong};
    return run_in_child(shared, &b);
}

bool run_again(run *shared, wrong_rule wrong) {
    batch b = {.again = true, .wrong = wrong};
    return run_in_child(shared, &b);
}
