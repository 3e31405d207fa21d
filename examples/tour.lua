-- SPDX-License-Identifier: MIT
-- A tour of memory management, in the order people learn it.
-- Run it:  scripts/ouro examples/tour.lua
-- Every line after a `>` is executed, and what follows is what it really printed.

-- Shows a step's source, runs it in this script's names, prints what it gives. The step's
-- text is compiled with our own _ENV, so `x = ...` in it binds a name here.
local names = _ENV
local function run(code)
  local chunk = load("return " .. code, "=tour", "t", names) or
                assert(load(code, "=tour", "t", names))
  local results = table.pack(pcall(chunk))
  for i = 2, results.n do print(tostring(results[i])) end
end

local function step(code)
  for line in code:gmatch("[^\n]+") do print("> " .. line) end
  run(code)
  settle() -- what the step has dropped is dead before the next
end

local function chapter(title, text)
  print()
  print("== " .. title .. " ==")
  for line in text:gmatch("[^\n]+") do print(line:match("^%s*(.*)$")) end
  print()
end

-- A class whose instances say goodbye: __del is the finalizer.
Loud = class("Loud", {"name", "next"})
function Loud:__del() print("  [" .. self.name .. " is finalized]") end

chapter("1. A value nobody names dies at once", [[
  An object lives as long as something refers to it. Nothing refers to this one.]])
step 'Loud("nobody")'

chapter("2. Names are references", [[
  A name is not a box with an object inside; it is a reference, and references are counted.]])
step 'x = list{4, 3, 2, 1}'
step 'refcount(x)'
step 'y = x'
step 'refcount(x)'
step 'z = y'
step 'refcount(x)'
print("All three names refer to the same list, so a change through one shows in all:")
step 'z:append(0)'
step 'x'
step 'y'
step 'z'
print("Binding a name to something else removes a reference; so does del:")
step 'z = 1'
step 'refcount(x)'
step 'z = x'
step 'refcount(x)'
step 'del "z"'
step 'refcount(x)'
step 'holders(x)'

chapter("3. Identity is not equality", [[
  Two lists may have the same items and still be two objects.]])
step 'a = list{1, 2}'
step 'b = list{1, 2}'
step 'a == b'
step 'same(a, b)'
step 'same(x, y)'

chapter("4. del removes a name, not an object", [[
  The object dies with its last reference, whichever that is.]])
step 'first = Loud("shared")'
step 'second = first'
step 'del "first"'
print("(still here: " .. names.second.name .. ")")
step 'del "second"'
step 'del "second"'

chapter("5. A finalizer runs at the last reference", [[
  What an object alone kept alive goes with it: first the object, then what it held.]])
step 'head = Loud("head", Loud("body", Loud("tail")))'
step 'head = nil'

chapter("6. finalize: clean-up registered from outside", [[
  finalize(x, f, ...) returns a record. f runs once, when x has died, and never sees x.]])
step 'file = object{name = "log.txt"}'
step 'r = finalize(file, print, "  [closing log.txt]")'
step 'r.alive'
step 'del "file"'
step 'r.alive'
step 'r()'
del "r"

chapter("7. Two objects that point at each other", [[
  Each keeps the other's count above zero. Both names go, and both objects stay:
  counting alone cannot see that nobody can reach them any more.]])
step 'Node = class("Node", {"val", "next"})'
step 'x = Node(1)'
step 'y = Node(2)'
step 'x.next = y; y.next = x'
step 'refcount(x), refcount(y)'
step 'w = weak(x)'
step 'del("x", "y")'
step 'w.alive'
step 'heap.leaked()'
print("A collection finds what only a cycle keeps alive:")
step 'collect()'
step 'w.alive'

chapter("8. Breaking a cycle by hand", [[
  clear(x) drops every reference that x holds. Then counting is enough.]])
step 'x = Node(1); y = Node(2); x.next = y; y.next = x; w = weak(x)'
step 'clear(x)'
step 'del("x", "y")'
step 'w.alive'
step 'collect()'

chapter("9. Breaking it with a weak reference", [[
  A weak reference does not count. The child knows its parent, and keeps it not alive.]])
step 'parent = Node("parent"); child = Node("child")'
step 'parent.next = child; child.next = weak(parent)'
step 'refcount(parent), refcount(child)'
step 'child.next().val'
step 'w = weak(child)'
step 'del("parent", "child")'
step 'w.alive'

chapter("10. A list that contains itself", [[
  The shortest cycle of all.]])
step 'l = list{}'
step 'l:append(l)'
step 'l'
step 'refcount(l)'
step 'del "l"'
step 'collect()'

chapter("11. A finalizer in a cycle", [[
  Which one goes first, when each refers to the other? The older. And while finalizers run,
  everything they can reach is still whole.]])
step 'a = Loud("alpha"); b = Loud("beta"); a.next = b; b.next = a'
step 'del("a", "b")'
step 'collect()'

chapter("12. Resurrection", [[
  A finalizer may store its object somewhere. Then the object lives on, whole; when it dies
  again, its finalizer does not run a second time.]])
Phoenix = class("Phoenix", {"name"})
function Phoenix:__del() print("  [" .. self.name .. " rises]"); saved = self end
step 'p = Phoenix("Fawkes"); w = weak(p)'
step 'p = nil'
step 'saved.name, w.alive'
step 'gc.is_finalized(saved)'
step 'saved = nil'
step 'w.alive'

chapter("13. Frames: the stack of names", [[
  call(f) gives f a frame of its own: names that live until f returns, last in, first out.]])
function depart(_ENV, n)
  here = Loud("frame " .. n)
  if n < 3 then call(depart, n + 1) else print(stack()) end
end
step 'call(depart, 1)'
print("A recursion that never ends says so, and unwinds:")
function forever(_ENV, n) return call(forever, n + 1) end
local ok, message = pcall(call, forever, 1)
print(ok, (tostring(message):match("stack overflow[^\n]*")))
step '#stack()'

chapter("The end", [[
  When the script ends, names go in reverse order of binding, a last collection runs, and
  every finalizer that has not run yet runs once.]])
goodbye = Loud("the last name")
