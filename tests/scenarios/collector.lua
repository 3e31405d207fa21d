-- SPDX-License-Identifier: MIT
-- Scenarios of the collector's switches and history (G): generations, thresholds, statistics,
-- notifications, setting aside, keeping.
local tap = require "ouro.tap"
local under = dofile(arg[0]:match("^.*/") .. "under")
local scenario = under.scenario
local is, ok, throws = tap.is, tap.ok, tap.throws

Node = class("Node", { "a", "b" })

local function make_loops(count)
    for _ = 1, count or 1 do
        loop = list {}
        loop:append(loop)
    end
    loop = nil
end


scenario("G01 counters after collections of each generation", function()
    collect(2)
    l = list {}
    is((gc.count()), 1, "a new object raises the first")
    collect(0)
    is(table.concat({ gc.count() }, " "), "0 1 0")
    collect(1)
    is(table.concat({ gc.count() }, " "), "0 0 1")
    collect(2)
    is(table.concat({ gc.count() }, " "), "0 0 0")
    l = nil
end)

scenario("G03 garbage that aged before it died", function()
    l = list {}
    l:append(l)
    is(collect(0), 0)
    is(collect(1), 0)
    l = nil
    is(collect(0), 0, "it is not young")
    is(collect(1), 0, "nor in the middle")
    is(collect(2), 1, "it is old")
    make_loops()
    is(collect(0), 1, "young garbage is found young")
end)

scenario("G05 mistakes with the generation", function()
    throws(function() collect(-1) end, "generation -1 does not exist", "below")
    throws(function() collect(3) end, "generation 3 does not exist", "above")
    throws(function() collect("x") end, "got string", "a string")
    throws(function() collect(1.5) end, "got number", "a fraction")
end)

scenario("G06 statistics by generation", function()
    local before = gc.stats()
    collect(0)
    make_loops()
    is(collect(2), 1)
    local after = gc.stats()
    for i, expected in ipairs { { 1, 0 }, { 0, 0 }, { 1, 1 } } do
        local a, b = after.generations[i], before.generations[i]
        is(a.collections - b.collections, expected[1], "collections of " .. i - 1)
        is(a.collected - b.collected, expected[2], "collected by " .. i - 1)
    end
    is(after.collections - before.collections, 2, "the sum")
    is(after.collected - before.collected, 1, "the sum")
end)

scenario("G07 notifications", function(it)
    local function listener(n)
        return function(e)
            it:mark(("%d:%s:%d:%d"):format(n, e.event, e.generation, e.count))
        end
    end
    local f, g = listener(1), listener(2)
    for _, event in ipairs { "start", "stop" } do
        gc.on(event, f)
        gc.on(event, g)
    end
    make_loops()
    is(collect(2), 1)
    is(it:said(), "1:start:2:0 2:start:2:0 1:stop:2:1 2:stop:2:1")
    for _, event in ipairs { "start", "stop" } do
        gc.off(event, f)
        gc.off(event, g)
    end
    collect()
    is(it:said(), "", "none after off")
end)

scenario("G09 a raising notification", function(it)
    local function bad(e) error(e.event) end
    local function good(e) it:mark(e.event) end
    for _, event in ipairs { "start", "stop" } do
        gc.on(event, bad)
        gc.on(event, good)
    end
    make_loops()
    is(collect(), 1, "the collection is a normal one")
    for _, event in ipairs { "start", "stop" } do
        gc.off(event, bad)
        gc.off(event, good)
    end
    is(it:said(), "start stop", "the others run")
    local reports = it:reports()
    is(#reports, 2, "one report for each")
    is(reports[1] and reports[1].what, "handler of start events")
    is(reports[2] and reports[2].what, "handler of stop events")
end)

scenario("G15 a disabled collector", function()
    gc.disable()
    ok(not gc.isenabled())
    local before = gc.stats().collections
    make_loops(10000)
    is(gc.stats().collections, before, "nothing happens by itself")
    is(collect(), 10000, "an explicit call works")
    ok(not gc.isenabled(), "and does not enable")
    local h = require "ouro".heap {}
    h.gc.disable()
    local l = h:list {}
    l:append(l)
    l = nil
    is(h:close(), 0, "a dead cycle at the end is no leak")
end)

scenario("G17 full collections stay rare while live objects grow", function(it)
    gc.enable()
    local before = gc.stats().generations
    keep = list {}
    for _ = 1, 300000 do keep:append(list {}) end
    local after = gc.stats().generations
    local full = after[3].collections - before[3].collections
    local any = full + after[1].collections - before[1].collections
    if it.policy == "refcount" then
        is(any, 0, "this policy has no automatic collections")
    else
        ok(any > 0, "there were automatic collections")
        tap.cmp_ok(full, "<=", 8, "but few over everything: each time the heap has doubled")
    end
    keep = nil
end)

scenario("G18 switches give what was in force", function(it)
    is(gc.policy(), it.policy, "asking")
    is(gc.policy(it.policy), it.policy, "setting")
    throws(function() gc.policy("none") end, "none", "an unknown one")
    is(gc.policy(), it.policy, "changes nothing")
    gc.disable()
    ok(not gc.isenabled())
    make_loops()
    is(collect(), 1, "an explicit one works while disabled")
    ok(not gc.isenabled(), "and does not enable")
    gc.enable()
    ok(gc.isenabled())
    local a, b, c = gc.threshold(100, 5, 6)
    is(table.concat({ gc.threshold(a, b, c) }, " "), "100 5 6", "thresholds too")
    is((gc.threshold()), a)
end)

scenario("G21 all that is garbage is freed, whatever its finalizers", function()
    local L = class("L", { "peer" })
    local ran = 0
    function L:__del() ran = ran + 1 end
    for _ = 1, 2 do
        x, y = L(), L()
        x.peer, y.peer = y, x
    end
    del("x", "y")
    make_loops()
    is(collect(), 5, "none is uncollectable")
    is(ran, 4)
    is(#gc.garbage, 0)
end)

-- ---- what the neighbours suggest -----------------------------------------------------------

scenario("automatic collection keeps garbage bounded, and only at safe points", function(it)
    gc.enable()
    local most = 0
    for i = 1, 60000 do
        local l = list {}
        l:append(l)
        if i % 1000 == 0 then most = math.max(most, heap.live()) end
    end
    if it.policy ~= "refcount" then
        tap.cmp_ok(most, "<", 40000, "it was collected on the way")
    else
        tap.cmp_ok(most, ">=", 50000, "this policy waits for collect()")
    end
    gc.disable()
end)

scenario("threshold 0 means never", function(it)
    gc.enable()
    local a, b, c = gc.threshold(0)
    local before = gc.stats().collections
    make_loops(20000)
    is(gc.stats().collections, before)
    gc.threshold(a, b, c)
    is(collect(), 20000)
end)

scenario("frozen objects are not looked at", function()
    l = list {}
    l:append(l)
    w = weak(l)
    gc.freeze()
    ok(gc.frozen() > 0)
    l = nil
    is(collect(), 0, "garbage that was set aside stays")
    make_loops()
    is(collect(), 1, "other garbage does not")
    gc.unfreeze()
    is(gc.frozen(), 0)
    is(collect(), 1, "until it is unfrozen")
    is(w(), nil)
    w = nil
end)

scenario("frozen objects still die by count", function(it)
    F = under.logging_class("F", function(n) it:mark(n) end)
    x = F "x"
    gc.freeze()
    local frozen = gc.frozen()
    x = nil
    is(it:said(), "x")
    is(gc.frozen(), frozen - 1, "and are no longer counted as frozen")
    gc.unfreeze()
    F = nil
end)

scenario("a frozen owner keeps young objects", function()
    x = list {}
    gc.freeze()
    x:append(list {})
    w = weak(x[1])
    collect()
    ok(w.alive)
    gc.unfreeze()
    del("x", "w")
end)

scenario("saveall keeps what would be freed", function(it)
    F = under.logging_class("F", function(n) it:mark(n) end)
    is(gc.saveall(true), false)
    x = F "x"
    x.ref = x
    w = weak(x, function() it:mark "cb" end)
    x = nil
    is(collect(), 1, "found")
    is(gc.saveall(false), true)
    is(it:said(), "", "not finalized")
    ok(same(gc.garbage[1], w()), "kept whole")
    clear(gc.garbage)
    is(collect(), 1)
    is(it:said(), "x cb", "it dies as it would have")
    del("w", "F")
end)

scenario("an old object that gets a young one keeps it", function()
    old = list {}
    collect()
    collect()
    old:append(list {})
    w = weak(old[1])
    collect(0)
    ok(w.alive, "young, held by the old alone")
    old[1]:append(old)
    old = nil
    is(collect(0), 0, "a loop through the old is not young garbage")
    is(collect(2), 2)
    is(w(), nil)
    w = nil
end)

scenario("switching the policy keeps everything", function(it)
    F = under.logging_class("F", function(n) it:mark(n) end)
    x, y = F "x", F "y"
    y.ref = y
    local w = weak(x, function() it:mark "cb" end)
    y = nil
    for _ = 1, 3 do
        for _, policy in ipairs(gc.policies()) do
            gc.policy(policy)
            tap.lives(heap.check, policy)
        end
    end
    is(collect(), 1)
    x = nil
    is(it:said(), "y x cb")
    w, F = nil, nil
end)

scenario("the counts of resurrected, finalizers, callbacks and errors", function(it)
    local R = class("R", { "ref" })
    function R:__del() saved = self end
    local before = gc.stats()
    x = R()
    x.ref = x
    x = nil
    is(collect(), 0)
    w = weak(saved, function() error "x" end)
    saved = nil
    is(collect(), 1)
    local after = gc.stats()
    is(#it:reports(), 1)
    for name, expected in pairs { resurrected = 1, finalizers = 1, callbacks = 1, errors = 1 } do
        is(after[name] - before[name], expected, name)
    end
    w = nil
end)

scenario("births less deaths are the live objects", function()
    make_loops(10)
    local s = gc.stats()
    is(s.births - s.deaths, s.objects)
    is(s.objects, heap.live())
    collect()
    s = gc.stats()
    is(s.births - s.deaths, s.objects)
end)

scenario("collections add up to the pauses of the histogram", function()
    collect(0)
    collect(1)
    local s = gc.stats()
    local pauses, by_generation = 0, 0
    for _, row in ipairs(s.pauses) do pauses = pauses + row.count end
    for _, row in ipairs(s.generations) do by_generation = by_generation + row.collections end
    is(pauses, s.collections)
    is(by_generation, s.collections)

end)

tap.done_testing()
