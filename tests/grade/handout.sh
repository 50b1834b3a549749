#!/bin/sh
# handout.sh: writes build/sockets-lab.tar.gz, the kit for students: without solutions,
# and without what only the instructor needs.
set -eu
cd "$(dirname "$0")/../.."
work=build/handout.$$
top=$work/sockets-lab
trap 'rm -rf "$work"' EXIT
left_out='^(solutions|tests/(mistakes|odd|hostile|grade)|tests/kit/(grade|handout)\.[a-z]*)(/|$)'

said=$(tests/kit/compare-starter.sh lessons/*) || {
    starter=$(printf '%s\n' "$said" | tail -n 1)
    echo "$starter has been worked on, and would be handed out like that. Bring the starter back first: git checkout $starter" >&2
    exit 1
}

# What belongs to the kit: what git knows of; where there is no git, what has its name and place.
parts='Makefile README.md .clang-format .clangd .editorconfig .gitignore common netns tests'
if [ -e .git ] && command -v git >/dev/null; then
    # shellcheck disable=SC2086 # parts are several words
    files=$(git -c core.quotePath=false ls-files $parts lessons)
    # shellcheck disable=SC2086
    unknown=$(git -c core.quotePath=false ls-files --others --exclude-standard $parts lessons)
    [ -z "$unknown" ] || printf '%s\n' "$unknown" | sed 's/^/left out, as git does not know it: /' >&2
else
    # shellcheck disable=SC2086
    files=$(find $parts -type f && find lessons/* -type f \( -name README.md -o -name '*.svg' -o -name '*.cpp' \))
fi
mkdir -p "$top"
printf '%s\n' "$files" | grep -Ev "$left_out" | while read -r file; do
    [ ! -e "$file" ] || printf '%s\n' "$file" # else removed, and that not committed
done | tar -cf - -T - | tar -xf - --no-same-owner -C "$top"
# What it says of the rest.
sed -i -e '/^The finished programs/,/^$/d' -e '/^## For instructors/,/^## What it needs/{/^## What it needs/!d}' "$top/README.md"
chmod -R u=rwX,go=rX "$top"
tar -C "$work" -czf "$work/sockets-lab.tar.gz" sockets-lab
mv "$work/sockets-lab.tar.gz" build/sockets-lab.tar.gz
echo 'build/sockets-lab.tar.gz: without solutions, known mistakes, odd and hostile programs, and grading'
