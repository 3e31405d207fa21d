/* SPDX-License-Identifier: MIT */
/* Embed: the core in a C program, with a type of the program's own.
 *
 * Rooms have two doors, each to another room. Two rooms that lead to each other are a cycle:
 * counting alone never frees them, a collection does. Build it against an installed libouro:
 *
 *     cc embed.c $(pkg-config --cflags --libs ouro) && ./a.out
 */
#include <ouro.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An object is a struct that begins with ouro_object. The rest is zero when it is made. */
typedef struct room {
    ouro_object head;
    char name[16];
    ouro_object *in;  /* counted, or NULL */
    ouro_object *out; /* counted, or NULL */
} room;

/* The head comes first, so a room's address is its object's. */
static room *room_of(ouro_object *object) {
    return (room *)object;
}

/* What the collector needs: every counted reference, once per count. */
static void traverse_room(ouro_object *object, ouro_visit_fn visit, void *context) {
    room *self = room_of(object);
    if (self->in) visit(self->in, context);
    if (self->out) visit(self->out, context);
}

/* What people need: the same references with a label. Here only for looking. */
static bool list_doors(ouro_object *object, ouro_ref_fn each, void *context) {
    room *self = room_of(object);
    ouro_label in = {.kind = OURO_LABEL_NAME, .text = "in", .length = 2};
    ouro_label out = {.kind = OURO_LABEL_NAME, .text = "out", .length = 3};
    return each(&in, ouro_value_of_object(self->in), context) &&
           each(&out, ouro_value_of_object(self->out), context);
}

/* Drops every reference. Detach first and release after: a release may run code that looks
 * at this room, and must then find it without the door. */
static void clear_room(ouro_object *object) {
    room *self = room_of(object);
    ouro_object *in = self->in, *out = self->out;
    self->in = self->out = NULL;
    if (in) ouro_release(in);
    if (out) ouro_release(out);
}

/* Last words, once in a room's life, while everything it refers to is still there. */
static void finalize_room(ouro_object *object) {
    room *self = room_of(object);
    const char *next = self->out ? room_of(self->out)->name : "nowhere";
    printf("  %s goes; its door still leads to %s\n", self->name, next);
}

static const ouro_type_spec room_spec = {
    .struct_size = sizeof(ouro_type_spec),
    .name = "room",
    .size = sizeof(room),
    .traverse = traverse_room,
    .refs = list_doors,
    .clear = clear_room,
    .finalize = finalize_room,
};

/* Every call that can fail says so, and leaves a sentence about it on the heap. */
static void check(ouro_heap *heap, ouro_status status) {
    if (status == OURO_OK) return;
    fprintf(stderr, "%s: %s\n", ouro_status_name(status), heap ? ouro_heap_message(heap) : "");
    exit(EXIT_FAILURE);
}

/* The result is owned: it carries one count, which the caller has to release. */
static room *new_room(ouro_heap *heap, ouro_type *type, const char *name) {
    ouro_object *object;
    check(heap, ouro_object_new(heap, type, 0, &object));
    snprintf(room_of(object)->name, sizeof room_of(object)->name, "%s", name);
    return room_of(object);
}

/* Each keeps a counted reference to the other. */
static void connect(room *first, room *second) {
    ouro_retain(&second->head);
    first->out = &second->head;
    ouro_retain(&first->head);
    second->in = &first->head;
}

/* Runs after the target has died; the weak reference is already empty. */
static void tell(ouro_object *weak, ouro_value argument) {
    const char *text;
    size_t length;
    if (!ouro_value_as_string(argument, &text, &length)) return;
    printf("  callback: %.*s, the reference is %s\n", (int)length, text,
           ouro_weak_get(weak) ? "full" : "empty");
}

/* A weak reference to the room, with a sentence for the callback. Owned. */
static ouro_object *watch(ouro_heap *heap, room *target, const char *sentence) {
    ouro_value text;
    ouro_object *weak;
    check(heap, ouro_string(heap, sentence, strlen(sentence), &text));
    check(heap, ouro_weak_new(&target->head, tell, text, &weak));
    ouro_value_release(text); /* the weak reference has its own count of it now */
    return weak;
}

static bool print_door(const ouro_label *label, ouro_value value, void *context) {
    ouro_object *to = ouro_value_object(value);
    printf("  %s.%.*s -> %s\n", (const char *)context, (int)label->length, label->text,
           to ? room_of(to)->name : "nothing");
    return true;
}

static void print_state(ouro_heap *heap, ouro_object *weak) {
    ouro_object *target = ouro_weak_get(weak);
    printf("  objects of ours: the weak reference and %zu more; it sees %s\n",
           ouro_heap_live(heap) - 1, target ? room_of(target)->name : "nothing");
}

int main(void) {
    ouro_heap *heap = NULL;
    ouro_type *type;
    size_t found, leaked;
    check(heap, ouro_heap_open(NULL, &heap));
    check(heap, ouro_type_new(heap, &room_spec, &type));

    puts("a room that nothing else refers to dies when it is released:");
    room *closet = new_room(heap, type, "closet");
    ouro_release(&closet->head);

    puts("two rooms that lead to each other:");
    room *hall = new_room(heap, type, "hall");
    room *garden = new_room(heap, type, "garden");
    connect(hall, garden);
    connect(garden, hall);
    ouro_object_refs(&hall->head, print_door, hall->name);
    printf("  the hall is counted %u times\n", ouro_object_count(&hall->head));
    ouro_object *weak = watch(heap, hall, "the hall is gone");

    puts("we let go of both, and the cycle keeps them:");
    ouro_release(&hall->head);
    ouro_release(&garden->head);
    print_state(heap, weak);

    puts("a collection finds what only the cycle keeps:");
    check(heap, ouro_collect(heap, OURO_GENERATIONS - 1, &found));
    printf("  found %zu objects\n", found);
    print_state(heap, weak);

    ouro_release(weak);
    check(heap, ouro_heap_shut(heap, &leaked));
    check(heap, ouro_heap_close(heap));
    printf("the heap is closed, %zu objects leaked\n", leaked);
    return EXIT_SUCCESS;
}
