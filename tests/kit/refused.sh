#!/usr/bin/env bash
# refused.sh: that the checks run where namespaces are refused, and say what they leave out;
# and that there, as in boxes, nothing outlives a runner that is killed or interrupted.
set -u
solution=build/check/solution/01-blocking
export HOSTILE
HOSTILE=build/refused/$(stat -c %i .) # apart from those of hostile.sh
survivor=$HOSTILE/survivor/01-blocking

runner='' # of which we are the only ones to know
trap '[ -z "$runner" ] || kill -KILL "$runner"' EXIT
fail() { echo "$*"; exit 1; }

# runs_on_loopback REMEDY COMMAND…: COMMAND runs a runner where it gets no network.
runs_on_loopback() {
    local remedy=$1 said
    shift
    said=$("$@" 2>&1) || fail "$1: status $?: $said"
    said=${said//$'\n'/ } # however it is broken into lines
    [[ $said == 'Not your fault: '*"$remedy"*' (skipped)'* ]] || fail "$1: no word of the remedy or what is skipped: $said"
}

of_survivor() {
    find /proc -maxdepth 2 -name exe -lname "/memfd:$survivor/*" 2>/dev/null
    grep -lz "^$survivor" /proc/[0-9]*/cmdline 2>/dev/null
}

# wait_until COMMAND…: waits for what is about to come; not for ever.
wait_until() {
    for ((tries = 0; tries < 300; tries++)); do
        "$@" && return
        sleep 0.05
    done
    return 1
}
started() { [[ $(of_survivor) == */exe* ]]; }
gone() { [ -z "$(of_survivor)" ]; }

# goes_with_runner SIGNAL WHOM COMMAND…: WHOM is the runner's process or its group, as for kill.
goes_with_runner() {
    local signal=$1 whom=$2
    shift 2
    set -m # the job gets a group of its own
    SLOW=60 "$@" "$survivor" --step 6 >/dev/null 2>&1 &
    runner=$!
    disown # no word of its end
    set +m
    wait_until started || fail "the survivor does not start: $*"
    kill -s "$signal" -- "$whom$runner"
    wait_until gone || fail "after SIG$signal of $* there are still: $(of_survivor)"
    runner=''
}

# What Ctrl-C sends; who runs this in the background may have had it ignored.
interrupt=INT
[[ $(trap -p INT) != "trap -- '' "* ]] || interrupt=TERM
build/refuse true || exit 77
{
    runs_on_loopback 'docker run' build/refuse build/runner "$solution"
    # shellcheck disable=SC2016 # for the inner shell
    ! unshare -Ur true 2>/dev/null || runs_on_loopback max_net_namespaces unshare -Ur sh -c \
        'echo 0 >/proc/sys/user/max_net_namespaces && exec "$0" "$@"' build/runner "$solution" --step 1
} &
on_loopback=$!
tests/kit/hostile.sh survivor >/dev/null # builds it
for way in '' build/refuse; do
    # shellcheck disable=SC2086 # none or one word
    goes_with_runner KILL '' $way build/runner
    # shellcheck disable=SC2086
    goes_with_runner "$interrupt" - $way build/runner
done
wait $on_loopback
