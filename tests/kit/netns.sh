#!/usr/bin/env bash
# netns.sh: tries the scripts of netns/, as root and as an ordinary user, with the
# solution of lesson 1. It does so in namespaces of its own, with a /run and a /tmp of
# its own, so it never meets hosts that somebody has made, and leaves nothing.
# Exit status 77: that is not allowed on this machine, or a command is missing.
set -eu
export LC_ALL=C

skip() { echo "$*"; exit 77; }

if [ "${1-}" != inside ]; then
    cd "$(dirname "$0")/../.."
    for command in ip nsenter unshare setpriv flock mount; do
        command -v $command >/dev/null || skip "there is no command $command"
    done
    tried=()
    for uid in 0 4000; do
        new=(unshare --user "--map-user=$uid" "--map-group=$uid" --keep-caps
            --mount --net --pid --fork --kill-child --mount-proc)
        why=$("${new[@]}" mount -t tmpfs tmpfs /run 2>&1) || skip "${why%%$'\n'*}"
        "${new[@]}" "$BASH" tests/kit/netns.sh inside &
        tried+=($!)
    done
    for pid in "${tried[@]}"; do wait "$pid"; done
    exit
fi

# --- inside: this is process 1, on a host where nobody else is -------------------

if [ $# = 1 ]; then
    mount -t tmpfs tmpfs /run
    mount -t tmpfs tmpfs /tmp # it may hide this folder, so go on in a copy
    mkdir "/tmp/the kit"
    cp -r netns build/check/solution/01-blocking/server build/check/solution/01-blocking/client \
        tests/kit/netns.sh "/tmp/the kit"
    cd "/tmp/the kit"
    drop=()
    [ $EUID = 0 ] || drop=(setpriv --ambient-caps=-all --inh-caps=-all)
    exec "${drop[@]}" "$BASH" ./netns.sh inside without-capabilities
fi
kit=$PWD
if [ $EUID = 0 ]; then who=root; else who='an ordinary user'; fi
wrong() { printf 'as %s: %s\n' "$who" "$*"; exit 1; }

# expect STATUS PATTERN COMMAND…
expect() {
    local status=$1 pattern=$2 said got=0
    shift 2
    said=$("$@" 2>&1) || got=$?
    # shellcheck disable=SC2053 # a pattern
    if [ "$got" != "$status" ] || [[ $said != $pattern ]]; then
        wrong "$* ends with status $got and says: $said"$'\n'"expected: status $status, $pattern"
    fi
}

# until_true COMMAND…: waits for what is about to come.
until_true() {
    local tries
    for ((tries = 0; tries < 1000; tries++)); do
        ! "$@" || return 0
        sleep 0.01
    done
    wrong "waits in vain for: $*"
}

outside() { ip -o link; ip -o addr; grep -rs . /proc/sys/net || :; } # some files there cannot be read
runs() { [ "$(cat "/proc/$1/comm")" = "$2" ]; }
alone() { local all=(/proc/[0-9]*); [ ${#all[@]} = 1 ]; }
ended_with() { # STATUS PID
    local got=0
    wait "$2" || got=$?
    [ $got = "$1" ] || wrong "process $2 ended with status $got, expected $1"
}
nothing_left() {
    until_true alone
    [ -z "$(ip netns list)" ] || wrong "namespaces are left: $(ip netns list)"
    [ -z "$(find /run /tmp -maxdepth 1 -name '*socket-lab*')" ] || wrong "the state is left"
    [ "$(outside)" = "$before" ] || wrong "changed outside:"$'\n'"$(diff <(echo "$before") <(outside))"
}
before=$(outside)

# Nothing is there yet.
expect 0 '*Nothing to do.' netns/teardown.sh
expect 1 '*there is no network. Make one: netns/setup.sh' netns/run.sh server true
expect 1 '*there is no network. Make one: netns/setup.sh' netns/status.sh
expect 1 '*One number from 2 to 16*' netns/setup.sh 17
expect 1 '*One number from 2 to 16*' netns/setup.sh ''

# Two hosts.
expect 0 '*ip link add*Ready: server 192.168.1.6*Ready: client 192.168.1.7*' netns/setup.sh
expect 0 'server 192.168.1.6/24, link up?client 192.168.1.7/24, link up' netns/status.sh
[ $EUID != 0 ] || expect 0 $'client\nserver' bash -c 'ip netns list | cut -d" " -f1 | sort'

# A server on one, a client on the other; a second setup.sh leaves them be.
mkfifo log
netns/run.sh server ./server 5000 2>log &
read -r line <log
[ "$line" = 'listening on port 5000' ] || wrong "the server says: $line"
expect 0 $'hello 1\n1: hi' bash -c 'echo hi | netns/run.sh client ./client 192.168.1.6'
expect 0 '*there already*' netns/setup.sh
expect 0 $'hello 2\n2: hi' bash -c 'echo hi | netns/run.sh client ./client 192.168.1.6'
expect 0 "*server*listens: tcp 0.0.0.0:5000*runs: $! ./server 5000*client*" netns/status.sh

# The command takes the place of run.sh. No SIGTERM: under unshare of util-linux 2.37 it is ignored here.
kill -USR1 $!
ended_with 138 $!
expect 42 '' netns/run.sh server sh -c 'exit 42'
expect 0 "/ $EUID client" bash -c "cd / && '$kit/netns/run.sh' client sh -c 'echo \$(pwd) \$(id -u) \$NETNS_HOST'"
expect 0 '*Leave it with exit.?on server' bash -c "netns/run.sh server <<<'echo on \$NETNS_HOST'"
expect 1 '*there is no host nowhere. There are: server client' netns/run.sh nowhere true
expect 1 '*you are on the host client. Leave it first*' netns/run.sh client netns/teardown.sh
if [ $EUID != 0 ]; then
    expect 0 'CapEff:?0000000000000000' netns/run.sh server grep CapEff: /proc/self/status
    expect 1 '*bind: Permission denied' netns/run.sh server timeout 5 ./server 80
fi

# Three hosts, then two again; what runs ends.
expect 0 '*made anew*Ready: client2 192.168.1.8*' netns/setup.sh 3
expect 1 '*Connection refused' netns/run.sh client2 bash -c ': </dev/tcp/192.168.1.6/5000'
netns/run.sh client2 sleep infinity &
until_true runs $! sleep
expect 0 "*made anew*Ends on client2: $! sleep infinity*Ready: client 192.168.1.7*" netns/setup.sh 2
ended_with 137 $!
expect 0 '*Gone: server client' netns/teardown.sh
nothing_left

# setup.sh killed at its first, second, … command: put right by setup.sh or teardown.sh.
mkdir bin
cat >bin/ip <<'END'
#!/bin/sh
echo >>calls
[ "$(wc -l <calls)" != "$KILL_AT" ] || kill -KILL "$(cat setup)" $PPID
PATH=${PATH#*:} exec ip "$@"
END
chmod +x bin/ip
for at in 2 5 9; do
    rm -f calls
    KILL_AT=$at PATH="$kit/bin:$PATH" expect 137 '*' bash -c 'echo $$ >setup && exec netns/setup.sh'
    [ $EUID = 0 ] || until_true alone # what held the hosts ends by itself
    expect 1 '*' netns/status.sh
    if [ $at != 5 ]; then
        expect 0 '*not whole*Ready: client*' netns/setup.sh
    fi
    expect 0 '*Gone: server client' netns/teardown.sh
    nothing_left
done

# Where it cannot work.
ln -s "$(command -v dirname)" .
PATH=$kit expect 1 '*there is no command ip. Install the package iproute2*' "$BASH" netns/setup.sh
mkdir -m 755 "$([ $EUID = 0 ] && echo /run/socket-lab || echo /tmp/socket-lab-4000)"
expect 1 '*is not a folder of yours with mode 700. Remove it*' netns/setup.sh
rmdir /run/socket-lab /tmp/socket-lab-4000 2>/dev/null || :
if [ $EUID = 0 ]; then
    ip netns add client
    expect 1 '*client that this kit did not make. Remove it first: ip netns delete client' netns/setup.sh
    expect 0 'client' ip netns list
    ip netns delete client
    expect 1 '*No space left on device. The limit user.max_user_namespaces is too low. Raise it: *' \
        unshare --user --map-user=4000 --map-group=4000 --keep-caps sh -c \
        'echo 0 >/proc/sys/user/max_user_namespaces
         exec setpriv --ambient-caps=-all --inh-caps=-all netns/setup.sh'
fi
nothing_left
