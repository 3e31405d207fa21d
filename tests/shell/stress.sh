#!/bin/sh
# SPDX-License-Identifier: MIT
# Stress and limits: `ouro --stress=...` finds what depends on the moments of collections, and
# what does not survive that memory runs out; --max-*, --timeout end a run with an error that
# names the limit, the heap intact.
. "$(dirname "$0")/tap"

# match NAME PATTERN TEXT
match() {
    printf '%s\n' "should match:" "$2" "actual:" "$3" >wrong
    printf '%s\n' "$3" | grep -q -e "$2"
    result $? "$1"
}

cat >order.lua <<'END'
    Node = class("Node", { "v", "me" })
    for i = 1, 3 do
        x = Node(i)
        x.me = x
    end
    x = nil
    print(collect())
END
cat >steady.lua <<'END'
    Node = class("Node", { "v", "me" })
    function Node:__del() log = log .. self.v end
    log = ""
    for i = 1, 5 do
        x = Node(i)
        x.me = x
    end
    x = nil
    collect()
    print(log)
END

run --stress=collect order.lua
check "collect at every point: the cycles are gone before collect()" 0 "1"
run --stress=collect:1000 order.lua
check "collect at every 1000th point: never, here" 0 "3"
run --stress=collect-each order.lua
same "collect-each finds that the output depends on it" 1 "$code"
match "and where" "at point .*: line 1 of the output is" "$(cat out)"
match "and sums up" "points, at [0-9]* the output differs, at 0 it does not end properly" \
    "$(tail -n 1 out)"
run --stress collect-each steady.lua
same "a script that does not depend on it" 0 "$code"
match "has no such point" "at 0 the output differs, at 0 it" "$(cat out)"
run --stress=nomem@200 steady.lua
check "one allocation fails" 1 "" "not enough memory"
run --stress=nomem-each steady.lua
same "each allocation fails in turn: errors or the same output" 0 "$code"
match "all are counted" "^[0-9]* allocations, at 0 the output differs, at 0 it" "$(cat out)"
run --stress=collect@2 -e 'x = list {} x:append(x) print(gc.stress() > 0)'
check "a statement under stress" 0 "true"

run --stress=often order.lua
check "an unknown mode" 1 "" "'--stress=often' needs collect, collect:N"
run --stress=collect:0 order.lua
check "never is no mode" 1 "" "'--stress=collect:0' needs collect"

run --max-objects 5 -e 'l = list {} for i = 1, 9 do l:append(list {}) end'
check "objects" 1 "" "object limit: 5 objects live"
run --max-objects=5 -e 'for i = 1, 1000 do x = list {} x:append(x) end print(heap.check())'
check "what is dead makes room, cycles too" 0 "true"
run --max-bytes 1M -e 'local ok, e = pcall(function() s = list {}
    for i = 1, 1e6 do s:append(list {}) end end) n = #s
    s = nil print(ok, n > 1000, heap.check()) error(e, 0)'
check "bytes; the heap is intact" 1 "false|true|true" "memory limit: .* raise max_bytes"
run --max-bytes 3M -e 'for i = 1, 1e5 do x = list {} x:append(x) end print "fine"'
check "garbage makes room" 0 "fine"
run --max-frames 7 -e 'function f(_ENV) call(f) end call(f)'
check "frames" 1 "" "stack overflow: 7 frames \(limit 7\)"
run --max-steps 100000 -e 'x = list {} while true do end'
check "instructions" 1 "" "step limit: 100000 Lua instructions have run; raise --max-steps"
run --max-steps=100K -e 'print(1)'
check "units are for bytes" 1 "" "'--max-steps=100K' needs a number above 0"
run --max-steps 50000 -e 'coroutine.wrap(function() while true do end end)()'
check "instructions in a coroutine" 1 "" "step limit: 50000"
run --max-steps 50000 -e 'print(pcall(debug.sethook))'
check "a hook would end the counting" 0 \
    "false|debug.sethook is not available while --max-steps counts instructions"
run --max-steps 1000000 --exact -e 'for i = 1, 10 do
local n = weak(list {})
print(n.alive) break end'
check "together with --exact" 0 "false"
run --timeout 0.2 -e 'while true do end'
check "time" 1 "" "time limit: 0.2 s have passed; raise --timeout"
run --timeout 0.2 -e 'C = class("C", {}) function C:__del() print "closed" end x = C()
    pcall(function() while true do end end) print "caught" while true do end'
check "time again for who has caught it; finalizers run" 1 "caught
closed" "time limit"
run --timeout 0.2 -e 'C = class("C", {}) function C:__del() while true do end end x = C()'
check "an endless finalizer at the end" 0 "" "time limit"
run --timeout=soon -e 'print(1)'
check "no time" 1 "" "'--timeout=soon' needs a number of seconds above 0"
run --max-bytes
check "no value" 1 "" "'--max-bytes' needs an argument"
run -e 'h = heap.limits() print(h.max_objects, h.max_frames) heap.limits { max_objects = 2 }
    x, y = list {}, list {} print(pcall(list, {}))'
check "limits from within" 0 "0|1000
false|object limit: 2 objects live, no room for another list; raise max_objects or let go of \
something"

finish
