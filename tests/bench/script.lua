-- SPDX-License-Identifier: MIT
-- Script: loops as people write them, for the command `ouro`; tests/bench/script.py has the
-- same in Python. scripts/bench --lua runs both, in turns.
--
--   ouro tests/bench/script.lua WORKLOAD [N]     prints nanoseconds of an iteration, one a line
--   ouro tests/bench/script.lua                  prints the names of the workloads
--
-- Free names are counted names; locals hold. Both programs repeat each workload, and print each
-- repetition: the median is for who reads them. Time is that of the processor.
-- SYNC: script-workloads.
local function now() return os.clock() * 1e9 end
local repetitions = 5

Node = class("Node", { "l", "r" })
function Node:left() return self.l end

-- Names and locals -------------------------------------------------------------------------

local function names(n)
    for i = 1, n do
        x = Node(i)
        x.r = i
        x = nil
    end
end

local function rebind(n)
    for i = 1, n do
        x = Node(i)
        x.r = i
    end
    x = nil
end

local function locals(n)
    local Node = Node
    for i = 1, n do
        local x = Node(i)
        x.r = i
    end
end

-- Automatic collection finds them.
local function cycles(n)
    for i = 1, n do
        x = Node(i)
        x.r = x
        x = nil
    end
end

-- Reading and writing ----------------------------------------------------------------------

local function attributes(n)
    local x, sum = Node(1, 0), 0
    for i = 1, n do
        x.r = i
        sum = sum + x.l
    end
    assert(sum == n)
end

local function append(n)
    local l = list {}
    for i = 1, n do l:append(i) end
    assert(#l == n)
end

local function index(n)
    local l, sum = list {}, 0
    for _ = 1, 1000 do l:append(1) end
    for _ = 1, n // 1000 do
        for i = 1, 1000 do sum = sum + l[i] end
    end
    assert(sum == n)
end

local keys = {}
for i = 0, 1023 do keys[i] = "key" .. i end

local function dict_set(n)
    local d = dict {}
    for i = 1, n do d[keys[i & 1023]] = i end
    assert(#d == 1024)
end

local function dict_get(n)
    local d, sum = dict {}, 0
    for i = 0, 1023 do d[keys[i]] = 1 end
    for i = 1, n do sum = sum + d[keys[i & 1023]] end
    assert(sum == n)
end

local function method(n)
    local x, sum = Node(1), 0
    for _ = 1, n do sum = sum + x:left() end
    assert(sum == n)
end

-- Deaths that are noticed ------------------------------------------------------------------

local function weak_reference(n)
    x, y = Node(1), Node(2)
    for _ = 1, n // 2 do
        w = weak(x)
        assert(w().l == 1)
        w = weak(y)
        assert(w().l == 2)
    end
    x, y, w = nil, nil, nil
end

local function finalizer(n)
    if not Mortal then
        Mortal = class("Mortal", { "l" })
        function Mortal:__del() deaths = deaths + 1 end
    end
    deaths = 0
    for i = 1, n do
        x = Mortal(i)
        x = nil
    end
    assert(deaths == n)
end

-- Many objects -----------------------------------------------------------------------------

local function make_tree(depth)
    if depth == 0 then return Node() end
    return Node(make_tree(depth - 1), make_tree(depth - 1))
end

-- N is the depth; a node is an iteration.
local function tree(depth)
    local before = heap.live()
    local root = make_tree(depth)
    assert(heap.live() == before + 2 ^ (depth + 1) - 1)
    root = nil
    assert(heap.live() == before)
end

local held = {}
local function hold()
    for i = 1, 100000 do held[i] = held[i] or Node(i) end
end

-- The trap of deferred counting: nobody but Lua refers to 100,000 objects, while names come
-- and go.
local function held_names(n)
    hold()
    names(n)
end

local function held_finalizer(n)
    hold()
    finalizer(n)
end

-- All of them ------------------------------------------------------------------------------

local workloads = {
    { "names", names, 1000000 },
    { "rebind", rebind, 1000000 },
    { "locals", locals, 1000000 },
    { "cycles", cycles, 1000000 },
    { "attributes", attributes, 1000000 },
    { "append", append, 1000000 },
    { "index", index, 1000000 },
    { "dict-set", dict_set, 1000000 },
    { "dict-get", dict_get, 1000000 },
    { "method", method, 1000000 },
    { "weak", weak_reference, 200000 },
    { "finalizer", finalizer, 20000 },
    { "tree", tree, 16 },
    { "held-names", held_names, 1000000 },
    { "held-finalizer", held_finalizer, 100 },
}

local function measure(name, run, n)
    local iterations = name == "tree" and 2 ^ (n + 1) - 1 or n
    if name:match("^held") then hold() end
    for _ = 1, repetitions do
        local start = now()
        run(n)
        print(("%.1f"):format((now() - start) / iterations))
    end
end

for _, workload in ipairs(workloads) do
    local name, run, n = table.unpack(workload)
    if not arg[1] then print(name)
    elseif arg[1] == name then
        measure(name, run, math.tointeger(tonumber(arg[2])) or n)
        os.exit(0)
    end
end
if arg[1] then
    io.stderr:write("script.lua: there is no workload ", arg[1], "\n")
    os.exit(3)
end
