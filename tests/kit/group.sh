#!/usr/bin/env bash
# group.sh LESSON: builds the programs of all mistakes, half-done starters and odd programs of a
# lesson. group.sh sanitized: builds all solutions with sanitizers; where the compiler has none, a
# file "skipped" is all that it makes.
# Compiling each alone would take longest for what they have in common: the headers, and the
# paragraphs before the first that is not the solution's. So they are compiled together: each
# in a namespace of its own, which uses those of the common paragraphs. The one main() calls
# that of the program under whose name it was started. Threads want -pthread before glibc 2.34.
# Those that are the same as the solution's or the starter's are links to that one. STATIC and
# STATIC_SANITIZERS are what linkable.sh says.
set -u
shopt -s nullglob # where a lesson is solved there are no steps
top=build/check
group=$top/group/$1
if [ "$1" = sanitized ]; then
    if [ -z "$(tests/kit/linkable.sh -fsanitize=address,undefined)" ]; then
        for folder in "$top"/sanitized/*/; do touch "$folder/skipped"; done
        exit
    fi
    options="-g -fsanitize=address,undefined -fno-sanitize-recover=all $STATIC_SANITIZERS"
    known=() # these are built with other options
    sources=("$top"/sanitized/*/*.cpp)
else
    options="-s $STATIC"
    known=("$top"/{solution,starter}/"$1"/{server,client}.cpp)
    sources=("$top"/{mistake,steps,odd}/"$1"/*/{server,client}.cpp)
fi
mkdir -p "$top/group"

# Sets programs to those that are to be compiled, without ".cpp". The others become links.
sort_out() {
    local sum size source
    local -A same=()
    programs=()
    while read -r sum size source; do
        if [[ " ${known[*]-} " == *" $source "* ]]; then
            same[$sum $size]=${source%.cpp}
        elif [ -n "${same[$sum $size]-}" ]; then
            ln -sf "${same[$sum $size]/#$top/../../..}" "${source%.cpp}"
        else
            programs+=("${source%.cpp}")
        fi
    done < <(cksum ${known[@]+"${known[@]}"} "${sources[@]}")
}

# The one source of all programs. Those of one name follow the solution's.
together() {
    awk '
        FNR == 1 {
            file = FILENAME
            if (file ~ /^build\/check\/solution\//) { bases[++base_count] = base = file; id[base] = base_count }
            else { files[++count] = file; base_of[file] = base }
        }
        /^#include </ && !seen[$0]++ { print }
        /^#include/ { headers[file]++; next }
        { text[file, ++lines[file]] = $0 }

        # These lines of a file, in a namespace that has all of the other. Its main() must return,
        # as an ordinary function.
        function part(name, other, file, first, last,    i) {
            printf "namespace %s { using namespace %s;\n", name, other
            printf "#line %d \"%s\"\n", first + headers[file], substr(file, match(file, "[^/]*$"))
            for (i = first; i <= last; i++) {
                if (i == lines[file])
                    print "    return 0;"
                print text[file, i]
            }
            print "}"
        }

        # How many lines, to the end of a paragraph, are the same in the solution.
        function in_common(file, solution,    i, common) {
            common = 0
            for (i = 1; i <= lines[solution]; i++) {
                if (text[solution, i - 1] == "" && text[solution, i] ~ /^[^ }]/)
                    common = i - 1
                if (text[file, i] != text[solution, i])
                    break
            }
            return common
        }

        function space(base, last) { return last == 0 ? "nothing" : "common" id[base] "_" last }

        END {
            print "#include \"../../../common/error.hpp\"\nnamespace nothing {}"
            for (f = 1; f <= count; f++)
                ends[base_of[files[f]], common[f] = in_common(files[f], base_of[files[f]])]
            for (b = 1; b <= base_count; b++) {
                before = 0
                for (i = 1; i <= lines[bases[b]]; i++)
                    if ((bases[b], i) in ends) {
                        part(space(bases[b], i), space(bases[b], before), bases[b], before + 1, i)
                        before = i
                    }
            }
            for (f = 1; f <= count; f++)
                part("v" f, space(base_of[files[f]], common[f]), files[f], common[f] + 1, lines[files[f]])
            print "int main(int argc, char *argv[])\n{\n    char self[4096] = \"\";"
            print "    ssize_t size = readlink(\"/proc/self/exe\", self, sizeof self - 1);"
            for (f = 1; f <= count; f++)
                printf "    if (strstr(self, \"%s\"))\n        return v%d::main(argc, argv);\n", \
                    substr(files[f], 1, length(files[f]) - 4), f
            print "    return size < 0 ? 126 : 127;\n}"
        }' "$@"
}

# The sources of these programs, each after the solution's of its name.
in_order() {
    local name program
    for name in server client; do
        [ "$group" = "$top/group/sanitized" ] || echo "$top/solution/${group##*/}/$name.cpp"
        for program in "${programs[@]}"; do
            [ "${program##*/}" != "$name" ] || echo "$program.cpp"
        done
    done
}

sort_out
[ ${#programs[@]} -gt 0 ] || exit 0
mapfile -t sources < <(in_order)
together "${sources[@]}" >"$group.cpp"
# shellcheck disable=SC2086 # options are several words
if ${CXX:-g++} -w -pthread $options -o "$group" "$group.cpp" 2>"$group.log"; then
    for program in "${programs[@]}"; do ln -f "$group" "$program"; done
else # somebody's fault: see whose
    for program in "${programs[@]}"; do
        # shellcheck disable=SC2086
        ${CXX:-g++} -w -pthread $options -o "$program" "$program.cpp" >>"${program%/*}/log" 2>&1
    done
fi
