-- SPDX-License-Identifier: MIT
-- Scenarios of names, scopes and deletion (N): what a name keeps, when it lets go, and in
-- which order the names of a frame do.
local tap = require "ouro.tap"
local under = dofile(arg[0]:match("^.*/") .. "under")
local scenario, said, note = under.scenario, under.said, under.note
Node, F = under.Node, under.F

scenario("N01 deleting a name that is not bound", function()
    x, y = Node(), F("y")
    del "x"
    tap.throws(function() del "x" end, "x", "the second time is an error that names it")
    tap.throws(function() del("y", "x") end, "x", "also as one of several")
    tap.is(said(), "", "and then nothing was deleted")
    tap.refcount_is(y, 1)
    del "y"
end)

scenario("N02 only the last name kills", function()
    x = F("x")
    y = x
    w = weak(x)
    del "x"
    tap.is(said(), "", "not the first")
    tap.ok(w.alive)
    del "y"
    tap.is(said(), "x", "but the second")
    tap.is(w(), nil, "the weak reference is empty")
    collect()
    tap.is(said(), "", "no second time")
    del "w"
end)

scenario("N05 a loop variable is a local of the loop", function()
    objs = list { F("a"), F("b"), F("c") }
    for _, o in ipairs(objs) do note(o.n:upper()) end
    tap.is(said(), "A B C")
    del "objs"
    settle()
    tap.is(said(), "a b c", "it keeps nothing once the loop has ended")
    objs = list { F("a"), F("b"), F("c") }
    for _, v in ipairs(objs) do o = v end
    del "objs"
    settle()
    tap.is(said(), "a b", "a name that was bound in the loop keeps the last")
    del "o"
    tap.is(said(), "c")
end)

scenario("N06 rebinding in a loop releases one behind", function()
    for i = 0, 3 do x = F(i) end
    tap.is(said(), "0 1 2", "the last is still held")
    del "x"
    tap.is(said(), "3")
end)

scenario("N06 the same with a counted name of a call", function()
    call(function(_ENV)
        for i = 0, 3 do x = F(i) end
        tap.is(said(), "0 1 2", "the last is still held")
    end)
    settle()
    tap.is(said(), "3", "until the frame goes")
end)

scenario("N08 captured variables live as long as the closure", function()
    local function reads()
        local a = F("a")
        return function() return a.n end
    end
    f = reads()
    settle()
    tap.is(said(), "", "the closure has it")
    tap.is(f(), "a", "and reads it")
    f = nil
    settle()
    tap.is(said(), "a", "it goes with the closure")
    local function does_not()
        local a = F("a")
        return function() return 1 end
    end
    f = does_not()
    settle()
    tap.is(said(), "a", "one that does not mention it does not keep it")
    del "f"
end)

scenario("N10 three names at once", function()
    local w
    do
        local made = Node()
        a, b, c = made, made, made
        w = weak(made)
    end
    tap.refcount_is(a, 3)
    del "a"
    tap.refcount_is(b, 2)
    del "b"
    tap.refcount_is(c, 1)
    del "c"
    tap.is(w(), nil, "dead")
end)

-- Binds names in this order, each to an object that says its name. When it has returned, no
-- register of Lua has one of the objects any more.
local function bind(frame, names)
    for name in names:gmatch("%a") do frame[name] = F(name) end
end

scenario("names go last bound first when a frame goes", function()
    call(function(_ENV) bind(_ENV, "xyz") settle() end)
    tap.is(said(), "z y x")
    call(function(_ENV)
        bind(_ENV, "xyz")
        bind(_ENV, "x")
        y = nil
        note "-"
        bind(_ENV, "y")
        settle()
    end)
    tap.is(said(), "x y - y z x", "a new value keeps a name's place, unbinding gives it up")
    pcall(call, function(_ENV) bind(_ENV, "xyz") settle() error("on purpose", 0) end)
    tap.is(said(), "z y x", "after an error")
    local co = coroutine.create(function()
        call(function(_ENV) bind(_ENV, "xyz") coroutine.yield() end)
    end)
    coroutine.resume(co)
    settle()
    tap.is(said(), "", "a suspended call keeps its names")
    coroutine.close(co)
    tap.is(said(), "z y x", "a coroutine that is closed")
end)

scenario("names just made go last bound first as well", function()
    f = frame("f")
    f.x = F("x") f.y = F("y") f.z = F("z")
    f = nil
    tap.is(said(), "z y x", "a frame that is dropped")
    do
        call(function(_ENV) x = F("x") y = F("y") z = F("z") end)
        tap.is(said(), "z y x", "a call that returns")
        pcall(call, function(_ENV) x = F("x") y = F("y") z = F("z") error("on purpose") end)
        tap.is(said(), "z y x", "a call that raises")
    end
    call(function(_ENV) x, y, z = F("x"), F("y"), F("z") end)
    tap.is(said(), "x y z", "Lua assigns the last of several names first")
end)

scenario("all names of a frame die before call returns", function()
    local dead = 0
    local D = class("D")
    function D:__del() dead = dead + 1 end
    call(function(_ENV) x, y, z = D(), D(), D() end)
    tap.is(dead, 3, "not when somebody next looks")
    call(function(_ENV) x = D() y = D() z = D() end)
    tap.is(dead, 6, "bound one by one")
    local one, more = call(function(_ENV) x = D() y = D() return 1, x end)
    tap.is(dead, 7, "all but a result")
    tap.is(one, 1, "the results are passed on")
    tap.ok(isinstance(more, D))
    more = nil
    settle()
    tap.is(dead, 8)
    pcall(call, function(_ENV) x = D() y = D() error("on purpose") end)
    tap.is(dead, 10, "after an error")
    local function outer(_ENV)
        x = D()
        call(function(_ENV) x = D() y = D() end)
        tap.is(dead, 12, "those of a call within a call")
    end
    call(outer)
    tap.is(dead, 13)
end)

scenario("a frame's finalizers still find the names bound before", function()
    local seen = {}
    local S = class("S", { "of" })
    function S:__del()
        local frame = self.of
        seen[#seen + 1] = tostring(frame.x) .. "/" .. tostring(frame.y)
    end
    call(function(_ENV)
        x, y = 1, 2
        z = S(_ENV)
        settle()
    end)
    tap.is(seen[1], "1/2")
    tap.is(#seen, 1)
end)

scenario("del of several names lets go in the order given", function()
    x, y, z = F("x"), F("y"), F("z")
    del("y", "x", "z")
    tap.is(said(), "y x z")
    x = F("x")
    y = x
    del("x", "y")
    tap.is(said(), "x", "two names of one object")
end)

scenario("del from within a finalizer", function()
    local D = class("D")
    function D:__del()
        note "d"
        del "y"
    end
    x, y = D(), F("y")
    del "x"
    tap.is(said(), "d y", "another name")
    function D:__del()
        note(pcall(del, "x"))
    end
    x = D()
    del "x"
    tap.like(said(), "^false", "its own is unbound already")
end)

scenario("a local is held to its last use, a closed one to its block", function()
    do
        local n = F("n")
        settle()
        tap.is(said(), "", "held")
        note(n.n .. " used")
    end
    settle()
    tap.is(said(), "n used n", "gone with its block")
    local C = class("C")
    function C:__close() note "closed" end
    function C:__del() note "dead" end
    do
        local c <close> = C()
        note "in the block"
    end
    settle()
    tap.is(said(), "in the block closed dead")
end)

scenario("`local n <close>` without a method __close", function()
    do
        local n <close> = F("n")
        note "in the block"
    end
    tap.is(said(), "in the block n", "the object dies at the end of the block")
    do
        local n <close> = F("n")
        x = n
    end
    tap.is(said(), "", "unless something counts it")
    del "x"
    tap.is(said(), "n")
end)

tap.done_testing()
