/* SPDX-License-Identifier: MIT */
/* Weak types: what core/heap.c needs of weak/ to open and shut a heap. */
#ifndef OURO__WEAK_TYPES_H
#define OURO__WEAK_TYPES_H

#include "object/heap_state.h"

extern const ouro_type_spec ouro__weak_spec;
extern const ouro_type_spec ouro__finalize_spec;
extern const ouro_type_spec ouro__weak_keys_spec;
extern const ouro_type_spec ouro__weak_values_spec;
extern const ouro_type_spec ouro__weak_set_spec;
extern const ouro__watch_hooks ouro__watch_hooks_table;

/* Tells the heap's weak types apart, once they are registered. */
void ouro__weakdict_mark_types(ouro_heap *heap);

/* At a heap's close: runs the pending records with atexit, newest first, and takes the
 * others out of service. */
void ouro__finalize_run_all(ouro_heap *heap);

/* The next older pending record, or NULL. */
ouro_object *ouro__record_older(const ouro_object *record);

#endif
