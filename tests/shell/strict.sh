#!/bin/sh
# SPDX-License-Identifier: MIT
# TAP: `ouro --strict`: errors in finalizers and callbacks and the exit status.
. "$(dirname "$0")/tap"

one='^ouro: --strict: 1 error in finalizers or callbacks$'
raising='C = class("C", {}) function C:__del() error "boom" end'

run --strict -e 'print(1)'
check "without such an error nothing changes" 0 1

run -e "$raising C()"
check "without --strict an error in a finalizer does not matter" 0 "" "finalizer of C .*boom"
same "and nothing is summed up" 0 "$(grep -c strict err)"

run --strict -e "$raising x = C() x = nil" -e 'print "after"'
check "a finalizer raises: the script goes on, the status is 1" 1 after "$one"
same "the error itself is reported as ever" 1 "$(grep -c 'error in finalizer of C #1: .*boom' err)"
same "the sum is the last line" "$(grep '^ouro: --strict' err)" "$(tail -n 1 err)"

run --strict -e "$raising x = C()"
check "at the close, too" 1 "" "$one"

run --strict -e 'x = list{}  w = weak(x, function() error "cb" end)  x = nil'
check "a callback" 1 "" "$one"

run --strict -e 'x = list{}  finalize(x, function() error "record" end)'
check "a finalize record" 1 "" "$one"

run --strict -e 'gc.on("stop", function() error "listener" end)  collect()'
check "a handler of events" 1 "" '^ouro: --strict: [0-9]+ error'

run --strict -e "$raising for i = 1, 5 do C() end"
check "they are counted" 1 "" '^ouro: --strict: 5 errors in finalizers or callbacks$'

run --strict -e "gc.on_error(function(e) print(e.what) end) $raising x = C() x = nil"
check "what gc.on_error was given counts" 1 "finalizer of C #1" "$one"

run --strict -e 'local h = require "ouro".heap {}  local C = h:class("C", {})' \
    -e 'other = require "ouro".heap {}' \
    -e 'local error, C = error, other:class("D", {})  function C:__del() error "boom" end' \
    -e 'print "end"'
check "classes without instances raise nothing" 0 end

cat >other.lua <<'END'
local error = error
local h = require "ouro".heap {}
_G.kept = h
local C = h:class("C", {})
function C.__del() error "boom" end
h:frame().x = C()
END
run --strict other.lua
check "heaps that close with the Lua state count" 1 "" "$one"
echo 'os.exit(0, true)' >>other.lua
run --strict other.lua
check "so they do after os.exit that closes the state" 1 "" "$one"

run --strict -e "$raising x = C()" -e 'os.exit()'
check "os.exit() is no way around it" 1 "" "$one"
run --strict -e "$raising x = C()" -e 'os.exit(true)'
check "nor os.exit(true)" 1 "" "$one"
run --strict -e "$raising x = C()" -e 'os.exit(0)'
check "nor os.exit(0)" 1 "" "$one"
run --strict -e "$raising x = C()" -e 'os.exit(7)'
check "a status that tells of a failure is kept" 7 "" "$one"
run --strict -e "$raising x = C()" -e 'os.exit(false)'
check "os.exit(false) is 1" 1 "" "$one"
run --strict -e 'os.exit(3)'
check "os.exit without such errors is as ever" 3 ""
run --strict -e 'os.exit()'
check "os.exit() too" 0 ""
run --strict -e "$raising x = C()" -e 'coroutine.wrap(function() os.exit(0, true) end)()'
check "from within a coroutine" 1 "" "$one"
run --strict -e 'os.exit("x")'
check "a wrong argument is an error of the script" 1 "" "bad argument #1 to 'exit'"

run --strict -e "$raising x = C()" -e 'error "of the script"'
check "an error of the script is reported beside it" 1 "" "$one"
same "and comes first" 1 "$(head -n 1 err | grep -c 'of the script')"

cat >test.lua <<'END'
local tap = require "ouro.tap"
C = class("C", {})
function C:__del() error "boom" end
tap.ok(true, "fine")
C()
tap.done_testing()
END
run --strict test.lua
same "a test whose checks pass fails by an error nobody asked for" 1 "$code"

finish
