-- SPDX-License-Identifier: MIT
-- Scenarios of containers (C): in which order they let go, what a finalizer sees of them
-- meanwhile, and what finds its way into a copy.
local tap = require "ouro.tap"
local under = dofile(arg[0]:match("^.*/") .. "under")
local scenario, said, note = under.scenario, under.said, under.note
Node, F = under.Node, under.F

-- Each kind of container, filled by put(container, value) in turn; every one lets go in the
-- order in which it was filled.
local kinds = {
    { "list", function() return list {} end, function(l, v) l:append(v) end },
    { "dict", function() return dict {} end, function(d, v) d[#d + 1] = v end },
    { "dict by key", function() return dict {} end, function(d, v) d[v] = 1 end },
    { "set", function() return set {} end, function(s, v) s[v] = true end },
    { "object", function() return object {} end, function(o, v) o["k" .. v.n] = v end },
    { "class without slots", class "Open", function(o, v) o["k" .. v.n] = v end },
    { "class with slots", class("Five", { "k4", "k2", "k5", "k1", "k3" }),
        function(o, v) o["k" .. v.n] = v end, "4 2 5 1 3" },
}

-- The objects are made in another order than they are put in, so that neither age nor address
-- gives the order by chance.
local function fill(make, put)
    local made = {}
    for i = 5, 1, -1 do made[i] = F(i) end
    c = make()
    for _, i in ipairs { 2, 5, 1, 4, 3 } do put(c, made[i]) end
end

for _, kind in ipairs(kinds) do
    local name, make, put, order = table.unpack(kind)
    order = order or "2 5 1 4 3"
    scenario("release order: " .. name, function()
        fill(make, put)
        settle()
        clear(c)
        tap.is(said(), order, "cleared")
        del "c"
        fill(make, put)
        settle()
        c = nil
        tap.is(said(), order, "dropped")
        fill(make, put)
        settle()
        n = Node(c)
        c = nil
        n = nil
        tap.is(said(), order, "dropped with what held it")
        fill(make, put)
        settle()
        n = Node(c)
        n.b = n
        c, n = nil, nil
        collect()
        tap.is(said(), "5 4 3 2 1", "by collection: oldest first")
    end)
end

scenario("release order: tuple", function()
    local x, y, z = F("x"), F("y"), F("z")
    t = tuple { z, x, y }
    x, y, z = nil, nil, nil
    settle()
    t = nil
    tap.is(said(), "z x y")
end)

scenario("release order of what was just made, and may be held by Lua's garbage", function()
    l = list {}
    for i = 1, 3 do l:append(F(i)) end
    l:reverse()
    l = nil
    tap.is(said(), "3 2 1", "dropped")
    x = F("x", F("y"), list { F("z") })
    x = nil
    tap.is(said(), "x y z", "as one set")
    l = list {}
    for i = 1, 3 do l:append(F(i)) end
    l:reverse()
    do
        clear(l)
        settle()
        tap.is(said(), "3 2 1", "cleared")
    end
    l = nil
end)

scenario("release order: a chain, from its head; a tree, depth first", function()
    x = F(1, F(2, F(3)))
    settle()
    x = nil
    tap.is(said(), "1 2 3")
    x = F("root", F("a", F("a1"), F("a2")), F("b", F("b1")))
    settle()
    x = nil
    tap.is(said(), "root a a1 a2 b b1")
    local shared = F("s")
    x = F("root", F("a", shared), F("b", shared))
    shared = nil
    settle()
    x = nil
    tap.is(said(), "root a b s", "a shared one where its last reference is found")
end)

scenario("release order: a subclass's slots follow its base's", function()
    local Base = class("Base", { "z", "m" })
    local Sub = class("Sub", { "y", "a" }, Base)
    x = Sub(F("z"), F("m"), F("y"), F("a"))
    settle()
    x = nil
    tap.is(said(), "z m y a")
end)

scenario("C02 a dict releases in insertion order", function()
    d = dict { F("a"), F("b"), F("c") }
    clear(d)
    tap.is(said(), "a b c", "cleared")
    d = dict { F("a"), F("b"), F("c") }
    d = nil
    tap.is(said(), "a b c", "dropped")
    d = dict { F("a"), F("b"), F("c") }
    d[4] = d[1]
    d[1] = nil
    d[1] = d[4]
    d[4] = nil
    d = nil
    tap.is(said(), "b c a", "an entry set again after its deletion is the last")
    d = dict { k = F("old"), l = F("l") }
    d.k = F("k")
    tap.is(said(), "old")
    settle()
    d = nil
    tap.is(said(), "k l", "one that is overwritten keeps its place")
end)

scenario("C05 the finalizer of a removed item sees the shorter list", function()
    local G, seen = class("G"), nil
    function G:__del() seen = tostring(copy(l)) end
    l = list { G(), 1, 2 }
    del(l, 1)
    tap.is(seen, "[1, 2]", "del")
    l, seen = list { 1, G(), 2 }, nil
    l:pop(2)
    settle()
    tap.is(seen, "[1, 2]", "pop")
    x = G()
    l, seen = list { 1, 2, x }, nil
    l:remove(x)
    del "x"
    tap.is(seen, "[1, 2]", "remove")
    l, seen = list { G(), 1 }, nil
    clear(l)
    tap.is(seen, "[]", "clear")
    l, seen = list { G() }, nil
    l[1] = 7
    tap.is(seen, "[7]", "overwritten")
    del "l"
end)

scenario("C06 the finalizer of a removed entry does not find its key", function()
    local G, seen = class("G"), nil
    function G:__del() seen = tostring(d.k) .. " " .. #d end
    d = dict { k = G(), l = 1 }
    d.k = nil
    tap.is(seen, "nil 1", "set to nil")
    d, seen = dict { k = G(), l = 1 }, nil
    del(d, "k")
    tap.is(seen, "nil 1", "del")
    d, seen = dict { k = G(), l = 1 }, nil
    clear(d)
    tap.is(seen, "nil 0", "clear")
    function G:__del() seen = tostring(s[2]) .. " " .. #s end
    s = set { 1, 2 }
    x = G()
    s[x] = true
    x, seen = nil, nil
    local member
    for m in pairs(s) do
        if m ~= 1 and m ~= 2 then member = m end
    end
    del(s, member)
    member = nil
    settle()
    tap.is(seen, "true 2", "a member of a set")
    d, s = nil, nil
end)

scenario("a finalizer may refill what is being cleared", function()
    local G = class("G", { "n" })
    function G:__del()
        note(self.n)
        if #c < 2 then c:append("of " .. self.n) end
    end
    c = list { G(1), G(2), G(3) }
    settle()
    clear(c)
    tap.is(said(), "1 2 3")
    tap.is(tostring(c), '["of 1", "of 2"]', "it has just what the finalizers put there")
    del "c"
end)

scenario("C08 an equal key: the first key stays", function()
    k1 = tuple { F("k1") }
    k2 = tuple { k1[1] }
    d = dict {}
    d[k1] = 1
    d[k2] = 2
    tap.is(#d, 1, "equal tuples are one key")
    tap.is(d[k1], 2, "with the new value")
    tap.refcount_is(k1, 2, "the dict has the first")
    tap.refcount_is(k2, 1, "and not the second")
    local w1, w2 = weak(k1), weak(k2)
    del "k2"
    tap.is(w2(), nil, "which goes at once")
    del "k1"
    tap.ok(w1.alive, "the first lives until the dict lets go")
    clear(d)
    tap.is(w1(), nil)
    tap.is(said(), "k1")
    del "d"
end)

scenario("C08 the same with keys whose class has __eq and __hash", function()
    local K = class("K", { "n" })
    function K.__eq(a, b) return a.n == b.n end
    function K:__hash() return self.n end
    function K:__del() note(self.n) end
    k1, k2 = K(7), K(7)
    d = dict {}
    d[k1] = 1
    d[k2] = 2
    tap.is(#d, 1, "one entry")
    tap.is(d[k1], 2, "with the new value")
    tap.refcount_is(k1, 2, "the dict has the first key")
    tap.refcount_is(k2, 1, "the second was not kept")
    del "k2"
    tap.is(said(), "7", "it goes at once")
    del("k1", "d")
    settle()
    tap.is(said(), "7")
end)

scenario("C09 a shared child dies with its last parent", function()
    x = F("x")
    p1, p2 = Node(x), Node(x)
    del "x"
    del "p1"
    tap.is(said(), "", "it survives the first")
    del "p2"
    tap.is(said(), "x", "and dies with the second")
end)

scenario("C10 copies count, iterators do not", function()
    x, y = Node(), Node()
    l = list { x, y }
    m = copy(l)
    r = list {}
    for _ = 1, 3 do r:extend(l) end
    tap.refcount_is(x, 6, "a name, a list, its copy, three times in a third")
    del "r"
    tap.refcount_is(x, 3)
    for _, v in ipairs(l) do
        if same(v, x) then tap.refcount_is(x, 3, "in the midst of a loop") end
    end
    for _ in pairs(l) do break end
    tap.refcount_is(x, 3, "after one that was left")
    del "m"
    tap.refcount_is(x, 2)
    del "l"
    tap.refcount_is(x, 1)
    d = dict { k = x }
    e = copy(d)
    n = copy(Node(x))
    o = copy(object { k = x })
    t = tuple(list { x })
    s = set { x }
    u = copy(s)
    tap.refcount_is(x, 8, "copies of other kinds")
    del("d", "e", "n", "o", "t", "s", "u", "x", "y")
end)

scenario("C11 a popped value", function()
    local G = class("G")
    function G:__del() note("dead, left " .. #l) end
    l = list { G(), 1 }
    l:pop(1)
    settle()
    tap.is(said(), "dead, left 1", "as a statement: dead, from a list already shorter")
    l = list { G() }
    v = l:pop()
    tap.is(said(), "", "with a name: moved")
    tap.refcount_is(v, 1)
    del "v"
    tap.is(said(), "dead, left 0")
    l = list { G() }
    local held = l:pop()
    settle()
    tap.refcount_is(held, 0, "in a local: held")
    held = nil
    settle()
    tap.is(said(), "dead, left 0")
    del "l"
end)

scenario("a list that is sorted or reversed neither adds nor drops", function()
    l = list { F(3), F(1), F(2) }
    settle()
    l:sort(function(a, b) return a.n < b.n end)
    l:reverse()
    tap.is(said(), "")
    tap.refcount_is(l[1], 1)
    tap.throws(function() l:sort(function() error("on purpose", 0) end) end, "on purpose")
    tap.is(#l, 3, "all are there after an order that raises")
    settle()
    tap.is(said(), "")
    clear(l)
    del "l"
    settle()
    said()
end)

scenario("what a failed operation was given is let go", function()
    l = list { 1 }
    tap.throws(function() l[9] = F("x") end, "outside")
    settle()
    tap.is(said(), "x", "a write outside a list")
    tap.throws(function() list { 1 }:insert(9, F("x")) end, "9")
    settle()
    tap.is(said(), "x", "an insert outside it")
    tap.throws(function() Node(F("x"), 2, 3) end, "2 slots")
    settle()
    tap.is(said(), "x", "too many values for a class")
    tap.throws(function() dict {}[list { F("x") }] = 1 end, "list")
    settle()
    tap.is(said(), "x", "a key that is none")
    tap.throws(function() Node().none = F("x") end, "no slot")
    settle()
    tap.is(said(), "x", "an unknown slot")
    del "l"
end)

scenario("a container that extends itself", function()
    x = Node()
    l = list { x }
    for _ = 1, 5 do l:extend(l) end
    tap.refcount_is(x, 33)
    clear(l)
    tap.refcount_is(x, 1)
    del("l", "x")
end)

tap.done_testing()
