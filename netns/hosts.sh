# shellcheck shell=bash
# What setup.sh, run.sh, status.sh and teardown.sh share. They source it.
#
# A host is a network namespace with a name. Root's are named in /run/netns,
# where `ip netns list` finds them. An ordinary user has no right to that
# folder, so theirs are named in a /run of their own, inside a user namespace
# that lives as long as one small process, the holder, is in it.
#
# The folder $state remembers what was made:
#   hosts    one line a host: its name, and once all is ready its fingerprint
#   holder   the fingerprint of the holder

say()  { printf '%s\n' "$*"; }
fail() { printf 'netns/%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }
# For every command that changes the network: shows it, as one could type it, and runs it.
show() { local words; printf -v words '%q ' "$@"; say "  ${words% }"; "$@"; }

[[ $OSTYPE == linux* ]] || fail "hosts are made of Linux namespaces. Use Linux in a virtual machine."

need() { command -v "$1" >/dev/null || fail "there is no command $1. Install the package $2."; }
need ip      "iproute2 (Fedora: iproute)"
need nsenter util-linux
need flock   util-linux

[ -z "${NETNS_HOST:-}" ] || fail "you are on the host $NETNS_HOST. Leave it first (exit)."

# --- the state: in a folder where nobody else can write ----------------------

# The same in every terminal, so no variable of the environment has a say.
if [ "$EUID" = 0 ]; then state=/run/socket-lab; else state=/tmp/socket-lab-$EUID; fi

trust_state() {
    local is
    is=$(stat -c '%A %u' "$state" 2>/dev/null) || return 0      # not there yet
    [ "$is" = "drwx------ $EUID" ] ||
        fail "$state is not a folder of yours with mode 700. Remove it, or have it removed."
}
trust_state

# One script at a time. Whoever waited may find that teardown.sh has removed
# the folder meanwhile, and then locks the next one.
lock_state() {
    while :; do
        (umask 077; mkdir -p "$state") || exit 1
        trust_state
        { exec 9<"$state"; } 2>/dev/null || continue
        flock -w 30 9 || fail "another setup.sh or teardown.sh has been busy for 30 s."
        [ ! "$state" -ef /proc/self/fd/9 ] || break
    done
    trust_state
}

# --- what is there -------------------------------------------------------------

# A number can pass to another process or namespace. A number with the time
# of birth cannot.
process_print() {    # PID
    local line fields
    { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
    read -ra fields <<<"${line##*) }"               # from field 3 on, so [19] is field 22
    say "$1 ${fields[19]} $(stat -Lc %i "/proc/$1/ns/user" 2>/dev/null)"
}
namespace_print() { stat -Lc '%i %z' "$names/$1" 2>/dev/null; }    # HOST

# Sets $names, the folder with one file for each host, and how nsenter gets there.
find_names() {
    names=/run/netns holder='' way_in=()
    [ "$EUID" != 0 ] || return 0
    local print=''
    [ ! -r "$state/holder" ] || print=$(<"$state/holder")
    holder=${print%% *}
    [ -n "$holder" ] && [ "$(process_print "$holder")" = "$print" ] || holder=''
    names=/proc/${holder:-none}/root/run/netns
    way_in=(--target "${holder:-0}" --user --preserve-credentials)
}

hosts() { [ ! -r "$state/hosts" ] || cut -d' ' -f1 "$state/hosts"; }

# Runs a command on a host. A user's command loses all capabilities of the
# user namespace when it starts, because its uid is not 0 in there.
on() { local host=$1; shift; nsenter "${way_in[@]}" --net="$names/$host" -- "$@"; }

# The pids of the processes on a host, in the order of their numbers.
inside() {
    local process
    for process in /proc/[0-9]*; do
        [ ! "$process/ns/net" -ef "$names/$1" ] || say "${process#/proc/}"
    done | sort -n
}
command_of() { { tr '[:cntrl:]' ' ' <"/proc/$1/cmdline"; } 2>/dev/null || :; }

# Does every link but lo carry traffic? For a moment after `up` it does not yet.
links_up() {
    local link status found=1
    while read -r link status _; do
        [ "$link" != lo ] || continue
        [ "$status" = UP ] || return 1
        found=0
    done < <(on "$1" ip -br link 2>/dev/null)
    return $found
}

# Is this host there as setup.sh left it? And are all of them?
is_made()  { [ -e "$names/$1" ] && grep -qsxF "$1 $(namespace_print "$1")" "$state/hosts"; }
is_whole() {
    local host
    [ -s "$state/hosts" ] || return 1
    for host in $(hosts); do is_made "$host" && links_up "$host" || return 1; done
}

only_root_has_one() { [ "$EUID" != 0 ] && [ -e /run/netns/server ]; }
roots_is="The one that root has is for root: sudo netns/${0##*/}"

no_network() {
    ! only_root_has_one || fail "you have no network. $roots_is"
    fail "there is no network. Make one: netns/setup.sh"
}

# --- taking it away --------------------------------------------------------------

end_processes() {    # HOST
    local pid pids tries=0
    for pid in $(inside "$1"); do say "Ends on $1: $pid $(command_of "$pid")"; done
    while pids=$(inside "$1"); [ -n "$pids" ]; do
        for pid in $pids; do kill -KILL "$pid" 2>/dev/null || :; done
        ((++tries < 100)) || fail "a process on $1 does not end: ${pids//$'\n'/ }."
        sleep 0.02
    done
}

# Can be cut short at any point and done again.
take_away() {
    local host made is
    find_names
    [ -e "$state/hosts" ] || : >"$state/hosts"
    while read -r host made; do
        [ -e "$names/$host" ] || continue
        is=$(namespace_print "$host")
        [ "${made:-$is}" = "$is" ] || continue      # no longer the one that we made
        end_processes "$host"
        [ "$EUID" != 0 ] || show ip netns delete "$host"
    done <"$state/hosts"
    while [ -n "$holder" ]; do
        kill -KILL "$holder" 2>/dev/null || :
        sleep 0.01
        find_names
    done
    rm -f "$state/hosts" "$state/hosts.new" "$state/holder"
}
