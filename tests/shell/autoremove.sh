#!/bin/sh
# SPDX-License-Identifier: MIT
# TAP: examples/autoremove.lua, run by the command in OURO.
#
# Known answers from a fixed machine (tests/fixtures/dpkg-golden is a transcript), the same
# dead in the same order as tests/fixtures/reach.pl finds without ouro, on the fixture and on
# this machine's own files, and one clear line for every kind of broken input.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
fixtures=$root/tests/fixtures
ouro=${OURO:-$root/build/bindings/ouro}
case $ouro in
    /*) ;;
    */*) ouro=$PWD/$ouro ;;
esac
if [ ! -x "$ouro" ]; then
    echo "Bail out! $ouro is no program: OURO names the command to test"
    exit 1
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work" || exit 1

count=0
failed=0

# result STATUS NAME: one line of TAP; on failure the files `expected` and `actual` are shown.
result() {
    count=$((count + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $count - $2"
        return
    fi
    failed=$((failed + 1))
    echo "not ok $count - $2"
    diff expected actual | sed 's/^/# /' | head -n 20
}

skip() {
    count=$((count + 1))
    echo "ok $count - $1 # SKIP $2"
}

autoremove() {
    "$ouro" "$root/examples/autoremove.lua" "$@"
}

# same_dead NAME STATUS EXTENDED [OPTION...] [-- PACKAGE...]: ouro and reach.pl agree.
same_dead() {
    name=$1 status=$2 extended=$3
    shift 3
    options=
    while [ $# -gt 0 ]; do
        if [ "$1" = -- ]; then shift; break; fi
        options="$options $1"
        shift
    done
    # The options are words without spaces.
    # shellcheck disable=SC2086
    perl "$fixtures/reach.pl" $options "$status" "$extended" "$@" >expected 2>&1
    # shellcheck disable=SC2086
    autoremove --dead --status "$status" --extended "$extended" $options "$@" >actual 2>errors
    code=$?
    [ $code -eq 0 ] || { echo "exit status $code"; cat errors; } >>actual
    cmp -s expected actual
    result $? "$name"
}

# refused NAME MESSAGE ARGUMENT...: status 1, nothing on stdout, exactly this one line.
refused() {
    name=$1
    printf 'autoremove: %s\n1\n' "$2" >expected
    shift 2
    autoremove "$@" >actual 2>errors
    code=$?
    cat errors >>actual
    echo $code >>actual
    cmp -s expected actual
    result $? "$name"
}

# --- a fixed machine: known answers ---------------------------------------------------

# The golden file: "$ autoremove.lua ARGUMENTS", the output, "[status]", an empty line.
check_golden() {
    command=$1
    # shellcheck disable=SC2086
    autoremove --status "$fixtures/dpkg-status" --extended "$fixtures/dpkg-extended" \
        $command >actual 2>&1
    echo "[$?]" >>actual
    cmp -s expected actual
    result $? "as recorded: autoremove.lua${command:+ $command}"
}

sed -n 's/^\$ autoremove\.lua *//p' "$fixtures/dpkg-golden" >commands
while read -r command; do
    COMMAND="\$ autoremove.lua${command:+ $command}" awk '
        $0 == ENVIRON["COMMAND"] { on = 1; next }
        on { print }
        on && /^\[[0-9]+\]$/ { exit }' "$fixtures/dpkg-golden" >expected
    check_golden "$command"
done <commands

# --- the same as without ouro ----------------------------------------------------------

fixed="$fixtures/dpkg-status $fixtures/dpkg-extended"
for options in "" --recommends --suggests --first "--recommends --suggests --first"; do
    # shellcheck disable=SC2086
    same_dead "fixed machine, lost from the start${options:+ with $options}" $fixed $options
done
for package in $(perl "$fixtures/reach.pl" --names "$fixtures/dpkg-status" \
                      "$fixtures/dpkg-extended"); do
    # shellcheck disable=SC2086
    same_dead "fixed machine, without $package" $fixed -- "$package"
done
# shellcheck disable=SC2046,SC2086
same_dead "fixed machine, without any name" $fixed -- \
    $(perl "$fixtures/reach.pl" --names "$fixtures/dpkg-status" "$fixtures/dpkg-extended")

# Copies, because somebody may be installing something meanwhile.
live_status=live-status live_extended=live-extended
if cp /var/lib/dpkg/status $live_status 2>errors && [ -s $live_status ] \
    && cp /var/lib/apt/extended_states $live_extended 2>errors; then
    for options in "" --recommends --suggests --first; do
        # shellcheck disable=SC2086
        same_dead "this machine, lost from the start${options:+ with $options}" \
            $live_status $live_extended $options
    done
    perl "$fixtures/reach.pl" --names $live_status $live_extended >names
    # A sample keeps this short under a sanitizer; AUTOREMOVE_SAMPLE=1000 tries every name.
    step=$(($(wc -l <names) / ${AUTOREMOVE_SAMPLE:-20} + 1))
    # shellcheck disable=SC2013
    for package in $(awk -v step=$step 'NR % step == 0' names); do
        same_dead "this machine, without $package" $live_status $live_extended -- "$package"
    done
    # shellcheck disable=SC2046
    same_dead "this machine, without any name" $live_status $live_extended -- $(cat names)
else
    skip "this machine" "no readable /var/lib/dpkg/status and /var/lib/apt/extended_states"
fi

# --- an installation that is broken ---------------------------------------------------

cat >status <<'END'
Package: a
Status: install ok installed
Architecture: all
Version: 1.0
Depends: b (>= 2), c | d

Package: b
Status: install ok installed
Architecture: all
Version: 1.0
END
printf 'Package: b\nAuto-Installed: 1\n' >extended
cat >expected <<'END'
2 packages, 0 references, 1 name (1 installed by hand, 0 the system's own)
2 dependencies are met by no installed package, and no reference
1 package dies: 1 at once, 0 by collection; 0 kB come free
END
autoremove --native amd64 --status status --extended extended --quiet >actual 2>&1
cmp -s expected actual
result $? "unmet dependencies are counted, and refer to nothing"

# --- broken input: one line each --------------------------------------------------------

stanza='Package: a\nStatus: install ok installed\nArchitecture: all\nVersion: 1.0\n'
broken() {
    # The text is a format on purpose: it has escapes.
    # shellcheck disable=SC2059
    printf "$3" >status
    refused "$1" "$2" --status status --extended /dev/null
}
no_dependency='is no dependency, which reads "name" or "name (>= version)"'

broken "an empty file" "status: no installed package in it" ""
broken "nothing but blank lines" "status: no installed package in it" "\n\n \n"
broken "cut off in a line" \
    "status:4: the file ends in the middle of a line: is it cut off?" \
    "Package: a\nStatus: install ok installed\nArchitecture: all\nVersi"
broken "cut off between lines" "status:1: the stanza of a has no Architecture field" \
    "Package: a\nStatus: install ok installed\n"
broken "cut off after the name" "status:6: the stanza of b has no Status field" \
    "$stanza\nPackage: b\n"
broken "no name" "status:6: the stanza has no Package field" \
    "$stanza\nStatus: install ok installed\nVersion: 1.0\n"
broken "an empty name" "status:1: the stanza has no Package field worth the name" "Package: \n"
broken "no version" "status:1: the stanza of a has no Version field" \
    "Package: a\nStatus: install ok installed\nArchitecture: all\n"
broken "binary junk" "status:2: control byte 0x00: this is no text of dpkg or apt" \
    "Package: a\nSta\000tus: \001\377\n"
broken "a compressed file" "status:1: control byte 0x1f: this is no text of dpkg or apt" \
    "\037\213\010\000abc\n"
broken "junk without control bytes" \
    "status:5: \"\\377\\376 junk\" is no field: a line reads \"Name: value\"" \
    "${stanza}\\\\377\\\\376 junk\n"
broken "carriage returns" "status:1: control byte 0x0d: this is no text of dpkg or apt" \
    "Package: a\r\n"
broken "no field" "status:2: \"hello\" is no field: a line reads \"Name: value\"" \
    "Package: a\nhello\n"
broken "a continuation of nothing" \
    "status:1: a continuation line, but no field before it" " more\n"
broken "a field twice" "status:5: a second \"Package\" in one stanza" "${stanza}Package: b\n"
broken "a package twice" "status:6: a:all is here twice, first in line 1" "$stanza\n$stanza"
broken "a bad name" "status:1: \"-a b\" is no package name" "Package: -a b\n"
broken "a bad status" \
    "status:2: \"installed\" is no status: it reads like \"install ok installed\"" \
    "Package: a\nStatus: installed\n"
broken "a bad version" "status:4: \"1.0/2\" is no version" \
    "Package: a\nStatus: install ok installed\nArchitecture: all\nVersion: 1.0/2\n"
broken "a version without its revision" "status:4: \"1.0-\" is no version" \
    "Package: a\nStatus: install ok installed\nArchitecture: all\nVersion: 1.0-\n"
broken "an epoch that is no number" "status:4: \"x:1.0\" is no version" \
    "Package: a\nStatus: install ok installed\nArchitecture: all\nVersion: x:1.0\n"
broken "a bad size" "status:5: Installed-Size of a: \"big\" is no number of kilobytes" \
    "${stanza}Installed-Size: big\n"
broken "a version cut off" "status:5: Depends of a: \" c (>= 1\" $no_dependency" \
    "${stanza}Depends: b, c (>= 1\n"
broken "a bad relation" "status:5: Pre-Depends of a: \"b (~> 1)\" $no_dependency" \
    "${stanza}Pre-Depends: b (~> 1)\n"
broken "an empty alternative" "status:5: Recommends of a: \" \" $no_dependency" \
    "${stanza}Recommends: b | , c\n"
broken "a bad Provides" "status:5: Provides of a: \"?\" $no_dependency" "${stanza}Provides: ?\n"

refused "a missing status file" "missing: No such file or directory" --status missing
remedy="(--extended /dev/null takes all packages as installed by hand)"
# shellcheck disable=SC2059
printf "$stanza" >status
refused "a missing extended file" "missing: No such file or directory $remedy" \
    --status status --extended missing
refused "a directory" ".: Is a directory" --status .
printf 'Package: a\nArchitecture: all\nAuto-Installed: maybe\n' >extended
refused "a bad extended file" "extended:3: Auto-Installed is 0 or 1, not \"maybe\" $remedy" \
    --status status --extended extended
if [ "$(id -u)" -eq 0 ]; then
    skip "an unreadable file" "root reads everything"
else
    chmod 000 extended
    refused "an unreadable file" "extended: Permission denied $remedy" \
        --status status --extended extended
fi

echo "1..$count"
[ $failed -eq 0 ]
