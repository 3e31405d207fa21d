-- SPDX-License-Identifier: MIT
-- Dot: a picture in Graphviz's language. Names are a column on the left, one table a frame;
-- each object is a table with its fields, whose references leave from their row.
local dot = {}

-- Fills that differ in lightness too, for those who do not see the hue.
local colours = {
    live = "#dce9f5", garbage = "#f6cfc4", frame = "#eeeeee", fold = "#f7f7f7", box = "#3a6ea5",
    line = "#8a949e", weak = "#9a7b2d",
}

-- For a label in Graphviz's HTML: valid UTF-8, nothing that is markup.
local function escape(text)
    if not utf8.len(text) then
        text = text:gsub("[\128-\255]", function(c) return ("\\x%02x"):format(c:byte()) end)
    end
    text = text:gsub("%c", function(c) return ("\\x%02x"):format(c:byte()) end)
    return (text:gsub('[&<>"]', { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;",
        ['"'] = "&quot;" }))
end
dot.escape = escape

function dot.size(bytes)
    if bytes < 10000 then return ("%d bytes"):format(bytes) end
    if bytes < 10000000 then return ("%d kB"):format(bytes // 1000) end
    return ("%d MB"):format(bytes // 1000000)
end

function dot.number(n)
    local text = ("%d"):format(n):reverse():gsub("(%d%d%d)", "%1,"):reverse()
    return (text:gsub("^,", ""))
end

local function index_by_id(list)
    local by_id = {}
    for _, item in ipairs(list) do by_id[item.id] = item end
    return by_id
end

local function node(id) return "n" .. id end

-- ---- tables --------------------------------------------------------------------------------

local function table_start(colour)
    return ('<table border="0" cellborder="1" cellspacing="0" cellpadding="3" color="%s" '
        .. 'bgcolor="white"><tr><td bgcolor="%s" align="left">'):format(colours.line, colour)
end

local function row(text, port)
    return ('<tr><td align="left"%s>%s</td></tr>')
        :format(port and (' port="%s"'):format(port) or "", text)
end

local function marks(object)
    local list = {}
    if object.held then list[#list + 1] = "held by Lua" end
    if object.pinned then list[#list + 1] = "pinned" end
    if object.code then list[#list + 1] = "held by C" end
    if #list == 0 then return "" end
    return (' <font color="#555555"><i>%s</i></font>'):format(table.concat(list, ", "))
end

local function head(object)
    return ('<b>%s</b> #%d <font color="#555555">&#215;%d</font>%s')
        :format(escape(object.type), object.id, object.count, marks(object))
end

-- A field whose object is drawn is a row with an arrow; one whose object is folded says so.
local function field_row(field, index, drawn)
    local label = escape(field.label)
    if not field.id then return row(label .. " = " .. escape(field.text)) end
    if drawn[field.id] then return row(label, "f" .. index) end
    return row(("%s <font color=\"#555555\">#%d</font>"):format(label, field.id))
end

-- Fields without references take one row together, when they are many.
local function is_plain(object)
    for _, field in ipairs(object) do
        if field.id then return false end
    end
    return #object > 4 and object[1].label:sub(1, 1) == "["
end

local function plain_row(object)
    local texts = {}
    for i, field in ipairs(object) do
        if i > 8 then break end
        texts[i] = field.text
    end
    local more = #object - #texts + (object.more or 0)
    local text = table.concat(texts, ", ")
    if more > 0 then text = ("%s, ... %s more"):format(text, dot.number(more)) end
    return row(escape(text))
end

local function write_object(out, object, drawn)
    local rows = {}
    if is_plain(object) then
        rows[1] = plain_row(object)
    else
        for i, field in ipairs(object) do
            rows[#rows + 1] = field_row(field, i, drawn)
        end
        if object.more then
            rows[#rows + 1] = row(("... %s more"):format(dot.number(object.more)), "more")
        end
    end
    out:add('%s [id="%s" label=<%s%s</td></tr>%s</table>>]', node(object.id), node(object.id),
        table_start(object.garbage and colours.garbage or colours.live), head(object),
        table.concat(rows))
end

-- ---- the parts -----------------------------------------------------------------------------

local function write_names(out, picture, drawn)
    local members = {}
    for i, frame in ipairs(picture.frames) do
        local rows, arrows = {}, {}
        for j, name in ipairs(frame) do
            if name.id and drawn[name.id] then
                rows[#rows + 1] = row("<b>" .. escape(name.label) .. "</b>", "f" .. j)
                arrows[#arrows + 1] = ("r%d:f%d:e -> %s [id=\"r%d-%d\" penwidth=1.4]")
                    :format(i, j, node(name.id), i, j)
            elseif name.text then
                rows[#rows + 1] = row(("<b>%s</b> = %s"):format(escape(name.label),
                    escape(name.text)))
            end
        end
        if #arrows > 0 then
            members[#members + 1] = "r" .. i
            out:add('r%d [id="r%d" label=<%s<i>%s</i></td></tr>%s</table>>]', i, i,
                table_start(colours.frame), escape(frame.frame), table.concat(rows))
            for _, arrow in ipairs(arrows) do out:add("%s", arrow) end
        end
    end
    if #members > 0 then out:add("{ rank=source; %s }", table.concat(members, "; ")) end
end

local function write_references(out, object, drawn, options)
    for i, field in ipairs(object) do
        if field.id and drawn[field.id] then
            out:add('%s:f%d:e -> %s [id="%s-%d"%s]', node(object.id), i, node(field.id),
                node(object.id), i,
                object.garbage and drawn[field.id].garbage and ' color="#b5482c"' or "")
        end
    end
    if object.weak and drawn[object.weak] and options.weak ~= false then
        out:add('%s -> %s [id="%s-w" style=dashed color="%s" arrowhead=empty constraint=%s]',
            node(object.id), node(object.weak), node(object.id), colours.weak,
            drawn[object.weak].id > object.id and "true" or "false")
    end
end

local function write_folds(out, picture, drawn)
    for i, fold in ipairs(picture.folds) do
        local what = fold.garbage and "more in garbage" or "more"
        out:add('m%d [id="m%d" shape=box style="rounded,filled" fillcolor="%s" color="%s" '
            .. 'label="%s %s\\n%s"]', i, i, fold.garbage and colours.garbage or colours.fold,
            colours.line, dot.number(fold.objects), what, dot.size(fold.bytes))
        if fold.before and drawn[fold.before] then
            local from = drawn[fold.before]
            out:add("%s%s -> m%d [style=dotted]", node(fold.before),
                from.more and ":more:e" or "", i)
        end
        if fold.after and drawn[fold.after] then
            out:add("m%d -> %s [style=dotted]", i, node(fold.after))
        end
    end
end

local function write_box(out, picture, drawn)
    local members, inside = {}, {}
    for _, id in ipairs(picture.boxed or {}) do
        if drawn[id] then
            members[#members + 1] = node(id)
            inside[id] = true
        end
    end
    for i, fold in ipairs(picture.folds) do
        if inside[fold.before] then members[#members + 1] = "m" .. i end
    end
    if #members == 0 then return end
    out:add('subgraph cluster_box { label="%s %s of #%d" labeljust=l fontcolor="%s" '
        .. 'color="%s" style="dashed,rounded" penwidth=1.6 %s }', dot.number(picture.boxed.count),
        picture.boxed.count == 1 and "object lives because" or "objects live because",
        picture.boxed[1], colours.box, colours.box, table.concat(members, "; "))
end

-- What the colours and lines mean, of those that are there.
local function legend(picture, options)
    local parts, folded, garbage, weak = {}, 0, 0, false
    for _, fold in ipairs(picture.folds) do folded = folded + fold.objects end
    for _, object in ipairs(picture.objects) do
        if object.garbage then garbage = garbage + 1 end
        weak = weak or object.weak
    end
    parts[1] = ("%s objects%s"):format(dot.number(#picture.objects + folded),
        folded > 0 and (", %s of them folded"):format(dot.number(folded)) or "")
    if #picture.objects + folded == 1 then parts[1] = "1 object" end
    if garbage > 0 then parts[#parts + 1] = "red: garbage, which collect() frees" end
    if weak and options.weak ~= false then parts[#parts + 1] = "dashed: weak" end
    return table.concat(parts, "  -  ")
end

local function quoted(text)
    return (escape(text):gsub("\\", "\\\\"))
end

local writer = {}
writer.__index = writer
function writer:add(format, ...)
    self[#self + 1] = "  " .. format:format(...)
end

-- Graphviz routes curves around everything, for minutes where most lines cross: then straight
-- lines and a coarser search for places. A tree has one reference less than objects.
local function effort(picture, drawn)
    local references = 0
    for _, object in ipairs(picture.objects) do
        for _, field in ipairs(object) do
            if drawn[field.id] then references = references + 1 end
        end
    end
    local tangled = (references - #picture.objects) * #picture.objects > 60000
    return tangled and "nslimit=0.1 nslimit1=0.1 mclimit=0.05 splines=line"
        or "nslimit=1 nslimit1=1 mclimit=0.1"
end

function dot.text(picture, options)
    local out = setmetatable({ "digraph ouro {" }, writer)
    local drawn = index_by_id(picture.objects)
    out:add("graph [%s]", effort(picture, drawn))
    local title = options.title and quoted(options.title) .. "\\l" or ""
    out:add('graph [rankdir=LR nodesep=0.2 ranksep=0.5 newrank=true fontname="Helvetica" '
        .. 'fontsize=10 fontcolor="#555555" labelloc=b labeljust=l label="%s"]',
        title .. legend(picture, options) .. "\\l")
    out:add('node [shape=plaintext fontname="Helvetica" fontsize=10 margin=0.05]')
    out:add('edge [color="#50667d" arrowsize=0.6 fontname="Helvetica" fontsize=9]')
    if options.names ~= false then write_names(out, picture, drawn) end
    for _, object in ipairs(picture.objects) do write_object(out, object, drawn) end
    write_box(out, picture, drawn)
    for _, object in ipairs(picture.objects) do
        write_references(out, object, drawn, options)
    end
    write_folds(out, picture, drawn)
    out[#out + 1] = "}\n"
    return table.concat(out, "\n")
end

return dot
