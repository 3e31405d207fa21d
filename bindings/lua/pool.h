/* SPDX-License-Identifier: MIT */
/* Pool: the memory of a Lua state's handles. One per Lua state, for all its heaps.
 *
 * pool.c wraps the state's allocator. A handle's block comes from arenas of equal slots, so
 * that the wrapper sees which block Lua frees and which object the handle referred to: Lua
 * itself tells, exactly and without a finalizer, that it can no longer reach the object.
 * Everything else goes to the allocator that was there before. The wrapper calls neither Lua
 * nor the core and needs no memory to note a death.
 *
 * A slot belongs to exactly one of: the free list; Lua; the list of the dead, which still
 * hold their objects until somebody drains it. */
#ifndef OURO_LUA_POOL_H
#define OURO_LUA_POOL_H

#include "internal.h"

typedef enum slot_state {
    SLOT_FREE,
    SLOT_RAW,    /* Lua has the block; not (yet) a handle */
    SLOT_HANDLE, /* Lua has it, the payload is the object or NULL */
    SLOT_DEAD    /* Lua has freed it, the object is still held */
} slot_state;

/* The block as Lua knows it follows at once; while Lua does not have it, its first word is
 * the link of the list. */
typedef struct slot {
    binding *owner;  /* whose object; NULL when that heap is closed */
    uint32_t number; /* of all slots of the state, from 0 */
    uint8_t state;
    bool twin;    /* its object had or has another handle */
    uint8_t kind; /* handle_kind: what its object is or was */
    bool call;     /* of a running `call`, which has it as long as it runs */
} slot;

#define POOL_ARENAS 24 /* the last one alone would have 2^31 slots */
#define POOL_FIRST 256 /* slots of the first arena; each has twice as many as the one before */

typedef struct arena {
    char *start, *end;
    uint64_t *taken; /* a bit a slot; behind the slots */
    slot *free;
    uint32_t first, count, used; /* number of its first slot; slots; those not free */
} arena;

typedef enum pool_mode {
    POOL_IDLE,
    POOL_LEARNING, /* the next userdata shows how big a handle's block is */
    POOL_MAKING,   /* the next userdata is a handle */
    POOL_RECORDING, /* blocks are noted (leftovers.c) */
    POOL_REFUSING  /* the next userdata is refused once, so that Lua collects (cross.c) */
} pool_mode;

struct handle_pool {
    lua_Alloc alloc; /* the one before */
    void *alloc_user;
    char *main_block; /* freed last of all: the pool goes with it */
    slot *dead;
    unsigned hint; /* no arena before it has a free slot */
    size_t dead_count;
    unsigned draining; /* drains under way, one within another */
    size_t block_size; /* what Lua asks for; 0: not yet known */
    size_t payload;    /* where in the block the object's address is */
    size_t stride; /* from slot to slot; a power of two */
    pool_mode mode;
    char *learned; /* the block that POOL_LEARNING has seen */
    int cache; /* registry: table with weak values, number -> handle */
    uint32_t cache_end; /* beyond all numbers that were ever in this table */
    int own;   /* registry: table with weak values, binding -> its own values (own.c) */
    bool reads_code;
    binding *only; /* the heap of this state, if there has never been another (names.c) */
    size_t opened; /* heaps, ever */
    uint64_t *reports; /* of errors, counted for the command; or NULL */
    binding *calling; /* within ouro_lua_pcall */
    size_t calls; /* protected calls into Lua so far: between two of them it is at rest */
    unsigned arena_count;
    arena arenas[POOL_ARENAS];
    block_record *record;
};

/* Sees to it that there is a free slot; raises for want of memory. */
void ouro_lua_pool_reserve(lua_State *L, handle_pool *pool);
/* Lua has freed the block and the slot is drained: it is free. */
void ouro_lua_pool_release(handle_pool *pool, slot *s);
/* The slot of that number, which has to exist. */
slot *ouro_lua_pool_at(const handle_pool *pool, uint32_t number);
/* The taken slots in order; NULL begins, NULL ends. */
slot *ouro_lua_pool_next(const handle_pool *pool, const slot *previous);
/* Gives back the memory of arenas that are empty, and of a table of handles that has become
 * much too big: Lua's collector looks at all its places, used or not. Raises nothing. */
void ouro_lua_pool_trim(lua_State *L, handle_pool *pool);
/* Takes one from the list of the dead; NULL: there is none. */
slot *ouro_lua_pool_next_dead(handle_pool *pool);
/* Takes the whole list, in reverse; it is walked by rest, and put_dead gives one back. */
slot *ouro_lua_pool_take_dead(handle_pool *pool);
slot *ouro_lua_pool_rest(slot *s);
void ouro_lua_pool_put_dead(handle_pool *pool, slot *s);
/* Sorts the list by what the function says of each, ascending, equal ones as they are. */
void ouro_lua_pool_sort_dead(handle_pool *pool,
                             uint64_t (*key)(const handle_pool *pool, const slot *s));

static inline ouro_object **ouro_lua_payload(const handle_pool *pool, const slot *s) {
    return (ouro_object **)(void *)((char *)(uintptr_t)(s + 1) + pool->payload);
}

/* The slot that has its payload at the address, NULL if there is none. The newest arena has
 * half of all slots. */
static inline slot *ouro_lua_pool_find(const handle_pool *pool, const void *payload) {
    const char *p = payload;
    for (unsigned i = pool->arena_count; i-- > 0;) {
        const arena *a = &pool->arenas[i];
        if (p < a->start || p >= a->end) continue;
        uintptr_t start = (uintptr_t)p - pool->payload - sizeof(slot);
        bool whole = ((start - (uintptr_t)a->start) & (pool->stride - 1)) == 0;
        return whole ? (slot *)start : NULL;
    }
    return NULL;
}

#endif
