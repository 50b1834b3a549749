#!/usr/bin/env bash
# group.sh LESSON PROGRAM: builds that program of all mistakes, half-done starters and odd
# programs of a lesson. Reading the headers takes longest, so they are compiled together: each
# in a namespace of its own, all after the same headers. The one main() calls that of the
# variant under whose name it was started.
# Those that are the same as the solution's or the starter's are links to that one. STATIC is
# what linkable.sh says.
set -u
lesson=$1 program=$2
top=build/check
group=$top/group/$lesson-$program
mkdir -p "$top/group"

folders=()
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
done

# A main() that is an ordinary function must return; the true one may leave that out.
together() {
    cat "${folders[@]/%//$program.cpp}" | grep '^#include <' | sort -u
    echo '#include "../../../common/error.hpp"'
    for i in "${!folders[@]}"; do
        printf 'namespace v%d {\n#line 1 "%s"\n' "$i" "$program.cpp"
        # shellcheck disable=SC2016 # the $ are sed's
        sed -e 's/^#include.*//' -e '$s/^}$/    return 0;\n}/' "${folders[i]}/$program.cpp"
        echo '}'
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
