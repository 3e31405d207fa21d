-- SPDX-License-Identifier: MIT
-- Rockspec: the Lua module for LuaRocks. `luarocks make` in a checkout compiles and installs it;
-- the command `ouro` and the C library are installed by Meson.
rockspec_format = "3.0"
package = "ouro"
version = "scm-1"
source = { url = "." }
description = {
    summary = "Managed objects: counted and weak references, finalizers, a cycle collector",
    detailed = [[
        Objects whose lives can be watched: how many references there are and whose, what dies
        when and why, what keeps something alive. For Lua 5.4, with tests that know about memory
        (ouro.tap).]],
    license = "MIT",
}
dependencies = { "lua >= 5.4, < 5.5" }
supported_platforms = { "unix" }
build = {
    type = "command",
    build_command = "sh scripts/rock build '$(CC)' '$(CFLAGS)' '$(LUA_INCDIR)'",
    install_command = "sh scripts/rock install '$(LIBDIR)' '$(LUADIR)'",
}
