/* SPDX-License-Identifier: MIT */
/* Pool: cells of equal size in aligned blocks.
 *
 * A block is 64 KiB and aligned to that; a cell above OURO__CELL_MAX has a block of its own
 * size. It begins with the side table, one byte for each 16 bytes of the block, so that a
 * cell's side byte is found from its address alone: collections touch no header. The header
 * follows at one of 32 places, chosen by the address: at a fixed place, all headers would
 * compete for the same few lines of the cache. Each block belongs to one bin: a size class
 * and a kind. What holds at every moment:
 *   - cells [0, fresh) have been handed out at least once, the others never;
 *   - of those, `used` are not on the block's own free list. The bin may keep some of the
 *     used ones on its own list (bin->free), ready to be taken: a free cell is one whose
 *     first eight bytes are zero (object type 0), wherever it is listed;
 *   - a block is on the bin's partial list exactly if it is neither current nor full nor
 *     large;
 *   - a block in which tags are kept, or that is part of a collection in slices, is careful;
 *   - outside a collection every byte of the side table is OURO__SIDE_OUT, and always where no
 *     cell of a cyclic kind begins. */
#ifndef OURO__POOL_H
#define OURO__POOL_H

#include <stdint.h>

#include "memory/memory.h"

#define OURO__BLOCK_SIZE ((size_t)65536)
#define OURO__CELL_MAX ((size_t)8192)
#define OURO__SIDE_OUT 255u

typedef enum ouro__kind {
    OURO__CYCLIC,  /* may be part of a cycle */
    OURO__ACYCLIC, /* cannot: collections pass over the block */
    OURO__STAMPED, /* cyclic, and each cell has a 64-bit birth number beside it */
    OURO__KINDS
} ouro__kind;

typedef struct ouro__cell {
    uint64_t zero; /* an object's header; zero: free */
    struct ouro__cell *next;
} ouro__cell;

typedef struct ouro__block ouro__block;

typedef struct ouro__bin {
    ouro__cell *free; /* ready to be taken */
    ouro__block *current;
    ouro__block *partial; /* doubly linked through the blocks */
    struct ouro__pool *pool;
    uint32_t cell_size;
    ouro__kind kind;
} ouro__bin;

struct ouro__block {
    char *first; /* cell 0 */
    char *base;  /* of the block: its side table */
    uint32_t cell_size;
    uint32_t reciprocal; /* 2^32 / cell_size, rounded up */
    uint32_t used;
    uint32_t fresh;
    uint32_t cells;
    uint8_t kind;
    bool full;    /* no free cell and not current */
    bool current;
    bool large;
    bool young;   /* has had a cell taken since the collector last looked */
    bool asked;   /* the collector's: has candidates */
    bool pending; /* the collector's: marked objects wait to be scanned */
    bool roots;   /* the collector's: has possible roots of dead cycles */
    bool careful; /* a freed cell leaves a tag or a side byte behind */
    uint32_t stage; /* the collector's: the last phase that has dealt with it */
    ouro__cell *free;
    void *owner; /* the heap */
    struct ouro__pool *pool;
    ouro__bin *bin; /* NULL for a large one */
    uint64_t *stamps; /* OURO__STAMPED only */
    uint64_t *tags;   /* NULL until a tag is set in this block */
    uint64_t *watchers; /* of each cell the first watcher (weak/); NULL until there is one */
    ouro__block *next, *previous; /* the bin's partial list, or the pool's spares */
    size_t size;                  /* of the whole block */
    uint32_t position;            /* in pool->blocks */
    uint32_t serial;              /* of its layout */
    uint32_t chunk;               /* in pool->chunks, unless large */
};

/* Standard blocks are asked for several at a time: system calls cost more than memory. */
typedef struct ouro__chunk {
    char *base;
    uint32_t blocks; /* in it */
    uint32_t carved; /* of those, ever laid out; the rest is untouched memory */
    uint32_t used;   /* neither spare nor untouched */
} ouro__chunk;

#define OURO__CLASSES 64

typedef struct ouro__pool {
    ouro__account *account;
    void *owner;
    ouro__block **blocks; /* in order of creation, with holes filled from the end */
    size_t count, capacity;
    ouro__chunk *chunks;
    size_t chunk_count, chunk_capacity;
    size_t carving;      /* the only chunk that may have untouched blocks */
    ouro__block *spares; /* empty standard blocks, kept for reuse; doubly linked */
    uint32_t serial;     /* of the last block */
    size_t high;         /* most blocks in use, decaying at each trim */
    size_t taken;        /* cells handed to bins since someone set this to 0 */
    bool keep_empty;     /* a sweep is under way: empty blocks stay */
    bool keep_sides;     /* and the side bytes of what it frees */
    ouro__bin bins[OURO__KINDS][OURO__CLASSES];
} ouro__pool;

void ouro__pool_init(ouro__pool *pool, ouro__account *account, void *owner);
/* Frees every block; objects are not looked at. */
void ouro__pool_finish(ouro__pool *pool);

/* The bin for cells of that size, or NULL: the object is large. */
ouro__bin *ouro__pool_bin(ouro__pool *pool, size_t size, ouro__kind kind);

/* A cell with unspecified content, or NULL. */
void *ouro__pool_refill(ouro__bin *bin);
void *ouro__pool_large(ouro__pool *pool, size_t size, ouro__kind kind);
/* What a freed cell may entail: a full block has room again, an empty one goes. */
void ouro__pool_freed(ouro__block *block);
/* For careful blocks: the cell's tag and side byte are as if nothing had been there. */
void ouro__pool_forget_cell(ouro__block *block, void *cell);
/* After a sweep with keep_empty: lets the empty blocks go. */
void ouro__pool_drop_empty(ouro__pool *pool);
/* Gives back chunks without blocks in use that the recent past does not justify. */
void ouro__pool_trim(ouro__pool *pool);
/* A column of the block, 64 bits beside each cell (&block->tags, &block->watchers): made,
 * zero, at the first call; NULL: no memory. */
uint64_t *ouro__pool_column(ouro__block *block, uint64_t **column);

/* A cell that is ready, or NULL: then ouro__pool_refill. */
static inline void *ouro__pool_take(ouro__bin *bin) {
    ouro__cell *cell = bin->free;
    if (__builtin_expect(cell != NULL, 1)) bin->free = cell->next;
    return cell;
}

#define OURO__SIDE_SIZE (OURO__BLOCK_SIZE / 16)
#define OURO__COLOURS ((size_t)32)

static inline ouro__block *ouro__block_at(char *base) {
    size_t colour = (uintptr_t)base / OURO__BLOCK_SIZE % OURO__COLOURS;
    return (ouro__block *)(void *)(base + OURO__SIDE_SIZE + colour * 64);
}

static inline char *ouro__base_of(const void *cell) {
    return (char *)((uintptr_t)cell & ~(uintptr_t)(OURO__BLOCK_SIZE - 1));
}

static inline ouro__block *ouro__block_of(const void *cell) {
    return ouro__block_at(ouro__base_of(cell));
}

/* The cell's byte in the side table. Cells are at least 16 bytes apart: no two share one. */
static inline uint8_t *ouro__side_of(const void *cell) {
    size_t offset = (uintptr_t)cell & (OURO__BLOCK_SIZE - 1);
    return (uint8_t *)ouro__base_of(cell) + offset / 16;
}

static inline uint32_t ouro__cell_index(const ouro__block *block, const void *cell) {
    size_t offset = (size_t)((const char *)cell - block->first);
    return (uint32_t)((uint64_t)offset * block->reciprocal >> 32);
}

static inline void *ouro__cell_at(const ouro__block *block, uint32_t index) {
    return block->first + (size_t)index * block->cell_size;
}

/* A walk over the cells in use, in order of blocks and addresses. Begin with {0}. What the
 * caller does between two steps may free cells, and blocks if keep_empty is set. */
typedef struct ouro__place {
    size_t block;
    uint32_t cell;
} ouro__place;

/* The next cell in use, or NULL at the end. */
static inline void *ouro__pool_next(const ouro__pool *pool, ouro__place *place) {
    for (; place->block < pool->count; place->block++, place->cell = 0) {
        const ouro__block *block = pool->blocks[place->block];
        while (place->cell < block->fresh) {
            ouro__cell *cell = ouro__cell_at(block, place->cell++);
            if (cell->zero != 0) return cell;
        }
    }
    return NULL;
}

static inline void ouro__pool_free(void *pointer) {
    ouro__block *block = ouro__block_of(pointer);
    ouro__cell *cell = pointer;
    if (__builtin_expect(block->careful, 0)) ouro__pool_forget_cell(block, cell);
    cell->zero = 0;
    cell->next = block->free;
    block->free = cell;
    block->used--;
    if (__builtin_expect(block->full || block->used == 0, 0)) ouro__pool_freed(block);
}

#endif
