-- SPDX-License-Identifier: MIT
-- Under: what the scenario files share. A scenario is a function that runs once under each
-- collector policy, with automatic collection off; afterwards the heap is as it was, it
-- checks, and nothing was reported but what the scenario asked about.
--
--   local under = dofile(arg[0]:match("^.*/") .. "under.lua")
--   under.scenario("B02 newest first", function(it) ... end)
--
-- it:mark(x) appends to the log, it:said() empties it into one text; it:reports() empties
-- the errors reported so far into an array.
local ouro = require "ouro"
local tap = require "ouro.tap"
local gc, heap = ouro.gc, ouro.heap

local under = {}
local it = {}
it.__index = it

function it:mark(value) self.log[#self.log + 1] = tostring(value) end

function it:said()
    local text = table.concat(self.log, " ")
    self.log = {}
    return text
end

function it:reports()
    local reports = self.errors
    self.errors = {}
    return reports
end

local function run(policy, f)
    local self = setmetatable({ log = {}, errors = {}, policy = policy }, it)
    local before, policy_before = heap.live(), gc.policy(policy)
    gc.on_error(function(report) self.errors[#self.errors + 1] = report end)
    f(self)
    gc.collect()
    gc.on_error(nil)
    gc.disable()
    gc.policy(policy_before)
    tap.is(heap.live(), before, "nothing is left over")
    local unexpected = self.errors[1]
    tap.is(unexpected and unexpected.what .. ": " .. unexpected.message, nil,
        "no error was reported unasked")
    tap.lives(heap.check, "the heap checks")
end

-- scenario(name, f): f(it) under each policy.
function under.scenario(name, f)
    tap.subtest(name, function()
        for _, policy in ipairs(gc.policies()) do
            tap.subtest(policy, function() run(policy, f) end)
        end
    end)
end

-- A class whose finalizer logs the object's `n`; `ref` and `more` are for references.
function under.logging_class(name, log)
    local class = ouro.class(name, { "n", "ref", "more" })
    function class:__del() log(self.n) end
    return class
end

gc.disable()
return under
