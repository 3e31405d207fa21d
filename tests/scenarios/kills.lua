-- SPDX-License-Identifier: MIT
-- Kills: metamethods, comparisons, constructors and finalizers that let go of the very thing
-- that an operation is working on. The operation ends with a result or an error, the heap
-- checks, and what was let go of dies, once.
local tap = require "ouro.tap"
local is = tap.is

gc.disable()
local dead = {}
F = class("F", { "n", "ref" })
function F:__del() dead[#dead + 1] = tostring(self.n) end

local function died()
    local text = table.concat(dead, " ")
    dead = {}
    return text
end

local function scenario(name, f)
    tap.subtest(name, function()
        local before = heap.live()
        f()
        settle()
        while collect() > 0 do end
        is(heap.live(), before, "nothing is left over")
        tap.ok(heap.check(), "the heap checks")
        dead = {}
    end)
end

-- ---- sorting ---------------------------------------------------------------------------------

scenario("a comparison that takes elements out of the list it sorts", function()
    l = list {}
    for i = 1, 50 do l:append(F(51 - i)) end
    local fine, message = pcall(l.sort, l, function(a, b)
        if #l > 3 then l:pop() end
        return a.n < b.n
    end)
    tap.ok(fine or tostring(message):find("changed"), "it sorts or says why not")
    is(#l + #dead, 50, "each is in the list or dead")
    l = nil
    is(#dead, 50, "all are dead")
end)

scenario("a comparison that clears the list, drops its name, and raises", function()
    for _, deed in ipairs { function() clear(l) end, function() l = nil end,
        function() error("no order", 0) end, function() l[1] = 0 end,
        function() l:insert(1, F(0)) end, function() l:sort() end } do
        l = list {}
        for i = 1, 20 do l:append(F(21 - i)) end
        local done
        pcall(l.sort, l, function(a, b)
            if not done then
                done = true
                deed()
            end
            return a.n < b.n
        end)
        tap.ok(heap.check(), "the heap checks")
        l = nil
        settle()
        tap.cmp_ok(#dead, ">=", 20, "all are dead")
        dead = {}
    end
end)

scenario("a comparison that lets its arguments go", function()
    l = list {}
    for i = 1, 30 do l:append(list { F(i) }) end
    tap.lives(function()
        l:sort(function(a, b)
            if #a > 0 then clear(a) end
            return false
        end)
    end, "to the end")
    is(#l, 30, "with all of them")
    l = nil
    is(#dead, 30, "and each died once")
end)

scenario("a sort without any order ends", function()
    l = list {}
    for i = 1, 200 do l:append(i) end
    local state = 7
    pcall(l.sort, l, function()
        state = state * 1103515245 + 12345 & 0x7fffffff
        return state & 65536 ~= 0
    end)
    is(#l, 200, "nothing is lost")
    local sum = 0
    for _, v in ipairs(l) do sum = sum + v end
    is(sum, 20100, "nor doubled")
    l = nil
end)

-- ---- equality -----------------------------------------------------------------------------

E = class("E", { "n", "deed" })
function E:__eq(other)
    if self.deed then self.deed() end
    return isinstance(other, E) and self.n == other.n
end

local function each_deed(make, use)
    local deeds = {
        { "clears", function() clear(a) clear(b) end },
        { "unbinds", function() a = nil b = nil end },
        { "shrinks", function() if #a > 0 then del(a, #a) end end },
        { "grows", function() for i = 1, 100 do a:append(i) end end },
        { "raises", function() error("no equality", 0) end },
        { "collects", function() collect() settle() end },
    }
    for _, deed in ipairs(deeds) do
        a, b = make(deed[2]), make(deed[2])
        pcall(use)
        tap.ok(heap.check(), deed[1])
        a, b = nil, nil
    end
end

scenario("an __eq that kills what is compared: lists", function()
    each_deed(function(deed)
        local l = list {}
        for i = 1, 20 do l:append(E(i, deed)) end
        return l
    end, function() return a == b end)
end)

scenario("an __eq that kills what is searched", function()
    local function make(deed)
        local l = list {}
        for i = 1, 20 do l:append(E(i, deed)) end
        return l
    end
    each_deed(make, function() return a:index(E(20)) end)
    each_deed(make, function() return a:remove(E(20)) end)
end)

scenario("an __eq that kills what is compared: values of dicts", function()
    local function make(deed)
        local d = dict {}
        for i = 1, 20 do d[i] = E(i, deed) end
        return d
    end
    for _, deed in ipairs { function() clear(a) clear(b) end, function() a, b = nil, nil end,
        function() a[1] = nil end, function() for i = 1, 200 do a["k" .. i] = i end end,
        function() error("no") end } do
        a, b = make(deed), make(deed)
        pcall(function() return a == b end)
        tap.ok(heap.check(), "the heap checks")
        a, b = nil, nil
    end
end)

scenario("a __len and a __repr that kill what they look at", function()
    local K = class("K", { "n", "ref" })
    local deed
    function K:__len() deed() return 5 end
    function K:__repr() deed() return "K!" end
    function K:__del() dead[#dead + 1] = "K" end
    for _, f in ipairs { function() x = nil end, function() clear(x) end,
        function() clear(l) end, function() l = nil end,
        function() for i = 1, 100 do l:append(i) end end, function() collect() end,
        function() l:pop() end, function() clear(d) end, function() d.k = nil d.z = 1 end } do
        deed = f
        x = K(1)
        l = list { K(2), x, K(3) }
        d = dict { k = K(4), z = K(5) }
        pcall(function() return #x end)
        pcall(tostring, x)
        pcall(tostring, l)
        pcall(tostring, d)
        pcall(repr, tuple { l, d })
        tap.ok(heap.check(), "the heap checks")
        x, l, d = nil, nil, nil
        settle()
        is(#dead, 5, "five died")
        dead = {}
    end
end)

scenario("a __repr that raises, that is no text, that asks for its own", function()
    local K = class("K", { "f" })
    function K:__repr() return self.f(self) end
    x = K(function() error("no text", 0) end)
    tap.throws(function() return tostring(x) end, "no text", "raised")
    tap.throws(function() return tostring(list { x }) end, "no text", "from within")
    x.f = function() return {} end
    tap.throws(function() return tostring(x) end, "__repr has to return a string", "no text")
    x.f = function(self) return repr(list { self }) end
    is(tostring(x), "[K(...)]", "its own")
    x.f = nil
    x = nil
end)

-- ---- constructors -----------------------------------------------------------------------------

scenario("an __init that raises", function()
    local I = class("I", { "n" })
    function I:__init(how)
        self.n = F(how)
        if how == "raise" then error("no object", 0) end
        if how == "keep" then kept = self error("no object", 0) end
        if how == "collect" then collect() settle() end
        if how == "clear" then clear(self) end
        if how == "return" then return F("other") end
    end
    function I:__del() dead[#dead + 1] = "I" end
    tap.throws(function() I("raise") end, "no object")
    settle()
    is(died(), "I raise", "what was begun dies, with its finalizer")
    tap.throws(function() I("keep") end, "no object")
    is(died(), "", "what was kept lives")
    is(kept.n.n, "keep", "as far as it was made")
    kept = nil
    is(died(), "I keep", "until it goes")
    x = I("collect")
    is(x.n.n, "collect", "a collection within does not take it")
    x = I("clear")
    is(x.n, nil, "it may clear itself")
    x = I("return")
    is(typeof(x), "I", "what it returns is not the object")
    x = nil
end)

scenario("an __init that yields", function()
    local I = class("I", { "n" })
    function I:__init(n)
        self.n = n
        coroutine.yield("half")
        self.n = n + 1
    end
    local co = coroutine.wrap(function() return I(1).n end)
    local fine, first = pcall(co)
    if fine and first == "half" then
        is(co(), 2, "goes on")
    else
        tap.like(first, "yield", "or says that it cannot")
    end
end)

-- ---- iteration ----------------------------------------------------------------------------

scenario("what is iterated over is let go of", function()
    l = list { F(1), F(2), F(3) }
    local count = 0
    for _, v in ipairs(l) do
        count = count + 1
        if l then clear(l) end
        l = nil
        tap.ok(v.n, "the item at hand lives")
    end
    tap.cmp_ok(count, "<=", 3, "it ends")
    d = dict { a = F(4), b = F(5) }
    pcall(function()
        for _, v in pairs(d) do
            d = nil
            tap.ok(v.n, "the value at hand lives")
        end
    end)
    x = object { a = F(6), b = F(7) }
    pcall(function()
        for _, v in pairs(x) do
            clear(x)
            tap.ok(v.n, "the attribute at hand lives")
        end
    end)
    x = nil
    settle()
    is(#dead, 7, "all died")
end)

scenario("a finalizer that changes the container that drops it", function()
    local G = class("G", { "f" })
    function G:__del() if self.f then self.f() end end
    l = list {}
    for i = 1, 10 do l:append(G(function() l:append(i) end)) end
    clear(l)
    tap.cmp_ok(#l, "<=", 10, "items added meanwhile stay, or went with the others")
    l = list {}
    for _ = 1, 10 do l:append(G(function() if #l > 0 then l:pop() end end)) end
    while #l > 0 do del(l, 1) end
    d = dict {}
    for i = 1, 20 do d[i] = G(function() d[i + 100] = i d[i + 1] = nil end) end
    for i = 1, 20 do d[i] = nil end
    clear(d)
    s = set {}
    t = set {}
    for i = 1, 20 do
        local g = G(function() s[i] = true end)
        s[g] = true
    end
    clear(s)
    l = list { G(function() l[1] = "new" end) }
    l[1] = "old"
    tap.ok(l[1] == "new" or l[1] == "old", "an item is one or the other")
    del("l", "d", "s", "t")
end)

-- ---- frames -------------------------------------------------------------------------------

scenario("frames popped by an error, with finalizers that raise and that call", function()
    local G = class("G", { "n" })
    local told = {}
    gc.on_error(function(info) told[#told + 1] = info.message end)
    function G:__del()
        dead[#dead + 1] = tostring(self.n)
        call(function(_ENV) inner = self end)
        error("from " .. self.n, 0)
    end
    local fine, message = pcall(call, function(_ENV)
        outer = G("outer")
        call(function(_ENV)
            inner = G("inner")
            call(function(_ENV)
                last = G("last")
                error("the first", 0)
            end)
        end)
    end)
    settle()
    is(message, "the first", "the error comes through")
    is(#stack(), 1, "all frames are gone")
    is(died(), "last inner outer", "each with its names")
    is(table.concat(told, ", "), "from last, from inner, from outer", "and each error is told")
    gc.on_error(nil)
end)

scenario("names of a frame go last bound first", function()
    call(function(_ENV)
        a = F("a")
        b = F("b")
        c = F("c")
        settle()
    end)
    settle()
    is(died(), "c b a")
    call(function(_ENV)
        a = F("a")
        b = F("b")
        c = F("c")
    end)
    settle()
    do
        is(died(), "c b a")
    end
end)

tap.done_testing()
