-- SPDX-License-Identifier: MIT
-- Rules: all of them, in the order in which they are reported. A rule is a function that is
-- given the tree and a function to report a fault with; it returns a reason when it could
-- not look.
local files = { "includes", "headers", "shape", "calls", "paths", "shortage", "symbols" }

local rule = {}
rule.__index = rule

-- The faults found, each once, and why nothing was looked at, if so.
function rule:apply(tree)
    local faults, known = {}, {}
    local skipped = self.check(tree, function(format, ...)
        local fault = format:format(...)
        if not known[fault] then faults[#faults + 1] = fault end
        known[fault] = true
    end)
    return faults, skipped
end

local rules = {}
for _, file in ipairs(files) do
    for _, pair in ipairs(require(file)) do
        rules[#rules + 1] = setmetatable({ name = pair[1], check = pair[2], file = file }, rule)
    end
end
return rules
