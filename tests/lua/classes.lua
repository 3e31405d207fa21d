-- SPDX-License-Identifier: MIT
-- Classes: inheritance, super, metamethods as in Lua 5.4, attributes of classes, isinstance.
local tap = require "ouro.tap"
local is, ok, like, throws = tap.is, tap.ok, tap.like, tap.throws

tap.subtest("super, from the class that the method is in", function()
    A = class("A")
    function A:__init(v) self.v = v end
    function A:who() return "A" .. self.v end
    function A:count(...) return select("#", ...) end
    A.kind = "first"
    B = class("B", A)
    function B:__init(v, w) super(self):__init(v) self.w = w end
    function B:who() return "B" .. super(self):who() end
    C = class("C", B)
    function C:__init(v, w, x) super(self):__init(v, w) self.x = x end
    function C:who() return "C" .. super(self):who() end
    D = class("D", C)
    d = D(1, 2, 3)
    is(d:who(), "CBA1", "over classes that inherit it")
    is(d.v .. d.w .. d.x, "123", "initializers, too")
    is(super(C, d):who(), "BA1", "the class can be said")
    is(super(B, d).kind, "first", "an attribute that is no method")
    is(super(B, d).nothing, nil, "what is not there is nil")
    is(super(B, d):count(1, nil, nil), 3, "arguments and results as they are")
    is(super(B, d).who(d), "A1", "called with a dot, with any instance")
    local s = super(B, d)
    is(s:who() .. s:who(), "A1A1", "it can be kept")
    throws(function() s.v = 1 end, "super only gives", "but not assigned to")
    throws(function() super(d) end, "is no method of D: say which class is meant, super%(Class",
        "outside of a method")
    throws(function() super(A, d) end, "A has no base", "a class without a base")
    throws(function() super(C, A(1)) end, "needs a class and an instance of it", "another's")
    throws(function() super(5) end, "has to be a managed object", "a number")
    throws(function() super(list {}) end, "an instance of a class; got list", "a list")
    function B:deep() return pcall(function() return super(B, self):who() end) end
    is(select(2, d:deep()), "A1", "from a function within a method, with the class")
    function B:yields() return super(self):yielded() end
    function A:yielded() return coroutine.yield(self.v) end
    local co = coroutine.wrap(function() return d:yields() end)
    is(co(), 1, "a coroutine may yield within")
    is(co("back"), "back")
    is(B.super == A and A.super == nil and B.__base == A, true, "Class.super is the base")
    function C:who() return "C" .. C.super.who(self) end
    is(d:who(), "CBA1", "which serves as well")
    del("A", "B", "C", "D", "d")
end)

tap.subtest("super without an __init in the base", function()
    Point = class("Point", { "x", "y" })
    Point3 = class("Point3", { "z" }, Point)
    function Point3:__init(x, y, z) super(self):__init(x, y) self.z = z end
    local p = Point3(1, list {}, 3)
    is(p.x .. tostring(p.y) .. p.z, "1[]3", "fills the base's slots")
    is(refcount(p.y), 1, "and counts once")
    function Point3:__init(...) super(self):__init(...) end
    throws(function() Point3(1, 2, 3) end, "Point has 2 slots, but 3 values", "too many")
    Open = class("Open")
    More = class("More", Open)
    function More:__init(t) super(self):__init(t) self.b = 2 end
    is(repr(More { a = 1 }), "More(a=1, b=2)", "or takes a table of attributes")
    function More:__init(t) super(self):__init(1, 2) end
    throws(function() More {} end, "one table of attributes", "and nothing else")
    ok(heap.check(), "the heap checks")
    del("Point", "Point3", "Open", "More")
end)

tap.subtest("metamethods, inherited and on either side", function()
    M = class("M", { "v" })
    Sub = class("Sub", M)
    local function value(x) return isinstance(x, M) and x.v or x end
    for event, f in pairs {
        __add = function(a, b) return a + b end, __concat = function(a, b) return a .. b end,
        __idiv = function(a, b) return a // b end, __shl = function(a, b) return a << b end,
    } do M[event] = function(a, b) return f(value(a), value(b)) end end
    local m, s = M(6), Sub(2)
    is(m + s .. " " .. (1 + s) .. " " .. (m .. s) .. " " .. (m .. "x") .. " " .. (1 .. m),
        "8 3 62 6x 16", "of two classes, and of one")
    is(m // s .. " " .. (m << s), "3 24", "of numbers")
    function M.__lt(a, b) return value(a) < value(b) end
    function M.__le(a, b) return value(a) <= value(b) end
    is(tostring(s < m) .. tostring(m < 7) .. tostring(7 <= m) .. tostring(m > s),
        "truetruefalsetrue", "comparison, with numbers as well")
    function M:__len() return self.v end
    function M:__call(...) return self.v, ... end
    function M:__unm() return -self.v end
    is(#s .. " " .. -s .. " " .. select("#", s(nil, nil)), "2 -2 3", "length, minus, call")
    function M:__repr() return "<" .. self.v .. ">" end
    is(tostring(s) .. repr(list { s }), "<2>[<2>]", "tostring by __repr")
    function M:__tostring() return "text" end
    is(tostring(s) .. repr(s), "text<2>", "or by its own")
    function M:__pairs() return function(_, k) if not k then return 1, self.v end end end
    for k, v in pairs(s) do is(k .. "=" .. v, "1=2", "pairs") end
    M.__pairs = nil
    for k, v in pairs(s) do is(k .. "=" .. v, "v=2", "and without") end
    local log = {}
    function M:__close(e) log[#log + 1] = self.v .. ":" .. tostring(e) end
    do local a <close>, b = M(1), 2 end
    pcall(function() local a <close> = M(3) error("oops", 0) end)
    is(table.concat(log, " "), "1:nil 3:oops", "to be closed, with the error")
    throws(function() function M:__gc() end end, "the finalizer of an instance is __del", "no __gc")
    throws(function() return M(1) | 1 end, "bor is not defined for M and", "what is not defined")
    throws(function() return list {} < list {} end, "lt is not defined for list", "or not here")
    del("M", "Sub")
end)

tap.subtest("__index and __newindex as fallbacks", function()
    F = class("F")
    local log = {}
    function F:__index(k) return "no " .. tostring(k) end
    function F:__newindex(k, v) log[#log + 1] = k end
    local f = F()
    is(f.x, "no x", "what is not there")
    f.x = 1
    is(log[1], "x", "assigned")
    is(f.x, "no x", "and not stored")
    function F:method() return "method" end
    is(f:method(), "method", "the class comes first")
    G = class("G", F)
    is(G().y, "no y", "inherited")
    G.y = "class"
    is(G().y, "class", "after the attributes of all classes")
    del("F", "G")
end)

tap.subtest("attributes of a class", function()
    K = class("K")
    L = class("L", K)
    K.shared = list { 1 }
    ok(same(L.shared, K.shared) and same(L().shared, K.shared), "inherited, by instances, too")
    is(refcount(K.shared), 1, "counted once")
    L.shared = 2
    is(tostring(K.shared) .. L.shared .. L().shared, "[1]22", "hidden by the derived class's")
    L.shared = nil
    is(tostring(L.shared), "[1]", "until that goes")
    local k = K()
    k.shared = 3
    is(k.shared .. tostring(K().shared), "3[1]", "hidden by the instance's")
    K.shared = nil
    is(L().shared, nil, "gone for all")
    is(K.__name .. L.__name .. tostring(K), "KL<class K>", "their names")
    del("K", "L")
end)

tap.subtest("isinstance", function()
    P = class("P")
    Q = class("Q", P)
    ok(isinstance(Q(), P) and isinstance(Q(), Q) and not isinstance(P(), Q), "of a base")
    ok(not isinstance(Q, P) and not isinstance(5, P) and not isinstance(nil, P), "nothing else")
    throws(function() isinstance(Q(), 5) end, "has to be a class; got number", "a class is needed")
    local other = class("P")
    ok(not isinstance(P(), other), "in a script another class of the name is another class")
    del("P", "Q")
end)

tap.subtest("methods defined again serve the instances that exist", function()
    R = class("R", { "v" })
    local log = {}
    function R:name() return "old" end
    function R:__del() log[#log + 1] = "old" end
    r, s = R(1), R(2)
    function R:name() return "new" end
    function R:more() return self.v end
    function R:__del() log[#log + 1] = "new" end
    is(r:name() .. r:more(), "new1", "methods")
    r = nil
    is(log[1], "new", "and finalizers")
    R.__del = nil
    s = nil
    is(#log, 1, "or none")
    del "R"
end)

tap.done_testing()
