/* SPDX-License-Identifier: MIT */
/* Verify: confirms by other means what a collector has found. */
#ifndef OURO__VERIFY_H
#define OURO__VERIFY_H

#include "collect/pass.h"

/* Before anything is freed: OURO_E_CORRUPT when the pass's answer is wrong; the message names the
 * object and the policy. Without memory nothing is verified. */
ouro_status ouro__verify_answer(ouro_heap *heap);

#endif
