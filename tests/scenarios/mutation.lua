-- SPDX-License-Identifier: MIT
-- Scenarios of change during traversal (T).
local tap = require "ouro.tap"
local under = dofile(arg[0]:match("^.*/") .. "under")
local scenario = under.scenario
local is, ok, throws = tap.is, tap.ok, tap.throws

Node = class("Node", { "a", "b" })

local function logging(it)
    F = under.logging_class("F", function(n) it:mark(n) end)
end

scenario("T01 a dict grown while iterated", function()
    d = dict { a = 1, b = 2 }
    throws(function() for k in pairs(d) do d[k .. "x"] = 1 end end, "changed during iteration")
    is(repr(d), "{a: 1, b: 2, ax: 1}", "the dict is intact")
    tap.lives(function() for k in pairs(d) do d[k] = 5 end end, "new values are allowed")
    is(repr(d), "{a: 5, b: 5, ax: 5}")
    throws(function() for k in pairs(d) do d[k] = nil end end, "changed during iteration")
    is(#d, 2, "one went")
    d = nil
end)

scenario("T02 a finalizer inserts into the dict being cleared", function()
    local I = class("I", { "n" })
    function I:__del() d["new" .. self.n] = self.n end
    d = dict {}
    for i = 1, 5 do d[i] = I(i) end
    clear(d)
    is(repr(d), "{new1: 1, new2: 2, new3: 3, new4: 4, new5: 5}", "it holds just what they put in")
    d = nil
end)

scenario("T06 a set changed while iterated, by a finalizer", function()
    local D = class("D", {})
    function D:__del() s[2] = nil end
    s = set { 1, 2, 3 }
    x = D()
    throws(function()
        for _ in pairs(s) do x = nil end
    end, "changed during iteration")
    is(#s, 2, "no harm is done")
    s = nil
end)

scenario("T07 a list cleared or grown while iterated", function()
    l = list { 1, 2, 3 }
    local steps = 0
    for _ in ipairs(l) do
        steps = steps + 1
        clear(l)
    end
    is(steps, 1, "it stops quietly")
    l:append(1)
    steps = 0
    for i in ipairs(l) do
        steps = steps + 1
        if i < 10 then l:append(i + 1) end
    end
    is(steps, 10, "it sees what was appended")
    l = nil
end)

scenario("T11 all objects, while objects are made", function()
    local steps, live = 0, heap.live()
    made = list {}
    for _, object in ipairs(gc.objects()) do
        steps = steps + 1
        made:append(list {})
        object = nil
    end
    is(steps, live + 1, "it ends; new ones are not in it")
    is(#made, steps)
    made = nil
end)

scenario("T12 a collection while a container is built or extended", function()
    local function items(n)
        local t = {}
        for i = 1, n do
            t[i] = Node(i)
            collect()
        end
        return t
    end
    l = list(items(50))
    l:extend(items(50))
    local intact = 0
    for i = 1, 100 do if l[i].a == (i - 1) % 50 + 1 then intact = intact + 1 end end
    is(intact, 100, "all there")
    d = dict {}
    for i = 1, 50 do
        d[i] = Node(Node(i))
        collect()
    end
    intact = 0
    for i = 1, 50 do if d[i].a.a == i then intact = intact + 1 end end
    is(intact, 50)
    del("l", "d")
end)

scenario("T13 finalizers of items remove further items during a clear", function(it)
    local D = class("D", { "n" })
    function D:__del()
        it:mark(self.n)
        if #l > 0 then del(l, 1) end
    end
    l = list { D "a", D "b", D "c", D "d" }
    clear(l)
    is(it:said(), "a b c d", "each once")
    is(#l, 0)
    for _, n in ipairs { "a", "b", "c", "d" } do l:append(D(n)) end
    l:pop(2)
    settle()
    local all = it:said()
    is(#all, 7, "one at a time: each removes the first of those left")
    is(#l, 0)
    l = nil
end)

scenario("T14 an iterator outlives the names of its container", function()
    d = dict { a = 1, b = 2 }
    w = weak(d)
    local step, state, key = pairs(d)
    d = nil
    key = step(state, key)
    is(key, "a", "the iterator holds it")
    key = step(state, key)
    is(key, "b")
    is(step(state, key), nil, "it ends")
    step, state = nil, nil
    is(w(), nil, "then it lets go")
    w = nil
end)

-- ---- what the neighbours suggest -----------------------------------------------------------

scenario("a store releases last: the finalizer sees the new value", function()
    local D = class("D", {})
    local seen = {}
    function D:__del() seen[#seen + 1] = tostring(l and l[1]) .. tostring(n.a) .. tostring(d.k) end
    l, n, d = list { D() }, Node(D()), dict {}
    d.k = D()
    l[1] = 1
    n.a = 2
    d.k = 3
    is(seen[1]:sub(1, 1), "1", "list")
    is(seen[2]:sub(1, 2), "12", "attribute")
    is(seen[3], "123", "dict")
    del("l", "n", "d")
end)

scenario("a finalizer stores into the slot that was just overwritten", function(it)
    logging(it)
    local D = class("D", {})
    function D:__del() n.a = F "by the finalizer" end
    n = Node(D())
    n.a = F "new"
    settle() -- the statement itself held the new value
    is(it:said(), "new", "the last store stands")
    is(n.a.n, "by the finalizer")
    n = nil
    it:said()
    F = nil
end)

scenario("a finalizer clears the list whose item it was", function(it)
    logging(it)
    local D = class("D", {})
    function D:__del() clear(l) end
    l = list { D(), F "a", F "b" }
    del(l, 1)
    is(it:said(), "a b")
    is(#l, 0)
    l = list { D(), F "a", F "b" }
    l[1] = 5
    is(it:said(), "a b", "by a store too")
    is(#l, 0)
    del("l", "F")
end)

scenario("a finalizer grows the list that is being popped", function()
    local D = class("D", {})
    function D:__del() for i = 1, 100 do l:append(i) end end
    l = list { D() }
    do
        local popped = l:pop()
        popped = nil
    end
    settle()
    is(#l, 100)
    l = nil
end)

scenario("a finalizer rebinds the name that is being deleted", function()
    local D = class("D", {})
    function D:__del() x = 5 end
    x = D()
    del "x"
    is(x, 5, "the name is its own")
    x = D()
    x = nil
    is(x, 5)
    x = nil
end)

scenario("__eq changes the list that is searched", function()
    local E = class("E", { "v" })
    function E:__eq() clear(l); return false end
    l = list { E(1), E(2), E(3) }
    local fine, result = pcall(function() return l:index(E(9)) end)
    ok(fine and result == nil or not fine, "an answer or an error, no crash")
    is(#l, 0)
    tap.lives(heap.check)
    l = nil
end)

scenario("sort whose comparison changes the list", function()
    l = list {}
    for i = 1, 20 do l:append(20 - i) end
    pcall(function()
        l:sort(function(a, b)
            l:append(1)
            return a < b
        end)
    end)
    tap.lives(heap.check, "whole, whatever the outcome")
    ok(#l >= 20, "nothing was lost")
    local sum = 0
    for i = 1, #l do sum = sum + l[i] end
    is(sum, 190 + #l - 20, "every item is there")
    l = nil
end)

scenario("two iterations over one dict at once", function()
    d = dict { a = 1, b = 2, c = 3 }
    local pairs_seen = 0
    for _ in pairs(d) do
        for _ in pairs(d) do pairs_seen = pairs_seen + 1 end
    end
    is(pairs_seen, 9)
    d = nil
end)

scenario("objects die while all objects are walked", function()
    for i = 1, 20 do _ENV["n" .. i] = Node(i) end
    local seen = 0
    for _, object in ipairs(gc.objects("Node")) do
        seen = seen + 1
        object = nil
        for i = 1, 20 do _ENV["n" .. i] = nil end
        collect()
    end
    tap.cmp_ok(seen, ">=", 1, "the walk ends")
    is(#gc.objects("Node"), 0)
end)

scenario("a frame's names change while they are listed", function()
    call(function(_ENV)
        for _, name in ipairs { "a", "b", "c" } do _ENV[name] = list {} end
        for _, name in ipairs(names()) do
            del(name)
            _ENV["new_" .. name] = 1
        end
        tap.is_deeply({ table.unpack(names()) }, { "new_a", "new_b", "new_c" })
    end)
end)

tap.done_testing()
