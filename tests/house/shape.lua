-- SPDX-License-Identifier: MIT
-- Shape: what can be counted of a file that is read in one sitting.
local shape = {}

local comment_marks = { c = "/%*", h = "/%*", lua = "%-%-", build = "#", sh = "#", exp = "#" }
local folders = { "core", "bindings", "tests", "examples", "scripts", "docs" }

-- Sources of every kind; the commands in scripts/ have no extension.
local function sources(tree)
    local list = tree:files(folders, { "c", "h", "lua", "build", "sh", "exp" })
    for _, path in ipairs(tree:files({ "scripts", ".ci" }, { "" })) do list[#list + 1] = path end
    list[#list + 1] = "meson.build"
    return list
end

function shape.files_are_short(tree, report)
    for _, path in ipairs(tree:files(folders, { "c", "h", "lua" })) do
        local _, lines = tree:read(path):gsub("\n", "")
        if lines > 600 then report("%s: %d lines, more than 600", path, lines) end
    end
end

function shape.functions_are_short(tree, report)
    for _, path in ipairs(tree:c_files()) do
        tree:each_function(path, function(name, first, last)
            local lines = last - first + 1
            if lines > 60 then
                report("%s:%d: %s has %d lines, more than 60", path, first, name, lines)
            end
        end)
    end
end

function shape.lines_are_short(tree, report)
    for _, path in ipairs(sources(tree)) do
        tree:each_line(path, function(line, number)
            local columns = utf8.len(line) or #line
            if columns > 100 then
                report("%s:%d: %d columns, more than 100", path, number, columns)
            end
        end)
    end
end

function shape.lines_are_clean(tree, report)
    for _, path in ipairs(sources(tree)) do
        local text = tree:read(path)
        if text:sub(-1) ~= "\n" then report("%s: no line break at the end", path) end
        tree:each_line(path, function(line, number)
            if line:match("[ \t]$") then report("%s:%d: blanks at the end", path, number) end
            if line:match("\t") then report("%s:%d: a tab", path, number) end
            if line:match("\r") then report("%s:%d: a carriage return", path, number) end
        end)
    end
end

-- The licence is one line, the first, or the second after `#!`; a comment that tells the
-- file's job follows.
function shape.licence_and_purpose(tree, report)
    for _, path in ipairs(sources(tree)) do
        local mark = comment_marks[path:match("%.(%w+)$") or "sh"]
        local text = tree:read(path):gsub("^#![^\n]*\n", "", 1)
        local first, second = text:match("^([^\n]*)\n([^\n]*)")
        if not (first or ""):match("^" .. mark .. " SPDX%-License%-Identifier: MIT") then
            report("%s: the first line is not the SPDX line", path)
        elseif not second:match("^" .. mark .. " %S") then
            report("%s: no comment that tells the file's job", path)
        end
    end
end

return {
    { "no file is longer than 600 lines", shape.files_are_short },
    { "no function is longer than 60 lines", shape.functions_are_short },
    { "no line is wider than 100 columns", shape.lines_are_short },
    { "no stray blanks, tabs or missing line breaks", shape.lines_are_clean },
    { "each source begins with its licence and its job", shape.licence_and_purpose },
}
