-- SPDX-License-Identifier: MIT
-- Draw: writes a picture of a heap to a file, in the form that the file's name asks for. The
-- picture is plain data (bindings/lua/picture.c); nothing here refers to a managed object.
local dot = require "ouro.draw.dot"
local page = require "ouro.draw.page"
local tree = require "ouro.draw.tree"

local draw = {}

local function layout(text, form)
    local found, graphviz = pcall(require, "ouro_graphviz")
    if not found then
        return nil, ("no module ouro_graphviz: it needs Graphviz (Debian: libgraphviz-dev) when "
            .. "ouro is built; a .dot or .txt file needs nothing, and `dot -T%s` draws the former")
            :format(form)
    end
    return graphviz.render(text, form)
end

local function drawn_by(form)
    return function(picture, options) return layout(dot.text(picture, options), form) end
end

local forms = {
    dot = dot.text,
    html = function(picture, options)
        local svg, problem = layout(dot.text(picture, options), "svg")
        if not svg then return nil, problem end
        return page.text(picture, svg, options)
    end,
    pdf = drawn_by "pdf",
    png = drawn_by "png",
    svg = drawn_by "svg",
    txt = function(picture, options) return tree.text(picture, options) .. "\n" end,
}

local function save(file, text)
    local handle, message, code = io.open(file, "wb")
    if not handle then return nil, message, code end
    local fine, problem, number = handle:write(text)
    local closed, late, late_number = handle:close()
    if not fine then return nil, ("%s: %s"):format(file, problem), number end
    if not closed then return nil, ("%s: %s"):format(file, late), late_number end
    return file
end

local shown = { __tostring = function(view) return view.text end, __name = "ouro.drawing" }

-- Returns the file's name; nil, a message and a code where the file cannot be written; without
-- a file a value that prints as a tree.
function draw.write(picture, file, options)
    if not file then return setmetatable({ text = tree.text(picture, options) }, shown) end
    local form = file:match("%.(%w+)$")
    local write = form and forms[form:lower()]
    if not write then
        error(("draw: '%s' has to end in .svg, .png, .pdf, .dot, .html or .txt"):format(file), 0)
    end
    local text, problem = write(picture, options)
    if not text then return nil, ("draw: %s: %s"):format(file, problem), 0 end
    return save(file, text)
end

return draw
