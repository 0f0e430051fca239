"""Debian's golang-github-masterzen-winrm-dev (the client inside Packer and Terraform) against winrmd over HTTPS and Basic."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from winrmtest import PATIENCE, Service, main  # noqa: E402

LIBRARY = pathlib.Path("/usr/share/gocode/src/github.com/masterzen/winrm")
if not shutil.which("go") or not LIBRARY.is_dir():
    raise SystemExit(print("SKIPPED: golang-go or golang-github-masterzen-winrm-dev is not installed") or 77)


class Go(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        source = pathlib.Path(cls.folder.name, "main.go")
        shutil.copy(pathlib.Path(__file__).with_name("go_client.go.in"), source)
        cls.program = str(source.with_suffix(""))
        subprocess.run(["go", "build", "-o", cls.program, str(source)], check=True, timeout=10 * PATIENCE, env={
            **os.environ, "GOPATH": "/usr/share/gocode", "GO111MODULE": "off", "GOFLAGS": "", "GOCACHE": cls.folder.name + "/cache"})
        cls.service = Service()

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()
        cls.folder.cleanup()

    def run_go(self, command, password=None):
        s = self.service
        return subprocess.run([self.program, s.host, str(s.port), s.ca, command], capture_output=True, timeout=PATIENCE,
                              env={**os.environ, "WINRM_USER": s.user, "WINRM_PASSWORD": password or s.password})

    def test_output_and_exit_code(self):
        got = self.run_go("echo hello; echo bad >&2; exit 3")
        self.assertEqual((got.returncode, got.stdout, got.stderr), (3, b"hello\n", b"bad\n"))

    def test_stdin(self):
        got = self.run_go("cat")
        self.assertEqual((got.returncode, got.stdout), (0, b"from stdin\n"), got.stderr)

    def test_silence(self):
        self.assertEqual(self.run_go("sleep 1; echo late").stdout, b"late\n")

    def test_wrong_password(self):
        got = self.run_go("true", "wrong")
        self.assertEqual(got.returncode, 98)
        self.assertIn(b"401", got.stderr)


if __name__ == "__main__":
    main()
