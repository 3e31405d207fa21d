-- SPDX-License-Identifier: MIT
-- Paths: what is named exists. Documents and comments send the reader to files; the build
-- lists its sources by name.
local paths = {}

local rooms = { core = 1, bindings = 1, scripts = 1, tests = 1, docs = 1, examples = 1 }

-- Calls f(path) for whatever in the text looks like a path of the repository.
local function each_path(text, f)
    for before, word in text:gmatch("([^%w_./%-]?)([%w_.][%w_./*%-]*/[%w_./*%-]*)") do
        local room = word:match("^(%w+)/")
        if room and rooms[room] and before ~= "<" then
            f((word:gsub("[.,]+$", ""):gsub("/$", "")))
        end
    end
end

local function is_there(tree, path)
    if not path:find("*", 1, true) then return tree:exists(path) end
    local command = "cd " .. tree.quote(tree.root) .. " && ls -d " .. path .. " >/dev/null"
    return select(2, tree.run(command))
end

local function check(tree, list, report)
    local known = {}
    for _, path in ipairs(list) do
        tree:each_line(path, function(line, number)
            each_path(line, function(named)
                if known[named] == nil then known[named] = is_there(tree, named) end
                if not known[named] then report("%s:%d: there is no %s", path, number, named) end
            end)
        end)
    end
end

function paths.in_documents(tree, report)
    local list = tree:files({ "docs", "examples", "tests", "bindings" }, { "md", "1" })
    for _, path in ipairs { "README.md", "CHANGELOG.md" } do
        if tree:exists(path) then list[#list + 1] = path end
    end
    check(tree, list, report)
end

function paths.in_sources(tree, report)
    local list = tree:files({ "core", "bindings", "examples" }, { "c", "h", "lua" })
    check(tree, list, report)
end

-- Sources are listed, not searched for: a file that is forgotten is not built, and its test
-- never runs.
function paths.built(tree, report)
    for _, room in ipairs { "core", "bindings", "tests", "examples" } do
        local build = room .. "/meson.build"
        local text = tree:exists(build) and tree:read(build) or ""
        for _, path in ipairs(tree:files({ room }, { "c" })) do
            local name = path:sub(#room + 2)
            local skipped = name:match("^bench/") or name:match("^fuzz/")
            if not skipped and not text:find("'" .. name .. "'", 1, true) then
                report("%s: not listed in %s", path, build)
            end
        end
    end
end

function paths.tests_run(tree, report)
    local text = tree:exists("tests/meson.build") and tree:read("tests/meson.build") or ""
    local suites = { "tests/lua", "tests/scenarios", "tests/shell" }
    local list = tree:files(suites, { "lua", "sh", "exp" })
    for _, path in ipairs(list) do
        if not text:find("'" .. path:sub(#"tests/" + 1) .. "'", 1, true) then
            report("%s: not listed in tests/meson.build", path)
        end
    end
    text = tree:exists("examples/meson.build") and tree:read("examples/meson.build") or ""
    for _, path in ipairs(tree:files({ "examples" }, { "lua" })) do
        local name = path:sub(#"examples/" + 1)
        if not name:find("/", 1, true) and not text:find("'" .. name .. "'", 1, true) then
            report("%s: not listed in examples/meson.build", path)
        end
    end
end

return {
    { "the paths named in the documents exist", paths.in_documents },
    { "the paths named in comments exist", paths.in_sources },
    { "every C file is in the build", paths.built },
    { "every test and example is run", paths.tests_run },
}
