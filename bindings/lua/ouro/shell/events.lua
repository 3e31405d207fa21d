-- SPDX-License-Identifier: MIT
-- Events: what a statement has caused, told after it: who died, in order, why and whom it took
-- along; what is unreachable now and waits for a collection; what was resurrected. Nothing
-- when nothing happened.
local shell = ...
local events = {}

-- 1234567 as 1,234,567.
function events.number(n)
    local text = ("%d"):format(n)
    local found
    repeat text, found = text:gsub("^(-?%d+)(%d%d%d)", "%1,%2") until found == 0
    return text
end

local function name_of(one) return ("%s #%d"):format(one.type, one.id) end

-- What the last reference was, as obituary.c words it.
local function describe_reference(reference)
    reference = reference:gsub(", or by Lua$", "")
    local name, frame = reference:match("^name (.*) in (.-)$")
    if name then
        local where = frame ~= "main" and " in " .. frame or ""
        return ("last name '%s'%s gone"):format(name, where)
    end
    if reference == "pin" then return "last pin gone" end
    if reference == "held by Lua" then return "no longer held by Lua" end
    if reference:find("^#") then return ("last reference %s gone"):format(reference) end
    return "by " .. reference
end

local function describe_death(death, first)
    local text = "- " .. name_of(death) .. " died"
    if death.with then
        text = text .. (death.with == first and " with it" or (" with #%d"):format(death.with))
    elseif death.by == "collection" then
        text = text .. " (collected: only a cycle kept it)"
    elseif death.by == "limit" then
        text = text .. " (collected to make room)"
    elseif death.by == "close" then
        text = text .. " (the heap has closed)"
    elseif death.reference then
        text = text .. " (" .. describe_reference(death.reference) .. ")"
    end
    if death.finalizer == "raised an error" then text = text .. "; its __del raised an error" end
    return text
end

local function describe_other(other)
    if other.event == "birth" then return "+ " .. name_of(other) .. " was made" end
    if other.event == "stop" then
        return ("~ a collection of generation %d found %s"):format(other.generation,
            events.number(other.count))
    end
    return "* " .. name_of(other) .. " was resurrected: it was made reachable again while dying"
end

local function tell(line, kind)
    shell.host.note(shell.paint(kind, shell.fit(line, 2)) .. "\n")
end

local function tell_more(h)
    local resurrected = 0
    for _, other in ipairs(h.others) do
        resurrected = resurrected + (other.event == "resurrect" and 1 or 0)
    end
    local died, revived = h.died - #h.deaths, h.resurrected - resurrected
    if died > 0 then
        tell(#h.deaths > 0 and ("- and %s more"):format(events.number(died))
            or ("- %s died"):format(events.number(died)), "death")
    end
    if revived <= 0 then return end
    tell(("* and %s more resurrected"):format(events.number(revived)), "hint")
end

local function tell_happened(h)
    local first, next_other = nil, 1
    local function tell_others(until_after)
        local other = h.others[next_other]
        while other and other.after <= until_after do
            tell(describe_other(other), other.event == "resurrect" and "hint" or "dim")
            next_other = next_other + 1
            other = h.others[next_other]
        end
    end
    for i, death in ipairs(h.deaths) do
        tell_others(i - 1)
        if not death.with then first = death.id end
        tell(describe_death(death, first), "death")
    end
    tell_others(math.huge)
    tell_more(h)
end

-- What a full collection would find is looked for in heaps of a bounded size only: it takes
-- time in proportion to the heap, after each statement.
local function tell_unreachable(h)
    local most = shell.options.cycles
    if most == 0 then return end
    if h.live > most then
        shell.unreachable = 0
        shell.once("big heap", "(more than %s objects: unreachable cycles are no longer looked "
            .. "for after each statement; :cycles does, and `:set cycles N` sets the bound)",
            events.number(most))
        return
    end
    local count = shell.host.happened.unreachable()
    local before = math.max(0, shell.unreachable - h.collected)
    shell.unreachable = count
    local new = count - before
    if new <= 0 then return end
    tell(("! %s object%s now unreachable in a cycle (collect() frees %s)"):format(
        events.number(new), new == 1 and "" or "s", new == 1 and "it" or "them"), "hint")
end

local function on() return shell.options.events ~= "off" end

function events.before()
    events.listening = on()
    if not events.listening then return end
    shell.host.happened.begin(shell.options.events == "all", shell.options.count)
end

function events.after()
    if not events.listening then return end
    events.listening = false
    local h = shell.host.happened.finish()
    if not h then
        return shell.once("closed", "(the heap is closed; :reset opens a fresh one)")
    end
    tell_happened(h)
    local fine = pcall(tell_unreachable, h)
    if not fine then shell.unreachable = 0 end
end

return events
