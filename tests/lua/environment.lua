-- SPDX-License-Identifier: MIT
-- Environment: frames as _ENV: of chunks, functions and coroutines, what setmetatable, pairs
-- and assignment do to them, and what a name costs nobody.
local tap = require "ouro.tap"
local is, ok, like, throws = tap.is, tap.ok, tap.like, tap.throws

tap.subtest("a frame as _ENV", function()
    local function with(_ENV)
        a = list { 1 }
        b = a
        return refcount(a), #names(_ENV), same(_ENV.a, b)
    end
    local f = frame("apart")
    local count, size, equal = with(f)
    is(count .. " " .. size .. tostring(equal), "2 2true", "a parameter: its names count")
    is(a, nil, "and are not main's")
    is(tostring(f.a), "[1]", "they stay with the frame")
    local w = weak(f.a)
    f = nil
    settle()
    is(w(), nil, "and go with it")
    local g = load("x = ... return function() return refcount(x) end", "c", "t", frame("g"))
    is(g(list {})(), 1, "a chunk's")
    x = list {}
    call(function(_ENV) is(refcount(x), 1, "main's names are seen behind") x = 5 end)
    is(tostring(x), "[]", "and not changed")
    del "x"
end)

tap.subtest("frames go on errors and when coroutines are closed", function()
    local w
    local function fails(_ENV) x = list {} w = weak(x) error("oops", 0) end
    is(select(2, pcall(call, fails)), "oops", "an error")
    is(#stack() .. tostring(w()), "1nil", "takes the frame along")
    local co = coroutine.create(function()
        call(function(_ENV)
            x = list {}
            w = weak(x)
            call(function(_ENV) y = w() coroutine.yield() end)
        end)
    end)
    coroutine.resume(co)
    is(#stack(), 3, "two calls that wait")
    is(refcount(w()), 2, "and their names")
    ok(coroutine.close(co), "closed")
    is(#stack() .. tostring(w()), "1nil", "both are gone")
    co = coroutine.wrap(function() call(fails) end)
    ok(not pcall(co), "an error in a coroutine")
    is(#stack() .. tostring(w()), "1nil", "the same")
end)

tap.subtest("names of the standard library", function()
    string, print = "mine", nil
    is(string, "mine", "a name hides one")
    is(("x"):rep(2), "xx", "which methods of strings do not see")
    is(_G.string.rep("x", 2), "xx", "nor _G")
    ok(require "string" == _G.string, "nor modules")
    del "string"
    is(string, _G.string, "until it is deleted")
    ok(print ~= nil, "a global is not unbound by nil")
    type = function() return "other" end
    is(type(5) .. math.type(5), "otherinteger", "a function")
    type = nil
    is(type(5), "number", "until it is nil")
end)

tap.subtest("setmetatable", function()
    throws(function() setmetatable(_ENV, { __index = function() return 5 end }) end,
        "environment.lua:%d+: setmetatable: table expected, got a frame.*setmetatable%(_G, ",
        "of _ENV: the error says what there is")
    throws(function() setmetatable(frame("f"), nil) end, "got a frame", "of any frame")
    local reads = {}
    local env = setmetatable({}, { __index = function(_, k)
        reads[#reads + 1] = k
        return _G[k]
    end })
    is(load("x = 1 return tostring(x)", "c", "t", env)(), "1", "of a table as environment")
    is(table.concat(reads, " "), "tostring", "it does what it does")
    throws(function() setmetatable({}, 5) end,
        "environment.lua:%d+: bad argument #2 to 'setmetatable' %(nil or table expected",
        "mistakes are told as in Lua")
    is(select(2, pcall(setmetatable, 5, {})),
        "bad argument #1 to 'setmetatable' (table expected, got number)", "without a line, too")
    local locked = setmetatable({}, { __metatable = "locked" })
    throws(function() setmetatable(locked, {}) end,
        "environment.lua:%d+: cannot change a protected metatable", "a protected one")
    local t = {}
    ok(setmetatable(t, nil) == t and select("#", setmetatable(t, {})) == 1, "the table comes back")
end)

tap.subtest("pairs(_ENV)", function()
    local before = #names()
    n1, n2, n3 = list {}, 2, "three"
    local seen = {}
    for k, v in pairs(_ENV) do
        seen[#seen + 1] = k
        if k == "n1" or k == "n2" or k == "n3" then del(k) new = 1 end
    end
    is(#seen, before + 3, "the names as they were, while they go and come")
    is(n1, nil)
    del "new"
end)

tap.subtest("functions kept in names", function()
    function double(a) return a * 2 end
    local sum = 0
    for i = 1, 1000 do sum = sum + double(i) end
    is(sum, 1001000, "are called as they are")
    is(rawequal(double, double), true, "the same value each time")
    local before = heap.live()
    for i = 1, 1000 do double(i) end
    is(heap.live(), before, "and make nothing")
    del "double"
end)

tap.done_testing()
