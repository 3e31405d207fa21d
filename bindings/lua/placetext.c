/* SPDX-License-Identifier: MIT */
/* Place text: writes a place down (places.h). A path begins at what has a name: a variable, a
 * global, a module, or the managed object that keeps the Lua value: `#3.data.list[4]`. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "places.h"

/* ---- text that is cut -------------------------------------------------------------------- */

typedef struct text {
    char bytes[sizeof((place *)NULL)->text];
    size_t length;
    bool cut;
} text;

/* What does not fit is left out, and the end says so. */
static void add_bytes(text *t, const char *bytes, size_t length) {
    size_t room = sizeof t->bytes - 4 - t->length;
    if (t->cut) return;
    t->cut = length > room;
    if (t->cut) {
        ouro_lua_copy_text(t->bytes + t->length, room + 4, bytes, length);
        t->length += strlen(t->bytes + t->length);
        return;
    }
    memcpy(t->bytes + t->length, bytes, length);
    t->length += length;
    t->bytes[t->length] = '\0';
}

static void add_text(text *t, const char *bytes) {
    add_bytes(t, bytes, strlen(bytes));
}

OURO_PRINTF(2, 3) static void add_format(text *t, const char *format, ...) {
    char buffer[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    add_text(t, buffer);
}

/* ---- keys -------------------------------------------------------------------------------- */

static bool is_name(const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9')) return false;
    }
    return length > 0 && length <= 60;
}

static void add_quoted(text *t, const char *bytes, size_t length) {
    char shown[44];
    ouro_lua_copy_text(shown, sizeof shown, bytes, length);
    add_text(t, "[\"");
    for (const char *c = shown; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') add_format(t, "\\%c", *c);
        else if ((unsigned char)*c < ' ' || *c == 127) add_format(t, "\\%03u", (unsigned char)*c);
        else add_bytes(t, c, 1);
    }
    add_text(t, "\"]");
}

/* base: the key is the first of the path, and a name then stands for itself. */
static void add_key(text *t, const edge *e, bool base) {
    uint64_t id;
    switch ((key_kind)e->key) {
    case KEY_STRING:
        if (!is_name(e->text, e->length)) {
            add_quoted(t, e->text, e->length);
            return;
        }
        if (!base) add_text(t, ".");
        add_bytes(t, e->text, e->length);
        return;
    case KEY_INTEGER: add_format(t, "[%lld]", (long long)e->integer); return;
    case KEY_FLOAT: add_format(t, "[%.14g]", (double)e->number); return;
    case KEY_BOOLEAN: add_text(t, e->integer != 0 ? "[true]" : "[false]"); return;
    case KEY_HANDLE:
        if (ouro_object_id(e->object, &id) == OURO_OK)
            add_format(t, "[#%llu]", (unsigned long long)id);
        return;
    case KEY_OTHER: add_text(t, "[?]"); return;
    }
}

/* ---- what has a name --------------------------------------------------------------------- */

static const frame_note *frame_of(const walk *w, const edge *e) {
    return (const frame_note *)(const void *)(w->frames->bytes + e->length);
}

static lua_State *thread_of(const walk *w, uint32_t node) {
    lua_rawgeti(w->L, WALK_NODES, (lua_Integer)node + 1);
    lua_State *thread = lua_tothread(w->L, -1);
    lua_pop(w->L, 1); /* the table keeps it */
    return thread;
}

static void add_thread(const walk *w, text *t, lua_State *thread) {
    char where[LUA_IDSIZE + 48];
    if (thread == w->L || thread == w->main) return;
    ouro_lua_describe_thread(thread, where, sizeof where);
    add_format(t, " in coroutine %s", where);
}

static void add_line(text *t, const frame_note *frame) {
    if (frame->line > 0) add_format(t, " at %s:%d", frame->source, frame->line);
}

static void add_local(const walk *w, text *t, const edge *e) {
    const frame_note *frame = frame_of(w, e);
    if (frame->c && frame->name[0] != '\0') add_format(t, "in a call of '%s'", frame->name);
    else if (frame->c) add_text(t, "in a call of a C function");
    else if (strncmp(e->text, "(for", 4) == 0) add_text(t, "for loop");
    else if (strcmp(e->text, "(vararg)") == 0) add_format(t, "vararg %d", e->key);
    else if (e->text[0] == '(') add_text(t, "temporary");
    else add_format(t, "local '%.100s'", e->text);
    add_line(t, frame);
    add_thread(w, t, thread_of(w, e->parent));
}

typedef struct box_search {
    walk *w;
    bool found;
} box_search;

static bool note_box(ouro_object *referrer, const ouro_label *label, void *context) {
    box_search *s = context;
    s->found = true;
    s->w->last_framed = referrer != NULL && ouro_is_frame(referrer);
    ouro_lua_write_reference(ouro_object_heap(s->w->last_box), referrer, label, s->w->last_place,
                             sizeof s->w->last_place);
    return false;
}

/* Where the box is in the managed heap: "#3.data"; of a name in a frame: the name. */
static const char *find_box(walk *w, ouro_object *box) {
    box_search s = {.w = w};
    if (w->last_box == box) return w->last_place;
    w->last_box = box;
    w->last_framed = false;
    snprintf(w->last_place, sizeof w->last_place, "(managed object)");
    ouro_object_referrers(box, note_box, &s);
    return w->last_place;
}

/* "function at script.lua:3"; what it is in, where that is a managed object. */
static void add_function(walk *w, text *t, uint32_t node, place *p) {
    lua_Debug where;
    const edge *e = ouro_lua_walk_edge(w, node);
    lua_rawgeti(w->L, WALK_NODES, (lua_Integer)node + 1);
    lua_getinfo(w->L, ">S", &where);
    if (*where.what == 'C') {
        add_text(t, "C function");
    } else {
        add_format(t, "function at %s:%d", where.short_src, where.linedefined);
        if (p != NULL) {
            p->line = where.linedefined;
            snprintf(p->source, sizeof p->source, "%s", where.short_src);
        }
    }
    if (e->kind != EDGE_BOX) return;
    const char *box = find_box(w, e->object);
    if (!w->last_framed) add_format(t, " in %s", box);
}

static bool is_named_upvalue(const edge *e) {
    return e->kind == EDGE_UPVALUE && e->text[0] != '\0';
}

static void add_upvalue(walk *w, text *t, const edge *e, place *p) {
    if (is_named_upvalue(e)) add_format(t, "upvalue '%.100s' of ", e->text);
    else add_format(t, "upvalue %d of ", (int)e->length);
    add_function(w, t, e->parent, p);
}

static bool is_origin(const edge *e) {
    return e->kind != EDGE_FIELD && e->kind != EDGE_KEY && e->kind != EDGE_METATABLE &&
           e->kind != EDGE_USERVALUE && (e->kind != EDGE_UPVALUE || is_named_upvalue(e));
}

/* How a path begins: false: its first key stands alone. */
static bool add_origin(walk *w, text *t, const edge *e) {
    switch ((edge_kind)e->kind) {
    case EDGE_GLOBALS: return false;
    case EDGE_LOCAL:
    case EDGE_UPVALUE:
        add_format(t, "%.100s", e->text);
        break;
    case EDGE_BOX: {
        const char *box = find_box(w, e->object);
        size_t name = w->last_framed && strncmp(box, "name ", 5) == 0 ? 5 : 0;
        size_t length = name != 0 ? strcspn(box + name, " ") : strlen(box);
        add_bytes(t, box + name, length);
        break;
    }
    case EDGE_CALLED: add_text(t, "(running function)"); break;
    case EDGE_PENDING: add_text(t, "(coroutine not begun)"); break;
    default: add_text(t, e->text); break;
    }
    return true;
}

/* What the origin is, where its name alone does not tell. */
static void add_where(walk *w, text *t, const edge *e) {
    if (e->kind == EDGE_LOCAL) {
        add_text(t, ", ");
        add_local(w, t, e);
    } else if (e->kind == EDGE_UPVALUE) {
        add_text(t, ", ");
        add_upvalue(w, t, e, NULL);
    } else if (e->kind == EDGE_BOX) {
        const char *box = find_box(w, e->object);
        if (w->last_framed) add_format(t, ", %s", box);
    } else if (e->kind == EDGE_PENDING || e->kind == EDGE_CALLED) {
        add_thread(w, t, thread_of(w, e->parent));
    }
}

/* ---- paths ------------------------------------------------------------------------------- */

/* A path shows so many steps at its beginning and its end. */
#define FIRST 3
#define LAST 5

/* The steps of a path: edges from its origin on. */
typedef struct path {
    const edge *origin;
    const edge *first[FIRST], *last[LAST]; /* last: the last one first */
    size_t count;
} path;

static void find_path(const walk *w, uint32_t node, path *p) {
    const edge *e = ouro_lua_walk_edge(w, node);
    p->count = 0;
    for (; !is_origin(e); e = ouro_lua_walk_edge(w, e->parent)) {
        if (p->count < LAST) p->last[p->count] = e;
        for (size_t i = FIRST - 1; i > 0; i--) p->first[i] = p->first[i - 1];
        p->first[0] = e;
        p->count++;
    }
    p->origin = e;
}

/* The path with one step more: "P.key", "getmetatable(P)". */
static void add_step(text *t, const edge *e, bool base) {
    text before = *t;
    if (e->kind == EDGE_FIELD) {
        add_key(t, e, base);
        return;
    }
    *t = (text){.length = 0};
    if (e->kind == EDGE_METATABLE) add_text(t, "getmetatable(");
    else if (e->kind == EDGE_KEY) add_text(t, "(key of ");
    else if (e->kind == EDGE_UPVALUE) add_format(t, "(upvalue %d of ", (int)e->length);
    else add_format(t, "(user value %d of ", (int)e->integer);
    add_bytes(t, before.bytes, before.length);
    add_text(t, ")");
}

static void add_path(walk *w, text *to, const path *p) {
    text whole = {.length = 0}, *t = &whole; /* a step may put something before it */
    bool base = !add_origin(w, t, p->origin);
    if (base && (p->count == 0 || p->first[0]->kind != EDGE_FIELD ||
                 p->first[0]->key != KEY_STRING)) {
        add_text(t, "_G");
        base = false;
    }
    for (size_t i = 0; i < p->count; i++) {
        size_t left = p->count - i;
        if (i == FIRST && left > LAST) {
            add_format(t, " ... %zu more ... ", left - LAST);
            i = p->count - LAST;
            left = LAST;
        }
        add_step(t, left <= LAST ? p->last[left - 1] : p->first[i], base && i == 0);
    }
    add_bytes(to, t->bytes, t->length);
}

/* ---- places ------------------------------------------------------------------------------ */

static void write_label(place *p, const edge *e) {
    text label = {.length = 0};
    if (e->kind == EDGE_FIELD) add_key(&label, e, true);
    else if (e->kind == EDGE_UPVALUE || e->kind == EDGE_LOCAL) add_text(&label, e->text);
    ouro_lua_copy_text(p->label, sizeof p->label, label.bytes, label.length);
}

/* In a table: "t.list[4] of table", or as a key: "key of t.list". */
static void write_in_table(walk *w, text *t, const edge *e, place *p) {
    path to;
    find_path(w, e->parent, &to);
    p->kind = e->kind == EDGE_KEY ? "key" : e->kind == EDGE_FIELD ? "field" : "user value";
    if (to.origin->kind == EDGE_GLOBALS && to.count == 0 && e->kind == EDGE_FIELD &&
        e->key == KEY_STRING) {
        p->kind = "global";
        add_text(t, "global '");
        add_bytes(t, e->text, e->length);
        add_text(t, "'");
        return;
    }
    if (e->kind == EDGE_KEY) add_text(t, "key of table ");
    if (e->kind == EDGE_USERVALUE) add_format(t, "user value %d of ", (int)e->integer);
    add_path(w, t, &to);
    if (e->kind == EDGE_FIELD) {
        add_key(t, e, false);
        add_text(t, " of table");
    }
    add_where(w, t, to.origin);
}

void ouro_lua_write_place(walk *w, const edge *e, place *p) {
    text t = {.length = 0};
    write_label(p, e);
    if (e->kind == EDGE_LOCAL) {
        const frame_note *frame = frame_of(w, e);
        p->kind = "local";
        p->line = frame->line > 0 ? frame->line : 0;
        snprintf(p->source, sizeof p->source, "%s", frame->source);
        add_local(w, &t, e);
    } else if (e->kind == EDGE_PENDING) {
        p->kind = "argument";
        add_text(&t, "argument");
        add_thread(w, &t, thread_of(w, e->parent));
    } else if (e->kind == EDGE_UPVALUE) {
        path to;
        p->kind = "upvalue";
        add_upvalue(w, &t, e, p);
        find_path(w, e->parent, &to);
        if (!is_named_upvalue(e) && to.origin->kind != EDGE_CALLED) {
            add_text(&t, " ");
            add_path(w, &t, &to);
            add_where(w, &t, to.origin);
        }
    } else {
        write_in_table(w, &t, e, p);
    }
    memcpy(p->text, t.bytes, t.length + 1);
}
