-- SPDX-License-Identifier: MIT
-- Heap: definitions (LuaCATS) of the table `heap` and of what explains lives and deaths
-- (building.lua says what is made of these files).
---@meta

---@class ouro
local ouro = {}

-- ## `heap`

---`heap{max_objects=, max_bytes=, max_frames=}`
---Another heap `h`, which has the functions here as methods: `h:list{}`, `h:frame()`,
---`h.gc.collect()`, `h:live()`, `h:close()`. As a table, what there is to know about this one.
---@class ouro.heap
---@overload fun(limits?: ouro.Limits): ouro.Heap
ouro.heap = {}

---`h`
---A heap: what `heap{}` gives.
---@class ouro.Heap: ouro, ouro.heap

---`limits`
---What `heap{}` and `heap.limits` take; 0 is no limit.
---@class ouro.Limits
---@field max_objects? integer # how many objects there may be
---@field max_bytes? integer # how many bytes they may take
---@field max_frames? integer # how many frames may be on the stack

---`heap.live()`
---How many objects live.
---@return integer
function ouro.heap.live() end

---`heap.bytes()`
---How many bytes they take.
---@return integer
function ouro.heap.bytes() end

---`heap.census()`
---Objects and bytes by type: an array of rows, also by the type's name. Prints well.
---@return table<string|integer, ouro.Count>
function ouro.heap.census() end

---`c`
---A row of `heap.census()`.
---@class ouro.Count
---@field type string # the type's name
---@field objects integer # how many
---@field bytes integer # how many bytes

---`heap.cycles()`
---The strongly connected groups, garbage or not.
---@return ouro.Cycle[]
function ouro.heap.cycles() end

---`g`
---A group of `heap.cycles()`: an array of its objects.
---@class ouro.Cycle
---@field garbage boolean # whether nothing outside reaches it
---@field count integer # how many objects it has
---@field circle integer # how many of the first ones are a circle, which its text shows

---`heap.leaked()`
---What nothing counted or held reaches and no collection has taken yet.
---@return ouro.Entry[]
function ouro.heap.leaked() end

---`heap.limits([{max_objects=, max_bytes=, max_frames=}])`
---Sets those given (0: none), returns all. Before something is refused for want of room, what is
---dead dies, and with automatic collection on garbage is collected.
---@param limits? ouro.Limits
---@return ouro.Limits
function ouro.heap.limits(limits) end

---`heap.retained(x)`
---What would go with x, itself included. Plain data (strings) counts in bytes.
---@param x ouro.Object
---@return ouro.Retained
function ouro.heap.retained(x) end

---`heap.dominators([n])`
---The n (10) objects that retain most bytes, as rows.
---@param n? integer
---@return ouro.Retained[]
function ouro.heap.dominators(n) end

---`r`
---What `heap.retained` gives, and a row of `heap.dominators`.
---@class ouro.Retained
---@field id integer # the object's id
---@field type string # its type
---@field text string # its text
---@field objects integer # how many objects would go with it
---@field bytes integer # how many bytes
---@field owner? integer # the id of the nearest object it would not live without
---@field held? string # where Lua holds what has no owner

---`heap.snapshot()`
---A picture that holds nothing, for `a:diff(b)`.
---@return ouro.Snapshot
function ouro.heap.snapshot() end

---`a`
---What `heap.snapshot()` gives.
---@class ouro.Snapshot
---@field objects integer # how many objects there were
---@field bytes integer # how many bytes they took
---@field types string[] # their types
local snapshot = {}

---`a:diff(b)`
---By type what `came`, `went` and `grew` between two pictures: an array of rows, also by the
---type's name. Prints well.
---@param b ouro.Snapshot
---@return table<string|integer, ouro.Change>
function snapshot:diff(b) end

---`d`
---A row of `a:diff(b)` and of `heap.growth(f)`.
---@class ouro.Change
---@field type string # the type's name
---@field came integer # how many objects came
---@field came_bytes integer # their bytes
---@field went integer # how many went
---@field went_bytes integer # their bytes
---@field grew integer # how many of those that stayed grew
---@field grew_bytes integer # by how many bytes

---`heap.growth(f [, times [, {collect=}]])`
---Which types grow at every repetition of f, after one run to warm up (5 times). Collects after
---each only if asked to.
---@param f function
---@param times? integer
---@param options? {collect?: boolean}
---@return table
function ouro.heap.growth(f, times, options) end

---`heap.obituaries([n])`
---Keeps the obituaries of the last n deaths from now on; 0 turns it off (the default). Gives the
---number before.
---@param n? integer
---@return integer
function ouro.heap.obituaries(n) end

---`heap.check()`
---Recomputes everything; true, or an error that names what is off.
---@return boolean
function ouro.heap.check() end

---`heap.frame([name])`
---The same as `frame`.
---@param name? string
---@return ouro.Object
function ouro.heap.frame(name) end

---`heap.close()`
---Closes the heap; gives how many objects were still referenced.
---@return integer
function ouro.heap.close() end

-- ## Understanding
--
-- Looking changes nothing: no count, no object, no collection. The results are tables of ids, types
-- and texts; they hold nothing, and print well. An argument of the call is no reason to live.

---`why(x [, {all=true, max=20}])`
---The shortest chains of references from roots to x; with `all` the shortest from each root, near
---ones first, at most `max`. Weak references are no reason; an entry of `weak.keys` is one while
---its key lives otherwise.
---@param x ouro.Object
---@param options? {all?: boolean, max?: integer}
---@return ouro.Why
function ouro.why(x, options) end

---`w`
---What `why` gives: an array of chains.
---@class ouro.Why
---@field id integer # the object's id
---@field type string # its type
---@field text string # its text
---@field garbage boolean # there is no chain: the object is garbage
---@field more boolean # there are more chains

---`w[i]`
---A chain of `why(x)`: an array of references `{id=, type=, label=, text=}`, that of the root
---first.
---@class ouro.Chain
---@field root string # its beginning: `name x in main`, `pin`, `held by Lua: ...`
---@field kind string # `name`, `pin`, `held`, `heap` or `code`
---@field name? string # of a name
---@field frame? string # the frame of a name

---`would_free("x")`, `would_free(x, key)`, `would_free(x)`
---A dry run of `del "x"` or `del(x, key)`; or what would happen if everything let go of x that
---needs no other object: its names, its pins, Lua.
---@param x string|ouro.Object
---@param key? any
---@return ouro.Verdict
function ouro.would_free(x, key) end

---`v`
---What `would_free` gives.
---@class ouro.Verdict
---@field what string # what the dry run was of
---@field dies ouro.Entry[] # what dies at once, in order of death
---@field finalizers ouro.Entry[] # those whose finalizers would run
---@field stays ouro.Entry[] # what a cycle keeps for a collection
---@field lives ouro.Survivor[] # what lives on
---@field objects integer # how many go at once
---@field bytes integer # how many bytes

---`v.lives[i]`
---Something that lives on.
---@class ouro.Survivor
---@field id integer # the object's id
---@field type string # its type
---@field text string # its text
---@field because string # who keeps it
---@field referrer? integer # the id of that object

---`mincut(x)`
---The fewest references to remove for x to die, those nearest to it, as statements that can be
---pasted in this order. In a cycle x then waits for a collection.
---@param x ouro.Object
---@return ouro.Cut
function ouro.mincut(x) end

---`m`
---What `mincut` gives: an array of references.
---@class ouro.Cut
---@field count? integer # how many; nil when no `del` is enough
---@field reason? string # why none is enough, or none is needed

---`m[i]`
---A reference to remove.
---@class ouro.Line
---@field statement string # what removes it
---@field from? integer # the id of the object that has it
---@field to integer # the id of the object it refers to
---@field text? string # the text of the object that has it

---`draw([x,] [file] [, options])`
---A picture: of the whole heap, or of what x reaches, with the names that lead there. The file's
---name says in which form: .svg, .png and .pdf (drawn by Graphviz), .dot (its language), .html (a
---page that needs no network: pan, zoom, search, click, step) or .txt (a tree). Returns the file's
---name; nil, a message and a code when it cannot be written. Without a file: a value that prints
---as a tree. What is left out is folded into a box that tells how many objects it stands for.
---Garbage is red, weak references are dashed, classes are left out unless they refer to objects
---of their own.
---@param x? ouro.Object
---@param file? string
---@param options? ouro.DrawOptions
---@return string|ouro.Drawing|nil, string?, integer?
function ouro.draw(x, file, options) end

---`options`
---What `draw` takes.
---@class ouro.DrawOptions
---@field max? integer # how many objects are shown; 500
---@field fields? integer # how many fields of one object; 12
---@field run? integer # how long a row of objects is before its middle is folded; 7
---@field box? ouro.Object|true # puts a frame round what lives only because of this object, or of x
---@field classes? boolean # shows all classes of what is shown
---@field names? boolean # false: without the column of names
---@field weak? boolean # false: without weak references
---@field title? string # a title
---@field steps? ouro.DrawStep[] # of a collection, for the page's buttons

---`options.steps[i]`
---A step: an array of what changes, `{id=, colour=, count=}` (white, grey, black, purple, green or
---red; the number beside the object).
---@class ouro.DrawStep
---@field phase string # what it is called
---@field text? string # more about it

---`d`
---What `draw` gives without a file; prints as a tree.
---@class ouro.Drawing

---`obituary(id)`
---Of a dead object, while obituaries are kept; nil for the living and the unknown.
---@param id integer
---@return ouro.Obituary?
function ouro.obituary(id) end

---`o`
---What `obituary` gives.
---@class ouro.Obituary
---@field id integer # the object's id
---@field type string # its type
---@field text string # its text
---@field by string # `count`, `collection`, `limit` or `close`
---@field collection? integer # the number of the collection
---@field generation? integer # its generation
---@field where? string # the line of the script
---@field reference? string # the last reference removed
---@field with? integer # who took it along
---@field took integer[] # whom it took along
---@field finalizer? string # `ran` or `raised an error`

-- ```lua
-- x = list{list{}, list{}}
-- y = x[2]
-- print(why(y, {all = true}))     --> #1 []
--                                 -->   <- name y in main
--                                 -->   <- #2[2] <- name x in main
-- print(mincut(y))                --> del("y")
--                                 --> del(x, 2)
-- ```
--
-- What finalizers would do, `would_free` cannot foresee. Where a death was caused by an operation
-- that found out at the same time that Lua no longer reaches an object, `.reference` names both.

return ouro
