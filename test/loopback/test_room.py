"""Items 8.3 and 8.10: winrmd where room is short: more accounts than max_users, few open files and no right to more. As root, else
skipped."""
import pathlib
import shutil
import subprocess
import sys
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from systemtest import Daemon, need_root, Place  # noqa: E402
from winrmtest import PATIENCE, main  # noqa: E402


class Room(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        need_root()
        for tool in ("prlimit", "setpriv"):
            if not shutil.which(tool):
                raise unittest.SkipTest(f"SKIPPED: {tool} is not installed")
        cls.place = Place()
        cls.addClassCleanup(cls.place.close)
        cls.place.system()
        cls.accounts = [cls.place.account(name, "-G", cls.place.group) for name in "abc"]

    def low(self, files):
        """A winrmd that may open so many files and not raise that."""
        folder = self.place.path / f"low{files}"
        folder.mkdir()
        shutil.copy(self.place.path / "cert.pem", folder)
        (folder / "winrmd").write_text(f"#!/bin/sh\nexec prlimit --nofile={files}:{files} setpriv --bounding-set -sys_resource "
                                       f'{self.place.path}/winrmd "$@"\n')
        (folder / "winrmd").chmod(0o755)
        return types.SimpleNamespace(path=folder)

    def test_s8_10_few_open_files_serve_an_account(self):
        for files in (40, 64, 256):
            with self.subTest(files=files), Daemon(self.low(files), self.place.config()) as service:
                line = service.wait_log(" open_files ")
                self.assertRegex(line, fr"warning .* have={files} needed=\d+ max_connections=\d+ .*meaning=")
                for account in self.accounts[:2]:
                    ran = service.sh(account, "echo hello")
                    self.assertEqual((ran.returncode, ran.stdout), (0, b"hello\n"), (ran.stderr, service.log))

    def test_s8_10_too_few_are_refused_with_one_line(self):
        ran = subprocess.run([str(self.low(28).path / "winrmd"), "--config", str(self.place.config())], stdin=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertRegex(ran.stderr, r"winrmd: each process may have 28 open files; at least \d+ are needed, and \d+ for all")
        self.assertNotIn("front_start", ran.stderr)

    def test_s8_10_enough_says_nothing(self):
        with Daemon(self.place, self.place.config()) as service:
            self.assertNotIn(" open_files ", service.log)

    def test_s8_3_accounts_that_have_nothing_make_room(self):
        first, second, third = self.accounts
        config = self.place.config("[limits]\nmax_users = 2\nuser_process_grace_s = 3600\n")
        with Daemon(self.place, config) as service:
            service.open_shell(first)
            self.assertEqual(service.identify(second).status, 200)
            for _ in range(100):  # until the service has seen that the connection ended
                answer = service.identify(third)
                if answer.status == 200:
                    break
            self.assertEqual(answer.status, 200, service.log)
            self.assertRegex(service.wait_log(" user_process_stop "), f"user={second[0]} .*another account needs its place")
            # The other place is of somebody with a shell.
            shell = service.open_shell(third)
            self.assertEqual(service.identify(second).status, 503)
            service.on_shell(third, "Delete", shell)
            for _ in range(100):
                answer = service.identify(second)
                if answer.status == 200:
                    break
            self.assertEqual(answer.status, 200, service.log)


if __name__ == "__main__":
    main()
