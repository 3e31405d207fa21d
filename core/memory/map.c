/* SPDX-License-Identifier: MIT */
/* Map: see map.h. Load stays below one half; the table never shrinks but when it is
 * freed. */
#include "memory/map.h"

#include <string.h>

/* Fibonacci hashing (Knuth 1973, 6.4) of groups of 16 neighbours: within a group, neighbours
 * in memory are neighbours in the table, which suits bulk work in address order. Rejected: the
 * address itself, whose blocks overlap modulo the capacity and make runs of thousands; hashing
 * each key, which misses the cache at each. */
static size_t home_of(const ouro__map *map, uint64_t key) {
    uint64_t index = key >> OURO__MAP_SHIFT;
    size_t group = (size_t)((index / 16) * 0x9e3779b97f4a7c15u >> 32);
    return (group * 16 + index % 16) & (map->capacity - 1);
}

static size_t slot_of(const ouro__map *map, uint64_t key) {
    size_t i = home_of(map, key);
    while (map->entries[i].key != key && map->entries[i].key != 0)
        i = (i + 1) & (map->capacity - 1);
    return i;
}

uint64_t *ouro__map_find(const ouro__map *map, uint64_t key) {
    if (map->count == 0) return NULL;
    ouro__map_entry *entry = &map->entries[slot_of(map, key)];
    return entry->key == key ? &entry->value : NULL;
}

static bool grow(ouro__map *map, ouro__account *account) {
    ouro__map bigger = {.capacity = map->capacity != 0 ? map->capacity * 2 : 16,
                        .count = map->count};
    size_t size = bigger.capacity * sizeof *bigger.entries;
    bigger.entries = ouro__memory_resize(account, NULL, 0, size);
    if (bigger.entries == NULL) return false;
    memset(bigger.entries, 0, size);
    for (size_t i = 0; i < map->capacity; i++)
        if (map->entries[i].key != 0)
            bigger.entries[slot_of(&bigger, map->entries[i].key)] = map->entries[i];
    ouro__memory_free(account, map->entries, map->capacity * sizeof *map->entries,
                      sizeof(max_align_t));
    *map = bigger;
    return true;
}

uint64_t *ouro__map_place(ouro__map *map, ouro__account *account, uint64_t key) {
    if ((map->count + 1) * 2 > map->capacity) {
        uint64_t *found = ouro__map_find(map, key);
        if (found != NULL) return found;
        if (!grow(map, account)) return NULL;
    }
    ouro__map_entry *entry = &map->entries[slot_of(map, key)];
    if (entry->key == key) return &entry->value;
    entry->key = key;
    entry->value = 0;
    map->count++;
    return &entry->value;
}

uint64_t ouro__map_take(ouro__map *map, uint64_t key) {
    if (map->count == 0) return 0;
    size_t mask = map->capacity - 1, hole = slot_of(map, key);
    if (map->entries[hole].key != key) return 0;
    uint64_t value = map->entries[hole].value;
    map->count--;
    for (size_t i = (hole + 1) & mask; map->entries[i].key != 0; i = (i + 1) & mask) {
        size_t home = home_of(map, map->entries[i].key);
        if (((i - home) & mask) < ((i - hole) & mask)) continue;
        map->entries[hole] = map->entries[i];
        hole = i;
    }
    map->entries[hole].key = 0;
    return value;
}

void ouro__map_free(ouro__map *map, ouro__account *account) {
    ouro__memory_free(account, map->entries, map->capacity * sizeof *map->entries,
                      sizeof(max_align_t));
    memset(map, 0, sizeof *map);
}
