-- SPDX-License-Identifier: MIT
-- Handles: random operations on managed objects that names, attributes and containers count and
-- that locals, tables, closures and coroutines of Lua hold, in both modes of Lua's collector,
-- against a model (handles/model.lua) after each operation: who is alive, all counts, and the
-- order in which finalizers, callbacks and records ran.
--
--   OURO_SEED=n     the first seed; printed, so that a run can be repeated
--   OURO_OPS=n      how many operations
--
-- A run that fails is made as short as possible and printed as a script for the shell.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local tap = require "ouro.tap"
local run = require "handles.run"

local LENGTH = 100 -- of a sequence; each has a new heap

local seed = math.tointeger(tonumber(os.getenv "OURO_SEED" or "")) or 1
local total = math.tointeger(tonumber(os.getenv "OURO_OPS" or "")) or 5000

-- xorshift64* (Vigna, 2014): the same numbers with every Lua.
local function generator(from)
    local x = from * 0x9E3779B97F4A7C15 | 1
    return function()
        x = x ~ (x >> 12)
        x = x ~ (x << 25)
        x = x ~ (x >> 27)
        return (x * 0x2545F4914F6CDD1D) >> 33
    end
end

local function sequence(from, length)
    local ops, number = {}, generator(from)
    for i = 1, length do ops[i] = run.ops.random(number) end
    return ops
end

local function show(failure, from)
    tap.diag(("OURO_SEED=%d OURO_OPS=%d, made as short as possible:"):format(from, LENGTH))
    -- On standard error, as it is: to be copied.
    io.stderr:write(run.script(failure), "\n")
    tap.diag("log of the last line: " .. table.concat(failure.log, ", "))
end

-- Runs sequences until one fails. Gives the failure, made short, and the seed.
local function random_runs(from, count, fails)
    local done = 0
    while done < count do
        local ops = sequence(from, math.min(LENGTH, count - done))
        local failure = fails(ops)
        if failure then return run.shrink(ops, failure, fails), from end
        done = done + #ops
        from = from + 1
    end
end

tap.note(("OURO_SEED=%d OURO_OPS=%d"):format(seed, total))
local counts = {}
local failure, from = random_runs(seed, total, function(ops)
    return run.sequence(ops, run.known, counts)
end)
if failure then show(failure, from) end
tap.is(failure and failure.why, nil, "the world does what the model says")

local events = {}
for what, count in pairs(counts) do events[#events + 1] = what .. " " .. count end
table.sort(events)
tap.note(table.concat(events, ", "))
tap.todo("open; lua/underneath.lua has the shortest scripts", function()
    for i = 2, #run.known do tap.is(counts[run.known[i].name], nil, run.known[i].name) end
end)

-- A model that is wrong in one way is found out, and by few operations, where the right one
-- agrees with the world.
tap.subtest("planted mistakes of the model", function()
    for _, wrong in ipairs(require "handles.wrong") do
        local found = random_runs(1, 20000, function(ops)
            local restore = wrong.plant(run.ops.model)
            local bad = run.sequence(ops, run.strict)
            restore()
            return bad and not run.sequence(ops, run.strict) and bad or nil
        end)
        tap.ok(found, wrong.name)
        if found then
            tap.cmp_ok(#found.lines, "<=", 15, "shown in few lines")
            tap.ok(load(run.script(found)), "that are a script")
        end
    end
end)

tap.done_testing()
