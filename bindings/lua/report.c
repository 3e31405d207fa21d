/* SPDX-License-Identifier: MIT */
/* Report: errors of finalizers and callbacks, tracebacks, and text by repr. */
#include <stdio.h>
#include <string.h>

#include "pool.h"
#include "reports.h"

void ouro_lua_name_object(ouro_object *object, char *buffer, size_t size) {
    uint64_t id;
    const char *type = ouro_lua_object_type_name(object);
    if (ouro_object_id(object, &id) == OURO_OK)
        snprintf(buffer, size, "%s #%llu", type, (unsigned long long)id);
    else snprintf(buffer, size, "%s", type);
}

/* ---- protected calls --------------------------------------------------------------------- */

/* Appends the frames that `call` has pushed; main alone is not worth a line. */
static void add_managed_frames(lua_State *L, ouro_heap *heap) {
    size_t depth = ouro_frame_depth(heap);
    for (size_t i = 0; i + 1 < depth && i < 10; i++) {
        ouro_object *frame = ouro_frame_at(heap, i);
        lua_pushfstring(L, "%s\n\tframe %s: %d names", i == 0 ? "\nmanaged frames:" : "",
                        ouro_frame_name(frame), (int)ouro_frame_count(frame));
        lua_concat(L, 2);
    }
}

static int add_traceback(lua_State *L) {
    const binding *b = ouro_lua_calling(ouro_lua_pool(L));
    const char *message = lua_tostring(L, 1);
    if (message == NULL) {
        if (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING)
            message = lua_tostring(L, -1);
        else message = lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
    }
    luaL_traceback(L, L, message, 1);
    if (b != NULL && b->heap != NULL) add_managed_frames(L, b->heap);
    return 1;
}

/* Called by the core's callbacks: nothing in it may raise, so the handler is no closure. */
int ouro_lua_pcall(lua_State *L, binding *b, int arguments, int results) {
    int function = lua_gettop(L) - arguments;
    lua_pushcfunction(L, add_traceback);
    lua_insert(L, function);
    binding *outer = ouro_lua_set_calling(b->pool, b);
    int status = lua_pcall(L, arguments, results, function);
    ouro_lua_set_calling(b->pool, outer);
    lua_remove(L, function);
    return status;
}

/* ---- reports ----------------------------------------------------------------------------- */

/* The error there; only strings, since converting needs memory. */
static const char *message_at(lua_State *L, int index) {
    return lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "(no message)";
}

static void print_report(const char *what, const char *text) {
    fflush(stdout);
    fprintf(stderr, "ouro: error in %s: %s\n", what, text);
    fflush(stderr);
}

typedef struct report {
    binding *b;
    const char *what, *type, *text;
    uint64_t id;
} report;

/* 1: the report. Calls the handler of gc.on_error. */
static int call_handler(lua_State *L) {
    const report *r = lua_touserdata(L, 1);
    const char *text = r->text;
    const char *rest = strstr(text, "\nstack traceback:");
    ouro_lua_need_own(L, r->b, r->b->on_error);
    lua_createtable(L, 0, 5);
    lua_pushlstring(L, text, rest != NULL ? (size_t)(rest - text) : strlen(text));
    lua_setfield(L, -2, "message");
    lua_pushstring(L, rest != NULL ? rest + 1 : "");
    lua_setfield(L, -2, "traceback");
    lua_pushstring(L, r->what);
    lua_setfield(L, -2, "what");
    if (r->type != NULL) {
        lua_pushstring(L, r->type);
        lua_setfield(L, -2, "type");
    }
    if (r->id != 0) {
        lua_pushinteger(L, (lua_Integer)r->id);
        lua_setfield(L, -2, "id");
    }
    lua_call(L, 1, 0);
    return 0;
}

/* Returns whether the handler has dealt with it. What the handler itself causes is printed:
 * it would never end. */
static bool handled(lua_State *L, report *r) {
    binding *b = r->b;
    if (b->on_error == LUA_NOREF || b->reporting) return false;
    lua_pushcfunction(L, call_handler);
    lua_pushlightuserdata(L, r);
    b->reporting = true;
    int status = ouro_lua_pcall(L, b, 1, 0);
    b->reporting = false;
    if (status == LUA_OK) return true;
    print_report("the handler of gc.on_error", message_at(L, -1));
    lua_pop(L, 1);
    return false;
}

void ouro_lua_count_error(binding *b, ouro_object *about) {
    if (b->pool->reports != NULL) ++*b->pool->reports;
    if (b->heap != NULL) ouro_report_error(b->heap, about);
}

void ouro_lua_count_reports(lua_State *L, uint64_t *count) {
    ouro_lua_pool(L)->reports = count;
}

void ouro_lua_report(lua_State *L, binding *b, ouro_object *about, const char *what) {
    report r = {.b = b, .what = what, .text = message_at(L, -1)};
    if (about != NULL) {
        r.type = ouro_lua_object_type_name(about);
        r.id = ouro_object_known_id(about);
    }
    ouro_lua_count_error(b, about);
    if (!lua_checkstack(L, 10)) {
        print_report(what, "not enough memory to tell");
        lua_pop(L, 1);
        return;
    }
    if (!handled(L, &r)) print_report(what, r.text);
    lua_pop(L, 1);
}

/* ---- repr -------------------------------------------------------------------------------- */

typedef struct custom {
    lua_State *L;
    binding *b;
    ouro_object *object;
    ouro_text *text;
    const struct custom *outer; /* the object whose __repr is running, if one is */
} custom;

/* 1: the custom. Returns the text, or nothing when the class has no __repr. */
static int call_repr(lua_State *L) {
    const custom *c = lua_touserdata(L, 1);
    ouro_lua_push_object(L, c->b, c->object);
    if (!ouro_lua_push_class_attribute(L, c->b, c->object, "__repr", 6)) return 0;
    lua_insert(L, -2);
    lua_call(L, 1, 1);
    if (!lua_isstring(L, -1)) return luaL_error(L, "__repr has to return a string");
    return 1;
}

ouro_status ouro_lua_repr_of_box(lua_State *L, const binding *b, ouro_object *box,
                                 ouro_text *text) {
    char line[LUA_IDSIZE + 40];
    lua_Debug where;
    if (!lua_checkstack(L, 4)) return OURO_E_KEY;
    if (!ouro_lua_push_box(L, b, box)) return OURO_E_KEY;
    snprintf(line, sizeof line, "<%s>", luaL_typename(L, -1));
    if (lua_isfunction(L, -1) && !lua_iscfunction(L, -1)) {
        lua_getinfo(L, ">S", &where);
        snprintf(line, sizeof line, "<function %s:%d>", where.short_src, where.linedefined);
    } else {
        lua_pop(L, 1);
    }
    return ouro_text_add(text, line, strlen(line));
}

/* "Node(...)", where the text of an object returns to it by way of its own __repr. */
static ouro_status repr_of_return(const ouro_object *object, ouro_text *text) {
    const char *name = ouro_type_name(ouro_object_type(object));
    ouro_status status = ouro_text_add(text, name, strlen(name));
    return status == OURO_OK ? ouro_text_add(text, "(...)", 5) : status;
}

static bool is_being_printed(const custom *innermost, const ouro_object *object) {
    for (const custom *c = innermost; c != NULL; c = c->outer)
        if (c->object == object) return true;
    return false;
}

static ouro_status repr_by_class(ouro_object *object, ouro_text *text, void *context) {
    custom c = *(custom *)context;
    if (ouro_object_type(object) == c.b->box) return ouro_lua_repr_of_box(c.L, c.b, object, text);
    ouro_object *cls = ouro_record_class(object);
    if (cls == NULL || ouro_value_same(ouro_class_lookup(cls, "__repr", 6), OURO_ABSENT))
        return OURO_E_KEY;
    if (is_being_printed(c.outer, object)) return repr_of_return(object, text);
    if (!lua_checkstack(c.L, 8)) return OURO_E_NOMEM;
    c.object = object;
    c.b->printing = &c;
    lua_pushcfunction(c.L, call_repr);
    lua_pushlightuserdata(c.L, &c);
    ouro_status status = OURO_E_KEY;
    size_t length;
    int result = lua_pcall(c.L, 1, 1, 0);
    c.b->printing = c.outer;
    if (result != LUA_OK) return ouro_lua_keep_error(c.L, c.b);
    if (lua_type(c.L, -1) == LUA_TSTRING) {
        const char *bytes = lua_tolstring(c.L, -1, &length);
        status = ouro_text_add(text, bytes, length);
    }
    lua_pop(c.L, 1);
    return status;
}

void ouro_lua_push_repr(lua_State *L, binding *b, ouro_value v, size_t max_depth,
                        size_t max_items) {
    custom c = {.L = L, .b = b, .outer = b->printing};
    ouro_text text = {.heap = b->heap};
    ouro_repr_options options = {.struct_size = sizeof options,
                                 .max_depth = max_depth,
                                 .max_items = max_items,
                                 .custom = repr_by_class,
                                 .context = &c};
    b->busy++;
    ouro_status status = ouro_repr(b->heap, v, &options, &text);
    b->busy--;
    b->current = L;
    if (status != OURO_OK) ouro_text_free(&text);
    ouro_lua_check(L, b, status);
    ouro_lua_push_text(L, &text);
}
