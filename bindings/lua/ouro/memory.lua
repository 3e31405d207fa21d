-- SPDX-License-Identifier: MIT
-- Memory: the checks of ouro.tap about who dies when. They work on the heap tap.heap, or on
-- the default one.
--
-- What a check is about is never in a variable while the check looks: f is called inside
-- another function, of which only a weak reference comes back. And the reference is asked by
-- a call, w(): for a field, w.alive, Lua keeps what is left over in the asker's registers.
local show = require "ouro.show"

local MOST_LINES = 20

-- The same f may be a name of the script: its results go before anything is asked.
local function weakly(heap, f)
    local function watch(...)
        local watched = {}
        for i = 1, select("#", ...) do watched[i] = heap.weak((select(i, ...))) end
        return watched
    end
    return watch(f())
end

local function lines_of(value)
    local lines = {}
    for line in tostring(value):gmatch("[^\n]+") do
        if #lines == MOST_LINES then
            lines[#lines + 1] = "..."
            break
        end
        lines[#lines + 1] = line
    end
    return lines
end

-- Why the target of a weak reference lives: its count, its holders, the shortest path from a
-- root. It is an argument of what is asked and nothing else, not even of pcall: Lua would hold
-- it, and the answer would be that.
local function evidence(heap, w)
    local details = { { "got", show.value((w())) }, { "expected", "dead" } }
    local function add(key, f)
        local fine, value = pcall(f)
        if fine then details[#details + 1] = { key, value } end
    end
    add("count", function() return heap.refcount((w())) end)
    add("holders", function() return lines_of(heap.holders((w()))) end)
    add("path", function() return lines_of(heap.why((w()))) end)
    return details
end

local function run_or_fail(tap, name, f, ...)
    local fine, result = pcall(f, ...)
    if fine then return result end
    tap.report(false, name, { { "got", "an error: " .. tostring(result) } })
end

local function check_function(f, what)
    if type(f) ~= "function" then
        error(what .. ": a function is needed; got " .. show.value(f), 3)
    end
end

-- All garbage goes, that of finalizers too.
local function clean(heap)
    for _ = 1, 20 do
        if heap.collect() == 0 then return end
    end
end

-- The cycles that are garbage, a line each.
local function garbage_lines(heap)
    local lines = {}
    for _, group in ipairs(heap.heap.cycles()) do
        if #lines == MOST_LINES then break end
        if group.garbage then lines[#lines + 1] = lines_of(group)[1] end
    end
    return lines
end

local function count_text(count)
    return ("%d leaked object%s"):format(count, count == 1 and "" or "s")
end

-- Runs f with automatic collection off; how many objects it left that only cycles keep.
local function count_leaks(heap, f)
    clean(heap)
    local enabled = heap.gc.isenabled()
    heap.gc.disable()
    local fine, message = pcall(function() f() end)
    local cycles = garbage_lines(heap)
    local found = heap.collect()
    if enabled then heap.gc.enable() end
    if not fine then error(message, 0) end
    return { found = found, cycles = cycles }
end

-- ---- a subtest's heap and leaks ----------------------------------------------------------------

local function check_options(options)
    for key, value in pairs(options) do
        local heap = key == "heap" and (type(value) == "table" or type(value) == "boolean")
        local leaks = key == "leaks" and (math.type(value) or type(value) == "boolean")
        if not heap and not leaks then
            error(("subtest: the options are heap (true or limits) and leaks (true or how many); "
                .. "got %s = %s"):format(tostring(key), show.value(value)), 4)
        end
    end
end

-- Nothing, or what the subtest left behind: garbage, and what is still referenced.
local function examine(heap, before, wanted)
    local cycles = garbage_lines(heap)
    local garbage = heap.collect()
    clean(heap)
    local left = math.max(0, heap.heap.live() - before.live)
    if garbage + left == wanted then return nil end
    local details = { { "garbage", garbage }, { "cycles", cycles }, { "referenced", left } }
    if left > 0 then
        details[4] = { "changes", lines_of(before.picture:diff(heap.heap.snapshot())) }
    end
    return { details = details,
        text = ("%s, expected %s"):format(count_text(garbage + left), count_text(wanted)) }
end

local function with_leak_check(heap, wanted, run)
    clean(heap)
    local enabled = heap.gc.isenabled()
    local before = { live = heap.heap.live(), picture = heap.heap.snapshot() }
    heap.gc.disable()
    run()
    local found = examine(heap, before, wanted)
    if enabled then heap.gc.enable() end
    return found
end

return function(tap, inner)
    tap.own(debug.getinfo(1, "S").source)

    local function heap_of_tests()
        return tap.heap or require "ouro"
    end

    -- Runs a subtest with what its options ask for: nil, or the evidence of a leak.
    function inner.with_options(options, run)
        check_options(options)
        local before, fresh, found = tap.heap, nil, nil
        if options.heap then
            local limits = type(options.heap) == "table" and options.heap or nil
            fresh = require "ouro".heap(limits)
            tap.heap = fresh
        end
        local function call() run(fresh) end
        local wanted = options.leaks == true and 0 or options.leaks
        if wanted then found = with_leak_check(heap_of_tests(), wanted, call) else call() end
        tap.heap = before
        if fresh then fresh:close() end
        return found
    end

    -- dies(f, name): what f returns is dead as soon as f has returned, without a collection.
    function tap.dies(f, name)
        check_function(f, "dies")
        local heap = heap_of_tests()
        local watched = run_or_fail(tap, name, weakly, heap, f)
        if not watched then return false end
        local alive = nil
        for _, w in ipairs(watched) do
            if w() then alive = w break end
        end
        return tap.report(#watched > 0 and not alive, name, function()
            if #watched > 0 then return evidence(heap, alive) end
            return { { "got", "f returned nothing" }, { "expected", "dead" } }
        end)
    end

    -- survives(x, name): x, or the target of the weak reference x, or what the function x
    -- returns, is alive, also after a collection.
    function tap.survives(x, name)
        local heap = heap_of_tests()
        local is_weak = type(x) == "userdata" and heap.typeof(x) == "weak"
        local watched
        if is_weak then
            watched = { x }
        else
            local f = type(x) == "function" and x or function() return x end
            watched = run_or_fail(tap, name, weakly, heap, f)
            if not watched then return false end
        end
        heap.collect()
        local alive = #watched > 0
        for _, w in ipairs(watched) do alive = alive and w() ~= nil end
        return tap.report(alive, name, function()
            return { { "got", #watched == 0 and "f returned nothing" or "dead" },
                { "expected", "alive" } }
        end)
    end

    local function check_leaks(n, f, name)
        local heap = heap_of_tests()
        local result = run_or_fail(tap, name, count_leaks, heap, f)
        if not result then return false end
        return tap.report(result.found == n, name, {
            { "got", count_text(result.found) },
            { "expected", count_text(n) },
            { "cycles", result.cycles },
        })
    end

    -- leaks(n, f, name): f leaves n objects that only cycles keep. They are collected.
    function tap.leaks(n, f, name)
        check_function(f, "leaks")
        if math.type(n) ~= "integer" then
            error("leaks: how many objects has to be a whole number; got " .. show.value(n), 2)
        end
        return check_leaks(n, f, name)
    end

    -- no_leaks(f, name)
    function tap.no_leaks(f, name)
        check_function(f, "no_leaks")
        return check_leaks(0, f, name)
    end

    -- refcount_is(x, n, name)
    function tap.refcount_is(x, n, name)
        local heap = heap_of_tests()
        local count, w = heap.refcount(x), heap.weak(x)
        x = nil
        return tap.report(count == n, name, function()
            local details = evidence(heap, w)
            return { { "got", count }, { "expected", n }, table.unpack(details, 4) }
        end)
    end

    -- dies_in_order(labels, f, name): f(note) makes objects and lets them go. note(x, label)
    -- notes the label when x dies; note(label), for finalizers, notes it at once.
    function tap.dies_in_order(labels, f, name)
        check_function(f, "dies_in_order")
        local heap, log, names = heap_of_tests(), {}, {}
        local function note(x, label)
            if type(x) == "string" then x, label = label, x end
            if x == nil then log[#log + 1] = label
            else names[heap.id(x)] = label end
            return x
        end
        local function on_death(info)
            local label = names[info.id]
            if label then log[#log + 1] = label end
        end
        heap.gc.on("death", on_death)
        local fine, message = pcall(function() f(note) end)
        if heap.settle then heap.settle() end
        if #log < #labels then heap.collect() end
        heap.gc.off("death", on_death)
        if not fine then
            return tap.report(false, name, { { "got", "an error: " .. tostring(message) } })
        end
        return tap.report(table.concat(log, "\0") == table.concat(labels, "\0"), name, {
            { "got", table.concat(log, ", ") }, { "expected", table.concat(labels, ", ") } })
    end
end
