-- SPDX-License-Identifier: MIT
-- Events: gc.on and gc.off: what handlers are told, when, and what they may do.
local tap = require "ouro.tap"
local is, ok, throws = tap.is, tap.ok, tap.throws

local Node = class("Node", { "val", "next" })
gc.disable()

-- Runs f while a handler notes the events; their texts.
local function record(events, f)
    local log = {}
    local function note(info) log[#log + 1] = info end
    for _, event in ipairs(events) do gc.on(event, note) end
    f()
    for _, event in ipairs(events) do gc.off(event, note) end
    return log
end

local function names(log)
    local list = {}
    for i, info in ipairs(log) do list[i] = info.event end
    return list
end

local function drop_loop()
    x = Node(1)
    x.next = x
    x = nil
end

tap.subtest("births and deaths are told with id, type and text", function()
    local log = record({ "birth", "death" }, function()
        x = Node(7)
        x = nil
    end)
    tap.is_deeply(names(log), { "birth", "death" }, "both, in order")
    is(log[1].type, "Node", "the type")
    is(log[1].id, log[2].id, "the same id")
    is(log[2].text, "Node(val=7, next=nil)", "the text of the dead")
    is(log[2].by, "count", "how it died")
    tap.like(tostring(log[2]), "death #%d+ Node%(val=7", "an event prints")
end)

tap.subtest("a collection is told from start to stop, the deaths between", function()
    local log = record({ "start", "stop", "cycle", "death" }, function()
        drop_loop()
        collect()
    end)
    tap.is_deeply(names(log), { "start", "cycle", "death", "stop" }, "the order")
    is(log[1].generation, 2, "its generation")
    is(log[1].count, 0, "nothing is found at the start")
    is(log[2].count, 1, "what is unreachable")
    is(log[3].by, "collection", "how it died")
    is(log[4].count, 1, "what was found")
end)

tap.subtest("deaths come in the order of the dying set", function()
    local log = record({ "death" }, function()
        l = list { Node("a"), Node("b") }
        l = nil
    end)
    is(#log, 3, "three")
    is(log[1].type, "list", "the list")
    tap.like(log[2].text, '"a"', "then its items, in order")
    tap.like(log[3].text, '"b"', "the second")
end)

tap.subtest("every handler of an event runs, in the order of on", function()
    local log = {}
    local function first() log[#log + 1] = 1 end
    local function second() log[#log + 1] = 2 end
    is(gc.on("start", first), first, "on returns the handler")
    gc.on("stop", first)
    gc.on("start", second)
    gc.on("stop", second)
    collect()
    tap.is_deeply(log, { 1, 2, 1, 2 }, "first and second, twice")
    is(gc.off("start", first), true, "off says that it was there")
    is(gc.off("start", first), false, "and that it is no longer")
    gc.off("stop", first)
    gc.off("start", second)
    gc.off("stop", second)
    collect()
    is(#log, 4, "none runs after off")
end)

tap.subtest("an error of a handler is reported, the others run", function()
    local ran, messages = 0, {}
    local before = gc.on_error(function(info) messages[#messages + 1] = info end)
    local function bad() error("handler's fault") end
    local function good() ran = ran + 1 end
    for _, event in ipairs { "start", "stop" } do
        gc.on(event, bad)
        gc.on(event, good)
    end
    drop_loop()
    is(collect(), 1, "the collection is as ever")
    for _, event in ipairs { "start", "stop" } do
        gc.off(event, bad)
        gc.off(event, good)
    end
    is(ran, 2, "the good one ran twice")
    is(#messages, 2, "one report for each event")
    tap.like(messages[1].what, "handler of start events", "it says whose")
    gc.on_error(before)
end)

tap.subtest("collect within a handler gives 0 and tells nothing", function()
    local inner, told = {}, 0
    local function handler()
        told = told + 1
        inner[#inner + 1] = collect()
    end
    gc.on("start", handler)
    gc.on("stop", handler)
    drop_loop()
    is(collect(), 1, "the outer")
    gc.off("start", handler)
    gc.off("stop", handler)
    is(told, 2, "two events")
    tap.is_deeply(inner, { 0, 0 }, "the inner ones")
end)

tap.subtest("what a handler causes is told after it", function()
    local log = {}
    local function handler(info)
        log[#log + 1] = info.text
        if y then y = nil end
    end
    gc.on("death", handler)
    x, y = Node("x"), Node("y")
    x = nil
    gc.off("death", handler)
    is(#log, 2, "both deaths")
    tap.like(log[2], "y", "the second was the handler's doing")
end)

tap.subtest("a handler that goes on causing events comes to an end", function()
    local told, messages = 0, {}
    local before = gc.on_error(function(info) messages[#messages + 1] = info.message end)
    local function handler()
        told = told + 1
        z = Node(told)
    end
    gc.on("birth", handler)
    x = Node(0)
    gc.off("birth", handler)
    gc.on_error(before)
    tap.cmp_ok(told, "<", 100, "after some rounds")
    tap.like(messages[#messages], "events were not told", "and that is reported")
    x, z = nil, nil
end)

tap.subtest("handlers that multiply what they are told of come to an end", function()
    local messages, told = {}, {}
    local before = gc.on_error(function(info) messages[#messages + 1] = info.message end)
    local makers = {
        birth = function() build.ring(8) end,
        death = function() for _ = 1, 8 do z = Node(1) z = nil end end,
    }
    local deeds = {
        birth = function() x = Node(0) end,
        death = function() x = nil end,
    }
    for _, event in ipairs { "birth", "death" } do
        told[event] = 0
        local function handler()
            told[event] = told[event] + 1
            makers[event]()
        end
        gc.on(event, handler)
        deeds[event]()
        tap.cmp_ok(told[event], "<=", 1000, event)
        tap.like(messages[#messages], "^%d+ events were not told", "and that is reported")
        messages = {}
        gc.off(event, handler)
    end
    local function wide() build.ring(2000) end
    local count = 0
    local function counting() count = count + 1 end
    gc.on("birth", counting)
    gc.on("birth", wide)
    x = list { Node(1), Node(2), Node(3) }
    gc.off("birth", counting)
    gc.off("birth", wide)
    is(count, 4, "what was there before the handlers is told in any case")
    gc.on_error(before)
    x = nil
    collect()
end)

tap.subtest("a handler may take itself away", function()
    local told = 0
    local function once()
        told = told + 1
        gc.off("start", once)
    end
    gc.on("start", once)
    collect()
    collect()
    is(told, 1, "it was called once")
end)

tap.subtest("resurrection and errors are told", function()
    local Phoenix = class("Phoenix", { "val" })
    function Phoenix:__del()
        saved = self
        error("on the way")
    end
    local before = gc.on_error(function() end)
    local log = record({ "resurrect", "error", "death" }, function()
        x = Phoenix(3)
        x = nil
    end)
    gc.on_error(before)
    tap.is_deeply(names(log), { "error", "resurrect" }, "no death")
    is(log[1].type, "Phoenix", "whose error")
    is(log[2].text, "Phoenix(val=3)", "who lives on")
    saved = nil
end)

tap.subtest("steps name the phases", function()
    local log = record({ "step" }, function() collect() end)
    local phases = {}
    for i, info in ipairs(log) do phases[i] = info.phase end
    tap.is_deeply(phases, { "scope", "count", "restore", "free" }, "in order")
end)

tap.subtest("listening holds nothing and ends", function()
    local before = heap.live()
    local log = record({ "death" }, function() x = Node(1) x = nil end)
    is(#log, 1, "told")
    is(heap.live(), before, "nothing is left")
end)

tap.subtest("the close of a heap is told, when its objects are gone", function()
    local ouro = require "ouro"
    local h = ouro.heap {}
    local l, kept = h:list { 1 }, h:list { 2 }
    local log, messages = {}, {}
    h.gc.on("death", function(info)
        if info.type == "list" then log[#log + 1] = info.text end
        local fine, message = pcall(function() return h.repr(kept) end)
        messages[#messages + 1] = not fine and message or "it worked"
        collectgarbage()
        list { 3 } -- in the default heap, which still is there
    end)
    l = nil
    h:close()
    is(#log, 2, "two deaths")
    for _, message in ipairs(messages) do
        tap.like(message, "closed", "who uses the heap then is told so")
    end
end)

tap.subtest("an error of a handler at the close goes to standard error, not further", function()
    local h = require "ouro".heap {}
    local l = h:list {}
    h.gc.on("death", function(info) if info.type == "list" then return nil + 1 end end)
    io.stderr:write("# an error in a handler of death events follows:\n")
    tap.lives(function() h:close() end, "the close goes on")
    throws(function() return #l end, "closed", "it is closed")
end)

tap.subtest("a handler may close the heap", function()
    local h = require "ouro".heap {}
    local told = 0
    h.gc.on("start", function() told = told + 1 h:close() end)
    h.gc.on("start", function() told = told + 1 end)
    tap.lives(function() h.collect() end, "the collection ends in order")
    is(told, 2, "both handlers ran")
    throws(function() h:list {} end, "closed", "it is closed")
end)

tap.subtest("mistakes are named", function()
    throws(function() gc.on("end", print) end, "start, stop, birth", "an unknown event")
    throws(function() gc.on(5, print) end, "name of an event", "a number")
    throws(function() gc.on("start") end, "argument 2", "no handler")
    throws(function() gc.off("start", 5) end, "argument 2", "a number as handler")
end)

tap.subtest("a thousand deaths are all told", function()
    local told = 0
    local function count() told = told + 1 end
    gc.on("death", count)
    x = build.chain(1000)
    x = nil
    gc.off("death", count)
    is(told, 1000, "each")
end)

tap.subtest("what making something needs for itself is nobody's business", function()
    local told = {}
    local function tell(info) told[#told + 1] = info.event .. " " .. info.type end
    gc.on("birth", tell)
    gc.on("death", tell)
    made = set { 1, 2 }
    made = tuple { 1, 2 }
    local text = repr("text")
    settle()
    gc.off("birth", tell)
    gc.off("death", tell)
    tap.is(table.concat(told, ", "), "birth set, birth tuple, death set", "sets, tuples, texts")
    tap.is(text, '"text"', "and they are what they should be")
    del "made"
end)

tap.done_testing()
