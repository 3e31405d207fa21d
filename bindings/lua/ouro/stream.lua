-- SPDX-License-Identifier: MIT
-- Stream: standard output as ouro.tap writes it. A check's lines, details included, are put
-- together first and written in one go, so that nothing runs in between. print, io.write and
-- the method `write` of standard output go through here: a line of others (a finalizer, a
-- callback, the script) that is not ended yet is, before a line of TAP; and from the first of
-- those on, theirs become comments. What a child process writes is not seen.
local stream = {}

local stdout = io.stdout
local write_file = getmetatable(stdout).__index.write

-- Whether what was written last ended its line, and whether there has been a line of TAP.
local at_start, begun = true, false

-- The text of others, each of its lines a comment. One that is a comment already stays.
local function as_comment(text)
    local prefix = at_start and text:sub(1, 1) ~= "#" and "# " or ""
    return prefix .. text:gsub("\n([^#])", "\n# %1")
end

-- As the method does: numbers are texts, other values are its errors.
local function write_as_comment(file, ...)
    for i = 1, select("#", ...) do
        local text = select(i, ...)
        local kind = type(text)
        if kind ~= "string" and kind ~= "number" then return write_file(file, ...) end
    end
    local text = table.concat({ ... })
    if text == "" then return file end
    if begun then text = as_comment(text) end
    at_start = text:sub(-1) == "\n"
    return write_file(file, text)
end

local function write(file, ...)
    if file ~= stdout then return write_file(file, ...) end
    return write_as_comment(file, ...)
end

local function print_as_comment(...)
    local texts = table.pack(...)
    for i = 1, texts.n do texts[i] = tostring(texts[i]) end
    write_as_comment(stdout, table.concat(texts, "\t", 1, texts.n) .. "\n")
end

getmetatable(stdout).__index.write = write
_G.print = print_as_comment
io.write = function(...) return write(io.output(), ...) end

-- Writes lines of TAP.
function stream.write(lines)
    begun = true
    local text = table.concat(lines, "\n") .. "\n"
    if not at_start then text = "\n" .. text end
    at_start = true
    write_file(stdout, text)
    stdout:flush()
end

-- ---- text for YAML ---------------------------------------------------------------------------

-- Numbers, words and quoted strings stand for themselves.
local function scalar(text, quote)
    text = tostring(text)
    local quoted = text:gsub("\\.", ""):match('^"[^"]*"$')
    local word = text:match("^[%a_][%w_.+-]*$")
    if quoted or word or text:match("^%-?%d[%w.+-]*$") then return text end
    return quote(text)
end

-- Adds the lines of a detail, {key, text} or {key, {text, ...}}.
function stream.add_detail(lines, detail, quote)
    local key, value = detail[1], detail[2]
    if type(value) ~= "table" then
        lines[#lines + 1] = ("  %s: %s"):format(key, scalar(value, quote))
        return
    end
    lines[#lines + 1] = ("  %s:%s"):format(key, #value == 0 and " []" or "")
    for _, text in ipairs(value) do lines[#lines + 1] = "    - " .. scalar(text, quote) end
end

return stream
