-- SPDX-License-Identifier: MIT
-- Why: chains from roots, what an object retains, and that looking changes nothing.
local tap = require "ouro.tap"
local is, ok, like, throws = tap.is, tap.ok, tap.like, tap.throws

Node = class("Node", { "val", "next" })

local function roots(w)
    local t = {}
    for i, chain in ipairs(w) do t[i] = chain.root .. "/" .. #chain end
    return table.concat(t, "; ")
end

tap.subtest("each kind of root has its name", function()
    x = list {}
    is(roots(why(x)), "name x in main/0", "a name")
    local held = x
    like(roots(why(x)), "^name x in main/0; held by Lua: local 'held' at .*:18/0$", "a local")
    held = nil
    pin(x)
    is(roots(why(x)), "name x in main/0; pin/0", "a pin")
    unpin(x)
    local box = { x }
    like(roots(why(x)), "^name x in main/0; held by Lua: box%[1%] of table, .*/0$", "a table")
    box = nil
    call(function(_ENV)
        y = frame().x
        like(roots(why(y)), "name x in main/0; name y in ", "names of several frames")
    end)
    is(roots(why(list {})), "", "an argument alone is no reason")
    ok(why(list {}).garbage, "and that is said")
    like(tostring(why(list {})), "nothing keeps it alive", "in words too")
    ok(not why(x).garbage, "of what lives the opposite")
    x = nil
end)

tap.subtest("a chain can be walked", function()
    head = build.chain(4, Node)
    local w = why(head.next.next.next)
    is(#w, 1, "one chain")
    local chain = w[1]
    is(#chain, 3, "of three references")
    is(chain.kind, "name", "from a name")
    is(chain.name .. " " .. chain.frame, "head main", "of the frame main")
    is(chain[1].id, id(head), "the first step is what the name refers to")
    is(chain[3].label, "next", "each has its label")
    is(chain[3].type, "Node", "and its type")
    is(chain[3].text, "#" .. id(head.next.next) .. ".next", "and prints as the ledger does")
    is(w.id, id(head.next.next.next), "the object itself is named by its id")
    is(w.type, "Node", "and its type")
    for _, c in ipairs(w) do
        for _, s in ipairs(c) do is(type(rawget(s, "object")), "nil", "no handle is inside") end
    end
    is(tostring(w), ("#%d Node(val=4, next=nil)\n  <- #%d.next <- #%d.next <- #%d.next <- " ..
        "name head in main"):format(w.id, chain[3].id, chain[2].id, chain[1].id), "as text")
    del "head"
    collect()
    is(heap.census().Node, nil, "the answer holds nothing")
end)

tap.subtest("all of them, nearest first, as a tree", function()
    a = build.chain(4, Node)
    b = a.next
    c = a.next.next.next
    is(roots(why(c)), "name c in main/0", "the shortest alone")
    is(roots(why(c, { all = true })), "name c in main/0; name b in main/2; name a in main/3",
        "all")
    local w = why(c, { all = true, max = 2 })
    is(#w, 2, "at most so many")
    ok(w.more, "and that there are more")
    like(tostring(w), "and more", "in words")
    local lines = {}
    for line in tostring(why(c, { all = true })):gmatch("[^\n]+") do lines[#lines + 1] = line end
    like(lines[3], "^  <%- #%d+%.next <%- #%d+%.next <%- name b in main$", "a line each")
    like(lines[4], "^ +<%- #%d+%.next <%- name a in main$", "what is shared stands once")
    throws(function() why(c, { most = 1 }) end, "no option is called 'most'", "unknown options")
    throws(function() why(c, { max = 0 }) end, "max has to be a whole number", "a wrong max")
    throws(function() why(3) end, "has to be a managed object", "no object")
    del("a", "b", "c")
end)

tap.subtest("weak references are no reason", function()
    x = list {}
    w = weak(x)
    table_of = weak.values { k = x }
    keyed = weak.keys {}
    keyed[x] = list { x }
    is(roots(why(x, { all = true })), "name x in main/0", "of any kind")
    is(roots(why(keyed[x], { all = true })), "name keyed in main/1",
        "a key's value lives by the entry")
    del("x", "w", "table_of", "keyed")
end)

tap.subtest("through a million objects", function()
    long = build.chain(1000000, Node)
    local function last()
        local n = long
        for _ = 1, 999999 do n = n.next end
        return n
    end
    local w = why(last())
    is(#w[1], 999999, "a chain of that length")
    is(w[1][999999].label, "next", "which can be walked at its end")
    like(tostring(w), "999991 more", "and prints short")
    is(heap.retained(long).objects, 1000000, "all retained by the first")
    is(heap.dominators(1)[1].objects, 1000000, "which is the largest")
    del "long"
end)

tap.subtest("retained and dominators", function()
    shared = list {}
    x = list { shared, list { 1 } }
    local r = heap.retained(x)
    is(r.objects, 2, "what is shared belongs to nobody")
    is(r.bytes, sizeof(x) + sizeof(x[2]), "in bytes")
    is(tostring(r), ("#%d [[], [1]] retains 2 objects, %d bytes"):format(id(x), r.bytes), "text")
    local rows = heap.dominators(3)
    is(#rows, 3, "as many as wanted")
    for i = 2, #rows do ok(rows[i - 1].bytes >= rows[i].bytes, "largest first") end
    for _, row in ipairs(heap.dominators(100)) do
        if row.id == id(x[2]) then is(row.owner, id(x), "within its owner") end
        is(row.type ~= nil and row.text ~= nil, true, "a row names its object")
    end
    like(tostring(rows), "^ +objects +bytes  retained by\n", "as a table")
    throws(function() heap.dominators(0) end, "how many to show", "a wrong number")
    del("shared", "x")
end)

tap.subtest("looking changes nothing", function()
    x = build.ring(10)
    local before = { refcount(x), heap.live(), gc.stats().collections }
    why(x)
    heap.retained(x)
    heap.dominators()
    would_free(x)
    mincut(x)
    is(table.concat({ refcount(x), heap.live(), gc.stats().collections }, " "),
        table.concat(before, " "), "no count, no object, no collection")
    del "x"
    is(#heap.leaked(), 10, "garbage stays garbage")
    heap.check()
    collect()
end)

tap.done_testing()
