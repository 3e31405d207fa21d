/* SPDX-License-Identifier: MIT */
/* Real: the same operations on a heap of the core, which has to follow the model's trace. */
#ifndef TESTS_MODEL_REAL_H
#define TESTS_MODEL_REAL_H

#include <ouro.h>

#include "model.h"

typedef struct real {
    ouro_heap *heap;
    ouro_type *own, *item;
    ouro_object *objects[NUMBERS]; /* by number; valid as long as the model says it is alive */
    const trace *trace;
    int position; /* in the trace */
    bool open;    /* past what is determined: nothing is compared or done any more */
    bool failed;
    bool listening;
    bool limited; /* the act is to be refused */
    bool starved; /* the operation's first call gets no memory */
    bool refused; /* for want of it */
    bool paced;   /* as the model, and: */
    bool quiet;
    size_t policies;
    /* Asked when something dies at a safe point and the trace does not say what. */
    bool blind;
    void (*predict)(void *context, const bool *dying);
    void *predict_context;
    const model *model; /* when blind: who was alive */
    long deaths_heard, resurrections_heard;
    long asked, asked_found; /* collections by the test itself, and what they found */
    size_t bytes; /* obtained from the C library */
    char why[600];
} real;

/* What policies there are, and when they collect. Returns how many. */
int real_policies(pace_kind paces[POLICIES]);
void real_open(real *r, const trace *t);
/* Does one operation, following the trace from its beginning. bell: as the model was told. */
void real_do(real *r, const op *o, unsigned bell);
/* Which of those that the model thinks alive are not any more, or are dying. */
void real_vanished(real *r, const model *m, bool ret_vanished[NUMBERS], long *ret_litter);
/* What a safe point would find due: the heap's first word. */
unsigned real_bell(const real *r);
/* Closes the heap, following the trace. */
void real_close(real *r, int leaked);

/* The first disagreement is kept. */
void real_fail(real *r, const char *format, ...) OURO_PRINTF(2, 3);
int real_number(const ouro_object *object);
/* As model_view. */
uint64_t real_view(real *r);

/* Everything that can be seen, against the model (compare.c). heard: deaths in this
 * operation, resurrections in this operation. */
void real_compare(real *r, const model *m, const model *before);

/* calls.c */
void real_bind(real *r, int which, int name, int value);
void real_act(real *r, const act *a, const op *o, unsigned bell);
/* The trace's next step must be this. False: it is not, or nothing is compared any more. */
const step *real_follow(real *r, step_kind kind, int n);
/* A finalizer or callback of object n. */
void real_last_words(real *r, step_kind kind, int n);

/* makes.c */
void real_make(real *r, const act *a, int items);
void real_enter(real *r, int number, ouro_object *made);
void real_finalize(ouro_object *object);
void real_try_begin(real *r);
bool real_try_end(real *r, ouro_status status, const char *call);
/* A call that may be refused. True: it was done. */
#define TRY(r, call) (real_try_begin(r), real_try_end(r, (call), #call))

#define MUST(r, call)                                                                        \
    do {                                                                                     \
        ouro_status must_status = (call);                                                    \
        if (must_status != OURO_OK)                                                          \
            real_fail(r, "%s: %s: %s", #call, ouro_status_name(must_status),                 \
                      ouro_heap_message((r)->heap));                                         \
    } while (0)

#endif
