-- SPDX-License-Identifier: MIT
-- Commands: what begins with a colon at the prompt. A command returns nothing, or what the loop
-- is to do: "run" and a statement, "quit", "reset".
local shell = ...
local commands = { list = {}, by_name = {} }

local host = shell.host
local function say(format, ...) host.note(format:format(...) .. "\n") end
local function refuse(format, ...) host.complain(format:format(...) .. "\n") end
local function title(text) return shell.paint("title", text) end

-- group: for :help. arguments: as shown.
local function add(group, name, arguments, help, obey)
    local command = { group = group, name = name, arguments = arguments, help = help, obey = obey }
    commands.list[#commands.list + 1] = command
    commands.by_name[name] = command
end

-- Calls f with the value of the expression, which nothing here ever has in a variable: f, a
-- function of C or one without variable arguments, is called by the chunk that computes it.
-- Returns true and f's result; false after an error, reported.
local function with_value(expression, f)
    local chunk, message = host.load("local ouro_call_ = ... return ouro_call_(" .. expression
        .. "\n)")
    local fine, result = false, message
    if chunk then fine, result = pcall(chunk, f) end
    if fine then return true, result end
    if type(result) ~= "string" then
        result = ("(error object is a %s value)"):format(type(result))
    end
    result = result:gsub("^stdin:%d+: ", ""):gsub("^ouro_call_: ", "")
    shell.errors.explain(result, 0, 0, false, "", expression)
    return false
end
commands.with_value = with_value

local function need(rest, usage)
    if rest ~= "" then return true end
    refuse("usage: %s", usage)
    return false
end

-- ---- looking -------------------------------------------------------------------------------

add("looking", "names", "", "the names of this frame, and what they are bound to", function()
    local frame = host.frame()
    local rows, widest = {}, 0
    for _, name in ipairs(shell.ouro.names()) do
        local value, what = frame[name], nil
        if type(value) == "userdata" and getmetatable(value) == "ouro.object" then
            what = ("#%d %s"):format(shell.ouro.id(value), host.happened.plain(value))
        else
            what = shell.values.brief(value)
        end
        rows[#rows + 1] = { name, what }
        widest = math.max(widest, #name)
    end
    widest = math.min(widest, 24)
    local width = shell.width()
    for _, row in ipairs(rows) do
        local line = row[2]
        local room = width and math.max(10, width - widest - 5)
        if room and utf8.len(line) and utf8.len(line) > room then
            line = line:sub(1, utf8.offset(line, room - 2) - 1) .. "..."
        end
        say("%s%s  %s", title(row[1]), (" "):rep(widest - #row[1]), line)
    end
    if #rows == 0 then say("(no names)") end
end)

local function view(name, help, get)
    add("looking", name, "", help, function() say("%s", tostring(get(shell.ouro))) end)
end
view("stack", "the frames, top first, with their names", function(o) return o.stack() end)
view("census", "objects and bytes by type", function(o) return o.heap.census() end)
view("cycles", "groups of objects that refer to each other in circles, garbage or not",
    function(o) return o.heap.cycles() end)
view("stats", "what the collector has done so far", function(o) return o.gc.stats() end)

add("looking", "why", "x", "the shortest chains of references that keep x alive", function(rest)
    if not need(rest, ":why x") then return end
    local fine, chains = with_value(rest, shell.ouro.why)
    if fine then say("%s", tostring(chains)) end
end)

add("looking", "draw", "[x] [file]", "a tree of x, or of all names; with a file, a picture",
    function(rest) return shell.part("draw", shell)(rest) end)

add("looking", "doc", "name", "what a function does; ?name is the same", function(rest)
    if need(rest, ":doc name, or ?name") then shell.part("help", shell).doc(rest) end
end)

add("looking", "apropos", "word", "all that is documented about a word", function(rest)
    if need(rest, ":apropos word") then shell.part("help", shell).apropos(rest) end
end)

add("looking", "help", "[topic]", "this list, or one of its commands, or a topic", function(rest)
    shell.part("help", shell).help(rest)
end)

-- ---- doing ---------------------------------------------------------------------------------

add("doing", "gc", "[policy]", "collects now; with a name, switches the policy", function(rest)
    if rest == "" then return "run", "gc.collect()" end
    for _, policy in ipairs(commands.policies()) do
        if policy == rest then return "run", ("gc.policy(%q)"):format(rest) end
    end
    local meant = shell.nearest(rest, commands.policies())
    refuse("no policy is called '%s'%s; there are: %s", rest,
        meant and (" (did you mean '%s'?)"):format(meant) or "",
        table.concat(commands.policies(), ", "))
end)

function commands.policies()
    local names = {}
    for key, value in pairs(shell.ouro.gc.policies()) do
        if type(key) == "string" then names[#names + 1] = key
        elseif type(value) == "table" then names[#names + 1] = value.name
        else names[#names + 1] = tostring(value):match("^[%w_%-]+") end
    end
    table.sort(names)
    return names
end

add("doing", "step", "", "one collection, phase by phase", function()
    shell.part("step", shell)()
end)

add("doing", "time", "statement", "runs it, and says what it took", function(rest)
    if not need(rest, ":time statement") then return end
    commands.timing = { waiting = true }
    return "run", rest
end)

add("doing", "watch", "[expr]", "prints it after each statement that changed it", function(rest)
    if rest == "" then
        for i, watch in ipairs(shell.watches) do
            say("%d  %s = %s", i, watch.text, watch.last or "?")
        end
        if #shell.watches == 0 then say("(nothing is watched; :watch refcount(x))") end
        return
    end
    if #shell.watches == 50 then return refuse("50 are watched already; :unwatch some") end
    local chunk, message = host.load("return " .. rest)
    if not chunk then return shell.errors.explain(message, 0, 0, false, "", rest) end
    shell.watches[#shell.watches + 1] = { text = rest }
    commands.look_at_watches(true)
end)

add("doing", "unwatch", "[expr]", "watches it no more; without one, nothing", function(rest)
    if rest == "" then shell.watches = {} return end
    for i, watch in ipairs(shell.watches) do
        if watch.text == rest or tostring(i) == rest then
            table.remove(shell.watches, i)
            return
        end
    end
    refuse("'%s' is not watched; :watch lists what is", rest)
end)

-- ---- the session ---------------------------------------------------------------------------

local function file_command(name, help, usage, write)
    add("session", name, "file", help, function(rest)
        if not need(rest, usage) then return end
        local text, count = write(shell.part("record", shell))
        local file, message = io.open(rest, "w")
        if not file then return refuse("cannot write %s", message) end
        local fine
        fine, message = file:write(text)
        if file:close() and fine then
            say("%d statement%s written to %s", count, count == 1 and "" or "s", rest)
        else
            refuse("cannot write %s: %s", rest, message or "not all of it could be written")
        end
    end)
end

add("session", "load", "file", "runs a file of statements as if it were typed", function(rest)
    if need(rest, ":load file") then return "run", ("dofile(%q)"):format(rest) end
end)
file_command("save", "the session's statements, as a script that runs", ":save file",
    function(record) return record.script() end)
file_command("test", "the session as a test: TAP, with what was printed", ":test file",
    function(record) return record.test() end)

add("session", "history", "[n]", "the last n (20) statements of this session", function(rest)
    local count = host.session.count()
    local from = math.max(1, count - (tonumber(rest) or 20) + 1)
    for i = from, count do
        local lead = ("%4d  "):format(i)
        say("%s%s", lead, (host.session.entry(i).text:gsub("\n", "\n" .. (" "):rep(#lead))))
    end
    if count == 0 then say("(nothing has been run yet)") end
end)

add("session", "set", "[option value]", "options of the prompt, all or one", function(rest)
    shell.part("options", shell).set(rest)
end)

add("session", "events", "off|deaths|all", "what is told after each statement", function(rest)
    if rest == "" then return say("events %s", shell.options.events) end
    shell.part("options", shell).set("events " .. rest)
end)

add("session", "reset", "", "a fresh heap: this one closes", function()
    return "reset"
end)

add("session", "quit", "", "leaves, as Ctrl-D does", function() return "quit" end)

-- ---- obeying -------------------------------------------------------------------------------

local function unknown(name)
    local names = {}
    for _, command in ipairs(commands.list) do names[#names + 1] = command.name end
    local meant
    for _, one in ipairs(names) do
        if #name > 0 and one:sub(1, #name) == name then meant = meant or one end
    end
    meant = shell.nearest(name, names) or meant
    refuse("no command is called ':%s'%s; :help lists them", name,
        meant and (", did you mean ':%s'?"):format(meant) or "")
end

local function is_bound(name)
    for _, one in ipairs(shell.ouro.names()) do
        if one == name then return true end
    end
    return rawget(host.globals, name) ~= nil
end

-- The line begins with ":" or "?", or is one of help, exit and quit.
function commands.obey(line)
    line = line:match("^%s*(.-)[%s;]*$")
    local word = line:match("^(%a+)")
    if word then
        if is_bound(word) then return "run", line end
        if word ~= "help" then return "quit" end
        line = ":help"
    end
    if line:sub(1, 1) == "?" then line = ":doc " .. line:sub(2) end
    local name, rest = line:match("^:%s*([%w_]*)%s*(.-)$")
    local command = commands.by_name[name]
    if not command then return unknown(name ~= "" and name or line:sub(2)) end
    return command.obey(rest)
end

-- ---- after each statement ------------------------------------------------------------------

local function text_of_watch(watch)
    local chunk, message = host.load("return " .. watch.text)
    if not chunk then return message end
    local function read(fine, value, ...)
        if not fine then return type(value) == "string" and value or "(an error)" end
        local text = shell.values.text(value)
        if #text > 1000 then text = text:sub(1, 1000) .. "..." end
        return select("#", ...) == 0 and text or text .. "  " .. read(true, ...)
    end
    local fine, text = pcall(read, pcall(chunk))
    return fine and text or tostring(text)
end

-- first: they are new, and shown in any case.
function commands.look_at_watches(first)
    for _, watch in ipairs(shell.watches) do
        local text = text_of_watch(watch)
        if text ~= watch.last and (watch.last or first) then
            say("%s = %s", shell.paint("hint", watch.text), shell.layout.lay(text, shell.width()))
        end
        watch.last = text
    end
end

-- Seconds as a person reads them.
local function duration(seconds)
    if seconds < 1e-3 then return ("%.0f us"):format(seconds * 1e6) end
    if seconds < 1 then return ("%.1f ms"):format(seconds * 1e3) end
    return ("%.2f s"):format(seconds)
end

function commands.before_statement()
    local timing = commands.timing
    if not timing then return end
    if not timing.waiting then commands.timing = nil return end
    local stats = shell.ouro.gc.stats()
    commands.timing = { births = stats.births, deaths = stats.deaths, start = host.clock() }
end

local function tell_time()
    local timing = commands.timing
    commands.timing = nil
    if not timing or not timing.start then return end
    local seconds = host.clock() - timing.start
    local fine, stats = pcall(shell.ouro.gc.stats)
    if not fine then return say("%s", duration(seconds)) end
    say("%s; %s objects made, %s died", duration(seconds),
        shell.events.number((stats.births or 0) - (timing.births or 0)),
        shell.events.number((stats.deaths or 0) - (timing.deaths or 0)))
end

-- A local is gone with its statement. Said once; the names are remembered for a while.
local function tell_of_locals(text)
    local names = text:match("^%s*local%s+([%a_][%w_, \t]*)")
    if not names or names:find("^function%f[^%w_]") then
        names = text:match("^%s*local%s+function%s+([%a_][%w_]*)")
    end
    if not names or not text:find("^[^\n]*$") then return end
    local count = 0
    for name in names:gmatch("[%a_][%w_]*") do
        shell.locals = shell.locals or {}
        if #shell.locals < 100 then shell.locals[#shell.locals + 1] = name end
        shell.told["local " .. name] = true
        count = count + 1
    end
    if not host.terminal then return end
    local what = count == 1 and "a local lasts" or "locals last"
    shell.once("locals", "(%s for one statement here: write `%s` to keep it)", what,
        (text:gsub("^%s*local%s+", ""):gsub("%s*;.*$", "")))
end

-- fine: it ran to its end.
function commands.after_statement(fine, text)
    tell_time()
    if fine then tell_of_locals(text) end
    commands.look_at_watches(false)
end

return commands
