/* SPDX-License-Identifier: MIT */
/* Map: 64-bit keys (addresses, ids; never 0) to 64-bit values, beside the heap.
 *
 * Open addressing with linear probing and backward-shift deletion (Knuth 1973, 6.4 R), so
 * that removing needs no memory and leaves no tombstones. */
#ifndef OURO__MAP_H
#define OURO__MAP_H

#include <stdint.h>

#include "memory/memory.h"

/* Keys that differ only in the lowest bits share a place: shift small numbers by this. */
#define OURO__MAP_SHIFT 4

typedef struct ouro__map_entry {
    uint64_t key; /* 0: free */
    uint64_t value;
} ouro__map_entry;

typedef struct ouro__map {
    ouro__map_entry *entries;
    size_t capacity; /* 0 or a power of two */
    size_t count;
} ouro__map;

/* The value's place, or NULL; valid until the next set or remove. */
uint64_t *ouro__map_find(const ouro__map *map, uint64_t key);
/* The value's place, made with value 0 if need be; NULL: no memory, nothing changed. */
uint64_t *ouro__map_place(ouro__map *map, ouro__account *account, uint64_t key);
/* Removes the key; its value, or 0 if there was none. */
uint64_t ouro__map_take(ouro__map *map, uint64_t key);
/* Gives all its memory back. */
void ouro__map_free(ouro__map *map, ouro__account *account);

#endif
