-- SPDX-License-Identifier: MIT
-- Collectors from Lua: options, a stepper, one's own, verification, what each has done.
local tap = require "ouro.tap"
local gc, is, ok, throws = gc, tap.is, tap.ok, tap.throws

local Node = class("Node", { "next", "other" })

-- A dead ring of so many; gives the ids of its members.
local function ring(length)
    local ids = {}
    first = Node()
    ids[1] = id(first)
    last = first
    for i = 2, length do
        last.next = Node()
        last = last.next
        ids[i] = id(last)
    end
    last.next = first
    first, last = nil, nil
    settle()
    return ids
end

gc.disable()
settle()

tap.subtest("options are checked, and named", function()
    throws(function() gc.policy("incremental", { speed = 1 }) end, "it has: slice", "unknown")
    throws(function() gc.policy("incremental", { slice = "fast" }) end, "number of units",
        "no number")
    throws(function() gc.policy("incremental", { slice = 0 }) end, "from 1", "too small")
    throws(function() gc.policy("trial", { slice = 5 }) end, "'trial' has no option", "none at all")
    is(gc.policy(), "generational", "none of these has switched")
    gc.policy("incremental", { slice = 500 })
    is(gc.policy(), "incremental")
    gc.policy("incremental", { slice = 16384 })
    gc.policy("generational")
end)

tap.subtest("each policy explains itself in a line", function()
    for name, text in pairs(gc.policies()) do
        ok(#text > 20 and not text:find("\n"), name)
    end
end)

for _, name in ipairs(gc.policies()) do
    tap.subtest("a stepper under " .. name, function()
        gc.policy(name)
        local dead = ring(3)
        live = Node()
        live.next = live
        local alive = id(live)
        local s = gc.stepper()
        local phases, seen, most = {}, {}, 0
        repeat
            if phases[#phases] ~= s:phase() then phases[#phases + 1] = s:phase() end
            seen[s:colour(dead[1])] = true
            most = math.max(most, s:trial(dead[2]))
            local at = s:object()
            if at then seen[at] = true end
        until not s:step()
        is(s:phase(), "free", "the question is answered")
        for i = 1, 3 do is(s:colour(dead[i]), "white", "garbage is white") end
        is(most, 1, "one reference from within")
        ok(s:colour(alive) ~= "white", "what is named is not")
        tap.cmp_ok(#phases, ">", 4, "there were phases: " .. table.concat(phases, ", "))
        ok(seen.white or seen.gray, "it had another colour on the way")
        throws(function() x = 1 end, "is being stepped", "names cannot be bound")
        throws(function() return live end, "would hold its object", "nor objects be fetched")
        throws(function() collect() end, "is being stepped", "nor collections started")
        is(s:run(), 3, "all three die")
        throws(function() s:step() end, "has ended", "then it has ended")
        is(live.next, live, "the heap can be used again")
        live = nil
        is(collect(), 1)
    end)

    tap.subtest("a stepper is given up, under " .. name, function()
        gc.policy(name)
        ring(2)
        do
            local s <close> = gc.stepper()
            s:next_phase()
            s:step()
        end
        tap.lives(heap.check, "the heap checks")
        local s = gc.stepper()
        while s:next_phase() do end
        s:close()
        s:close()
        is(collect(), 2, "and a collection finds them")
    end)
end
gc.policy("generational")

tap.subtest("a collector in Lua", function()
    local calls, kept = 0, nil
    gc.add_policy("in Lua", function(c)
        calls = calls + 1
        kept = c
        local gray = {}
        for _, x in ipairs(c:candidates()) do
            c:visit(x, function(y) c:subtract(y) end)
            gray[#gray + 1] = x
        end
        local work = {}
        local function reach(x)
            if c:colour(x) == 1 then return end
            c:mark(x, 1)
            work[#work + 1] = x
        end
        for _, x in ipairs(gray) do
            if c:left(x) > 0 then reach(x) end
        end
        while #work > 0 do c:visit(table.remove(work), reach) end
        for _, x in ipairs(gray) do
            if c:colour(x) == 0 then c:claim(x) end
        end
    end, "everything, in Lua")
    gc.policy("in Lua")
    gc.verify(true)
    ring(5)
    is(collect(), 5)
    is(calls, 1)
    is(collect(), 0)
    throws(function() kept:roots() end, "is over", "it cannot be used afterwards")
    is(gc.policies()["in Lua"], "everything, in Lua")
    gc.verify(false)
end)

tap.subtest("a collector that is wrong is named", function()
    local greedy = function(c)
        for _, x in ipairs(c:candidates()) do c:claim(x) end
    end
    gc.add_policy("greedy", greedy)
    gc.policy("greedy")
    live = Node()
    throws(collect, "collector 'greedy' claimed a .* still reached", "what it claimed is reached")
    is(live.next, nil, "nothing was freed")
    gc.add_policy("raises", function() error("oh dear", 0) end)
    gc.policy("raises")
    throws(collect, "'raises' failed: oh dear", "an error")
    local held = Node()
    gc.add_policy("mutates", function() held.next = held end)
    gc.policy("mutates")
    throws(collect, "'mutates' is at work", "it cannot change the heap")
    gc.add_policy("invents", function(c) c:claim(1) end)
    gc.policy("invents")
    throws(collect, "has shown", "nor claim what it was not shown")
    gc.policy("generational")
    throws(function() gc.add_policy("greedy", greedy) end, "already", "a name is taken once")
    throws(function() gc.add_policy("x", 1) end, "has to be a function", "it is a function")
    live, held = nil, nil
    is(collect(), 0)
end)

tap.subtest("what a collector misses is told by verification", function()
    gc.add_policy("lazy", function() end)
    gc.policy("lazy")
    ring(2)
    is(collect(), 0, "without, nobody notices")
    is(gc.verify(true), false, "it was off")
    throws(collect, "'lazy' has missed a Node", "with it, it is named")
    gc.policy("generational")
    is(collect(), 2)
    is(gc.verify(false), true, "it was on")
    throws(function() gc.verify(1) end, "true or false")
end)

tap.subtest("work by policy and generation", function()
    gc.policy("trial")
    local before = gc.stats().policies.trial[3]
    ring(10)
    collect()
    local after = gc.stats().policies.trial[3]
    is(after.collections - before.collections, 1)
    is(after.freed - before.freed, 10)
    tap.cmp_ok(after.possible_roots - before.possible_roots, ">=", 1)
    tap.cmp_ok(after.visited - before.visited, ">=", 10)
    tap.cmp_ok(after.edges - before.edges, ">=", 10)
    tap.cmp_ok(after.collector_s, ">", before.collector_s)
    is(gc.stats().policies.tracing[1].collections, 0, "never of generation 0")
    tap.like(tostring(gc.stats().policies), "\ntrial +2 ", "they print")
    gc.policy("generational")
end)

tap.subtest("a long list dies in slices, and nobody can tell", function()
    local h = require("ouro").heap {}
    h.gc.policy("incremental", { slice = 400 })
    local before = h.gc.stats().policies.incremental[3].slices
    local names = h:frame()
    names.x = h.build.chain(20000)
    local alive = h.heap.live()
    names.x = nil
    for _ = 1, 10 do names.y = 1 end
    is(h.heap.live() <= alive - 20000, true, "whoever counts sees none of it")
    tap.cmp_ok(h.gc.stats().policies.incremental[3].slices, ">", before, "but it took slices")
    is(h:close(), 0)
end)

tap.done_testing()
