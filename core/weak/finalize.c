/* SPDX-License-Identifier: MIT */
/* Finalize: records that call a function once, when their target has died or the heap
 * closes. The heap's list of pending records counts one reference to each. */
#include "weak/watch.h"
#include "weak/weak_types.h"

static ouro__record *record_of(const ouro_object *object) {
    return (ouro__record *)(uintptr_t)object;
}

/* While it is alive, what the record holds is part of its service: clear does nothing. */
static void clear_record(ouro_object *object) {
    ouro__record *record = record_of(object);
    if (record->alive) return;
    ouro_value argument = record->watcher.argument;
    record->watcher.argument = OURO_NIL;
    ouro_value_release(argument);
}

static void dispose_record(ouro_object *object) {
    ouro__watch_unlink(&record_of(object)->watcher.link);
}

const ouro_type_spec ouro__finalize_spec = {
    .struct_size = sizeof(ouro_type_spec),
    .name = "finalize",
    .size = sizeof(ouro__record),
    .traverse = ouro__watch_traverse,
    .refs = ouro__watch_refs,
    .clear = clear_record,
    .dispose = dispose_record,
};

static void link_record(ouro_heap *heap, ouro__record *record) {
    record->older = record_of(heap->records);
    if (record->older != NULL) record->older->newer = record;
    heap->records = &record->watcher.header;
    record->alive = record->atexit = true;
    ouro_retain(&record->watcher.header);
}

void ouro__finalize_unlink(ouro__record *record) {
    ouro_heap *heap = ouro__heap_of(&record->watcher.header);
    if (record->newer != NULL) record->newer->older = record->older;
    else heap->records = record->older != NULL ? &record->older->watcher.header : NULL;
    if (record->older != NULL) record->older->newer = record->newer;
    record->older = record->newer = NULL;
    record->alive = false;
}

ouro_status ouro_finalize_new(ouro_object *target, ouro_weak_fn function, ouro_value argument,
                              ouro_object **ret_record) {
    ouro_heap *heap = ouro__heap_of(target);
    ouro_object *object;
    if (heap->closing)
        return ouro_heap_fail(heap, OURO_E_BUSY, "no finalize record can be made while the heap "
                                                 "closes");
    ouro_status status = ouro__watch_check(heap, target, "finalize record");
    if (status == OURO_OK)
        status = ouro_object_new(heap, ouro__builtin_type(heap, OURO__FINALIZE), 0, &object);
    if (status != OURO_OK) return status;
    ouro__record *record = record_of(object);
    status = ouro__watch_attach(&record->watcher.link, target, false, "finalize record");
    if (status != OURO_OK) {
        ouro_release(object);
        return status;
    }
    record->watcher.function = function;
    record->watcher.argument = argument;
    ouro_value_retain(argument);
    link_record(heap, record);
    *ret_record = object;
    return OURO_OK;
}

bool ouro_is_finalize(const ouro_object *object) {
    return ouro__object_is(object, OURO__FINALIZE);
}

bool ouro_finalize_alive(const ouro_object *record) {
    return record_of(record)->alive;
}

ouro_object *ouro_finalize_target(const ouro_object *record) {
    return record_of(record)->alive ? record_of(record)->watcher.link.target : NULL;
}

ouro_value ouro_finalize_argument(const ouro_object *record) {
    return record_of(record)->watcher.argument;
}

bool ouro_finalize_atexit(const ouro_object *record) {
    return record_of(record)->atexit;
}

void ouro_finalize_set_atexit(ouro_object *record, bool atexit) {
    record_of(record)->atexit = atexit;
}

ouro_status ouro_finalize_detach(ouro_object *object, ouro_value *ret_argument) {
    ouro__record *record = record_of(object);
    if (!record->alive)
        return ouro_heap_fail(ouro__heap_of(object), OURO_E_VALUE,
                              "the finalize record has run or was detached");
    ouro_value argument = record->watcher.argument;
    record->watcher.argument = OURO_NIL;
    record->watcher.function = NULL;
    ouro__watch_unlink(&record->watcher.link);
    ouro__finalize_unlink(record);
    if (ret_argument != NULL) *ret_argument = argument;
    if (!record->called) ouro_release(object);
    if (ret_argument == NULL) ouro_value_release(argument);
    return OURO_OK;
}

ouro_object *ouro__record_older(const ouro_object *record) {
    ouro__record *older = record_of(record)->older;
    return older != NULL ? &older->watcher.header : NULL;
}

void ouro__finalize_run_all(ouro_heap *heap) {
    while (heap->records != NULL) {
        ouro__record *record = record_of(heap->records);
        ouro__watch_unlink(&record->watcher.link);
        ouro__finalize_unlink(record);
        if (record->atexit) {
            ouro__watch_call(&record->watcher);
        } else {
            record->watcher.function = NULL;
        }
        ouro_release(&record->watcher.header);
    }
}
