-- SPDX-License-Identifier: MIT
-- Gc: definitions (LuaCATS) of the table `gc` (building.lua says what is made of these files).
---@meta

---@class ouro
local ouro = {}

-- ## `gc`

---`gc`
---The collector.
---@class ouro.gc
---@field garbage ouro.Object # a list of what `gc.saveall(true)` has kept
ouro.gc = {}

---`gc.collect([generation])`
---Collects garbage cycles: how many objects were found unreachable and dead; 0 from within a
---collection.
---@param generation? integer
---@return integer
function ouro.gc.collect(generation) end

---`collect([generation])`
---The same as `gc.collect`.
---@param generation? integer
---@return integer
function ouro.collect(generation) end

---`gc.enable()`
---Automatic collection, from now on.
function ouro.gc.enable() end

---`gc.disable()`
---No automatic collection any more.
function ouro.gc.disable() end

---`gc.isenabled()`
---Whether collections come by themselves.
---@return boolean
function ouro.gc.isenabled() end

---`gc.policy([name [, options]])`
---The collector in use; with a name, that of the one before. Switching keeps the heap. Options are
---those of the policy: `slice` of `incremental`, in units of work.
---@param name? string
---@param options? table
---@return string
function ouro.gc.policy(name, options) end

---`gc.add_policy(name, f [, description])`
---A collector written in Lua: f gets a collection. The heap checks what it claims.
---@param name string
---@param f function
---@param description? string
function ouro.gc.add_policy(name, f, description) end

---`gc.stepper()`
---A collection by hand: step, next_phase, run, close, phase, object, colour, trial, candidates.
---Until it has ended nothing else of the heap can be used.
---@return table
function ouro.gc.stepper() end

---`gc.verify([bool])`
---Whether each collection is confirmed by an independent search before anything is freed.
---@param on? boolean
---@return boolean
function ouro.gc.verify(on) end

---`gc.policies()`
---The names of the collectors, with a line each on how they work: `generational` (the default),
---`incremental`, `refcount`, `tracing` and `trial`. Prints well.
---@return table<string|integer, string>
function ouro.gc.policies() end

---`gc.threshold([a [, b [, c]]])`
---The pacing, as `core/include/ouro/collect.h` says; sets what is given.
---@param a? integer
---@param b? integer
---@param c? integer
---@return integer, integer, integer
function ouro.gc.threshold(a, b, c) end

---`gc.count()`
---What the thresholds are compared with.
---@return integer, integer, integer
function ouro.gc.count() end

---`gc.stress{every=, at=}`, `gc.stress(false)`, `gc.stress()`
---While automatic collection is on: a full one at every `every`-th safe point, or at the
---`at`-th; returns how many points have passed since it was set.
---@param when? false|{every?: integer, at?: integer}
---@return integer
function ouro.gc.stress(when) end

---`gc.stats()`
---The heap's history in numbers. Prints well.
---@return ouro.Stats
function ouro.gc.stats() end

---`s`
---What `gc.stats()` gives.
---@class ouro.Stats
---@field objects integer # objects that live
---@field bytes integer # bytes they take
---@field peak_bytes integer # the most there ever were
---@field births integer # objects made
---@field deaths integer # objects that have died
---@field collections integer # collections, in all generations
---@field collected integer # objects that collections have freed
---@field resurrected integer # objects that finalizers have made reachable again
---@field finalizers integer # finalizers run
---@field callbacks integer # callbacks and records run
---@field errors integer # errors in them
---@field pause_ns_total integer # nanoseconds in collections
---@field pause_ns_max integer # nanoseconds in the longest
---@field generations table[] # by generation: `generation`, `collections`, `collected`
---@field pauses table[] # a histogram: `count` of pauses up to `le_us` microseconds
---@field policies table # the work of each collector, by name, an array by generation

---`gc.objects([type])`
---The objects there are, of all types or one. The result names them by id and holds nothing.
---@param type? string
---@return ouro.Entry[]
function ouro.gc.objects(type) end

---`gc.referents(x)`
---What x refers to. The result holds nothing.
---@param x ouro.Object
---@return ouro.Entry[]
function ouro.gc.referents(x) end

---`gc.referrers(x)`
---Who refers to x: objects, frames with the name, places in Lua. The result holds nothing.
---@param x ouro.Object
---@return ouro.Entry[]
function ouro.gc.referrers(x) end

---`e`
---A line of `gc.objects`, `gc.referents`, `gc.referrers`, `heap.cycles` and `heap.leaked`.
---@class ouro.Entry
---@field id? integer # the object's id
---@field type? string # its type
---@field text string # its text
---@field label? string # the reference: an attribute, item or name
---@field frame? string # the frame of a name
---@field kind? string # of a place in Lua, whose type is `lua`: `local`, `upvalue`, `field` ...
---@field source? string # of a local or an upvalue: the file
---@field line? integer # of a local or an upvalue: the line

---`gc.freeze()`
---Sets the present objects aside: collections pass over them.
function ouro.gc.freeze() end

---`gc.unfreeze()`
---Brings them back.
function ouro.gc.unfreeze() end

---`gc.frozen()`
---How many are set aside.
---@return integer
function ouro.gc.frozen() end

---`gc.saveall([bool])`
---Keeps in `gc.garbage` what would be freed; gives what was set before.
---@param on? boolean
---@return boolean
function ouro.gc.saveall(on) end

---`gc.is_finalized(x)`
---Whether its `__del` has run.
---@param x ouro.Object
---@return boolean
function ouro.gc.is_finalized(x) end

---`gc.on(event, f)`
---Calls f at each `start`, `stop`, `birth`, `death`, `cycle`, `resurrect`, `error` or `step`,
---with a table that says what happened, never with the dying object. Handlers run at the end of
---the operation, in the order of events. What they cause themselves is told after that, 16 rounds
---or 1000 events of it at most: a handler of births that makes objects comes to an end, and what
---was not told is reported as an error.
---@param event ouro.event
---@param f fun(info: ouro.Event)
function ouro.gc.on(event, f) end

---`gc.off(event, f)`
---Does not call it any more.
---@param event ouro.event
---@param f fun(info: ouro.Event)
function ouro.gc.off(event, f) end

---@alias ouro.event "start"|"stop"|"birth"|"death"|"cycle"|"resurrect"|"error"|"step"

---`info`
---What the function of `gc.on` gets.
---@class ouro.Event
---@field event ouro.event # which it is
---@field id? integer # the object's id
---@field type? string # its type
---@field text? string # its text, or that of an error
---@field by? string # of a death: `count`, `collection`, `limit` or `close`
---@field generation? integer # of a collection
---@field count? integer # of a collection: objects found
---@field phase? string # of a step: which phase it was

---`gc.on_error([f])`
---f gets a table for each error of a finalizer, callback, finalize record or listener; nil:
---standard error; returns the function before. Without an argument it only asks. An error in f,
---or one that f causes, goes to standard error, with the one it was told of. `ouro --strict`
---turns any of them into exit status 1.
---@param f? fun(problem: ouro.Problem)
---@return function?
function ouro.gc.on_error(f) end

---`problem`
---What the function of `gc.on_error` gets.
---@class ouro.Problem
---@field message any # the error
---@field traceback string # where it was raised
---@field what string # what was running
---@field type? string # the type of the object whose finalizer it was
---@field id? integer # the id of that object

return ouro
