-- SPDX-License-Identifier: MIT
-- Order: how a set of objects dies (docs/semantics.md, 3), step by step, by count and by
-- collection, under every policy. What scripts do to disturb it is in order_nasty.lua.
local tap = require "ouro.tap"
local is = tap.is

gc.disable()
local log, watch = {}, {}
local F = class("F", { "n", "a", "b", "loop" })

local function note(text) log[#log + 1] = text end
local function said()
    local text = table.concat(log, " ")
    log = {}
    return text
end

-- "+" for each weak reference of `watch` that still finds its object.
local function seen()
    local marks = {}
    for i, w in ipairs(watch) do marks[i] = w() and "+" or "-" end
    return table.concat(marks)
end

local function attributes(self)
    local function number(v) return isinstance(v, F) and v.n or "" end
    return number(self.a) .. number(self.b)
end

function F:__del() note("F" .. self.n .. attributes(self) .. seen()) end

local function callback(name) return function() note(name .. seen()) end end

-- x -> 2 -> 3, x -> 4, and, if only a collection is to find them, x -> x. All are watched by
-- weak references with callbacks and by finalize records, made in the order w1 r1 w2 r2 ...
local function make(path)
    x = F(1) -- the oldest first, so that both paths have the same order
    x.a = F(2)
    x.a.a = F(3)
    x.b = F(4)
    if path == "collection" then x.loop = x end
    local all = { x, x.a, x.a.a, x.b }
    for i, object in ipairs(all) do
        watch[i] = weak(object, callback("w" .. i))
        finalize(object, callback("r" .. i))
    end
end

local function let_go(path)
    del "x"
    return path == "collection" and collect() or 0
end

local function each_way(name, f)
    for _, policy in ipairs(gc.policies()) do
        for _, path in ipairs { "count", "collection" } do
            tap.subtest(("%s: by %s, policy %s"):format(name, path, policy), function()
                gc.policy(policy)
                collect()
                local before = heap.live()
                f(path)
                watch, log = {}, {}
                saved = nil
                collect()
                is(heap.live(), before, "nothing is left over")
                tap.ok(heap.check(), "the heap checks")
            end)
        end
    end
    gc.policy("generational")
end

each_way("all five steps", function(path)
    make(path)
    local found = let_go(path)
    is(said(), "F124++++ F23++++ F3++++ F4++++ "
        .. "r4---- w4---- r3---- w3---- r2---- w2---- r1---- w1----",
        "finalizers on the whole set, then all weak references empty, then newest first")
    is(found, path == "collection" and 4 or 0, "as many as the collection found")
end)

each_way("a script's own leftovers disturb nothing", function(path)
    make(path)
    for _ = 1, 10 do attributes(x); attributes(x.a) end
    let_go(path)
    tap.like(said(), "^F124%+%+%+%+ F23%+%+%+%+ F3%+%+%+%+ F4%+%+%+%+ r4%-%-%-%- ", "no step")
end)

each_way("what is still held by Lua does not die with it", function(path)
    make(path)
    local kept = x.a
    let_go(path)
    is(kept.a.n, 3, "whole")
    is(watch[2]() and watch[3]() and true, true, "its weak references too")
    is(said(), "F124++++ F4++++ r4-++- w4-++- r1-++- w1-++-", "the others do")
    kept = nil
    settle()
    is(said(), "F23-++- F3-++- r3---- w3---- r2---- w2----", "it goes when Lua lets go of it")
end)

each_way("the set that a finalizer resurrects", function(path)
    make(path)
    local G = class("G", { "n" })
    local errors = gc.stats().errors
    function G:__del()
        note("G")
        saved = watch[2]()
    end
    x.b.b = G(5)
    local found = let_go(path)
    is(said(), "F124++++ F23++++ F3++++ F4++++ G r4-++- w4-++- r1-++- w1-++-",
        "weak references and records of what was saved stay")
    is(found, path == "collection" and 3 or 0, "the saved are not counted")
    is(saved.a.n, 3, "what was saved is whole")
    saved = nil
    is(said(), "r3---- w3---- r2---- w2----", "it dies later, without its finalizers")
    is(gc.stats().errors, errors, "no error")
end)

each_way("a callback whose weak reference dies in the same set does not run", function(path)
    x = F(1)
    x.a = F(2)
    if path == "collection" then x.loop = x end
    x.b = weak(x.a, callback("never"))
    watch[1] = weak(x.a, callback("w"))
    x.a.b = list { weak(x, callback("never")) }
    let_go(path)
    is(said(), "F12+ F2+ w-", "the others do")
end)

each_way("references out of the dead go last, in field order", function(path)
    out1, out2 = F(8), F(9)
    x = F(1, list { out1, out2 }, out2)
    if path == "collection" then x.loop = x end
    watch[1] = weak(x, function() note("w" .. out1.n .. refcount(out1) .. refcount(out2)) end)
    let_go(path)
    is(said(), "F19+ w823", "callbacks come before the releases")
    is(refcount(out1) .. refcount(out2), "11", "then they are released")
    del("out1", "out2")
    is(said(), "F8- F9-", "one by one")
end)

tap.subtest("oldest first, whenever the class got its __del", function()
    local Late = class("Late", { "n", "a" })
    x = F(1)
    x.a = Late(2)
    x.a.a = x
    function Late:__del() note("Late") end
    del "x"
    collect()
    is(said(), "F1 Late", "an instance that was there before")
end)

-- Classes with one, two and five slots, so in different blocks; some cells are used again.
tap.subtest("oldest first, across classes, when they get their __del last", function()
    local sizes = { { "n" }, { "n", "next" }, { "n", "next", "a", "b", "c" } }
    local classes = {}
    for i, slots in ipairs(sizes) do classes[i] = class("Size" .. i, slots) end
    local dropped = {}
    for i = 1, 300 do dropped[i] = classes[i % 3 + 1](0) end
    for i = 300, 1, -7 do dropped[i] = nil end
    settle()
    hub = list {}
    for i = 1, 200 do
        local made = classes[i * i % 3 + 1](i)
        hub:append(made)
        if i * i % 3 > 0 then made.next = hub end
    end
    hub:append(hub)
    hub:reverse()
    for _, each in ipairs(classes) do
        function each:__del() if self.n > 0 then note(self.n) end end
    end
    local expected = {}
    for i = 1, 200 do expected[i] = i end
    hub = nil
    collect()
    is(said(), table.concat(expected, " "))
    dropped = nil
end)

tap.subtest("oldest first, when a class had many instances before its __del", function()
    local Many = class("Many", { "n", "next" })
    hub = list {}
    for i = 1, 40000 do hub:append(Many(i)) end
    hub:append(hub)
    local run, wrong = 0, 0
    local function numbered(n) return n <= 16384 or n > 40000 end
    function Many:__del()
        run = run + 1
        if numbered(run) and self.n ~= run then wrong = wrong + 1 end
    end
    for i = 40001, 40100 do hub:insert(1, Many(i)) end
    hub = nil
    collect()
    is(run, 40100)
    is(wrong, 0, "the first 16384, and those made since")
end)

tap.done_testing()
