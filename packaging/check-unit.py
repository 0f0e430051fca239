#!/usr/bin/env python3
"""Judges winrmd.service: no word in it that systemd does not know, and not more open than it was."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

UNIT = pathlib.Path(__file__).with_name("winrmd.service")
MOST = 4.4  # of systemd-analyze security; what keeps it from being lower stands in the unit: the network process needs chroot
PATIENCE = 120


def analyze(*words):
    done = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, timeout=PATIENCE)
    return done.returncode, done.stdout + done.stderr


def problems(unit):
    """What is wrong with the text of a unit; [] = nothing."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, UNIT.name)
        # verify wants programs that exist; ours need not be installed where this runs
        copy.write_text(unit.replace("/usr/local/sbin/winrmd", sys.executable))
        status, said = analyze("verify", "--man=no", str(copy))
        # it judges the units that ours refers to as well; those are not ours to mend
        ours = [line for line in said.splitlines() if copy.name in line]
        if ours or (status != 0 and not said.strip()):
            found.append("verify: " + ("\n".join(ours) or f"status {status}"))
        status, said = analyze("security", "--offline=true", "--no-pager", str(copy))
        exposure = re.search(r"exposure level for \S+: ([0-9.]+)", said)
        if not exposure:
            found.append("security: no exposure level in: " + said[-500:])
        elif float(exposure[1]) > MOST:
            found.append(f"security: exposure {exposure[1]} is more than {MOST}")
        else:
            print(f"exposure {exposure[1]} (at most {MOST})")
    return found


def main():
    if not shutil.which("systemd-analyze"):
        print("unit: SKIPPED: systemd-analyze is not installed")
        return 0
    found = problems(UNIT.read_text())
    for problem in found:
        print(problem)
    print(f"unit: {0 if found else 1} passed, {1 if found else 0} failed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
