/* SPDX-License-Identifier: MIT */
/* Account: the only file that asks for memory. It forwards to the heap's hook, keeps the
 * sum, and refuses what would exceed the limit. It never frees on its own. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "memory/memory.h"

static void *resize_by_libc(void *user, void *pointer, size_t old_size, size_t new_size,
                            size_t align) {
    (void)user;
    (void)old_size;
    if (new_size == 0) {
        free(pointer);
        return NULL;
    }
    if (align > sizeof(max_align_t) && pointer == NULL)
        return aligned_alloc(align, (new_size + align - 1) & ~(align - 1));
    return realloc(pointer, new_size);
}

void ouro__account_init(ouro__account *account, ouro_alloc_fn alloc, void *user,
                        size_t max_bytes) {
    memset(account, 0, sizeof *account);
    account->alloc = alloc != NULL ? alloc : resize_by_libc;
    account->user = user;
    account->max_bytes = max_bytes;
}

static void *request(ouro__account *account, void *pointer, size_t old_size, size_t new_size,
                     size_t align) {
    size_t others = account->bytes - old_size;
    bool over = new_size > SIZE_MAX / 2 ||
                (account->max_bytes != 0 && new_size > old_size &&
                 (others > account->max_bytes || new_size > account->max_bytes - others));
    account->hit_limit = over;
    if (over) return NULL;
    void *result = account->alloc(account->user, pointer, old_size, new_size, align);
    if (result == NULL) return NULL;
    account->bytes = others + new_size;
    if (account->bytes > account->peak) account->peak = account->bytes;
    return result;
}

void *ouro__memory_resize(ouro__account *account, void *pointer, size_t old_size,
                          size_t new_size) {
    return request(account, pointer, old_size, new_size, sizeof(max_align_t));
}

void *ouro__memory_aligned(ouro__account *account, size_t size, size_t align) {
    return request(account, NULL, 0, size, align);
}

void ouro__memory_free(ouro__account *account, void *pointer, size_t size, size_t align) {
    if (pointer == NULL) return;
    account->bytes -= size;
    account->alloc(account->user, pointer, size, 0, align);
}
