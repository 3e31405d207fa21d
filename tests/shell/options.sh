#!/bin/sh
# SPDX-License-Identifier: MIT
# TAP: the options of the command in OURO. They are lua5.4's, with its rules, and a few more.
. "$(dirname "$0")/tap"

version=$("$ouro" --version)
case $version in
    "ouro "[0-9]*" (Lua 5.4"*")") same "--version names both versions" 1 1 ;;
    *) same "--version names both versions" "ouro N.N.N (Lua 5.4.N)" "$version" ;;
esac

run --help
same "--help explains each option" 19 "$(grep -c '^  -' out)"
check "--help goes to standard output and succeeds" 0 "$(cat out)"

# --- statements ---------------------------------------------------------------------------

run -e 'print(1)'
check "-e runs a statement" 0 1

run '-eprint(1)'
check "-e takes the rest of its word" 0 1

run -e 'x = 1' -e 'y = x + 1' -e 'print(x, y, _G.x, rawget(_G, "x"))'
check "several -e share the names of the main frame, which are no globals" 0 "1|2|1|nil"

run -e 'n = list{}' -e 'm = n' -e 'print(refcount(n))'
check "names in -e are counted" 0 2

echo 'print("input")' >input
run -e 'print(1)'
check "with -e and no script the standard input is not read" 0 1

run -e
check "-e without a statement is an error" 1 "" "'-e' needs an argument"

run -e 'print(' -e 'print(2)'
check "a syntax error ends the command" 1 "" '^ouro: \(command line\):1: unexpected symbol'

run -e 'error("no", 0)' -e 'print(2)'
check "an error ends the command, later options are not run" 1 "" '^ouro: no$'

# --- libraries ----------------------------------------------------------------------------

cat >lib.lua <<'END'
shared = "global"
return { name = ... }
END
run -l lib -e 'print(lib.name, _G.lib == lib, shared, _G.shared)'
check "-l requires into a global; modules see the ordinary globals" 0 "lib|true|global|global"

run -llib -e 'print(lib.name)'
check "-l takes the rest of its word" 0 lib

run -l g=lib -e 'print(g.name, lib)'
check "-l g=mod names the global" 0 "lib|nil"

run -l nothing-there
check "a missing library is an error" 1 "" "^ouro: module 'nothing-there' not found"

run -e 'print(require "ouro" == package.loaded.ouro, ouro)'
check "the module is loaded, without a global of its own" 0 "true|nil"

run -e 'print(type((require "ouro.tap").ok))'
check "its Lua half is found uninstalled" 0 function

# --- the others ---------------------------------------------------------------------------

run -v
check "-v prints the version and does not read a script" 0 "$version"

run -v -e 'print(1)'
check "-v goes on" 0 "$version
1"

run -E -e 'print(1)'
check "-E alone changes nothing here" 0 1

export OURO_INIT='first = 1'
run -e 'print(first)'
check "OURO_INIT is run first, in the main frame" 0 1

run -E -e 'print(first)'
check "-E ignores it" 0 nil

echo 'from_file = ...; print("init")' >init.lua
export OURO_INIT=@init.lua
run -e 'print(2)'
check "OURO_INIT names a file after @" 0 "init
2"

export OURO_INIT='error "bad"'
run -e 'print(2)'
check "an error in OURO_INIT ends the command" 1 "" '^ouro: OURO_INIT:1: bad'
unset OURO_INIT

export LUA_INIT='print "lua"' LUA_INIT_5_4='print "lua"'
run -e 'print(2)'
check "LUA_INIT is for lua5.4 and not run" 0 2
unset LUA_INIT LUA_INIT_5_4

export LUA_PATH='/nowhere/?.lua;;'
run -e 'print(package.path:match("^/nowhere/%?%.lua;") ~= nil)'
check "LUA_PATH is honoured" 0 true
run -E -e 'print(package.path:match("^/nowhere/%?%.lua;") ~= nil)'
check "-E ignores it too" 0 false
unset LUA_PATH

run -e 'warn "quiet"'
check "warnings are off" 0 ""
run -W -e 'warn "loud"'
check "-W turns them on" 0 "" '^Lua warning: loud$'
run -W -e 'warn "@off"' -e 'warn "quiet"'
check "and warn('@off') off again" 0 ""

echo 'print("script", ...)' >-e
run -- -e 1
check "after -- even a dash begins the script's name" 0 "script|1"

echo 'print("input", ...)' >input
run - a b
check "- is the standard input, with arguments" 0 "input|a|b"

for word in -x --exactly -ix -Wx --version=1; do
    run $word
    check "$word is refused" 1 "" "unrecognized option '$word'"
done
run -x
same "and the usage shown" 1 "$(grep -c '^usage: ouro' err)"

# --- --exact ------------------------------------------------------------------------------

# What exact.lua prints until its last line; what then dies at the close is not asked.
shown() {
    sed '/^next line/q' out | tr '\t' '|'
}

cat >exact.lua <<'END'
#!/usr/bin/env ouro
local Node = class("Node", { "name" })
function Node:__del() print(self.name .. " dies") end
local a = Node("a")
a = nil
print "after a"
local function f()
    local b = Node("b")
end
f()
print "after b"
do local c = Node("c") end
print "after c"
Node("d")
print "after d"
local function pass(...) return ... end
local e, g = pass(Node("e"),
    Node("g"))
local t = { Node("h"), pass(Node("i")),
    pass((function()
        local j = Node("j")
        return Node("k")
    end)()), Node("l")
}
print(e.name, g.name, t[1].name, t[2].name, t[3].name, t[4].name)
e = nil print "same line"
print "next line"
END
run exact.lua
same "without --exact what is only held may wait" "after a" "$(grep -m 1 after out)"
run --exact exact.lua
expected='a dies
after a
b dies
after b
c dies
after c
d dies
after d
j dies
e|g|h|i|k|l
same line
e dies
next line'
same "--exact: what a line drops is dead at the next" "$expected" "$(shown)"
cp exact.lua input
run --exact -
same "--exact: from the standard input too" "$expected" "$(shown)"
run --exact -e 'debug.sethook() print(1)'
check "--exact leaves the hook to the script" 0 1

finish
