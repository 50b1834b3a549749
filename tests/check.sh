#!/usr/bin/env bash
# check.sh LESSON…: everything that an instructor wants to know of these lessons. The
# runners have been built before, by `make check`.
set -u
cd "$(dirname "$0")/.." || exit 4
total=0 passed=0 failed=0 skipped=0 # of all
declare -A of_lesson short_in_lesson

# verdict "ok"|"NOT" SKIPPED WHAT
verdict() {
    local lesson=${3%%,*}
    of_lesson[$lesson]=$((${of_lesson[$lesson]-0} + 1))
    skipped=$((skipped + $2))
    if [ "$1" = ok ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        short_in_lesson[$lesson]=$((${short_in_lesson[$lesson]-0} + 1))
        [ -t 1 ] && printf '\r\033[K'
        printf '  falls short: %s\n' "$3"
    fi
    [ -t 1 ] && printf '\r\033[K%d of %d' $((passed + failed)) "$total"
}

# kit_test NAME COMMAND…: passes if the command does; what it says is shown if it does not.
kit_test() {
    local name=$1 said status
    shift
    said=$("$@" 2>&1)
    status=$?
    if [ $status -eq 77 ]; then
        printf '  skipped: %s: %s\n' "$name" "$said"
        skipped=$((skipped + 1))
    elif [ $status -eq 0 ]; then
        verdict ok 0 "kit, $name"
    else
        verdict NOT 0 "kit, $name: $said"
    fi
}

# A filter that finds no test would pass too.
unit_tests() { build/kit-tests && build/kit-tests --count | grep -q ': *[1-9]'; }
# That they differ from the solutions at the STEPs only.
starters() {
    local folder program
    for folder in "$@"; do
        for program in server client; do
            tests/kit/compare-starter.sh {lessons,solutions}/"$folder/$program.cpp" || { echo "$folder/$program"; return 1; }
        done
    done
}
shell_scripts() {
    command -v shellcheck >/dev/null || { echo 'shellcheck is not installed'; return 77; }
    shellcheck -x netns/*.sh tests/*.sh tests/kit/*.sh .ci/run
}

# What there is to judge, the slow ones first.
subjects() {
    local folder patch step steps odd
    for folder in "$@"; do echo "sanitized $folder"; echo "solution $folder"; done
    for folder in "$@"; do
        for patch in tests/mistakes/"$folder"/*.patch; do echo "mistake $folder $(basename "$patch" .patch)"; done
        echo "starter $folder"
        steps=$(cat lessons/"$folder"/*.cpp | sed -n 's/.*STEP \([0-9]*\):.*/\1/p' | sort -n | tail -1)
        for ((step = 1; step < steps; step++)); do echo "steps $folder $step"; done
        for odd in tests/odd/"$folder"/*/; do [ -d "$odd" ] && echo "odd $folder $(basename "$odd")"; done
    done
}

# Builds every subject; those that others may be the same as come first.
build_subjects() {
    local cores
    cores=$(nproc 2>/dev/null || echo 2)
    mkdir -p build/check
    if [ tests/kit/std.hpp -nt build/check/std.hpp.gch ]; then
        cp tests/kit/std.hpp build/check/std.hpp
        "${CXX:-g++}" -x c++-header -o build/check/std.hpp.gch tests/kit/std.hpp
    fi
    grep -E '^(solution|starter) ' <<<"$1" | xargs -P "$cores" -L 1 tests/kit/variant.sh
    grep -vE '^(solution|starter) ' <<<"$1" | xargs -P "$cores" -L 1 tests/kit/variant.sh
}

list=$(subjects "$@")
build_subjects "$list"
total=$(($(wc -l <<<"$list") + 3))
while read -r word count what; do
    verdict "$word" "$count" "$what"
done < <(build/judge <<<"$list")
kit_test "unit tests" unit_tests
kit_test "starters" starters "$@"
kit_test "shellcheck" shell_scripts
[ -t 1 ] && printf '\r\033[K'
for lesson in "$@"; do
    printf '%s: solution, starter, %d mistakes: %s\n' "$lesson" \
        "$(find "tests/mistakes/$lesson" -name '*.patch' | wc -l)" \
        "$([ -z "${short_in_lesson[$lesson]-}" ] && echo "all ${of_lesson[$lesson]-0} as they should be" ||
            echo "${short_in_lesson[$lesson]} of ${of_lesson[$lesson]} fall short")"
done
[ "$skipped" -eq 0 ] || printf '%d checks were skipped on this machine\n' "$skipped"
printf '%d passed, %d failed%s\n' "$passed" "$failed" "$([ "$skipped" -eq 0 ] || echo ", $skipped skipped")"
[ "$failed" -eq 0 ]
