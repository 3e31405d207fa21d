-- SPDX-License-Identifier: MIT
-- Words: what a command's line may go on with, for completion.
local shell = ...

local function beginning_with(start, words)
    local fitting = {}
    for _, word in ipairs(words) do
        if word:sub(1, #start) == start then fitting[#fitting + 1] = word end
    end
    table.sort(fitting)
    return fitting
end

local function names_of_commands(mark)
    local names = {}
    for i, command in ipairs(shell.commands.list) do names[i] = mark .. command.name end
    return names
end

local function documented()
    local documents = shell.host.part("ouro/doc")
    return documents and documents.names() or {}
end

local arguments = {
    apropos = documented,
    doc = documented,
    events = function() return { "all", "deaths", "off" } end,
    gc = function() return shell.commands.policies() end,
    help = function()
        local words = names_of_commands("")
        return table.move(documented(), 1, 1000, #words + 1, words)
    end,
    set = function(before)
        local name = before:match("^%s*([%w_]+)%s+$")
        return shell.part("options", shell).words(name)
    end,
    unwatch = function()
        local texts = {}
        for i, watch in ipairs(shell.watches) do texts[i] = watch.text end
        return texts
    end,
}

return function(line)
    local asked = line:match("^%s*%?%s*([%w_.:]*)$")
    if asked then return beginning_with(asked, documented()) end
    local begun = line:match("^%s*(:[%w_]*)$")
    if begun then return beginning_with(begun, names_of_commands(":")) end
    local name, before, last = line:match("^%s*:([%w_]+)(%s.-)([^%s]*)$")
    local words = name and arguments[name]
    return words and beginning_with(last, words(before)) or nil
end
