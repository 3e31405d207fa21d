-- SPDX-License-Identifier: MIT
-- Tap: tests that print the Test Anything Protocol, version 14, on standard output, for Meson
-- and other readers. With OURO_TAP=13 in the environment, and under `prove`, which fails
-- everything it does not know, it is version 13: a subtest is one line, and its own lines are
-- comments. Beside the usual checks there are those about memory (memory.lua). How lines are
-- kept whole, whatever finalizers print, is in stream.lua.
--
-- Nothing that was given to a check is kept after it, and a failed check keeps text only.
local deep = require "ouro.deep"
local show = require "ouro.show"
local stream = require "ouro.stream"

-- What memory.lua adds for this file alone.
local tap, inner = {}, {}

local stderr, exit = io.stderr, os.exit
local function wants_13()
    local wanted = os.getenv("OURO_TAP")
    if not wanted or wanted == "" then return os.getenv("HARNESS_ACTIVE") ~= nil end
    return wanted == "13"
end
local flat = wants_13()

-- A context is the script itself or a subtest: how many checks have run and failed.
local function new_context(parent)
    return { parent = parent, indent = parent and parent.indent .. "    " or "", count = 0,
        failed = 0 }
end

local main = new_context()
local now = main
local begun, ended = false, false

-- ---- writing ------------------------------------------------------------------------------

-- Lines of the context that is now, with the version before the first.
local function write_lines(lines)
    local out = {}
    if not begun then
        begun = true
        out[1] = "TAP version " .. (flat and "13" or "14")
    end
    local prefix = flat and now.parent and "#" .. now.indent or now.indent
    for _, line in ipairs(lines) do out[#out + 1] = prefix .. line end
    stream.write(out)
end

local function write_line(line)
    write_lines { line }
end

-- A name in one line. What would read as a directive (# TODO) is marked off by a point, for
-- readers that do not know the backslash.
local function escape(name)
    name = tostring(name):gsub("\\", "\\\\"):gsub("[\r\n]+", " ")
    return (name:gsub("#(%s*%a*)", function(word)
        local lower = word:lower()
        local directive = lower:match("^%s*skip") or lower:match("^%s*todo")
        return "\\#" .. (directive and "." or "") .. word
    end))
end

local function comment(text)
    return (("# " .. tostring(text):gsub("\r?\n", "\n# ")):gsub("# %f[\n\0]", "#"))
end

-- note(text): a comment on standard output.
function tap.note(text)
    local lines = {}
    for line in comment(text):gmatch("[^\n]+") do lines[#lines + 1] = line end
    write_lines(lines)
end

-- diag(text): a comment on standard error, where people see it under `prove`.
function tap.diag(text)
    io.stdout:flush()
    stderr:write((comment(text)):gsub("[^\n]+", now.indent .. "%0"), "\n")
    stderr:flush()
end

-- Where the check was called: the first function outside of these files.
local own = {}
local function add_own(source) own[source] = true end
add_own(debug.getinfo(1, "S").source)
tap.own = add_own

local function place()
    for level = 2, 60 do
        local info = debug.getinfo(level, "Sl")
        if not info then break end
        if not own[info.source] and info.currentline > 0 then
            return info.short_src, info.currentline
        end
    end
    return "?", 0
end

-- Adds the details, an array of {key, text} or {key, {text, ...}}, to the lines.
local function add_details(lines, details, file, line)
    if not flat then lines[#lines + 1] = "  ---" end
    local from = #lines
    for _, detail in ipairs(details) do stream.add_detail(lines, detail, show.quote) end
    if flat then
        lines[#lines + 1] = ("  at: %s:%d"):format(file, line)
        for i = from + 1, #lines do lines[i] = "# " .. lines[i] end
        return
    end
    lines[#lines + 1] = "  at:"
    lines[#lines + 1] = "    file: " .. show.quote(file)
    lines[#lines + 1] = ("    line: %d"):format(line)
    lines[#lines + 1] = "  ..."
end

local function current_todo()
    local context = now
    while context do
        if context.todo then return context.todo end
        context = context.parent
    end
end

-- Writes a check's line, and the details (an array, or a function that makes it) if it failed.
-- Details are made first: that may run code of the script, with checks of its own.
local function report(passed, name, details, directive)
    local todo, context = current_todo(), now
    local file, number = nil, nil
    if not passed then
        file, number = place()
        if type(details) == "function" then details = details() end
    end
    context.count = context.count + 1
    local line = (passed and "ok " or "not ok ") .. context.count
    if name ~= nil and name ~= "" then line = line .. " - " .. escape(name) end
    if todo then line = line .. " # TODO " .. escape(todo)
    elseif directive then line = line .. directive end
    local lines = { line }
    if not passed then add_details(lines, details or {}, file, number) end
    write_lines(lines)
    if passed then return true end
    if todo then return false end
    context.failed = context.failed + 1
    tap.diag(("Failed: %s (%s:%d)"):format(tostring(name or context.count), file, number))
    return false
end
tap.report = report

-- ---- plans and the end ----------------------------------------------------------------------

local function write_plan(count, reason)
    now.planned = count
    write_line("1.." .. count .. (reason and " # SKIP " .. escape(reason) or ""))
end

-- Raised to leave a subtest that skips itself.
local leave = {}

-- plan(n): so many checks will run. plan(0, reason): none, and the script, or the subtest,
-- ends here.
function tap.plan(count, reason)
    if math.type(count) ~= "integer" or count < 0 then
        error("plan: how many checks has to be a whole number; got " .. tostring(count), 2)
    end
    if now.planned then error("plan: there is a plan already", 2) end
    if count > 0 and now.count > 0 then
        error("plan: a plan comes before the first check, or from done_testing", 2)
    end
    if count == 0 and now.count > 0 then
        error("plan: what has run checks cannot be skipped any more; use skip", 2)
    end
    if count == 0 then now.skipped = tostring(reason or "no reason given") end
    write_plan(count, now.skipped)
    if count > 0 then return end
    if now ~= main then error(leave, 0) end
    ended = true
    exit(0, true)
end

-- skip_all(reason): the same as plan(0, reason).
function tap.skip_all(reason)
    return tap.plan(0, reason)
end

-- skip_all(reason): the same as plan(0, reason).
function tap.skip_all(reason)
    return tap.plan(0, reason)
end

-- What is wrong with the context as a whole, or nil.
local function complaint(context)
    if context.planned and context.planned ~= context.count then
        return ("planned %d checks but ran %d"):format(context.planned, context.count)
    elseif context.count == 0 and context.planned ~= 0 then
        return "no checks were run"
    elseif context.failed > 0 then
        return ("failed %d of %d checks"):format(context.failed, context.count)
    end
end

-- The status `prove` expects: the number of failed checks, 255 for a plan that is not kept.
local function exit_status(context)
    if not complaint(context) then return 0 end
    return context.failed > 0 and math.min(context.failed, 254) or 255
end

-- done_testing([n]): all checks have run. After failures the process ends here, with a status
-- that says so.
function tap.done_testing(count)
    if count and not now.planned then now.planned = count end
    if not now.announced then
        now.announced = true
        if not now.planned or count then write_line("1.." .. (count or now.count)) end
    end
    if now ~= main then return end
    ended = true
    local what = complaint(main)
    if not what then return end
    tap.diag(what)
    exit(exit_status(main), true)
end

-- bail_out(reason): nothing more makes sense, in other scripts either.
function tap.bail_out(reason)
    now = main
    write_line("Bail out! " .. escape(reason or ""))
    ended = true
    exit(255, true)
end

-- A script with a plan that ends without done_testing still ends with the right status: this
-- table is collected when the Lua state closes. An error has its own status, and without a
-- plan the reader of the lines knows that something is missing.
debug.getregistry()["ouro.tap"] = setmetatable({}, {
    __gc = function()
        if ended or not begun then return end
        local what = complaint(main)
        if not what then return end
        tap.diag(what)
        exit(exit_status(main), false)
    end,
})

-- ---- checks ------------------------------------------------------------------------------------

-- ok(condition, name)
function tap.ok(condition, name)
    return report(condition and true or false, name, function()
        return { { "got", show.value(condition) }, { "expected", "a true value" } }
    end)
end

function tap.pass(name) return report(true, name) end
function tap.fail(name) return report(false, name) end

local equal = deep.equal

local function expectation(got, expected)
    return function()
        local a, b = show.value(got), show.value(expected)
        if a == b then -- the texts do not tell them apart
            a, b = a .. " (" .. show.type(got) .. ")", b .. " (" .. show.type(expected) .. ")"
        end
        return { { "got", a }, { "expected", b } }
    end
end

-- is(got, expected, name): the same or equal (==).
function tap.is(got, expected, name)
    return report(equal(got, expected), name, expectation(got, expected))
end

-- isnt(got, unexpected, name)
function tap.isnt(got, unexpected, name)
    return report(not equal(got, unexpected), name, function()
        return { { "got", show.value(got) }, { "expected", "anything else" } }
    end)
end

-- is_deeply(got, expected, name): tables and managed objects by what is in them.
function tap.is_deeply(got, expected, name)
    local found = deep.difference(got, expected)
    return report(not found, name, function()
        local details = expectation(found.got, found.expected)()
        table.insert(details, 1, { "where", found.path })
        return details
    end)
end

-- The text has the pattern in it, read as plain text or as a pattern of Lua.
local function matches(text, pattern)
    if text:find(pattern, 1, true) then return true end
    local fine, found = pcall(string.find, text, pattern)
    return fine and found ~= nil
end

local function check_pattern(pattern, what)
    if type(pattern) ~= "string" then
        error(what .. ": the pattern has to be a string; got " .. show.value(pattern), 3)
    end
end

-- like(got, pattern, name), unlike(got, pattern, name): the text of `got`.
function tap.like(got, pattern, name)
    check_pattern(pattern, "like")
    return report(matches(tostring(got), pattern), name, function()
        return { { "got", show.value(got) }, { "expected", "a text like " .. pattern } }
    end)
end

function tap.unlike(got, pattern, name)
    check_pattern(pattern, "unlike")
    return report(not matches(tostring(got), pattern), name, function()
        return { { "got", show.value(got) }, { "expected", "no text like " .. pattern } }
    end)
end

local operators = {
    ["=="] = function(a, b) return a == b end,
    ["~="] = function(a, b) return a ~= b end,
    ["<"] = function(a, b) return a < b end,
    ["<="] = function(a, b) return a <= b end,
    [">"] = function(a, b) return a > b end,
    [">="] = function(a, b) return a >= b end,
}

-- cmp_ok(a, operator, b, name)
function tap.cmp_ok(a, operator, b, name)
    local compare = operators[operator]
    if not compare then
        error("cmp_ok: the operator has to be one of == ~= < <= > >=; got "
            .. show.value(operator), 2)
    end
    local fine, result = pcall(compare, a, b)
    return report(fine and result and true or false, name, function()
        local got = show.value(a) .. " " .. operator .. " " .. show.value(b)
        return { { "got", fine and got or got .. ": " .. tostring(result) },
            { "expected", "true" } }
    end)
end

-- throws(f [, pattern [, name]]): f raises an error, whose text has the pattern in it.
function tap.throws(f, pattern, name)
    if pattern ~= nil then check_pattern(pattern, "throws") end
    local fine, message = pcall(f)
    local text = fine and "no error" or tostring(message)
    message = nil
    local passed = not fine and (pattern == nil or matches(text, pattern))
    return report(passed, name, function()
        return { { "got", text }, { "expected", "an error like " .. (pattern or "any") } }
    end)
end

-- lives(f, name): f raises no error.
function tap.lives(f, name)
    local fine, message = pcall(f)
    local text = not fine and tostring(message) or nil
    message = nil
    return report(fine, name, function()
        return { { "got", text }, { "expected", "no error" } }
    end)
end

-- skip(reason [, n]): n checks (1) that cannot run here.
function tap.skip(reason, count)
    for _ = 1, count or 1 do
        now.count = now.count + 1
        write_line("ok " .. now.count .. " # SKIP " .. escape(reason or ""))
    end
end

-- todo(reason, f): the checks in f are known to fail, and do not count.
function tap.todo(reason, f)
    local context, before = now, now.todo
    context.todo = tostring(reason or "")
    local fine, message = pcall(f)
    if not fine then report(false, "an error", { { "got", tostring(message) } }) end
    context.todo = before
end

-- Where a subtest went wrong, from what it raised.
local function trace(message)
    if message == leave then return leave end
    return { text = tostring(message), traceback = debug.traceback(tostring(message), 2) }
end

-- Runs f as the context `child`: nil, or what it raised.
local function run_in(child, f)
    now = child
    local fine, problem = xpcall(f, trace)
    if not fine and problem ~= leave then tap.diag(problem.traceback) end
    if not child.planned and not child.announced then write_line("1.." .. child.count) end
    now = child.parent
    return not fine and problem ~= leave and problem or nil
end

-- subtest(name, [options,] f): the checks in f as one. memory.lua knows the options.
function tap.subtest(name, options, f)
    if f == nil then options, f = {}, options end
    if type(options) ~= "table" or type(f) ~= "function" then
        error("subtest: a name, perhaps a table of options, and a function are needed", 2)
    end
    local child = new_context(now)
    write_line("# Subtest: " .. escape(name))
    local problem, evidence
    local function run(...)
        local arguments = table.pack(...)
        problem = run_in(child, function() f(table.unpack(arguments, 1, arguments.n)) end)
    end
    evidence = inner.with_options(options, run)
    local what = problem and "an error: " .. problem.text:match("^[^\n]*")
        or not child.skipped and complaint(child) or evidence and evidence.text
    local skipped = not what and child.skipped
    return report(what == nil or what == false, name, function()
        return { { "got", what }, table.unpack(evidence and evidence.details or {}) }
    end, skipped and " # SKIP " .. escape(skipped))
end

require "ouro.memory" (tap, inner)

return tap
