-- SPDX-License-Identifier: MIT
-- Values: the text of any value, and the printing of an expression's values. Strings are
-- printed as they are; managed objects as repr gives them; tables of Lua with their fields,
-- bounded, instead of an address.
local shell = ...
local values = {}

local function is_managed(value)
    return type(value) == "userdata" and getmetatable(value) == "ouro.object"
end

-- In quotes, as repr has it, which for a string alone would make an object of it.
local function quoted(text)
    local named = { ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r", ['"'] = '\\"', ["\\"] = "\\\\" }
    return '"' .. text:gsub('[%c"\\\127]', function(c)
        return named[c] or ("\\%03d"):format(c:byte())
    end) .. '"'
end

-- A value that is no managed object, in a few words; looks at nothing.
function values.brief(value)
    if type(value) == "string" then return quoted(value) end
    if type(value) == "table" then return "<table>" end
    return shell.ouro.repr(value)
end

-- Of the two bounds of repr: items in all, levels.
local function bounds() return shell.options.depth, shell.options.items end

-- Strings, numbers and true before false; what cannot be compared, last and as it comes.
local function sorted_keys(t)
    local keys = {}
    for key in next, t do
        local counted = math.type(key) == "integer" and key >= 1 and key <= rawlen(t)
        if not counted then keys[#keys + 1] = key end
        if #keys > 10000 then break end
    end
    table.sort(keys, function(a, b)
        local order = { number = 1, string = 2 }
        local x, y = order[type(a)] or 3, order[type(b)] or 3
        if x ~= y then return x < y end
        return x < 3 and a < b
    end)
    return keys
end

local table_text

-- As within a structure.
function values.inner(value, state)
    if type(value) ~= "table" then
        if is_managed(value) then return shell.ouro.repr(value, 3, math.max(1, state.left)) end
        return values.brief(value)
    end
    local meta = getmetatable(value)
    if type(meta) == "table" and rawget(meta, "__tostring") then return tostring(value) end
    if state.path[value] then return "{...}" end
    if state.depth >= shell.options.depth then return next(value) and "{...}" or "{}" end
    return table_text(value, state)
end

function table_text(t, state)
    local parts, keys, total = {}, sorted_keys(t), nil
    total = rawlen(t) + #keys
    state.path[t], state.depth = true, state.depth + 1
    local function add(label, value)
        if state.left <= 0 then return false end
        state.left = state.left - 1
        parts[#parts + 1] = label .. values.inner(value, state)
        return true
    end
    local shown = 0
    for i = 1, rawlen(t) do
        if not add("", rawget(t, i)) then break end
        shown = shown + 1
    end
    for _, key in ipairs(keys) do
        local name = type(key) == "string" and key:match("^[%a_][%w_]*$")
        local label = name or "[" .. values.inner(key, { path = {}, depth = 99, left = 5 }) .. "]"
        if not add(label .. " = ", rawget(t, key)) then break end
        shown = shown + 1
    end
    if total > shown then parts[#parts + 1] = ("... %d more"):format(total - shown) end
    state.path[t], state.depth = nil, state.depth - 1
    return "{" .. table.concat(parts, ", ") .. "}"
end

-- The text of a value of an expression.
function values.text(value)
    if type(value) == "string" then return value end
    if type(value) == "function" or type(value) == "thread" then return shell.ouro.repr(value) end
    if is_managed(value) then
        local text = shell.ouro.repr(value, bounds())
        if shell.options.ids ~= "on" then return text end
        return text .. shell.paint("dim", ("  #%d"):format(shell.ouro.id(value)))
    end
    if type(value) ~= "table" then return tostring(value) end
    local meta = getmetatable(value)
    if type(meta) == "table" and rawget(meta, "__tostring") then return tostring(value) end
    return values.inner(value, { path = {}, depth = 0, left = shell.options.items })
end

-- Whether the text may be laid out: what is structured.
local function is_structure(value)
    if type(value) ~= "table" then return is_managed(value) end
    local meta = getmetatable(value)
    return not (type(meta) == "table" and rawget(meta, "__tostring"))
end

local function hint(texts)
    if not shell.width() then return end
    for _, text in ipairs(texts) do
        if text:find("... %d+ more[%)%]}]") or text:find("%.%.%.%d+ items?[%)%]}]") then
            shell.once("cut", "(cut: `:set items N` and `:set depth N` show more)")
            return
        end
    end
end

-- The text in colours, laid out for so many columns if there is a structure.
local function shown(text, value, structured, width)
    if structured then return shell.layout.lay(text, width) end
    local kind = type(value)
    if kind == "nil" or kind == "boolean" then return shell.paint("keyword", text) end
    return kind == "number" and shell.paint("number", text) or text
end

-- Prints the values of an expression. What is written down is for tests: without colours, in one
-- line.
function values.show(...)
    local all, texts, structured, length = table.pack(...), {}, {}, 0
    for i = 1, all.n do
        texts[i], structured[i] = values.text(all[i]), is_structure(all[i])
        length = length + #texts[i] + 8
    end
    local width = shell.width()
    local apart = all.n > 1 and width and length > width
    local lines, kept = {}, {}
    for i, text in ipairs(texts) do
        local own_lines = (all.n == 1 or apart) and width or nil
        lines[i] = shown(text, all[i], structured[i], own_lines)
        kept[i] = type(all[i]) == "table" and structured[i] and "(a table)" or text
    end
    shell.host.write(table.concat(lines, apart and "\n" or "\t") .. "\n",
        table.concat(kept, "\t") .. "\n")
    hint(texts)
end

return values
