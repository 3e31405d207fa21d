/* SPDX-License-Identifier: MIT */
/* Repr: any value as text, bounded, without recursion.
 *
 * A level is a container that is being printed. When it is entered, as many of its references
 * as may still be shown are noted down as entries on a stack, in order; the loop in ouro_repr
 * then shows one entry after the other, entering levels and leaving them. Nothing beyond the
 * two bounds is visited, but for the number of a record's attributes.
 *
 * Noted down, rather than asked for again at each step, because `custom` may run user code
 * that changes the very container; for the same reason, and only when there is a custom, what
 * is noted is retained. */
#include <string.h>

#include "inspect/array.h"
#include "inspect/text.h"
#include "memory/map.h"
#include "ouro/containers.h"
#include "ouro/frame.h"
#include "ouro/record.h"
#include "ouro/scalar.h"
#include "ouro/weak.h"

enum { DEFAULT_DEPTH = 6, DEFAULT_ITEMS = 200 };

typedef enum shape { LEAF, LIST, TUPLE, DICT, SET, WEAK, RECORD } shape;

/* What is printed before an entry's value. */
typedef enum prefix {
    NOTHING,
    NAME,     /* name= in a record, name: in a dict */
    KEY,      /* the value is itself a key: [value */
    AFTER_KEY /* ]: and no item of its own */
} prefix;

typedef struct entry {
    ouro_value value;
    size_t name, length; /* NAME: where in printer.names */
    prefix lead;
} entry;

typedef struct level {
    ouro_object *object;
    shape form;
    size_t first, next; /* entries; they end where the stack does while this is the top */
    size_t names;       /* length of printer.names below it */
    size_t items, shown;
} level;

typedef struct printer {
    ouro_heap *heap;
    ouro_text *text;
    ouro_repr_fn custom;
    void *context;
    size_t max_depth;
    size_t budget; /* items that may still be shown */
    ouro__array entries, levels, names;
    ouro__map path; /* the objects of the levels */
    ouro_status status; /* the first failure; after it nothing more is printed */
} printer;

/* ---- pieces ------------------------------------------------------------------------------ */

static void check(printer *p, ouro_status status) {
    if (p->status == OURO_OK) p->status = status;
}

static void put(printer *p, const char *string) {
    if (p->status == OURO_OK) check(p, ouro__text_put(p->text, string));
}

static void put_size(printer *p, size_t number) {
    if (p->status == OURO_OK) check(p, ouro__text_put_size(p->text, number));
}

static bool reserve(printer *p, ouro__array *array, size_t more) {
    if (p->status == OURO_OK) check(p, ouro__array_reserve(array, p->heap, more));
    return p->status == OURO_OK;
}

static shape form_of(const ouro_object *object) {
    switch (object->type) {
    case OURO__LIST: return LIST;
    case OURO__TUPLE: return TUPLE;
    case OURO__DICT: return DICT;
    case OURO__SET: return SET;
    case OURO__WEAK_KEYS:
    case OURO__WEAK_VALUES:
    case OURO__WEAK_SET: return WEAK;
    default: return ouro_type_class(ouro_object_type(object)) != NULL ? RECORD : LEAF;
    }
}

static void put_open(printer *p, const ouro_object *object, shape form) {
    static const char *const brackets[] = {[LIST] = "[", [TUPLE] = "(", [DICT] = "{",
                                           [SET] = "set{", [WEAK] = "{", [RECORD] = "("};
    if (form == RECORD || form == WEAK) put(p, ouro_type_name(ouro_object_type(object)));
    put(p, brackets[form]);
}

static void put_close(printer *p, shape form) {
    static const char *const brackets[] = {[LIST] = "]", [TUPLE] = ")", [DICT] = "}",
                                           [SET] = "}", [WEAK] = "}", [RECORD] = ")"};
    put(p, brackets[form]);
}

static void put_watcher(printer *p, const char *what, const ouro_object *target) {
    put(p, what);
    put(p, target != NULL ? " " : ", dead");
    if (target != NULL) put(p, ouro_type_name(ouro_object_type(target)));
}

static void put_leaf(printer *p, const ouro_object *object) {
    put(p, "<");
    if (ouro_is_class(object)) {
        put(p, "class ");
        put(p, ouro_class_name(object));
    } else if (ouro_is_frame(object)) {
        put(p, "frame ");
        put(p, ouro_frame_name(object));
    } else if (ouro_is_weak(object)) {
        const ouro_object *target = ouro_weak_get(object);
        put_watcher(p, target != NULL ? "weak ref to" : "weak ref", target);
    } else if (ouro_is_finalize(object)) {
        put_watcher(p, "finalize", ouro_finalize_target(object));
    } else {
        put(p, ouro_type_name(ouro_object_type(object)));
    }
    put(p, ">");
}

/* ---- noting down what a container refers to ---------------------------------------------- */

typedef struct gathering {
    printer *printer;
    shape form;
    size_t limit; /* note so many */
    size_t stop;  /* and go on counting up to so many */
    size_t items;
} gathering;

static void note(printer *p, prefix lead, ouro_value v, const char *name, size_t length) {
    if (!reserve(p, &p->entries, 1) || !reserve(p, &p->names, length)) return;
    entry *entries = p->entries.items;
    entries[p->entries.count++] =
        (entry){.value = v, .name = p->names.count, .length = length, .lead = lead};
    if (length != 0) memcpy((char *)p->names.items + p->names.count, name, length);
    p->names.count += length;
    if (p->custom != NULL) ouro_value_retain(v);
}

static void note_pair(printer *p, ouro_value key, ouro_value v) {
    const char *name;
    size_t length;
    if (ouro_value_as_string(key, &name, &length) && ouro__text_is_name(name, length)) {
        note(p, NAME, v, name, length);
    } else {
        note(p, KEY, key, NULL, 0);
        note(p, AFTER_KEY, v, NULL, 0);
    }
}

static bool gather(const ouro_label *label, ouro_value v, void *context) {
    gathering *g = context;
    if (g->form == DICT && label->kind != OURO_LABEL_VALUE) return true;
    if (g->items++ >= g->limit) return g->items < g->stop;
    if (g->form == DICT) note_pair(g->printer, label->key, v);
    else if (g->form == RECORD) note(g->printer, NAME, v, label->text, label->length);
    else note(g->printer, NOTHING, v, NULL, 0);
    return g->printer->status == OURO_OK && g->items < g->stop;
}

static size_t known_count(const ouro_object *object, shape form) {
    const ouro_value *items;
    size_t count = SIZE_MAX; /* not known: to be counted */
    if (form == DICT) count = ouro_dict_count(object);
    else if (form == SET) count = ouro_set_count(object);
    else if (form == WEAK) count = ouro_weak_dict_count(object);
    else if (form != RECORD && ouro_sequence_items(object, &items, &count) != OURO_OK) count = 0;
    return count;
}

static void pop_entries(printer *p, size_t count) {
    while (p->entries.count > count) {
        ouro_value v = ((entry *)p->entries.items)[--p->entries.count].value;
        if (p->custom != NULL) ouro_value_release(v);
    }
}

/* What is only watched is no reference, but is to be seen here. */
static size_t gather_weak(printer *p, ouro_object *object, size_t limit) {
    size_t known = ouro_weak_dict_count(object);
    ouro_cursor cursor = {0};
    ouro_value key, v;
    for (size_t i = 0; i < known && i < limit && p->status == OURO_OK; i++) {
        check(p, ouro_weak_dict_next(object, &cursor, &key, &v));
        if (p->status != OURO_OK) break;
        if (ouro_weak_dict_kind(object) == OURO_WEAK_SET) note(p, NOTHING, key, NULL, 0);
        else note_pair(p, key, v);
    }
    return known;
}

/* Notes down at most limit items; returns how many there are. A record's last reference is
 * the one to its class, which is part of how it is printed and no item. */
static size_t gather_items(printer *p, ouro_object *object, shape form, size_t limit) {
    if (form == WEAK) return gather_weak(p, object, limit);
    size_t known = known_count(object, form), before = p->entries.count;
    gathering g = {.printer = p, .form = form, .limit = limit, .stop = known};
    if (form != RECORD && limit < known) g.stop = limit;
    if (g.stop != 0) ouro_object_refs(object, gather, &g);
    if (form != RECORD || p->status != OURO_OK) return known;
    g.items--;
    if (p->entries.count - before > g.items) pop_entries(p, p->entries.count - 1);
    return g.items;
}

/* ---- levels ------------------------------------------------------------------------------ */

static level *top_level(printer *p) {
    return (level *)p->levels.items + p->levels.count - 1;
}

static uint64_t key_of(const ouro_object *object) {
    return (uint64_t)(uintptr_t)object;
}

/* The container's brackets around a few words. */
static void abridge(printer *p, const ouro_object *object, shape form) {
    put_open(p, object, form);
    put(p, "...");
    put_close(p, form);
}

static void abridge_deep(printer *p, ouro_object *object, shape form) {
    size_t items = gather_items(p, object, form, 0);
    put_open(p, object, form);
    if (items > 0) {
        put(p, "...");
        put_size(p, items);
        put(p, items == 1 ? " item" : " items");
    }
    put_close(p, form);
}

static void enter(printer *p, ouro_object *object, shape form) {
    if (!reserve(p, &p->levels, 1)) return;
    if (ouro__map_place(&p->path, &p->heap->account, key_of(object)) == NULL) {
        check(p, ouro__array_refusal(p->heap, sizeof(ouro__map_entry)));
        return;
    }
    level entered = {.object = object, .form = form, .names = p->names.count};
    entered.first = entered.next = p->entries.count;
    p->levels.count++;
    *top_level(p) = entered;
    size_t items = gather_items(p, object, form, p->budget);
    top_level(p)->items = items;
    put_open(p, object, form);
}

static void leave(printer *p) {
    level left = *top_level(p);
    size_t more = left.items - left.shown;
    if (more > 0) {
        put(p, left.shown > 0 ? ", ... " : "... ");
        put_size(p, more);
        put(p, " more");
    } else if (left.form == TUPLE && left.items == 1) {
        put(p, ",");
    }
    put_close(p, left.form);
    p->levels.count--;
    p->names.count = left.names;
    ouro__map_take(&p->path, key_of(left.object));
    pop_entries(p, left.first);
}

/* ---- values ------------------------------------------------------------------------------ */

/* Whether custom has printed it. */
static bool ask_custom(printer *p, ouro_object *object) {
    if (p->custom == NULL) return false;
    size_t length = p->text->length;
    ouro_status status = p->custom(object, p->text, p->context);
    if (status == OURO_E_KEY) ouro__text_cut(p->text, length);
    else check(p, status);
    return status != OURO_E_KEY;
}

static void put_object(printer *p, ouro_object *object) {
    shape form = form_of(object);
    if (form != LEAF && ouro__map_find(&p->path, key_of(object)) != NULL)
        abridge(p, object, form);
    else if (ask_custom(p, object)) return;
    else if (form == LEAF) put_leaf(p, object);
    else if (p->levels.count >= p->max_depth) abridge_deep(p, object, form);
    else enter(p, object, form);
}

static void put_value(printer *p, ouro_value v, bool quoted) {
    if (p->status != OURO_OK) return;
    ouro_status status = ouro__text_scalar(p->text, v, quoted);
    if (status == OURO_E_KEY) put_object(p, ouro_value_object(v));
    else check(p, status);
}

static void put_name(printer *p, const entry *e, shape form) {
    const char *name = (const char *)p->names.items + e->name;
    bool plain = ouro__text_is_name(name, e->length);
    if (!plain) put(p, "[");
    if (p->status == OURO_OK)
        check(p, plain ? ouro_text_add(p->text, name, e->length)
                       : ouro__text_quote(p->text, name, e->length));
    if (!plain) put(p, "]");
    put(p, form == RECORD ? "=" : ": ");
}

static void put_lead(printer *p, level *l, const entry *e) {
    if (e->lead == AFTER_KEY) {
        put(p, "]: ");
        return;
    }
    if (l->shown++ > 0) put(p, ", ");
    p->budget--;
    if (e->lead == NAME) put_name(p, e, l->form);
    else if (e->lead == KEY) put(p, "[");
}

/* Shows the next entry of the top level, or leaves it. */
static void step(printer *p) {
    level *l = top_level(p);
    const entry *entries = p->entries.items;
    if (l->next == p->entries.count ||
        (p->budget == 0 && entries[l->next].lead != AFTER_KEY)) {
        leave(p);
        return;
    }
    entry e = entries[l->next++];
    put_lead(p, l, &e);
    put_value(p, e.value, true);
}

/* ---- the whole --------------------------------------------------------------------------- */

static ouro_status check_arguments(ouro_heap *heap, ouro_value v,
                                   const ouro_repr_options *options) {
    const ouro_object *object = ouro_value_object(v);
    if (options != NULL && options->struct_size != sizeof *options)
        return ouro_heap_fail(heap, OURO_E_VALUE,
                              "repr: struct_size is %zu, set it to sizeof(ouro_repr_options)",
                              options->struct_size);
    if (object != NULL && ouro_object_heap(object) != heap)
        return ouro_heap_fail(heap, OURO_E_HEAP, "repr: the %s belongs to another heap",
                              ouro_type_name(ouro_object_type(object)));
    return OURO_OK;
}

static void init(printer *p, ouro_heap *heap, const ouro_repr_options *options, ouro_text *text) {
    *p = (printer){.heap = heap, .text = text, .max_depth = DEFAULT_DEPTH,
                   .budget = DEFAULT_ITEMS};
    p->entries.item_size = sizeof(entry);
    p->levels.item_size = sizeof(level);
    p->names.item_size = 1;
    if (options == NULL) return;
    p->custom = options->custom;
    p->context = options->context;
    if (options->max_depth != 0) p->max_depth = options->max_depth;
    if (options->max_items != 0) p->budget = options->max_items;
}

static void finish(printer *p) {
    pop_entries(p, 0);
    ouro__array_free(&p->entries, p->heap);
    ouro__array_free(&p->levels, p->heap);
    ouro__array_free(&p->names, p->heap);
    ouro__map_free(&p->path, &p->heap->account);
}

ouro_status ouro_repr(ouro_heap *heap, ouro_value v, const ouro_repr_options *options,
                      ouro_text *text) {
    ouro_status status = check_arguments(heap, v, options);
    if (status != OURO_OK) return status;
    if (text->heap == NULL) text->heap = heap;
    size_t before = text->length;
    printer p;
    init(&p, heap, options, text);
    put_value(&p, v, false);
    while (p.levels.count > 0 && p.status == OURO_OK) step(&p);
    finish(&p);
    if (p.status != OURO_OK) ouro__text_cut(text, before);
    return p.status;
}
