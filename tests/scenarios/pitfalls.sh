#!/bin/sh
# SPDX-License-Identifier: MIT
# TAP: the pitfalls (pitfalls.lua) that take a process of their own: deep structures on a small
# stack, memory that ends, what is left at the close, the prompt as a holder, output that is
# compared. Run by the command in OURO.
. "$(dirname "$0")/../shell/tap"

# 10: a C stack of 256 KiB; under a sanitizer, whose frames are larger, 1 MiB.
stack=256 deep=1000000
if [ "${OURO_SANITIZED-}" = 1 ]; then
    stack=1024 deep=50000
fi
cat >deep.lua <<'END'
local n = math.tointeger(arg[1])
local F = class("F", { "ref" })
local dead = 0
function F:__del() dead = dead + 1 end
local function chain(cyclic)
    local first = F()
    local last = first
    for _ = 2, n do
        local f = F()
        last.ref = f
        last = f
    end
    if cyclic then last.ref = first end
    return first
end
x = chain(false)
del "x"
assert(dead == n, dead)
x = chain(true)
del "x"
assert(collect() == n and dead == 2 * n, dead)
x, y = list {}, list {}
for _ = 1, n do x, y = list { x }, list { y } end
assert(x == y and #repr(x) < 10000 and deepcopy(x) == x)
heap.cycles()
del("x", "y")
print "fine"
END
(
    # shellcheck disable=SC3045 # every sh there is knows it
    ulimit -s $stack
    exec "$ouro" deep.lua $deep >out 2>err
)
code=$?
check "pitfall 10: depth uses no C stack: finalizers, copy, equality, text, cycles" 0 fine

cat >nested.lua <<'END'
local F = class("F", { "n" })
local deepest, depth, dead = 0, 0, 0
function F:__del()
    depth, dead = depth + 1, dead + 1
    deepest = math.max(depth, deepest)
    if self.n > 0 then
        t = F(self.n - 1)
        t = nil
    end
    depth = depth - 1
end
x = F(5000)
x = nil
settle()
assert(dead == 5001 and deepest < 200, deepest)
print "fine"
END
(
    # shellcheck disable=SC3045
    ulimit -s 1024
    exec "$ouro" nested.lua >out 2>err
)
code=$?
check "pitfall 10: finalizers within finalizers use a bounded C stack" 0 fine

# 12: a limit, met in each of the first thousand places, leaves a heap that goes on.
cat >full.lua <<'END'
for limit = 600, 1200, 7 do
    local h = heap { max_bytes = limit * 1024 }
    h.gc.on_error(function() end) -- an object that was never given out has no handle
    local count = 0
    local C = h:class("C", { "a", "b" })
    function C:__del() count = count + 1 end
    local made = 0
    pcall(function()
        local first = C()
        made = made + 1
        local last = first
        for _ = 1, 100000 do
            local c = C()
            made = made + 1
            c.a, c.b, last.a = first, h:list { c }, c
            h:weak(c, function() end)
            last = c
        end
    end)
    h:settle()
    h:collect()
    assert(h:check())
    assert(count == made or count == made + 1, count .. " of " .. made)
    h:close()
end
print "fine"
END
run full.lua
check "pitfall 12: a heap that is full collects, finalizes and goes on" 0 fine

# 16, 18: the close.
cat >close.lua <<'END'
Helper = class("Helper", { "n" })
function Helper:say(text) print(text .. self.n) end
helper = Helper(1)
F = class("F", { "n", "ref" })
function F:__del()
    if helper then helper:say(self.n .. " with helper ") else print(self.n .. " alone") end
end
a, b = F("a"), F("b")
a.ref, b.ref = b, a
c = F("c")
w = weak(c, function() print("w told") end)
c2 = F("c2")
finalize(c2, function() print("record told") end)
END
run close.lua
check "pitfall 16 and 18: names are there until they are dropped; all finalizers run" 0 \
    "record told
c2 with helper 1
c with helper 1
a alone
b alone"

# 26: the prompt is no holder.
cat >input <<'END'
F = class("F", {"n"})
function F:__del() print("dead " .. self.n) end
x = F(1)
x
x
del x
F(2)
y = F(3)
y.nothing
error(y)
y = nil
print("end")
END
run -i
tr -d '\r' <out | grep -oE 'dead [0-9]|^end|end$' >seen
: >wrong
same "pitfall 26: a value shown, discarded or raised at the prompt is not kept" \
    "dead 1 dead 2 dead 3 end" "$(tr '\n' ' ' <seen | sed 's/ $//')"

# 14, 34: the same text every time.
cat >same.lua <<'END'
N = class("N", { "n", "ref" })
function N:__del() io.write("-", self.n) end
g = build.graph { nodes = 50, degree = 2, seed = 3 }
s, d = set {}, dict {}
for i = 1, 50 do
    local n = N(i)
    n.ref = n
    s[n] = true
    d[n] = i
end
print(repr(s, 3, 60))
print(heap.cycles()[1], holders(g), gc.stats().objects, id(g), heap.census())
for k in pairs(s) do io.write(k.n, " ") end
clear(s)
clear(d)
collect()
print(repr(print), repr(function() end), repr {})
END
for i in 1 2 3 4 5; do
    "$ouro" same.lua >"same.$i" 2>&1
done
cat same.2 same.3 same.4 same.5 >all
cat same.1 same.1 same.1 same.1 | cmp - all >wrong 2>&1
result $? "pitfall 14 and 34: five runs print the same text"
same "pitfall 34: without addresses" "" "$(grep -E '0x[0-9a-f]{4}' same.1)"

# 25: another Lua is refused by luaL_checkversion, called as the module opens.
same "pitfall 25: the version of Lua is checked" 1 \
    "$(grep -l luaL_checkversion "$root"/bindings/lua/*.c | wc -l | sed 's/[^0-9]//g')"

# 32, 33: what a finalizer prints does not spoil the lines of TAP.
cat >tap.lua <<'END'
local tap = require "ouro.tap"
local F = class("F")
function F:__del() print("a finalizer") end
tap.subtest("a # name", function()
    x = F()
    x = nil
    tap.ok(true, "todo # TODO not this one")
end)
tap.ok(true)
tap.done_testing()
END
run tap.lua
same "pitfall 32 and 33: each line of TAP is a line, and names are names" \
    "0 5 0" "$code $(grep -cE '^( *)(ok|1\.\.)' out) $(grep -cE '[^\\]# TODO' out)"

finish
