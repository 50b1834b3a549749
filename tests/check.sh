#!/usr/bin/env bash
# check.sh LESSON…: everything that an instructor wants to know of these lessons. The
# runners and the variants of the lessons' programs have been built before, by `make check`.
set -u
cd "$(dirname "$0")/.." || exit 4
ulimit -Sn 1024 # as it is on most systems, whatever it is here
total=0 passed=0 failed=0 skipped=0 seen=0 # of all; total: the lines that are due
declare -A of_lesson short_in_lesson

# Above the line that shows how far we are.
say_above() {
    [ -t 1 ] && printf '\r\033[K'
    printf '  %s\n' "$1"
}

# verdict "ok"|"NOT"|"skipped" SKIPPED WHAT
verdict() {
    local lesson=${3%%,*}
    of_lesson[$lesson]=$((${of_lesson[$lesson]-0} + 1))
    skipped=$((skipped + $2)) seen=$((seen + 1))
    if [ "$1" = skipped ]; then
        [[ $3 != kit,* ]] || say_above "skipped: $3"
        return
    elif [ "$1" = ok ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        short_in_lesson[$lesson]=$((${short_in_lesson[$lesson]-0} + 1))
        say_above "falls short: $3"
    fi
    [ -t 1 ] && printf '\r\033[K%d of %d' "$seen" "$total"
}

# kit_test NAME COMMAND…: passes if the command does; what it says is shown if it does not.
# Prints a line as build/judge does.
kit_test() {
    local name=$1 said status
    shift
    said=$("$@" 2>&1)
    status=$?
    said=${said//$'\n'/ / }
    case $status in
    0) echo "ok 0 kit, $name" ;;
    77) echo "skipped 1 kit, $name: $said" ;;
    *) echo "NOT 0 kit, $name: $said" ;;
    esac
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
    find netns tests -name "*.sh" -exec shellcheck -x .ci/run {} +
}

# Three lines of work, side by side. What looks for processes that hostile programs leave must
# not meet those of another.
judged() {
    build/judge <<<"$list"
    [ ! -d tests/hostile ] || tests/kit/hostile.sh
    [ ! -d solutions ] || kit_test "where namespaces are refused" tests/kit/refused.sh
}
scripts() { [ ! -d solutions ] || kit_test "netns scripts" tests/kit/netns.sh; }
rest_of_the_kit() {
    [ ! -d tests/grade ] || kit_test "grading" tests/kit/grade.sh
    [ ! -d tests/grade ] || kit_test "handout" tests/kit/handout.sh
    kit_test "unit tests" unit_tests
    [ ! -d solutions ] || kit_test "starters" starters "$@"
    kit_test "shellcheck" shell_scripts
}

[ -d solutions ] || echo 'this is a handout: the solutions, known mistakes and grading are left out'
list=$(tests/kit/variants.sh --list "$@")
total=$(($(wc -l <<<"$list") + $([ -d solutions ] && echo 7 || echo 2)))
[ ! -d tests/hostile ] || total=$((total + $(find tests/hostile -name '*.cpp' | wc -l) + 1))
while read -r word count what; do
    verdict "$word" "$count" "$what"
done < <(judged & scripts & rest_of_the_kit "$@" & wait)
[ "$seen" -eq "$total" ] || verdict NOT 0 "kit: $seen results, where $total are due"
[ -t 1 ] && printf '\r\033[K'
for lesson in "$@"; do
    printf '%s: %s: %s\n' "$lesson" \
        "$([ -d solutions ] && echo "solution, starter, $(find "tests/mistakes/$lesson" -name '*.patch' | wc -l) mistakes" || echo starter)" \
        "$([ -z "${short_in_lesson[$lesson]-}" ] && echo "all ${of_lesson[$lesson]-0} as they should be" ||
            echo "${short_in_lesson[$lesson]} of ${of_lesson[$lesson]} fall short")"
done
[ "$skipped" -eq 0 ] || printf '%d checks were skipped on this machine\n' "$skipped"
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
