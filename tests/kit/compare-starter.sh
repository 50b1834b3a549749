#!/bin/sh
# compare-starter.sh STARTER SOLUTION: whether the two differ only where the starter has
# a STEP: a comment that begins "// STEP n:" and the line after it that stands in for
# the work, marked "(until step n)".
starter=$1 solution=$2
diff "$starter" "$solution" | awk '
    /^[0-9]/ { if (hunk && !step) bad = 1; hunk = 1; step = 0; where = $0 }
    /^< / && /\/\/ STEP [0-9]+:/ { step = 1; next }
    /^< / && step && (/^< *\/\// || /\(until step [0-9]+\)/) { next }
    /^< / { bad = 1; print "not at a STEP: " $0 }
    END { if (hunk && !step) bad = 1; if (bad) print "look near " where; exit bad }' || exit 1
grep -q 'STEP [0-9]*:' "$starter" && ! grep -q 'STEP [0-9]*:' "$solution"
