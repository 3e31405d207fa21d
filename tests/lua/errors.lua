-- SPDX-License-Identifier: MIT
-- Errors: a mistake is told by name and with its remedy, at the line that made it, and
-- nothing is half done.
local tap = require "ouro.tap"

Node = class("Node", { "val", "next" })
Open = class("Open")
l = list { 1, 2, 3 }
d = dict { a = 1 }
s = set { 1 }
t = tuple { 1 }
o = object { a = 1 }

local cases = {
    { "index 7 is outside the list %(length 3%); append with l%[#l%+1%] = v or l:append%(v%)",
        function() return l[7] end },
    { "index 5 is outside", function() l[5] = 0 end },
    { "index 0 is outside", function() return l[0] end },
    { "has to be an integer; got a fraction", function() return l[1.5] end },
    { "a list has no method 'push'", function() l:push(1) end },
    { "the list is empty", function() list {}:pop() end },
    { "no item equal to 9", function() l:remove(9) end },
    { "index 9 is outside", function() l:insert(9, 1) end },
    { "list%(t%)", function() t[1] = 2 end },
    { "NaN cannot be a key", function() d[0 / 0] = 1 end },
    { "nil", function() d[nil] = 1 end },
    { "a list cannot be a key", function() d[l] = 1 end },
    { "a list cannot be", function() s[l] = true end },
    { "the dict has no key zz", function() del(d, "zz") end },
    { "changed during iteration", function() for k in pairs(d) do d[k .. "x"] = 1 end end },
    { "Node has no slot 'nxt' %(slots: val, next%)", function() return Node().nxt end },
    { "Node has no slot 'nxt'", function() Node().nxt = 1 end },
    { "Node has no slot 'nxt'", function() del(Node(), "nxt") end },
    { "Node has 2 slots, but 3 values", function() Node(1, 2, 3) end },
    { "has to be a string; got number", function() o[1] = 1 end },
    { "no attribute 'zz'", function() del(o, "zz") end },
    { "a class needs a name", function() class({}) end },
    { "the base has to be a class; got string", function() class("X", {}, "Node") end },
    { "name 'nothing' is not bound", function() del "nothing" end },
    { "names are strings", function() del(1) end },
    { "managed object, such as list{}; got number", function() refcount(1) end },
    { "managed object.*got nothing", function() id() end },
    { "managed object.*got nil", function() weak(nil) end },
    { "the object is not pinned", function() unpin(o) end },
    { "add is not defined for list and number", function() return l + 1 end },
    { "lt is not defined", function() return l < l end },
    { "cannot be called", function() o() end },
    { "has no length", function() return #o end },
    { "items come from a table, list, tuple, set or dict; got number", function() list(1) end },
    { "entries come from a table or a dict", function() dict(1) end },
    { "no option 'max_object'", function() heap { max_object = 1 } end },
    { "call: argument 1 has to be a function; got nil", function() call(nil) end },
    { "a name has to be a string; got number", function() frame("f")[1] = 1 end },
    { "collect.*closed|heap is closed", function()
        local h = heap {}
        h:close()
        h:list {}
    end },
    { "object of another heap", function() l[1] = heap {}:list {} end },
}

local before = { tostring(l), tostring(d), tostring(s), tostring(t), tostring(o) }
for i, case in ipairs(cases) do
    local fine, message = pcall(case[2])
    local wanted = case[1]
    local found = false
    for part in wanted:gmatch("[^|]+") do found = found or tostring(message):find(part) end
    tap.ok(not fine and found, "case " .. i .. ": " .. tostring(message):gsub("^.-:%d+: ", ""))
end
d.ax = nil -- the entry that the loop over d has made
local after = { tostring(l), tostring(d), tostring(s), tostring(t), tostring(o) }
tap.is(table.concat(after, " "), table.concat(before, " "), "nothing has changed")

tap.subtest("limits", function()
    local h = heap { max_objects = 10 }
    local held = {}
    tap.throws(function() for i = 1, 20 do held[i] = h:list {} end end, "object limit: 10",
        "of objects")
    held[1] = nil
    h:settle()
    tap.lives(function() held[1] = h:list {} end, "which is kept to when something goes")
    h:close()
    local small = heap { max_bytes = 1 << 20 }
    local big = small:list {}
    tap.throws(function() for i = 1, 1e6 do big[i] = ("x"):rep(100) .. i end end, "memory limit",
        "of bytes")
    tap.ok(#big > 100, "what was stored is there")
    small:clear(big)
    tap.ok(small:check(), "the heap is whole")
    small:close()
    local flat = heap { max_frames = 5 }
    local depth = 0
    local function down(_, n)
        depth = n
        flat.call(down, n + 1)
    end
    local fine, message = pcall(flat.call, down, 1)
    tap.like(message, "stack overflow: 5 frames", "of frames")
    tap.is(depth, 4, "main is one of them")
    tap.is(#flat:stack(), 1, "all popped")
end)

tap.subtest("errors keep their value and their place", function()
    local value = {}
    local _, got = pcall(call, function() error(value) end)
    tap.ok(rawequal(got, value), "through call")
    Bad = class("Bad")
    function Bad:__init() error(value) end
    _, got = pcall(Bad)
    tap.ok(rawequal(got, value), "through __init")
    _, got = pcall(function() l:sort(function() error(value) end) end)
    tap.ok(rawequal(got, value), "through a comparison")
    tap.is(tostring(l), "[1, 2, 3]", "the list is as it was")
    local line = debug.getinfo(1, "l").currentline + 1
    _, got = pcall(function() return l[7] end)
    tap.like(got, "errors.lua:" .. line .. ": ", "the line that made the mistake")
    del "Bad"
end)

tap.subtest("errors in finalizers go no further", function()
    local told = {}
    gc.on_error(function(e) told[#told + 1] = e end)
    Bad = class("Bad", { "val" })
    function Bad:__del() error("oops " .. self.val) end
    x = Bad(1)
    tap.lives(function() x = nil end, "not into the code that let go")
    tap.is(#told, 1, "but to gc.on_error")
    tap.like(told[1].message, "oops 1", "the message")
    tap.like(told[1].what, "finalizer of Bad #%d+", "whose it is")
    tap.like(told[1].traceback, "errors.lua", "the traceback")
    function Bad:__del() coroutine.yield() end
    x = Bad(2)
    coroutine.wrap(function() x = nil end)()
    tap.like(told[2].message, "yield", "a finalizer cannot yield")
    function Bad:__del() error(setmetatable({}, { __tostring = function() return "text" end })) end
    x = Bad(3)
    x = nil
    tap.like(told[3].message, "text", "an error that is an object")
    Bad.__del = 5
    x = Bad(4)
    x = nil
    Bad.__del = nil
    x = Bad(5)
    x = nil
    tap.is(#told, 3, "what cannot be called is skipped")
    gc.on_error(nil)
    del "Bad"
end)

tap.subtest("extend adds all items or none", function()
    l = list{1}
    local source = setmetatable({ 2, 3 }, {
        __len = function() return 4 end,
        __index = function(_, i) error("no item " .. i, 0) end,
    })
    tap.throws(function() l:extend(source) end, "no item 3", "the error of the source")
    tap.is(tostring(l), "[1]", "nothing was added")
    l:extend(l)
    tap.is(tostring(l), "[1, 1]", "a list by itself")
    l = nil
end)

tap.ok(heap.check(), "the heap checks")
tap.done_testing()
