-- SPDX-License-Identifier: MIT
-- Show: any value as a short text for people, and text as a quoted string that YAML reads.
-- Managed objects as repr gives them; tables of Lua with their fields, bounded.
local show = {}

local MOST_ITEMS, MOST_DEPTH, MOST_LENGTH = 20, 3, 2000

-- In double quotes; everything beyond printable ASCII and valid UTF-8 escaped.
function show.quote(text)
    local named = { ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r", ['"'] = '\\"',
        ["\\"] = "\\\\" }
    text = tostring(text)
    text = text:gsub('[%c"\\\127]', function(c)
        return named[c] or ("\\x%02x"):format(c:byte())
    end)
    if not utf8.len(text) then
        text = text:gsub("[\128-\255]", function(c) return ("\\x%02x"):format(c:byte()) end)
    end
    return '"' .. text .. '"'
end

local function managed_text(value)
    local ouro = package.loaded.ouro
    if type(value) ~= "userdata" or not ouro then return nil end
    local fine, text = pcall(ouro.repr, value)
    return fine and type(text) == "string" and text or nil
end

-- "table", "userdata", or what typeof calls a managed object.
function show.type(value)
    if math.type(value) then return math.type(value) end
    local ouro = managed_text(value) and package.loaded.ouro
    if ouro then
        local fine, name = pcall(ouro.typeof, value)
        if fine then return tostring(name) end
    end
    return type(value)
end

-- Keys: 1 to n, then strings, then the others as they come.
local function sorted_keys(t)
    local strings, others = {}, {}
    for key in next, t do
        local counted = math.type(key) == "integer" and key >= 1 and key <= #t
        if type(key) == "string" then strings[#strings + 1] = key
        elseif not counted then others[#others + 1] = key end
    end
    table.sort(strings)
    return strings, others
end

local table_text

local function text_of(value, depth)
    if type(value) == "string" then return show.quote(value) end
    local text = managed_text(value)
    if text then return text end
    if type(value) ~= "table" then return tostring(value) end
    local meta = getmetatable(value)
    if type(meta) == "table" and meta.__tostring then
        local fine, own = pcall(tostring, value)
        if fine then return own end
    end
    if depth >= MOST_DEPTH then return next(value) == nil and "{}" or "{...}" end
    return table_text(value, depth + 1)
end

function table_text(t, depth)
    local parts, strings, others = {}, sorted_keys(t)
    local total = #t + #strings + #others
    local function add(text) parts[#parts + 1] = text end
    for i = 1, #t do
        if #parts == MOST_ITEMS then break end
        add(text_of(rawget(t, i), depth))
    end
    for _, key in ipairs(strings) do
        if #parts == MOST_ITEMS then break end
        local name = key:match("^[%a_][%w_]*$") or "[" .. show.quote(key) .. "]"
        add(name .. " = " .. text_of(t[key], depth))
    end
    for _, key in ipairs(others) do
        if #parts == MOST_ITEMS then break end
        add("[" .. text_of(key, MOST_DEPTH) .. "] = " .. text_of(t[key], depth))
    end
    if total > #parts then add(("... %d more"):format(total - #parts)) end
    return "{" .. table.concat(parts, ", ") .. "}"
end

function show.value(value)
    local text = text_of(value, 0)
    if #text > MOST_LENGTH then
        return text:sub(1, MOST_LENGTH) .. ("... %d more bytes"):format(#text - MOST_LENGTH)
    end
    return text
end

return show
