/* SPDX-License-Identifier: MIT */
/* Weak: weak references. The target's death empties them in watch.c. */
#include "ouro/weak.h"

#include "weak/watch.h"
#include "weak/weak_types.h"

static ouro__watcher *watcher_of(const ouro_object *weak) {
    return (ouro__watcher *)(uintptr_t)weak;
}

static void clear_weak(ouro_object *object) {
    ouro__watcher *watcher = watcher_of(object);
    ouro_value argument = watcher->argument;
    ouro__watch_unlink(&watcher->link);
    watcher->function = NULL;
    watcher->argument = OURO_NIL;
    ouro_value_release(argument);
}

static void dispose_weak(ouro_object *object) {
    ouro__watch_unlink(&watcher_of(object)->link);
}

const ouro_type_spec ouro__weak_spec = {
    .struct_size = sizeof(ouro_type_spec),
    .name = "weak",
    .size = sizeof(ouro__watcher),
    .traverse = ouro__watch_traverse,
    .refs = ouro__watch_refs,
    .clear = clear_weak,
    .dispose = dispose_weak,
};

ouro_status ouro_weak_new(ouro_object *target, ouro_weak_fn callback, ouro_value argument,
                          ouro_object **ret_weak) {
    ouro_heap *heap = ouro__heap_of(target);
    ouro_object *object;
    ouro_status status = ouro__watch_check(heap, target, "weak reference");
    if (status == OURO_OK)
        status = ouro_object_new(heap, ouro__builtin_type(heap, OURO__WEAK), 0, &object);
    if (status != OURO_OK) return status;
    ouro__watcher *watcher = watcher_of(object);
    status = ouro__watch_attach(&watcher->link, target, false, "weak reference");
    if (status != OURO_OK) {
        ouro_release(object);
        return status;
    }
    watcher->function = callback;
    watcher->argument = argument;
    ouro_value_retain(argument);
    *ret_weak = object;
    return OURO_OK;
}

bool ouro_is_weak(const ouro_object *object) {
    return ouro__object_is(object, OURO__WEAK);
}

ouro_object *ouro_weak_get(const ouro_object *weak) {
    ouro_object *target = watcher_of(weak)->link.target;
    if (target != NULL) ouro__guard_note(target);
    return target;
}

ouro_value ouro_weak_argument(const ouro_object *weak) {
    return watcher_of(weak)->argument;
}

void ouro_weak_each(ouro_object *target, bool (*each)(ouro_object *watcher, void *context),
                    void *context) {
    for (ouro__link *link = ouro__watch_first(target); link != NULL; link = link->next)
        if (!ouro__link_is_entry(link) && !each(&ouro__link_watcher(link)->header, context)) return;
}
