-- SPDX-License-Identifier: MIT
-- Globals: definitions (LuaCATS) for scripts that `ouro` runs, where the names of the module
-- are plain names. Leave this file out of an editor's library for code that requires ouro.
---@meta

local ouro = require "ouro"

attrs = ouro.attrs
build = ouro.build
call = ouro.call
class = ouro.class
clear = ouro.clear
collect = ouro.collect
copy = ouro.copy
deepcopy = ouro.deepcopy
del = ouro.del
dict = ouro.dict
draw = ouro.draw
finalize = ouro.finalize
frame = ouro.frame
gc = ouro.gc
getrefcount = ouro.getrefcount
heap = ouro.heap
holders = ouro.holders
id = ouro.id
isinstance = ouro.isinstance
list = ouro.list
mincut = ouro.mincut
names = ouro.names
obituary = ouro.obituary
obj = ouro.obj
object = ouro.object
pin = ouro.pin
refcount = ouro.refcount
repr = ouro.repr
same = ouro.same
set = ouro.set
settle = ouro.settle
sizeof = ouro.sizeof
stack = ouro.stack
super = ouro.super
tuple = ouro.tuple
typeof = ouro.typeof
unpin = ouro.unpin
weak = ouro.weak
why = ouro.why
would_free = ouro.would_free
