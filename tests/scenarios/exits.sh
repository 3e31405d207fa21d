#!/bin/sh
# SPDX-License-Identifier: MIT
# TAP: the process ends in the middle of a death: os.exit from finalizers, callbacks, finalize
# records, comparisons, frames and coroutines, by count, by collection and at the close, with
# and without closing the Lua state. Whatever the moment: the status is the one asked for,
# what was printed before is there, and nothing crashes. Run by the command in OURO.
. "$(dirname "$0")/../shell/tap"

# Under a sanitizer a process that leaves without closing has memory left: that is no leak.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}${ASAN_OPTIONS:+:}detect_leaks=0"

prelude='
local G = class("G", { "n", "f", "loop", "other" })
local function leave() io.write("bye ") os.exit(EXIT) end
function G:__del() if self.f then self.f() end io.write("after ") end
'

# leaves NAME SCRIPT: with each way to exit the status is right, "bye" was printed, and no
# message; the script has LEAVE, a function that exits.
leaves() {
    for exit in 3 true false '4, true' '5, false' 'true, true' 'false, true'; do
        case $exit in
            true*) expected=0 ;;
            false*) expected=1 ;;
            *) expected=${exit%%,*} ;;
        esac
        printf '%s%s\n' "$prelude" "$2" | sed "s/EXIT/$exit/" >leave.lua
        run leave.lua
        text=$(cat out)
        : >wrong
        [ "$code" -eq "$expected" ] || echo "exit status $code, not $expected" >>wrong
        case $text in
            *bye*) ;;
            *) echo "standard output: $text" >>wrong ;;
        esac
        case $text in
            *"bye after"*) echo "it went on: $text" >>wrong ;;
        esac
        grep -E 'Sanitizer|runtime error|egmentation|bort' err >>wrong
        [ ! -s err ] || cat err >>wrong
        [ ! -s wrong ]
        result $? "$1: os.exit($exit)"
    done
}

leaves "a finalizer by count" 'x = G(1, leave) x = nil'
leaves "a finalizer by collection" 'x = G(1, leave) x.loop = x x = nil collect()'
leaves "a finalizer in the middle of a set" '
x = G(1) x.other = G(2, leave) x.other.other = G(3) x.loop = x x = nil collect()'
leaves "a finalizer at the close" 'x = G(1, leave)'
leaves "a finalizer of a cycle at the close" 'x = G(1, leave) x.loop = x x = nil'
leaves "a finalizer within a finalizer" '
x = G(1, function() y = G(2, leave) y = nil end) x = nil'
leaves "a callback by count" 'x = G(1) w = weak(x, leave) x = nil'
leaves "a callback by collection" 'x = G(1) x.loop = x w = weak(x, leave) x = nil collect()'
leaves "a callback at the close" '
do local l = list {} w = weak(l, leave) x = l end'
leaves "a finalize record by count" 'x = list {} finalize(x, leave) x = nil'
leaves "a finalize record at the close" 'x = list {} finalize(x, leave)'
leaves "a finalize record called by hand" 'x = list {} finalize(x, leave)()'
leaves "a comparison while sorting" 'l = list { 3, 2, 1 } l:sort(leave)'
leaves "a frame" 'call(function(_ENV) y = 1 leave() end)'
leaves "a coroutine within a finalizer" '
x = G(1, function() coroutine.wrap(leave)() end) x = nil'
leaves "an automatic collection" '
gc.enable() for i = 1, 100000 do local g = G(i, leave) g.loop = g end'
leaves "an __init" 'local I = class("I") function I:__init() leave() end I()'
leaves "a handler of errors" '
gc.on_error(leave) x = G(1, function() error("no") end) x = nil'
leaves "a __gc of Lua" 'setmetatable({}, { __gc = leave }) collectgarbage()'
leaves "an event" 'gc.on("death", leave) x = list {} x = nil'

# --- errors that end the script -------------------------------------------------------------

printf '%s%s\n' "$prelude" '
x = G(1) x.loop = x y = G(2) local z = G(3) error("the end", 0)' >end.lua
run end.lua
check "a script that fails finalizes all there is" 1 "after after after " '^ouro: the end$'

printf '%s\n' 'local K = class("K", { "n" })
function K:__del() print("del " .. self.n) error("in " .. self.n, 0) end
x = K(1) y = K(2) z = K(3) z.n = 4' >end.lua
run end.lua
check "finalizers that raise at the close are told, and the others run" 0 "del 4
del 2
del 1" 'error in finalizer of K #[0-9]+: in 4'

printf '%s\n' 'K = class("K", { "n" })
function K:__del() print("del " .. self.n) again = K(self.n + 1) end
x = K(1)' >end.lua
run end.lua
: >wrong
[ "$code" -eq 0 ] && [ "$(wc -l <out)" -lt 100 ] || cp out wrong
[ ! -s wrong ]
result $? "finalizers that make more of their kind do not keep a heap from closing"

finish
