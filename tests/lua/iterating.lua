-- SPDX-License-Identifier: MIT
-- Iterating: pairs, ipairs and attrs over each type, while finalizers run, entries die, and
-- the object itself is let go of.
local tap = require "ouro.tap"
local is, ok, throws = tap.is, tap.ok, tap.throws

Node = class("Node", { "a", "b" })
local dead = 0
Mortal = class("Mortal", { "n" })
function Mortal:__del() dead = dead + 1 end

-- Everything with contents that pairs shows: how to make it, and what it then shows.
local kinds = {
    { "list", function() return list { Mortal(1), Mortal(2), Mortal(3) } end, 3 },
    { "tuple", function() return tuple { Mortal(1), Mortal(2), Mortal(3) } end, 3 },
    { "dict", function() return dict { a = Mortal(1), b = Mortal(2), c = Mortal(3) } end, 3 },
    { "set", function() return set { Mortal(1), Mortal(2), Mortal(3) } end, 3 },
    { "object", function() return object { a = Mortal(1), b = Mortal(2), c = Mortal(3) } end, 3 },
    { "instance", function() return Node(Mortal(1), Mortal(2)) end, 2 },
    { "class", function()
        local C = class("C")
        C.a, C.b, C.c = Mortal(1), Mortal(2), Mortal(3)
        return C
    end, 3 },
    { "frame", function()
        local f = frame("apart")
        f.a, f.b, f.c = Mortal(1), Mortal(2), Mortal(3)
        return f
    end, 3 },
    { "weak.values", function() return weak.values { a = 1, b = 2, c = 3 } end, 3 },
}

for _, kind in ipairs(kinds) do
    local name, make, count = table.unpack(kind)
    tap.subtest(name, function()
        local seen = 0
        for k, v in pairs(make()) do
            collect()
            settle()
            seen = seen + 1
            ok(k ~= nil and v ~= nil, "an entry, after a collection")
        end
        is(seen, count, "an object that only the loop has is gone through to its end")
        settle()
        local before = dead
        x = make()
        seen = 0
        for k, v in pairs(x) do
            x = nil
            collect()
            seen = seen + 1
        end
        is(seen, count, "also when its name goes in the middle")
        collect()
        is(dead - before, name == "weak.values" and 0 or count, "and then it is dead")
        x = make()
        seen = 0
        for label, v in attrs(x) do
            clear(x)
            collect()
            if v ~= nil then seen = seen + 1 end
        end
        ok(seen >= (name == "weak.values" and 0 or count), "attrs, of what is emptied meanwhile")
        x = make()
        for k, v in pairs(x) do break end
        local co = coroutine.wrap(function() for k, v in pairs(x) do coroutine.yield(k) end end)
        ok(co() ~= nil and co() ~= nil, "from a coroutine")
        co = nil
        del "x"
        collect()
        ok(heap.check(), "the heap checks")
    end)
end

tap.subtest("finalizers that change what is iterated over", function()
    local function run(make, step)
        local C = class("C", { "n" })
        local target = make()
        function C:__del() step(target, self.n) end
        local seen = 0
        for k, v in pairs(target) do
            seen = seen + 1
            if seen > 100 then break end
            y = C(seen)
            y = nil
        end
        return seen
    end
    is(run(function() return list { 1, 2, 3 } end,
        function(l, n) if n <= 3 then l:append(n) end end), 6, "a list that grows")
    is(run(function() return list { 1, 2, 3, 4 } end, function(l) l:pop() end), 2,
        "one that shrinks")
    is(run(function() return list { 1, 2, 3, 4 } end, clear), 1, "one that is emptied")
    is(run(function() return object { a = 1, b = 2 } end, function(o, n) o["c" .. n] = n end), 2,
        "an object's attributes as they were")
    is(run(function() return Node(1, 2) end, function(n) n.b = nil end), 2, "an instance's")
    is(run(function() return frame("f") end, function() end), 0, "a frame without names")
    throws(function()
        run(function() return dict { a = 1, b = 2 } end, function(d, n) d["c" .. n] = n end)
    end, "the dict was changed during iteration", "a dict says so")
    throws(function()
        run(function() return set { 1, 2 } end, function(s, n) s["c" .. n] = true end)
    end, "the set was changed during iteration", "a set, too")
    is(run(function() return dict { a = 1, b = 2 } end, function(d, n) d.a = n end), 2,
        "a new value under an old key is no change")
end)

tap.subtest("entries that die in the middle", function()
    local function each(make)
        local kept = {}
        for i = 1, 10 do kept[i] = Mortal(i) end
        local w = make(kept)
        local seen = 0
        for k, v in pairs(w) do
            k, v = nil, nil
            seen = seen + 1
            if seen == 2 then
                for i = 1, 10 do kept[i] = nil end
                settle()
            end
        end
        return seen
    end
    is(each(function(kept)
        local w = weak.set {}
        for _, m in ipairs(kept) do w[m] = true end
        return w
    end), 2, "a weak set")
    is(each(function(kept)
        local w = weak.keys {}
        for i, m in ipairs(kept) do w[m] = i end
        return w
    end), 2, "weak keys")
    is(each(function(kept)
        local w = weak.values {}
        for i, m in ipairs(kept) do w[i] = m end
        return w
    end), 2, "weak values")
    local w = weak.set { Mortal(1) }
    for _ in pairs(w) do tap.fail "nothing is left" end
    is(#w, 0, "what has died before is not shown")
end)

tap.subtest("ipairs", function()
    local t = {}
    for i, v in ipairs(list(table.pack(1, nil, 3))) do t[#t + 1] = i .. tostring(v) end
    is(table.concat(t, " "), "11 2nil 33", "passes over holes of a list")
    t = {}
    for i, v in ipairs(dict { "a", "b", x = 1 }) do t[#t + 1] = i .. v end
    is(table.concat(t, " "), "1a 2b", "of a dict: its keys from 1 on")
    throws(function() for _ in ipairs(set { 1 }) do end end,
        "a set has no items by number; use pairs", "a set has none, and would never end")
    throws(function() for _ in ipairs(weak.set {}) do end end, "a weak.set has no items",
        "nor this")
    throws(function() for _ in ipairs(Node(1, 2)) do end end, "name has to be a string",
        "nor an instance")
    local l = list { 1, 2, 3 }
    local seen = 0
    for i, v in ipairs(l) do
        seen = seen + 1
        if i == 1 then l:pop(1) end
    end
    is(seen, 2, "a list that shrinks")
    local s = 0
    for _, v in ipairs({ 1, 2 }) do s = s + v end
    is(s, 3, "a Lua table, as ever")
end)

tap.subtest("a hundred thousand, with deaths at each step", function()
    local before = dead
    x = list {}
    for i = 1, 100000 do x[i] = Mortal(i) end
    local sum = 0
    for i, m in ipairs(x) do
        sum = sum + m.n
        m = nil
        x[i] = nil
    end
    is(sum, 5000050000, "each is seen")
    x = nil
    settle()
    is(dead - before, 100000, "and each has died once")
end)

tap.done_testing()
