/* SPDX-License-Identifier: MIT */
/* Tracing: the policy that marks what is reached and frees the rest (McCarthy 1960).
 *
 * It begins where it knows that the outside refers: frames, records, pins, held objects. What
 * is live is so looked at once and never counted. What is left is garbage, unless C code
 * counts references to it of which there is no list: so references are counted among those
 * left, as all other policies do among all, and whoever has more than that is a root as well.
 * A heap whose roots are known costs one look at each live object; one whose only root is C
 * code's, as much as subtraction. The young are not told apart: a collection is over
 * everything, when the heap has doubled. */
#include "collect/pacing.h"
#include "collect/policy.h"
#include "collect/question.h"
#include "collect/sweep.h"

static bool mark_own(ouro_object *object, const char *what, void *context) {
    (void)what;
    (void)context;
    ouro__question_mark(object);
    return true;
}

static void mark_pins(ouro_heap *heap) {
    for (size_t i = 0; i < heap->pins.capacity; i++)
        if (heap->pins.entries[i].key != 0)
            ouro__question_mark((ouro_object *)(uintptr_t)heap->pins.entries[i].key);
}

/* Marks all that is held, unless the outside is going to be asked about it. */
static bool mark_roots(ouro_heap *heap, size_t *budget) {
    ouro__pass *pass = &heap->pass;
    unsigned roots = OURO__SHIELDED | OURO__QUEUED | (pass->cross ? 0u : OURO__HELD);
    ouro__stretch s;
    while (*budget > 0 && ouro__pass_next(heap, ouro__pass_is_asked, &s)) {
        for (uint32_t cell = s.begin; cell < s.end; cell++) {
            ouro_object *object = ouro__cell_at(s.block, cell);
            if (object->flags & roots && object->type != 0) ouro__question_mark(object);
        }
        ouro__pass_spend(pass, budget, (s.end - s.begin) / 8 + 1);
    }
    if (*budget == 0) return false;
    ouro__heap_own_refs(heap, mark_own, NULL);
    mark_pins(heap);
    return true;
}

static void count_value(ouro_object *container, ouro_object *key, ouro_object *value,
                        bool *charged, void *context) {
    (void)container;
    (void)key;
    (void)charged;
    if (ouro__question_is_garbage(value)) ouro__question_count_one(context, value);
}

/* A container of ephemerons that is reached counts values that are not, for their keys are not:
 * these references are from within as well. */
static bool count_ephemerons(ouro_heap *heap, size_t *budget) {
    ouro__pass *pass = &heap->pass;
    ouro__stretch s;
    if (heap->ephemerons == 0) return true;
    while (*budget > 0 && ouro__pass_next(heap, ouro__pass_is_asked, &s)) {
        for (uint32_t cell = s.begin; cell < s.end; cell++) {
            ouro_object *object = ouro__cell_at(s.block, cell);
            if (object->type == 0 || !ouro__type_of(heap, object)->ephemerons) continue;
            bool reached = !ouro__question_is_garbage(object);
            if (!reached || !ouro__question_is_candidate(object, 2)) continue;
            heap->watch->each_of_container(object, count_value, heap);
        }
        ouro__pass_spend(pass, budget, (s.end - s.begin) / 8 + 1);
    }
    return *budget > 0;
}

static const ouro__phase phases[] = {
    {"scope", ouro__question_scope, true},
    {"known roots", mark_roots, false},
    {"mark", ouro__question_restore, true},
    {"count", ouro__question_count, true},
    {"ephemerons", count_ephemerons, false},
    {"roots", ouro__question_roots, false},
    {"restore", ouro__question_restore, false},
    {"ask", ouro__question_ask, false},
    {"restore", ouro__question_restore, true},
    {"survey", ouro__sweep_survey, false},
    {NULL, NULL, false},
};

const ouro__policy ouro__policy_tracing = {
    .name = "tracing",
    .description = "marks from names, pins and held objects, frees the rest, all in one go; "
                   "when the heap has doubled",
    .phases = phases,
    .automatic = true,
    .asks = true,
    .due = ouro__pacing_full_due,
};
