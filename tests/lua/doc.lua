-- SPDX-License-Identifier: MIT
-- Doc: the definition files against what the module really has, both ways; the reference that
-- is made from them; and ouro.doc, which reads them for the shell's help.
local ouro = require "ouro"
local doc = require "ouro.doc"
local tap = require "ouro.tap"
local is, ok, is_deeply = tap.is, tap.ok, tap.is_deeply

local root = os.getenv("OURO_SOURCE") or arg[0]:match("^(.*)/tests/") or "."
local meta = root .. "/bindings/lua/ouro/meta/"
local files = { "building", "gc", "globals", "heap", "looking", "tap" }

local function read(path)
    local file = assert(io.open(path))
    local text = file:read("a")
    file:close()
    return text
end

local function sorted(t)
    local names = {}
    for name in pairs(t) do names[#names + 1] = tostring(name) end
    table.sort(names)
    return names
end

-- The names that the definitions have, of the kinds given, below a prefix.
local function defined(pattern, kinds)
    local found = {}
    for _, name in ipairs(doc.names()) do
        local last = name:match(pattern)
        if last and kinds:find(doc.find(name).kind, 1, true) then found[last] = true end
    end
    return found
end

local function same_names(real, pattern, kinds, name)
    is_deeply(sorted(defined(pattern, kinds)), sorted(real), name)
end

local function keys_of(t)
    local found = {}
    for key in next, t do
        if type(key) == "string" then found[key] = true end
    end
    return found
end

tap.subtest("every name is defined, and every definition is a name", function()
    local plain = keys_of(ouro)
    plain.ouro, plain.tap = true, true
    same_names(plain, "^([%a_][%w_]*)$", "function value table", "the module")
    local inner = keys_of(ouro.gc)
    inner.garbage = true
    same_names(inner, "^gc%.([%w_]+)$", "function field", "gc")
    same_names(keys_of(ouro.heap), "^heap%.([%w_]+)$", "function", "heap")
    same_names(keys_of(ouro.build), "^build%.([%w_]+)$", "function", "build")
    same_names(keys_of(ouro.weak), "^weak%.([%w_]+)$", "function", "weak")
    local checks = keys_of(tap)
    checks.heap = true
    same_names(checks, "^tap%.([%w_]+)$", "function field", "ouro.tap")
end)

tap.subtest("so are the methods", function()
    local metatable = debug.getmetatable(list {})
    same_names(metatable["list methods"], "^List:([%w_]+)$", "method", "of lists")
    same_names(metatable["tuple methods"], "^Tuple:([%w_]+)$", "method", "of tuples")
    local _, text = pcall(function() return weak(list {}).nothing end)
    for name in pairs(defined("^Weakref%.([%w_]+)$", "field")) do
        ok(tostring(text):find(name, 1, true), name .. " of weak references")
    end
    local target = list {}
    local record = finalize(target, print)
    _, text = pcall(function() return record.nothing end)
    for name in pairs(defined("^Record[.:]([%w_]+)$", "field method")) do
        ok(tostring(text):find(name, 1, true), name .. " of finalize records")
    end
    record:detach()
end)

-- The keys of tables of results: none that is not defined, and all those that are, over all.
local function same_fields(class, ...)
    local seen = {}
    for _, result in ipairs { ... } do
        for key in pairs(keys_of(result)) do
            if key ~= "diff" then seen[key] = true end
        end
    end
    same_names(seen, "^" .. class .. "%.([%w_]+)$", "field", class)
end

local Node = class("Node", { "val", "next" })

local function events()
    local all = {}
    local function note(info) all[#all + 1] = info end
    local names = { "start", "stop", "birth", "death", "cycle", "resurrect", "error", "step" }
    for _, name in ipairs(names) do gc.on(name, note) end
    build.ring(2)
    collect()
    for _, name in ipairs(names) do gc.off(name, note) end
    return table.unpack(all)
end

local function problem()
    local told
    local before = gc.on_error(function(info) told = info end)
    local Bad = class("Bad")
    function Bad:__del() error("as it should") end
    del(list { Bad {} }, 1)
    collect()
    gc.on_error(before)
    return told
end

local function obituaries()
    local before, ids = heap.obituaries(100), {}
    function Node:__del() end
    x = Node(list {}, 0)
    ids[1], ids[2] = id(x), id(x.val)
    x = nil
    y = Node(1, 2)
    y.next = y
    ids[3] = id(y)
    y = nil
    collect()
    Node.__del = nil
    local all = {}
    for i, number in ipairs(ids) do all[i] = obituary(number) end
    heap.obituaries(before)
    return table.unpack(all)
end

tap.subtest("so are the fields of results", function()
    same_fields("Event", events())
    same_fields("Problem", problem())
    same_fields("Obituary", obituaries())
    same_fields("Stats", gc.stats())
    same_fields("Limits", heap.limits())
    same_fields("Count", heap.census()[1])
    same_fields("Frame", stack()[1])
    x = list { list {}, Node(1, 2) }
    y = x[1]
    same_fields("Why", why(y))
    same_fields("Chain", why(y)[1])
    same_fields("Verdict", would_free("x"))
    same_fields("Survivor", would_free("x").lives[1], would_free("y").lives[1])
    same_fields("Cut", mincut(y), mincut(class("Unused")))
    same_fields("Line", mincut(y)[1], mincut(y)[2])
    local held = y
    local r = gc.referrers(y)
    same_fields("Entry", r[1], r[2], r[#r])
    held = nil
    same_fields("Retained", heap.retained(x), table.unpack(heap.dominators(100)))
    local before = heap.snapshot()
    same_fields("Snapshot", before)
    z = list {}
    same_fields("Change", before:diff(heap.snapshot())[1])
    x[1] = x
    same_fields("Cycle", heap.cycles()[1])
    x, y, z = nil, nil, nil
    collect()
end)

tap.subtest("the files are Lua, and say what the functions' arguments are", function()
    for _, name in ipairs(files) do
        local text, params = read(meta .. name .. ".lua"), {}
        ok(load(text, "@" .. name), name .. " compiles")
        ok(text:find("\n---@meta", 1, true), name .. " is known as definitions")
        for line in text:gmatch("[^\n]+") do
            local param = line:match("^%-%-%-@param ([%w_.]+)")
            if param then params[#params + 1] = param end
            local path, arguments = line:match("^function ([%w_.:]+)%((.-)%)")
            if path then
                is(table.concat(params, ", "), arguments, path)
                params = {}
            end
        end
    end
end)

tap.subtest("what are plain names in scripts is defined as such", function()
    local globals, real = {}, keys_of(ouro)
    for name in read(meta .. "globals.lua"):gmatch("\n([%w_]+) = ouro%.") do
        globals[name] = true
    end
    real._VERSION, real.ipairs = nil, nil
    is_deeply(sorted(globals), sorted(real), "all but those that Lua has")
end)

tap.subtest("the standard of luacheck has the same names", function()
    local found = { stds = {}, files = {} }
    found.ipairs = ipairs
    assert(load(read(root .. "/.luacheckrc"), "@.luacheckrc", "t", found))()
    local known, plain = {}, keys_of(ouro)
    plain._VERSION, plain.ipairs = nil, nil
    for key, name in pairs(found.stds.ouro.read_globals) do
        known[type(key) == "number" and name or key] = true
    end
    is_deeply(sorted(known), sorted(plain), "the module")
    for _, name in ipairs { "build", "gc", "heap", "weak" } do
        local real = keys_of(ouro[name])
        if name == "gc" then real.garbage = true end
        is_deeply(sorted(found.stds.ouro.read_globals[name].fields), sorted(real), name)
    end
end)

tap.subtest("docs/lua-reference.md is what scripts/reference.lua makes", function()
    local pipe = io.popen("lua5.4 '" .. root .. "/scripts/reference.lua' --print")
    local made = pipe:read("a")
    pipe:close()
    ok(made == read(root .. "/docs/lua-reference.md"), "run scripts/reference.lua if not")
    ok(made:find("\n| `l:append(v)` | ", 1, true), "and it has rows")
end)

tap.subtest("find takes names as people write them", function()
    local entry = doc.find("gc.collect")
    is(entry.signature, "gc.collect([generation])", "the signature")
    ok(entry.text:find("garbage cycles", 1, true), "the text")
    is(entry.chapter, "`gc`", "the chapter")
    is(doc.find("list").signature, "list{a, b}", "the function before the type")
    for asked, name in pairs {
        ["List:append"] = "List:append", ["list.append"] = "List:append", append = "List:append",
        ["l:append"] = "List:append", ["ouro.gc.collect"] = "gc.collect", __del = "Class.__del",
        ["ouro.list"] = "list", ["weakref.alive"] = "Weakref.alive", dies = "tap.dies",
        ["v.dies"] = "Verdict.dies",
    } do
        is((doc.find(asked) or {}).name, name, asked)
    end
    is(doc.find("nothing"), nil, "what there is not")
    is(doc.find(""), nil, "nor an empty name")
end)

tap.subtest("apropos finds names before texts", function()
    local found = doc.apropos("Weak")
    is(found[1].name, "weak", "the name itself first")
    local names = {}
    for i, entry in ipairs(found) do names[entry.name] = i end
    ok(names["weak.keys"] and names.why, "in names and in texts")
    ok(names["weak.keys"] < names.why, "in this order")
    is(#doc.apropos("no such word anywhere"), 0, "nothing")
end)

tap.done_testing()
