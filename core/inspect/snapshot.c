/* SPDX-License-Identifier: MIT */
/* Snapshot: which objects there are, by id, and how big; and what is different between two.
 * A snapshot refers to nothing: it stays as it is while the heap goes on, or ends. */
#include <string.h>

#include "inspect/array.h"
#include "ouro/inspect.h"
#include "ouro/understand.h"

typedef struct taking {
    ouro_heap *heap;
    ouro__array rows;  /* ouro_snapshot_row */
    ouro__array plain; /* the same, by type's index */
    ouro_status status;
} taking;

static bool add_row(taking *t, const ouro_snapshot_row *row) {
    t->status = ouro__array_reserve(&t->rows, t->heap, 1);
    if (t->status != OURO_OK) return false;
    ((ouro_snapshot_row *)t->rows.items)[t->rows.count++] = *row;
    return true;
}

static bool note_object(ouro_object *object, void *context) {
    taking *t = context;
    ouro_snapshot_row row = {.objects = 1, .type = object->type};
    t->status = ouro_object_id(object, &row.id);
    row.bytes = ouro_object_size(object);
    return t->status == OURO_OK && add_row(t, &row);
}

/* Plain data has no identity: what counts is how much there is. */
static void note_plain(taking *t) {
    ouro_snapshot_row *plain = t->plain.items;
    const ouro_object *object;
    memset(plain, 0, t->heap->type_count * sizeof *plain);
    for (ouro__place at = {0}; (object = ouro__pool_next(&t->heap->pool, &at)) != NULL;) {
        if (!(t->heap->types[object->type]->spec.flags & OURO_TYPE_PLAIN)) continue;
        plain[object->type].objects++;
        plain[object->type].bytes += ouro_object_size(object);
    }
    for (size_t i = 0; i < t->heap->type_count && t->status == OURO_OK; i++) {
        plain[i].type = (uint32_t)i;
        if (plain[i].objects > 0) add_row(t, &plain[i]);
    }
}

static bool comes_before(const ouro_snapshot_row *a, const ouro_snapshot_row *b) {
    return a->id != b->id ? a->id < b->id : a->type < b->type;
}

/* Shell's sort, in place, as in census.c. */
static void sort_rows(ouro_snapshot_row *rows, size_t count) {
    size_t gap = 1;
    while (gap < count / 3) gap = gap * 3 + 1;
    for (; gap > 0; gap /= 3) {
        for (size_t i = gap; i < count; i++) {
            ouro_snapshot_row row = rows[i];
            size_t j = i;
            for (; j >= gap && comes_before(&row, &rows[j - gap]); j -= gap)
                rows[j] = rows[j - gap];
            rows[j] = row;
        }
    }
}

/* Types may be gone when the names are asked for. */
static ouro_status copy_names(ouro_heap *heap, ouro_snapshot *s) {
    s->type_count = heap->type_count;
    s->names_size = s->type_count * sizeof *s->names + 1;
    for (size_t i = 1; i < s->type_count; i++)
        if (heap->types[i] != NULL) s->names_size += strlen(heap->types[i]->spec.name) + 1;
    s->names = ouro__memory_resize(&heap->account, NULL, 0, s->names_size);
    if (s->names == NULL) return ouro__array_refusal(heap, s->names_size);
    char *at = (char *)(s->names + s->type_count);
    for (size_t i = 0; i < s->type_count; i++) {
        const char *name = i > 0 && heap->types[i] != NULL ? heap->types[i]->spec.name : NULL;
        s->names[i] = name != NULL ? at : NULL;
        if (name == NULL) continue;
        memcpy(at, name, strlen(name) + 1);
        at += strlen(name) + 1;
    }
    return OURO_OK;
}

/* To the size that is needed: it may be kept for long. */
static ouro_status hand_over(taking *t, ouro_snapshot *s) {
    size_t size = sizeof(ouro_snapshot_row);
    s->count = t->rows.count;
    if (s->count == 0) return OURO_OK;
    s->rows = ouro__memory_resize(&t->heap->account, NULL, 0, s->count * size);
    if (s->rows == NULL) return ouro__array_refusal(t->heap, s->count * size);
    memcpy(s->rows, t->rows.items, s->count * size);
    return OURO_OK;
}

ouro_status ouro_snapshot_take(ouro_heap *heap, ouro_snapshot *ret_snapshot) {
    taking t = {.heap = heap, .status = OURO_OK};
    ouro_snapshot s = {.count = 0};
    t.rows.item_size = t.plain.item_size = sizeof(ouro_snapshot_row);
    ouro_heap_each(heap, false, note_object, &t);
    if (t.status == OURO_OK) t.status = ouro__array_reserve(&t.plain, heap, heap->type_count);
    if (t.status == OURO_OK) note_plain(&t);
    if (t.status == OURO_OK) t.status = copy_names(heap, &s);
    if (t.status == OURO_OK) t.status = hand_over(&t, &s);
    if (t.status == OURO_OK) sort_rows(s.rows, s.count);
    ouro__array_free(&t.plain, heap);
    ouro__array_free(&t.rows, heap);
    if (t.status == OURO_OK) *ret_snapshot = s;
    else ouro_snapshot_free(heap, &s);
    return t.status;
}

void ouro_snapshot_free(ouro_heap *heap, ouro_snapshot *snapshot) {
    if (snapshot->rows != NULL)
        ouro__memory_free(&heap->account, snapshot->rows,
                          snapshot->count * sizeof *snapshot->rows, sizeof(max_align_t));
    if (snapshot->names != NULL)
        ouro__memory_free(&heap->account, snapshot->names, snapshot->names_size,
                          sizeof(max_align_t));
    *snapshot = (ouro_snapshot){.count = 0};
}

void ouro_snapshot_diff(const ouro_snapshot_row *before, size_t before_count,
                        const ouro_snapshot_row *after, size_t after_count,
                        ouro_difference_fn each, void *context) {
    size_t i = 0, j = 0;
    bool going = true;
    while (going && (i < before_count || j < after_count)) {
        const ouro_snapshot_row *old = i < before_count ? &before[i] : NULL;
        const ouro_snapshot_row *new = j < after_count ? &after[j] : NULL;
        if (old != NULL && new != NULL) {
            if (comes_before(old, new)) new = NULL;
            else if (comes_before(new, old)) old = NULL;
        }
        i += old != NULL;
        j += new != NULL;
        bool same = old != NULL && new != NULL && old->bytes == new->bytes &&
                    old->objects == new->objects;
        if (!same) going = each(old, new, context);
    }
}
