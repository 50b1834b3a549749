#!/usr/bin/env bash
# run.sh HOST [COMMAND…]    runs a command on a host, or a shell if there is none.
#
# The command is you, where you are, on another network: same user, folder,
# files and process numbers. It takes the place of this script, so signals go
# straight to it and its exit status is the script's.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=hosts.sh
. "$(dirname "${BASH_SOURCE[0]}")/hosts.sh"

find_names
is_made server || no_network
known=$(hosts | paste -sd' ')
(($# > 0))     || fail "on which host? There are: $known"
is_made "$1"   || fail "there is no host $1. There are: $known"

export NETNS_HOST=$1
shift
if (($# == 0)); then
    say "You are on $NETNS_HOST. Leave it with exit."
    export PROMPT_COMMAND="PS1=\"[$NETNS_HOST] \$PS1\"; unset PROMPT_COMMAND"     # once, after ~/.bashrc
    set -- bash
fi
exec nsenter "${way_in[@]}" --net="$names/$NETNS_HOST" -- "$@"
