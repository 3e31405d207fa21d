-- SPDX-License-Identifier: MIT
-- Help: :help, :doc and :apropos. What functions do is in ouro/doc.lua.
local shell = ...
local host, commands = shell.host, shell.commands
local help = {}

local documents = host.part("ouro/doc")

local function say(text) host.note(text .. "\n") end
local function title(text) return shell.paint("title", text) end

local topics = {
    references = "A name (x = Node(1)) and an attribute, item, key or value of an object count: "
        .. "refcount(x). A local, an upvalue, a field of a Lua table hold an object and do not "
        .. "count. A weak reference does neither. An object is dead once nothing counted and "
        .. "nothing held reaches it; in a cycle it waits for a collection.",
    del = "del x unbinds a name; del x, y several; del x.next, del l[2], del d[\"k\"] remove "
        .. "one reference. An object dies with the last one. In a script these are calls: "
        .. "del(\"x\"), del(x, \"next\"), del(l, 2).",
    events = "After each statement: '-' what died and why, '!' what became unreachable and "
        .. "waits for a collection, '*' what was resurrected; with `:events all` also '+' "
        .. "births and '~' collections. `:events off` turns it off.",
    ids = "Node #7 is the object with id 7: obj(7) gives it, obituary(7) tells how it died (once "
        .. "heap.obituaries(n) keeps obituaries). Ids are never used twice; `:set ids on` prints "
        .. "them with objects.",
    keys = "Tab completes. Arrow up and Ctrl-R bring back what was typed. Ctrl-C gives up the "
        .. "line, or stops what runs. Ctrl-D leaves.",
    locals = "A `local` typed at the prompt is gone with its statement. Without `local` a name "
        .. "stays, and counts.",
}

local function topic_names()
    local names = {}
    for name in pairs(topics) do names[#names + 1] = name end
    table.sort(names)
    return names
end

local function call_of(command)
    return ((":" .. command.name .. " " .. command.arguments):gsub(" $", ""))
end

local function list_commands()
    say(shell.wrap("Type Lua: statements run, expressions are printed. Commands:", 0))
    -- In a narrow window what a command does stands below it.
    local form, indent = "  %-22s %s", 25
    if (shell.width() or 80) < 64 then form, indent = "  %s\n    %s", 4 end
    for _, group in ipairs { "looking", "doing", "session" } do
        say(title(group))
        for _, command in ipairs(commands.list) do
            if command.group == group then
                say(form:format(call_of(command), shell.wrap(command.help, indent)))
            end
        end
    end
    say("Topics (:help topic): " .. shell.wrap(table.concat(topic_names(), ", "), 2))
    say(shell.wrap("Functions: ?name, for example ?weak; :apropos word searches.", 2))
end

-- {name=, signature=, text=}, as ouro/doc.lua gives it.
local function show_entry(entry)
    say(title(entry.signature))
    say("  " .. shell.wrap(entry.text, 2))
end

local function show_command(command)
    say(title(call_of(command)))
    say("  " .. shell.wrap(command.help, 2))
end

local function all_names()
    local names = {}
    for _, command in ipairs(commands.list) do names[#names + 1] = command.name end
    for _, name in ipairs(topic_names()) do names[#names + 1] = name end
    if documents then
        for _, name in ipairs(documents.names()) do names[#names + 1] = name end
    end
    return names
end

local function find_document(name)
    return documents and documents.find(name)
end

local function nothing_about(name)
    local meant = shell.nearest(name, all_names())
    host.complain(("nothing is documented as '%s'%s\n"):format(name,
        meant and (", did you mean '%s'?"):format(meant)
        or "; `:apropos word` searches, :help lists the commands"))
end

function help.doc(name)
    name = name:gsub("[%s%(%)]+$", "")
    local command = commands.by_name[name:match("^:(.*)$") or ""]
    local entry = find_document(name)
    if entry then show_entry(entry)
    elseif command then show_command(command)
    elseif topics[name] then say(shell.wrap(topics[name], 0))
    elseif commands.by_name[name] then show_command(commands.by_name[name])
    else nothing_about(name) end
end

function help.help(name)
    if name == "" then return list_commands() end
    local command = commands.by_name[name:gsub("^:", "")]
    if topics[name] then say(shell.wrap(topics[name], 0)) end
    if command then show_command(command) end
    local entry = find_document(name)
    if entry then show_entry(entry) end
    if not topics[name] and not command and not entry then nothing_about(name) end
end

function help.apropos(word)
    local found, lower = 0, word:lower()
    local function hit(name, text)
        found = found + 1
        if found <= 40 then say(("%s\n    %s"):format(title(name), shell.wrap(text or "", 4))) end
    end
    for _, command in ipairs(commands.list) do
        if (command.name .. " " .. command.help):lower():find(lower, 1, true) then
            hit(":" .. command.name, command.help)
        end
    end
    for _, name in ipairs(topic_names()) do
        local text = topics[name]
        if (name .. " " .. text):lower():find(lower, 1, true) then
            hit(":help " .. name, text:match("^.-%f[%.:;]"))
        end
    end
    for _, entry in ipairs(documents and documents.apropos(word) or {}) do
        hit(entry.signature, entry.text)
    end
    if found > 40 then say(("... %d more"):format(found - 40)) end
    if found == 0 then nothing_about(word) end
end

return help
