/* SPDX-License-Identifier: MIT */
/* Check: recomputes from scratch what the rest of the core keeps up to date, by other code,
 * and names the first thing that is off. Slow, and meant to be. */
#include "object/heap_state.h"
#include "ouro/inspect.h"
#include "weak/watch.h"

typedef struct check {
    ouro_heap *heap;
    ouro__map refs; /* object -> references found */
    ouro_object *referrer;
    ouro_status status; /* of the first thing that is off */
    size_t reported;    /* references of the current object */
    size_t frozen;
} check;

#define FAIL(c, ...)                                                                         \
    do {                                                                                     \
        if ((c)->status == OURO_OK)                                                          \
            (c)->status = ouro_heap_fail((c)->heap, OURO_E_CORRUPT, __VA_ARGS__);            \
    } while (0)

static const char *name_of(check *c, const ouro_object *object) {
    const ouro_type *type =
        object->type < c->heap->type_count ? c->heap->types[object->type] : NULL;
    return type != NULL ? type->spec.name : "(no type)";
}

/* ---- blocks ------------------------------------------------------------------------------ */

static size_t list_length(const ouro__cell *cell) {
    size_t length = 0;
    for (; cell != NULL; cell = cell->next) length++;
    return length;
}

static void check_block(check *c, const ouro__block *block, size_t position) {
    if (block->position != position || block->owner != c->heap)
        FAIL(c, "block %zu: it does not know its place", position);
    size_t zero = 0, own = list_length(block->free);
    for (uint32_t cell = 0; cell < block->fresh; cell++) {
        const ouro_object *object = ouro__cell_at(block, cell);
        if (object->type == 0) zero++;
        bool quiet = !c->heap->collecting && c->heap->pass.policy == NULL;
        if (quiet && *ouro__side_of(object) != OURO__SIDE_OUT)
            FAIL(c, "block %zu: the side byte of cell %u is %u outside a collection", position,
                 (unsigned)cell, (unsigned)*ouro__side_of(object));
    }
    size_t in_bin = block->current ? list_length(block->bin->free) : 0;
    if (own != block->fresh - block->used)
        FAIL(c, "block %zu: %zu cells on its free list, %u expected", position, own,
             (unsigned)(block->fresh - block->used));
    if (zero != own + in_bin)
        FAIL(c, "block %zu: %zu free cells, %zu on lists", position, zero, own + in_bin);
}

/* ---- references -------------------------------------------------------------------------- */

static void note_reference(check *c, ouro_object *child, const char *from) {
    const ouro__block *block = ouro__block_of(child);
    if (block->owner != c->heap || child->type == 0) {
        FAIL(c, "%s refers to something that is no live object of this heap", from);
        return;
    }
    uint64_t *refs = ouro__map_place(&c->refs, &c->heap->account, (uint64_t)(uintptr_t)child);
    if (refs != NULL) ++*refs;
    else if (c->status == OURO_OK)
        c->status = ouro_heap_fail(c->heap, OURO_E_NOMEM, "not enough memory to check the heap");
}

/* Plain data (a key's text) needs no label of its own. */
static bool is_labelled(const ouro_heap *heap, const ouro_object *object) {
    return !(ouro__type_of(heap, object)->spec.flags & OURO_TYPE_PLAIN);
}

static void note_child(ouro_object *child, void *context) {
    check *c = context;
    if (child->type != 0 && is_labelled(c->heap, child)) c->reported++;
    note_reference(c, child, name_of(c, c->referrer));
}

static bool note_own(ouro_object *object, const char *what, void *context) {
    note_reference(context, object, what);
    return true;
}

typedef struct labels {
    const ouro_heap *heap;
    size_t count;
} labels;

static bool count_label(const ouro_label *label, ouro_value value, void *context) {
    labels *found = context;
    (void)label;
    ouro_object *object = ouro_value_object(value);
    if (object != NULL && is_labelled(found->heap, object)) found->count++;
    return true;
}

static void check_object(check *c, ouro_object *object) {
    if (object->type >= c->heap->type_count || c->heap->types[object->type] == NULL) {
        FAIL(c, "an object has the type index %u, which is no type", (unsigned)object->type);
        return;
    }
    if (ouro__generation(object) == OURO__FROZEN) c->frozen++;
    if (object->flags & OURO__DOOMED) return; /* half released: what it says is history */
    c->referrer = object;
    c->reported = 0;
    ouro__traverse(c->heap->types[object->type], object, note_child, c);
    labels found = {.heap = c->heap};
    ouro_object_refs(object, count_label, &found);
    if (found.count != c->reported)
        FAIL(c, "a %s reports %zu references to traverse and %zu to refs", name_of(c, object),
             c->reported, found.count);
}

static void check_counts(check *c, ouro_object *object) {
    if (object->flags & OURO__DOOMED) return;
    uint64_t *found = ouro__map_find(&c->refs, (uint64_t)(uintptr_t)object);
    uint64_t refs = (found != NULL ? *found : 0) + ouro__object_pins(object);
    if (object->count < refs)
        FAIL(c, "a %s has the count %u, but %llu references to it exist", name_of(c, object),
             (unsigned)object->count, (unsigned long long)refs);
    if (object->count == 0 && !(object->flags & (OURO__SPARED | OURO__ORPHAN)))
        FAIL(c, "a %s has no references and is not held, but lives", name_of(c, object));
}

static void walk(check *c, void (*each)(check *c, ouro_object *object)) {
    ouro_object *object;
    for (ouro__place at = {0};
         c->status == OURO_OK && (object = ouro__pool_next(&c->heap->pool, &at)) != NULL;)
        each(c, object);
}

/* ---- tables beside the heap -------------------------------------------------------------- */

static void check_flag(check *c, bool listed, const ouro_object *object, unsigned flag,
                       const char *what) {
    bool flagged = object->flags & flag;
    if (listed != flagged)
        FAIL(c, "a %s %s the table of %s but its flag says otherwise", name_of(c, object),
             listed ? "is in" : "is not in", what);
}

static void check_watchers(check *c, ouro_object *object) {
    const ouro__link *previous = NULL;
    for (const ouro__link *link = ouro__watch_first(object); link != NULL;
         previous = link, link = link->next) {
        if (link->target != object || link->previous != previous)
            FAIL(c, "the weak references to a %s are wrongly linked", name_of(c, object));
        if (previous != NULL && previous->order <= link->order)
            FAIL(c, "the weak references to a %s are out of order", name_of(c, object));
    }
}

static bool is_key(const ouro__map *map, const ouro_object *object) {
    return ouro__map_find(map, (uint64_t)(uintptr_t)object) != NULL;
}

static void check_tables(check *c, ouro_object *object) {
    const ouro__block *block = ouro__block_of(object);
    bool watched =
        block->watchers != NULL && block->watchers[ouro__cell_index(block, object)] != 0;
    check_flag(c, is_key(&c->heap->ids, object), object, OURO__HAS_ID, "ids");
    check_flag(c, is_key(&c->heap->pins, object), object, OURO__PINNED, "pins");
    check_flag(c, watched, object, OURO__WATCHED, "weak references");
    uint64_t id = ouro_object_known_id(object);
    if (id != 0 && ouro_object_by_id(c->heap, id) != object)
        FAIL(c, "id %llu leads to another object", (unsigned long long)id);
    if (watched) check_watchers(c, object);
}

static void check_type_totals(check *c) {
    uint64_t alive = 0, found = 0;
    for (size_t i = 1; i < c->heap->type_count; i++)
        if (c->heap->types[i] != NULL)
            alive += c->heap->types[i]->births - c->heap->types[i]->deaths;
    for (ouro__place at = {0}; ouro__pool_next(&c->heap->pool, &at) != NULL;) found++;
    found -= (uint64_t)(c->heap->bag_class != NULL) + (c->heap->garbage != NULL);
    if (alive != found)
        FAIL(c, "%llu objects are on the books, %llu exist", (unsigned long long)alive,
             (unsigned long long)found);
}

ouro_status ouro_heap_check(ouro_heap *heap, const char **ret_message) {
    check c = {.heap = heap, .status = OURO_OK};
    if (ret_message != NULL) *ret_message = heap->message;
    if (!heap->open) return ouro_heap_fail(heap, OURO_E_HEAP, "the heap is closed");
    ouro__guard_look(heap);
    for (size_t i = 0; i < heap->pool.count; i++) check_block(&c, heap->pool.blocks[i], i);
    walk(&c, check_object);
    if (c.status == OURO_OK) ouro__heap_own_refs(heap, note_own, &c);
    walk(&c, check_counts);
    walk(&c, check_tables);
    if (c.status == OURO_OK) check_type_totals(&c);
    if (c.frozen != heap->frozen)
        FAIL(&c, "%zu objects are frozen, the heap says %zu", c.frozen, heap->frozen);
    ouro__map_free(&c.refs, &heap->account);
    return c.status;
}
