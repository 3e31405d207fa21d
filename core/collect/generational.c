/* SPDX-License-Identifier: MIT */
/* Generational: the policy that asks the young first (CPython to 3.12; the question itself:
 * Christopher 1984). Survivors of a collection move to the next generation; the old are asked
 * when the heap has doubled, so what a full collection costs is paid for by the objects made
 * since the last one. */
#include "collect/pacing.h"
#include "collect/policy.h"
#include "collect/question.h"
#include "collect/sweep.h"

const ouro__phase ouro__generational_phases[] = {
    {"scope", ouro__question_scope, true},
    {"count", ouro__question_count, true},
    {"roots", ouro__question_roots, false},
    {"restore", ouro__question_restore, false},
    {"ask", ouro__question_ask, false},
    {"restore", ouro__question_restore, true},
    {"survey", ouro__sweep_survey, false},
    {NULL, NULL, false},
};

const ouro__policy ouro__policy_generational = {
    .name = "generational",
    .description = "subtracts internal references over the young, promotes survivors; "
                   "the old when the heap has doubled",
    .phases = ouro__generational_phases,
    .asks = true,
    .automatic = true,
    .due = ouro__pacing_generation_due,
};
