-- SPDX-License-Identifier: MIT
-- Layout: the text of a structure over several lines. It works on the text that repr gives,
-- by its brackets and quotes, so it looks at no object: what fits into a line stays in one;
-- otherwise a container's items go on lines of their own, short ones as many as fit.
local shell = ...
local layout = {}

local closing = { ["("] = ")", ["["] = "]", ["{"] = "}" }

-- Reads the text from a position: items separated by commas, up to the closing bracket. An item
-- is an array of strings and groups; a group is {open=, close=, items=}. nil: not balanced.
local function parse(text, at, close, depth)
    if depth > 150 then return nil end
    local items, item = {}, {}
    local function add(piece) item[#item + 1] = piece end
    while at <= #text do
        local c = text:sub(at, at)
        if c == '"' then
            local stop = at + 1
            while stop <= #text and text:sub(stop, stop) ~= '"' do
                stop = stop + (text:sub(stop, stop) == "\\" and 2 or 1)
            end
            if stop > #text then return nil end
            add(text:sub(at, stop))
            at = stop + 1
        elseif closing[c] then
            local inner, after = parse(text, at + 1, closing[c], depth + 1)
            if not inner then return nil end
            add { open = c, close = closing[c], items = inner }
            at = after
        elseif c == close then
            if #item > 0 or #items > 0 then items[#items + 1] = item end
            return items, at + 1
        elseif c == ")" or c == "]" or c == "}" then
            return nil
        elseif close and c == "," and text:sub(at + 1, at + 1) == " " then
            items[#items + 1] = item
            item = {}
            at = at + 2
        else
            local stop = text:find('[%(%[{"%)%]},]', at + 1) or #text + 1
            add(text:sub(at, stop - 1))
            at = stop
        end
    end
    if close then return nil end
    items[1] = item
    return items, at
end

local function columns(text) return utf8.len(text) or #text end

local words = { ["nil"] = "keyword", ["true"] = "keyword", ["false"] = "keyword" }

-- A piece that is no group, in colours. May be "name=12" or "key: true".
local function painted(piece)
    if piece:sub(1, 1) == '"' then return shell.paint("string", piece) end
    local label, value = piece:match("^(.-[=:] ?)(.*)$")
    if not label then label, value = "", piece end
    local kind = words[value] or tonumber(value) and "number"
        or value:find("^%.%.%.") and "dim"
    if not kind then return piece end
    return label .. shell.paint(kind, value)
end

local flat_item

local function flat_group(group, paint)
    local parts = {}
    for i, item in ipairs(group.items) do parts[i] = flat_item(item, paint) end
    return group.open .. table.concat(parts, ", ") .. group.close
end

function flat_item(item, paint)
    local parts = {}
    for i, piece in ipairs(item) do
        if type(piece) == "table" then parts[i] = flat_group(piece, paint)
        else parts[i] = paint and painted(piece) or piece end
    end
    return table.concat(parts)
end

local lay_item

-- Whether all items are short and without groups: then many go on a line.
local function is_fine_grained(group)
    if #group.items < 8 then return false end
    for _, item in ipairs(group.items) do
        for _, piece in ipairs(item) do
            if type(piece) == "table" then return false end
        end
        if columns(flat_item(item)) > 24 then return false end
    end
    return true
end

local function lay_filled(group, indent, width)
    local lines, line, used = {}, {}, indent
    for i, item in ipairs(group.items) do
        local last = i == #group.items
        local size = columns(flat_item(item)) + (last and 0 or 2)
        if used + size - 1 > width and #line > 0 then
            lines[#lines + 1] = (" "):rep(indent) .. table.concat(line)
            line, used = {}, indent
        end
        line[#line + 1] = flat_item(item, true) .. (last and "" or ", ")
        used = used + size
    end
    lines[#lines + 1] = (" "):rep(indent) .. table.concat(line)
    for i, one in ipairs(lines) do lines[i] = one:gsub(" +$", "") end
    return table.concat(lines, "\n")
end

local function lay_group(group, indent, width)
    local inner = indent + 2
    if #group.items == 0 or inner > width - 8 then return flat_group(group, true) end
    local parts = {}
    if is_fine_grained(group) then
        parts[1] = lay_filled(group, inner, width)
    else
        for i, item in ipairs(group.items) do
            local room = width - (i < #group.items and 1 or 0)
            parts[i] = (" "):rep(inner) .. lay_item(item, inner, inner, room)
        end
    end
    return group.open .. "\n" .. table.concat(parts, ",\n") .. "\n" .. (" "):rep(indent)
        .. group.close
end

-- The item's text, which begins at a column.
function lay_item(item, column, indent, width)
    if column + columns(flat_item(item)) <= width then return flat_item(item, true) end
    local parts = {}
    for i, piece in ipairs(item) do
        local open = type(piece) == "table"
        parts[i] = open and lay_group(piece, indent, width) or painted(piece)
    end
    return table.concat(parts)
end

-- The text as it is printed for that many columns, nil: in one line.
function layout.lay(text, width)
    local items = not text:find("\n", 1, true) and #text < 1000000 and parse(text, 1, nil, 0)
    if not items then return text end
    if not width then return flat_item(items[1], true) end
    return lay_item(items[1], 0, 0, width)
end

return layout
