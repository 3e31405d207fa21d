/* SPDX-License-Identifier: MIT */
/* Underneath: Lua states that end and that run out of memory, with live heaps in them. A state
 * has an allocator of its own, which fails at the n-th request or beyond a number of bytes, and
 * counts: after lua_close not one byte of Lua's may be left. The scripts use finalizers,
 * callbacks, records, coroutines, calls, closed variables and other heaps. (oom.c makes the
 * allocations of the heap fail, too.) */
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int luaopen_ouro(lua_State *L);

/* ---- an allocator that fails ------------------------------------------------------------- */

#define NEVER (SIZE_MAX - 1)

typedef struct budget {
    size_t used, limit;      /* bytes; limit 0: none */
    size_t requests, fail_at; /* of the requests these two fail: this one and the next */
} budget;

static void *allocate(void *user, void *block, size_t old_size, size_t new_size) {
    budget *b = user;
    size_t before = block != NULL ? old_size : 0;
    if (new_size == 0) {
        b->used -= before;
        free(block);
        return NULL;
    }
    /* Lua must be able to shrink. */
    if (new_size > before) {
        /* Lua collects and asks once more: that fails, too. */
        b->requests++;
        if (b->requests == b->fail_at || b->requests == b->fail_at + 1) return NULL;
        if (b->limit != 0 && b->used - before + new_size > b->limit) return NULL;
    }
    void *result = realloc(block, new_size);
    if (result != NULL) b->used = b->used - before + new_size;
    return result;
}

/* ---- scripts ----------------------------------------------------------------------------- */

static const char *const mix[] = {
    /* Deaths by count and by collection, with all that runs then. */
    "local dead = 0\n"
    "Node = class('Node', {'a', 'b'})\n"
    "function Node:__del() dead = dead + 1 self.b = {} collectgarbage('step') end\n"
    "for i = 1, 20 do\n"
    "  x = Node(list{i}) x.a:append(x)\n"
    "  local w = weak(x, function() dead = dead + #tostring(list{i}) end)\n"
    "  finalize(x, function(...) dead = dead + select('#', ...) end, i, {}, print)\n"
    "  x = nil if i % 5 == 0 then collect() end\n"
    "end\n",
    /* Coroutines that hold, are closed, and are left. */
    "local kept = {}\n"
    "for i = 1, 12 do\n"
    "  local co = coroutine.create(function(...)\n"
    "    local a <close> = object{n = i}\n"
    "    local b = dict{k = a, [i] = {a}}\n"
    "    return call(function(_ENV, v) c = v coroutine.yield(b) return c end, a)\n"
    "  end)\n"
    "  kept[list{i}] = coroutine.resume(co)\n"
    "  if i % 3 == 0 then coroutine.close(co) elseif i % 3 == 1 then coroutine.resume(co) end\n"
    "end\n",
    /* Heaps beside each other, closed in any way, with handles that outlive them. */
    "local left = {}\n"
    "for i = 1, 4 do\n"
    "  local h = heap{}\n"
    "  local C = h:class('C', {'n'})\n"
    "  function C:__del() left[#left + 1] = self h:list{self} end\n"
    "  local names = h:frame() names.x = C(h:tuple{i, 'text' .. i})\n"
    "  names.f = function() return h end\n"
    "  left[#left + 1] = names.x if i % 2 == 0 then h:close() end\n"
    "end\n"
    "pcall(function() return left[1].n end)\n",
    /* Errors, texts, sorting, large strings. */
    "local l = list{}\n"
    "for i = 1, 30 do l:append(tuple{i * 7 % 13, ('x'):rep(i)}) end\n"
    "l:sort(function(a, b) return a[1] < b[1] end)\n"
    "for i = 1, 10 do pcall(error, l) pcall(function() return l[100] end) end\n"
    "y = deepcopy(l) assert(#repr(y) > 10) s = set{1, 2, 'three'} names() stack() gc.stats()\n"
    "assert(y == l)\n"
    "setmetatable({l}, {__gc = function(t) z = t[1] collect() end}) collectgarbage()\n",
};
#define MIX_COUNT (sizeof mix / sizeof *mix)

/* Argument: the script as light userdata. */
static int run_script(lua_State *L) {
    luaL_openlibs(L);
    luaL_requiref(L, "ouro", luaopen_ouro, 0);
    if (luaL_loadstring(L, lua_touserdata(L, 1)) != LUA_OK) return lua_error(L);
    lua_getfield(L, 2, "frame");
    lua_call(L, 0, 1);
    lua_setupvalue(L, -2, 1);
    lua_call(L, 0, 0);
    return 0;
}

static int run(lua_State *L, const char *script) {
    lua_pushcfunction(L, run_script);
    lua_pushlightuserdata(L, (void *)script);
    return lua_pcall(L, 1, 0, 0);
}

static int check_heap(lua_State *L) {
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    if (lua_isnil(L, -1) || lua_getfield(L, -1, "ouro") == LUA_TNIL) return 0;
    lua_getfield(L, -1, "heap");
    lua_getfield(L, -1, "check");
    lua_call(L, 0, 0);
    return 0;
}

static bool checks(lua_State *L) {
    lua_settop(L, 0);
    lua_pushcfunction(L, check_heap);
    return lua_pcall(L, 0, 0, 0) == LUA_OK;
}

/* ---- the tests --------------------------------------------------------------------------- */

static FILE *out;
static int test_count, failures;

static void report(bool good, const char *name) {
    failures += !good;
    fprintf(out, "%sok %d - %s\n", good ? "" : "not ", ++test_count, name);
}

/* Runs one script under the budget, which tells how many requests that took. Whether all was
 * well, and in *ret_done whether the script got to its end. */
static bool run_limited(const char *script, budget *b, bool *ret_done) {
    size_t limit = b->limit, fail_at = b->fail_at;
    *ret_done = false;
    lua_State *L = lua_newstate(allocate, b);
    if (L == NULL) return b->used == 0;
    *ret_done = run(L, script) == LUA_OK;
    *b = (budget){.used = b->used, .requests = b->requests, .fail_at = NEVER};
    bool good = checks(L);
    lua_close(L);
    if (!good) fprintf(out, "# limit %zu, request %zu: the heap does not check\n", limit, fail_at);
    if (b->used != 0)
        fprintf(out, "# limit %zu, request %zu: %zu bytes left\n", limit, fail_at, b->used);
    return good && b->used == 0;
}

static void fail_each_request(void) {
    for (size_t i = 0; i < MIX_COUNT; i++) {
        bool done;
        budget whole = {.fail_at = NEVER};
        bool good = run_limited(mix[i], &whole, &done) && done;
        size_t failed = 0;
        for (size_t at = 1; at <= whole.requests; at += at < 1000 ? 1 : 5) {
            budget b = {.fail_at = at};
            good &= run_limited(mix[i], &b, &done);
            failed += !done;
        }
        char name[80];
        snprintf(name, sizeof name, "script %zu with each request for memory failing", i + 1);
        report(good && failed > 300, name);
    }
}

static void limit_bytes(void) {
    for (size_t i = 0; i < MIX_COUNT; i++) {
        bool good = true, done = false;
        size_t limit = 1000;
        for (; !done && limit < 10000000; limit += 997)
            good &= run_limited(mix[i], &(budget){.limit = limit, .fail_at = NEVER}, &done);
        char name[80];
        snprintf(name, sizeof name, "script %zu within more and more bytes", i + 1);
        report(good && done && limit > 30000, name);
    }
}

static void close_in_any_order(void) {
    static const int orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}};
    bool good = true;
    for (size_t o = 0; o < sizeof orders / sizeof *orders; o++) {
        budget b[3] = {{.fail_at = NEVER}, {.fail_at = NEVER},
                       {.fail_at = NEVER}};
        lua_State *states[3];
        for (int i = 0; i < 3; i++) states[i] = lua_newstate(allocate, &b[i]);
        /* By turns, so that each has work of the others in between. */
        for (size_t k = 0; k < MIX_COUNT; k++)
            for (int i = 0; i < 3; i++)
                good &= run(states[i], mix[(k + (size_t)i) % MIX_COUNT]) == LUA_OK;
        for (int i = 0; i < 3; i++) {
            good &= checks(states[orders[o][i]]);
            lua_close(states[orders[o][i]]);
            good &= b[orders[o][i]].used == 0;
        }
    }
    report(good, "three states with heaps, closed in any order");
}

/* What the state's end itself runs uses the heaps, opens one, and closes them. */
static void use_at_the_end(void) {
    static const char script[] =
        "local ouro = require 'ouro'\n"
        "local h, g = ouro.heap{}, ouro.heap{}\n"
        "local l, m = h:list{1}, list{2}\n"
        "for i = 1, 5 do\n"
        "  setmetatable({}, {__gc = function()\n"
        "    pcall(function() return l[1], m[1] end)\n"
        "    pcall(list, {i}) pcall(function() x = list{i} y = x x = nil end)\n"
        "    pcall(collect) pcall(settle) pcall(collectgarbage) pcall(heap.check)\n"
        "    pcall(h.close, h) pcall(heap.close) pcall(ouro.heap, {})\n"
        "    pcall(call, function(_ENV) a = 1 end)\n"
        "    pcall(coroutine.wrap(function() local c <close> = m end))\n"
        "  end})\n"
        "end\n"
        "local C = g:class('C', {'n'})\n"
        "function C:__del() pcall(h.list, h, {self}) pcall(h.close, h) pcall(g.close, g) end\n"
        "g:frame().x = C(1)\n";
    budget b = {.fail_at = NEVER};
    lua_State *L = lua_newstate(allocate, &b);
    bool good = L != NULL && run(L, script) == LUA_OK;
    if (L != NULL) lua_close(L);
    report(good && b.used == 0, "finalizers of Lua that use and close heaps at the state's end");
}

int main(void) {
    out = fdopen(dup(STDOUT_FILENO), "w");
    int nowhere = open("/dev/null", O_WRONLY);
    if (out == NULL || nowhere < 0) return 2;
    dup2(nowhere, STDERR_FILENO); /* reports of errors in finalizers are expected */
    setvbuf(out, NULL, _IOLBF, 0);
    close_in_any_order();
    use_at_the_end();
    limit_bytes();
    fail_each_request();
    fprintf(out, "1..%d\n", test_count);
    fclose(out);
    return failures != 0;
}
