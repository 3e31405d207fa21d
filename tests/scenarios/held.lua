-- SPDX-License-Identifier: MIT
-- Scenarios of held objects (docs/semantics.md, 1 and 2): what Lua can reach is alive in every
-- policy, whatever holds it, and what it cannot reach is not, at the first moment that could
-- tell. Each structure holds a hundred thousand objects.
local tap = require "ouro.tap"
local is, ok = tap.is, tap.ok

local N = 100000
Item = class("Item", { "n" })

-- Each makes N items that Lua alone holds; returns what holds them, how to read the i-th, and
-- how to let go where dropping these two is not enough.
local holders = {
    { "values of a table", function()
        local t = {}
        for i = 1, N do t[i] = Item(i) end
        return t, function(i) return t[i] end
    end },
    { "keys of a table", function()
        local t, order = {}, {}
        for i = 1, N do t[Item(i)] = i end
        return t, function() return (next(t)) end
    end },
    { "upvalues", function()
        local t = {}
        for i = 1, N do
            local item = Item(i)
            t[i] = function() return item end
        end
        return t, function(i) return t[i]() end
    end },
    { "a chain of tables", function()
        local head
        for i = N, 1, -1 do head = { item = Item(i), next = head } end
        return head, function(i)
            local at = head
            for _ = 2, math.min(i, 100) do at = at.next end
            return at.item
        end
    end },
    { "metatables", function()
        local t = {}
        for i = 1, N do t[i] = setmetatable({}, { item = Item(i) }) end
        return t, function(i) return getmetatable(t[i]).item end
    end },
    { "values under weak keys", function()
        local keys, t = {}, setmetatable({}, { __mode = "k" })
        for i = 1, N do
            keys[i] = {}
            t[keys[i]] = { Item(i), keys[i] }
        end
        return keys, function(i) return t[keys[i]][1] end
    end },
    { "locals of a deep recursion, suspended", function()
        local co = coroutine.create(function()
            local function down(i)
                local item = Item(i)
                if i < N then down(i + 1) else coroutine.yield() end
                return item
            end
            down(1)
        end)
        assert(coroutine.resume(co))
        return co, function() return select(2, debug.getlocal(co, 2, 2)) end
    end },
    { "the registry", function()
        local registry = debug.getregistry()
        registry.held = {}
        for i = 1, N do registry.held[i] = Item(i) end
        return registry.held, function(i) return registry.held[i] end,
            function() registry.held = nil end
    end },
    { "a managed list of Lua tables", function()
        local l = list {}
        for i = 1, N do l[i] = { Item(i) } end
        return l, function(i) return l[i][1] end
    end },
}

local policies = {}
for _, p in ipairs(gc.policies()) do policies[#policies + 1] = tostring(p):match "^[%w_-]+" end

for _, holder in ipairs(holders) do
    local name, make = table.unpack(holder)
    tap.subtest(name, function()
        for _, policy in ipairs(policies) do
            gc.policy(policy)
            local before = heap.census().Item
            is(before, nil, policy .. ": none at first")
            local held, read, drop = make()
            collect()
            collectgarbage()
            is(heap.census().Item.objects, N, "all live after collections of both kinds")
            is(isinstance(read(N // 2), Item), true, "and can be read")
            is(refcount(read(N // 2)), 0, "and nothing counts them")
            local w = weak(read(1))
            if drop then drop() end
            held, read, drop = nil, nil, nil
            is(w(), nil, "let go of, they are dead when somebody asks")
            is(heap.census().Item, nil, "all of them")
            ok(heap.check(), "the heap checks")
        end
    end)
end

tap.subtest("weak Lua tables hold nothing", function()
    for _, policy in ipairs(policies) do
        gc.policy(policy)
        local v, k = setmetatable({}, { __mode = "v" }), setmetatable({}, { __mode = "k" })
        for i = 1, N do
            local item = Item(i)
            v[i], k[item] = item, i
        end
        is(heap.census().Item, nil, policy .. ": none lives")
        is(tostring(next(v)) .. tostring(next(k)), "nilnil", "nor is shown")
        local item = Item(1)
        x, v[1], k[item] = item, item, 1
        collect()
        collectgarbage()
        is(same(v[1], x) and k[x], 1, "what Lua has is found in them")
        item = nil
        x = nil
        is(heap.census().Item, nil, "and not held")
    end
end)

tap.subtest("half of them let go of", function()
    local dead = 0
    Mortal = class("Mortal", { "n" })
    function Mortal:__del() dead = dead + 1 end
    local t, many = {}, 5000
    for i = 1, many do t[i] = Mortal(i) end
    for i = 1, many, 2 do t[i] = nil end
    settle()
    is(dead, many // 2, "half have been finalized")
    is(t[2].n + t[many].n, many + 2, "half have not")
    t = nil
    settle()
    is(dead, many, "then all, each once")
    del "Mortal"
end)

tap.done_testing()
