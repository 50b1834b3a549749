#!/usr/bin/env bash
# sources.sh LESSON: writes the sources of all variants of a lesson's programs, below build/check:
#   solution/LESSON, sanitized/LESSON, starter/LESSON    as they are
#   mistake/LESSON/NAME    the solution with tests/mistakes/LESSON/NAME.patch
#   steps/LESSON/N         the starter with the first N steps done
#   odd/LESSON/NAME        tests/odd/LESSON/NAME; what is not there is the solution's
# All of a kind at once: a process for each would take longer than what it does.
set -eu
shopt -s nullglob
lesson=$1
top=build/check
mistakes=$top/mistake/$lesson steps=$top/steps/$lesson odd=$top/odd/$lesson

# The folders of all variants, and of those that begin as the solution.
folders=() of_solution=() half_done=0
while read -r kind _ name; do
    folder=$top/$kind/$lesson${name:+/$name}
    folders+=("$folder")
    case $kind in
    starter) ;;
    steps) half_done=$name ;; # the last is the highest
    *) of_solution+=("$folder") ;;
    esac
done < <(tests/kit/variants.sh --list "$lesson")

# The starter's program, with the places of the first N steps as the solution has them, for all N.
with_steps() {
    diff -DSOLUTION "lessons/$lesson/$1.cpp" "solutions/$lesson/$1.cpp" | awk -v most="$half_done" -v top="$steps" -v name="$1.cpp" '
        function put(text, first, last,    n) {
            for (n = first; n <= last && n <= most; n++)
                printf "%s", text > (top "/" n "/" name)
        }
        /^#ifn?def SOLUTION/ { inside = 1; starter = ""; solution = ""; step = 0; half = /^#ifdef/; next }
        inside && /^#else .*SOLUTION/ { half = 1; next }
        inside && /^#endif .*SOLUTION/ { put(starter, 1, step - 1); put(solution, step > 1 ? step : 1, most); inside = 0; next }
        inside && half { solution = solution $0 "\n"; next }
        inside { starter = starter $0 "\n"
                 if (match($0, /STEP [0-9]+:/)) { n = substr($0, RSTART + 5) + 0; if (n > step) step = n }
                 next }
        { put($0 "\n", 1, most) }'
}

# All patches as one, each for a folder of its own.
as_one() {
    awk '/^diff --git / { next }
        /^(---|\+\+\+) [^ ]*\.cpp/ {
            folder = FILENAME; gsub(/.*\/|\.patch$/, "", folder)
            $2 = folder "/" substr($2, match($2, /[^\/]*$/)) }
        { print }' tests/mistakes/"$lesson"/*.patch
}

# Where there is no patch there is git, with which the kit was fetched.
apply() {
    if command -v patch >/dev/null; then patch -s -N -p0 -d "$mistakes"; else git apply -p0 --reject --directory="$mistakes"; fi
}

# The folders where both programs are still the solution's, and where a part of a patch was left over.
no_mistake() {
    cksum "solutions/$lesson/server.cpp" "solutions/$lesson/client.cpp" "$mistakes"/*/*.cpp | awk '
        NR <= 2 { solution[$1, $2]; next }
        ($1, $2) in solution { sub(/\/[^\/]*$/, "", $3); if (++same[$3] == 2) print $3 }'
}
rejected() { for reject in "$mistakes"/*/*.rej; do echo "${reject%/*}"; done; }

mkdir -p "${folders[@]}"
cp lessons/"$lesson"/*.cpp "$top/starter/$lesson"
[ -d solutions ] || exit 0
for program in server client; do
    tee "${of_solution[@]/%//$program.cpp}" <"solutions/$lesson/$program.cpp" >/dev/null
    [ "$half_done" -eq 0 ] || with_steps "$program"
done
[ ! -d "tests/odd/$lesson" ] || cp -r "tests/odd/$lesson/." "$odd"
[ -d "$mistakes" ] || exit 0
as_one | apply >"$mistakes/log" 2>&1 || :
{ no_mistake; rejected; } | while read -r folder; do # its patch no longer applies
    rm -f "$folder"/*.cpp
    ln -sf ../log "$folder/log"
done
