-- SPDX-License-Identifier: MIT
-- Scenarios of self-reference (S): printing, comparing and copying what contains itself.
-- Loops that have been looked at are collected by the end of each scenario.
local tap = require "ouro.tap"
local under = dofile(arg[0]:match("^.*/") .. "under")
local scenario = under.scenario
Node, F = under.Node, under.F

scenario("S01 a list that contains itself", function()
    l = list { 0, 1, 2 }
    l:append(l)
    l:append(3)
    tap.is(tostring(l), "[0, 1, 2, [...], 3]")
    del "l"
end)

scenario("S02 a dict that contains itself", function()
    d = dict {}
    d[1] = d
    tap.is(tostring(d), "{[1]: {...}}")
    d.k = d
    tap.is(tostring(d), "{[1]: {...}, k: {...}}")
    del "d"
end)

scenario("S03 mutual containment", function()
    a, b = list {}, list {}
    a:append(b)
    b:append(a)
    tap.is(tostring(a), "[[[...]]]", "the mark stands where the outermost returns")
    tap.is(tostring(b), "[[[...]]]")
    del("a", "b")
end)

scenario("S04 an object whose __repr prints what holds it", function()
    local W = class("W", { "value" })
    function W:__repr() return tostring(self.value) end
    w = W()
    s = set { w }
    w.value = s
    tap.is(tostring(w), "set{W(...)}", "the mark stands where the object returns")
    tap.is(tostring(s), "set{set{W(...)}}", "each text of its own begins anew")
    function W:__repr() return "<" .. repr(self.value) .. ">" end
    v = W(w)
    w.value = v
    tap.is(tostring(v), "<<W(...)>>", "two that print each other")
    function W:__repr() error("on purpose", 0) end
    tap.throws(function() return tostring(v) end, "on purpose")
    function W:__repr() return "fine" end
    tap.is(tostring(v), "fine", "nothing is remembered of a text that failed")
    del("w", "s", "v")
end)

scenario("tuples, objects, instances and classes that contain themselves", function()
    l = list {}
    t = tuple { l }
    l:append(t)
    tap.is(tostring(t), "([(...)],)")
    o = object {}
    o.me = o
    tap.is(tostring(o), "object(me=object(...))")
    n = Node()
    n.a, n.b = n, n
    tap.is(tostring(n), "Node(a=Node(...), b=Node(...))")
    local C = class("C")
    C.me = C
    tap.is(tostring(C), "<class C>")
    del("l", "t", "o", "n")
end)

scenario("the same thing twice is no return", function()
    x = list { 1 }
    l = list { x, x }
    tap.is(tostring(l), "[[1], [1]]")
    del("x", "l")
end)

scenario("text is bounded in depth and length", function()
    deep = list {}
    for _ = 1, 100000 do deep = list { deep } end
    tap.is(tostring(deep), "[[[[[[[...1 item]]]]]]]")
    wide = list {}
    for i = 1, 300 do wide:append(i) end
    tap.like(tostring(wide), "200, ... 100 more]")
    del("deep", "wide")
end)

scenario("comparing what contains itself ends", function()
    a, b = list { 1 }, list { 1 }
    a:append(a)
    b:append(b)
    tap.ok(a == b, "no step tells two such lists apart")
    c = list { 1 }
    c:append(list { 1, c })
    tap.ok(a == c, "nor from a loop twice as long")
    d = list { 1, list { 2 } }
    d[2]:append(d)
    tap.ok(a ~= d, "but from one with another item")
    p, q = dict {}, dict {}
    p.next, q.next = q, p
    tap.ok(p == q, "dicts that refer to each other")
    q.extra = 1
    tap.ok(p ~= q)
    x, y = Node(), Node()
    x.a, y.a = x, y
    tap.ok(x ~= y, "instances are compared by identity")
    del("a", "b", "c", "d", "p", "q", "x", "y")
end)

scenario("comparing, at any depth, uses no C stack", function()
    local function chain()
        local l = list {}
        for _ = 1, 100000 do l = list { l } end
        return l
    end
    a, b = chain(), chain()
    tap.ok(a == b)
    del("a", "b")
end)

scenario("a list in itself as a key", function()
    l = list {}
    t = tuple { l }
    l:append(t)
    tap.throws(function() dict {}[t] = 1 end, "list", "is refused for the list it has")
    del("l", "t")
end)

scenario("S09 a deep copy keeps the shape", function()
    x = list { 1 }
    l = list {}
    l:extend { l, x, x }
    m = deepcopy(l)
    tap.ok(same(m[1], m), "the loop")
    tap.ok(same(m[2], m[3]), "what is shared")
    tap.ok(not same(m[2], x) and m[2] == x, "all is new")
    tap.ok(same(l[1], l) and same(l[2], x) and #l == 3, "the original is as it was")
    tap.refcount_is(x, 3)
    del("x", "l", "m")
    tap.is(collect(), 4, "two lists in themselves, and the one at each")
end)

scenario("a deep copy of every kind, in one loop", function()
    n = Node()
    n.a = list { dict { k = tuple { object { back = n } } } }
    n.b = set { tuple { n } }
    c = deepcopy(n)
    tap.ok(same(c.a[1].k[1].back, c), "list, dict, tuple, object")
    local inner
    for member in pairs(c.b) do inner = member end
    tap.ok(same(inner[1], c), "a set and its tuple")
    tap.ok(isinstance(c, Node) and not same(c, n))
    inner = nil
    del "n"
    tap.is(collect(), 7, "the original")
    del "c"
    tap.is(collect(), 7, "the copy shares nothing with it")
end)

scenario("a shallow copy of a list in itself has the original in it", function()
    l = list {}
    l:append(l)
    m = copy(l)
    tap.ok(same(m[1], l) and not same(m, l))
    tap.refcount_is(l, 3)
    tap.refcount_is(m, 1)
    del "m"
    tap.is(collect(), 0, "the copy went by count")
    del "l"
end)

scenario("S11 an object and a weak dict in themselves", function()
    o = object {}
    o.a = o
    tap.is(tostring(o), "object(a=object(...))")
    del "o"
    do
        m = weak.keys {}
        m[m] = m
        tap.is(select(2, tostring(m):gsub("%.%.%.", "")), 2, "the key and the value are marks")
    end
    m = nil
end)

scenario("S12 printing, comparing and copying never change counts", function()
    x = Node()
    l = list { x }
    x.a = l
    local function counts()
        return refcount(x) .. " " .. refcount(l) .. " " .. heap.live()
    end
    local before = counts()
    local text = tostring(x) .. repr(l, 3, 3) .. tostring(holders(x)) .. tostring(names())
    tap.ok(#text > 0 and counts() == before, "printing")
    tap.ok(l == l and l ~= list {} and counts() == before, "comparing")
    deepcopy(x)
    collect()
    tap.is(counts(), before, "copying, once the copy is collected")
    del("x", "l")
end)

tap.done_testing()
