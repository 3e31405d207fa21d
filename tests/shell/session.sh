#!/bin/sh
# SPDX-License-Identifier: MIT
# TAP: the session in docs/shell.md is what the prompt prints.
. "$(dirname "$0")/tap"

sed -n '/^```ouro$/,/^```$/p' "$root/docs/shell.md" | grep -v '^```' >session
sed -n 's/^>>* //p' session >input
typed=$(wc -l <input)
COLUMNS=80 "$ouro" -i <input 2>&1 | sed -e 1d -e 's/^\(>>* \)*//' -e '/^$/d' >said
same "all that is typed there is typed" "yes" "$([ "$typed" -gt 40 ] && echo yes)"
same "what is printed is what it says" "$(grep -v '^>>* ' session)" "$(cat said)"
finish
