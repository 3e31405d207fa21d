/* SPDX-License-Identifier: MIT */
/* Alloc: the one hook through which a heap obtains memory. */
#ifndef OURO_ALLOC_H
#define OURO_ALLOC_H

#include <stddef.h>

/* One function does all, in the manner of realloc:
 *   pointer NULL         allocate new_size bytes, aligned to align
 *   new_size 0           free; returns NULL and cannot fail
 *   otherwise            resize, keeping the first min(old, new) bytes
 * old_size is exactly what was asked for before. align is a power of two; for a
 * resize it is at most that of max_align_t. Returns NULL when it refuses, and
 * then the old memory is untouched. The hook must not call back into the heap. */
typedef void *(*ouro_alloc_fn)(void *user, void *pointer, size_t old_size, size_t new_size,
                               size_t align);

#endif
