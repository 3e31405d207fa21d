/* SPDX-License-Identifier: MIT */
/* View: what the tables `gc`, `heap` and `build` share, and how they show objects.
 *
 * Looking holds nothing: what these functions return names objects by id and fetches an
 * object only when it is asked for (docs/semantics.md, 5). While the core calls back nothing
 * of Lua may run, so what is found is first written down in a *scratch* as plain bytes, ids
 * instead of pointers, and turned into values of Lua afterwards. */
#ifndef OURO_LUA_VIEW_H
#define OURO_LUA_VIEW_H

#include "internal.h"

/* --- scratch.c ---------------------------------------------------------------------------- */
/* A growing buffer that belongs to a userdata, so that an error of Lua leaks nothing. */
typedef struct scratch {
    lua_Alloc alloc;
    void *user;
    char *bytes;
    size_t used, capacity;
    bool failed; /* something did not fit */
} scratch;

/* Pushes the userdata. Raises for want of memory. */
scratch *ouro_lua_push_scratch(lua_State *L);
/* Room for so many more bytes, aligned to 8, whose content is not defined; NULL, and failed
 * is set, when there is no memory. Earlier places may move. Calls nothing of Lua. */
void *ouro_lua_scratch_add(scratch *s, size_t size);
bool ouro_lua_scratch_put(scratch *s, const void *bytes, size_t size);
void ouro_lua_scratch_free(scratch *s);
/* Raises if something did not fit. */
void ouro_lua_scratch_check(lua_State *L, const scratch *s);

/* --- view.c ------------------------------------------------------------------------------- */
/* ouro_lua_observe for those who go on using the heap. */
void ouro_lua_look(lua_State *L, binding *b);
/* Pushes the table that belongs to the heap of the running function (its first upvalue) and
 * that scripts do not see. */
void ouro_lua_push_private(lua_State *L);
/* Sets the metatable of that name, made of the functions when it is first needed, for the
 * table at the top. mode: its __mode, or NULL. */
void ouro_lua_set_view(lua_State *L, const char *name, const luaL_Reg *functions,
                       const char *mode);
/* Packed numbers of a view, under a key that scripts do not see. */
void ouro_lua_set_packed(lua_State *L, int view, const uint64_t *numbers, size_t count);
const uint64_t *ouro_lua_packed(lua_State *L, int view, size_t *ret_count);
/* Makes the table at the top an array of the objects of those ids. Where an id is 0, the table
 * has another value at the index. */
void ouro_lua_set_objects(lua_State *L, const scratch *ids);
/* Bounded text of an object, without its class's __repr: looking runs no code of scripts. */
void ouro_lua_push_plain(lua_State *L, binding *b, ouro_object *object);
/* Appends the object's id; 0 when there is no memory, and the scratch has failed. */
uint64_t ouro_lua_note_id(scratch *s, ouro_object *object);

/* --- entry.c ------------------------------------------------------------------------------ */
/* Writes one reference down: who refers (NULL: the heap itself or a pin), and how. */
void ouro_lua_note_reference(scratch *s, ouro_heap *heap, ouro_object *referrer,
                             const ouro_label *label);
/* The text of a label, such as "next" or "[2]", cut to the buffer; returns its length. */
size_t ouro_lua_label_text(char *buffer, size_t size, ouro_heap *heap, const ouro_label *label);
/* The same as a text, at once: "#3.data", "name x in main". Calls nothing of Lua. */
void ouro_lua_write_reference(ouro_heap *heap, ouro_object *referrer, const ouro_label *label,
                              char *buffer, size_t size);
/* Pushes the entry for the next reference noted, {id=, type=, label=, text=}, whose field
 * object is fetched when asked for; false at the end. Begin with *offset 0. */
bool ouro_lua_push_entry(lua_State *L, const scratch *s, size_t *offset);
/* Pushes an entry for something that is no object, with that text, type and label. */
void ouro_lua_push_other_entry(lua_State *L, const char *text, const char *type,
                               const char *label);
/* Pushes an entry for the object of that id: by its reference to the object `next`, or,
 * next being 0, with its text. */
void ouro_lua_push_member(lua_State *L, binding *b, uint64_t id, uint64_t next);
/* Makes the array at the top one that prints an item a line; `none` when it is empty. */
void ouro_lua_set_lines(lua_State *L, const char *none);
/* Its __tostring, for views of other kinds: any array; the name of its metatable when empty. */
int ouro_lua_lines_to_string(lua_State *L);

/* --- build.c ------------------------------------------------------------------------------ */
/* The classes that `build` makes for its own use are on no books, as the class of open objects
 * is. Where they are kept; NULL: there are none. */
ouro_object *ouro_lua_hiding_place(lua_State *L, const binding *b);
/* How many there are, and their bytes. place may be NULL. */
size_t ouro_lua_count_hidden(ouro_object *place, size_t *ret_bytes);
bool ouro_lua_is_hidden(ouro_object *place, const ouro_object *object);

/* --- events.c ----------------------------------------------------------------------------- */
/* Calls the handlers of gc.on with what has happened. For ouro_lua_leave, and for
 * ouro_lua_close_heap before b->heap is NULL; cheap when nobody listens
 * (b->listeners == LUA_NOREF). Does nothing within a collection or another delivery. */
void ouro_lua_deliver_events(lua_State *L, binding *b);
/* Whether handlers are being called: then a collection is told of, and collect() gives 0. */
bool ouro_lua_is_delivering(lua_State *L, const binding *b);
int ouro_lua_on(lua_State *L);
int ouro_lua_off(lua_State *L);

/* --- objects.c: parts of the table `gc` --------------------------------------------------- */
int ouro_lua_objects(lua_State *L);
int ouro_lua_referents(lua_State *L);
int ouro_lua_referrers(lua_State *L);
/* groups.c: part of the table `heap` */
int ouro_lua_cycles(lua_State *L);

/* --- gc.c --------------------------------------------------------------------------------- */
/* Gives the table `gc` at the top its metatable, for gc.garbage; heap userdata below it. */
void ouro_lua_finish_gc(lua_State *L);

/* __len of a view at index 1: how many entries it has. */
int ouro_lua_view_length(lua_State *L);
/* As much of the text as fits, cut at the beginning of a character of UTF-8, with "..." then. */
void ouro_lua_copy_text(char *to, size_t size, const char *from, size_t length);

#endif
