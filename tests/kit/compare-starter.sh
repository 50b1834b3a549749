#!/bin/sh
# compare-starter.sh lessons/NAME…: whether the starters there differ from the solutions only
# where they have a STEP: a comment that begins "// STEP n:" and the line after it that stands
# in for the work, marked "(until step n)". Its last line names the first that does not.
set -u

differ_only_at_steps() { # STARTER SOLUTION
    diff "$1" "$2" | awk '
        /^[0-9]/ { if (hunk && !step) bad = 1; hunk = 1; step = 0; where = $0 }
        /^< / && /\/\/ STEP [0-9]+:/ { step = 1; next }
        /^< / && step && (/^< *\/\// || /\(until step [0-9]+\)/) { next }
        /^< / { bad = 1; print "not at a STEP: " $0 }
        END { if (hunk && !step) bad = 1; if (bad) print "look near " where; exit bad }' || return 1
    grep -q 'STEP [0-9]*:' "$1" && ! grep -q 'STEP [0-9]*:' "$2"
}

for folder; do
    for program in server client; do
        starter=$folder/$program.cpp
        differ_only_at_steps "$starter" "solutions/${starter#lessons/}" || { echo "$starter"; exit 1; }
    done
done
