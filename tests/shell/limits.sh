#!/bin/sh
# SPDX-License-Identifier: MIT
# TAP: how far one may go, run by the command in OURO.
#
# Structures of ten million objects end at once on a C stack of 256 KiB: a list, a tree, a
# ring, and what is nested as deep as it is long. Loops that make ten million objects stay
# small. Nothing here is timed. Under a sanitizer (OURO_SANITIZED=1) all is a hundred times
# smaller, and memory is not looked at, because a sanitizer keeps what is freed.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
ouro=${OURO:-$root/build/bindings/ouro}
case $ouro in
    /*) ;;
    */*) ouro=$PWD/$ouro ;;
esac
many=10000000 depth=22
if [ "${OURO_SANITIZED-}" = 1 ]; then
    many=100000 depth=15
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work" || exit 1

count=0
failed=0

# run NAME: the script on standard input does it on a small stack and prints "fine".
run() {
    cat - >script.lua
    (
        # shellcheck disable=SC3045 # every sh there is knows it
        ulimit -s 256
        exec "$ouro" script.lua $many $depth
    ) >actual 2>&1 </dev/null
    code=$?
    count=$((count + 1))
    if [ $code -eq 0 ] && [ "$(cat actual)" = fine ]; then
        echo "ok $count - $1"
        return
    fi
    failed=$((failed + 1))
    echo "not ok $count - $1"
    echo "# exit status $code"
    sed 's/^/# /' actual | head -n 20
}

# What every script that counts begins with: the class that build makes is there before.
start='
local n, depth = math.tointeger(arg[1]), math.tointeger(arg[2])
x = build.chain(1)
del "x"
local before = heap.live()
'

# What every script with a loop ends with: the most memory that the process ever had.
peak='
local function check_peak()
    if os.getenv("OURO_SANITIZED") == "1" then return end
    for line in io.lines("/proc/self/status") do
        local peak = tonumber(line:match("^VmHWM:%s*(%d+)"))
        assert(not peak or peak < 64 * 1024, "more than 64 MiB were needed: " .. line)
    end
end
'

# --- ends ---------------------------------------------------------------------------------

run "a list of ten million ends with its name" <<END
$start
x = build.chain(n)
assert(heap.live() >= before + n)
del "x"
assert(heap.live() == before)
print "fine"
END

run "a tree of eight million ends with its name" <<END
$start
x = build.tree(depth, 2)
assert(heap.live() >= before + 2 ^ (depth + 1) - 1)
del "x"
assert(heap.live() == before)
print "fine"
END

run "a ring of ten million is collected" <<END
$start
gc.disable()
x = build.ring(n)
del "x"
assert(heap.live() >= before + n)
assert(gc.collect() == n)
assert(heap.live() == before)
print "fine"
END

run "a list of ten million that can be observed ends with its name" <<END
$start
x = build.chain(n)
local w = weak(x.next)
del "x"
assert(w() == nil)
w = nil
settle()
assert(heap.live() == before)
print "fine"
END

run "lists nested a million deep end with their name" <<END
$start
x = list {}
for _ = 1, n // 10 do x = list { x } end
del "x"
assert(heap.live() == before)
print "fine"
END

# --- loops --------------------------------------------------------------------------------

run "a loop that binds ten million objects to a name stays small" <<END
$peak
local n = math.tointeger(arg[1])
Node = class("Node", { "val", "next" })
for i = 1, n do x = Node(i) end
assert(x.val == n)
check_peak()
print "fine"
END

run "a loop that makes ten million cycles stays small" <<END
$peak
local n = math.tointeger(arg[1])
Node = class("Node", { "val", "next" })
for i = 1, n do
    x = Node(i)
    x.next = x
end
assert(x.val == n and x.next == x)
check_peak()
print "fine"
END

run "a loop that holds two million objects only for a moment stays small" <<END
$peak
local n = math.tointeger(arg[1]) // 10
local Node = class("Node", { "val", "next" })
for i = 1, n do
    local x = Node(i)
    x.next = Node(x)
end
check_peak()
print "fine"
END

echo "1..$count"
[ $failed -eq 0 ]
