/* SPDX-License-Identifier: MIT */
/* Obituary: obituary(id) and heap.obituaries(n).
 *
 * The last n deaths are kept in a ring of fixed size. What is said of one is written down when
 * the core tells of it, with references intact: type, text, the line of the script, and the
 * last reference. For the first of a dying set that is what the running operation removes; for
 * the others it is the last member, in order of death, that refers to them, for that is how
 * they are released. Each member therefore notes under its children that it refers to them, in
 * a table as large as the ring at least; what does not fit is left unsaid. */
#include "obituary.h"

#include <stdio.h>
#include <string.h>

#include "pool.h"
#include "understand.h"

#define MOST 1000000

enum { BY_COUNT, BY_COLLECTION, BY_LIMIT, BY_CLOSE };
enum { NO_FINALIZER, RAN, FAILED };

typedef struct death {
    uint64_t id, root; /* root: who took it along, or its own id */
    uint64_t taken;    /* how many it took along */
    uint64_t collection;
    int generation, by, finalizer;
    char type[40], text[80], reference[128], where[96];
} death;

/* Who referred to an object of the dying set last. */
typedef struct referrer {
    const ouro_object *child; /* NULL: free */
    uint64_t parent;
    char label[40];
} referrer;

struct obituaries {
    size_t most, next, count; /* next: where in the ring */
    size_t places, used;      /* of referrers; places: a power of two */
    death *deaths;
    referrer *referrers;
    death *root; /* of the set that is being told of; it may have been overwritten */
    uint64_t root_id;
    uint64_t failed; /* the object whose finalizer has failed last */
    uint64_t collections;
    int generation;
};

/* ---- text -------------------------------------------------------------------------------- */

static void describe(death *d, ouro_heap *heap, ouro_object *object) {
    ouro_text text = {.heap = heap};
    ouro_repr_options options = {.struct_size = sizeof options, .max_depth = 1, .max_items = 8};
    const char *type = ouro_type_name(ouro_object_type(object));
    ouro_lua_copy_text(d->type, sizeof d->type, type, strlen(type));
    if (ouro_repr(heap, ouro_value_of_object(object), &options, &text) == OURO_OK &&
        text.length > 0)
        ouro_lua_copy_text(d->text, sizeof d->text, text.bytes, text.length);
    ouro_text_free(&text);
}

/* The innermost line of a script. */
static void find_line(lua_State *L, char *buffer, size_t size) {
    lua_Debug where;
    for (int level = 0; lua_getstack(L, level, &where); level++) {
        if (lua_getinfo(L, "Sl", &where) == 0 || where.currentline <= 0) continue;
        snprintf(buffer, size, "%s:%d", where.short_src, where.currentline);
        return;
    }
}

static void add_label(char *buffer, size_t size, const ouro_label *label) {
    const char *bytes;
    size_t length;
    int64_t integer;
    size_t used = strlen(buffer);
    char *end = buffer + used;
    size_t room = size - used;
    bool is_value = label->kind == OURO_LABEL_VALUE;
    if (label->kind == OURO_LABEL_NAME)
        snprintf(end, room, ".%.*s", (int)(label->length < 32 ? label->length : 32), label->text);
    else if (label->kind == OURO_LABEL_INDEX) snprintf(end, room, "[%zu]", label->index);
    else if (is_value && ouro_value_as_string(label->key, &bytes, &length))
        snprintf(end, room, ".%.*s", (int)(length < 32 ? length : 32), bytes);
    else if (is_value && ouro_value_as_integer(label->key, &integer))
        snprintf(end, room, "[%lld]", (long long)integer);
    else snprintf(end, room, is_value ? "[?]" : " (key)");
}

/* ---- the last reference ------------------------------------------------------------------ */

static referrer *place_of(const obituaries *o, const ouro_object *child) {
    uint64_t bits = (uint64_t)(uintptr_t)child * 0x9e3779b97f4a7c15u;
    size_t at = (size_t)(bits >> 20) & (o->places - 1);
    while (o->referrers[at].child != NULL && o->referrers[at].child != child)
        at = (at + 1) & (o->places - 1);
    return &o->referrers[at];
}

typedef struct parent {
    obituaries *o;
    uint64_t id;
} parent;

static bool note_child(const ouro_label *label, ouro_value value, void *context) {
    const parent *p = context;
    ouro_object *object = ouro_value_object(value);
    if (object == NULL || !ouro_object_is_dying(object)) return true;
    referrer *r = place_of(p->o, object);
    if (r->child == NULL && p->o->used * 4 >= p->o->places * 3) return true;
    p->o->used += r->child == NULL;
    r->child = object;
    r->parent = p->id;
    r->label[0] = '\0';
    add_label(r->label, sizeof r->label, label);
    return true;
}

static void forget_set(obituaries *o) {
    if (o->used > 0) memset(o->referrers, 0, o->places * sizeof *o->referrers);
    o->used = 0;
}

/* The place that the arguments of the running function name: an object and a key. */
static void write_place(lua_State *L, binding *b, char *buffer, size_t size) {
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";
    ouro_object *object = NULL;
    uint64_t id = 0;
    if (ouro_lua_try_object(L, b, 1, &object) != OURO_OK || object == NULL) return;
    if (ouro_is_frame(object)) {
        snprintf(buffer, size, "name %.40s in %.32s", key, ouro_frame_name(object));
        return;
    }
    (void)!ouro_object_id(object, &id);
    if (lua_isinteger(L, 2))
        snprintf(buffer, size, "#%llu[%lld]", (unsigned long long)id,
                 (long long)lua_tointeger(L, 2));
    else snprintf(buffer, size, "#%llu.%.60s", (unsigned long long)id, key);
}

/* del("x", "y"), which unbinds in this order: the last of the names that are unbound by now. */
static const char *last_unbound(lua_State *L, ouro_object *frame) {
    int i = 1;
    for (; frame != NULL && lua_type(L, i + 1) == LUA_TSTRING; i++) {
        size_t length;
        const char *next = lua_tolstring(L, i + 1, &length);
        if (!ouro_value_same(ouro_frame_get(frame, next, length), OURO_ABSENT)) break;
    }
    return lua_tostring(L, i);
}

/* Whether the running function removes a reference, and which, by its name and arguments. */
static bool write_removal(lua_State *L, binding *b, const char *name, char *buffer,
                          size_t size) {
    bool deletes = strcmp(name, "del") == 0;
    if (deletes && lua_type(L, 1) == LUA_TSTRING) {
        ouro_object *frame = ouro_frame_at(b->heap, 0);
        snprintf(buffer, size, "name %.40s in %.32s", last_unbound(L, frame),
                 frame != NULL ? ouro_frame_name(frame) : "?");
    } else if (deletes || strcmp(name, "newindex") == 0) {
        write_place(L, b, buffer, size);
    } else if (strcmp(name, "unpin") == 0) {
        snprintf(buffer, size, "pin");
    }
    return *buffer != '\0';
}

/* While the holder lets go it is its hold that goes, or what the operation has removed just
 * before, while a handle that nobody could reach any more had not yet been found. */
static void write_operation(lua_State *L, binding *b, char *buffer, size_t size) {
    lua_Debug ar;
    bool holder = b->pool->draining > 0, known = false;
    const char *name = "";
    if (lua_getstack(L, 0, &ar) && lua_getinfo(L, "nS", &ar) != 0 && *ar.what == 'C') {
        if (ar.name != NULL) name = ar.name;
        known = write_removal(L, b, name, buffer, size - 16);
    }
    size_t used = strlen(buffer);
    if (holder) snprintf(buffer + used, size - used, known ? ", or by Lua" : "held by Lua");
    else if (!known && *name != '\0') snprintf(buffer, size, "%.60s()", name);
}

/* ---- writing down ------------------------------------------------------------------------ */

static death *next_death(obituaries *o) {
    death *d = &o->deaths[o->next];
    o->next = (o->next + 1) % o->most;
    if (o->count < o->most) o->count++;
    if (d == o->root) o->root = NULL;
    memset(d, 0, sizeof *d);
    return d;
}

/* A member has counts from its set; the first of one has none left. What only machinery that
 * is not told of referred to is the first of a set too. */
static void place_in_set(obituaries *o, death *d, binding *b, ouro_object *object) {
    const referrer *r = place_of(o, object);
    if (d->by == BY_COUNT && ouro_object_count(object) > 0 && r->child != NULL) {
        d->root = o->root_id;
        if (o->root != NULL) o->root->taken++;
        snprintf(d->reference, sizeof d->reference, "#%llu%s", (unsigned long long)r->parent,
                 r->label);
        return;
    }
    forget_set(o);
    o->root = d;
    o->root_id = d->root = d->id;
    if (d->by == BY_COUNT) write_operation(b->current, b, d->reference, sizeof d->reference);
}

static void note(obituaries *o, binding *b, const ouro_event *event) {
    ouro_object *object = event->object;
    death *d = next_death(o);
    if (ouro_object_id(object, &d->id) != OURO_OK) d->id = 0;
    d->by = event->by_count ? BY_COUNT : BY_COLLECTION;
    if (b->closing) d->by = BY_CLOSE;
    else if (b->making_room && d->by == BY_COLLECTION) d->by = BY_LIMIT;
    describe(d, b->heap, object);
    if (ouro_object_is_finalized(object)) d->finalizer = o->failed == d->id ? FAILED : RAN;
    find_line(b->current, d->where, sizeof d->where);
    place_in_set(o, d, b, object);
    if (d->by == BY_COLLECTION || d->by == BY_LIMIT) {
        d->collection = o->collections;
        d->generation = o->generation;
    }
    parent p = {o, d->id};
    if (d->by == BY_COUNT) ouro_object_refs(object, note_child, &p);
}

void ouro_lua_note_death(obituaries *o, binding *b, const ouro_event *event) {
    if (event->kind == OURO_EVENT_DEATH) {
        note(o, b, event);
    } else if (event->kind == OURO_EVENT_ERROR && event->object != NULL) {
        (void)!ouro_object_id(event->object, &o->failed);
    } else if (event->kind == OURO_EVENT_START) {
        ouro_stats s = {.struct_size = sizeof s};
        ouro_heap_stats(b->heap, &s);
        o->collections = 1;
        for (int i = 0; i < OURO_GENERATIONS; i++) o->collections += s.collections[i];
        o->generation = event->generation;
    }
}

/* ---- asking ------------------------------------------------------------------------------ */

static void set_string(lua_State *L, const char *name, const char *string) {
    if (*string == '\0') return;
    lua_pushstring(L, string);
    lua_setfield(L, -2, name);
}

static void set_number(lua_State *L, const char *name, uint64_t number) {
    lua_pushinteger(L, (lua_Integer)number);
    lua_setfield(L, -2, name);
}

static const char *const ways[] = {[BY_COUNT] = "count", [BY_COLLECTION] = "collection",
                                   [BY_LIMIT] = "limit", [BY_CLOSE] = "close"};

/* Index 2: the obituary. Adds the text of a field, with what comes before it. */
static void add_field(lua_State *L, luaL_Buffer *text, const char *before, const char *name) {
    lua_getfield(L, 1, name);
    const char *string = lua_isnil(L, -1) ? NULL : luaL_tolstring(L, -1, NULL);
    if (string == NULL) {
        lua_pop(L, 1);
        return;
    }
    lua_pushfstring(L, "%s%s", before, string);
    lua_replace(L, -3);
    lua_pop(L, 1);
    luaL_addvalue(text);
}

static int obituary_to_string(lua_State *L) {
    luaL_Buffer text;
    lua_settop(L, 1);
    ouro_lua_push_title(L, 1);
    lua_getfield(L, 1, "took");
    lua_Integer took = lua_istable(L, 3) ? (lua_Integer)lua_rawlen(L, 3) : 0;
    luaL_buffinit(L, &text);
    lua_pushvalue(L, 2);
    luaL_addvalue(&text);
    add_field(L, &text, "\n  died by ", "by");
    add_field(L, &text, " ", "collection");
    add_field(L, &text, " of generation ", "generation");
    add_field(L, &text, ", at ", "where");
    add_field(L, &text, "\n  last reference: ", "reference");
    add_field(L, &text, "\n  taken along by #", "with");
    add_field(L, &text, "\n  its finalizer ", "finalizer");
    if (took > 0) {
        lua_pushfstring(L, "\n  took along %I:", (LUAI_UACINT)took);
        luaL_addvalue(&text);
    }
    for (lua_Integer i = 1; i <= took && i <= 20; i++) {
        lua_rawgeti(L, 3, i);
        lua_pushfstring(L, " #%I", (LUAI_UACINT)lua_tointeger(L, -1));
        lua_remove(L, -2);
        luaL_addvalue(&text);
    }
    if (took > 20) luaL_addstring(&text, " ...");
    luaL_pushresult(&text);
    return 1;
}

/* Those that are still kept, in order of death. */
static void set_taken(lua_State *L, const obituaries *o, const death *first) {
    lua_Integer count = 0;
    lua_newtable(L);
    for (size_t i = 0; i < o->count; i++) {
        const death *d = &o->deaths[(o->next + o->most - o->count + i) % o->most];
        if (d->root != first->id || d == first) continue;
        lua_pushinteger(L, (lua_Integer)d->id);
        lua_rawseti(L, -2, ++count);
    }
    lua_setfield(L, -2, "took");
}

static void push_death(lua_State *L, const obituaries *o, const death *d) {
    static const luaL_Reg functions[] = {{"__tostring", obituary_to_string}, {NULL, NULL}};
    static const char *const finalizers[] = {"", "ran", "raised an error"};
    lua_createtable(L, 0, 12);
    set_number(L, "id", d->id);
    set_string(L, "type", d->type);
    set_string(L, "text", d->text);
    set_string(L, "by", ways[d->by]);
    if (d->collection != 0) {
        set_number(L, "collection", d->collection);
        set_number(L, "generation", (uint64_t)d->generation);
    }
    set_string(L, "where", d->where);
    set_string(L, "reference", d->reference);
    set_string(L, "finalizer", finalizers[d->finalizer]);
    if (d->root != d->id) set_number(L, "with", d->root);
    set_taken(L, o, d);
    ouro_lua_set_view(L, "ouro.obituary", functions, NULL);
}

/* Nil for what lives, and for what is not known. */
int ouro_lua_obituary(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    lua_Integer id;
    if (!ouro_lua_integer_at(L, 1, &id) || id < 1)
        return ouro_lua_refuse(L, "argument 1 has to be an id, as id(x) gives; got %s",
                               ouro_lua_describe(L, b, 1));
    ouro_lua_look(L, b);
    const obituaries *o = ouro_lua_obituaries(L, b);
    if (o == NULL)
        return luaL_error(L, "no obituaries are kept: heap.obituaries(n) turns that on, for the "
                             "last n deaths");
    for (size_t i = o->count; i > 0; i--) {
        const death *d = &o->deaths[(o->next + o->most - o->count + i - 1) % o->most];
        if (d->id != (uint64_t)id) continue;
        push_death(L, o, d);
        return 1;
    }
    lua_pushnil(L);
    return 1;
}

void ouro_lua_clear_obituaries(obituaries *o) {
    forget_set(o);
    o->next = o->count = 0;
    o->root = NULL;
    o->root_id = o->failed = 0;
}

void ouro_lua_push_deaths(lua_State *L, const obituaries *o) {
    lua_createtable(L, (int)o->count, 0);
    for (size_t i = 0; i < o->count; i++) {
        push_death(L, o, &o->deaths[(o->next + o->most - o->count + i) % o->most]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* One block: its userdata frees it. */
obituaries *ouro_lua_push_obituaries(lua_State *L, size_t most) {
    size_t places = 4096;
    while (places < most * 2) places *= 2;
    size_t deaths = most * sizeof(death), size = deaths + places * sizeof(referrer);
    obituaries *o = lua_newuserdatauv(L, sizeof *o + size, 0);
    memset(o, 0, sizeof *o + size);
    o->most = most;
    o->places = places;
    o->deaths = (death *)(void *)(o + 1);
    o->referrers = (referrer *)(void *)((char *)(o + 1) + deaths);
    return o;
}

/* heap.obituaries(n): the last n deaths are kept from now on; 0: none, false: the same. Returns
 * how many were kept until now. */
int ouro_lua_set_obituaries(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    const obituaries *before = ouro_lua_obituaries(L, b);
    lua_Integer most = 0, kept = before != NULL ? (lua_Integer)before->most : 0;
    if (!lua_isnoneornil(L, 1)) {
        bool off = lua_isboolean(L, 1) && !lua_toboolean(L, 1);
        if (!off && (!ouro_lua_integer_at(L, 1, &most) || most < 0 || most > MOST))
            return ouro_lua_refuse(L, "argument 1 has to be how many deaths to remember, 0 (none) "
                                      "to %d; got %s", MOST, luaL_tolstring(L, 1, NULL));
        ouro_lua_clear_deferred(L, b);
        obituaries *o = NULL;
        if (most > 0) o = ouro_lua_push_obituaries(L, (size_t)most);
        else lua_pushnil(L);
        ouro_lua_keep_obituaries(L, b, o);
    }
    lua_pushinteger(L, kept);
    return 1;
}
