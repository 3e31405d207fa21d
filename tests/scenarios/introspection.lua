-- SPDX-License-Identifier: MIT
-- Scenarios of introspection (I).
local tap = require "ouro.tap"
local under = dofile(arg[0]:match("^.*/") .. "under")
local scenario = under.scenario
local is, ok = tap.is, tap.ok

Node = class("Node", { "a", "b" })

-- An array of entries or values as text, in its order.
local function texts(array)
    local result = {}
    for i, item in ipairs(array) do result[i] = tostring(item) end
    return table.concat(result, " ")
end

scenario("I01 direct referents", function()
    l, t, d = list { 1, 3, 5 }, tuple { 1, 3, 5 }, dict {}
    d[1] = 3
    d[5] = 7
    is(texts(gc.referents(l)), "1 3 5")
    is(texts(gc.referents(t)), "1 3 5")
    is(texts(gc.referents(d)), "1 3 5 7", "keys and values")
    is(texts(gc.referents(tuple { 0, 0, 0 })), "0 0 0", "as often as held")
    is(#gc.referents(7), 0, "an atom has none")
    is(#gc.referents("text"), 0)
    del("l", "t", "d")
end)

scenario("I02 direct referrers", function()
    x = Node()
    l, d, o = list { x }, dict {}, object { attribute = x }
    d.k = x
    local function from(entry)
        return ("#%d"):format(entry.id or 0) .. (entry.label or "")
    end
    local seen = {}
    for _, entry in ipairs(gc.referrers(x)) do seen[#seen + 1] = from(entry) end
    table.sort(seen)
    local expected = { "#0x", ("#%d[1]"):format(id(l)), ("#%dk"):format(id(d)),
        ("#%dattribute"):format(id(o)) }
    table.sort(expected)
    tap.is_deeply(seen, expected, "list, dict and object, each once, and the name")
    is(refcount(x), #seen, "they account for the count")
    del("x", "l", "d", "o")
end)

scenario("I05 is_finalized", function()
    local R = class("R", {})
    function R:__del() saved = self end
    x = R()
    ok(not gc.is_finalized(x), "before")
    x = nil
    ok(gc.is_finalized(saved), "after the resurrection")
    collect()
    ok(gc.is_finalized(saved), "for ever")
    ok(not gc.is_finalized(5), "not a number")
    saved = nil
end)

scenario("I06 all objects", function()
    local L = list {}
    L:append(L)
    local number = id(L)
    local function listed()
        local found = false
        for _, object in ipairs(gc.objects("list")) do found = found or id(object) == number end
        return found
    end
    ok(listed(), "it is listed")
    local all = gc.objects()
    is(#all, heap.live(), "as many as live: the snapshot is not in itself")
    L = nil
    collect()
    ok(not listed(), "not after its death")
    is(#gc.objects("number"), 0, "atoms never")
end)

scenario("I10 values of attributes are referents of the object", function()
    o = Node(list { 1 }, list { list { 2 } })
    local first, second = o.a, o.b
    local referents = gc.referents(o)
    is(texts(referents), "[1] [[2]] <class Node>", "both, and the class; not what is in them")
    is(#referents, 3)
    ok(same(referents[1], first) and same(referents[2], second))
    o = nil
end)

scenario("I11 what holds from Lua: closures, iterators, coroutines", function()
    x = list { 1, 2 }
    local captured = x
    local function f() return captured end
    tap.like(tostring(holders(x)), "name x in main", "the name")
    x = nil
    w = weak(f())
    ok(w.alive, "a captured variable holds")
    captured = nil
    is(w(), nil)
    local next_item, state, at = ipairs(list { 5, 6 })
    w = weak(state)
    at = select(1, next_item(state, at))
    ok(w.alive, "an iterator holds its list")
    next_item, state = nil, nil
    is(w(), nil)
    is(at, 1)
    local co = coroutine.wrap(function()
        local inner = list {}
        w = weak(inner)
        coroutine.yield()
        return inner
    end)
    co()
    ok(w.alive, "the stack of a suspended coroutine holds")
    co = nil
    is(w(), nil)
    w = nil
end)

-- ---- what the neighbours suggest -----------------------------------------------------------

scenario("holders account for every count", function()
    x = Node()
    y = x
    l, t, d, s = list { x, x }, tuple { x }, dict {}, set { x }
    d[x] = x
    pin(x)
    is(refcount(x), 9)
    local counted = 0
    for _, holder in ipairs(holders(x)) do
        if tostring(holder) ~= "held by Lua" then counted = counted + 1 end
    end
    is(counted, 9)
    tap.unlike(tostring(holders(x)), "unknown", "no remainder")
    unpin(x)
    del("x", "y", "l", "t", "d", "s")
end)

scenario("looking holds nothing and changes nothing", function()
    x = Node(list {})
    x.a:append(x)
    local kept = { gc.referrers(x), gc.referents(x), gc.objects(), heap.cycles(), holders(x) }
    w = weak(x)
    is(refcount(x), 2)
    x = nil
    ok(w.alive, "garbage is not dead")
    is(#heap.leaked(), 2, "but shown")
    ok(w.alive)
    is(collect(), 2, "what was looked at is not kept by it")
    is(kept[2][1], nil, "what it listed is gone from the answer")
    kept = nil
    w = nil
end)

scenario("a cycle is shown as a group", function()
    x, y = Node(), Node()
    x.a, y.a = y, x
    local groups = heap.cycles()
    is(#groups, 1)
    is(#groups[1], 2)
    x.a = nil
    is(#heap.cycles(), 0, "broken")
    del("x", "y")
end)

scenario("ids are not reused", function()
    x = Node()
    local first = id(x)
    is(id(x), first, "stable")
    x = nil
    settle()
    local reused = false
    for _ = 1, 1000 do
        x = Node()
        reused = reused or id(x) == first
    end
    ok(not reused)
    x = nil
end)

scenario("looking in a finalizer and a callback", function(it)
    local C = class("C", { "me" })
    local referrers
    function C:__del()
        referrers = #gc.referrers(self)
        it:mark(gc.is_finalized(self))
        it:mark((pcall(gc.objects)))
    end
    x = C()
    x.me = x
    w = weak(x, function() it:mark(#gc.objects("C")) end)
    x = nil
    is(collect(), 1)
    is(it:said(), "true true 0", "the dead are not listed in a callback")
    is(referrers, 2, "the set is intact while finalizers run; the local self refers to it")
    w = nil
end)

tap.done_testing()
