-- SPDX-License-Identifier: MIT
-- Scenarios of callbacks of weak references (B).
local tap = require "ouro.tap"
local under = dofile(arg[0]:match("^.*/") .. "under")
local scenario = under.scenario
local is, ok = tap.is, tap.ok

Node = class("Node", { "a", "b", "c" })

-- Runs f for both ways to die. f gets finish(): the death happens. The object is x.
local function both_paths(f)
    for _, path in ipairs { "count", "collection" } do
        x = Node()
        if path == "collection" then x.a = x end
        f(path, function()
            x = nil
            if path == "collection" then is(collect(), 1, "the collection finds it") end
        end)
    end
end

scenario("B01 called once, with the dead reference", function(it)
    both_paths(function(path, finish)
        w = weak(x, function(...)
            local dead, more = ...
            it:mark(same(dead, w) and more == nil and dead() == nil and not dead.alive)
        end)
        finish()
        is(it:said(), "true", path)
        collect()
        is(it:said(), "", path .. ": never again")
        w = nil
    end)
end)

scenario("B02 newest first", function(it)
    both_paths(function(path, finish)
        for i = 0, 2 do _ENV["w" .. i] = weak(x, function() it:mark(i) end) end
        finish()
        is(it:said(), "2 1 0", path)
        del("w0", "w1", "w2")
    end)
end)

scenario("B03 all references are empty before any callback runs", function(it)
    both_paths(function(path, finish)
        local function cb() it:mark(w0() == nil and w1() == nil and plain() == nil) end
        w0, w1, plain = weak(x, cb), weak(x, cb), weak(x)
        finish()
        is(it:said(), "true true", path)
        del("w0", "w1", "plain")
    end)
end)

scenario("B04 a reference that is dead before its target", function(it)
    both_paths(function(path, finish)
        w = weak(x, function() it:mark "called" end)
        w = nil
        finish()
        is(it:said(), "", path)
    end)
end)

scenario("B05 a raising callback", function(it)
    both_paths(function(path, finish)
        w1 = weak(x, function() it:mark(1) end)
        w2 = weak(x, function() error "middle" end)
        w3 = weak(x, function() it:mark(3) end)
        tap.lives(finish, path .. ": the statement goes on")
        is(it:said(), "3 1", path .. ": the others run")
        local reports = it:reports()
        is(#reports, 1, "one report")
        tap.like(reports[1].message, "middle", "with its message")
        tap.like(reports[1].what, "callback of weak reference", "and what raised")
        del("w1", "w2", "w3")
    end)
end)

scenario("B06 a collection started inside a callback", function(it)
    c2 = Node(Node(Node()))
    local function cb(dead) it:mark(dead() == nil and collect()) end
    w = weak(c2.a, cb)
    c2 = nil
    is(it:said(), "0", "once, in the middle of a chain; what is dying is not seen")
    both_paths(function(path, finish)
        w = weak(x, cb)
        finish()
        is(it:said(), "0", path)
    end)
    x = Node()
    w = weak(x, function() it:mark(collect()) end)
    loop = Node()
    loop.a = loop
    loop = nil
    x = nil
    is(it:said(), "1", "by count no collection runs, so other garbage is found")
    w = nil
end)

scenario("B08 target in garbage, reference outside", function(it)
    x = Node()
    x.a = x
    w = weak(x, function(dead) it:mark(dead() == nil) end)
    x = nil
    is(it:said(), "", "not before the collection")
    is(collect(), 1)
    is(it:said(), "true", "once, with an empty reference")
    w = nil
end)

scenario("B13 target reachable from the owner of the callback, both garbage", function(it)
    c1, c2 = Node(), Node()
    c2.a, c2.b = c2, c1
    c2.c = weak(c1, function() it:mark "partly cleared objects" end)
    c1, c2 = nil, nil
    is(collect(), 3)
    is(it:said(), "", "the callback does not run")
end)

scenario("B16 an error in flight is preserved across a callback", function()
    d = dict {}
    local function f()
        d.k = 1
        y = Node()
        local w = weak(y, function() d.k = nil end)
        y = nil
        error("E", 0)
    end
    for i = 1, 2 do
        local _, message = pcall(f)
        is(message, "E", "it arrives, time " .. i)
        is(#d, 0, "and the entry is removed")
    end
    local function g(_ENV)
        d.k = 1
        z = Node()
        d.w = weak(z, function() d.k = nil end)
        error("E", 0)
    end
    local _, message = pcall(call, g)
    is(message, "E", "also when unwinding itself lets go")
    is(d.k, nil)
    d = nil
end)

scenario("B21 a callback makes objects and references with callbacks", function(it)
    x = Node()
    w = weak(x, function()
        it:mark "begin"
        y = Node()
        v = weak(y, function() it:mark "inner" end)
        y = nil
        it:mark "end"
    end)
    x = nil
    is(it:said(), "begin inner end")
    del("v", "w")
end)

scenario("B22 the owner of the callback dies with the target", function(it)
    for _, order in ipairs { "reference first", "target first" } do
        o = Node()
        o.c = 7
        local t = Node()
        local w = weak(t, function() it:mark "called" end)
        if order == "reference first" then o.a, o.b = w, t else o.a, o.b = t, w end
        t, w = nil, nil
        o = nil
        is(it:said(), "", order .. ": a reference in the dying set calls nobody")
    end
end)

scenario("B23 no memory while references are cleared", function(it)
    local ouro = require "ouro"
    local h = ouro.heap { max_objects = 60 }
    local _ENV = setmetatable({ x = h:list {}, it = it }, { __index = _ENV })
    local kept = {}
    for i = 1, 50 do
        kept[i] = h:weak(x, function()
            it:mark(pcall(function() for _ = 1, 100 do kept[#kept + 1] = h:list {} end end))
        end)
    end
    x = nil
    tap.lives(h.settle, "no error leaves the death")
    local said = it:said()
    is(select(2, said:gsub("false", "")), 50, "each callback ran, and met the limit")
    h:close()
end)

-- ---- what the neighbours suggest -----------------------------------------------------------

scenario("callbacks over a set: newest registered first, whatever their target", function(it)
    x, y = Node(), Node()
    x.a, y.a = y, x
    w1 = weak(y, function() it:mark(1) end)
    w2 = weak(x, function() it:mark(2) end)
    w3 = weak(y, function() it:mark(3) end)
    x, y = nil, nil
    is(collect(), 2)
    is(it:said(), "3 2 1", "collected")
    x = Node(Node())
    w1 = weak(x, function() it:mark(1) end)
    w2 = weak(x.a, function() it:mark(2) end)
    w3 = weak(x, function() it:mark(3) end)
    x = nil
    is(it:said(), "3 2 1", "counted")
    del("w1", "w2", "w3")
end)

scenario("reference and target garbage: the callback never runs", function(it)
    x, y = Node(), Node()
    x.a, y.a = y, x
    x.b = weak(y, function() it:mark "x's" end)
    y.b = weak(x, function() it:mark "y's" end)
    x, y = nil, nil
    is(collect(), 4)
    is(it:said(), "")
end)

scenario("reference in separate garbage: neither runs", function(it)
    x, o = Node(), Node()
    x.a, o.a = x, o
    o.b = weak(x, function() it:mark "called" end)
    x, o = nil, nil
    is(collect(), 3, "two loops of one batch and the reference")
    is(it:said(), "")
end)

scenario("a callback held by a closure over its own reference", function(it)
    x = Node()
    do
        local w
        w = weak(x, function() it:mark(w() == nil) end)
        kept = w
    end
    x = nil
    is(it:said(), "true")
    kept = nil
end)

scenario("no callback for what a finalizer resurrects; one at its death", function(it)
    local R = class("R", { "ref" })
    function R:__del() saved = self end
    for _, cyclic in ipairs { false, true } do
        x = R()
        if cyclic then x.ref = x end
        w = weak(x, function() it:mark "called" end)
        x = nil
        collect()
        is(it:said(), "", "resurrected")
        ok(same(w(), saved))
        saved = nil
        collect()
        is(it:said(), "called", "dead")
    end
    w = nil
end)

scenario("finalizers of the whole set run before any callback", function(it)
    F = under.logging_class("F", function(n) it:mark(n) end)
    for _, cyclic in ipairs { false, true } do
        x = F "f1"
        x.ref = F "f2"
        if cyclic then x.ref.ref = x end
        w = weak(x, function() it:mark "cb" end)
        x = nil
        collect()
        is(it:said(), "f1 f2 cb", cyclic and "collected" or "counted")
    end
    del("w", "F")
end)

scenario("a callback cannot bring the dead back", function(it)
    x = Node()
    x.a = x
    w = weak(x, function(dead) saved = dead(); it:mark(saved == nil) end)
    x = nil
    is(collect(), 1)
    is(it:said(), "true")
    w = nil
end)

scenario("a callback drops the reference that called it", function(it)
    x = Node()
    w = weak(x, function() w = nil; it:mark "called" end)
    x = nil
    is(it:said(), "called", "once")
    is(#gc.objects("weak"), 0, "and it is gone")
end)

scenario("a callback drops a reference whose turn has not come", function(it)
    x = Node()
    older = weak(x, function() it:mark "older" end)
    newer = weak(x, function() it:mark "newer"; older = nil end)
    x = nil
    is(it:said(), "newer older", "it is told all the same: its target died first")
    del "newer"
    is(#gc.objects("weak"), 0, "no reference is left")
end)

scenario("one function as callback of many references", function(it)
    local count = 0
    local function cb() count = count + 1 end
    xs, ws = list {}, list {}
    for i = 1, 500 do
        xs:append(Node())
        ws:append(weak(xs[i], cb))
    end
    clear(xs)
    is(count, 500, "each calls")
    del("xs", "ws")
end)

scenario("a callback that yields is an error like any other", function(it)
    x = Node()
    w = weak(x, function() coroutine.yield() end)
    local co = coroutine.create(function() x = nil; return "went on" end)
    local _, result = coroutine.resume(co)
    is(result, "went on", "the coroutine is not suspended")
    is(#it:reports(), 1, "it is reported")
    co = nil
    w = nil
end)

scenario("a death within a callback, with callbacks, to any depth", function(it)
    local depth = 0
    local function nest(n)
        local y = Node()
        _ENV["w" .. n] = weak(y, function()
            depth = depth + 1
            if n < 30 then nest(n + 1) end
        end)
        _ENV.y = y
        y = nil
        _ENV.y = nil
    end
    nest(1)
    is(depth, 30)
    for i = 1, 30 do del("w" .. i) end
end)

tap.done_testing()
