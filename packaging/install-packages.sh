#!/bin/sh
# install-packages.sh PART… : installs what packaging/debian-packages.txt lists under [PART]. Does nothing, and needs no
# rights, when all of it is there.
set -eu
list=$(dirname "$0")/debian-packages.txt
wanted=
for part in "$@"; do
    wanted="$wanted $(sed -n "/^# \[$part\]/,/^# \[/{/^#/d;p}" "$list")"
done
missing=
for package in $wanted; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1; then
    as_root=sudo
else
    echo "make: these packages are missing and only root can install them:$missing" >&2
    echo "make: as root, type: apt-get install$missing" >&2
    exit 1
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q >/dev/null
# shellcheck disable=SC2086
$as_root apt-get install -y -q --no-install-recommends $missing >/dev/null
