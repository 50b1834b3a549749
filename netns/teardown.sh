#!/usr/bin/env bash
# teardown.sh    takes the hosts away, and ends what still runs on them.
#
# A process that stayed would keep its namespace alive without a name, out of
# reach of every script. So it ends with the hosts, like a machine switched off.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=hosts.sh
. "$(dirname "${BASH_SOURCE[0]}")/hosts.sh"

[ $# = 0 ] || fail "it takes all hosts away, and wants no argument."
if [ ! -d "$state" ]; then
    if only_root_has_one; then
        say "You have no network. $roots_is"
    else
        say "There is no network. Nothing to do."
    fi
    exit
fi
lock_state
gone=$(hosts | paste -sd' ')
take_away
rmdir "$state"
say "Gone: ${gone:-nothing was there.}"
