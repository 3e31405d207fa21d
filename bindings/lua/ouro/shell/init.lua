-- SPDX-License-Identifier: MIT
-- Init: the prompt's Lua half (bindings/shell/half.h). Gets the host, a table of functions of
-- the command, and returns the functions that the loop calls: prompt, command, before, show,
-- explain, after, renew.
--
-- RULES. Nothing here keeps a value of the session beyond a call: no object, no table, no
-- function, only text and numbers. Nothing makes a managed object or runs code of the user's,
-- but for the text of what is printed as the value of an expression (__repr, __tostring) and
-- what :watch was told to evaluate. What is kept has a fixed size.
local host = ...

local shell = {
    host = host,
    ouro = host.environment.ouro,
    options = {
        colour = "auto", count = 10, cycles = 500000, depth = 6, events = "off", ids = "off",
        items = 200, prompt = "plain", width = "auto",
    },
    watches = {},      -- of {text=, last=}
    unreachable = 0,   -- objects that were known to be so after the last statement
    told = {},         -- what is said once
    part = function(name, ...) return assert(host.part("ouro/shell/" .. name, ...)) end,
}
if host.terminal then shell.options.events = "deaths" end

local colours = {
    dim = "2", error = "1;31", hint = "33", keyword = "35", number = "36", string = "32",
    title = "1", death = "31",
}

-- The text, in that colour if there are colours.
function shell.paint(kind, text)
    local on = shell.options.colour
    if on == "auto" then on = host.colour() else on = on == "on" end
    if not on or text == "" then return text end
    return "\27[" .. colours[kind] .. "m" .. text .. "\27[0m"
end

-- Columns to lay out for; nil: lines are as long as they are.
function shell.width()
    if shell.options.width == "auto" then return host.width() end
    return shell.options.width
end

-- Whether characters beyond ASCII may be printed.
function shell.unicode() return host.unicode() end

-- The text in lines of the window's width, which begin behind so many blanks; those of the
-- first are the caller's (first: how many, if not as many).
function shell.wrap(text, indent, first)
    local width = shell.width() or 80
    local room = math.max(20, width - (first or indent))
    local lines, line = {}, ""
    for word in text:gmatch("%S+") do
        if line ~= "" and (utf8.len(line .. " " .. word) or 0) > room then
            lines[#lines + 1], line = line, ""
            room = math.max(20, width - indent)
        end
        line = line == "" and word or line .. " " .. word
    end
    lines[#lines + 1] = line
    return table.concat(lines, "\n" .. (" "):rep(indent))
end

-- The same where there is a window; elsewhere a line stays one.
function shell.fit(text, indent)
    if not shell.width() or utf8.len(text) and utf8.len(text) <= shell.width() then return text end
    return shell.wrap(text, indent, 0)
end

-- Prints lines that are not part of what the statement printed.
function shell.note(format, ...) host.note(format:format(...) .. "\n") end

-- Once in a session.
function shell.once(what, format, ...)
    if shell.told[what] then return end
    shell.told[what] = true
    host.note(shell.paint("hint", shell.fit(format:format(...), 1)) .. "\n")
end

shell.nearest = shell.part("nearest")
shell.layout = shell.part("layout", shell)
shell.values = shell.part("values", shell)
shell.events = shell.part("events", shell)
shell.errors = shell.part("errors", shell)
shell.commands = shell.part("commands", shell)

local half = {}

function half.prompt()
    if shell.options.prompt ~= "live" then return "> " end
    local fine, live = pcall(shell.ouro.heap.live)
    return fine and ("%d> "):format(live) or "> "
end

function half.command(line) return shell.commands.obey(line) end

function half.before()
    shell.commands.before_statement()
    shell.events.before()
end

function half.show(...) return shell.values.show(...) end

function half.explain(...) return shell.errors.explain(...) end

function half.after(fine, text)
    shell.events.after()
    shell.commands.after_statement(fine, text)
end

-- What may stand where a command's line ends: an array of words, each in the place of the line's
-- last word; nil: what stands there is Lua or a file.
function half.complete(line) return shell.part("words", shell)(line) end

-- The heap is another one.
function half.renew(happened, module)
    shell.ouro, host.environment.ouro, host.happened = module, module, happened
    shell.unreachable = 0
    shell.told.closed = nil
    shell.note("a fresh heap; Lua's globals are as they were")
    for _, watch in ipairs(shell.watches) do watch.last = nil end
end

return half
