/* SPDX-License-Identifier: MIT */
/* Fingerprint: all that can be told of a heap through the public interface, as one text: its
 * objects with counts, flags, ids, tags, labelled references and watchers, its frames, its
 * totals. Two heaps that a program cannot tell apart have the same. Uses memory of its own. */
#ifndef TESTS_FINGERPRINT_H
#define TESTS_FINGERPRINT_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ouro.h>

typedef struct print {
    char *text;
    size_t length, capacity;
} print;

OURO_PRINTF(2, 3) static inline void print_add(print *p, const char *format, ...) {
    char line[600];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof line) abort();
    if (p->length + (size_t)length + 1 > p->capacity) {
        p->capacity = p->capacity * 2 + sizeof line;
        p->text = realloc(p->text, p->capacity);
        if (p->text == NULL) abort();
    }
    memcpy(p->text + p->length, line, (size_t)length + 1);
    p->length += (size_t)length;
}

static inline void print_value(print *p, ouro_value v) {
    const char *bytes;
    size_t length;
    print_add(p, "%llx", (unsigned long long)v.bits);
    if (ouro_value_is_object(v)) print_add(p, "*%u", (unsigned)ouro_value_object(v)->count);
    if (ouro_value_as_string(v, &bytes, &length))
        print_add(p, "'%.*s'", (int)(length < 100 ? length : 100), bytes);
}

static inline bool print_reference(const ouro_label *label, ouro_value value, void *context) {
    print *p = context;
    print_add(p, " %d:", (int)label->kind);
    if (label->kind == OURO_LABEL_NAME)
        print_add(p, "%.*s", (int)(label->length < 100 ? label->length : 100), label->text);
    if (label->kind == OURO_LABEL_INDEX) print_add(p, "%zu", label->index);
    if (label->kind == OURO_LABEL_VALUE) print_value(p, label->key);
    print_add(p, "=");
    print_value(p, value);
    return true;
}

static inline bool print_watcher(ouro_object *watcher, void *context) {
    print_add(context, " watched by %p", (void *)watcher);
    return true;
}

static inline bool print_pin(ouro_object *referrer, const ouro_label *label, void *context) {
    if (referrer == NULL) print_add(context, " and %.*s", (int)label->length, label->text);
    return true;
}

static inline bool print_object(ouro_object *object, void *context) {
    print *p = context;
    print_add(p, "%p %s count %u%s%s%s id %llu tag %llu generation %d size %zu:", (void *)object,
              ouro_type_name(ouro_object_type(object)), (unsigned)object->count,
              ouro_object_is_held(object) ? " held" : "",
              ouro_object_is_dying(object) ? " dying" : "",
              ouro_object_is_finalized(object) ? " finalized" : "",
              (unsigned long long)ouro_object_known_id(object),
              (unsigned long long)ouro_object_tag(object), ouro_object_generation(object),
              ouro_object_size(object));
    ouro_object_refs(object, print_reference, p);
    ouro_weak_each(object, print_watcher, p);
    ouro_object_referrers(object, print_pin, p);
    if (ouro_is_weak(object)) print_add(p, " to %p", (void *)ouro_weak_get(object));
    print_add(p, "\n");
    return true;
}

static inline void print_frames(print *p, ouro_heap *heap) {
    ouro_object *frame;
    for (size_t depth = 0; (frame = ouro_frame_at(heap, depth)) != NULL; depth++)
        print_add(p, "frame %zu %p %s, %zu names\n", depth, (void *)frame, ouro_frame_name(frame),
                  ouro_frame_count(frame));
}

/* text: one more thing that may not change, but for the room it has; or NULL. Freed by the
 * caller. */
static inline char *fingerprint(ouro_heap *heap, const ouro_text *text) {
    print p = {NULL, 0, 0};
    print_add(&p, "live %zu bytes %zu deferred %zu frozen %zu policy %s enabled %d\n",
              ouro_heap_live(heap),
              ouro_heap_bytes(heap) - (text != NULL ? text->capacity : 0), ouro_deferred(heap),
              ouro_frozen(heap), ouro_policy(heap), (int)ouro_collect_is_enabled(heap));
    if (text != NULL)
        print_add(&p, "text '%.*s'\n", (int)text->length,
                  text->length > 0 ? text->bytes : "");
    print_frames(&p, heap);
    ouro_heap_each(heap, true, print_object, &p);
    return p.text;
}

/* Compares; shows the first lines that differ. */
static inline bool fingerprint_same(const char *before, const char *after) {
    while (*before != '\0' || *after != '\0') {
        size_t a = strcspn(before, "\n"), b = strcspn(after, "\n");
        if (a != b || memcmp(before, after, a) != 0) {
            fprintf(stderr, "before: %.*s\nafter:  %.*s\n", (int)a, before, (int)b, after);
            return false;
        }
        before += a + (before[a] == '\n');
        after += b + (after[b] == '\n');
    }
    return true;
}

#endif
