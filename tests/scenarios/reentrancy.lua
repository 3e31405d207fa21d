-- SPDX-License-Identifier: MIT
-- Scenarios of re-entrancy (E): what user code does while objects die or are collected.
local tap = require "ouro.tap"
local under = dofile(arg[0]:match("^.*/") .. "under")
local scenario = under.scenario
local is, ok = tap.is, tap.ok

Node = class("Node", { "a", "b" })

local function make_loop()
    loop = list {}
    loop:append(loop)
    loop = nil
end

scenario("E01 collect in a finalizer of the running collection", function(it)
    local C = class("C", { "me" })
    function C:__del()
        make_loop()
        it:mark(collect())
    end
    x = C()
    x.me = x
    x = nil
    is(collect(), 1, "the outer one")
    is(it:said(), "0", "the inner one does nothing")
    is(collect(), 1, "the garbage it made waits for the next")
    is(collect(), 0)
end)

scenario("E02 collect in a callback of the running collection", function(it)
    x = Node()
    x.a = x
    w = weak(x, function() make_loop(); it:mark(collect()) end)
    x = nil
    is(collect(), 1)
    is(it:said(), "0")
    is(collect(), 1)
    w = nil
end)

scenario("E04 collect in a notification of start or stop", function(it)
    local function f(event) it:mark(event.event); it:mark(collect()) end
    gc.on("start", f)
    gc.on("stop", f)
    make_loop()
    is(collect(), 1)
    gc.off("start", f)
    gc.off("stop", f)
    is(it:said(), "start 0 stop 0", "no recursion, two notifications")
end)

scenario("E06 a finalizer changes the collector's settings", function(it)
    local C = class("C", { "me" })
    local a, b, c = gc.threshold()
    function C:__del()
        gc.disable()
        gc.threshold(a + 1)
        it:mark "ran"
    end
    x = C()
    x.me = x
    gc.enable()
    x = nil
    is(collect(), 1, "the running collection completes")
    is(it:said(), "ran")
    ok(not gc.isenabled(), "afterwards it is disabled")
    is((gc.threshold()), a + 1, "the threshold is the new one")
    gc.threshold(a, b, c)
    make_loop()
    is(collect(), 1, "an explicit collection still works")
end)

scenario("E09 a callback lets die what has a callback that collects", function(it)
    x, y = Node(), Node()
    w1 = weak(x, function() it:mark "cb1"; y = nil; it:mark "end" end)
    w2 = weak(y, function() it:mark "cb2"; it:mark(collect()) end)
    make_loop()
    x = nil
    is(it:said(), "cb1 cb2 1 end", "each once; by count, so the collection is a real one")
    del("w1", "w2")
end)

scenario("E11 a coroutine resumed by a finalizer collects", function(it)
    local C = class("C", { "me" })
    local co = coroutine.wrap(function()
        while true do coroutine.yield(collect()) end
    end)
    function C:__del() it:mark(co()) end
    x = C()
    x.me = x
    x = nil
    is(collect(), 1)
    is(it:said(), "0")
    make_loop()
    is(co(), 1, "outside of a collection it is a real one")
    co = nil
end)

scenario("E12 a finalizer empties a live list that holds an object of the garbage", function(it)
    F = under.logging_class("F", function(n) it:mark(n) end)
    local E = class("E", { "me", "other" })
    live = list {}
    function E:__del()
        it:mark "e"
        clear(live)
        it:mark(#live)
    end
    e = E()
    e.me = e
    live:append(F "held by the list alone")
    f = F "in the garbage and the list"
    f.ref = f
    live:append(f)
    e.other = f
    del("e", "f")
    is(collect(), 1, "the loop through the list is alive")
    is(it:said(), "e held by the list alone 0")
    is(#live, 0, "the list is whole")
    is(collect(), 1, "then it is not")
    is(it:said(), "in the garbage and the list")
    del("live", "F")
end)

-- ---- what the neighbours suggest -----------------------------------------------------------

scenario("a finalizer by count may collect for real", function(it)
    local C = class("C", {})
    function C:__del()
        make_loop()
        it:mark(collect())
    end
    x = C()
    x = nil
    is(it:said(), "1")
    is(collect(), 0)
end)

scenario("a finalizer changes the policy and goes on", function(it)
    local C = class("C", { "me" })
    function C:__del()
        local other = it.policy == "refcount" and "generational" or "refcount"
        local fine, message = pcall(gc.policy, other)
        it:mark(fine or message ~= nil)
    end
    x = C()
    x.me = x
    x = nil
    is(collect(), 1)
    is(it:said(), "true")
    tap.lives(heap.check, "whatever it was told, the heap is whole")
end)

scenario("finalizers take members of the dying set apart", function(it)
    local C = class("C", { "n", "next" })
    function C:__del()
        it:mark(self.n)
        if self.next then self.next.next = nil end
        self.next = nil
    end
    for i = 1, 4 do _ENV["c" .. i] = C(i) end
    c1.next, c2.next, c3.next, c4.next = c2, c3, c4, c1
    for i = 1, 4 do del("c" .. i) end
    is(collect(), 4)
    is(it:said(), "1 2 3 4", "each once, oldest first")
end)

scenario("finalizers add to the dying set", function(it)
    local C = class("C", { "me", "more" })
    function C:__del()
        self.more = list { self, F "new" }
        it:mark "c"
    end
    F = under.logging_class("F", function(n) it:mark(n) end)
    x = C()
    x.me = x
    x = nil
    collect()
    collect()
    is(it:said(), "c new", "what was added goes with it")
    F = nil
end)

scenario("finalizers drop objects outside of the set", function(it)
    F = under.logging_class("F", function(n) it:mark(n) end)
    local C = class("C", { "me" })
    function C:__del()
        it:mark "begin"
        other = nil
        it:mark "end"
    end
    other = F("other", F "inner")
    x = C()
    x.me = x
    x = nil
    is(collect(), 1, "counted: what the collection found")
    is(it:said(), "begin other inner end", "at once, as anywhere else")
    F = nil
end)

scenario("two finalizers save each other's partner", function()
    local S = class("S", { "n", "peer" })
    saved = list {}
    function S:__del() saved:append(self.peer) end
    x, y = S(1), S(2)
    x.peer, y.peer = y, x
    del("x", "y")
    is(collect(), 0, "both live")
    is(#saved, 2)
    ok(same(saved[1].peer, saved[2]) and same(saved[2].peer, saved[1]), "whole")
    saved = nil
    is(collect(), 2, "they die silently")
end)

scenario("a finalizer creates, finalizes and collects in a loop that ends", function(it)
    local C = class("C", { "n" })
    function C:__del()
        it:mark(self.n)
        if self.n > 0 then C(self.n - 1) end
    end
    x = C(5)
    x = nil
    for _ = 1, 10 do settle(); collect() end
    is(it:said(), "5 4 3 2 1 0", "each lives and dies once")
    C = nil -- the finalizer holds its class: a cycle through both heaps
end)

scenario("a comparison called back by sort may collect and drop", function()
    l = list {}
    for i = 1, 50 do l:append(Node((i * 37) % 50)) end
    tap.lives(function()
        l:sort(function(a, b)
            collect()
            return a.a < b.a
        end)
    end)
    is(#l, 50)
    local sorted = true
    for i = 2, 50 do sorted = sorted and l[i - 1].a <= l[i].a end
    ok(sorted)
    l = nil
end)

scenario("__eq and __repr may collect", function()
    local E = class("E", { "v" })
    function E:__eq(other) collect(); return self.v == other.v end
    function E:__repr() collect(); return "E" .. self.v end
    a, b = list { E(1), E(2) }, E(1)
    ok(a[1] == b and a[2] ~= b, "compared")
    is(a:index(E(2)), 2, "found")
    is(repr(a), "[E1, E2]", "printed")
    del("a", "b")
end)

scenario("a finalizer that never ends its own kind: collections terminate", function(it)
    local C = class("C", { "me" })
    local made = 0
    function C:__del()
        made = made + 1
        if made < 100 then
            local c = C()
            c.me = c
        end
    end
    x = C()
    x.me = x
    x = nil
    is(collect(), 1, "one request is one pass")
    is(made, 1)
    while collect() > 0 do it:mark "." end
    is(made, 100)
    is(#it:said(), 197, "each of the others took a pass")
    C = nil
end)

scenario("events of death told while objects die", function(it)
    local function f(event) it:mark(event.type) end
    gc.on("death", f)
    x = Node(list {})
    x = nil
    gc.off("death", f)
    is(it:said(), "Node list", "in the order of death")
end)

tap.done_testing()
