#!/bin/sh
# SPDX-License-Identifier: MIT
# TAP: scripts run by the command in OURO: their arguments, how errors are told, exit
# statuses, and that the heap closes whatever way a script ends.
. "$(dirname "$0")/tap"

# --- arguments ----------------------------------------------------------------------------

cat >args.lua <<'END'
#!/usr/bin/env ouro
print(#arg, arg[0], arg[1], arg[2], arg[-1], ...)
END
run -W args.lua one "two words"
check "arg and ... have the arguments, arg[0] the name, below it the options" 0 \
    "2|args.lua|one|two words|-W|one|two words"

echo 'print(#arg, arg[0] ~= nil, ...)' >input
run
check "standard input that is no terminal is a script" 0 "0|true"

printf '#!/bin/ouro\nprint "shebang"\nerror "here"' >input
run
check "its first line is skipped and counted" 1 shebang '^ouro: stdin:3: here'

printf '\357\273\277print "mark"' >bom.lua
run bom.lua
check "a byte order mark is skipped" 0 mark

run -e 'io.open("code.luac", "wb"):write(string.dump(load("x = ...; print(x)"))):close()'
run code.luac 1
check "a precompiled script is a script" 0 1

# --- names --------------------------------------------------------------------------------

cat >names.lua <<'END'
x = list { 4, 3, 2, 1 }
y = x
z = y
print(refcount(x))
z = 1
print(refcount(x))
function double(n) return 2 * n end
print(double(2), _G.double == double, rawget(_G, "x"))
print(type(print), type(string.format), _G._G == _G)
local t = {}
for i = 1, 3 do t[i] = i end
print(#t, select("#", table.unpack(t)))
END
run names.lua
check "free names are counted names, behind them the globals" 0 "3
2
4|true|nil
function|function|true
3|3"

# --- errors -------------------------------------------------------------------------------

cat >error.lua <<'END'
x = 1
local function inner(_ENV)
    near = 1
    error("a mistake")
end
call(function(_ENV)
    outer_name = 2
    call(inner)
end)
END
run error.lua
check "an error tells where" 1 "" '^ouro: error\.lua:4: a mistake$'
same "with Lua's traceback" 1 "$(grep -c '^[[:blank:]]error.lua:4: in ' err)"
same "and the managed frames, the innermost first" "near
outer_name
x" "$(sed -n '/^managed frames:/,$ s/^[[:blank:]].*: //p' err)"
same "without the command's own frames" 0 "$(grep -c '^[[:blank:]]\[C\]: in ?$' err)"

run -e 'local t = setmetatable({}, {__tostring = function() return "my error" end}) error(t)'
check "an error object with __tostring speaks for itself" 1 "" '^ouro: my error$'
run -e 'error({})'
check "one without is named by its type" 1 "" '^ouro: \(error object is a table value\)$'
run -e 'error()'
check "so is nil" 1 "" '^ouro: (nil|\(error object is a nil value\))$'
run -e 'Node = class("Node", {"name"}) function Node:__repr() return "Node!" end error(Node(1))'
check "a managed object is shown as text" 1 "" '^ouro: Node!'

run -e 'local function f() return f() + 1 end f()'
check "a stack overflow is an error like any other" 1 "" '^ouro: .*stack overflow'

run missing.lua
check "a missing script" 1 "" '^ouro: cannot open missing\.lua'
run .
check "a folder is no script" 1 "" '^ouro: cannot '
echo 'x = = 1' >syntax.lua
run syntax.lua
check "a syntax error" 1 "" "^ouro: syntax\\.lua:1: unexpected symbol near '='"

# --- the end ------------------------------------------------------------------------------

start='Node = class("Node", {"name"})
function Node:__del() print(self.name .. " finalized") end
x = Node("x")
finalize(x, print, "record")
'
for end in '' 'error("no")' 'os.exit(3)' 'os.exit(true)' 'os.exit(false)' 'os.exit(4, true)' \
    'coroutine.wrap(function() os.exit(5) end)()' 'local y <close> = x; os.exit(6, true)' \
    'pcall(os.exit, {}) os.exit(7)' 'heap = nil; os.exit(8)' \
    'local os = os heap.close() os.exit(9)' \
    'package.loaded.ouro = nil'; do
    case $end in
        *exit\([0-9]*) expected=${end##*exit\(} expected=${expected%%[!0-9]*} ;;
        error* | *false*) expected=1 ;;
        *) expected=0 ;;
    esac
    printf '%s%s\n' "$start" "$end" >end.lua
    run end.lua
    same "the heap closes: ${end:-the last line}" "$expected: record, x finalized, " \
        "$code: $(tr '\n' ',' <out | sed 's/,/, /g')"
done

run -e 'os.exit({})'
check "os.exit refuses what is no status, and the script ends with that error" 1 "" \
    "bad argument #1 to 'exit' \\(number expected, got table\\)"

printf '%s%s\n' "$start" 'function Node:__del() print "in finalizer" os.exit(3) end' >end.lua
run end.lua
check "a finalizer may exit" 3 "record
in finalizer"

run -e 'os.exit(0)' -e 'print "never"'
check "os.exit in -e leaves at once" 0 ""

# --- coroutines, which are the command's own -----------------------------------------------

cat >coroutines.lua <<'END'
local function same(...) print(...) end
local co = coroutine.create(function(a, b)
    local c = coroutine.yield(a + b)
    local d, e = coroutine.yield(c * 2)
    return d + e
end)
same(coroutine.resume(co, 1, 2))
same(coroutine.resume(co, 10))
same(coroutine.resume(co, 3, 4))
same(coroutine.resume(co))
same(pcall(coroutine.resume, 1))
same(coroutine.resume(coroutine.running()))
local f = coroutine.wrap(function() error("inside") end)
same(pcall(function() f() end))
same(pcall(f))
same(pcall(coroutine.wrap(function() error({}) end)) == false)
same(pcall(coroutine.wrap, 1))
local closed
local g = coroutine.wrap(function()
    local x <close> = setmetatable({}, { __close = function(_, e) closed = e end })
    error("closing", 0)
end)
same(pcall(g))
same(closed)
same(pcall(coroutine.wrap(function() coroutine.yield(table.unpack({}, 1, 300)) end)))
local h = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
for i in h do same(i) end
local deep = coroutine.wrap(function()
    return pcall(function() return coroutine.yield(1) + 1 end)
end)
same(deep())
same(deep(41))
same(select("#", coroutine.resume(coroutine.create(function() end), table.unpack({}, 1, 200))))
END
run coroutines.lua
cp out mine
if command -v lua5.4 >/dev/null 2>&1; then
    lua5.4 coroutines.lua >out 2>err
    same "coroutines are those of lua5.4" "$(cat out)" "$(cat mine)"
fi
cp mine out
check "coroutines work" 0 "$(tr '\t' '|' <mine)"

run -e 'N = class("N", {}) gc.on("death", function(e) print("died", e.type) end)
    x, y = N(), object {}'
check "who is told of the close finds print, and hears of its own objects only" 0 \
    "died|N
died|object
died|class"
run -e 'local h = require "ouro".heap {} local _ENV = h:frame() h:close() print(type(print))
    x = 1'
check "in the frame of a closed heap functions are found, names are not bound" 1 "function" \
    "heap is closed"

finish
