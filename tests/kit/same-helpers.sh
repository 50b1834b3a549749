#!/usr/bin/env bash
# same-helpers.sh LESSON…: whether functions of one name are the same, to the letter, in all
# solutions of these lessons, comments included: who reads the next lesson knows them already.
set -u

files=()
for lesson; do files+=(solutions/"$lesson"/{server,client}.cpp); done
awk '
    FNR == 1 { text = name = "" }
    name == "" && /^$/ { text = ""; next }
    name == "" && /^[a-z].*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *&]/, "", name) }
    { text = text $0 "\n" }
    /^}/ {
        if (name != "" && name != "main" && name in seen && seen[name] != text) {
            print name "() is not the same in " where[name] " and in " FILENAME
            bad = 1
        }
        seen[name] = text; where[name] = FILENAME; text = name = ""
    }
    END { exit bad }' "${files[@]}"
