/* SPDX-License-Identifier: MIT */
/* Objects: gc.objects, gc.referents, gc.referrers: who is there and who refers to whom. What
 * they return holds nothing (view.h). */
#include <string.h>

#include "places.h"
#include "understand.h"

/* ---- objects ----------------------------------------------------------------------------- */

typedef struct listing {
    scratch *ids;
    ouro_object *hiding_place;
    const char *type;       /* of that name, or NULL */
    const ouro_object *cls; /* instances of it, or NULL */
} listing;

static bool list_object(ouro_object *object, void *context) {
    const listing *l = context;
    const ouro_type *type = ouro_object_type(object);
    if (l->type != NULL && strcmp(ouro_type_name(type), l->type) != 0) return true;
    if (l->cls != NULL) {
        const ouro_object *cls = ouro_type_class(type);
        if (cls == NULL || !ouro_class_derives(cls, l->cls)) return true;
    }
    if (ouro_is_class(object) && ouro_lua_is_hidden(l->hiding_place, object)) return true;
    return ouro_lua_note_id(l->ids, object) != 0;
}

int ouro_lua_objects(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    listing l = {.ids = NULL};
    lua_settop(L, 1);
    if (lua_type(L, 1) == LUA_TSTRING) {
        l.type = lua_tostring(L, 1);
    } else if (!lua_isnil(L, 1)) {
        l.cls = ouro_lua_object_at(L, b, 1);
        if (l.cls == NULL || !ouro_is_class(l.cls))
            return ouro_lua_refuse(L, "argument 1 has to be the name of a type or a class; got %s",
                                   ouro_lua_describe(L, b, 1));
    }
    ouro_lua_look(L, b);
    l.hiding_place = ouro_lua_hiding_place(L, b);
    l.ids = ouro_lua_push_scratch(L);
    ouro_heap_each(b->heap, false, list_object, &l);
    ouro_lua_scratch_check(L, l.ids);
    lua_newtable(L);
    ouro_lua_set_objects(L, l.ids);
    ouro_lua_scratch_free(l.ids);
    return 1;
}

/* ---- referents --------------------------------------------------------------------------- */

typedef struct referents {
    scratch *ids;    /* of the objects; 0 for another value */
    scratch *values; /* those, owned until push_values has them all */
} referents;

static bool is_plain(const ouro_object *object) {
    return (ouro_type_flags(ouro_object_type(object)) & OURO_TYPE_PLAIN) != 0;
}

static bool note_value(const referents *r, ouro_value value) {
    ouro_object *object = ouro_value_object(value);
    uint64_t none = 0;
    if (ouro_value_is_nil(value)) return true;
    if (object != NULL && !is_plain(object)) return ouro_lua_note_id(r->ids, object) != 0;
    if (!ouro_lua_scratch_put(r->values, &value, sizeof value)) return false;
    if (!ouro_lua_scratch_put(r->ids, &none, sizeof none)) {
        r->values->used -= sizeof value;
        return false;
    }
    ouro_value_retain(value);
    return true;
}

/* A key that is a plain value is told with its value alone, in the label. */
static bool note_referent(const ouro_label *label, ouro_value value, void *context) {
    const referents *r = context;
    if (label->kind == OURO_LABEL_VALUE) {
        const ouro_object *key = ouro_value_object(label->key);
        if ((key == NULL || is_plain(key)) && !note_value(r, label->key)) return false;
    }
    return note_value(r, value);
}

typedef struct filling {
    binding *b;
    const referents *r;
} filling;

/* Argument: a filling. Returns the table with the values at their indices. */
static int fill_view(lua_State *L) {
    const filling *f = lua_touserdata(L, 1);
    lua_newtable(L);
    const uint64_t *ids = (const uint64_t *)(const void *)f->r->ids->bytes;
    const ouro_value *values = (const ouro_value *)(const void *)f->r->values->bytes;
    size_t count = f->r->ids->used / sizeof *ids, next = 0;
    for (size_t i = 0; i < count; i++) {
        if (ids[i] != 0) continue;
        ouro_lua_push_value(L, f->b, values[next++]);
        lua_rawseti(L, 2, (lua_Integer)i + 1);
    }
    return 1;
}

static void release_values(scratch *s) {
    for (size_t at = 0; at < s->used; at += sizeof(ouro_value)) {
        ouro_value value;
        memcpy(&value, s->bytes + at, sizeof value);
        ouro_value_release(value);
    }
    ouro_lua_scratch_free(s);
}

int ouro_lua_referents(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    int count = lua_gettop(L);
    for (int i = 1; i <= count; i++) ouro_lua_object_at(L, b, i); /* raises for another heap */
    ouro_lua_look(L, b);
    referents r;
    r.ids = ouro_lua_push_scratch(L);
    r.values = ouro_lua_push_scratch(L);
    for (int i = 1; i <= count; i++) {
        ouro_object *object = ouro_lua_object_at(L, b, i);
        if (object != NULL) ouro_object_refs(object, note_referent, &r);
    }
    int status = LUA_ERRMEM;
    if (!r.ids->failed && !r.values->failed && lua_checkstack(L, LUA_MINSTACK)) {
        filling f = {b, &r};
        lua_pushcfunction(L, fill_view);
        lua_pushlightuserdata(L, &f);
        status = lua_pcall(L, 1, 1, 0);
    }
    if (b->heap != NULL) release_values(r.values);
    if (status != LUA_OK) return luaL_error(L, "not enough memory to list the referents");
    ouro_lua_set_objects(L, r.ids);
    return 1;
}

/* ---- referrers --------------------------------------------------------------------------- */

/* So many places in Lua are told, of each object. */
#define MOST_PLACES 100

typedef struct referrers {
    ouro_heap *heap;
    scratch *noted, *places;
} referrers;

static bool note_referrer(ouro_object *referrer, const ouro_label *label, void *context) {
    const referrers *r = context;
    ouro_lua_note_reference(r->noted, r->heap, referrer, label);
    return !r->noted->failed;
}

static void note_referrers(lua_State *L, binding *b, referrers *r) {
    ouro_object *object = ouro_lua_take(L, b);
    sought s = {.object = object};
    r->heap = b->heap;
    ouro_object_referrers(object, note_referrer, r);
    if (ouro_object_is_held(object) &&
        !ouro_lua_find_places(L, b, &s, 1, MOST_PLACES, r->places))
        r->places->failed = true;
    ouro_lua_give_back(L, b, object);
}

static void push_place(lua_State *L, const place *p) {
    ouro_lua_push_other_entry(L, p->text, "lua", p->label);
    lua_pushstring(L, p->kind);
    lua_setfield(L, -2, "kind");
    if (p->line <= 0) return;
    lua_pushstring(L, p->source);
    lua_setfield(L, -2, "source");
    lua_pushinteger(L, p->line);
    lua_setfield(L, -2, "line");
}

int ouro_lua_referrers(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    const place *p;
    lua_settop(L, 1);
    ouro_lua_check_object(L, b, 1);
    referrers r = {.noted = ouro_lua_push_scratch(L)};
    r.places = ouro_lua_push_scratch(L);
    note_referrers(L, b, &r);
    ouro_lua_scratch_check(L, r.noted);
    ouro_lua_scratch_check(L, r.places);
    size_t offset = 0;
    lua_Integer i = 0;
    lua_newtable(L);
    while (ouro_lua_push_entry(L, r.noted, &offset)) lua_rawseti(L, -2, ++i);
    for (size_t at = 0; (p = ouro_lua_place_at(r.places, at)) != NULL; at++) {
        push_place(L, p);
        lua_rawseti(L, -2, ++i);
    }
    ouro_lua_scratch_free(r.noted);
    ouro_lua_scratch_free(r.places);
    ouro_lua_set_lines(L, "no referrers");
    return 1;
}
