/* SPDX-License-Identifier: MIT */
/* Cycles: the strongly connected groups of the heap, by Gabow's path-based algorithm (Gabow
 * 2000, after Tarjan 1972), without recursion.
 *
 * Chosen over Tarjan's own and Pearce's variants because it passes no low-link from child to
 * parent: a node that is left need not know whom it was entered from, so all that waits is
 * one stack of 32-bit words. Per object: 4 bytes for its number, 8 for the two stacks of
 * the algorithm, and 4 for each reference that waits; then 8 for each member of a group.
 *
 * An object's index is its cell's number when all cells of all blocks are counted through. */
#include <string.h>

#include "inspect/array.h"
#include "ouro/inspect.h"

#define MARK 0x80000000u /* on `work`: the object is to be left; on `open`: refers to itself */
#define MAX_CELLS 0x7fffffffu

/* Numbers; the others say in which order objects were entered. */
#define UNSEEN 0u
#define DONE UINT32_MAX

typedef struct finder {
    ouro_heap *heap;
    uint32_t *bases;   /* of each block: the index of its first cell */
    uint32_t *numbers; /* of each cell */
    uint32_t *open;    /* entered and not yet part of a finished group, in order */
    uint32_t *path;    /* those of them that may be the first of a group */
    size_t cells, blocks, objects;
    size_t open_count, path_count;
    uint32_t last_number;
    ouro__array work;    /* uint32_t: indices to be entered, marked ones to be left */
    ouro__array members; /* ouro_object *: of all groups, one after the other */
    ouro__array ends;    /* size_t: where each group ends in members */
    size_t current;      /* index of the object whose references are being read */
    ouro_status status;
} finder;

/* ---- indices ------------------------------------------------------------------------------ */

/* A collection passes over the same blocks: nothing in them refers to anything but acyclic
 * objects. */
static bool is_skipped(const ouro__block *block) {
    return block->kind == OURO__ACYCLIC;
}

static uint32_t index_of(const finder *f, const ouro_object *object) {
    const ouro__block *block = ouro__block_of(object);
    return f->bases[block->position] + ouro__cell_index(block, object);
}

/* The block with the last base that is not above the index. */
static ouro_object *object_at(const finder *f, uint32_t index) {
    size_t low = 0, high = f->blocks;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (f->bases[middle] <= index) low = middle;
        else high = middle;
    }
    return ouro__cell_at(f->heap->pool.blocks[low], index - f->bases[low]);
}

/* A member of a dying set may be released in part: what it says is history. */
static bool is_node(const ouro_object *object) {
    return object->type != 0 && !(object->flags & OURO__DOOMED);
}

/* ---- memory --------------------------------------------------------------------------------- */

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
    f->work.item_size = sizeof(uint32_t);
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

/* ---- the search ------------------------------------------------------------------------------ */

/* A reference to an object that was entered before: everything on the path since then is of
 * one group with it. */
static void close_ring(finder *f, uint32_t index) {
    uint32_t number = f->numbers[index];
    if (number == DONE) return;
    while (f->numbers[f->path[f->path_count - 1]] > number) f->path_count--;
}

static void see_child(ouro_object *child, void *context) {
    finder *f = context;
    if (is_skipped(ouro__block_of(child)) || !is_node(child)) return;
    uint32_t index = index_of(f, child);
    if (index == f->current) f->open[f->open_count - 1] |= MARK;
    else if (f->numbers[index] != UNSEEN) close_ring(f, index);
    else if (reserve(f, &f->work, 1)) ((uint32_t *)f->work.items)[f->work.count++] = index;
}

/* So that the first reference is on top of the stack, and entered first. */
static void reverse(uint32_t *items, size_t count) {
    for (size_t i = 0, j = count; i + 1 < j; i++) {
        uint32_t item = items[i];
        items[i] = items[--j];
        items[j] = item;
    }
}

static void enter(finder *f, uint32_t index) {
    if (!reserve(f, &f->work, 1)) return;
    ((uint32_t *)f->work.items)[f->work.count++] = index | MARK;
    f->numbers[index] = ++f->last_number;
    f->open[f->open_count++] = index;
    f->path[f->path_count++] = index;
    f->current = index;
    ouro_object *object = object_at(f, index);
    size_t bottom = f->work.count;
    ouro__traverse(ouro__type_of(f->heap, object), object, see_child, f);
    reverse((uint32_t *)f->work.items + bottom, f->work.count - bottom);
}

/* Plain data is no member of its own, though a ring may lead through it. */
static void keep_group(finder *f, const uint32_t *group, size_t count) {
    if (!reserve(f, &f->members, count) || !reserve(f, &f->ends, 1)) return;
    ouro_object **members = f->members.items;
    size_t before = f->members.count;
    for (size_t i = 0; i < count; i++) {
        ouro_object *object = object_at(f, group[i] & ~MARK);
        if (ouro__type_of(f->heap, object)->spec.flags & OURO_TYPE_PLAIN) continue;
        members[f->members.count++] = object;
    }
    if (f->members.count > before)
        ((size_t *)f->ends.items)[f->ends.count++] = f->members.count;
}

/* Everything reached from the object has been entered and left, or is open. */
static void leave(finder *f, uint32_t index) {
    if (f->path[f->path_count - 1] != index) return; /* an earlier one is first of its group */
    f->path_count--;
    size_t first = f->open_count;
    do f->numbers[f->open[--first] & ~MARK] = DONE;
    while ((f->open[first] & ~MARK) != index);
    size_t count = f->open_count - first;
    if (count > 1 || f->open[first] & MARK) keep_group(f, f->open + first, count);
    f->open_count = first;
}

static void search_from(finder *f, uint32_t root) {
    enter(f, root);
    while (f->work.count > 0 && f->status == OURO_OK) {
        uint32_t word = ((uint32_t *)f->work.items)[--f->work.count];
        if (word & MARK) leave(f, word & ~MARK);
        else if (f->numbers[word] == UNSEEN) enter(f, word);
        else close_ring(f, word);
    }
}

static void search(finder *f) {
    if (f->objects == 0) return;
    for (size_t i = 0; i < f->blocks && f->status == OURO_OK; i++) {
        const ouro__block *block = f->heap->pool.blocks[i];
        if (is_skipped(block)) continue;
        for (uint32_t cell = 0; cell < block->fresh; cell++) {
            uint32_t index = f->bases[i] + cell;
            if (f->numbers[index] == UNSEEN && is_node(ouro__cell_at(block, cell)))
                search_from(f, index);
        }
    }
}

/* ---- the answer -------------------------------------------------------------------------------- */

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
