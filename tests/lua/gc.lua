-- SPDX-License-Identifier: MIT
-- Gc: the collector's table: collecting, switches, pacing, history, and who refers to whom.
local tap = require "ouro.tap"
local is, ok, throws = tap.is, tap.ok, tap.throws

local Node = class("Node", { "val", "next" })
gc.disable()

local function make_loop()
    local n = Node(1)
    n.next = n
end

tap.subtest("collect gives how many objects it found", function()
    collect()
    is(collect(), 0, "nothing")
    make_loop()
    is(collect(), 1, "a loop")
    x = build.ring(100)
    is(collect(), 0, "a ring with a name is none")
    x = nil
    is(gc.collect(2), 100, "a ring without")
    make_loop()
    is(collect(0), 1, "the youngest generation alone")
end)

tap.subtest("a generation has to exist", function()
    throws(function() collect(-1) end, "generation -1 does not exist", "below")
    throws(function() collect(3) end, "generation 3 does not exist", "above")
    throws(function() collect("x") end, "generation has to be 0, 1 or 2", "a string")
    throws(function() collect(1.5) end, "generation has to be", "a fraction")
    tap.lives(function() collect(2.0) end, "a float that is whole will do")
end)

tap.subtest("within a collection collect gives 0", function()
    local Loud = class("Loud", { "self" })
    local inner
    function Loud:__del()
        make_loop()
        inner = collect()
    end
    x = Loud()
    x.self = x
    x = nil
    is(collect(), 1, "the outer finds its own")
    is(inner, 0, "the inner finds nothing")
    is(collect(), 1, "the next finds what the finalizer made")
end)

tap.subtest("garbage that aged waits for its generation", function()
    x = Node(1)
    x.next = x
    collect(0)
    collect(1)
    x = nil
    is(collect(0), 0, "not among the youngest")
    is(collect(1), 0, "nor the middle ones")
    is(collect(2), 1, "but among all")
end)

tap.subtest("automatic collection can be switched", function()
    is(gc.isenabled(), false, "it is off in this script")
    gc.enable()
    is(gc.isenabled(), true, "on")
    gc.disable()
    is(gc.isenabled(), false, "off")
    for _ = 1, 20000 do make_loop() end
    is(collect(), 20000, "nothing was collected while it was off")
end)

tap.subtest("a steady producer of cycles is kept up with", function()
    gc.enable()
    local most = 0
    for i = 1, 100000 do
        make_loop()
        if i % 1000 == 0 then most = math.max(most, heap.live()) end
    end
    gc.disable()
    tap.cmp_ok(most, "<", 60000, "what waits stays bounded")
    collect()
end)

tap.subtest("policies have names and descriptions", function()
    local all = gc.policies()
    is(all[1], "generational", "the default comes first")
    is(type(all.generational), "string", "each has a line about it")
    tap.like(tostring(all), "refcount: ", "they print")
    local named = {}
    for name, text in pairs(all) do named[#named + 1] = name .. type(text) end
    tap.is_deeply(named, { "generationalstring", "incrementalstring", "refcountstring",
        "tracingstring", "trialstring" }, "pairs gives names alone")
    is(gc.policy(), "generational", "the one in use")
    is(gc.policy("refcount"), "generational", "switching gives the one before")
    is(gc.policy(), "refcount", "it has switched")
    make_loop()
    is(collect(), 1, "by hand it collects all the same")
    gc.policy("generational")
    throws(function() gc.policy("best") end, "generational, incremental, refcount",
        "the error lists them")
    throws(function() gc.policy(5) end, "number", "a number is no name")
    throws(function() gc.policy("generational", { speed = 1 }) end, "speed", "unknown options")
end)

tap.subtest("thresholds can be read and set", function()
    local before = table.pack(gc.threshold())
    is(before.n, 3, "three numbers")
    is(gc.threshold(700), before[1], "setting gives those before")
    tap.is_deeply({ gc.threshold() }, { 700, before[2], before[3] }, "one is set")
    gc.threshold(1, 2, 3)
    tap.is_deeply({ gc.threshold() }, { 1, 2, 3 }, "all are set")
    throws(function() gc.threshold(-1) end, "-1", "a negative one is refused")
    throws(function() gc.threshold(1, "x") end, "argument 2", "a string is refused")
    gc.threshold(table.unpack(before))
end)

tap.subtest("the counters count", function()
    collect()
    tap.is_deeply({ select(2, gc.count()) }, { 0, 0 }, "after a full collection")
    local first = gc.count()
    x = list {}
    is(gc.count(), first + 1, "a new object")
    collect(0)
    tap.is_deeply({ select(2, gc.count()) }, { 1, 0 }, "after one of the youngest")
    collect(1)
    tap.is_deeply({ select(2, gc.count()) }, { 0, 1 }, "after one of the middle")
    x = nil
end)

tap.subtest("statistics add up", function()
    collect()
    local before = gc.stats()
    collect(0)
    make_loop()
    collect(2)
    local after = gc.stats()
    is(after.generations[1].collections, before.generations[1].collections + 1, "of 0")
    is(after.generations[2].collections, before.generations[2].collections, "of 1")
    is(after.generations[3].collections, before.generations[3].collections + 1, "of 2")
    is(after.generations[3].collected, before.generations[3].collected + 1, "collected")
    is(after.collections, before.collections + 2, "together")
    is(after.births - after.deaths, after.objects, "births less deaths are the living")
    is(after.objects, heap.live(), "as heap.live says")
    local pauses = 0
    for _, row in ipairs(after.pauses) do pauses = pauses + row.count end
    is(pauses, after.collections, "the histogram has each collection")
    is(after.pauses[1].le_us, 1, "and begins at a microsecond")
    tap.cmp_ok(after.peak_bytes, ">=", after.bytes, "the peak")
    tap.like(tostring(after), "peak_bytes +%d+", "they print")
end)

tap.subtest("frozen objects are left alone", function()
    collect()
    make_loop()
    x = Node(1)
    x.next = x
    gc.freeze()
    tap.cmp_ok(gc.frozen(), ">=", 2, "they are counted")
    x = nil
    is(collect(), 0, "not collected")
    gc.unfreeze()
    is(gc.frozen(), 0, "none is left")
    tap.cmp_ok(collect(), ">=", 1, "collected now")
end)

tap.subtest("saveall keeps what would be freed", function()
    is(gc.saveall(), false, "it is off")
    is(gc.saveall(true), false, "setting gives the state before")
    make_loop()
    is(collect(), 1, "found")
    is(#gc.garbage, 1, "kept")
    is(gc.garbage[1].val, 1, "unharmed")
    gc.saveall(false)
    clear(gc.garbage)
    is(collect(), 1, "freed at last")
    throws(function() gc.saveall(1) end, "true or false", "a number is refused")
end)

tap.subtest("is_finalized tells whether __del has run", function()
    local Phoenix = class("Phoenix", { "val" })
    function Phoenix:__del() saved = self end
    x = Phoenix(1)
    is(gc.is_finalized(x), false, "before")
    x = nil
    is(gc.is_finalized(saved), true, "resurrected")
    saved = nil
    is(gc.is_finalized(5), false, "a number")
    is(gc.is_finalized(nil), false, "nil")
end)

tap.subtest("objects lists what lives and holds none of it", function()
    l = list {}
    l:append(l)
    local all = gc.objects()
    local found = false
    for _, object in pairs(all) do found = found or rawequal(object, l) end
    ok(found, "it is in there")
    is(#all, heap.live(), "as many as there are")
    x = Node(5)
    local w = weak(x)
    local nodes = gc.objects("Node")
    is(#nodes, 1, "by the name of a type")
    is(nodes[1].val, 5, "the object")
    is(#gc.objects(Node), 1, "by class")
    x = nil
    is(w(), nil, "the list keeps nothing")
    is(nodes[1], nil, "and shows that")
    throws(function() gc.objects(5) end, "number", "a number is refused")
    l = nil
    collect()
    x = build.chain(3)
    is(#gc.objects("class"), #gc.objects("class"), "classes")
    is(#gc.objects(), heap.live(), "what build needs for itself is on no books")
    x = nil
end)

tap.subtest("a base class has its derived instances", function()
    local Base = class("Base")
    local Derived = class("Derived", Base)
    x = Derived()
    is(#gc.objects(Base), 1, "by the base")
    is(#gc.objects("Base"), 0, "a name is a type's own")
    x = nil
end)

tap.subtest("referents are the values an object refers to", function()
    l = list { 1, 3, 5 }
    tap.is_deeply({ table.unpack(gc.referents(l)) }, { 1, 3, 5 }, "items")
    d = dict { a = 1, b = 2 }
    tap.is_deeply({ table.unpack(gc.referents(d)) }, { "a", 1, "b", 2 }, "keys and values")
    is(#gc.referents(l, d), 7, "of several objects")
    is(#gc.referents(5, "x"), 0, "of plain values none")
    y = list {}
    x = Node(y)
    x.next = x
    local r = gc.referents(x)
    is(#r, 3, "two attributes and the class")
    ok(rawequal(r[1], y) and rawequal(r[2], x) and rawequal(r[3], Node), "in field order")
    local w = weak(y)
    y = nil
    x.val = nil
    is(w(), nil, "the array holds nothing")
    is(r[1], nil, "and shows that")
    x, l, d = nil, nil, nil
    collect()
end)

tap.subtest("referrers are those who refer to it, by label", function()
    x = Node(1)
    l = list { 0, x }
    o = object {}
    o.a = x
    d = dict {}
    d.k = x
    d["a b"] = x
    d[5] = x
    local texts = {}
    for _, entry in ipairs(gc.referrers(x)) do texts[tostring(entry)] = entry end
    ok(texts["name x in main"], "the name")
    ok(texts["#" .. id(l) .. "[2]"], "the list's item")
    ok(texts["#" .. id(o) .. ".a"], "the attribute")
    ok(texts["#" .. id(d) .. ".k"], "the dictionary's value")
    ok(texts["#" .. id(d) .. '["a b"]'], "under a key that is no name")
    ok(texts["#" .. id(d) .. "[5]"], "under a number")
    local entry = texts["#" .. id(l) .. "[2]"]
    ok(rawequal(entry.object, l), "an entry gives the object")
    is(entry.type, "list", "and its type")
    is(entry.id, id(l), "and its id")
    is(#gc.referrers(x), refcount(x), "as many as the count")
    l = nil
    is(entry.object, nil, "an entry holds nothing")
    tap.like(tostring(gc.referrers(x)), "name x in main\n", "the array prints, one a line")
    x, o, d = nil, nil, nil
end)

tap.subtest("on_error gives and takes the handler", function()
    local function f() end
    is(gc.on_error(f), nil, "there was none")
    is(gc.on_error(), f, "asking changes nothing")
    is(gc.on_error(), f, "as often as one likes")
    is(gc.on_error(nil), f, "nil takes it away")
    is(gc.on_error(), nil, "it is gone")
    throws(function() gc.on_error(5) end, "number", "a number is refused")
end)

tap.done_testing()
