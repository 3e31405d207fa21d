-- SPDX-License-Identifier: MIT
-- Tree: a picture as lines of text. Each object is spelt out where it is first met and named by
-- its id where a reference comes back to it; nothing recurses, whatever the structure.
local tree = {}

local function index_by_id(list)
    local by_id = {}
    for _, item in ipairs(list) do by_id[item.id] = item end
    return by_id
end

local function title(object)
    local marks = {}
    if object.garbage then marks[#marks + 1] = "garbage" end
    if object.held then marks[#marks + 1] = "held by Lua" end
    if object.pinned then marks[#marks + 1] = "pinned" end
    if object.code then marks[#marks + 1] = "held by C" end
    local tail = #marks > 0 and " (" .. table.concat(marks, ", ") .. ")" or ""
    return ("%s #%d x%d%s"):format(object.type, object.id, object.count, tail)
end

local function fold_text(fold)
    return ("... %d more object%s, %d bytes"):format(fold.objects,
        fold.objects == 1 and "" or "s", fold.bytes)
end

-- Many items without references: one line. The picture for dot.lua does the same.
local function plain_line(object)
    local texts = {}
    for _, field in ipairs(object) do
        if field.id or field.label:sub(1, 1) ~= "[" then return nil end
        texts[#texts + 1] = field.text
    end
    if #texts < 5 then return nil end
    local more = #texts - 8 + (object.more or 0)
    local text = table.concat(texts, ", ", 1, math.min(8, #texts))
    return more > 0 and ("%s, ... %d more"):format(text, more) or text
end

-- What hangs below the object, in order: lines, and other objects.
local function children(object, drawn, folds, options)
    local plain = plain_line(object)
    if plain then return { { text = plain } } end
    local list = {}
    for _, field in ipairs(object) do
        if field.id and drawn[field.id] then
            list[#list + 1] = { label = field.label, object = drawn[field.id] }
        elseif field.text then
            list[#list + 1] = { text = field.label .. " = " .. field.text }
        end
    end
    local folded = folds[object.id] and folds[object.id][1].objects or 0
    if (object.more or 0) > folded then
        list[#list + 1] = { text = ("... %d more"):format(object.more - folded) }
    end
    if object.weak and drawn[object.weak] and options.weak ~= false then
        list[#list + 1] = { label = "weak", object = drawn[object.weak], weak = true }
    end
    for _, fold in ipairs(folds[object.id] or {}) do
        list[#list + 1] = { text = fold_text(fold) }
        if drawn[fold.after] then
            list[#list + 1] = { label = "...", object = drawn[fold.after] }
        end
    end
    return list
end

local function folds_by_neighbour(picture)
    local folds = {}
    for _, fold in ipairs(picture.folds) do
        local list = folds[fold.before or 0] or {}
        folds[fold.before or 0] = list
        list[#list + 1] = fold
    end
    return folds
end

local function roots(picture, drawn)
    local list, seen = {}, {}
    for _, frame in ipairs(picture.frames) do
        for _, name in ipairs(frame) do
            if name.id and drawn[name.id] then
                local where = frame.frame == "main" and "" or " in " .. frame.frame
                list[#list + 1] = { label = name.label .. where, object = drawn[name.id] }
                seen[name.id] = true
            end
        end
    end
    for _, object in ipairs(picture.objects) do
        local root = object.held or object.pinned or object.code or object.garbage
        if root and not seen[object.id] then list[#list + 1] = { object = object } end
    end
    if #list == 0 and picture.objects[1] then list[1] = { object = picture.objects[1] } end
    return list
end

local function line_of(item, spelt)
    if item.text then return item.text end
    local arrow = item.weak and " ~> " or " -> "
    local before = item.label and item.label .. arrow or ""
    if spelt[item.object.id] then
        return ("%s^ %s #%d"):format(before, item.object.type, item.object.id)
    end
    return before .. title(item.object)
end

-- One item and all below it, by an explicit stack.
local function add_item(lines, first, spelt, picture, drawn, folds, options)
    local stack = { { item = first, prefix = "", below = "" } }
    while #stack > 0 do
        local top = table.remove(stack)
        local object = top.item.object
        lines[#lines + 1] = top.prefix .. line_of(top.item, spelt)
        if object and not spelt[object.id] then
            spelt[object.id] = true
            local list = children(object, drawn, folds, options)
            for i = #list, 1, -1 do
                local last = i == #list
                stack[#stack + 1] = {
                    item = list[i],
                    prefix = top.below .. (last and "`- " or "|- "),
                    below = top.below .. (last and "   " or "|  "),
                }
            end
        end
    end
end

function tree.text(picture, options)
    local drawn, folds = index_by_id(picture.objects), folds_by_neighbour(picture)
    local lines, spelt = {}, {}
    for _, root in ipairs(roots(picture, drawn)) do
        if root.label or not spelt[root.object.id] then
            add_item(lines, root, spelt, picture, drawn, folds, options)
        end
    end
    for _, fold in ipairs(folds[0] or {}) do lines[#lines + 1] = fold_text(fold) end
    if #lines == 0 then lines[1] = "no objects" end
    return table.concat(lines, "\n")
end

return tree
