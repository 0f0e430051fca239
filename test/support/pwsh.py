"""The real PowerShell for tests: `pwsh` on PATH, or brought by the .NET SDK into the build folder. Without either: SKIPPED, and why.

`program()` gives its path; as a program it prints the path (exit status 77 and the reason where there is none):

    python3 test/support/pwsh.py [BUILD_FOLDER]
"""
import fcntl
import functools
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

VERSION = "7.6.9"
ROOT = pathlib.Path(__file__).resolve().parents[2]


class NotThere(Exception):
    """No PowerShell here; the text says why."""


def build_folder():
    """WINRM_BIN names <build>/tools."""
    named = os.environ.get("WINRM_BIN")
    return pathlib.Path(named).resolve().parent if named else ROOT / "build" / "release"


def environment():
    """For a process that starts pwsh, itself or by others: where it finds .NET, and a HOME that it can write to."""
    env = {"DOTNET_CLI_TELEMETRY_OPTOUT": "1", "POWERSHELL_TELEMETRY_OPTOUT": "1", "POWERSHELL_UPDATECHECK": "Off",
           "DOTNET_NOLOGO": "1"}
    dotnet = shutil.which("dotnet")
    if dotnet and "DOTNET_ROOT" not in os.environ:
        env["DOTNET_ROOT"] = str(pathlib.Path(dotnet).resolve().parent)
    return env


def bring(folder):
    """pwsh by `dotnet tool install` into `folder`, once for all tests that run side by side."""
    dotnet = shutil.which("dotnet")
    if not dotnet:
        raise NotThere("no pwsh on PATH, and no .NET SDK that would bring one")
    sdks = subprocess.run([dotnet, "--list-sdks"], capture_output=True, text=True)
    if not sdks.stdout.strip():
        raise NotThere("no pwsh on PATH, and `dotnet` is no SDK")
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = folder / "pwsh"
        if found.exists():
            return found
        done = subprocess.run([dotnet, "tool", "install", "PowerShell", "--version", VERSION, "--tool-path", str(folder)],
                              capture_output=True, text=True, env={**os.environ, **environment()}, timeout=300)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise NotThere("`dotnet tool install PowerShell` failed: " + (said[-1] if said else "no reason given"))
        return found


@functools.cache
def find():
    """@return path of a pwsh that starts.  @raises NotThere"""
    named = shutil.which("pwsh")
    found = pathlib.Path(named) if named else bring(build_folder() / "pwsh")
    try:
        said = subprocess.run([found, "-NoLogo", "-NoProfile", "-Command", "$PSVersionTable.PSVersion.Major"], timeout=120,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, env={**os.environ, **environment()})
    except (OSError, subprocess.TimeoutExpired) as why:
        raise NotThere(f"{found} does not start: {why}") from why
    if said.returncode != 0 or int(said.stdout.strip() or 0) < 7:
        raise NotThere(f"{found} does not work: {(said.stderr or said.stdout).strip()[:200]}")
    return str(found)


def program():
    """For a test: the path, or this test says SKIPPED and why."""
    try:
        return find()
    except NotThere as why:
        raise unittest.SkipTest(f"SKIPPED: {why}") from why


if __name__ == "__main__":
    if len(sys.argv) > 1:
        os.environ["WINRM_BIN"] = str(pathlib.Path(sys.argv[1]).resolve() / "tools")
    try:
        print(find())
    except NotThere as why:
        print(f"SKIPPED: {why}")
        sys.exit(77)
