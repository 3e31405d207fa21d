-- SPDX-License-Identifier: MIT
-- Selftest: each rule of the house can fail. For each one a copy of the tree is broken in
-- the way that the rule forbids, and the rule has to say so.
--
--   lua5.4 tests/house/selftest.lua ROOT
package.path = arg[0]:gsub("[^/]*$", "") .. "?.lua;" .. package.path

local breaks = require "breaks"
local rules = require "rules"
local tree = require "tree"
local source = arg[1] or "."

local copy

local function shell(command)
    local output, fine = tree.run(command)
    if not fine then error(output, 0) end
    return output
end

local function make_copy()
    copy = shell("mktemp -d"):gsub("\n$", "")
    local rooms = "core bindings docs examples scripts tests meson.build "
    shell("cd " .. tree.quote(source) .. " && cp -R " .. rooms .. tree.quote(copy))
end

local function write(path, text)
    shell("mkdir -p " .. tree.quote((copy .. "/" .. path):match("^(.*)/")))
    local out = assert(io.open(copy .. "/" .. path, "w"))
    out:write(text)
    out:close()
end

local function compile(text, options)
    write("library.c", text .. "\n")
    shell("cd " .. tree.quote(copy) .. " && cc -w " .. options .. " library.c -o library")
    return copy .. "/library"
end

-- Puts the break into the copy; returns the tree and what takes the break out again.
local function apply(break_, unbroken)
    local undo, paths = {}, {}
    for i, new in ipairs(break_) do
        local before = unbroken:exists(new.path) and unbroken:read(new.path)
        paths[i] = new.path
        undo[i] = function()
            if before then write(new.path, before) else os.remove(copy .. "/" .. new.path) end
        end
        write(new.path, new.text)
    end
    local broken = unbroken:reopen(paths)
    if break_.shared then broken.shared = compile(break_.shared, "-shared -fPIC") end
    if break_.static then broken.static = compile(break_.static, "-c") end
    if break_.module then broken.module = compile(break_.module, "-shared -fPIC") end
    return broken, function()
        for _, f in ipairs(undo) do f() end
    end
end

-- Whether the rule reports the break by a fault that it does not find in the unbroken copy;
-- and what it said.
local function notices(rule, break_, unbroken, known)
    local broken, undo = apply(break_, unbroken)
    local faults = rule:apply(broken)
    undo()
    local noticed = false
    for _, fault in ipairs(faults) do
        noticed = noticed or (not known[fault] and fault:find(break_.says, 1, true) ~= nil)
    end
    return noticed, faults
end

local function test(rule, unbroken)
    local list = breaks[rule.name]
    if not list then return false, { "no break is known for this rule" } end
    local known = {}
    for _, fault in ipairs((rule:apply(unbroken))) do known[fault] = true end
    for i, break_ in ipairs(list) do
        local noticed, said = notices(rule, break_, unbroken, known)
        if not noticed then
            table.insert(said, 1, ("break %d went unnoticed; the rule said:"):format(i))
            return false, said
        end
    end
    return true
end

make_copy()
local unbroken = tree.open(copy)
print("1.." .. #rules)
local failed = false
for number, rule in ipairs(rules) do
    local fine, fine_or_fault, said = pcall(test, rule, unbroken)
    local ok = fine and fine_or_fault
    print(("%s %d - can fail: %s"):format(ok and "ok" or "not ok", number, rule.name))
    if not ok then
        failed = true
        for _, line in ipairs(fine and said or { fine_or_fault }) do print("# " .. line) end
    end
end
shell("rm -rf " .. tree.quote(copy))
os.exit(not failed)
