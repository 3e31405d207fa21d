/* SPDX-License-Identifier: MIT */
/* Refcount: the policy that never starts a collection. Cycles stay until asked for. */
#include "collect/policy.h"

const ouro__policy ouro__policy_refcount = {
    .name = "refcount",
    .description = "counting alone; cycles stay until collect() is called",
    .phases = ouro__generational_phases,
    .asks = true,
    .automatic = false,
};
