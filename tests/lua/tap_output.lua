-- SPDX-License-Identifier: MIT
-- Tap output: what ouro.tap prints to the byte, in version 14, in 13 and through prove:
-- evidence about memory, what finalizers print in between, subtests with a heap of their own,
-- and the corners of the specification of TAP 14.
local tap = require "ouro.tap"
local is, like = tap.is, tap.like

local command = os.getenv("OURO") or arg[-1] or "ouro"
if command:match("^[^/].*/") then command = os.getenv("PWD") .. "/" .. command end
local folder = os.tmpname()
os.remove(folder)
assert(os.execute("mkdir '" .. folder .. "'"))
local script = folder .. "/case.t"

local function write(path, text)
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
end

local function output_of(line)
    local pipe = assert(io.popen("cd '" .. folder .. "' && env -u HARNESS_ACTIVE -u OURO_TAP "
        .. line))
    local output = pipe:read("a")
    local _, _, status = pipe:close()
    return output, status
end

-- Runs the text, after a first line, as case.t.
local function run(text, settings)
    write(script, 'local tap = require "ouro.tap"\n' .. text .. "\n")
    return output_of((settings or "") .. " '" .. command .. "' case.t 2>/dev/null")
end

local function prints(text, expected, name, settings)
    local output, status = run(text, settings)
    is(output, expected, name)
    return status
end

local memory = [[
local Node = class("Node", { "next" })
tap.dies(function() x = Node(Node()) return x.next end, "a path")
tap.dies(function() local n = Node() n.next = n return n end, "a cycle")
tap.refcount_is(x, 2, "a count")
tap.no_leaks(function() build.ring(2) end, "a leak")
tap.done_testing()]]

tap.subtest("failed checks of memory have count, holders and path", function()
    local status = prints(memory, [[
TAP version 14
not ok 1 - a path
  ---
  got: "Node(next=nil)"
  expected: dead
  count: 1
  holders:
    - "#1.next"
  path:
    - "#2 Node(next=nil)"
    - "  <- #1.next <- name x in main"
  at:
    file: "case.t"
    line: 3
  ...
not ok 2 - a cycle
  ---
  got: "Node(next=Node(...))"
  expected: dead
  count: 1
  holders:
    - "#3.next"
  path:
    - "#3 Node(next=Node(...)): nothing keeps it alive"
  at:
    file: "case.t"
    line: 4
  ...
not ok 3 - a count
  ---
  got: 1
  expected: 2
  holders:
    - "name x in main"
  path:
    - "#1 Node(next=Node(next=nil))"
    - "  <- name x in main"
  at:
    file: "case.t"
    line: 5
  ...
not ok 4 - a leak
  ---
  got: "2 leaked objects"
  expected: "0 leaked objects"
  cycles:
    - "#4.next -> #5.next -> #4 (garbage)"
  at:
    file: "case.t"
    line: 6
  ...
1..4
]], "version 14")
    is(status, 4, "four have failed")
    local output = run(memory, "OURO_TAP=13")
    like(output, [[
not ok 1 - a path
#   got: "Node(next=nil)"
#   expected: dead
#   count: 1
#   holders:
#     - "#1.next"
#   path:
#     - "#2 Node(next=nil)"
#     - "  <- #1.next <- name x in main"
#   at: case.t:3
not ok 2 - a cycle
]], "version 13")
end)

local loud = [[
local Loud = class("Loud", { "n" })
function Loud:__del() io.write("half a line ", self.n) end
x = Loud(1)
x = nil
tap.ok(true, "after half a line")
function Loud:__del() print("ok 9", self.n) io.stdout:write("one\n", 2, "\n# three\n") end
x = Loud(2)
tap.subtest("inner", function()
    x = nil
    tap.ok(true, "after whole ones")
    weak(list {}, function() io.write("not ok 7\n") end)
    settle()
    tap.is({}, setmetatable({}, { __tostring = function() print("meanwhile") return "{}!" end }))
end)
io.write("")
io.write("to the", " end")
tap.done_testing()]]

tap.subtest("what finalizers and callbacks print is comments, and ends its line", function()
    local output, status = run(loud)
    like(output, "^half a line 1\nTAP version 14\nok 1 %- after", "before the first check")
    like(output, "\n# ok 9\t2\n# one\n# 2\n# three\n    ok 1 - after whole ones\n",
        "nothing of theirs looks like TAP")
    like(output, "\n# meanwhile\n    not ok 2\n      ---\n      got: ", "not within a check")
    like(output, "\n# to the end\n1..2\n$", "and the plan is a line of its own")
    is(status, 1, "one has failed")
end)

tap.subtest("subtests have a heap of their own, and leave nothing", function()
    local text = [[
tap.subtest("fine", { heap = true, leaks = true }, function(h)
    local l = h:list { 1 }
    tap.refcount_is(l, 0, "of that heap")
    tap.is(h:live() > 0, true, "it is fresh")
end)
tap.subtest("a cycle", { heap = { max_objects = 50 }, leaks = true }, function(h)
    local l = h:list {}
    l[1] = l
    tap.is(h.heap.limits().max_objects, 50, "limits")
end)
tap.subtest("as many as said", { leaks = 2 }, function()
    build.ring(2)
    tap.pass()
end)
tap.subtest("a name", { leaks = true }, function()
    x = list {}
    tap.pass()
end)
tap.is(tap.heap, nil, "afterwards it is the default one")
tap.done_testing()]]
    local output, status = run(text)
    is(status, 2, "two leak")
    like(output, [[
TAP version 14
# Subtest: fine
    ok 1 - of that heap
    ok 2 - it is fresh
    1..2
ok 1 - fine
# Subtest: a cycle
    ok 1 - limits
    1..1
not ok 2 - a cycle
  ---
  got: "1 leaked object, expected 0 leaked objects"
  garbage: 1
  cycles:
    - "#1[1] -> #1 (garbage)"
  referenced: 0
  at:
    file: "case.t"
    line: 7
  ...
# Subtest: as many as said
    ok 1
    1..1
ok 3 - as many as said
# Subtest: a name
    ok 1
    1..1
not ok 4 - a name
  ---
  got: "1 leaked object, expected 0 leaked objects"
  garbage: 0
  cycles: []
  referenced: 1
  changes:
    - "type ]], "the evidence")
    like(output, "\nok 5 %- afterwards it is the default one\n1..5\n$", "the heap is put back")
    tap.throws(function() tap.subtest("x", { leek = true }, print) end, "leek", "a wrong option")
    tap.throws(function() tap.subtest("x") end, "function", "no function")
end)

tap.subtest("a subtest can be skipped, and errors in nested ones are told", function()
    local status = prints([[
tap.plan(2)
tap.subtest("skipped", function() tap.skip_all("no # network") tap.fail() end)
tap.subtest("outer", function()
    tap.plan(2)
    tap.subtest("inner", function() error("broken\nin two") end)
    tap.todo("later", function() tap.subtest("unfinished", function() tap.fail("x") end) end)
end)]], [[
TAP version 14
1..2
# Subtest: skipped
    1..0 # SKIP no \# network
ok 1 - skipped # SKIP no \# network
# Subtest: outer
    1..2
    # Subtest: inner
        1..0
    not ok 1 - inner
      ---
      got: "an error: case.t:6: broken"
      at:
        file: "case.t"
        line: 6
      ...
    # Subtest: unfinished
        not ok 1 - x # TODO later
          ---
          at:
            file: "case.t"
            line: 7
          ...
        1..1
    ok 2 - unfinished # TODO later
not ok 2 - outer
  ---
  got: "failed 1 of 2 checks"
  at:
    file: "case.t"
    line: 4
  ...
]], "version 14")
    is(status, 1, "one has failed")
end)

tap.subtest("notes, names and reasons of several lines stay what they are", function()
    prints([[
tap.note("one\n\nok 2\r\n3")
tap.ok(true, "a\r\nb # c \\ d")
tap.skip("x\ny # z")
tap.todo("t # u", function() tap.fail() end)
tap.bail_out("no\ndisk")]], [[
TAP version 14
# one
#
# ok 2
# 3
ok 1 - a b \# c \\ d
ok 2 # SKIP x y \# z
not ok 3 # TODO t \# u
  ---
  at:
    file: "case.t"
    line: 5
  ...
Bail out! no disk
]], "each in one line, or comments")
    local output, status = run('tap.subtest("s", function() tap.bail_out("deep") end)')
    is(output, "TAP version 14\n# Subtest: s\nBail out! deep\n", "from within a subtest")
    is(status, 255, "its status")
end)

tap.subtest("a plan comes first or last, and once", function()
    for text, message in pairs {
        ["tap.plan(1) tap.plan(1)"] = "a plan already",
        ["tap.ok(true) tap.plan(2)"] = "before the first check",
        ["tap.ok(true) tap.skip_all('x')"] = "cannot be skipped any more",
    } do
        local _, status = run(text)
        tap.isnt(status, 0, message .. ": an error")
        local said = output_of("'" .. command .. "' case.t 2>&1 >text")
        like(said, message, message)
    end
    local _, status = run("tap.plan(2) tap.ok(true) tap.done_testing()")
    is(status, 255, "one check of two")
    _, status = run("tap.ok(true) tap.done_testing(2)")
    is(status, 255, "also if the plan comes last")
end)

tap.subtest("is_deeply looks into managed objects, and tells the path", function()
    local Node = class("Node", { "val", "next" })
    local function graph(value)
        local a = Node(1, Node(list { 1, { k = dict { x = tuple { value } } } }))
        a.next.next = a
        return a
    end
    tap.is_deeply(graph(5), graph(5), "the same graph twice")
    tap.is_deeply(set { 1, "a" }, set { "a", 1 }, "sets")
    tap.is_deeply({ 0 / 0 }, { 0 / 0 }, "what is not a number")
    local output = run([[
        local Node = class("Node", { "val", "next" })
        local Twin = class("Twin", { "val", "next" })
        local a, b = Node(1, Node(list { 1, { k = dict { x = tuple { 5 } } } })), nil
        a.next.next = a
        b = Node(1, Node(list { 1, { k = dict { x = tuple { 6 } } } }))
        b.next.next = b
        tap.is_deeply(a, b, "deep")
        tap.is_deeply(Node(1), Twin(1), "classes")
        tap.is_deeply(list { 1, 2 }, list { 1 }, "longer")
        tap.is_deeply(list { 1 }, list { 1, 2 }, "shorter")
        tap.is_deeply(dict { a = 1 }, dict { a = 1, b = 2 }, "keys")
        tap.is_deeply({ list { 1 } }, { { 1 } }, "kinds")
        tap.is_deeply(set { 1 }, set { 2 }, "members")
        tap.done_testing()]])
    local paths = {}
    for path in output:gmatch("where: ([^\n]*)") do paths[#paths + 1] = path end
    tap.is_deeply(paths, { '"it.next.val[2].k.x[1]"', "it", '"it[2]"', '"it[2]"', "it.b", '"it[1]"',
        '"it[1]"' }, "each first difference")
end)

tap.subtest("checks within what a check calls keep their order", function()
    local output = run([[
        local function text() tap.ok(true, "inside") return "t" end
        local t = setmetatable({}, { __tostring = text })
        tap.is(t, 1, "outside")
        tap.done_testing()]])
    like(output, "^TAP version 14\nok 1 %- inside\nnot ok 2 %- outside\n.*1%.%.2\n$", "numbered")
end)

tap.subtest("prove is content with a folder of scripts", function()
    local have = os.execute("command -v prove >/dev/null 2>&1")
    if not have then tap.skip_all("prove is not installed") end
    os.remove(script)
    os.remove(folder .. "/text")
    assert(os.execute("mkdir '" .. folder .. "/good' '" .. folder .. "/bad'"))
    local head = 'local tap = require "ouro.tap"\n'
    write(folder .. "/good/one.t", head .. [[
        local Loud = class("Loud")
        function Loud:__del() print("ok 5") io.write("half") end
        tap.subtest("a # b", { heap = true, leaks = true }, function() tap.ok(true, "in") end)
        x = Loud {}
        x = nil
        tap.skip("why not")
        tap.todo("later", function() tap.fail("known") end)
        tap.done_testing()]])
    write(folder .. "/good/two.t", head .. 'tap.skip_all("not here")')
    write(folder .. "/bad/fails.t", head .. "tap.fail('a') tap.fail('b') tap.done_testing()")
    write(folder .. "/bad/plan.t", head .. "tap.plan(2) tap.pass()")
    write(folder .. "/bad/raises.t", head .. "tap.pass() error('early')")
    local output, status = output_of("prove -e '" .. command .. "' good/ 2>&1")
    is(status, 0, "all pass")
    like(output, "Result: PASS", "it says so")
    like(output, "Files=2, Tests=3,", "it has seen them")
    tap.unlike(output, "Parse errors", "it understands every line")
    output, status = output_of("prove -e '" .. command .. "' bad/ 2>&1")
    is(status, 1, "three scripts fail")
    like(output, "bad/fails.t.*Tests: 2 Failed: 2", "two checks")
    like(output, "Bad plan.  You planned 2 tests but ran 1", "a plan")
    like(output, "bad/raises.t.*No plan found in TAP output", "an error")
    write(folder .. "/bad/bail.t", head .. "tap.bail_out('no disk')")
    output, status = output_of("prove -e '" .. command .. "' bad/bail.t 2>&1")
    like(output, "Bailout called.  Further testing stopped:  no disk", "a bailout")
    is(status, 255, "with its status")
end)

os.execute("rm -r '" .. folder .. "'")
tap.done_testing()
