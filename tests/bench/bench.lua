-- SPDX-License-Identifier: MIT
-- Bench: the workloads of tests/bench/bench.c as scripts do them, for the command `ouro`.
--
--   ouro tests/bench/bench.lua WORKLOAD N     prints lines of metric, value, unit
--
-- Free names are counted names (x, head, nodes, root), locals hold. Where a name is dropped
-- and its object's death is timed, `settle` is timed with it: it lets go of what Lua holds.
-- Time is that of tests/bench/clock.c when `require` finds it; else os.clock, which is the
-- time of the processor, in microseconds. Exit status 3: no such workload.
local found, clock = pcall(require, "clock")
local now = found and clock or function() return math.floor(os.clock() * 1e9) end
local began = now()

local repetitions, ring_size = 3, 10
local Node = class("Node", { "l", "r" })
local Vertex = class("Vertex", { "a", "b", "c", "d" })

-- What a process tells -------------------------------------------------------------------

local function emit(metric, value, unit)
    io.write(("%s\t%.2f\t%s\n"):format(metric, value, unit))
    io.flush()
end

local function resident()
    local file <close> = assert(io.open("/proc/self/statm"))
    local _, pages = file:read("n", "n")
    return pages * 4096
end

local function emit_process()
    for line in io.lines("/proc/self/status") do
        local peak = line:match("^VmHWM:%s*(%d+)")
        if peak then emit("peak_rss", tonumber(peak), "KiB") end
    end
    if found then emit("cpu_share", 100 * os.clock() * 1e9 / (now() - began), "%") end
end

local function per(start, count) return (now() - start) / count end

-- Random numbers, as in tests/bench/measure.c --------------------------------------------

local function generator()
    local state = 42
    return function(n)
        state = state * 6364136223846793005 + 1442695040888963407
        return (state >> 33) % n
    end
end

local random_state = 1
local function random(n)
    random_state = (random_state * 69069 + 1) & 0xffffffff
    return (random_state >> 12) % n
end

-- W1, W10, W10a: short lives -------------------------------------------------------------

local function churn(n)
    sink = Node()
    local start = now()
    for _ = 1, n do sink.l = Node() end
    emit("alloc_free", per(start, n), "ns")
    sink = nil
end

local function loop(n)
    local start = now()
    for i = 1, n do
        x = Node(i)
        x = nil
    end
    emit("iter", per(start, n), "ns")
end

local function loop_cyclic(n)
    local start = now()
    for i = 1, n do
        x = Node(i)
        x.r = x
        x = nil
    end
    emit("iter", per(start, n), "ns")
    gc.collect()
end

-- W2: a long list ------------------------------------------------------------------------

local function long_list(n)
    local before, start = resident(), now()
    head = Node()
    for _ = 2, n do head = Node(head) end
    emit("build", per(start, n), "ns")
    emit("bytes", (resident() - before) / n, "B")
    start = now()
    head = nil
    settle()
    emit("release", per(start, n), "ns")
end

-- W3: many small cycles ------------------------------------------------------------------

local function make_ring()
    local first = Node()
    local last = first
    for _ = 2, ring_size do
        local node = Node(last)
        last.r = node
        last = node
    end
    last.r = first
    first.l = last
end

local function rings(n)
    gc.disable()
    for _ = 1, n // ring_size do make_ring() end
    settle()
    local start = now()
    local dead = gc.collect()
    emit("collect", per(start, n), "ns")
    assert(dead == n // ring_size * ring_size, "the collection found every node of the rings")
    gc.enable()
end

-- W4, W5: one big graph ------------------------------------------------------------------

local function link(all, n)
    local next_target, permutation = generator(), {}
    for i = 1, n do permutation[i] = i end
    for i = n - 1, 1, -1 do
        local j = next_target(i)
        permutation[i + 1], permutation[j + 1] = permutation[j + 1], permutation[i + 1]
    end
    for i = 1, n do
        local vertex = all[i]
        vertex.a = all[permutation[i]]
        vertex.b = all[next_target(n) + 1]
        vertex.c = all[next_target(n) + 1]
        vertex.d = all[next_target(n) + 1]
    end
end

local function make_all(Class, n)
    nodes = list {}
    for _ = 1, n do nodes:append(Class()) end
end

local function big_cycle(n)
    gc.disable()
    make_all(Vertex, n)
    link(nodes, n)
    settle()
    local start = now()
    nodes = nil
    settle()
    emit("drop", per(start, n), "ns")
    start = now()
    local dead = gc.collect()
    emit("collect", per(start, n), "ns")
    assert(dead == n, "the collection found the whole graph")
    gc.enable()
end

local function count_cycle(first)
    local alive, vertex = 1, first.a
    while not rawequal(vertex, first) do alive, vertex = alive + 1, vertex.a end
    return alive
end

local function live(n)
    gc.disable()
    make_all(Vertex, n)
    link(nodes, n)
    root = nodes[1]
    nodes = nil
    settle()
    for _ = 1, 5 do
        local start = now()
        local dead = gc.collect()
        emit("live_collect", per(start, n), "ns")
        assert(dead == 0, "a collection of what is alive frees nothing")
    end
    assert(count_cycle(root) == n, "all nodes are still there")
    root = nil
    assert(gc.collect() == n, "the graph dies without its root")
    gc.enable()
end

-- W6: trees ------------------------------------------------------------------------------

local function make_tree(depth)
    if depth == 0 then return Node() end
    return Node(make_tree(depth - 1), make_tree(depth - 1))
end

local function count_nodes(tree)
    local left = tree.l
    return left and 1 + count_nodes(left) + count_nodes(tree.r) or 1
end

local function trees(depth)
    local start = now()
    local count = count_nodes(make_tree(depth + 1))
    kept = make_tree(depth)
    for d = 4, depth, 2 do
        for _ = 1, 1 << (depth - d + 4) do count = count + count_nodes(make_tree(d)) end
    end
    count = count + count_nodes(kept)
    kept = nil
    settle()
    local spent = now() - start
    emit("total", spent / 1e6, "ms")
    emit("per_node", spent / count, "ns")
end

-- W7, W7a: a steady state ----------------------------------------------------------------

local function mutate(all, n, last, cyclic)
    local node, a = all[random(n) + 1], Node()
    if cyclic then a.l = Node(a, last) end
    node.r = a
    return node
end

local function mutate_all(all, n, mixed)
    local operations, last = 10 * n, all[1]
    local start = now()
    for k = 1, operations do last = mutate(all, n, last, mixed and k % 2 == 0) end
    emit("op", per(start, operations), "ns")
end

-- How long operations take: buckets of 100 ns up to 100 us, the few longer ones each.
local function measure_all(all, n, mixed)
    local short_ones, long_ones, last = {}, {}, all[1]
    for bucket = 0, 999 do short_ones[bucket] = 0 end
    local before = now()
    for k = 1, 10 * n do
        last = mutate(all, n, last, mixed and k % 2 == 0)
        local after = now()
        local spent = after - before
        if spent < 100000 then
            local bucket = spent // 100
            short_ones[bucket] = short_ones[bucket] + 1
        else
            long_ones[#long_ones + 1] = spent
        end
        before = after
    end
    table.sort(long_ones, function(a, b) return a > b end)
    return short_ones, long_ones
end

local function duration_exceeded_by(count, short_ones, long_ones)
    if #long_ones > count then return long_ones[count + 1] end
    local seen = #long_ones
    for bucket = 999, 0, -1 do
        seen = seen + short_ones[bucket]
        if seen > count then return (bucket + 1) * 100 end
    end
    return 0
end

local function steady_state(n, mixed)
    make_all(Node, n)
    for i = 1, n do nodes[i].l = nodes[random(n) + 1] end
    mutate_all(nodes, n, mixed)
    local short_ones, long_ones = measure_all(nodes, n, mixed)
    emit("p999", duration_exceeded_by(10 * n // 1000, short_ones, long_ones), "ns")
    emit("max_pause", duration_exceeded_by(0, short_ones, long_ones) / 1e6, "ms")
    nodes = nil
    gc.collect()
end

local function steady(n) steady_state(n, true) end
local function steady_acyclic(n) steady_state(n, false) end

-- W8, W9: weak references, finalizers ----------------------------------------------------

local function release_plain(n)
    make_all(Node, n)
    settle()
    local start = now()
    nodes = nil
    settle()
    emit("release_plain", per(start, n), "ns")
end

local function create_weak(refs, all, n)
    local start = now()
    for i = 1, n do refs:append(weak(all[i])) end
    emit("create", per(start, n), "ns")
end

local function count_alive(refs)
    local alive = 0
    for i = 1, #refs do
        if refs[i]() then alive = alive + 1 end
    end
    return alive
end

local function read_weak(refs, n)
    local start = now()
    local alive = count_alive(refs)
    emit("deref", per(start, n), "ns")
    assert(alive == n, "every target is alive")
end

-- The weak references are in a managed list: what only Lua holds is looked for at each call
-- of one, so a million in a Lua table would take hours (docs/performance.md).
local function weak_references(n)
    release_plain(n)
    make_all(Node, n)
    references = list {}
    settle()
    create_weak(references, nodes, n)
    settle()
    read_weak(references, n)
    settle()
    local start = now()
    nodes = nil
    settle()
    emit("release_weak", per(start, n), "ns")
    assert(count_alive(references) == 0, "every weak reference is empty")
    references = nil
end

local function finalizers(n)
    local Mortal, finalized = class("Mortal", { "l", "r" }), 0
    function Mortal:__del() finalized = finalized + 1 end
    make_all(Mortal, n)
    settle()
    local start = now()
    nodes = nil
    settle()
    emit("finalize", per(start, n), "ns")
    assert(finalized == n, "every finalizer has run once")
end

-- All of them ----------------------------------------------------------------------------

local workloads = {
    W1 = churn, W2 = long_list, W2s = long_list, W3 = rings, W3L = rings, W4 = big_cycle,
    W5 = live, W6 = trees, W7 = steady, W7a = steady_acyclic, W8 = weak_references,
    W9 = finalizers, W10 = loop_cyclic, W10a = loop,
}

local run, size = workloads[arg[1]], math.tointeger(tonumber(arg[2]))
if not run then os.exit(3) end
if not size or size < 1 then
    io.stderr:write("usage: ouro bench.lua WORKLOAD N\n")
    os.exit(2)
end
local before = heap.live()
for _ = 1, arg[1]:match("^W7") and 1 or repetitions do
    run(size)
    settle()
    assert(heap.live() == before, "the workload has left nothing behind")
end
emit_process()
