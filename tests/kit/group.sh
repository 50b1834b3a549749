#!/usr/bin/env bash
# group.sh LESSON PROGRAM: builds that program of all mistakes, half-done starters and odd
# programs of a lesson. group.sh sanitized: builds all solutions with sanitizers.
# Compiling each alone would take longest for what they have in common: the headers, and the
# paragraphs before the first that is not the solution's. So they are compiled together: each
# in a namespace of its own, which uses those of the common paragraphs. The one main() calls
# that of the program under whose name it was started.
# Those that are the same as the solution's or the starter's are links to that one. STATIC and
# STATIC_SANITIZERS are what linkable.sh says.
set -u
shopt -s nullglob # where a lesson is solved there are no steps
top=build/check
if [ "$1" = sanitized ]; then
    group=$top/group/sanitized
    sources=("$top"/sanitized/*/{server,client}.cpp)
    options="-g -fsanitize=address,undefined -fno-sanitize-recover=all $STATIC_SANITIZERS"
    solution=/dev/null known=() # these are built with other options
else
    group=$top/group/$1-$2
    sources=("$top"/{mistake,steps,odd}/"$1"/*/"$2.cpp")
    options="-s $STATIC"
    solution=$top/solution/$1/$2.cpp known=("$top"/{solution,starter}/"$1/$2")
fi
mkdir -p "$top/group"

# text_of FILE: sets $text.
text_of() { IFS= read -r -d '' text <"$1" || :; }

# Makes the program a link to the solution's or the starter's, if it is the same.
is_known() {
    local same text mine
    text_of "$1.cpp"
    mine=$text
    for same in ${known[@]+"${known[@]}"}; do
        text_of "$same.cpp"
        [ "$mine" = "$text" ] || continue
        ln -s "$PWD/$same" "$1"
        return
    done
    return 1
}

# The one source of all programs.
together() {
    awk -v solution="$solution" '
        FNR == 1 { file = FILENAME; if (file != solution) files[++count] = file }
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
        function in_common(file,    i, common) {
            common = 0
            for (i = 1; i <= lines[solution]; i++) {
                if (text[solution, i - 1] == "" && text[solution, i] ~ /^[^ }]/)
                    common = i - 1
                if (text[file, i] != text[solution, i])
                    break
            }
            return common
        }

        END {
            print "#include \"../../../common/error.hpp\"\nnamespace common0 {}"
            for (f = 1; f <= count; f++)
                ends[common[f] = in_common(files[f])]
            for (i = 1; i <= lines[solution]; i++)
                if (i in ends) {
                    part("common" i, "common" before + 0, solution, before + 1, i)
                    before = i
                }
            for (f = 1; f <= count; f++)
                part("v" f, "common" common[f], files[f], common[f] + 1, lines[files[f]])
            print "int main(int argc, char *argv[])\n{\n    char self[4096] = \"\";"
            print "    ssize_t size = readlink(\"/proc/self/exe\", self, sizeof self - 1);"
            for (f = 1; f <= count; f++)
                printf "    if (strstr(self, \"%s\"))\n        return v%d::main(argc, argv);\n", \
                    substr(files[f], 1, length(files[f]) - 4), f
            print "    return size < 0 ? 126 : 127;\n}"
        }' "$solution" "${programs[@]/%/.cpp}"
}

programs=()
for source in "${sources[@]}"; do
    rm -f "${source%.cpp}"
    is_known "${source%.cpp}" || programs+=("${source%.cpp}")
done
[ ${#programs[@]} -gt 0 ] || exit 0
together >"$group.cpp"
# shellcheck disable=SC2086 # options are several words
if ${CXX:-g++} -w $options -o "$group" "$group.cpp" 2>"$group.log"; then
    for program in "${programs[@]}"; do ln "$group" "$program"; done
else # somebody's fault: see whose
    for program in "${programs[@]}"; do
        # shellcheck disable=SC2086
        ${CXX:-g++} -w $options -o "$program" "$program.cpp" >"${program%/*}/log" 2>&1
    done
fi
