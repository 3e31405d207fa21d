-- SPDX-License-Identifier: MIT
-- Handles: the same object is the same Lua value, for as long as Lua refers to it, whatever
-- Lua's collector does meanwhile; and no longer.
local tap = require "ouro.tap"

local dead = 0
Node = class("Node", { "val", "next" })
function Node:__del() dead = dead + 1 end

tap.subtest("identity", function()
    local n = Node(1)
    x = n
    tap.ok(rawequal(x, n), "through a name")
    l = list { n, { n } }
    tap.ok(rawequal(l[1], n), "through a list")
    tap.ok(rawequal(l[2][1], n), "through a table in a list")
    local t = { [n] = "found" }
    tap.is(t[x], "found", "as a key of a table")
    d = dict { k = n }
    d[n] = n
    tap.ok(rawequal(d[x], d.k), "as a key of a dict")
    collectgarbage()
    tap.ok(rawequal(x, n), "after a collection of Lua's")
    n, t = nil, nil
    collectgarbage()
    tap.is(x.val, 1, "a new handle is as good")
    tap.ok(rawequal(x, l[1]), "and again the same for all")
    del("l", "d")
    settle()
    del "x"
    tap.is(dead, 1, "dead with the last reference")
end)

tap.subtest("many", function()
    local count = 100000
    local t = {}
    for i = 1, count do t[i] = list { i } end
    all = list(t)
    tap.is(#all, count, "in a Lua table and in a list")
    local wrong = 0
    for i = 1, count, 7 do
        if not rawequal(all[i], t[i]) then wrong = wrong + 1 end
    end
    tap.is(wrong, 0, "all of them identical")
    for i = 1, count, 2 do t[i] = nil end
    collectgarbage()
    for i = 1, count do
        if all[i][1] ~= i or (t[i] and not rawequal(t[i], all[i])) then wrong = wrong + 1 end
    end
    tap.is(wrong, 0, "also when Lua has freed every other one")
    local before = heap.live()
    t = nil
    tap.is(heap.live(), before, "the list keeps them")
    del "all"
    tap.is(heap.live(), before - count - 1, "and lets them go")
end)

tap.subtest("Lua's collector in all its ways", function()
    math.randomseed(42)
    dead = 0
    local held, made = {}, 0
    for step = 1, 20000 do
        local what, k = math.random(8), math.random(20)
        if what <= 2 then
            made = made + 1
            held[k] = Node(made)
        elseif what == 3 then
            held[k] = nil
        elseif what == 4 then
            _ENV["n" .. k] = held[k]
        elseif what == 5 then
            held[k] = _ENV["n" .. math.random(20)]
        elseif what == 6 then
            collectgarbage("step", math.random(200))
        elseif step % 50 == 0 then
            collectgarbage(math.random(2) == 1 and "generational" or "incremental")
        elseif what == 8 and step % 10 == 0 then
            collectgarbage()
        end
    end
    collectgarbage "incremental"
    for i = 1, 20 do
        if held[i] then held[i].next = _ENV["n" .. i] end
    end
    held = nil
    for i = 1, 20 do _ENV["n" .. i] = nil end
    settle()
    collect()
    tap.is(dead, made, "each died once")
    tap.ok(heap.check(), "the heap checks")
end)

tap.subtest("a __gc of Lua's that uses what it refers to", function()
    local seen, again
    do
        local n = Node(5)
        keep = n
        setmetatable({ n }, { __gc = function(self)
            seen = self[1].val
            again = self[1]
        end })
    end
    collectgarbage()
    tap.is(seen, 5, "it is there")
    tap.ok(same(again, keep), "and the same object")
    dead = 0
    keep = nil
    settle()
    tap.is(dead, 0, "the resurrected handle holds it")
    tap.is(again.val, 5, "whole")
    again = nil
    settle()
    tap.is(dead, 1, "until it goes, too")
end)

tap.subtest("heaps that nobody refers to any more", function()
    local count = 0
    for i = 1, 20 do
        local h = heap {}
        local C = h:class("C", { "v" })
        function C:__del() count = count + self.v end
        local env = h:frame()
        env.x = C(1)
        env.f = function() return env.x, h end
    end
    collectgarbage()
    collectgarbage()
    tap.is(count, 20, "close when Lua finds them")
    local h = heap {}
    local l = h:list { 1 }
    h:close()
    tap.throws(function() return l[1] end, "heap is closed", "a handle of a closed heap")
    tap.throws(function() return h:list {} end, "heap is closed", "its functions")
    tap.lives(function() h:close() end, "closing twice")
    tap.throws(function() list { 3, 1, 2 }:sort(function() heap:close() end) end,
        "cannot close", "not while it is at work")
end)

tap.ok(heap.check(), "the heap checks")
tap.done_testing()
