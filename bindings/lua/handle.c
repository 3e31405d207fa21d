/* SPDX-License-Identifier: MIT */
/* Handle: the userdata by which Lua refers to a managed object, and the moment it no longer
 * does. Read pool.c's part in pool.h first: there lives the memory of handles.
 *
 * IDENTITY. An object's tag is the number of its handle plus one; a table with weak values
 * finds the handle by that number. Lua may clear the table's entry though the handle lives
 * on (it was reached only by what a __gc is about to get): then a newer handle takes the
 * tag, both are *twins*, and the last of them to be freed lets the object go.
 *
 * THE SPARE. Making a userdata may run a step of Lua's collector, and that may run a script's
 * __gc and free any object. So a handle is always made in advance, empty, and giving it an
 * object needs no memory of Lua: after that the object is safe, and the next spare is made.
 * An error at any step leaks nothing. */
#include "pool.h"

#include "view.h"

static handle_kind kind_of(const ouro_object *object) {
    if (ouro_is_frame(object)) return HANDLE_FRAME;
    if (ouro_record_class(object) != NULL) return HANDLE_RECORD;
    if (ouro_is_list(object)) return HANDLE_LIST;
    if (ouro_is_tuple(object)) return HANDLE_TUPLE;
    if (ouro_lua_has_entries(object)) return HANDLE_ENTRIES;
    if (ouro_is_class(object)) return HANDLE_CLASS;
    return HANDLE_OTHER;
}

/* ---- making ------------------------------------------------------------------------------ */

/* Pushes a new userdata that is to be a handle. Raises for want of memory. */
static slot *push_block(lua_State *L, binding *b) {
    handle_pool *pool = b->pool;
    ouro_lua_pool_reserve(L, pool);
    pool->mode = POOL_MAKING;
    ouro_object **payload = lua_newuserdatauv(L, sizeof(ouro_object *), 0);
    pool->mode = POOL_IDLE;
    slot *s = ouro_lua_pool_find(pool, payload);
    if (s == NULL)
        luaL_error(L, "the allocator of this Lua state was replaced by one that does not call "
                      "the one before it with the same sizes; ouro needs that");
    *payload = NULL;
    s->state = SLOT_HANDLE;
    s->owner = b;
    s->twin = false;
    s->kind = HANDLE_OTHER;
    return s;
}

/* Pushes a new handle, empty, which its number finds from now on. Raises for want of memory. */
static slot *push_handle(lua_State *L, binding *b) {
    slot *s = push_block(L, b);
    ouro_lua_need_place(L, b, OWN_METATABLE);
    lua_setmetatable(L, -2);
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->pool->cache);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, (lua_Integer)s->number);
    lua_pop(L, 1);
    if (s->number >= b->pool->cache_end) b->pool->cache_end = s->number + 1;
    if (OURO_UNLIKELY(b->heap == NULL)) luaL_error(L, "heap is closed"); /* by a __gc just now */
    return s;
}

static void make_spare(lua_State *L, binding *b) {
    slot *s = push_handle(L, b);
    if (!ouro_lua_set_place(L, b, OWN_SPARE)) luaL_error(L, "heap is closed");
    b->spare_slot = s;
}

void ouro_lua_begin_handles(lua_State *L, binding *b) {
    make_spare(L, b);
}

/* ---- pushing ----------------------------------------------------------------------------- */

/* Pushes the handle of that number; false, nothing pushed, when Lua has let go of it. */
static bool push_cached(lua_State *L, const handle_pool *pool, uint64_t tag) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, pool->cache);
    int type = lua_rawgeti(L, -1, (lua_Integer)(tag - 1));
    if (OURO_LIKELY(type == LUA_TUSERDATA)) {
        lua_replace(L, -2);
        return true;
    }
    lua_pop(L, 2);
    return false;
}

/* Whether another handle that Lua has not freed refers to the object. */
static bool has_living_handle(const handle_pool *pool, uint64_t tag, const ouro_object *object) {
    const slot *s = ouro_lua_pool_at(pool, (uint32_t)(tag - 1));
    return s->state == SLOT_HANDLE && *ouro_lua_payload(pool, s) == object;
}

static void fill(binding *b, slot *s, ouro_object *object, bool twin) {
    *ouro_lua_payload(b->pool, s) = object;
    s->twin = twin;
    s->kind = (uint8_t)kind_of(object);
    s->call = false;
}

static void note_fresh(binding *b, uint32_t number, const ouro_object *object) {
    if (ouro_object_count(object) != 0) return;
    b->fresh++;
    if (b->recent_count < sizeof b->recent / sizeof *b->recent) b->recent[b->recent_count] = number;
    b->recent_count++;
}

/* Pushes the spare, which becomes the object's handle. Pushes nothing on failure. */
static ouro_status give_spare(lua_State *L, binding *b, ouro_object *object, uint64_t tag) {
    slot *s = b->spare_slot;
    if (s == NULL) return ouro_heap_fail(b->heap, OURO_E_NOMEM, "not enough memory for a handle");
    if (!ouro_lua_push_place(L, b, OWN_SPARE))
        return ouro_heap_fail(b->heap, OURO_E_HEAP, "heap is closed");
    bool twin = tag != 0 && has_living_handle(b->pool, tag, object);
    ouro_status status = ouro_object_set_tag(object, (uint64_t)s->number + 1);
    if (OURO_UNLIKELY(status != OURO_OK)) {
        lua_pop(L, 1);
        return status;
    }
    fill(b, s, object, twin);
    ouro_object_hold(object);
    b->spare_slot = NULL;
    return OURO_OK;
}

void ouro_lua_push_object(lua_State *L, binding *b, ouro_object *object) {
    uint64_t tag = ouro_object_tag(object);
    if (tag != 0 && push_cached(L, b->pool, tag)) return;
    if (OURO_UNLIKELY(b->still))
        luaL_error(L, "reading this would hold its object, and so change the collection that is "
                      "under way; put it into a local variable before");
    ouro_lua_check(L, b, give_spare(L, b, object, tag));
    note_fresh(b, (uint32_t)(ouro_object_tag(object) - 1), object);
    make_spare(L, b);
}

void ouro_lua_hand_over(lua_State *L, binding *b, ouro_object *object) {
    uint64_t tag = ouro_object_tag(object);
    if (OURO_UNLIKELY(tag != 0) && push_cached(L, b->pool, tag)) {
        ouro_release(object);
        return;
    }
    ouro_status status = give_spare(L, b, object, tag);
    if (OURO_UNLIKELY(status != OURO_OK)) {
        ouro_object_skip_finalizer(object);
        ouro_release(object);
        ouro_lua_check(L, b, status);
    }
    ouro_object_hand_over(object);
    note_fresh(b, (uint32_t)(ouro_object_tag(object) - 1), object);
    make_spare(L, b);
}

/* ---- a handle before its object ---------------------------------------------------------- */

slot *ouro_lua_push_empty(lua_State *L, binding *b) {
    return push_handle(L, b);
}

void ouro_lua_fill_empty(lua_State *L, binding *b, slot *s, ouro_object *object) {
    if (OURO_UNLIKELY(ouro_object_tag(object) != 0)) { /* a listener has been told of it */
        lua_pop(L, 1);
        ouro_lua_hand_over(L, b, object);
        return;
    }
    ouro_status status = ouro_object_set_tag(object, (uint64_t)s->number + 1);
    if (OURO_UNLIKELY(status != OURO_OK)) {
        ouro_object_skip_finalizer(object);
        ouro_release(object);
        ouro_lua_check(L, b, status);
    }
    fill(b, s, object, false);
    ouro_object_hand_over(object);
    note_fresh(b, s->number, object);
}

/* ---- reading ----------------------------------------------------------------------------- */

static inline slot *slot_at(lua_State *L, const handle_pool *pool, int index) {
    void *payload = lua_touserdata(L, index);
    if (payload == NULL) return NULL;
    slot *s = ouro_lua_pool_find(pool, payload);
    return s != NULL && s->state == SLOT_HANDLE ? s : NULL;
}

void ouro_lua_mark_call(lua_State *L, const binding *b, int index) {
    slot_at(L, b->pool, index)->call = true;
}

bool ouro_lua_is_lost_frame(lua_State *L, const binding *b, int index) {
    const slot *s = slot_at(L, b->pool, index);
    return s != NULL && s->kind == HANDLE_FRAME && *ouro_lua_payload(b->pool, s) == NULL;
}

ouro_status ouro_lua_try_object(lua_State *L, binding *b, int index, ouro_object **ret_object) {
    const slot *s = slot_at(L, b->pool, index);
    *ret_object = NULL;
    if (s == NULL) return OURO_OK;
    ouro_object *object = *ouro_lua_payload(b->pool, s);
    if (OURO_UNLIKELY(object == NULL))
        return ouro_heap_fail(b->heap, OURO_E_HEAP, "heap is closed: this object died with it");
    if (OURO_UNLIKELY(s->owner != b))
        return ouro_heap_fail(b->heap, OURO_E_HEAP,
                              "object of another heap: use copies of plain values, or the heap "
                              "that made it");
    *ret_object = object;
    return OURO_OK;
}

ouro_object *ouro_lua_operand(lua_State *L, binding *b, handle_kind *ret_kind) {
    const slot *s = slot_at(L, b->pool, 1);
    if (OURO_LIKELY(s != NULL && s->owner == b)) {
        ouro_object *object = *ouro_lua_payload(b->pool, s);
        *ret_kind = s->kind;
        if (OURO_LIKELY(object != NULL)) return object;
    }
    ouro_object *object = ouro_lua_check_object(L, b, 1); /* raises */
    *ret_kind = kind_of(object);
    return object;
}

ouro_object *ouro_lua_object_at(lua_State *L, binding *b, int index) {
    ouro_object *object;
    ouro_lua_check(L, b, ouro_lua_try_object(L, b, index, &object));
    return object;
}

ouro_object *ouro_lua_check_object(lua_State *L, binding *b, int index) {
    ouro_object *object = ouro_lua_object_at(L, b, index);
    if (OURO_UNLIKELY(object == NULL))
        ouro_lua_refuse(L, "argument %d has to be a managed object, such as list{}; got %s", index,
                        ouro_lua_describe(L, b, index));
    return object;
}

bool ouro_lua_is_handle(lua_State *L, int index) {
    const handle_pool *pool = ouro_lua_pool(L);
    return slot_at(L, pool, index) != NULL;
}

/* ---- letting go -------------------------------------------------------------------------- */

/* Which heap was found alive last, and when. */
typedef struct owner_check {
    const binding *known;
    size_t calls;
} owner_check;

/* Another handle of the same object, for the last twin to be the one that lets go. */
static slot *find_twin(handle_pool *pool, const ouro_object *object) {
    for (slot *s = ouro_lua_pool_next(pool, NULL); s != NULL; s = ouro_lua_pool_next(pool, s)) {
        if (s->state == SLOT_HANDLE && *ouro_lua_payload(pool, s) == object) return s;
    }
    return NULL;
}

/* With the handle of a running `call` goes a coroutine that has been left within it, and with
 * that the frame: Lua closes no variables of what it collects. */
static void bury(lua_State *L, handle_pool *pool, slot *s, bool alive) {
    ouro_object *object = *ouro_lua_payload(pool, s);
    binding *owner = s->owner;
    bool twin = s->twin, call = s->call;
    uint64_t tag = (uint64_t)s->number + 1;
    ouro_lua_pool_release(pool, s);
    if (object == NULL || ouro_object_tag(object) != tag) return; /* a newer one has it */
    slot *heir = twin ? find_twin(pool, object) : NULL;
    if (heir != NULL && ouro_object_set_tag(object, (uint64_t)heir->number + 1) == OURO_OK) {
        heir->twin = true;
        heir->call = call;
        return;
    }
    if (ouro_object_set_tag(object, 0) != OURO_OK) return; /* cannot be: there is a table */
    if (!alive) return; /* its heap is about to close */
    owner->current = L;
    call = call && ouro_lua_is_on_stack(owner->heap, object);
    ouro_object_unhold(object);
    if (call) ouro_lua_leave_frame(L, owner, object);
}

/* Whether the handle's heap lives: asked anew only after a call into Lua. */
static bool owner_lives(lua_State *L, handle_pool *pool, const slot *s, owner_check *last) {
    if (s->owner == NULL) return false;
    if (s->owner == last->known && last->calls == pool->calls) return true;
    bool alive = ouro_lua_has_own(L, s->owner);
    last->known = alive ? s->owner : NULL;
    last->calls = pool->calls;
    return alive;
}

/* Of those that die now, whose last counted reference went first dies first; then those that
 * never had one. */
static uint64_t order_of(const handle_pool *pool, const slot *s) {
    const ouro_object *object = s->owner != NULL ? *ouro_lua_payload(pool, s) : NULL;
    uint64_t since = object != NULL ? ouro_object_waits_since(object) : 0;
    return since != 0 ? since : UINT64_MAX;
}

/* Lets go of all that something still counts: nothing dies of that, but for frames. */
static void drain_counted(lua_State *L, handle_pool *pool, owner_check *last) {
    slot *waiting = ouro_lua_pool_take_dead(pool), *rest;
    bool ordered = false; /* there is an order to restore */
    for (slot *s = waiting; s != NULL; s = rest) {
        rest = ouro_lua_pool_rest(s);
        const ouro_object *object = s->owner != NULL ? *ouro_lua_payload(pool, s) : NULL;
        if (object == NULL || (ouro_object_count(object) != 0 && !s->call)) {
            bury(L, pool, s, owner_lives(L, pool, s, last));
            continue;
        }
        ouro_lua_pool_put_dead(pool, s);
        if (ouro_object_waits_since(object) != 0) ordered = true;
    }
    if (ordered) ouro_lua_pool_sort_dead(pool, order_of);
}

/* Lets die what Lua has freed the handles of. First go the handles whose objects something
 * counts, so that a part that only looked held dies with its whole, in one set. Then one at a
 * time: a finalizer may come here again, but only by a settle of its own (or the finalizers
 * of two objects would run one within the other, at any access to a field).
 * Between two finalizers Lua does not collect, so that a heap alive before is alive after. */
static void drain(lua_State *L, handle_pool *pool) {
    owner_check last = {NULL, 0};
    size_t seen = 0;
    slot *s;
    pool->draining++;
    while (pool->dead != NULL) {
        if (pool->dead_count > seen) drain_counted(L, pool, &last);
        s = ouro_lua_pool_next_dead(pool);
        seen = pool->dead_count;
        if (s != NULL) bury(L, pool, s, owner_lives(L, pool, s, &last));
    }
    pool->draining--;
}

/* For the ends of operations: outside of any other drain. */
static inline void drain_if_free(lua_State *L, handle_pool *pool) {
    if (OURO_UNLIKELY(pool->dead != NULL) && pool->draining == 0) drain(L, pool);
}

/* Whether other objects may live by it. */
static bool is_keeper(const ouro_object *object) {
    return !ouro_is_weak(object) || !ouro_value_is_nil(ouro_weak_argument(object));
}

/* After a settle. Proportional to the handles that are left, like the collection before it.
 *
 * FOR THE OPTIMIZATION, when very many survive: each observation between two settles costs a
 * full collection of Lua's heap as long as one of them has no counted reference. What could
 * spare it has to prove that none of these has become unreachable since, which Lua's own
 * generational mode cannot do for old objects. */
static void count_survivors(binding *b) {
    handle_pool *pool = b->pool;
    size_t survivors = 0, keepers = 0;
    for (slot *s = ouro_lua_pool_next(pool, NULL); s != NULL; s = ouro_lua_pool_next(pool, s)) {
        if (s->owner != b || s->state != SLOT_HANDLE) continue;
        const ouro_object *object = *ouro_lua_payload(pool, s);
        if (object == NULL || ouro_object_count(object) != 0) continue;
        survivors++;
        keepers += is_keeper(object);
    }
    b->survivors = survivors;
    b->keepers = keepers;
    b->fresh = b->recent_count = 0;
}

/* Objects that are about to be freed though Lua keeps their handles: these are empty from now
 * on. */
static void forget(binding *b, bool (*is_lost)(const ouro_object *object)) {
    handle_pool *pool = b->pool;
    for (slot *s = ouro_lua_pool_next(pool, NULL); s != NULL; s = ouro_lua_pool_next(pool, s)) {
        if (s->owner != b) continue;
        const ouro_object *object = *ouro_lua_payload(pool, s);
        if (object != NULL && is_lost(object)) *ouro_lua_payload(pool, s) = NULL;
    }
}

void ouro_lua_settle(void *user, ouro_heap *heap, ouro_settle_reason reason) {
    binding *b = user;
    lua_State *L = b->current;
    (void)heap;
    if (reason == OURO_SETTLE_CLOSING || reason == OURO_SETTLE_FORGET) {
        bool closing = reason == OURO_SETTLE_CLOSING;
        forget(b, closing ? ouro_object_is_dying : ouro_object_is_gone);
        return;
    }
    if (!b->closing) ouro_lua_write_names(b);
    else ouro_lua_end_names(b);
    if (reason == OURO_SETTLE_PROMPT) ouro_lua_forget_leftovers(L, b->pool);
    /* What dies may have kept values of Lua that held what dies next. No more rounds than
     * there can be such values now: finalizers may make new ones for ever. */
    size_t rounds = b->box_capacity;
    do {
        ouro_lua_release_boxes(L, b);
        lua_gc(L, LUA_GCCOLLECT); /* refused within a __gc of Lua: then what is queued must do */
        drain(L, b->pool);
        b->current = L;
    } while (b->box_stale != 0 && rounds-- > 0 && b->heap != NULL);
    count_survivors(b);
    ouro_lua_pool_trim(L, b->pool);
}

/* Handles that Lua has freed before even a read lets their objects go. */
#define DEAD_LIMIT 1024

/* ---- operations -------------------------------------------------------------------------- */

/* Nothing may change now: a collection is stepped, or done by a script's collector. */
static void refuse_use(lua_State *L, const binding *b) {
    if (b->collection == NULL)
        luaL_error(L, "a collection is being stepped: end it with the stepper's run() or "
                      "close() before the heap is used again");
    luaL_error(L, "the collector '%s' is at work: until it returns it can use what it is given, "
                  "and nothing else of the heap",
               ouro_policy(b->heap));
}

static inline binding *begin_reading(lua_State *L, binding *b) {
    if (OURO_UNLIKELY(b->heap == NULL)) luaL_error(L, "heap is closed");
    b->current = L;
    if (OURO_UNLIKELY(b->spare_slot == NULL)) make_spare(L, b);
    if (OURO_UNLIKELY(b->box_stale != 0)) ouro_lua_release_boxes(L, b);
    /* Reading lets nothing die, but a loop that only reads must not pile up handles. */
    if (OURO_UNLIKELY(b->pool->dead_count > DEAD_LIMIT) && !b->still) {
        drain_if_free(L, b->pool);
        if (b->heap == NULL) luaL_error(L, "heap is closed");
        b->current = L;
    }
    return b;
}

static inline binding *begin(lua_State *L, binding *b) {
    if (OURO_UNLIKELY(b->still)) refuse_use(L, b);
    return begin_reading(L, b);
}

binding *ouro_lua_enter_light(lua_State *L) {
    binding *b = lua_touserdata(L, lua_upvalueindex(1));
    const void *self = lua_topointer(L, 1);
    bool strip = self == b || self == b->self_tables[0] || self == b->self_tables[1];
    if (strip && self != NULL) lua_remove(L, 1);
    return begin(L, b);
}

binding *ouro_lua_enter(lua_State *L) {
    binding *b = ouro_lua_enter_light(L);
    if (b->mirrors) ouro_lua_write_names(b);
    return b;
}

binding *ouro_lua_enter_making(lua_State *L) {
    binding *b = ouro_lua_enter_light(L);
    if (OURO_UNLIKELY(b->limited)) ouro_lua_make_room(L, b);
    return b;
}

binding *ouro_lua_enter_method(lua_State *L) {
    return begin(L, lua_touserdata(L, lua_upvalueindex(1)));
}

binding *ouro_lua_enter_reading(lua_State *L) {
    return begin_reading(L, lua_touserdata(L, lua_upvalueindex(1)));
}

ouro_object *ouro_lua_enter_operand(lua_State *L, binding *b, handle_kind *ret_kind) {
    if (OURO_UNLIKELY(b->heap == NULL)) return NULL;
    begin_reading(L, b);
    const slot *s = slot_at(L, b->pool, 1);
    if (OURO_UNLIKELY(s == NULL || s->owner != b)) return NULL;
    *ret_kind = s->kind;
    return *ouro_lua_payload(b->pool, s);
}

void ouro_lua_leave(lua_State *L, binding *b) {
    if (OURO_UNLIKELY(b->heap == NULL)) return; /* closed by what the operation called */
    b->current = L;
    drain_if_free(L, b->pool);
    if (OURO_UNLIKELY(b->heap == NULL)) return;
    b->current = L;
    ouro_safe_point(b->heap);
    if (OURO_UNLIKELY(b->listeners != LUA_NOREF)) ouro_lua_deliver_events(L, b);
}

void ouro_lua_observe(lua_State *L, binding *b) {
    if (b->heap == NULL) luaL_error(L, "heap is closed");
    b->current = L;
    if (b->mirrors) ouro_lua_write_names(b);
    drain(L, b->pool);
    b->current = L;
    if (b->survivors + b->fresh + ouro_deferred(b->heap) > 0) ouro_settle(b->heap);
    ouro_finish(b->heap);
    b->current = L;
}

/* Whether some object may be dead and still keep others, as its handle waits for Lua's collector.
 * What has got a counted reference since it was made is no longer asked about. */
static bool may_be_kept(binding *b) {
    size_t count = b->recent_count, left = 0;
    if (count > sizeof b->recent / sizeof *b->recent) return true;
    for (size_t i = 0; i < count; i++) {
        const slot *s = ouro_lua_pool_at(b->pool, b->recent[i]);
        if (s->state == SLOT_FREE || s->owner != b) continue;
        const ouro_object *object = *ouro_lua_payload(b->pool, s);
        if (object == NULL || ouro_object_count(object) != 0 || !is_keeper(object)) continue;
        b->recent[left++] = b->recent[i];
    }
    b->recent_count = left;
    return left + b->keepers + ouro_deferred_keepers(b->heap) > 0;
}

void ouro_lua_observe_target(lua_State *L, binding *b, const ouro_object *weak) {
    if (ouro_weak_get(weak) == NULL) return; /* for ever */
    b->current = L;
    drain(L, b->pool);
    b->current = L;
    const ouro_object *target = b->heap != NULL ? ouro_weak_get(weak) : NULL;
    if (target != NULL && (ouro_object_count(target) == 0 || may_be_kept(b)))
        ouro_lua_observe(L, b);
    if (b->heap == NULL) luaL_error(L, "heap is closed");
}

void ouro_lua_clear_keepers(lua_State *L, binding *b) {
    b->current = L;
    if (!ouro_lua_end_names(b)) luaL_error(L, "not enough memory");
    if (ouro_deferred_keepers(b->heap) > 0) ouro_settle(b->heap);
    b->current = L;
}

void ouro_lua_clear_deferred(lua_State *L, binding *b) {
    b->current = L;
    if (!ouro_lua_end_names(b)) luaL_error(L, "not enough memory");
    if (ouro_deferred(b->heap) > 0) ouro_settle(b->heap);
    b->current = L;
}

/* ---- the end of a heap ------------------------------------------------------------------- */

void ouro_lua_invalidate_handles(binding *b) {
    handle_pool *pool = b->pool;
    for (slot *s = ouro_lua_pool_next(pool, NULL); s != NULL; s = ouro_lua_pool_next(pool, s)) {
        if (s->owner != b) continue;
        *ouro_lua_payload(pool, s) = NULL;
        s->owner = NULL;
    }
    if (pool->only == b) pool->only = NULL;
    b->spare_slot = NULL;
    b->survivors = b->keepers = b->fresh = b->recent_count = 0;
}
