/* SPDX-License-Identifier: MIT */
/* Object: births, and what can be asked of and done to any object. Ends are in death.c. */
#include <stdio.h>
#include <string.h>

#include "object/death.h"
#include "object/heap_state.h"

ouro_heap *ouro_object_heap(const ouro_object *object) {
    return ouro__heap_of(object);
}

ouro_type *ouro_object_type(const ouro_object *object) {
    return ouro__type_of(ouro__heap_of(object), object);
}

size_t ouro_object_size(const ouro_object *object) {
    const ouro_type *type = ouro_object_type(object);
    size_t extra = type->spec.extra != NULL ? type->spec.extra(object) : 0;
    return ouro__block_of(object)->cell_size + extra;
}

void ouro__heap_totals(const ouro_heap *heap, uint64_t *ret_births, uint64_t *ret_deaths) {
    uint64_t births = heap->past_births, deaths = heap->past_births;
    for (size_t i = 1; i < heap->type_count; i++) {
        const ouro_type *type = heap->types[i];
        if (type == NULL || type->retired || !type->counted) continue;
        births += type->births;
        deaths += type->deaths;
    }
    *ret_births = births;
    *ret_deaths = deaths;
}

bool ouro__heap_keeps_foreign(const ouro_heap *heap) {
    for (size_t i = 1; i < heap->type_count; i++) {
        const ouro_type *type = heap->types[i];
        if (type != NULL && type->spec.flags & OURO_TYPE_FOREIGN && type->births != type->deaths)
            return true;
    }
    return false;
}

size_t ouro__heap_count(const ouro_heap *heap) {
    uint64_t births, deaths;
    ouro__heap_totals(heap, &births, &deaths);
    return (size_t)(births - deaths);
}

static ouro_status refuse_birth(ouro_heap *heap, const ouro_type *type, size_t size) {
    if (heap->account.hit_limit)
        return ouro_heap_fail(heap, OURO_E_LIMIT,
                              "memory limit: %zu bytes in use, no room for another %s; raise "
                              "max_bytes or let go of something",
                              heap->account.bytes, type->spec.name);
    return ouro_heap_fail(heap, OURO_E_NOMEM, "not enough memory for a %s of %zu bytes",
                          type->spec.name, size);
}

static ouro_status check_limits(ouro_heap *heap, const ouro_type *type) {
    if (!heap->open) return ouro_heap_fail(heap, OURO_E_HEAP, "the heap is closed");
    if (heap->max_objects != 0 && type->counted &&
        ouro__heap_count(heap) >= heap->max_objects)
        return ouro_heap_fail(heap, OURO_E_LIMIT,
                              "object limit: %zu objects live, no room for another %s; raise "
                              "max_objects or let go of something",
                              ouro__heap_count(heap), type->spec.name);
    return OURO_OK;
}

/* Where pacing looks: each time a bin has been refilled. */
static void note_growth(ouro_heap *heap) {
    if (heap->pool.taken >= heap->pacing.young_limit) heap->due |= OURO__DUE_COLLECT;
    if (heap->account.bytes > heap->pacing.bytes_limit) heap->due |= OURO__DUE_COLLECT;
}

static void *take_cell(ouro_heap *heap, ouro_type *type, size_t size) {
    if (type->kind == OURO__STAMPED) ouro__type_save_numbers(type);
    ouro__bin *bin = size == 0 ? type->bin
                               : ouro__pool_bin(&heap->pool, size, (ouro__kind)type->kind);
    size_t wanted = size == 0 ? type->spec.size : size;
    void *cell = bin != NULL ? ouro__pool_take(bin) : NULL;
    if (cell == NULL) {
        cell = bin != NULL ? ouro__pool_refill(bin)
                           : ouro__pool_large(&heap->pool, wanted, (ouro__kind)type->kind);
        if (cell == NULL) return NULL;
        note_growth(heap);
    }
    memset(cell, 0, wanted);
    return cell;
}

static void announce_birth(ouro_heap *heap, ouro_type *type, ouro_object *object) {
    if (type->counted && ouro__listens(heap, OURO_EVENT_BIRTH))
        ouro__emit(heap, &(ouro_event){.kind = OURO_EVENT_BIRTH, .object = object});
}

ouro_status ouro_object_new(ouro_heap *heap, ouro_type *type, size_t size,
                            ouro_object **ret_object) {
    if (OURO_UNLIKELY(heap->careful)) {
        ouro_status status = check_limits(heap, type);
        if (status != OURO_OK) return status;
    }
    ouro__bin *bin = size == 0 ? type->bin : NULL;
    ouro_object *object = bin != NULL ? ouro__pool_take(bin) : NULL;
    if (OURO_LIKELY(object != NULL)) {
        uint64_t *word = (uint64_t *)(void *)object;
        for (size_t i = 1; i < type->cell_size / sizeof *word; i++) word[i] = 0;
    } else {
        object = take_cell(heap, type, size);
        if (object == NULL) return refuse_birth(heap, type, size != 0 ? size : type->spec.size);
    }
    *object = type->blank;
    type->births++;
    if (type->cls != NULL) ouro_retain(type->cls);
    if (type->kind == OURO__STAMPED) {
        ouro__block *block = ouro__block_of(object);
        block->stamps[ouro__cell_index(block, object)] = ++heap->last_stamp;
    }
    if (OURO_UNLIKELY(heap->careful)) announce_birth(heap, type, object);
    *ret_object = object;
    return OURO_OK;
}

void ouro_object_hold(ouro_object *object) {
    ouro__set_flag(object, OURO__HELD);
    ouro__guard_note(object);
}

void ouro_object_hand_over(ouro_object *object) {
    ouro__set_flag(object, OURO__HELD);
    object->count--;
    ouro__guard_note(object);
}

void ouro_object_unhold(ouro_object *object) {
    if (!(object->flags & OURO__HELD)) return;
    ouro__clear_flag(object, OURO__HELD);
    if (object->count == 0) ouro__death_of_last(object);
    else ouro__guard_note(object);
}

uint64_t ouro_object_tag(const ouro_object *object) {
    const ouro__block *block = ouro__block_of(object);
    return block->tags != NULL ? block->tags[ouro__cell_index(block, object)] : 0;
}

ouro_status ouro_object_set_tag(ouro_object *object, uint64_t tag) {
    ouro__block *block = ouro__block_of(object);
    if (tag == 0 && block->tags == NULL) return OURO_OK;
    uint64_t *tags = ouro__pool_column(block, &block->tags);
    if (tags == NULL)
        return ouro_heap_fail(ouro__heap_of(object), OURO_E_NOMEM,
                              "not enough memory for a table of tags");
    tags[ouro__cell_index(block, object)] = tag;
    return OURO_OK;
}

static void look_for_held(ouro_object *child, void *context) {
    bool *found = context;
    if (child->flags & OURO__HELD && child->count == 1) *found = true;
}

/* Before several references go, in order: a child that only looks held, by a handle that nobody
 * can reach any more, would wait and die after the others. */
static void settle_children(ouro_object *object) {
    ouro_heap *heap = ouro__heap_of(object);
    if (heap->watching == 0 || heap->settle == NULL || heap->closing) return;
    bool found = false;
    ouro__traverse(ouro__type_of(heap, object), object, look_for_held, &found);
    if (found) ouro__death_settle(heap);
}

void ouro_object_clear(ouro_object *object) {
    ouro_type *type = ouro_object_type(object);
    ouro__shield shield = ouro__shield_begin(object);
    settle_children(object);
    OURO__FOR_EACH_SLOT(type, object, slot) {
        ouro_value_store(slot, OURO_NIL);
    }
    if (type->spec.clear != NULL) type->spec.clear(object);
    ouro__shield_end(shield);
}

bool ouro_object_is_dying(const ouro_object *object) {
    return object->flags & OURO__DOOMED;
}

void ouro_object_skip_finalizer(ouro_object *object) {
    ouro__set_flag(object, OURO__FINALIZED);
}

bool ouro_object_is_gone(const ouro_object *object) {
    return object->flags & OURO__GONE;
}

bool ouro_object_is_finalized(const ouro_object *object) {
    return object->flags & OURO__FINALIZED;
}

int ouro_object_generation(const ouro_object *object) {
    return (int)ouro__generation(object);
}

void ouro_object_traverse(ouro_object *object, ouro_visit_fn visit, void *context) {
    ouro__traverse(ouro_object_type(object), object, visit, context);
}

bool ouro_object_refs(ouro_object *object, ouro_ref_fn each, void *context) {
    ouro_type *type = ouro_object_type(object);
    if (type->spec.refs != NULL && !type->spec.refs(object, each, context)) return false;
    if (type->spec.refs == NULL) {
        size_t index = 0;
        OURO__FOR_EACH_SLOT(type, object, slot) {
            char text[32];
            int length = snprintf(text, sizeof text, "value %zu", ++index);
            ouro_label label = {.kind = OURO_LABEL_NAME, .text = text, .length = (size_t)length};
            if (!each(&label, *slot, context)) return false;
        }
    }
    if (type->cls == NULL) return true;
    ouro_label label = {.kind = OURO_LABEL_NAME, .text = "class", .length = 5};
    return each(&label, ouro_value_of_object(type->cls), context);
}
