/* SPDX-License-Identifier: MIT */
/* Generational: the policy that asks the young first. Survivors of a collection move to the
 * next generation; the old are asked when enough have become old (CPython to 3.12). */
#include "collect/policy.h"

const ouro__policy ouro__policy_generational = {
    .name = "generational",
    .description = "subtracts internal references over the young, promotes survivors; "
                   "the old when the heap has doubled",
    .automatic = true,
};
