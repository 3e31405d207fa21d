-- SPDX-License-Identifier: MIT
-- Scenarios of errors in finalizers, callbacks, records and listeners (U): reported, counted,
-- never raised into the code that happened to cause the death.
local tap = require "ouro.tap"
local under = dofile(arg[0]:match("^.*/") .. "under")
local scenario = under.scenario
local is, ok = tap.is, tap.ok

Node = class("Node", { "a", "b" })

local function raising_class(name)
    local class = class(name or "Raises", { "n", "ref" })
    function class:__del() error("boom " .. tostring(self.n)) end
    return class
end

-- What the command writes on standard error when it runs the text, and how it ends.
local function run_child(text)
    local script, out = os.tmpname(), os.tmpname()
    local file = assert(io.open(script, "w"))
    file:write(text)
    file:close()
    local command = ("'%s' '%s' >/dev/null 2>'%s'"):format(os.getenv("OURO"), script, out)
    local _, _, status = os.execute(command)
    local lines = assert(io.open(out)):read("a")
    os.remove(script)
    os.remove(out)
    return lines, status
end

scenario("U01 a finalizer raises, by count", function(it)
    R = raising_class()
    x = R(1)
    w = weak(x)
    tap.lives(function() x = nil end, "the statement goes on")
    is(w(), nil, "the object is freed")
    local reports = it:reports()
    is(#reports, 1)
    tap.like(reports[1].message, "boom 1")
    tap.like(reports[1].what, "finalizer of Raises")
    del("w", "R")
end)

scenario("U02 finalizers raise, by collection", function(it)
    R = raising_class()
    for i = 1, 3 do _ENV["r" .. i] = R(i) end
    r1.ref, r2.ref, r3.ref = r2, r3, r1
    del("r1", "r2", "r3")
    is(collect(), 3, "all are freed")
    local reports = it:reports()
    is(#reports, 3, "each is reported")
    for i, report in ipairs(reports) do tap.like(report.message, "boom " .. i) end
    R = nil
end)

scenario("U03 what the handler receives", function(it)
    R = raising_class()
    x = R(1)
    local number = id(x)
    x = nil
    local report = it:reports()[1]
    tap.like(report.message, "errors.lua:%d+: boom 1$", "the message, with the place")
    tap.like(report.traceback, "^stack traceback:", "the traceback, apart")
    is(report.what, "finalizer of Raises #" .. number, "what raised")
    is(report.type, "Raises")
    is(report.id, number, "whose")
    x = Node()
    w = weak(x, function() error "cb" end)
    number = id(w)
    x = nil
    report = it:reports()[1]
    is(report.what, "callback of weak reference")
    is(report.id, number)
    x = Node()
    finalize(x, function() error "rec" end)
    x = nil
    is(it:reports()[1].what, "finalize record")
    local function listener() error "listener" end
    gc.on("stop", listener)
    collect()
    gc.off("stop", listener)
    is(it:reports()[1].what, "handler of stop events")
    del("w", "R")
end)

scenario("U06 an error in flight is not disturbed", function(it)
    R = raising_class()
    local function f(_ENV)
        x = R(1)
        error("A", 0)
    end
    local fine, message = pcall(call, f)
    ok(not fine)
    is(message, "A", "it arrives alone")
    is(#it:reports(), 1)
    fine, message = pcall(function()
        x = R(2)
        x = nil
        error("A", 0)
    end)
    ok(not fine and message == "A")
    is(#it:reports(), 1)
    R = nil
end)

scenario("U09 every second of twenty finalizers raises", function(it)
    local ran = 0
    local E = class("E", { "n", "next" })
    function E:__del()
        if self.n % 2 == 0 then error "even" end
        ran = ran + 1
    end
    local made = {}
    for i = 1, 20 do made[i] = E(i) end
    for i = 1, 20 do made[i].next = made[i % 20 + 1] end
    made = nil
    is(collect(), 20, "the collection succeeds")
    is(ran, 10, "the others ran")
    is(#it:reports(), 10)
end)

scenario("U10 a finalizer raises while another error is handled", function(it)
    R = raising_class()
    local _, message = xpcall(function() error("outer", 0) end, function(m)
        x = R(1)
        x = nil
        return m .. " handled"
    end)
    is(message, "outer handled", "the error is unchanged")
    is(#it:reports(), 1, "the other is reported")
    R = nil
end)

scenario("U14 errors in many finalizers do not stop a list from being freed", function(it)
    R = raising_class()
    l = list {}
    for i = 1, 100 do l:append(R(i)) end
    local before = gc.stats()
    l = nil
    local after = gc.stats()
    is(#it:reports(), 100, "a hundred reports")
    is(after.deaths - before.deaths, 101, "all freed")
    is(after.errors - before.errors, 100, "counted")
    R = nil
end)

-- ---- the handler -----------------------------------------------------------------------------

tap.subtest("U04 a handler that raises: both texts on standard error", function()
    local lines, status = run_child [[
        local C = class("C", {})
        function C:__del() error "first" end
        gc.on_error(function() error "second" end)
        x = C()
        x = nil
        gc.on_error(nil)
        io.stderr:write("errors: ", gc.stats().errors, "\n")
    ]]
    is(status, 0, "the script goes on")
    tap.like(lines, "error in the handler of gc.on_error: [^\n]*second")
    tap.like(lines, "error in finalizer of C #%d+: [^\n]*first")
    is(select(2, lines:gsub("error in", "")), 2, "each once")
    tap.like(lines, "errors: 1\n", "the finalizer's is counted")
end)

tap.subtest("U04 a handler that causes such errors itself: no loop", function()
    local lines, status = run_child [[
        local C = class("C", {})
        function C:__del() error "again" end
        gc.on_error(function() y = C() y = nil end)
        x = C()
        x = nil
        gc.on_error(nil)
        io.stderr:write("errors: ", gc.stats().errors, "\n")
    ]]
    is(status, 0)
    tap.like(lines, "error in finalizer of C #%d+: [^\n]*again", "the second is printed")
    tap.like(lines, "errors: 2\n", "both are counted")
end)

tap.subtest("U01 without a handler: standard error, with a traceback", function()
    local lines, status = run_child [[
        local C = class("C", {})
        function C:__del() error "boom" end
        x = C()
        x = nil
    ]]
    is(status, 0)
    tap.like(lines, "^ouro: error in finalizer of C #%d+: [^\n]*boom\nstack traceback:\n")
end)

-- ---- what the neighbours suggest -----------------------------------------------------------

scenario("errors that are no strings", function(it)
    local C = class("C", { "what" })
    function C:__del() error(self.what, 0) end
    x = C(5)
    x = nil
    x = C(nil)
    x = nil
    x = C(list {})
    x = nil
    local T = class("T", {})
    function T:__del() error(setmetatable({}, { __tostring = function() return "a text" end })) end
    x = T()
    x = nil
    local messages = {}
    for i, report in ipairs(it:reports()) do messages[i] = report.message end
    is(#messages, 4, "each is reported")
    is(messages[1], "5")
    tap.like(messages[2], "nil value")
    is(messages[4], "a text")
end)

scenario("what an error object holds is let go of", function(it)
    local C = class("C", {})
    function C:__del()
        local held = list {}
        w = weak(held)
        error({ held })
    end
    x = C()
    x = nil
    is(#it:reports(), 1)
    settle()
    is(w(), nil)
    w = nil
end)

scenario("a finalizer raises after it has saved itself", function(it)
    local C = class("C", {})
    function C:__del()
        saved = self
        error "too late"
    end
    x = C()
    w = weak(x)
    x = nil
    is(#it:reports(), 1)
    ok(same(saved, w()), "it lives")
    saved = nil
    is(w(), nil)
    is(#it:reports(), 0, "and dies in silence")
    w = nil
end)

scenario("a finalizer that overflows Lua's stack", function(it)
    local C = class("C", {})
    function C:__del()
        local function deeper() return 1 + deeper() end
        deeper()
    end
    x = C()
    x = nil
    tap.like(it:reports()[1].message, "overflow")
end)

scenario("a finalizer that yields, in a coroutine", function(it)
    local C = class("C", {})
    function C:__del() coroutine.yield() end
    local co = coroutine.create(function()
        x = C()
        x = nil
        return "the end"
    end)
    is(select(2, coroutine.resume(co)), "the end", "the coroutine is not suspended")
    tap.like(it:reports()[1].message, "yield")
    co = nil
end)

scenario("what is no function as __del is passed over", function()
    local C = class("C", {})
    C.__del = 5
    x = C()
    w = weak(x)
    tap.lives(function() x = nil end)
    is(w(), nil)
    w = nil
end)

scenario("an error event is told for each report", function(it)
    R = raising_class()
    local function f(e) it:mark(e.event .. ":" .. tostring(e.type)) end
    gc.on("error", f)
    x = R(1)
    x = nil
    gc.off("error", f)
    is(#it:reports(), 1)
    is(it:said(), "error:Raises")
    R = nil
end)

scenario("handlers of two heaps are apart", function(it)
    local mine = 0
    local h = require "ouro".heap {}
    h.gc.on_error(function() mine = mine + 1 end)
    local C = h:class("C", {})
    function C:__del() error "theirs" end
    C()
    h:settle()
    is(mine, 1)
    is(#it:reports(), 0)
    h:close()
end)

tap.done_testing()
