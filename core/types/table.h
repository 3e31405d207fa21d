/* SPDX-License-Identifier: MIT */
/* Table: the one hash table with insertion order, under dicts, sets, open records, class
 * attributes and frames.
 *
 * One buffer holds three arrays: the entries in order of insertion, their hashes, and, for
 * more than eight entries, an index of slots with a position each (the compact dictionary
 * of Hettinger 2012). A removed entry keeps its place, with the key OURO_ABSENT, and serves
 * its index slot as the tombstone. So removing needs no memory; adding reclaims the places.
 *
 *   entries  | key value | key value | absent nil | key value |    used = 4, count = 3
 *   hashes   |   h h h h                                      |
 *   index    | 0 0 2 0 1 0 ...   position + 1, 0: empty       |
 *
 * A table owns one count of each key and value that is an object. Zeroed memory is an empty
 * table. Positions stay valid until something is added. */
#ifndef OURO__TABLE_H
#define OURO__TABLE_H

#include "ouro/type.h"

typedef struct ouro__entry {
    ouro_value key; /* OURO_ABSENT: removed */
    ouro_value value;
} ouro__entry;

typedef struct ouro__table {
    ouro__entry *entries; /* NULL if capacity is 0 */
    uint32_t count;       /* entries that are there */
    uint32_t used;        /* and those removed */
    uint32_t capacity;
    uint32_t first;   /* no entry is there before this one */
    uint64_t version; /* of the set of keys: changes with each add and remove */
} ouro__table;

#define OURO__NOWHERE SIZE_MAX

/* Bytes of its buffer. */
size_t ouro__table_bytes(const ouro__table *table);

/* The entry of a name, or NULL. Neither allocates nor runs user code. */
ouro__entry *ouro__table_find_name(const ouro__table *table, const char *bytes, size_t length,
                                   uint32_t hash);

/* The position of the key, or OURO__NOWHERE. May run user code when the key is not plain:
 * the caller guards the table's owner and the key. OURO_E_CHANGED when that code keeps
 * changing the table; OURO_E_NOMEM; what the code reports. */
ouro_status ouro__table_find(ouro_heap *heap, const ouro__table *table, ouro_value key,
                             uint32_t hash, size_t *ret_position);

/* The position of the entry with that hash and the very same value, or OURO__NOWHERE. Runs no
 * user code. */
size_t ouro__table_find_value(const ouro__table *table, uint32_t hash, ouro_value value);

/* Makes room for so many more entries. May move entries: add next. OURO_E_NOMEM,
 * OURO_E_LIMIT. */
ouro_status ouro__table_reserve(ouro_heap *heap, ouro__table *table, size_t more);
/* key and value: owned, consumed. The key must be absent and room reserved. */
void ouro__table_add(ouro__table *table, ouro_value key, uint32_t hash, ouro_value value);

/* Takes an entry out; its references are the caller's to release. */
ouro__entry ouro__table_take(ouro_heap *heap, ouro__table *table, size_t position);

/* Sets the value of a name, in a new entry if need be; makes the string of it. v: borrowed.
 * OURO_E_NOMEM, OURO_E_LIMIT, OURO_E_HEAP. */
ouro_status ouro__table_set_name(ouro_heap *heap, ouro__table *table, const char *bytes,
                                 size_t length, ouro_value v);
/* Removes it and releases; false when there is none. */
bool ouro__table_remove_name(ouro_heap *heap, ouro__table *table, const char *bytes,
                             size_t length);

/* The next entry that is there from *position on, or NULL; begin with 0. */
ouro__entry *ouro__table_next(const ouro__table *table, size_t *position);
/* The last one before *position, or NULL; begin with table->used. */
ouro__entry *ouro__table_previous(const ouro__table *table, size_t *position);
uint32_t ouro__table_hash_at(const ouro__table *table, size_t position);

/* Empties the table, then releases, in order. */
void ouro__table_clear(ouro_heap *heap, ouro__table *table);
/* Frees the buffer; the references are gone already. */
void ouro__table_dispose(ouro_heap *heap, ouro__table *table);
/* to: empty. The same entries in the same order. OURO_E_NOMEM, OURO_E_LIMIT. */
ouro_status ouro__table_copy(ouro_heap *heap, const ouro__table *from, ouro__table *to);

void ouro__table_traverse(const ouro__table *table, ouro_visit_fn visit, void *context);
/* Each value labelled with its key, which must be a string. */
bool ouro__table_name_refs(const ouro__table *table, ouro_ref_fn each, void *context);

#endif
