-- SPDX-License-Identifier: MIT
-- Scenarios of weak references themselves (W). Those that ouro answers otherwise, on purpose,
-- are in docs/semantics.md under "Where ouro differs from others".
local tap = require "ouro.tap"
local under = dofile(arg[0]:match("^.*/") .. "under")
local scenario = under.scenario
local is, ok, throws = tap.is, tap.ok, tap.throws

Node = class("Node", { "a", "b" })

-- A loop of one that only a collection takes; what it gives is dead garbage at once.
local function loop(n)
    n.a = n
    return n
end

scenario("W01 live and dead", function()
    x = Node()
    w = weak(x)
    ok(rawequal(w(), x), "the identical object")
    ok(rawequal(w(), w()), "as often as one likes")
    x = nil
    is(w(), nil, "empty")
    is(w(), nil, "and no error")
    x = loop(Node())
    w = weak(x)
    x = nil
    ok(w() ~= nil, "garbage that nobody has collected is not dead")
    is(collect(), 1)
    is(w(), nil, "empty after the collection")
    w = nil
end)

scenario("W02 the value got is strong", function()
    o = Node()
    w = weak(o)
    o2 = w()
    local held = o2
    o = nil
    ok(same(w(), o2), "a name keeps it")
    o2 = nil
    ok(same(w(), held), "a local keeps it")
    held = nil
    is(w(), nil, "then it is empty")
    w = nil
end)

scenario("W04 values without identity cannot be weakly referenced", function()
    throws(function() weak(5) end, "got number", "a number")
    throws(function() weak("s") end, "got string", "a string")
    throws(function() weak(nil) end, "got nil", "nil")
    throws(function() weak(true) end, "got boolean", "a boolean")
end)

scenario("W07 weak references have no order, live or dead", function()
    x, y = Node(), Node()
    v, w = weak(x), weak(y)
    throws(function() return v < w end, "lt is not defined for weak and weak", "live")
    throws(function() return v <= w end, "weak", "live, or equal")
    x, y = nil, nil
    throws(function() return v < w end, "lt is not defined for weak and weak", "dead")
    del("v", "w")
end)

scenario("W08 the printed form", function()
    local Bad = class("Bad", {})
    local called = 0
    function Bad:__repr() called = called + 1; error "no text" end
    x, y = Node(), Bad()
    v, w = weak(x), weak(y)
    tap.like(repr(v), "weak ref to Node", "live: what it refers to")
    tap.like(repr(w), "weak ref to Bad", "live: a raising __repr does not break it")
    is(called, 0, "it is not asked at all")
    x, y = nil, nil
    tap.like(repr(v), "dead", "dead")
    tap.like(tostring(w), "dead", "dead, by tostring")
    del("v", "w")
end)

scenario("W13 weak references to classes and to weak references", function()
    throws(function() weak(function() end) end, "got function", "a Lua function has no weak ref")
    C = class("C", {})
    c = C()
    w = weak(C)
    C = nil
    ok(w() ~= nil, "an instance keeps its class")
    c = nil
    is(w(), nil, "a class is in no cycle: it dies by count")
    x = Node()
    w = weak(x)
    v = weak(w)
    ok(same(v(), w), "a weak reference is an object like others")
    w = nil
    is(v(), nil, "and dies like others")
    del("x", "v")
    w = nil
end)

scenario("W14 the callback can be read, not set, and is let go of", function(it)
    x = Node()
    local function f() it:mark "called" end
    w = weak(x, f)
    is(w.callback, f, "read")
    throws(function() w.callback = print end, "cannot be assigned", "not written")
    x = nil
    is(it:said(), "called")
    is(w.callback, nil, "gone after the death")
    w = nil
end)

scenario("W16 rebinding the name of a weak reference stops watching the old target", function(it)
    local function cb() it:mark "old" end
    a, b = Node(), Node()
    w = weak(a, cb)
    w = weak(b)
    a = nil
    is(it:said(), "", "nothing is told of the old one")
    ok(same(w(), b), "the new one is seen")
    b = nil
    is(w(), nil)
    w = nil
end)

scenario("W17 many weak references, to one and to many", function()
    x = Node()
    refs = list {}
    for i = 1, 65535 do refs:append(weak(x)) end
    for i = 1, 20000 do refs:pop((i * 7919) % #refs + 1) end
    x = nil
    local alive = 0
    for _, w in ipairs(refs) do if w.alive then alive = alive + 1 end end
    is(#refs, 45535, "those not dropped")
    is(alive, 0, "are all empty at once")
    clear(refs)
    targets = list {}
    for i = 1, 1000 do
        targets:append(Node(i))
        refs:append(weak(targets[i]))
    end
    local wrong = 0
    for i = 1, 1000 do
        targets[i] = 0
        if refs[i].alive or (i < 1000 and not refs[i + 1].alive) then wrong = wrong + 1 end
    end
    is(wrong, 0, "exactly those up to the released one are empty")
    del("refs", "targets")
end)

scenario("W21 reading what is no weak reference is an error", function()
    x = Node()
    throws(function() x() end, "a Node cannot be called", "an object is not called")
    local call = debug.getmetatable(x).__call
    throws(function() call(x) end, "Node", "nor by the borrowed method")
    throws(function() call(5) end, nil, "nor a number")
    throws(function() return x.alive end, "no slot 'alive'", "nor asked whether it lives")
    x = nil
end)

scenario("W22 emptying an object is not its death", function()
    x = Node(list {}, 2)
    w, inner = weak(x), weak(x.a)
    clear(x)
    ok(same(w(), x), "its weak reference stays")
    is(inner(), nil, "what it alone held is dead")
    x = nil
    is(w(), nil, "until it dies")
    del("w", "inner")
end)

scenario("W24 a reference dropped before its target", function(it)
    o = Node()
    v, w = weak(o, function() it:mark "v" end), weak(o, function() it:mark "w" end)
    v = nil
    settle()
    w = nil
    settle()
    is(#gc.objects("weak"), 0, "neither is left")
    o = nil
    is(it:said(), "", "no callback at all")
end)

scenario("W27 too many weak references are an error, and nothing else changes", function()
    local h = require "ouro".heap { max_objects = 20 }
    local x, kept = h:list {}, {}
    local fine, message = true, nil
    while fine do fine, message = pcall(function() kept[#kept + 1] = h:weak(x) end) end
    tap.like(message, "max_objects", "the limit is named")
    ok(#kept > 5, "those before it were made")
    local working = 0
    for _, w in ipairs(kept) do if rawequal(w(), x) then working = working + 1 end end
    is(working, #kept, "and work")
    kept[#kept] = nil
    tap.lives(function() kept[#kept + 1] = h:weak(x) end, "there is room again for one")
    tap.lives(function()
        for _ = 1, 100 do
            kept[#kept] = nil
            kept[#kept + 1] = h:weak(x)
        end
    end, "and again")
    h:close()
end)

-- ---- what the neighbours suggest -----------------------------------------------------------

scenario("two weak references to one object are two objects", function()
    x = Node()
    v, w = weak(x), weak(x)
    ok(not same(v, w) and v ~= w, "they are not equal")
    d = dict {}
    d[v], d[w] = 1, 2
    x = nil
    is(d[v], 1, "as a key a weak reference is found when dead too")
    is(d[w], 2)
    del("v", "w", "d")
end)

scenario("creating and reading never count", function()
    x = Node()
    w = weak(x)
    is(refcount(x), 1)
    t = w()
    is(refcount(x), 2, "the value got, as a name")
    del "t"
    is(refcount(x), 1)
    w = nil
    is(refcount(x), 1)
    x = nil
end)

scenario("an object may hold a weak reference to itself", function()
    x = Node()
    x.a = weak(x)
    v = weak(x.a)
    x = nil
    is(v(), nil, "it is no cycle")
    is(collect(), 0)
    v = nil
end)

scenario("a finalizer sees its own weak references live, on both paths", function()
    local W = class("W", { "ref" })
    local seen
    function W:__del() seen = w and same(w(), self) end
    for _, cyclic in ipairs { false, true } do
        seen = nil
        x = W()
        if cyclic then x.ref = x end
        w = weak(x)
        x = nil
        collect()
        is(seen, true, cyclic and "collected" or "counted")
        is(w(), nil, "empty after")
    end
    w = nil
end)

scenario("weak references that finalizers make are emptied too", function()
    local W = class("W", { "ref" })
    function W:__del() made = weak(self.ref or self) end
    x = W()
    x = nil
    is(made(), nil, "counted")
    x = W()
    x.ref = x
    x = nil
    is(collect(), 1)
    is(made(), nil, "collected")
    made = nil
end)

scenario("a weak reference read in a finalizer can resurrect", function()
    local W = class("W", { "ref" })
    function W:__del() if w then saved = w() end end
    x = W()
    x.ref = x
    w = weak(x)
    x = nil
    is(collect(), 0, "it is not dead")
    ok(same(w(), saved), "and its reference not empty")
    saved = nil
    is(collect(), 1)
    is(w(), nil)
    w = nil
end)

scenario("a weak reference is not copied by mistake", function()
    l = list { list {} }
    l:append(weak(l[1]))
    throws(function() copy(l[2]) end, "copy what it refers to", "copy")
    m = deepcopy(l)
    ok(same(m[2], l[2]) and not same(m[1], l[1]), "deepcopy shares it")
    is(#gc.objects("weak"), 1, "none was made")
    del("l", "m")
end)

scenario("weak references whose target and holder die together", function(it)
    x = Node()
    x.a, x.b = x, weak(x, function() it:mark "called" end)
    v = weak(x.b)
    x = nil
    is(collect(), 2, "the object and the reference")
    is(v(), nil)
    is(it:said(), "", "whose callback never runs")
    v = nil
end)

scenario("a coroutine that holds the value got keeps it", function()
    x = Node()
    w = weak(x)
    local co = coroutine.wrap(function()
        local got = w()
        coroutine.yield()
        return got ~= nil
    end)
    co()
    x = nil
    ok(w.alive, "its stack holds")
    ok(co(), "it goes on with the object")
    co = nil
    is(w(), nil, "and lets go")
    w = nil
end)

tap.done_testing()
