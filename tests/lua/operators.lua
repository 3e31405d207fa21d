-- SPDX-License-Identifier: MIT
-- Operators: what a class makes of Lua's operators, of attributes that are not there, and
-- what can be removed with del from each kind of object.
local tap = require "ouro.tap"

local operators = {
    __add = function(x, y) return x + y end, __sub = function(x, y) return x - y end,
    __mul = function(x, y) return x * y end, __div = function(x, y) return x / y end,
    __mod = function(x, y) return x % y end, __pow = function(x, y) return x ^ y end,
    __idiv = function(x, y) return x // y end, __band = function(x, y) return x & y end,
    __bor = function(x, y) return x | y end, __bxor = function(x, y) return x ~ y end,
    __shl = function(x, y) return x << y end, __shr = function(x, y) return x >> y end,
    __concat = function(x, y) return x .. y end,
}

tap.subtest("each operator of two operands calls its method", function()
    Number = class("Number", { "val" })
    local none = class("None", { "val" })
    local function plain(x) return typeof(x) == "Number" and x.val or x end
    for event, operate in pairs(operators) do
        Number[event] = function(x, y) return "called", operate(plain(x), plain(y)) end
        local a, b = Number(7), Number(2)
        tap.is(operate(a, b), "called", event .. " of two objects; one result")
        Number[event] = function(x, y) return operate(plain(x), plain(y)) end
        tap.is(operate(a, b), operate(7, 2), event .. ", the operands in order")
        tap.is(operate(a, 2), operate(7, 2), event .. ", a number on the right")
        tap.is(operate(7, b), operate(7, 2), event .. ", a number on the left")
        tap.throws(function() return operate(none(1), none(2)) end,
            event:sub(3) .. " is not defined for .*" .. event, event .. " that is not defined")
    end
    del "Number"
end)

tap.subtest("operators of one operand and comparisons", function()
    Number = class("Number", { "val" })
    function Number:__unm() return -self.val end
    function Number:__bnot() return ~self.val end
    function Number:__lt(other) return self.val < other.val end
    function Number:__le(other) return self.val <= other.val end
    local a, b = Number(1), Number(2)
    tap.is(-a, -1, "minus")
    tap.is(~a, ~1, "not")
    tap.ok(a < b and not (b < a) and b > a, "less")
    tap.ok(a <= b and a <= a and b >= a, "less or equal")
    Sub = class("Sub", Number)
    tap.is(-Sub(5), -5, "inherited")
    tap.throws(function() return -list{} end, "unm is not defined for list;", "not for a list")
    del("Number", "Sub")
end)

tap.subtest("__index and __newindex stand in for what is not there", function()
    Open, Slotted = class("Open"), class("Slotted", { "val" })
    local written = {}
    for _, cls in ipairs{ Open, Slotted } do
        cls.__index = function(self, key) return tostring(key) .. "?" end
        cls.__newindex = function(self, key, v) written[key] = v end
        local x = cls()
        tap.is(x.other, "other?", "a function reads")
        x.other = 5
        tap.is(written.other, 5, "a function writes")
        tap.is(x[1], "1?", "what is no name, too")
        cls.__index, cls.__newindex = { other = "from a table" }, written
        tap.is(x.other, "from a table", "a table reads")
        x.other = 6
        tap.is(written.other, 6, "a table writes")
        cls.__index, cls.__newindex = nil, nil
    end
    local s = Slotted(3)
    Slotted.__index = function() return "?" end
    tap.is(s.val, 3, "a slot that is there is itself")
    Slotted.__index = nil
    tap.throws(function() return s.other end, "other", "without it an unknown slot is an error")
    del("Open", "Slotted")
end)

tap.subtest("del removes from each kind of object what it has", function()
    Thing = class("Thing")
    Thing.attribute = list{}
    local w = weak(Thing.attribute)
    del(Thing, "attribute")
    tap.is(w(), nil, "an attribute of a class: its value is dead")
    x = 5
    del(frame(), "x")
    tap.is(x, nil, "a name of a frame")
    tap.throws(function() del(frame(), "x") end, "'x' is not bound", "which is not bound any more")
    local o = object{ a = 1 }
    del(o, "a")
    tap.is(o.a, nil, "an attribute of an object")
    tap.throws(function() del(o, "a") end, "no attribute 'a'", "which has none any more")
    tap.throws(function() del(tuple{ 1 }, 1) end, "nothing can be removed from a tuple", "a tuple")
    tap.throws(function() del() end, "del%(object, key%)", "nothing")
    tap.throws(function() del(o, "a", "b") end, "one reference", "too much")
    tap.throws(function() del("Thing", 5) end, "names are strings", "a number for a name")
    tap.ok(Thing, "and then none is unbound")
    y = 1
    tap.throws(function() del("y", "no such name") end, "'no such name' is not bound", "unknown")
    tap.is(y, 1, "the known one is still bound")
    del("Thing", "y")
end)

tap.subtest("clear empties weak references and finalize records that have run", function()
    local called, target, argument = 0, list{}, list{}
    local w = weak(target, function() called = called + 1 end)
    clear(w)
    tap.is(w(), nil, "a cleared weak reference is empty")
    tap.ok(not w.alive, "and not alive")
    local inner = weak(argument)
    local r = finalize(target, function() called = called + 10 end, argument)
    clear(r)
    tap.ok(r.alive, "a record in service keeps what it has")
    argument = nil
    settle()
    tap.ok(inner.alive, "its argument lives")
    target = nil
    settle()
    tap.is(called, 10, "the record is called, the cleared weak reference is not")
    clear(r)
    settle()
    tap.ok(not inner.alive, "the argument goes with the call")
end)

tap.ok(heap.check(), "the heap checks")
tap.done_testing()
