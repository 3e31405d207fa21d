#!/bin/sh
# SPDX-License-Identifier: MIT
# TAP: draw(x, "x.html") in a browser without a window: it opens, finds, shows, steps.
. "$(dirname "$0")/tap"

here=$(cd "$(dirname "$0")" && pwd)
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -z "$browser" ]; then
    echo "1..0 # SKIP there is no chromium"
    exit 0
fi
run -e 'require "ouro_graphviz"'
if [ "$code" -ne 0 ]; then
    echo "1..0 # SKIP ouro was built without Graphviz"
    exit 0
fi

cat >page.lua <<'END'
Node = class("Node", {"val", "next"})
start = Node(1)
start.next = Node("needle", start)
id(start) id(start.next)
local steps = {
    { phase = "count", { id = 1, colour = "grey", count = 1 } },
    { phase = "mark", text = "from start", { id = 1, colour = "black" },
        { id = 2, colour = "white", count = 0 } },
}
print(draw("page.html", { title = "</script> & co", steps = steps }))
END
run page.lua
check "a page is written" 0 page.html

{
    sed '/<\/body>/,$d' page.html
    echo "<script>"
    cat "$here/page.js"
    echo "</script></body></html>"
} >driven.html
"$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$PWD/profile" \
    --enable-logging=stderr --virtual-time-budget=5000 --dump-dom "file://$PWD/driven.html" \
    >dom 2>log
sed -n '/<pre id="said">/,/<\/pre>/p' dom |
    sed 's/^.*<pre id="said">//; s/<\/pre>.*$//; s/&gt;/>/g; s/&lt;/</g; s/&amp;/\&/g' >said

said() {
    sed -n "s/^$1: //p" said
}

same "the console has no errors" "" "$(grep -E 'CONSOLE.*(Error|error)' log)$(said error)"
same "a word is found" "2 found" "$(said 'search node')"
same "an id is found" "1 found" "$(said 'search id')"
same "a value is found" "1 found" "$(said 'search value')"
same "a name is found" "1 found" "$(said 'search name')"
same "what is found is marked" 1 "$(said marked)"
same "what is not there is not found" "0 found" "$(said 'search nothing')"
same "a click shows fields, holders and why" \
    "Node #2count 1refers toval = needlenext -> #1holders#1.next" \
    "$(said panel | sed 's/why it lives.*//')"
same "and why" "name start in main#1.next" "$(said panel | sed 's/.*why it lives//')"
same "a link leads to its object" "Node #1" "$(said link)"
same "a step colours" \
    "1 of 2: count / rgb(185, 192, 199) 1 / none " "$(said next | sed -n 1p)"
same "another adds to it" \
    "2 of 2: mark, from start / rgb(75, 85, 96) 1 / rgb(255, 255, 255) 0" \
    "$(said next | sed -n 2p)"
same "a step back takes it away" \
    "1 of 2: count / rgb(185, 192, 199) 1 / none " "$(said back)"
same "to the end" \
    "2 of 2: mark, from start / rgb(75, 85, 96) 1 / rgb(255, 255, 255) 0" "$(said last)"
same "to the beginning" "0 of 2: before / none  / none " "$(said first)"
same "zooming changes the view" true "$(said zoom)"
same "and all of it comes back" true "$(said whole)"
finish
