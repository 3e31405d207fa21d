/* SPDX-License-Identifier: MIT */
/* Alloc: the allocator hook of the tests: the C library's, with a balance, and refusals. */
#ifndef TESTS_ALLOC_H
#define TESTS_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* Does what ouro_alloc_fn is to do, unless refuse is set, and keeps *bytes. */
static inline void *test_alloc(size_t *bytes, bool refuse, void *pointer, size_t old_size,
                               size_t new_size, size_t align) {
    if (new_size == 0) {
        *bytes -= old_size;
        free(pointer);
        return NULL;
    }
    if (refuse) return NULL;
    bool aligned = pointer == NULL && align > sizeof(max_align_t);
    void *result = aligned ? aligned_alloc(align, (new_size + align - 1) / align * align)
                           : realloc(pointer, new_size);
    if (result != NULL) *bytes += new_size - old_size;
    return result;
}

#endif
