#!/usr/bin/env bash
# variants.sh LESSON…: writes and builds all variants of these lessons' programs, where something
# has changed. variants.sh --list LESSON…: names them: KIND LESSON [NAME], as sources.sh tells.
set -u
cd "$(dirname "$0")/../.." || exit 4

compiler=$(echo "${CXX:-g++}" && ${CXX:-g++} --version)

# All variants, those that take long first: of the later lessons, and those that pass or wait.
subjects() {
    local i folder patch step steps odd
    [ -d solutions ] || { printf 'starter %s\n' "$@"; return; }
    for folder in "$@"; do echo "sanitized $folder"; echo "solution $folder"; done
    for ((i = $#; i > 0; i--)); do
        folder=${!i}
        for odd in tests/odd/"$folder"/*/; do [ -d "$odd" ] && odd=${odd%/} && echo "odd $folder ${odd##*/}"; done
        steps=$(cat lessons/"$folder"/*.cpp | sed -n 's/.*STEP \([0-9]*\):.*/\1/p' | sort -n | tail -1)
        for ((step = 1; step < steps; step++)); do echo "steps $folder $step"; done
        echo "starter $folder"
        for patch in tests/mistakes/"$folder"/*.patch; do patch=${patch##*/} && echo "mistake $folder ${patch%.patch}"; done
    done
}

# Whether the variants of a lesson are there, by this compiler, and nothing has changed since. What
# was skipped for want of sanitizers is not there when there are some.
fresh() {
    local stamp=build/check/$1.built
    [ ! -e "build/check/sanitized/$1/skipped" ] || [ -z "$(tests/kit/linkable.sh -fsanitize=address,undefined)" ] || return 1
    local inputs=({lessons,solutions}/"$1"/*.cpp common/error.hpp tests/kit/{variants,sources,compile,group,linkable}.sh tests/{mistakes,odd}/"$1")
    [ "$(cat "$stamp" 2>/dev/null)" = "$compiler" ] && [ -z "$(find "${inputs[@]}" -newer "$stamp" 2>&1)" ]
}

# Whether both programs of every variant of a lesson are there, but for what is skipped.
complete() {
    local kind lesson name folder
    while read -r kind lesson name; do
        folder=build/check/$kind/$lesson${name:+/$name}
        [ -e "$folder/skipped" ] || { [ -e "$folder/server" ] && [ -e "$folder/client" ]; } || return 1
    done < <(subjects "$1")
}

# What there is to build of these lessons: the words of a command each, what takes long first.
to_build() {
    local i
    if [ -d solutions ]; then
        for ((i = $#; i > 0; i--)); do echo "group ${!i}"; done
        echo 'group sanitized'
        printf 'compile solution %s\n' "$@"
    fi
    printf 'compile starter %s\n' "$@"
}

# Builds all variants of the lessons where something has changed.
build_variants() {
    local folder changed=() at_once
    at_once=$(nproc 2>/dev/null || echo 2)
    for folder in "$@"; do
        fresh "$folder" && continue
        rm -rf build/check/*/"$folder" "build/check/$folder.built"
        changed+=("$folder")
        mkdir -p build/check
        echo "$compiler" >"build/check/$folder.begun" # what changes from now on is newer
    done
    [ ${#changed[@]} -gt 0 ] || return 0
    mkdir -p build/check/{mistake,steps,odd} # each folder finds "../../common/error.hpp"
    ln -sfn ../../common build/check/common
    for folder in build/check/{mistake,steps,odd}; do ln -sfn ../../../common "$folder/common"; done
    STATIC=$(tests/kit/linkable.sh -static)
    STATIC_SANITIZERS=$(tests/kit/linkable.sh -fsanitize=address,undefined -static-libasan -static-libubsan)
    export STATIC STATIC_SANITIZERS
    printf '%s\n' "${changed[@]}" | xargs -P "$at_once" -n 1 tests/kit/sources.sh
    # shellcheck disable=SC2016 # $0 and $@ are the inner shell's
    to_build "${changed[@]}" | xargs -P "$at_once" -L 1 sh -c '"tests/kit/$0.sh" "$@"'
    for folder in "${changed[@]}"; do
        if complete "$folder"; then mv "build/check/$folder".{begun,built}; fi
    done
}

if [ "$1" = --list ]; then
    shift
    subjects "$@"
else
    build_variants "$@"
fi
