-- SPDX-License-Identifier: MIT
-- Headers: each public header compiles alone, in the oldest and the newest language that
-- its users have. The compilers take many files at once, each for itself.
local headers = {}

local options = "-fsyntax-only -Wall -Wextra -Werror -Icore/include "
local c_compilers = { "cc", "gcc", "clang" }
local cpp_compilers = { "c++", "g++", "clang++" }

local function find(programs)
    for _, program in ipairs(programs) do
        if os.execute("command -v " .. program .. " >/dev/null 2>&1") then return program end
    end
end

local function compile(tree, report, compiler, language)
    local words = tree:files({ "core/include" }, { "h" })
    for i, path in ipairs(words) do words[i] = tree.quote(path) end
    local output, fine = tree.run("cd " .. tree.quote(tree.root) .. " && " .. compiler .. " "
        .. options .. language .. " " .. table.concat(words, " "))
    if fine then return end
    for line in output:gmatch("[^\n]*: error:[^\n]*") do report("%s", line) end
    report("%s %s refuses a public header", compiler, language)
end

local function rule(standard, language, compilers)
    return function(tree, report)
        local compiler = find(compilers)
        if not compiler then return "no compiler" end
        compile(tree, report, compiler, "-x " .. language .. " -std=" .. standard)
    end
end

function headers.guarded(tree, report)
    for _, path in ipairs(tree:files({ "core", "bindings" }, { "h" })) do
        local guard = tree:code(path):match("^%s*#ifndef ([%w_]+)\n%s*#define ")
        if not guard then
            report("%s: no include guard before everything else", path)
        elseif not guard:match("^OURO") then
            report("%s: the guard %s does not begin with OURO", path, guard)
        end
    end
end

return {
    { "each public header compiles alone as C11", rule("c11", "c", c_compilers) },
    { "each public header compiles alone as C17", rule("c17", "c", c_compilers) },
    { "each public header compiles alone as C++17", rule("c++17", "c++", cpp_compilers) },
    { "each header has a guard", headers.guarded },
}
