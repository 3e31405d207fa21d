#!/bin/sh
# SPDX-License-Identifier: MIT
# TAP: what `meson install` installs works where it lands, without the checkout: the module
# in a stock Lua, its Lua half, the command, and a C program built with pkg-config.
set -u

if [ -n "${OURO_SANITIZED-}" ]; then
    echo "1..0 # SKIP a stock Lua cannot load what is built for a sanitizer"
    exit 0
fi

folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
root=$folder$OURO_PREFIX
count=0

# check NAME COMMAND...: one test; what the command says is shown if it fails.
check() {
    count=$((count + 1))
    name=$1
    shift
    if "$@" >"$folder/output" 2>&1; then
        echo "ok $count - $name"
    else
        echo "not ok $count - $name"
        sed 's/^/# /' "$folder/output"
    fi
}

install_all() {
    DESTDIR=$folder meson install -C "$OURO_BUILD_ROOT" --no-rebuild
}

# Lua as on a machine where OURO_PREFIX is what Lua was built for.
stock_lua() {
    module=$(find "$root" -name ouro.so) || return 1
    half=$(find "$root" -path '*/ouro/tap.lua') || return 1
    (cd "$folder" && LUA_CPATH_5_4="${module%/*}/?.so" LUA_PATH_5_4="${half%/ouro/tap.lua}/?.lua" \
        exec lua5.4 -e "$1")
}

# searched FOLDER EXTENSION: whether a Lua that nobody has told anything looks there.
searched() {
    env -u LUA_PATH -u LUA_CPATH -u LUA_PATH_5_4 -u LUA_CPATH_5_4 lua5.4 - "$1" "$2" <<'LUA'
local place = arg[1] .. "/?." .. arg[2]
assert((package.path .. package.cpath):find(place, 1, true), place .. " is not searched")
LUA
}

# A stock Lua of the distribution finds the places without being told, for the two usual
# prefixes.
places_are_searched() {
    case $OURO_PREFIX in
    /usr | /usr/local) ;;
    *) return 0 ;;
    esac
    module=$(find "$root" -name ouro.so)
    half=$(find "$root" -path '*/ouro/tap.lua')
    module=${module#"$folder"}
    half=${half#"$folder"}
    searched "${module%/ouro.so}" so && searched "${half%/ouro/tap.lua}" lua
}

build_program() {
    pc=$(find "$root" -name ouro.pc) || return 1
    export PKG_CONFIG_PATH="${pc%/*}"
    flags=$(pkg-config --define-variable=prefix="$root" --cflags --libs ouro) || return 1
    # shellcheck disable=SC2086 # a list of words
    cc -o "$folder/embed" "$OURO_SOURCE/examples/embed.c" $flags || return 1
    library=$(find "$root" -name libouro.so)
    golden=$OURO_SOURCE/tests/fixtures/embed.golden
    LD_LIBRARY_PATH=${library%/*} "$folder/embed" | diff "$golden" -
}

simple='
    local ouro = require "ouro"
    local l = ouro.list { 4, 3, 2, 1 }
    assert(#l == 4 and l[1] == 4)
    assert(ouro.refcount(l) == 0)
'

# The first folder that the command searches for Lua files, of these two.
own_folder() {
    path=$(env -u LUA_PATH -u LUA_PATH_5_4 -u OURO_INIT "$1" -e 'print(package.path)') || return 1
    case $path in
    "$OURO_SOURCE/bindings/lua/?.lua;"*) echo checkout ;;
    *"$OURO_SOURCE"*) echo both ;;
    *"$OURO_PREFIX"*) echo installed ;;
    *) echo neither ;;
    esac
}
searches() {
    found=$(own_folder "$2") && echo "$found" && [ "$found" = "$1" ]
}

echo "1..10"
check "meson install succeeds" install_all
check "the places are those that Lua searches" places_are_searched
check "require 'ouro' works in a stock Lua" stock_lua "$simple"
check "require 'ouro.tap' works in a stock Lua" stock_lua 'require "ouro.tap"'
check "a state can be closed and the module loaded again" stock_lua '
    local ouro = require "ouro"
    package.loaded.ouro = nil
    assert(require "ouro")
    os.exit(true, true)'
check "the command runs" "$root/bin/ouro" -e 'print(refcount(list{}))'
prompt_is_whole() {
    for file in "$OURO_SOURCE"/bindings/lua/ouro/shell/*.lua; do
        find "$folder" -path "*/ouro/shell/${file##*/}" | grep -q . || return 1
    done
}
check "all files of the prompt's Lua half are there" prompt_is_whole
check "the installed command takes the installed Lua files" searches installed "$root/bin/ouro"
check "the one in the build folder those of its checkout" searches checkout "$OURO"
check "a C program builds with pkg-config" build_program
