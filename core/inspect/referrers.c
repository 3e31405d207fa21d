/* SPDX-License-Identifier: MIT */
/* Referrers: the ledger behind a count. Objects do not know who refers to them; every object
 * is asked for what it refers to, and the search ends when the count is accounted for. */
#include "object/heap_state.h"
#include "ouro/inspect.h"

typedef struct search {
    ouro_object *target;
    ouro_object *referrer; /* the object that is being asked */
    ouro_referrer_fn each;
    void *context;
    size_t hits;    /* references of the current object */
    uint64_t left;  /* counted references by objects that are not yet found, at most */
    bool stopped;   /* by the caller */
    size_t heap_own; /* references by the heap itself */
} search;

static void count_hit(ouro_object *child, void *context) {
    search *s = context;
    if (child == s->target) s->hits++;
}

static bool report_hit(const ouro_label *label, ouro_value value, void *context) {
    search *s = context;
    if (ouro_value_object(value) != s->target) return true;
    if (!s->each(s->referrer, label, s->context)) s->stopped = true;
    return !s->stopped;
}

/* Asks for labels only those that refer to the target at all. */
static bool search_object(ouro_object *object, void *context) {
    search *s = context;
    /* A member of a dying set may be released in part: what it says is history. */
    if (object->flags & OURO__GONE) return true;
    s->hits = 0;
    ouro_object_traverse(object, count_hit, s);
    if (s->hits == 0) return true;
    s->referrer = object;
    ouro_object_refs(object, report_hit, s);
    s->left -= s->hits < s->left ? s->hits : s->left;
    return !s->stopped && s->left > 0;
}

/* ---- references that no object has ------------------------------------------------------- */

static bool report_text(search *s, const char *text) {
    size_t length = 0;
    while (text[length] != '\0') length++;
    ouro_label label = {.kind = OURO_LABEL_NAME, .text = text, .length = length};
    if (!s->each(NULL, &label, s->context)) s->stopped = true;
    return !s->stopped;
}

static bool count_own(ouro_object *object, const char *what, void *context) {
    search *s = context;
    (void)what;
    if (object == s->target) s->heap_own++;
    return true;
}

static bool report_own(ouro_object *object, const char *what, void *context) {
    search *s = context;
    return object != s->target || report_text(s, what);
}

/* The heap's own objects are no part of ouro_heap_each, but what they refer to is counted. */
static void search_hidden(ouro_heap *heap, search *s) {
    ouro_object *const hidden[] = {heap->bag_class, heap->garbage};
    for (size_t i = 0; i < 2; i++)
        if (hidden[i] != NULL && !s->stopped && s->left > 0) search_object(hidden[i], s);
}

void ouro_object_referrers(ouro_object *target, ouro_referrer_fn each, void *context) {
    ouro_heap *heap = ouro_object_heap(target);
    search s = {.target = target, .each = each, .context = context};
    size_t pins = ouro__object_pins(target);
    ouro__heap_own_refs(heap, count_own, &s);
    size_t others = pins + s.heap_own;
    s.left = target->count > others ? target->count - others : 0;
    if (s.left > 0) ouro_heap_each(heap, true, search_object, &s);
    search_hidden(heap, &s);
    for (size_t i = 0; i < pins && !s.stopped; i++) report_text(&s, "pin");
    if (!s.stopped) ouro__heap_own_refs(heap, report_own, &s);
}
