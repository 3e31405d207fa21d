-- SPDX-License-Identifier: MIT
-- Hooks: debug.sethook sees in a script what it sees in lua5.4, though free names are in a frame
-- and looking one up calls a metamethod.
local tap = require "ouro.tap"
local is, is_deeply = tap.is, tap.is_deeply

function empty() end

-- The events while f runs in a coroutine, whose hook is set from outside.
local function events(mask, f)
    local seen = {}
    local co = coroutine.create(f)
    debug.sethook(co, function(event) seen[#seen + 1] = event end, mask)
    coroutine.resume(co)
    return seen
end

is_deeply(events("cr", function() empty() value = 5 end),
    { "call", "call", "return", "return" }, "reading and assigning names are no calls")
is_deeply(events("cr", function() return math.abs(-1) end),
    { "call", "call", "return", "return" }, "names of the library neither, but its functions are")
is_deeply(events("l", function()
    local a = value
    empty()
    return a
end), { "line", "line", "line", "line" }, "lines are lines")
is(value, 5, "the names are bound")

tap.subtest("gethook gives what was set", function()
    local function hook() end
    is(debug.gethook(), nil, "none")
    debug.sethook(hook, "cr", 7)
    local function_set, mask, count = debug.gethook()
    is(function_set, hook, "the function")
    is(mask, "cr", "the mask")
    is(count, 7, "the count")
    debug.sethook(hook, "l")
    is(debug.gethook(), hook, "another one of the same function")
    debug.sethook()
    is(debug.gethook(), nil, "none again")
    local co = coroutine.create(empty)
    debug.sethook(co, hook, "c")
    is(debug.gethook(co), hook, "of a coroutine")
    is(debug.gethook(), nil, "and not of this one")
end)

tap.subtest("within a hook the levels are those of lua5.4", function()
    local name
    local function watched() local here = value return here end
    debug.sethook(function()
        local info = debug.getinfo(2, "f")
        if info.func == watched then name = "watched" end
    end, "c")
    watched()
    debug.sethook()
    is(name, "watched", "2 is the function that is called")
end)

tap.subtest("a hook that raises an error ends the function", function()
    debug.sethook(function() error("enough", 0) end, "", 100)
    local fine, message = pcall(function() while true do value = 1 end end)
    debug.sethook()
    is(fine, false, "it ends")
    is(message, "enough", "with the error")
end)

tap.done_testing()
