-- SPDX-License-Identifier: MIT
-- Options: `:set option value`.
local shell = ...
local options = {}

local function whole(least, most)
    return function(text)
        local n = math.tointeger(tonumber(text))
        if n and n >= least and n <= most then return n end
        return nil, ("a whole number from %d to %d"):format(least, most)
    end
end

local values = {}

local function one_of(...)
    local words = { ... }
    local function read(text)
        for _, word in ipairs(words) do
            if word == text then return word end
        end
        return nil, "one of " .. table.concat(words, ", ")
    end
    values[read] = words
    return read
end

local function number_or_auto(least, most)
    local number = whole(least, most)
    return function(text)
        if text == "auto" then return "auto" end
        local n, wanted = number(text)
        return n, "auto, or " .. (wanted or "")
    end
end

-- name, how its value is read, help
local known = {
    { "colour", one_of("auto", "on", "off"), "colours; auto: at a terminal without NO_COLOR" },
    { "count", whole(0, 64), "how many deaths are told one by one" },
    { "cycles", whole(0, 1000000000),
        "largest heap searched for new garbage after each statement; 0: none" },
    { "depth", whole(1, 1000), "levels of a structure that are printed" },
    { "events", one_of("off", "deaths", "all"), "what is told after each statement" },
    { "ids", one_of("on", "off"), "whether an object's id is printed with it" },
    { "items", whole(1, 10000000), "items of a structure that are printed" },
    { "prompt", one_of("plain", "live"), "live: with the number of live objects" },
    { "width", number_or_auto(20, 10000), "columns to lay out for" },
}

-- The names of all options, or the words that one of them takes.
function options.words(name)
    local names = {}
    for i, option in ipairs(known) do
        if option[1] == name then return values[option[2]] or {} end
        names[i] = option[1]
    end
    return name and {} or names
end

local function find(name)
    local names = {}
    for i, option in ipairs(known) do
        if option[1] == name then return option end
        names[i] = option[1]
    end
    local meant = shell.nearest(name, names)
    shell.host.complain(("no option is called '%s'%s; :set lists them\n"):format(name,
        meant and (", did you mean '%s'?"):format(meant) or ""))
end

local function list()
    for _, option in ipairs(known) do
        local value = tostring(shell.options[option[1]])
        shell.note("%-7s %-7s %s", option[1], value, shell.wrap(option[3], 16))
    end
end

function options.set(rest)
    local name, value = rest:match("^([%w_]+)%s*=?%s*(.-)$")
    if not name then return list() end
    local option = find(name)
    if not option then return end
    if value == "" then return shell.note("%s %s", name, tostring(shell.options[name])) end
    local read, wanted = option[2](value)
    if read == nil then
        shell.host.complain(("%s has to be %s; got '%s'\n"):format(name, wanted, value))
        return
    end
    shell.options[name] = read
end

return options
