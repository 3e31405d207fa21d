-- SPDX-License-Identifier: MIT
-- Weak: weak references and their callbacks, as a script meets them.
local tap = require "ouro.tap"
local is, ok, throws = tap.is, tap.ok, tap.throws

local Node = class("Node", { "val", "next" })
gc.disable()

tap.subtest("a weak reference gives its object, and nil after its death", function()
    x = Node(1)
    local w = weak(x)
    ok(same(w(), x), "the identical object")
    ok(same(w(), w()), "as often as asked")
    is(w.alive, true, "it is alive")
    x = nil
    is(w(), nil, "it is empty after the last name")
    is(w(), nil, "and stays so")
    is(w.alive, false, "it is dead")
end)

tap.subtest("a weak reference neither counts nor holds", function()
    x = Node(1)
    local w = weak(x)
    tap.refcount_is(x, 1, "only the name counts")
    local held = w()
    x = nil
    ok(held ~= nil and w.alive, "what it gave holds the object")
    held = nil
    is(w(), nil, "until it is dropped")
end)

tap.subtest("what only an unreachable handle holds is seen dead", function()
    local w
    do
        local temporary = Node(1)
        w = weak(temporary)
    end
    is(w(), nil, "a local of a block that has ended")
    local made = weak(Node(2))
    is(made.alive, false, "an argument that nobody else has")
end)

tap.subtest("in a cycle the object lives until the collection", function()
    x = Node(1)
    x.next = x
    local w = weak(x)
    x = nil
    ok(w.alive, "before it")
    is(collect(), 1, "one object is found")
    is(w(), nil, "after it")
end)

tap.subtest("plain values cannot be weakly referenced", function()
    throws(function() weak(42) end, "number", "a number")
    throws(function() weak("text") end, "string", "a string")
    throws(function() weak(true) end, "boolean", "a boolean")
    throws(function() weak(nil) end, "nil", "nil")
    throws(function() weak() end, "nothing", "nothing")
    throws(function() weak({}) end, "table", "a table of Lua")
    throws(function() weak(print) end, "function", "a function of Lua")
end)

tap.subtest("the callback runs once, after the death, with the reference", function()
    local log = {}
    x = Node(1)
    local w
    w = weak(x, function(dead)
        log[#log + 1] = same(dead, w) and dead() == nil and not dead.alive
    end)
    is(#log, 0, "not before")
    x = nil
    tap.is_deeply(log, { true }, "once, with itself, empty")
    collect()
    is(#log, 1, "never again")
end)

tap.subtest("callbacks run newest first, all references emptied before", function()
    local log, empty = {}, true
    x = Node(1)
    local refs = {}
    local function note(i)
        return function()
            log[#log + 1] = i
            for _, w in ipairs(refs) do empty = empty and w() == nil end
        end
    end
    for i = 1, 3 do refs[i] = weak(x, note(i)) end
    refs[4] = weak(x)
    x = nil
    tap.is_deeply(log, { 3, 2, 1 }, "by count")
    ok(empty, "each of them saw all empty")
    log = {}
    x = Node(2)
    x.next = x
    for i = 1, 3 do refs[i] = weak(x, note(i)) end
    x = nil
    collect()
    tap.is_deeply(log, { 3, 2, 1 }, "by collection")
end)

tap.subtest("a reference that died before its target calls nobody", function()
    local called = false
    x = Node(1)
    w = weak(x, function() called = true end)
    w = nil
    x = nil
    settle()
    is(called, false, "not called")
end)

tap.subtest("a callback whose reference is garbage too does not run", function()
    local called = false
    x = Node(1)
    x.next = x
    x.val = weak(x, function() called = true end)
    x = nil
    is(collect(), 2, "the object and the reference go")
    is(called, false, "not called")
end)

tap.subtest("an error in a callback is reported and stops nothing", function()
    local log, messages = {}, {}
    local before = gc.on_error(function(info)
        messages[#messages + 1] = info.what .. ": " .. info.message
    end)
    local errors = gc.stats().errors
    x = Node(1)
    local a = weak(x, function() log[#log + 1] = "a" end)
    local b = weak(x, function() error("bang") end)
    local c = weak(x, function() log[#log + 1] = "c" end)
    tap.lives(function() x = nil end, "the operation goes on")
    tap.is_deeply(log, { "c", "a" }, "the others run")
    is(#messages, 1, "one report")
    tap.like(messages[1], "callback of weak reference", "it says what failed")
    tap.like(messages[1], "bang", "and why")
    is(gc.stats().errors, errors + 1, "it is counted")
    gc.on_error(before)
end)

tap.subtest("an error in flight is not disturbed by a callback", function()
    local seen
    local function f()
        y = Node(1)
        local w = weak(y, function() seen = true end)
        y = nil
        error("the error", 0)
    end
    local _, message = pcall(f)
    is(message, "the error", "it arrives")
    is(seen, true, "the callback ran")
end)

tap.subtest("a callback may collect, make objects and further references", function()
    local log = {}
    x = Node(1)
    local w = weak(x, function()
        log[#log + 1] = "begin"
        y = Node(2)
        local inner = weak(y, function() log[#log + 1] = "inner" end)
        y = nil
        collect()
        log[#log + 1] = "end"
    end)
    x = nil
    tap.is_deeply(log, { "begin", "inner", "end" }, "one within the other")
end)

tap.subtest("the callback can be read and not written", function()
    local function f() end
    x = Node(1)
    local w = weak(x, f)
    is(w.callback, f, "it is what was given")
    is(weak(x).callback, nil, "nil where none was given")
    throws(function() w.callback = print end, "cannot be assigned", "no field can be assigned")
    throws(function() w.target = 1 end, "target", "the error names the field")
    throws(function() return w.target end, "target", "nor is there another field")
    x = nil
    is(w.callback, nil, "nil after the death")
end)

tap.subtest("a callback has to be callable", function()
    x = Node(1)
    throws(function() weak(x, 5) end, "callback", "a number is not")
    local called = 0
    local w = weak(x, setmetatable({}, { __call = function() called = called + 1 end }))
    x = nil
    is(called, 1, "a table with __call is")
end)

tap.subtest("the function is let go after it ran", function()
    local kept = setmetatable({}, { __mode = "k" })
    x = Node(1)
    local w
    do
        local f = function() return w end
        kept[f] = true
        w = weak(x, f)
    end
    x = nil
    settle()
    collectgarbage()
    is(next(kept), nil, "Lua has freed it")
end)

tap.subtest("many references to one object are emptied together", function()
    x = Node(1)
    local refs = {}
    for i = 1, 5000 do refs[i] = weak(x) end
    for i = 1, 5000, 3 do refs[i] = nil end
    x = nil
    local alive = 0
    for _, w in pairs(refs) do alive = alive + (w() and 1 or 0) end
    is(alive, 0, "none is left")
end)

tap.subtest("a weak reference is an object: it can be stored and collected", function()
    l = list {}
    x = Node(1)
    l:append(weak(x))
    ok(same(l[1](), x), "read from a list")
    is(typeof(l[1]), "weak", "its type")
    x = nil
    is(l[1](), nil, "empty there too")
    tap.like(repr(l[1]), "dead", "its text says so")
    l = nil
end)

tap.subtest("weak containers read like the others", function()
    x, y = Node(1), Node(2)
    k, v, s = weak.keys { [x] = 1 }, weak.values { a = x, b = "text" }, weak.set { x, y }
    tap.is(repr(k), "weak.keys{[Node(val=1, next=nil)]: 1}")
    tap.is(repr(v), 'weak.values{a: Node(val=1, next=nil), b: "text"}')
    tap.is(repr(s), "weak.set{Node(val=1, next=nil), Node(val=2, next=nil)}")
    tap.is(typeof(k) .. " " .. typeof(v) .. " " .. typeof(s), "weak.keys weak.values weak.set")
    tap.is(refcount(x), 1, "none of them counts")
    tap.is(#gc.referrers(x), 1, "but the name")
    tap.is(#gc.referents(s), 0)
    tap.ok(sizeof(s) > sizeof(weak.set {}))
    tap.ok(heap.check())
    del("x", "y", "k", "v", "s")
end)

tap.subtest("another heap has its own", function()
    local h = require "ouro".heap {}
    local n = h:list {}
    local w = h:weak(n)
    ok(w.alive, "as a method")
    ok(h.weak(n).alive, "as a function")
    throws(function() weak(n) end, "heap", "objects of two heaps do not mix")
    h:close()
    throws(function() return w() end, "closed", "a handle of a closed heap says so")
end)

tap.done_testing()
