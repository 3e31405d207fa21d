/* SPDX-License-Identifier: MIT */
/* Memory: where bytes come from. One hook, one account, one set of limits. */
#ifndef OURO__MEMORY_H
#define OURO__MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "ouro/alloc.h"

typedef struct ouro__account {
    ouro_alloc_fn alloc;
    void *user;
    size_t bytes; /* obtained from the hook and not given back */
    size_t peak;
    size_t max_bytes; /* 0: no limit */
    bool hit_limit;   /* why the last request failed: the limit, not the hook */
} ouro__account;

void ouro__account_init(ouro__account *account, ouro_alloc_fn alloc, void *user, size_t max_bytes);

/* As the hook, with the account kept. NULL: refused, nothing changed. */
void *ouro__memory_resize(ouro__account *account, void *pointer, size_t old_size, size_t new_size);
void *ouro__memory_aligned(ouro__account *account, size_t size, size_t align);
void ouro__memory_free(ouro__account *account, void *pointer, size_t size, size_t align);

#endif
