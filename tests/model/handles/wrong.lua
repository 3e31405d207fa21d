-- SPDX-License-Identifier: MIT
-- Wrong: models with one mistake each. The test has to find each of them, or it could not find
-- the same mistake in the world.
local wrong = {}

-- Replaces a function of the model; gives what puts it back.
local function replace(model, name, make)
    local right = model[name]
    model[name] = make(right)
    return function() model[name] = right end
end

local function add(name, method, make)
    wrong[#wrong + 1] = { name = name, plant = function(model)
        return replace(model, method, make)
    end }
end

add("Lua holds nothing", "held", function()
    return function() return {} end
end)

add("a coroutine's or table's objects are counted", "count", function(right)
    return function(self, id)
        local count = right(self, id)
        for _, ref in pairs(self.slots) do
            if ref < 0 and self.holders[-ref].items[1] == id then count = count + 1 end
        end
        return count
    end
end)

add("a pin does not count", "count", function(right)
    return function(self, id) return right(self, id) - (self.pins[id] or 0) end
end)

add("what an object alone keeps is found last field first", "alone_kept", function(right)
    return function(self, root)
        local set = right(self, root)
        table.sort(set, function(a, b) return a ~= b and (a == root or b ~= root and a > b) end)
        return set
    end
end)

add("a collection finalizes the newest first", "die", function(right)
    return function(self, set)
        if self.collecting then table.sort(set, function(a, b) return a > b end) end
        return right(self, set)
    end
end)

add("a collection finds what is reachable through Lua's things only", "reachable",
    function(right)
        return function(self)
            local slots = self.slots
            self.slots = {}
            local seen = right(self)
            self.slots = slots
            return seen
        end
    end)

add("a finalizer runs again after a resurrection", "die", function(right)
    return function(self, set)
        for _, id in ipairs(set) do self.objects[id].finalized = nil end
        return right(self, set)
    end
end)

add("weak references do not go when the object dies", "act", function(right)
    return function(self, what, act, id)
        if what:find "^callback" then return end
        return right(self, what, act, id)
    end
end)

add("a cycle dies without a collection", "settle", function(right)
    return function(self)
        right(self)
        self:collect()
    end
end)

return wrong
