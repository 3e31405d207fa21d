/* SPDX-License-Identifier: MIT */
/* Cycles: the strongly connected groups of the heap, by Gabow's path-based algorithm (Gabow
 * 2000, after Tarjan 1972), without recursion.
 *
 * Chosen over Tarjan's own and Pearce's variants because it passes no low-link from child to
 * parent: an object that is left need not know from where it was entered, so all that waits
 * is one stack of addresses. Per object: 4 bytes for its number, 8 for the two stacks of the
 * algorithm, 8 for each reference that waits at the same time; then 8 for each member of a
 * group.
 *
 * An object's index is its cell's number when all cells of all blocks are counted through. */
#include <string.h>

#include "inspect/array.h"
#include "ouro/inspect.h"

#define LEAVE ((uintptr_t)1) /* on `work`: the object has been entered, and is to be left */
#define SELF 0x80000000u     /* on `open`: the object refers to itself */
#define MAX_CELLS 0x7fffffffu

/* Numbers; the others say in which order objects were entered. */
#define UNSEEN 0u
#define DONE UINT32_MAX

typedef struct finder {
    ouro_heap *heap;
    uint32_t *bases;   /* of each block: the index of its first cell */
    uint32_t *numbers; /* of each cell */
    uint32_t *open;    /* indices: entered, and of no finished group yet; in order */
    uint32_t *path;    /* numbers of those among them that may be the first of a group */
    size_t cells, blocks, objects;
    size_t open_count, path_count;
    size_t near; /* the block of the last object_at */
    uint32_t last_number;
    ouro__array work;    /* uintptr_t: objects to be entered, or, marked, to be left */
    ouro__array members; /* ouro_object *: of all groups, one after the other */
    ouro__array ends;    /* size_t: where each group ends in members */
    ouro_status status;
} finder;

/* ---- indices ----------------------------------------------------------------------------- */

/* A collection passes over the same blocks: nothing in them refers to anything but acyclic
 * objects. */
static inline bool is_skipped(const ouro__block *block) {
    return block->kind == OURO__ACYCLIC;
}

static inline uint32_t index_in(const finder *f, const ouro__block *block,
                                const ouro_object *object) {
    return f->bases[block->position] + ouro__cell_index(block, object);
}

static inline uint32_t index_of(const finder *f, const ouro_object *object) {
    return index_in(f, ouro__block_of(object), object);
}

static bool is_in_block(const finder *f, size_t block, uint32_t index) {
    return f->bases[block] <= index && (block + 1 == f->blocks || index < f->bases[block + 1]);
}

/* In the last block whose base is not above the index; often that of the last call. */
static ouro_object *object_at(finder *f, uint32_t index) {
    if (!is_in_block(f, f->near, index)) {
        size_t low = 0, high = f->blocks;
        while (high - low > 1) {
            size_t middle = low + (high - low) / 2;
            if (f->bases[middle] <= index) low = middle;
            else high = middle;
        }
        f->near = low;
    }
    return ouro__cell_at(f->heap->pool.blocks[f->near], index - f->bases[f->near]);
}

/* A member of a dying set may be released in part: what it says is history. */
static bool is_node(const ouro_object *object) {
    return object->type != 0 && !(object->flags & OURO__GONE);
}

/* ---- memory ------------------------------------------------------------------------------ */

static void *obtain(finder *f, size_t count, size_t item_size) {
    if (f->status != OURO_OK) return NULL;
    void *items = ouro__memory_resize(&f->heap->account, NULL, 0, count * item_size);
    if (items == NULL) f->status = ouro__array_refusal(f->heap, count * item_size);
    return items;
}

static void give_back(finder *f, uint32_t **items, size_t count) {
    ouro__memory_free(&f->heap->account, *items, count * sizeof **items, sizeof(max_align_t));
    *items = NULL;
}

static bool reserve(finder *f, ouro__array *array, size_t more) {
    if (f->status == OURO_OK) f->status = ouro__array_reserve(array, f->heap, more);
    return f->status == OURO_OK;
}

static void assign_bases(finder *f) {
    size_t cells = 0;
    for (size_t i = 0; i < f->blocks; i++) {
        const ouro__block *block = f->heap->pool.blocks[i];
        f->bases[i] = (uint32_t)cells;
        if (is_skipped(block)) continue;
        cells += block->fresh;
        f->objects += block->used;
        if (cells <= MAX_CELLS) continue;
        f->status = ouro_heap_fail(f->heap, OURO_E_LIMIT,
                                   "cycles: more than %u cells, too many to be looked at",
                                   MAX_CELLS);
        return;
    }
    f->cells = cells;
}

static void init(finder *f, ouro_heap *heap) {
    *f = (finder){.heap = heap, .blocks = heap->pool.count};
    f->work.item_size = sizeof(uintptr_t);
    f->members.item_size = sizeof(ouro_object *);
    f->ends.item_size = sizeof(size_t);
    if (f->blocks == 0) return;
    f->bases = obtain(f, f->blocks, sizeof *f->bases);
    if (f->bases != NULL) assign_bases(f);
    if (f->objects == 0 || f->status != OURO_OK) return;
    f->numbers = obtain(f, f->cells, sizeof *f->numbers);
    if (f->numbers != NULL) memset(f->numbers, 0, f->cells * sizeof *f->numbers);
    f->open = obtain(f, f->objects, sizeof *f->open);
    f->path = obtain(f, f->objects, sizeof *f->path);
}

static void free_stacks(finder *f) {
    give_back(f, &f->open, f->objects);
    give_back(f, &f->path, f->objects);
    ouro__array_free(&f->work, f->heap);
}

static void finish(finder *f) {
    free_stacks(f);
    give_back(f, &f->numbers, f->cells);
    give_back(f, &f->bases, f->blocks);
    ouro__array_free(&f->members, f->heap);
    ouro__array_free(&f->ends, f->heap);
}

/* ---- the search -------------------------------------------------------------------------- */

/* A reference to an object that is open: everything on the path since then is of one group
 * with it. */
static inline void close_ring(finder *f, uint32_t number) {
    while (f->path[f->path_count - 1] > number) f->path_count--;
}

/* Called for what the object entered last refers to. */
static void see_child(ouro_object *child, void *context) {
    finder *f = context;
    const ouro__block *block = ouro__block_of(child);
    if (is_skipped(block)) return;
    uint32_t number = f->numbers[index_in(f, block, child)];
    if (number == DONE) return;
    if (number == f->last_number) {
        f->open[f->open_count - 1] |= SELF;
    } else if (number != UNSEEN) {
        close_ring(f, number);
    } else if (reserve(f, &f->work, 1)) {
        ((uintptr_t *)f->work.items)[f->work.count++] = (uintptr_t)child;
    }
}

/* So that the first reference is on top of the stack, and entered first. */
static void reverse(uintptr_t *items, size_t count) {
    for (size_t i = 0, j = count; i + 1 < j; i++) {
        uintptr_t item = items[i];
        items[i] = items[--j];
        items[j] = item;
    }
}

static void enter(finder *f, ouro_object *object, uint32_t index) {
    if (!reserve(f, &f->work, 1)) return;
    ((uintptr_t *)f->work.items)[f->work.count++] = (uintptr_t)object | LEAVE;
    f->numbers[index] = ++f->last_number;
    f->open[f->open_count++] = index;
    f->path[f->path_count++] = f->last_number;
    size_t bottom = f->work.count;
    ouro__traverse(ouro__type_of(f->heap, object), object, see_child, f);
    reverse((uintptr_t *)f->work.items + bottom, f->work.count - bottom);
}

/* Plain data is no member of its own, though a ring may lead through it. */
static void keep_group(finder *f, const uint32_t *group, size_t count) {
    if (!reserve(f, &f->members, count) || !reserve(f, &f->ends, 1)) return;
    ouro_object **members = f->members.items;
    size_t before = f->members.count;
    for (size_t i = 0; i < count; i++) {
        ouro_object *object = object_at(f, group[i] & ~SELF);
        if (ouro__type_of(f->heap, object)->spec.flags & OURO_TYPE_PLAIN) continue;
        members[f->members.count++] = object;
    }
    if (f->members.count > before)
        ((size_t *)f->ends.items)[f->ends.count++] = f->members.count;
}

/* Everything reached from the object has been entered and left, or is open. */
static void leave(finder *f, uint32_t index) {
    if (f->path[f->path_count - 1] != f->numbers[index]) return; /* not first of its group */
    f->path_count--;
    size_t first = f->open_count;
    do f->numbers[f->open[--first] & ~SELF] = DONE;
    while ((f->open[first] & ~SELF) != index);
    size_t count = f->open_count - first;
    if (count > 1 || f->open[first] & SELF) keep_group(f, f->open + first, count);
    f->open_count = first;
}

static void search_from(finder *f, ouro_object *root, uint32_t root_index) {
    enter(f, root, root_index);
    while (f->work.count > 0 && f->status == OURO_OK) {
        uintptr_t word = ((uintptr_t *)f->work.items)[--f->work.count];
        ouro_object *object = (ouro_object *)(word & ~LEAVE);
        uint32_t index = index_of(f, object), number = f->numbers[index];
        if (word & LEAVE) leave(f, index);
        else if (number == UNSEEN) enter(f, object, index);
        else if (number != DONE) close_ring(f, number);
    }
}

static void search_block(finder *f, const ouro__block *block, bool pass_over) {
    for (uint32_t cell = 0; cell < block->fresh && f->status == OURO_OK; cell++) {
        ouro_object *object = ouro__cell_at(block, cell);
        uint32_t index = f->bases[block->position] + cell;
        if (pass_over) f->numbers[index] = is_node(object) ? UNSEEN : DONE;
        else if (f->numbers[index] == UNSEEN && object->type != 0)
            search_from(f, object, index);
    }
}

/* Before anything else, what is dying is marked as seen, so that nobody enters it. */
static void search(finder *f) {
    for (int pass = f->heap->death_depth > 0 ? 0 : 1; pass < 2; pass++)
        for (size_t i = 0; i < f->blocks && f->objects > 0; i++)
            if (!is_skipped(f->heap->pool.blocks[i]))
                search_block(f, f->heap->pool.blocks[i], pass == 0);
}

/* ---- the answer -------------------------------------------------------------------------- */

static bool mark_garbage(ouro_object *object, void *context) {
    finder *f = context;
    f->numbers[index_of(f, object)] = UNSEEN;
    return true;
}

/* One member decides: either all of a group are garbage or none is. Machinery is not among
 * what ouro_heap_leaked tells, so all are asked. */
static bool is_garbage(const finder *f, ouro_object *const *members, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (f->numbers[index_of(f, members[i])] == UNSEEN) return true;
    return false;
}

/* Each member's number tells for garbage before any callback runs, and the numbers are kept
 * while they do: the groups are handed out from arrays. */
static void hand_out(finder *f, ouro_group_fn each, void *context) {
    f->status = ouro_heap_leaked(f->heap, mark_garbage, f);
    const size_t *ends = f->ends.items;
    ouro_object *const *members = f->members.items;
    size_t first = 0;
    for (size_t i = 0; i < f->ends.count && f->status == OURO_OK; i++) {
        size_t count = ends[i] - first;
        if (!each(members + first, count, is_garbage(f, members + first, count), context)) return;
        first = ends[i];
    }
}

ouro_status ouro_heap_cycles(ouro_heap *heap, ouro_group_fn each, void *context) {
    finder f;
    init(&f, heap);
    if (f.status == OURO_OK) search(&f);
    free_stacks(&f);
    if (f.status == OURO_OK && f.ends.count > 0) hand_out(&f, each, context);
    finish(&f);
    return f.status;
}
