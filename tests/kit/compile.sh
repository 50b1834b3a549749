#!/bin/sh
# compile.sh KIND LESSON [NAME]: builds both programs of one variant, whose sources are there:
# the solution and the starter without a warning, sanitized with sanitizers. STATIC and
# STATIC_SANITIZERS are what linkable.sh says.
set -u
kind=$1 lesson=$2 name=${3-}
folder=build/check/$kind/$lesson${name:+/$name}
case $kind in
solution | starter) options="-Wall -Wextra -Wpedantic -Wshadow -Werror $STATIC" ;;
sanitized) options="-g -fsanitize=address,undefined -fno-sanitize-recover=all $STATIC_SANITIZERS" ;;
*) options="-w $STATIC" ;;
esac
rm -f "$folder/server" "$folder/client"
for program in server client; do
    if [ "$kind" = odd ] && [ ! -e "tests/odd/$lesson/$name/$program.cpp" ]; then
        ln -s "$PWD/build/check/solution/$lesson/$program" "$folder/$program"
    else
        # shellcheck disable=SC2086 # several words
        ${CXX:-g++} $options -o "$folder/$program" "$folder/$program.cpp"
    fi
done >"$folder/log" 2>&1
