/* SPDX-License-Identifier: MIT */
/* Frame: names, each a counted reference, and the stack of frames.
 *
 * A heap starts with one frame, "main". A name is bound to any value; names keep
 * the order in which they were bound first. */
#ifndef OURO_FRAME_H
#define OURO_FRAME_H

#include "ouro/object.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A frame not on the stack. name: borrowed, copied. ret_frame: owned. OURO_E_NOMEM. */
OURO_API ouro_status ouro_frame_new(ouro_heap *heap, const char *name,
                                    ouro_object **ret_frame) OURO_MUST_CHECK;
OURO_API bool ouro_is_frame(const ouro_object *object);
OURO_API const char *ouro_frame_name(const ouro_object *frame);

/* Pushes (the stack retains it). OURO_E_LIMIT "stack overflow" at max_frames. */
OURO_API ouro_status ouro_frame_push(ouro_heap *heap, ouro_object *frame) OURO_MUST_CHECK;
/* Pops the top frame, which must be this one (OURO_E_VALUE): its names are released,
 * last bound first, then the stack's reference. */
OURO_API ouro_status ouro_frame_pop(ouro_heap *heap, ouro_object *frame);
/* Borrowed. depth 0 is the top; NULL beyond the bottom. The bottom is "main". */
OURO_API ouro_object *ouro_frame_at(ouro_heap *heap, size_t depth);
OURO_API size_t ouro_frame_depth(const ouro_heap *heap);
OURO_API ouro_object *ouro_frame_main(ouro_heap *heap);

/* Borrowed; OURO_ABSENT when not bound. */
OURO_API ouro_value ouro_frame_get(ouro_object *frame, const char *name, size_t length);
/* Binds: a name bound again keeps its place. OURO_E_NOMEM. */
OURO_API ouro_status ouro_frame_set(ouro_object *frame, const char *name, size_t length,
                                    ouro_value v) OURO_MUST_CHECK;
/* OURO_E_KEY when not bound. */
OURO_API ouro_status ouro_frame_unset(ouro_object *frame, const char *name, size_t length);
OURO_API size_t ouro_frame_count(const ouro_object *frame);
/* Iterates names in order of binding: begin with *position 0; false at the end.
 * All borrowed. */
OURO_API bool ouro_frame_next(ouro_object *frame, size_t *position, const char **ret_name,
                              size_t *ret_length, ouro_value *ret_value);

#ifdef __cplusplus
}
#endif
#endif
