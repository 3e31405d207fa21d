-- SPDX-License-Identifier: MIT
-- Scenarios of what never dies (P): plain values are stored as they are, without counts.
local tap = require "ouro.tap"
local under = dofile(arg[0]:match("^.*/") .. "under")
local scenario = under.scenario
local is, ok, throws = tap.is, tap.ok, tap.throws

scenario("P01 plain values have no count", function()
    for _, value in ipairs { true, false, 7, 0.5, "text" } do
        throws(function() refcount(value) end, "managed object", "refcount of " .. tostring(value))
        local before = heap.live()
        x = value
        l = list { value, value }
        is(heap.live(), before + 1, "stored without objects of their own")
        del("x", "l")
    end
    throws(function() refcount(nil) end, "got nil", "nothing")
end)

scenario("P02 many times the same value", function()
    local before = heap.live()
    local many = {}
    for i = 1, 42 do many[i] = true end
    l, t = list(many), tuple(many)
    is(heap.live(), before + 2)
    is(#l + #t, 84)
    del("l", "t")
end)

scenario("P03 releasing what nobody holds is an error, and nothing else changes", function()
    x = list {}
    throws(function() unpin(x) end, nil, "an unbalanced unpin")
    is(refcount(x), 1)
    throws(function() del("y") end, "y", "an unbound name")
    throws(function() unpin(5) end, "number", "a plain value")
    is(#x, 0, "it is still valid")
    x = nil
end)

scenario("P07 a string in a thousand places", function()
    l = list {}
    d = dict {}
    for i = 1, 1000 do
        l:append("constant")
        d[i] = "constant"
    end
    local before = gc.stats().deaths
    del("l", "d")
    is(gc.stats().deaths - before, 2, "only the containers die")
end)

-- ---- what the neighbours suggest -----------------------------------------------------------

scenario("plain values come back bit for bit", function()
    l = list { math.mininteger, math.maxinteger, 0.0, -0.0, 1e308 * 10, 2 ^ 53, "a\0b", "" }
    is(l[1], math.mininteger)
    is(l[2], math.maxinteger)
    is(math.type(l[3]), "float")
    is(1 / l[4], -math.huge, "minus zero")
    is(l[5], math.huge)
    is(math.type(l[6]), "float")
    is(l[7], "a\0b")
    is(l[8], "")
    l[1] = 0 / 0
    ok(l[1] ~= l[1], "not a number")
    l = nil
end)

scenario("a pinned object lives without a name, through collections", function()
    x = list {}
    x:append(x)
    w = weak(x)
    pin(x)
    x = nil
    is(collect(), 0)
    ok(w.alive)
    unpin(w())
    is(collect(), 1)
    is(w(), nil)
    w = nil
end)

scenario("pins count one by one", function()
    x = list {}
    for _ = 1, 1000 do pin(x) end
    is(refcount(x), 1001)
    for _ = 1, 1000 do unpin(x) end
    is(refcount(x), 1)
    throws(function() unpin(x) end)
    x = nil
end)

scenario("a class lives as long as its instances and its subclasses", function()
    A = class("A", {})
    B = class("B", {}, A)
    w = weak(A)
    b = B()
    A, B = nil, nil
    ok(w.alive and isinstance(b, w()))
    b = nil
    is(w(), nil)
    w = nil
end)

scenario("an object can be held by a very high count", function()
    x = list {}
    l = list {}
    for _ = 1, 70000 do l:append(x) end
    is(refcount(x), 70001, "beyond sixteen bits")
    for _ = 1, 35000 do l:pop() end
    is(refcount(x), 35001)
    l = nil
    is(refcount(x), 1)
    x = nil
end)

tap.done_testing()
