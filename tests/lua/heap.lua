-- SPDX-License-Identifier: MIT
-- Heap: the table of numbers and groups: live, bytes, census, cycles, leaked, check.
local tap = require "ouro.tap"
local is, ok, throws = tap.is, tap.ok, tap.throws

local Node = class("Node", { "val", "next" })
local Pair = class("Pair", { "next", "prev" })
gc.disable()

tap.subtest("live counts objects, and what is dead is not among them", function()
    local before = heap.live()
    x = list { 1, 2 }
    is(heap.live(), before + 1, "one more")
    x = nil
    is(heap.live(), before, "one less")
    do local temporary = list {} end
    is(heap.live(), before, "a temporary one is gone")
    x = build.ring(10)
    is(heap.live(), before + 10, "a ring of ten")
    x = nil
    is(heap.live(), before + 10, "still there without its name")
    collect()
    is(heap.live(), before, "gone after the collection")
end)

tap.subtest("bytes grow and shrink", function()
    local before = heap.bytes()
    x = build.chain(1000)
    tap.cmp_ok(heap.bytes(), ">=", before + 24000, "a chain of a thousand")
    x = nil
    tap.cmp_ok(heap.bytes(), "<", before + 24000, "and without it")
end)

tap.subtest("the census counts by type, most first", function()
    l = list {}
    for i = 1, 50 do l:append(Node(i)) end
    local census = heap.census()
    is(census.Node.objects, 50, "by the type's name")
    tap.cmp_ok(census.Node.bytes, ">=", 50 * 24, "with bytes")
    is(census[1].type, "Node", "the most numerous first")
    is(census[1].objects, 50, "in rows")
    for i = 2, #census do
        ok(census[i].objects <= census[i - 1].objects, "row " .. i .. " has no more")
    end
    tap.like(tostring(census), "type +objects +bytes\nNode +50 +%d+", "it prints as a table")
    l = nil
    is(heap.census().Node, nil, "none is left")
end)

tap.subtest("cycles are groups, and print as circles", function()
    collect()
    is(#heap.cycles(), 0, "none")
    tap.like(tostring(heap.cycles()), "no cycles", "which it says")
    a, b = Pair(), Pair()
    a.next, b.prev = b, a
    local groups = heap.cycles()
    is(#groups, 1, "one")
    is(#groups[1], 2, "of two objects")
    is(groups[1].garbage, false, "no garbage")
    local text = ("#%d.next -> #%d.prev -> #%d"):format(id(a), id(b), id(a))
    local other = ("#%d.prev -> #%d.next -> #%d"):format(id(b), id(a), id(b))
    ok(tostring(groups[1]) == text or tostring(groups[1]) == other, tostring(groups[1]))
    a, b = nil, nil
    groups = heap.cycles()
    is(#groups, 1, "still one")
    is(groups[1].garbage, true, "garbage now")
    is(groups[1][1].garbage, true, "its entries too")
    tap.like(tostring(groups[1]), " %(garbage%)$", "it prints so")
    is(heap.cycles()[1].garbage, true, "to have looked at it does not make it live")
    is(typeof(groups[1][1].object), "Pair", "an entry gives the object")
    is(groups[1][1].type, "Pair", "and its type")
    tap.like(groups[1][1].label, "^[np]", "and the reference that leads on")
    is(collect(), 2, "collected all the same")
    is(groups[1][1].object, nil, "an entry holds nothing")
end)

tap.subtest("an object that refers to itself is a group of one", function()
    x = Node(1)
    x.next = x
    local group = heap.cycles()[1]
    is(#group, 1, "one member")
    is(tostring(group), ("#%d.next -> #%d"):format(id(x), id(x)), "its text")
    x = nil
    collect()
end)

tap.subtest("a long circle is abridged, and what is not on it is counted", function()
    x = build.ring(1000)
    local group = heap.cycles()[1]
    is(#group, 1000, "all members are in it")
    tap.like(tostring(group), "%.%.%. 988 more %.%.%. %-> #", "its text is short")
    x = nil
    collect()
    l = list {}
    for i = 1, 3 do l:append(Node(l)) end
    group = heap.cycles()[1]
    is(#group, 4, "a list and what refers back to it")
    tap.like(tostring(group), "and 2 more$", "two are not on the circle")
    l = nil
    is(collect(), 4, "all are garbage")
end)

tap.subtest("leaked lists what a collection would find, and collects nothing", function()
    is(#heap.leaked(), 0, "nothing")
    tap.like(tostring(heap.leaked()), "nothing", "which it says")
    x = Node("here")
    x.next = Node("there")
    x.next.next = x
    is(#heap.leaked(), 0, "not while there is a name")
    local w = weak(x)
    x = nil
    local leaked = heap.leaked()
    is(#leaked, 2, "two without it")
    tap.like(tostring(leaked), "#%d+ Node%(val=\"here\"", "they print")
    local values = { leaked[1].object.val, leaked[2].object.val }
    table.sort(values)
    tap.is_deeply(values, { "here", "there" }, "an entry gives the object")
    is(#heap.leaked(), 2, "looking does not save them")
    ok(w.alive, "nor kill them")
    is(collect(), 2, "collect does")
    is(leaked[1].object, nil, "entries hold nothing")
    is(#heap.leaked(), 0, "nothing is left")
end)

tap.subtest("a handle in Lua is what keeps a cycle from being leaked", function()
    local kept = build.ring(3)
    is(#heap.leaked(), 0, "held by a local")
    is(heap.cycles()[1].garbage, false, "so no garbage")
    kept = nil
    is(#heap.leaked(), 3, "leaked without it")
    collect()
end)

tap.subtest("check finds the heap in order", function()
    is(heap.check(), true, "true")
    x = build.graph { nodes = 100, degree = 3, seed = 7 }
    is(heap.check(), true, "with a graph")
    x = nil
    collect()
    is(heap.check(), true, "and without")
end)

tap.subtest("a heap of its own has the same", function()
    local h = require "ouro".heap {}
    is(h.heap.live(), 0, "it is empty")
    local l = h:list { 1 }
    is(h.heap.live(), 1, "one object")
    h:close()
    throws(function() h.heap.live() end, "closed", "closed")
end)

tap.done_testing()
