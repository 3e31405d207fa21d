-- SPDX-License-Identifier: MIT
-- Building: definitions (LuaCATS) of what makes objects, for editors. The shell's help and
-- docs/lua-reference.md are made from these files (ouro/doc.lua, scripts/reference.lua):
-- `-- ##` begins a chapter, comments with two dashes are its prose, those with three describe what
-- follows them; their first line in backquotes is how it is called.
---@meta ouro

-- # Lua reference
--
-- In a script run by `ouro`, and in the shell, these are plain names. Elsewhere they are fields of
-- `local ouro = require "ouro"`, which works on a default heap; `local _ENV = ouro.frame()` makes
-- free names counted names. `ouro.heap{max_objects=, max_bytes=, max_frames=}` makes another heap
-- `h`, with the same functions as methods: `h:list{}`, `h:frame()`, `h:live()`, `h:close()`.
--
-- In a script run by `ouro`, and in the shell:
--
-- * `load`, `loadfile` and `dofile` give what they load the names of main, unless an environment is
--   given. (`_G.load` and the others in `_G` are Lua's own, which give the globals.)
-- * A free name is looked up among the names, then among the functions of ouro, then in `_G`, Lua's
--   table of globals. Assigning binds a name, which hides a global until `del`.
-- * `_G.x` reads and assigns the name `x` of main, unless there is a global of that name;
--   `pairs(_G)` passes over the globals, then the names; `rawget`, `rawset` and `next` see globals
--   alone.
-- * A module loaded by `require` sees the globals alone, and what a script assigned through `_G`.
--   The globals that it sets are seen by scripts behind their names.
-- * `_ENV` is main: `pairs(_ENV)` gives names in order of binding. It is no table;
--   `setmetatable(_ENV, ...)` is an error; `setmetatable(_G, ...)` is for what no name answers. A
--   metatable set there takes the place of the one that gives `_G.x` the names.
--
-- Every mistake is a Lua error that names the thing and the remedy; after it the heap is as it was.

---@class ouro.Object: userdata
---@field [any] any

-- ## Building

---The module, or in scripts the names behind the script's own: everything here works on the
---default heap. `require "ouro"`
---@class ouro
local ouro = {}

---The name and the version of ouro.
---@type string
ouro._VERSION = "ouro"

---`list{a, b}`
---A growable array from a table, list, tuple, set or dict (its keys). `l[i]`, `#l`,
---`l[#l+1] = v` appends. Reading or writing outside is an error. `list(table.pack(1, nil, 3))`
---keeps the hole.
---@param items table|ouro.Object
---@return ouro.List
function ouro.list(items) end

---`l`
---A list: what `list{}` gives.
---@class ouro.List: ouro.Object
---@operator len: integer
local list = {}

---`l:append(v)`
---Adds v at the end.
---@param v any
function list:append(v) end

---`l:insert(i, v)`
---Puts v at place i; what was there and behind it moves up.
---@param i integer
---@param v any
function list:insert(i, v) end

---`l:pop([i])`
---Removes the last item, or the one at place i, and gives it.
---@param i? integer
---@return any
function list:pop(i) end

---`l:remove(v)`
---Removes the first item that is equal to v; it is an error if none is.
---@param v any
function list:remove(v) end

---`l:extend(seq)`
---Appends the items of a table, list, tuple, set or dict (its keys).
---@param seq table|ouro.Object
function list:extend(seq) end

---`l:index(v)`
---The place of the first item that is equal to v; nil if there is none.
---@param v any
---@return integer?
function list:index(v) end

---`l:reverse()`
---Turns the order round, in place.
function list:reverse() end

---`l:sort([lt])`
---Sorts in place, by `<` or by `lt(a, b)`.
---@param lt? fun(a: any, b: any): boolean
function list:sort(lt) end

---`tuple{a, b}`
---The same as a list, fixed; a key by value if its items are.
---@param items table|ouro.Object
---@return ouro.Tuple
function ouro.tuple(items) end

---`t`
---A tuple: what `tuple{}` gives.
---@class ouro.Tuple: ouro.Object
---@operator len: integer
local tuple = {}

---`t:index(v)`
---The place of the first item that is equal to v; nil if there is none.
---@param v any
---@return integer?
function tuple:index(v) end

---`dict{k = v}`
---A map that keeps insertion order; from a table: numbers in order, then strings in order.
---`d[k]`, `d[k] = v`, `d[k] = nil` deletes, `#d`, `pairs(d)`. No methods: every key is yours.
---@param entries table|ouro.Object
---@return ouro.Object
function ouro.dict(entries) end

---`set{a, b}`
---A set of values: `s[v]`, `s[v] = true`, `s[v] = nil`, `#s`, `pairs(s)`.
---@param members table|ouro.Object
---@return ouro.Object
function ouro.set(members) end

---`object{a = 1}`
---An open bag of attributes.
---@param attributes? table
---@return ouro.Object
function ouro.object(attributes) end

---`class(name [, slots] [, base])`
---A class. With slots an instance has just these, and an unknown one is an error; without,
---attributes are open. `Node(1, 2)` fills slots in order, or calls `__init(self, ...)`; a class
---without either takes one table of attributes. Attributes of a class are its instances' and its
---derived classes', where these have none of their own; what is assigned later serves the
---instances that exist. In the shell `Node = class("Node", ...)` again, with the same slots and
---base, is the same class emptied of its attributes; in a script it is another.
---@param name string
---@param slots? string[]|ouro.Class
---@param base? ouro.Class
---@return ouro.Class
function ouro.class(name, slots, base) end

---`super(self)`, `super(Class, self)`
---In a method, the methods of the base: `super(self):describe()` calls that of the base of the
---class which the method is in; for functions within a method say which class that is. Where the
---base has no `__init`, `super(self):__init(...)` fills its slots. `Class.super` is the base.
---@param self ouro.Object
---@param instance? ouro.Object
---@return table
function ouro.super(self, instance) end

---`Class`
---A class: what `class("Name")` gives. `function Node:f() end` defines a method; methods are
---inherited. Beside those below, arithmetic, bits, comparison and concatenation are as in Lua:
---`__add`, `__sub`, `__mul`, `__div`, `__mod`, `__pow`, `__unm`, `__idiv`, `__band`, `__bor`,
---`__bxor`, `__bnot`, `__shl`, `__shr`, `__concat`, `__lt`, `__le`.
---@class ouro.Class: ouro.Object
---Sets up a new instance, with the arguments of the call.
---@field __init? fun(self: ouro.Object, ...: any)
---The finalizer, looked up when an instance dies; called at most once for each.
---@field __del? fun(self: ouro.Object)
---The text of an instance, for `repr`, `tostring` and `print`.
---@field __repr? fun(self: ouro.Object): string
---Like `__repr`.
---@field __tostring? fun(self: ouro.Object): string
---Whether two objects are equal, at least one of which is an instance.
---@field __eq? fun(a: ouro.Object, b: ouro.Object): boolean
---A number, string or tuple, alike for what `__eq` calls equal; false: no instance is a key.
---@field __hash? false|fun(self: ouro.Object): number|string|ouro.Tuple
---What `#x` gives.
---@field __len? fun(self: ouro.Object): any
---What calling an instance does.
---@field __call? fun(self: ouro.Object, ...: any): any
---A function or table that answers for attributes that are not there.
---@field __index? table|ouro.Object|fun(self: ouro.Object, key: any): any
---A function or table that takes assignments to attributes that are not there.
---@field __newindex? table|ouro.Object|fun(self: ouro.Object, key: any, value: any)
---What `pairs(x)` gives.
---@field __pairs? fun(self: ouro.Object): function, any, any
---Called when a local `<close>` that has an instance goes out of scope.
---@field __close? fun(self: ouro.Object, problem: any)

---`copy(x)`
---A shallow copy.
---@param x ouro.Object
---@return ouro.Object
function ouro.copy(x) end

---`deepcopy(x [, levels])`
---A deep copy, which keeps sharing and cycles; of any depth or, with `levels`, an error if there
---are more levels than that, x being the first.
---@param x ouro.Object
---@param levels? integer
---@return ouro.Object
function ouro.deepcopy(x, levels) end

---`build`
---Ready structures of any size, made in C.
---@class ouro.build
ouro.build = {}

---`build.chain(n [, Class])`
---n objects, each of which refers to the next; gives the first.
---@param n integer
---@param class? ouro.Class
---@return ouro.Object
function ouro.build.chain(n, class) end

---`build.ring(n [, Class])`
---A chain whose last object refers to the first.
---@param n integer
---@param class? ouro.Class
---@return ouro.Object
function ouro.build.ring(n, class) end

---`build.tree(depth, fanout [, Class])`
---A tree; with a fanout of 2 the branches are `left` and `right`. Gives the root.
---@param depth integer
---@param fanout integer
---@param class? ouro.Class
---@return ouro.Object
function ouro.build.tree(depth, fanout, class) end

---`build.grid(w, h [, Class])`
---Objects in rows, each of which refers to those to the `right` and `down`.
---@param w integer
---@param h integer
---@param class? ouro.Class
---@return ouro.Object
function ouro.build.grid(w, h, class) end

---`build.graph{nodes=, degree=, seed=, class=}`
---Objects that refer to others at random, the same for the same seed.
---@param options {nodes: integer, degree?: integer, seed?: integer, class?: ouro.Class}
---@return ouro.Object
function ouro.build.graph(options) end

---`frame([name])`
---Main's names; with a name, a frame that is not on the stack.
---@param name? string
---@return ouro.Object
function ouro.frame(name) end

---`call(f, ...)`
---`f(frame, ...)` with a frame of its own, whose names go when f returns or raises.
---@param f fun(frame: ouro.Object, ...: any): any
---@param ... any
---@return any
function ouro.call(f, ...) end

-- `__eq(a, b)` decides about two objects of which at least one is an instance of the class, the
-- left one's class first; wherever values are compared: `==`, in lists, tuples, dicts and sets,
-- `l:index`, `l:remove`, keys. The same object is equal to itself without being asked.
-- `__hash(self)` returns a number, a string or a tuple, alike for what `__eq` calls equal:
--
-- ```lua
-- Point = class("Point", {"x", "y"})
-- function Point.__eq(a, b) return a.x == b.x and a.y == b.y end
-- function Point:__hash() return tuple{self.x, self.y} end
-- d = dict{}; d[Point(1, 2)] = "here"; print(d[Point(1, 2)])
-- ```
--
-- A class with `__eq` and without `__hash` (or with `__hash = false`) makes no keys. An equal key
-- replaces the value; the first key stays. What is a key, and a tuple once hashed, keeps its hash:
-- a key that is changed so that its hash would be another is not found any more. Weak sets and weak
-- keys go by identity. Neither method may yield or close the heap, and one that changes the very
-- container it is asked for gets an error or the answer that then is right.
--
-- Numbers, booleans and strings are stored as they are and come back bit for bit. Functions,
-- tables, coroutines and userdata are kept alive by the object that holds them.

return ouro
