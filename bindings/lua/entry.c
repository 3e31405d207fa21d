/* SPDX-License-Identifier: MIT */
/* Entry: one reference, or one object, as a small table: id, type, label, text; `object` is
 * fetched by id when asked for, nil when it is dead (view.h). Prints as its text, such as
 * "#7.next", "#3[2]" or "name x in main". */
#include <stdio.h>
#include <string.h>

#include "view.h"

/* ---- labels ------------------------------------------------------------------------------ */

#define LABEL_SIZE 96

typedef struct label_text {
    char bytes[LABEL_SIZE];
    size_t length;
} label_text;

static void add(label_text *t, const char *bytes, size_t length) {
    size_t room = LABEL_SIZE - 4 - t->length; /* "..." and one for the bracket */
    if (length > room) {
        memcpy(t->bytes + t->length, bytes, room);
        memcpy(t->bytes + t->length + room, "...", 3);
        t->length = LABEL_SIZE - 4; /* further text overwrites the dots with dots */
        return;
    }
    memcpy(t->bytes + t->length, bytes, length);
    t->length += length;
}

static bool is_name(const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9')) return false;
    }
    return length > 0;
}

static void add_quoted(label_text *t, const char *bytes, size_t length) {
    add(t, "\"", 1);
    for (size_t i = 0; i < length && t->length < LABEL_SIZE - 8; i++) {
        unsigned char c = (unsigned char)bytes[i];
        char escaped[8];
        int size = 1;
        if (c == '"' || c == '\\') size = snprintf(escaped, sizeof escaped, "\\%c", c);
        else if (c < ' ' || c == 127) size = snprintf(escaped, sizeof escaped, "\\%03u", c);
        else escaped[0] = (char)c;
        add(t, escaped, (size_t)size);
    }
    add(t, "\"", 1);
}

/* The key of an entry of a dictionary: a name as it is, others in brackets. */
static void add_key(label_text *t, ouro_heap *heap, ouro_value key) {
    const char *bytes;
    size_t length;
    bool string = ouro_value_as_string(key, &bytes, &length);
    if (string && is_name(bytes, length)) {
        add(t, bytes, length);
        return;
    }
    add(t, "[", 1);
    if (string) {
        add_quoted(t, bytes, length);
    } else {
        ouro_text text = {.heap = heap};
        ouro_repr_options options = {
            .struct_size = sizeof options, .max_depth = 1, .max_items = 4};
        if (ouro_repr(heap, key, &options, &text) == OURO_OK && text.length > 0)
            add(t, text.bytes, text.length);
        ouro_text_free(&text);
    }
    add(t, "]", 1);
}

static void write_label(label_text *t, ouro_heap *heap, const ouro_label *label) {
    char number[32];
    t->length = 0;
    switch (label->kind) {
    case OURO_LABEL_NAME: add(t, label->text, label->length); break;
    case OURO_LABEL_INDEX:
        add(t, number, (size_t)snprintf(number, sizeof number, "[%zu]", label->index));
        break;
    case OURO_LABEL_KEY: add(t, "key", 3); break;
    case OURO_LABEL_VALUE: add_key(t, heap, label->key); break;
    }
}

size_t ouro_lua_label_text(char *buffer, size_t size, ouro_heap *heap, const ouro_label *label) {
    label_text t;
    write_label(&t, heap, label);
    ouro_lua_copy_text(buffer, size, t.bytes, t.length);
    return strlen(buffer);
}

/* ---- the table --------------------------------------------------------------------------- */

/* The id of the entry at index 1, or 0. */
static uint64_t id_of_entry(lua_State *L) {
    if (lua_type(L, 1) != LUA_TTABLE) return 0;
    lua_pushliteral(L, "id");
    lua_rawget(L, 1);
    lua_Integer id = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return (uint64_t)id;
}

static int index_entry(lua_State *L) {
    binding *b = ouro_lua_enter(L);
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    if (strcmp(key, "object") != 0) return 0;
    uint64_t id = id_of_entry(L);
    if (id == 0) return 0;
    ouro_lua_look(L, b);
    ouro_lua_push_value(L, b, ouro_value_of_object(ouro_object_by_id(b->heap, id)));
    return 1;
}

static int entry_to_string(lua_State *L) {
    lua_settop(L, 1);
    if (lua_type(L, 1) != LUA_TTABLE) return luaL_error(L, "this is no entry");
    lua_pushliteral(L, "text");
    lua_rawget(L, 1);
    if (!lua_isstring(L, -1)) lua_pushliteral(L, "?");
    return 1;
}

/* Text at the top, which is popped. label may be NULL. */
static void push_table(lua_State *L, uint64_t id, const char *type, const label_text *label) {
    static const luaL_Reg functions[] = {
        {"__index", index_entry}, {"__tostring", entry_to_string}, {NULL, NULL}};
    lua_createtable(L, 0, 4);
    lua_insert(L, -2);
    lua_setfield(L, -2, "text");
    if (id != 0) {
        lua_pushinteger(L, (lua_Integer)id);
        lua_setfield(L, -2, "id");
    }
    if (type != NULL) {
        lua_pushstring(L, type);
        lua_setfield(L, -2, "type");
    }
    if (label != NULL) {
        lua_pushlstring(L, label->bytes, label->length);
        lua_setfield(L, -2, "label");
    }
    ouro_lua_set_view(L, "ouro.entry", functions, NULL);
}

void ouro_lua_push_other_entry(lua_State *L, const char *text, const char *type,
                               const char *label) {
    lua_pushstring(L, text);
    push_table(L, 0, type, NULL);
    lua_pushstring(L, label);
    lua_setfield(L, -2, "label");
}

static void push_place(lua_State *L, uint64_t id, const label_text *label) {
    const char *dot = label->length > 0 && label->bytes[0] == '[' ? "" : ".";
    lua_pushfstring(L, "#%I%s", (LUAI_UACINT)id, dot);
    lua_pushlstring(L, label->bytes, label->length);
    lua_concat(L, 2);
}

/* ---- references noted -------------------------------------------------------------------- */

#define NAME_SIZE 64

typedef struct reference {
    uint64_t id; /* 0: a frame, or no object at all */
    bool frame, key;
    char type[NAME_SIZE];
    char name[NAME_SIZE]; /* of the frame */
    label_text label;
} reference;

void ouro_lua_note_reference(scratch *s, ouro_heap *heap, ouro_object *referrer,
                             const ouro_label *label) {
    reference r = {0};
    write_label(&r.label, heap, label);
    r.key = label->kind == OURO_LABEL_KEY;
    if (referrer != NULL) {
        snprintf(r.type, sizeof r.type, "%s", ouro_type_name(ouro_object_type(referrer)));
        r.frame = ouro_is_frame(referrer);
        if (r.frame) snprintf(r.name, sizeof r.name, "%s", ouro_frame_name(referrer));
        else if (ouro_object_id(referrer, &r.id) != OURO_OK) s->failed = true;
    }
    ouro_lua_scratch_put(s, &r, sizeof r);
}

void ouro_lua_write_reference(ouro_heap *heap, ouro_object *referrer, const ouro_label *label,
                              char *buffer, size_t size) {
    label_text t;
    uint64_t id = 0;
    write_label(&t, heap, label);
    int length = (int)t.length;
    if (referrer == NULL) {
        snprintf(buffer, size, "%.*s", length, t.bytes);
    } else if (ouro_is_frame(referrer)) {
        snprintf(buffer, size, "name %.*s in %s", length, t.bytes, ouro_frame_name(referrer));
    } else if (ouro_object_id(referrer, &id) != OURO_OK) {
        snprintf(buffer, size, "(object)");
    } else if (label->kind == OURO_LABEL_KEY) {
        snprintf(buffer, size, "key of #%llu", (unsigned long long)id);
    } else {
        const char *dot = t.length > 0 && t.bytes[0] == '[' ? "" : ".";
        snprintf(buffer, size, "#%llu%s%.*s", (unsigned long long)id, dot, length, t.bytes);
    }
}

bool ouro_lua_push_entry(lua_State *L, const scratch *s, size_t *offset) {
    reference r;
    if (*offset >= s->used) return false;
    memcpy(&r, s->bytes + *offset, sizeof r);
    *offset += (sizeof r + 7) / 8 * 8;
    if (r.frame) {
        lua_pushliteral(L, "name ");
        lua_pushlstring(L, r.label.bytes, r.label.length);
        lua_pushfstring(L, " in %s", r.name);
        lua_concat(L, 3);
    } else if (r.id == 0) {
        lua_pushlstring(L, r.label.bytes, r.label.length);
    } else if (r.key) {
        lua_pushfstring(L, "key of #%I", (LUAI_UACINT)r.id);
    } else {
        push_place(L, r.id, &r.label);
    }
    push_table(L, r.id, r.type[0] != '\0' ? r.type : NULL, &r.label);
    if (r.frame) {
        lua_pushstring(L, r.name);
        lua_setfield(L, -2, "frame");
    }
    return true;
}

/* ---- members ----------------------------------------------------------------------------- */

typedef struct search {
    ouro_heap *heap;
    uint64_t wanted;
    label_text label;
    bool found, key;
} search;

static bool find_reference(const ouro_label *label, ouro_value value, void *context) {
    search *s = context;
    const ouro_object *object = ouro_value_object(value);
    if (object == NULL || ouro_object_known_id(object) != s->wanted) return true;
    write_label(&s->label, s->heap, label);
    s->key = label->kind == OURO_LABEL_KEY;
    s->found = true;
    return false;
}

void ouro_lua_push_member(lua_State *L, binding *b, uint64_t id, uint64_t next) {
    char type[NAME_SIZE] = "";
    search s = {.heap = b->heap, .wanted = next};
    ouro_object *object = ouro_object_by_id(b->heap, id);
    if (object != NULL) {
        snprintf(type, sizeof type, "%s", ouro_type_name(ouro_object_type(object)));
        if (next != 0) ouro_object_refs(object, find_reference, &s);
    }
    if (object == NULL) {
        lua_pushfstring(L, "#%I (dead)", (LUAI_UACINT)id);
    } else if (next == 0) {
        lua_pushfstring(L, "#%I ", (LUAI_UACINT)id);
        object = ouro_object_by_id(b->heap, id);
        if (object != NULL) ouro_lua_push_plain(L, b, object);
        else lua_pushliteral(L, "(dead)");
        lua_concat(L, 2);
    } else if (!s.found) {
        lua_pushfstring(L, "#%I", (LUAI_UACINT)id);
    } else if (s.key) {
        lua_pushfstring(L, "key of #%I", (LUAI_UACINT)id);
    } else {
        push_place(L, id, &s.label);
    }
    push_table(L, id, type[0] != '\0' ? type : NULL, s.found ? &s.label : NULL);
}

/* ---- arrays of entries ------------------------------------------------------------------- */

/* The array prints so many of its items. */
#define LINES 40

int ouro_lua_lines_to_string(lua_State *L) {
    luaL_Buffer text;
    lua_settop(L, 1);
    lua_Integer count = luaL_len(L, 1);
    if (count == 0) {
        lua_getmetatable(L, 1);
        lua_getfield(L, -1, "__name");
        return 1;
    }
    luaL_buffinit(L, &text);
    for (lua_Integer i = 1; i <= count && i <= LINES; i++) {
        if (i > 1) luaL_addchar(&text, '\n');
        lua_geti(L, 1, i);
        luaL_tolstring(L, -1, NULL);
        lua_remove(L, -2);
        luaL_addvalue(&text);
    }
    if (count > LINES) {
        lua_pushfstring(L, "\n... %I more", (LUAI_UACINT)(count - LINES));
        luaL_addvalue(&text);
    }
    luaL_pushresult(&text);
    return 1;
}

void ouro_lua_set_lines(lua_State *L, const char *none) {
    static const luaL_Reg functions[] = {{"__tostring", ouro_lua_lines_to_string}, {NULL, NULL}};
    ouro_lua_set_view(L, none, functions, NULL);
}
