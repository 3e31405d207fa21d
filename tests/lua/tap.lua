-- SPDX-License-Identifier: MIT
-- Tap: what ouro.tap prints, and with which status a script ends. Each case is a script of its
-- own, run by the command that runs this one.
local tap = require "ouro.tap"
local is, ok, like = tap.is, tap.ok, tap.like

local command = os.getenv("OURO") or arg[-1] or "ouro"
local script, errors = os.tmpname(), os.tmpname()

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- Runs the text after the usual first lines: its output, status and standard error.
local function run(text, settings)
    local file = assert(io.open(script, "w"))
    file:write('local tap = require "ouro.tap"\n', text, "\n")
    file:close()
    local pipe = assert(io.popen(("env -u HARNESS_ACTIVE -u OURO_TAP %s %s %s 2>%s"):format(
        settings or "", quote(command), quote(script), quote(errors))))
    local output = pipe:read("a")
    local _, _, status = pipe:close()
    local file_of_errors = assert(io.open(errors))
    local said = file_of_errors:read("a")
    file_of_errors:close()
    return output, status, said
end

local function prints(text, expected, name, settings)
    local output, status, said = run(text, settings)
    is(output, expected, name)
    return status, said
end

tap.subtest("checks that pass print a line each and the plan", function()
    local status = prints([[
        tap.ok(true, "one")
        tap.is(2, 2.0, "two")
        tap.isnt(1, 2)
        tap.is_deeply({ 1, { a = { 2 } } }, { 1, { a = { 2 } } }, "deep")
        tap.like("abc", "b.", "like")
        tap.unlike("abc", "d", "unlike")
        tap.cmp_ok(1, "<", 2, "less")
        tap.throws(function() error("went (wrong)") end, "(wrong)", "throws")
        tap.lives(function() end, "lives")
        tap.pass("pass")
        tap.done_testing()]], [[
TAP version 14
ok 1 - one
ok 2 - two
ok 3
ok 4 - deep
ok 5 - like
ok 6 - unlike
ok 7 - less
ok 8 - throws
ok 9 - lives
ok 10 - pass
1..10
]], "the whole output")
    is(status, 0, "the status is 0")
end)

tap.subtest("a failed check tells what it got, and where", function()
    local output, status, said = run([[
tap.is("a", 1, "not the same")
tap.done_testing()]])
    like(output, [[
not ok 1 - not the same
  ---
  got: "a"
  expected: 1
  at:
    file: "]], "as YAML")
    like(output, "    line: 2\n  ...\n1..1\n", "with the line of the caller")
    is(status, 1, "the status is the number of failed checks")
    like(said, "Failed: not the same", "people see it on standard error")
end)

tap.subtest("version 13 is flat, its details are comments", function()
    local text = [[
tap.is("a", 1, "not the same")
tap.subtest("inner", function() tap.ok(true, "within") end)
tap.done_testing()]]
    local status = prints(text, ([[
TAP version 13
not ok 1 - not the same
#   got: "a"
#   expected: 1
#   at: %s:2
# Subtest: inner
#    ok 1 - within
#    1..1
ok 2 - inner
1..2
]]):format(script), "the whole output", "OURO_TAP=13")
    is(status, 1, "the same status")
    like((run(text, "HARNESS_ACTIVE=1")), "^TAP version 13\n", "prove gets what it knows")
    like((run(text, "HARNESS_ACTIVE=1 OURO_TAP=14")), "^TAP version 14\n", "unless told not to")
end)

tap.subtest("subtests are indented and count as one", function()
    local status = prints([[
        tap.plan(1)
        tap.subtest("outer", function()
            tap.plan(2)
            tap.ok(true, "a")
            tap.subtest("inner", function() tap.ok(true, "b") end)
        end)
        tap.done_testing()]], [[
TAP version 14
1..1
# Subtest: outer
    1..2
    ok 1 - a
    # Subtest: inner
        ok 1 - b
        1..1
    ok 2 - inner
ok 1 - outer
]], "the whole output")
    is(status, 0, "the status is 0")
end)

tap.subtest("a subtest fails with a check, a plan, an error, or without any check", function()
    local output, status = run([[
        tap.subtest("a check", function() tap.ok(false) end)
        tap.subtest("a plan", function() tap.plan(2) tap.ok(true) end)
        tap.subtest("an error", function() tap.ok(true) error("oops", 0) end)
        tap.subtest("nothing", function() end)
        tap.done_testing()]])
    for i, name in ipairs { "a check", "a plan", "an error", "nothing" } do
        like(output, "\nnot ok " .. i .. " - " .. name, name)
    end
    like(output, "an error: oops", "the error is told")
    is(status, 4, "four have failed")
end)

tap.subtest("names are one line, and no directives", function()
    prints([[
        tap.ok(true, "a # b")
        tap.ok(true, "a\nb\\c")
        tap.ok(true, "a # TODO b")
        tap.ok(true, "#skip")
        tap.done_testing()]], [[
TAP version 14
ok 1 - a \# b
ok 2 - a b\\c
ok 3 - a \#. TODO b
ok 4 - \#.skip
1..4
]], "escaped")
end)

tap.subtest("skip and todo are directives, and no failures", function()
    local status = prints([[
        tap.skip("no reason", 2)
        tap.todo("not yet", function() tap.ok(true, "done already") end)
        tap.done_testing()]], [[
TAP version 14
ok 1 # SKIP no reason
ok 2 # SKIP no reason
ok 3 - done already # TODO not yet
1..3
]], "the whole output")
    is(status, 0, "the status is 0")
    local output, failed = run([[
        tap.todo("not yet", function() tap.ok(false, "later") end)
        tap.done_testing()]])
    like(output, "not ok 1 - later # TODO not yet", "a failure is marked")
    is(failed, 0, "and does not count")
end)

tap.subtest("a plan of no checks skips the script", function()
    local status = prints('tap.plan(0, "no such thing here") error("not reached")', [[
TAP version 14
1..0 # SKIP no such thing here
]], "the whole output")
    is(status, 0, "the status is 0")
end)

tap.subtest("bail_out ends everything", function()
    local output, status = run('tap.ok(true) tap.bail_out("no disk") tap.ok(true)')
    like(output, "ok 1\nBail out! no disk\n", "it says why")
    is(status, 255, "the status is 255")
end)

tap.subtest("a plan that is not kept is a failure", function()
    local _, status = run('tap.plan(3) tap.ok(true) tap.done_testing()')
    is(status, 255, "too few")
    local _, without = run('tap.plan(3) tap.ok(true)')
    is(without, 255, "also without done_testing")
    local _, failed = run('tap.plan(1) tap.ok(false)')
    is(failed, 1, "and a failed check without it")
    local output, none = run("tap.done_testing()")
    is(none, 255, "no checks at all")
    like(output, "1..0", "with a plan of none")
    local _, error_status = run('tap.plan(1) tap.ok(true) error("late")')
    is(error_status, 1, "an error after the last check")
end)

tap.subtest("mistakes in using it are errors", function()
    tap.throws(function() tap.cmp_ok(1, "=", 2) end, "operator", "an unknown operator")
    tap.throws(function() tap.like("a", 5) end, "pattern", "a pattern that is none")
    tap.throws(function() tap.plan("x") end, "whole number", "a plan that is none")
    tap.throws(function() tap.leaks("x", print) end, "whole number", "a number that is none")
    tap.throws(function() tap.dies(5) end, "function", "no function")
end)

tap.subtest("is_deeply finds the first difference, in cycles too", function()
    local output = run([[
        tap.is_deeply({ 1, { x = { 2 } } }, { 1, { x = { 3 } } }, "a value")
        tap.is_deeply({ 1, 2 }, { 1 }, "an item too many")
        tap.is_deeply({ 1 }, { 1, k = true }, "a key missing")
        local a, b = {}, {}
        a.self, b.self = a, b
        tap.is_deeply(a, b, "cyclic and equal")
        b.self = { self = b, more = 1 }
        tap.is_deeply(a, b, "cyclic and not")
        tap.done_testing()]])
    like(output, 'where: "it[2].x[1]"\n  got: 2\n  expected: 3', "a value")
    like(output, 'where: "it[2]"\n  got: 2\n  expected: nil', "an item too many")
    like(output, 'where: it.k\n  got: nil\n  expected: true', "a key missing")
    like(output, "ok 4 - cyclic and equal", "cyclic and equal")
    like(output, 'not ok 5', "cyclic and not")
end)

tap.subtest("managed objects are compared by == and shown by repr", function()
    local output = run([[
        local Node = class("Node", { "val" })
        tap.is(list { 1, 2 }, list { 1, 2 }, "equal lists")
        tap.is(Node(1), Node(1), "different nodes")
        tap.done_testing()]])
    like(output, "ok 1 - equal lists\nnot ok 2", "lists by value, objects by identity")
    like(output, 'got: "Node(val=1) (Node)"', "the text of the object")
end)

local Node = class("Node", { "val", "next" })

tap.subtest("a check keeps nothing", function()
    local w
    do
        local n = Node(1)
        w = weak(n)
        tap.is(n, n, "is")
        tap.is_deeply({ n }, { n }, "is_deeply")
        tap.ok(n, "ok")
        tap.throws(function() error(n) end, nil, "throws")
        tap.refcount_is(n, 0, "refcount_is")
    end
    is(w(), nil, "the object is dead after them")
    local output = run([[
        local Node, w = class("Node", { "val" })
        do
            local n = Node(1)
            w = weak(n)
            tap.is(n, 5, "fails")
            tap.ok(false, n)
            tap.lives(function() error(n) end, "raises")
        end
        print("# alive: " .. tostring(w() ~= nil))
        tap.done_testing()]])
    like(output, "# alive: false", "nor do failed ones")
end)

tap.subtest("dies and survives", function()
    tap.dies(function() return Node(1) end, "a temporary object")
    tap.dies(function() return list { Node(1) }, Node(2) end, "two of them")
    tap.survives(function()
        kept = Node(1)
        return kept
    end, "a named one")
    tap.survives(kept, "as an object")
    tap.survives(weak(kept), "as a weak reference")
    kept = nil
    local output, status = run([[
        local Node = class("Node", { "val", "next" })
        tap.dies(function() local n = Node(1) n.next = n return n end, "a cycle")
        tap.dies(function() return nil end, "nothing")
        tap.survives(function() return Node(1) end, "a temporary one")
        tap.done_testing()]])
    like(output, "not ok 1 - a cycle\n", "a cycle does not die by itself")
    like(output, 'count: 1\n  holders:\n    %- "#%d+%.next"\n', "and the holders are told")
    like(output, "not ok 2 - nothing", "nothing cannot die")
    like(output, "not ok 3 - a temporary one", "a temporary one does not survive")
    is(status, 3, "three failures")
end)

tap.subtest("leaks and no_leaks", function()
    tap.leaks(10, function() build.ring(10) end, "a ring")
    tap.no_leaks(function() build.chain(10) end, "a chain")
    tap.no_leaks(function() x = build.ring(3) end, "a ring that is named")
    x = nil
    tap.leaks(0, collect, "nor was it counted later")
    local output = run([[
        tap.no_leaks(function() build.ring(2) end, "a ring")
        tap.no_leaks(function() error("oops", 0) end, "an error")
        tap.done_testing()]])
    like(output, 'cycles:\n    %- "#%d+%.next %-> #%d+%.next %-> #%d+ %(garbage%)"',
        "a failure shows the circle")
    like(output, "not ok 2 %- an error\n.*an error: oops", "an error is a failure")
end)

tap.subtest("refcount_is shows the holders when it fails", function()
    x = Node(1)
    y = x
    tap.refcount_is(x, 2, "two names")
    x, y = nil, nil
    local output = run([[
        x = list {}
        tap.refcount_is(x, 5, "five")
        tap.done_testing()]])
    like(output, "got: 1\n  expected: 5\n", "the count")
    like(output, "name x in main", "the holders")
end)

tap.subtest("dies_in_order notes deaths, and what finalizers say", function()
    tap.dies_in_order({ "outer", "inner" }, function(note)
        local n = Node(1)
        n.next = note(Node(2), "inner")
        note(n, "outer")
    end, "by death")
    local Loud = class("Loud", { "name", "next" })
    tap.dies_in_order({ "a", "b" }, function(note)
        function Loud:__del() note(self.name) end
        x = Loud("a", Loud("b"))
        x = nil
    end, "by finalizers")
    Loud.__del = nil
    local output = run([[
        tap.dies_in_order({ "a", "b" }, function(note)
            x = note(list {}, "b")
            x = nil
            x = note(list {}, "a")
            x = nil
        end, "the other way")
        tap.done_testing()]])
    like(output, 'got: "b, a"\n  expected: "a, b"', "a failure shows both")
end)

os.remove(script)
os.remove(errors)
tap.done_testing()
