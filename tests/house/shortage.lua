-- SPDX-License-Identifier: MIT
-- Shortage: whatever a public header declares to return a status is tried short of memory in
-- tests/core/oom*.c, by a row of a table that begins with its name.
local shortage = {}

local function declared(tree)
    local list = {}
    for _, path in ipairs(tree:files({ "core/include/ouro" }, { "h" })) do
        for name in tree:code(path):gmatch("OURO_API%s+ouro_status%s+(ouro_[%w_]+)%s*%(") do
            list[#list + 1] = { name = name, path = path }
        end
    end
    return list
end

function shortage.all_are_tried(tree, report)
    local tried = {}
    for _, path in ipairs(tree:files({ "tests/core" }, { "c" })) do
        if path:match("/oom[%w_]*%.c$") then
            for name in tree:read(path):gmatch('\n%s+{"(ouro_[%w_]+)",') do tried[name] = true end
        end
    end
    for _, one in ipairs(declared(tree)) do
        if not tried[one.name] then
            report("%s: %s is not tried short of memory in tests/core/oom*.c", one.path, one.name)
        end
    end
end

return {
    { "each function that returns a status is tried short of memory", shortage.all_are_tried },
}
