-- SPDX-License-Identifier: MIT
-- Equality: __eq and __hash of classes, everywhere values are compared and hashed, and what
-- comes of methods that do harm.
local tap = require "ouro.tap"

gc.disable()

-- Equal by `n`; `ref` refers to anything.
local function new_class(name, base)
    local K = class(name or "K", base and {} or { "n", "ref" }, base)
    if base then return K end
    function K.__eq(a, b) return isinstance(a, K) and isinstance(b, K) and a.n == b.n end
    function K:__hash() return self.n end
    return K
end

tap.subtest("in lists and tuples", function()
    local K = new_class()
    tap.ok(list { K(1) } == list { K(1) }, "equal items")
    tap.ok(list { K(1) } ~= list { K(2) }, "unequal items")
    tap.ok(tuple { 1, tuple { K(1) } } == tuple { 1, tuple { K(1) } }, "deeper")
    tap.ok(list { K(1) } ~= list { 1 }, "never equal to a number")
    tap.ok(list { K("a") } ~= list { "a" }, "or to a string")
    tap.is(list { K(1), K(2) }:index(K(2)), 2, "index")
    tap.is(tuple { K(1) }:index(K(3)), nil, "index of what is not there")
    local l = list { K(1), K(2), K(1) }
    l:remove(K(1))
    tap.is(tostring(l), "[K(n=2, ref=nil), K(n=1, ref=nil)]", "remove takes the first")
    tap.throws(function() l:remove(K(3)) end, "no item equal", "what is not there")
end)

tap.subtest("identity comes first", function()
    local K = class("K", { "n" })
    local asked = 0
    function K.__eq() asked = asked + 1; return false end
    function K:__hash() return 1 end
    local k = K(1)
    tap.ok(list { k } == list { k }, "the same object is equal")
    tap.is(dict { [k] = 5 }[k], 5, "and found")
    tap.is(list { k }:index(k), 1)
    tap.is(asked, 0, "without asking")
    tap.ok(list { k } ~= list { K(1) })
    tap.is(asked, 1)
end)

tap.subtest("the answer of __eq is taken as Lua takes it", function()
    local K = class("K", { "n" })
    local answer
    function K.__eq() return answer end
    for _, yes in ipairs { true, 0, "", K, {} } do
        answer = yes
        tap.ok(list { K(1) } == list { K(1) }, typeof(yes) .. " is true")
    end
    answer = nil
    tap.ok(list { K(1) } ~= list { K(1) }, "nil is false")
    answer = false
    tap.ok(list { K(1) } ~= list { K(1) }, "and so is false")
end)

tap.subtest("either side is asked, as by ==", function()
    local K, P = class("K", { "n" }), class("P", { "n" })
    function K.__eq(a, b) return a.n == b.n end
    for _, pair in ipairs { { K(1), P(1) }, { P(1), K(1) }, { K(1), P(2) }, { P(1), P(1) } } do
        local a, b = pair[1], pair[2]
        tap.is(list { a } == list { b }, a == b, repr(a) .. " and " .. repr(b))
    end
    local C = class("C", { "n" })
    local seen = {}
    function C.__eq(a, b) seen[#seen + 1] = typeof(a) .. " " .. typeof(b); return true end
    for _, other in ipairs { list {}, dict {}, K, weak(K), io.stdout } do
        local c = C(1)
        tap.is(list { c } == list { other }, c == other, "an instance and a " .. typeof(other))
        tap.is(list { other } == list { c }, other == c, "the other way around")
        tap.is(table.concat(seen, ", "), table.concat({ seen[2], seen[2], seen[4], seen[4] }, ", "),
            "asked with both in their order")
        seen = {}
    end
    for _, other in ipairs { 1, "c", true, {}, print } do
        tap.is(list { C(1) } == list { other }, false, "not about a " .. type(other))
    end
    tap.is(#seen, 0)
end)

tap.subtest("keys of dicts and sets", function()
    local K = new_class()
    local first, second = K(1), K(1)
    local d = dict {}
    d[first] = "a"
    d[second] = "b"
    tap.is(#d, 1, "equal keys are one key")
    tap.is(d[K(1)], "b", "with the new value")
    tap.is(d[K(2)], nil)
    for key in pairs(d) do tap.ok(same(key, first), "the first key stays") end
    tap.refcount_is(first, 1)
    tap.refcount_is(second, 0)
    d[K(1)] = nil
    tap.is(#d, 0, "removed by an equal one")
    tap.throws(function() del(d, K(1)) end, "no key", "del of what is not there")
    local s = set { K(1), K(2), K(1) }
    tap.is(#s, 2)
    tap.ok(s[K(2)] and not s[K(3)])
    tap.ok(set { K(1), K(2) } == set { K(2), K(1) }, "sets are compared by it")
    tap.ok(set { K(1), K(2) } ~= set { K(1), K(3) })
    d[tuple { "at", K(5) }] = 7
    tap.is(d[tuple { "at", K(5) }], 7, "tuples of instances")
    local a, b = dict { [K(1)] = list { K(2) } }, dict { [K(1)] = list { K(2) } }
    tap.ok(a == b, "dicts are compared by their keys and values")
    b[K(1)] = list { K(3) }
    tap.ok(a ~= b)
    d = dict {}
    for i = 1, 1000 do d[K(i)] = i end
    for i = 1, 1000 do d[K(i)] = d[K(i)] + 1 end
    tap.is(#d, 1000, "many")
    tap.is(d[K(777)], 778)
end)

tap.subtest("what __hash may return", function()
    local P = class("P", { "x", "y" })
    function P.__eq(a, b) return a.x == b.x and a.y == b.y end
    local way
    function P:__hash() return way(self) end
    local ways = {
        { "an integer", function(p) return p.x * 31 + p.y end },
        { "a float", function(p) return p.x / 2 end },
        { "a string", function(p) return p.x .. "," .. p.y end },
        { "a boolean", function(p) return p.x > 1 end },
        { "a tuple", function(p) return tuple { p.x, p.y } end },
    }
    for _, entry in ipairs(ways) do
        way = entry[2]
        local d = dict { [P(1, 2)] = "12" }
        d[P(2, 2)] = "22"
        tap.is(d[P(1, 2)] .. d[P(2, 2)], "1222", entry[1])
        tap.is(d[P(1, 3)], nil)
    end
    local bad = {
        { "nil", function() end }, { "table", function() return {} end },
        { "its own argument", function(p) return p end },
    }
    for _, entry in ipairs(bad) do
        way = entry[2]
        tap.throws(function() return dict {}[P(1)] end,
            "__hash of P returned " .. entry[1] .. "; return a number, a string or a tuple")
    end
    way = function() return list {} end
    tap.throws(function() return dict {}[P(1)] end, "a list cannot be a key")
    way = function() return P(1) end
    tap.throws(function() return dict {}[P(1)] end, "stack overflow", "one without end")
end)

tap.subtest("__eq without __hash", function()
    local K = new_class()
    K.__hash = nil
    for name, f in pairs { dict = function() dict {}[K(1)] = 2 end,
        set = function() set { K(1) } end, tuple = function() set { tuple { K(1) } } end,
        look = function() return dict {}[K(1)] end } do
        tap.throws(f, "instances of K cannot be keys: the class has __eq but no __hash; define one",
            name)
    end
    weak.set { K(1) }
    weak.keys { [K(1)] = 2 }
    tap.ok(true, "weak sets and weak keys go by identity")
    K.__eq = nil
    local k = K(1)
    tap.is(dict { [k] = 3 }[k], 3, "without __eq identity is the hash")
    function K:__hash() return 1 end
    tap.is(#set { K(1), K(1) }, 2, "__hash alone leaves equality as it is")
end)

tap.subtest("inherited, redefined, removed", function()
    local Base = new_class("Base")
    local K = class("K", {}, Base)
    tap.ok(list { K(1) } == list { K(1) }, "inherited")
    tap.ok(list { K(1) } == list { Base(1) })
    tap.is(#set { K(1), Base(1) }, 1)
    function K.__eq() return false end
    tap.ok(list { K(1) } ~= list { K(1) }, "overridden")
    K.__eq = nil
    tap.ok(list { K(1) } == list { K(1) }, "taken back: the base's again")
    K.__hash = false
    tap.throws(function() set { K(1) } end, "K cannot be keys: the class has __hash = false")
    K.__hash = nil
    local d = dict { [K(1)] = 1 }
    function Base:__hash() return self.n + 1000 end
    tap.is(d[K(1)], nil, "a key in a dict keeps the hash it had")
    function Base:__hash() return self.n end
    tap.is(d[K(1)], 1)
    del(Base, "__eq")
    tap.ok(list { K(1) } ~= list { K(1) }, "deleted")
    function Base.__eq() return true end
    tap.ok(list { K(1) } == list { K(2) }, "and defined again")
    clear(K)
    tap.ok(list { K(1) } ~= list { K(1) }, "a cleared class has no base")
end)

tap.subtest("copies", function()
    local K = new_class()
    local k = K(1)
    local d = dict { [k] = list { 1 } }
    local e = deepcopy(d)
    tap.ok(d == e)
    tap.is(e[K(1)][1], 1, "the copy finds its keys by value")
    for key in pairs(e) do tap.ok(not same(key, k), "which are copies") end
    -- An open key is complete before it is hashed, and so is a set in it.
    local Open = class("Open")
    function Open.__eq(a, b) return a.name == b.name end
    function Open:__hash() return self.name .. #self.tags end
    local o = Open { name = "x", tags = set { 1, 2 } }
    local s = deepcopy(set { o, tuple { o } })
    tap.ok(s[o] and s[tuple { o }], "open keys, and sets in keys")
    local c = copy(d)
    tap.is(c[K(1)], d[K(1)], "shallow")
end)

tap.subtest("weak.values", function()
    local K = new_class()
    local w, value = weak.values {}, K(0)
    w[K(1)] = value
    w[K(1)] = value
    tap.is(#w, 1)
    tap.ok(same(w[K(1)], value), "keys go by value")
    value = nil
    settle()
    tap.is(#w, 0)
end)

-- ---- errors ----------------------------------------------------------------------------------

tap.subtest("an error in a method is the operation's", function()
    local K = new_class()
    local l, m, d = list { K(1) }, list { K(1) }, dict { [K(1)] = 1 }
    local lost = { why = "lost" }
    function K.__eq() error(lost) end
    for name, f in pairs { equal = function() return l == m end,
        get = function() return d[K(1)] end,
        set = function() d[K(1)] = 2 end, index = function() return l:index(K(1)) end,
        dicts = function() return d == deepcopy(d) end } do
        local fine, why = pcall(f)
        tap.ok(not fine and rawequal(why, lost), name .. ": the very error")
    end
    function K.__eq() error("no equal") end
    tap.throws(function() return l == m end, "equality.lua:%d+: no equal", "with its place")
    local long = ("x"):rep(5000)
    function K.__eq() error(long, 0) end
    tap.is(select(2, pcall(function() return l == m end)), long, "a long text is not cut")
    function K:__hash() error(lost) end
    local fine, why = pcall(function() d[K(2)] = 2 end)
    tap.ok(not fine and rawequal(why, lost), "__hash")
    fine, why = pcall(deepcopy, d)
    tap.ok(not fine and rawequal(why, lost), "in a deep copy")
    tap.is(#d, 1, "nothing has happened")
    local before = heap.live()
    local R = class("R")
    function R:__repr() error(lost) end
    fine, why = pcall(repr, R())
    tap.ok(not fine and rawequal(why, lost), "__repr does the same")
    R = nil
    settle()
    function K.__eq(a, b) return a.n == b.n end
    function K:__hash() return self.n end
    tap.ok(l == m, "and later all is well")
    tap.is(d[K(1)], 1)
end)

tap.subtest("no yield, no closing", function()
    local h = require "ouro".heap {}
    local K = h:class("K", { "n" })
    local act
    function K.__eq(a, b) act(); return a.n == b.n end
    function K:__hash() act(); return self.n end
    act = function() end
    local d, l, k = h:dict { [K(1)] = 1 }, h:list { K(1) }, K(1)
    act = coroutine.yield
    for name, f in pairs { get = function() return d[k] end,
        equal = function() return l == h:list { k } end,
        index = function() return l:index(k) end } do
        local fine, why = coroutine.resume(coroutine.create(f))
        tap.ok(not fine and why:find("yield across"), name .. ": yield is an error")
    end
    act = function() h:close() end
    tap.throws(function() return d[k] end, "cannot close while it calls", "closing in __hash")
    tap.throws(function() return l == h:list { k } end, "cannot close while it calls", "in __eq")
    tap.throws(function() return l:index(k) end, "heap is closed", "the operator itself lets it")
    tap.throws(function() return l[1] end, "closed")
end)

-- ---- harm ------------------------------------------------------------------------------------

tap.subtest("methods that change what they are asked for", function()
    local K = new_class()
    local act = function() end
    function K.__eq(a, b) act(a, b); return a.n == b.n end
    function K:__hash() act(self); return self.n end
    local function play(name, make, harm, use, after)
        act = function() end
        local x = make()
        local k = K(1)
        act = function(...) harm(x, ...) end
        local fine, result = pcall(use, x, k)
        act = function() end
        after(x, fine, result)
        tap.ok(heap.check(), name)
    end
    local function one() return dict { [K(1)] = 1 } end
    local function get(d, k) return d[k] end
    play("clear in get", one, clear, get, function(d, fine, result)
        tap.ok(fine and result == nil and #d == 0)
    end)
    play("clear in set", one, clear, function(d, k) d[k] = 2 end, function(d, fine)
        tap.ok(fine)
        tap.is(d[K(1)], 2)
    end)
    play("delete the key", one, function(d, a) for k in pairs(d) do del(d, k) end end, get,
        function(d, fine) tap.ok(not fine or #d == 0) end)
    local n = 0
    play("grow without end", one, function(d) n = n + 1; d["x" .. n] = n end, get,
        function(_, fine, why) tap.ok(not fine and why:find("leave the container alone")) end)
    local room = 300
    play("grow for a while", one, function(d)
        if room > 0 then room = room - 1; d["x" .. room] = room end
    end, get, function(_, fine, result) tap.ok(not fine or result == 1) end)
    play("collect", one, function() collect() end, get, function(_, fine, result)
        tap.ok(fine and result == 1)
    end)
    play("clear the tuple", function() return tuple { K(1) } end, clear, function(t)
        return set { t }
    end, function(_, fine, why) tap.ok(not fine and why:find("cleared while it was hashed")) end)
    play("clear a compared list", function() return list { list { K(1), 2 }, 3 } end, clear,
        function(l, k) return l == list { list { k, 2 }, 3 } end,
        function(_, fine, why) tap.ok(not fine and why:find("leave it alone")) end)
    play("shift the list that is searched", function() return list { K(0), K(1), K(2) } end,
        function(l, a) if a.n == 1 then l:pop(1) end end, function(l, k) l:remove(k) end,
        function(l, fine, why)
            tap.ok(not fine and why:find("changed while it was searched"))
            tap.is(#l, 2, "nothing else is removed")
        end)
end)

tap.subtest("a hash that changes is found nowhere, and breaks nothing", function()
    local K = class("K", { "n" })
    local turn = 0
    function K.__eq(a, b) return a.n == b.n end
    function K:__hash() turn = turn + 1; return turn end
    local d, k = dict {}, K(1)
    for i = 1, 50 do d[k] = i end
    tap.is(#d, 50, "fifty entries of one key")
    tap.is(d[k], nil, "none is found")
    for key in pairs(d) do tap.ok(same(key, k)) break end
    tap.ok(heap.check())
    tap.is(#deepcopy(d), 50)
    clear(d)
    tap.is(#d, 0)
end)

tap.subtest("cycles", function()
    local K = new_class()
    local function ring(n)
        local l = list { K(n) }
        l:append(l)
        l[1].ref = l
        return l
    end
    local a, b, c = ring(1), ring(1), ring(2)
    tap.ok(a == b, "cyclic lists with instances")
    tap.ok(a ~= c)
    function K.__eq(x, y) return x.ref == y.ref end
    tap.throws(function() return a == b end, "stack overflow", "recursion of the script's own")
    tap.ok(heap.check())
    clear(a) clear(b) clear(c)
end)

tap.subtest("nothing is left over", function()
    tap.no_leaks(function()
        local K = new_class()
        local d = dict { [K(1)] = K(2) }
        pcall(function() d[K(1)] = d[tuple { K(1) }] end)
        function K.__eq() error(d) end
        pcall(function() return d[K(1)] end)
        pcall(deepcopy, d)
    end)
end)

tap.done_testing()
