#!/bin/sh
# run.sh BUILD: the micro benchmarks of the hot paths, sealing beside that of others, CLIXML beside PowerShell's serializer, the whole programs against OpenSSH and
# pywinrm, then logins by each scheme.
set -eu
build=$1
"$build/bench/bench_codec" --benchmark_min_time=0.2
/usr/bin/python3 "$(dirname "$0")/seal.py" --bin "$build"
/usr/bin/python3 "$(dirname "$0")/clixml.py" --bin "$build"
/usr/bin/python3 "$(dirname "$0")/bench.py" --bin "$build"
/usr/bin/python3 "$(dirname "$0")/logins.py" --bin "$build"
