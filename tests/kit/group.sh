#!/usr/bin/env bash
# group.sh LESSON PROGRAM: builds that program of all mistakes, half-done starters and odd
# programs of a lesson. Compiling each alone would take longest for what they have in common:
# the headers, and the paragraphs before the first that is not the solution's. So they are
# compiled together: each in a namespace of its own, which uses those of the common paragraphs.
# The one main() calls that of the variant under whose name it was started.
# Those that are the same as the solution's or the starter's are links to that one. STATIC is
# what linkable.sh says.
set -u
lesson=$1 program=$2
top=build/check
group=$top/group/$lesson-$program
solution=$top/solution/$lesson/$program.cpp
mkdir -p "$top/group"

# Without its headers, and with a main() that returns, as an ordinary function must.
text_of() { sed -e '/^#include/d' -e '$s/^}$/    return 0;\n}/' "$1"; }

# How many lines of its text, to the end of a paragraph, are the solution's too.
lines_in_common() {
    awk 'NR == FNR { wanted[NR] = $0; next }
        previous == "" && wanted[FNR] ~ /^[^ }]/ { common = FNR - 1 }
        $0 != wanted[FNR] { exit }
        { previous = $0 }
        END { print common + 0 }' <(text_of "$solution") <(text_of "$1")
}

folders=() common=()
for source in "$top"/{mistake,steps,odd}/"$lesson"/*/"$program.cpp"; do
    folder=${source%/*}
    rm -f "$folder/$program"
    for same in solution starter; do
        if cmp -s "$source" "$top/$same/$lesson/$program.cpp"; then
            ln -s "$PWD/$top/$same/$lesson/$program" "$folder/$program"
            continue 2
        fi
    done
    folders+=("$folder")
    common+=("$(lines_in_common "$source")")
done

# part NAME OTHER FIRST LAST SOURCE: these lines of its text, in a namespace that has all of the other's.
part() {
    printf 'namespace %s { using namespace %s;\n#line %d "%s"\n' \
        "$1" "$2" $(($3 + $(grep -c '^#include' "$5"))) "$program.cpp"
    text_of "$5" | sed -n "$3,$4p"
    echo '}'
}

together() {
    local before=0 i
    cat "${folders[@]/%//$program.cpp}" | grep '^#include <' | sort -u
    echo '#include "../../../common/error.hpp"'
    echo 'namespace common0 {}'
    for lines in $(printf '%d\n' "${common[@]}" | sort -nu); do
        [ "$lines" -eq 0 ] || part "common$lines" "common$before" $((before + 1)) "$lines" "$solution"
        before=$lines
    done
    for i in "${!folders[@]}"; do
        part "v$i" "common${common[i]}" $((common[i] + 1)) '$' "${folders[i]}/$program.cpp"
    done
    printf 'int main(int argc, char *argv[])\n{\n    char self[4096] = "";\n'
    echo '    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);'
    for i in "${!folders[@]}"; do
        printf '    if (strstr(self, "%s/%s"))\n        return v%d::main(argc, argv);\n' "${folders[i]}" "$program" "$i"
    done
    printf '    return size < 0 ? 126 : 127;\n}\n'
}
[ ${#folders[@]} -gt 0 ] || exit 0
together >"$group.cpp"
# shellcheck disable=SC2086 # STATIC may be no word at all
if ${CXX:-g++} -w -s $STATIC -o "$group" "$group.cpp" 2>"$group.log"; then
    for folder in "${folders[@]}"; do ln "$group" "$folder/$program"; done
else # somebody's fault: see whose
    for folder in "${folders[@]}"; do
        ${CXX:-g++} -w -o "$folder/$program" "$folder/$program.cpp" >"$folder/log" 2>&1
    done
fi
