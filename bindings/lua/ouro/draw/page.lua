-- SPDX-License-Identifier: MIT
-- Page: a picture as one HTML file that needs no network: the drawing, the data behind it, and
-- the script (parts.lua) that pans, zooms, searches, answers clicks and steps.
local dot = require "ouro.draw.dot"
local parts = require "ouro.draw.parts"

local page = {}

-- ---- JSON ----------------------------------------------------------------------------------

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["<"] = "\\u003c" }

local function json_string(text)
    if not utf8.len(text) then
        text = text:gsub("[\128-\255]", function(c) return ("\\x%02x"):format(c:byte()) end)
    end
    return '"' .. text:gsub('[%c"\\<]', function(c)
        return escapes[c] or ("\\u%04x"):format(c:byte())
    end) .. '"'
end

local function sorted_keys(value)
    local keys = {}
    for key in pairs(value) do
        if type(key) == "string" then keys[#keys + 1] = key end
    end
    table.sort(keys)
    return keys
end

-- Plain data, nested to a known depth. A table's items from 1 on are under the key "list" where
-- it has others beside.
local function json(value)
    if type(value) == "string" then return json_string(value) end
    if type(value) ~= "table" then return tostring(value) end
    local keys, texts = sorted_keys(value), {}
    if #keys == 0 then
        for i, item in ipairs(value) do texts[i] = json(item) end
        return "[" .. table.concat(texts, ",") .. "]"
    end
    for i, key in ipairs(keys) do texts[i] = json_string(key) .. ":" .. json(value[key]) end
    if #value > 0 then
        local items = {}
        for i, item in ipairs(value) do items[i] = json(item) end
        texts[#texts + 1] = '"list":[' .. table.concat(items, ",") .. "]"
    end
    return "{" .. table.concat(texts, ",") .. "}"
end

-- ---- steps ---------------------------------------------------------------------------------

-- A step tells of the objects that change with it, by id: what is told of one that is not in
-- the picture is left out.
local function steps_for(picture, steps)
    local drawn, list = {}, {}
    for _, object in ipairs(picture.objects) do drawn[object.id] = true end
    for i, step in ipairs(steps or {}) do
        local changes = {}
        for _, change in ipairs(step) do
            if drawn[change.id] then
                changes[#changes + 1] = { id = change.id, colour = change.colour,
                    count = change.count }
            end
        end
        list[i] = { phase = step.phase or "", text = step.text or "", changes = changes }
    end
    return list
end

-- ---- the page ------------------------------------------------------------------------------

function page.text(picture, svg, options)
    local title = options.title or "A heap"
    local data = json { objects = picture.objects, frames = picture.frames,
        folds = picture.folds, steps = steps_for(picture, options.steps) }
    local values = {
        title = dot.escape(title),
        style = parts.style,
        script = parts.script,
        data = data,
        svg = svg:match("<svg.*") or svg,
    }
    return (parts.body:gsub("@(%l+)@", values))
end

return page
