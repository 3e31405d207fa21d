-- SPDX-License-Identifier: MIT
-- Symbols: what the linker sees. These rules look at the built libraries, given as
-- tree.shared, tree.static and tree.module; without them there is nothing to say.
local symbols = {}

-- Calls f(name, kind) for each symbol that the file defines, by nm's letters.
local function each_symbol(tree, options, file, report, f)
    local output, fine = tree.run("nm --defined-only " .. options .. " " .. tree.quote(file))
    if not fine then return report("%s", output) end
    for kind, name in output:gmatch("%x+ (%a) ([%w_.]+)") do f(name, kind) end
end

function symbols.exported(tree, report)
    if not tree.shared then return "no library given" end
    local count = 0
    each_symbol(tree, "-D", tree.shared, report, function(name)
        count = count + 1
        if not name:match("^ouro_") then report("libouro exports %s", name) end
    end)
    if count == 0 then report("libouro exports nothing") end
end

-- Across files of the library too: a name without prefix clashes in a static link.
function symbols.external(tree, report)
    if not tree.static then return "no library given" end
    each_symbol(tree, "-g", tree.static, report, function(name)
        if not name:match("^ouro_") then report("%s is external and has no prefix", name) end
    end)
end

-- Constants are no state; those that hold addresses are in .data.rel.ro. A name that begins
-- with a dot is the compiler's.
function symbols.no_globals(tree, report)
    if not tree.static then return "no library given" end
    local output, fine = tree.run("objdump -t " .. tree.quote(tree.static))
    if not fine then return report("%s", output) end
    for flags, section, name in output:gmatch("%x+ (.......) (%S+)\t%x+ +([^\n]+)") do
        local plain = section:match("^%.t?data") or section:match("^%.t?bss") or section == "*COM*"
        local writable = plain and not section:match("^%.data%.rel%.ro")
        name = name:gsub("^%.%w+ ", "")
        if writable and not flags:match("d") and not name:match("^%.") then
            report("%s is a global variable; state belongs to a heap", name)
        end
    end
end

function symbols.module(tree, report)
    if not tree.module then return "no module given" end
    each_symbol(tree, "-D", tree.module, report, function(name)
        if not name:match("^luaopen_") then report("the Lua module exports %s", name) end
    end)
    local dynamic = tree.run("readelf -dW " .. tree.quote(tree.module))
    if not dynamic:match("NODELETE") then report("the Lua module can be unloaded: no NODELETE") end
    if dynamic:match("NEEDED[^\n]*liblua") then report("the Lua module brings its own liblua") end
end

return {
    { "libouro exports only ouro_ names", symbols.exported },
    { "external names begin with ouro_", symbols.external },
    { "the library has no global variables", symbols.no_globals },
    { "the Lua module exports its entry alone and stays loaded", symbols.module },
}
