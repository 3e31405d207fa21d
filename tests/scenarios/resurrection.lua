-- SPDX-License-Identifier: MIT
-- Scenarios of resurrection (Z): what a finalizer makes reachable lives on unharmed, with all
-- it reaches, and is not finalized a second time.
local tap = require "ouro.tap"
local under = dofile(arg[0]:match("^.*/") .. "under")
local scenario, said, note = under.scenario, under.said, under.note
Node, F = under.Node, under.F

-- A class whose finalizer notes n and stores its object in the name `saved`.
local function class_of_returners(f)
    local R = class("R", { "n", "ref", "cargo" })
    function R:__del()
        note(self.n)
        if f then f(self) else saved = self end
    end
    return R
end

scenario("Z01 a finalizer stores its object, by count", function()
    local R = class_of_returners(function(self) kept:append(self) end)
    kept = list {}
    x = R("r", list { 1 })
    w = weak(x)
    tap.is(gc.is_finalized(x), false)
    del "x"
    settle()
    tap.is(said(), "r", "the finalizer ran")
    tap.ok(w.alive and same(w(), kept[1]), "it is alive, and its weak reference has it")
    tap.is(tostring(kept[1].ref), "[1]", "whole")
    tap.refcount_is(kept[1], 1, "its count is right")
    tap.is(gc.is_finalized(kept[1]), true)
    clear(kept)
    settle()
    tap.is(said(), "", "no second time")
    tap.is(w(), nil, "and the weak reference is empty at last")
    del("kept", "w")
end)

scenario("a finalizer stores its object, in a cycle", function()
    local R = class_of_returners()
    x = R("r", nil, list { 1 })
    x.cargo:append(x)
    w = weak(x)
    del "x"
    tap.is(collect(), 0, "the resurrected are not counted")
    tap.ok(w.alive and same(saved, w()), "whole, its weak reference attached")
    tap.is(tostring(saved.cargo[1]), "1", "and all it reaches")
    tap.is(collect(), 0)
    saved = nil
    tap.is(collect(), 2, "it dies the next time")
    tap.is(said(), "r", "its finalizer ran once")
    tap.is(w(), nil)
    del "w"
end)

scenario("Z03 all that is reachable from the resurrected comes back", function()
    local R = class_of_returners()
    laz, cargo = R("laz"), Node("cargo")
    laz.cargo, cargo.a = cargo, list { cargo, laz }
    cargo.b = F("deep", list { F("deeper") })
    watched = weak(cargo)
    del("laz", "cargo")
    tap.is(collect(), 0)
    tap.is(said(), "laz deeper deep", "the finalizers of all have run, oldest first")
    tap.ok(same(saved.cargo, watched()), "the cargo is the original")
    tap.is(saved.cargo.b.ref[1].n, "deeper", "whole")
    tap.ok(gc.is_finalized(saved.cargo.b), "what has run is not to run again")
    saved = nil
    tap.is(collect(), 6)
    tap.is(said(), "")
    tap.is(watched(), nil)
    del "watched"
end)

scenario("the same by count: all it alone kept comes back", function()
    local R = class_of_returners()
    x = R("r", F("a", F("b")))
    wa, wb = weak(x.ref), weak(x.ref.ref)
    del "x"
    tap.is(said(), "r a b", "the finalizers of the whole set run first")
    tap.ok(wa.alive and wb.alive and saved.ref.ref.n == "b")
    saved = nil
    settle()
    tap.is(said(), "", "none runs twice")
    tap.ok(not wa.alive and not wb.alive)
    del("wa", "wb")
end)

scenario("weak references and records of the resurrected stay attached", function()
    for _, looped in ipairs { false, true } do
        local R = class_of_returners()
        x = R("r")
        if looped then x.ref = x end
        w = weak(x, function() note "callback" end)
        r = finalize(x, note, "record")
        del "x"
        collect()
        tap.is(said(), "r", "neither callback nor record runs")
        tap.ok(w.alive and r.alive)
        saved = nil
        collect()
        tap.is(said(), "record callback", "but at the real death, newest first")
        tap.ok(not w.alive and not r.alive)
    end
    del("w", "r")
end)

scenario("a weak reference made by a finalizer is emptied like any other", function()
    local S = class("S", { "me" })
    function S:__del() w = weak(self) end
    x = S()
    del "x"
    tap.ok(w ~= nil and w() == nil, "by count")
    w = nil
    x = S()
    x.me = x
    del "x"
    tap.is(collect(), 1)
    tap.ok(w ~= nil and w() == nil, "by collection")
    del "w"
end)

scenario("Z07 of two dead rings one resurrects itself", function()
    local R = class_of_returners()
    x, y = R("r"), Node()
    x.ref, y.a = y, x
    p, q = F("p"), F("q")
    p.ref, q.ref = q, p
    del("x", "y", "p", "q")
    tap.is(collect(), 2, "the other is freed in the same call")
    tap.is(said(), "r p q")
    tap.ok(same(saved.ref.a, saved), "the saved ring is whole")
    tap.refcount_is(saved, 2)
    saved = nil
    tap.is(collect(), 2)
end)

scenario("one member that resurrects itself saves its whole ring", function()
    local R = class_of_returners()
    x, y, z = F("x"), R("y"), F("z")
    x.ref, y.ref, z.ref = y, z, x
    del("x", "y", "z")
    tap.is(collect(), 0)
    tap.is(said(), "x y z")
    tap.ok(same(saved.ref.ref.ref, saved))
    saved = nil
    tap.is(collect(), 3)
    tap.is(said(), "")
end)

scenario("of what hangs together only what the saved reaches is saved", function()
    local R = class_of_returners(function(self) saved = self.ref end)
    x, y = R("x"), Node(list { 1 })
    x.ref, x.cargo = y, x
    w, v = weak(x), weak(y)
    del("x", "y")
    tap.is(collect(), 1, "the object that saved another dies")
    tap.ok(not w.alive and v.alive)
    tap.is(tostring(saved.a), "[1]")
    saved = nil
    tap.is(v(), nil)
    del("w", "v")
end)

scenario("Z12 a finalizer keeps only a child", function()
    local P = class("P", { "c" })
    function P:__del()
        note "p"
        kept:append(self.c)
    end
    kept = list {}
    local child = Node(list { 1 })
    p = P(child)
    child = nil
    wp, wc = weak(p), weak(p.c)
    settle()
    del "p"
    tap.is(said(), "p")
    tap.ok(not wp.alive and wc.alive, "the parent dies, the child lives")
    tap.refcount_is(kept[1], 1)
    clear(kept)
    settle()
    tap.is(wc(), nil)
    del("kept", "wp", "wc")
end)

scenario("Z12 the child's own finalizer runs with its parent's, once", function()
    local P = class("P", { "c" })
    function P:__del()
        note "p"
        kept:append(self.c)
    end
    kept = list {}
    p = P(F("c"))
    settle()
    del "p"
    tap.is(said(), "p c", "finalizers of the whole set run before the second look")
    tap.is(kept[1].n, "c", "the child is whole")
    tap.ok(gc.is_finalized(kept[1]))
    clear(kept)
    settle()
    tap.is(said(), "", "no second time")
    del "kept"
end)

scenario("Z13 resurrection is allowed, and a weak reference reads in a finalizer", function()
    local S = class("S", { "me" })
    function S:__del() saved = w() end
    x = S()
    w = weak(x)
    del "x"
    tap.ok(saved ~= nil and same(saved, w()), "by count, through the weak reference")
    saved = nil
    tap.is(w(), nil)
    x = S()
    x.me = x
    w = weak(x)
    del "x"
    tap.is(collect(), 0)
    tap.ok(saved ~= nil and same(saved.me, saved), "by collection")
    saved = nil
    tap.is(collect(), 1)
    del "w"
end)

scenario("Z14 an object that is saved ends once, however often it is dropped", function()
    local R = class_of_returners()
    x = R("r")
    w = weak(x)
    del "x"
    tap.refcount_is(saved, 1)
    tap.ok(w.alive, "an object that lives is never without its weak references")
    y = saved
    saved = nil
    tap.ok(w.alive, "another name keeps it")
    y = nil
    tap.is(w(), nil)
    tap.is(said(), "r", "the first stage does not run again")
    del "w"
end)

-- Every place that keeps an object saves it.
local places = {
    { "a name", function(x) saved = x end, function() saved = nil end },
    { "an item", function(x) kept:append(x) end, function() clear(kept) end },
    { "a key", function(x) keys[x] = 1 end, function() clear(keys) end },
    { "a pin", function(x) pin(x) pinned = true end, function(w) unpin(w()) pinned = nil end },
    { "an attribute of its class", function(x) Keeper.it = x end,
        function() Keeper.it = nil end },
}

for _, place in ipairs(places) do
    local name, keep, drop = table.unpack(place)
    scenario("saved by " .. name, function()
        kept, keys, Keeper = list {}, dict {}, class("Keeper")
        local R = class_of_returners(keep)
        for _, looped in ipairs { false, true } do
            x = R("r", list { 1 })
            if looped then x.cargo = x end
            w = weak(x)
            del "x"
            collect()
            tap.is(said(), "r")
            tap.ok(w.alive and w().ref[1] == 1, looped and "in a cycle" or "by count")
            drop(w)
            collect()
            tap.is(w(), nil, "it dies later")
            tap.is(said(), "")
        end
        del("w", "kept", "keys", "Keeper")
    end)
end

scenario("saved by a variable of Lua", function()
    for _, looped in ipairs { false, true } do
        local up, tab = nil, {}
        local R = class_of_returners(function(self)
            up = self
            tab.it = self
        end)
        x = R("r", list { 1 })
        if looped then x.cargo = x end
        w = weak(x)
        del "x"
        collect()
        tap.ok(w.alive and up.ref[1] == 1, "an upvalue and a field of a table")
        up = nil
        collect()
        tap.ok(w.alive, "the table is enough")
        tab = nil
        collect()
        tap.is(w(), nil, "until Lua lets go")
        tap.is(said(), "r")
    end
    del "w"
end)

scenario("saved for as long as a suspended coroutine has it", function()
    local co
    local R = class_of_returners(function(self)
        co = coroutine.create(function(it) coroutine.yield() return it.n end)
        coroutine.resume(co, self)
    end)
    x = R("r")
    w = weak(x)
    del "x"
    settle()
    tap.ok(w.alive)
    tap.is(select(2, coroutine.resume(co)), "r")
    co = nil
    settle()
    tap.is(w(), nil)
    del "w"
end)

scenario("saved and let go again within the finalizer", function()
    local R = class_of_returners(function(self)
        saved = self
        saved = nil
    end)
    x = R("r")
    w = weak(x)
    del "x"
    tap.is(w(), nil, "is not saved")
    x = R("r")
    x.ref = x
    w = weak(x)
    del "x"
    tap.is(collect(), 1)
    tap.is(w(), nil)
    tap.is(said(), "r r", "each once")
    del "w"
end)

scenario("a later finalizer of the set undoes what an earlier one saved", function()
    local R = class_of_returners()
    local U = class("U", { "ref" })
    function U:__del()
        note "u"
        saved = nil
    end
    x, y = R("r"), U()
    x.ref, y.ref = y, x
    del("x", "y")
    tap.is(collect(), 2, "all die")
    tap.is(said(), "r u")
end)

scenario("many that save themselves, over and over", function()
    local R = class("R", { "n", "ref" })
    local runs = 0
    function R:__del()
        runs = runs + 1
        kept:append(self)
    end
    kept = list {}
    for i = 1, 1000 do
        local x = R(i)
        x.ref = x
    end
    tap.is(collect(), 0)
    tap.is(runs, 1000)
    tap.is(#kept, 1000)
    tap.is(collect(), 0, "they are alive")
    clear(kept)
    tap.is(collect(), 1000)
    tap.is(runs, 1000)
    del "kept"
end)

scenario("finalizers, then weak references, then callbacks: the same on both paths", function()
    for _, looped in ipairs { false, true } do
        local function state() return w1() and "alive" or "empty" end
        local S = class("S", { "n", "ref" })
        function S:__del() note(self.n .. ":" .. state()) end
        x = S("a", S("b"))
        if looped then x.ref.ref = x end
        settle()
        w1 = weak(x, function() note("w1:" .. state()) end)
        w2 = weak(x.ref, function(w) note("w2:" .. (w() and "alive" or "empty")) end)
        r = finalize(x, function() note("r:" .. state()) end)
        local names = looped and "b:alive a:alive" or "a:alive b:alive"
        del "x"
        collect()
        tap.is(said(), names .. " r:empty w2:empty w1:empty",
            looped and "by collection" or "by count")
    end
    del("w1", "w2", "r")
end)

scenario("no callback can bring an object back", function()
    for _, looped in ipairs { false, true } do
        x = Node()
        if looped then x.a = x end
        v = weak(x)
        w = weak(x, function(it) saved, other = it(), v() end)
        del "x"
        tap.is(collect(), looped and 1 or 0)
        tap.is(saved, nil)
        tap.is(other, nil)
    end
    del("v", "w")
end)

scenario("a finalizer that saves its object and then raises", function(it)
    local R = class_of_returners(function(self)
        saved = self
        error("on purpose", 0)
    end)
    x = R("r")
    del "x"
    tap.ok(saved ~= nil and saved.n == "r", "by count")
    saved = nil
    x = R("s")
    x.ref = x
    del "x"
    tap.is(collect(), 0)
    tap.is(saved.n, "s", "by collection")
    tap.is(it:complaints(), "on purpose; on purpose")
    tap.is(said(), "r s")
    saved = nil
end)

scenario("two that save each other", function()
    local R = class_of_returners(function(self)
        local peer = self.ref
        kept[self.n] = peer
    end)
    kept = dict {}
    x, y = R("x"), R("y")
    x.ref, y.ref = y, x
    w, v = weak(x), weak(y)
    del("x", "y")
    tap.is(collect(), 0)
    tap.ok(same(kept.x, v()) and same(kept.y, w()))
    kept.x = nil
    tap.is(collect(), 0, "one reference keeps both")
    kept.y = nil
    tap.is(collect(), 2)
    tap.is(said(), "x y", "each finalizer ran once")
    del("w", "v", "kept")
end)

scenario("the events and figures of a resurrection", function()
    local R = class_of_returners()
    local names = {}
    local function listen(info) names[#names + 1] = info.type end
    gc.on("resurrect", listen)
    local before = gc.stats().resurrected
    x = R("r")
    x.ref = x
    del "x"
    collect()
    gc.off("resurrect", listen)
    tap.is(gc.stats().resurrected, before + 1)
    tap.is(table.concat(names, " "), "R")
    saved = nil
end)

tap.done_testing()
