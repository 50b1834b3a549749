#!/usr/bin/env bash
# setup.sh [N]    makes N hosts (2 if not said) on one network:
#                 server 192.168.1.6, client .7, client2 .8, client3 .9 …
#                 (more than two meet in a bridge, on a host "switch")
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=hosts.sh
. "$(dirname "${BASH_SOURCE[0]}")/hosts.sh"

most=16
count=${1-2}
if [[ ! $count =~ ^[1-9][0-9]?$ ]] || ((count < 2 || count > most)) || [[ $# -gt 1 && $2 != inside ]]; then
    fail "how many hosts? One number from 2 to $most, please."
fi

hosts=(server client)
for ((i = 3; i <= count; i++)); do hosts+=("client$((i - 1))"); done
namespaces=("${hosts[@]}")
((count == 2)) || namespaces+=(switch)

# Two hosts share a cable. More of them meet in a bridge, in a namespace of its own.
build() {
    local name address=6
    for name in "${namespaces[@]}"; do
        show ip netns add "$name"
    done
    if ((count == 2)); then
        # Two ends with the same index pass for one device: the kernel then says that they are
        # up with its next news, up to a second later.
        show ip link add eth0 index 6 netns server type veth peer name eth0 index 7 netns client
    else
        show ip -n switch link add br0 type bridge
        show ip -n switch link set br0 up
        for name in "${hosts[@]}"; do
            show ip link add eth0 netns "$name" type veth peer name "$name" netns switch
            show ip -n switch link set "$name" master br0 up
        done
    fi
    for name in "${hosts[@]}"; do
        show ip -n "$name" link set lo up
        show ip -n "$name" addr add "192.168.1.$((address++))/24" dev eth0
        show ip -n "$name" link set eth0 up
    done
}

# The process that keeps an ordinary user's hosts. It stays if it is told to.
# If setup.sh is killed before that, it reads end of file and ends, and with it
# all that was made.
hold() {
    exec >/dev/null 2>&1
    cd /                                                # no file system is busy because of it
    local fd
    for fd in /proc/self/fd/*; do                       # keep no file open, above all not the lock
        fd=${fd##*/}
        ((fd < 3)) || eval "exec $fd>&-"
    done
    read -r _ && exec setsid sleep infinity </dev/null
}

build_and_hold() {
    exec 8> >(hold)
    process_print $! >"$state/holder"
    show mount -t tmpfs tmpfs /run                      # seen by nobody else
    show mkdir /run/netns
    build
    local name group
    group=$(id -g)
    for name in "${hosts[@]}"; do                       # allow ping, as most systems do
        show nsenter --net="/run/netns/$name" "$BASH" -c \
            "echo $group $group >/proc/sys/net/ipv4/ping_group_range" 2>/dev/null || :
    done
    echo stay >&8
}

# Why it failed, and what helps here. Only asked after it did fail.
explain() {
    local error=${1%%$'\n'*} limit
    error=${error%.}
    is() { [ "$(cat "/proc/sys/$1" 2>/dev/null)" = "$2" ]; }
    if [ -z "$error" ]; then
        say "it was stopped half-way. Nothing of it is left."
    elif [[ $error == *option* ]]; then
        say "$error. Needed: util-linux 2.35 and iproute2 4.17 or newer."
    elif [[ $error == *"No space left"* ]]; then
        limit=$(cd /proc/sys/user && grep -lx 0 max_{user,mnt,net}_namespaces) || limit=max_user_namespaces
        say "$error. The limit user.${limit%%$'\n'*} is too low. Raise it: sudo sysctl -w user.${limit%%$'\n'*}=10000"
    elif [ "$EUID" = 0 ]; then
        say "$error. If this is a container, start it with --privileged."
    elif is kernel/apparmor_restrict_unprivileged_userns 1; then
        say "$error. AppArmor forbids it to users. Use sudo, or: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    elif is kernel/unprivileged_userns_clone 0; then
        say "$error. User namespaces are for root only. Use sudo, or: sudo sysctl -w kernel.unprivileged_userns_clone=1"
    elif grep -q '^Seccomp:.*2' /proc/self/status; then
        say "$error. A container forbids it. Start it with --security-opt seccomp=unconfined or --cap-add SYS_ADMIN."
    else
        say "$error. Try sudo."
    fi
}

# --- the work ------------------------------------------------------------------

# This script runs itself, with its own output on 3, for the part that needs the user namespace.
if [ "${2:-}" = inside ]; then
    { : >&3; } 2>/dev/null || fail "\"inside\" is for this script alone. Say how many hosts, no more."
    if [ "$EUID" = 0 ]; then build; else build_and_hold; fi
    exit
fi
inside_of=()
if [ "$EUID" != 0 ]; then
    need unshare util-linux
    inside_of=(unshare --user --map-current-user --keep-caps --mount --net)
fi

try_next() {
    local run="${SUDO_USER:+sudo }netns/run.sh"
    say "Try next, in two terminals, at the top of the kit, when make lesson1 has built them:"
    say "  $run server lessons/01-blocking/server 5000"
    say "  $run client lessons/01-blocking/client 192.168.1.6 5000"
}

lock_state
find_names
if is_whole && [ "$(hosts)" = "$(printf '%s\n' "${namespaces[@]}")" ]; then
    say "The $count hosts are there already."
    try_next
    exit
fi
for name in "${namespaces[@]}"; do          # made by us, or being made when we were killed?
    if [ "$EUID" != 0 ] || [ ! -e "/run/netns/$name" ]; then continue; fi
    if ! is_made "$name" && ! grep -qsx "$name" "$state/hosts"; then
        rmdir "$state" 2>/dev/null || :
        fail "there is a network namespace $name that this kit did not make. Remove it first: ip netns delete $name"
    fi
done
if is_whole; then say "There is another number of hosts. It goes, and $count are made anew."
elif [ -s "$state/hosts" ]; then say "What is there is not whole. It goes, and all is made anew."
fi
take_away

# From here on these names are ours, even if we get no further.
printf '%s\n' "${namespaces[@]}" >"$state/hosts.new"
mv "$state/hosts.new" "$state/hosts"
exec 3>&1
[ "$EUID" = 0 ] || say "  ${inside_of[*]}    # where you may do what follows"
if ! error=$(LC_ALL=C "${inside_of[@]}" "$BASH" "${BASH_SOURCE[0]}" "$count" inside 2>&1 >&3); then
    take_away
    rmdir "$state"
    fail "$(explain "$error")"
fi

find_names
for name in "${namespaces[@]}"; do
    for ((tries = 0; tries < 500; tries++)); do
        ! links_up "$name" || break
        sleep 0.01
    done
    links_up "$name" || fail "the links of $name do not come up."
    say "$name $(namespace_print "$name")"
done >"$state/hosts.new"
mv "$state/hosts.new" "$state/hosts"

for ((i = 0; i < count; i++)); do say "Ready: ${hosts[i]} 192.168.1.$((i + 6))"; done
[ "$EUID" = 0 ] || say "Process $holder holds them until netns/teardown.sh."
try_next
