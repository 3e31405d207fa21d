#!/bin/sh
# SPDX-License-Identifier: MIT
# TAP: the statement `del` of the prompt, as the command in OURO rewrites it.
#
# A name `del` of our own prints what it is called with, so that each line below says what
# the rewriting was; a table prints as its name.
. "$(dirname "$0")/tap"

cat >start.lua <<'END'
local names = {}
local function show(...)
    local texts = {}
    for i = 1, select("#", ...) do
        local v = select(i, ...)
        texts[i] = names[v] or (type(v) == "string" and ("%q"):format(v) or tostring(v))
    end
    print("del(" .. table.concat(texts, ", ") .. ")")
end
function name(n, t) names[t] = n return t end
del = show
c = name("c", {})
b = name("b", { c = c })
a = name("a", { b = b, del = "field" })
l = name("l", { 1, 2, name("l3", { 7 }) })
o = name("o", { m = function() return a end, del = function(self, v) return v end })
function f() return a end
i, x, y, z = 2, 1, 1, 1
END

# means TEXT RESULT: what the prompt prints for the text.
means() {
    printf '%s\n' "$1" >input
    export OURO_INIT=@start.lua
    "$ouro" -i <input >out 2>err
    # The banner, and the prompts before what is printed and alone on the last line.
    same "$(printf '%s' "$1" | tr '\n#' '|N')" "$2" \
        "$(sed -e 1d -e 's/^\(>>* \)*//' -e '/^$/d' out | tr '\t' '|'; sed -n 1p err)"
}

# --- what is rewritten --------------------------------------------------------------------

means 'del x' 'del("x")'
means '  del x  ' 'del("x")'
means 'del x, y' 'del("x", "y")'
means 'del x , y,z' 'del("x", "y", "z")'
means 'del a.b' 'del(a, "b")'
means 'del a.b.c' 'del(b, "c")'
means 'del a . b' 'del(a, "b")'
means 'del l[2]' 'del(l, 2)'
means 'del l[i + 1]' 'del(l, 3)'
means 'del l[#l]' 'del(l, 3)'
means 'del l[3][1]' 'del(l3, 1)'
means 'del a["b"]' 'del(a, "b")'
means 'del a["]"]' 'del(a, "]")'
means 'del a[ [[b]] ]' 'del(a, "b")'
means 'del a[ [==[]]]==] ]' 'del(a, "]]")'
means 'del l[(function(...) return ... end)(2, 3)]' 'del(l, 2)'
means 'del f().b' 'del(a, "b")'
means 'del f(1, ")").b' 'del(a, "b")'
means 'del f{1}.b' 'del(a, "b")'
means 'del f"x".b' 'del(a, "b")'
means 'del o:m().b' 'del(a, "b")'
means 'del o:m"x".b.c' 'del(b, "c")'
means 'del x, a.b, y, z, l[1]' 'del("x")
del(a, "b")
del("y", "z")
del(l, 1)'

# --- where ---------------------------------------------------------------------------------

means 'x = 1; del x; y = 2' 'del("x")'
means 'x = 1 del x y = 2' 'del("x")'
means 'x = "s" del x' 'del("x")'
means 'x = f() del x' 'del("x")'
means 'del x del y' 'del("x")
del("y")'
means 'if x then del x end' 'del("x")'
means 'if nil then x = 1 else del x end' 'del("x")'
means 'while x do del x break end' 'del("x")'
means 'repeat del x until true' 'del("x")'
means 'do del x end del y' 'del("x")
del("y")'
means 'function g() del x return 1 end g()' 'del("x")'
means 'goto on ::on:: del x' 'del("x")'
means 'del x -- del y' 'del("x")'
means 'del --[[ which? ]] x' 'del("x")'
means 'del a --[[b]] . --[=[c]=] b' 'del(a, "b")'
means 'for i = 1, 2 do
del x
end' 'del("x")
del("x")'
means 'do
del a.b
(print)("next")
end' 'del(a, "b")
next'

# --- what is not ---------------------------------------------------------------------------

means 'del("p", "q")' 'del("p", "q")'
means 'del "p"; x = 1' 'del("p")'
means 'del = print; del("own")' 'own'
means 'local del = print; del("own")' 'own'
means 'local del x = 1; print(x)' '1'
means 'x = a.del y = 2; print(x, y)' 'field|2'
means 'x = a.del; print(x)' 'field'
means 'do x = a
.del y = 2; print(x, y) end' 'field|2'
means 'do x =
del
y = 3 print(type(x), y) end' 'function|3'
means 'do goto
del
::del:: y = 4 print(y) end' '4'
means 'print(o:del "method")' 'method'
means 'goto del ::del:: x = 3 print(x)' '3'
means 'for del = 1, 2 do x = del end print(x)' '2'
means 'x = type(del) print(x)' 'function'
means 'del, x = 1, 2 print(del, x)' '1|2'
means 'x = "del x" .. [[ del y]] .. [==[;
del z]==]; print((x:gsub("\n", "|")))' 'del x del y;|del z'
means '-- del x' ''
means '--[[ del x
del y ]] print(1)' '1'
means 'x = { del = 1, del }; print(x.del)' '1'
means 'function o.del(x) return x end print(o.del(3))' '3'
means 'print(function(del) return del end ~= nil)' 'true'
means "do x = 'a;\\
del x' print((x:gsub('\\n', '|'))) end" "a;|del x"
means "do x = 'a;\\z
del x' print(x) end" "a;del x"

# --- mistakes, and more to come -------------------------------------------------------------

means 'del f()' "stdin:1: syntax error near 'f'"
means 'del x.y()' "stdin:1: syntax error near 'x'"
means 'del 1' "stdin:1: syntax error near '1'"
means 'del end' "stdin:1: syntax error near 'end'"
means 'del x,
y' 'del("x", "y")'
means 'del a.
b' 'del(a, "b")'
means 'del l[
2
]' 'del(l, 2)'
means 'if x then del a
.b
end' 'del(a, "b")'
means 'do
del x
error("line 3", 1)
end' 'del("x")
stdin:3: line 3'

finish
