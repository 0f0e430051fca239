#!/usr/bin/env python3
"""Our client's runspace pool against a real pwsh on pipes: the program pwsh_peer, with the pwsh that test/support/pwsh.py finds."""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support import pwsh  # noqa: E402

os.environ.setdefault("WINRM_BIN", os.environ.get("WINRM_BUILD", "build/dev") + "/tools")
try:
    found = pwsh.find()
except pwsh.NotThere as why:
    print(f"SKIPPED: {why}")
    sys.exit(77)
with tempfile.TemporaryDirectory() as home:
    env = {**os.environ, **pwsh.environment(), "PWSH": found, "HOME": home}
    sys.exit(subprocess.run([os.environ["PWSH_PEER"], *sys.argv[1:]], env=env).returncode)
