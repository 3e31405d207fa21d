/* SPDX-License-Identifier: MIT */
/* Pool: arenas of handles behind the allocator of a Lua state (pool.h).
 *
 * The pool lives as long as the state: it is freed when Lua frees the state's main block,
 * which is the last thing Lua does and after which nobody can call the wrapper. The module
 * stays loaded for the life of the process (it is linked with -z nodelete).
 *
 * Rejected: __gc on handles. It would resurrect each handle for a round, cost a call into C
 * for each, run in an order of Lua's choosing at lua_close, and could be taken away by
 * debug.setmetatable. */
#include "pool.h"

#include <stdalign.h>
#include <stddef.h>
#include <string.h>

/* Its address is the key of the pool in the registry. */
static const char pool_key = 'p';

/* ---- arenas ------------------------------------------------------------------------------ */

static slot **link_of(slot *s) {
    return (slot **)(void *)(s + 1);
}

static size_t bitmap_words(uint32_t count) {
    return ((size_t)count + 63) / 64;
}

static size_t arena_size(const handle_pool *pool, uint32_t count) {
    return count * pool->stride + bitmap_words(count) * sizeof(uint64_t);
}

static bool add_arena(handle_pool *pool) {
    if (pool->arena_count == POOL_ARENAS) return false;
    unsigned index = pool->arena_count;
    uint32_t count = (uint32_t)POOL_FIRST << index;
    char *start = pool->alloc(pool->alloc_user, NULL, 0, arena_size(pool, count));
    if (start == NULL) return false;
    arena *a = &pool->arenas[index];
    *a = (arena){.start = start, .end = start + count * pool->stride, .count = count};
    a->first = ((uint32_t)POOL_FIRST << index) - POOL_FIRST;
    a->taken = (uint64_t *)(void *)a->end;
    memset(a->taken, 0, bitmap_words(count) * sizeof(uint64_t));
    for (uint32_t i = count; i-- > 0;) {
        slot *s = (slot *)(void *)(start + i * pool->stride);
        *s = (slot){.number = a->first + i, .state = SLOT_FREE};
        *link_of(s) = a->free;
        a->free = s;
    }
    pool->arena_count++;
    return true;
}

/* Arena i begins at number POOL_FIRST * (2^i - 1). */
static unsigned arena_index(uint32_t number) {
    unsigned i = 0;
    for (uint32_t n = number / POOL_FIRST + 1; n > 1; n >>= 1) i++;
    return i;
}

slot *ouro_lua_pool_at(const handle_pool *pool, uint32_t number) {
    const arena *a = &pool->arenas[arena_index(number)];
    return (slot *)(void *)(a->start + (number - a->first) * pool->stride);
}

/* The first taken slot of the arena from place i on. */
static slot *next_in(const handle_pool *pool, const arena *a, uint32_t i) {
    while (i < a->count) {
        uint64_t word = a->taken[i / 64] >> i % 64;
        if (word & 1) return (slot *)(void *)(a->start + i * pool->stride);
        i = word != 0 ? i + 1 : (i / 64 + 1) * 64;
    }
    return NULL;
}

slot *ouro_lua_pool_next(const handle_pool *pool, const slot *previous) {
    uint32_t number = previous != NULL ? previous->number + 1 : 0;
    for (unsigned i = 0; i < pool->arena_count; i++) {
        const arena *a = &pool->arenas[i];
        if (a->used == 0 || number >= a->first + a->count) continue;
        slot *s = next_in(pool, a, number > a->first ? number - a->first : 0);
        if (s != NULL) return s;
    }
    return NULL;
}

void ouro_lua_pool_release(handle_pool *pool, slot *s) {
    unsigned index = arena_index(s->number);
    arena *a = &pool->arenas[index];
    uint32_t i = s->number - a->first;
    a->taken[i / 64] &= ~((uint64_t)1 << i % 64);
    a->used--;
    s->state = SLOT_FREE;
    *link_of(s) = a->free;
    a->free = s;
    if (index < pool->hint) pool->hint = index;
}

/* The first arena with a free slot: the others may become empty. */
static arena *find_room(handle_pool *pool) {
    while (pool->hint < pool->arena_count) {
        arena *a = &pool->arenas[pool->hint];
        if (OURO_LIKELY(a->free != NULL)) return a;
        pool->hint++;
    }
    return NULL;
}

slot *ouro_lua_pool_next_dead(handle_pool *pool) {
    slot *s = pool->dead;
    if (s != NULL) {
        pool->dead = *link_of(s);
        pool->dead_count--;
    }
    return s;
}

slot *ouro_lua_pool_take_dead(handle_pool *pool) {
    slot *reversed = NULL, *s;
    while ((s = ouro_lua_pool_next_dead(pool)) != NULL) {
        *link_of(s) = reversed;
        reversed = s;
    }
    return reversed;
}

slot *ouro_lua_pool_rest(slot *s) {
    return *link_of(s);
}

void ouro_lua_pool_put_dead(handle_pool *pool, slot *s) {
    *link_of(s) = pool->dead;
    pool->dead = s;
    pool->dead_count++;
}

/* Merges two sorted lists; of equals those of a come first. */
static slot *merge_lists(const handle_pool *pool, slot *a, slot *b,
                         uint64_t (*key)(const handle_pool *pool, const slot *s)) {
    slot *head = NULL, **end = &head;
    while (a != NULL && b != NULL) {
        slot **first = key(pool, b) < key(pool, a) ? &b : &a;
        *end = *first;
        end = link_of(*first);
        *first = *end;
    }
    *end = a != NULL ? a : b;
    return head;
}

/* Bottom-up: runs[i] is a sorted list of 2^i slots, or NULL. */
void ouro_lua_pool_sort_dead(handle_pool *pool,
                             uint64_t (*key)(const handle_pool *pool, const slot *s)) {
    slot *runs[48] = {NULL}, *rest = pool->dead;
    while (rest != NULL) {
        slot *run = rest;
        rest = *link_of(run);
        *link_of(run) = NULL;
        size_t i = 0;
        for (; runs[i] != NULL; i++) {
            run = merge_lists(pool, runs[i], run, key);
            runs[i] = NULL;
        }
        runs[i] = run;
    }
    pool->dead = NULL;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        pool->dead = merge_lists(pool, runs[i], pool->dead, key);
}

/* ---- the wrapper ------------------------------------------------------------------------- */

static void *serve(handle_pool *pool) {
    arena *a = &pool->arenas[pool->hint]; /* ouro_lua_pool_reserve has looked */
    slot *s = a->free;
    uint32_t i = s->number - a->first;
    pool->mode = POOL_IDLE;
    a->free = *link_of(s);
    a->taken[i / 64] |= (uint64_t)1 << i % 64;
    a->used++;
    s->state = SLOT_RAW;
    s->owner = NULL;
    return s + 1;
}

/* Whether the block was a handle's. */
static bool take_back(handle_pool *pool, void *block) {
    const char *payload = (char *)block + pool->payload;
    slot *s = ouro_lua_pool_find(pool, payload);
    if (s == NULL) return false;
    if (s->state != SLOT_HANDLE || *ouro_lua_payload(pool, s) == NULL) {
        ouro_lua_pool_release(pool, s);
        return true;
    }
    s->state = SLOT_DEAD;
    ouro_lua_pool_put_dead(pool, s);
    return true;
}

static void *end_state(handle_pool *pool, void *block, size_t size) {
    lua_Alloc alloc = pool->alloc;
    void *user = pool->alloc_user;
    for (unsigned i = 0; i < pool->arena_count; i++)
        alloc(user, pool->arenas[i].start, arena_size(pool, pool->arenas[i].count), 0);
    alloc(user, pool, sizeof *pool, 0);
    return alloc(user, block, size, 0);
}

static void note_block(block_record *record, const void *block, size_t size) {
    if (record->count == sizeof record->block / sizeof *record->block) return;
    record->block[record->count] = block;
    record->size[record->count++] = size;
}

/* All that is not the common case. */
static void *allocate_specially(handle_pool *pool, void *block, size_t old_size,
                                size_t new_size) {
    bool is_userdata = block == NULL && old_size == LUA_TUSERDATA;
    if (pool->mode == POOL_MAKING && is_userdata && new_size == pool->block_size)
        return serve(pool);
    if (pool->mode == POOL_REFUSING && is_userdata) {
        pool->mode = POOL_IDLE;
        return NULL;
    }
    void *result = pool->alloc(pool->alloc_user, block, old_size, new_size);
    if (pool->mode == POOL_LEARNING && is_userdata && result != NULL) {
        pool->mode = POOL_IDLE;
        pool->block_size = new_size;
        pool->learned = result;
    }
    if (pool->mode == POOL_RECORDING && result != NULL)
        note_block(pool->record, result, new_size);
    return result;
}

static void *allocate(void *user, void *block, size_t old_size, size_t new_size) {
    handle_pool *pool = user;
    if (new_size == 0) {
        if (old_size == pool->block_size && block != NULL && take_back(pool, block)) return NULL;
        if (OURO_UNLIKELY(block == pool->main_block && block != NULL))
            return end_state(pool, block, old_size);
    } else if (OURO_UNLIKELY(pool->mode != POOL_IDLE)) {
        return allocate_specially(pool, block, old_size, new_size);
    }
    return pool->alloc(pool->alloc_user, block, old_size, new_size);
}

/* ---- setting up -------------------------------------------------------------------------- */

/* Lua's layout of a userdata, seen from outside. */
static void learn_sizes(lua_State *L, handle_pool *pool) {
    pool->learned = NULL;
    pool->mode = POOL_LEARNING;
    char *payload = lua_newuserdatauv(L, sizeof(ouro_object *), 0);
    const char *block = pool->learned;
    pool->mode = POOL_IDLE;
    lua_pop(L, 1);
    if (block == NULL || payload < block ||
        payload + sizeof(ouro_object *) > block + pool->block_size) {
        pool->block_size = 0;
        luaL_error(L, "ouro cannot find its way in the memory of this Lua");
    }
    pool->payload = (size_t)(payload - block);
    pool->stride = alignof(max_align_t);
    while (pool->stride < sizeof(slot) + pool->block_size) pool->stride *= 2;
}

static int make_weak_table(lua_State *L) {
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

/* From lua_setallocf on, nothing that raises may leave a pool that is in use and unknown to
 * the registry: its place there is made first. */
static handle_pool *install(lua_State *L) {
    lua_pushboolean(L, false);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &pool_key);
    void *user;
    lua_Alloc alloc = lua_getallocf(L, &user);
    handle_pool *pool = alloc(user, NULL, 0, sizeof *pool);
    if (pool == NULL) luaL_error(L, "not enough memory");
    memset(pool, 0, sizeof *pool);
    pool->alloc = alloc;
    pool->alloc_user = user;
    pool->cache = pool->own = LUA_NOREF;
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    pool->main_block = (char *)lua_tothread(L, -1) - LUA_EXTRASPACE;
    lua_pop(L, 1);
    lua_pushlightuserdata(L, pool);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &pool_key);
    lua_setallocf(L, allocate, pool);
    return pool;
}

handle_pool *ouro_lua_pool(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &pool_key);
    handle_pool *pool = lua_touserdata(L, -1);
    lua_pop(L, 1);
    if (pool == NULL) pool = install(L);
    if (pool->stride == 0) learn_sizes(L, pool);
    if (pool->own == LUA_NOREF) pool->own = make_weak_table(L);
    if (pool->cache == LUA_NOREF) {
        pool->cache = make_weak_table(L);
        ouro_lua_probe_leftovers(L, pool);
    }
    return pool;
}

void ouro_lua_pool_reserve(lua_State *L, handle_pool *pool) {
    if (OURO_LIKELY(find_room(pool) != NULL) || add_arena(pool)) return;
    lua_gc(L, LUA_GCCOLLECT);
    if (find_room(pool) == NULL && !add_arena(pool)) luaL_error(L, "not enough memory");
}

/* ---- giving memory back ---------------------------------------------------------------------- */

/* Argument: the pool. Makes the table of handles anew. */
static int renew_cache(lua_State *L) {
    handle_pool *pool = lua_touserdata(L, 1);
    int fresh = make_weak_table(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, pool->cache);
    lua_rawgeti(L, LUA_REGISTRYINDEX, fresh);
    uint32_t end = 0;
    for (slot *s = ouro_lua_pool_next(pool, NULL); s != NULL; s = ouro_lua_pool_next(pool, s)) {
        if (s->state != SLOT_HANDLE) continue;
        lua_rawgeti(L, 2, (lua_Integer)s->number);
        lua_rawseti(L, 3, (lua_Integer)s->number);
        end = s->number + 1;
    }
    luaL_unref(L, LUA_REGISTRYINDEX, pool->cache);
    pool->cache = fresh;
    pool->cache_end = end;
    return 0;
}

#define CACHE_SPARED 4096 /* a table up to this size is never too big */

void ouro_lua_pool_trim(lua_State *L, handle_pool *pool) {
    size_t used = 0;
    for (unsigned i = 0; i < pool->arena_count; i++) used += pool->arenas[i].used;
    while (pool->arena_count > 1) {
        const arena *a = &pool->arenas[pool->arena_count - 1];
        if (a->used != 0 || used * 4 > a->count) break;
        pool->alloc(pool->alloc_user, a->start, arena_size(pool, a->count), 0);
        pool->arena_count--;
        if (pool->hint > pool->arena_count) pool->hint = pool->arena_count;
    }
    if (pool->cache_end <= CACHE_SPARED || used * 8 > pool->cache_end) return;
    if (!lua_checkstack(L, 4)) return;
    lua_pushcfunction(L, renew_cache);
    lua_pushlightuserdata(L, pool);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) lua_pop(L, 1);
}

/* ---- for others ------------------------------------------------------------------------------ */

void ouro_lua_record_blocks(handle_pool *pool, block_record *record) {
    pool->record = record;
    pool->mode = record != NULL ? POOL_RECORDING : POOL_IDLE;
}

binding *ouro_lua_set_calling(handle_pool *pool, binding *b) {
    binding *before = pool->calling;
    pool->calling = b;
    pool->calls++;
    return before;
}

binding *ouro_lua_calling(const handle_pool *pool) {
    return pool->calling;
}

bool ouro_lua_reads_code(const handle_pool *pool) {
    return pool->reads_code;
}

void ouro_lua_set_reads_code(handle_pool *pool, bool on) {
    pool->reads_code = on;
}
