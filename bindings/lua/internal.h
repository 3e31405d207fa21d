/* SPDX-License-Identifier: MIT */
/* Internal: what the files at the heart of the module share beside binding.h.
 *
 * Two habits keep these files safe. A Lua call that allocates may run a step of Lua's
 * collector and with it a script's __gc, which may change any managed object: a borrowed
 * value is pushed first and read again after. And a C resource is never owned across a call
 * that can raise: ouro_lua_try_value returns a status instead, ouro_lua_push_text runs
 * protected. */
#ifndef OURO_LUA_INTERNAL_H
#define OURO_LUA_INTERNAL_H

#include "binding.h"

/* --- handle.c ----------------------------------------------------------------------------- */
/* Installs the pool of the state, or finds it. Raises for want of memory. */
handle_pool *ouro_lua_pool(lua_State *L);
/* ouro_lua_enter for metamethods, whose first argument is no heap. */
binding *ouro_lua_enter_method(lua_State *L);
/* The same for reading a field, which is possible while a collection is stepped. */
binding *ouro_lua_enter_reading(lua_State *L);
/* The handle is that of a `call` which begins: when it goes before the call has ended, so does
 * the frame. */
void ouro_lua_mark_call(lua_State *L, const binding *b, int index);
/* Whether it is the handle of a frame whose heap has closed. */
bool ouro_lua_is_lost_frame(lua_State *L, const binding *b, int index);
/* ouro_lua_object_at that does not raise: OURO_E_HEAP. */
ouro_status ouro_lua_try_object(lua_State *L, binding *b, int index, ouro_object **ret_object);
/* What metamethods tell apart. */
typedef enum handle_kind {
    HANDLE_OTHER,
    HANDLE_FRAME,
    HANDLE_RECORD,
    HANDLE_LIST,
    HANDLE_TUPLE,
    HANDLE_ENTRIES, /* ouro_lua_has_entries */
    HANDLE_CLASS
} handle_kind;
/* The object that a metamethod is for, and what it is. Raises as ouro_lua_check_object. */
ouro_object *ouro_lua_operand(lua_State *L, binding *b, handle_kind *ret_kind);
/* The same with ouro_lua_enter_method; NULL, with nothing raised, where either would raise. */
ouro_object *ouro_lua_enter_operand(lua_State *L, binding *b, handle_kind *ret_kind);
/* In two steps, what ouro_lua_hand_over does: pushes a handle, which may raise or run a __gc of a
 * script; then, at the top of the stack, it becomes that of a new object. */
struct slot *ouro_lua_push_empty(lua_State *L, binding *b);
void ouro_lua_fill_empty(lua_State *L, binding *b, struct slot *s, ouro_object *object);
/* The first spare handle; the metatable of handles is made. */
void ouro_lua_begin_handles(lua_State *L, binding *b);
/* Which binding calls Lua back, for the message handler; returns the one before. Lua may
 * collect meanwhile. */
binding *ouro_lua_set_calling(handle_pool *pool, binding *b);
binding *ouro_lua_calling(const handle_pool *pool);
/* Blocks that Lua obtains while recording, for the self-check in leftovers.c. */
typedef struct block_record {
    const char *block[64];
    size_t size[64];
    size_t count;
} block_record;
void ouro_lua_record_blocks(handle_pool *pool, block_record *record);
/* Whether leftovers.c may read saved program counters in this state. */
bool ouro_lua_reads_code(const handle_pool *pool);
void ouro_lua_set_reads_code(handle_pool *pool, bool on);

/* --- names.c ------------------------------------------------------------------------------ */
/* The frame, and the counts, become what they should be. Raises nothing. */
void ouro_lua_write_names(binding *b);
/* From now on names are in the frame alone; false: there is no memory for that. */
bool ouro_lua_end_names(binding *b);
/* Names may be in the mirror from now on, and the handle of the main frame, at index 1, leads
 * there; false: they may not. */
bool ouro_lua_begin_names(lua_State *L, binding *b);
/* A heap has been opened: the mirror needs a state with one only. Raises for want of memory. */
void ouro_lua_note_heap(lua_State *L, binding *b);
/* After names were written back: the one at the index is about to leave the main frame. */
void ouro_lua_forget_name(lua_State *L, const binding *b, int index);
/* Pushes what the name at the index is bound to in the mirror, nil if it is unbound there; false,
 * nothing pushed: it is in the frame alone. */
bool ouro_lua_push_mirrored(lua_State *L, const binding *b, int name);

/* --- access.c ----------------------------------------------------------------------------- */
/* Stack: a frame, a name. Pushes what the name means where no frame has it; false: nothing. */
bool ouro_lua_push_free_name(lua_State *L, const binding *b);

/* --- own.c -------------------------------------------------------------------------------- */
/* User values of the heap's userdata. What is needed all the time has a place there, not in the
 * table: that userdata is the first upvalue of most functions. */
typedef enum own_place {
    OWN_TABLE = 1,
    OWN_METATABLE, /* of this heap's handles */
    OWN_BUILTINS,  /* table: what free names fall back to */
    OWN_BOXES,     /* table: box index -> Lua value, and Lua value -> box */
    OWN_SPARE,     /* the handle that the next object will get (handle.c) */
    OWN_MIRROR,    /* names.c: names and what they are bound to */
    OWN_MIRRORED,  /* names.c: which names are there */
    OWN_LIST_METHODS,  /* tables of functions */
    OWN_TUPLE_METHODS,
    OWN_FRAME_METATABLE, /* names.c: of the handle of the main frame */
    OWN_PLACES = OWN_FRAME_METATABLE
} own_place;
/* Makes the table of the heap's own values; its userdata is at the top. */
void ouro_lua_make_own(lua_State *L, binding *b);
/* Finds it again for the __gc of the userdata, which is at the top. */
void ouro_lua_find_own(lua_State *L, binding *b);
/* Pushes the table; false, with nothing pushed, when the heap is garbage to Lua. */
bool ouro_lua_push_table(lua_State *L, const binding *b);
/* Whether the heap is not yet garbage to Lua. */
bool ouro_lua_has_own(lua_State *L, const binding *b);
/* Pushes the value of that reference; false: the heap is garbage, nothing is pushed. Raises
 * nothing. need: raises then. */
bool ouro_lua_push_own(lua_State *L, const binding *b, int ref);
void ouro_lua_need_own(lua_State *L, const binding *b, int ref);
/* Pops the value at the top: a new reference to it, as luaL_ref. */
int ouro_lua_add_own(lua_State *L, const binding *b);
/* Gives an existing reference the value at the top, popped if true. Needs no memory. */
bool ouro_lua_set_own(lua_State *L, const binding *b, int ref);
/* The same for what has a place of its own. */
bool ouro_lua_push_place(lua_State *L, const binding *b, own_place place);
void ouro_lua_need_place(lua_State *L, const binding *b, own_place place);
bool ouro_lua_set_place(lua_State *L, const binding *b, own_place place);
void ouro_lua_remove_own(lua_State *L, const binding *b, int ref);

/* --- leftovers.c -------------------------------------------------------------------------- */
/* Finds out whether it works here. */
void ouro_lua_probe_leftovers(lua_State *L, handle_pool *pool);
/* Clears the registers that the Lua function which called the running one, through an
 * assignment, will not read again. */
void ouro_lua_forget_leftovers(lua_State *L, const handle_pool *pool);
/* The same for the variable of `local x <close>` whose value is at index 1. more_to_do: closing
 * calls a method of the class. May raise for want of memory. */
void ouro_lua_forget_closed(lua_State *L, const handle_pool *pool, bool more_to_do);

/* --- box.c -------------------------------------------------------------------------------- */
ouro_status ouro_lua_box_type(binding *b);
/* The box of the Lua value at the index, owned. */
ouro_status ouro_lua_box(lua_State *L, binding *b, int index, ouro_object **ret_box);
/* Pushes its value; false: the heap is garbage, nothing is pushed. Raises nothing. */
bool ouro_lua_push_box(lua_State *L, const binding *b, const ouro_object *box);
/* Lets go of the Lua values of dead boxes. Raises nothing. */
void ouro_lua_release_boxes(lua_State *L, binding *b);
void ouro_lua_free_boxes(binding *b);

/* The index of a box in the table of boxes. */
size_t ouro_lua_box_index(const ouro_object *box);
/* The box of that index, below b->box_capacity, borrowed; NULL: there is none. */
ouro_object *ouro_lua_box_at(const binding *b, size_t index);

/* --- cross.c ------------------------------------------------------------------------------ */
/* Member `reach` of the heap's options. */
bool ouro_lua_reach(void *user, ouro_heap *heap, const ouro_cross *cross);

/* --- convert.c ---------------------------------------------------------------------------- */
/* ouro_lua_value_at that does not raise: *ret_value owned. */
ouro_status ouro_lua_try_value(lua_State *L, binding *b, int index, ouro_value *ret_value);
/* Pushes the text and frees it, also when it raises. */
void ouro_lua_push_text(lua_State *L, ouro_text *text);
/* The error at the top of the stack, popped, of a method that the core called: OURO_E_USER.
 * ouro_lua_check raises it again, the very value, when the core hands the status on. */
ouro_status ouro_lua_keep_error(lua_State *L, binding *b);
/* Raises "NAME: TEXT" for a wrong argument of the running function. */
int ouro_lua_refuse(lua_State *L, const char *format, ...) OURO_PRINTF(2, 3);
/* What a value is, for messages: the type of an object, else that of Lua. */
const char *ouro_lua_describe(lua_State *L, binding *b, int index);
const char *ouro_lua_object_type_name(const ouro_object *object);
/* The Lua integer at the index, also as a float with an integer value. */
bool ouro_lua_integer_at(lua_State *L, int index, lua_Integer *ret_integer);

/* --- report.c ----------------------------------------------------------------------------- */
/* "Node #3", in the buffer. */
void ouro_lua_name_object(ouro_object *object, char *buffer, size_t size);
/* Appends "<function script.lua:12>", "<table>": no addresses. Raises nothing; OURO_E_KEY when
 * the value cannot be looked at. */
ouro_status ouro_lua_repr_of_box(lua_State *L, const binding *b, ouro_object *box,
                                 ouro_text *text);

/* --- construct.c -------------------------------------------------------------------------- */
/* Pushes a list for the length of one operation, and takes it away from the top again: nobody
 * is told of its birth and death. */
ouro_object *ouro_lua_push_temporary(lua_State *L, binding *b);
void ouro_lua_pop_temporary(lua_State *L, binding *b);
/* Pushes an array of the keys of the table at the index: numbers in order, then strings in
 * order, then objects by their handles (the same in every run), then the others as they come. */
void ouro_lua_push_sorted_keys(lua_State *L, binding *b, int table);

/* --- class.c ------------------------------------------------------------------------------ */
int ouro_lua_new_class(lua_State *L);
/* Calls the class at index 1 with the arguments above it. */
int ouro_lua_call_class(lua_State *L, binding *b, ouro_object *cls);
/* Reads or writes an attribute of the class at index 1; key at 2, value at 3. */
int ouro_lua_class_index(lua_State *L, binding *b, ouro_object *cls);
int ouro_lua_class_newindex(lua_State *L, binding *b, ouro_object *cls);
/* Pushes what the object's class, or its bases, have under the name; false: nothing. */
bool ouro_lua_push_class_attribute(lua_State *L, binding *b, ouro_object *object,
                                   const char *name, size_t length);

/* --- super.c ------------------------------------------------------------------------------ */
int ouro_lua_super(lua_State *L);

/* --- redefine.c --------------------------------------------------------------------------- */
/* The class that one of that name, slots (NULL: open) and base redefines; NULL: none. */
ouro_object *ouro_lua_find_redefined(const binding *b, const char *name, const char *const *slots,
                                     size_t count, const ouro_object *base);
/* Removes all attributes of the class at index 1. */
void ouro_lua_empty_class(lua_State *L, binding *b);

/* --- equality.c --------------------------------------------------------------------------- */
/* After the class's attribute of that name was set, or removed: has the core ask it, if it is
 * __eq or __hash. */
void ouro_lua_set_equality(lua_State *L, binding *b, ouro_object *cls, const char *name,
                           bool removes);

/* --- record.c ----------------------------------------------------------------------------- */
int ouro_lua_record_index(lua_State *L, binding *b, ouro_object *record);
int ouro_lua_record_newindex(lua_State *L, binding *b, ouro_object *record);
/* Sets the attributes that the table at the index has, names in order. */
void ouro_lua_fill_record(lua_State *L, binding *b, ouro_object *record, int table);
/* Removes the attribute (del). Raises when there is none. */
void ouro_lua_record_delete(lua_State *L, binding *b, ouro_object *record, int key);

/* --- sequence.c --------------------------------------------------------------------------- */
/* Index 1 is a list or tuple, key at 2, value at 3. */
int ouro_lua_sequence_index(lua_State *L, binding *b, ouro_object *sequence);
int ouro_lua_list_newindex(lua_State *L, binding *b, ouro_object *list);
/* The position of the 1-based index at the Lua index; raises unless it is below limit. */
size_t ouro_lua_check_position(lua_State *L, ouro_object *sequence, int index, size_t limit);
/* Appends the items of the source at the index, which lua-api.md calls a seq. */
void ouro_lua_extend_list(lua_State *L, binding *b, ouro_object *list, int source);
size_t ouro_lua_sequence_length(const ouro_object *sequence);
/* Pushes item `position` (from 0); false beyond the end. */
bool ouro_lua_push_item(lua_State *L, binding *b, ouro_object *sequence, size_t position);
extern const luaL_Reg ouro_lua_list_methods[];
extern const luaL_Reg ouro_lua_tuple_methods[];

/* --- iterate.c ---------------------------------------------------------------------------- */
int ouro_lua_pairs(lua_State *L);  /* __pairs */
int ouro_lua_ipairs(lua_State *L); /* ipairs */
int ouro_lua_attrs(lua_State *L);  /* attrs */

/* --- frames.c ----------------------------------------------------------------------------- */
int ouro_lua_frame_index(lua_State *L, binding *b, ouro_object *frame);
int ouro_lua_frame_newindex(lua_State *L, binding *b, ouro_object *frame);
bool ouro_lua_is_on_stack(ouro_heap *heap, const ouro_object *frame);
/* The end of a call: the frame's names go, it leaves the stack. */
void ouro_lua_leave_frame(lua_State *L, binding *b, ouro_object *frame);
/* Pushes the function `call`; heap userdata at the top. */
void ouro_lua_push_call(lua_State *L);
int ouro_lua_names(lua_State *L);
int ouro_lua_stack(lua_State *L);

/* --- entries.c ---------------------------------------------------------------------------- */
/* Whether it is a dict, a set or a weak one; the functions below are for those. The container
 * is at index 1, the key at 2, the value at 3. */
bool ouro_lua_has_entries(const ouro_object *object);
int ouro_lua_entries_index(lua_State *L, binding *b, ouro_object *container);
int ouro_lua_entries_newindex(lua_State *L, binding *b, ouro_object *container);
size_t ouro_lua_entries_count(lua_State *L, binding *b, ouro_object *container);
/* Removes the entry (del). Raises when there is none. */
void ouro_lua_delete_entry(lua_State *L, binding *b, ouro_object *container);
/* For __pairs: iterates over the container at index 1. */
int ouro_lua_begin_entries(lua_State *L);
/* Appends the keys of the source to the list. */
void ouro_lua_append_keys(lua_State *L, binding *b, ouro_object *list, ouro_object *source);
int ouro_lua_new_dict(lua_State *L);
int ouro_lua_new_set(lua_State *L);
int ouro_lua_new_weak_keys(lua_State *L);
int ouro_lua_new_weak_values(lua_State *L);
int ouro_lua_new_weak_set(lua_State *L);

/* --- limits.c ----------------------------------------------------------------------------- */
/* max_objects, max_bytes, max_frames */
#define OURO_LUA_LIMITS 3
/* Reads those that the table at the index has; raises for any other field. */
void ouro_lua_read_limits(lua_State *L, int table, size_t limits[OURO_LUA_LIMITS]);
int ouro_lua_limits(lua_State *L);
/* Takes over what limits the heap has. */
void ouro_lua_note_limits(binding *b);
/* Before something is made in a limited heap. Runs finalizers; raises if they close it. */
void ouro_lua_make_room(lua_State *L, binding *b);
int ouro_lua_stress(lua_State *L);

/* --- events.c ----------------------------------------------------------------------------- */
/* Until muted again with false, nothing is told: for what the binding makes for itself. */
void ouro_lua_mute_events(lua_State *L, binding *b, bool muted);

/* --- operators.c -------------------------------------------------------------------------- */
extern const luaL_Reg ouro_lua_operators[]; /* arithmetic, comparison, bits, concatenation */

#endif
