-- SPDX-License-Identifier: MIT
-- Includes: the arrows of docs/architecture.md. An include goes down or does not exist.
local includes = {}

-- SYNC: layers (docs/architecture.md draws them). What each folder of the core may include
-- beside itself and the public headers.
local below = {
    memory = {},
    object = { "memory" },
    types = { "memory", "object" },
    weak = { "memory", "object", "types" },
    collect = { "memory", "object", "types", "weak" },
    inspect = { "memory", "object", "types", "weak", "collect" },
    export = { "memory", "object", "types", "weak", "collect", "inspect" },
    heap = { "memory", "object", "types", "weak", "collect", "inspect", "export" },
}

-- The layer of a file of the core: its folder; "heap" for the files at the top.
local function layer_of(path)
    if path:match("^core/include/") then return "public" end
    return path:match("^core/([%w_]+)/") or "heap"
end

-- The path of an included file of the core, found as the compiler finds it; nil: a header
-- of the system.
local function resolve(tree, from, name)
    local beside = from:match("^(.*/)") .. name
    for _, path in ipairs { beside, "core/" .. name, "core/include/" .. name } do
        if tree:exists(path) then return path end
    end
end

local function may_include(from, to)
    if from == to or to == "public" then return true end
    for _, layer in ipairs(below[from] or {}) do
        if layer == to then return true end
    end
    return false
end

function includes.downwards(tree, report)
    for _, path in ipairs(tree:files({ "core" }, { "c", "h" })) do
        local layer = layer_of(path)
        if layer ~= "public" and not below[layer] then
            report("%s: core/%s is not in the drawing of docs/architecture.md", path, layer)
        end
        tree:each_include(path, function(name, number, quoted)
            local target = resolve(tree, path, name)
            if name:match("%.c$") then
                report("%s:%d: includes a source file, %s", path, number, name)
            elseif quoted and not target then
                report("%s:%d: %s is not in the tree", path, number, name)
            elseif target and not may_include(layer, layer_of(target)) then
                report("%s:%d: an arrow up: %s includes %s", path, number, layer, target)
            end
        end)
    end
end

-- Files and what they include, for the search for rings.
local function graph_of(tree)
    local graph, order = {}, tree:files({ "core", "bindings" }, { "c", "h" })
    for _, path in ipairs(order) do
        graph[path] = {}
        tree:each_include(path, function(name)
            graph[path][#graph[path] + 1] = resolve(tree, path, name)
        end)
    end
    return graph, order
end

function includes.no_ring(tree, report)
    local graph, order = graph_of(tree)
    local state, trail = {}, {}
    local function visit(path)
        state[path] = "open"
        trail[#trail + 1] = path
        for _, target in ipairs(graph[path] or {}) do
            if state[target] == "open" then
                report("a ring of includes: %s -> %s", table.concat(trail, " -> "), target)
            elseif not state[target] then
                visit(target)
            end
        end
        trail[#trail] = nil
        state[path] = "done"
    end
    for _, path in ipairs(order) do
        if not state[path] then visit(path) end
    end
end

-- Above the public line: of the core only <ouro.h>, of each other only downwards, and one
-- file alone knows the line editor.
function includes.public_line(tree, report)
    local editors = {}
    for _, path in ipairs(tree:files({ "bindings", "examples" }, { "c", "h" })) do
        tree:each_include(path, function(name, number, quoted)
            local core = not quoted and (name:match("^ouro/") or tree:exists("core/" .. name))
            local beside = tree:exists(path:match("^(.*/)") .. name)
            local lua = tree:exists("bindings/" .. name) or tree:exists("bindings/lua/" .. name)
            if core or (quoted and not beside and not lua) then
                report("%s:%d: includes %s; of the core only <ouro.h> is open", path, number, name)
            elseif path:match("^bindings/lua/") and (name:match("shell/")) then
                report("%s:%d: an arrow up: lua includes %s", path, number, name)
            elseif name:match("^editline/") or name:match("histedit") then
                editors[path] = true
            end
        end)
    end
    local users = {}
    for path in pairs(editors) do users[#users + 1] = path end
    table.sort(users)
    if #users > 1 then
        report("libedit is for one file alone, not for %s", table.concat(users, ", "))
    end
end

return {
    { "every include of the core goes down", includes.downwards },
    { "no ring of includes", includes.no_ring },
    { "the bindings see only <ouro.h>", includes.public_line },
}
