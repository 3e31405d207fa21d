#!/bin/sh
# SPDX-License-Identifier: MIT
# TAP: in the shell a class that is defined again serves the instances that exist.
. "$(dirname "$0")/tap"

# means NAME OUTPUT LINE...: what the prompt prints for the lines, joined by "|".
means() {
    name=$1 expected=$2
    shift 2
    printf '%s\n' "$@" >input
    "$ouro" -i <input >out 2>err
    same "$name" "$expected" \
        "$(sed -e 1d -e 's/^\(>>* \)*//' -e '/^$/d' out | paste -sd '|' -; sed -n 1p err)"
}

means "methods defined again" "1|2|true" \
    'Node = class("Node", {"v"})' 'function Node:f() return 1 end' 'x = Node(5)' 'x:f()' \
    'Node = class("Node", {"v"})' 'function Node:f() return 2 end' 'x:f()' 'isinstance(x, Node)'
means "the class is emptied first" "nil|Node(v=5)|nil|0" \
    'Node = class("Node", {"v"})' 'function Node:__repr() return "mine" end' \
    'function Node:__del() print("del") end' 'function Node.__eq() return true end' \
    'Node.attribute = list{}' 'w = weak(Node.attribute)' 'x = Node(5)' \
    'Node = class("Node", {"v"})' 'Node.attribute' 'x' 'w()' 'x = nil' 'heap.check() and 0'
means "derived classes see the new methods" "new" \
    'A = class("A")' 'function A:f() return "old" end' 'B = class("B", A)' 'b = B()' \
    'A = class("A")' 'function A:f() return "new" end' 'b:f()'
means "a derived class, too" "2" \
    'A = class("A")' 'B = class("B", A)' 'function B:f() return 1 end' 'b = B()' \
    'B = class("B", A)' 'function B:f() return 2 end' 'b:f()'
means "what its attributes leave behind may do anything" "went|1|1" \
    'C = class("C")' 'A = class("A")' 'A.c = C()' \
    'function C:__del() print("went") A.x = 1 end' 'A = class("A")' 'refcount(A)' 'A.x'
means "other slots, another base, another name: another class" "1|1|1" \
    'A = class("A", {"v"})' 'function A:f() return 1 end' 'a = A(1)' \
    'A = class("A", {"v", "w"})' 'a:f()' 'A = class("A")' 'a:f()' 'B = class("A", {"v"})' 'a:f()'
means "the count of the class is as before" "1|1" \
    'A = class("A")' 'refcount(A)' 'A = class("A")' 'refcount(A)'

cat >script.lua <<'END'
A = class("A")
function A:f() return 1 end
a = A()
A = class("A")
print(a:f(), isinstance(a, A))
END
run script.lua
check "in a script it is another class" 0 "1|false"
finish
