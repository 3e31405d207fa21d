-- SPDX-License-Identifier: MIT
-- Scenarios of cycles with finalizers (F): each finalizer runs once, oldest first, in a world
-- that is whole but for what finalizers have changed.
local tap = require "ouro.tap"
local under = dofile(arg[0]:match("^.*/") .. "under")
local scenario, said, note = under.scenario, under.said, under.note
Node, F = under.Node, under.F

-- A ring of instances of these classes, in order of age; gives weak references to them.
local function ring(...)
    local nodes, watched = {}, {}
    for i, Class in ipairs { ... } do nodes[i] = Class(i) end
    for i, node in ipairs(nodes) do
        node.ref = nodes[i % #nodes + 1]
        watched[i] = weak(node)
    end
    return watched
end

local function alive(watched)
    local n = 0
    for _, w in ipairs(watched) do
        if w() then n = n + 1 end
    end
    return n
end

scenario("F01 a self-loop with a finalizer", function()
    local S, whole = class("S", { "ref" }), 0
    function S:__del()
        note "s"
        if same(self.ref, self) and w.alive and same(w(), self) then whole = whole + 1 end
    end
    s = S()
    s.ref = s
    w = weak(s)
    del "s"
    tap.is(collect(), 1)
    tap.is(collect(), 0)
    tap.is(said(), "s", "exactly once")
    tap.is(whole, 1, "s.ref was s, and its weak reference alive")
    tap.is(w(), nil)
    del "w"
end)

scenario("F04 a ring of which some members cut", function()
    local P, C = class("P", { "n", "ref" }), class("C", { "n", "ref" })
    local function look(self)
        return self.n .. (self.ref == nil and "-" or tostring(self.ref.n))
    end
    function P:__del() note(look(self)) end
    function C:__del()
        note(look(self))
        self.ref = nil
    end
    local watched = ring(C, P, C, P)
    collect()
    tap.is(said(), "12 23 34 41", "each once; a neighbour that has not run yet is whole")
    tap.is(alive(watched), 0, "all weak references are empty")
    watched = ring(C, C, P, P)
    collect()
    tap.is(said(), "12 23 34 41")
    tap.is(alive(watched), 0)
    function C:__del()
        note(look(self))
        self.ref.ref = nil
        self.ref = nil
    end
    watched = ring(C, P, C, P)
    collect()
    tap.is(said(), "12 2- 34 4-", "those that cut their neighbour as well")
    tap.is(alive(watched), 0)
end)

scenario("a finalizer that cuts everything", function()
    local C = class("C", { "n", "ref" })
    function C:__del()
        note(self.n)
        clear(self)
    end
    local watched = ring(C, C, C, C, C)
    tap.is(collect(), 5, "all are found")
    tap.is(said(), "1 2 3 4 5", "each finalized once")
    tap.is(alive(watched), 0)
end)

scenario("F05 finalizers of a collection run oldest first", function()
    ring(F, F, F, F, F)
    collect()
    tap.is(said(), "1 2 3 4 5")
    local nodes = {}
    for i = 1, 5 do nodes[i] = F(i) end
    for i = 5, 1, -1 do nodes[i].ref = nodes[(i + 1) % 5 + 1] end
    nodes = nil
    collect()
    tap.is(said(), "1 2 3 4 5", "however they refer to each other")
    local a, b, c, d = F("a"), F("b"), F("c"), F("d")
    c.ref, a.ref, d.ref, b.ref = c, a, d, b
    a, b, c, d = nil, nil, nil, nil
    collect()
    tap.is(said(), "a b c d", "and over separate cycles of one collection")
end)

scenario("F05 oldest first across generations", function()
    x = F("old")
    x.ref = x
    collect(0)
    collect(1)
    y = F("middle")
    y.ref = y
    collect(0)
    z = F("young")
    z.ref = z
    del("z", "y", "x")
    tap.is(collect(), 3)
    tap.is(said(), "old middle young")
end)

scenario("F08 a finalizer adds a field to itself", function()
    local H = class("H")
    function H:__del()
        self.late = list {}
        self.later = self
        note "h"
    end
    a, b = Node(), H()
    a.a, b.x, b.y = b, a, Node()
    del("a", "b")
    tap.is(collect(), 3, "all three are collected")
    tap.is(said(), "h")
    tap.is(collect(), 0)
end)

scenario("F11 nothing is uncollectable; saveall keeps what would be freed", function()
    s = F("s")
    s.ref = s
    w = weak(s)
    del "s"
    gc.saveall(true)
    collect()
    gc.saveall(false)
    tap.is(#gc.garbage, 1, "it is in the garbage list")
    tap.ok(w.alive, "and its weak reference is alive")
    gc.garbage[1].ref = nil
    clear(gc.garbage)
    settle()
    tap.is(w(), nil, "cut and removed it is freed")
    tap.is(said(), "s", "its finalizer ran once in all")
    del "w"
end)

scenario("F12 members without finalizers stay intact meanwhile", function()
    local H, seen = class("H", { "peer" }), nil
    function H:__del() seen = tostring(self.peer.b) .. tostring(same(self.peer.a, self)) end
    f, p = H(), Node()
    f.peer, p.a, p.b = p, f, list { 1, 2 }
    del("f", "p")
    tap.is(collect(), 3)
    tap.is(seen, "[1, 2]true")
end)

scenario("F13 an old cycle is not finalized by a young collection", function()
    x, y = F("x"), F("y")
    x.ref, y.ref = y, x
    collect(0)
    collect(1)
    tap.is(said(), "", "it survives two while it is named")
    del("x", "y")
    tap.is(collect(0), 0)
    tap.is(said(), "", "not by the young one")
    tap.is(collect(), 2)
    tap.is(said(), "x y", "but by the full one, once")
end)

scenario("F15 a finalizer that cannot be called, or is gone", function()
    local C = class("C", { "me" })
    C.__del = true
    local errors = gc.stats().errors
    x = C()
    x.me = x
    w = weak(x)
    del "x"
    tap.is(collect(), 1, "one that is no function is skipped")
    tap.is(w(), nil)
    function C:__del() note "c" end
    x = C()
    x.me = x
    w = weak(x)
    C.__del = nil
    del "x"
    tap.is(collect(), 1, "as is one that was removed")
    tap.is(w(), nil)
    tap.is(said(), "")
    x = C()
    w = weak(x)
    del "x"
    tap.is(w(), nil, "by count as well")
    tap.is(gc.stats().errors, errors, "neither is an error")
    del "w"
end)

scenario("F16 one class, an object that goes by count and one in a cycle", function()
    x, y = F("x"), F("y")
    y.ref = y
    del("x", "y")
    tap.is(said(), "x", "at its drop")
    tap.is(collect(), 1)
    tap.is(said(), "y", "at the collection")
end)

scenario("F17 the finalizer is looked up at death", function()
    local A = class("A", { "me" })
    function A:__del() note "f1" end
    x, y = A(), A()
    y.me = y
    function A:__del() note "f2" end
    del("x", "y")
    tap.is(said(), "f2", "by count")
    collect()
    tap.is(said(), "f2", "by collection")
    local late = class("late", { "me" })
    x = late()
    function late:__del() note "late" end
    del "x"
    tap.is(said(), "late", "one that came after the instance")
    local Sub = class("Sub", A)
    x = Sub()
    del "x"
    tap.is(said(), "f2", "one that is inherited")
    function Sub:__del() note "sub" end
    x = Sub()
    del "x"
    tap.is(said(), "sub", "one that is overridden: the base's does not run as well")
end)

scenario("a finalizer replaces the finalizer of those to come", function()
    local A = class("A", { "n", "ref" })
    function A:__del()
        note("first " .. self.n)
        function A:__del() note("then " .. self.n) end
    end
    ring(A, A, A)
    collect()
    tap.is(said(), "first 1 then 2 then 3")
end)

scenario("garbage that finalizers make waits for the next collection", function()
    M = class("M", { "me" }) -- a name: a local would be an upvalue of its own method
    local made = 0
    function M:__del()
        made = made + 1
        if made < 3 then
            local next = M()
            next.me = next
        end
    end
    x = M()
    x.me = x
    del "x"
    tap.is(collect(), 1)
    tap.is(made, 1, "one pass a request")
    tap.is(collect(), 1)
    tap.is(collect(), 1)
    tap.is(collect(), 0)
    tap.is(made, 3)
    del "M"
end)

scenario("a finalizer empties a live container that refers into the set", function()
    local S = class("S", { "n", "ref" })
    function S:__del()
        note(self.n)
        clear(all)
    end
    all = list { 1, 2, 3 }
    ring(S, S)
    tap.is(collect(), 2)
    tap.is(said(), "1 2")
    tap.is(#all, 0)
    del "all"
end)

scenario("a finalizer moves a member of the set to another member", function()
    local S = class("S", { "n", "ref", "extra" })
    function S:__del()
        note(self.n)
        self.ref.extra = self
        self.extra = list { self, self.ref }
    end
    local watched = ring(S, S, S)
    collect()
    tap.is(said(), "1 2 3", "each once")
    collect()
    tap.is(alive(watched), 0, "what lists made meanwhile refer to goes with these lists")
    tap.is(said(), "")
end)

scenario("finalizers that raise: all run, all members die", function(it)
    local E = class("E", { "n", "ref" })
    function E:__del()
        note(self.n)
        error("bad " .. self.n, 0)
    end
    local errors = gc.stats().errors
    ring(E, E, E)
    tap.is(collect(), 3, "collect does not raise")
    tap.is(it:complaints(), "bad 1; bad 2; bad 3", "each is reported")
    tap.is(gc.stats().errors, errors + 3, "and counted")
    tap.is(said(), "1 2 3")
    x = E(4)
    del "x"
    tap.is(it:complaints(), "bad 4", "by count as well")
end)

scenario("a finalizer is told nothing but its object, and its results go nowhere", function()
    local A, got = class("A"), nil
    function A.__del(...)
        got = select("#", ...) .. typeof((...))
        return F("result")
    end
    x = A()
    del "x"
    settle()
    tap.is(got, "1A")
    tap.is(said(), "result", "an object it returns is dropped")
end)

tap.done_testing()
