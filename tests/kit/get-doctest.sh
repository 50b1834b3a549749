#!/bin/sh
# get-doctest.sh: gets <doctest/doctest.h> into build/doctest, without root, if the
# compiler does not find it.
set -u
here=build/doctest
finds() { ${CXX:-g++} -E -isystem "$here/usr/include" -include doctest/doctest.h -xc++ /dev/null >/dev/null 2>&1; }
finds && exit 0

if ! command -v apt-get >/dev/null; then
    echo "doctest is missing. Install it: dnf install doctest-devel, pacman -S doctest, zypper install doctest-devel, apk add doctest-dev or brew install doctest" >&2
    exit 3
fi
work=$(mktemp -d build/doctest.XXXXXX) || exit 3
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
work=$(cd "$work" && pwd)
fetch() {
    (cd "$work" && apt-get -q -o Dir::Cache="$work/cache" -o APT::Sandbox::User= "$@") >"$work/log" 2>&1
}
own_lists() { fetch -o Dir::State::Lists="$work/lists" "$@"; }
# By the system's lists, if there are any, and not too old. Put in place whole, and never over
# what another run has put there meanwhile.
if { fetch -o Acquire::Retries=0 download doctest-dev || { own_lists update && own_lists download doctest-dev; }; } &&
    dpkg -x "$work"/doctest-dev*.deb "$work/root"; then
    mv -T "$work/root" "$here" 2>/dev/null
fi
finds && exit 0
echo "doctest is missing and could not be fetched (no network? Ubuntu without 'universe'?). Install it: sudo apt-get install doctest-dev" >&2
exit 3
