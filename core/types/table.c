/* SPDX-License-Identifier: MIT */
/* Table: see table.h. Load of the index stays at or below three quarters; it is probed with
 * triangular steps, which reach every slot of a power of two.
 *
 * Up to eight entries there is no index: their hashes lie side by side and are scanned. */
#include "types/table.h"

#include <string.h>

#include "ouro/containers.h"
#include "ouro/heap.h"
#include "types/types.h"

#define SCANNED_MAX 8u       /* entries without an index */
#define KEPT_WHEN_EMPTY 64u  /* a bigger buffer goes when the last entry does */
#define CAPACITY_MAX (3u << 30)
#define RESTARTS_MAX 100

/* Capacities are 4, 8, 12, 24, 48, ...: from 12 on three quarters of a power of two. */
static uint32_t slots_of(uint32_t capacity) {
    return capacity <= SCANNED_MAX ? 0 : capacity / 3 * 4;
}

static size_t slot_width(uint32_t slots) {
    return slots <= 256 ? 1 : slots <= 65536 ? 2 : 4;
}

static size_t bytes_of(uint32_t capacity) {
    uint32_t slots = slots_of(capacity);
    return capacity * (sizeof(ouro__entry) + sizeof(uint32_t)) + slots * slot_width(slots);
}

static uint32_t *hashes_of(const ouro__table *table) {
    return (uint32_t *)(void *)(table->entries + table->capacity);
}

static void *index_of(const ouro__table *table) {
    return hashes_of(table) + table->capacity;
}

static inline uint32_t slot_read(const void *index, uint32_t slots, uint32_t at) {
    if (slots <= 256) return ((const uint8_t *)index)[at];
    if (slots <= 65536) return ((const uint16_t *)index)[at];
    return ((const uint32_t *)index)[at];
}

static inline void slot_write(void *index, uint32_t slots, uint32_t at, uint32_t place) {
    if (slots <= 256) ((uint8_t *)index)[at] = (uint8_t)place;
    else if (slots <= 65536) ((uint16_t *)index)[at] = (uint16_t)place;
    else ((uint32_t *)index)[at] = place;
}

static inline bool is_there(const ouro__entry *entry) {
    return !ouro_value_same(entry->key, OURO_ABSENT);
}

size_t ouro__table_bytes(const ouro__table *table) {
    return bytes_of(table->capacity);
}

uint32_t ouro__table_hash_at(const ouro__table *table, size_t position) {
    return hashes_of(table)[position];
}

/* ---- finding ----------------------------------------------------------------------------- */

typedef struct probe {
    uint32_t at;
    uint32_t step;
} probe;

static inline probe start_probe(const ouro__table *table, uint32_t hash) {
    return (probe){table->capacity <= SCANNED_MAX ? 0 : hash, 0};
}

/* The next entry with that hash, or NULL. Most often the one that is looked for: hashes have
 * 32 bits. */
static inline ouro__entry *next_candidate(const ouro__table *table, uint32_t hash, probe *p) {
    if (table->count == 0) return NULL;
    const uint32_t *hashes = hashes_of(table);
    uint32_t slots = slots_of(table->capacity);
    while (slots == 0 && p->at < table->used) {
        uint32_t i = p->at++;
        if (hashes[i] == hash && is_there(&table->entries[i])) return &table->entries[i];
    }
    while (slots != 0) {
        uint32_t place = slot_read(index_of(table), slots, p->at & (slots - 1));
        if (place == 0) return NULL;
        p->at += ++p->step;
        if (hashes[place - 1] == hash && is_there(&table->entries[place - 1]))
            return &table->entries[place - 1];
    }
    return NULL;
}

ouro__entry *ouro__table_find_name(const ouro__table *table, const char *bytes, size_t length,
                                   uint32_t hash) {
    probe p = start_probe(table, hash);
    ouro__entry *entry;
    while ((entry = next_candidate(table, hash, &p)) != NULL) {
        const ouro_object *object = ouro_value_object(entry->key);
        if (!ouro__object_is(object, OURO__STRING)) continue;
        const ouro__string *string = ouro__as_string(object);
        if (string->length == length && memcmp(string->bytes, bytes, length) == 0) return entry;
    }
    return NULL;
}

size_t ouro__table_find_value(const ouro__table *table, uint32_t hash, ouro_value value) {
    probe p = start_probe(table, hash);
    const ouro__entry *entry;
    while ((entry = next_candidate(table, hash, &p)) != NULL)
        if (ouro_value_same(entry->value, value)) return (size_t)(entry - table->entries);
    return OURO__NOWHERE;
}

/* Compares with what may run user code. *ret_changed: it changed the table, so that the
 * probe is worth nothing. */
static ouro_status compare_keys(ouro_heap *heap, const ouro__table *table, ouro_value candidate,
                                ouro_value key, bool *ret_equal, bool *ret_changed) {
    ouro__table before = *table;
    ouro_value_retain(candidate);
    ouro_status status = ouro_value_equal(heap, candidate, key, ret_equal);
    ouro_value_release(candidate);
    /* Gaps close without a new version when what was to be added then is not. */
    *ret_changed = table->version != before.version || table->entries != before.entries ||
                   table->used != before.used;
    return status;
}

/* One pass over the candidates. */
static ouro_status find_once(ouro_heap *heap, const ouro__table *table, ouro_value key,
                             uint32_t hash, size_t *ret_position, bool *ret_changed) {
    probe p = start_probe(table, hash);
    ouro__entry *entry;
    *ret_changed = false;
    while ((entry = next_candidate(table, hash, &p)) != NULL) {
        size_t position = (size_t)(entry - table->entries);
        ouro__sameness known = ouro_value_same(entry->key, key)
                                   ? OURO__EQUAL
                                   : ouro__equal_quick(heap, entry->key, key);
        bool equal = known == OURO__EQUAL;
        if (known == OURO__BY_CONTENT || known == OURO__BY_HOOK) {
            ouro_status status =
                compare_keys(heap, table, entry->key, key, &equal, ret_changed);
            if (status != OURO_OK || *ret_changed) return status;
        }
        if (!equal) continue;
        *ret_position = position;
        return OURO_OK;
    }
    *ret_position = OURO__NOWHERE;
    return OURO_OK;
}

ouro_status ouro__table_find(ouro_heap *heap, const ouro__table *table, ouro_value key,
                             uint32_t hash, size_t *ret_position) {
    for (int i = 0; i < RESTARTS_MAX; i++) {
        bool changed;
        size_t position = OURO__NOWHERE;
        ouro_status status = find_once(heap, table, key, hash, &position, &changed);
        if (status == OURO_OK && changed) continue;
        if (status == OURO_OK) *ret_position = position;
        return status;
    }
    return ouro_heap_fail(heap, OURO_E_CHANGED,
                          "comparing its keys changes the table each time; an equal hook must "
                          "leave the container alone");
}

/* ---- making room ------------------------------------------------------------------------- */

static void enter_index(ouro__table *table, uint32_t hash, uint32_t place) {
    uint32_t slots = slots_of(table->capacity);
    if (slots == 0) return;
    void *index = index_of(table);
    uint32_t at = hash, step = 0;
    while (slot_read(index, slots, at & (slots - 1)) != 0) at += ++step;
    slot_write(index, slots, at & (slots - 1), place);
}

/* Moves the entries of `from` to `to`, which may be the same buffer, closing the gaps.
 * Before: to has its buffer and capacity. After: it has the entries and a fresh index. */
static void move_entries(const ouro__table *from, ouro__table *to) {
    const ouro__entry *source = from->entries;
    const uint32_t *source_hashes = from->capacity != 0 ? hashes_of(from) : NULL;
    uint32_t *hashes = hashes_of(to), slots = slots_of(to->capacity), used = from->used, n = 0;
    memset(index_of(to), 0, slots * slot_width(slots));
    for (uint32_t i = from->first; i < used; i++) {
        if (!is_there(&source[i])) continue;
        to->entries[n] = source[i];
        hashes[n] = source_hashes[i];
        enter_index(to, hashes[n], n + 1);
        n++;
    }
    to->count = to->used = n;
    to->first = 0;
}

static ouro_status rebuild(ouro_heap *heap, ouro__table *table, uint32_t capacity) {
    ouro__table bigger = {.capacity = capacity, .version = table->version};
    bigger.entries = ouro_heap_resize(heap, NULL, 0, bytes_of(capacity));
    if (bigger.entries == NULL) return ouro__types_refused(heap);
    move_entries(table, &bigger);
    ouro_heap_free(heap, table->entries, bytes_of(table->capacity));
    *table = bigger;
    return OURO_OK;
}

static uint32_t capacity_for(size_t needed) {
    uint32_t capacity = 4;
    while (capacity < needed) capacity = capacity == 8 ? 12 : capacity * 2;
    return capacity;
}

ouro_status ouro__table_reserve(ouro_heap *heap, ouro__table *table, size_t more) {
    if (OURO_LIKELY(more <= table->capacity - table->used)) return OURO_OK;
    size_t needed = table->count + more;
    if (needed < more || needed > CAPACITY_MAX)
        return ouro_heap_fail(heap, OURO_E_LIMIT, "a table holds at most %lu entries",
                              (unsigned long)CAPACITY_MAX);
    bool fits = needed <= table->capacity;
    /* With half of it removed, closing the gaps pays for itself; more than that removed, a
     * smaller buffer is better, if there is memory for it. */
    if (fits && (needed <= table->capacity / 2 || table->capacity <= SCANNED_MAX)) {
        bool shrinks = table->capacity > KEPT_WHEN_EMPTY && needed <= table->capacity / 8;
        if (!shrinks || rebuild(heap, table, capacity_for(needed * 2)) != OURO_OK)
            move_entries(table, table);
        return OURO_OK;
    }
    size_t doubled = table->capacity == 8 ? 12 : (size_t)table->capacity * 2;
    if (doubled > CAPACITY_MAX) doubled = CAPACITY_MAX;
    ouro_status status = rebuild(heap, table, capacity_for(needed > doubled ? needed : doubled));
    if (status == OURO_OK || !fits) return status;
    move_entries(table, table);
    return OURO_OK;
}

/* ---- changing ---------------------------------------------------------------------------- */

void ouro__table_add(ouro__table *table, ouro_value key, uint32_t hash, ouro_value value) {
    uint32_t i = table->used++;
    table->entries[i] = (ouro__entry){key, value};
    hashes_of(table)[i] = hash;
    enter_index(table, hash, i + 1);
    if (table->count++ == 0) table->first = i;
    table->version++;
}

/* After the last entry has gone: its places are free again, a big buffer goes. */
static void start_over(ouro_heap *heap, ouro__table *table) {
    uint32_t slots = slots_of(table->capacity);
    table->used = table->first = 0;
    if (table->capacity > KEPT_WHEN_EMPTY) ouro__table_dispose(heap, table);
    else memset(index_of(table), 0, slots * slot_width(slots));
}

ouro__entry ouro__table_take(ouro_heap *heap, ouro__table *table, size_t position) {
    ouro__entry taken = table->entries[position];
    table->entries[position] = (ouro__entry){OURO_ABSENT, OURO_NIL};
    table->count--;
    table->version++;
    if (table->count == 0) {
        start_over(heap, table);
        return taken;
    }
    while (!is_there(&table->entries[table->first])) table->first++;
    if (table->capacity <= SCANNED_MAX)
        while (!is_there(&table->entries[table->used - 1])) table->used--;
    return taken;
}

ouro_status ouro__table_set_name(ouro_heap *heap, ouro__table *table, const char *bytes,
                                 size_t length, ouro_value v) {
    ouro_status status = ouro__types_admit(heap, v);
    if (status != OURO_OK) return status;
    uint32_t hash = ouro__hash_name(bytes, length);
    ouro__entry *entry = ouro__table_find_name(table, bytes, length, hash);
    if (entry != NULL) {
        ouro_value_store(&entry->value, v);
        return OURO_OK;
    }
    ouro_value key;
    status = ouro_string(heap, bytes, length, &key);
    if (status != OURO_OK) return status;
    ouro__as_string(ouro_value_object(key))->hash = hash;
    status = ouro__table_reserve(heap, table, 1);
    if (status != OURO_OK) {
        ouro_value_release(key);
        return status;
    }
    ouro_value_retain(v);
    ouro__table_add(table, key, hash, v);
    return OURO_OK;
}

bool ouro__table_remove_name(ouro_heap *heap, ouro__table *table, const char *bytes,
                             size_t length) {
    uint32_t hash = ouro__hash_name(bytes, length);
    ouro__entry *entry = ouro__table_find_name(table, bytes, length, hash);
    if (entry == NULL) return false;
    ouro__entry taken = ouro__table_take(heap, table, (size_t)(entry - table->entries));
    ouro_value_release(taken.key);
    ouro_value_release(taken.value);
    return true;
}

/* ---- walking ----------------------------------------------------------------------------- */

ouro__entry *ouro__table_next(const ouro__table *table, size_t *position) {
    size_t i = *position > table->first ? *position : table->first;
    while (i < table->used && !is_there(&table->entries[i])) i++;
    if (i >= table->used) {
        *position = table->used;
        return NULL;
    }
    *position = i + 1;
    return &table->entries[i];
}

ouro__entry *ouro__table_previous(const ouro__table *table, size_t *position) {
    size_t i = *position < table->used ? *position : table->used;
    while (i > table->first && !is_there(&table->entries[i - 1])) i--;
    *position = i > table->first ? i - 1 : 0;
    return i > table->first ? &table->entries[i - 1] : NULL;
}

void ouro__table_clear(ouro_heap *heap, ouro__table *table) {
    ouro__table old = *table;
    *table = (ouro__table){.version = old.version + 1};
    ouro__entry *entry;
    for (size_t position = 0; (entry = ouro__table_next(&old, &position)) != NULL;) {
        ouro_value_release(entry->key);
        ouro_value_release(entry->value);
    }
    ouro__table_dispose(heap, &old);
}

void ouro__table_dispose(ouro_heap *heap, ouro__table *table) {
    ouro_heap_free(heap, table->entries, bytes_of(table->capacity));
    *table = (ouro__table){.version = table->version};
}

ouro_status ouro__table_copy(ouro_heap *heap, const ouro__table *from, ouro__table *to) {
    ouro_status status = ouro__table_reserve(heap, to, from->count);
    const ouro__entry *entry;
    for (size_t position = 0;
         status == OURO_OK && (entry = ouro__table_next(from, &position)) != NULL;) {
        const ouro_value both[] = {entry->key, entry->value};
        status = ouro__types_retain(heap, both, 2);
        if (status == OURO_OK)
            ouro__table_add(to, entry->key, hashes_of(from)[position - 1], entry->value);
    }
    if (status != OURO_OK) ouro__table_clear(heap, to); /* `from` has another count of each */
    return status;
}

void ouro__table_traverse(const ouro__table *table, ouro_visit_fn visit, void *context) {
    for (uint32_t i = table->first; i < table->used; i++) {
        const ouro__entry *entry = &table->entries[i];
        if (ouro_value_is_object(entry->key)) visit(ouro_value_object(entry->key), context);
        if (ouro_value_is_object(entry->value)) visit(ouro_value_object(entry->value), context);
    }
}

bool ouro__table_name_refs(const ouro__table *table, ouro_ref_fn each, void *context) {
    ouro__entry *entry;
    for (size_t position = 0; (entry = ouro__table_next(table, &position)) != NULL;) {
        const ouro__string *name = ouro__as_string(ouro_value_object(entry->key));
        ouro_label label = {
            .kind = OURO_LABEL_NAME, .text = name->bytes, .length = name->length};
        if (!each(&label, entry->value, context)) return false;
    }
    return true;
}
