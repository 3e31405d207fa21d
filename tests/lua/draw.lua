-- SPDX-License-Identifier: MIT
-- Draw: the forms a picture can take, what is in it, and what is left out with its count.
local tap = require "ouro.tap"
local is, ok, like, throws = tap.is, tap.ok, tap.like, tap.throws

Node = class("Node", { "val", "next" })

local function read(name)
    local file <close> = assert(io.open(name, "rb"))
    return file:read("a")
end

local function written(form, ...)
    local name = os.tmpname()
    os.remove(name)
    name = name .. "." .. form
    local arguments = table.pack(...)
    local last = arguments.n
    local object = type(arguments[1]) ~= "table" and arguments[1] or nil
    local options = type(arguments[last]) == "table" and arguments[last] or nil
    local result
    if object then result = draw(object, name, options) else result = draw(name, options) end
    is(result, name, "draw returns the file's name")
    local text = read(name)
    os.remove(name)
    return text
end

tap.subtest("a tree of text", function()
    x = Node(1, Node("two"))
    x.next.next = x
    y = x
    w = weak(x)
    is(tostring(draw()), [[
x -> Node #1 x3
|- val = 1
`- next -> Node #3 x1
   |- val = two
   `- next -> ^ Node #1
y -> ^ Node #1
w -> weak #2 x1
`- weak ~> ^ Node #1]], "names, fields, the way back, a weak reference")
    is(tostring(draw(y)), [[
x -> Node #1 x3
|- val = 1
`- next -> Node #3 x1
   |- val = two
   `- next -> ^ Node #1
y -> ^ Node #1]], "what one object reaches, and its names")
    clear(x)
    del("x", "y", "w")
end)

tap.subtest("nothing is left out without a count", function()
    c = build.chain(1000)
    big = list {}
    for i = 1, 40 do big:append(Node(i)) end
    local text = tostring(draw())
    like(text, "995 more objects", "a long row")
    like(text, "28 more objects", "a wide list")
    text = tostring(draw { max = 20, run = 2000 })
    local folded = 0
    for n in text:gmatch("(%d+) more objects?,") do folded = folded + math.tointeger(n) end
    is(folded, 1041 - 20, "all beyond a bound")
    del("c", "big")
end)

tap.subtest("dot", function()
    x = Node('<a> & "b"\255\0', list { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 })
    local text = written("dot")
    like(text, "^digraph ouro {", "it begins as dot")
    like(text, "&lt;a&gt; &amp; &quot;b&quot;\\xff\\x00", "text that would be markup is escaped")
    like(text, "1, 2, 3, 4, 5, 6, 7, 8, %.%.%. 2 more", "plain items take one row")
    local id = id(x)
    like(text, ("n%d %%[id"):format(id), "a node an object")
    like(text, ("%%-> n%d "):format(id), "a name points to it")
    x = nil
    local a <const> = 1
    do
        local one = Node(1)
        one.next = Node(2, one)
    end
    like(written("dot"), "garbage, which collect%(%) frees", "garbage is marked")
    collect()
    ok(not written("dot"):find "garbage", "and gone after collect()")
end)

tap.subtest("the dominated part", function()
    x = Node(1, Node(2, Node(3)))
    y = x.next
    like(written("dot", x, { box = true }), "1 object lives because of", "alone")
    del "y"
    like(written("dot", x, { box = true }), "3 objects live because of", "with what it keeps")
    local name = os.tmpname()
    draw(name .. ".dot", { box = x.next })
    like(read(name .. ".dot"), "2 objects live because of", "of another object")
    os.remove(name)
    os.remove(name .. ".dot")
    throws(function() draw("x.dot", { box = 3 }) end, "box has to be an object")
    del "x"
end)

tap.subtest("looking changes nothing", function()
    x = Node(1, Node(2))
    local live = heap.live()
    is(refcount(x), 1, "before")
    draw(x, "/dev/null/x.dot")
    tostring(draw())
    is(refcount(x), 1, "after")
    is(heap.live(), live, "no object was made")
    local before = refcount(x.next)
    del "x"
    is(heap.live(), live - 2, "and none is kept")
    is(before, 1, "")
end)

tap.subtest("mistakes", function()
    local result, message, code = draw("/nonexistent/x.dot")
    is(result, nil, "a file that cannot be written is no error")
    like(message, "No such file", "but a message")
    is(code, 2, "and a code")
    throws(function() draw("picture") end, "has to end in .svg")
    throws(function() draw("picture.bmp") end, "has to end in .svg")
    throws(function() draw(7) end, "name of a file")
    throws(function() draw("x.dot", { maximum = 3 }) end, "no option is called 'maximum'")
    throws(function() draw("x.dot", { max = 0 }) end, "max has to be a whole number")
end)

if pcall(require, "ouro_graphviz") then
    tap.subtest("Graphviz", function()
        x = Node(1, Node(2))
        like(written("svg"), "<svg ", "svg")
        is(written("png"):sub(2, 4), "PNG", "png")
        like(written("pdf"), "^%%PDF", "pdf")
        local page = written("html", { title = "A <title>" })
        like(page, "A &lt;title&gt;", "html: the title")
        like(page, '<g id="n%d+" class="node">', "the drawing is in it")
        ok(not page:find("https?://", 1) or not page:find('src="http'), "no network is needed")
        g = build.graph { nodes = 500, degree = 2, seed = 3 }
        like(written("svg"), "50%d objects, ", "five hundred tangled objects are drawn, too")
        del("g", "x")
        local render = require("ouro_graphviz").render
        local drawing, problem = render("no graph {", "svg")
        is(drawing, nil, "what is no graph is refused")
        like(problem, "Graphviz cannot draw it", "with a reason")
    end)
else
    tap.skip("Graphviz is not there", 1)
end

tap.done_testing()
