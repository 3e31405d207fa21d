-- SPDX-License-Identifier: MIT
-- Oom calls: what oom_calls.c runs short of memory. A case is a name and a chunk over the
-- names of `prepare`; each call of lua-api.md that exists is in one. A chunk does one thing,
-- which therefore has happened or not; with `loose`, parts of it may have happened. `todo`: why
-- it fails.
local cases, known = {}, {}

local function case(names, chunk, loose, todo)
    cases[#cases + 1] = { chunk = chunk, loose = loose, todo = todo }
    for name in names:gmatch("%S+") do known[name] = true end
end

-- Building.
case("list", "return list{1, 'a long text that needs a cell', {}, function() end}")
case("tuple", "return tuple{1, 2, l}")
case("dict", "return dict{a = 1, b = l, c = 'text'}")
case("set", "return set{1, 'text', t}")
case("object", "return object{a = 1, b = l}")
case("class", "return class('Fresh', {'a', 'b'}, Node)")
case("class", "return class('Open')")
case("class", "return Node(1, l)")
case("class", "return Init(7)")
case("class", "function Node:method() end")
case("super", "local A = class('A') function A:m() return self end "
    .. "local B = class('B', A) return super(B, B()):m()", true)
case("super", "local A = class('A', {'a'}) local B = class('B', A) "
    .. "function B:__init(v) super(self):__init(v) end return B('a long text that needs a cell')",
    true)
case("", "for k, v in pairs(n) do local a = k end")
case("copy", "return copy(l)")
case("deepcopy", "return deepcopy(l)")
case("build.chain", "return build.chain(5)")
case("build.ring", "return build.ring(5)")
case("build.ring", "return build.ring(5, class('Fresh', {'a', 'b', 'c'}))")
case("build.tree", "return build.tree(2, 2)")
case("build.grid", "return build.grid(3, 3)")
case("build.graph", "return build.graph{nodes = 5, degree = 2, seed = 1}")
case("build.graph", "return build.graph{nodes = 5, degree = 5, seed = 1}")
case("frame", "return frame('side')")
case("call", "return call(function(_ENV, a) x = list{a} return x end, l)")

-- Lists and the rest.
case("list.append", "l:append('a text that is new to this heap')")
case("list.insert", "l:insert(1, d)")
case("list.pop", "l:pop(2)")
case("list.remove", "l:remove(1)")
case("list.extend", "l:extend{7, 8, 9, 10, 11, 12, 13, 14, 15}")
case("list.extend", "l:extend(t)")
case("list.extend", "l:extend{'first new text', 'second new text', 1 << 63}")
case("list.index", "return l:index('x')")
case("list.reverse", "l:reverse()")
case("list.sort", "numbers:sort()")
case("list.sort", "numbers:sort(function(a, b) return a > b end)")
case("tuple.index", "return t:index(2)")
case("", "l[#l + 1] = function() end")
case("", "d.another = coroutine.create(print)")
case("", "d[t] = l")
case("", "d.k = nil")
case("", "s[t] = true")
case("", "s.x = nil")
case("", "o.another = l")
case("", "n.next = n")
case("", "fresh = l")
case("", "l = nil")
case("", "return l == l2, t == t2, d == d2, s == s2")
case("", "for k, v in pairs(d) do local a = k end")
case("ipairs", "for i, v in ipairs(l) do local a = v end")

-- Letting go.
case("del", "del 'l'")
case("del", "del(l, 2)")
case("del", "del(d, 'k')")
case("clear", "clear(l)")
case("pin", "pin(l)")
case("unpin", "unpin(pinned)")
case("settle", "settle()", true)

-- Looking.
case("refcount getrefcount", "return refcount(l), getrefcount(l)")
case("holders", "return holders(l)")
case("holders", "local held = l local t = {{l}, [l] = 1} return holders(l), held, t")
case("id", "return id(l)")
case("obj", "return obj(id(l))")
case("same", "return same(l, l2)")
case("typeof isinstance", "return typeof(n), isinstance(n, Node)")
case("repr", "return repr(l)")
case("repr", "return tostring(deep)")
case("attrs", "for label, v in attrs(n) do local a = label end")
case("sizeof", "return sizeof(l)")
case("names", "return names()")
case("stack", "return stack()")

-- Weak references and finalizers.
case("weak", "return weak(l)")
case("weak", "return weak(l, function() end)")
case("finalize", "return finalize(l, print, 1, 2, l2)")
case("", "return w()")
case("", "r:detach()")
case("", "return r:peek()")
case("", "r()")

-- The collector and the heap.
case("gc.collect collect", "return gc.collect()", true)
case("gc.enable gc.disable gc.isenabled", "gc.disable() gc.enable() return gc.isenabled()")
case("gc.policy", "return gc.policy('generational')")
case("gc.policies", "return gc.policies()")
case("gc.policy", "return gc.policy('incremental', {slice = 1000})", true)
case("gc.verify", "return gc.verify(false)")
case("gc.stepper", "local s = gc.stepper() s:step() s:next_phase() s:close()", true)
case("gc.stepper", "local s = gc.stepper() while s:next_phase() do end return s:run()", true)
case("gc.add_policy", "gc.add_policy('own', function() end)")
case("gc.threshold gc.count", "return gc.threshold(), gc.count()")
case("gc.stats", "return tostring(gc.stats())")
case("gc.freeze", "gc.freeze()", true)
case("gc.unfreeze gc.frozen", "gc.unfreeze() return gc.frozen()")
case("gc.on", "gc.on('birth', function() end)")
case("gc.on gc.off", "gc.on('death', print) gc.off('death', print)", true)
case("gc.on_error", "gc.on_error(function() end)")
case("gc.saveall", "gc.saveall(false)")
case("gc.garbage", "return gc.garbage", true)
case("gc.objects", "return gc.objects()")
case("gc.referrers", "return gc.referrers(l)")
case("gc.referrers", "local t = {{l}, [l] = 1} return gc.referrers(l), t")
case("gc.referents", "return gc.referents(l)")
case("gc.is_finalized", "return gc.is_finalized(n)")
case("heap.live heap.bytes", "return heap.live(), heap.bytes()")
case("heap.census", "return heap.census()")
case("heap.cycles", "return heap.cycles()")
case("heap.leaked", "return heap.leaked()")
case("heap.check", "return heap.check()")
case("heap.frame", "return heap.frame()")
case("heap.close", "local h = heap{} h:list{1} h:close()", true)

-- Deaths: nothing of it may be lost, whatever is refused meanwhile.
case("", "doomed = nil", true)
case("", "ring = nil gc.collect()", true)

-- Weak dictionaries.
case("weak.keys", "return weak.keys{[l] = 1, [d] = 'a long text that needs a cell'}")
case("weak.values", "return weak.values{a = l, b = 'a long text that needs a cell'}")
case("weak.set", "return weak.set{l, d, t}")
case("", "local k = weak.keys{} k[l] = l2 return copy(k)")

-- Limits and stress.
case("heap.limits", "return heap.limits{max_frames = 1000}")
case("gc.stress", "gc.stress{every = 0, at = 0} return gc.stress()")

-- Understanding.
case("why", "return tostring(why(l, {all = true}))")
case("why", "local t = {l} return tostring(why(l, {all = true})), t")
case("would_free", "return tostring(would_free(doomed))")
case("would_free", "local t = {l} return tostring(would_free('l')), t")
case("mincut", "return tostring(mincut(l2))")
case("draw", "return tostring(draw(l, {box = true}))")
case("mincut", "local t = {l2} return tostring(mincut(l2)), t")
case("heap.retained", "return heap.retained(deep)")
case("heap.dominators", "return tostring(heap.dominators(3))")
case("heap.dominators", "local t = {list{list{}}} return tostring(heap.dominators(3)), t")
case("heap.snapshot", "return tostring(heap.snapshot():diff(heap.snapshot()))", true)
case("heap.growth", "return heap.growth(function() end, 2)", true)
case("heap.obituaries", "heap.obituaries(5) heap.obituaries(0)")
case("obituary", "return pcall(obituary, 1)", true)

local prepare = [[
l, l2 = list{1, 'x', 3}, list{1, 'x', 3}
t, t2 = tuple{1, 2}, tuple{1, 2}
d, d2 = dict{k = 1, m = 2}, dict{k = 1, m = 2}
s, s2 = set{'x', 'y'}, set{'x', 'y'}
o = object{a = 1}
numbers = list{5, 3, 9, 1, 7}
Node, Init = class('Node', {'val', 'next'}), class('Init', {'val'})
function Init:__init(v) self.val = list{v} end
local dead = {}
function Node:__del() dead[#dead + 1] = self.val end
n = Node(1)
deep = list{l, d, t}
deep:append(deep)
pinned = list{}
pin(pinned)
w = weak(l2)
r = finalize(o, function() end, l)
doomed = Node('doomed', Node('inner'))
ring = Node('ring')
ring.next = Node('back', ring)
]]

-- All that a script can see of them.
local state = [[
settle()
local all = {heap.live(), #names(), refcount(l2), l and refcount(l) or 'no l'}
all[#all + 1] = tostring(gc.isenabled())
for i, name in ipairs{'l', 'l2', 't', 'd', 's', 'o', 'numbers', 'n', 'deep', 'pinned',
                      'fresh', 'Node', 'doomed', 'ring'} do
    local v = _ENV[name]
    all[#all + 1] = name .. '=' .. repr(v)
    if typeof(v) == 'class' then all[#all + 1] = tostring(v.method) end
end
all[#all + 1] = tostring(w.alive) .. tostring(r.alive) .. refcount(pinned)
return table.concat(all, '; ')
]]

-- The functions of the module that no case calls.
local function missing(ouro)
    local list = {}
    local tables = { [""] = ouro, ["gc."] = ouro.gc, ["heap."] = ouro.heap,
                     ["build."] = ouro.build, ["weak."] = ouro.weak }
    for prefix, functions in pairs(tables) do
        for name, f in pairs(functions) do
            local whole = prefix .. tostring(name)
            if type(f) == "function" and not known[whole] then list[#list + 1] = whole end
        end
    end
    table.sort(list)
    return table.concat(list, " ")
end

return { cases = cases, prepare = prepare, state = state, missing = missing }
