#!/bin/sh
# demo.sh BUILD: our client logs in to our service on loopback, runs commands, brings output and exit status back. All over
# plain HTTP: the login is by NTLM, which sends no password, and every message is sealed with its keys.
set -eu
bin=$1/tools
work=$(mktemp -d)
mkfifo "$work/alive"
"$bin/winrmd/winrmd" --test-server --http <"$work/alive" >"$work/ready" 2>"$work/log" &
service=$!
exec 9>"$work/alive" # the service ends when this closes
trap 'exec 9>&-; wait $service 2>/dev/null || true; rm -rf "$work"' EXIT
tries=0
while [ ! -s "$work/ready" ] && [ $tries -lt 100 ] && kill -0 $service 2>/dev/null; do sleep 0.1; tries=$((tries + 1)); done
[ -s "$work/ready" ] || { echo "the service did not start:" >&2; cat "$work/log" >&2; exit 1; }
field() { sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p" "$work/ready"; }
url=$(field url) user=$(field user)
WINRM_PASSWORD=$(field password)
export WINRM_PASSWORD
host=${url%/wsman}
# NTLM over HTTP does not prove who answers, so it is spoken to hosts that are named for it.
printf '[defaults]\nuser = "%s"\ntrusted_for_ntlm = ["127.0.0.1"]\n' "$user" >"$work/config.toml"
chmod 600 "$work/config.toml"

show() { printf '\n\033[1m$ %s\033[0m\n' "$*"; }
[ -t 1 ] || show() { printf '\n$ %s\n' "$*"; }
winrm() { "$bin/winrm/winrm" "$@"; }
opts="--config $work/config.toml"

echo "winrmd serves $url (throw-away password); winrm talks to it."
show "winrm identify $host"
winrm identify "$host" $opts </dev/null
show "winrm -v run $host -- 'echo hello from \$(uname -s); id -un'"
winrm -v run "$host" $opts -- 'echo hello from $(uname -s); id -un' </dev/null
show "printf 'pear\\napple\\n' | winrm run $host -- sort"
printf 'pear\napple\n' | winrm run "$host" $opts -- sort
show "winrm run $host --cwd /tmp --env A=1 --json -- 'pwd; echo \$A >&2; exit 3'"
winrm run "$host" $opts --cwd /tmp --env A=1 --json -- 'pwd; echo $A >&2; exit 3' </dev/null || status=$?
echo "(exit status of winrm: ${status:-0})"
show "winrm run $host -- 'sleep 60' &   and then   winrm shells $host"
# The program itself, so that it is what is killed below, and without what keeps the service alive.
"$bin/winrm/winrm" run "$host" $opts -- 'echo started; sleep 60' </dev/null >"$work/started" 2>/dev/null 9>&- &
running=$!
tries=0
while [ ! -s "$work/started" ] && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
winrm shells "$host" $opts </dev/null
kill $running # its shell is deleted at the host, the command with it
wait $running 2>/dev/null || true
show "winrm explain 2150858843"
winrm explain 2150858843
echo
echo "Done: logged in without a password in the clear, every message sealed, output and exit status brought back."
