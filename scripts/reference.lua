#!/usr/bin/env lua5.4
-- SPDX-License-Identifier: MIT
-- Reference: writes docs/lua-reference.md, which is made of the definition files in
-- bindings/lua/ouro/meta, as an editor reads them.
--
--   scripts/reference.lua            writes it
--   scripts/reference.lua --print    to standard output (tests/lua/doc.lua compares)
local root = arg[0]:match("^(.*)scripts/[^/]*$") or "./"
package.path = root .. "bindings/lua/?.lua;" .. package.path
local doc = require "ouro.doc"

local MARK = "<!-- Made by scripts/reference.lua of bindings/lua/ouro/meta: change it there. -->"

-- In a table "|" parts the cells.
local function cell(text)
    return (text:gsub("|", "\\|"))
end

local function row(entry)
    local calls = "`" .. entry.signature:gsub("%), ", ")`, `"):gsub("}, ", "}`, `") .. "`"
    return ("| %s | %s |"):format(cell(calls), cell(entry.text))
end

local function write_chapter(out, chapter)
    local in_table = false
    local function add(line) out[#out + 1] = line end
    add(("#"):rep(chapter.level) .. " " .. chapter.title)
    for _, item in ipairs(chapter) do
        if not in_table or item.prose then add("") end
        if item.prose then add(item.prose)
        elseif not in_table then
            add("| name | what it is |")
            add("|---|---|")
        end
        if not item.prose then add(row(item)) end
        in_table = not item.prose
    end
    add("")
end

local out = {}
for _, chapter in ipairs(doc.chapters()) do write_chapter(out, chapter) end
table.insert(out, 2, "")
table.insert(out, 3, MARK)
local text = table.concat(out, "\n")

if arg[1] == "--print" then
    io.write(text)
else
    local file = assert(io.open(root .. "docs/lua-reference.md", "w"))
    file:write(text)
    file:close()
end
