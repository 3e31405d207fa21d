/* SPDX-License-Identifier: MIT */
/* Binding: what the files of the Lua module share.
 *
 * One `binding` per (Lua state, heap): it is the memory of the Lua userdata "ouro.heap",
 * which every C function of the module has as its first upvalue, so that a function keeps
 * its heap alive and works on it. A *handle* is the userdata by which Lua refers to a
 * managed object; it holds the object without counting (handle.c).
 *
 * RULES. A Lua error may not cross a core frame: whatever the core calls back (finalizers,
 * callbacks, settle, comparisons, repr) runs its Lua part in lua_pcall. No C resource is
 * owned across a call that can raise. Every module function begins with
 * `binding *b = ouro_lua_enter(L)` and, when it has changed anything, ends with
 * ouro_lua_leave(L, b). */
#ifndef OURO_BINDING_H
#define OURO_BINDING_H

#include <lauxlib.h>
#include <lua.h>
#include <ouro.h>

typedef struct handle_pool handle_pool; /* handle.c: one per Lua state */

typedef struct binding {
    ouro_heap *heap;      /* NULL once closed */
    lua_State *current;   /* the thread whose operation is under way */
    handle_pool *pool;
    ouro_type *box;       /* the type of objects that hold a Lua value (box.c) */
    size_t survivors;     /* handles with no counted reference after the last settle */
    size_t fresh;         /* handles made since, of objects that nothing counted then */
    size_t keepers;       /* survivors that other objects may live by */
    uint32_t recent[32];  /* numbers of fresh handles */
    size_t recent_count;  /* of them; beyond the array: too many to tell */
    /* References to the heap's own values (own.c), LUA_NOREF until made. */
    int on_error;         /* function given to gc.on_error, or LUA_NOREF */
    bool reporting;       /* it is being called */
    int listeners;        /* table: event name -> array of functions */
    int error;            /* what a method raised that the core called, until raised again */
    bool failed;          /* there is such an error */

    /* handle.c */
    struct slot *spare_slot;   /* of the handle in reserve; NULL while there is none */
    bool closing;              /* within ouro_lua_close_heap */
    /* events.c, happened.c: who listens, or NULL */
    struct queue *queue;
    struct happenings *happenings;
    bool muted;                /* nothing is told */
    uint64_t untold;           /* deaths while muted */
    /* names.c */
    bool mirrors;           /* names of the main frame may be in the mirror */
    const char *last_bound; /* the mirrored name that comes last in the frame; NULL: not known */
    /* box.c */
    struct box_place *box_places; /* by index; where a box is, or the next free index */
    size_t box_capacity;
    size_t box_free;  /* first free index, 0: none */
    size_t box_stale; /* first index of a dead box whose Lua value is still kept, 0: none */
    /* report.c */
    const struct custom *printing; /* the object whose __repr is running, and those around it */
    /* module.c */
    const struct allocator *allocator; /* NULL: the C library's */
    const void *self_tables[2]; /* tables that stand for the heap as `self`: heap:frame() */
    bool redefines; /* class() again is the same class (redefine.c) */
    bool limited;  /* the heap has a limit of objects or bytes */
    bool making_room; /* collecting because of a limit */
    uint64_t room_made; /* births when room was last made for the sake of bytes */
    bool still; /* nothing may change: a stepper is open (stepper.c), or the next */
    ouro_collection *collection; /* a collector of a script is at work (collector.c) */
    unsigned busy; /* core operations under way that call Lua back: the heap cannot close */
} binding;

/* --- handle.c ----------------------------------------------------------------------------- */
/* The binding of the running C function (upvalue 1). Removes the heap itself from the
 * arguments when called as a method (h:list{}). Raises if the heap is closed. Lets what
 * Lua has freed meanwhile die. */
binding *ouro_lua_enter(lua_State *L);
/* The same for what neither looks at names or counts nor lets anything of that be seen: names
 * stay where they are (names.c). */
binding *ouro_lua_enter_light(lua_State *L);
/* The same before something is made: near a limit of the heap, what is dead dies first. */
binding *ouro_lua_enter_making(lua_State *L);
/* The end of an operation that changed something: the heap's safe point. */
void ouro_lua_leave(lua_State *L, binding *b);
/* Before an operation that could observe what is already dead: settles if anything may
 * be waiting. */
void ouro_lua_observe(lua_State *L, binding *b);
/* Before the operation asks only whether the target of a weak reference lives: settles if that
 * could make a difference to the answer. Raises if that closes the heap. */
void ouro_lua_observe_target(lua_State *L, binding *b, const ouro_object *weak);
/* Before an operation that makes deaths observable (a weak reference, a finalizer, a
 * listener): what waits because nobody could tell dies now. */
void ouro_lua_clear_deferred(lua_State *L, binding *b);
/* The same where only what keeps the object to be watched could make a difference. */
void ouro_lua_clear_keepers(lua_State *L, binding *b);
/* The holder of the heap (ouro_heap_options.settle). */
void ouro_lua_settle(void *user, ouro_heap *heap, ouro_settle_reason reason);
/* Pushes the object's handle, the same one each time. object: borrowed. Raises for want of
 * memory, having changed nothing. */
void ouro_lua_push_object(lua_State *L, binding *b, ouro_object *object);
/* Hands a new object over to Lua: pushes its handle and consumes the caller's count, also
 * when it raises. */
void ouro_lua_hand_over(lua_State *L, binding *b, ouro_object *object);
/* The object of a handle at the index, borrowed; NULL if it is no handle. Raises for a
 * handle of a closed heap or of another heap. */
ouro_object *ouro_lua_object_at(lua_State *L, binding *b, int index);
/* The same, but an argument error unless it is a managed object. */
ouro_object *ouro_lua_check_object(lua_State *L, binding *b, int index);
/* Whether the value is a handle of any heap, open or closed. */
bool ouro_lua_is_handle(lua_State *L, int index);
/* When the heap closes: every handle of it becomes invalid. */
void ouro_lua_invalidate_handles(binding *b);

/* --- convert.c ---------------------------------------------------------------------------- */
/* The value at the index. Returns it owned; raises for want of memory or an object of
 * another heap. Release it with ouro_value_release when stored. */
ouro_value ouro_lua_value_at(lua_State *L, binding *b, int index);
/* Pushes a value; borrowed. */
void ouro_lua_push_value(lua_State *L, binding *b, ouro_value v);
/* Raises the heap's message as a Lua error, unless status is OURO_OK. */
void ouro_lua_check(lua_State *L, binding *b, ouro_status status);
/* Reports the error at the top of the stack (popped) of a finalizer or callback: to
 * gc.on_error or standard error; counted. what: "finalizer of Node #3". about: may be NULL. */
void ouro_lua_report(lua_State *L, binding *b, ouro_object *about, const char *what);
/* Counts an error that cannot be told, or has been. about: may be NULL. */
void ouro_lua_count_error(binding *b, ouro_object *about);
/* lua_pcall with a traceback that includes managed frames as message handler. */
int ouro_lua_pcall(lua_State *L, binding *b, int arguments, int results);
/* Pushes the text of a value as repr gives it (class methods __repr respected). */
void ouro_lua_push_repr(lua_State *L, binding *b, ouro_value v, size_t max_depth,
                        size_t max_items);

/* --- module.c ----------------------------------------------------------------------------- */
/* Opens a heap and pushes its userdata "ouro.heap" with all the functions in its user value
 * 1 (the builtins table). options: table at the index, or 0. */
binding *ouro_lua_open_heap(lua_State *L, int options);
/* Closes it as semantics.md, 4 says; *ret_leaked may be NULL. Idempotent. */
void ouro_lua_close_heap(lua_State *L, binding *b, size_t *ret_leaked);
/* Registers the functions with the heap userdata (at the top of the stack but one) as
 * upvalue 1 into the table at the top. */
void ouro_lua_register(lua_State *L, const luaL_Reg *functions);

/* Each file's functions; see the file. */
extern const luaL_Reg ouro_lua_building[];  /* construct.c: list, tuple, dict, set, object, class,
                                               copy, deepcopy, typeof, isinstance */
extern const luaL_Reg ouro_lua_letting_go[]; /* letgo.c: del, clear, pin, unpin, settle */
extern const luaL_Reg ouro_lua_looking[];   /* look.c: refcount, getrefcount, holders, id, same,
                                               repr, attrs, sizeof, names, stack, ipairs */
extern const luaL_Reg ouro_lua_frames[];    /* frames.c: call, frame */
extern const luaL_Reg ouro_lua_weak[];      /* weak.c: finalize; and `weak`, a callable table */
extern const luaL_Reg ouro_lua_gc[];        /* gc.c: the table `gc` */
extern const luaL_Reg ouro_lua_heap[];      /* heap.c: the table `heap` */
extern const luaL_Reg ouro_lua_build[];     /* build.c: the table `build` */
extern const luaL_Reg ouro_lua_understanding[]; /* why.c: why, would_free, mincut, obituary */
/* Pushes the callable table `weak` with values, keys, set; heap userdata at the top. */
void ouro_lua_push_weak(lua_State *L);
/* Metamethods of handles, registered into the metatable by module.c. */
extern const luaL_Reg ouro_lua_metamethods[]; /* access.c: __index, __newindex, __len, __pairs,
                                                 __eq, __call, __tostring, __close, arithmetic */
/* weak.c: what calling a weak reference or finalize record does (from __call), and their
 * fields; return the number of results, or -1 when the object is neither. */
int ouro_lua_watcher_call(lua_State *L, binding *b, ouro_object *object);
int ouro_lua_watcher_index(lua_State *L, binding *b, ouro_object *object, const char *key);
int ouro_lua_watcher_newindex(lua_State *L, binding *b, ouro_object *object, const char *key);
/* construct.c: the C finalizer of classes with __del. */
void ouro_lua_finalize_instance(ouro_object *instance);

#endif
