-- SPDX-License-Identifier: MIT
-- Doc: what is written about each name of ouro, read from the definition files in meta/ when
-- it is first asked for. The shell's help and docs/lua-reference.md come from here.
--
--   doc.find(name)    an entry {name=, signature=, text=, chapter=, kind=} or nil
--   doc.apropos(word) the entries that have the word in them, those with it in the name first
--   doc.names()       all names, in the order of the files
--   doc.chapters()    everything in order: {title=, {prose=} or entry, ...} for each chapter
--
-- Names are as a script writes them: "list", "gc.collect", "tap.ok"; methods and fields of
-- values after the name of their class: "List:append", "Weakref.alive". `find` takes other
-- ways too: "l:append", "list.append", "append", "ouro.list".
local doc = {}

local FILES = { "building", "looking", "gc", "heap", "tap" }

-- ---- reading a file -----------------------------------------------------------------------

-- The state of reading: the chapters so far, and what is noted until it is known what it is
-- about. `lines` are of a description, `prose` is an open block of the chapter.
local function new_reader(state)
    return { chapters = state.chapters, lines = {}, params = {}, prose = nil, class = nil,
        classes = {} }
end

local function chapter_of(r)
    return r.chapters[#r.chapters]
end

local function end_prose(r)
    if r.prose and #r.prose > 0 then
        local chapter = chapter_of(r)
        chapter[#chapter + 1] = { prose = table.concat(r.prose, "\n") }
    end
    r.prose = nil
end

-- Takes the noted description: the signature, if its first line is one, and the text.
local function take_description(r)
    local lines, signature = r.lines, nil
    r.lines = {}
    if lines[1] and lines[1]:match("^`.*`$") then
        signature = table.remove(lines, 1):gsub("`,%s*`", ", "):gsub("^`(.*)`$", "%1")
    end
    return signature, table.concat(lines, " ")
end

local function add(r, entry)
    local chapter = chapter_of(r)
    entry.chapter = chapter and chapter.title
    if entry.text ~= "" and chapter then chapter[#chapter + 1] = entry end
    return entry
end

-- "ouro.gc.collect" is "gc.collect", "ouro.List" is "List".
local function short(name)
    return (name:gsub("^ouro%.", ""))
end

local function read_class(r, name)
    local signature, text = take_description(r)
    r.class = short(name)
    r.variable = signature
    local is_type = r.class:match("^%u") ~= nil
    add(r, { name = r.class, signature = signature or r.class, text = text,
        kind = is_type and "type" or "table" })
end

local function read_field(r, rest)
    local name, behind = rest:match("^([%w_]+)%??%s+(.*)$")
    if not name then return end
    local _, text = take_description(r)
    local own = behind:match("%s# (.*)$")
    add(r, { name = r.class .. "." .. name, kind = "field", text = own or text,
        signature = (r.variable or r.class) .. "." .. name })
end

local function read_function(r, path, arguments)
    local first, separator, rest = path:match("^([%w_]+)([.:])(.*)$")
    local class = r.classes[first] or first
    local method = separator == ":"
    local name = class == "ouro" and rest or short(class .. separator .. rest)
    local signature, text = take_description(r)
    add(r, { name = name, kind = method and "method" or "function", text = text,
        signature = signature or name .. "(" .. arguments .. ")" })
end

local function read_value(r, path)
    if #r.lines == 0 then return end
    local _, text = take_description(r)
    add(r, { name = short(path), signature = short(path), text = text, kind = "value" })
end

local function read_comment(r, text)
    local level, title = text:match("^(#+) (.*)$")
    if level then
        end_prose(r)
        r.chapters[#r.chapters + 1] = { title = title, level = #level }
        r.prose, r.begun = {}, true
    elseif r.begun then
        r.prose = r.prose or {}
        if text ~= "" or #r.prose > 0 then r.prose[#r.prose + 1] = text end
    end
end

local function read_code(r, line)
    local path, arguments = line:match("^function ([%w_.:]+)%((.-)%)")
    if path then return read_function(r, path, arguments) end
    local variable = line:match("^local ([%w_]+) = {}")
    if variable then
        r.classes[variable] = r.class
        r.lines = {}
        return
    end
    path = line:match("^([%w_.]+) = ")
    if path then read_value(r, path) end
end

local function read_line(r, line)
    local tag, rest = line:match("^%-%-%-@(%w+)%s*(.*)$")
    if line:match("^%-%-") == nil or tag or line:match("^%-%-%-") then end_prose(r) end
    if tag == "class" then read_class(r, rest:match("^[%w_.]+"))
    elseif tag == "field" then read_field(r, rest)
    elseif tag then return
    elseif line:match("^%-%-%-") then r.lines[#r.lines + 1] = line:match("^%-%-%-%s*(.*)$")
    elseif line:match("^%-%-") then read_comment(r, line:match("^%-%- ?(.*)$"))
    else read_code(r, line) end
end

-- ---- all of them, once ---------------------------------------------------------------------

local function folder()
    return debug.getinfo(1, "S").source:match("^@(.*)doc%.lua$") or "./"
end

local loaded

local function load_all()
    if loaded then return loaded end
    local state = { chapters = {}, entries = {}, by_name = {} }
    for _, name in ipairs(FILES) do
        local reader = new_reader(state)
        for line in io.lines(folder() .. "meta/" .. name .. ".lua") do read_line(reader, line) end
        end_prose(reader)
    end
    for _, chapter in ipairs(state.chapters) do
        for _, entry in ipairs(chapter) do
            if entry.name then
                state.entries[#state.entries + 1] = entry
                state.by_name[entry.name] = entry
            end
        end
    end
    loaded = state
    return state
end

-- Small letters, without "ouro.", and with points only.
local function plain(name)
    return (short(name):lower():gsub(":", "."))
end

local FAR = 5

-- How near the entry is to the name that was asked for: 1 is it, FAR is something else.
local function distance(entry, wanted)
    local name, called = plain(entry.name), plain(entry.signature:match("^[%w_.:]*"))
    if name == wanted then return entry.kind == "type" and 2 or 1 end
    if called == wanted then return 2 end
    if name:match("[^.]*$") ~= wanted then return FAR end
    return entry.kind == "field" and 4 or 3
end

function doc.find(name)
    local all = load_all()
    local exact = all.by_name[name] or all.by_name[short(name)]
    if exact then return exact end
    local best, nearest = nil, FAR
    for _, entry in ipairs(all.entries) do
        local here = distance(entry, plain(name))
        if here < nearest then best, nearest = entry, here end
    end
    return best
end

function doc.apropos(word)
    local wanted, inside, about = word:lower(), {}, {}
    for _, entry in ipairs(load_all().entries) do
        if entry.name:lower():find(wanted, 1, true) then inside[#inside + 1] = entry
        elseif (entry.signature .. "\n" .. entry.text):lower():find(wanted, 1, true) then
            about[#about + 1] = entry
        end
    end
    return table.move(about, 1, #about, #inside + 1, inside)
end

function doc.names()
    local names = {}
    for i, entry in ipairs(load_all().entries) do names[i] = entry.name end
    return names
end

function doc.chapters()
    return load_all().chapters
end

return doc
