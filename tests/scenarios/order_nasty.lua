-- SPDX-License-Identifier: MIT
-- Order, disturbed: finalizers, callbacks and finalize records that do what they should not,
-- while a structure of five finalizable objects, two lists and two dicts dies, by count and by
-- collection, under every policy. Whatever they do: each finalizer runs once, the heap
-- checks, errors are counted and go no further, and nothing is left over.
local tap = require "ouro.tap"

gc.disable()
Node = class("Node", { "val" })
H = class("H", { "n", "peer", "l", "d", "loop" })
local ran, hook, errors = {}, nil, {}
local held -- what an action stores in an upvalue
stored = list {}
gc.on_error(function(info) errors[#errors + 1] = info.message end)

function H:__del()
    ran[#ran + 1] = self.n
    if hook then hook(self) end
end

-- An action gets the dying object (a finalizer) or nil (a callback, a record).
-- expects: "dies" (the default), "lives", "any" where it leaves garbage of its own, or a
-- pattern for the error that it raises.
local actions = {}
local function action(name, f, expects, only)
    actions[#actions + 1] = { name = name, f = f, expects = expects or "dies", only = only }
end

-- Some operations are refused, clearly, while a collection is under way.
function or_busy(f, ...)
    local fine, message = pcall(f, ...)
    assert(fine or message:find("collection"), message)
end

action("does nothing", function() end)
action("allocates thousands", function()
    for i = 1, 3000 do
        local ring = list { i }
        ring:append(ring)
        stored:append(list { i })
    end
    clear(stored)
end, "any")
action("collects", function() assert(collect() + collect(0) + collect(1) == 0) end)
action("settles, and has Lua collect", function()
    settle()
    collectgarbage()
end)
action("collects automatically", function()
    gc.enable()
    for _ = 1, 20000 do
        local n = Node()
        n.val = n
    end
    gc.disable()
end, "any")
action("switches the policy", function()
    local before = gc.policy()
    for _, name in ipairs(gc.policies()) do or_busy(gc.policy, name) end
    or_busy(gc.policy, before)
end)
action("freezes and unfreezes", function()
    gc.freeze()
    gc.unfreeze()
end)
action("freezes", function() gc.freeze() end)
action("saves all", function()
    gc.saveall(true)
    collect()
    gc.saveall(false)
end)
action("checks the heap", function() assert(heap.check()) end)
action("looks at everything", function(self)
    heap.census(); gc.objects(); gc.stats()
    or_busy(heap.cycles)
    or_busy(heap.leaked)
    if not self then return end
    gc.referrers(self); gc.referents(self); holders(self); refcount(self); id(self)
    assert(repr(self):find("H(n=", 1, true))
end)
action("lets other objects die, with callbacks", function()
    local called = 0
    other = Node(list { Node() })
    local w = weak(other, function() called = called + 1 end)
    finalize(other, function() called = called + 1 end)
    other = nil
    assert(called == 2 and w() == nil)
end)
action("makes a class with a finalizer, lets an instance die and the class", function()
    local done
    Brief = class("Brief")
    function Brief:__del() done = true end
    other = Brief()
    del "Brief"
    other = nil
    assert(done)
end)
action("pushes frames that are popped by errors", function(self)
    assert(not pcall(call, function(_ENV)
        a, b = self, Node(1)
        call(function(_ENV)
            c = self
            error("no")
        end)
    end))
    assert(#stack() == 1)
end)
action("runs a coroutine", function(self)
    local co = coroutine.wrap(function()
        coroutine.yield(self)
        return 1
    end)
    co()
    assert(co() == 1)
end)

action("raises text", function() error("no text") end, "no text")
action("raises a table", function() error({}) end, "error object is a table")
action("raises nil", function() error(nil) end, "error object is a nil")
action("raises what fails to be text", function()
    error(setmetatable({}, { __tostring = function() error("inner") end }))
end, "inner")
action("raises what has no text for text", function()
    error(setmetatable({}, { __tostring = function() return 5 end }))
end, "error object is a table")
action("raises an object of its own", function() error(Node(5)) end, "Node%(val=5%)")
action("overflows the stack", function()
    local function f() return f() + 1 end
    f()
end, "stack overflow")
action("yields", function() coroutine.yield() end, "yield")
action("closes the heap", function() heap.close() end, "cannot close")
action("calls what is nil", function() nothing() end, "global 'nothing'")

action("deletes its fields", function(self) del(self, "peer"); self.l, self.d = nil, nil end,
    "dies", "finalizer")
action("empties the lists", function(self)
    while #self.l > 0 do self.l:pop() end
    clear(self.peer.l)
end, "dies", "finalizer")
action("clears itself and all it has", function(self)
    clear(self.l); clear(self.d); clear(self.peer.l); clear(self.peer.d); clear(self)
end, "dies", "finalizer")
action("lets the lists grow by the dying and the living", function(self)
    for i = 1, 1000 do
        self.l:append(list { i, self })
        self.l:insert(1, self.peer)
    end
    self.l:reverse()
end, "any", "finalizer")
action("adds and deletes entries", function(self)
    self.d.a = nil
    for i = 1, 1000 do self.d["k" .. i] = self.peer end
    for i = 1, 1000, 2 do self.d["k" .. i] = nil end
end, "dies", "finalizer")
action("iterates over all of it", function(self)
    for _ in pairs(self) do end
    for _ in attrs(self) do end
    for _, v in ipairs(self.l) do assert(v) end
    for _, v in pairs(self.d) do assert(v) end
end, "dies", "finalizer")
action("copies it deeply", function(self)
    hook = nil
    local copied = deepcopy(self)
    assert(not same(copied, self) and same(copied.l[2], copied.peer))
end, "any", "finalizer")
action("sorts its list by an order that empties it", function(self)
    local l = self.l
    assert(not pcall(l.sort, l, function()
        clear(l)
        return false
    end) or true)
end, "dies", "finalizer")
action("binds and unbinds a name", function(self) keep = self; del "keep" end, "dies",
    "finalizer")
action("pins and unpins itself", function(self) pin(self); unpin(self) end, "dies", "finalizer")
action("makes weak references and drops them", function(self)
    for _ = 1, 100 do weak(self, function() error("never") end) end
    settle()
end, "dies", "finalizer")

action("binds a name to itself", function(self) keep = self end, "lives", "finalizer")
action("stores itself in a list", function(self) stored:append(self) end, "lives", "finalizer")
action("stores itself in an upvalue", function(self) held = self end, "lives", "finalizer")
action("stores itself in a Lua table", function(self) held = { self } end, "lives", "finalizer")
action("stays in a suspended coroutine", function(self)
    held = coroutine.create(function()
        local mine = self
        coroutine.yield(mine)
        return mine
    end)
    coroutine.resume(held)
end, "lives", "finalizer")
action("pins itself", function(self) pin(self) end, "lives", "finalizer")
action("stores a list that has all but itself", function(self) stored:append(self.l) end,
    "any", "finalizer")

-- The dying structure: 9 objects, some referred to twice.
local function build(path)
    x = H(1)
    x.peer = H(2)
    x.l = list { H(3), x.peer }
    x.d = dict { a = H(4), b = x.l }
    x.peer.l = list { 1 }
    x.peer.d = dict { k = H(5) }
    if path == "collection" then x.loop = x end
end

local function clean()
    hook, held, keep = nil, nil, nil
    gc.unfreeze()
    clear(gc.garbage)
    clear(stored)
    for _, object in pairs(gc.objects(H)) do pcall(unpin, object) end
    settle()
    for _ = 1, 5 do collect() end
end

-- What must be so in any case; a list of what was not.
local function judge(a, where, path, before)
    local wrong = {}
    local function want(condition, text) if not condition then wrong[#wrong + 1] = text end end
    local count = #errors
    if a.expects == "lives" then want(heap.live() > before, "nothing lives") end
    if a.expects:find("^dies") then
        want(heap.live() <= before, ("%d live"):format(heap.live() - before))
    end
    if not (a.expects == "dies" or a.expects == "lives" or a.expects == "any") then
        want(count == (where == "finalizer" and 5 or 1), count .. " errors")
        want(tostring(errors[1]):find(a.expects), "error: " .. tostring(errors[1]))
    else
        want(count == 0, "error: " .. tostring(errors[1]))
    end
    want(pcall(heap.check), "the heap does not check")
    clean()
    table.sort(ran)
    want(table.concat(ran) == "12345" or a.name == "copies it deeply" and #ran == 10,
        "finalizers: " .. table.concat(ran, " "))
    want(heap.live() == before, ("%d left over"):format(heap.live() - before))
    want(pcall(heap.check), "the heap does not check after it all")
    return table.concat(wrong, "; ")
end

local function try(a, where, path)
    clean()
    ran, errors = {}, {}
    local before = heap.live()
    build(path)
    if where == "finalizer" then
        local only_first = a.expects == "dies" or a.expects == "lives" or a.expects == "any"
        hook = function(self)
            if only_first then hook = nil end
            a.f(self)
        end
    elseif where == "callback" then
        held = weak(x, function() a.f() end)
    else
        finalize(x, function() a.f() end)
    end
    settle()
    x = nil
    if path == "collection" then collect() end
    if where == "callback" then held = nil; settle() end
    return judge(a, where, path, before)
end

for _, policy in ipairs(gc.policies()) do
    gc.policy(policy)
    for _, path in ipairs { "count", "collection" } do
        for _, where in ipairs { "finalizer", "callback", "record" } do
            tap.subtest(("a %s, death by %s, policy %s"):format(where, path, policy), function()
                for _, a in ipairs(actions) do
                    if not a.only or a.only == where then
                        tap.is(try(a, where, path), "", a.name)
                    end
                end
            end)
        end
    end
end
tap.done_testing()
