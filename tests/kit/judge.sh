#!/bin/sh
# judge.sh KIND LESSON [NAME]: runs the checks on a variant that variant.sh has built, and
# compares what comes out with what should. Prints one line: "ok SKIPPED WHAT", or
# "NOT SKIPPED WHAT: what is wrong"; SKIPPED counts the checks that were skipped.
set -u
kind=$1 lesson=$2 name=${3-}
number=${lesson%%-*}
number=${number#0}
folder=build/check/$kind/$lesson${name:+/$name}
skipped=0

# Which check is the first to fail, as the runner says it.
first_to_fail() {
    said=$("build/lesson$number" "$folder" --lesson "$number" --built --brief --jobs 3 "$@" 2>/dev/null)
    skipped=$((skipped + $(printf '%s\n' "$said" | grep -c '^skipped ')))
    printf '%s\n' "$said" | sed '/^skipped /d'
}

case $kind in
solution) wanted='all hold' what="solution" ;;
sanitized) wanted='all hold' what="solution with sanitizers" ;;
starter) wanted=$number.1 what="starter" ;;
steps) wanted=$number.$((name + 1)) what="starter with steps 1 to $name done" ;;
mistake) wanted=$(sed -n 's/^Caught by: //p' "tests/mistakes/$lesson/$name.patch") what="mistake $name" ;;
odd) wanted='all hold' what="right but odd: $name" ;;
same)
    what="$name: starter and solution differ at the STEPs only"
    wanted=''
    found=$(tests/kit/compare-starter.sh "lessons/$lesson/$name.cpp" "solutions/$lesson/$name.cpp" 2>&1) ||
        found="they differ elsewhere: $found"
    ;;
esac
if [ "$kind" != same ] && [ ! -e "$folder/built" ]; then
    found="it does not build: $(head -n 3 "$folder/log" 2>&1)"
elif [ "$kind" = sanitized ]; then
    found=$(first_to_fail --sanitized)
elif [ "$kind" != same ]; then
    found=$(first_to_fail)
fi
if [ "$found" = "$wanted" ]; then
    echo "ok $skipped $lesson, $what"
else
    echo "NOT $skipped $lesson, $what: $(printf '%s' "$found" | tr '\n' ' '), where it should be: $wanted"
fi
