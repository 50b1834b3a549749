#!/usr/bin/env bash
# try-mistake.sh LESSON PATCH BUILD: builds the lesson's solution with the mistake that
# PATCH makes, and runs the lesson's checks. Writes to BUILD/NAME/said what falls short:
# nothing, if the check that PATCH names is the first to fail.
set -u
lesson=$1 patch=$2
copy=$3/$(basename "$patch" .patch)
solution=solutions/$(basename "$(dirname "$patch")")
wanted=$(sed -n 's/^Caught by: //p' "$patch")

mkdir -p "$copy/source"
make_copy() {
    cp "$solution"/*.cpp "$copy/source" &&
        sed -n '/^--- /,$p' "$patch" | patch -s -p3 -d "$copy/source"
}
if [ ! -e "$copy/fresh" ] || [ -n "$(find "$patch" "$solution" -name '*.cpp' -newer "$copy/fresh" -o -name '*.patch' -newer "$copy/fresh")" ]; then
    if ! make_copy >"$copy/log" 2>&1; then
        { echo 'the patch does not apply'; cat "$copy/log"; } >"$copy/said"
        exit
    fi
    touch "$copy/fresh"
fi
found=$("build/lesson$lesson" "$copy/source" --lesson "$lesson" --brief --output "$copy" 2>&1)
if [ "$found" = "$wanted" ]; then
    : >"$copy/said"
else
    echo "should be caught by $wanted, but: $found" >"$copy/said"
fi
