/* SPDX-License-Identifier: MIT */
/* Weakdict: weak.keys, weak.values and weak.set. A table, as of a dict, whose values are
 * entries; each entry is linked to the object that it watches and leaves with it.
 *
 *   kind         key in the table      watches     counts
 *   weak.keys    identity of the key   the key     the value
 *   weak.values  the key               the value   the key, and a value that is plain
 *   weak.set     identity              the member  nothing
 *
 * The entries of weak.keys are ephemerons (Hayes 1997): see ouro__watch_hooks for how a
 * collection and a death treat the values. */
#include "object/death.h"
#include "ouro/containers.h"
#include "ouro/weak.h"
#include "types/types.h"
#include "weak/watch.h"
#include "weak/weak_types.h"

typedef struct weakdict {
    ouro__tabled tabled; /* as dict.c expects it */
    uint64_t additions;  /* an iteration survives removals, but not these */
} weakdict;

static weakdict *as_weakdict(const ouro_object *object) {
    return (weakdict *)(uintptr_t)object;
}

bool ouro_is_weak_dict(const ouro_object *object) {
    return object != NULL && object->type >= OURO__WEAK_KEYS && object->type <= OURO__WEAK_SET;
}

/* ---- entries ----------------------------------------------------------------------------- */

/* A pointer as a small integer: no object, for which a table would count. */
static ouro_value disguise(const void *pointer) {
    return ouro_value_of_small((int64_t)((uintptr_t)pointer >> 3));
}

static ouro__weak_entry *entry_of(const ouro__entry *place) {
    return (ouro__weak_entry *)((uintptr_t)ouro_value_small(place->value) << 3);
}

static uint32_t identity_hash(const ouro_object *object) {
    return ouro__hash_fold(ouro__hash_mix((uint64_t)(uintptr_t)object));
}

static ouro__weak_entry *next_entry(const ouro_object *container, size_t *position,
                                    ouro_value *ret_key) {
    const ouro__entry *place = ouro__table_next(ouro__table_of(container), position);
    if (place == NULL) return NULL;
    *ret_key = place->key;
    return entry_of(place);
}

void ouro__weakdict_free_entry(ouro_heap *heap, ouro__weak_entry *entry) {
    if (entry->ephemeron) heap->ephemerons--;
    ouro_heap_free(heap, entry, sizeof *entry);
}

/* An entry that watches target (NULL: none). held: borrowed. */
static ouro_status new_entry(ouro_object *container, ouro_object *target, ouro_value held,
                             uint32_t hash, ouro__weak_entry **ret_entry) {
    ouro_heap *heap = ouro__heap_of(container);
    ouro__weak_entry *entry = ouro_heap_resize(heap, NULL, 0, sizeof *entry);
    if (entry == NULL) return ouro__types_refused(heap);
    *entry = (ouro__weak_entry){.owner = container, .held = held, .hash = hash};
    ouro_status status = OURO_OK;
    if (target != NULL)
        status = ouro__watch_attach(&entry->link, target, true, "weak entry");
    if (status != OURO_OK) {
        ouro_heap_free(heap, entry, sizeof *entry);
        return status;
    }
    ouro_value_retain(held);
    entry->ephemeron = ouro__object_is(container, OURO__WEAK_KEYS);
    if (entry->ephemeron) heap->ephemerons++;
    *ret_entry = entry;
    return OURO_OK;
}

/* An entry that is in the container no longer ends, and what it held goes. key: owned, as
 * the table had it. */
static void end_entry(ouro_heap *heap, ouro__weak_entry *entry, ouro_value key) {
    ouro_value held = entry->held;
    ouro__watch_unlink(&entry->link);
    ouro__weakdict_free_entry(heap, entry);
    ouro_value_release(key);
    ouro_value_release(held);
}

void ouro__weakdict_evict(ouro__weak_entry *entry) {
    ouro_object *owner = entry->owner;
    ouro__table *table = ouro__table_of(owner);
    size_t position = ouro__table_find_value(table, entry->hash, disguise(entry));
    ouro_value key = ouro__table_take(ouro__heap_of(owner), table, position).key;
    if (ouro__object_is(owner, OURO__WEAK_VALUES)) entry->held = key;
}

void ouro__weakdict_retire(ouro_object *container) {
    ouro_value key;
    ouro__weak_entry *entry;
    for (size_t at = 0; (entry = next_entry(container, &at, &key)) != NULL;)
        ouro__watch_unlink(&entry->link);
}

void ouro__weakdict_each(ouro_object *container, ouro__ephemeron_fn each, void *context) {
    ouro_value key;
    ouro__weak_entry *entry;
    for (size_t at = 0; (entry = next_entry(container, &at, &key)) != NULL;)
        if (ouro_value_is_object(entry->held))
            each(container, entry->link.target, ouro_value_object(entry->held),
                 &entry->charged, context);
}

/* Whether the value can be watched: an object with an identity. */
static bool is_watchable(const ouro_heap *heap, ouro_value v) {
    const ouro_object *object = ouro_value_object(v);
    return object != NULL && !(ouro__type_of(heap, object)->spec.flags & OURO_TYPE_PLAIN);
}

/* ---- hooks ------------------------------------------------------------------------------- */

static void traverse(ouro_object *container, ouro_visit_fn visit, void *context) {
    ouro_value key;
    ouro__weak_entry *entry;
    for (size_t at = 0; (entry = next_entry(container, &at, &key)) != NULL;) {
        if (ouro_value_is_object(key)) visit(ouro_value_object(key), context);
        if (ouro_value_is_object(entry->held)) visit(ouro_value_object(entry->held), context);
    }
}

/* What is only watched is no reference. A key that is plain data labels its value. */
static bool refs(ouro_object *container, ouro_ref_fn each, void *context) {
    const ouro_heap *heap = ouro__heap_of(container);
    bool by_key = ouro__object_is(container, OURO__WEAK_KEYS);
    ouro_value key;
    ouro__weak_entry *entry;
    for (size_t at = 0; (entry = next_entry(container, &at, &key)) != NULL;) {
        ouro_label label = {.kind = OURO_LABEL_KEY};
        if (is_watchable(heap, key) && !each(&label, key, context)) return false;
        label.kind = OURO_LABEL_VALUE;
        label.key = by_key ? ouro_value_of_object(entry->link.target) : key;
        if (!ouro_value_is_nil(entry->held) && !each(&label, entry->held, context)) return false;
    }
    return true;
}

static void clear(ouro_object *container) {
    ouro_heap *heap = ouro__heap_of(container);
    ouro__table old = *ouro__table_of(container);
    *ouro__table_of(container) = (ouro__table){.version = old.version + 1};
    as_weakdict(container)->additions++;
    const ouro__entry *place;
    ouro__shield shield = ouro__shield_begin(container); /* the entries name it */
    for (size_t at = 0; (place = ouro__table_next(&old, &at)) != NULL;)
        ouro__watch_unlink(&entry_of(place)->link);
    for (size_t at = 0; (place = ouro__table_next(&old, &at)) != NULL;)
        end_entry(heap, entry_of(place), place->key);
    ouro__table_dispose(heap, &old);
    ouro__shield_end(shield);
}

static void dispose(ouro_object *container) {
    ouro_heap *heap = ouro__heap_of(container);
    ouro_value key;
    ouro__weak_entry *entry;
    for (size_t at = 0; (entry = next_entry(container, &at, &key)) != NULL;) {
        ouro__watch_unlink(&entry->link);
        ouro__weakdict_free_entry(heap, entry);
    }
    ouro__table_dispose(heap, ouro__table_of(container));
}

static size_t extra(const ouro_object *container) {
    const ouro__table *table = ouro__table_of(container);
    return ouro__table_bytes(table) + table->count * sizeof(ouro__weak_entry);
}

static ouro_status refuse_hash(ouro_object *set, uint64_t *ret_hash) {
    (void)ret_hash;
    return ouro_heap_fail(ouro__heap_of(set), OURO_E_UNHASHABLE,
                          "a weak.set can change, so it cannot be a key");
}

/* Sets are equal when they have the same members now. */
static ouro_status equal_sets(ouro_object *a, ouro_object *b, bool *ret_equal) {
    *ret_equal = false;
    if (a->type != b->type || ouro_weak_dict_count(a) != ouro_weak_dict_count(b)) return OURO_OK;
    ouro_value key, found;
    ouro__weak_entry *entry;
    for (size_t at = 0; (entry = next_entry(a, &at, &key)) != NULL;) {
        ouro_value member = ouro_value_of_object(entry->link.target);
        ouro_status status = ouro_weak_dict_get(b, member, &found);
        if (status != OURO_OK || ouro_value_same(found, OURO_ABSENT)) return status;
    }
    *ret_equal = true;
    return OURO_OK;
}

static ouro_status copy(ouro_object *container, ouro_object **ret_copy) {
    ouro_object *twin;
    ouro_cursor cursor = {0};
    ouro_value key, value;
    ouro_status status =
        ouro_object_new(ouro__heap_of(container), ouro_object_type(container), 0, &twin);
    if (status != OURO_OK) return status;
    do {
        status = ouro_weak_dict_next(container, &cursor, &key, &value);
        if (status != OURO_OK || ouro_value_same(key, OURO_ABSENT)) break;
        status = ouro_weak_dict_set(twin, key, value);
    } while (status == OURO_OK);
    if (status == OURO_OK) *ret_copy = twin;
    else ouro_release(twin);
    return status;
}

#define SPEC(text)                                                                           \
    .struct_size = sizeof(ouro_type_spec), .name = (text), .size = sizeof(weakdict),         \
    .traverse = traverse, .refs = refs, .clear = clear, .dispose = dispose, .extra = extra,  \
    .copy = copy
const ouro_type_spec ouro__weak_keys_spec = {SPEC("weak.keys")};
const ouro_type_spec ouro__weak_values_spec = {SPEC("weak.values")};
const ouro_type_spec ouro__weak_set_spec = {SPEC("weak.set"), .hash = refuse_hash,
                                            .equal = equal_sets};
#undef SPEC

void ouro__weakdict_mark_types(ouro_heap *heap) {
    for (int i = OURO__WEAK_KEYS; i <= OURO__WEAK_SET; i++) heap->types[i]->weak = true;
    heap->types[OURO__WEAK_KEYS]->ephemerons = true;
}

/* ---- looking up -------------------------------------------------------------------------- */

static ouro_status expect(const ouro_object *object) {
    if (ouro_is_weak_dict(object)) return OURO_OK;
    return ouro__types_mismatch(object, "a weak dictionary or set");
}

/* By identity, but for weak.values. A key that cannot be watched is found nowhere. */
static ouro_status look_up(ouro_object *container, ouro_value key, ouro__lookup *lookup) {
    ouro_heap *heap = ouro__heap_of(container);
    if (ouro__object_is(container, OURO__WEAK_VALUES))
        return ouro__dict_lookup(container, key, lookup);
    ouro__table *table = ouro__table_of(container);
    *lookup = (ouro__lookup){
        .owner = container, .table = table, .key = key, .position = OURO__NOWHERE};
    ouro_status status = ouro__types_admit(heap, key);
    if (status != OURO_OK || !is_watchable(heap, key)) return status;
    lookup->hash = identity_hash(ouro_value_object(key));
    return ouro__table_find(heap, table, disguise(ouro_value_object(key)), lookup->hash,
                            &lookup->position);
}

static ouro__weak_entry *found_entry(const ouro__lookup *lookup) {
    if (lookup->position == OURO__NOWHERE) return NULL;
    return entry_of(&lookup->table->entries[lookup->position]);
}

static ouro_value value_of(const ouro_object *container, const ouro__weak_entry *entry) {
    if (ouro__object_is(container, OURO__WEAK_SET)) return OURO_TRUE;
    bool watched = ouro__object_is(container, OURO__WEAK_VALUES) && entry->link.target != NULL;
    return watched ? ouro_value_of_object(entry->link.target) : entry->held;
}

/* Nothing else need refer to it: see core/object/guard.c. */
static void note_shown(ouro_value v) {
    if (ouro_value_is_object(v)) ouro__guard_note(ouro_value_object(v));
}

/* ---- the public functions ---------------------------------------------------------------- */

ouro_status ouro_weak_dict_new(ouro_heap *heap, ouro_weak_kind kind, ouro_object **ret_dict) {
    ouro__builtin index = (ouro__builtin)((int)OURO__WEAK_KEYS + (int)kind);
    return ouro_object_new(heap, ouro__builtin_type(heap, index), 0, ret_dict);
}

ouro_weak_kind ouro_weak_dict_kind(const ouro_object *dict) {
    return (ouro_weak_kind)((int)dict->type - (int)OURO__WEAK_KEYS);
}

size_t ouro_weak_dict_count(const ouro_object *dict) {
    return ouro_is_weak_dict(dict) ? ouro__table_of(dict)->count : 0;
}

ouro_status ouro_weak_dict_get(ouro_object *dict, ouro_value key, ouro_value *ret_value) {
    ouro__lookup lookup;
    ouro_status status = expect(dict);
    if (status == OURO_OK) status = look_up(dict, key, &lookup);
    if (status != OURO_OK) return status;
    const ouro__weak_entry *entry = found_entry(&lookup);
    *ret_value = entry != NULL ? value_of(dict, entry) : OURO_ABSENT;
    note_shown(*ret_value);
    ouro__dict_finish_lookup(&lookup);
    return OURO_OK;
}

/* Adds an entry, or puts it in the place of another. held: borrowed. */
static ouro_status put(ouro__lookup *lookup, ouro_object *target, ouro_value held,
                       ouro__weak_entry **ret_old) {
    ouro_object *container = lookup->owner;
    ouro_heap *heap = ouro__heap_of(container);
    ouro__weak_entry *entry = NULL, *old = found_entry(lookup);
    ouro_status status = OURO_OK;
    if (old == NULL) status = ouro__table_reserve(heap, lookup->table, 1);
    if (status == OURO_OK) status = new_entry(container, target, held, lookup->hash, &entry);
    if (status != OURO_OK) return status;
    if (old != NULL) {
        lookup->table->entries[lookup->position].value = disguise(entry);
        ouro__watch_unlink(&old->link); /* it is in no table any more */
        *ret_old = old;
        return OURO_OK;
    }
    bool by_value = ouro__object_is(container, OURO__WEAK_VALUES);
    ouro_value key = by_value ? lookup->key : disguise(target);
    ouro_value_retain(key);
    ouro__table_add(lookup->table, key, lookup->hash, disguise(entry));
    as_weakdict(container)->additions++;
    return OURO_OK;
}

static ouro_status refuse_key(ouro_object *container) {
    const char *name = ouro_type_name(ouro_object_type(container));
    bool set = ouro__object_is(container, OURO__WEAK_SET);
    return ouro_heap_fail(ouro__heap_of(container), OURO_E_TYPE,
                          "a %s of %s has to be a managed object, which can die; for numbers, "
                          "strings and other values take a %s",
                          set ? "member" : "key", name, set ? "set" : "dict");
}

ouro_status ouro_weak_dict_set(ouro_object *dict, ouro_value key, ouro_value v) {
    ouro_status status = expect(dict);
    if (status != OURO_OK) return status;
    ouro_heap *heap = ouro__heap_of(dict);
    bool by_value = ouro__object_is(dict, OURO__WEAK_VALUES);
    if (!by_value && !is_watchable(heap, key)) return refuse_key(dict);
    status = ouro__types_admit(heap, v);
    if (status != OURO_OK) return status;
    ouro__guard guard = ouro__types_guard(v); /* a key's hooks may let go of it */
    ouro__lookup lookup;
    ouro__weak_entry *old = NULL;
    status = look_up(dict, key, &lookup);
    if (status == OURO_OK) {
        ouro_value watched = by_value ? v : key;
        bool plain = !is_watchable(heap, watched);
        bool holds = by_value ? plain : ouro__object_is(dict, OURO__WEAK_KEYS);
        status = put(&lookup, plain ? NULL : ouro_value_object(watched), holds ? v : OURO_NIL,
                     &old);
        ouro__dict_finish_lookup(&lookup);
    }
    ouro__types_unguard(guard);
    if (old != NULL) end_entry(heap, old, OURO_NIL);
    return status;
}

ouro_status ouro_weak_dict_remove(ouro_object *dict, ouro_value key) {
    ouro__lookup lookup;
    ouro_status status = expect(dict);
    if (status == OURO_OK) status = look_up(dict, key, &lookup);
    if (status != OURO_OK) return status;
    ouro_heap *heap = ouro__heap_of(dict);
    ouro__weak_entry *entry = found_entry(&lookup);
    ouro_value taken = OURO_NIL;
    if (entry == NULL)
        status = ouro_heap_fail(heap, OURO_E_KEY, "the %s has no such %s",
                                ouro_type_name(ouro_object_type(dict)),
                                ouro__object_is(dict, OURO__WEAK_SET) ? "member" : "key");
    else taken = ouro__table_take(heap, lookup.table, lookup.position).key;
    if (entry != NULL) ouro__watch_unlink(&entry->link);
    ouro__dict_finish_lookup(&lookup);
    if (entry != NULL) end_entry(heap, entry, taken);
    return status;
}

ouro_status ouro_weak_dict_next(ouro_object *dict, ouro_cursor *cursor, ouro_value *ret_key,
                                ouro_value *ret_value) {
    ouro_status status = expect(dict);
    if (status != OURO_OK) return status;
    uint64_t version = as_weakdict(dict)->additions + 1; /* 0 is a cursor that has not begun */
    if (cursor->version == 0) cursor->version = version;
    if (cursor->version != version)
        return ouro_heap_fail(ouro__heap_of(dict), OURO_E_CHANGED,
                              "something was added to the %s during iteration; iterate over a "
                              "copy",
                              ouro_type_name(ouro_object_type(dict)));
    ouro_value key = OURO_ABSENT, value = OURO_ABSENT;
    const ouro__weak_entry *entry = next_entry(dict, &cursor->position, &key);
    if (entry != NULL) value = value_of(dict, entry);
    if (entry != NULL && !ouro__object_is(dict, OURO__WEAK_VALUES))
        key = ouro_value_of_object(entry->link.target);
    note_shown(key);
    note_shown(value);
    if (ret_key != NULL) *ret_key = key;
    if (ret_value != NULL) *ret_value = value;
    return OURO_OK;
}
