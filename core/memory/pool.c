/* SPDX-License-Identifier: MIT */
/* Pool: see pool.h for what holds. The free lists are per block, as in mimalloc (Leijen,
 * Zorn and de Moura 2019), so that cells taken one after another are neighbours and a
 * block whose objects are dead can be given back. */
#include "memory/pool.h"

#include <string.h>

/* Cells are built a page's worth at a time: a block's tail is not touched before it is
 * needed. */
#define PAGE ((size_t)4096)

static uint32_t class_size(uint32_t class) {
    if (class < 16) return (class + 1) * 8;
    uint32_t shift = (class - 16) / 8, step = (class - 16) % 8;
    return (uint32_t)(128u << shift) / 8 * (step + 9);
}

/* Multiples of 8 up to 128, then eight classes to each doubling. */
static uint32_t class_of(size_t size) {
    if (size <= 128) return (uint32_t)((size + 7) / 8 - 1);
    uint32_t class = 16;
    while (class_size(class) < size) class++;
    return class;
}

void ouro__pool_init(ouro__pool *pool, ouro__account *account, void *owner) {
    memset(pool, 0, sizeof *pool);
    pool->account = account;
    pool->owner = owner;
    for (int kind = 0; kind < OURO__KINDS; kind++)
        for (uint32_t class = 0; class < OURO__CLASSES; class++) {
            ouro__bin *bin = &pool->bins[kind][class];
            bin->pool = pool;
            bin->kind = (ouro__kind)kind;
            bin->cell_size = class_size(class);
        }
}

/* The same for equal blocks wherever they lie, though how many cells fit depends on that: a
 * heap's bytes are the same in every run. */
static size_t column_size(const ouro__block *block) {
    return block->size / block->cell_size * sizeof(uint64_t);
}

static void free_columns(ouro__pool *pool, ouro__block *block) {
    uint64_t **columns[] = {&block->tags, &block->watchers};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        ouro__memory_free(pool->account, *columns[i], column_size(block), sizeof(max_align_t));
        *columns[i] = NULL;
    }
}

static void free_array(ouro__pool *pool, void *array, size_t size) {
    ouro__memory_free(pool->account, array, size, sizeof(max_align_t));
}

void ouro__pool_finish(ouro__pool *pool) {
    for (size_t i = 0; i < pool->count; i++) {
        ouro__block *block = pool->blocks[i];
        free_columns(pool, block);
        if (block->large)
            ouro__memory_free(pool->account, block->base, block->size, OURO__BLOCK_SIZE);
    }
    for (size_t i = 0; i < pool->chunk_count; i++)
        ouro__memory_free(pool->account, pool->chunks[i].base,
                          pool->chunks[i].blocks * OURO__BLOCK_SIZE, OURO__BLOCK_SIZE);
    free_array(pool, pool->chunks, pool->chunk_capacity * sizeof *pool->chunks);
    free_array(pool, pool->blocks, pool->capacity * sizeof *pool->blocks);
    memset(pool, 0, sizeof *pool);
}

ouro__bin *ouro__pool_bin(ouro__pool *pool, size_t size, ouro__kind kind) {
    if (size > OURO__CELL_MAX) return NULL;
    return &pool->bins[kind][class_of(size < sizeof(ouro__cell) ? sizeof(ouro__cell) : size)];
}

/* Makes room for one more element. */
static bool reserve(ouro__pool *pool, void **array, size_t *capacity, size_t count, size_t size) {
    if (count < *capacity) return true;
    size_t wanted = *capacity != 0 ? *capacity * 2 : 16;
    void *bigger = ouro__memory_resize(pool->account, *array, *capacity * size, wanted * size);
    if (bigger == NULL) return false;
    *array = bigger;
    *capacity = wanted;
    return true;
}

static bool reserve_position(ouro__pool *pool) {
    void *blocks = pool->blocks;
    bool ok = reserve(pool, &blocks, &pool->capacity, pool->count, sizeof *pool->blocks);
    pool->blocks = blocks;
    return ok;
}

/* ---- chunks ------------------------------------------------------------------------------ */

#define CHUNK_LEAST 4u
#define CHUNK_MOST 64u

/* A quarter of what is in use, within bounds; a single block when memory is short. */
static bool add_chunk(ouro__pool *pool) {
    void *chunks = pool->chunks;
    bool ok = reserve(pool, &chunks, &pool->chunk_capacity, pool->chunk_count,
                      sizeof *pool->chunks);
    pool->chunks = chunks;
    if (!ok) return false;
    uint32_t blocks = CHUNK_LEAST;
    while (blocks < CHUNK_MOST && blocks < pool->count / 4) blocks *= 2;
    char *base = ouro__memory_aligned(pool->account, blocks * OURO__BLOCK_SIZE, OURO__BLOCK_SIZE);
    if (base == NULL) {
        blocks = 1;
        base = ouro__memory_aligned(pool->account, OURO__BLOCK_SIZE, OURO__BLOCK_SIZE);
        if (base == NULL) return false;
    }
    pool->carving = pool->chunk_count;
    pool->chunks[pool->chunk_count++] = (ouro__chunk){.base = base, .blocks = blocks};
    return true;
}

static void unlink_spare(ouro__pool *pool, ouro__block *block) {
    if (block->previous != NULL) block->previous->next = block->next;
    else pool->spares = block->next;
    if (block->next != NULL) block->next->previous = block->previous;
}

static void link_spare(ouro__pool *pool, ouro__block *block) {
    block->previous = NULL;
    block->next = pool->spares;
    if (block->next != NULL) block->next->previous = block;
    pool->spares = block;
}

/* Memory for a standard block and the number of its chunk, or NULL. */
static char *take_block(ouro__pool *pool, uint32_t *ret_chunk) {
    ouro__block *spare = pool->spares;
    char *base;
    if (spare != NULL) {
        unlink_spare(pool, spare);
        *ret_chunk = spare->chunk;
        base = spare->base;
    } else {
        ouro__chunk *chunk = pool->chunk_count != 0 ? &pool->chunks[pool->carving] : NULL;
        if (chunk == NULL || chunk->carved == chunk->blocks) {
            if (!add_chunk(pool)) return NULL;
            chunk = &pool->chunks[pool->carving];
        }
        base = chunk->base + chunk->carved++ * OURO__BLOCK_SIZE;
        *ret_chunk = (uint32_t)pool->carving;
    }
    pool->chunks[*ret_chunk].used++;
    return base;
}

static void free_chunk(ouro__pool *pool, size_t index) {
    ouro__chunk chunk = pool->chunks[index];
    for (uint32_t i = 0; i < chunk.carved; i++)
        unlink_spare(pool, ouro__block_at(chunk.base + i * OURO__BLOCK_SIZE));
    ouro__memory_free(pool->account, chunk.base, chunk.blocks * OURO__BLOCK_SIZE,
                      OURO__BLOCK_SIZE);
    ouro__chunk *moved = &pool->chunks[index];
    *moved = pool->chunks[--pool->chunk_count];
    if (pool->carving == pool->chunk_count) pool->carving = index;
    for (uint32_t i = 0; index < pool->chunk_count && i < moved->carved; i++)
        ouro__block_at(moved->base + i * OURO__BLOCK_SIZE)->chunk = (uint32_t)index;
}

void ouro__pool_trim(ouro__pool *pool) {
    size_t idle = pool->high > pool->count ? pool->high - pool->count : 0;
    pool->high -= idle / 4;
    size_t held = 0;
    for (size_t i = 0; i < pool->chunk_count; i++) held += pool->chunks[i].blocks;
    for (size_t i = pool->chunk_count; i-- > 0 && held > pool->high + CHUNK_LEAST;) {
        if (pool->chunks[i].used != 0 || i == pool->carving) continue;
        held -= pool->chunks[i].blocks;
        free_chunk(pool, i);
    }
}

/* ---- blocks ------------------------------------------------------------------------------ */

/* What precedes the cells of a block at that base. */
static size_t head_size(char *base) {
    return (size_t)((char *)(ouro__block_at(base) + 1) - base);
}

/* Lays the block out: side table, header, birth numbers, cells. */
static ouro__block *lay_out(ouro__pool *pool, char *base, size_t size, size_t cell_size,
                            ouro__kind kind) {
    size_t per_cell = cell_size + (kind == OURO__STAMPED ? sizeof(uint64_t) : 0);
    size_t cells = (size - head_size(base)) / per_cell;
    ouro__block *block = ouro__block_at(base);
    memset(base, OURO__SIDE_OUT, OURO__SIDE_SIZE);
    memset(block, 0, sizeof *block);
    block->base = base;
    block->first = (char *)(block + 1);
    if (kind == OURO__STAMPED) {
        block->stamps = (uint64_t *)(void *)block->first;
        block->first += cells * sizeof *block->stamps;
    }
    block->cell_size = (uint32_t)cell_size;
    block->reciprocal = (uint32_t)(((uint64_t)1 << 32) / cell_size + 1);
    block->cells = (uint32_t)cells;
    block->kind = (uint8_t)kind;
    block->owner = pool->owner;
    block->pool = pool;
    block->size = size;
    block->position = (uint32_t)pool->count;
    block->serial = ++pool->serial;
    pool->blocks[pool->count++] = block;
    if (pool->count > pool->high) pool->high = pool->count;
    return block;
}

static ouro__block *new_block(ouro__bin *bin) {
    ouro__pool *pool = bin->pool;
    if (!reserve_position(pool)) return NULL;
    uint32_t chunk;
    char *base = take_block(pool, &chunk);
    if (base == NULL) return NULL;
    ouro__block *block = lay_out(pool, base, OURO__BLOCK_SIZE, bin->cell_size, bin->kind);
    block->chunk = chunk;
    block->bin = bin;
    return block;
}

/* The block leaves the pool's array; the last one takes its place. */
static void forget(ouro__pool *pool, ouro__block *block) {
    ouro__block *last = pool->blocks[--pool->count];
    pool->blocks[block->position] = last;
    last->position = block->position;
    free_columns(pool, block);
}

static void link_partial(ouro__block *block) {
    ouro__bin *bin = block->bin;
    block->previous = NULL;
    block->next = bin->partial;
    if (bin->partial != NULL) bin->partial->previous = block;
    bin->partial = block;
}

static void unlink_partial(ouro__block *block) {
    if (block->previous != NULL) block->previous->next = block->next;
    else block->bin->partial = block->next;
    if (block->next != NULL) block->next->previous = block->previous;
    block->next = block->previous = NULL;
}

/* A structure rebuilt after it was dropped finds its blocks among the spares; a heap that
 * stays small gives chunks back at its next full collections (ouro__pool_trim). */
static void drop(ouro__block *block) {
    ouro__pool *pool = block->pool;
    forget(pool, block);
    if (block->large) {
        ouro__memory_free(pool->account, block->base, block->size, OURO__BLOCK_SIZE);
        return;
    }
    pool->chunks[block->chunk].used--;
    link_spare(pool, block);
}

/* Moves the block's free cells, or the next page of fresh ones, to the bin. */
static bool hand_over(ouro__bin *bin, ouro__block *block) {
    if (block->free != NULL) {
        bin->free = block->free;
        block->free = NULL;
    } else if (block->fresh < block->cells) {
        uint32_t wanted = (uint32_t)(PAGE / block->cell_size + 1);
        uint32_t left = block->cells - block->fresh;
        uint32_t count = wanted < left ? wanted : left;
        for (uint32_t i = count; i-- > 0;) {
            ouro__cell *cell = ouro__cell_at(block, block->fresh + i);
            cell->zero = 0;
            cell->next = bin->free;
            bin->free = cell;
        }
        block->fresh += count;
    } else {
        return false;
    }
    bin->pool->taken += block->fresh - block->used;
    block->used = block->fresh;
    block->young = true;
    return true;
}

void *ouro__pool_refill(ouro__bin *bin) {
    while (bin->current == NULL || !hand_over(bin, bin->current)) {
        ouro__block *next = bin->partial;
        if (next != NULL) {
            unlink_partial(next);
        } else {
            next = new_block(bin);
            if (next == NULL) return NULL;
        }
        if (bin->current != NULL) {
            bin->current->current = false;
            bin->current->full = true;
        }
        next->current = true;
        bin->current = next;
    }
    return ouro__pool_take(bin);
}

void *ouro__pool_large(ouro__pool *pool, size_t size, ouro__kind kind) {
    if (!reserve_position(pool)) return NULL;
    if (size > UINT32_MAX - 4096) return NULL;
    size = (size + 7) & ~(size_t)7;
    size_t head = OURO__SIDE_SIZE + OURO__COLOURS * 64 + sizeof(ouro__block);
    size_t whole = head + size + sizeof(uint64_t);
    char *base = ouro__memory_aligned(pool->account, whole, OURO__BLOCK_SIZE);
    if (base == NULL) return NULL;
    ouro__block *block = lay_out(pool, base, whole, size, kind);
    block->cells = block->fresh = block->used = 1;
    block->large = block->young = true;
    pool->taken++;
    return block->first;
}

void ouro__pool_freed(ouro__block *block) {
    if (block->full) {
        block->full = false;
        link_partial(block);
    }
    const ouro__pool *pool = block->pool;
    if (block->used != 0 || block->current || pool->keep_empty) return;
    if (block->asked && pool->keep_sides) return;
    if (!block->large) unlink_partial(block);
    drop(block);
}

void ouro__pool_drop_empty(ouro__pool *pool) {
    for (size_t i = pool->count; i-- > 0;) {
        ouro__block *block = pool->blocks[i];
        if (block->used != 0 || block->current) continue;
        if (!block->large) unlink_partial(block);
        drop(block);
    }
}

void ouro__pool_forget_cell(ouro__block *block, void *cell) {
    if (block->tags != NULL) block->tags[ouro__cell_index(block, cell)] = 0;
    if (block->asked && !block->pool->keep_sides) *ouro__side_of(cell) = OURO__SIDE_OUT;
}

uint64_t *ouro__pool_column(ouro__block *block, uint64_t **column) {
    if (*column != NULL) return *column;
    size_t size = column_size(block);
    *column = ouro__memory_resize(block->pool->account, NULL, 0, size);
    if (*column != NULL) memset(*column, 0, size);
    if (column == &block->tags && *column != NULL) block->careful = true;
    return *column;
}
