#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs a command and compares what it prints with a file; one TAP test.
#
#   golden.sh FILE COMMAND [ARGUMENT...]
#
# FILE "-": only that the command succeeds. OURO_UPDATE=1 in the environment writes FILE
# anew instead, for a look with `git diff`. The command runs in a folder of its own, so that
# what it writes to relative paths is gone afterwards.
set -u
golden=$1
shift
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
output=$folder/.output

(cd "$folder" && exec "$@") >"$output" 2>"$folder/.errors" </dev/null
status=$?

report() {
    sed 's/^/# /' "$1"
}

echo "1..1"
name="$(basename "$1") $(basename "${2-}")"
if [ "$status" -ne 0 ]; then
    echo "not ok 1 - $name"
    echo "# exit status $status; standard error:"
    report "$folder/.errors"
elif [ "$golden" = - ]; then
    echo "ok 1 - $name runs"
elif [ "${OURO_UPDATE-}" = 1 ]; then
    cp "$output" "$golden"
    echo "ok 1 - $name, $golden written"
elif diff -u "$golden" "$output" >"$folder/.difference"; then
    echo "ok 1 - $name prints what $(basename "$golden") says"
else
    echo "not ok 1 - $name prints something else than $(basename "$golden")"
    report "$folder/.difference"
fi
