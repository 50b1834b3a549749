#!/bin/sh
# linkable.sh OPTION…: prints the options, if this compiler can link a program with them.
# Programs with static libraries start in half the time, and the checks start thousands.
echo 'int main() {}' | ${CXX:-g++} "$@" -x c++ -o /dev/null - 2>/dev/null && echo "$@"
exit 0
