-- SPDX-License-Identifier: MIT
-- Scenarios of reference counting, cycles, resurrection and weak references, by the ids under
-- which peers' test suites were surveyed. Each leaves the heap as it found it.
local tap = require "ouro.tap"

gc.disable()
Node = class("Node", { "a", "b" })
F = class("F", { "n", "ref" })
log = nil
local marks = {}
function F:__del() marks[#marks + 1] = tostring(self.n) end
local function said()
    local text = table.concat(marks, " ")
    marks = {}
    return text
end

local function scenario(id, f)
    tap.subtest(id, function()
        local before = heap.live()
        f()
        collect()
        tap.is(heap.live(), before, "nothing is left over")
        tap.ok(heap.check(), "the heap checks")
    end)
    marks = {}
end

scenario("Y01 Y02 Y04 Y22 objects that contain themselves", function()
    l = list {}
    l:append(l)
    d = dict {}
    d[1] = d
    n = Node()
    n.a = n
    t = list {}
    t:extend { t, t, t }
    tap.is(refcount(t), 4, "the same edge three times")
    del("l", "d", "n", "t")
    tap.is(collect(), 4)
end)

scenario("Y03 a tuple closed through a list", function()
    l = list {}
    t = tuple { l }
    l:append(t)
    del("l", "t")
    tap.is(collect(), 2)
end)

scenario("Y13 Y14 pairs and rings", function()
    x, y = Node(), Node()
    x.a, y.a = y, x
    x, y = nil, nil
    tap.is(collect(), 2, "a pair")
    r = build.ring(1000)
    r = nil
    tap.is(collect(), 1000, "a ring of a thousand")
    tap.is(collect(), 0, "once")
end)

scenario("Y15 two rings that share a node", function()
    h, p, q, r, s = Node(), Node(), Node(), Node(), Node()
    h.a, p.a, q.a = p, q, h
    h.b, r.a, s.a = r, s, h
    del("h", "p", "q", "r", "s")
    tap.is(collect(), 5)
end)

scenario("Y16 one outside reference protects a ring", function()
    r = build.ring(5)
    r = r.next.next
    tap.is(collect(), 0)
    r = nil
    tap.is(collect(), 5)
end)

scenario("Y18 a head that points into a cycle", function()
    head, x, y = F("head"), F("x"), F("y")
    head.ref, x.ref, y.ref = x, y, x
    del("x", "y")
    tap.is(said(), "", "nobody yet")
    del "head"
    tap.is(said(), "head", "the head by count")
    tap.is(collect(), 2)
    tap.is(said(), "x y", "the others by collection, oldest first")
end)

scenario("Y23 a complete graph", function()
    all = list {}
    for i = 1, 50 do all:append(list {}) end
    for _, v in ipairs(all) do v:extend(all) end
    all = nil
    tap.is(collect(), 50)
end)

scenario("Y26 Y27 weak references close no cycle", function()
    owner, child = F("owner"), F("child")
    owner.ref, child.ref = child, weak(owner)
    child = nil
    owner = nil
    tap.is(said(), "owner child", "all at once")
    tap.is(collect(), 0)
end)

scenario("F01 Z04 a self-loop with a finalizer", function()
    s = F("s")
    s.ref = s
    w = weak(s)
    s = nil
    tap.is(collect(), 1)
    tap.is(collect(), 0)
    tap.is(said(), "s", "exactly once")
    tap.is(w(), nil)
    w = nil
end)

scenario("F05 finalizers of a ring run oldest first", function()
    local ring = {}
    for i = 1, 5 do ring[i] = F(i) end
    for i = 1, 5 do ring[i].ref = ring[i % 5 + 1] end
    ring = nil
    collect()
    tap.is(said(), "1 2 3 4 5")
end)

scenario("F08 F12 a finalizer adds a field, plain members are intact", function()
    local H = class("H")
    local seen
    function H:__del() self.extra = list {}; seen = tostring(self.peer.b) end
    x, y = H(), Node()
    x.peer, y.a, y.b = y, x, list { 1, 2 }
    x, y = nil, nil
    tap.is(collect() >= 2, true)
    tap.is(seen, "[1, 2]")
end)

scenario("Z01 Z02 Z03 resurrection", function()
    local R = class("R", { "cargo" })
    local runs = 0
    function R:__del() runs = runs + 1; saved = self end
    x = R(list { 1 })
    x.cargo:append(x)
    w = weak(x)
    x = nil
    tap.is(collect(), 0, "the resurrected are not counted")
    tap.ok(w() ~= nil and same(saved, w()), "whole, its weak reference attached")
    tap.is(tostring(saved.cargo[1]), "1", "and all it reaches")
    saved = nil
    tap.is(collect(), 2, "it dies the next time")
    tap.is(runs, 1, "its finalizer ran once")
    tap.is(w(), nil)
    w = nil
end)

scenario("Z07 one ring resurrects itself, another dies", function()
    local R = class("R", { "peer" })
    function R:__del() saved = self end
    x, y = R(), Node()
    x.peer, y.a = y, x
    p, q = F("p"), F("q")
    p.ref, q.ref = q, p
    x, y, p, q = nil, nil, nil, nil
    tap.is(collect(), 2)
    tap.is(said(), "p q")
    tap.ok(same(saved.peer.a, saved), "the saved ring is whole")
    R.__del = nil
    saved = nil
end)

scenario("B01 B02 B03 B05 callbacks", function()
    x = Node()
    local order, empty = {}, 0
    local errors = gc.stats().errors
    gc.on_error(function() end)
    local function cb(i)
        return function(w)
            order[#order + 1] = i
            if w() == nil and w1() == nil and w3() == nil then empty = empty + 1 end
            if i == 2 then error("middle") end
        end
    end
    w1, w2, w3 = weak(x, cb(1)), weak(x, cb(2)), weak(x, cb(3))
    x = nil
    gc.on_error(nil)
    tap.is(table.concat(order, " "), "3 2 1", "newest first")
    tap.is(empty, 3, "all are empty before any runs")
    tap.is(gc.stats().errors, errors + 1, "the error is counted")
    del("w1", "w2", "w3")
end)

scenario("E01 a collection within a collection does nothing", function()
    local C = class("C", { "me" })
    local inner
    function C:__del()
        local extra = list {}
        extra:append(extra)
        inner = collect()
    end
    x = C()
    x.me = x
    x = nil
    tap.is(collect(), 1)
    tap.is(inner, 0)
    tap.is(collect(), 1, "the garbage it made waits for the next")
end)

scenario("M04 finalize records: newest first, once", function()
    x = Node()
    local ran = {}
    local function note(i) ran[#ran + 1] = i end
    finalize(x, note, 1)
    r2 = finalize(x, note, 2)
    r3 = finalize(x, note, 3)
    finalize(x, note, 4)
    r2:detach()
    r3()
    x = nil
    tap.is(table.concat(ran, " "), "3 4 1")
    del("r2", "r3")
end)

scenario("D01 D07 deep and wide", function()
    deep = list {}
    for i = 1, 200000 do deep = list { deep } end
    deep = nil
    x = Node()
    wide = list {}
    for i = 1, 100000 do wide:append(x) end
    tap.is(refcount(x), 100001)
    wide = nil
    tap.is(refcount(x), 1)
    x = nil
end)

tap.done_testing()
