#!/bin/sh
# SPDX-License-Identifier: MIT
# TAP: the command where nobody sits at a terminal: pipes and files, exact to the byte, and
# what is read before the prompt.
. "$(dirname "$0")/tap"

# --- not a terminal -----------------------------------------------------------------------

printf 'print "a"\nx = 1\nio.write("b")' >input
run
check "the standard input is a script: no prompt, nothing added" 0 "a
b"
same "not even a line break at the end" "3" "$(wc -c <out | tr -d ' ')"

printf 'print "a"\n\nerror "no"\nprint "b"\n' >input
run
check "an error goes to standard error with its line, and is the status" 1 a '^ouro: stdin:3: no'
printf 'print "a"\nx = = 2\n' >input
run
check "so does a syntax error, and nothing runs" 1 "" '^ouro: stdin:2: unexpected symbol'
same "no escape sequence, whatever TERM says" "" \
    "$(echo 'print(list{1}) error(1)' | TERM=xterm-256color "$ouro" 2>&1 | tr -d -c '\033')"

cat >long.lua <<'END'
x = build.ring(400000)
x = nil
print(collect())
END
run long.lua
check "no progress is shown where standard error is no terminal" 0 400000

"$ouro" -e 'for i = 1, 200000 do print(i) end' 2>err | head -n 1 >out
same "a reader that has gone is no message" "1" "$(cat out err)"

printf '1 + 1\nfor i = 1, 2 do\nprint(i)\nend\n' >input
run -i -q
check "-i reads statements from a pipe as well" 0 "> 2
> >> >> 1
2
> "

# --- before the prompt --------------------------------------------------------------------

mkdir -p config/ouro home/.config/ouro
export XDG_CONFIG_HOME="$work/config" HOME="$work/home"
echo 'greeting = "from the file"' >config/ouro/init.lua
echo 'print(greeting)' >input
run -q -i
check "-q leaves the first line out; init.lua is run before the prompt" 0 "> from the file
> "
echo 'print(greeting)' >input
run --no-init -q -i
check "--no-init leaves it out" 0 "> nil
> "
export OURO_INIT='early = 1'
echo 'print(early, greeting)' >input
run --no-init -q -i
check "and OURO_INIT" 0 "> nil|nil
> "
echo 'print(early, greeting)' >input
run -E -q -i
check "as -E does" 0 "> nil|nil
> "
unset OURO_INIT
echo 'print(greeting)' >input
run
check "a script never sees init.lua" 0 nil
echo 'error "in the file"' >config/ouro/init.lua
echo 'print(1)' >input
run -q -i
check "an error in init.lua is told, and the prompt comes" 0 "> 1
> " 'init.lua:1: in the file'
unset XDG_CONFIG_HOME
echo 'greeting = "from home"' >home/.config/ouro/init.lua
echo 'print(greeting)' >input
run -q -i
check "without XDG_CONFIG_HOME it is in ~/.config" 0 "> from home
> "

finish
