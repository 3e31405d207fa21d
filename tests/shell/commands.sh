#!/bin/sh
# SPDX-License-Identifier: MIT
# TAP: the commands of the prompt, and what it tells after a statement, through a pipe: there
# events are off until `:events deaths`, and nothing is laid out for a window.
# shellcheck disable=SC2016 # what is in quotes is Lua's
. "$(dirname "$0")/tap"

# Runs the input at the prompt; what is printed without the banner and prompts is in `said`, tabs
# as "|", and what is told on standard error in `errors`.
session() {
    "$ouro" -i "$@" <input >out 2>err
    code=$?
    sed -e 1d -e 's/^\([0-9]*>>* \)*//' -e '/^$/d' out | tr '\t' '|' >said
    tr '\t' '|' <err >errors
}

# says NAME INPUT EXPECTED [ERRORS]: all of the output, and of standard error.
says() {
    printf '%s\n' "$2" >input
    session
    same "$1" "$([ -z "$3" ] || printf '%s\n' "$3"; [ -z "${4-}" ] || printf '! %s\n' "$4")" \
        "$(cat said; sed 's/^/! /' errors)"
}

# complains NAME INPUT PATTERN: an extended regular expression somewhere in standard error; the
# prompt goes on.
complains() {
    printf '%s\nprint "goes on"\n' "$2" >input
    session
    { cat err; cat said; } >wrong
    grep -Eq -e "$3" err && grep -q '^goes on$' said
    result $? "$1"
}

node='Node = class("Node", {"val", "next"})'
on=':events deaths'

# --- what just happened ---------------------------------------------------------------------

says "a death, why, and whom it took along" "$on
$node
x = Node(1, Node(2))
x = nil" "- Node #1 died (last name 'x' gone)
- Node #2 died with it"
says "nothing when nothing happened" "$on
$node
x = Node(1)
y = x
x = nil
refcount(y)" "1"
says "what is unreachable in a cycle now" "$on
$node
a = Node(1); a.next = Node(2, a)
a = nil
y = 1
collect()" "! 2 objects now unreachable in a cycle (collect() frees them)
2
- Node #1 died (collected: only a cycle kept it)
- Node #2 died (collected: only a cycle kept it)"
says "one alone is told of in the singular" "$on
l = list{}; l:append(l)
del l" "! 1 object now unreachable in a cycle (collect() frees it)"
says "the last reference by its place" "$on
$node
x = list{Node(1), Node(2, Node(3))}
del x[1]
del x[1].next
del x[1]
y = list{Node(4)}
y[1] = 5" "- Node #1 died (last reference #2[1] gone)
- Node #3 died (last reference #4.next gone)
- Node #4 died (last reference #2[1] gone)
- Node #5 died (last reference #6[1] gone)"
says "a pin was the last" "$on
$node
x = Node(1)
x = pin(x)
id(x)
x = nil
refcount(obj(1))
unpin(obj(1))" "1
1
- Node #1 died (no longer held by Lua)"
says "several names in one statement" "$on
$node
x = Node(1); y = Node(2)
del x, y" "- Node #1 died (last name 'x' gone)
- Node #2 died (last name 'y' gone)"
says "what only Lua held" "$on
$node
Node(1).val" "1
- Node #1 died (no longer held by Lua)"
says "finalizers print first, an error in one is told" "$on
$node
function Node:__del() print('last words of ' .. self.val) assert(self.val == 1) end
x = Node(1)
x = nil
_G.f = gc.on_error(function() end)
x = Node(2)
x = nil" "last words of 1
- Node #1 died (last name 'x' gone)
last words of 2
- Node #2 died (last name 'x' gone); its __del raised an error"
says "a resurrection" "$on
$node
function Node:__del() saved = self end
x = Node(1)
x = nil
refcount(saved)" "* Node #1 was resurrected: it was made reachable again while dying
1"
says "a million deaths are counted" "$on
:set count 3
$node
for i = 1, 1000000 do x = Node(i) end" "- Node #1 died (no longer held by Lua)
- Node #2 died (no longer held by Lua)
- Node #3 died (no longer held by Lua)
- and 999,996 more"
says "also those of one structure" "$on
:set count 2
c = build.chain(1000000)
:set cycles 0
c = nil" "(more than 500,000 objects: unreachable cycles are no longer looked for after each\
 statement; :cycles does, and \`:set cycles N\` sets the bound)
- Node #1 died (last name 'c' gone)
- Node #2 died with it
- and 999,998 more"
says "off" "$on
:events off
:events
$node
x = Node(1)
x = nil" "events off"
says "all: births and collections too" ":events all
$node
x = Node(1)
x = nil
collect()" "+ class #1 was made
+ Node #2 was made
- Node #2 died (last name 'x' gone)
0
~ a collection of generation 2 found 0"
says "listening is nobody else's business" "$on
print(heap.obituaries())
$node
local t = {n = 0}; rawset(_G, 'told', t); gc.on('death', function() t.n = t.n + 1 end)
x = Node(1); x = nil
told.n" "0
- Node #1 died (last name 'x' gone)
1"
says "a heap that closes in a statement" "$on
x = list{}
heap.close()
list{}
:reset
#list{}" "0
(the heap is closed; :reset opens a fresh one)
a fresh heap; Lua's globals are as they were
0
- list #1 died (no longer held by Lua)" "heap is closed"

# --- printing ---------------------------------------------------------------------------------

says "without a window a structure is one line" 'l = list{}
for i = 1, 60 do l:append(i) end
#repr(l), l' "231|$(seq -s ', ' 60 | sed 's/.*/[&]/')"
export COLUMNS=40
says "with one it is laid out" 'd = dict{name = "a longer name", items = list{1, 2, 3}}
d
d.me = d
d
"text", d.items, nil' '{
  items: [1, 2, 3],
  name: "a longer name"
}
{
  items: [1, 2, 3],
  name: "a longer name",
  me: {...}
}
text|[1, 2, 3]|nil'
says "numbers fill the lines" 'l = list{}
for i = 1, 20 do l:append(i) end
l' '[
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
  13, 14, 15, 16, 17, 18, 19, 20
]'
says "what is cut is counted, and how to see it is said once" ':set items 3
l = list{1, 2, 3, 4, 5}
l
l' '[1, 2, 3, ... 2 more]
(cut: `:set items N` and `:set depth N`
 show more)
[1, 2, 3, ... 2 more]'
unset COLUMNS
says "tables of Lua without addresses, cycles too" 't = {1, {2}, a = "x", ["b c"] = print}
t[3] = t
_G.t = t
t' '{1, {2}, {...}, a = "x", ["b c"] = <function>}'
says "text with brackets and quotes stays whole" 'list{"[", "a\"]", "}"}
:set width 20
list{"[ (", "a\"]", "}", "aaaaaaaa"}' '["[", "a\"]", "}"]
[
  "[ (",
  "a\"]",
  "}",
  "aaaaaaaa"
]'
says "an id, that gives the object again" 'x = list{7}
:set ids on
x
same(obj(1), x), obj(99)
x = nil
obj(1)' '[7]  #1
true|nil
nil'
says "__repr is asked for the value of an expression alone" 'Node = class("Node")
asked = 0
function Node:__repr() asked = asked + 1 return "a node" end
x = Node{}
x
:names
:draw
:why x
asked' 'a node
Node   #1 <class Node>
asked  1
x      #2 Node()
names in main
├─ asked = 1
└─ x: Node #2
#2 Node()
  <- name x in main
1'

# --- errors -----------------------------------------------------------------------------------

says "a misspelt name" 'lsit{1}' "" "stdin:1: attempt to call a nil value (global 'lsit')
!   lsit{1}
!   ^^^^
! did you mean 'list'?"
says "a misspelt field and method" 'x = list{}; gc.colect()
x:apend(1)' "" "stdin:1: attempt to call a nil value (field 'colect')
!   x = list{}; gc.colect()
!                  ^^^^^^
! did you mean 'collect'?
! stdin:1: a list has no method 'apend' (append, insert, pop, remove, extend, index, reverse, sort)
!   x:apend(1)
!     ^^^^^
! did you mean 'append'?"
says "a misspelt attribute" "$node
x = Node(1)
x.nxet = 2" "" "stdin:1: Node has no slot 'nxet' (slots: val, next)
!   x.nxet = 2
!     ^^^^
! did you mean 'next'?"
says "a syntax error, where Lua stumbles" 'x = = 1
1 + + 2' "" "stdin:1: unexpected symbol near '='
!   x = = 1
!       ^
! stdin:1: unexpected symbol near '+'
!   1 + + 2
!       ^"
says "in a statement of several lines its line" 'for i = 1, 2 do
print(i
x = 2' "" "stdin:3: ')' expected (to close '(' at line 2) near 'x'
!   3 | x = 2
!       ^"
says "beside del a syntax error is Lua's" 'x = 1; del x; y = = 2
del x; x = 1 2' "" "stdin:1: unexpected symbol near '='
!   x = 1; del x; y = = 2
!                     ^
! stdin:1: unexpected symbol near '2'
!   del x; x = 1 2
!                ^"
says "calls, without those of C" 'function f() error("deep", 1) return 1 end
function g() f() return 1 end
pcall(string.rep); g()' "" "stdin:1: deep
! stack traceback:
! |stdin:1: in global 'f'
! |stdin:1: in global 'g'
! |stdin:1: in main chunk"
says "managed frames" 'call(function(_ENV) a = 1; error("in a frame") end)' "" "stdin:1: in a frame
! stack traceback:
! |stdin:1: in local 'f'
! |(...tail calls...)
! managed frames:
! |stdin:1: a
! |main"
says "a local is gone" 'local q = 3
q.z = 1' "" "stdin:1: attempt to index a nil value (global 'q')
!   q.z = 1
!   ^
! 'q' was a local, which lasted for one statement; without \`local\` it stays"
says "an error object that is no text" 'function mine() return "mine" end
error(setmetatable({}, {__tostring = mine}))
error{}' "" "mine
! (error object is a table value)"
says "in a __repr" 'Node = class("Node")
function Node:__repr() error("no text") end
x = Node{}
x
1' "1" "stdin:1: no text"
complains "runaway recursion" 'function rec() return 1 + rec() end
rec()' '^stdin:1: stack overflow'
complains "in managed frames too" 'function rec() return 1 + call(rec) end
rec()' 'stack overflow'
complains "too big a string" 's = ("x"):rep(1 << 62)' 'resulting string too large'
if [ -z "${OURO_SANITIZED-}" ]; then
    endless='t = {}; for i = 1, 1e9 do t[i] = ("x"):rep(1 << 20) .. i end'
    printf '%s\nprint "goes on"\n' "$endless" >input
    (ulimit -v 400000 && "$ouro" -i <input >out 2>err)
    same "no memory" "not enough memory, goes on" \
        "$(head -n 1 err), $(sed 's/^[> ]*//' out | grep goes)"
fi
complains "a limit" 'heap.limits{max_objects = 10}
for i = 1, 20 do x = list{x} end' 'max_objects'

# --- commands -----------------------------------------------------------------------------------

says "an unknown one suggests the nearest" ':cencus' "" \
    "no command is called ':cencus', did you mean ':census'?; :help lists them"
says "or none" ':xyzzy' "" "no command is called ':xyzzy'; :help lists them"
says ":names, :stack" 'x = list{1}; y = 2.5; z = "te\"xt"
:names
:stack' 'x  #1 [1]
y  2.5
z  "te\"xt"
main: x, y, z'
printf 'x = list{1}\nheap.census()\n:census\n' >input
session
same ":census is heap.census()" "$(sed -n 1,3p said)" "$(sed -n 4,6p said)"
says ":cycles" 'x = list{}; x:append(x)
:cycles
x = nil
:cycles' '#1[1] -> #1
#1[1] -> #1 (garbage)'
says ":why of an expression, and of what is none" "$node
x = Node(1, Node(2))
:why x.next
:why nope
:why nope.x
:why 3
:why" '#1 Node(val=2, next=nil)
  <- #2.next <- name x in main' "argument 1 has to be a managed object, such as list{}; got nil
! attempt to index a nil value (global 'nope')
! argument 1 has to be a managed object, such as list{}; got number
! usage: :why x"
says ":gc collects, or switches" 'x = list{}; x:append(x); x = nil
:gc
:gc refcount
gc.policy()' '1
generational
refcount'
complains ":gc of an unknown policy" ':gc refcuont' "did you mean 'refcount'.*there are: "
says ":draw" "$node
x = Node(1, Node(2)); x.next.next = x
l = list{x, list{1, 2}, x}
:draw x
:draw" "Node #1
├─ val = 1
└─ next: Node #2
   ├─ val = 2
   └─ next ↑ Node #1
names in main
├─ x: Node #1
│  ├─ val = 1
│  └─ next: Node #2
│     ├─ val = 2
│     └─ next ↑ Node #1
└─ l: list #3
   ├─ [1] → Node #1 (above)
   ├─ [2]: list #4 [1, 2]
   └─ [3] → Node #1 (above)"
printf 'x = list{list{}}\n:draw x\n' >input
LC_ALL=C session
same "in ASCII where there is nothing else" "list #1
\`- [1]: list #2 []" "$(cat said)"
says "what is long or deep is cut" ':set items 3
l = list{list{}, list{}, list{}, list{}}
:draw l
:set items 200
c = build.chain(20)
:draw c' "list #1
├─ [1]: list #2 []
├─ [2]: list #3 []
├─ [3]: list #4 []
└─ ... 1 more (\`:set items N\` shows more)
$("$ouro" -e 'for i = 1, 12 do
    local lead = ("   "):rep(i - 2)
    print(i == 1 and "Node #5" or lead .. "└─ next: Node #" .. i + 4)
    if i < 13 then print(("   "):rep(i - 1) .. "├─ val = " .. i) end
end print(("   "):rep(11) .. "└─ next: Node #17")')
$(printf '%36s' '')└─ ... (deeper: \`:set depth N\` shows more)"
says ":draw with a file draws a picture, or says why not" 'x = list{1}
:draw x x.dot
:draw all.dot
:draw x /nowhere/x.dot
:draw nope x.dot' "written to x.dot
written to all.dot" "/nowhere/x.dot: No such file or directory
! nil cannot be drawn"
says ":watch, when it changes" 'x = list{}
:watch refcount(x)
y = x
z = 1
y = nil
:watch #x, nope.x
:watch
:unwatch refcount(x)
x:append(1); y = x
:unwatch
x:append(1)
:unwatch 7' "refcount(x) = 1
refcount(x) = 2
refcount(x) = 1
#x, nope.x = stdin:1: attempt to index a nil value (global 'nope')
1  refcount(x) = 1
2  #x, nope.x = stdin:1: attempt to index a nil value (global 'nope')" \
    "'7' is not watched; :watch lists what is"
says ":set" ':set depth
:set depth 3
:set depth
:set depht
:set depth many' 'depth 6
depth 3' "no option is called 'depht', did you mean 'depth'?; :set lists them
! depth has to be a whole number from 1 to 1000; got 'many'"
printf ':set prompt live\nx = list{}\n' >input
session
same "the prompt can show how many objects live" "> 0> 1> " "$(sed 1d out)"
printf ':time for i = 1, 100 do x = list{} end\nx = 1\n' >input
session
same ":time" "100 objects made, 99 died" "$(sed 's/^[0-9.]* [mu]*s; //' said)"
says ":reset" 'x = list{}; g = list
rawset(_G, "kept", 7); rawset(_G, "old", x)
:reset
x, kept, heap.live()
#old
y = list{}; return refcount(y), #names()' "a fresh heap; Lua's globals are as they were
nil|7|0
1|1" "stdin:1: heap is closed"
says ":history" 'x = 1
for i = 1, 2 do
end
nonsense(
)
:history
:history 1' "   1  x = 1
   2  for i = 1, 2 do
      end
   3  nonsense(
      )
   3  nonsense(
      )" "stdin:1: attempt to call a nil value (global 'nonsense')
!   1 | nonsense(
!       ^^^^^^^^"
says ":quit" ':quit
print("no more")' ""
says "exit, too, and help helps" 'exit
print("no more")' ""
printf 'help\n' >input
session
same "help lists the commands" "1" "$(grep -c '^  :census ' said)"
says "unless they are names" 'exit = 7; help = 8
exit
help' "7
8"
says ":help of a command, ?name" ':help unwatch
?refcount
:doc refcount()
?l:append
:doc nothinglikeit
?colect' ":unwatch [expr]
  watches it no more; without one, nothing
refcount(x)
  How many counted references there are to x.
refcount(x)
  How many counted references there are to x.
l:append(v)
  Adds v at the end." \
    "nothing is documented as 'nothinglikeit'; \`:apropos word\` searches, :help lists the commands
! nothing is documented as 'colect', did you mean 'collect'?"
printf ':apropos ephemeron\n:help ids\n' >input
session
same ":apropos, :help of a topic" "weak.keys{[x] = v} 1" "$(sed -n 1p said) $(grep -c obj.7. said)"

# --- a session as a script and as a test --------------------------------------------------------

cat >typed <<'END'
Node = class("Node", {"val", "next"})
function Node:__del() print(self.val .. " dies") end
function f() return 1, nil, "three" end
x = Node(1, Node(2))
x
f()
= refcount(x)
local hidden = 5; print(hidden)
del x
error("a mistake")
lsit{}
x = = 1
for i = 1, 2 do
    print(i) -- a remark
end
(print)("bracketed")
y = list{1}
return holders(y), id(y)
return y, {1}
-- a remark alone
_G.tab = {}; print(type(tab))
"]]", "two\nlines]"
:gc
END
cp typed input
printf ':save saved.lua\n:test test.lua\n:save /nowhere/at/all\n' >>input
session
same ":save and :test say how much they wrote" \
    "18 statements written to saved.lua
20 statements written to test.lua
cannot write /nowhere/at/all: No such file or directory" \
    "$(grep 'written to' said; grep nowhere err)"
"$ouro" saved.lua >out 2>err
same "what was saved runs, and prints what was printed" "$(cat <<'END'
Node(val=1, next=Node(val=2, next=nil))
1|nil|three
1
5
1 dies
2 dies
1
2
bracketed
END
)" "$(sed -n 1,9p out | tr '\t' '|'; cat err)"
"$ouro" test.lua >out 2>err
code=$?
same "what was made a test is green" "0 20 0" "$code $(grep -c '^ok' out) $(grep -c '^not ok' out)"
sed -i.old 's/1 dies/1 lives/' test.lua
"$ouro" test.lua >out 2>err
same "and red when something else is printed" "1 1" "$? $(grep -c '^not ok' out)"
printf ':events deaths\n' >input
cat typed >>input
printf ':why Node\n:names\nid(y)\n:test test.lua\n' >>input
session
"$ouro" test.lua >out 2>err
same "ids that only the prompt has given do not matter" "0" "$?"
printf ':load saved.lua\nx = list{7}\n:load nowhere.lua\n' >input
session
same ":load runs a file" "2" "$(grep -c 'dies$' said)"
same "or says that there is none" "1" "$(grep -c 'nowhere.lua' err)"

# --- nothing is left behind ----------------------------------------------------------------------

# Statements, results, errors, commands; then what Lua and the heap have is what they had.
cat >input <<'END'
:events all
:watch heap.live()
Node = class("Node", {"val", "next"})
a, b, c, p, q, r = 0, 0, 0, 0, 0, 0
function memory() return collectgarbage("count"), heap.bytes(), heap.live() end
function measure() settle() collectgarbage() return memory() end
END
cat >repeat.lua <<'END'
for i = 1, tonumber(arg[1]) do
    print("x = Node(" .. i .. ", Node(2))\nx\nx = nil\nlsit{" .. i .. "}\nerror(Node(1))")
    print("for i = 1, 20 do local n = Node(i) end\nlocal y = Node(1); y.next = y\n{1, {2}}")
    print(":why Node\n:names\n:draw\n:census\n:cycles\nx = = 1\n:gc")
end
END
{
    "$ouro" repeat.lua 50; echo "?refcount"
    echo 'a, b, c = measure()'
    "$ouro" repeat.lua 600; echo "?refcount"
    echo 'p, q, r = measure()'
    echo 'print("grown", p - a < 4 and "nothing" or p - a, q - b, r - c)'
} >>input
session
same "ten thousand statements and commands leave nothing behind" "grown|nothing|0|0" \
    "$(grep '^grown' said)"

finish
