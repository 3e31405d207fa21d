-- SPDX-License-Identifier: MIT
-- Scenarios of reference counting, cycles, resurrection and weak references, by the ids under
-- which peers' test suites were surveyed. Each leaves the heap as it found it.
local tap = require "ouro.tap"

gc.disable()
Node = class("Node", { "a", "b" })
F = class("F", { "n", "ref" })
log = nil
local marks = {}
function F:__del() marks[#marks + 1] = tostring(self.n) end
local function said()
    local text = table.concat(marks, " ")
    marks = {}
    return text
end

local function scenario(id, f)
    tap.subtest(id, function()
        local before = heap.live()
        f()
        collect()
        tap.is(heap.live(), before, "nothing is left over")
        tap.ok(heap.check(), "the heap checks")
    end)
    marks = {}
end

scenario("B01 B02 B03 B05 callbacks", function()
    x = Node()
    local order, empty = {}, 0
    local errors = gc.stats().errors
    gc.on_error(function() end)
    local function cb(i)
        return function(w)
            order[#order + 1] = i
            if w() == nil and w1() == nil and w3() == nil then empty = empty + 1 end
            if i == 2 then error("middle") end
        end
    end
    w1, w2, w3 = weak(x, cb(1)), weak(x, cb(2)), weak(x, cb(3))
    x = nil
    gc.on_error(nil)
    tap.is(table.concat(order, " "), "3 2 1", "newest first")
    tap.is(empty, 3, "all are empty before any runs")
    tap.is(gc.stats().errors, errors + 1, "the error is counted")
    del("w1", "w2", "w3")
end)

scenario("E01 a collection within a collection does nothing", function()
    local C = class("C", { "me" })
    local inner
    function C:__del()
        local extra = list {}
        extra:append(extra)
        inner = collect()
    end
    x = C()
    x.me = x
    x = nil
    tap.is(collect(), 1)
    tap.is(inner, 0)
    tap.is(collect(), 1, "the garbage it made waits for the next")
end)

scenario("M04 finalize records: newest first, once", function()
    x = Node()
    local ran = {}
    local function note(i) ran[#ran + 1] = i end
    finalize(x, note, 1)
    r2 = finalize(x, note, 2)
    r3 = finalize(x, note, 3)
    finalize(x, note, 4)
    r2:detach()
    r3()
    x = nil
    tap.is(table.concat(ran, " "), "3 4 1")
    del("r2", "r3")
end)

scenario("D01 D07 deep and wide", function()
    deep = list {}
    for i = 1, 200000 do deep = list { deep } end
    deep = nil
    x = Node()
    wide = list {}
    for i = 1, 100000 do wide:append(x) end
    tap.is(refcount(x), 100001)
    wide = nil
    tap.is(refcount(x), 1)
    x = nil
end)

tap.done_testing()
