#!/bin/sh
# compile.sh solution|starter LESSON: builds both programs, whose sources are there, without a
# warning. STATIC is what linkable.sh says.
set -u
folder=build/check/$1/$2
rm -f "$folder/server" "$folder/client"
for program in server client; do
    # shellcheck disable=SC2086 # STATIC may be no word at all
    ${CXX:-g++} -Wall -Wextra -Wpedantic -Wshadow -Werror $STATIC -o "$folder/$program" "$folder/$program.cpp"
done >"$folder/log" 2>&1
