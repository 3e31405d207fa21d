-- SPDX-License-Identifier: MIT
-- Underneath: what Lua itself does under managed objects: errors that cross finalizers and
-- callbacks, coroutines closed and left, hooks, metatables replaced, collections anywhere, and
-- heaps closed where they are busy. (The end of states and of memory: underneath.c.)
local tap = require "ouro.tap"

local log = {}
local function say(text) log[#log + 1] = text end
local function take()
    local text = table.concat(log, " ")
    log = {}
    return text
end

gc.disable()
gc.on_error(function(info) say("error:" .. info.message:match "[^\n]*") end)
F = class("F", { "n", "a", "act" })
function F:__del()
    say("d" .. self.n)
    if self.act then self.act(self) end
end
local function watch(x, text) return weak(x, function() say(text) end) end

-- ---- what Lua keeps alive ------------------------------------------------------------------

tap.subtest("a handle that Lua has let go of changes nothing", function()
    x = F(1)
    x.a = F(2)
    watches = list { watch(x, "c1"), watch(x.a, "c2") }
    settle()
    do local t = x.a end
    x = nil
    tap.is(take(), "d1 d2 c2 c1", "child and parent both had one")
    do
        x, y = F(1), F(2)
        x.a = y
        watches = list { watch(x, "c1"), watch(y, "c2") }
        settle()
        do local t = y end
        y = nil
        x = nil
        tap.is(take(), "d1 d2 c2 c1", "the child had one")
    end
    do
        l = list { F(1), F(2), F(3) }
        l:reverse()
        clear(l)
        tap.is(take(), "d3 d2 d1", "items go in the order of the list")
        call(function(_ENV) one = F(1) two = F(2) end)
        tap.is(take(), "d2 d1", "names go last bound first")
    end
    log = {}
end)

tap.subtest("a frame's names go with it, whatever the function's registers refer to", function()
    call(function(_ENV) one = F(1) end)
    tap.is(take(), "d1", "made last")
    call(function(_ENV) one = F(2) two = one one = nil end)
    tap.is(take(), "d2", "read last")
    local n = call(function(_ENV) one = F(3) return one.n end)
    tap.is(take() .. n, "d33", "with a result")
    local t = table.pack(call(function(_ENV) one = F(4) return nil, one, nil end))
    tap.is(take(), "", "a result is held")
    tap.is(t.n .. t[2].n, "34", "and all results come through")
    t = nil
    settle()
    tap.is(take(), "d4", "until it goes")
    local many = table.pack(call(function() return table.unpack({}, 1, 500) end))
    tap.is(many.n, 500, "many results")
end)

tap.subtest("a chain through Lua's tables", function()
    x = F(1, { F(2, { F(3, { F(4) }) }) })
    x = nil
    local w = weak(list {})
    tap.is(w.alive, false, "one question")
    tap.is(take(), "d1 d2 d3 d4", "is enough for all of it to die")
end)

tap.subtest("cycles through both heaps", function()
    do
        x = F(1)
        x.a = { x }
        x = nil
        tap.is(collect(), 1, "by a table")
        x = F(2)
        do local y = x x.a = function() return y end end
        x = nil
        tap.is(collect(), 1, "by a closure")
        tap.is(take(), "d1 d2", "finalized")
    end
    log = {}
    for _, object in pairs(gc.objects "F") do object.a = nil end
    settle()
    log = {}
end)

-- ---- errors --------------------------------------------------------------------------------

tap.subtest("errors stop nothing but themselves", function()
    x = F(1, F(2, nil, function() error("two", 0) end), function() error("one", 0) end)
    local fine = pcall(function() x = nil error "mine" end)
    tap.is(fine, false, "the error of the code arrives")
    tap.is(take(), "d1 error:one d2 error:two", "those of finalizers are reported")
    x = F(3, nil, function() error() end)
    gc.on_error(function(info) say("error:" .. tostring(info.message)) end)
    x = nil
    tap.like(take(), "^d3 error:", "nil as an error")
    x = F(4, nil, function() error(setmetatable({}, { __tostring = error })) end)
    tap.lives(function() x = nil end, "an error whose text fails")
    tap.like(take(), "^d4 error:", "reported all the same")
    x = F(5, nil, function() local function f() return 1 + f() end f() end)
    tap.lives(function() x = nil end, "a finalizer without end")
    tap.like(take(), "^d5 error:.*stack overflow", "is an overflow of Lua's stack")
    gc.on_error(function(info) say("error:" .. info.message:match "[^\n]*") end)
    local function deep(i)
        if i > 0 then return 1 + deep(i - 1) end
        x = F(6)
        x = nil
        return 0
    end
    tap.is(deep(150), 150, "a death deep in the stack")
    tap.is(take(), "d6", "is a death")
    local co = coroutine.wrap(function()
        local c <close> = setmetatable({}, { __close = function()
            x = F(7)
            x = nil
            error("in close", 0)
        end })
        error("first", 0)
    end)
    local _, message = pcall(co)
    tap.is(message .. " " .. take(), "in close d7", "through __close and a coroutine")
end)

-- ---- coroutines ----------------------------------------------------------------------------

tap.subtest("coroutines", function()
    x = F(1, nil, function() coroutine.yield() end)
    local co = coroutine.create(function() x = nil return "end" end)
    local _, result = coroutine.resume(co)
    tap.is(result, "end", "a yield in a finalizer does not leave it")
    tap.like(take(), "^d1 error:attempt to yield", "it is an error")
    x = F(2)
    local w = weak(x, function() coroutine.yield() end)
    coroutine.wrap(function() x = nil end)()
    tap.like(take(), "^d2 error:attempt to yield", "in a callback, too")
    co = coroutine.create(function()
        return call(function(_ENV) a = F(3) coroutine.yield(refcount(a)) return "r" end)
    end)
    tap.is(select(2, coroutine.resume(co)), 1, "out of call")
    tap.is(select(2, coroutine.resume(co)), "r", "and back")
    tap.is(take(), "d3", "its names went")
    co = coroutine.create(function()
        call(function(_ENV) a = F(4) coroutine.yield() end)
    end)
    coroutine.resume(co)
    tap.ok(coroutine.close(co), "closed within call")
    tap.is(take() .. #stack(), "d41", "the frame is gone")
    co = coroutine.create(function() local b = F(5) coroutine.yield() end)
    coroutine.resume(co)
    tap.is(take(), "", "a suspended coroutine holds")
    co = nil
    settle()
    tap.is(take(), "d5", "until it goes")
    co = coroutine.create(function()
        local a <close> = F(6)
        local b = F(7)
        coroutine.yield()
    end)
    coroutine.resume(co)
    coroutine.close(co)
    tap.is(take(), "d7", "variables go when their coroutine is closed")
    heap.live()
    tap.is(take(), "d6", "one to be closed at the next look, since it is on the stack until then")
    settle()
    log = {}
end)

-- ---- hooks ---------------------------------------------------------------------------------

tap.subtest("hooks", function()
    debug.sethook(function() collect() end, "", 1)
    x = F(1)
    x = nil
    local t = {}
    for i = 1, 50 do t[i] = list { i, F(i) } end
    t = nil
    debug.sethook()
    settle()
    tap.is(select(2, take():gsub("d", "")), 51, "one that collects at each instruction")
    x = F(2)
    debug.sethook(function() debug.sethook() del "x" end, "", 3)
    for _ = 1, 10 do end
    debug.sethook()
    tap.is(take(), "d2", "one that deletes a name")
    x = F(3)
    local fine, message = pcall(function()
        debug.sethook(function() debug.sethook() error("hook", 0) end, "", 1)
        x = nil
        return x
    end)
    debug.sethook()
    tap.is(message, "hook", "one that raises")
    x = nil
    tap.is(take(), "d3", "loses nothing")
    x = F(4, nil, function()
        debug.sethook(function() debug.sethook() error("within", 0) end, "", 1)
        for _ = 1, 10 do end
    end)
    tap.lives(function() x = nil end, "one that raises in a finalizer")
    tap.is(take(), "d4 error:within", "is the finalizer's error")
    for event in ("cr l"):gmatch "%S+" do
        debug.sethook(function() settle() end, event)
        call(function(_ENV) a = F(5) a.a = list { a } a = nil end)
        debug.sethook()
        collect()
        tap.is(take(), "d5", "settling at each " .. event)
    end
    tap.ok(heap.check(), "the heap checks")
end)

-- ---- metatables ----------------------------------------------------------------------------

tap.subtest("metatables replaced", function()
    local l = list { 1 }
    local mt = debug.getmetatable(l)
    debug.setmetatable(l, nil)
    tap.throws(function() return l[1] end, "index", "without its own, it is a plain userdata")
    tap.is(refcount(l), 0, "functions know it all the same")
    debug.setmetatable(l, { __index = function() return "mine" end })
    tap.is(l[1], "mine", "with another")
    debug.setmetatable(l, mt)
    tap.is(l[1], 1, "and back")
    local file = io.tmpfile()
    local own = debug.getmetatable(file)
    debug.setmetatable(file, mt)
    tap.throws(function() return file[1] end, "managed object", "a file in its guise")
    tap.throws(function() refcount(file) end, "managed object", "does not deceive functions")
    debug.setmetatable(file, own)
    file:close()
    local h = heap {}
    local values = { false, 1, "x", {}, print, l, h, h:list {}, coroutine.create(print), io.stdout }
    local called = 0
    for _, metatable in ipairs { mt, debug.getmetatable(h) } do
        for key, f in pairs(metatable) do
            local closes = metatable ~= mt and (key == "__gc" or key == "__close")
            if type(f) == "function" and not closes then
                for _, a in ipairs(values) do
                    pcall(f) pcall(f, a) pcall(f, a, a) pcall(f, a, a, a) pcall(f, l, a, a)
                    called = called + 5
                end
            end
        end
    end
    tap.cmp_ok(called, ">", 500, "metamethods called with anything")
    tap.ok(heap.check() and h.heap.check(), "break nothing")
    h:close()
    log = {}
end)

-- ---- collections of Lua's, anywhere --------------------------------------------------------

tap.subtest("collectgarbage anywhere", function()
    local modes = { "collect", "step", "generational", "incremental" }
    for _, mode in ipairs(modes) do
        x = F(1, F(2), function() collectgarbage(mode) say "in" end)
        local w = weak(x, function() collectgarbage(mode) say "back" end)
        finalize(x, function() collectgarbage(mode) say "record" end)
        x = nil
        tap.is(take(), "d1 in d2 record back", mode .. " in a finalizer, a callback, a record")
    end
    local function garbage()
        setmetatable({}, { __gc = function()
            say "gc"
            x = F(3)
            collect()
            x = nil
            settle()
            collectgarbage()
        end })
    end
    garbage()
    settle()
    settle()
    tap.is(take(), "gc d3", "in a __gc, which uses the heap")
    l = list {}
    for i = 1, 300 do l:append(F(i)) garbage() end
    local sorted = pcall(function()
        l:sort(function(a, b) collectgarbage "step" garbage() return a.n > b.n end)
    end)
    tap.ok(sorted, "within a sort")
    for i, item in ipairs(l) do if i % 10 == 0 then collectgarbage() item.a = l end end
    l = nil
    x = nil
    settle()
    collect()
    collectgarbage()
    settle()
    tap.ok(heap.check(), "the heap checks")
    log = {}
end)

-- ---- closing -------------------------------------------------------------------------------

-- Heap, class, frame; and a function that tries to close the heap.
local kept = {} -- none is to be closed by Lua's collector meanwhile
local function new_heap()
    local h = heap {}
    kept[#kept + 1] = h
    local C = h:class("C", { "n" })
    return h, C, h:frame(), function()
        local fine, message = pcall(h.close, h)
        say(fine and "closed" or message)
    end
end

tap.subtest("a heap closed where it is busy", function()
    local h, C, names, close = new_heap()
    function C:__del() close() end
    names.x = C(1)
    names.x = nil
    tap.like(take(), "cannot close while a finalizer", "in its finalizer")
    h, C, names, close = new_heap()
    names.x = C(1)
    local w = h.weak(names.x, close)
    names.x = nil
    tap.like(take(), "cannot close while a finalizer or callback", "in its callback")
    h, C, names, close = new_heap()
    names.x = C(1)
    h.finalize(names.x, close)
    names.x = nil
    tap.like(take(), "cannot close while a finalizer or callback", "in a record")
    h, C, names, close = new_heap()
    names.d = h.dict { a = 1, b = 2 }
    local d = names.d
    tap.throws(function() for _ in pairs(d) do close() end end, "heap is closed", "in iteration")
    tap.is(take(), "closed", "it closes, and the iteration says so")
    h, C, names, close = new_heap()
    names.l = h.list { 3, 2, 1 }
    names.l:sort(function(a, b) close() return a < b end)
    tap.like(take(), "cannot close while it calls this function", "in a sort")
    h, C, names, close = new_heap()
    h.gc.on("stop", close)
    pcall(h.gc.collect)
    tap.is(take(), "closed", "in a listener")
    h, C, names, close = new_heap()
    function C:__index() close() return 1 end
    names.x = C(1)
    pcall(function() return names.x.missing end)
    tap.is(take(), "closed", "in a method")
    tap.throws(function() return names.x end, "heap is closed", "and its handles say so")
    kept = nil
    log = {}
end)

tap.subtest("heaps that close each other", function()
    local heaps = {}
    for i = 1, 10 do
        heaps[i] = heap {}
        local C = heaps[i]:class("C", { "n" })
        function C:__del()
            say(tostring(i))
            pcall(function() heaps[i % 10 + 1]:close() end)
        end
        heaps[i]:frame().x = C(1)
    end
    local l = heaps[3]:list { 1 }
    heaps[1]:close()
    tap.is(take(), "1 2 3 4 5 6 7 8 9 10", "each finalizer once")
    tap.throws(function() return l[1] end, "heap is closed", "a handle that outlives them")
    tap.is(tostring(l), "<object of a closed heap>", "and its text")
end)

-- ---- the end of the process ----------------------------------------------------------------

-- What the script prints, and the status of its process. What a process that leaves in the middle
-- of a finalizer has not freed is no leak.
local function run_command(script)
    local command = os.getenv "OURO"
    local name = os.tmpname()
    local file <close> = assert(io.open(name, "w"))
    file:write(script)
    file:close()
    local pipe = io.popen(("ASAN_OPTIONS=detect_leaks=0 '%s' '%s' 2>&1"):format(command, name))
    local text = pipe:read "a"
    local _, how, status = pipe:close()
    os.remove(name)
    return text, how .. " " .. status
end

tap.subtest("os.exit anywhere", function()
    if not os.getenv "OURO" then
        tap.skip "OURO does not name the command"
        return
    end
    local before = [[
        C = class("C", {"n"})
        local other = heap {}
        other:frame().x = other:class("D", {}) ()
        local left = other:list { 1 }
        local kept = setmetatable({}, { __gc = function()
            pcall(function() return left[1], x.n end)
            pcall(list, { 1 })
        end })
        x = C(1)
        local function leave() io.write "left" io.stdout:flush() os.exit(7, true) end
    ]]
    for _, pair in ipairs {
        { "in a finalizer", "function C:__del() leave() end x = nil" },
        { "in a finalizer by collection",
            "function C:__del() leave() end x.n = x x = nil collect()" },
        { "in a callback", "local w = weak(x, leave) x = nil" },
        { "in a record", "finalize(x, leave) x = nil" },
        { "in a sort", "list { 3, 2, 1 }:sort(leave)" },
        { "in a listener", "gc.on('stop', leave) collect()" },
        { "in a handler of errors", "gc.on_error(leave) function C:__del() error() end x = nil" },
        { "in a coroutine within call", "coroutine.wrap(call)(function(_ENV) y = x leave() end)" },
        { "in a __gc", "setmetatable({}, { __gc = leave }) collectgarbage()" },
        { "in a __close", "do local c <close> = setmetatable({}, { __close = leave }) end" },
        { "in another heap's finalizer", "local h = heap {} local D = h:class('D', {}) "
            .. "function D:__del() leave() end h:frame().x = D() h:close()" },
    } do
        local where, code = table.unpack(pair)
        local text, status = run_command(before .. code .. " print 'not reached'")
        tap.is(text .. " " .. status, "left exit 7", where)
    end
    local text, status = run_command(before .. "function C:__del() leave() end x = x")
    tap.is(text .. " " .. status, "left exit 7", "at the script's end")
end)

tap.subtest("coroutines left within call", function()
    local function leave(n)
        local co = coroutine.create(function()
            call(function(_ENV) a = F(n) b = F(n + 1) coroutine.yield() end)
        end)
        coroutine.resume(co)
        return co
    end
    leave(1)
    settle()
    tap.is(#stack(), 1, "its frame is gone")
    tap.is(take(), "d2 d1", "with its names, last bound first")
    local kept = leave(3)
    leave(5)
    settle()
    tap.is(#stack() .. take(), "2d6 d5", "on top of another")
    local top = leave(7)
    kept = nil
    settle()
    tap.is(take(), "d4 d3", "below another")
    tap.is(#stack(), 3, "where it stays until that goes")
    top = nil
    settle()
    tap.is(#stack() .. take(), "1d8 d7", "as it does")
    call(function(_ENV)
        a = F(9)
        leave(10)
        settle()
        tap.is(#stack() .. take(), "2d11 d10", "within a call that goes on")
        tap.is(a.n .. refcount(a), "91", "whose names are untouched")
    end)
    tap.is(take(), "d9", "up to its own end")
    local w = coroutine.wrap(function()
        return call(function(_ENV) a = F(12) coroutine.yield() return a.n end)
    end)
    w()
    settle()
    tap.is(w() .. take(), "12d12", "one that is held goes on")
end)

gc.on_error(nil)
tap.ok(heap.check(), "the heap checks")
tap.done_testing()
