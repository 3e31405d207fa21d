-- SPDX-License-Identifier: MIT
-- Deep: the first difference of two structures, of tables and managed objects, for is_deeply.
-- Tables and containers are compared by their entries, objects of the same class by their
-- attributes, sets by their members; everything else by ==. Not recursive: depth does not
-- matter, and a pair that is met again is taken as equal, so that cycles are no obstacle.
local show = require "ouro.show"

local deep = {}

-- The same object or value, equal by ==, or both not a number.
function deep.equal(a, b)
    if rawequal(a, b) then return true end
    local fine, result = pcall(function() return a == b end)
    return fine and result and true or (a ~= a and b ~= b)
end

-- What the value is made of: "table", or what typeof says of managed structures; nil for all
-- that has no parts to compare.
local function structure(value)
    if type(value) == "table" then return "table" end
    local ouro = package.loaded.ouro
    if type(value) ~= "userdata" or not ouro then return nil end
    local fine, kind = pcall(ouro.typeof, value)
    if not fine or kind == "weak" or kind == "finalize" or kind == "class" then return nil end
    return pcall(ouro.attrs, value) and kind or nil
end

-- The entries, read once: a key that equals another is found by it, as in the original.
local function entries(value, kind)
    local keys, values = {}, {}
    local iterate = (kind == "list" or kind == "tuple") and package.loaded.ouro.ipairs or pairs
    for key, item in iterate(value) do
        keys[#keys + 1] = key
        values[#values + 1] = { item }
    end
    return keys, values
end

local function entry(value, kind, key)
    if kind == "list" or kind == "tuple" then
        local whole = math.type(key) == "integer" and key >= 1 and key <= #value
        if not whole then return nil end
    end
    local fine, item = pcall(function() return value[key] end)
    return fine and item or nil
end

local function text_of_key(path, key)
    if type(key) == "string" and key:match("^[%a_][%w_]*$") then return path .. "." .. key end
    return path .. "[" .. show.value(key) .. "]"
end

-- The whole path, from the last step back.
local function path_of(step)
    local keys = {}
    while step.parent do
        table.insert(keys, 1, step)
        step = step.parent
    end
    local path = "it"
    for _, at in ipairs(keys) do path = text_of_key(path, at.key) end
    return path
end

-- Whether the pair has been met, which then is noted.
local function met(seen, x, y)
    seen[x] = seen[x] or {}
    if seen[x][y] then return true end
    seen[x][y] = true
    return false
end

local function differ(step, key, x, y)
    return { path = path_of({ parent = step, key = key }), got = x, expected = y }
end

-- Adds the pairs of entries to compare; or gives the first that only one of both has.
local function add_pairs(todo, step, kind)
    local x, y = step.x, step.y
    for _, key in ipairs((entries(x, kind))) do
        if entry(y, kind, key) == nil and entry(x, kind, key) ~= nil then
            return differ(step, key, entry(x, kind, key), nil)
        end
    end
    local keys, values = entries(y, kind)
    for i, key in ipairs(keys) do
        local mine = entry(x, kind, key)
        if mine == nil and values[i][1] ~= nil then return differ(step, key, nil, values[i][1]) end
        todo[#todo + 1] = { parent = step, key = key, x = mine, y = values[i][1] }
    end
    if (kind == "list" or kind == "tuple") and #x ~= #y then
        return { path = "#" .. path_of(step), got = #x, expected = #y }
    end
end

-- {path=, got=, expected=}, or nil if there is none.
function deep.difference(a, b)
    local todo, seen, at = { { x = a, y = b } }, {}, 1
    while todo[at] do
        local step = todo[at]
        local x, y = step.x, step.y
        if not deep.equal(x, y) then
            local kind, other = structure(x), structure(y)
            if not kind or kind ~= other then
                return { path = path_of(step), got = x, expected = y }
            end
            local found = not met(seen, x, y) and add_pairs(todo, step, kind)
            if found then return found end
        end
        at = at + 1
    end
end

return deep
