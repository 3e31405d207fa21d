-- SPDX-License-Identifier: MIT
-- Mirror: names of a script while nobody can notice when an object dies. Lua then keeps them in a
-- table of its own; nothing may tell that from the frame (bindings/lua/names.c). No test here may
-- make a weak reference, a finalizer or a listener before the last ones.
local tap = require "ouro.tap"

Node = class("Node", { "val", "next" })

-- Whether what follows tests anything.
local function is_mirrored() return type(debug.getmetatable(_ENV).__index) == "table" end

tap.subtest("counts are those of the names", function()
    x = Node(1)
    y = x
    z = y
    tap.is(refcount(x), 3, "three names, three counts")
    z = 1
    tap.is(refcount(x), 2, "another value in a name lets go")
    x, y = y, Node(2)
    tap.is(refcount(x), 1, "a rebinding by another object too")
    y = nil
    local before = heap.live()
    x = nil
    tap.is(heap.live(), before - 1, "an unbound name's object is dead before the next look")
    x = Node(3)
    x = nil
    x = Node(4)
    tap.is(x.val, 4, "unbound and bound again")
    tap.is(refcount(x), 1, "and counted once")
    tap.ok(is_mirrored(), "all this in the mirror")
    x = nil
end)

tap.subtest("names are in the order of binding", function()
    local function order(...)
        local wanted, found = { ... }, {}
        for _, name in ipairs(names()) do
            for _, one in ipairs(wanted) do
                if one == name then found[#found + 1] = name end
            end
        end
        return table.concat(found, " ")
    end
    a, b, c = 1, Node(2), "three"
    tap.is(order("a", "b", "c"), "c b a", "as Lua assigns: from the right")
    b = nil
    b = Node(5)
    tap.is(order("a", "b", "c"), "c a b", "bound again comes last")
    a = 7
    tap.is(order("a", "b", "c"), "c a b", "another value changes no order")
    c = nil
    tap.is(order("a", "b", "c"), "a b", "unbound is gone")
    tap.ok(not pcall(del, "c"), "and cannot be deleted")
    del("a")
    tap.is(a, nil, "del unbinds")
    a = 8
    tap.is(order("a", "b", "c"), "b a", "what was deleted comes last as well")
    a, b = nil, nil
end)

tap.subtest("names that shadow", function()
    local original = print
    print = 5
    tap.is(print, 5, "a name of the standard library is assigned")
    print = nil
    tap.is(print, original, "and found again")
    function twice(n) return 2 * n end
    tap.is(twice(4), 8, "a function in a name")
    tap.is(refcount(Node) > 0, true, "a look in between")
    tap.is(twice(5), 10, "is still there")
    twice = nil
    tap.is(twice, nil, "until it is unbound")
    tap.is(rawequal(_ENV, heap:frame()), true, "the frame is the same value")
end)

tap.subtest("other ways to the same names", function()
    x = Node(1)
    call(function(_ENV)
        tap.is(x.val, 1, "a function with a frame of its own sees them")
        x = Node(2)
        tap.is(x.val, 2, "and has its own")
    end)
    tap.is(x.val, 1, "which are not these")
    x = Node(3)
    local seen
    for name, value in pairs(_ENV) do if name == "x" then seen = value.val end end
    tap.is(seen, 3, "pairs gives what is bound now")
    tap.like(tostring(holders(x)), "name x in main", "holders name it")
    tap.is(holders(x)[2] and holders(x)[2].type, nil, "and nothing of Lua beside")
    tap.ok(would_free("x"), "a dry run of del")
    del(_ENV, "x")
    tap.is(x, nil, "removed by way of the frame")
    x = list { 1, 2 }
    local key = "x"
    _ENV[key] = nil
    tap.is(_ENV[key], nil, "removed by a computed name")
    tap.ok(not pcall(function() _ENV[1] = 2 end), "a name has to be a string")
end)

tap.subtest("a loop of names leaves nothing", function()
    local before = heap.live()
    for i = 1, 20000 do
        x = Node(i)
        x.next = x
        y = list { x, i }
        x = nil
    end
    y = nil
    tap.ok(is_mirrored(), "of names in the mirror")
    gc.collect()
    tap.is(heap.live(), before, "cycles and all")
end)

tap.subtest("memory stays bounded", function()
    local before, most = heap.bytes(), 0
    for i = 1, 2000 do
        x = build.chain(1000)
        if i % 100 == 0 then most = math.max(most, gc.stats().peak_bytes) end
    end
    x = nil
    tap.ok(most < before + 64 * 1024 * 1024, "a name rebound to big structures")
end)

tap.subtest("when somebody begins to watch", function()
    local order = {}
    first, second = Node(1), Node(2)
    second = nil
    second = Node(3)
    function Node:__del() order[#order + 1] = self.val end
    third = Node(4)
    tap.ok(not is_mirrored(), "names are in the frame alone")
    second = nil
    tap.is(table.concat(order, " "), "3", "a name lets its object die at once")
    w = weak(third)
    third = nil
    tap.is(w(), nil, "with a weak reference to it")
    tap.is(table.concat(order, " "), "3 4", "finalized")
    first = nil
    tap.is(table.concat(order, " "), "3 4 1", "also one that was bound before")
    Node.__del = nil
end)

tap.subtest("a second heap", function()
    local other = heap {}
    x = 1
    tap.ok(not pcall(function() x = other:list {} end), "its objects are refused")
    tap.is(x, 1, "and nothing has happened")
    other:close()
    x = 2
    tap.is(x, 2, "names go on")
end)

tap.done_testing()
