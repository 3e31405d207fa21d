-- SPDX-License-Identifier: MIT
-- Leftovers: what a register of the caller still refers to keeps nothing alive, and what it
-- still needs is never cleared (bindings/lua/leftovers.c).
local tap = require "ouro.tap"

local log = {}
Node = class("Node", { "val", "next" })
function Node:__del() log[#log + 1] = self.val end

local function take()
    local text = table.concat(log, " ")
    log = {}
    return text
end

tap.subtest("an object dies within the assignment", function()
    x = Node(1)
    x = nil
    tap.is(take(), "1", "just made")
    x = Node(2)
    tostring(x)
    x = nil
    tap.is(take(), "2", "passed to a function before")
    x = Node(3)
    if x then end
    x = nil
    tap.is(take(), "3", "tested before")
    x = Node(4)
    for _ = 1, 1 do assert(x) end
    x = nil
    tap.is(take(), "4", "used in a loop that is over")
    x = Node(5)
    do
        local inner = x
        tap.is(inner.val, 5, "seen by a local")
    end
    x = nil
    tap.is(take(), "5", "which is out of scope")
    x = Node(6, Node(7))
    x.next.val = 8
    x.next = nil
    tap.is(take(), "8", "a field overwritten")
    x = Node(9)
    tap.is(take(), "6", "the name bound again")
    x = nil
    take()
    l = list { Node(10) }
    l[1] = false
    tap.is(take(), "10", "an item overwritten")
    d = dict { k = Node(11) }
    d.k = nil
    tap.is(take(), "11", "an entry removed")
    del("l", "d")
end)

tap.subtest("what an assignment still has to store lives", function()
    a, b = Node(1), Node(2)
    a, b = b, a
    tap.is(a.val .. b.val, "21", "swapped")
    tap.is(take(), "", "and nothing died")
    a, b = nil, a
    tap.is(take(), "1", "the last reference to one of them")
    tap.is(b.val, 2, "the other moved")
    a, b = b, nil
    tap.is(a.val, 2, "moved back")
    tap.is(take(), "", "alive all the while")
    local kept
    a, kept = nil, a
    tap.is(kept.val, 2, "moved into a local")
    kept, a = nil, kept
    tap.is(a.val, 2, "and back")
    local t = {}
    t.one, a, t.two = a, nil, a
    tap.ok(rawequal(t.one, t.two), "moved into two fields of a table")
    tap.is(take(), "", "still alive")
    t = nil
    settle()
    tap.is(take(), "2", "until the table went")
    a = Node(3)
    local pair = { a }
    pair[1].next, a = a, nil
    tap.is(pair[1].next.val, 3, "an expression on the left is kept as well")
    pair[1].next = nil
    pair = nil
    settle()
    take()
    local function two() return Node(4), Node(5) end
    a, b = two()
    tap.is(a.val + b.val, 9, "two results")
    a, b = two()
    tap.is(take(), "5 4", "each replaces its own, the last first")
    a, b = nil, nil
    take()
end)

tap.subtest("locals that are closed", function()
    do
        local n <close> = Node(1)
        tap.is(n.val, 1, "within the block")
    end
    tap.is(take(), "1", "dead at its end")
    do
        local m <close> = Node(2)
        local n <close> = Node(3)
        local other = n
        tap.ok(other, "a second local of the same block")
    end
    tap.is(take(), "3 2", "in the reverse order")
    local outer = Node(4)
    do
        local n <close> = outer
        tap.is(n.val, 4, "held by an outer local, too")
    end
    tap.is(take(), "", "which keeps it")
    tap.is(outer.val, 4, "and is untouched")
    local function give()
        local n <close> = Node(5)
        return n
    end
    local got = give()
    tap.is(got.val, 5, "a result survives the closing of its variable")
    tap.is(take(), "", "and did not die")
    local function drop()
        local n <close> = Node(6)
        return n.val
    end
    tap.is(drop(), 6, "a result that is something else")
    tap.is(take(), "6", "does not keep it")
    pcall(function()
        local n <close> = Node(7)
        error(n.val)
    end)
    settle()
    tap.is(take(), "7", "left by an error")
    for i = 8, 9 do
        local n <close> = Node(i)
        if i == 9 then break end
    end
    tap.is(take(), "8 9", "in a loop, and left by break")
    local function capture()
        local n <close> = Node(10)
        return function() return n.val end
    end
    local f = capture()
    tap.is(f(), 10, "an upvalue keeps it")
    f, got, outer = nil, nil, nil
    settle()
    tap.is(#log, 3, "all gone in the end: " .. table.concat(log, " "))
    take()
end)

tap.subtest("in other functions and coroutines", function()
    local function body()
        y = Node(1)
        local v = y.val
        y = nil
        return take(), v
    end
    tap.is(body(), "1", "in a function")
    tap.is(coroutine.wrap(body)(), "1", "in a coroutine")
    tap.is(call(function(_ENV)
        y = Node(2)
        tostring(y)
        y = nil
        return take()
    end), "2", "in a frame of its own")
    local chunk = string.dump(function(env)
        local _ENV = env
        z = Node(3)
        z = nil
    end, true)
    load(chunk, "stripped", "b")(frame())
    settle()
    tap.is(take(), "3", "without debug information a little later")
    local hooked = false
    debug.sethook(function()
        if hooked or not y then return end
        hooked = true
        y = nil
    end, "", 1)
    y = Node(4)
    local kept = { y }
    debug.sethook()
    y = nil
    tap.ok(kept[1] == nil or kept[1].val == 4, "a hook in the middle of it clears nothing")
    kept = nil
    settle()
    take()
end)

tap.ok(heap.check(), "the heap checks")
tap.done_testing()
