-- SPDX-License-Identifier: MIT
-- Places: what in Lua holds an object, by name, in holders, gc.referrers and the others; and
-- that asking changes nothing.
local tap = require "ouro.tap"
local is, ok, like, unlike = tap.is, tap.ok, tap.like, tap.unlike

local file = debug.getinfo(1, "S").short_src

local function line() return debug.getinfo(2, "l").currentline end

-- What Lua holds, a line each, without the file's name.
local function places(found)
    local t = {}
    for _, text in ipairs(found) do
        local place = tostring(text):match "^held by Lua: (.*)"
        if place then t[#t + 1] = place:gsub(file:gsub("%p", "%%%0"), "F") end
    end
    return table.concat(t, "\n")
end

-- A test's object is made by a function, so that no register is left that holds it.
local function make() return list {} end

tap.subtest("variables", function()
    local n = make()
    is(places(holders(n)), "local 'n' at F:" .. line(), "a local, where the function is")
    local m = n
    is(places(holders(n)), ("local 'n' at F:%d\nlocal 'm' at F:%d"):format(line(), line()),
        "each of them")
    m = nil
    local function outer()
        local inner = n
        return holders(n), line() - 1, inner
    end
    local found, at = outer()
    like(places(found), "^local 'inner' at F:" .. at + 1, "the innermost first")
    like(places(found), "\nlocal 'n' at F:" .. line() - 2, "then those who wait")
    like(places(found), "\nupvalue 'n' of function at F:" .. line() - 7, "and the upvalue")
    n = nil
    for i, item in ipairs(list { make() }) do
        like(places(holders(item)), "^local 'item' at F:%d+$", "of a loop")
    end
    local function varargs(...) return (holders((...))) end
    like(places(varargs(make(), 2)), "vararg 1 at F:%d+", "a vararg")
    local function parameter(p) return holders(p) end
    like(places(parameter(make())), "^local 'p' at F:%d+", "a parameter")
    x = make()
    is(places(holders(x)), "", "a name is on the other side of the ledger")
    is(#holders(x), 1, "which is all there is")
    del "x"
end)

tap.subtest("upvalues", function()
    local f, g
    do
        local cache = make()
        f = function() return cache end
    end
    local at = line() - 2
    is(places(holders(f())), "upvalue 'cache' of function at F:" .. at, "of a function")
    o = object { f = f }
    f = nil
    like(places(holders(o.f())), "^upvalue 'cache' of function at F:" .. at .. " in #%d+%.f$",
        "of one that a managed object keeps, with the object")
    handler = o.f
    o.f = nil
    is(places(holders(handler())), "upvalue 'cache' of function at F:" .. at, "of one with a name")
    g = coroutine.wrap(handler)
    local w = weak(handler())
    del("o", "handler")
    is(places(holders(w())), "upvalue 'cache' of function at F:" .. at, "of a coroutine's function")
    g()
    is(w(), nil, "which goes with it")
end)

tap.subtest("tables", function()
    local t = { list = { 1, 2, 3, make() } }
    is(places(holders(t.list[4])), "t.list[4] of table, local 't' at F:" .. line(), "a path")
    t = { ["a b"] = { [true] = { [2.5] = make() } } }
    like(places(holders(t["a b"][true][2.5])), '^t%["a b"%]%[true%]%[2.5%] of table, ', "keys")
    t = { [make()] = 1 }
    like(places(holders((next(t)))), "^key of table t, local 't' at ", "as a key")
    t = { [{ make() }] = 1 }
    like(places(holders(next(t)[1])), "^%(key of t%)%[1%] of table, ", "within a key")
    t = setmetatable({}, { __index = { x = make() } })
    like(places(holders(t.x)), "^getmetatable%(t%).__index.x of table, ", "in a metatable")
    local key = make()
    t = { [key] = { make() } }
    like(places(holders(t[key][1])), "^t%[#" .. id(key) .. "%]%[1%] of table, ", "a handle as key")
    t = { b = { x = make() } }
    t.a = t.b
    like(places(holders(t.a.x)), "^t%.a%.x of table, local 't' at F:%d+$", "of two paths the first")
    for i = 1, 100 do t = { next = t } end
    like(places(holders((function(u) while u.next do u = u.next end return u.a.x end)(t))),
        "^t%.next%.next%.next %.%.%. 93 more %.%.%. %.next%.next%.next%.next%.a%.x of table, ",
        "a long path is cut")
    t = nil
    rawset(_G, "gx", make())
    is(places(holders(gx)), "global 'gx'", "a global of Lua")
    rawset(_G, "gx", { [1] = { x = make() } })
    is(places(holders(gx[1].x)), "gx[1].x of table", "a path from one")
    rawset(_G, "gx", nil)
    package.loaded["places module"] = { x = make() }
    is(places(holders(package.loaded["places module"].x)),
        'package.loaded["places module"].x of table', "in a module")
    package.loaded["places module"] = nil
    debug.getregistry().places = make()
    is(places(holders(debug.getregistry().places)), "registry.places of table", "the registry")
    debug.getregistry().places = nil
    string.places = make()
    is(places(holders(string.places)), "string.places of table", "a library")
    string.places = nil
end)

tap.subtest("Lua values in managed objects", function()
    q = { deep = { make() } }
    is(places(holders(q.deep[1])), "q.deep[1] of table, name q in main", "a name's table")
    o = object { data = { make() } }
    is(places(holders(o.data[1])), ("#%d.data[1] of table"):format(id(o)), "an attribute's")
    d = dict { key = o.data }
    o.data = nil
    is(places(holders(d.key[1])), ("#%d.key[1] of table"):format(id(d)), "a dict's")
    l = list { 1, d.key }
    d.key = nil
    is(places(holders(l[2][1])), ("#%d[2][1] of table"):format(id(l)), "a list's")
    do
        local x = make()
        w = weak(o, function() return x end)
    end
    like(places(holders(select(2, debug.getupvalue(w.callback, 1)))),
        "^upvalue 'x' of function at F:%d+ in #%d+%.callback$", "a callback's")
    del("q", "o", "d", "l", "w")
end)

tap.subtest("coroutines", function()
    local function body(a)
        local s = { a }
        a = nil
        coroutine.yield()
        return s
    end
    local co = coroutine.create(body)
    coroutine.resume(co, make())
    local at = line() - 5
    local _, s = debug.getlocal(co, 1, 2)
    like(places(holders(s[1])), "s%[1%] of table, local 's' at F:%d+$", "the nearest name")
    s = nil
    local function held(thread) return holders(select(2, debug.getlocal(thread, 1, 2))[1]) end
    is(places(held(co)), ("s[1] of table, local 's' at F:%d in coroutine suspended at F:%d")
        :format(at, at), "suspended")
    coroutine.close(co)
    local function deep()
        local x = make()
        local function yield() coroutine.yield(weak(x)) end
        yield()
        return x
    end
    co = coroutine.create(deep)
    local w = select(2, coroutine.resume(co))
    like(places(holders(w())), ("^local 'x' at F:%d in coroutine suspended at F:%d\n")
        :format(line() - 6, line() - 7), "deeper in its stack")
    coroutine.close(co)
    is(w(), nil, "and nothing else holds it")
    co = coroutine.create(function() local x = make() w = weak(x) error "stop" end)
    coroutine.resume(co)
    like(places(holders(w())), "local 'x' at F:%d+ in coroutine stopped by an error at F:%d+",
        "stopped by an error")
    co = coroutine.create(function()
        local mine = make()
        return (holders(mine))
    end)
    like(places(select(2, coroutine.resume(co))), "^local 'mine' at F:%d+$", "the running one")
    local x = make()
    local inside = coroutine.wrap(function() return (holders(w())) end)
    w = weak(x)
    like(places(inside()), "^local 'x' at F:%d+$", "asked from one, of main")
    co = coroutine.create(function()
        local outer = x
        return coroutine.wrap(function() return (holders(w())) end)()
    end)
    like(places(select(2, coroutine.resume(co))),
        "local 'outer' at F:%d+ in coroutine waiting at F:%d+", "one that waits for another")
    co, x = nil, nil
    collect()
    is(w(), nil, "and then it is gone")
end)

tap.subtest("calls of C functions", function()
    local seen
    local function compare(a, b)
        seen = seen or places(holders(a))
        return id(a) < id(b)
    end
    local t = { make(), make() }
    id(t[1])
    table.sort(t, compare)
    like(seen, "in a call of 'sort' at F:%d+", "what it works on")
    like(seen, "^local 'a' at F:%d+\n", "and what it has passed on")
end)

tap.subtest("a coroutine that has not begun", function()
    local co, at
    do
        local x = make()
        co, at = coroutine.create(function() return x end), line()
    end
    local w = weak(gc.objects "list"[1])
    is(places(holders(w())), "upvalue 'x' of function at F:" .. at, "keeps what its function does")
    coroutine.close(co)
    co = nil
    is(w(), nil, "and no longer than it is there")
end)

tap.subtest("what holds nothing is no place", function()
    x = make()
    local v = setmetatable({ x }, { __mode = "v" })
    local k = setmetatable({ [x] = 1 }, { __mode = "k" })
    local kv = setmetatable({ [x] = x }, { __mode = "kv" })
    is(places(holders(x)), "", "weak tables")
    is(places(gc.referrers(x)), "", "nor a referrer")
    is(#gc.referrers(x), 1, "the name alone is one")
    local eph = setmetatable({ [v] = { x } }, { __mode = "k" })
    like(places(holders(x)), "^eph%[%?%]%[1%] of table, ", "a value under a living weak key")
    local seen = setmetatable({ [x] = { x } }, { __mode = "k" })
    eph = nil
    is(places(holders(x)), "", "a value that only its own key leads to is none")
    ok(k and kv and seen, "kept until here")
    del "x"
    is(next(v), nil, "indeed it died")
end)

tap.subtest("gc.referrers", function()
    x = make()
    local t = { x }
    local r = gc.referrers(x)
    is(#r, 2, "a name and a table")
    is(r[2].text, ("t[1] of table, local 't' at %s:%d"):format(file, line() - 2), "its text")
    is(tostring(r[2]), r[2].text, "which it prints")
    is(r[2].type .. " " .. r[2].kind .. " " .. r[2].label, "lua field [1]", "and what it is")
    is(r[2].object, nil, "no object")
    local n = x
    t = nil
    local l = gc.referrers(x)[2]
    is(l.kind .. " " .. l.label .. " " .. l.source .. " " .. l.line,
        ("local n %s %d"):format(file, line() - 2), "a local, its file and line")
    n = nil
    del "x"
end)

tap.subtest("why, would_free, mincut and dominators name it, too", function()
    local t = { list { list {} } }
    like(tostring(why(t[1][1])), "<%- #%d+%[1%] <%- held by Lua: t%[1%] of table, local 't'", "why")
    is(why(t[1][1])[1].kind, "held", "whose kind is known")
    x = t[1]
    like(tostring(would_free("x")), "held by Lua: t%[1%] of table", "would_free")
    like(mincut(x).reason, "Lua holds it: t%[1%] of table", "mincut")
    for _, row in ipairs(heap.dominators(1000)) do
        if row.id == id(x) then
            like(row.held, "t%[1%] of table", "dominators")
            like(tostring(heap.dominators(1000)), "held by Lua: t%[1%] of table", "in print")
        end
    end
    del "x"
end)

tap.subtest("many", function()
    local n, each = make(), {}
    for i = 1, 100000 do each[i] = n end
    local found = holders(n)
    is(#found, 101, "of a hundred thousand places a hundred, and how many more")
    is(tostring(found[101]), "held by Lua: 99901 more places", "which is said")
    is(places({ found[2] }), "each[1] of table, local 'each' at F:" .. line() - 3, "in order")
    for i = 1, 100000 do each[i] = list {} end
    is(places(holders(each[50000])), "each[50000] of table, local 'each' at F:" .. line(), "one")
    is(heap.live() >= 100000, true, "of a hundred thousand objects")
    each = nil
    local chain = { x = n }
    for i = 1, 100000 do chain = { chain } end
    like(places(holders(n)), "chain%[1%]%[1%]%[1%] %.%.%. 99992 more %.%.%. ", "a long chain")
    chain = nil
    local function deep(i)
        local mine = i == 1 and n
        if i > 0 then return (deep(i - 1)) end
        return holders(n)
    end
    like(places(deep(50000)), "local 'mine' at F:%d+", "in a deep recursion")
end)

tap.subtest("asking changes nothing", function()
    x = make()
    local function boom() error "a metamethod ran" end
    local trap = setmetatable({ x }, { __index = boom, __newindex = boom, __pairs = boom,
        __len = boom, __eq = boom, __gc = boom, __mode = nil, __metatable = false })
    local v = setmetatable({ list {} }, { __mode = "v" })
    local before = { heap.live(), refcount(x), gc.stats().collections }
    local running = collectgarbage "isrunning"
    local found = holders(x)
    like(places(found), "^trap%[1%] of table, ", "a table with metamethods is read raw")
    is(tap and next(v), nil, "what is only weakly held is not kept")
    is(heap.live(), before[1], "no object more")
    is(refcount(x), before[2], "no count")
    is(collectgarbage "isrunning", running, "Lua collects as before")
    debug.setmetatable(trap, nil)
    trap = nil
    collectgarbage "stop"
    holders(x)
    is(collectgarbage "isrunning", false, "or as little as before")
    collectgarbage "restart"
    local once = places(holders(x))
    for i = 1, 5 do is(places(holders(x)), once, "the same again") end
    local w = weak(x)
    local kept = { holders(x), gc.referrers(x), why(x) }
    del "x"
    is(w(), nil, "the answers hold nothing")
    ok(kept, "while they are there")
end)

tap.subtest("the same structure is told in the same words", function()
    local function build()
        local n, t = make(), {}
        for i = 1, 50 do
            t["key" .. i] = { n, [i % 7] = { [{}] = n }, sub = { n, deep = { n } } }
            t[i] = function() return n end
            t[i + 0.5] = coroutine.wrap(function() local m = n coroutine.yield(m) end)
            t[i + 0.5]()
        end
        return t, weak(n)
    end
    local texts = {}
    for i = 1, 4 do
        local t, w = build()
        texts[i] = places(holders(w()))
        ok(t, "kept until here")
    end
    for i = 2, 4 do is(texts[i], texts[1], "however memory lies") end
    unlike(texts[1], "0x", "and without addresses")
end)

tap.subtest("other heaps", function()
    local h = require "ouro".heap {}
    local t = { h:list {} }
    like(places(h:holders(t[1])), "^t%[1%] of table, local 't' at ", "of another heap's object")
    local o = h:object { f = { t[1] } }
    t = nil
    like(places(h:holders(o.f[1])), "^#1%.f%[1%] of table$", "through its objects")
    x = list {}
    o.f = { x }
    like(places(holders(x)), "#1%.f%[1%] of table$", "and from heap to heap")
    del "x"
    h:close()
end)

tap.done_testing()
