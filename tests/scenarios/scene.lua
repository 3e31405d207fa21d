-- SPDX-License-Identifier: MIT
-- Scene: what the scenario files share. A scenario runs once under every policy of gc, and
-- each run has to leave the heap as it found it: as many objects, every count right.
--
--     local scene = dofile((arg[0]:gsub("[^/]*$", "scene.lua")))
--     scene.play("R01 names and aliases", function() ... end)
--
-- Automatic collection is off. F("x") is an object whose finalizer notes "x"; said() gives
-- what was noted since it was last asked, in order.
local ouro = require "ouro"
local tap = require "ouro.tap"
local gc, heap = ouro.gc, ouro.heap

tap.own(debug.getinfo(1, "S").source)
gc.disable()

local policies = {}
for name in pairs(gc.policies()) do policies[#policies + 1] = name end
table.sort(policies)

local scene = { policies = policies }
local marks = {}

function scene.note(mark)
    marks[#marks + 1] = tostring(mark)
end

function scene.said()
    local text = table.concat(marks, " ")
    marks = {}
    return text
end

-- Plain objects, and objects that note their end.
scene.Node = ouro.class("Node", { "a", "b" })
scene.F = ouro.class("F", { "n", "ref", "other" })

function scene.F:__del()
    scene.note(self.n)
end

-- Garbage that finalizers made waits for the next collection: all of them.
local function sweep()
    repeat until ouro.collect() == 0
    ouro.settle()
end

local function play_once(policy, f)
    gc.policy(policy)
    sweep()
    local before = heap.live()
    f()
    sweep()
    tap.is(heap.live(), before, "nothing is left over")
    tap.ok(heap.check(), "the heap checks")
    marks = {}
end

-- Plays f under each policy, as one subtest with a subtest for each.
function scene.play(name, f)
    tap.subtest(name, function()
        local usual = gc.policy()
        for _, policy in ipairs(policies) do
            tap.subtest(policy, function() play_once(policy, f) end)
        end
        gc.policy(usual)
    end)
end

-- What errors of finalizers and callbacks say while f runs, joined by "; ".
function scene.errors(f)
    local texts = {}
    gc.on_error(function(info) texts[#texts + 1] = info.message end)
    local fine, message = pcall(f)
    gc.on_error(nil)
    if not fine then error(message, 0) end
    return table.concat(texts, "; ")
end

return scene
