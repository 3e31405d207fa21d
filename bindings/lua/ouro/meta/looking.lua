-- SPDX-License-Identifier: MIT
-- Looking: definitions (LuaCATS) of what lets go of objects, looks at them and watches them die
-- (building.lua says what is made of these files).
---@meta

---@class ouro
local ouro = {}

-- ## Letting go
--
-- `x = nil` and `x = other` release what x was. In the shell `del x`, `del x, y`, `del x.next` and
-- `del l[2]` are statements.

---`del("x", ...)`, `del(x, key)`
---With strings: unbinds names of the top frame; all must be bound. With an object: removes
---that one reference, `del(obj, "attr")`, `del(l, i)`, `del(d, key)`, `del(s, v)`; a list closes
---the gap.
---@param x string|ouro.Object
---@param ... any
function ouro.del(x, ...) end

---`clear(x)`
---Drops every reference that x holds: its attributes, items, entries.
---@param x ouro.Object
function ouro.clear(x) end

---`pin(x)`
---A counted reference without a name.
---@param x ouro.Object
---@return ouro.Object
function ouro.pin(x) end

---`unpin(x)`
---Takes one pin of x back.
---@param x ouro.Object
function ouro.unpin(x) end

---`settle()`
---Lets everything that is already dead be dead now.
function ouro.settle() end

-- ## Looking
--
-- `holders`, `gc.referrers` and `why` name what in Lua holds an object by where it is:
--
-- * `local 'n' at script.lua:12`: a variable of a running function, which is at that line; also
--   `vararg 1`, `for loop`, `temporary`, `in a call of 'sort'`.
-- * `upvalue 'cache' of function at script.lua:3`, the function's first line; `in #3.on_click` when
--   a managed object keeps the function.
-- * `t.list[4] of table, local 't' at script.lua:12`: by the shortest path from what has a name: a
--   variable, a global, `package.loaded`, `registry`, a name (`..., name t in main`), a managed
--   object (`#3.data[1] of table`). Likewise `key of table t`, `getmetatable(t).x`.
-- * `local 'x' at script.lua:40 in coroutine suspended at script.lua:41`.
--
-- Of an object 100 places are told, and how many more there are. Weak tables of Lua (`__mode`) are
-- no holders; they go by what Lua reaches, so an entry may leave while a name still counts its
-- object: `weak.keys`, `weak.values` and `weak.set` go by the object's life. Each such question
-- walks Lua's heap once, runs nothing and keeps nothing.

---`refcount(x)`
---How many counted references there are to x.
---@param x ouro.Object
---@return integer
function ouro.refcount(x) end

---`getrefcount(x)`
---One more than `refcount(x)`: CPython's number.
---@param x ouro.Object
---@return integer
function ouro.getrefcount(x) end

---`holders(x)`
---Each counted reference by name (`name x in main`, `#7.next`, `#3[2]`, `pin`), which add up to
---the count; then what Lua holds, a line each: `held by Lua: local 'n' at script.lua:12`. Prints
---well.
---@param x ouro.Object
---@return string[]
function ouro.holders(x) end

---`id(x)`
---A small number, in order of first asking, never reused.
---@param x ouro.Object
---@return integer
function ouro.id(x) end

---`obj(id)`
---The object of that id while it lives, or nil.
---@param id integer
---@return ouro.Object?
function ouro.obj(id) end

---`same(x, y)`
---Identity; `x == y` is equality.
---@param x any
---@param y any
---@return boolean
function ouro.same(x, y) end

---`typeof(x)`
---The type's name; for an instance that of its class.
---@param x any
---@return string
function ouro.typeof(x) end

---`isinstance(x, Class)`
---Whether x is an instance of the class or of one derived from it.
---@param x any
---@param class ouro.Class
---@return boolean
function ouro.isinstance(x, class) end

---`repr(x [, depth [, items]])`
---Text, as `tostring(x)` gives it; `[...]` where it comes back to itself.
---@param x any
---@param depth? integer
---@param items? integer
---@return string
function ouro.repr(x, depth, items) end

---`attrs(x)`
---Iterates label, value over every reference x holds, its class last. `pairs(x)` gives items,
---entries or attributes.
---@param x ouro.Object
---@return fun(): string?, any
function ouro.attrs(x) end

---`ipairs(l)`
---Lua's `ipairs`, and over lists and tuples, where it passes over holes.
---@param l any
---@return fun(): integer?, any
function ouro.ipairs(l) end

---`sizeof(x)`
---Bytes, shallow.
---@param x ouro.Object
---@return integer
function ouro.sizeof(x) end

---`names([frame])`
---Names in order of binding.
---@param frame? ouro.Object
---@return string[]
function ouro.names(frame) end

---`stack()`
---All frames, top first.
---@return ouro.Frame[]
function ouro.stack() end

---`f`
---A frame of `stack()`.
---@class ouro.Frame
---@field name string # the frame's name
---@field names string[] # the names bound in it, in order of binding

-- ## Weak references and finalizers

---`weak(x [, callback])`
---A weak reference `w`: `w()` is the object or nil. `callback(w)` runs after the death, that of
---the newest reference first.
---@class ouro.weak
---@overload fun(x: ouro.Object, callback?: fun(w: ouro.Weakref)): ouro.Weakref
ouro.weak = {}

---`w`
---A weak reference: what `weak(x)` gives. Calling it gives the object or nil.
---@class ouro.Weakref: ouro.Object
---@overload fun(): ouro.Object?
---@field alive boolean # whether the object lives
---@field callback? fun(w: ouro.Weakref) # what will be called, or nil

---`weak.keys{[x] = v}`
---A map whose entries leave when their key dies. Keys are objects, compared by identity; the
---values are counted, but a value that refers to its own key does not keep it alive (an
---ephemeron). Setting another kind of key is an error, asking for one gives nil.
---@param entries? table|ouro.Object
---@return ouro.Object
function ouro.weak.keys(entries) end

---`weak.values{k = x}`
---A map whose entries leave when their value dies. Keys as in a dict; values that are no
---objects (numbers, strings) stay.
---@param entries? table|ouro.Object
---@return ouro.Object
function ouro.weak.values(entries) end

---`weak.set{x, y}`
---A set whose members leave when they die; equal to a set with the same members.
---@param members? table|ouro.Object
---@return ouro.Object
function ouro.weak.set(members) end

---`finalize(x, f, ...)`
---A record `r`: calls `f(...)` once, when x has died or at the close.
---@param x ouro.Object
---@param f function
---@param ... any
---@return ouro.Record
function ouro.finalize(x, f, ...) end

---`r`
---A finalize record: what `finalize(x, f, ...)` gives. `r()` calls f now, and gives what it gives;
---nil if it has been called or detached.
---@class ouro.Record: ouro.Object
---@overload fun(): any
---@field alive boolean # whether f is still to be called
---@field atexit boolean # whether the close of the heap calls f; can be assigned
local record = {}

---`r:detach()`
---Calls nothing any more; gives x, f and the arguments, nil if it was out of service.
---@return ouro.Object?, function?, any ...
function record:detach() end

---`r:peek()`
---x, f and the arguments; nil if it is out of service.
---@return ouro.Object?, function?, any ...
function record:peek() end

-- `weak.keys`, `weak.values` and `weak.set` are read and written as a dict or set is, with `#`,
-- `del`, `clear`, `copy` and `pairs`; an iteration goes on when entries leave, and ends with an
-- error when one was added. `__del` is a class's finalizer, looked up when an instance dies.

return ouro
