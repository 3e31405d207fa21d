-- SPDX-License-Identifier: MIT
-- Names, counting, del, frames: what a script sees of its own references.
local tap = require "ouro.tap"

Node = class("Node", { "val", "next" })

tap.subtest("names count, locals hold", function()
    x = Node(1)
    tap.is(refcount(x), 1, "one name is one reference")
    y = x
    tap.is(refcount(x), 2, "a second name is a second reference")
    local held = x
    tap.is(refcount(x), 2, "a local does not count")
    tap.is(getrefcount(x), 3, "getrefcount is one more")
    y = 5
    tap.is(refcount(x), 1, "rebinding releases")
    l = list { x, x }
    d = dict { k = x }
    tap.is(refcount(x), 4, "each slot of a container counts")
    clear(l)
    tap.is(refcount(x), 2, "an emptied list lets go")
    del "d"
    tap.is(refcount(x), 1, "a dead dict lets go")
    del("x", "y", "l")
    tap.is(held.val, 1, "the held object lives")
end)

tap.subtest("del", function()
    tap.throws(function() del "nothing" end, "name 'nothing' is not bound", "an unbound name")
    a = Node(1)
    tap.throws(function() del("a", "nothing") end, "not bound", "one of several unbound")
    tap.is(a.val, 1, "then nothing is unbound")
    a.next = Node(2)
    w = weak(a.next)
    del(a, "next")
    tap.is(w(), nil, "del of a slot releases it")
    tap.throws(function() del(a, "nxt") end, "no slot 'nxt'", "an unknown slot")
    l = list { 1, 2, 3 }
    del(l, 2)
    tap.is(tostring(l), "[1, 3]", "del closes the gap in a list")
    tap.throws(function() del(l, 3) end, "outside", "an index outside")
    d = dict { k = 1 }
    del(d, "k")
    tap.is(#d, 0, "del removes a dict's entry")
    tap.throws(function() del(d, "k") end, "no key", "an absent key")
    s = set { 1 }
    del(s, 1)
    tap.is(#s, 0, "del removes from a set")
    del("a", "w", "l", "d", "s")
end)

tap.subtest("prompt death", function()
    local log = {}
    F = class("F", { "n", "ref" })
    function F:__del() log[#log + 1] = self.n end
    a = F(1)
    a = F(2)
    tap.is(table.concat(log, " "), "1", "a rebound name's object is finalized at once")
    a = nil
    tap.is(table.concat(log, " "), "1 2", "a name set to nil too")
    a, b = F(3), F(4)
    a, b = b, a
    tap.is(table.concat(log, " "), "1 2", "a swap finalizes nothing")
    tap.is(refcount(a), 1, "and the counts are as before")
    del("a", "b")
    tap.is(table.concat(log, " "), "1 2 4 3", "del finalizes in order")
    log = {}
    a = F(1, F(2, F(3)))
    del "a"
    tap.is(table.concat(log, " "), "1 2 3", "what it alone kept goes after it")
    log = {}
    do
        local n <close> = F(7)
    end
    tap.is(table.concat(log, " "), "7", "local n <close> dies at the end of its block")
    log = {}
    l = list { F(1), F(2), F(3) }
    l = nil
    tap.is(table.concat(log, " "), "1 2 3", "a list's items die in index order")
    log = {}
    l = list { F(1) }
    l:pop()
    settle()
    tap.is(table.concat(log, " "), "1", "a popped item dies")
    log = {}
    x = F(1)
    l = list { x }
    l = nil
    x = nil
    tap.is(table.concat(log, " "), "1", "what an unreachable list still counts dies promptly")
    del "F"
end)

tap.subtest("frames", function()
    local log = {}
    G = class("G", { "n" })
    function G:__del() log[#log + 1] = self.n end
    local n = call(function(_ENV, value)
        one = G(value)
        two = G(value + 1)
        return refcount(one), names()[2], #stack()
    end, 10)
    tap.is(n, 1, "a name in a frame counts")
    tap.is(table.concat(log, " "), "11 10", "names go last bound first")
    log = {}
    local ok, err = pcall(call, function(_ENV)
        one = G(1)
        error("oops", 0)
    end)
    tap.is(err, "oops", "the error passes through")
    tap.is(table.concat(log, " "), "1", "and the frame is popped")
    tap.is(#stack(), 1, "only main is left")
    function deep(_ENV, i) return call(deep, i + 1) end
    ok, err = pcall(call, deep, 1)
    tap.like(err, "stack overflow: 1000 frames", "the frame limit")
    tap.like(err, "managed frames, top first:%s+deep", "with the managed frames")
    tap.is(#stack(), 1, "unwound")
    local co = coroutine.wrap(function()
        call(function(_ENV) c = G(5); coroutine.yield() end)
    end)
    log = {}
    co()
    tap.is(#stack(), 2, "a coroutine may yield within a call")
    co()
    tap.is(table.concat(log, " "), "5", "and its frame goes when it is done")
    tap.is(#stack(), 1, "and is popped")
    del("G", "deep")
end)

tap.subtest("holders add up", function()
    h = Node(1)
    o = Node(2, h)
    l = list { h, h }
    pin(h)
    local lines = holders(h)
    tap.is(lines[1], "name h in main", "a name")
    local text = tostring(lines)
    tap.like(text, "#%d+%.next", "a slot")
    tap.like(text, "#%d+%[1%]", "an item")
    tap.like(text, "pin", "a pin")
    tap.is(refcount(h), 5, "five in all")
    unpin(h)
    tap.throws(function() unpin(h) end, "not pinned", "unpin once too often")
    del("h", "o", "l")
end)

tap.subtest("a frame of one's own in stock Lua", function()
    local f = load([[
        local frame = ...
        local _ENV = frame
        z = list{1}
        return refcount(z), names(frame)[1]
    ]])
    local count, name = f(frame("apart"))
    tap.is(count, 1, "its names count")
    tap.is(name, "z", "and are its own")
end)

tap.ok(heap.check(), "the heap checks")
tap.done_testing()
