-- SPDX-License-Identifier: MIT
-- Pitfalls: the ways in which other reference counters, cycle collectors and their bindings
-- are known to have failed, one test each, by number. What needs a process of its own is in
-- pitfalls.sh; a wrong traverse (7), and memory that ends (12), are in tests/core.
local tap = require "ouro.tap"
local is, ok = tap.is, tap.ok

gc.disable()
Node = class("Node", { "val", "next" })
local dead = {}
F = class("F", { "n", "ref", "other" })
function F:__del() dead[#dead + 1] = tostring(self.n) end

local function died()
    local text = table.concat(dead, " ")
    dead = {}
    return text
end

local function pitfall(name, f)
    tap.subtest("pitfall " .. name, function()
        settle()
        collect()
        local before = heap.live()
        f()
        settle()
        while collect() > 0 do end
        is(heap.live(), before, "nothing is left over")
        ok(heap.check(), "the heap checks")
        dead = {}
    end)
end

-- Two objects in a cycle; the names are gone.
local function pair(a, b)
    a.ref, b.ref = b, a
end

pitfall("1 user code reaches unreachable objects through a live weak reference", function()
    local a, b = F("a"), F("b")
    pair(a, b)
    local found = 0
    out = weak(b)
    w = weak(a, function() if out() then found = found + 1 end end)
    a, b = nil, nil
    is(collect(), 2, "both die")
    is(found, 0, "the callback finds none of the set")
    del("w", "out")
end)

pitfall("2 weak references that finalizers make to the dying are cleared", function()
    local G = class("G", { "ref" })
    local called = 0
    made = list {}
    function G:__del()
        made:append(weak(self, function() called = called + 1 end))
        made:append(weak(self.ref, function() called = called + 1 end))
    end
    for _, cyclic in ipairs { false, true } do
        local g, l = G(), list {}
        g.ref = l
        if cyclic then l:append(g) end
        g, l = nil, nil
        settle()
        collect()
    end
    is(#made, 4, "four were made")
    is(called, 4, "their callbacks ran")
    for _, w in ipairs(made) do is(w(), nil, "each is empty") end
    del "made"
end)

pitfall("3 clearing weak references breaks nothing that classes need", function()
    local Base = class("Base")
    local used
    function Base:help() return 42 end
    local Sub = class("Sub", Base)
    function Sub:__del() used = self:help() + (typeof(self) == "Sub" and 1 or 0) end
    local s = Sub()
    s.me, s.weak, s.class = s, weak(s), weak(Sub)
    s, Base, Sub = nil, nil, nil
    settle()
    collect()
    is(used, 43, "methods and the class are there in the finalizer")
end)

pitfall("4 finalizers make new candidates and ask for a collection", function()
    local G = class("G", { "n", "me" })
    local runs = 0
    function G:__del()
        runs = runs + 1
        is(collect(), 0, "a collection within a collection does nothing")
        if self.n > 0 then
            local g = G(self.n - 1)
            g.me = g
        end
    end
    local g = G(5)
    g.me = g
    g = nil
    for round = 1, 6 do is(collect(), 1, "one pass takes one") end
    is(collect(), 0, "and then there is none")
    is(runs, 6, "each ran once")
    G = nil -- its method refers to it: see pitfall 19
end)

pitfall("5 a clean-up job that keeps a member of the cycle being freed", function()
    local a, b, c = F("a"), F("b"), F("c")
    a.ref, b.ref, c.ref = b, c, a
    local job
    finalize(a, function(kept) job = kept end, list { "job" })
    b.other = finalize(c, function() end)
    w = weak(a, function() later = w end)
    a, b, c = nil, nil, nil
    is(collect(), 3, "all three")
    is(tostring(job), "[\"job\"]", "the record's argument lives")
    is(later(), nil, "the reference is empty")
    job = nil
    del("w", "later")
end)

pitfall("6 weak references and records that die before, with and after their targets", function()
    x = F("x")
    for i = 1, 100 do
        local w, r = weak(x, print), finalize(x, print)
        r:detach()
        if i % 2 == 0 then x.ref = list { w, r, x.ref or false } end
    end
    settle()
    x.ref = nil
    x.ref = list { weak(x), finalize(x, tostring), x }
    x.other = weak(x.ref)
    x.ref[2]:detach()
    x = nil
    is(collect(), 5, "the object, its list, two weak references, its record")
    is(died(), "x", "once")
end)

pitfall("8 a finalizer runs once, however often its object is resurrected", function()
    local P = class("P", { "ref" })
    local runs = 0
    function P:__del() runs = runs + 1; saved = self end
    saved = P()
    saved.ref = saved
    saved = nil
    is(collect(), 0, "resurrected from a cycle")
    saved.ref = nil
    saved = nil
    is(saved, nil, "but not by count")
    saved = P()
    saved = nil
    saved.ref = saved
    saved = nil
    is(collect(), 1, "nor the other way round")
    is(runs, 2, "once each")
    local a, b = F("a"), F("b")
    pair(a, b)
    function P:__del() self.ref.ref = nil; self.ref.other = nil end
    local p = P(a)
    a.other = p
    a, b, p = nil, nil, nil
    collect()
    settle()
    is(died(), "a b", "a sibling that cuts the cycle takes nobody's finalizer away")
end)

pitfall("9 the resurrection of one stops the death of no other", function()
    local P = class("P", { "n", "ref" })
    function P:__del() if self.n == 3 then saved = self end end
    local ws = {}
    for i = 1, 5 do
        local p = P(i)
        p.ref = p
        ws[i] = weak(p)
    end
    settle()
    is(collect(), 4, "four of five die")
    for i = 1, 5 do is(ws[i]() ~= nil, i == 3, "number " .. i) end
    saved = nil
    collect()
end)

pitfall("10 depth: chains of half a million end, print, copy and compare", function()
    x = build.chain(500000)
    y = build.chain(500000)
    ok(#tostring(x) < 100000, "text is bounded")
    ok(not same(deepcopy(x), x), "it is copied")
    del("x", "y")
    x, y = list {}, list {}
    for _ = 1, 200000 do x, y = list { x }, list { y } end
    ok(x == y, "it is compared")
    local w = weak(x)
    del("x", "y")
    is(w(), nil, "it is gone")
    local first, last = F("first"), nil
    last = first
    for i = 1, 50000 do
        local f = F(i)
        last.ref, last = f, f
    end
    last.ref = first
    first, last = nil, nil
    is(collect(), 50001, "a ring with finalizers")
    is(#dead, 50001, "each ran")
end)

pitfall("11 container mutated while iterating because a finalizer ran", function()
    local G = class("G", { "f" })
    function G:__del() self.f() end
    l = list {}
    for i = 1, 30 do l:append(G(function() l:append(i) l[1] = i end)) end
    settle()
    tap.lives(function() for i in ipairs(l) do l[i] = i end end, "a list, item by item")
    d = dict {}
    for i = 1, 30 do d[i] = G(function() d["new" .. i] = i end) end
    settle()
    pcall(function() for k in pairs(d) do d[k] = 0 end end)
    ok(heap.check(), "a dict, entry by entry")
    clear(d)
    clear(l)
    s = set {}
    for i = 1, 30 do s[G(function() s[i] = true end)] = true end
    settle()
    pcall(function() for k in pairs(s) do s[k] = nil k = nil settle() end end)
    ok(heap.check(), "a set, entry by entry")
    clear(s)
    o = object {}
    for i = 1, 30 do o["a" .. i] = G(function() o["b" .. i] = i end) end
    settle()
    pcall(function() for k in pairs(o) do o[k] = nil end end)
    ok(heap.check(), "an object, attribute by attribute")
    del("l", "d", "s", "o")
end)

pitfall("13 a steady producer of cycles, under thresholds that adapt", function()
    gc.enable()
    x = build.graph { nodes = 20000, degree = 3, seed = 1 } -- what stays
    local base, most = heap.live(), 0
    for round = 1, 3 do
        for i = 1, 100000 do
            local n = Node(i)
            n.next = n
            if i % 500 == 0 then most = math.max(most, heap.live() - base) end
        end
        local l = list {} -- a phase in which everything lives
        for i = 1, 30000 do l:append(Node(i)) end
    end
    gc.disable()
    tap.cmp_ok(most, "<", 100000, "the garbage that waits stays bounded")
    del "x"
end)

pitfall("14 the order within a pass is that of birth, not of hashes or addresses", function()
    local all = {}
    for i = 1, 200 do all[i] = F(i) end
    for i = 1, 200 do
        local j = (i * 77 + 13) % 200 + 1
        all[i].ref, all[i].other = all[j], all[i]
    end
    all = nil
    collect()
    local numbers = {}
    for i = 1, 200 do numbers[i] = i end
    is(died(), table.concat(numbers, " "), "oldest first")
end)

pitfall("16 names are there while finalizers run at the close", function()
    local h = heap {}
    local log = {}
    call(function()
        local _ENV = h:frame()
        H = h:class("H", { "n" })
        function H:__del() log[#log + 1] = self.n .. (H and "H" or "-") .. (a and "a" or "-") end
        a = H(1)
        b = H(2)
    end)
    h:close()
    is(table.concat(log, " "), "2Ha 1H-", "those that were bound before")
end)

pitfall("17 a heap that Lua closes, with handles that go before and after it", function()
    local count = 0
    do
        local h = heap {}
        local C = h:class("C", { "n" })
        function C:__del() count = count + 1 end
        local keep = {}
        for i = 1, 10 do keep[i] = C(i) end
        setmetatable(keep, { __gc = function(t)
            pcall(function() return t[1].n end)
            pcall(function() return h:list {} end)
            t[1] = nil
        end })
        h = nil
    end
    collectgarbage()
    collectgarbage()
    is(count, 10, "each finalizer ran once")
    local h = heap {}
    local l = h:list { h:list {} }
    h:close()
    for _, f in ipairs { function() return l[1] end, function() l[1] = 1 end,
        function() return #l end, function() return l < l end, function() l:append(1) end } do
        tap.throws(f, "closed", "an object of a closed heap")
    end
end)

pitfall("18 every way to go tells the weak references", function()
    local function watched(x)
        local w = weak(x, function() dead[#dead + 1] = "w" end)
        return w
    end
    local l = list {}
    x = Node(); l[1 + #l] = watched(x); x = nil
    x = Node(); l[1 + #l] = watched(x); del "x"
    o = object {}; o.a = Node(); l[1 + #l] = watched(o.a); clear(o)
    o = list { Node() }; l[1 + #l] = watched(o[1]); o:pop(); settle()
    o = dict { k = Node() }; l[1 + #l] = watched(o.k); o.k = 1
    o = set { Node() }; for k in pairs(o) do l[1 + #l] = watched(k) end; clear(o); settle()
    call(function(_ENV) x = Node(); l[1 + #l] = watched(x) end); settle()
    do local t = Node(); l[1 + #l] = watched(t) end; settle()
    x = Node(); l[1 + #l] = watched(x); pin(x); unpin(x); x = nil
    x = Node(); x.next = x; l[1 + #l] = watched(x); x = nil; collect()
    o = nil
    is(#l, 10, "ten ways")
    is(#dead, 10, "ten callbacks")
end)

pitfall("19 cycles through both heaps", function()
    local function through_closure(x) x.val = function() return x end end
    local function through_table(x) x.val = { { x } } end
    local function through_coroutine(x)
        x.val = coroutine.create(function()
            local mine = x
            coroutine.yield(mine)
            return mine
        end)
        coroutine.resume(x.val)
    end
    local function through_metatable(x) x.val = setmetatable({}, { __index = { x } }) end
    local function through_weak(x) x.next = weak(x, function() return x end) end
    local function through_record(x) x.next = finalize(x, function() end) end
    for _, way in ipairs { { "closure", through_closure }, { "table", through_table },
        { "coroutine", through_coroutine }, { "metatable", through_metatable },
        { "weak", through_weak }, { "record", through_record } } do
        local name, f = way[1], way[2]
        local w
        local function make()
            local x = Node()
            f(x)
            return weak(x)
        end
        w = make()
        settle()
        collect()
        local function check() is(w(), nil, name) end
        if name ~= "record" then
            check()
            local function cut(x)
                if x then x.val, x.next = nil, nil end
            end
            cut(w())
        else
            check()
        end
        w = nil
        settle()
    end
end)

pitfall("20 counts do not depend on what Lua has collected", function()
    x = list { 4, 3, 2, 1 }
    for _ = 1, 100 do local _ = x end
    local t = { x, x, x }
    is(refcount(x), 1, "a name, whatever Lua has")
    y = x
    is(refcount(x), 2, "two names")
    collectgarbage()
    is(refcount(x) .. getrefcount(x), "23", "as before")
    t = nil
    y = 1
    is(refcount(x), 1, "one again")
    del("x", "y")
end)

pitfall("21 finalizers by Lua's own collector, which may collect and not yield", function()
    local G = class("G", { "n" })
    local results = {}
    function G:__del()
        collectgarbage()
        collect()
        results[#results + 1] = pcall(coroutine.yield) and "yielded" or "no"
    end
    coroutine.wrap(function()
        do local g = G(1) end
        collectgarbage()
        settle()
    end)()
    setmetatable({}, { __gc = function()
        local g = G(2)
        g = nil
        settle()
        collect()
    end })
    collectgarbage()
    settle()
    is(table.concat(results, " "), "no no", "both ran")
end)

pitfall("22 errors raised anywhere leave no collection half done", function()
    local boom = function() error("boom", 0) end
    local errors = gc.stats().errors
    gc.on_error(boom)
    local G = class("G", { "ref" })
    G.__del = boom
    for _ = 1, 10 do
        local g = G()
        g.ref = g
        weak(g, boom)
        finalize(g, boom)
    end
    gc.on("start", boom)
    gc.on("stop", boom)
    settle()
    local found = pcall(collect)
    gc.off("start", boom)
    gc.off("stop", boom)
    gc.on_error(function() end)
    collect()
    tap.cmp_ok(gc.stats().errors - errors, ">=", 20, "each is counted")
    is(#gc.objects(G), 0, "all are gone")
    local l = list {}
    l:append(l)
    l = nil
    is(collect(), 1, "the collector works")
    gc.on_error(nil)
end)

pitfall("23 a userdata that is no handle is never taken for one", function()
    for _, value in ipairs { io.stdout, {}, heap {}, print } do
        tap.throws(function() refcount(value) end, "managed object", "refused")
        tap.throws(function() return debug.getmetatable(list {}).__len(value) end, nil, "refused")
        tap.throws(function() debug.getmetatable(list {}).__newindex(value, 1, 2) end, nil,
            "refused")
    end
    tap.throws(function() setmetatable(list {}, {}) end, nil, "a handle keeps its metatable")
end)

pitfall("24 strings from Lua outlive Lua's", function()
    l = list {}
    for i = 1, 2000 do l:append(("s"):rep(i % 60) .. i) end
    d = dict {}
    for i = 1, 2000 do d["key" .. i .. ("k"):rep(50)] = ("v\0" .. i):rep(3) end
    collectgarbage()
    collectgarbage()
    local wrong = 0
    for i = 1, 2000 do
        if l[i] ~= ("s"):rep(i % 60) .. i then wrong = wrong + 1 end
        if d["key" .. i .. ("k"):rep(50)] ~= ("v\0" .. i):rep(3) then wrong = wrong + 1 end
    end
    is(wrong, 0, "all are whole")
    del("l", "d")
end)

pitfall("27 looking collects nothing", function()
    local n = Node()
    n.next = n
    n = nil
    settle()
    local live, collections = heap.live(), gc.stats().collections
    heap.census(); heap.cycles(); heap.leaked(); heap.check(); gc.objects(); gc.stats()
    names(); stack(); tostring(heap); gc.count(); gc.policies()
    is(gc.stats().collections, collections, "no collection")
    is(#gc.objects(Node), 1, "the garbage is there")
    is(#heap.leaked(), 1, "and known as such")
    is(collect(), 1, "until asked for")
end)

pitfall("28 what looking gives holds nothing", function()
    x = Node(1, Node(2))
    local results = { holders(x), gc.objects(), gc.referrers(x.next), gc.referents(x),
        heap.cycles(), heap.census(), names(), stack() }
    local w, v = weak(x), weak(x.next)
    x = nil
    is(w(), nil, "not the object")
    is(v(), nil, "nor what it referred to")
    tap.lives(function() for _, r in pairs(results) do tostring(r) end end, "they print")
    local seen = 0
    local I = class("I")
    function I:__init() seen = #gc.objects(I) + #gc.referrers(self) end
    local i = I()
    I = nil -- its method refers to it: see pitfall 19
    tap.cmp_ok(seen, ">=", 0, "an object under construction is no trap")
end)

pitfall("29 repr ends, and what it calls may change what it shows", function()
    l = list {}
    d = dict { l = l }
    o = object { d = d }
    l:extend { l, d, o, tuple { l } }
    ok(#repr(l) < 2000, "cyclic, bounded")
    tap.like(repr(l), "...", "marked")
    local wide = list {}
    for i = 1, 100000 do wide:append(i) end
    ok(#repr(wide) < 20000, "wide, bounded")
    local R = class("R")
    function R:__repr() clear(l) return repr(wide, 1, 1) end
    l:append(R())
    tap.lives(function() repr(l) end, "cleared while it is shown")
    del("l", "d", "o")
end)

pitfall("30 weak references are no referrers", function()
    x = Node()
    local w = weak(x)
    finalize(x, tostring):detach()
    is(#gc.referrers(x), 1, "the name")
    is(refcount(x), 1, "counts alone")
    is(#heap.cycles(), 0, "no cycle")
    x.next = weak(x)
    is(#heap.cycles(), 0, "not through a weak reference either")
    del "x"
end)

pitfall("31 what cannot be followed is said", function()
    x = Node()
    pin(x)
    local held = x
    local text = tostring(holders(x))
    tap.like(text, "name x in main", "the name")
    tap.like(text, "pin", "the pin")
    tap.like(text, "held by Lua", "and Lua")
    unpin(x)
    held = nil
    del "x"
end)

pitfall("34 text without addresses", function()
    local R = class("R", { "a", "b" })
    local things = list { Node(1), R(print, {}), function() end, coroutine.create(print), R,
        weak(Node), finalize(Node(), print), dict { a = 1 }, set { "a" }, tuple {} }
    for _, thing in ipairs(things) do
        tap.unlike(repr(thing) .. repr(list { thing }), "0x%x%x%x", typeof(thing))
    end
    things = nil
end)

tap.done_testing()
