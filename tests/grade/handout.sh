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

# What belongs to the kit: what git knows of, or where there is no git all but what is made.
if [ -e .git ] && command -v git >/dev/null; then
    files=$(git -c core.quotePath=false ls-files)
else
    files=$(find . \( -path ./build -o -path ./.git \) -prune -o -type f ! -name server ! -name client -print | sed 's|^\./||')
fi
printf '%s\n' "$files" | grep -Ev "$left_out" | while read -r file; do
    [ -e "$file" ] || continue # removed, and that not committed
    mkdir -p "$top/$(dirname "$file")"
    cp "$file" "$top/$file"
done
# What it says of the rest.
sed -i -e '/^The finished programs/,/^$/d' -e '/^## For instructors/,/^## What it needs/{/^## What it needs/!d}' "$top/README.md"
chmod -R u=rwX,go=rX "$top"
tar -C "$work" -czf "$work/sockets-lab.tar.gz" sockets-lab
mv "$work/sockets-lab.tar.gz" build/sockets-lab.tar.gz
echo 'build/sockets-lab.tar.gz: without solutions, known mistakes, odd and hostile programs, and grading'
