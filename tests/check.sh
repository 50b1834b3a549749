#!/usr/bin/env bash
# check.sh LESSON…: everything that an instructor wants to know of these lessons.
set -u
cd "$(dirname "$0")/.." || exit 4
passed=0
failed=0
skipped=0

# verdict STATUS SENTENCE [DETAILS]
verdict() {
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '  falls short: %s\n' "$2"
        [ $# -lt 3 ] || printf '%s\n' "$3" | sed 's/^/    /'
    fi
}

# check_all NAME RUNNER ARGUMENT…: all that the runner has to say must hold.
check_all() {
    local name=$1 said
    shift
    said=$("$@" 2>&1)
    verdict $? "$name" "$said"
    skipped=$((skipped + $(grep -c '^  \(–\|skip\) [0-9]*\.' <<<"$said")))
}

check_kit() {
    local said
    said=$(build/kit-tests 2>&1)
    verdict $? "the kit's own tests" "$said"
    grep -q 'test cases: *[1-9]' <<<"$said"
    verdict $? "the kit's own tests ran" "$said"
    if command -v shellcheck >/dev/null; then
        said=$(shellcheck -x netns/*.sh tests/*.sh tests/kit/*.sh .ci/run 2>&1)
        verdict $? "shellcheck" "$said"
    else
        skipped=$((skipped + 1))
    fi
}

# The starter and the solution are the same but for the places marked STEP.
check_starter() {
    local lesson=$1 folder=$2 said
    mkdir -p "build/starters/$folder"
    for program in server client; do
        said=$(tests/kit/compare-starter.sh "lessons/$folder/$program.cpp" "solutions/$folder/$program.cpp" 2>&1)
        verdict $? "lesson $lesson: the starter of $program differs from the solution at its STEPs only" "$said"
    done
    said=$("build/lesson$lesson" "lessons/$folder" --own --brief --output "build/starters/$folder" 2>&1)
    [ "$said" = "$lesson.1" ]
    verdict $? "lesson $lesson: the starter fails first at step $lesson.1" "$said"
}

# Each mistake is tried by tests/kit/try-mistake.sh, some at a time, which says nothing
# if it is caught where it should be.
check_mistakes() {
    local lesson=$1 folder=$2 patch said
    printf '%s\n' tests/mistakes/"$folder"/*.patch |
        xargs -P 16 -I{} tests/kit/try-mistake.sh "$lesson" {} "build/mistakes/$folder"
    for patch in tests/mistakes/"$folder"/*.patch; do
        said=$(cat "build/mistakes/$folder/$(basename "$patch" .patch)/said")
        verdict "$([ -z "$said" ] && echo 0 || echo 1)" "$patch" "$said"
    done
}

check_kit
for lesson in "$@"; do
    before=$failed
    folder=$(basename lessons/0"$lesson"-*)
    check_all "solution $lesson" "build/lesson$lesson" "solutions/$folder"
    mkdir -p "build/sanitized/$folder"
    check_all "solution $lesson with sanitizers" "build/lesson$lesson" "solutions/$folder" --output "build/sanitized/$folder" \
        --command 'g++ -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all'
    check_starter "$lesson" "$folder"
    check_mistakes "$lesson" "$folder"
    printf 'lesson %s: solution, starter and %d known mistakes %s\n' "$lesson" \
        "$(find "tests/mistakes/$folder" -name '*.patch' | wc -l)" \
        "$([ "$failed" -eq "$before" ] && echo 'are as they should be' || echo 'fall short')"
done
[ "$skipped" -eq 0 ] || printf '%d checks were skipped on this machine\n' "$skipped"
printf '%d passed, %d failed%s\n' "$passed" "$failed" "$([ "$skipped" -eq 0 ] || echo ", $skipped skipped")"
[ "$failed" -eq 0 ]
