-- SPDX-License-Identifier: MIT
-- Containers and classes: what can be done with them, and what a mistake is told.
local tap = require "ouro.tap"

tap.subtest("list", function()
    local l = list { 3, 1, 2 }
    l[#l + 1] = 4
    l:append(5)
    l:insert(1, 0)
    tap.is(tostring(l), "[0, 3, 1, 2, 4, 5]", "append and insert")
    l:sort()
    tap.is(tostring(l), "[0, 1, 2, 3, 4, 5]", "sort")
    l:sort(function(a, b) return a > b end)
    l:reverse()
    tap.is(l:pop(), 5, "pop")
    tap.is(l:pop(1), 0, "pop at an index")
    l:remove(3)
    l:extend { 7, 8 }
    l:extend(l)
    tap.is(tostring(l), "[1, 2, 4, 7, 8, 1, 2, 4, 7, 8]", "remove, extend")
    tap.is(l:index(7), 4, "index")
    tap.is(l:index(99), nil, "index of what is not there")
    local h = list(table.pack(1, nil, 3))
    tap.is(#h, 3, "a hole is kept")
    local n = 0
    for i, v in ipairs(h) do n = n + i end
    tap.is(n, 6, "ipairs passes over holes")
    tap.throws(function() return l[0] end, "index 0 is outside the list %(length 10%)", "below")
    tap.throws(function() return l[11] end, "outside", "above")
    tap.throws(function() l[13] = 1 end, "append with", "far above, with the remedy")
    tap.throws(function() return l[1.5] end, "integer", "a fraction")
    tap.throws(function() return l.size end, "no method 'size'", "an unknown method")
    tap.throws(function() list { 2, "a" }:sort() end, "compare", "what cannot be sorted")
    tap.throws(function() list {}:pop() end, "empty", "pop of an empty list")
end)

tap.subtest("tuple, dict, set", function()
    local t = tuple { 1, 2 }
    tap.is(tostring(t), "(1, 2)", "tuple")
    tap.throws(function() t[1] = 5 end, "cannot be changed", "a tuple is fixed")
    local d = dict { b = 2, a = 1 }
    d.c = 3
    d[t] = "by value"
    local keys = {}
    for k, v in pairs(d) do keys[#keys + 1] = tostring(k) end
    tap.is(table.concat(keys, " "), "a b c (1, 2)", "a dict keeps insertion order")
    tap.is(d[tuple { 1, 2 }], "by value", "tuples are keys by value")
    d.b = nil
    tap.is(#d, 3, "nil deletes")
    tap.is(d.missing, nil, "a missing key is nil")
    tap.throws(function() d[list {}] = 1 end, "list", "a list is no key")
    tap.throws(function() d[0 / 0] = 1 end, "NaN", "nor is NaN")
    tap.throws(function() d[nil] = 1 end, "nil", "nor nil")
    tap.throws(function() for k in pairs(d) do d[k .. "x"] = 1 end end, ".", "grown while iterated")
    local s = set { 1, 2, 2 }
    tap.is(#s, 2, "a set")
    s[3] = true
    s[1] = nil
    tap.ok(s[3] and not s[1], "set members")
end)

tap.subtest("classes", function()
    local Animal = class("Animal")
    function Animal:__init(name) self.name = name end
    function Animal:speak() return self.name .. " makes a sound" end
    local Dog = class("Dog", Animal)
    function Dog:speak() return self.name .. " barks" end
    local d = Dog("Rex")
    tap.is(d:speak(), "Rex barks", "a method overridden")
    tap.ok(isinstance(d, Animal) and isinstance(d, Dog) and not isinstance(5, Dog), "isinstance")
    tap.is(typeof(d), "Dog", "typeof")
    d.extra = 1
    tap.is(d.extra, 1, "open attributes")
    tap.is(d.nothing, nil, "an absent one is nil")
    local V = class("V", { "x", "y" })
    function V.__add(a, b) return V(a.x + b.x, a.y + b.y) end
    function V.__eq(a, b) return a.x == b.x and a.y == b.y end
    function V:__len() return 2 end
    function V:__call(k) return self.x * k end
    function V:__repr() return "V<" .. self.x .. ">" end
    function V.__lt(a, b) return a.x < b.x end
    function V.__concat(a, b) return "joined" end
    local v = V(1, 2) + V(3, 4)
    tap.is(v.x, 4, "arithmetic")
    tap.ok(V(1, 2) == V(1, 2) and V(1, 2) ~= V(1, 3), "equality")
    tap.is(#v, 2, "length")
    tap.is(v(10), 40, "call")
    tap.is(tostring(list { v }), "[V<4>]", "__repr within another's text")
    tap.ok(V(1, 0) < V(2, 0), "order")
    tap.is(v .. "s", "joined", "concatenation")
    tap.throws(function() return v.z end, "V has no slot 'z' %(slots: x, y%)", "an unknown slot")
    tap.throws(function() v.z = 1 end, "no slot 'z'", "nor can it be set")
    tap.throws(function() V(1, 2, 3) end, "2 slots", "too many values")
    tap.throws(function() return v - v end, "__sub", "an operator without method")
    local W = class("W", { "z" }, V)
    tap.is(W(1, 2, 3).z, 3, "slots are inherited, the base's first")
    tap.throws(function() class("Bad", {}, 5) end, "class", "a base that is none")
end)

tap.subtest("copies", function()
    local inner = list { 1 }
    local l = list { inner, inner }
    l:append(l)
    local c = copy(l)
    tap.ok(c ~= nil and same(c[1], inner) and same(c[3], l), "a copy is shallow")
    local d = deepcopy(l)
    tap.ok(same(d[3], d) and same(d[1], d[2]) and not same(d[1], inner),
        "a deep copy keeps sharing and cycles")
end)

tap.subtest("finalizers late and wrong", function()
    local log = {}
    C = class("C")
    c = C()
    function C:__del() log[#log + 1] = "first" end
    function C:__del() log[#log + 1] = "second" end
    c = nil
    tap.is(table.concat(log, " "), "second", "__del is looked up at death")
    C.__del = 5
    c = C()
    c = nil
    C.__del = nil
    c = C()
    c = nil
    tap.is(#log, 1, "one that cannot be called, or is gone, is skipped")
    local seen
    gc.on_error(function(info) seen = info.message end)
    function C:__del() error("bad end", 0) end
    c = C()
    c = nil
    gc.on_error(nil)
    tap.like(tostring(seen), "bad end", "an error goes to gc.on_error")
    tap.is(gc.stats().errors, 1, "and is counted")
    del "C"
end)

tap.subtest("sizes", function()
    local P = class("P", { "a", "b" })
    tap.is(sizeof(P(1, 2)), 24, "a record of two slots")
end)

tap.ok(heap.check(), "the heap checks")
tap.subtest("deepcopy of so many levels", function()
    local l = list { 1, list { 2, dict { a = list { 3 } } } }
    l[2]:append(l)
    local before = heap.live()
    local fine, why = pcall(deepcopy, l, 3)
    tap.ok(not fine, "there are more")
    tap.like(why, "depth limit: there are objects below level 3", "the error names the limit")
    tap.is(heap.live(), before, "nothing is left of it")
    tap.ok(deepcopy(l, 4) == l, "as many as there are")
    tap.ok(deepcopy(l, 0) == l, "0: any")
    tap.is(repr(deepcopy(list { 1 }, 1)), "[1]", "values are on no level")
    tap.throws(function() return deepcopy(l, -1) end, "levels", "a wrong number")
    tap.throws(function() return copy() end, "value expected", "copy needs one")
    l[2], l = nil, nil
end)

tap.done_testing()
