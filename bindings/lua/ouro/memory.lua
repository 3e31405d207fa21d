-- SPDX-License-Identifier: MIT
-- Memory: the checks of ouro.tap about who dies when. They work on the heap tap.heap, or on
-- the default one.
--
-- What a check is about is never in a variable while the check looks: f is called inside
-- another function, of which only a weak reference comes back. And the reference is asked by
-- a call, w(): for a field, w.alive, Lua keeps what is left over in the asker's registers.
local show = require "ouro.show"

-- The same f may be a name of the script: its results go before anything is asked.
local function weakly(heap, f)
    local function watch(...)
        local watched = {}
        for i = 1, select("#", ...) do watched[i] = heap.weak((select(i, ...))) end
        return watched
    end
    return watch(f())
end

-- Text of what a weak reference still finds, and why it is there.
local function describe(heap, w)
    local function look(x)
        if x == nil then return "dead" end
        local fine, holders = pcall(heap.holders, x)
        local text = show.value(x)
        return fine and text .. "; held by: " .. tostring(holders) or text
    end
    return look(w())
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

local function garbage_text(heap)
    local texts = {}
    for _, group in ipairs(heap.heap.cycles()) do
        if group.garbage then texts[#texts + 1] = tostring(group) end
    end
    return #texts > 0 and table.concat(texts, "; ") or "no cycles"
end

-- Runs f with automatic collection off; how many objects it left that only cycles keep.
local function count_leaks(heap, f)
    clean(heap)
    local enabled = heap.gc.isenabled()
    heap.gc.disable()
    local fine, message = pcall(function() f() end)
    local text = garbage_text(heap)
    local found = heap.collect()
    if enabled then heap.gc.enable() end
    if not fine then error(message, 0) end
    return { found = found, text = text }
end

return function(tap)
    tap.own(debug.getinfo(1, "S").source)

    local function heap_of_tests()
        return tap.heap or require "ouro"
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
            local got = #watched == 0 and "f returned nothing" or describe(heap, alive)
            return { { "got", got }, { "expected", "dead" } }
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
            { "got", ("%d leaked objects: %s"):format(result.found, result.text) },
            { "expected", ("%d leaked objects"):format(n) },
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
        local count = heap.refcount(x)
        return tap.report(count == n, name, function()
            return { { "got", tostring(count) }, { "expected", tostring(n) },
                { "holders", tostring(heap.holders(x)) } }
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
