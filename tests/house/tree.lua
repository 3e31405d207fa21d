-- SPDX-License-Identifier: MIT
-- Tree: what the rules look at. Lists and reads the files of a checkout, and takes the few
-- facts out of C text that the rules need: includes, functions, code without comments and
-- strings. Text is read once and kept.
local tree = {}
tree.__index = tree

-- A word for the shell that runs find, nm and the compiler.
local function quote(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end
tree.quote = quote

function tree.open(root)
    return setmetatable({ root = root, texts = {}, stripped = {} }, tree)
end

-- The same tree after the files at those paths have changed: what was read of the others
-- need not be read again.
function tree:reopen(paths)
    local opened = tree.open(self.root)
    for path, text in pairs(self.texts) do opened.texts[path] = text end
    for path, code in pairs(self.stripped) do opened.stripped[path] = code end
    for _, path in ipairs(paths) do
        opened.texts[path], opened.stripped[path] = nil, nil
    end
    return opened
end

-- The output of a command, standard error included, and whether it succeeded.
function tree.run(command)
    local pipe = assert(io.popen("{ " .. command .. "; } 2>&1"))
    local output = pipe:read("a")
    return output, pipe:close() == true
end

-- All paths below the root, sorted; listed once.
local function list_all(self)
    if not self.list then
        self.list = {}
        local command = "cd " .. quote(self.root) .. " && find core bindings docs examples scripts "
            .. "tests .ci -type f 2>/dev/null | LC_ALL=C sort"
        for path in tree.run(command):gmatch("[^\n]+") do self.list[#self.list + 1] = path end
    end
    return self.list
end

-- Those of the folders whose names match one of the extensions; "" stands for none. A folder
-- that is missing has no files.
function tree:files(folders, extensions)
    local wanted, list = {}, {}
    for _, extension in ipairs(extensions) do wanted[extension] = true end
    for _, path in ipairs(list_all(self)) do
        for _, folder in ipairs(folders) do
            local inside = path:sub(1, #folder + 1) == folder .. "/"
            local extension = path:match("/[^/]+%.(%w+)$") or ""
            if inside and wanted[extension] then list[#list + 1] = path end
        end
    end
    return list
end

function tree:c_files()
    return self:files({ "core", "bindings", "tests", "examples" }, { "c", "h" })
end

function tree:exists(path)
    local file = io.open(self.root .. "/" .. path)
    if file then file:close() end
    return file ~= nil
end

function tree:read(path)
    local text = self.texts[path]
    if not text then
        local file = assert(io.open(self.root .. "/" .. path))
        text = file:read("a")
        file:close()
        self.texts[path] = text
    end
    return text
end

-- Calls f(line, number) for each line.
function tree:each_line(path, f)
    local number = 0
    for line in (self:read(path)):gmatch("([^\n]*)\n") do
        number = number + 1
        f(line, number)
    end
end

-- The text with comments, strings and character constants blanked, line breaks kept, so
-- that line numbers stay true.
local function blank(text)
    return (text:gsub("[^\n]", " "))
end

function tree:code(path)
    local code = self.stripped[path]
    if code then return code end
    local text, parts, position = self:read(path), {}, 1
    while true do
        local from = text:find("[/\"']", position)
        if not from then break end
        local to
        local two = text:sub(from, from + 1)
        if two == "/*" then
            to = select(2, text:find("*/", from + 2, true))
        elseif two == "//" then
            to = (text:find("\n", from, true) or #text + 1) - 1
        elseif two:sub(1, 1) ~= "/" then
            to = from + 1
            while text:sub(to, to) ~= two:sub(1, 1) and to < #text do
                to = to + (text:sub(to, to) == "\\" and 2 or 1)
            end
        else
            to = nil
        end
        parts[#parts + 1] = text:sub(position, from - 1)
        parts[#parts + 1] = to and blank(text:sub(from, to)) or text:sub(from, from)
        position = (to or from) + 1
    end
    parts[#parts + 1] = text:sub(position)
    code = table.concat(parts)
    self.stripped[path] = code
    return code
end

-- Calls f(name, number, quoted) for each #include.
function tree:each_include(path, f)
    self:each_line(path, function(line, number)
        local open, name = line:match('^%s*#%s*include%s*([<"])([^>"]+)[>"]')
        if open then f(name, number, open == '"') end
    end)
end

-- Calls f(name, first, last) for each function with a body. In the house's layout a function
-- starts at the left edge, and so does the brace that ends it.
function tree:each_function(path, f)
    local head, first, name
    local number = 0
    for line in (self:code(path) .. "\n"):gmatch("([^\n]*)\n") do
        number = number + 1
        if name then
            if line:match("^}") then
                f(name, first, number)
                head, name = nil, nil
            end
        elseif line:match("^[%a_]") then
            head, first = line, number
        elseif head and line:match("^%s+%S") then
            head = head .. " " .. line
        else
            head = nil
        end
        if head and not name and head:match("{%s*$") and not head:match("=") then
            name = head:match("([%w_]+)%s*%b()%s*{%s*$")
            if not name then head = nil end
        elseif head and head:match("[;}]%s*$") then
            head = nil
        end
    end
end

return tree
