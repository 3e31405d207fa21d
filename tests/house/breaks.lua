-- SPDX-License-Identifier: MIT
-- Breaks: for each rule, ways to break it, and a word of the fault that must come of each.
-- A break is one or more files put into the tree; or, for the rules about symbols, a text
-- that is compiled and given as the library.
local head = "/* SPDX-License-Identifier: MIT */\n/* Broken: on purpose. */\n"

local function file(path, text)
    return { path = path, text = text }
end

-- A well-formed C file but for the text.
local function c(path, text)
    return file(path, head .. (text or ""))
end

local broken, public = "core/types/broken.c", "core/include/ouro/broken.h"
local two_groups = "int main(void) { return cmocka_run_group_tests(a, 0, 0)"
    .. " + cmocka_run_group_tests(b, 0, 0); }\n"

return {
    ["every include of the core goes down"] = {
        { c("core/memory/broken.c", '#include "object/broken.h"\n'), c("core/object/broken.h"),
          says = "arrow up" },
        { c(broken, '#include "weak/broken.h"\n'), c("core/weak/broken.h"), says = "arrow up" },
        { c(broken, '#include "list.c"\n'), says = "source file" },
        { c("core/news/broken.c"), says = "drawing" },
    },
    ["no ring of includes"] = {
        { c("core/memory/one.h", '#include "memory/two.h"\n'),
          c("core/memory/two.h", '#include "memory/three.h"\n'),
          c("core/memory/three.h", '#include "one.h"\n'), says = "three.h" },
    },
    ["the bindings see only <ouro.h>"] = {
        { c("bindings/lua/broken.c", '#include "memory/memory.h"\n'), says = "<ouro.h>" },
        { c("bindings/lua/broken.c", "#include <ouro/type.h>\n"), says = "<ouro.h>" },
        { c("bindings/lua/broken.c", '#include "../shell/broken.h"\n'),
          c("bindings/shell/broken.h"), says = "arrow up" },
        { c("bindings/shell/one.c", "#include <editline/readline.h>\n"),
          c("bindings/shell/two.c", "#include <histedit.h>\n"), says = "one file" },
    },
    ["each public header compiles alone as C11"] = {
        { c(public, "size_t ouro_broken(void);\n"), says = "refuses" },
    },
    ["each public header compiles alone as C17"] = {
        { c(public, "bool ouro_broken(void);\n"), says = "refuses" },
    },
    ["each public header compiles alone as C++17"] = {
        { c(public, "void ouro_broken(int class);\n"), says = "refuses" },
    },
    ["each header has a guard"] = {
        { c("core/types/broken.h", "int ouro__broken;\n"), says = "no include guard" },
        { c("core/types/broken.h", "#ifndef BROKEN\n#define BROKEN\n#endif\n"), says = "BROKEN" },
    },
    ["each function that returns a status is tried short of memory"] = {
        { c(public, "OURO_API ouro_status ouro_broken(ouro_heap *heap);\n"), says = "ouro_broken" },
        { c("tests/core/oom.c"), says = "ouro_list_append" },
    },
    ["no file is longer than 600 lines"] = {
        { c(broken, ("\n"):rep(600)), says = "602 lines" },
        { file("tests/lua/broken.lua", ("\n"):rep(601)), says = "601 lines" },
    },
    ["no function is longer than 60 lines"] = {
        { c(broken, "static int *long_one(int a,\n    int b) {\n" .. ("    a++;\n"):rep(58)
              .. "}\n"), says = "long_one has 61 lines" },
    },
    ["no line is wider than 100 columns"] = {
        { c("tests/core/broken.c", "/* " .. ("x"):rep(95) .. " */\n"), says = "101 columns" },
        { file("tests/lua/broken.lua", ("-"):rep(120) .. "\n"), says = "120 columns" },
    },
    ["no stray blanks, tabs or missing line breaks"] = {
        { c(broken, "int a; \n"), says = "blanks" },
        { c(broken, "\tint a;\n"), says = "a tab" },
        { c(broken, "int a;"), says = "no line break" },
    },
    ["each source begins with its licence and its job"] = {
        { file(broken, "/* A file. */\n"), says = "SPDX" },
        { file(broken, "/* SPDX-License-Identifier: MIT */\nint a;\n"), says = "job" },
        { file("scripts/broken", "#!/bin/sh\necho\n"), says = "SPDX" },
        { file("tests/lua/broken.lua", "print(1)\n"), says = "SPDX" },
    },
    ["memory is obtained in core/memory alone"] = {
        { c(broken, "void *f(void) { return malloc(1); }\n"), says = "malloc" },
        { c("core/heap.c", "void f(void *p) { free (p); }\n"), says = "free" },
    },
    ["cells are freed by death and the collector alone"] = {
        { c(broken, "void f(void *p) { ouro__pool_free(p); }\n"), says = "ouro__pool_free" },
    },
    ["the library neither prints nor exits nor jumps"] = {
        { c(broken, "void f(void) { abort(); }\n"), says = "abort" },
    },
    ["the core's tests print one plan each"] = {
        { c("tests/core/broken.c", two_groups), says = "2 groups" },
        { c("tests/core/broken.c", "void f(void) { skip(); }\n"), says = "skip" },
    },
    ["the paths named in the documents exist"] = {
        { file("docs/broken.md", "See `core/types/no.c`.\n"), says = "core/types/no.c" },
        { file("docs/broken.md", "All of [these](tests/no/*.lua).\n"), says = "tests/no" },
    },
    ["the paths named in comments exist"] = {
        { c(broken, "/* See docs/nothing.md. */\n"), says = "docs/nothing.md" },
    },
    ["every C file is in the build"] = {
        { c(broken), says = "core/meson.build" },
        { c("bindings/shell/broken.c"), says = "bindings/meson.build" },
        { c("tests/model/broken.c"), says = "tests/meson.build" },
        { c("examples/broken.c"), says = "examples/meson.build" },
    },
    ["every test and example is run"] = {
        { file("tests/scenarios/broken.lua", "\n"), says = "tests/meson.build" },
        { file("tests/shell/broken.exp", "\n"), says = "tests/meson.build" },
        { file("examples/broken.lua", "\n"), says = "examples/meson.build" },
    },
    ["libouro exports only ouro_ names"] = {
        { shared = "int helper(void) { return 1; }", says = "exports helper" },
        { shared = "int *ouro__f(void); ", says = "exports nothing" },
    },
    ["external names begin with ouro_"] = {
        { static = "int helper(void) { return 1; }", says = "helper" },
    },
    ["the library has no global variables"] = {
        { static = "int ouro__count;", says = "ouro__count" },
        { static = "int f(void) { static int calls = 3; return ++calls; }", says = "calls" },
        { static = "_Thread_local int ouro__now;", says = "ouro__now" },
        { static = "const char *ouro__names[] = { \"a\" };", says = "ouro__names" },
    },
    ["the Lua module exports its entry alone and stays loaded"] = {
        { module = "int luaopen_ouro(void *L) { return L != 0; }", says = "NODELETE" },
        { module = "int ouro_a(void) { return 1; }", says = "exports ouro_a" },
    },
}
