/* SPDX-License-Identifier: MIT */
/* Sort: a stable merge sort of a list, bottom up, so without recursion. Runs of 16 are made
 * by binary insertion, which asks less() the fewest times; two runs that are in order
 * already cost one question.
 *
 * The items are taken out of the list meanwhile: less may do anything, to the list too. The
 * array then owns their counts, and at every moment it holds each of them exactly once
 * whenever less runs or gives up, but for a merge, which puts back what it has aside. */
#include "ouro/containers.h"
#include "ouro/heap.h"
#include "types/types.h"

#define RUN ((size_t)16)

typedef struct sorting {
    ouro_value *items;
    ouro_value *aside; /* as many */
    size_t count;
    ouro_less_fn less;
    void *context;
} sorting;

/* Sorts items[low, high) by insertion. False: less gave up. */
static bool make_run(sorting *s, size_t low, size_t high) {
    for (size_t i = low + 1; i < high; i++) {
        ouro_value item = s->items[i];
        size_t left = low, right = i;
        while (left < right) {
            size_t middle = left + (right - left) / 2;
            int before = s->less(item, s->items[middle], s->context);
            if (before < 0) return false;
            if (before) right = middle;
            else left = middle + 1;
        }
        memmove(s->items + left + 1, s->items + left, (i - left) * sizeof item);
        s->items[left] = item;
    }
    return true;
}

/* Merges the runs [low, middle) and [middle, high). False: less gave up. */
static bool merge(sorting *s, size_t low, size_t middle, size_t high) {
    ouro_value *items = s->items;
    int before = s->less(items[middle], items[middle - 1], s->context);
    if (before <= 0) return before == 0;
    size_t left = 0, lefts = middle - low, right = middle, to = low;
    memcpy(s->aside, items + low, lefts * sizeof *items);
    while (left < lefts && right < high) {
        before = s->less(items[right], s->aside[left], s->context);
        if (before < 0) break;
        items[to++] = before ? items[right++] : s->aside[left++];
    }
    /* What is aside fits exactly before the rest of the right run. */
    memcpy(items + to, s->aside + left, (lefts - left) * sizeof *items);
    return before >= 0;
}

static bool sort_items(sorting *s) {
    for (size_t low = 0; low < s->count; low += RUN)
        if (!make_run(s, low, s->count - low < RUN ? s->count : low + RUN)) return false;
    for (size_t width = RUN; width < s->count; width *= 2)
        for (size_t low = 0; s->count - low > width; low += 2 * width) {
            size_t rest = s->count - low;
            if (!merge(s, low, low + width, rest < 2 * width ? s->count : low + 2 * width))
                return false;
            if (rest <= 2 * width) break;
        }
    return true;
}

/* Puts the items back. What less has put into the list meanwhile goes. */
static bool put_back(ouro_heap *heap, ouro__list *list, ouro_value *items, size_t count,
                     size_t capacity) {
    ouro__list meanwhile = *list;
    list->items = items;
    list->count = count;
    list->capacity = capacity;
    for (size_t i = 0; i < meanwhile.count; i++) ouro_value_release(meanwhile.items[i]);
    ouro_heap_free(heap, meanwhile.items, meanwhile.capacity * sizeof *items);
    return meanwhile.items != NULL;
}

ouro_status ouro_list_sort(ouro_object *object, ouro_less_fn less, void *context) {
    ouro_status status = ouro__types_expect(object, OURO__LIST, "a list");
    if (status != OURO_OK) return status;
    ouro_heap *heap = ouro__heap_of(object);
    ouro__list *list = ouro__as_list(object);
    if (list->count < 2) return OURO_OK;
    size_t capacity = list->capacity, size = list->count * sizeof *list->items;
    sorting s = {list->items, ouro_heap_resize(heap, NULL, 0, size), list->count, less, context};
    if (s.aside == NULL) return ouro__types_refused(heap);
    ouro__guard guard = ouro__types_guard(ouro_value_of_object(object));
    list->items = NULL;
    list->count = list->capacity = 0;
    bool sorted = sort_items(&s);
    ouro_heap_free(heap, s.aside, size);
    bool changed = put_back(heap, list, s.items, s.count, capacity);
    ouro__types_unguard(guard);
    if (!sorted)
        return ouro_heap_fail(heap, OURO_E_USER, "sorting was given up by the comparison");
    if (changed)
        return ouro_heap_fail(heap, OURO_E_CHANGED,
                              "the list was changed while it was sorted; the comparison must "
                              "leave it alone");
    return OURO_OK;
}
