-- SPDX-License-Identifier: MIT
-- Build: ready structures, their shape and their arguments.
local tap = require "ouro.tap"
local is, ok, throws = tap.is, tap.ok, tap.throws

gc.disable()

tap.subtest("a chain has its nodes in order and ends", function()
    x = build.chain(4)
    local values, n = {}, x
    while n do
        values[#values + 1] = n.val
        n = n.next
    end
    tap.is_deeply(values, { 1, 2, 3, 4 }, "numbered from 1")
    is(typeof(x), "Node", "of the class Node")
    x = nil
end)

tap.subtest("a chain's last reference frees it all", function()
    local before = heap.live()
    x = build.chain(100000)
    is(heap.live(), before + 100000, "a hundred thousand objects")
    x = nil
    is(heap.live(), before, "and none")
end)

tap.subtest("a ring closes and is garbage of its size", function()
    collect()
    x = build.ring(3)
    ok(rawequal(x.next.next.next, x), "three steps around")
    x = nil
    is(collect(), 3, "three objects")
    x = build.ring(1)
    ok(rawequal(x.next, x), "a ring of one")
    x = nil
    is(collect(), 1, "one object")
end)

tap.subtest("a tree of fanout two has left and right", function()
    x = build.tree(2)
    ok(x.left.right and x.right.left, "two levels below the root")
    is(x.left.left.left, nil, "and no third")
    x = build.tree(0)
    is(x.left, nil, "depth 0 is one node")
    x = nil
end)

tap.subtest("a tree of another fanout has c1, c2, and so on", function()
    local before = heap.live()
    x = build.tree(2, 3)
    is(heap.live(), before + 13, "one, three and nine nodes")
    ok(x.c1.c3 and x.c3.c1, "the children")
    x = build.tree(3, 1)
    ok(x.c1.c1.c1, "fanout 1 is a chain")
    is(x.c1.c1.c1.c1, nil, "of four")
    x = nil
end)

tap.subtest("a grid goes right and down", function()
    local before = heap.live()
    x = build.grid(3, 2)
    is(heap.live(), before + 6, "six nodes")
    ok(rawequal(x.right.down, x.down.right), "both ways lead to the same node")
    is(x.right.right.right, nil, "three wide")
    is(x.down.down, nil, "two high")
    x = nil
    is(heap.live(), before, "no cycle in it")
end)

tap.subtest("a graph is a list of nodes, the same for the same seed", function()
    local function targets(seed)
        local l, text = build.graph { nodes = 20, degree = 3, seed = seed }, {}
        for i = 1, #l do
            text[i] = l[i].e1.val .. "," .. l[i].e2.val .. "," .. l[i].e3.val
        end
        return table.concat(text, ";"), #l
    end
    local one, count = targets(1)
    is(count, 20, "so many nodes")
    is(targets(1), one, "the same again")
    tap.isnt(targets(2), one, "another seed, another graph")
    collect()
end)

tap.subtest("a class of one's own", function()
    local Item = class("Item", { "n", "rest", "spare" })
    x = build.chain(3, Item)
    is(typeof(x), "Item", "its name")
    is(x.rest.n, 2, "slots in their order")
    is(x.spare, nil, "further slots are nil")
    x = build.graph { nodes = 2, degree = 1, class = Item }
    is(typeof(x[1]), "Item", "for graphs by an option")
    local Small = class("Small", { "n" })
    throws(function() build.chain(3, Small) end, "Small", "too few slots")
    local Open = class("Open")
    throws(function() build.ring(3, Open) end, "Open", "no slots at all")
    throws(function() build.chain(3, 5) end, "build.chain", "a number is no class")
    x = nil
    collect()
end)

tap.subtest("its own classes are on no books", function()
    local before, classes = heap.live(), #gc.objects("class")
    x = build.tree(1, 7)
    is(heap.live(), before + 8, "live counts the nodes")
    is(#gc.objects("class"), classes, "the list of objects no class")
    is(heap.census().class, nil, "nor does the census")
    is(gc.stats().objects, heap.live(), "nor do the statistics")
    x = nil
    is(heap.live(), before, "as before")
end)

tap.subtest("mistakes are named", function()
    throws(function() build.chain(0) end, "build.chain: the number of nodes", "none")
    throws(function() build.chain(-1) end, "-1", "a negative number")
    throws(function() build.chain() end, "nothing", "nothing")
    throws(function() build.chain(1.5) end, "1.5", "a fraction")
    throws(function() build.ring("x") end, "build.ring", "a string")
    throws(function() build.tree(-1) end, "build.tree: the depth", "a depth below 0")
    throws(function() build.tree(1, 0) end, "build.tree: the fanout", "a fanout of 0")
    throws(function() build.grid(1) end, "build.grid: the height", "no height")
    throws(function() build.graph(5) end, "give a table", "no table")
    throws(function() build.graph { degree = 1 } end, "build.graph: nodes", "no nodes")
    throws(function() build.graph { nodes = 1, size = 2 } end, "size", "an unknown option")
    throws(function() build.graph { nodes = 1, seed = "x" } end, "seed", "a seed that is none")
    throws(function() build.chain(1 << 62) end, "memory", "more than any memory")
end)

tap.subtest("a finalizer that runs as the heap closes is told so", function()
    local h = heap{}
    local Node, done, message, live = h:class("Node", { "val" })
    function Node:__del()
        done, message = pcall(h.build.chain, 2)
        live = h:live()
    end
    h.build.chain(2)
    local x = Node()
    x.val = x
    h:close()
    tap.ok(not done, "its class of nodes has gone")
    tap.like(message, "heap is closed", "the message")
    tap.ok(live >= 1, "looking at the heap still works")
end)

tap.done_testing()
