-- SPDX-License-Identifier: MIT
-- Tap: tests that print the Test Anything Protocol, version 14, on standard output, for Meson
-- and other readers. With OURO_TAP=13 in the environment, and under `prove`, which fails
-- everything it does not know, it is version 13: a subtest is one line, and its own lines are
-- comments. Beside the usual checks there are those about memory (memory.lua).
--
-- Each line is written at once and flushed. A line of the script's own that does not end
-- before the next check (io.write without a line break, in a finalizer say) spoils that
-- check's line: where the cursor is cannot be known, so end your lines.
--
-- Nothing that was given to a check is kept after it, and a failed check keeps text only.
local show = require "ouro.show"

local tap = {}

local stdout, stderr, exit = io.stdout, io.stderr, os.exit
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

local function write_line(line)
    if not begun then
        begun = true
        stdout:write("TAP version ", flat and "13" or "14", "\n")
    end
    if flat and now.parent then line = "#" .. now.indent .. line
    else line = now.indent .. line end
    stdout:write(line .. "\n")
    stdout:flush()
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
    return "# " .. tostring(text):gsub("\n", "\n# ")
end

-- note(text): a comment on standard output.
function tap.note(text)
    for line in comment(text):gmatch("[^\n]+") do write_line(line) end
end

-- diag(text): a comment on standard error, where people see it under `prove`.
function tap.diag(text)
    stdout:flush()
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

-- Text of a value as YAML: numbers, words and quoted strings stand for themselves.
local function scalar(text)
    text = tostring(text)
    local quoted = text:gsub("\\.", ""):match('^"[^"]*"$')
    if quoted or text:match("^[%w_+][%w_.+-]*$") or text:match("^%-[%w.]+$") then return text end
    return show.quote(text)
end

-- Details: an array of {key, text}.
local function write_details(details, file, line)
    if flat then
        for _, pair in ipairs(details) do tap.note(("  %s: %s"):format(pair[1], pair[2])) end
        tap.note(("  at: %s:%d"):format(file, line))
        return
    end
    write_line("  ---")
    for _, pair in ipairs(details) do
        write_line(("  %s: %s"):format(pair[1], scalar(pair[2])))
    end
    write_line("  at:")
    write_line("    file: " .. show.quote(file))
    write_line(("    line: %d"):format(line))
    write_line("  ...")
end

local function current_todo()
    local context = now
    while context do
        if context.todo then return context.todo end
        context = context.parent
    end
end

-- Writes a check's line, and the details (an array, or a function that makes it) if it failed.
local function report(passed, name, details)
    local todo = current_todo()
    now.count = now.count + 1
    local line = (passed and "ok " or "not ok ") .. now.count
    if name ~= nil and name ~= "" then line = line .. " - " .. escape(name) end
    if todo then line = line .. " # TODO " .. escape(todo) end
    write_line(line)
    if passed then return true end
    if not todo then now.failed = now.failed + 1 end
    local file, number = place()
    if type(details) == "function" then details = details() end
    write_details(details or {}, file, number)
    if not todo then
        tap.diag(("Failed: %s (%s:%d)"):format(tostring(name or now.count), file, number))
    end
    return false
end
tap.report = report

-- ---- plans and the end ----------------------------------------------------------------------

local function write_plan(count, reason)
    now.planned = count
    write_line("1.." .. count .. (reason and " # SKIP " .. escape(reason) or ""))
end

-- plan(n): so many checks will run. plan(0, reason): none, and the script ends here.
function tap.plan(count, reason)
    if math.type(count) ~= "integer" or count < 0 then
        error("plan: how many checks has to be a whole number; got " .. tostring(count), 2)
    end
    if now.planned then error("plan: there is a plan already", 2) end
    write_plan(count, count == 0 and (reason or "no reason given") or nil)
    if count == 0 and now == main then
        ended = true
        exit(0, true)
    end
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

-- The same object or value, equal by ==, or both not a number.
local function equal(a, b)
    return rawequal(a, b) or a == b or (a ~= a and b ~= b)
end

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

local function missing_key(a, b)
    for key in pairs(a) do
        if b[key] == nil then return key end
    end
end

local function key_text(path, key)
    if type(key) == "string" and key:match("^[%a_][%w_]*$") then return path .. "." .. key end
    return path .. "[" .. show.value(key) .. "]"
end

-- The first place where the structures differ: path, got, expected. A list of pairs to
-- compare, not recursion: depth does not matter, and a pair met again is taken as equal.
local function first_difference(a, b)
    local todo, seen = { { a, b, "it" } }, {}
    for at = 1, math.huge do
        local pair = todo[at]
        if not pair then return nil end
        local x, y, path = pair[1], pair[2], pair[3]
        local both = type(x) == "table" and type(y) == "table"
        if not both and not equal(x, y) then return path, x, y end
        if both and not rawequal(x, y) and not (seen[x] and seen[x][y]) then
            seen[x] = seen[x] or {}
            seen[x][y] = true
            local extra = missing_key(x, y)
            if extra ~= nil then return key_text(path, extra), x[extra], nil end
            for key, value in pairs(y) do
                todo[#todo + 1] = { x[key], value, key_text(path, key) }
            end
        end
        todo[at] = false
    end
end

-- is_deeply(got, expected, name): tables by their contents, everything else as in `is`.
function tap.is_deeply(got, expected, name)
    local path, x, y = first_difference(got, expected)
    return report(not path, name, function()
        return { { "where", path }, { "got", show.value(x) }, { "expected", show.value(y) } }
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

-- subtest(name, f): the checks in f as one.
function tap.subtest(name, f)
    local parent, child = now, new_context(now)
    child.todo = nil
    write_line("# Subtest: " .. escape(name))
    now = child
    local fine, message = xpcall(f, debug.traceback)
    if not fine then tap.diag(message) end
    if not child.planned and not child.announced then write_line("1.." .. child.count) end
    now = parent
    local what = not fine and "an error: " .. tostring(message):match("^[^\n]*")
        or complaint(child)
    return report(what == nil, name, { { "got", what } })
end

require "ouro.memory" (tap)

return tap
