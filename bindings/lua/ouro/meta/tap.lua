-- SPDX-License-Identifier: MIT
-- Tap: definitions (LuaCATS) of the module `ouro.tap` (building.lua says what is made of these
-- files).
---@meta ouro.tap

-- ## Tests: `require "ouro.tap"`
--
-- Prints the Test Anything Protocol on standard output: version 14; with `OURO_TAP=13` in the
-- environment, and under `prove`, version 13 (subtests are one line each, all else is comments).
-- `prove -e ouro tests/` runs a folder of scripts; in a checkout `prove -e scripts/ouro tests/`. A
-- script's status is the number of its failed checks, at most 254, and 255 for a plan that was not
-- kept. What is called `name` is optional everywhere.

---`tap`
---What `require "ouro.tap"` gives.
---@class ouro.tap
---@field heap? ouro.Heap # the heap that the checks about memory look at; nil: the default one
local tap = {}

---`tap.plan(n)`, `tap.plan(0, reason)`
---So many checks will run, of the script or the subtest. 0: none, because of the reason.
---@param n integer
---@param reason? string
function tap.plan(n, reason) end

---`tap.skip_all(reason)`
---Nothing of the script or subtest can run here; it ends at once.
---@param reason? string
function tap.skip_all(reason) end

---`tap.done_testing([n])`
---All checks have run, n of them if given. After failures the process ends, with its status.
---@param n? integer
function tap.done_testing(n) end

---`tap.bail_out(reason)`
---Nothing more makes sense, in other scripts either: the process ends with status 255.
---@param reason? string
function tap.bail_out(reason) end

---`tap.ok(value, name)`
---Passes if the value is neither nil nor false.
---@param value any
---@param name? string
---@return boolean
function tap.ok(value, name) end

---`tap.pass(name)`
---Passes.
---@param name? string
---@return boolean
function tap.pass(name) end

---`tap.fail(name)`
---Fails.
---@param name? string
---@return boolean
function tap.fail(name) end

---`tap.is(got, expected, name)`
---Passes if `got == expected`; a NaN is equal to a NaN.
---@param got any
---@param expected any
---@param name? string
---@return boolean
function tap.is(got, expected, name) end

---`tap.isnt(got, unexpected, name)`
---The opposite.
---@param got any
---@param unexpected any
---@param name? string
---@return boolean
function tap.isnt(got, unexpected, name) end

---`tap.is_deeply(got, expected, name)`
---Compares tables and managed objects by what is in them, cycles too, and tells the path to the
---first difference.
---@param got any
---@param expected any
---@param name? string
---@return boolean
function tap.is_deeply(got, expected, name) end

---`tap.like(got, pattern, name)`
---The text of `got` has the pattern in it, taken as plain text or as a pattern of Lua.
---@param got any
---@param pattern string
---@param name? string
---@return boolean
function tap.like(got, pattern, name) end

---`tap.unlike(got, pattern, name)`
---The opposite.
---@param got any
---@param pattern string
---@param name? string
---@return boolean
function tap.unlike(got, pattern, name) end

---`tap.cmp_ok(a, operator, b, name)`
---Compares by `==`, `~=`, `<`, `<=`, `>` or `>=`.
---@param a any
---@param operator "=="|"~="|"<"|"<="|">"|">="
---@param b any
---@param name? string
---@return boolean
function tap.cmp_ok(a, operator, b, name) end

---`tap.throws(f [, pattern [, name]])`
---f raises an error whose text has the pattern in it.
---@param f function
---@param pattern? string
---@param name? string
---@return boolean
function tap.throws(f, pattern, name) end

---`tap.lives(f, name)`
---f raises no error.
---@param f function
---@param name? string
---@return boolean
function tap.lives(f, name) end

---`tap.skip(reason [, n])`
---Stands for n checks (1) that cannot run here.
---@param reason? string
---@param n? integer
function tap.skip(reason, n) end

---`tap.todo(reason, f)`
---The checks in f are known to fail, and do not count.
---@param reason string
---@param f function
function tap.todo(reason, f) end

---`tap.subtest(name, [options,] f)`
---The checks in f as one. `{heap = true}` gives f a fresh heap as its argument, which is also that
---of the checks about memory within and is closed at the end; a table of limits does as well. With
---`{leaks = true}` it fails if f leaves more objects than there were, garbage or referenced; with
---`{leaks = n}` unless it leaves n. Names bound in f are references, too.
---@param name string
---@param options? {heap?: boolean|ouro.Limits, leaks?: boolean|integer}
---@param f fun(heap?: ouro.Heap)
---@return boolean
---@overload fun(name: string, f: function): boolean
function tap.subtest(name, options, f) end

---`tap.note(text)`
---A comment on standard output.
---@param text any
function tap.note(text) end

---`tap.diag(text)`
---A comment on standard error, where people see it under `prove`.
---@param text any
function tap.diag(text) end

---`tap.dies(f, name)`
---What f returns is dead as soon as f has returned, without a collection.
---@param f function
---@param name? string
---@return boolean
function tap.dies(f, name) end

---`tap.survives(x, name)`
---x, the target of the weak reference x, or what the function x returns, is alive, also after a
---collection.
---@param x any
---@param name? string
---@return boolean
function tap.survives(x, name) end

---`tap.leaks(n, f, name)`
---f leaves n objects that only cycles keep. They are collected.
---@param n integer
---@param f function
---@param name? string
---@return boolean
function tap.leaks(n, f, name) end

---`tap.no_leaks(f, name)`
---f leaves none.
---@param f function
---@param name? string
---@return boolean
function tap.no_leaks(f, name) end

---`tap.refcount_is(x, n, name)`
---There are n counted references to x.
---@param x ouro.Object
---@param n integer
---@param name? string
---@return boolean
function tap.refcount_is(x, n, name) end

---`tap.dies_in_order(labels, f, name)`
---f(note) makes objects and lets them go. `note(x, label)` notes the label when x dies;
---`note(label)`, for finalizers, notes it at once.
---@param labels string[]
---@param f fun(note: function)
---@param name? string
---@return boolean
function tap.dies_in_order(labels, f, name) end

---`tap.report(passed, name [, details])`
---For checks of your own: a check's line, and if it failed the details, an array of
---`{key, text}` or a function that makes it.
---@param passed boolean
---@param name? string
---@param details? string[][]|fun(): string[][]
---@return boolean
function tap.report(passed, name, details) end

---`tap.own(source)`
---For checks of your own: a failure is told to be where a function of another file called, not of
---this one, as in `tap.own(debug.getinfo(1, "S").source)`.
---@param source string
function tap.own(source) end

-- A failed check tells in YAML what it got and where it stands; one about memory also the count,
-- the holders, and the path that keeps the object alive, as `why` gives it. Once the first line of
-- TAP is written, what the script, finalizers and callbacks print becomes comments, and never is
-- within a line of TAP. `prove` takes the files of a folder that end in `.t`; with
-- `prove -e ouro --ext lua tests/` those that end in `.lua`.

-- ## Not yet
--
-- `heap.export`, `heap.import`, `draw`, `gc.trace`, `record` and `replay` do not
-- exist.

return tap
