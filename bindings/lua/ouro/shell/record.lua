-- SPDX-License-Identifier: MIT
-- Record: the session as a script (:save) and as a test (:test), made from what was typed and
-- printed (bindings/shell/session.h).
local shell = ...
local host = shell.host
local record = {}

local function has_word(text, word) return text:find("%f[%w_]" .. word .. "%f[^%w_]") end

-- The text of a statement, with `del` as Lua has it.
local function code_of(entry)
    local text = host.plain(entry.text):match("^%s*(.-)%s*$")
    if entry.expression then text = text:gsub("^=%s*", "") end
    return text
end

-- So that a comment at its end does not take along what follows.
local function closed(text, close)
    return text .. (text:find("--", 1, true) and "\n" or "") .. close
end

local function is_definition(text)
    return text:find("^function%f[^%w_]") and text:find("%f[%w_]end$")
end

-- What has the same effect within a script, and prints the values that it had.
local function as_script(entry)
    local text = code_of(entry)
    if entry.expression and entry.values > 0 then return "print(" .. closed(text, ")") end
    if entry.expression then return host.load(text) and text or nil end
    if has_word(text, "return") and not is_definition(text) then
        local call = "(function(...) " .. closed(text, " end)(...)")
        return entry.values > 0 and "print(" .. call .. ")" or ";" .. call
    end
    if has_word(text, "local") or has_word(text, "goto") or text:find("::", 1, true) then
        if not is_definition(text) then return "do " .. closed(text, " end") end
    end
    return text:sub(1, 1) == "(" and ";" .. text or text
end

-- Returns the script, and how many statements are in it.
function record.script()
    local lines, count = { "-- A session of ouro; run it with: ouro FILE" }, 0
    for i = 1, host.session.count() do
        local entry = host.session.entry(i)
        local text = entry.fine and as_script(entry)
        if text and text ~= "" then
            lines[#lines + 1] = text
            count = count + 1
        end
    end
    return table.concat(lines, "\n") .. "\n", count
end

local prelude = [==[
-- A session of ouro as a test: each statement has to print what it printed then. Results are
-- printed as the prompt prints them, errors as their messages; ids are compared by which are
-- the same, and addresses not at all. Run it with: ouro FILE
local tap = require "ouro.tap"
local depth, items = %d, %d -- bounds of what is printed of a structure
local out = {}

rawset(_G, "print", function(...)
    local texts = table.pack(...)
    for i = 1, texts.n do texts[i] = tostring(texts[i]) end
    out[#out + 1] = table.concat(texts, "\t") .. "\n"
end)

local function text_of(value)
    local kind = type(value)
    if kind == "string" then return value end
    if kind == "function" or kind == "thread" then return repr(value) end
    if kind == "userdata" and getmetatable(value) == "ouro.object" then
        return repr(value, depth, items)
    end
    local meta = kind == "table" and getmetatable(value)
    if kind ~= "table" or type(meta) == "table" and rawget(meta, "__tostring") then
        return tostring(value)
    end
    return "(a table)"
end

local function show(fine, ...)
    local texts = {}
    if not fine then
        local message = type(...) == "string" and ... or "(error object is a "
            .. type((...)) .. " value)"
        out[#out + 1] = "error: " .. message:match("^[^\n]*"):gsub("^[^:]+:%%d+: ", "") .. "\n"
        return
    end
    for i = 1, select("#", ...) do texts[i] = text_of((select(i, ...))) end
    if #texts > 0 then out[#out + 1] = table.concat(texts, "\t") .. "\n" end
end

local now_of, then_of = {}, {}

-- With each id as it was then.
local function with_ids(text)
    return (text:gsub("#(%%d+)", function(id) return "#" .. (then_of[id] or "?" .. id) end))
end

local function learn_ids(now, expected)
    local ids = expected:gmatch("#(%%d+)")
    for id in now:gmatch("#(%%d+)") do
        local old = ids()
        if old and not then_of[id] and not now_of[old] then then_of[id], now_of[old] = old, id end
    end
end

local function plain(text)
    return (text:gsub("0x%%x+", "0x"):gsub("<function [^>]*:%%d+>", "<function>"))
end

-- f returns what the statement returned. numbers: ids are among what it prints.
local function step(name, f, expected, numbers)
    out = {}
    local fine, message = pcall(function() show(pcall(f)) end)
    if not fine then show(false, message) end
    f = nil
    settle()
    local now = plain(table.concat(out))
    if expected == nil then return tap.ok(true, name) end
    expected = plain(expected)
    learn_ids(now, expected)
    now = with_ids(now)
    if numbers then now, expected = now:gsub("%%d+", "N"), expected:gsub("%%d+", "N") end
    tap.is(now, expected, name)
end

]==]

-- The text as a string of Lua that one can read.
local function quoted(text)
    if text == "" or not text:find("\n.", 1) or text:find("[%z\1-\8\11-\31]") then
        return (("%q"):format(text):gsub("\\\n", "\\n"):gsub("\9", "\\t"))
    end
    local level = ""
    while text:find("]" .. level .. "]", 1, true) or text:sub(-1) == "]" and level == "" do
        level = level .. "="
    end
    return "[" .. level .. "[\n" .. text .. "]" .. level .. "]"
end

local function as_step(entry)
    local text = code_of(entry)
    local name = entry.text:match("^%s*([^\n]*)"):sub(1, 70)
    local body = entry.expression and "return " .. text or text
    local expected = entry.cut and "nil" or quoted(entry.output)
    local ids = has_word(entry.text, "id") and entry.text:find("%f[%w_]id%s*[%({]")
    return ("step(%s, function(...)\n    %s\nend, %s%s)"):format(quoted(name),
        (text ~= "" and body or "return"):gsub("\n", "\n    "), expected, ids and ", true" or "")
end

function record.test()
    local lines, count = {}, host.session.count()
    for i = 1, count do lines[i] = as_step(host.session.entry(i)) end
    return prelude:format(shell.options.depth, shell.options.items)
        .. table.concat(lines, "\n") .. "\ntap.done_testing()\n", count
end

return record
