#!/bin/sh
# variant.sh KIND LESSON [NAME]: writes the sources of one variant of a lesson's programs to
# build/check/KIND/LESSON[/NAME]:
#   solution, sanitized, starter      as they are
#   mistake NAME                      the solution with tests/mistakes/LESSON/NAME.patch
#   steps N                           the starter with the first N steps done
#   odd NAME                          tests/odd/LESSON/NAME; what is not there is the solution's
set -eu
kind=$1 lesson=$2 name=${3-}
top=build/check
folder=$top/$kind/$lesson${name:+/$name}
mkdir -p "$folder"

# The starter's program, with the places of the first N steps as the solution has them.
with_steps() {
    diff -DSOLUTION "lessons/$lesson/$1.cpp" "solutions/$lesson/$1.cpp" | awk -v done_steps="$name" '
        /^#ifndef SOLUTION/ { inside = 1; starter = ""; solution = ""; step = 0; half = 0; next }
        /^#ifdef SOLUTION/ { inside = 1; starter = ""; solution = ""; step = 0; half = 1; next }
        inside && /^#else .*SOLUTION/ { half = 1; next }
        inside && /^#endif .*SOLUTION/ { printf "%s", step <= done_steps ? solution : starter; inside = 0; next }
        inside && half { solution = solution $0 "\n"; next }
        inside { starter = starter $0 "\n"
                 if (match($0, /STEP [0-9]+:/)) { n = substr($0, RSTART + 5) + 0; if (n > step) step = n }
                 next }
        { print }'
}

# Where there is no patch there is git, with which the kit was fetched.
apply() {
    if command -v patch >/dev/null; then patch -s -p3 -d "$folder"; else (cd "$folder" && git apply -p3); fi
}

from=solutions
[ "$kind" != starter ] || from=lessons
cp "$from/$lesson/server.cpp" "$from/$lesson/client.cpp" "$folder"
case $kind in
steps) for program in server client; do with_steps "$program" >"$folder/$program.cpp"; done ;;
odd) cp "tests/odd/$lesson/$name"/*.cpp "$folder" ;;
mistake) apply <"tests/mistakes/$lesson/$name.patch" >"$folder/log" 2>&1 || rm -f "$folder"/*.cpp ;; # it no longer applies
esac
