-- SPDX-License-Identifier: MIT
-- Scarce: every question about the heap once, for tests/lua/oom.c, which runs this again and
-- again and lets another allocation fail each time.
local ouro, text = require "ouro", tostring

local function ask(_ENV)
    Node = class("Node", { "val", "next" })
    heap.obituaries(8)
    x = Node(1, Node(2))
    y = x.next
    keyed = weak.keys {}
    keyed[x] = y
    local known = id(x)
    text(why(y, { all = true }))
    text(would_free("x"))
    text(would_free(x, "next"))
    text(mincut(y))
    text(heap.retained(x))
    text(heap.dominators(3))
    local before = heap.snapshot()
    x, y = nil, nil
    text(before:diff(heap.snapshot()))
    text(obituary(known))
    heap.growth(function() end, 2)
end

ask(ouro.frame())
