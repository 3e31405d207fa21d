-- SPDX-License-Identifier: MIT
-- Run: one sequence of operations on a world and on a model, compared after each; and the
-- shortest part of a failing sequence that still fails.
local ops = require "handles.ops"

local run = {}

local EXPLANATIONS = 20000 -- tried for one operation, at most

local here = debug.getinfo(1, "S").source:match("^@(.*)run%.lua$")
local file <close> = assert(io.open(here .. "world.lua"))
run.world_text = file:read "a"

local function new_world()
    local world = setmetatable({}, { __index = _G })
    assert(load(run.world_text, "=world", "t", world))()
    world.base = world.h.heap.live()
    return world
end

local function difference(m, world, seen)
    if #seen.log ~= m.said then
        return ("log %d: the model says nothing more, the world '%s'"):format(m.said + 1,
            seen.log[m.said + 1])
    end
    local alive = 0
    for id = 1, m.made do
        if (m.objects[id] ~= nil) ~= (seen.alive[id] == true) then
            return ("object %d is %s, but has to be %s"):format(id,
                seen.alive[id] and "alive" or "dead", seen.alive[id] and "dead" or "alive")
        end
        alive = alive + (m.objects[id] and 1 or 0)
    end
    -- Each object has a weak reference; a pending record has a tuple of what to call.
    local live = world.base + alive + m.made + m.watches + m:pending()
    if seen.live ~= live then
        return ("heap.live() is %d, but has to be %d"):format(seen.live, live)
    end
end

local function wrong_count(m, seen)
    for id, count in pairs(seen.counts) do
        local right = m:count(id)
        if count ~= right then
            return ("refcount of object %d is %d, but has to be %d"):format(id, count, right)
        end
    end
end

-- ---- explaining ----------------------------------------------------------------------------

-- Counts through the choices: the last that has more goes on, those after it begin anew.
local function next_choices(choices)
    while #choices > 0 do
        local last = choices[#choices]
        if last[1] < last[2] then
            last[1] = last[1] + 1
            return true
        end
        choices[#choices] = nil
    end
end

local function choose_from(choices)
    local at = 0
    return function(n)
        at = at + 1
        if not choices[at] then choices[at] = { 1, n } end
        return choices[at][1]
    end
end

-- The model after the change, in the first way that explains what was seen; or nil and why not.
local function explain(m, change, world, seen, known)
    local choices, first = {}, nil
    for _ = 1, EXPLANATIONS do
        local w = m:clone()
        w.said = 0
        w.explain = { expected = seen.log, choose = choose_from(choices),
            loose = known.order }
        local fine, problem = pcall(change, w)
        if not fine and type(problem) ~= "table" then error(problem, 0) end
        local why = fine and difference(w, world, seen) or not fine and problem.why
        if not why then return w end
        first = first or why
        if not next_choices(choices) then break end
    end
    return nil, first
end

-- ---- a sequence ----------------------------------------------------------------------------

-- What has happened, for the test to see that all of it does.
local function count_events(counts, what, log)
    counts[what] = (counts[what] or 0) + 1
    for _, text in ipairs(log) do
        local word = text:match "^%a+"
        if not text:find "collected 0" then counts[word] = (counts[word] or 0) + 1 end
    end
end

local function one_operation(state, op)
    local line, change = ops.prepare(state.model, op)
    if not line then return end
    local world = state.world
    state.lines[#state.lines + 1] = line
    local seen = world.run(line)
    local w, why
    for _, known in ipairs(state.known) do
        local first
        w, first = explain(state.model, change, world, seen, known)
        why = why or first
        if w then
            if known.name then count_events(state.counts, known.name, {}) end
            break
        end
    end
    if not w then return why, seen.log end
    state.model = w
    count_events(state.counts, op[1], seen.log)
    return wrong_count(w, seen), seen.log
end

-- Everything is let go: nothing may be left, then the heap closes.
local function finish(state)
    local world = state.world
    for s = 1, 8 do world.L[s] = nil end
    while #world.C > 0 do world.leave() end
    local fine, message = pcall(world.h.heap.check)
    world.h:close()
    if not fine then return "heap.check: " .. tostring(message) end
end

-- What is known to differ from the semantics (lua/underneath.lua has a test of each). An
-- explanation with as little of it as possible is looked for.
run.strict = { {} }
run.known = { {}, { name = "(order of dying)", order = true } }

-- Runs the operations. Gives nil, or { why =, at =, lines =, log = }. known: one of the above.
-- counts, if given, is where operations and events are counted.
function run.sequence(sequence, known, counts)
    local state = { world = new_world(), model = ops.model.new(), lines = {}, known = known,
        counts = counts or {} }
    local why, log
    for step, op in ipairs(sequence) do
        why, log = one_operation(state, op)
        if why then return { why = why, at = step, lines = state.lines, log = log } end
    end
    collectgarbage "incremental"
    why = finish(state)
    return why and { why = why, at = #sequence, lines = state.lines, log = {} }
end

-- ---- shrinking -----------------------------------------------------------------------------

local function without(sequence, from, count)
    local rest = {}
    for i, op in ipairs(sequence) do
        if i < from or i >= from + count then rest[#rest + 1] = op end
    end
    return rest
end

-- Takes away as much as can go while `fails` still gives a failure: halves, then quarters, down
-- to single operations, until nothing more can go. The last failure; the sequence ends with it.
function run.shrink(sequence, failure, fails)
    local size = #sequence // 2
    while size >= 1 do
        local from, shorter = 1, false
        while from <= #sequence do
            local rest = without(sequence, from, size)
            local found = fails(rest)
            if found then
                for i = #rest, found.at + 1, -1 do rest[i] = nil end
                sequence, failure, shorter = rest, found, true
            else
                from = from + size
            end
        end
        if not shorter or size > 1 then size = size // 2 end
    end
    return failure
end

-- The failing run as a script.
function run.script(failure)
    local text = { "do local _ENV = setmetatable({}, { __index = _ENV })", run.world_text }
    for _, line in ipairs(failure.lines) do text[#text + 1] = ("show [==[%s]==]"):format(line) end
    text[#text + 1] = ("print %q end"):format("The last line is wrong: " .. failure.why)
    return table.concat(text, "\n")
end

run.ops = ops
return run
