-- SPDX-License-Identifier: MIT
-- Finalize: records that call a function once, when their object has died.
local tap = require "ouro.tap"
local is, ok, throws = tap.is, tap.ok, tap.throws

local Node = class("Node", { "val", "next" })
gc.disable()

local function add(a, b) return a + b end

tap.subtest("a record runs once when called by hand, and gives the results", function()
    x = Node(1)
    local r = finalize(x, add, 67, 43)
    is(r.alive, true, "it is alive")
    local target, f, a, b = r:peek()
    ok(same(target, x) and f == add and a == 67 and b == 43, "peek gives all of it")
    is(r(), 110, "the call gives the result")
    is(r(), nil, "the second gives nothing")
    is(r:peek(), nil, "nor does peek")
    is(r:detach(), nil, "nor does detach")
    is(r.alive, false, "it is dead")
    ok(same(x, x), "the object lives")
    x = nil
end)

tap.subtest("all results and holes among the arguments come through", function()
    x = Node(1)
    local r = finalize(x, function(...) return select("#", ...), ... end, nil, 2, nil)
    tap.is_deeply(table.pack(r()), { n = 4, 3, nil, 2, nil }, "three arguments, two of them nil")
    x = nil
end)

tap.subtest("a detached record never runs", function()
    local called = false
    x = Node(1)
    local function f() called = true end
    local r = finalize(x, f, "a")
    local target, g, a = r:detach()
    ok(same(target, x) and g == f and a == "a", "detach gives what it had")
    target = nil
    is(r.alive, false, "it is dead")
    x = nil
    is(r(), nil, "a call gives nothing")
    is(called, false, "nothing ran")
end)

tap.subtest("it runs at the death, once", function()
    local count = 0
    x = Node(1)
    local r = finalize(x, function() count = count + 1 end)
    x = nil
    is(count, 1, "when the last name goes")
    is(r(), nil, "not by hand after that")
    x = Node(2)
    x.next = x
    finalize(x, function() count = count + 1 end)
    x = nil
    is(count, 1, "not while a cycle keeps the object")
    collect()
    is(count, 2, "by the collection")
end)

tap.subtest("newest first, whether anybody keeps the record or not", function()
    local log = {}
    local function note(i) log[#log + 1] = i end
    x = Node(1)
    finalize(x, note, 1)
    local second, third = finalize(x, note, 2), finalize(x, note, 3)
    finalize(x, note, 4)
    local fifth = finalize(x, note, 5)
    fifth:detach()
    third()
    log = {}
    settle()
    collectgarbage()
    x = nil
    tap.is_deeply(log, { 4, 2, 1 }, "the pending ones")
    is(second.alive, false, "the kept one is dead")
end)

tap.subtest("the function sees a record that is out of service", function()
    local alive, peeked, called = nil, 0, 0
    x = Node(1)
    local r
    r = finalize(x, function()
        alive, peeked, called = r.alive, r:peek(), r()
    end)
    x = nil
    is(alive, false, "not alive")
    is(peeked, nil, "peek gives nothing")
    is(called, nil, "a call does nothing")
end)

tap.subtest("an error by death is reported, by hand it is raised", function()
    local messages, ran = {}, false
    local before = gc.on_error(function(info) messages[#messages + 1] = info end)
    x = Node(1)
    finalize(x, function() ran = true end)
    local r = finalize(x, function() error("oops") end)
    tap.lives(function() x = nil end, "the operation goes on")
    is(#messages, 1, "one report")
    tap.like(messages[1].message, "oops", "with the message")
    is(messages[1].what, "finalize record", "and what it was")
    tap.like(messages[1].traceback, "traceback", "and the traceback")
    is(ran, true, "the other ran")
    is(r(), nil, "it does not run again")
    x = Node(2)
    local by_hand = finalize(x, function() error("by hand", 0) end)
    throws(by_hand, "by hand", "raised")
    is(by_hand(), nil, "and that was all")
    x = nil
    is(#messages, 1, "nothing more is reported")
    gc.on_error(before)
end)

tap.subtest("mistakes are named", function()
    throws(function() finalize() end, "managed object", "no object")
    throws(function() finalize(5, print) end, "number", "a number")
    x = Node(1)
    throws(function() finalize(x) end, "nothing", "no function")
    throws(function() finalize(x, 5) end, "number", "a number as function")
    local r = finalize(x, print)
    throws(function() r.alive = true end, "alive", "alive cannot be set")
    throws(function() r.atexit = 1 end, "true or false", "atexit is a boolean")
    throws(function() return r.when end, "when", "another field")
    throws(function() r.peek() end, "peek", "peek without its record")
    throws(function() r.detach(x) end, "Node", "detach of another object")
    r:detach()
    x = nil
end)

tap.subtest("atexit can be read and written", function()
    x = Node(1)
    local r = finalize(x, print)
    is(r.atexit, true, "it is on")
    r.atexit = false
    is(r.atexit, false, "it is off")
    r:detach()
    x = nil
end)

tap.subtest("at the close those with atexit run, newest first", function()
    local h = require "ouro".heap {}
    local log = {}
    local n = h:list {}
    local function note(i) log[#log + 1] = i end
    h:finalize(n, note, 1)
    h:finalize(n, note, 2).atexit = false
    h:finalize(n, note, 3)
    h:close()
    tap.is_deeply(log, { 3, 1 }, "the one without did not run")
end)

tap.subtest("it does not keep its object, but its arguments", function()
    x, y = Node(1), Node(2)
    local wx, wy = weak(x), weak(y)
    finalize(x, function() end, y)
    y = nil
    ok(wy.alive, "the argument lives")
    x = nil
    is(wx.alive, false, "the object does not")
    is(wy.alive, false, "the argument goes with the record")
end)

tap.subtest("all is let go after the run", function()
    local kept = setmetatable({}, { __mode = "k" })
    x = Node(1)
    do
        local f = function() end
        kept[f] = true
        finalize(x, f, f)
    end
    x = nil
    settle()
    collectgarbage()
    is(next(kept), nil, "Lua has freed the function")
end)

tap.subtest("a thousand objects of one list, each once", function()
    local seen, total = {}, 0
    l = list {}
    for i = 1, 1000 do
        l:append(Node(i))
        finalize(l[i], function(n)
            seen[n] = (seen[n] or 0) + 1
            total = total + 1
        end, i)
    end
    l = nil
    is(total, 1000, "a thousand calls")
    is(#seen, 1000, "each number once")
end)

tap.done_testing()
