#!/bin/sh
# SPDX-License-Identifier: MIT
# TAP: --check-transcript finds what differs and nothing else; the sessions of the README and
# of all documents are as they are written.
. "$(dirname "$0")/tap"

cat >good.md <<'END'
# A document

> a quotation is no session

```ouro
> x = list{1, 2}
> #x
2
> for i = 1, 3 do
>> print(i)
>>
>> end
1
2
3
```

In between, `x` lives on.

```lua
> not = looked at
```

```ouro
> refcount(x)
1
> print("a\nb\nc")
a
...
c
> error("no", 0)
...
>
> x = nil
- list #1 died (last name 'x' gone)
```
END
run --check-transcript good.md
check "a session as it happens: names last from block to block" 0 "good.md: 8 statements, 0 differ"

sed 's/^2$/5/; s/^a$/A/' good.md >bad.md
cp bad.md kept.md
run --check-transcript bad.md
check "what differs is told with its line, and is the status" 1 \
    "bad.md: 8 statements, 3 differ" '^bad.md:7: > #x'
same "what was written and what was printed" "  written:
    5
  printed:
    2" "$(sed -n 2,5p err)"
same "every one of them" 3 "$(grep -c '^bad.md:[0-9]*: >' err)"
same "the document is as it was" "$(cat kept.md)" "$(cat bad.md)"

run --update-transcript bad.md
check "--update-transcript writes what was printed" 0 \
    "bad.md: 8 statements, 3 brought up to date" '^bad.md:7: > #x'
run --check-transcript bad.md
check "and then it is right" 0 "bad.md: 8 statements, 0 differ"
sed '/^a$/,/^c$/d' good.md >rest
sed '/^a$/,/^c$/d' bad.md | diff rest - >difference
same "nothing else was touched" "" "$(cat difference)"

printf '```ouro\n> print(1)\n```\n' >short.md
run --check-transcript short.md
check "output that is not written down differs" 1 "short.md: 1 statements, 1 differ" 'printed:'
printf '```ouro\n> x = 1\n1\n```\n' >more.md
run --check-transcript more.md
check "output that does not come differs" 1 "more.md: 1 statements, 1 differ" 'printed: nothing'
printf '```ouro\n> for i = 1, 2 do\n> x = 1\n```\n' >open.md
run --check-transcript open.md
check "an unfinished statement is told" 1 "open.md: 2 statements, 1 differ" \
    'open.md:3: the statement is not finished here'
printf '```ouro\nlost\n> x = 1\n```\n' >lost.md
run --check-transcript lost.md
check "output before anything is typed is told" 1 "lost.md: 1 statements, 1 differ" 'lost.md:2: '
run --check-transcript nowhere.md
check "a document that is not there is an error" 1 "" 'ouro: nowhere.md: No such file'
run --check-transcript
check "so is none" 1 "" "'--check-transcript' needs an argument"

# --- the documents ------------------------------------------------------------------------

for document in "$root/README.md" "$root"/docs/*.md; do
    cp "$document" .
    name=$(basename "$document")
    statements=$(awk '/^```ouro *$/ { on = 1; next } /^```/ { on = 0 }
        on && /^>( |$)/ { n++ } END { print n + 0 }' "$name")
    run --check-transcript "$name"
    : >wrong
    [ "$code" -eq 0 ] && [ "$(cat out)" = "$name: $statements statements, 0 differ" ] ||
        cat out err >wrong
    [ ! -s wrong ]
    result $? "$name: $statements statements, as written"
done

finish
