-- SPDX-License-Identifier: MIT
-- Values of Lua come back from the heap as they went in; objects have one identity.
local tap = require "ouro.tap"

local function round_trip(v)
    local l = list {}
    l[1] = v
    local d = dict {}
    if v ~= nil and v == v then d[v] = v end
    x = v
    return l[1], x, (v ~= nil and v == v) and d[v] or l[1]
end

local function bits(v) return math.type(v) .. " " .. string.format("%a", v) end

for _, v in ipairs { 0, 1, -1, math.maxinteger, math.mininteger, 1 << 62, -(1 << 62) - 1,
    0.5, -0.0, 0.0, 1e308, 5e-324, math.huge, -math.huge, 3.0, 2^53, 1e-300 } do
    local a, b, c = round_trip(v)
    tap.ok(bits(a) == bits(v) and bits(b) == bits(v) and bits(c) == bits(v), bits(v))
end
local nan = round_trip(0 / 0)
tap.ok(nan ~= nan, "NaN")
tap.is(string.pack("d", (round_trip(-(0 / 0)))), string.pack("d", -(0 / 0)), "NaN bit for bit")
local strange = string.unpack("d", string.pack("I8", 0x7ff8000000000123))
tap.is(string.pack("d", (round_trip(strange))), string.pack("d", strange), "a NaN with payload")
for _, s in ipairs { "", "a\0b", ("x"):rep(100000), "\xff\xfe", "é" } do
    tap.is((round_trip(s)), s, "a string of " .. #s .. " bytes")
end
for _, v in ipairs { print, {}, coroutine.create(print), io.stdout } do
    local a, b = round_trip(v)
    tap.ok(rawequal(a, v) and rawequal(b, v), "a " .. type(v) .. " is itself")
end
tap.is((round_trip(false)), false, "false")
tap.is((round_trip(nil)), nil, "nil")

tap.subtest("identity is canonical", function()
    a = list { 1 }
    b = list { a, a }
    tap.ok(rawequal(b[1], b[2]) and rawequal(a, b[1]), "however it was reached")
    local t = { [a] = "found" }
    tap.is(t[b[1]], "found", "as a table key")
    collectgarbage()
    tap.is(t[b[2]], "found", "after a collection of Lua's")
    tap.ok(same(a, b[1]) and not same(a, list { 1 }), "same is identity")
    tap.ok(a == list { 1 } and a ~= list { 2 }, "equality of lists is by value")
    c = list {}
    c:append(c)
    d = list {}
    d:append(d)
    tap.ok(c == d, "two lists that contain only themselves cannot be told apart")
    tap.is(tostring(c), "[[...]]", "and print finitely")
end)

tap.subtest("two heaps in one state", function()
    local other <close> = require "ouro".heap { max_objects = 3 }
    local theirs = other:list { 1 }
    tap.is(#theirs, 1, "another heap's list")
    tap.throws(function() a:append(theirs) end, "another heap", "cannot be stored here")
    tap.throws(function()
        local keep = { other:list {}, other:list {}, other:list {} }
    end, "max_objects", "its own limit")
    other:close()
    tap.throws(function() return #theirs end, "closed", "a handle that outlives its heap")
    tap.throws(function() other:list {} end, "closed", "a closed heap")
    tap.is(heap.check(), true, "this one is untouched")
end)

tap.subtest("what Lua holds lives, whatever it is in", function()
    local N = class("N", { "v" })
    local held = {}
    for i = 1, 20000 do held[i] = N(i) end
    collectgarbage()
    collectgarbage("generational")
    local sum = 0
    for i = 1, #held do sum = sum + held[i].v end
    tap.is(sum, 20000 * 20001 // 2, "twenty thousand in a table")
    collectgarbage("incremental")
    local co = coroutine.wrap(function() local n = N(7); coroutine.yield(); return n.v end)
    co()
    collect()
    collectgarbage()
    tap.is(co(), 7, "one on a coroutine's stack")
    local f = (function() local n = N(8); return function() return n.v end end)()
    collect()
    tap.is(f(), 8, "one in an upvalue")
    local before = heap.live()
    held = nil
    tap.is(before - heap.live(), 20000, "and all die when Lua lets go")
end)

tap.ok(heap.check(), "the heap checks")
tap.done_testing()
