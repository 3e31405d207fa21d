-- SPDX-License-Identifier: MIT
-- Calls: who may call what. Memory is obtained in one place and objects end in one place.
local calls = {}

-- Calls f(path, number, name) for each use of one of the names in code of the folders.
local function each_use(tree, folders, names, f)
    local wanted = {}
    for _, name in ipairs(names) do wanted[name] = true end
    for _, path in ipairs(tree:files(folders, { "c", "h" })) do
        local number = 0
        for line in (tree:code(path) .. "\n"):gmatch("([^\n]*)\n") do
            number = number + 1
            for name in line:gmatch("([%a_][%w_]*)%s*%(") do
                if wanted[name] then f(path, number, name) end
            end
        end
    end
end

function calls.memory(tree, report)
    local names = {
        "malloc", "calloc", "realloc", "reallocarray", "free", "aligned_alloc", "posix_memalign",
        "strdup", "strndup", "asprintf", "vasprintf", "alloca", "mmap", "munmap",
    }
    each_use(tree, { "core" }, names, function(path, number, name)
        if not path:match("^core/memory/") then
            report("%s:%d: %s; memory comes from core/memory", path, number, name)
        end
    end)
end

-- SYNC: cell-free (core/memory/pool.h has the function). The collector sweeps whole blocks
-- of dead objects that nobody can observe; every other object ends in death.c, or, where
-- its end can be observed, in dying.c, which death.c alone calls.
function calls.death(tree, report)
    local may = {
        ["core/memory/pool.h"] = true,
        ["core/memory/pool.c"] = true,
        ["core/object/death.c"] = true,
        ["core/object/dying.c"] = true,
    }
    each_use(tree, { "core" }, { "ouro__pool_free" }, function(path, number, name)
        if not (may[path] or path:match("^core/collect/")) then
            report("%s:%d: %s; an object ends in core/object/death.c alone", path, number, name)
        end
    end)
end

function calls.quiet_library(tree, report)
    local names = {
        "printf", "fprintf", "puts", "putchar", "fputs", "perror", "exit", "_Exit", "_exit",
        "abort", "longjmp", "setjmp", "getenv", "system", "signal",
    }
    each_use(tree, { "core" }, names, function(path, number, name)
        report("%s:%d: %s; the library never prints, exits or jumps", path, number, name)
    end)
end

function calls.tests_speak_tap(tree, report)
    for _, path in ipairs(tree:files({ "tests/core", "tests/model" }, { "c" })) do
        local _, groups = tree:code(path):gsub("cmocka_run_group_tests", "")
        if groups > 1 then report("%s: %d groups, so as many plans; TAP has one", path, groups) end
    end
    each_use(tree, { "tests" }, { "skip" }, function(path, number)
        report("%s:%d: skip() of cmocka 1.1 prints `not ok`", path, number)
    end)
end

return {
    { "memory is obtained in core/memory alone", calls.memory },
    { "cells are freed by death and the collector alone", calls.death },
    { "the library neither prints nor exits nor jumps", calls.quiet_library },
    { "the core's tests print one plan each", calls.tests_speak_tap },
}
