#!/bin/sh
# run.sh BUILD SECONDS [NAME]: every fuzz target (or one) for SECONDS, as many at once as there are cores; seeds from
# fuzz/corpus/NAME, and from the recordings in ../shared/vectors where the clone has them beside it. What a target finds
# is kept in a folder that its message names.
set -eu
build=$1 seconds=$2
here=$(dirname "$0")

if [ $# = 3 ]; then
    name=$3
    work=$(mktemp -d)
    recorded=$(mktemp -d)
    trap 'rm -rf "$recorded"' EXIT
    /usr/bin/python3 "$here/seeds.py" "$name" "$recorded"
    seeds=$recorded
    [ -d "$here/corpus/$name" ] && seeds="$seeds $here/corpus/$name"
    # shellcheck disable=SC2086
    if "$build/fuzz/fuzz_$name" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=60 -print_final_stats=1 \
        -artifact_prefix="$work/" "$work" $seeds >"$work/log" 2>&1; then
        printf '%-20s %s runs\n' "$name" "$(sed -n 's/.*number_of_executed_units: *//p' "$work/log")"
        rm -rf "$work"
    else
        printf '%-20s FAILED, kept in %s\n' "$name" "$work"
        tail -n 40 "$work/log"
        exit 1
    fi
    exit 0
fi

names=$(for program in "$build"/fuzz/fuzz_*; do [ -f "$program" ] && [ -x "$program" ] && echo "${program##*/fuzz_}"; done)
total=$(echo "$names" | wc -w)
[ "$total" -gt 0 ]
if echo "$names" | xargs -P "$(nproc)" -n 1 "$0" "$build" "$seconds"; then
    echo "fuzz: $total passed, 0 failed"
else
    echo "fuzz: at least one target failed"
    exit 1
fi
