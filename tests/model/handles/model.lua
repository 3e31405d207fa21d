-- SPDX-License-Identifier: MIT
-- Model: what docs/semantics.md says, on plain tables of numbers. Counts are counted anew each
-- time they are asked for, reachability is a search. Where the semantics leave open what comes
-- first, the model asks `choose`, and the test looks for choices that explain what it saw.
--
-- A reference is a number: of an object if positive, of something of Lua's that holds objects
-- (a table, closure or coroutine) if negative. An object: kind, refs = array of {key, ref},
-- act (its finalizer's), finalized, watches = array of {number, record, act}.
local model = {}
model.__index = model

-- explain: { expected = log, choose = f(n), loose = }; set before each operation. loose: what
-- an object alone keeps may die after it.
function model.new()
    return setmetatable({ objects = {}, holders = {}, frames = { {} }, pins = {}, slots = {},
        made = 0, held_made = 0, watches = 0, temporary = {}, dying = {}, said = 0 },
        model)
end

local function clone(value)
    if type(value) ~= "table" then return value end
    local copy = {}
    for k, v in next, value do copy[k] = clone(v) end
    return copy
end

function model:clone()
    local explain = self.explain
    self.explain = nil
    local copy = setmetatable(clone(self), model)
    self.explain = explain
    return copy
end

-- Says it in the log; the explanation is wrong when the world said something else.
function model:log(text)
    self.said = self.said + 1
    if self.explain.expected[self.said] ~= text then
        error({ why = ("log %d: the model says '%s', the world '%s'"):format(self.said, text,
            tostring(self.explain.expected[self.said])) }, 0)
    end
end

-- ---- what refers to what -----------------------------------------------------------------

function model:count(id)
    local count = self.pins[id] or 0
    for _, frame in ipairs(self.frames) do
        for _, name in ipairs(frame) do count = count + (name[2] == id and 1 or 0) end
    end
    for _, object in pairs(self.objects) do
        for _, ref in ipairs(object.refs) do count = count + (ref[2] == id and 1 or 0) end
    end
    return count
end

local function spread(self, seen, ref)
    local stack = { ref }
    while #stack > 0 do
        local at = table.remove(stack)
        if not seen[at] then
            seen[at] = true
            if at < 0 then
                for _, id in ipairs(self.holders[-at].items) do stack[#stack + 1] = id end
            else
                for _, r in ipairs(self.objects[at].refs) do stack[#stack + 1] = r[2] end
            end
        end
    end
end

-- What Lua itself reaches: through its own things only, and those that objects keep, but for
-- those objects that are in `without`.
function model:held(without)
    local held = {}
    local function hold(ref)
        if ref > 0 then held[ref] = true return end
        for _, id in ipairs(self.holders[-ref].items) do held[id] = true end
    end
    for _, ref in pairs(self.slots) do hold(ref) end
    for _, id in ipairs(self.temporary) do held[id] = true end
    for id, object in pairs(self.objects) do
        for _, ref in ipairs(without and without[id] and {} or object.refs) do
            if ref[2] < 0 then hold(ref[2]) end
        end
    end
    for _, frame in ipairs(self.frames) do
        for _, name in ipairs(frame) do if name[2] < 0 then hold(name[2]) end end
    end
    return held
end

-- Everything that the roots reach, across both heaps.
function model:reachable()
    local seen = {}
    for _, frame in ipairs(self.frames) do
        for _, name in ipairs(frame) do spread(self, seen, name[2]) end
    end
    for id in pairs(self.pins) do spread(self, seen, id) end
    for _, ref in pairs(self.slots) do spread(self, seen, ref) end
    for _, id in ipairs(self.temporary) do spread(self, seen, id) end
    for id in pairs(self.dying) do spread(self, seen, id) end
    return seen
end

-- How many finalize records have yet to run.
function model:pending()
    local count = 0
    for _, object in pairs(self.objects) do
        for _, watch in ipairs(object.watches) do count = count + (watch.record and 1 or 0) end
    end
    return count
end

-- ---- changes -----------------------------------------------------------------------------

function model:make(kind, act)
    self.made = self.made + 1
    self.objects[self.made] = { kind = kind, act = act, refs = {}, watches = {} }
    return self.made
end

function model:hold(items)
    self.held_made = self.held_made + 1
    self.holders[self.held_made] = { items = items }
    return -self.held_made
end

function model:watch(id, act, record)
    self.watches = self.watches + 1
    local watches = self.objects[id].watches
    watches[#watches + 1] = { number = self.watches, record = record, act = act }
end

-- Where the key is in an array of {key, value}, or nil.
function model.find(array, key)
    for i, pair in ipairs(array) do if pair[1] == key then return i end end
end

-- Stores in an array of {key, value}: the new value shows before the old one is released.
function model:store(array, key, ref)
    local i = self.find(array, key)
    local old = i and array[i][2]
    if ref == nil then
        if i then table.remove(array, i) end
    elseif i then
        array[i][2] = ref
    else
        array[#array + 1] = { key, ref }
    end
    if old then self:released(old) end
end

-- The slots of a node are in the order of the class.
function model:store_slot(id, key, ref)
    local refs = self.objects[id].refs
    local old = self.find(refs, key)
    if not old and ref then
        local i = 1
        while refs[i] and refs[i][1] < key do i = i + 1 end
        table.insert(refs, i, { key, ref })
    else
        self:store(refs, key, ref)
    end
end

function model:released(ref)
    if ref > 0 and self.objects[ref] and not self.dying[ref] and self:count(ref) == 0
        and not self:held()[ref] then
        if self.explain.loose and self.explain.choose(2) == 2 then return end
        self:die(self:alone_kept(ref), true)
    end
end

-- ---- death -------------------------------------------------------------------------------

-- The object and what it alone keeps alive, depth first in field order.
function model:alone_kept(root)
    local held, lost, set, member = self:held(), {}, { root }, { [root] = true }
    local function expand(id)
        for _, ref in ipairs(self.objects[id].refs) do
            local child = ref[2]
            if child > 0 then
                lost[child] = (lost[child] or 0) + 1
                if lost[child] == self:count(child) and not held[child] and not member[child]
                    and not self.dying[child]
                    and not (self.explain.loose and self.explain.choose(2) == 2) then
                    member[child] = true
                    set[#set + 1] = child
                    expand(child)
                end
            end
        end
    end
    expand(root)
    return set
end

local acts = {}
model.acts = acts
function acts.log() end
function acts.keep(self, id) self:store(self.frames[1], "r", id) end
function acts.hold(self, id) self.slots[8] = id end
function acts.drop(self) self:store(self.frames[1], "n1", nil) end
function acts.undrop(self) self.slots[1] = nil end
function acts.make(self) self:store(self.frames[1], "m", self:make("list")) end
function acts.collect(self) self:collect() end
function acts.settle(self) self:settle() end
function acts.garbage() end
function acts.raise(self) self:log "error" end

-- Something a script wrote runs: before and after it, what waits may die.
function model:act(what, act, id)
    self:log(what)
    self:maybe()
    if acts[act] then acts[act](self, id) end
    self:maybe()
end

local function run_finalizers(self, set)
    local ran = false
    for _, id in ipairs(set) do
        local object = self.objects[id]
        if object.act and object.act ~= "none" and not object.finalized then
            object.finalized, ran = true, true
            self.temporary[#self.temporary + 1] = id
            self:act("del " .. id, object.act, id)
            table.remove(self.temporary)
        end
    end
    return ran
end

-- What the set does not account for is alive, and so is what that reaches.
local function resurrected(self, set)
    local inside, member, alive = {}, {}, {}
    for _, id in ipairs(set) do
        member[id] = true
        for _, ref in ipairs(self.objects[id].refs) do
            inside[ref[2]] = (inside[ref[2]] or 0) + 1
        end
    end
    local held = self:held(member)
    for _, id in ipairs(set) do
        if held[id] or self:count(id) > (inside[id] or 0) then spread(self, alive, id) end
    end
    return alive
end

local function run_callbacks(self, set)
    local calls = {}
    for _, id in ipairs(set) do
        self.objects[id].gone = true
        for _, watch in ipairs(self.objects[id].watches) do calls[#calls + 1] = watch end
        self.objects[id].watches = {}
    end
    table.sort(calls, function(a, b) return a.number > b.number end)
    for _, watch in ipairs(calls) do
        self:act((watch.record and "record " or "callback ") .. watch.number, watch.act, nil)
    end
end

-- The five steps of docs/semantics.md, 3. Gives how many died.
function model:die(set)
    for _, id in ipairs(set) do self.dying[id] = true end
    if run_finalizers(self, set) then
        self:maybe()
        local alive, rest = resurrected(self, set), {}
        for _, id in ipairs(set) do
            if alive[id] then self.dying[id] = nil else rest[#rest + 1] = id end
        end
        set = rest
    end
    run_callbacks(self, set)
    for _, id in ipairs(set) do
        local refs = self.objects[id].refs
        while refs[1] do
            local ref = table.remove(refs, 1)
            self:released(ref[2])
        end
    end
    for _, id in ipairs(set) do
        self.objects[id], self.dying[id] = nil, nil
    end
    return #set
end

local function waiting(self)
    local held, list = self:held(), {}
    for id in pairs(self.objects) do
        if not held[id] and not self.dying[id] and self:count(id) == 0 then
            list[#list + 1] = id
        end
    end
    table.sort(list)
    return list
end

-- All that is dead already is dead now.
function model:settle()
    local list = waiting(self)
    while #list > 0 do
        self:die(self:alone_kept(list[#list == 1 and 1 or self.explain.choose(#list)]))
        list = waiting(self)
    end
end

-- Some of it may be, in any order.
function model:maybe()
    local list = waiting(self)
    while #list > 0 do
        local k = self.explain.choose(#list + 1)
        if k == 1 then return end
        self:die(self:alone_kept(list[k - 1]))
        list = waiting(self)
    end
end

function model:collect()
    if self.collecting then return 0 end
    self.collecting = true
    self:settle()
    local seen, garbage = self:reachable(), {}
    for id in pairs(self.objects) do
        if not seen[id] then garbage[#garbage + 1] = id end
    end
    table.sort(garbage)
    local found = #garbage > 0 and self:die(garbage) or 0
    self.collecting = false
    self:maybe()
    return found
end

return model
