-- SPDX-License-Identifier: MIT
-- World: the real side of the model test: a heap, and short names for what the operations do.
-- The same text is run by the test and printed at the head of a failing run, so that the run
-- can be pasted into the shell. Free names only, which are fields of the table that is _ENV.
--
-- n: how many objects were made; they are numbered in that order, in the model as here.
-- E: the frames, L: what Lua holds, W: a weak reference to each object, V: the references
-- with callbacks and the finalize records.
world = _ENV
h = require "ouro".heap {}
h.gc.disable()
n, watches, LOG, L, E, C = 0, 0, {}, {}, { h:frame() }, {}
numbers = {} -- by id
W, V = h.pin(h.list {}), h.pin(h.list {})

function log(text) LOG[#LOG + 1] = text end

function reg(x)
    n = n + 1
    numbers[h.id(x)] = n
    W:append(h.weak(x))
    return x
end

h.gc.on_error(function() log "error" end)

-- What finalizers and callbacks do, apart from saying that they run.
acts = {}
function acts.log() end
function acts.keep(x) E[1].r = x end
function acts.hold(x) L[8] = x end
function acts.drop() E[1].n1 = nil end
function acts.undrop() L[1] = nil end
function acts.make() E[1].m = reg(h.list {}) end
function acts.collect() h.gc.collect() end
function acts.settle() h.settle() end
function acts.garbage() collectgarbage() end
function acts.raise() error "on purpose" end

classes = {}
for _, act in ipairs { "log", "keep", "hold", "drop", "undrop", "make", "collect", "settle",
    "garbage", "raise" } do
    local class, f = h.class("Node", { "a", "b", "c" }), acts[act]
    function class:__del()
        log("del " .. numbers[h.id(self)])
        f(self)
    end
    classes[act] = h.pin(class)
end
classes.none = h.pin(h.class("Node", { "a", "b", "c" }))

function node(act) return reg(classes[act]()) end
function list() return reg(h.list {}) end
function dict() return reg(h.dict {}) end
function set() return reg(h.set {}) end
function tuple(...) return reg(h.tuple(table.pack(...))) end

function watch(x, act)
    watches = watches + 1
    local number, f = watches, acts[act]
    V:append(h.weak(x, function() log("callback " .. number) f() end))
end

function watched(x)
    watch(x, "log")
    return x
end

-- A parent with its children.
function family(x, ...)
    local fields = { "a", "b", "c" }
    for i, child in ipairs { ... } do
        if h.typeof(x) == "list" then x:append(child) else x[fields[i]] = child end
    end
    return x
end

function record(x, act)
    watches = watches + 1
    local number, f = watches, acts[act]
    V:append(h.finalize(x, function() log("record " .. number) f() end))
end

-- The ways for Lua to hold.
function values(...) return { ... } end
function keys(...)
    local t = {}
    for i, x in ipairs { ... } do t[x] = i end
    return t
end
function closure(a, b) return function(i) if i == 1 then return a else return b end end end
function routine(...)
    local co = coroutine.create(function(a, b)
        local i = coroutine.yield()
        while true do
            if i == 1 then i = coroutine.yield(a) else i = coroutine.yield(b) end
        end
    end)
    coroutine.resume(co, ...)
    return co
end
function weakly(a, b) return setmetatable({ a, b, [a] = b }, { __mode = "kv" }) end

-- The i-th of what a container of Lua holds.
function at(t, i)
    if type(t) == "function" then return t(i) end
    if type(t) == "thread" then return select(2, coroutine.resume(t, i)) end
    if t[i] ~= nil then return t[i] end
    for x, j in pairs(t) do if j == i then return x end end
end

-- Calls are suspended with their frame on the stack, and end in the reverse order.
function enter()
    C[#C + 1] = coroutine.create(function()
        h.call(function(frame) E[#E + 1] = frame coroutine.yield() end)
    end)
    assert(coroutine.resume(C[#C]))
end
function leave()
    local co = table.remove(C)
    E[#E] = nil
    assert(coroutine.resume(co))
end

-- Runs one line, and looks. Each question lets die what is dead; what a finalizer or callback has
-- let go of meanwhile may wait for the next one (one request is one pass). Gives what was seen:
-- log, live, alive by number, the counts of some.
steps = 0
function run(line)
    LOG, steps = {}, steps + 1
    local fine, message = pcall(load(line, "=op", "t", world))
    if not fine then log("raised: " .. tostring(message)) end
    local live, before, said
    repeat
        before, said = live, #LOG
        live = h.heap.live()
    until live == before and #LOG == said
    local seen = { live = live, alive = {}, counts = {}, log = LOG }
    for i = 1, n do
        seen.alive[i] = W[i].alive
        if seen.alive[i] and (steps % 10 == 0 or (steps + i) % 7 == 0) then
            seen.counts[i] = h.refcount(W[i]())
        end
    end
    if steps % 3 == 0 then h.settle() end
    return seen
end

function show(line)
    local seen, alive = run(line), {}
    for i = 1, n do if seen.alive[i] then alive[#alive + 1] = i end end
    print(("%-50s log: %s; alive: %s"):format(line, table.concat(seen.log, ", "),
        table.concat(alive, " ")))
end
