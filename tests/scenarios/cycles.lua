-- SPDX-License-Identifier: MIT
-- Scenarios of cycles by kind (Y): what collect() finds, and what needs no collection.
local tap = require "ouro.tap"
local under = dofile(arg[0]:match("^.*/") .. "under")
local scenario, said, note = under.scenario, under.said, under.note
Node, F = under.Node, under.F

-- A cycle through Lua, which is not found yet: f makes one through the object that it is
-- given. It is broken by hand afterwards, so that nothing is left over.
local function through_lua(f, name, expected)
    local o = Node()
    f(o)
    local w = weak(o)
    o = nil
    settle()
    do
        tap.is(collect(), expected, name)
        tap.is(w(), nil, name .. ": it is gone")
    end
    local left = w()
    if left then clear(left) end
end

scenario("Y01 a list in itself", function()
    l = list {}
    l:append(l)
    del "l"
    tap.is(collect(), 1)
    tap.is(collect(), 0, "once")
end)

scenario("Y02 a dict in itself", function()
    d = dict {}
    d[1] = d
    del "d"
    tap.is(collect(), 1)
end)

scenario("Y03 a tuple closed through a list", function()
    l = list {}
    t = tuple { l }
    l:append(t)
    del("l", "t")
    tap.is(collect(), 2)
end)

scenario("Y04 an object with itself as attribute", function()
    a = Node()
    a.a = a
    del "a"
    tap.is(collect(), 1)
    tap.is(collect(), 0, "twice in a row")
    o = object {}
    o.me = o
    del "o"
    tap.is(collect(), 1, "an open one: its attributes are no object of their own")
end)

scenario("Y05 a class that refers to itself", function()
    A = class("A")
    A.a = A
    A.made = A()
    w, v = weak(A), weak(A.made)
    x = A()
    del "A"
    tap.is(collect(), 0, "an instance keeps its class")
    del "x"
    tap.is(collect(), 2, "the class and the instance it has")
    tap.ok(not w.alive and not v.alive)
    B = class("B")
    w = weak(B)
    del "B"
    settle()
    tap.is(w(), nil, "without a loop a class goes by count")
    B = class("B")
    C = class("C", B)
    B.derived = C
    del("B", "C")
    tap.is(collect(), 2, "a base that refers to what is derived from it")
    del("w", "v")
end)

scenario("Y06 Y09 a closure stored on the object it captures", function()
    through_lua(function(o) o.a = function() return o end end, "Y09 a closure", 1)
    through_lua(function(o)
        local other = Node(o)
        o.a = function() return other end
    end, "one that reaches it through another object", 2)
    through_lua(function(o) o.a = { o } end, "a table of Lua", 1)
    through_lua(function(o)
        local co = coroutine.create(function() coroutine.yield() return o end)
        coroutine.resume(co)
        o.a = co
    end, "a suspended coroutine", 1)
    o = Node()
    local function method(self) return self end
    o.a = method
    local w = weak(o)
    del "o"
    settle()
    tap.is(w(), nil, "Y06 a method is not bound to its object: no cycle")
end)

scenario("Y07 a function and its table of globals", function()
    local function define(frame)
        frame.f = load("return x", "f", "t", frame)
    end
    g = frame("g")
    define(g)
    local w = weak(g)
    del "g"
    settle()
    do
        collect()
        tap.is(w(), nil, "a frame and a function whose _ENV it is")
    end
    local left = w()
    if left then clear(left) end
end)

scenario("Y08 a name that holds its own frame", function()
    local w
    call(function(_ENV)
        me = _ENV
        x = F("x")
        w = weak(me)
    end)
    tap.is(said(), "x", "a frame's names go when it returns, whoever has it")
    tap.is(w(), nil, "so this is no cycle")
    tap.is(collect(), 0)
    g = frame("g")
    g.me, g.n = g, Node()
    w = weak(g)
    del "g"
    tap.is(collect(), 1, "a frame that is on no stack: it is not counted, what it names is")
    tap.is(w(), nil, "but it is gone")
end)

scenario("Y10 a local recursive function", function()
    local function make()
        local x = F("x")
        local function g(n) return n == 0 and x or g(n - 1) end
        return nil
    end
    make()
    settle()
    tap.is(said(), "x", "a cycle of Lua alone is Lua's: what it held dies")
    tap.is(collect(), 0)
end)

scenario("Y12 an error value kept by its handler", function()
    local function f()
        local x = F("x")
        local fine, saved = pcall(error, list { x })
        local kept = { saved }
        kept[2] = kept
    end
    f()
    settle()
    tap.is(said(), "x", "an error value has no frames: no cycle")
    tap.is(collect(), 0)
end)

scenario("Y13 a pair", function()
    x, y = Node(), Node()
    x.a, y.a = y, x
    del("x", "y")
    tap.is(collect(), 2)
end)

scenario("Y14 a ring of a thousand", function()
    r = build.ring(1000)
    local before = heap.live()
    del "r"
    tap.is(heap.live(), before, "nothing is freed by count")
    tap.is(collect(), 1000)
    tap.is(collect(), 0)
end)

scenario("Y15 two rings that share a node", function()
    h, p, q, r, s = Node(), Node(), Node(), Node(), Node()
    h.a, p.a, q.a = p, q, h
    h.b, r.a, s.a = r, s, h
    del("h", "p", "q", "r", "s")
    tap.is(collect(), 5)
end)

scenario("Y16 one outside reference protects a ring", function()
    r = build.ring(5)
    r = r.next.next
    tap.is(collect(), 0)
    tap.ok(same(r.next.next.next.next.next, r), "it is intact")
    del "r"
    tap.is(collect(), 5)
    r = list { build.ring(5).next }
    tap.is(collect(), 0, "an item of a list protects it")
    local held = r[1]
    clear(r)
    tap.is(collect(), 0, "a local protects it")
    held = nil
    tap.is(collect(), 5)
    del "r"
end)

scenario("Y18 a head that points into a cycle", function()
    head, x, y = F("head"), F("x"), F("y")
    head.ref, x.ref, y.ref = x, y, x
    del("x", "y")
    tap.is(said(), "", "nobody yet")
    del "head"
    tap.is(said(), "head", "the head by count")
    tap.is(collect(), 2)
    tap.is(said(), "x y", "the others by collection, oldest first")
end)

scenario("Y18 what hangs from a cycle goes with it", function()
    x, y = F("x"), F("y")
    x.ref, y.ref = y, x
    x.other = list { F("t1"), F("t2") }
    y.other = F("t3")
    del("x", "y")
    tap.is(collect(), 6, "all six are counted")
    tap.is(said(), "x y t1 t2 t3")
end)

scenario("Y19 dead and live cycles side by side", function()
    a, b, c = Node(), Node(), Node(7)
    a.b, b.b, c.b = a, b, c
    del("a", "b")
    tap.is(collect(), 2)
    tap.ok(c.a == 7 and same(c.b, c), "the named one is untouched")
    del "c"
    tap.is(collect(), 1)
end)

scenario("a live cycle that refers to a dead one, and the reverse", function()
    live, dead = Node(), Node()
    live.a, dead.a = live, dead
    dead.b = live
    del "dead"
    tap.is(collect(), 1, "a dead one that refers to a live one")
    tap.refcount_is(live, 2, "which gets its count back")
    other = Node()
    other.a, live.b = other, other
    del "other"
    tap.is(collect(), 0, "a live one keeps what it refers to")
    live.b = nil
    tap.is(collect(), 1)
    del "live"
    tap.is(collect(), 1)
end)

scenario("Y22 the same edge three times", function()
    l = list {}
    l:extend { l, l, l }
    tap.refcount_is(l, 4)
    del "l"
    tap.is(collect(), 1)
end)

scenario("Y23 a complete graph", function()
    all = list {}
    for _ = 1, 50 do all:append(list {}) end
    for _, v in ipairs(all) do v:extend(all) end
    clear(all)
    tap.is(collect(), 50)
    del "all"
end)

scenario("cycles within cycles, in chains and in long rows", function()
    local first = Node()
    local node = first
    for _ = 1, 20000 do
        local peer, after = Node(), Node()
        node.a, peer.a, peer.b = peer, node, after
        node = after
    end
    node.a = node
    node, first = nil, nil
    tap.is(collect(), 40001, "a row of pairs, each of which refers to the next")
    x = Node()
    node = x
    for _ = 1, 20000 do
        local deeper = Node(node)
        node.b = deeper
        node = deeper
    end
    node = nil
    tap.is(collect(), 0, "a list linked both ways, its head named")
    del "x"
    tap.is(collect(), 20001)
end)

scenario("Y26 a weak way back closes no cycle", function()
    owner = F("owner")
    owner.ref = list { F("child 1", weak(owner)), F("child 2", weak(owner)) }
    settle()
    del "owner"
    tap.is(said(), "owner child 1 child 2", "all at once")
    tap.is(collect(), 0)
end)

scenario("Y27 weak references to each other are no cycle", function()
    a, b = F("a"), F("b")
    a.ref, b.ref = weak(b), weak(a)
    settle()
    del "a"
    tap.is(said(), "a")
    del "b"
    tap.is(said(), "b")
    tap.is(collect(), 0)
    w = weak(list {})
    l = list { w }
    w = weak(l)
    l:append(w)
    del("l", "w")
    tap.is(collect(), 0, "a list that has the weak reference to it")
end)

scenario("Y29 a cycle through a key, a member, an iterator", function()
    d = dict {}
    k = Node()
    k.a = d
    d[k] = 1
    del("d", "k")
    tap.is(collect(), 2, "a key")
    s = set {}
    o = Node(s)
    s[o] = true
    del("s", "o")
    tap.is(collect(), 2, "a member")
    d = dict {}
    d[tuple { 1 }] = d
    del "d"
    tap.is(collect(), 2, "a value, whose key goes along")
    l = list {}
    for i, v in ipairs(l) do l:append(v) end
    l:append((ipairs(l)))
    del "l"
    tap.is(collect(), 0, "an iterator is a function that has no list: no cycle")
end)

scenario("a cycle through a weak reference's callback or a finalize record", function()
    local seen
    x = Node()
    w = weak(x, function() seen = "called" end)
    x.a, x.b = w, x
    del("x", "w")
    tap.is(collect(), 2)
    tap.is(seen, nil, "a weak reference that dies with its object says nothing")
    x = Node()
    r = finalize(x, function() note "record" end)
    x.a, x.b = r, x
    del("x", "r")
    collect()
    tap.is(said(), "record", "a record runs even so: it was asked for")
end)

scenario("Y34 a cycle looked at while alive is found later", function()
    o = object {}
    o.a = list { object {} }
    o.a[1].a = o
    o.b = o.a
    o.a:append(o.a)
    tap.is(collect(), 0, "alive")
    del "o"
    for _ = 1, 9999 do
        local l = list {}
        l:append(l)
    end
    tap.is(collect(), 10002, "three objects of that cycle, and the others")
end)

scenario("Y34 again and again", function()
    x = build.ring(10)
    for _ = 1, 10 do
        tap.is(collect(), 0)
        y = x.next
        x = y.next
    end
    y = nil
    collect(0)
    collect(1)
    x = nil
    tap.is(collect(), 10)
end)

scenario("Y36 a completed task drops its callbacks", function()
    local Future = class("Future", { "callbacks", "value" })
    function Future:complete(value)
        self.value = value
        for _, f in ipairs(self.callbacks) do f() end
        clear(self.callbacks)
    end
    local function start()
        local future = Future(list {})
        local tracker = F("tracker")
        future.callbacks:append(function() note(future.value .. " " .. tracker.n) end)
        return future
    end
    task = start()
    task:complete("done")
    del "task"
    settle()
    tap.is(said(), "done tracker tracker", "finalized without a collection")
    tap.is(collect(), 0)
    task = start()
    local w = weak(task)
    del "task"
    settle()
    do
        collect()
        tap.is(said(), "tracker", "without completing, the collection frees it")
    end
    local left = w()
    if left then clear(left.callbacks) end
    left = nil
    settle()
    said()
end)

scenario("garbage is found in whichever generation it is", function()
    x = build.ring(10)
    collect(0)
    collect(1)
    y = build.ring(5)
    x.val, y.val = y, x
    del("x", "y")
    tap.is(collect(0), 0, "the young part is kept by the old")
    tap.is(collect(2), 15, "a full collection takes both")
end)

scenario("an old object that is given a young cycle keeps it", function()
    x = Node()
    collect(0)
    collect(1)
    collect(2)
    x.a = build.ring(3)
    tap.is(collect(0), 0)
    tap.is(collect(1), 0)
    x.a = nil
    tap.is(collect(), 3)
    del "x"
end)

scenario("a collection runs no code of a script but finalizers and callbacks", function()
    local C = class("C")
    local called = {}
    for _, name in ipairs { "__eq", "__hash", "__len", "__repr", "__tostring", "__index",
        "__newindex", "__call", "__lt", "__close" } do
        C[name] = function()
            called[#called + 1] = name
            return 1
        end
    end
    d = dict {}
    x = C()
    d[x] = list { x, d }
    d[1] = set { x }
    w = weak(x)
    called = {}
    del("d", "x")
    tap.is(collect(), 4)
    tap.is(w(), nil)
    tap.is(table.concat(called, " "), "")
    del "w"
end)

scenario("a random graph of which a part is named", function()
    for seed = 1, 20 do
        g = build.graph { nodes = 500, degree = 2, seed = seed }
        local before = heap.live()
        l = list { 1 }
        del "l"
        tap.is(collect(), 0, "seed " .. seed .. ": all of it is alive")
        tap.is(heap.live(), before)
        del "g"
        collect()
        tap.is(collect(), 0)
    end
end)

scenario("a suspended coroutine keeps what its stack has, a dropped one nothing", function()
    local co = coroutine.create(function()
        local x = F("x")
        coroutine.yield()
        note(x.n .. " used")
    end)
    coroutine.resume(co)
    collect()
    tap.is(said(), "", "suspended")
    coroutine.resume(co)
    settle()
    tap.is(said(), "x used x", "done")
    co = coroutine.create(function()
        local x = F("x")
        coroutine.yield()
        return x
    end)
    coroutine.resume(co)
    co = nil
    settle()
    tap.is(said(), "x", "dropped: no cycle of ouro's")
    tap.is(collect(), 0)
end)

scenario("a loop held by a local is found once the local goes", function()
    local x = Node()
    x.a = x
    tap.is(collect(), 0)
    x = nil
    tap.is(collect(), 1)
    local t = { Node() }
    t[1].a = t[1]
    t.me = t
    tap.is(collect(), 0, "by a table of Lua")
    t = nil
    tap.is(collect(), 1, "a cycle of Lua's that holds one of ouro's")
end)

tap.done_testing()
