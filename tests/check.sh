#!/usr/bin/env bash
# check.sh LESSON…: everything that an instructor wants to know of these lessons. The
# runners and the variants of the lessons' programs have been built before, by `make check`.
# What has passed and takes long is not tried again while nothing changes.
set -u
cd "$(dirname "$0")/.." || exit 4
ulimit -Sn 1024 # as it is on most systems, whatever it is here
total=0 passed=0 failed=0 skipped=0 kept=0 seen=0 # of all; total: the lines that are due
declare -A of_lesson short_in_lesson

# Above the line that shows how far we are.
say_above() {
    [ -t 1 ] && printf '\r\033[K'
    printf '  %s\n' "$1"
}

# verdict "ok"|"kept"|"NOT"|"skipped" SKIPPED WHAT
verdict() {
    local lesson=${3%%,*}
    of_lesson[$lesson]=$((${of_lesson[$lesson]-0} + 1))
    skipped=$((skipped + $2)) seen=$((seen + 1))
    if [ "$1" = skipped ]; then
        [[ $3 != kit,* ]] || say_above "skipped: $3"
        return
    elif [ "$1" != NOT ]; then
        passed=$((passed + 1))
        [ "$1" = ok ] || kept=$((kept + 1))
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

# What the verdicts on these lessons depend on: the kit's files, the compiler, who asks and what
# that user may do.
state_of_all() { # LESSON…
    find . \( -path ./build -o -path ./.git -o -path './*/server' -o -path './*/client' \) -prune -o -type f -exec cksum {} + | sort
    ${CXX:-g++} --version
    echo "$*" "${CXX:-g++} ${SLOW-}" "$(uname -r)" $EUID "$(unshare -Urn true 2>&1)"
}

# unless_kept NAME COMMAND…: the lines that COMMAND prints, as build/judge does. When all of it
# is ok, they are kept, and repeated as "kept" while nothing changes.
unless_kept() {
    local file=build/kept/$1
    shift
    if [ "$(head -n 1 "$file" 2>/dev/null)" = "$state" ]; then
        sed -n 's/^ok /kept /p' "$file" | line_by_line
        return
    fi
    "$@" | tee "$file.new" | line_by_line
    if [ "${PIPESTATUS[0]}" -eq 0 ] && [ -s "$file.new" ] && ! grep -qv '^ok 0 ' "$file.new"; then
        { echo "$state" && cat "$file.new"; } >"$file"
    fi
    rm "$file.new"
}

# What writes more than a line at once may meet the line of another in the middle.
line_by_line() { while IFS= read -r line; do printf '%s\n' "$line"; done; }

# A filter that finds no test would pass too.
unit_tests() { build/kit-tests && build/kit-tests --count | grep -q ': *[1-9]'; }
shell_scripts() {
    command -v shellcheck >/dev/null || { echo 'shellcheck is not installed'; return 77; }
    shopt -s nullglob # a handout has no .ci
    find netns tests .ci*/ \( -name '*.sh' -o -name run \) -exec shellcheck -x {} +
}

sanitizers() {
    local program=build/check/overflow said
    echo 'int main(int n, char **) { int a[1] = {}; return a[n]; }' |
        ${CXX:-g++} -w -fsanitize=address,undefined -o "$program" -x c++ - 2>/dev/null ||
        { echo "${CXX:-g++} cannot link with sanitizers. Install libasan and libubsan, for clang++ compiler-rt (Debian: libclang-rt-dev)"; return 77; }
    said=$("$program" 2>&1)
    [[ $said == *"out of bounds"* ]] || { echo "a program read past an array, and its sanitizers said: $said"; return 1; }
}

# Lines of work, side by side.
judged() { unless_kept variants build/judge <<<"$list"; }
hostile() {
    [ ! -d tests/hostile ] || CXX="${CXX:-g++} $(tests/kit/linkable.sh)" unless_kept hostile tests/kit/hostile.sh
}
scripts() { [ ! -d solutions ] || unless_kept netns kit_test "netns scripts" tests/kit/netns.sh; }
instructors() {
    [ -d tests/grade ] || return
    unless_kept grading kit_test "grading" tests/kit/grade.sh
    kit_test "handout" tests/kit/handout.sh
}
rest_of_the_kit() {
    [ ! -d solutions ] || kit_test "where namespaces are refused" tests/kit/refused.sh
    kit_test "unit tests" unit_tests
    [ ! -d solutions ] || unless_kept sanitizers kit_test "sanitizers" sanitizers
    [ ! -d solutions ] || kit_test "starters" tests/kit/compare-starter.sh "${@/#/lessons/}"
    [ ! -d solutions ] || kit_test "helpers of several lessons" tests/kit/same-helpers.sh "$@"
    unless_kept shellcheck kit_test "shellcheck" shell_scripts
}

[ -d solutions ] || echo 'this is a handout: the solutions, known mistakes and grading are left out'
mkdir -p build/kept
state=$(state_of_all "$@" | cksum)
list=$(tests/kit/variants.sh --list "$@")
total=$(($(wc -l <<<"$list") + $([ -d solutions ] && echo 9 || echo 2)))
[ ! -d tests/hostile ] || total=$((total + $(find tests/hostile -name '*.cpp' | wc -l) + 1))
while read -r word count what; do
    verdict "$word" "$count" "$what"
done < <(judged & hostile & scripts & instructors & rest_of_the_kit "$@" & wait)
[ "$seen" -eq "$total" ] || verdict NOT 0 "kit: $seen results, where $total are due"
[ -t 1 ] && printf '\r\033[K'
for lesson in "$@"; do
    printf '%s: %s: %s\n' "$lesson" \
        "$([ -d solutions ] && echo "solution, starter, $(find "tests/mistakes/$lesson" -name '*.patch' | wc -l) mistakes" || echo starter)" \
        "$([ -z "${short_in_lesson[$lesson]-}" ] && echo "all ${of_lesson[$lesson]-0} as they should be" ||
            echo "${short_in_lesson[$lesson]} of ${of_lesson[$lesson]} fall short")"
done
[ "$skipped" -eq 0 ] || printf '%d checks were skipped on this machine\n' "$skipped"
[ "$kept" -eq 0 ] || printf '%d of these have passed in an earlier run, and nothing has changed since (rm -r build/kept: all again)\n' "$kept"
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
