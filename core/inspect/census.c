/* SPDX-License-Identifier: MIT */
/* Census: how many objects of each type there are, and how many bytes they take. */
#include <string.h>

#include "inspect/array.h"
#include "ouro/inspect.h"

static void count_block(ouro_heap *heap, const ouro__block *block, ouro_census_row *rows) {
    for (uint32_t cell = 0; cell < block->fresh; cell++) {
        const ouro_object *object = ouro__cell_at(block, cell);
        /* The heap's own class of bags and list of garbage are on no books. */
        if (object->type == 0 || object == heap->bag_class || object == heap->garbage) continue;
        const ouro_type *type = heap->types[object->type];
        ouro_census_row *row = &rows[object->type];
        row->type = type;
        row->objects++;
        row->bytes += block->cell_size;
        if (type->spec.extra != NULL) row->bytes += type->spec.extra(object);
    }
}

/* Most objects first, then by name, then the older type. */
static bool comes_before(const ouro_census_row *a, const ouro_census_row *b) {
    if (a->objects != b->objects) return a->objects > b->objects;
    int order = strcmp(a->type->spec.name, b->type->spec.name);
    return order != 0 ? order < 0 : a->type->index < b->type->index;
}

/* Shell's sort with Knuth's gaps (Knuth 1973, 5.2.1): in place; the C library's qsort may
 * allocate behind the heap's back. */
static void sort_rows(ouro_census_row *rows, size_t count) {
    size_t gap = 1;
    while (gap < count / 3) gap = gap * 3 + 1;
    for (; gap > 0; gap /= 3) {
        for (size_t i = gap; i < count; i++) {
            ouro_census_row row = rows[i];
            size_t j = i;
            for (; j >= gap && comes_before(&row, &rows[j - gap]); j -= gap)
                rows[j] = rows[j - gap];
            rows[j] = row;
        }
    }
}

/* Moves the rows that have objects to the front. */
static size_t drop_empty_rows(ouro_census_row *rows, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (rows[i].objects != 0) rows[kept++] = rows[i];
    return kept;
}

static ouro_status hand_over(ouro_heap *heap, const ouro_census_row *rows, size_t count,
                             ouro_census_row **ret_rows, size_t *ret_count) {
    ouro_census_row *owned = NULL;
    if (count > 0) {
        owned = ouro_heap_resize(heap, NULL, 0, count * sizeof *owned);
        if (owned == NULL) return ouro__array_refusal(heap, count * sizeof *owned);
        memcpy(owned, rows, count * sizeof *owned);
    }
    *ret_rows = owned;
    *ret_count = count;
    return OURO_OK;
}

ouro_status ouro_heap_census(ouro_heap *heap, ouro_census_row **ret_rows, size_t *ret_count) {
    ouro__guard_look(heap);
    ouro__array by_type = {.item_size = sizeof(ouro_census_row)};
    if (heap->type_count == 0) return hand_over(heap, NULL, 0, ret_rows, ret_count);
    ouro_status status = ouro__array_reserve(&by_type, heap, heap->type_count);
    if (status != OURO_OK) return status;
    ouro_census_row *rows = by_type.items;
    memset(rows, 0, heap->type_count * sizeof *rows);
    for (size_t i = 0; i < heap->pool.count; i++) count_block(heap, heap->pool.blocks[i], rows);
    size_t count = drop_empty_rows(rows, heap->type_count);
    sort_rows(rows, count);
    status = hand_over(heap, rows, count, ret_rows, ret_count);
    ouro__array_free(&by_type, heap);
    return status;
}
