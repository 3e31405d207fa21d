-- SPDX-License-Identifier: MIT
-- Scenarios of the end (X): scripts run by the command itself, as child processes.
local tap = require "ouro.tap"
local is = tap.is

local ouro = assert(os.getenv("OURO"), "the environment variable OURO has to name the command")

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- Runs the script; gives its output, with standard error at its place, and the exit status.
local function run(text, ...)
    local script = os.tmpname()
    local file = assert(io.open(script, "w"))
    file:write('F = class("F", { "n", "ref" })\n',
        'function F:__del() print("del " .. tostring(self.n)) end\n', text)
    file:close()
    local words = { "exec", quote(ouro) }
    for _, option in ipairs { ... } do words[#words + 1] = quote(option) end
    words[#words + 1] = quote(script)
    local pipe = assert(io.popen(table.concat(words, " ") .. " 2>&1"))
    local output = pipe:read("a")
    local _, how, status = pipe:close()
    os.remove(script)
    output = output:gsub("\n$", ""):gsub(script:gsub("%p", "%%%0"), "SCRIPT")
    return output, how == "exit" and status or how .. " " .. tostring(status)
end

-- One check of the output and one of the exit status.
local function ends(name, text, output, status)
    tap.subtest(name, function()
        local got, how = run(text)
        is(got, output, "the output")
        is(how, status or 0, "the exit status")
    end)
end

ends("X01 a live name with a finalizer, in a cycle", [[
L = list { F "C" }
L:append(L)
]], "del C")

ends("X02 after an exit request", [[
x = F "x"
x.ref = x
os.exit(7)
]], "del x", 7)

tap.subtest("X03 X05 a cycle in a loaded module", function()
    local name = os.tmpname()
    local file = assert(io.open(name, "w"))
    file:write [[
        local ouro = require "ouro"
        local M = {}
        M.class = ouro.class("M", { "me" })
        local text = "del M"
        function M.class:__del() print(text, #string.rep("x", 3), type(require)) end
        M.object = M.class()
        M.object.me = M.object
        return M
    ]]
    file:close()
    local output, status = run("local m = dofile(" .. ("%q"):format(name) .. ")\n"
        .. "package.loaded.m = m\n")
    os.remove(name)
    is(output, "del M\t3\tfunction", "its finalizer runs, with the module's and Lua's functions")
    is(status, 0)
end)

tap.subtest("X08 errors in finalizers at the close", function()
    local output, status = run [[
        E = class("E", { "n" })
        function E:__del() error("bad " .. self.n, 0) end
        first, second = nil, nil
        first = E "first"
        second = E "second"
    ]]
    local order = {}
    for n in output:gmatch("error in finalizer of E #%d+: bad (%a+)") do order[#order + 1] = n end
    is(table.concat(order, " "), "second first", "two reports, names in reverse order of binding")
    is(status, 0, "the exit status does not change")
end)

ends("X09 what only an item, a closure or a cycle refers to", [[
l = list { F "item" }
o = object {}
local captured = F "captured"
o.f = function() return captured end
x = F "cycle"
x.ref = x
x = nil
]], "del item\ndel captured\ndel cycle")

ends("X11 a hard exit", [[
x = F "x"
finalize(x, print, "record")
io.stdout:write("now\n")
io.stdout:flush()
io.popen("kill -9 $PPID"):close()
]], "now", "signal 9")

ends("X12 garbage that was never collected", [[
gc.disable()
x, y = F "x", nil
y = F "y"
x.ref, y.ref = y, x
x, y = nil, nil
]], "del x\ndel y")

ends("X14 a record of garbage that was never collected", [[
gc.disable()
x = list {}
x:append(x)
w = weak(x)
finalize(x, function() print("record", w() ~= nil) end)
x = nil
]], "record\ttrue")

-- ---- what the neighbours suggest -----------------------------------------------------------

ends("names go in reverse order of binding", [[
a = F "a"
b = F "b"
c = F "c"
b = F "b2"
]], "del b\ndel c\ndel b2\ndel a")

ends("first the records, newest first, then names, then cycles", [[
x = F "x"
y = F "y"
y.ref = y
finalize(x, print, "old")
finalize(y, print, "new")
finalize(x, print, "not at exit").atexit = false
]], "new\nold\ndel x\ndel y")

ends("frames that are still on the stack, when a script exits within them", [[
x = F "main"
call(function(_ENV)
    x = F "inner"
    os.exit(3)
end)
]], "del inner\ndel main", 3)

tap.subtest("after an error of the script everything is finalized, too", function()
    local output, status = run 'x = F "x"\nerror "the script\'s"\n'
    tap.like(output, "^ouro: SCRIPT:4: the script's\nstack traceback:.*\ndel x$")
    is(status, 1)
end)

ends("a weak callback at the close", [[
x = F "x"
w = weak(x, function(dead) print("callback", dead()) end)
local keep = w
pin(w)
]], "del x\ncallback\tnil")

ends("a finalizer that makes objects at the close: they die as well", [[
M = class("M", {})
function M:__del()
    print "del M"
    made = F "made"
end
x = M()
]], "del M\ndel made")

ends("what resurrects itself at the close is finalized once", [[
R = class("R", {})
function R:__del()
    print "del R"
    saved = self
end
x = R()
]], "del R")

ends("a finalizer that calls os.exit ends the process at once", [[
Q = class("Q", {})
function Q:__del()
    print "leaving"
    os.exit(5)
end
x = F "x"
y = Q()
]], "leaving", 5)

ends("a collection asked for while the heap closes", [[
C = class("C", { "me" })
function C:__del() print("collect", collect()) end
x = C()
x.me = x
]], "collect\t0")

ends("heap.close before the end, and names after it", [[
x = F "x"
local close, live, print, pcall = heap.close, heap.live, print, pcall
print("left", close())
print(pcall(live))
print(pcall(function() return x end))
]], "del x\nleft\t0\nfalse\theap is closed\nfalse\tSCRIPT:7: heap is closed")

ends("several heaps: each closes", [[
local ouro = require "ouro"
local other = ouro.heap {}
local G = other:class("G", { "n" })
function G:__del() print("del " .. self.n) end
other:frame().x = G "other"
x = F "main"
]], "del other\ndel main")

ends("a coroutine that still holds an object", [[
co = coroutine.create(function()
    local x = F "in a coroutine"
    coroutine.yield()
end)
coroutine.resume(co)
]], "del in a coroutine")

ends("the objects of a name that is bound while names go", [[
B = class("B", {})
function B:__del() late = F "late" end
x = B()
]], "del late")

tap.done_testing()
