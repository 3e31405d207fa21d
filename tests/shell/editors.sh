#!/bin/sh
# SPDX-License-Identifier: MIT
# TAP: what is there for editors and packagers works with the real programs: luacheck knows the
# names of ouro and nothing else, and LuaRocks installs a module that a stock Lua loads.
set -u

folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
count=0

# check NAME PROGRAM COMMAND...: one test; skipped without the program.
check() {
    count=$((count + 1))
    name=$1
    if ! command -v "$2" >/dev/null 2>&1; then
        echo "ok $count - $name # SKIP $2 is not installed"
        return
    fi
    shift 2
    if "$@" >"$folder/output" 2>&1; then
        echo "ok $count - $name"
    else
        echo "not ok $count - $name"
        sed 's/^/# /' "$folder/output"
    fi
}

lint() {
    luacheck --no-color --no-cache --config "$OURO_SOURCE/.luacheckrc" "$@"
}

own_files() {
    cd "$OURO_SOURCE" && lint bindings/lua scripts/reference.lua examples
}

knows_names() {
    cat >"$folder/good.lua" <<'LUA'
Node = class("Node", { "next" })
x = Node(list { weak.keys {} })
print(gc.collect(), heap.live(), refcount(x))
LUA
    lint "$folder/good.lua"
}

finds_mistakes() {
    echo 'print(gc.colect(), refcont(list {}))' >"$folder/bad.lua"
    lint "$folder/bad.lua" >"$folder/said"
    [ $? -eq 1 ] && grep -q "colect" "$folder/said" && grep -q "refcont" "$folder/said"
}

rock() {
    if [ -n "${OURO_SANITIZED-}" ]; then return 0; fi
    cd "$OURO_SOURCE" && HOME=$folder OURO_ROCK=$folder/build luarocks --lua-version 5.4 make \
        --tree "$folder/tree" ouro-scm-1.rockspec || return 1
    cd "$folder" && LUA_CPATH_5_4="$folder/tree/lib/lua/5.4/?.so" \
        LUA_PATH_5_4="$folder/tree/share/lua/5.4/?.lua" lua5.4 - <<'LUA'
local ouro = require "ouro"
local l = ouro.list { 1, 2 }
assert(#l == 2)
assert(require "ouro.doc".find("list").signature == "list{a, b}")
require "ouro.tap"
LUA
}

echo "1..4"
check "luacheck finds nothing in the Lua files" luacheck own_files
check "luacheck knows the names of ouro" luacheck knows_names
check "luacheck finds names that are not" luacheck finds_mistakes
check "luarocks make installs the module" luarocks rock
