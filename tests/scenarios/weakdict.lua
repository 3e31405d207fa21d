-- SPDX-License-Identifier: MIT
-- Scenarios of weak dictionaries and sets (K). What ouro answers otherwise, on purpose, is in
-- docs/semantics.md under "Where ouro differs from others".
local tap = require "ouro.tap"
local under = dofile(arg[0]:match("^.*/") .. "under")
local scenario = under.scenario
local is, ok, throws = tap.is, tap.ok, tap.throws

local log
Node = class("Node", { "a", "b" })
F = under.logging_class("F", function(n) log:mark(n) end)

local function loop(n)
    n.a = n
    return n
end

-- The keys, or the members, as text.
local function fields(container, field)
    local texts = {}
    for key, value in pairs(container) do
        texts[#texts + 1] = tostring(field(key, value))
    end
    return table.concat(texts, " ")
end

scenario("K01 weak values", function()
    m = weak.values {}
    l = list {}
    for i = 1, 10 do
        x = Node(i)
        l:append(x)
        m[i] = x
    end
    x = nil
    is(#m, 10)
    del(l, 1)
    is(#m, 9)
    is(m[1], nil, "gone")
    is(m[2].a, 2, "the others stay")
    is(m.none, nil, "no such key")
    l = nil
    is(#m, 0)
    m[2] = Node(2)
    is(#m, 0, "a temporary is gone at once")
    del("m")
end)

scenario("K02 weak keys", function(it)
    log = it
    m = weak.keys {}
    x, y = Node(), Node()
    m[x], m[y] = F("vx"), F("vy")
    is(#m, 2)
    x = nil
    is(it:said(), "vx", "the value goes with its key")
    is(#m, 1)
    m[Node()] = 1
    is(#m, 1, "a temporary key is gone at once")
    y = nil
    is(it:said(), "vy")
    del("m")
end)

scenario("iteration goes on when entries die", function()
    m, l = weak.keys {}, list {}
    for i = 1, 5 do
        x = Node(i)
        l:append(x)
        m[x] = i
    end
    x = nil
    local seen = {}
    for _, i in pairs(m) do
        seen[#seen + 1] = i
        if i == 2 then
            l:pop(3)
            l:pop(4)
        end
    end
    is(table.concat(seen, " "), "1 2 4", "3 and 5 died on the way")
    l = nil
    is(#m, 0)
    x = Node()
    m[x] = 1
    throws(function()
        for _ in pairs(m) do
            y = Node()
            m[y] = 2
        end
    end, "something was added to the weak.keys during iteration")
    del("m", "x", "y")
end)

scenario("a late removal never hits a newer entry", function()
    m = weak.values {}
    x = Node("old")
    m.k = x
    y = Node("new")
    m.k = y
    x = nil
    ok(same(m.k, y), "replaced before the old one died")
    m.k = nil
    m.k = y
    is(#m, 1)
    y = nil
    is(#m, 0)
    del("m")
end)

scenario("K07 size with collectable entries", function()
    m = weak.values {}
    for i = 1, 20 do m[i] = loop(Node()) end
    local step, state = pairs(m)
    local key, first = step(state)
    is(key, 1)
    settle()
    is(#m, 20, "cycles wait for a collection")
    collect()
    is(#m, 1, "what the loop's variable holds")
    ok(first ~= nil)
    first = nil
    collect()
    is(#m, 0)
    key, first = step(state, key)
    is(key, nil, "and the iteration ends")
    step, state = nil, nil
    del("m")
end)

scenario("K07 size, with automatic collections", function()
    gc.enable()
    m = weak.values {}
    for i = 1, 20 do m[i] = loop(Node()) end
    local last = 20
    for _ = 1, 200 do
        loop(Node())
        local size = #m
        ok(size >= 0 and size <= last or nil, "between 0 and what it was")
        last = size
    end
    gc.disable()
    collect()
    del("m")
end)

scenario("K08 equality of keys is not asked", function()
    local Key = class("Key", { "n" })
    function Key:__eq() error("asked") end
    function Key:__hash() error("asked") end
    m, l = weak.keys {}, list {}
    for i = 1, 4 do
        x = Key(i)
        l:append(x)
        m[x] = i
    end
    x = nil
    for i = 4, 1, -1 do m[l[i]] = nil end
    is(#m, 0)
    del("m", "l")
end)

scenario("K09 keys of a kind that cannot be weak", function()
    m = weak.keys {}
    throws(function() m[1] = 1 end, "a key of weak.keys has to be a managed object")
    throws(function() m.name = 1 end, "a key of weak.keys has to be a managed object")
    is(m[1], nil, "asking is just no")
    is(m.name, nil)
    m[1] = nil
    throws(function() del(m, 1) end, "the weak.keys has no key 1")
    x = Node()
    is(m[x], nil, "an absent object")
    throws(function() del(m, x) end, "the weak.keys has no key Node")
    is(#m, 0)
    del("m", "x")
end)

scenario("K10 copies", function()
    m = weak.values {}
    x, y = Node(1), Node(2)
    m.x, m.y = x, y
    m.gone = Node(3)
    c = copy(m)
    is(typeof(c), "weak.values")
    is(#c, 2, "without what is dead")
    d = dict(m)
    is(#d, 2, "a dict of it holds")
    d = nil
    w = weak.values(dict { x = y, z = x })
    for key, value in pairs(m) do
        if not w[key] then w[key] = value end
    end
    ok(same(w.x, y) and same(w.y, y) and same(w.z, x), "merged: the first wins here")
    x = nil
    is(#c, 1, "a copy is weak")
    is(#w, 2)
    y = nil
    is(#c + #w + #m, 0)
    del("m", "c", "w")
end)

scenario("K11 ephemeron: a value that refers to its own key", function(it)
    log = it
    m = weak.keys {}
    x = F("key")
    m[x] = F("value", x)
    x = nil
    is(it:said(), "", "garbage waits for a collection")
    is(collect(), 2)
    is(it:said(), "key value", "oldest first")
    is(#m, 0)
    del("m")
end)

scenario("a chain of ephemerons", function()
    m = weak.keys {}
    first = Node(0)
    local key = first
    for i = 1, 5000 do
        local next_key = Node(i)
        m[key] = list { next_key }
        key = next_key
    end
    key = nil
    is(collect(), 0, "all of it lives by the first key")
    is(#m, 5000)
    local before = heap.live()
    first = nil
    is(heap.live(), before - 10001, "and dies with it, without a collection")
    is(#m, 0)
    del("m")
end)

scenario("a chain of ephemerons built backwards, and closed", function()
    m = weak.keys {}
    local last = Node(0)
    local key = last
    for i = 1, 5000 do
        local before = Node(i)
        m[before] = list { key }
        key = before
    end
    m[last] = list { key }
    first = key
    key, last = nil, nil
    is(collect(), 0)
    is(#m, 5001)
    first = nil
    is(#m, 5001, "now a cycle")
    is(collect(), 10002)
    is(#m, 0)
    del("m")
end)

scenario("a cycle of two keys in two containers", function(it)
    log = it
    m, n = weak.keys {}, weak.keys {}
    x, y = F("x"), F("y")
    m[x] = list { y }
    n[y] = list { x }
    x = nil
    is(collect(), 0, "y is named")
    is(#m + #n, 2)
    y = nil
    is(collect(), 4)
    is(it:said(), "x y")
    is(#m + #n, 0)
    del("m", "n")
end)

scenario("the container dies first", function(it)
    log = it
    m = weak.keys {}
    x = Node()
    m[x] = F("value", x)
    m = nil
    is(it:said(), "value", "nothing else held the value")
    is(refcount(x), 1)
    x = nil
end)

scenario("key and container die together", function(it)
    log = it
    x = F("key", weak.keys {})
    x.ref[x] = F("value")
    x = nil
    is(it:said(), "key value")
    x = F("key", weak.keys {})
    x.ref[x] = F("value", x)
    x = nil
    is(collect(), 3)
    is(it:said(), "key value")
end)

scenario("a finalizer keeps the key: the entry stays", function(it)
    log = it
    local Keeper = class("Keeper", { "n" })
    function Keeper:__del()
        it:mark("keeper")
        kept = self
    end
    m = weak.keys {}
    x = Keeper(1)
    m[x] = F("value", x)
    x = nil
    is(collect(), 0)
    is(it:said(), "keeper value", "both were dying")
    ok(kept and m[kept] ~= nil, "and both live on")
    ok(same(m[kept].ref, kept))
    kept = nil
    is(collect(), 2)
    is(it:said(), "")
    is(#m, 0)
    del("m")
end)

scenario("on either path value and key are finalized while both are whole", function(it)
    local Pair = class("Pair", { "n", "w" })
    function Pair:__del() it:mark(self.n .. tostring(self.w().n)) end
    m = weak.keys {}
    x, y = Pair("k"), Pair("v")
    x.w, y.w = weak(y), weak(x)
    m[x] = y
    y = nil
    x = nil
    is(it:said(), "kv vk", "by count")
    x, y = Pair("k", nil), Pair("v", nil)
    x.w, y.w = weak(y), weak(x)
    m[x] = list { y, x }
    y = nil
    x = nil
    collect()
    is(it:said(), "kv vk", "by collection")
    del("m")
end)

scenario("K14 the container as its own key and value", function()
    m = weak.keys {}
    m[m] = m
    is(refcount(m), 2)
    is(repr(m), "weak.keys{[weak.keys{...}]: weak.keys{...}}")
    m = nil
    is(collect(), 1)
end)

scenario("K15 a value that something else keeps", function()
    m = weak.keys {}
    x = Node()
    v = list { x }
    m[x] = v
    x = nil
    is(collect(), 0)
    is(#m, 1, "v is named and holds its key")
    v = nil
    is(collect(), 2)
    is(#m, 0)
    del("m")
end)

scenario("K19 the value's finalizer gives the key to new containers", function(it)
    local V = class("V", { "w" })
    function V:__del()
        local key = self.w()
        for i = 1, 8 do
            more:append(weak.keys {})
            more[i][key] = i
        end
    end
    more, m = list {}, weak.keys {}
    x = Node()
    m[x] = V(weak(x))
    m[x] = nil
    is(#more, 8, "the key lives")
    is(more[8][x], 8)
    x = nil
    is(#more[1] + #more[8], 0)
    more, x = list {}, Node()
    m[x] = V(weak(x))
    x = nil
    is(#more, 8, "and here both die, the key is still there")
    is(#more[1] + #more[8], 0, "but not for long")
    is(#m, 0)
    is(#it:reports(), 0)
    more, m = nil, nil
end)

scenario("K21 letting go of the current key in a loop", function()
    m = weak.keys {}
    l = list {}
    for i = 1, 3 do
        x = Node(i)
        l:append(x)
        m[x] = i
    end
    x = nil
    local visited = 0
    for key in pairs(m) do
        visited = visited + 1
        if visited == 2 then
            del(l, 2)
            ok(m[key], "the loop's variable holds it")
        end
    end
    is(visited, 3)
    is(#m, 2)
    for key, value in pairs(m) do m[key] = value * 10 end
    is(fields(m, function(_, value) return value end), "10 30")
    del("m", "l")
end)

scenario("K22 weak set", function()
    s = weak.set {}
    x, y = Node(1), Node(2)
    s[x] = true
    s[y] = true
    s[x] = true
    is(#s, 2)
    ok(s[x] == true and s[Node()] == false)
    is(s[5], false, "asking about a number is just no")
    throws(function() s[5] = true end, "a member of weak.set has to be a managed object")
    throws(function() del(s, Node()) end, "the weak.set has no member")
    s[5] = nil
    s[Node()] = nil
    is(tostring(s), "weak.set{Node(a=1, b=nil), Node(a=2, b=nil)}")
    ok(s == weak.set { y, x }, "the same members")
    ok(s ~= weak.set { x } and s ~= set { x, y })
    c = copy(s)
    del(s, x)
    is(#s, 1)
    is(#c, 2)
    x = nil
    is(#c, 1)
    ok(c == s)
    y = nil
    is(#c + #s, 0)
    throws(function() return dict { [s] = 1 } end, "cannot be a key")
    del("s", "c")
end)

scenario("K23 plain values stay", function(it)
    log = it
    m = weak.values { a = "text", b = 5, c = true, d = 1.5, e = 2 ^ 60 }
    m.f = Node()
    collect()
    is(#m, 5, "but what is an object goes")
    is(m.a .. m.b, "text5")
    m.a = Node()
    is(#m, 4, "a plain value replaced by an object")
    x = F("x")
    m.b = x
    m.b = 6
    x = nil
    is(it:said(), "x", "an object replaced by a plain value")
    is(m.b, 6)
    k = weak.values {}
    k[tuple { 1, "k" }] = 2
    is(k[tuple { 1, "k" }], 2, "keys are compared by value")
    del("m", "k")
end)

scenario("K25 one object in several places", function()
    x = Node()
    w, m, n = weak(x), weak.keys {}, weak.keys {}
    m[x], n[x] = 1, 2
    c, s = copy(n), weak.set { x }
    x = nil
    ok(not w.alive and #m + #n + #c + #s == 0, "all empty at the same moment")
    x = Node()
    w, m[x], n[x] = weak(x), 1, 2
    w, m, n, c, s = nil, nil, nil, nil, nil
    is(refcount(x), 1, "the object does not care")
    x = nil
end)

scenario("K26 a container in a container under the same key", function()
    m = weak.keys {}
    x = Node()
    m[x] = weak.keys {}
    m[x][x] = 1
    is(refcount(m[x]), 1)
    x = nil
    is(#m, 0)
    del("m")
end)

scenario("K28 thirty thousand entries that map an object to itself", function()
    m, l = weak.keys {}, list {}
    for i = 1, 30000 do
        local x = Node(i)
        l:append(x)
        m[x] = x
    end
    is(collect(), 0)
    is(collect(), 0)
    is(#m, 30000)
    l = nil
    is(collect(), 30000)
    is(#m, 0)
    del("m")
end)

scenario("K30 a private registry", function(it)
    log = it
    local observer = F("observer")
    observer.ref = weak.keys {}
    x = F("x")
    observer.ref[x] = tuple { "registration", weak(x) }
    x.ref = set { observer }
    observer = nil
    is(it:said(), "")
    x = nil
    collect()
    is(it:said(), "x observer", "all of it went")
end)

scenario("clear, and values in order", function(it)
    log = it
    x, y, z = Node(1), Node(2), Node(3)
    m = weak.keys {}
    m[x] = F("a")
    m[y] = F("b")
    m[z] = F("c")
    clear(m)
    is(it:said(), "a b c")
    is(#m, 0)
    m[z] = F("c")
    m[y] = F("b")
    m[x] = F("a")
    m = nil
    is(it:said(), "c b a", "dropped: in the order of insertion")
    x, y, z = nil, nil, nil
end)

scenario("callbacks come before the values of entries go", function(it)
    log = it
    m = weak.keys {}
    x = F("x")
    m[x] = list { F("inner") }
    keep = m[x]
    w = weak(x, function() it:mark("callback") end)
    x = nil
    is(it:said(), "x callback")
    is(#keep, 1)
    keep = nil
    is(it:said(), "inner")
    del("m", "w")
end)

scenario("made from a table, a dict, another", function()
    x, y = Node(1), Node(2)
    m = weak.keys { [x] = "x", [y] = "y" }
    is(#m, 2)
    n = weak.keys(m)
    d = dict(n)
    is(d[x] .. d[y], "xy")
    s = weak.set(list { x, y, x })
    is(#s, 2)
    throws(function() weak.keys(5) end, "entries come from a table or a dict")
    throws(function() weak.keys { name = 1 } end, "a key of weak.keys has to be a managed object")
    del("m", "n", "d", "s", "x", "y")
end)

scenario("brought back without the keys that only it led to", function()
    Keeper = class("Keeper", { "map" })
    function Keeper:__del() kept = self.map end
    local function make()
        local map, key = weak.keys {}, Node("key")
        map[key] = list { key }
        keeper, watch = Keeper(map), weak(key)
    end
    make()
    del "keeper"
    is(#kept, 0, "a value leads to its own key only for who has the key, also after a finalizer")
    is(watch.alive, false)
    ok(heap.check())
    del("kept", "watch", "Keeper")
end)

scenario("dead before the heap closes", function()
    local h = require "ouro".heap {}
    local box = h:list {}
    local m = h.weak.keys {}
    m[box] = h:list { box }
    h:close()
    throws(function() return #m end, "closed")
end)

tap.done_testing()
