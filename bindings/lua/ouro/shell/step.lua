-- SPDX-License-Identifier: MIT
-- Step: `:step`, one collection, phase by phase.
local shell = ...
local gc, say = shell.ouro.gc, function(format, ...) shell.note(format, ...) end

return function()
    local phases, found = 0, nil
    local function on_step(info)
        phases = phases + 1
        say("  %d  %s%s", phases, info.phase or "?",
            info.count and info.count > 0 and (", %d objects"):format(info.count) or "")
    end
    local function on_cycle(info)
        say("     unreachable: %d, the oldest is %s #%d", info.count, info.type or "?",
            info.id or 0)
    end
    gc.on("step", on_step)
    gc.on("cycle", on_cycle)
    say("a full collection of %d objects (%s):", shell.ouro.heap.live(), gc.policy())
    local fine, result = pcall(gc.collect)
    gc.off("step", on_step)
    gc.off("cycle", on_cycle)
    if not fine then return shell.host.complain(tostring(result) .. "\n") end
    found = result
    say("it found %d unreachable; %d live now", found, shell.ouro.heap.live())
end
