"""run_examples.py WINRMD FOLDER: runs each example against a throw-away service and checks what it prints."""
import json
import os
import pathlib
import subprocess
import sys

EXPECTED = {
    "example_01_run": ["hello from the other side"],
    "example_02_async": ["host 1: answer 1", "host 2: answer 2", "host 3: answer 3"],
    "example_03_errors": ["login_denied"],
    "example_04_shell": ["talking to OpenWinRM\napple\npear\n1\n2\n"],
}
winrmd, folder = sys.argv[1], pathlib.Path(sys.argv[2])
service = subprocess.Popen([winrmd, "--test-server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
info = json.loads(service.stdout.readline())
failed = 0
for name, lines in EXPECTED.items():
    got = subprocess.run([folder / name, info["url"], info["user"], info["ca"]], capture_output=True, text=True, timeout=60,
                         env={**os.environ, "WINRM_PASSWORD": info["password"]})
    good = got.returncode == 0 and all(line in got.stdout for line in lines)
    print(f"{name}: {'ok' if good else 'FAILED: ' + str(got)}")
    failed += not good
service.stdin.close()
service.wait(60)
print(f"examples: {len(EXPECTED) - failed} passed, {failed} failed")
sys.exit(failed != 0)
