-- SPDX-License-Identifier: MIT
-- Errors: an error at the prompt as a person wants it: the message, the line with the place
-- marked, what may have been meant, and then where the calls were.
local shell = ...
local errors = {}

local function line_of(text, number)
    local at = 1
    for line in (text .. "\n"):gmatch("([^\n]*)\n") do
        if at == number then return line end
        at = at + 1
    end
end

local function line_of_file(name, number)
    local file = io.open(name)
    if not file then return nil end
    local at, found = 1, nil
    for line in file:lines() do
        if at == number then found = line break end
        at = at + 1
    end
    file:close()
    return found
end

-- The word that the message is about, and how it is used.
local function subject_of(message)
    local kind, name = message:match("%((%a+) '([^']+)'%)")
    if kind then return name, kind end
    local near = message:match(" near '([^\n]+)'$")
    if near then return near, near == "<eof>" and "end" or "near" end
    name = message:match("'([^']+)' is not bound") or message:match("no [%a ]- '([^']+)'")
    if name then return name, "name" end
end

-- Where the word stands alone in the line: first and last column. kind: a field or method
-- follows a dot, a global does not.
local function find_word(line, word, kind)
    local from = 1
    while true do
        local first, last = line:find(word, from, true)
        if not first then return nil end
        local wordlike = word:find("^[%w_]+$")
        local before, after = line:sub(first - 1, first - 1), line:sub(last + 1, last + 1)
        local part = wordlike and (before:find("[%w_]") or after:find("[%w_]"))
        local member = line:sub(1, first - 1):find("[%.:]%s*$") ~= nil
        local wrong = kind == "global" and member
            or (kind == "field" or kind == "method") and not member
        if not part and not wrong then return first, last end
        from = last + 1
    end
end

local function columns(text) return utf8.len(text) or #text end

-- Where Lua stumbles over the word, of all its places in the text: up to there the text is
-- one that only needs more. Returns the columns in its line.
local function find_stumble(text, line, number, word)
    local skipped = 0
    for _ = 2, number do skipped = text:find("\n", skipped + 1, true) or skipped end
    local from = 1
    while true do
        local first, last = line:find(word, from, true)
        if not first then return nil end
        local _, message = shell.host.load(text:sub(1, skipped + last) .. " ")
        local _, alone = shell.host.load("return " .. text:sub(1, skipped + last) .. " ")
        local about = " near '" .. word .. "'"
        local function is_about(problem) return problem:sub(-#about) == about end
        local function lacks(problem) return problem:find(" near <eof>$") end
        local read = not message or not alone or lacks(message) or lacks(alone)
        if not read and (is_about(message) or is_about(alone)) then return first, last end
        from = last + 1
    end
end

-- The line, with the place marked below; only its number, if there is more than one. text: of
-- which it is a line, if Lua could not read it.
local function show_line(line, number, word, kind, several, text)
    local first, last
    if word and text and word ~= "<eof>" then
        first, last = find_stumble(text, line, number, word)
    end
    if word and not first then first, last = find_word(line, word, kind) end
    if word == "<eof>" then first, last = #line + 1, #line + 1 end
    if not first and not several then return "" end
    local shown = line:gsub("\t", " ")
    local lead = several and ("  %d | "):format(number) or "  "
    local marked = lead .. shown .. "\n"
    if first then
        local gap = #lead + columns(line:sub(1, first - 1))
        local marks = ("^"):rep(math.max(1, columns(line:sub(first, last))))
        marked = marked .. (" "):rep(gap) .. shell.paint("error", marks) .. "\n"
    end
    return marked
end

-- ---- what may have been meant --------------------------------------------------------------

local keywords = {
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if",
    "in", "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
}

local function add_keys(list, t)
    for key in next, t do
        if type(key) == "string" then list[#list + 1] = key end
    end
end

-- All free names: of main, of the module, of Lua.
function errors.free_names()
    local list = {}
    for _, name in ipairs(shell.ouro.names()) do list[#list + 1] = name end
    add_keys(list, shell.ouro)
    add_keys(list, shell.host.globals or {})
    return list
end

local lists = {
    "append", "extend", "index", "insert", "pop", "remove", "reverse", "sort",
}

-- The names that stand before the word in the line, as in a.b.word; nil for another prefix.
local function path_before(line, first)
    local before = line:sub(1, first - 1):match("([%w_%.]*)[%.:]$")
    if not before or before == "" or before:find("^%d") then return nil end
    local path = {}
    for name in before:gmatch("[%a_][%w_]*") do path[#path + 1] = name end
    return path
end

-- What the path means, by raw access; no object is asked, so no code of the user's runs.
local function follow(path)
    local value = rawget(shell.ouro, path[1]) or rawget(shell.host.globals or {}, path[1])
    if value == nil then
        local frame = shell.host.frame()
        value = frame[path[1]]
    end
    for i = 2, #path do
        if type(value) ~= "table" then return nil end
        value = rawget(value, path[i])
    end
    return value
end

-- Labels of the references of a managed object, and of its class and that one's bases.
local function labels_of(object)
    local list, seen = {}, 0
    while type(object) == "userdata" and seen < 10 do
        local behind
        for label, value in shell.ouro.attrs(object) do
            if label == "class" or label == "base" then behind = value
            elseif type(label) == "string" then list[#list + 1] = label end
            if #list > 1000 then return list end
        end
        object, seen = behind, seen + 1
    end
    return list
end

local function candidates(line, word, kind)
    if kind == "global" then return errors.free_names() end
    if kind == "near" then return keywords end
    local first = line and find_word(line, word, kind)
    local path = first and path_before(line, first)
    if not path then return kind == "name" and errors.free_names() or nil end
    local value = follow(path)
    if type(value) == "string" then value = string end
    local list = {}
    if type(value) == "table" then add_keys(list, value) end
    if type(value) == "userdata" then
        list = labels_of(value)
        if shell.ouro.typeof(value) == "list" then
            for _, name in ipairs(lists) do list[#list + 1] = name end
        end
    end
    return list
end

-- "did you mean ...?", or nil.
local function suggestion(line, word, kind)
    if not word or not word:find("^[%a_][%w_]*$") then return nil end
    if kind == "local" or kind == "upvalue" or kind == "constant" then return nil end
    local fine, list = pcall(candidates, line, word, kind)
    local meant = fine and list and shell.nearest(word, list)
    if meant and meant ~= word then return ("did you mean '%s'?"):format(meant) end
end

-- A name that a `local` of an earlier line had is no global.
local function was_local(word, kind)
    if kind ~= "global" or not shell.told["local " .. word] then return nil end
    return ("'%s' was a local, which lasted for one statement; without `local` it stays")
        :format(word)
end

-- The traceback with equal lines told once, and without ouro's own.
local function shorten(trace)
    local lines, last, times = {}, nil, 0
    local function add()
        if not last then return end
        lines[#lines + 1] = times > 1 and ("%s (%d times)"):format(last, times) or last
    end
    for line in trace:gmatch("[^\n]+") do
        if line == last then
            times = times + 1
        elseif not line:find("^\tcall:1: in ") and not line:find("/ouro/shell/%w+%.lua:") then
            add()
            last, times = line, 1
        end
    end
    add()
    local told = #lines
    if lines[told] == "\t(...tail calls...)" then told = told - 1 end
    return told > 1 and table.concat(lines, "\n") or ""
end

-- message: the first so many bytes of text; 0: all of it. own: the line is one of the statement;
-- file: or of that file.
function errors.explain(text, length, line, own, file, statement)
    local message, trace = text, ""
    if length > 0 then message, trace = text:sub(1, length), text:sub(length + 1) end
    if line == 0 and length == 0 then
        line = tonumber(message:match("^stdin:(%d+):")) or 0
        own = line > 0
    end
    local word, kind = subject_of(message)
    local source
    if own and type(statement) == "string" then source = line_of(statement, line)
    elseif file ~= "" then source = line_of_file(file, line) end
    shell.host.keep("error: " .. message:match("^[^\n]*"):gsub("^[^:]+:%d+: ", "") .. "\n")
    local out = message .. "\n"
    if source then
        local several = file ~= "" or statement:find("\n", 1, true)
        out = out .. show_line(source, line, word, kind, several, kind == "near" and statement)
    end
    local hint = was_local(word or "", kind) or suggestion(source, word, kind)
    if hint then out = out .. shell.paint("hint", shell.fit(hint, 2)) .. "\n" end
    trace = shorten(trace)
    if trace ~= "" then out = out .. trace .. "\n" end
    shell.host.complain(out)
end

return errors
