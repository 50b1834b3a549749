#!/usr/bin/env bash
# status.sh    what is there: hosts, addresses, links, and what runs on them.
#              Exit status 0 if all is up, else 1.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=hosts.sh
. "$(dirname "${BASH_SOURCE[0]}")/hosts.sh"

[ $# = 0 ] || fail "it shows all hosts, and wants no argument."
find_names
[ -s "$state/hosts" ] || no_network
for host in $(hosts); do
    if ! is_made "$host"; then
        say "$host is missing."
        continue
    fi
    read -r _ _ address _ < <(on "$host" ip -br -4 address show scope global) || address="(no address)"
    if links_up "$host"; then link=up; else link=down; fi
    say "$host $address, link $link"
    on "$host" ss -Hlntu | while read -r protocol _ _ _ local _; do say "    listens: $protocol $local"; done
    for pid in $(inside "$host"); do say "    runs: $pid $(command_of "$pid")"; done
done
is_whole || fail "not all is up. Put it right: netns/setup.sh"
