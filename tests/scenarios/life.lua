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

scenario("R06 a discarded result dies at once", function()
    F("x")
    settle()
    marks[#marks + 1] = "next"
    tap.is(said(), "x next")
end)

scenario("R15 no drift over many rounds", function()
    local before = heap.live()
    for i = 1, 10000 do
        x = Node(i, list { i, dict { k = i } })
        w = weak(x)
        x = nil
    end
    w = nil
    tap.is(heap.live(), before, "the count path frees it all")
    tap.is(collect(), 0, "nothing for the collector")
end)

scenario("C02 a dict releases in insertion order", function()
    d = dict { F("a"), F("b"), F("c") }
    clear(d)
    tap.is(said(), "a b c", "cleared")
    d = dict { F("a"), F("b"), F("c") }
    d = nil
    tap.is(said(), "a b c", "dropped")
    d = nil
end)

scenario("C05 the finalizer of a removed item sees the shorter list", function()
    local G = class("G", {})
    l = list { G(), 1, 2 }
    local seen
    function G:__del() seen = tostring(l) end
    del(l, 1)
    tap.is(seen, "[1, 2]")
    l = nil
end)

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

scenario("S03 mutual containment prints and ends", function()
    p, q = list {}, list {}
    p:append(q)
    q:append(p)
    tap.is(tostring(p), "[[[...]]]")
    p, q = nil, nil
end)

tap.done_testing()
