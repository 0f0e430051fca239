#!/bin/sh
# powershell and powershell.exe for commands of a remote shell: clients written for Windows say `powershell -EncodedCommand …`.
# Starts PowerShell 7 with the same arguments, without those that it refuses outside of Windows. See winrmd(8).
program=${WINRM_POWERSHELL:-pwsh}
if ! command -v "$program" >/dev/null 2>&1; then
    echo "PowerShell is not installed here: there is no program \"$program\". Install the package \"powershell\"" \
        "(https://aka.ms/powershell), or name the program as [powershell] program in winrmd.toml." >&2
    exit 127
fi
# What runs inside may start it by these names again, and expects the place of temporary files. There is no terminal: no colours.
here=${0%/*}
case :$PATH: in
*:"$here":*) ;;
*) PATH=$PATH:$here ;;
esac
TEMP=${TEMP:-${TMPDIR:-/tmp}}
TERM=${TERM:-dumb}
export PATH TEMP TERM
# Each argument goes through once and comes back at the end.
left=$#
while [ "$left" -gt 0 ]; do
    argument=$1
    shift
    left=$((left - 1))
    rest=
    case $argument in
    [-/][Vv]* | [-/][Pp][Ss]* | [-/][Ww] | [-/][Ww][Ii]*) # -Version 5.1, -PSConsoleFile FILE, -WindowStyle Hidden
        [ "$left" -gt 0 ] && shift && left=$((left - 1))
        continue
        ;;
    [-/][Ss][Tt][Aa] | [-/][Mm][Tt][Aa]) continue ;;
    [-/][Cc] | [-/][Cc][Oo][Mm]* | [-/][Ff] | [-/][Ff][Ii]*) rest=all ;; # what follows is the command's own
    [-/][Ee]* | [-/][Ii][Nn]* | [-/][Ii][Ff] | [-/][Oo]* | [-/][Cc][Oo][Nn]* | [-/][Cc][Uu]* | [-/][Ss][Ee]* | [-/][Ww]*)
        rest=one ;; # -EncodedCommand TEXT, -ExecutionPolicy NAME, -InputFormat NAME, -OutputFormat NAME and the like
    -?*) ;;
    /*) [ -e "$argument" ] && rest=word ;; # a path, or an option in the manner of Windows
    *) rest=word ;;
    esac
    # A bare word, or a dash for standard input, is a command for Windows PowerShell; PowerShell 7 would take it for a file.
    [ "$rest" = word ] && set -- "$@" -Command && rest=all
    set -- "$@" "$argument"
    [ "$rest" = one ] && [ "$left" -gt 0 ] && set -- "$@" "$1" && shift && left=$((left - 1))
    while [ "$rest" = all ] && [ "$left" -gt 0 ]; do
        set -- "$@" "$1"
        shift
        left=$((left - 1))
    done
done
exec "$program" "$@"
