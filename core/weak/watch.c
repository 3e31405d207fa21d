/* SPDX-License-Identifier: MIT */
/* Watch: the lists of links, and how a dying set empties and calls them. */
#include "weak/watch.h"

#include "weak/weak_types.h"

ouro_status ouro__watch_check(ouro_heap *heap, const ouro_object *target, const char *what) {
    const ouro_type *type = ouro__type_of(heap, target);
    if (!(type->spec.flags & OURO_TYPE_PLAIN)) return OURO_OK;
    return ouro_heap_fail(heap, OURO_E_TYPE,
                          "a %s needs an object as its target; a %s is a value", what,
                          type->spec.name);
}

static uint64_t *first_of(ouro_object *target) {
    ouro__block *block = ouro__block_of(target);
    uint64_t *column = ouro__pool_column(block, &block->watchers);
    return column != NULL ? &column[ouro__cell_index(block, target)] : NULL;
}

ouro_status ouro__watch_attach(ouro__link *link, ouro_object *target, bool entry,
                               const char *what) {
    ouro_heap *heap = ouro__heap_of(target);
    uint64_t *first = first_of(target);
    if (first == NULL)
        return ouro_heap_fail(heap, OURO_E_NOMEM, "not enough memory for a %s", what);
    link->target = target;
    link->order = ++heap->last_watch << 1 | entry;
    link->previous = NULL;
    link->next = (ouro__link *)(uintptr_t)*first;
    if (link->next != NULL) link->next->previous = link;
    else heap->watching++;
    *first = (uint64_t)(uintptr_t)link;
    ouro__set_flag(target, OURO__WATCHED);
    return OURO_OK;
}

static void leave_list(ouro_heap *heap, ouro_object *target) {
    ouro__clear_flag(target, OURO__WATCHED);
    heap->watching--;
}

void ouro__watch_unlink(ouro__link *link) {
    ouro_object *target = link->target;
    if (target == NULL) return;
    link->target = NULL;
    if (link->next != NULL) link->next->previous = link->previous;
    if (link->previous != NULL) {
        link->previous->next = link->next;
        return;
    }
    *first_of(target) = (uint64_t)(uintptr_t)link->next;
    if (link->next == NULL) leave_list(ouro__heap_of(target), target);
}

void ouro__watch_call(ouro__watcher *watcher) {
    ouro_weak_fn function = watcher->function;
    ouro_value argument = watcher->argument;
    watcher->function = NULL;
    watcher->argument = OURO_NIL;
    if (function != NULL) {
        ouro__heap_of(&watcher->header)->stats.callbacks++;
        function(&watcher->header, argument);
    }
    ouro_value_release(argument);
}

/* A record can be detached until its function is called, so it stays pending; the heap's count
 * of it is for the list from now on. A weak reference gets one here. */
static bool wants_call(ouro__watcher *watcher) {
    if (ouro__object_is(&watcher->header, OURO__FINALIZE)) {
        ((ouro__record *)watcher)->called = true;
        return true;
    }
    if (watcher->function == NULL || watcher->header.flags & OURO__GONE) return false;
    ouro_retain(&watcher->header);
    return true;
}

static void call(ouro__watcher *watcher) {
    if (ouro__object_is(&watcher->header, OURO__FINALIZE)) {
        if (!ouro_finalize_alive(&watcher->header)) return;
        ouro__finalize_unlink((ouro__record *)watcher);
    }
    ouro__watch_call(watcher);
}

static void detach(ouro_heap *heap, ouro_object *target, ouro__aftermath *after) {
    const ouro__block *block = ouro__block_of(target);
    uint64_t *first = &block->watchers[ouro__cell_index(block, target)];
    ouro__link *link = (ouro__link *)(uintptr_t)*first;
    *first = 0;
    leave_list(heap, target);
    for (ouro__link *next; link != NULL; link = next) {
        next = link->next;
        link->target = NULL;
        link->next = link->previous = NULL;
        ouro__link **list = &after->calls;
        if (ouro__link_is_entry(link)) {
            ouro__weakdict_evict(ouro__link_entry(link));
            list = &after->entries;
        } else if (!wants_call(ouro__link_watcher(link))) {
            continue;
        }
        link->next = *list;
        *list = link;
    }
}

static ouro__link *merge(ouro__link *a, ouro__link *b) {
    ouro__link *head = NULL, **tail = &head;
    while (a != NULL && b != NULL) {
        ouro__link **newer = a->order > b->order ? &a : &b;
        *tail = *newer;
        tail = &(*newer)->next;
        *newer = (*newer)->next;
    }
    *tail = a != NULL ? a : b;
    return head;
}

/* Bottom-up merge sort of a list, newest first: runs[i] has 2^i links or none. */
static ouro__link *sort(ouro__link *list) {
    ouro__link *runs[40] = {NULL};
    while (list != NULL) {
        ouro__link *run = list;
        list = list->next;
        run->next = NULL;
        size_t i = 0;
        for (; runs[i] != NULL; i++) {
            run = merge(runs[i], run);
            runs[i] = NULL;
        }
        runs[i] = run;
    }
    ouro__link *sorted = NULL;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) sorted = merge(runs[i], sorted);
    return sorted;
}

/* In order of time: a sorted list turned round. */
static ouro__link *oldest_first(ouro__link *list) {
    ouro__link *turned = NULL;
    for (ouro__link *link = sort(list), *next; link != NULL; link = next) {
        next = link->next;
        link->next = turned;
        turned = link;
    }
    return turned;
}

static void run_calls(ouro__aftermath *after) {
    ouro__link *link = sort(after->calls);
    after->calls = NULL;
    while (link != NULL) {
        ouro__watcher *watcher = ouro__link_watcher(link);
        link = link->next;
        watcher->link.next = NULL;
        call(watcher);
        ouro_release(&watcher->header);
    }
}

static void release_entries(ouro_heap *heap, ouro__aftermath *after) {
    ouro__link *link = oldest_first(after->entries);
    after->entries = NULL;
    while (link != NULL) {
        ouro__weak_entry *entry = ouro__link_entry(link);
        ouro_value held = entry->held;
        link = link->next;
        ouro__weakdict_free_entry(heap, entry);
        ouro_value_release(held);
    }
}

static void each_of_key(ouro_object *key, ouro__ephemeron_fn each, void *context) {
    for (ouro__link *link = ouro__watch_first(key); link != NULL; link = link->next) {
        if (!ouro__link_is_entry(link)) continue;
        ouro__weak_entry *entry = ouro__link_entry(link);
        if (!entry->ephemeron || entry->owner == key) continue;
        if (!ouro_value_is_object(entry->held)) continue;
        each(entry->owner, key, ouro_value_object(entry->held), &entry->charged, context);
    }
}

const ouro__watch_hooks ouro__watch_hooks_table = {
    .detach = detach,
    .retire = ouro__weakdict_retire,
    .run_calls = run_calls,
    .release_entries = release_entries,
    .each_of_container = ouro__weakdict_each,
    .each_of_key = each_of_key,
};

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
