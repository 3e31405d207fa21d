/* SPDX-License-Identifier: MIT */
/* Watch: the lists of watchers, and how a dying set empties and calls them. */
#include "weak/watch.h"

#include "weak/weak_types.h"

static uint64_t key_of(const ouro_object *object) {
    return (uint64_t)(uintptr_t)object;
}

ouro_status ouro__watch_check(ouro_heap *heap, const ouro_object *target, const char *what) {
    const ouro_type *type = ouro__type_of(heap, target);
    if (!(type->spec.flags & OURO_TYPE_PLAIN)) return OURO_OK;
    return ouro_heap_fail(heap, OURO_E_TYPE,
                          "a %s needs an object as its target; a %s is a value", what,
                          type->spec.name);
}

ouro_status ouro__watch_attach(ouro__watcher *watcher, ouro_object *target) {
    ouro_heap *heap = ouro__heap_of(target);
    uint64_t *first = ouro__map_place(&heap->watchers, &heap->account, key_of(target));
    if (first == NULL)
        return ouro_heap_fail(heap, OURO_E_NOMEM, "not enough memory for a weak reference");
    watcher->target = target;
    watcher->order = ++heap->last_watch;
    watcher->previous = NULL;
    watcher->next = (ouro__watcher *)(uintptr_t)*first;
    if (watcher->next != NULL) watcher->next->previous = watcher;
    else heap->watching++;
    *first = (uint64_t)(uintptr_t)watcher;
    ouro__set_flag(target, OURO__WATCHED);
    return OURO_OK;
}

void ouro__watch_unlink(ouro__watcher *watcher) {
    ouro_object *target = watcher->target;
    if (target == NULL) return;
    ouro_heap *heap = ouro__heap_of(&watcher->header);
    watcher->target = NULL;
    if (watcher->next != NULL) watcher->next->previous = watcher->previous;
    if (watcher->previous != NULL) {
        watcher->previous->next = watcher->next;
    } else if (watcher->next != NULL) {
        *ouro__map_find(&heap->watchers, key_of(target)) = (uint64_t)(uintptr_t)watcher->next;
    } else {
        ouro__map_take(&heap->watchers, key_of(target));
        ouro__clear_flag(target, OURO__WATCHED);
        heap->watching--;
    }
}

void ouro__watch_call(ouro__watcher *watcher) {
    ouro_weak_fn function = watcher->function;
    ouro_value argument = watcher->argument;
    watcher->function = NULL;
    watcher->argument = OURO_NIL;
    ouro__heap_of(&watcher->header)->stats.callbacks++;
    if (function != NULL) function(&watcher->header, argument);
    ouro_value_release(argument);
}

/* A pending record brings the heap's count along; a weak reference gets one here. */
static bool wants_call(ouro__watcher *watcher) {
    if (ouro__object_is(&watcher->header, OURO__FINALIZE)) {
        ouro__finalize_unlink((ouro__record *)watcher);
        return true;
    }
    if (watcher->function == NULL || watcher->header.flags & OURO__DOOMED) return false;
    ouro_retain(&watcher->header);
    return true;
}

static void detach(ouro_heap *heap, ouro_object *target, ouro_object **list) {
    ouro__watcher *watcher =
        (ouro__watcher *)(uintptr_t)ouro__map_take(&heap->watchers, key_of(target));
    ouro__clear_flag(target, OURO__WATCHED);
    heap->watching--;
    for (ouro__watcher *next; watcher != NULL; watcher = next) {
        next = watcher->next;
        watcher->target = NULL;
        watcher->next = watcher->previous = NULL;
        if (!wants_call(watcher)) continue;
        watcher->next = (ouro__watcher *)*list;
        *list = &watcher->header;
    }
}

static ouro__watcher *merge(ouro__watcher *a, ouro__watcher *b) {
    ouro__watcher *head = NULL, **tail = &head;
    while (a != NULL && b != NULL) {
        ouro__watcher **newer = a->order > b->order ? &a : &b;
        *tail = *newer;
        tail = &(*newer)->next;
        *newer = (*newer)->next;
    }
    *tail = a != NULL ? a : b;
    return head;
}

/* Bottom-up merge sort of a list, newest first: runs[i] has 2^i watchers or none. */
static ouro__watcher *sort(ouro__watcher *list) {
    ouro__watcher *runs[40] = {NULL};
    while (list != NULL) {
        ouro__watcher *run = list;
        list = list->next;
        run->next = NULL;
        size_t i = 0;
        for (; runs[i] != NULL; i++) {
            run = merge(runs[i], run);
            runs[i] = NULL;
        }
        runs[i] = run;
    }
    ouro__watcher *sorted = NULL;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) sorted = merge(runs[i], sorted);
    return sorted;
}

static void run(ouro_heap *heap, ouro_object *list) {
    (void)heap;
    ouro__watcher *watcher = sort((ouro__watcher *)list);
    while (watcher != NULL) {
        ouro__watcher *next = watcher->next;
        watcher->next = NULL;
        ouro__watch_call(watcher);
        ouro_release(&watcher->header);
        watcher = next;
    }
}

const ouro__watch_hooks ouro__watch_hooks_table = {.detach = detach, .run = run};

void ouro__watch_traverse(ouro_object *object, ouro_visit_fn visit, void *context) {
    ouro__watcher *watcher = (ouro__watcher *)object;
    if (ouro_value_is_object(watcher->argument))
        visit(ouro_value_object(watcher->argument), context);
}

bool ouro__watch_refs(ouro_object *object, ouro_ref_fn each, void *context) {
    ouro__watcher *watcher = (ouro__watcher *)object;
    if (!ouro_value_is_object(watcher->argument)) return true;
    ouro_label label = {.kind = OURO_LABEL_NAME, .text = "callback", .length = 8};
    return each(&label, watcher->argument, context);
}
