-- SPDX-License-Identifier: MIT
-- Autoremove: the packages of a Debian machine as a heap.
--
-- Every installed package is an object, every dependency a reference, and everything that
-- somebody installed by hand (or that the system cannot do without) is a name. Then the
-- question of `apt autoremove`, what may go, is the question of a collector: what does no
-- name reach? And `autoremove.lua nodejs` deletes a name and watches what dies, in order:
-- at once where the last reference goes, by collection where only a cycle kept it.
--
-- The reading of the files is in lib/debian.lua, the rules of dependency in lib/resolve.lua;
-- both work on plain Lua tables. A walk through it: docs/autoremove.md.

local USAGE = [[
usage: ouro autoremove.lua [options] [package...]
  --status FILE     what dpkg knows (default /var/lib/dpkg/status)
  --extended FILE   what apt installed on its own (default /var/lib/apt/extended_states)
  --native ARCH     this machine's architecture (default: that of the package dpkg)
  --recommends      Recommends are references too
  --suggests        Suggests are references too
  --first           of a | b only the first that is installed, not all
  --dead            only the dead, a line each: now or cycle, tab, package
  --quiet           only the sum]]

-- Held in locals: a package may be called "list" or "dict", and its name then covers ours.
local call, class, collect, del, id, list, settle = call, class, collect, del, id, list, settle
local heap, gc = heap, gc

local function say(...) io.stdout:write(string.format(...), "\n") end

local function counted(n, one, many) return n .. " " .. (n == 1 and one or many) end

local function stop(status, text)
    io.stderr:write("autoremove: ", text, "\n")
    os.exit(status, true)
end

-- Options ---------------------------------------------------------------------------

local function parse_arguments(words)
    local options = { status = "/var/lib/dpkg/status", packages = {},
                      extended = "/var/lib/apt/extended_states" }
    local takes = { status = true, extended = true, native = true, recommends = false,
                    suggests = false, first = false, dead = false, quiet = false }
    local at = 1
    while words[at] do
        local word = words[at]
        local option, value = word:match("^%-%-([%a-]+)=?(.*)$")
        if word == "--help" or word == "-h" then
            print(USAGE)
            os.exit(0, true)
        elseif word:sub(1, 1) ~= "-" then
            table.insert(options.packages, word)
        elseif not option or takes[option] == nil or (value ~= "" and not takes[option]) then
            stop(2, "unknown option " .. word .. "; --help lists them")
        elseif takes[option] then
            if value == "" then at, value = at + 1, words[at + 1] end
            options[option] = value or stop(2, word .. " needs a value; --help shows which")
        else
            options[option] = true
        end
        at = at + 1
    end
    return options
end

-- The graph of the files as plain tables, or the end of the program with one line.
local function read_machine(options)
    local here = arg[0]:match("^(.*/)") or ""
    local debian = assert(loadfile(here .. "lib/debian.lua"))()
    local resolve = assert(loadfile(here .. "lib/resolve.lua"))(debian)
    local packages, problem = debian.read_status(options.status)
    if not packages then stop(1, problem) end
    local automatic, trouble = debian.read_extended(options.extended)
    if not automatic then
        stop(1, trouble .. " (--extended /dev/null takes all packages as installed by hand)")
    end
    return resolve.graph(packages, automatic, options), resolve
end

-- The packages that the user means; unknown ones end the program.
local function find_wanted(graph, resolve, words)
    local wanted, unknown, seen = {}, {}, {}
    for _, word in ipairs(words) do
        local package = resolve.find(graph, word)
        if not package then
            local near = resolve.near(graph, word)
            unknown[#unknown + 1] = word .. " is not installed" .. (#near == 0 and ""
                or ": did you mean " .. table.concat(near, ", ") .. "?")
        elseif not seen[package] then
            seen[package] = true
            wanted[#wanted + 1] = package
        end
    end
    if #unknown > 0 then stop(1, table.concat(unknown, "\nautoremove: ")) end
    return wanted
end

-- Objects ---------------------------------------------------------------------------

-- The one name that is no package's (it has a space): what holds all until all are linked.
local EVERYTHING = "everything installed"

local Package = class("Package", { "label", "version", "size", "depends" })

-- Where the finalizer writes: an array of { way, label }, and the way things die just now.
-- The label is a string; keeping the object would bring it back to life.
local deaths, way = {}, nil

function Package:__del()
    if way then deaths[#deaths + 1] = { way, self.label } end
end

-- Objects, references and names, in the frame `names`. The Lua table `objects` holds what
-- it has, and is gone when this returns: from then on only references count.
local function build(graph, names)
    local objects, label_of = {}, {}
    local everything = list{}
    names[EVERYTHING] = everything
    for _, package in ipairs(graph.packages) do
        local object = Package(package.label, package.version, package.size, list{})
        objects[package] = object
        everything:append(object)
        label_of[id(object)] = package.label
    end
    for _, package in ipairs(graph.packages) do
        local depends = objects[package].depends
        for _, target in ipairs(package.references) do depends:append(objects[target]) end
        if package.named then names[package.label] = objects[package] end
    end
    return label_of
end

-- Runs f and writes down, in order, who dies meanwhile.
local function watch(how, f, ...)
    way = how
    f(...)
    settle()
    way = nil
end

-- Hands over the dead so far.
local function take_deaths()
    local taken = deaths
    deaths = {}
    return taken
end

-- Reports ---------------------------------------------------------------------------

local function sum_up(graph, dead)
    local sum = { now = 0, cycle = 0, size = 0 }
    for _, death in ipairs(dead) do
        sum[death[1]] = sum[death[1]] + 1
        sum.size = sum.size + graph.by_label[death[2]].size
    end
    return sum
end

local function show_dead(graph, dead, options)
    for _, death in ipairs(dead) do
        local how, label = death[1], death[2]
        if options.dead then
            say("%s\t%s", how, label)
        elseif not options.quiet then
            say("  %-5s  %-40s %8d kB", how, label, graph.by_label[label].size)
        end
    end
    if options.dead then return end
    if #dead == 0 then return say("nothing dies") end
    local sum = sum_up(graph, dead)
    say("%s: %d at once, %d by collection; %d kB come free",
        counted(#dead, "package dies", "packages die"), sum.now, sum.cycle, sum.size)
end

local function count_names(graph)
    local by_hand, protected = 0, 0
    for _, package in ipairs(graph.packages) do
        if package.by_hand then
            by_hand = by_hand + 1
        elseif package.named then
            protected = protected + 1
        end
    end
    return by_hand, protected
end

local function show_size(graph)
    local by_hand, protected = count_names(graph)
    say("%s, %s, %s (%d installed by hand, %d the system's own)",
        counted(#graph.packages, "package", "packages"),
        counted(graph.edges, "reference", "references"),
        counted(by_hand + protected, "name", "names"), by_hand, protected)
    if graph.unmet > 0 then
        say("%s met by no installed package, and no reference",
            counted(graph.unmet, "dependency is", "dependencies are"))
    end
end

-- The packages in each group of heap.cycles(): groups, and members, in the file's order.
local function show_cycles(graph, label_of)
    local place, groups = {}, {}
    for at, package in ipairs(graph.packages) do place[package.label] = at end
    for _, cycle in ipairs(heap.cycles()) do
        local labels = {}
        for _, member in ipairs(cycle) do labels[#labels + 1] = label_of[member.id] end
        table.sort(labels, function(a, b) return place[a] < place[b] end)
        if #labels > 0 then groups[#groups + 1] = labels end
    end
    table.sort(groups, function(a, b) return place[a[1]] < place[b[1]] end)
    say("%s", counted(#groups, "cycle", "cycles"))
    for _, labels in ipairs(groups) do
        say("  %s", labels[2] and table.concat(labels, " <-> ") or labels[1] .. " <-> itself")
    end
end

-- "nothing", "a", "a and b", "a, b, c, d, e and 3 more", with the verb that goes with it.
local function first_few(labels, singular, plural)
    if #labels == 0 then return "nothing " .. singular end
    if #labels == 1 then return labels[1] .. " " .. singular end
    local shown = #labels > 6 and 5 or #labels - 1
    local last = #labels > 6 and (#labels - 5) .. " more" or labels[#labels]
    return ("%s and %s %s"):format(table.concat(labels, ", ", 1, shown), last, plural)
end

-- Why this package lives although the user wants it gone. lost: labels dead from the start.
local function explain(graph, resolve, package, lost)
    local label = package.label
    if package.protection then
        return label .. " is " .. package.protection .. ": its name stays"
    end
    if lost[label] then
        return label .. " was not installed by hand, and no name reaches it: dead from the start"
    end
    local needing, names = resolve.keepers(graph, package)
    local why = first_few(needing, "needs", "need") .. " it, and it lives as long as "
        .. first_few(names, "does", "do")
    if package.by_hand then return label .. " has lost its name, but lives: " .. why end
    return label .. " was not installed by hand: " .. why
end

-- The run ---------------------------------------------------------------------------

-- Deletes the names of the wanted packages, then collects. Returns the dead.
local function delete_names(wanted)
    for _, package in ipairs(wanted) do
        if package.by_hand and not package.protection then
            package.named = false
            watch("now", del, package.label)
        end
    end
    watch("cycle", collect)
    return take_deaths()
end

local function as_set(dead)
    local labels = {}
    for _, death in ipairs(dead) do labels[death[2]] = true end
    return labels
end

local function ask_about(graph, resolve, wanted, lost, options)
    local dead = delete_names(wanted)
    local died = as_set(dead)
    -- What is no list of the dead goes where it does not disturb one.
    local notes = options.dead and io.stderr or io.stdout
    for _, package in ipairs(wanted) do
        if not died[package.label] then
            notes:write(explain(graph, resolve, package, lost), "\n")
        end
    end
    show_dead(graph, dead, options)
end

local function run(names, graph, resolve, wanted, options)
    gc.disable() -- an automatic collection would take what is to die before our eyes
    local label_of = build(graph, names)
    settle()
    if not options.dead then show_size(graph) end
    if not options.dead and not options.quiet and #wanted == 0 then
        show_cycles(graph, label_of)
    end
    watch("now", del, EVERYTHING)
    watch("cycle", collect)
    local lost = take_deaths()
    if #wanted > 0 then return ask_about(graph, resolve, wanted, as_set(lost), options) end
    if not options.dead and not options.quiet then say("not reached from any name:") end
    show_dead(graph, lost, options)
end

local options = parse_arguments(arg)
local graph, resolve = read_machine(options)
local wanted = find_wanted(graph, resolve, options.packages)
call(run, graph, resolve, wanted, options)
