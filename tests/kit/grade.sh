#!/bin/sh
# grade.sh: grades a few tiny submissions, and compares what comes out with what should.
set -u
cd "$(dirname "$0")/../.." || exit 4
export LC_ALL=C
top=$PWD/build/check/grade
handed_in=$top/handed-in grades=$top/grades
rm -rf "$top"
mkdir -p "$handed_in"

fail() {
    echo "$*"
    exit 1
}
must_say() {
    found=$(build/grader "$handed_in" "$grades" 2>&1)
    wanted=$(cat)
    case $found in *'allows no private networks'*) echo "marks differ where checks are skipped"; exit 77 ;; esac
    [ "$found" = "$wanted" ] || fail "$1: should say:
$wanted
but says:
$found"
}
must_refuse() { # WHAT WORDS ARGUMENTS OF THE GRADER…
    refused=$1 words=$2
    shift 2
    said=$(build/grader "$@" 2>&1)
    status=$?
    [ "$status $(printf '%s\n' "$said" | wc -l)" = '2 1' ] || fail "$refused: status $status: $said"
    case $said in *"$words"*) ;; *) fail "$refused: should say '$words', says: $said" ;; esac
}
has() { grep -qF -e "$2" "$1" || fail "$1 lacks: $2"; }

must_refuse "no folder" "SUBMISSIONS=DIR" "" "$grades"
must_refuse "no such folder" "is no folder" "$top/none" "$grades"
said=$(MAKEFLAGS='' make -s grade SUBMISSIONS="$top/none" 2>&1)
case $said in *'is no folder'*) ;; *) fail "make grade does not start: $said" ;; esac
must_refuse "an empty folder" "nothing to grade" "$handed_in" "$grades"
must_refuse "no such lesson" "there is no lesson '7'" "$handed_in" "$grades" "1 7"
must_refuse "grades among the submissions" "inside of SUBMISSIONS" "$handed_in" "$handed_in/grades"

# The client done, with a header of its own, which must not count.
ada="$handed_in/ada lovelace/01-blocking"
mkdir -p "$ada" "$handed_in/ada lovelace/common"
echo '#error not this one' >"$handed_in/ada lovelace/common/error.hpp"
echo 'int main() {}' >"$ada/server.cpp"
cp solutions/01-blocking/client.cpp "$ada"
echo >"$ada/notes.txt"
# A name and words that no format takes as they are; a file that must not be waited for.
odd="$handed_in/"'<&>"'"$(printf '\033\377')"
mkdir -p "$odd/01-blocking"
printf '%s\n' '#include <stdio.h>' 'int main() { fputs("\033]\377\001]]><&\"", stderr); }' >"$odd/01-blocking/server.cpp"
mkfifo "$odd/01-blocking/client.cpp"
# Nothing that can be built, in a whole kit.
eve="$handed_in/eve/sockets-lab/lessons"
mkdir -p "$eve/01-blocking" "$handed_in/eve/sockets-lab/tests"
ln -s "$PWD/solutions/01-blocking/server.cpp" "$eve/01-blocking/server.cpp"
printf 'int main() {}\0' >"$eve/01-blocking/client.cpp"
mkdir -p "$handed_in/zoe/9-nine/01-blocking" "$handed_in/zoe/old"
ln -s "$PWD/solutions" "$handed_in/link"
sources=$(find "$handed_in" -name '*.cpp' -type f -exec cksum {} +)

rows() {
    cat <<'END'
  link is a symbolic link, which is not followed, no student's folder: ignored
  student       01-blocking    total
  <&>"\x1b\xff          0/9      0/9
      01-blocking/client.cpp is a FIFO
  ada lovelace          2/9      2/9
      01-blocking: ignored: notes.txt
      common is no lesson: ignored
  eve                   0/9      0/9
      01-blocking/server.cpp is a symbolic link, which is not followed
      01-blocking/client.cpp is no text
  zoe                     -      0/9
      9-nine is no lesson: ignored; 01-blocking lies one folder too deep
      old is no lesson: ignored

  $1 lessons checked now, $2 unchanged since they were checked
  $grades/grades.csv
END
}
must_say "the first run" <<END
$(rows | sed "s|\$1|3|; s|\$2|0|; s|\$grades|$grades|")
END
[ "$(find "$handed_in" -name '*.cpp' -type f -exec cksum {} +)" = "$sources" ] || fail "a submission was changed"
[ ! -e "$grades/.being-checked" ] || fail "the working folder is still there"

ada="$grades/students/ada lovelace"
has "$ada/results.json" '"score": 2,'
has "$ada/results.json" '"max_score": 9,'
has "$ada/results.json" '{"number": "1.8", "name": "01-blocking: the client says why it cannot connect", "score": 1, "max_score": 1, "status": "passed"'
has "$ada/junit.xml" '<testcase classname="01-blocking.step 1.8" name="the client says why it cannot connect"'
has "$grades/grades.csv" '"<&>""\x1b\xff",0,9,0,9'
has "$grades/grades.csv" '"ada lovelace",2,9,2,9'
has "$grades/grades.csv" '"zoe",,9,0,9'
if command -v python3 >/dev/null; then
    python3 - "$grades"/students/* <<'END' || fail "not what others can read"
import json, sys, xml.etree.ElementTree
for folder in sys.argv[1:]:
    results = json.load(open(folder + "/results.json", encoding="utf-8"))
    assert results["score"] == sum(test["score"] for test in results["tests"]), folder
    assert len(results["tests"]) == 9, folder
    suites = xml.etree.ElementTree.parse(folder + "/junit.xml").getroot()
    assert len(suites.findall(".//testcase")) == int(suites.find("testsuite").get("tests")), folder
END
fi

# Only what is in a file counts, not when it was written.
find "$handed_in" -name '*.cpp' -type f -exec touch {} +
must_say "the same again" <<END
$(rows | sed "s|\$1|0|; s|\$2|3|; s|\$grades|$grades|")
END
# An interrupted write, or another version of the kit.
printf '16 0123' >"$grades/students/eve/.01-blocking"
must_say "after a damaged record" <<END
$(rows | sed "s|\$1|1|; s|\$2|2|; s|\$grades|$grades|")
END
printf '\n' >>"$odd/01-blocking/server.cpp" # soon checked again
must_say "after a change" <<END
$(rows | sed "s|\$1|1|; s|\$2|2|; s|\$grades|$grades|")
END
# Interrupted when one of two lessons has been checked; the other is going to take very long.
mkdir "$handed_in/zoe/01-blocking"
printf '%s\n' '#include <unistd.h>' 'int main() { pause(); }' >"$handed_in/zoe/01-blocking/server.cpp"
echo >>"$eve/01-blocking/client.cpp"
rm "$grades/students/eve/results.json"
SLOW=1000 build/grader "$handed_in" "$grades" >"$top/said" 2>&1 &
while kill -0 $! && [ ! -e "$grades/students/eve/results.json" ]; do sleep 0.05; done
kill -TERM $!
wait $!
status=$?
[ "$status" = 130 ] || fail "interrupted: status $status"
has "$top/said" 'interrupted; the same command goes on from here'
[ ! -e "$grades/.being-checked" ] || fail "interrupted, and the working folder is still there"
echo 'int main() {}' >"$handed_in/zoe/01-blocking/server.cpp"
build/grader "$handed_in" "$grades" >"$top/said"
has "$top/said" '1 lessons checked now, 3 unchanged since they were checked'
