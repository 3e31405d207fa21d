/* SPDX-License-Identifier: MIT */
/* Chunk: a byte string drives a grammar that writes a chunk of Lua over the module's calls:
 * names, fields, weak references, finalizers, deletions, collections, coroutines, closures in
 * managed objects, errors. The chunk runs in a fresh state, each statement protected, with a
 * limit of instructions; then the heap has to check, and to close. Aborts when it does not. */
#include <ctype.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSTRUCTIONS 20000
#define DEPTH 4

int luaopen_ouro(lua_State *L);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

typedef struct writer {
    const uint8_t *bytes;
    size_t left;
    char text[1 << 15];
    size_t length;
    int depth;
} writer;

static unsigned next(writer *w, unsigned below) {
    if (w->left == 0) return 0;
    w->left--;
    return *w->bytes++ % below;
}

static bool is_full(const writer *w) {
    return w->length > sizeof w->text - 2000;
}

/* What a template may hold beside text: E an expression, S a statement, N a name, V a local,
 * D a digit, O an operator of comparison. */
static void write_template(writer *w, const char *template);

static const char *const expressions[] = {
    "nil", "D", "true", "'text D'", "N", "N", "N", "V", "V", "1 << 62 + D", "D / 7",
    "list{E, E}", "list{N}", "tuple{E, E}", "dict{a = E, b = E}", "set{E, E}",
    "object{a = E, next = E}", "Slotted(E, E)", "Slotted(N)", "Final(E, N)", "Open{a = E}",
    "N.next", "N.a", "N[D]", "#N", "copy(E)", "deepcopy(E)", "weak(N)",
    "weak(N, function(x) S end)", "finalize(N, function(...) S end, E)", "V()", "N()",
    "function(x) S return E end", "{E, a = E}", "setmetatable({E}, {__gc = function() S end})",
    "coroutine.wrap(function() local q = E coroutine.yield(q) S return q end)",
    "call(function(_ENV, q) S a = q S return E end, E)", "build.ring(D)", "build.chain(D)",
    "build.tree(2, 2)", "id(N)", "refcount(N)", "repr(E)", "tostring(E)", "heap.cycles()",
    "heap.leaked()", "gc.referrers(N)", "gc.referents(N)", "holders(N)", "gc.collect(D)",
    "E O E", "gc.objects()", "#heap.census()", "N:pop()", "pcall(function() S end)", "typeof(E)",
    "class('K', {'a'}, Slotted)", "heap.frame('f')", "gc.garbage", "isinstance(E, Slotted)"};

static const char *const statements[] = {
    "N = E", "N = E", "N = E", "V = E", "V = E", "N.next = E", "N.a = E", "N[D] = E",
    "N[E] = E", "N:append(E)", "N:extend(E)", "N:insert(D, E)", "N:remove(E)", "N:reverse()",
    "N:sort(function(x, y) S return E end)", "del 'N'", "del('N', 'N')", "del(N, 'next')",
    "del(N, D)", "clear(N)", "pin(N)", "unpin(N)", "gc.collect()", "collect()", "settle()",
    "collectgarbage()", "for k, v in pairs(N) do S end", "for l, v in attrs(N) do S end",
    "for i, v in ipairs(N) do S end", "do local q <close> = E S end", "error(E)", "error('D')",
    "function Slotted:__del() S end", "function Final:__eq(other) S return E end",
    "function Final:__repr() S return E end", "gc.freeze()", "gc.unfreeze()", "gc.disable()",
    "gc.enable()", "gc.policy('refcount')", "gc.policy('generational')",
    "gc.policy('trial')", "gc.policy('incremental')", "gc.policy('tracing')", "gc.saveall(D > 4)",
    /* Handlers that make objects multiply events, until a bound that takes a minute. */
    "gc.on('death', function(e) V = e end)", "gc.on('birth', function(e) V = e.id end)",
    "gc.threshold(D)", "V:detach()", "S S", "if E then S else S end", "coroutine.yield(E)",
    "coroutine.wrap(function() S coroutine.yield() S end)()", "V = nil", "N = nil",
    "rawset(_ENV, 'D', E)", "heap.check()", "local q = E S N = q", "V.atexit = E",
    "gc.on('death', nil)", "heap.close()"};

static void write_plain(writer *w, const char *text) {
    size_t length = strlen(text);
    if (w->length + length >= sizeof w->text) return;
    memcpy(w->text + w->length, text, length + 1);
    w->length += length;
}

static void write_letter(writer *w, const char *letters, const char *before) {
    char text[8];
    snprintf(text, sizeof text, "%s%c", before, letters[next(w, (unsigned)strlen(letters))]);
    write_plain(w, text);
}

/* Recursion is bounded by DEPTH: below it, only the simple ones at the front are written. */
static void write_one(writer *w, const char *const *list, unsigned count, unsigned simple) {
    bool deep = w->depth >= DEPTH || is_full(w) || w->left == 0;
    w->depth++;
    write_template(w, list[next(w, deep ? simple : count)]);
    w->depth--;
}

static bool is_wordy(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

static void write_template(writer *w, const char *template) {
    static const char *const operators[] = {" == ", " < ", " .. ", " + ", " and ", " or "};
    for (const char *c = template; *c != '\0'; c++) {
        bool alone = (c == template || !is_wordy(c[-1])) && !is_wordy(c[1]);
        char text[2] = {*c, '\0'};
        if (!alone) write_plain(w, text);
        else if (*c == 'E') write_one(w, expressions, sizeof expressions / sizeof *expressions, 9);
        else if (*c == 'S' && w->depth > DEPTH) write_plain(w, "V1 = nil ");
        else if (*c == 'S')
            write_one(w, statements, sizeof statements / sizeof *statements, 5);
        else if (*c == 'N') write_letter(w, "abcdef", "");
        else if (*c == 'V') write_letter(w, "123", "V");
        else if (*c == 'D') write_letter(w, "012345678", "");
        else if (*c == 'O') write_plain(w, operators[next(w, 6)]);
        else write_plain(w, text);
    }
    write_plain(w, " ");
}

static void write_chunk(writer *w) {
    write_plain(w,
                "local V1, V2, V3\n"
                "Slotted, Final = class('Slotted', {'val', 'next'}), class('Final', {'val', "
                "'next', 'a'})\nOpen = class 'Open'\ngc.on_error(function() end)\n"
                "function Final:__del() ");
    write_template(w, "S");
    write_plain(w, "end\na, b, c = Slotted(1), list{1, 2}, Final(2)\n");
    while (w->left > 0 && !is_full(w)) {
        w->depth = 0;
        write_plain(w, "pcall(function() ");
        write_template(w, "S");
        write_plain(w, "end)\n");
    }
}

/* ---- running it -------------------------------------------------------------------------- */

static void stop(lua_State *L, lua_Debug *ar) {
    (void)ar;
    luaL_error(L, "enough");
}

static int run(lua_State *L) {
    const char *chunk = lua_touserdata(L, 1);
    luaL_openlibs(L);
    lua_pushnil(L);
    lua_setglobal(L, "print");
    lua_pushnil(L);
    lua_setglobal(L, "os");
    lua_pushnil(L);
    lua_setglobal(L, "io");
    luaL_requiref(L, "ouro", luaopen_ouro, 0);
    if (luaL_loadstring(L, chunk) != LUA_OK) return lua_error(L);
    lua_getfield(L, 2, "frame");
    lua_call(L, 0, 1);
    lua_setupvalue(L, -2, 1);
    lua_sethook(L, stop, LUA_MASKCOUNT, INSTRUCTIONS);
    lua_pcall(L, 0, 0, 0);
    lua_sethook(L, NULL, 0, 0);
    return 0;
}

static int check(lua_State *L) {
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, "ouro");
    lua_getfield(L, -1, "heap");
    lua_getfield(L, -1, "check");
    lua_call(L, 0, 0);
    return 0;
}

/* The heap may have been closed by the chunk; else it has to check. */
static void must_check(lua_State *L, const char *chunk) {
    lua_settop(L, 0);
    lua_pushcfunction(L, check);
    if (lua_pcall(L, 0, 0, 0) == LUA_OK || strstr(lua_tostring(L, -1), "closed") != NULL) return;
    fprintf(stderr, "%s\n-- %s\n", chunk, lua_tostring(L, -1));
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static writer w;
    w = (writer){.bytes = bytes, .left = size < 2000 ? size : 2000};
    write_chunk(&w);
    if (getenv("FUZZ_SHOW") != NULL) fprintf(stderr, "%s", w.text);
    lua_State *L = luaL_newstate();
    if (L == NULL) return 0;
    lua_pushcfunction(L, run);
    lua_pushlightuserdata(L, w.text);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
        fprintf(stderr, "%s\n-- %s\n", w.text, lua_tostring(L, -1));
        abort();
    }
    must_check(L, w.text);
    lua_close(L);
    return 0;
}
