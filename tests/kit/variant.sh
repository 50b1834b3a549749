#!/bin/sh
# variant.sh KIND LESSON [NAME]: builds one variant of a lesson's programs for `make check`:
#   solution, starter                 as they are, without a warning from the compiler
#   sanitized                         the solution with sanitizers
#   mistake NAME                      the solution with tests/mistakes/LESSON/NAME.patch
#   steps N                           the starter with the first N steps done
#   odd NAME                          tests/odd/LESSON/NAME; what is not there is the solution's
# A program that is the same as one of those before is not built again.
set -eu
kind=$1 lesson=$2 name=${3-}
top=build/check
folder=$top/$kind/$lesson${name:+/$name}
cxx=${CXX:-g++}
inputs="lessons/$lesson solutions/$lesson common/error.hpp tests/kit/variant.sh $top/std.hpp.gch"
[ "$kind" != mistake ] || inputs="$inputs tests/mistakes/$lesson/$name.patch"
[ "$kind" != odd ] || inputs="$inputs tests/odd/$lesson/$name"
# shellcheck disable=SC2086 # several words
if [ -e "$folder/built" ] && [ -z "$(find $inputs \( -name '*.[cs]*' -o -name '*.[hp]*' \) -newer "$folder/built" -type f)" ]; then
    exit
fi
mkdir -p "$folder"
rm -f "$folder/built"
exec >"$folder/log" 2>&1
# Where the sources find "../../common/error.hpp".
[ -n "$name" ] && ln -sfn ../../../common "$top/$kind/common"
[ -z "$name" ] && ln -sfn ../../common "$top/common"

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

source_of() {
    case $kind in
    solution | sanitized) cat "solutions/$lesson/$1.cpp" ;;
    starter) cat "lessons/$lesson/$1.cpp" ;;
    mistake) cat "solutions/$lesson/$1.cpp" ;;
    steps) with_steps "$1" ;;
    odd) cat "tests/odd/$lesson/$name/$1.cpp" 2>/dev/null || cat "solutions/$lesson/$1.cpp" ;;
    esac
}

compile() {
    case $kind in
    solution | starter) "$cxx" -Wall -Wextra -Wpedantic -Wshadow -Werror -o "$2" "$1" ;;
    sanitized) "$cxx" -g -fsanitize=address,undefined -fno-sanitize-recover=all -o "$2" "$1" ;;
    *) "$cxx" -include "$top/std.hpp" -o "$2" "$1" ;;
    esac
}

for program in server client; do
    source_of "$program" >"$folder/$program.cpp"
done
if [ "$kind" = mistake ]; then
    sed -n '/^--- /,$p' "tests/mistakes/$lesson/$name.patch" | patch -s -p3 -d "$folder"
fi
for program in server client; do
    rm -f "$folder/$program"
    for same in solution starter; do
        if [ "$kind" != "$same" ] && [ "$kind" != sanitized ] && [ -x "$top/$same/$lesson/$program" ] &&
            cmp -s "$folder/$program.cpp" "$top/$same/$lesson/$program.cpp"; then
            ln -sf "$PWD/$top/$same/$lesson/$program" "$folder/$program"
        fi
    done
    [ -e "$folder/$program" ] || compile "$folder/$program.cpp" "$folder/$program"
done
touch "$folder/built"
