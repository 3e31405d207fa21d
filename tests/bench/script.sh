#!/bin/sh
# SPDX-License-Identifier: MIT
# Script: runs tests/bench/script.lua and its twin in Python in turns, so that both get the same
# of a noisy machine, and puts the medians side by side. For scripts/bench --lua.
#
#   tests/bench/script.sh OURO ROUNDS WORKLOAD...     all workloads if none is given
#
# PYTHON is the Python to compare with; else the newest CPython among those in PATH and the usual
# places. Without one, ouro's figures are printed alone. Standard output gets a line for each
# workload, separated by tabs: name, ouro's median, Python's, how many times as fast ouro is.
set -u

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd -P) || exit 1
ouro=$1 rounds=$2
shift 2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# "13 /path" for CPython 3.13, nothing for what is no CPython 3.
version_of() {
    "$1" -c 'import sys
if sys.implementation.name == "cpython" and sys.version_info[0] == 3:
    print(sys.version_info[1], sys.executable)' 2>/dev/null
}

newest_python() {
    IFS=:
    for folder in $PATH /usr/bin /usr/local/bin /opt/*/bin "$HOME"/.pyenv/versions/*/bin \
        "$HOME"/.local/bin /opt/homebrew/bin; do
        for program in "$folder"/python3 "$folder"/python3.[0-9] "$folder"/python3.[0-9][0-9]; do
            if [ -x "$program" ]; then version_of "$program"; fi
        done
    done | sort -n | sed -n '$s/^[0-9]* //p'
}

python=${PYTHON-$(newest_python)}
if [ -z "$python" ]; then
    echo "bench: no CPython was found, so there is nothing beside; PYTHON=... names one" >&2
elif ! "$python" -c '' 2>/dev/null; then
    echo "bench: $python is no Python that runs" >&2
    exit 1
fi

pinned=
if command -v taskset >/dev/null 2>&1; then
    pinned="taskset -c ${CPU:-$(taskset -cp $$ | sed 's/.*[^0-9]//')}"
fi

median() {
    sort -n "$1" | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'
}

# once FILE COMMAND...: adds the figures.
once() {
    file=$1
    shift
    # shellcheck disable=SC2086 # words
    timeout "${LIMIT:-240}" $pinned "$@" >>"$file" || {
        echo "bench: failed: $*" >&2
        exit 1
    }
}

run_workload() {
    : >"$work/ours"
    : >"$work/theirs"
    left=$rounds
    while [ "$left" -gt 0 ]; do
        once "$work/ours" "$ouro" "$here/script.lua" "$1"
        if [ -n "$python" ]; then once "$work/theirs" "$python" "$here/script.py" "$1"; fi
        left=$((left - 1))
    done
    printf '%s\t%s\t%s\n' "$1" "$(median "$work/ours")" "$(median "$work/theirs")" |
        awk -F'\t' -v OFS='\t' '{ print $0, ($3 != "" && $2 + 0 ? sprintf("%.2f", $3 / $2) : "-") }'
}

if [ $# -eq 0 ]; then
    # shellcheck disable=SC2046 # a list of words
    set -- $("$ouro" "$here/script.lua")
fi
[ -z "$python" ] || echo "# $("$python" -c 'import sys; print("CPython", sys.version.split()[0])')"
printf '# workload\touro ns\tCPython ns\ttimes as fast\n'
for workload; do run_workload "$workload"; done
