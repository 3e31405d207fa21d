-- SPDX-License-Identifier: MIT
-- Scenarios of reference counting (R): what adds to a count, what does not, and that every
-- way to end a call, a constructor or an object leaves the counts right.
local tap = require "ouro.tap"
local under = dofile(arg[0]:match("^.*/") .. "under")
local scenario, said, note = under.scenario, under.said, under.note
Node, F = under.Node, under.F

scenario("R01 names and aliases", function()
    x = Node()
    tap.refcount_is(x, 1, "one name")
    y = x
    tap.refcount_is(x, 2, "and an alias")
    tap.is(getrefcount(x), 3, "getrefcount is one more, CPython's number")
    del "y"
    tap.refcount_is(x, 1, "the alias is gone")
    del "x"
end)

scenario("R02 containers count every slot", function()
    x = Node()
    l = list { x, x }
    d = dict { k = x }
    tap.refcount_is(x, 4, "a name, two items, a value")
    clear(l)
    tap.refcount_is(x, 2, "the list is empty")
    del "d"
    tap.refcount_is(x, 1, "the dict is gone")
    d = dict {}
    t = tuple { x }
    s = set { t, x }
    d[t] = x
    n = Node(x)
    tap.refcount_is(x, 5, "a tuple, a set, a value, a slot")
    tap.refcount_is(t, 3, "a key counts as well")
    del("l", "d", "t", "s", "n", "x")
end)

scenario("the store: retained, shown, then the old one released", function()
    local seen
    local S = class("S", { "tag" })
    function S:__del() seen = tostring(same(x, y)) end
    y = Node()
    x = S()
    x = y
    tap.is(seen, "true", "a name: the finalizer sees the new value")
    function S:__del() seen = tostring(same(n.a, y)) end
    n, seen = Node(S()), nil
    n.a = y
    tap.is(seen, "true", "a slot")
    function S:__del() seen = tostring(same(l[1], y)) end
    l, seen = list { S() }, nil
    l[1] = y
    tap.is(seen, "true", "an item")
    function S:__del() seen = tostring(same(d.k, y)) end
    d, seen = dict { k = S() }, nil
    d.k = y
    tap.is(seen, "true", "a value")
    function S:__del() seen = tostring(same(o.k, y)) end
    o, seen = object { k = S() }, nil
    o.k = y
    tap.is(seen, "true", "an open attribute")
    tap.refcount_is(y, 6, "all of them hold the new value")
    del("x", "y", "n", "l", "d", "o")
end)

scenario("storing what is there already changes nothing", function()
    x = F("x")
    n = Node(x)
    l = list { x }
    d = dict { k = x }
    x = x
    n.a = n.a
    l[1] = l[1]
    d.k = d.k
    tap.is(said(), "", "nobody dies")
    tap.refcount_is(x, 4, "the count is the same")
    del "x"
    n.a = nil
    clear(l)
    l:append(d.k)
    d.k = nil
    l[1] = l[1]
    tap.is(said(), "", "not even when it is the only reference")
    tap.refcount_is(l[1], 1)
    del("l", "n", "d")
    tap.is(said(), "x")
end)

scenario("R05 arguments are held for the call, a parameter with a name counts", function()
    x = Node()
    local function f(p) return refcount(p) end
    tap.is(f(x), 1, "a parameter of Lua is held, not counted")
    tap.refcount_is(x, 1, "after the call")
    local function g(_ENV, value)
        p = value
        return refcount(p)
    end
    tap.is(call(g, x), 2, "a name in a frame counts")
    tap.refcount_is(x, 1, "after that call")
    local function bad(_ENV, value)
        p = value
        error("on purpose", 0)
    end
    tap.throws(function() call(bad, x) end, "on purpose", "a call that raises")
    tap.refcount_is(x, 1, "leaves no count behind")
    local co = coroutine.wrap(function() call(function(_ENV, v) p = v coroutine.yield() end, x) end)
    co()
    tap.refcount_is(x, 2, "a suspended call counts")
    co()
    tap.refcount_is(x, 1, "a finished one does not")
    co = nil
    del "x"
end)

scenario("what a call returned outlives its frame, the rest does not", function()
    local kept = call(function(_ENV)
        a, b = F("a"), F("b")
        return a
    end)
    tap.is(said(), "b", "the other name's object dies with the frame")
    tap.refcount_is(kept, 0, "a result is held by Lua alone")
    kept = nil
    settle()
    tap.is(said(), "a")
end)

scenario("R06 a discarded result dies at once", function()
    local function make() return F("x") end
    make()
    settle()
    note "next"
    tap.is(said(), "x next", "at the end of the statement")
    local function scope()
        make()
        collect(0)
        note "end of scope"
    end
    scope()
    tap.is(said(), "x end of scope", "not at the end of the scope")
end)

scenario("R07 a swap", function()
    a, b = F("A"), F("B")
    a, b = b, a
    tap.is(said(), "", "no finalizer runs")
    tap.is(a.n .. b.n, "BA", "the names are exchanged")
    tap.refcount_is(a, 1)
    tap.refcount_is(b, 1)
    l = list { a, b }
    l[1], l[2] = l[2], l[1]
    tap.is(l[1].n .. l[2].n, "AB", "items as well")
    tap.refcount_is(a, 2)
    tap.is(said(), "")
    del("a", "b", "l")
end)

scenario("R08 what a weak reference gives is counted once it has a name", function()
    x = Node()
    w = weak(x)
    tap.refcount_is(x, 1, "a weak reference does not count")
    t = w()
    tap.refcount_is(x, 2, "a name for what it gives does")
    del "t"
    tap.refcount_is(x, 1, "until it goes")
    local held = w()
    tap.refcount_is(x, 1, "a local is held")
    w2 = w
    w3 = weak(x)
    tap.refcount_is(x, 1, "copies and further ones change nothing")
    del("w", "w2", "w3")
    tap.refcount_is(x, 1, "nor does letting them go")
    del "x"
    tap.ok(held ~= nil and held.a == nil, "the local still has it, whole")
    held = nil
end)

scenario("R14 a value attached to an object", function()
    o = object {}
    o.data = F("v1")
    o.data = F("v2")
    tap.is(said(), "v1", "replaced: the first one ends, once")
    v = o.data
    o.data = nil
    tap.is(said(), "", "taken over: no end")
    tap.refcount_is(v, 1, "it is the taker's")
    o.data = F("v3")
    del "o"
    tap.is(said(), "v3", "the last one ends with its owner, once")
    del "v"
    tap.is(said(), "v2")
    x, o = Node(), object {}
    for i = 1, 20 do o["k" .. i] = x end
    tap.refcount_is(x, 21, "twenty attachments count twenty")
    del "o"
    tap.refcount_is(x, 1, "and their owner lets go of all")
    del "x"
end)

scenario("R15 no drift over many rounds", function()
    local before = heap.live()
    local ran = 0
    for i = 1, 10000 do
        x = Node(i, list { i, dict { k = F(i) } })
        w = weak(x)
        r = finalize(x, function() ran = ran + 1 end)
        x = nil
    end
    del("w", "r")
    said()
    tap.is(ran, 10000, "each finalize record ran")
    tap.is(heap.live(), before, "the count path frees it all")
    tap.is(collect(), 0, "nothing for the collector")
end)

scenario("R16 a class is counted by its instances, each releases it once", function()
    B = class("B", { "n" })
    tap.refcount_is(B, 1, "the name")
    x, y = B(1), B(2)
    tap.refcount_is(B, 3, "and two instances")
    del "x"
    tap.refcount_is(B, 2)
    tap.throws(function() y.__class = F end, "no slot '__class'", "an instance keeps its class")
    local w = weak(B)
    function B:__del() note(self.n) B = nil end
    del "y"
    tap.is(said(), "2", "a finalizer that drops its own class")
    tap.is(w(), nil, "the class ends with its last instance")
end)

scenario("R17 a constructor function that gives the living instance", function()
    local S = class("S", { "n" })
    local living, made = nil, 0
    local function single()
        local x = living and living()
        if x then return x end
        made = made + 1
        x = S(made)
        living = weak(x)
        return x
    end
    one = single()
    tap.refcount_is(one, 1)
    two = single()
    tap.refcount_is(one, 2)
    three = single()
    tap.refcount_is(one, 3)
    tap.ok(same(one, two) and same(two, three), "the same object each time")
    local w = living
    del "one"
    del "two"
    tap.ok(w.alive, "it survives two releases")
    del "three"
    tap.is(w(), nil, "and ends at the third")
    one = single()
    tap.is(one.n, 2, "the next is a new one")
    living = nil
    del "one"
end)

scenario("R18 a constructor that raises part way", function()
    local H = class("H")
    local whole = 0
    function H:__init()
        self.a = list { 1 }
        error("half built", 0)
    end
    function H:__del()
        if self.a[1] == 1 and self.b == nil then whole = whole + 1 end
    end
    local refused = 0
    for i = 1, 1000 do
        local fine, message = pcall(H)
        if not fine and message == "half built" then refused = refused + 1 end
    end
    settle()
    tap.is(refused, 1000, "its own error each time")
    tap.is(whole, 1000, "the finalizer finds what was set, and the rest missing")
end)

scenario("R18 a constructor that drops what it builds", function()
    local H = class("H")
    function H:__init()
        me = self
        self.me = nil
        del "me"
        clear(self)
        self.late = 1
    end
    function H:__del() note "end" end
    x = H()
    tap.is(x.late, 1, "it is held while it is built")
    tap.is(said(), "", "no early end")
    del "x"
    tap.is(said(), "end", "one end")
end)

scenario("R20 a pin is a root", function()
    x = Node(list { 1 })
    x.b = x
    pin(x)
    local w = weak(x)
    del "x"
    tap.is(collect(), 0, "nothing is found")
    tap.is(tostring(w().a), "[1]", "it is whole")
    unpin(w())
    tap.is(collect(), 2, "after the release the loop and its list")
    tap.is(w(), nil)
end)

scenario("R21 many pins", function()
    x = F("x")
    local w = weak(x)
    for i = 1, 33 do pin(x) end
    tap.refcount_is(x, 34)
    for i = 1, 31 do unpin(x) end
    tap.refcount_is(x, 3)
    unpin(x)
    tap.refcount_is(x, 2)
    del "x"
    tap.refcount_is(w(), 1)
    tap.is(said(), "", "never finalized on the way")
    unpin(w())
    settle()
    tap.is(said(), "x", "but at the last")
    y = Node()
    tap.throws(function() unpin(y) end, "pin", "unpin of what is not pinned is refused")
    del "y"
end)

scenario("values that are no objects have no count", function()
    for _, v in ipairs { 1, 1.5, true, "text" } do
        tap.throws(function() refcount(v) end, type(v), "a " .. type(v))
    end
    local before = heap.live()
    x, y, z, t = 1, 1.5, true, "text"
    tap.is(heap.live(), before, "and a name for one makes no object")
    del("x", "y", "z", "t")
end)

tap.done_testing()
