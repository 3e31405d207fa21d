-- SPDX-License-Identifier: MIT
-- Whatif: would_free and mincut, tested by doing what they say.
local tap = require "ouro.tap"
local is, ok, like, throws = tap.is, tap.ok, tap.like, tap.throws

Node = class("Node", { "val", "next", "other" })
Loud = class("Loud", { "val", "next", "other" })
local log = {}
function Loud:__del() log[#log + 1] = self.val end
gc.disable()

local function ids(t)
    local found = {}
    for i = 1, #t do found[i] = t[i].id end
    return table.concat(found, " ")
end

local function reasons(r)
    local found = {}
    for i, s in ipairs(r.lives) do found[i] = s.because end
    return table.concat(found, "; ")
end

tap.subtest("a name", function()
    x = Loud("a", Loud("b", Loud("c")))
    keep = x.next.next
    local r = would_free("x")
    is(ids(r.dies), id(x) .. " " .. id(x.next), "who dies, in order")
    is(ids(r.finalizers), ids(r.dies), "whose finalizers run")
    is(reasons(r), "name keep in main", "who lives, because of whom")
    is(r.objects, 2, "how many")
    is(r.bytes, sizeof(x) + sizeof(x.next), "how many bytes")
    like(tostring(r), "^del x would free 2 objects, %d+ bytes\n", "it prints")
    is(#log, 0, "nothing has happened")
    del "x"
    is(table.concat(log, " "), "a b", "until it does, in that order")
    del "keep"
    throws(function() would_free("nobody") end, "name 'nobody' is not bound", "an unbound name")
    n = 5
    is(would_free("n").objects, 0, "a number")
    del "n"
end)

tap.subtest("names, locals and pins as reasons", function()
    x = Node(1)
    y = x
    is(reasons(would_free("x")), "name y in main", "another name, not the same")
    is(reasons(would_free("y")), "name x in main", "either way")
    is(would_free(x).objects, 1, "of the object: both go")
    del "y"
    local held = x
    like(reasons(would_free("x")), "^held by Lua: local 'held' at .*whatif.lua:52$", "a local")
    held = nil
    pin(x)
    is(reasons(would_free("x")), "pin", "a pin")
    is(would_free(x).objects, 1, "which goes with the names, of an object")
    unpin(x)
    y = list { x }
    is(reasons(would_free("x")), "#" .. id(y) .. "[1]", "another object")
    del("x", "y")
end)

tap.subtest("a cycle is left", function()
    x = Node(1, Node(2))
    x.next.next = x
    x.other = Node(3)
    local r = would_free("x")
    is(r.objects, 0, "nothing dies at once")
    is(#r.stays, 3, "the cycle stays, with what hangs on it")
    like(tostring(r), "left for a collection", "in words")
    local before = heap.live()
    del "x"
    is(heap.live(), before, "as it does")
    is(collect(), 3, "until a collection")
end)

tap.subtest("a field, an item, an entry", function()
    x = Node(1, Node(2))
    is(would_free(x, "next").objects, 1, "an attribute")
    is(would_free(x, "other").objects, 0, "a slot that is empty")
    is(tostring(would_free(x, "other")), ("del(#%d, other) would free 0 objects, 0 bytes")
        :format(id(x)), "in words")
    l = list { list {}, list {}, x }
    is(ids(would_free(l, 2).dies), tostring(id(l[2])), "an item")
    is(reasons(would_free(l, 3)), "name x in main", "which lives otherwise")
    d = dict { k = list {}, [7] = list {} }
    d[tuple { 1 }] = list {}
    is(would_free(d, "k").objects, 1, "an entry by a string")
    is(would_free(d, 7).objects, 1, "by a number")
    local key
    for k in pairs(d) do if typeof(k) == "tuple" then key = k end end
    is(would_free(d, key).objects, 1, "by an object, which Lua holds")
    key = nil
    throws(function() would_free(x, "nope") end, "has nothing under 'nope'", "no such field")
    throws(function() would_free(x, "class") end, "has nothing under 'class'", "the class is none")
    throws(function() would_free(tuple { 1 }, 1) end, "nothing can be removed from a tuple",
        "a tuple")
    del("x", "l", "d")
end)

tap.subtest("a million objects", function()
    x = build.chain(1000000, Node)
    local r = would_free("x")
    is(r.objects, 1000000, "all of them")
    is(#r.dies, 1000000, "by id")
    is(r.dies[1000000].type, "Node", "to the last")
    like(tostring(r), "999980 more", "printed short")
    r = nil
    del "x"
end)

-- ---- mincut ------------------------------------------------------------------------------

-- Does what the statements say, as if they were pasted.
local function do_all(cut, env)
    for i = 1, #cut do assert(load(cut[i].statement, "cut", "t", env))() end
end

tap.subtest("the fewest are statements", function()
    a = Node("a", Node("b", Node("c")))
    s = list { a.next.next, 2, a.next.next }
    t = dict { ["a key"] = a.next.next }
    w = weak(a.next.next)
    local cut = mincut(a.next.next)
    is(cut.count, 3, "a name for the two items, an entry, an attribute")
    do_all(cut, _ENV)
    ok(not w.alive, "and they let it die")
    is(w(), nil, "indeed")
    del("a", "t", "w")
end)

tap.subtest("items come last first", function()
    s = list { 1, list {}, 3 }
    s[3] = s[2]
    s2 = s
    s3 = s
    w = weak(s[2])
    local cut = mincut(s[2])
    is(tostring(cut), "del(s, 3)\ndel(s, 2)", "so that they stay in place")
    do_all(cut, _ENV)
    is(w(), nil, "dead")
    is(#s, 1, "and the rest is not")
    del("s", "s2", "s3", "w")
end)

tap.subtest("names, pins, cycles", function()
    x = Node(1)
    x.next = x
    pin(x)
    y = x
    w = weak(x)
    is(tostring(mincut(x)), 'unpin(x)\ndel("x")\ndel("y")', "as they are called")
    do_all(mincut(x), _ENV)
    ok(w.alive, "a cycle stays for a collection")
    collect()
    is(w(), nil, "which takes it")
    del "w"
end)

tap.subtest("what no statement can do", function()
    local held = list {}
    like(tostring(mincut(held)), "Lua holds it", "a local")
    is(mincut(held).count, nil, "no count")
    held = nil
    x = tuple { list {} }
    is(tostring(mincut(x[1])), 'del("x")', "a tuple's item: the name of the tuple goes")
    is(tostring(mincut(list {})), "nothing keeps it alive", "garbage")
    is(mincut(list {}).count, 0, "needs nothing")
    local f = frame("f")
    f.y = list {}
    like(tostring(mincut(f.y)), "^%-%-", "a comment, where no name leads")
    f = nil
    call(function(_ENV)
        z = Node(1, list {})
        is(tostring(mincut(z.next)), 'del(z, "next")', "in a frame of its own")
        is(tostring(mincut(frame().x)), 'del(frame(), "x")', "and a name of main from there")
    end)
    del "x"
end)

tap.done_testing()
