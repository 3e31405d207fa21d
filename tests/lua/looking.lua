-- SPDX-License-Identifier: MIT
-- Looking: holders, attrs, repr, identity and the rest change nothing and add up.
local tap = require "ouro.tap"

Node = class("Node", { "val", "next" })

local function lines(t) return table.concat(t, "; ") end

tap.subtest("holders", function()
    tap.is(lines(holders(list {})), "", "an argument alone is no holder")
    tap.is(tostring(holders(list {})), "(nobody)", "and that is said")
    local l = list {}
    tap.like(lines(holders(l)), "^held by Lua: local 'l' at .*:13$",
        "a local is one, and counts nothing")
    tap.is(refcount(l), 0, "indeed")
    x = l
    l = nil
    tap.is(lines(holders(x)), "name x in main", "a name alone")
    local box = { x }
    tap.like(lines(holders(x)), "^name x in main; held by Lua: box%[1%] of table, ",
        "and a Lua table")
    box = nil
    o = object { ["a b"] = x }
    t = tuple { x, x }
    d = dict { key = x }
    pin(x)
    Node.shared = x
    local found = holders(x)
    tap.is(#found, refcount(x), "each counted reference is a line")
    local text = tostring(found)
    for _, what in ipairs { "name x in main", "#%d+%[1%]", "#%d+%[2%]", "#%d+%.key", "pin",
        "#%d+%.shared" } do
        tap.like(text, what, what)
    end
    tap.like(tostring(holders(Node)), "name Node in main", "of a class")
    unpin(x)
    Node.shared = nil
    del("x", "o", "t", "d")
end)

tap.subtest("attrs", function()
    local function collected(value)
        local t = {}
        for label, item in attrs(value) do t[#t + 1] = tostring(label) .. "=" .. tostring(item) end
        return table.concat(t, " ")
    end
    tap.is(collected(list { 1, "two", 3.5 }), "1=1 2=two 3=3.5", "of a list")
    tap.is(collected(Node(1, nil)), "val=1 next=nil class=<class Node>", "of an instance")
    tap.is(collected(dict { a = 1, b = 2 }), "a=1 b=2", "of a dict")
    local long = ("n"):rep(500)
    tap.is(collected(object { [long] = 1 }):sub(1, 502), long .. "=1", "names of any length")
    local l = list { 1, 2, 3 }
    for label in attrs(l) do if label == 1 then clear(l) end end
    tap.is(#l, 0, "the object may change meanwhile")
end)

tap.subtest("text", function()
    tap.is(repr("a\"b\n"), [["a\"b\n"]], "a string in quotes")
    tap.is(repr(1) .. repr(nil) .. repr(true), "1niltrue", "other values")
    local l = list { 1 }
    l:append(l)
    tap.is(tostring(l), "[1, [...]]", "a list in itself")
    local text = repr(list { math.abs, {}, coroutine.create(math.abs) })
    tap.is(text, "[<function>, <table>, <thread>]", "values of Lua, without addresses")
    tap.like(repr(list { function() end }), "<function .-looking.lua:%d+>", "a function's place")
    Pair = class("Pair", { "a", "b" })
    function Pair:__repr() return "<" .. tostring(self.a) .. "|" .. tostring(self.b) .. ">" end
    tap.is(repr(list { Pair(1, 2) }), "[<1|2>]", "__repr inside other things")
    function Pair:__repr() error("no text", 0) end
    tap.throws(function() return repr(list { Pair(1, 2) }) end, "no text", "its errors pass")
    clear(l)
    del "Pair"
end)

tap.subtest("ids, types, sizes", function()
    local a, b = list {}, list {}
    tap.ok(id(a) ~= id(b), "different ids")
    tap.is(id(a), id(a), "stable")
    tap.ok(same(a, a) and not same(a, b) and a == b, "identity and equality")
    tap.ok(same(1, 1) and not same(1, 2), "of plain values")
    tap.is(typeof(a) .. typeof(Node) .. typeof(Node()) .. typeof(nil), "listclassNodenil", "types")
    Leaf = class("Leaf", Node)
    tap.ok(isinstance(Leaf(), Node), "an instance of the base")
    tap.ok(not isinstance(Node(), Leaf), "not the other way round")
    tap.ok(not isinstance(1, Node), "a number is none")
    tap.is(getrefcount(Leaf), refcount(Leaf) + 1, "CPython's number")
    tap.ok(sizeof(Node()) < sizeof(list { 1, 2, 3, 4, 5, 6, 7, 8 }), "sizes")
    tap.throws(function() refcount(1) end, "managed object.*got number", "a number has no count")
    del "Leaf"
end)

tap.subtest("frames and names", function()
    call(function(_ENV)
        p = 1
        q = 2
        local s = stack()
        tap.is(#s, 2, "two frames")
        tap.is(table.concat(names(), " "), "p q", "the names of this one, in order")
        tap.is(tostring(names()), "p\nq", "which print")
        tap.is(s[2].name, "main", "main is the last")
        tap.like(tostring(s[1]), ": p, q", "a frame prints")
        tap.is(p + q, 3, "and they can be read")
    end)
    tap.is(#stack(), 1, "popped")
    local apart = frame("apart")
    apart.z = list { 1 }
    tap.is(refcount(apart.z), 1, "a frame that is not on the stack counts")
    tap.is(lines(holders(apart.z)), "name z in apart", "and is named")
    for name, value in pairs(apart) do tap.is(name .. tostring(value), "z[1]", "pairs of it") end
    tap.is(#stack(), 1, "it is not on the stack")
end)

tap.ok(heap.check(), "the heap checks")
tap.done_testing()
