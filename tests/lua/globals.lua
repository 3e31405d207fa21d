-- SPDX-License-Identifier: MIT
-- Globals: load, loadfile, dofile, require, _G and _ENV in a script that the command runs. A
-- script has names, and Lua's globals behind them; a module has the globals alone.
local tap = require "ouro.tap"

local folder = os.tmpname()
os.remove(folder)
local made = {}

-- Writes a file of that name, unique to this run; gives its path and the module's name.
local function write(name, text)
    local path = folder .. name .. ".lua"
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
    made[#made + 1] = path
    return path, path:match("([^/]*)%.lua$")
end
package.path = folder:match("^.*/") .. "?.lua;" .. package.path

tap.subtest("chunks have the script's names", function()
    x = list { 1 }
    tap.ok(same(load("return x")(), x), "load of a string")
    local parts = { "y = x ", "return refcount(y)" }
    local i = 0
    tap.is(load(function() i = i + 1; return parts[i] end)(), 2, "load of a function")
    tap.ok(same(y, x), "and its assignments bind names")
    local path = write("chunk", "z = x return refcount(x), ...")
    tap.is(loadfile(path)(), 3, "loadfile")
    tap.is(select("#", dofile(path)), 1, "dofile gives the results, and no arguments")
    tap.ok(same(z, x))
    tap.is(load("return a", "c", "t", { a = 3 })(), 3, "an environment of one's own")
    tap.throws(load("return a", "c", "t", nil), "index a nil value", "none, if nil is given")
    tap.is(loadfile(path, "t", { x = 7, refcount = function(v) return v end })(), 7)
    local binary = string.dump(load("return x"))
    tap.ok(same(load(binary)(), x), "a binary chunk")
    tap.is(load(binary, "b", "b", { x = 5 })(), 5)
    tap.is(load(string.dump(function() return 1 end))(), 1, "one without _ENV")
    tap.is(select(2, load("x =", "=c")), "c:1: unexpected symbol near <eof>", "an error in it")
    tap.is(select("#", load("x =")), 2)
    tap.is(select(2, load("return 1", "c", "b")), "attempt to load a text chunk (mode is 'b')")
    tap.throws(function() load({}) end, "globals.lua:%d+: bad argument #1 to 'load'")
    tap.throws(function() load("", {}) end, "bad argument #2 to 'load'")
    tap.is(select(2, loadfile("/nowhere.lua")):match("^cannot open"), "cannot open")
    tap.throws(function() dofile("/nowhere.lua") end, "cannot open")
    tap.throws(function() dofile(write("bad", "error('here', 1)")) end, "bad.lua:1: here")
    path = write("yields", "return coroutine.yield(1)")
    local co = coroutine.wrap(function() return dofile(path) end)
    tap.is(co(), 1, "dofile may yield")
    tap.is(co(2), 2)
    local f = load("return x")
    debug.setupvalue(f, 1, { x = "other" })
    tap.is(f(), "other", "debug.setupvalue")
    local apart = frame("apart")
    tap.is(load("x = 5; return x", "c", "t", apart)(), 5, "a frame as environment")
    tap.ok(x ~= 5, "whose names are apart")
    call(function(_ENV)
        x = 6
        tap.ok(load("return x")() ~= 6, "load has main's names, in a call as well")
    end)
    del("x", "y", "z")
end)

tap.subtest("modules have the globals alone", function()
    local _, name = write("module", [[
        module_global = "from the module"
        local M = {}
        function M.get() return hidden, list, load("return hidden")() end
        function M.assign(v) shared = v end
        function M.shared() return shared, _G.shared end
        function M.has(wanted)
            for k in pairs(_G) do if k == wanted then return true end end
            return false
        end
        return M
    ]])
    hidden = 1
    local M = require(name)
    tap.is(select("#", M.get()), 3)
    tap.is(M.get(), nil, "no name of the script")
    tap.is(select(2, M.get()), nil, "no function of ouro")
    tap.is(select(3, M.get()), nil, "nor in what it loads")
    tap.ok(not M.has("hidden"), "nor in its pairs(_G)")
    tap.ok(M.has("print"))
    tap.is(module_global, "from the module", "its globals are seen behind the names")
    module_global = 2
    tap.is(module_global, 2, "a name hides one")
    del "module_global"
    tap.is(module_global, "from the module", "until it is deleted")
    _G.shared = "given"
    tap.is(M.shared(), "given", "what is assigned through _G is meant for modules, too")
    shared = "changed"
    tap.is(select(2, M.shared()), "changed", "also later")
    M.assign("back")
    tap.is(shared, "back", "and they may change it")
    _G.shared = nil
    tap.is(M.shared(), nil, "until it is taken back")
    M.assign("theirs")
    tap.is(shared, "theirs")
    tap.ok(M.has("shared"))
    del "hidden"
    rawset(_G, "shared", nil)
    rawset(_G, "module_global", nil)
end)

tap.subtest("_G has the names, and the globals", function()
    x = list {}
    tap.ok(same(_G.x, x), "a name is read through it")
    _G.x = list { 1 }
    tap.is(refcount(x), 1, "and assigned: one counted reference")
    tap.is(tostring(x), "[1]")
    _G.y = x
    tap.is(refcount(x), 2, "a new one as well")
    tap.is(tostring(names()):match("x.*y") ~= nil, true, "it is a name of main")
    _G.y = nil
    tap.is(y, nil)
    tap.is(refcount(x), 1)
    tap.ok(_G._G == _G and type(_G) == "table")
    tap.ok(_G.print == print and _G.list == list)
    tap.is(rawget(_G, "x"), nil, "raw access is to the globals alone")
    rawset(_G, "raw", 5)
    tap.is(raw, 5)
    rawset(_G, "raw", nil)
    _G[1] = "one"
    tap.is(_G[1], "one", "a key that is no name")
    _G[1] = nil
    local seen = {}
    for k, v in pairs(_G) do seen[k] = (seen[k] or 0) + 1 end
    tap.ok(seen.x == 1 and seen.print == 1 and seen._G == 1, "pairs has both, each once")
    for k in pairs(_G) do if k == "x" then _G[k] = nil end end
    tap.is(x, nil, "a loop over it may remove")
    tap.is(select(2, next(_G)) ~= nil, true)
end)

tap.subtest("_ENV has the names", function()
    local before = {}
    for k in pairs(_ENV) do before[k] = true end
    b, a = 1, list {}
    local text = {}
    for k, v in pairs(_ENV) do if not before[k] then text[#text + 1] = k .. "=" .. repr(v) end end
    tap.is(table.concat(text, " "), "a=[] b=1", "in order of binding, which begins at the right")
    _ENV.c = 3
    tap.is(c, 3)
    tap.is(_ENV["b"], 1)
    tap.throws(function() setmetatable(_ENV, {}) end, "table expected", "it has no metatable")
    local function f(_ENV) d = 1; return d end
    local own = {}
    tap.ok(f(own) == 1 and own.d == 1, "functions with an _ENV of their own")
    del("a", "b", "c")
end)

tap.subtest("idioms of pure Lua", function()
    _G.foo = 1
    tap.is(foo, 1)
    foo = 2
    tap.is(_G.foo, 2)
    _G.foo = nil
    tap.is(foo, nil)
    local usual = getmetatable(_G)
    setmetatable(_G, { __index = function(_, n) error("undeclared " .. n, 2) end,
        __newindex = function(t, n, v) rawset(t, n, v) end })
    tap.throws(function() return undeclared_name end, "undeclared undeclared_name", "strict")
    tap.lives(function() declared = 1; return declared end)
    tap.throws(function() return _G.nothing end, "globals.lua:%d+: undeclared nothing")
    _G.strict_global = 5
    tap.is(strict_global, 5)
    _G.strict_global = nil
    setmetatable(_G, usual)
    local mt = getmetatable(_G)
    local old = mt.__index
    mt.__index = function() return "default" end
    tap.is(nothing_at_all, "default", "a changed metatable")
    mt.__index = old
    tap.is(nothing_at_all, nil)
    local real = print
    print = 7
    tap.is(print, 7, "a name of the standard library is a name like others")
    del "print"
    tap.ok(print == real, "and back when it is deleted")
    del "declared"
end)

tap.subtest("after the heap has closed", function()
    local path = write("closed", [[
        x = 1
        local G, print, rawget, load, pcall = _G, print, rawget, load, pcall
        heap.close()
        print(G.x, G.y)
        G.y = 2
        print(G.y, rawget(G, "y"))
        for k in G.pairs(G) do end
        print((pcall(load, "return 1")))
    ]])
    local pipe = io.popen(("'%s' '%s' 2>&1"):format(os.getenv("OURO") or arg[-1], path))
    tap.is(pipe:read("a"), "nil\tnil\n2\t2\nfalse\n", "_G is a plain table")
    pipe:close()
end)

for _, path in ipairs(made) do os.remove(path) end
tap.is(_VERSION, "Lua 5.4", "_VERSION is Lua's")
tap.like(require "ouro"._VERSION, "^ouro %d", "and the module has its own")

tap.done_testing()
