-- SPDX-License-Identifier: MIT
-- Luacheck: the standard "ouro" knows the names of ouro, for scripts that the command runs. In
-- them free names are the names of the script, so they may be defined anywhere. Use it elsewhere
-- by `stds.ouro = dofile("/path/to/this/.luacheckrc")`, or copy the table.
-- tests/lua/doc.lua holds it against the module.
local function fields(names)
    local known = {}
    for _, name in ipairs(names) do known[name] = {} end
    return { fields = known }
end

stds.ouro = {
    read_globals = {
        "attrs", "call", "class", "clear", "collect", "copy", "deepcopy", "del", "dict", "draw",
        "finalize", "frame", "getrefcount", "holders", "id", "isinstance", "list", "mincut",
        "names", "obj", "obituary", "object", "pin", "refcount", "repr", "same", "set", "settle",
        "sizeof", "stack", "super", "tuple", "typeof", "unpin", "why", "would_free",
        build = fields {
            "chain", "graph", "grid", "ring", "tree",
        },
        gc = fields {
            "add_policy", "collect", "count", "disable", "enable", "freeze", "frozen", "garbage",
            "is_finalized", "isenabled", "objects", "off", "on", "on_error", "policies",
            "policy", "referents", "referrers", "saveall", "stats", "stepper", "stress",
            "threshold", "unfreeze", "verify",
        },
        heap = fields {
            "bytes", "census", "check", "close", "cycles", "dominators", "frame", "growth",
            "leaked", "limits", "live", "obituaries", "retained", "snapshot",
        },
        weak = fields {
            "keys", "set", "values",
        },
    },
}

std = "lua54+ouro"
max_line_length = 100
allow_defined = true
self = false
-- A name that is only assigned keeps an object alive; functions that are called back
-- need not use every argument; a variable
-- that is set to nil lets go of something.
ignore = { "131", "212", "311", "331" }
files["bindings/lua/ouro/meta"] = { ignore = { "241" } }
files["bindings/lua/ouro/meta/globals.lua"] = { ignore = { "1.." } }
files["bindings/lua/ouro/stream.lua"] = { globals = { "print", "io" } }
