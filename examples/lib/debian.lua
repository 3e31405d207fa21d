-- SPDX-License-Identifier: MIT
-- Debian: what dpkg and apt write down about a machine, read into plain Lua tables.
--
-- Reads /var/lib/dpkg/status (which packages are installed) and apt's extended_states (which
-- of them came only as a dependency), compares versions, and takes dependency fields apart.
-- Knows nothing of ouro: strings, numbers and tables only, so that it runs under any Lua 5.4
-- and holds no managed object. Who depends on whom is decided in resolve.lua.

local debian = {}

-- A mistake in a file is raised as a table and caught by `protect`; anything else that is
-- raised is a bug here and goes through.
local function fail(file, line, format, ...)
    local where = line and ("%s:%d"):format(file, line) or file
    error({ fault = where .. ": " .. format:format(...) }, 0)
end

-- f(...) with its result, or nil and the fault's text.
local function protect(f)
    return function(...)
        local results = table.pack(pcall(f, ...))
        if results[1] then return table.unpack(results, 2, results.n) end
        local problem = results[2]
        if type(problem) == "table" and problem.fault then return nil, problem.fault end
        error(problem, 0)
    end
end

-- Text from outside as it may stand in a message: short, and in quotes.
local function quoted(text)
    if #text > 40 then text = text:sub(1, 37) .. "..." end
    return '"' .. text .. '"'
end

-- Versions --------------------------------------------------------------------------
-- [epoch:]upstream[-revision], compared as deb-version(7) says: stretches of non-digits and
-- of digits in turn; `~` sorts before everything, even the end; letters before the rest.

local ZERO, NINE, TILDE = ("09~"):byte(1, 3)

local function is_digit(byte) return byte and byte >= ZERO and byte <= NINE end

local function weight(byte)
    if not byte or is_digit(byte) then return 0 end
    if byte == TILDE then return -1 end
    if string.char(byte):find("%a") then return byte end
    return byte + 256
end

-- Past the non-digits that both have: their order, or 0 and the place of the digits.
local function compare_text(a, b, at_a, at_b)
    local byte_a, byte_b = a:byte(at_a), b:byte(at_b)
    while (byte_a and not is_digit(byte_a)) or (byte_b and not is_digit(byte_b)) do
        local weight_a, weight_b = weight(byte_a), weight(byte_b)
        if weight_a ~= weight_b then return weight_a < weight_b and -1 or 1 end
        at_a, at_b = at_a + 1, at_b + 1
        byte_a, byte_b = a:byte(at_a), b:byte(at_b)
    end
    return 0, at_a, at_b
end

-- Numbers of any length, so compared as text: without leading zeros, the longer is larger.
local function compare_number(a, b)
    if #a ~= #b then return #a < #b and -1 or 1 end
    if a == b then return 0 end
    return a < b and -1 or 1
end

local function compare_part(a, b)
    local at_a, at_b = 1, 1
    while at_a <= #a or at_b <= #b do
        local order, number_a, number_b
        order, at_a, at_b = compare_text(a, b, at_a, at_b)
        if order ~= 0 then return order end
        number_a, at_a = a:match("^0*(%d*)()", at_a)
        number_b, at_b = b:match("^0*(%d*)()", at_b)
        order = compare_number(number_a, number_b)
        if order ~= 0 then return order end
    end
    return 0
end

local function split_version(version)
    local epoch, rest = version:match("^(%d+):(.*)$")
    rest = rest or version
    local upstream, revision = rest:match("^(.*)%-([^-]*)$")
    return (epoch or ""):match("^0*(%d*)$"), upstream or rest, revision or ""
end

-- -1, 0 or 1: a is older than, the same as, newer than b.
function debian.compare(a, b)
    if a == b then return 0 end
    local epoch_a, upstream_a, revision_a = split_version(a)
    local epoch_b, upstream_b, revision_b = split_version(b)
    local order = compare_number(epoch_a, epoch_b)
    if order == 0 then order = compare_part(upstream_a, upstream_b) end
    if order == 0 then order = compare_part(revision_a, revision_b) end
    return order
end

-- `<` and `>` are old spellings that mean "or equal".
local RELATIONS = {
    ["<<"] = function(order) return order < 0 end,
    ["<="] = function(order) return order <= 0 end,
    ["<"] = function(order) return order <= 0 end,
    ["="] = function(order) return order == 0 end,
    [">"] = function(order) return order >= 0 end,
    [">="] = function(order) return order >= 0 end,
    [">>"] = function(order) return order > 0 end,
}

-- Whether a version stands in the relation (an operator as in a Depends field) to wanted.
function debian.satisfies(version, relation, wanted)
    return RELATIONS[relation](debian.compare(version, wanted))
end

local function is_version(text)
    local rest = text:match("^%d+:(.*)$") or text
    return rest:find("^[%w.+~:-]*[%w.+~]$") and (rest ~= text or not rest:find(":"))
end

-- Dependency fields -----------------------------------------------------------------

local NAME = "%w[%w+._-]*"

-- `name[:arch] [(relation version)]`; nil when it is none.
local function parse_atom(text)
    local name, arch, rest = text:match("^%s*(" .. NAME .. "):?([%w-]*)%s*(.-)%s*$")
    if not name or text:find("^%s*[^%s:]+:%s*[^%w%s]") then return nil end
    local atom = { name = name, arch = arch ~= "" and arch or nil }
    if rest == "" then return atom end
    atom.relation, atom.version = rest:match("^%(%s*([<=>]+)%s*([^%s()]+)%s*%)$")
    if not RELATIONS[atom.relation] or not is_version(atom.version) then return nil end
    return atom
end

-- The items of `a | b, c`: an array of groups, each an array of alternatives in order.
-- On a mistake: nil and the text that is wrong. Atoms are shared and must not be changed.
local function parse_relations(text, known)
    local groups = {}
    for item in (text .. ","):gmatch("([^,]*),") do
        local group = {}
        for part in (item .. "|"):gmatch("([^|]*)|") do
            local atom = known[part] or parse_atom(part)
            if not atom then return nil, part end
            known[part] = atom
            group[#group + 1] = atom
        end
        groups[#groups + 1] = group
    end
    return groups
end

function debian.parse_relations(text) return parse_relations(text, {}) end

-- Stanzas ---------------------------------------------------------------------------

local function read_whole(path)
    local file, problem = io.open(path, "rb")
    if not file then error({ fault = problem }, 0) end
    local text, trouble = file:read("a")
    file:close()
    if not text then fail(path, nil, "%s", trouble) end
    return text
end

local function line_at(text, position)
    local _, newlines = text:sub(1, position - 1):gsub("\n", "")
    return newlines + 1
end

-- What makes a file no text at all, said before any line of it is taken for a field.
local function check_text(path, text)
    local position = text:find("[\0-\8\11-\31\127]")
    if position then
        fail(path, line_at(text, position), "control byte 0x%02x: this is no text of dpkg or apt",
             text:byte(position))
    end
    if text ~= "" and text:sub(-1) ~= "\n" then
        fail(path, line_at(text, #text), "the file ends in the middle of a line: is it cut off?")
    end
end

-- Adds a line to the stanza. A field is { value, line = number }.
local function add_line(path, number, line, stanza, wanted)
    local name, value = line:match("^([^%s:]+):[ \t]*(.-)[ \t]*$")
    if name then
        if stanza[name] then fail(path, number, "a second %s in one stanza", quoted(name)) end
        stanza[name] = wanted[name] and { value, line = number } or true
        return name
    end
    if not line:find("^[ \t]") then
        fail(path, number, '%s is no field: a line reads "Name: value"', quoted(line))
    end
    local last = stanza.last
    if not last then fail(path, number, "a continuation line, but no field before it") end
    if wanted[last] then stanza[last][1] = stanza[last][1] .. " " .. line:match("^%s*(.*)$") end
    return last
end

-- Calls each(stanza) for every stanza; of the fields only the wanted ones are kept.
local function each_stanza(path, wanted, each)
    local text = read_whole(path)
    check_text(path, text)
    local stanza, number = nil, 0
    for line in text:gmatch("([^\n]*)\n") do
        number = number + 1
        if line:find("%S") then
            stanza = stanza or { line = number }
            stanza.last = add_line(path, number, line, stanza, wanted)
        elseif stanza then
            each(stanza)
            stanza = nil
        end
    end
    if stanza then each(stanza) end
end

-- The value of a field that a stanza cannot do without.
local function need(path, stanza, name)
    local field = stanza[name]
    if field and field[1] ~= "" then return field[1] end
    local package = stanza.Package and stanza.Package[1] or ""
    fail(path, field and field.line or stanza.line, "the stanza%s has no %s field%s",
         package ~= "" and " of " .. package or "", name, field and " worth the name" or "")
end

local function need_name(path, stanza)
    local name = need(path, stanza, "Package")
    if not name:find("^" .. NAME .. "$") then
        fail(path, stanza.Package.line, "%s is no package name", quoted(name))
    end
    return name
end

-- Installed packages ----------------------------------------------------------------

local REFERENCES = { "Pre-Depends", "Depends", "Recommends", "Suggests" }

local STATUS_FIELDS = {
    Package = true, Status = true, Version = true, Architecture = true, Source = true,
    Essential = true, Protected = true, Important = true, Priority = true, Provides = true,
    ["Multi-Arch"] = true, ["Installed-Size"] = true,
}
for _, field in ipairs(REFERENCES) do STATUS_FIELDS[field] = true end

-- Whether files of a package in this state are on the machine.
local STATES = {
    ["not-installed"] = false, ["config-files"] = false, ["half-installed"] = true,
    ["unpacked"] = true, ["half-configured"] = true, ["triggers-awaited"] = true,
    ["triggers-pending"] = true, ["installed"] = true,
}

-- The wanted action ("hold" matters) if the stanza's package is installed.
local function installed_want(path, stanza)
    local status = need(path, stanza, "Status")
    local want, state = status:match("^(%S+) %S+ (%S+)$")
    if STATES[state] == nil then
        fail(path, stanza.Status.line, '%s is no status: it reads like "install ok installed"',
             quoted(status))
    end
    return STATES[state] and want
end

local function relations(path, stanza, name, known)
    local field = stanza[name]
    if not field or field[1] == "" then return {} end
    local groups, wrong = parse_relations(field[1], known)
    if not groups then
        fail(path, field.line, "%s of %s: %s is no dependency, which reads %s", name,
             stanza.Package[1], quoted(wrong), '"name" or "name (>= version)"')
    end
    return groups
end

local function checked_version(path, stanza)
    local version = need(path, stanza, "Version")
    if is_version(version) then return version end
    fail(path, stanza.Version.line, "%s is no version", quoted(version))
end

local function size_of(path, stanza)
    local field = stanza["Installed-Size"]
    if not field then return 0 end
    if field[1]:find("^%d+$") then return math.tointeger(tonumber(field[1])) or 0 end
    fail(path, field.line, "Installed-Size of %s: %s is no number of kilobytes",
         stanza.Package[1], quoted(field[1]))
end

-- A package that is never taken away, and why; nil for all others. As apt has it, which does
-- not take itself away either.
local function protection(stanza, want)
    local function says(name, value) return stanza[name] and stanza[name][1] == value end
    if says("Essential", "yes") then return "essential" end
    if says("Protected", "yes") or says("Important", "yes") or says("Package", "apt") then
        return "protected"
    end
    if says("Priority", "required") then return "required" end
    if want == "hold" then return "on hold" end
    return nil
end

local function make_package(path, stanza, known)
    local name = need_name(path, stanza)
    local want = installed_want(path, stanza)
    if not want then return nil end
    local package = {
        name = name, arch = need(path, stanza, "Architecture"),
        version = checked_version(path, stanza), size = size_of(path, stanza),
        multiarch = stanza["Multi-Arch"] and stanza["Multi-Arch"][1] or "no",
        protection = protection(stanza, want), line = stanza.line,
        provides = relations(path, stanza, "Provides", known), fields = {},
    }
    local source = stanza.Source and stanza.Source[1] or ""
    package.source = source:match("^%S+") or name
    package.source_version = source:match("%((.-)%)") or package.version
    for _, field in ipairs(REFERENCES) do
        package.fields[field] = relations(path, stanza, field, known)
    end
    return package
end

-- An array of the installed packages in the file's order, or nil and what is wrong.
debian.read_status = protect(function(path)
    local packages, seen, known = {}, {}, {}
    each_stanza(path, STATUS_FIELDS, function(stanza)
        local package = make_package(path, stanza, known)
        if not package then return end
        local key = package.name .. ":" .. package.arch
        if seen[key] then
            fail(path, stanza.line, "%s is here twice, first in line %d", key, seen[key])
        end
        seen[key] = stanza.line
        packages[#packages + 1] = package
    end)
    if #packages == 0 then fail(path, nil, "no installed package in it") end
    return packages
end)

local EXTENDED_FIELDS = { Package = true, Architecture = true, ["Auto-Installed"] = true }

-- A table whose keys "name:arch" ("name:" where the file gives no architecture) are the
-- packages that came only because others need them; or nil and what is wrong.
debian.read_extended = protect(function(path)
    local automatic = {}
    each_stanza(path, EXTENDED_FIELDS, function(stanza)
        local arch = stanza.Architecture and stanza.Architecture[1] or ""
        local auto = stanza["Auto-Installed"] and stanza["Auto-Installed"][1] or "0"
        if auto ~= "0" and auto ~= "1" then
            fail(path, stanza["Auto-Installed"].line, "Auto-Installed is 0 or 1, not %s",
                 quoted(auto))
        end
        automatic[need_name(path, stanza) .. ":" .. arch] = auto == "1" or nil
    end)
    return automatic
end)

return debian
