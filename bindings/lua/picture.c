/* SPDX-License-Identifier: MIT */
/* Picture: draw(...). What ouro_picture chooses becomes a table of plain data, which the Lua
 * half, ouro/draw.lua, writes as a drawing:
 *
 *   names    {frame=, name=, id= or text=}, in order of binding, the bottom frame first
 *   objects  {id=, type=, count=, garbage=, held=, pinned=, code=, weak=, more=, fields}; each
 *            field {label=, id= or text=}; weak: the id of what it refers to weakly
 *   folds    {objects=, bytes=, garbage=, before=, after=}: ids of neighbours */
#include <string.h>

#include "understand.h"

#define TEXT_SIZE 72
#define LABEL_SIZE 48

typedef struct noting {
    lua_State *L;
    binding *b;
    scratch *ids; /* of the objects, in order */
    scratch *folds;
    scratch *boxed; /* ids of up to max */
    uint64_t boxed_count, max;
} noting;

typedef struct noted_object {
    uint64_t id;
    bool garbage, held, pinned, code;
} noted_object;

typedef struct noted_fold {
    uint64_t before, after, objects, bytes;
    bool garbage;
} noted_fold;

typedef struct noted_field {
    uint64_t id; /* 0: text */
    size_t length; /* of the text, in which there may be NUL bytes */
    char label[LABEL_SIZE], text[TEXT_SIZE];
} noted_field;

/* ---- noting ------------------------------------------------------------------------------ */

static bool note_item(const ouro_picture_item *item, void *context) {
    noting *n = context;
    if (item->object != NULL) {
        noted_object o = {.garbage = item->garbage, .held = item->held,
                          .pinned = item->pinned, .code = item->code};
        if (ouro_object_id(item->object, &o.id) != OURO_OK) n->ids->failed = true;
        return ouro_lua_scratch_put(n->ids, &o, sizeof o);
    }
    noted_fold f = {.objects = item->objects, .bytes = item->bytes, .garbage = item->garbage};
    if (item->before != NULL) f.before = ouro_object_known_id(item->before);
    if (item->after != NULL) f.after = ouro_object_known_id(item->after);
    return ouro_lua_scratch_put(n->folds, &f, sizeof f);
}

static bool is_object(const ouro_object *object) {
    const ouro_type *type = ouro_object_type(object);
    return (ouro_type_flags(type) & (OURO_TYPE_PLAIN | OURO_TYPE_INTERNAL)) == 0;
}

static ouro_status text_of_box(ouro_object *object, ouro_text *text, void *context) {
    const noting *n = context;
    if (ouro_object_type(object) != n->b->box) return OURO_E_KEY;
    return ouro_lua_repr_of_box(n->L, n->b, object, text);
}

/* An object by its id, another value by its text. */
static bool note_value(noting *n, noted_field *field, ouro_value value) {
    ouro_object *object = ouro_value_object(value);
    if (object != NULL && is_object(object))
        return ouro_object_id(object, &field->id) == OURO_OK;
    ouro_text text = {.heap = n->b->heap};
    ouro_repr_options options = {.struct_size = sizeof options, .max_depth = 1,
                                 .custom = text_of_box, .context = n};
    ouro_status status = ouro_repr(n->b->heap, value, &options, &text);
    if (status == OURO_OK) {
        ouro_lua_copy_text(field->text, sizeof field->text, text.bytes, text.length);
        field->length = text.length < sizeof field->text ? text.length : strlen(field->text);
    }
    ouro_text_free(&text);
    return status == OURO_OK;
}

typedef struct fields {
    noting *n;
    scratch *noted;
    const ouro_object *cls; /* not a field */
    size_t most, count;
} fields;

/* A key that is an object is a reference of its own; other keys are in their value's label. */
static bool note_field(const ouro_label *label, ouro_value value, void *context) {
    fields *f = context;
    const ouro_object *object = ouro_value_object(value);
    noted_field field = {0};
    if (object != NULL && object == f->cls) return true;
    if (label->kind == OURO_LABEL_KEY && (object == NULL || !is_object(object))) return true;
    if (f->count++ >= f->most) return true;
    ouro_lua_label_text(field.label, sizeof field.label, f->n->b->heap, label);
    if (!note_value(f->n, &field, value)) f->noted->failed = true;
    return ouro_lua_scratch_put(f->noted, &field, sizeof field);
}

/* ---- making tables ----------------------------------------------------------------------- */

static void set_integer(lua_State *L, const char *key, uint64_t value) {
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, key);
}

static void set_flag(lua_State *L, const char *key, bool value) {
    lua_pushboolean(L, value);
    lua_setfield(L, -2, key);
}

static void set_target(lua_State *L, const noted_field *field) {
    if (field->id != 0) {
        set_integer(L, "id", field->id);
    } else {
        lua_pushlstring(L, field->text, field->length);
        lua_setfield(L, -2, "text");
    }
}

/* Fills the table at the top with what was noted, from 1 on. */
static void set_fields(lua_State *L, const scratch *noted) {
    size_t step = (sizeof(noted_field) + 7) / 8 * 8;
    for (size_t at = 0; at < noted->used; at += step) {
        noted_field field;
        memcpy(&field, noted->bytes + at, sizeof field);
        lua_createtable(L, 0, 2);
        lua_pushstring(L, field.label);
        lua_setfield(L, -2, "label");
        set_target(L, &field);
        lua_rawseti(L, -2, (lua_Integer)(at / step) + 1);
    }
}

/* Its index; the names of a frame come with the frame's name as `frame`. */
static lua_Integer add_names(noting *n, ouro_object *frame, lua_Integer count, scratch *noted) {
    lua_State *L = n->L;
    noted_field field;
    size_t position = 0, length;
    const char *name;
    ouro_value value;
    noted->used = 0;
    while (ouro_frame_next(frame, &position, &name, &length, &value)) {
        memset(&field, 0, sizeof field);
        ouro_lua_copy_text(field.label, sizeof field.label, name, length);
        if (!note_value(n, &field, value)) noted->failed = true;
        ouro_lua_scratch_put(noted, &field, sizeof field);
    }
    ouro_lua_scratch_check(L, noted);
    lua_createtable(L, 0, 2);
    lua_pushstring(L, ouro_frame_name(frame));
    lua_setfield(L, -2, "frame");
    set_fields(L, noted);
    lua_rawseti(L, -2, ++count);
    return count;
}

static void set_names(noting *n, scratch *noted) {
    lua_Integer count = 0;
    lua_newtable(n->L);
    for (size_t depth = ouro_frame_depth(n->b->heap); depth-- > 0;) {
        ouro_object *frame = ouro_frame_at(n->b->heap, depth);
        if (frame != NULL) count = add_names(n, frame, count, noted);
    }
    lua_setfield(n->L, -2, "frames");
}

/* Pushes the table of the object, if it lives still: making tables may run a __gc. */
static bool push_object(noting *n, const noted_object *o, size_t most, scratch *noted) {
    lua_State *L = n->L;
    ouro_object *object = ouro_object_by_id(n->b->heap, o->id);
    if (object == NULL) return false;
    uint64_t weak = 0;
    const ouro_object *target = NULL;
    if (ouro_is_weak(object)) target = ouro_weak_get(object);
    if (ouro_is_finalize(object)) target = ouro_finalize_target(object);
    if (target != NULL) weak = ouro_object_known_id(target);
    fields f = {.n = n, .noted = noted, .cls = ouro_record_class(object), .most = most};
    noted->used = 0;
    ouro_object_refs(object, note_field, &f);
    ouro_lua_scratch_check(L, noted);
    uint32_t count = ouro_object_count(object);
    const char *type = ouro_lua_object_type_name(object);
    lua_createtable(L, (int)f.count, 8);
    lua_pushstring(L, type);
    lua_setfield(L, -2, "type");
    set_integer(L, "id", o->id);
    set_integer(L, "count", count);
    if (weak != 0) set_integer(L, "weak", weak);
    if (f.count > most) set_integer(L, "more", f.count - most);
    set_flag(L, "garbage", o->garbage);
    set_flag(L, "held", o->held);
    set_flag(L, "pinned", o->pinned);
    set_flag(L, "code", o->code);
    set_fields(L, noted);
    return true;
}

static void set_objects(noting *n, size_t most, scratch *noted) {
    size_t step = (sizeof(noted_object) + 7) / 8 * 8;
    lua_Integer count = 0;
    lua_newtable(n->L);
    for (size_t at = 0; at < n->ids->used; at += step) {
        noted_object o;
        memcpy(&o, n->ids->bytes + at, sizeof o);
        if (push_object(n, &o, most, noted)) lua_rawseti(n->L, -2, ++count);
    }
    lua_setfield(n->L, -2, "objects");
}

static void set_folds(noting *n) {
    lua_State *L = n->L;
    size_t step = (sizeof(noted_fold) + 7) / 8 * 8;
    lua_newtable(L);
    for (size_t at = 0; at < n->folds->used; at += step) {
        noted_fold f;
        memcpy(&f, n->folds->bytes + at, sizeof f);
        lua_createtable(L, 0, 5);
        set_integer(L, "objects", f.objects);
        set_integer(L, "bytes", f.bytes);
        set_flag(L, "garbage", f.garbage);
        if (f.before != 0) set_integer(L, "before", f.before);
        if (f.after != 0) set_integer(L, "after", f.after);
        lua_rawseti(L, -2, (lua_Integer)(at / step) + 1);
    }
    lua_setfield(L, -2, "folds");
}

/* ---- options ----------------------------------------------------------------------------- */

/* The bound of that name among the options at index 2; otherwise, if there is none. */
static size_t read_bound(lua_State *L, binding *b, const char *name, size_t otherwise) {
    lua_Integer bound = (lua_Integer)otherwise;
    lua_getfield(L, 2, name);
    if (!lua_isnil(L, -1) && (!ouro_lua_integer_at(L, -1, &bound) || bound < 1))
        ouro_lua_refuse(L, "option %s has to be a whole number from 1; got %s", name,
                        ouro_lua_describe(L, b, -1));
    lua_pop(L, 1);
    return (size_t)bound;
}

static bool read_flag(lua_State *L, const char *name) {
    lua_getfield(L, 2, name);
    bool set = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return set;
}

/* ---- the boxed part ---------------------------------------------------------------------- */

/* What would not live without the object. Only so many can be in the picture: the rest gets no
 * ids. */
static bool note_boxed(ouro_object *object, void *context) {
    noting *n = context;
    uint64_t id = 0;
    if (!is_object(object)) return true;
    if (n->boxed_count++ < n->max && ouro_object_id(object, &id) != OURO_OK)
        n->boxed->failed = true;
    return id == 0 || ouro_lua_scratch_put(n->boxed, &id, sizeof id);
}

/* The option `box`, which leaves the options at index 2: true is the object at index 1. */
static void take_box(noting *n) {
    lua_State *L = n->L;
    int top = lua_gettop(L);
    lua_getfield(L, 2, "box");
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        return;
    }
    if (lua_isboolean(L, -1)) lua_pushvalue(L, 1);
    ouro_object *object = ouro_lua_object_at(L, n->b, -1);
    if (object == NULL)
        ouro_lua_refuse(L, "option box has to be an object, or true for the one that is drawn; "
                           "got %s", ouro_lua_describe(L, n->b, -1));
    lua_settop(L, top);
    lua_pushnil(L);
    lua_setfield(L, 2, "box");
    ouro_retain(object);
    ouro_settle(n->b->heap);
    n->b->current = L;
    ouro_status status = ouro_retained_each(object, OURO_LUA_MINE, note_boxed, n);
    ouro_lua_give_back(L, n->b, object);
    ouro_lua_check(L, n->b, status);
}

static void set_boxed(const noting *n) {
    lua_State *L = n->L;
    if (n->boxed->used == 0) return;
    lua_newtable(L);
    for (size_t at = 0; at < n->boxed->used; at += sizeof(uint64_t)) {
        uint64_t id;
        memcpy(&id, n->boxed->bytes + at, sizeof id);
        lua_pushinteger(L, (lua_Integer)id);
        lua_rawseti(L, -2, (lua_Integer)(at / sizeof id) + 1);
    }
    set_integer(L, "count", n->boxed_count);
    lua_setfield(L, -2, "boxed");
}

/* ---- draw -------------------------------------------------------------------------------- */

static ouro_status take_picture(noting *n, ouro_picture_options *options, bool of_object) {
    ouro_object *object = of_object ? ouro_lua_take(n->L, n->b) : NULL;
    if (object == NULL) {
        ouro_settle(n->b->heap);
        n->b->current = n->L;
    }
    options->from = object;
    options->mine = object != NULL ? OURO_LUA_MINE : 0;
    ouro_status status = ouro_picture(n->b->heap, options, note_item, n);
    if (object != NULL) ouro_lua_give_back(n->L, n->b, object);
    return status;
}

/* 1: an object or nil, which goes; 2: the options. Pushes the picture. */
static void push_picture(lua_State *L, binding *b) {
    noting n = {.L = L, .b = b};
    bool of_object = !lua_isnil(L, 1);
    if (of_object) ouro_lua_check_object(L, b, 1);
    ouro_picture_options options = {.struct_size = sizeof options};
    options.max_objects = read_bound(L, b, "max", 500);
    options.max_fields = read_bound(L, b, "fields", 12);
    options.max_run = read_bound(L, b, "run", 7);
    options.classes = read_flag(L, "classes");
    n.ids = ouro_lua_push_scratch(L);
    n.folds = ouro_lua_push_scratch(L);
    n.boxed = ouro_lua_push_scratch(L);
    scratch *noted = ouro_lua_push_scratch(L);
    n.max = options.max_objects;
    take_box(&n);
    ouro_lua_check(L, b, take_picture(&n, &options, of_object));
    scratch *const all[] = {n.ids, n.folds, n.boxed, noted};
    for (size_t i = 0; i < 4; i++) ouro_lua_scratch_check(L, all[i]);
    lua_newtable(L);
    set_names(&n, noted);
    set_objects(&n, options.max_fields, noted);
    set_folds(&n);
    set_boxed(&n);
    for (size_t i = 0; i < 4; i++) ouro_lua_scratch_free(all[i]);
}

/* Arranges the arguments [x,] [file] [, options] as x, a copy of the options, file. The copy
 * forgets its box before it is asked who holds that. */
static void arrange(lua_State *L, binding *b) {
    static const char *const known[] = {"box", "classes", "fields", "max", "names", "run",
                                        "steps", "title", "weak", NULL};
    bool of_object = ouro_lua_is_handle(L, 1);
    if (!of_object) {
        lua_pushnil(L);
        lua_insert(L, 1);
    }
    lua_settop(L, 3);
    if (lua_istable(L, 2) && lua_isnil(L, 3)) lua_insert(L, 2);
    if (!lua_isnil(L, 2) && lua_type(L, 2) != LUA_TSTRING)
        ouro_lua_refuse(L, "argument %d has to be the name of a file; got %s", of_object ? 2 : 1,
                        ouro_lua_describe(L, b, 2));
    ouro_lua_check_options(L, b, 3, known);
    lua_newtable(L);
    if (lua_istable(L, 3)) {
        for (lua_pushnil(L); lua_next(L, 3) != 0; lua_pop(L, 1)) {
            lua_pushvalue(L, -2);
            lua_pushvalue(L, -2);
            lua_rawset(L, 4);
        }
    }
    lua_replace(L, 3);
    lua_pushvalue(L, 2);
    lua_remove(L, 2);
}

/* The Lua half is looked for when it is first needed. */
int ouro_lua_draw(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    arrange(L, b);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "ouro.draw");
    if (lua_pcall(L, 1, 1, 0) != LUA_OK)
        return luaL_error(L, "draw: the Lua half of ouro has to be where package.path looks: %s",
                          lua_tostring(L, -1));
    lua_getfield(L, -1, "write");
    lua_replace(L, -2);
    push_picture(L, b); /* x, options, file, write, scratches, picture */
    lua_pushvalue(L, 4);
    lua_insert(L, -2);
    lua_pushvalue(L, 3);
    lua_pushvalue(L, 2);
    int below = lua_gettop(L) - 4;
    lua_call(L, 3, LUA_MULTRET);
    return lua_gettop(L) - below;
}
