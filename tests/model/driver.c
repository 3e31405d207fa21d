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

/* ---- collections that only the core knows of --------------------------------------------- */

static void predict(void *context, const bool *dying) {
    session *s = context;
    int culprit = NOBODY;
    const char *wrong = model_collect_these(&s->now, dying, &culprit);
    if (wrong != NULL) real_fail(&s->real, "n%d %s", culprit, wrong);
    s->shared->automatic++;
}

/* What is gone without having been expected to has been collected, unseen. */
static void follow_collection(session *s) {
    bool vanished[NUMBERS], any = false;
    long litter;
    real_vanished(&s->real, &s->now, vanished, &litter);
    for (int n = 0; n < NUMBERS; n++) any |= vanished[n];
    if (litter > s->now.litter[0]) real_fail(&s->real, "there are objects that nobody has made");
    s->now.deaths += s->now.litter[0] - litter;
    s->now.litter[0] = litter;
    int before = s->trace.count;
    if (any) predict(s, vanished);
    if (any && s->trace.count != before)
        real_fail(&s->real, "what was collected was not finalized, or nobody was called");
}

/* Where the model does not know whether something is collected, and what, it is told by what
 * dies; who may, and all that follows from it, is then the model's to say again. */
static void do_real(session *s, const op *o) {
    op done = *o;
    done.act.refused = s->now.refused;
    s->real.paced = s->now.paced;
    s->real.quiet = s->now.quiet;
    bool blind = !s->now.paced && o->act.kind == OP_SAFE_POINT;
    s->real.blind = s->now.deaf = blind;
    real_do(&s->real, &done, (unsigned)s->now.bell);
    /* A refused operation has changed nothing. */
    if (s->real.refused) s->now = s->before;
    if (!s->now.paced && !s->real.failed && !s->real.open) follow_collection(s);
    s->real.blind = s->now.deaf = false;
}

/* ---- both -------------------------------------------------------------------------------- */

/* Only what runs nothing and lets nothing die may be refused for want of memory: death would
 * make do without, and not in the same order. */
static bool may_starve(const session *s, const op *o) {
    return o->starved && s->trace.count == 0 && !s->now.refused &&
           s->now.deaths == s->before.deaths && s->now.deferred == s->before.deferred;
}

static void count_work(session *s, const op *o) {
    run *shared = s->shared;
    shared->done++;
    shared->steps += (uint64_t)s->trace.count;
    shared->refused += s->now.refused;
    shared->starved += s->real.refused;
    bool collects = s->trace.count > 0 && s->trace.steps[s->trace.count - 1].kind == STEP_GOT;
    long found = collects ? s->trace.steps[s->trace.count - 1].n : -1;
    shared->collected += found > 0 ? (uint64_t)found : 0;
    shared->automatic += o->act.kind == OP_SAFE_POINT && found >= 0;
}

static bool step_both(session *s, const op *o) {
    if (!step_model(s, o)) return true;
    s->real.starved = may_starve(s, o);
    do_real(s, o);
    count_work(s, o);
    if (s->now.ambiguous && !s->real.failed) return false; /* seen too late: the sequence ends */
    real_compare(&s->real, &s->now, &s->before);
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
    pace_kind paces[POLICIES];
    int policies = real_policies(paces);
    model_init(&s->now, &s->trace, wrong, paces, policies);
    real_open(&s->real, &s->trace);
    s->real.predict = predict;
    s->real.predict_context = s;
    s->real.model = &s->now;
    alarm(PATIENCE);
}

static void do_last(session *s, op_kind kind, int n) {
    op o = {.act = {.kind = (uint8_t)kind, .a = (int16_t)n}};
    if (!s->shared->failed && !step_both(s, &o)) note_failure(s, s->shared->count);
}

/* What is saved goes before the heap closes, in an order that is known; and so do limits. */
static void empty_garbage(session *s) {
    do_last(s, OP_SAVEALL, 0);
    do_last(s, OP_LIMIT, 0);
    for (int n = 0; n < NUMBERS; n++)
        while (s->now.saved[n] > 0 && !s->shared->failed && !s->now.ambiguous)
            do_last(s, OP_TAKE, n);
}

static bool finish_session(session *s) {
    if (s->now.ambiguous) s->real.open = true; /* by what was collected: nothing is compared */
    else empty_garbage(s);
    if (s->shared->failed) return false; /* the heap is in no state to be closed */
    release_classes(s);
    end_session(s);
    return !s->shared->failed;
}

static bool replay(session *s, run *shared, wrong_rule wrong) {
    begin_session(s, shared, wrong);
    for (int i = 0; i < shared->count && !shared->failed && !s->now.ambiguous; i++) {
        shared->at = i;
        if (!step_both(s, &shared->ops[i])) note_failure(s, i);
    }
    shared->at = shared->failed ? shared->at : shared->count;
    return finish_session(s);
}

/* Sequences take turns at the policy they begin with; and at whether the model knows when the
 * first one collects, or has to be told as by those that it does not know; of which every other
 * time nothing is collected but on request, generation by generation. */
static op first_op(const session *s, uint64_t seed) {
    int turn = (int)(seed % (uint64_t)(s->now.policies + 1));
    int k = turn < s->now.policies ? turn : ANY_TIME;
    bool unknown = k == turn && s->now.paces[turn] == PACE_ANY_TIME;
    if (unknown && seed / (uint64_t)(s->now.policies + 1) % 2 == 0) k |= QUIET;
    return (op){.act = {.kind = OP_POLICY, .k = (int16_t)k}};
}

static bool generate_and_run(session *s, run *shared, uint64_t seed, wrong_rule wrong) {
    generator g;
    generate_begin(&g, seed);
    shared->seed = seed;
    shared->count = 0;
    begin_session(s, shared, wrong);
    while (shared->count < OPS_MAX && !shared->failed && !s->now.ambiguous) {
        shared->ops[shared->count] =
            shared->count > 0 ? generate_op(&g, &s->now)
                              : first_op(s, seed);
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
