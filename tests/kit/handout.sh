#!/bin/sh
# handout.sh: what is in the archive for students, and what is not.
set -u
cd "$(dirname "$0")/../.." || exit 4
top=build/check/handout
rm -rf "$top"
mkdir -p "$top"

fail() {
    echo "$*"
    exit 1
}
said=$(tests/grade/handout.sh 2>&1) || fail "$said"
tar -xzf build/sockets-lab.tar.gz -C "$top" || fail "it cannot be unpacked"
cd "$top/sockets-lab" || fail "it holds no folder sockets-lab"

for wanted in Makefile README.md common/error.hpp netns/setup.sh tests/check.sh tests/harness/runner.cpp; do
    [ -e "$wanted" ] || fail "it lacks $wanted"
done
found=$(find . -path ./solutions -o -path ./build -o -path ./.git -o -path ./tests/mistakes -o -path ./tests/odd \
    -o -path ./tests/hostile -o -path ./tests/grade -o -name '*.o' -o -name server -o -name client)
[ -z "$found" ] || fail "it holds" "$found"
# Under whatever name.
find . -type f -exec cksum {} + | cut -d ' ' -f 1,2 | sort >../handed-out
find ../../../../solutions -name '*.cpp' -exec cksum {} + | cut -d ' ' -f 1,2 | sort >../solutions
found=$(comm -12 ../handed-out ../solutions)
[ -z "$found" ] || fail "it holds a solution"

for target in solution1 diff2 grade handout; do
    said=$(make "$target" 2>&1) && fail "make $target does something there"
    case $said in *"this is a handout"*) ;; *) fail "make $target says: $said" ;; esac
done
make -n lesson1 >/dev/null || fail "make lesson1 does not work there"

# Where there is no git, only what is named goes out.
cp -r ../../../../solutions . && mkdir tests/grade submissions && cp ../../../../tests/grade/handout.sh tests/grade
echo 'int main() {}' | tee submissions/mine.cpp >lessons/01-blocking/mine.old
said=$(tests/grade/handout.sh 2>&1) || fail "without git: $said"
found=$(tar -tzf build/sockets-lab.tar.gz | grep mine) && fail "without git it holds $found"
exit 0
