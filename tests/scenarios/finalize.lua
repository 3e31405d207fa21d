-- SPDX-License-Identifier: MIT
-- Scenarios of finalize records (M).
local tap = require "ouro.tap"
local under = dofile(arg[0]:match("^.*/") .. "under")
local scenario = under.scenario
local is, ok, throws = tap.is, tap.ok, tap.throws

Node = class("Node", { "a", "b" })

-- Runs f for both ways to die: f(path, finish); the object is x.
local function both_paths(f)
    for _, path in ipairs { "count", "collection" } do
        x = Node()
        if path == "collection" then x.a = x end
        f(path, function()
            x = nil
            collect()
        end)
    end
end

scenario("M01 the life of a registration", function(it)
    x = Node()
    local function add(a, b, z)
        it:mark "ran"
        return a + b + z
    end
    local r = finalize(x, add, 67, 43, 89)
    ok(r.alive, "alive")
    local target, f, a, b, z = r:peek()
    ok(rawequal(target, x) and f == add and a == 67 and b == 43 and z == 89, "peek")
    target = nil
    is(r(), 199, "the first call runs it")
    is(r(), nil, "the second does not")
    is(r:peek(), nil)
    is(r:detach(), nil)
    ok(not r.alive)
    ok(typeof(x) == "Node", "the target lives")
    x = nil
    is(it:said(), "ran", "once in all")
end)

scenario("M02 detach", function(it)
    both_paths(function(path, finish)
        local function f() it:mark "ran" end
        local r = finalize(x, f, 5)
        local target, g, five = r:detach()
        ok(same(target, x) and g == f and five == 5, path .. ": gives what it was")
        target = nil
        is(r:detach(), nil, "once")
        is(r(), nil)
        finish()
        is(it:said(), "", "it never runs")
    end)
end)

scenario("M03 runs at death, once", function(it)
    both_paths(function(path, finish)
        local r = finalize(x, function(...) it:mark(select("#", ...)); return 5 end, nil, nil)
        finish()
        is(it:said(), "2", path)
        is(r(), nil)
        ok(not r.alive)
        is(it:said(), "", "never again")
    end)
end)

scenario("M04 order; records keep themselves", function(it)
    both_paths(function(path, finish)
        local function note(i) it:mark(i) end
        finalize(x, note, 1)
        r2, r3 = finalize(x, note, 2), finalize(x, note, 3)
        finalize(x, note, 4)
        r5 = finalize(x, note, 5)
        r5:detach()
        r3()
        settle()
        collectgarbage()
        is(it:said(), "3", "by hand")
        finish()
        is(it:said(), "4 2 1", path .. ": newest first; dropping the handle cancels nothing")
        del("r2", "r3", "r5")
    end)
end)

scenario("M07 mistakes with arguments", function(it)
    x = Node()
    throws(function() finalize() end, "managed object", "nothing")
    throws(function() finalize(x) end, "argument 2", "no function")
    throws(function() finalize(5, print) end, "number", "no object")
    throws(function() finalize(x, "print") end, "string", "no function but its name")
    is(#gc.objects("finalize"), 0, "none of them registered anything")
    finalize(x, function(t) it:mark(t.obj .. t.func) end, { obj = "o", func = "f" })
    x = nil
    is(it:said(), "of", "tables of named arguments pass through")
end)

scenario("M08 all is let go after the run", function()
    both_paths(function(path, finish)
        local kept = setmetatable({}, { __mode = "k" })
        do
            local t = {}
            local f = function() return t end
            kept[f], kept[t] = true, true
            finalize(x, f, t, list {})
        end
        finish()
        settle()
        collectgarbage()
        is(next(kept), nil, path .. ": neither function nor arguments are alive")
        is(#gc.objects("finalize"), 0, "nor the record")
    end)
end)

scenario("M10 the record as seen from its function", function(it)
    both_paths(function(path, finish)
        local r
        r = finalize(x, function() it:mark(r.alive); it:mark(r:peek()); it:mark(r()) end)
        finish()
        is(it:said(), "false nil nil", path .. ": it is out of service already")
        r = nil
    end)
end)

scenario("M11 a raising function", function(it)
    both_paths(function(path, finish)
        finalize(x, function() it:mark "older" end)
        local r = finalize(x, function() error "oops" end)
        finalize(x, function() it:mark "newer" end)
        tap.lives(finish, path .. ": the statement goes on")
        is(it:said(), "newer older", "the others run")
        local reports = it:reports()
        is(#reports, 1, "one report")
        tap.like(reports[1].message, "oops")
        is(reports[1].what, "finalize record")
        is(r(), nil, "it does not run again")
    end)
end)

scenario("M16 one function on many objects, dropped at once", function()
    local seen, total = {}, 0
    l = list {}
    for i = 1, 1000 do
        l:append(Node())
        finalize(l[i], function(n) seen[n] = true; total = total + 1 end, i)
    end
    l = nil
    is(total, 1000, "a thousand calls")
    is(#seen, 1000, "each number once")
end)

-- ---- what the neighbours suggest -----------------------------------------------------------

scenario("detach works until the function starts", function(it)
    both_paths(function(path, finish)
        local older = finalize(x, function() it:mark "older" end)
        finalize(x, function() it:mark "newer"; older:detach() end)
        finish()
        is(it:said(), "newer", path .. ": the one detached in time does not run")
        older = nil
    end)
end)

scenario("a record detached by the finalizer of its object does not run", function(it)
    local D = class("D", { "ref" })
    for _, cyclic in ipairs { false, true } do
        x = D()
        if cyclic then x.ref = x end
        local r = finalize(x, function() it:mark "ran" end)
        function D:__del() it:mark(same(self, (r:detach()))) end
        x = nil
        collect()
        is(it:said(), "true", cyclic and "collected" or "counted")
        r = nil
    end
end)

scenario("records, finalizers and callbacks: finalizers first, then the newest", function(it)
    F = under.logging_class("F", function(n) it:mark(n) end)
    for _, cyclic in ipairs { false, true } do
        x = F "del"
        if cyclic then x.ref = x end
        w1 = weak(x, function() it:mark "w1" end)
        finalize(x, function() it:mark "r" end)
        w2 = weak(x, function() it:mark "w2" end)
        x = nil
        collect()
        is(it:said(), "del w2 r w1", cyclic and "collected" or "counted")
    end
    del("F", "w1", "w2")
end)

scenario("the target is gone when its function runs, on both paths", function(it)
    both_paths(function(path, finish)
        w = weak(x)
        finalize(x, function() it:mark(w()) end)
        finish()
        is(it:said(), "nil", path)
    end)
    w = nil
end)

scenario("resurrection keeps the record for the next death", function(it)
    local R = class("R", { "ref" })
    function R:__del() saved = self end
    for _, cyclic in ipairs { false, true } do
        x = R()
        if cyclic then x.ref = x end
        local r = finalize(x, function() it:mark "ran" end)
        x = nil
        collect()
        is(it:said(), "", "resurrected: it does not run")
        ok(r.alive and same((r:peek()), saved), "it is in service")
        saved = nil
        collect()
        is(it:said(), "ran", "it runs at the death")
        ok(not r.alive)
        r = nil
    end
end)

scenario("an argument that is the object itself keeps it", function(it)
    x = Node()
    local r = finalize(x, function(o) it:mark(typeof(o)) end, x)
    x = nil
    collect()
    is(it:said(), "", "the record holds its arguments")
    ok(r.alive)
    r()
    is(it:said(), "Node", "by hand")
    r = nil
    is(collect(), 0, "then it is free")
end)

scenario("records registered within functions of records", function(it)
    x, y = Node(), Node()
    finalize(x, function()
        it:mark "x"
        finalize(y, function() it:mark "y" end)
        y = nil
        it:mark "end"
    end)
    x = nil
    is(it:said(), "x y end")
end)

scenario("a record may be called from another function of the same death", function(it)
    x = Node()
    local older = finalize(x, function() it:mark "older" end)
    finalize(x, function() it:mark "newer"; older() end)
    x = nil
    is(it:said(), "newer older", "once")
    older = nil
end)

-- Runs f(h, log) in a heap of its own, closes it, gives the log.
local function closing(f)
    local h, log = require "ouro".heap {}, {}
    f(h, function(v) log[#log + 1] = tostring(v) end)
    h:close()
    return table.concat(log, " ")
end

scenario("at the close pending records run newest first, once, errors stop nothing", function()
    local errors = {}
    is(closing(function(h, mark)
        h.gc.on_error(function(e) errors[#errors + 1] = e.message end)
        h:frame().kept = h:list {}
        local kept = h:frame().kept
        h:finalize(kept, mark, 1)
        h:finalize(kept, mark, 2).atexit = false
        h:finalize(kept, function() error "at the close" end)
        h:finalize(kept, mark, 4)
    end), "4 1")
    is(#errors, 1, "one report")
end)

scenario("at the close of a heap a record runs while its target is alive", function()
    is(closing(function(h, mark)
        local frame = h:frame()
        frame.kept = h:list { 1, 2 }
        local w = h:weak(frame.kept)
        h:finalize(frame.kept, function() mark(#w()) end)
    end), "2")
end)

scenario("records of garbage nobody collected run at the close, once", function()
    is(closing(function(h, mark)
        h.gc.disable()
        local l = h:list {}
        l:append(l)
        h:finalize(l, mark, "ran")
        l = nil
    end), "ran")
end)

scenario("a record cannot be made while the heap closes", function()
    local message
    closing(function(h)
        h:frame().kept = h:list {}
        local kept = h:frame().kept
        h:finalize(kept, function()
            message = select(2, pcall(h.finalize, h:frame().kept, print))
        end)
    end)
    tap.like(message, "clos", "it is an error that says why")
end)

scenario("atexit can be changed by an earlier function of the close", function()
    is(closing(function(h, mark)
        h:frame().kept = h:list {}
        local kept = h:frame().kept
        local first = h:finalize(kept, mark, 1)
        h:finalize(kept, function() mark(2); first.atexit = false end)
    end), "2", "one whose turn has not come")
end)

tap.done_testing()
