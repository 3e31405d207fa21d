-- SPDX-License-Identifier: MIT
-- A collector of one's own: trial deletion (Bacon and Rajan 2001) in fifty lines of Lua.
-- The heap checks what it claims, so a mistake in it is told, and frees nothing.
local GRAY, BLACK = 1, 2

local function trial_deletion(c)
    local gray, work = {}, {}
    local function paint(x)
        if c:colour(x) == GRAY then return end
        c:mark(x, GRAY)
        gray[#gray + 1], work[#work + 1] = x, x
    end
    -- MarkGray: what the possible roots reach, and how often it refers to itself.
    for _, x in ipairs(c:roots()) do paint(x) end
    while #work > 0 do
        c:visit(table.remove(work), function(y)
            c:subtract(y)
            paint(y)
        end)
    end
    -- Scan: what has references left is alive, and so is what it reaches.
    local function blacken(x)
        if c:colour(x) ~= GRAY then return end
        c:mark(x, BLACK)
        work[#work + 1] = x
    end
    for _, x in ipairs(gray) do
        if c:left(x) > 0 then blacken(x) end
    end
    while #work > 0 do c:visit(table.remove(work), blacken) end
    -- CollectWhite.
    for _, x in ipairs(gray) do
        if c:colour(x) == GRAY then c:claim(x) end
    end
end

gc.add_policy("mine", trial_deletion, "trial deletion, written in Lua")
gc.policy("mine")
gc.verify(true)

Node = class("Node", { "name", "next" })
function Node:__del() print("farewell, " .. self.name) end

a, b, c = Node("a"), Node("b"), Node("c")
a.next, b.next, c.next = b, a, c
b = nil
print("while a name refers to them", collect())
a, c = nil, nil
print("afterwards", collect())

-- One that claims everything is told what is wrong with that.
gc.add_policy("greedy", function(it)
    for _, x in ipairs(it:candidates()) do it:claim(x) end
end)
gc.policy("greedy")
alive = Node("d")
local fine, message = pcall(collect)
print(fine, message:match("the collector 'greedy' claimed a .- that is still reached"))
gc.policy("generational")
print(alive.name .. " is still there")
