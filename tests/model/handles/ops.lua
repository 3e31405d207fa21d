-- SPDX-License-Identifier: MIT
-- Ops: the operations, each as the line of Lua that the world runs and what the model does. An
-- operation is five numbers, {what, a, b, c, d}; what they select depends on what there is, so
-- that any sequence of operations makes sense, also one that has been shortened.
local model = require "handles.model"

local ops = {}

local kinds = { "node", "node", "node", "list", "dict", "set" }
local acts = { "none", "log", "log", "log", "keep", "hold", "drop", "undrop", "make", "collect",
    "settle", "garbage", "raise" }
local watch_acts = { "log", "log", "log", "drop", "undrop", "make", "collect", "settle",
    "garbage", "raise" }
local holders = { "values", "keys", "closure", "routine", "weakly" }

local function pick(array, number) return array[number % #array + 1] end

-- ---- places ------------------------------------------------------------------------------

local function step(m, text, ref, i)
    if ref < 0 then return ("at(%s, %d)"):format(text, i), m.holders[-ref].items[i] end
    local object = m.objects[ref]
    local key, to = table.unpack(object.refs[i])
    if object.kind == "list" or object.kind == "tuple" then
        return ("%s[%d]"):format(text, i), to
    elseif object.kind ~= "set" then
        return text .. "." .. key, to
    end
end

local function width(m, ref)
    return ref < 0 and #m.holders[-ref].items or #m.objects[ref].refs
end

-- ref -> an expression, for all that names and Lua variables reach; the shortest, mostly.
function ops.places(m)
    local queue, text = {}, {}
    local function reach(ref, expression)
        if not expression or not ref or text[ref] then return end
        text[ref] = expression
        queue[#queue + 1] = ref
    end
    for f, frame in ipairs(m.frames) do
        for _, name in ipairs(frame) do reach(name[2], ("E[%d].%s"):format(f, name[1])) end
    end
    for s = 1, 8 do
        if m.slots[s] then reach(m.slots[s], ("L[%d]"):format(s)) end
    end
    for at = 1, math.huge do
        local ref = queue[at]
        if not ref then break end
        for i = 1, width(m, ref) do
            local expression, to = step(m, text[ref], ref, i)
            reach(to, expression)
        end
    end
    return text
end

-- An object, by the number: id and expression. Now and then through its weak reference, which
-- also finds what is garbage and not yet collected.
local function object(m, number, wanted)
    local text, list = ops.places(m), {}
    local weakly = number % 11 == 0
    for id, o in pairs(m.objects) do
        if (weakly or text[id]) and (not wanted or wanted(o)) then list[#list + 1] = id end
    end
    if #list == 0 then return end
    table.sort(list)
    local id = pick(list, number // 11)
    return id, weakly and ("W[%d]()"):format(id) or text[id]
end

-- An object, or, now and then, what a Lua variable holds, whatever it is.
local function value(m, number)
    local slot = number % 6 + 1
    if number % 5 == 0 and m.slots[slot] and m.slots[slot] < 0 then
        return m.slots[slot], ("L[%d]"):format(slot)
    end
    return object(m, number)
end

local function frame(m, number) return number % #m.frames + 1 end
local function name(number) return "n" .. number % 4 + 1 end
local function slot(number) return number % 6 + 1 end
local function slot_key(number) return pick({ "a", "b", "c" }, number) end

-- ---- the operations: each gives the line and what the model does, or nothing ---------------

local list = {}

local function put(m, number, ref, line)
    if number % 3 == 0 then
        local s = slot(number)
        return ("L[%d] = %s"):format(s, line), function(w) w.slots[s] = ref end
    end
    local f, key = frame(m, number // 7), name(number)
    return ("E[%d].%s = %s"):format(f, key, line), function(w)
        w:assign(w.frames[f], key, ref)
    end
end

-- The new object is numbered when it is made, before what it replaces dies.
function list.make(m, a, b, c)
    local kind, act = pick(kinds, a), pick(acts, b)
    local line = kind == "node" and ("node %q"):format(act) or kind .. "()"
    local text, assign = put(m, c, m.made + 1, line)
    return text, function(w)
        w:make(kind, kind == "node" and act or nil)
        assign(w)
    end
end

-- A parent and two or three children at once, half of them watched.
function list.family(m, a, b, c, d)
    local texts, members = {}, {}
    for i = 1, d % 2 + 3 do
        local kind = i == 1 and a % 3 == 0 and "list" or "node"
        local act = kind == "node" and pick(acts, b // (math.tointeger(13 ^ (i - 1)))) or nil
        local text = act and ("node %q"):format(act) or "list()"
        local is_watched = a >> i & 1 == 0
        members[i] = { kind, act, is_watched }
        texts[i] = is_watched and ("watched(%s)"):format(text) or text
    end
    local text, assign = put(m, c, m.made + 1, ("family(%s)"):format(table.concat(texts, ", ")))
    return text, function(w)
        local first = w.made + 1
        for _, member in ipairs(members) do
            local id = w:make(member[1], member[2])
            if member[3] then w:watch(id, "log") end
            if id > first then
                table.insert(w.objects[first].refs, { slot_key(id - first - 1), id })
            end
        end
        assign(w)
    end
end

function list.tuple(m, a, b, c)
    local x, tx = object(m, a)
    local y, ty = object(m, b)
    if not x or not y then return end
    local text, assign = put(m, c, m.made + 1, ("tuple(%s, %s)"):format(tx, ty))
    return text, function(w)
        w.objects[w:make "tuple"].refs = { { 1, x }, { 2, y } }
        assign(w)
    end, { x, y }
end

function list.name(m, a, b)
    local ref, text = value(m, a)
    if not ref then return end
    local f, key = frame(m, b // 7), name(b)
    return ("E[%d].%s = %s"):format(f, key, text), function(w)
        w:assign(w.frames[f], key, ref)
    end, { ref }
end

function list.unname(m, a, b)
    local f = frame(m, b // 7)
    if #m.frames[f] == 0 then return end
    local key = pick(m.frames[f], a)[1]
    local text = ("E[%d].%s = nil"):format(f, key)
    if f == #m.frames and b % 2 == 0 then text = ("h.del %q"):format(key) end
    return text, function(w) w:store(w.frames[f], key, nil) end
end

function list.slot(m, a, b)
    local id, text = object(m, a)
    if not id then return end
    local s = slot(b)
    return ("L[%d] = %s"):format(s, text), function(w) w.slots[s] = id end
end

function list.unslot(m, a)
    local s = a % 8 + 1
    if not m.slots[s] then return end
    return ("L[%d] = nil"):format(s), function(w) w.slots[s] = nil end
end

function list.hold(m, a, b, c, d)
    local x, tx = object(m, a)
    local y, ty = object(m, b)
    local kind, s = pick(holders, c), slot(d)
    if not x or not y or kind == "keys" and x == y then return end
    return ("L[%d] = %s(%s, %s)"):format(s, kind, tx, ty), function(w)
        w.slots[s] = w:hold(kind == "weakly" and {} or { x, y })
    end
end

local function is_open(o) return o.kind ~= "tuple" end
local function is_node(o) return o.kind == "node" end

local function set_member(m, target, text, b, c)
    local ref, value_text = object(m, b, is_node)
    if not ref then return end
    local adds = c % 3 ~= 0
    return ("%s[%s] = %s"):format(text, value_text, adds and "true" or "nil"), function(w)
        local refs = w.objects[target].refs
        if not adds or not w.find(refs, ref) then w:store(refs, ref, adds and ref or nil) end
    end, { target, ref }
end

local function set_item(m, target, text, ref, value_text, c)
    local size = #m.objects[target].refs
    local i = size > 0 and c % size + 1
    if not i or c % 3 == 0 then
        return ("%s:append(%s)"):format(text, value_text), function(w)
            local refs = w.objects[target].refs
            refs[#refs + 1] = { 0, ref }
        end, { target, ref }
    elseif c % 3 == 1 then
        return ("%s:insert(%d, %s)"):format(text, i, value_text), function(w)
            table.insert(w.objects[target].refs, i, { 0, ref })
        end, { target, ref }
    end
    return ("%s[%d] = %s"):format(text, i, value_text), function(w)
        local item = w.objects[target].refs[i]
        local old = item[2]
        item[2] = ref
        w:released(old)
    end, { target, ref }
end

function list.set(m, a, b, c)
    local target, text = object(m, a, is_open)
    if not target then return end
    local kind = m.objects[target].kind
    if kind == "set" then return set_member(m, target, text, b, c) end
    local ref, value_text = value(m, b)
    if not ref then return end
    if kind == "list" then return set_item(m, target, text, ref, value_text, c) end
    local key = slot_key(c)
    return ("%s.%s = %s"):format(text, key, value_text), function(w)
        if kind == "node" then w:store_slot(target, key, ref)
        else w:store(w.objects[target].refs, key, ref) end
    end, { target, ref }
end

-- An attribute that refers to something of Lua's: a path through both heaps.
function list.box(m, a, b, c)
    local target, text = object(m, a, is_node)
    local full = {}
    for s = 1, 6 do if m.slots[s] and m.slots[s] < 0 then full[#full + 1] = s end end
    if not target or #full == 0 then return end
    local s, key = pick(full, b), slot_key(c)
    return ("%s.%s = L[%d]"):format(text, key, s), function(w)
        w:store_slot(target, key, m.slots[s])
    end, { target }
end

function list.unset(m, a, b)
    local target, text = object(m, a, function(o)
        return is_open(o) and o.kind ~= "set" and #o.refs > 0
    end)
    if not target then return end
    local i = b % #m.objects[target].refs + 1
    local key = m.objects[target].refs[i][1]
    local line = ("%s.%s = nil"):format(text, key)
    if m.objects[target].kind == "list" then
        line = (b % 2 == 0 and "h.del(%s, %d)" or "%s:pop(%d)"):format(text, i)
    elseif b % 2 == 0 then
        line = ("h.del(%s, %q)"):format(text, key)
    end
    return line, function(w)
        local old = table.remove(w.objects[target].refs, i)[2]
        w:released(old)
    end, { target }
end

function list.clear(m, a)
    local target, text = object(m, a, is_open)
    if not target then return end
    return ("h.clear(%s)"):format(text), function(w)
        local o = w.objects[target]
        local refs = o.refs
        if o.kind == "node" then
            while refs[1] do w:released(table.remove(refs, 1)[2]) end
            return
        end
        o.refs = {}
        while refs[1] do
            o.refs = refs
            local old = table.remove(refs, 1)[2]
            w:released(old)
        end
    end, { target }
end

function list.pin(m, a)
    local id, text = object(m, a)
    if not id then return end
    return ("h.pin(%s)"):format(text), function(w) w.pins[id] = (w.pins[id] or 0) + 1 end, { id }
end

function list.unpin(m, a)
    local pinned = {}
    for id in pairs(m.pins) do pinned[#pinned + 1] = id end
    if #pinned == 0 then return end
    table.sort(pinned)
    local id = pick(pinned, a)
    return ("h.unpin(W[%d]())"):format(id), function(w)
        w.pins[id] = w.pins[id] > 1 and w.pins[id] - 1 or nil
        w:released(id)
    end, { id }
end

local function watch(m, a, b, what)
    local id, text = object(m, a)
    if not id then return end
    local act = pick(watch_acts, b)
    return ("%s(%s, %q)"):format(what, text, act), function(w)
        w:watch(id, act, what == "record")
    end, { id }
end

function list.watch(m, a, b) return watch(m, a, b, "watch") end
function list.record(m, a, b) return watch(m, a, b, "record") end

function list.detach(m, a)
    local id = object(m, a, function(o) return o.watches[1] and o.watches[1].record end)
    if not id then return end
    local number = m.objects[id].watches[1].number
    return ("V[%d]:detach()"):format(number), function(w)
        table.remove(w.objects[id].watches, 1)
    end, { id }
end

function list.enter(m)
    if #m.frames > 4 then return end
    return "enter()", function(w) w.frames[#w.frames + 1] = {} end
end

-- The names go last bound first.
function list.leave(m)
    if #m.frames == 1 then return end
    return "leave()", function(w)
        local names = w.frames[#w.frames]
        while #names > 0 do w:released(table.remove(names)[2]) end
        table.remove(w.frames)
    end
end

function list.collect()
    return 'log("collected " .. h.gc.collect())', function(w)
        w:log("collected " .. w:collect())
    end
end

function list.settle() return "h.settle()", function() end end
function list.policy(_, a)
    return ("h.gc.policy %q"):format(pick({ "generational", "refcount" }, a)), function() end
end

local modes = { 'collectgarbage("generational")', 'collectgarbage("incremental", 1, 1000, 1)',
    'collectgarbage("incremental", 100, 400, 3)', 'collectgarbage()',
    'collectgarbage("step", 1)', 'collectgarbage("step", 20)' }
function list.lua(_, a) return pick(modes, a), function() end end

-- How often each.
local weights = { make = 10, family = 10, tuple = 2, name = 8, unname = 18, slot = 5,
    unslot = 14, hold = 7, set = 20, box = 8, unset = 8, clear = 2, pin = 1, unpin = 3,
    watch = 5, record = 4, detach = 1, enter = 2, leave = 3, collect = 7, settle = 1,
    policy = 1, lua = 5 }

local urn, names = {}, {}
for what in pairs(weights) do names[#names + 1] = what end
table.sort(names)
for _, what in ipairs(names) do
    for _ = 1, weights[what] do urn[#urn + 1] = what end
end

-- A random operation.
function ops.random(next_number)
    local op = { pick(urn, next_number()) }
    for i = 2, 5 do op[i] = next_number() end
    return op
end

-- The line for the world and what the model does; nil where the operation makes no sense now.
-- The last is what the line itself holds while it runs.
function ops.prepare(m, op)
    local line, change, temporary = list[op[1]](m, table.unpack(op, 2))
    if not line then return end
    return line, function(w)
        w.temporary = {}
        for _, ref in ipairs(temporary or {}) do
            if ref > 0 then w.temporary[#w.temporary + 1] = ref end
        end
        change(w)
        w:maybe()
        w.temporary = {}
        w:settle()
    end
end

ops.model = model
return ops
