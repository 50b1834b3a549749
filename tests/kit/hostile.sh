#!/usr/bin/env bash
# hostile.sh [NAME…]: gives the programs of tests/hostile, or those named, to the runner as
# servers of lesson 1. Looks at what the runner says of each, and at what is left of it.
# Prints lines as build/judge does: "ok 0 WHAT", or "NOT 0 WHAT: what is wrong". Where there
# are no boxes it starts none of them, but those that are named.
set -u
# Not to be taken for those of another copy of the kit.
hostile=${HOSTILE-build/hostile/$(stat -c %i .)}
secret=a-secret-of-the-teacher
clang=$(${CXX:-g++} --version 2>/dev/null | grep clang)
escape=$'\033'

# Makes the folder of a student who has handed in this program.
hand_in() {
    local input
    for input in "$source" tests/hostile/attack.hpp "$0"; do
        [ "$input" -nt "$folder/server.cpp" ] || continue
        mkdir -p "$folder"
        echo 'int main() {}' >"$folder/client.cpp"
        cp /bin/true "$folder/client"
        touch -d "@$(stat -c %.9Z "$folder/client.cpp")" "$folder/client" # as if it were built: nothing ever comes to it
        sed -e '/^#include "attack.hpp"/{r tests/hostile/attack.hpp' -e 'd}' "$source" | sed "s|@KIT@|$PWD|; s|@HERE@|$folder|" >"$folder/server.cpp"
        return
    done
}

complain() { wrong="${wrong:+$wrong; }$*"; }

judge() { # NAME
    local folder=$hostile/$1/01-blocking source=tests/hostile/$1.cpp
    local wrong='' wanted=1 step=6 words='' said said_words status line file
    [[ $1 != compile-* ]] || wanted=2
    while read -r line; do
        case $line in
        '// Step: '*) step=${line#// Step: } ;;
        '// Says: '*) words=${line#// Says: } ;;
        '// Says, by clang: '*) [ -z "$clang" ] || words=${line#// Says, by clang: } ;;
        esac
    done <"$source"
    hand_in
    said=$(SLOW=3 SECRET=$secret build/runner "$folder" --step "$step" 2>&1 <<<"$secret")
    status=$?
    [ $status -eq $wanted ] || complain "the status is $status, not $wanted"
    read -r -d '' -a said_words <<<"$said" # however it is broken into lines
    [[ "${said_words[*]}" == *"$words"* ]] || complain "it should say \"$words\", not: ${said_words[*]}"
    [[ $said != *"$escape"* ]] || complain 'it writes to the terminal as it likes'
    [[ $said != *"$secret"* ]] || complain 'it sees what is none of its business'
    for file in "$folder"/*; do
        [[ $file =~ /(server|client)(\.cpp)?$ ]] || complain "it leaves $file"
    done
    verdict "$1" "$wrong"
}

# Processes of hostile programs, and those that were to keep them in.
left_behind() {
    find /proc -maxdepth 2 -name exe -lname "/memfd:$hostile/*" 2>/dev/null
    grep -lz "^$hostile/" /proc/[0-9]*/cmdline 2>/dev/null
}

verdict() { # WHAT WRONG
    if [ -z "$2" ]; then echo "ok 0 hostile, $1"; else echo "NOT 0 hostile, $1:" "${2//$'\n'/ }"; fi
}

boxed() {
    local folder=$hostile/compile-zero/01-blocking source=tests/hostile/compile-zero.cpp
    hand_in
    [[ $(build/runner "$folder" 2>&1) != 'Not your fault'* ]]
}

if [ $# -gt 0 ]; then
    for name; do judge "$name"; done
elif ! boxed; then
    for source in tests/hostile/*.cpp; do echo "skipped 1 hostile, $(basename "$source" .cpp)"; done
    echo 'skipped 1 hostile, nothing left behind'
else
    for source in tests/hostile/*.cpp; do basename "$source" .cpp; done | xargs -P 6 -n 5 "$0" || exit
    verdict 'nothing left behind' "$(left_behind)"
fi
