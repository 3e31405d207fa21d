/* SPDX-License-Identifier: MIT */
/* Whatif: would_free, a dry run of del.
 *
 * Who would die, stay or be finalized is kept as ids, eight bytes an object; the entries are
 * made when asked for. Who would live on comes with a reason, and is made at once. */
#include <stdio.h>
#include <string.h>

#include "places.h"
#include "understand.h"

/* Survivors that are told of; of more, how many. */
#define MOST_LIVING 1000
#define LINES 20

/* ---- an array of ids --------------------------------------------------------------------- */

static int index_ids(lua_State *L) {
    lua_Integer i;
    size_t count;
    binding *b = ouro_lua_enter(L);
    if (!ouro_lua_integer_at(L, 2, &i)) return 0;
    const uint64_t *ids = ouro_lua_packed(L, 1, &count);
    if (i < 1 || (lua_Unsigned)i > count) return 0;
    ouro_lua_push_member(L, b, ids[i - 1], 0);
    lua_pushvalue(L, -1);
    lua_rawseti(L, 1, i);
    return 1;
}

static int ids_to_string(lua_State *L) {
    ouro_lua_enter(L);
    return ouro_lua_lines_to_string(L);
}

/* Short ones are plain tables, as things were when they were asked for. */
static void set_ids(lua_State *L, const char *field, const scratch *s) {
    static const luaL_Reg functions[] = {{"__index", index_ids},
                                         {"__len", ouro_lua_view_length},
                                         {"__tostring", ids_to_string},
                                         {NULL, NULL}};
    size_t count = s->used / sizeof(uint64_t);
    lua_newtable(L);
    ouro_lua_set_packed(L, -1, (const uint64_t *)(const void *)s->bytes, count);
    ouro_lua_set_view(L, "no objects", functions, NULL);
    for (lua_Integer i = 1; (size_t)i <= count && count <= MOST_LIVING; i++) {
        lua_geti(L, -1, i);
        lua_pop(L, 1);
    }
    lua_setfield(L, -2, field);
}

/* ---- as text ----------------------------------------------------------------------------- */

/* Adds the heading and the lines of that field of the table at index 1. */
static void add_part(lua_State *L, luaL_Buffer *text, const char *field, const char *heading) {
    lua_getfield(L, 1, field);
    lua_replace(L, 2);
    lua_Integer count = luaL_len(L, 2);
    if (count == 0) return;
    lua_pushfstring(L, "\n%s", heading);
    luaL_addvalue(text);
    for (lua_Integer i = 1; i <= count && i <= LINES; i++) {
        luaL_addstring(text, "\n  ");
        lua_geti(L, 2, i);
        luaL_tolstring(L, -1, NULL);
        lua_remove(L, -2);
        luaL_addvalue(text);
    }
    if (count <= LINES) return;
    lua_pushfstring(L, "\n  ... %I more", (LUAI_UACINT)(count - LINES));
    luaL_addvalue(text);
}

static void add_finalizers(lua_State *L, luaL_Buffer *text) {
    lua_getfield(L, 1, "finalizers");
    lua_replace(L, 2);
    lua_Integer count = luaL_len(L, 2);
    for (lua_Integer i = 1; i <= count && i <= LINES; i++) {
        luaL_addstring(text, i == 1 ? "\nfinalizers would run, in this order:" : ",");
        lua_geti(L, 2, i);
        lua_getfield(L, -1, "id");
        lua_pushfstring(L, " #%I", (LUAI_UACINT)lua_tointeger(L, -1));
        lua_replace(L, -3);
        lua_pop(L, 1);
        luaL_addvalue(text);
    }
    if (count > LINES) luaL_addstring(text, " ...");
}

static int verdict_to_string(lua_State *L) {
    luaL_Buffer text;
    ouro_lua_enter(L);
    lua_settop(L, 1);
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushnil(L); /* index 2: the part */
    lua_getfield(L, 1, "what");
    lua_getfield(L, 1, "objects");
    lua_getfield(L, 1, "bytes");
    lua_pushfstring(L, "%s would free %s objects, %s bytes", luaL_tolstring(L, 3, NULL),
                    luaL_tolstring(L, 4, NULL), luaL_tolstring(L, 5, NULL));
    lua_replace(L, 3);
    lua_settop(L, 3);
    luaL_buffinit(L, &text);
    lua_pushvalue(L, 3);
    luaL_addvalue(&text);
    add_part(L, &text, "dies", "at once, in this order:");
    add_finalizers(L, &text);
    add_part(L, &text, "stays", "left for a collection, as a cycle:");
    add_part(L, &text, "lives", "these would live on:");
    luaL_pushresult(&text);
    return 1;
}

static int survivor_to_string(lua_State *L) {
    lua_settop(L, 1);
    ouro_lua_push_title(L, 1);
    lua_getfield(L, 1, "because");
    lua_pushfstring(L, "%s: %s", lua_tostring(L, 2), luaL_tolstring(L, 3, NULL));
    return 1;
}

/* ---- while the core calls back ----------------------------------------------------------- */

typedef struct survivor {
    subject about;
    ouro_root root;
    uint64_t referrer; /* its id, or 0 */
    char name[64], frame[64];
} survivor;

typedef struct verdicts {
    binding *b;
    scratch *dies, *stays, *finalizers, *lives;
    scratch *roots, *places; /* of survivors that Lua holds: those sought, and where */
    size_t bytes, living;
    ouro_status status;
} verdicts;

static bool note_survivor(verdicts *v, const ouro_verdict *verdict) {
    survivor s = {.root = verdict->root};
    if (v->living++ >= MOST_LIVING) return true;
    v->status = ouro_lua_note_subject(v->b, verdict->object, &s.about);
    snprintf(s.name, sizeof s.name, "%.*s", (int)verdict->length, verdict->text);
    if (verdict->root == OURO_ROOT_NAME)
        snprintf(s.frame, sizeof s.frame, "%s", ouro_frame_name(verdict->referrer));
    else if (verdict->referrer != NULL && v->status == OURO_OK)
        v->status = ouro_object_id(verdict->referrer, &s.referrer);
    return v->status == OURO_OK && ouro_lua_scratch_put(v->lives, &s, sizeof s);
}

static bool note_verdict(const ouro_verdict *verdict, void *context) {
    verdicts *v = context;
    if (verdict->fate == OURO_FATE_LIVES) return note_survivor(v, verdict);
    if (verdict->fate == OURO_FATE_STAYS)
        return ouro_lua_note_id(v->stays, verdict->object) != 0;
    v->bytes += verdict->bytes;
    if (verdict->finalizer && ouro_lua_note_id(v->finalizers, verdict->object) == 0) return false;
    return ouro_lua_note_id(v->dies, verdict->object) != 0;
}

/* ---- what goes --------------------------------------------------------------------------- */

/* The reference under the key at index 2. Ids, because the holder is asked in between. */
typedef struct removed {
    lua_State *L;
    binding *b;
    const ouro_object *cls; /* no attribute */
    ouro_value key;         /* borrowed */
    const char *name; /* of a name in a frame */
    size_t length;
    uint64_t target, key_target;
    bool found;
} removed;

static bool same_key(const removed *r, ouro_value key) {
    const char *bytes[2];
    size_t length[2];
    int64_t integer[2];
    if (ouro_value_same(key, r->key)) return true;
    if (ouro_value_as_string(key, &bytes[0], &length[0]) &&
        ouro_value_as_string(r->key, &bytes[1], &length[1]))
        return length[0] == length[1] && memcmp(bytes[0], bytes[1], length[0]) == 0;
    return ouro_value_as_integer(key, &integer[0]) &&
           ouro_value_as_integer(r->key, &integer[1]) && integer[0] == integer[1];
}

static bool is_label(const removed *r, const ouro_label *label) {
    const char *bytes;
    size_t length;
    int64_t integer;
    switch (label->kind) {
    case OURO_LABEL_NAME:
        return ouro_value_as_string(r->key, &bytes, &length) && length == label->length &&
               memcmp(bytes, label->text, length) == 0;
    case OURO_LABEL_INDEX:
        return ouro_value_as_integer(r->key, &integer) && (uint64_t)integer == label->index;
    case OURO_LABEL_VALUE: return same_key(r, label->key);
    case OURO_LABEL_KEY: break;
    }
    return false;
}

static bool match_reference(const ouro_label *label, ouro_value value, void *context) {
    removed *r = context;
    ouro_object *object = ouro_value_object(value);
    if (label->kind == OURO_LABEL_KEY && same_key(r, value)) {
        r->found = true;
        if (object != NULL) (void)!ouro_object_id(object, &r->key_target);
    } else if (!r->found || r->target == 0) {
        if (!is_label(r, label) || (object != NULL && object == r->cls)) return true;
        r->found = true;
        if (object != NULL) (void)!ouro_object_id(object, &r->target);
    }
    return true;
}

/* Raises when there is none. */
static void find_removed(lua_State *L, binding *b, ouro_object *from, removed *r) {
    if (!ouro_is_list(from) && !ouro_lua_has_entries(from) && !ouro_is_frame(from) &&
        !ouro_is_class(from) && ouro_record_class(from) == NULL)
        ouro_lua_refuse(L, "nothing can be removed from a %s", ouro_lua_object_type_name(from));
    r->cls = ouro_record_class(from);
    r->key = ouro_lua_value_at(L, b, 2);
    ouro_object_refs(from, match_reference, r);
    ouro_value_release(r->key);
    if (r->found) return;
    luaL_tolstring(L, 2, NULL);
    ouro_lua_refuse(L, "the %s has nothing under '%s'", ouro_lua_object_type_name(from),
                    lua_tostring(L, -1));
}

static ouro_object *find_name(lua_State *L, binding *b, removed *r) {
    r->name = lua_tolstring(L, 1, &r->length);
    ouro_object *frame = ouro_frame_at(b->heap, 0);
    ouro_value v = frame != NULL ? ouro_frame_get(frame, r->name, r->length) : OURO_ABSENT;
    if (ouro_value_same(v, OURO_ABSENT)) ouro_lua_refuse(L, "name '%s' is not bound", r->name);
    ouro_object *object = ouro_value_object(v);
    if (object != NULL) ouro_lua_check(L, b, ouro_object_id(object, &r->target));
    return frame;
}

/* Asks the core; nothing in it raises. from: kept by the caller, or NULL. */
static ouro_status ask(binding *b, ouro_object *from, const removed *r, ouro_object *mine_of,
                       verdicts *v) {
    ouro_object *targets[2];
    ouro_removal removal = {.struct_size = sizeof removal, .from = from, .targets = targets};
    removal.name = r->name;
    removal.length = r->length;
    const uint64_t ids[2] = {r->key_target, r->target};
    for (size_t i = 0; i < 2; i++) {
        if (ids[i] == 0) continue;
        ouro_object *target = ouro_object_by_id(b->heap, ids[i]);
        if (target != NULL) targets[removal.count++] = target;
    }
    if (mine_of != NULL) {
        removal.mine_of = mine_of;
        removal.mine = OURO_LUA_MINE;
    }
    if (removal.count == 0) return OURO_OK;
    return ouro_would_free(b->heap, &removal, note_verdict, v);
}

/* ---- would_free -------------------------------------------------------------------------- */

static void push_survivors(lua_State *L, binding *b, const verdicts *v) {
    static const luaL_Reg functions[] = {{"__tostring", survivor_to_string}, {NULL, NULL}};
    size_t size = (sizeof(survivor) + 7) / 8 * 8;
    lua_newtable(L);
    for (size_t i = 0; i < v->lives->used / size; i++) {
        survivor s;
        memcpy(&s, v->lives->bytes + i * size, sizeof s);
        lua_createtable(L, 0, 5);
        ouro_lua_set_subject(L, &s.about);
        if (s.referrer != 0) {
            ouro_lua_push_member(L, b, s.referrer, s.about.id);
            lua_pushinteger(L, (lua_Integer)s.referrer);
            lua_setfield(L, -3, "referrer");
            luaL_tolstring(L, -1, NULL);
            lua_remove(L, -2);
        } else if (s.root == OURO_ROOT_HELD) {
            ouro_lua_push_held(L, v->places, s.about.id);
        } else {
            ouro_lua_push_root(L, s.root, s.name, s.frame);
        }
        lua_setfield(L, -2, "because");
        ouro_lua_set_view(L, "ouro.survivor", functions, NULL);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    ouro_lua_set_lines(L, "nobody");
}

static void push_verdicts(lua_State *L, binding *b, const verdicts *v, const char *what) {
    static const luaL_Reg functions[] = {{"__tostring", verdict_to_string}, {NULL, NULL}};
    lua_createtable(L, 0, 8);
    lua_pushstring(L, what);
    lua_setfield(L, -2, "what");
    lua_pushinteger(L, (lua_Integer)(v->dies->used / sizeof(uint64_t)));
    lua_setfield(L, -2, "objects");
    lua_pushinteger(L, (lua_Integer)v->bytes);
    lua_setfield(L, -2, "bytes");
    set_ids(L, "dies", v->dies);
    set_ids(L, "stays", v->stays);
    set_ids(L, "finalizers", v->finalizers);
    push_survivors(L, b, v);
    lua_setfield(L, -2, "lives");
    ouro_lua_set_view(L, "ouro.verdicts", functions, NULL);
}

/* "del x", "del(#7, next)", "letting go of #7": pushed. */
static void push_what(lua_State *L, uint64_t id) {
    if (id == 0) lua_pushfstring(L, "del %s", lua_tostring(L, 1));
    else if (lua_isnil(L, 2)) lua_pushfstring(L, "letting go of #%I", (LUAI_UACINT)id);
    else {
        luaL_tolstring(L, 2, NULL);
        lua_pushfstring(L, "del(#%I, %s)", (LUAI_UACINT)id, lua_tostring(L, -1));
        lua_remove(L, -2);
    }
}

/* Where Lua holds survivors that it keeps alive. */
static void find_places(lua_State *L, binding *b, const verdicts *v) {
    size_t size = (sizeof(survivor) + 7) / 8 * 8;
    for (size_t at = 0; at < v->lives->used; at += size) {
        survivor s;
        memcpy(&s, v->lives->bytes + at, sizeof s);
        if (s.root == OURO_ROOT_HELD && !ouro_lua_seek(v->roots, b, s.about.id)) break;
    }
    if (!ouro_lua_find_first(L, b, v->roots, v->places)) v->places->failed = true;
}

static ouro_status take_and_ask(lua_State *L, binding *b, removed *r, bool has_key,
                                verdicts *v) {
    ouro_object *object = ouro_lua_take(L, b);
    ouro_status status = ask(b, has_key ? object : NULL, r, object, v);
    if (status == OURO_OK) find_places(L, b, v);
    ouro_lua_give_back(L, b, object);
    return status;
}

int ouro_lua_would_free(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    removed r = {.L = L, .b = b};
    ouro_object *frame = NULL;
    uint64_t id = 0;
    lua_settop(L, 2);
    bool has_key = !lua_isnil(L, 2);
    if (lua_type(L, 1) == LUA_TSTRING && !has_key) {
        frame = find_name(L, b, &r);
    } else {
        ouro_object *object = ouro_lua_check_object(L, b, 1);
        ouro_lua_check(L, b, ouro_object_id(object, &id));
        if (has_key) find_removed(L, b, object, &r);
        else r.target = id;
    }
    push_what(L, id);
    lua_replace(L, 2);
    lua_settop(L, 2);
    verdicts v = {.b = b};
    scratch **const all[] = {&v.dies, &v.stays, &v.finalizers, &v.lives, &v.roots, &v.places};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) *all[i] = ouro_lua_push_scratch(L);
    ouro_status status;
    if (frame == NULL) {
        status = take_and_ask(L, b, &r, has_key, &v);
    } else {
        ouro_settle(b->heap);
        b->current = L;
        status = ask(b, frame, &r, NULL, &v);
        if (status == OURO_OK) find_places(L, b, &v);
    }
    ouro_lua_check(L, b, status);
    ouro_lua_check(L, b, v.status);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) ouro_lua_scratch_check(L, *all[i]);
    push_verdicts(L, b, &v, lua_tostring(L, 2));
    ouro_lua_leave(L, b);
    return 1;
}
