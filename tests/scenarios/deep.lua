-- SPDX-License-Identifier: MIT
-- Scenarios of deep and large structures (D). Nothing may recurse, nothing be quadratic.
local tap = require "ouro.tap"
local under = dofile(arg[0]:match("^.*/") .. "under")
local scenario = under.scenario
local is, ok = tap.is, tap.ok

Node = class("Node", { "a", "b" })

-- How many objects f lets die.
local function deaths(f)
    local before = gc.stats().deaths
    f()
    return gc.stats().deaths - before
end

scenario("D01 a million lists one in another", function()
    deep = list {}
    for _ = 1, 999999 do deep = list { deep } end
    is(deaths(function() deep = nil end), 1000000, "all freed")
end)

scenario("D03 kinds alternate", function()
    deep = list {}
    for _ = 1, 75000 do
        deep = list { deep }
        deep = tuple { deep }
        local d = dict {}
        d.k = deep
        deep = object { inner = d }
    end
    local w = weak(deep)
    is(deaths(function() deep = nil end), 300001, "all freed")
    is(w(), nil)
end)

scenario("D06 a deep structure that ends in a cycle", function()
    deep = build.ring(100000)
    deep = nil
    is(collect(), 100000)
    first = list {}
    deep = first
    for _ = 1, 99999 do deep = list { deep } end
    first:append(deep)
    del("first", "deep")
    is(collect(), 100000, "lists, too")
end)

scenario("D07 wide", function()
    x = Node()
    wide = list {}
    for _ = 1, 1000000 do wide:append(x) end
    is(refcount(x), 1000001)
    wide = nil
    is(refcount(x), 1)
    refs = list {}
    for _ = 1, 100000 do refs:append(weak(x)) end
    is(refcount(x), 1, "weak references do not count")
    x = nil
    local alive = 0
    for _, w in ipairs(refs) do if w() ~= nil then alive = alive + 1 end end
    is(alive, 0, "all are empty")
    refs = nil
end)

scenario("D10 a tree of 2^17 - 1 nodes with parent pointers", function()
    local T = class("T", { "left", "right", "parent" })
    local level = { T() }
    root = level[1]
    for _ = 1, 16 do
        local nextlevel = {}
        for _, parent in ipairs(level) do
            local l, r = T(nil, nil, parent), T(nil, nil, parent)
            parent.left, parent.right = l, r
            nextlevel[#nextlevel + 1], nextlevel[#nextlevel + 2] = l, r
        end
        level = nextlevel
    end
    level = nil
    is(collect(), 0, "alive")
    root = nil
    is(collect(), 131071, "dead")
end)

scenario("D11 a huge drop within a huge drop", function(it)
    local D = class("D", {})
    function D:__del()
        it:mark "middle"
        second = nil
        it:mark "after"
    end
    second = build.chain(100000)
    first = list {}
    for i = 1, 100000 do
        first = i == 50000 and list { first, D() } or list { first }
    end
    is(deaths(function() first = nil end), 200002, "both are freed")
    is(it:said(), "middle after")
end)

-- ---- what the neighbours suggest -----------------------------------------------------------

scenario("a chain whose every member has a finalizer: in order, once each", function()
    local count, wrong = 0, 0
    local C = class("C", { "n", "next" })
    function C:__del()
        count = count + 1
        if self.n ~= count or (self.next and self.next.n ~= self.n + 1) then wrong = wrong + 1 end
    end
    head = nil
    for n = 100000, 1, -1 do
        local c = C(n, head)
        head = c
    end
    head = nil
    is(count, 100000, "each ran")
    is(wrong, 0, "from the head on, with the rest intact")
end)

scenario("a chain of weak references with callbacks", function()
    local count = 0
    chain = nil
    refs = list {}
    for _ = 1, 50000 do
        local n = Node(chain)
        refs:append(weak(n, function() count = count + 1 end))
        chain = n
    end
    chain = nil
    is(count, 50000, "each was told")
    refs = nil
end)

scenario("a long chain of finalizers, each of which lets go of the next", function()
    local count = 0
    local C = class("C", {})
    local links = {}
    function C:__del()
        count = count + 1
        local name = "link" .. count
        if _ENV[name] then _ENV[name] = nil end
    end
    for i = 1, 150 do _ENV["link" .. i] = C() end
    x = C()
    x = nil
    is(count, 151, "one within another")
end)

scenario("a deep chain resurrected whole, then dropped", function()
    local R = class("R", { "chain" })
    function R:__del() saved = self.chain end
    x = R(build.chain(100000))
    x = nil
    settle()
    is(deaths(function() saved = nil end), 100000, "not one was lost or freed early")
end)

scenario("many small cycles", function()
    for _ = 1, 20000 do
        local l = list {}
        l:append(l)
    end
    local before = heap.live()
    settle()
    is(collect(), 20000)
    is(heap.live(), before - 20000)
end)

scenario("a dense graph of lists", function()
    all = list {}
    for _ = 1, 400 do all:append(list {}) end
    for _, l in ipairs(all) do l:extend(all) end
    all = nil
    is(collect(), 400)
end)

scenario("text and comparison of deep structures end", function()
    a, b = list {}, list {}
    for _ = 1, 100000 do a, b = list { a }, list { b } end
    ok(a == b, "equal")
    ok(#repr(a) < 10000, "text is bounded")
    c = deepcopy(a)
    ok(c == a, "copied")
    is(deaths(function() del("a", "b", "c") end), 300003)
end)

scenario("a big dict with objects as keys and values", function()
    d = dict {}
    for i = 1, 100000 do d[Node(i)] = Node(i) end
    is(#d, 100000)
    is(deaths(function() d = nil end), 200001)
end)

-- A crash would end this script: a child, with little stack.
tap.subtest("each finalizer lets an object with a finalizer die, without end of C stack", function()
    local script = os.tmpname()
    local file = assert(io.open(script, "w"))
    file:write [[
        local C, n = class("C", {}), 0
        function C:__del()
            n = n + 1
            if n < 20000 then
                y = C()
                y = nil
            end
        end
        x = C()
        x = nil
        print(n)
    ]]
    file:close()
    local stack = os.getenv("OURO_SANITIZED") == "1" and 4096 or 256
    local pipe = io.popen(("ulimit -s %d; '%s' '%s' 2>&1"):format(stack, os.getenv("OURO"), script))
    local output = pipe:read("a")
    pipe:close()
    os.remove(script)
    is(output, "20000\n", "deaths that finalizers queue are not drained one within another")
end)

tap.done_testing()
