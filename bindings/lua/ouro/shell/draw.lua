-- SPDX-License-Identifier: MIT
-- Draw: `:draw x`, a tree of what x refers to, as text. Where it comes back to an object above
-- it an arrow says so; an object met before is named and not drawn again. Only ids are kept.
local shell = ...
local host, ouro = shell.host, shell.ouro

local arms = shell.unicode()
    and { branch = "├─ ", last = "└─ ", down = "│  ", none = "   ", back = " ↑ ", seen = " → " }
    or { branch = "+- ", last = "`- ", down = "|  ", none = "   ", back = " ^ ", seen = " -> " }

local function is_managed(value)
    return type(value) == "userdata" and getmetatable(value) == "ouro.object"
end

local function cut(text, room)
    if not room or (utf8.len(text) or #text) <= room then return text end
    return text:sub(1, (utf8.offset(text, room - 2) or room) - 1) .. "..."
end

-- A label as it is written in Lua: name, [1], ["a b"].
local function written(label)
    if type(label) == "string" and label:find("^[%a_][%w_]*$") then return label end
    if is_managed(label) then return ("[%s #%d]"):format(ouro.typeof(label), ouro.id(label)) end
    return "[" .. shell.values.brief(label) .. "]"
end

-- The references of an object: {label, value}; the class of an instance is left out. `more`:
-- how many there are beyond the bound.
local function references(object, most)
    local list, more = {}, 0
    local kind = ouro.typeof(object)
    for label, value in ouro.attrs(object) do
        local class = (label == "class" or label == "base") and is_managed(value)
            and ouro.typeof(value) == "class"
        if #list >= most then
            more = more + 1
            if more > 100000 then break end
        elseif not class then
            list[#list + 1] = { kind == "set" and "" or written(label), value }
        end
    end
    return list, more
end

local containers = { list = true, tuple = true, dict = true, set = true }

-- Whether it is a container of numbers, strings and the like: these need no lines of their own.
local function holds_plain_values(object)
    if not containers[ouro.typeof(object)] then return false end
    local seen = 0
    for label, value in ouro.attrs(object) do
        if is_managed(value) or is_managed(label) then return false end
        seen = seen + 1
        if seen > 100 then return true end
    end
    return true
end

local tree = {}
tree.__index = tree

function tree:line(prefix, text)
    self.lines[#self.lines + 1] = prefix .. cut(text, self.width and self.width - #prefix)
end

-- One reference, and below it what its object refers to.
function tree:reference(prefix, arm, label, value)
    local named = label ~= "" and label .. ": " or ""
    local lead = prefix .. arm
    if not is_managed(value) then
        return self:line(lead, (label ~= "" and label .. " = " or "") .. shell.values.brief(value))
    end
    local id = ouro.id(value)
    local title = ("%s #%d"):format(ouro.typeof(value), id)
    if self.path[id] then return self:line(lead, label .. arms.back .. title) end
    if self.seen[id] then return self:line(lead, label .. arms.seen .. title .. " (above)") end
    self.seen[id] = true
    if holds_plain_values(value) then
        return self:line(lead, named .. title .. " " .. host.happened.plain(value))
    end
    self:line(lead, named .. title)
    local under = arm == arms.last and arms.none or arm == "" and "" or arms.down
    self:children(prefix .. under, value, id)
end

function tree:children(prefix, object, id)
    if self.depth >= self.most_depth then
        return self:line(prefix, arms.last .. "... (deeper: `:set depth N` shows more)")
    end
    local list, more = references(object, math.max(0, self.left))
    self.left = self.left - #list
    self.path[id], self.depth = true, self.depth + 1
    for i, reference in ipairs(list) do
        local arm = i == #list and more == 0 and arms.last or arms.branch
        self:reference(prefix, arm, reference[1], reference[2])
        list[i] = false
    end
    if more > 0 then
        self:line(prefix, arms.last .. ("... %s%d more (`:set items N` shows more)"):format(
            more > 100000 and "over " or "", math.min(more, 100000)))
    end
    self.path[id], self.depth = nil, self.depth - 1
end

local function new_tree()
    return setmetatable({ lines = {}, path = {}, seen = {}, depth = 0, width = shell.width(),
        left = shell.options.items, most_depth = math.max(shell.options.depth, 12) }, tree)
end

local function draw_names()
    local frame, t = host.frame(), new_tree()
    t:line("", "names in main")
    local names = {}
    for _, name in ipairs(ouro.names(frame)) do
        local value = frame[name]
        local class = is_managed(value) and ouro.typeof(value) == "class"
        if not class then names[#names + 1] = name end
    end
    for i, name in ipairs(names) do
        t:reference("", i == #names and arms.last or arms.branch, name, frame[name])
    end
    host.note(table.concat(t.lines, "\n") .. "\n")
end

local function draw_value(...)
    local t = new_tree()
    t:reference("", "", "", (...))
    host.note(table.concat(t.lines, "\n") .. "\n")
end

local pictures = { svg = true, png = true, pdf = true, dot = true, html = true }

return function(rest)
    local expression, file = rest, nil
    local before, last = rest:match("^(.-)%s*(%S+)$")
    if last and pictures[last:match("%.(%w+)$")] then expression, file = before, last end
    if not file then
        if expression == "" then return draw_names() end
        shell.commands.with_value(expression, draw_value)
        return
    end
    local fine, done, message
    if expression == "" then fine, done, message = true, ouro.draw(file)
    else
        fine, done = shell.commands.with_value(expression, function(x)
            local drawn, why = nil, "nil cannot be drawn"
            if x ~= nil then drawn, why = ouro.draw(x, file) end
            message = why
            return drawn
        end)
    end
    if not fine then return end
    if done == nil and message then return host.complain(message .. "\n") end
    host.note("written to " .. file .. "\n")
end
