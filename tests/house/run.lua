-- SPDX-License-Identifier: MIT
-- Run: the rules of the house, one TAP test each.
--
--   lua5.4 tests/house/run.lua ROOT [SHARED STATIC MODULE]
--
-- ROOT is the checkout; the others are the built libraries, for the rules about symbols.
package.path = arg[0]:gsub("[^/]*$", "") .. "?.lua;" .. package.path

local rules = require "rules"
local tree = require("tree").open(arg[1] or ".")
tree.shared, tree.static, tree.module = arg[2], arg[3], arg[4]

print("1.." .. #rules)
local failed = 0
for number, rule in ipairs(rules) do
    local faults, skipped = rule:apply(tree)
    local state = #faults > 0 and "not ok" or "ok"
    local directive = skipped and " # SKIP " .. skipped or ""
    print(("%s %d - %s%s"):format(state, number, rule.name, directive))
    for _, fault in ipairs(faults) do print("# " .. fault) end
    failed = failed + math.min(#faults, 1)
end
os.exit(failed == 0)
