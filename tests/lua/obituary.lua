-- SPDX-License-Identifier: MIT
-- Obituary: what is told of the dead; snapshots and growth.
local tap = require "ouro.tap"
local is, ok, like, throws = tap.is, tap.ok, tap.like, tap.throws

Node = class("Node", { "val", "next" })
gc.disable()

tap.subtest("off by default", function()
    throws(function() obituary(1) end, "heap.obituaries%(n%) turns that on", "and says so")
    is(heap.obituaries(50), 0, "turning it on gives what was before")
    is(heap.obituaries(), 50, "asking changes nothing")
    throws(function() heap.obituaries(-1) end, "how many deaths", "a wrong number")
    throws(function() obituary("x") end, "has to be an id", "no id")
end)

tap.subtest("by count, with whom it took along", function()
    x = Node("a", Node("b", list { Node("c") }))
    local a, b = id(x), id(x.next)
    local l, c = id(x.next.next), id(x.next.next[1])
    is(obituary(a), nil, "of the living there is none")
    local line = debug.getinfo(1, "l").currentline + 1
    x = nil
    local o = obituary(a)
    is(o.type, "Node", "type")
    like(o.text, 'val="a"', "text")
    is(o.by, "count", "by count")
    is(o.reference, "name x in main", "the last reference")
    like(o.where, "obituary.lua:" .. line .. "$", "the line")
    is(table.concat(o.took, " "), table.concat({ b, l, c }, " "), "in order of death")
    is(obituary(b).with, a, "who took it along")
    is(obituary(b).reference, "#" .. a .. ".next", "by which reference")
    is(obituary(c).reference, "#" .. l .. "[1]", "an item")
    is(o.finalizer, nil, "no finalizer")
    like(tostring(o), "last reference: name x in main", "it prints")
end)

tap.subtest("each way to remove a reference", function()
    l = list { Node(1) }
    local first = id(l[1])
    settle()
    del(l, 1)
    like(obituary(first).reference, "^#" .. id(l) .. "%[1%]", "del of an item")
    x = Node(2)
    local second = id(x)
    settle()
    del "x"
    like(obituary(second).reference, "^name x in main", "del of a name")
    do
        local n = Node(3)
        second = id(n)
    end
    settle()
    is(obituary(second).reference, "held by Lua", "a local")
    del "l"
end)

tap.subtest("by collection", function()
    x = Node(1)
    x.next = x
    local gone = id(x)
    del "x"
    is(obituary(gone), nil, "garbage is not dead")
    local before = gc.stats().collections
    collect()
    local o = obituary(gone)
    is(o.by, "collection", "by a collection")
    is(o.collection, before + 1, "that one")
    is(o.generation, 2, "of that generation")
end)

tap.subtest("by a limit", function()
    local h <close> = require "ouro".heap { max_objects = 50 }
    h.heap.obituaries(10)
    local N = h:class("N", { "next" })
    local first
    do
        local n = N()
        n.next = n
        first = h:id(n)
    end
    for _ = 1, 60 do
        local n = N()
        n.next = n
    end
    local o
    for i = 1, first + 100 do o = o or h:obituary(i) end
    is(o.by, "limit", "the heap was full")
end)

tap.subtest("what the finalizer did", function()
    Good = class("Good", { "val" })
    function Good:__del() end
    Bad = class("Bad", { "val" })
    function Bad:__del() error("no") end
    local told
    gc.on_error(function(e) told = e end)
    x = Good(1)
    local good = id(x)
    x = Bad(1)
    local bad = id(x)
    x = nil
    gc.on_error(nil)
    is(obituary(good).finalizer, "ran", "it ran")
    is(obituary(bad).finalizer, "raised an error", "it failed")
    ok(told, "and was told of")
end)

tap.subtest("the last n alone", function()
    heap.obituaries(2)
    local dead = {}
    for i = 1, 3 do
        x = Node(i)
        dead[i] = id(x)
    end
    x = nil
    is(obituary(dead[1]), nil, "the oldest is forgotten")
    ok(obituary(dead[2]) and obituary(dead[3]), "the last two are not")
    local handled = 0
    local f = gc.on("death", function() handled = handled + 1 end)
    x = Node(4)
    x = nil
    gc.off("death", f)
    is(handled, 1, "handlers of events are called beside it")
    x = Node(5)
    local last = id(x)
    x = nil
    ok(obituary(last), "and it goes on when they are gone")
    is(heap.obituaries(0), 2, "off again")
    throws(function() obituary(last) end, "no obituaries are kept", "nothing is kept then")
end)

-- ---- snapshots ---------------------------------------------------------------------------

tap.subtest("came, went, grew", function()
    keep = list {}
    x = Node(1)
    local a = heap.snapshot()
    is(a.objects, heap.live(), "all objects")
    del "x"
    y = dict {}
    for i = 1, 100 do keep:append(i) end
    local b = heap.snapshot()
    local d = a:diff(b)
    is(d.Node.went, 1, "one went")
    is(d.dict.came, 1, "one came")
    is(d.list.grew, 1, "one grew")
    ok(d.list.grew_bytes > 0, "by some bytes")
    is(#b:diff(b), 0, "none is different from itself")
    is(tostring(b:diff(b)), "no difference", "in words")
    like(tostring(d), "^type +came +bytes", "it prints")
    is(b:diff(a).dict.went, 1, "backwards too")
    text = "a string that is too long to be kept in a value"
    is(b:diff(heap.snapshot()).string.came > 0, true, "strings, by how many there are")
    throws(function() a:diff(1) end, "has to be a snapshot", "no snapshot")
    weak_y = weak(y)
    del "y"
    is(weak_y(), nil, "snapshots hold nothing")
    del("keep", "text", "weak_y")
end)

tap.subtest("growth", function()
    keep = list {}
    local collections = gc.stats().collections
    local function scene()
        keep:append(Node(1))
        local l = list {}
        l[1] = l
        l = nil
    end
    local g = heap.growth(scene, 4)
    table.sort(g, function(a, b) return a.type < b.type end)
    is(g[1].type .. g[1].objects, "Node4", "what is kept grows")
    is(g[2].type .. g[2].objects, "list4", "and garbage, that nobody collects")
    is(gc.stats().collections, collections, "no collection is forced")
    g = heap.growth(scene, 4, { collect = true })
    is(#g, 1, "unless asked for")
    is(g[1].objects, 4, "then what is kept alone grows")
    is(#heap.growth(function() end), 0, "nothing")
    is(tostring(heap.growth(function() end)), "nothing grows at every repetition", "in words")
    throws(function() heap.growth(1) end, "has to be a function", "no function")
    throws(function() heap.growth(scene, 1) end, "how often", "too few")
    throws(function() heap.growth(scene, 3, { x = 1 }) end, "no option is called 'x'", "options")
    del "keep"
    collect()
end)

tap.subtest("several names at once", function()
    local before = heap.obituaries(8)
    first, second = Node(1), Node(2)
    local ids = { id(first), id(second) }
    settle()
    del("first", "second")
    is(obituary(ids[1]).reference, "name first in main", "the first one's was the first name")
    is(obituary(ids[2]).reference, "name second in main", "and the second one's the second")
    heap.obituaries(before)
end)

tap.done_testing()
