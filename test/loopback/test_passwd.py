"""winrmd passwd: NTLM accounts in a file of their own, and what --check says of the files of [auth]."""
import os
import pathlib
import pty
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from winrmtest import PATIENCE, WINRMD, main  # noqa: E402

ADA = "a4f49c406510bdcab6824ee7c30fd852"  # of "Password", MS-NLMP 4.2.2.1.2


class Passwd(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory(prefix="winrm-passwd-")
        self.addCleanup(made.cleanup)
        self.folder = pathlib.Path(made.name)
        self.file = self.folder / "accounts"

    def run_it(self, *args, text="", **kwargs):
        return subprocess.run([WINRMD, *map(str, args)], input=text, capture_output=True, text=True, timeout=PATIENCE, **kwargs)

    def passwd(self, *args, text="Password\n"):
        got = self.run_it("passwd", *args, text=text)
        self.assertNotIn(ADA, got.stdout + got.stderr)
        return got

    def config(self, text):
        file = self.folder / "winrmd.toml"
        file.write_text(text)
        file.chmod(0o600)
        return file

    def test_an_account_is_made_changed_and_removed_and_the_others_stay(self):
        self.assertEqual(self.passwd("ada", "--file", self.file).returncode, 0)
        self.assertEqual(self.file.read_text(), f"ada:{ADA}\n")
        self.assertEqual(self.file.stat().st_mode & 0o7777, 0o600)
        self.assertEqual(self.passwd("CORP\\bob", "--file", self.file, text="other\n").returncode, 0)
        bob = self.file.read_text().splitlines()[1]
        self.assertEqual(self.passwd("ADA", "--file", self.file).returncode, 0)
        self.assertEqual(self.file.read_text(), f"ADA:{ADA}\n{bob}\n")
        self.assertEqual(self.passwd("--delete", "ada", "--file", self.file).returncode, 0)
        self.assertEqual(self.file.read_text(), f"{bob}\n")
        got = self.passwd("--delete", "ada", "--file", self.file)
        self.assertEqual((got.returncode, "has no account ada" in got.stderr), (1, True))
        self.assertEqual(os.listdir(self.folder), ["accounts"])

    def test_a_password_by_descriptor_and_by_terminal(self):
        reading, writing = os.pipe()
        os.write(writing, b"Password\n")
        os.close(writing)
        got = self.run_it("passwd", "ada", "--file", self.file, "--password-fd", reading, pass_fds=[reading])
        os.close(reading)
        self.assertEqual((got.returncode, self.file.read_text()), (0, f"ada:{ADA}\n"))
        for second, status in (("Password", 0), ("Passwort", 1)):
            self.file.unlink(missing_ok=True)
            here, there = pty.openpty()
            with subprocess.Popen([WINRMD, "passwd", "ada", "--file", self.file], stdin=there, stderr=subprocess.PIPE,
                                  stdout=subprocess.DEVNULL) as process:
                os.close(there)
                for prompt, word in ((b"Password: ", "Password"), (b"The same again: ", second)):
                    self.assertEqual(process.stderr.read(len(prompt)), prompt)
                    # What is typed before the echo is off is thrown away: the prompt comes first, then TCSAFLUSH.
                    while subprocess.run(["stty", "-a"], stdin=here, capture_output=True, text=True).stdout.find("-echo ") < 0:
                        pass
                    os.write(here, word.encode() + b"\n")
                    self.assertEqual(process.stderr.read(1), b"\n")
                self.assertEqual(process.wait(PATIENCE), status)
            os.close(here)
            self.assertEqual(self.file.exists(), status == 0)

    def test_what_is_refused(self):
        for args, text, expected in [(("a:b",), "x\n", "a user name is needed"), (("ada",), "\n", "not empty"),
                                     (("ada",), "\udcff\n", "UTF-8")]:
            got = subprocess.run([WINRMD, "passwd", *args, "--file", self.file], input=text.encode(errors="surrogateescape"),
                                 capture_output=True, timeout=PATIENCE)
            self.assertEqual(got.returncode, 1, args)
            self.assertIn(expected, got.stderr.decode())
        self.assertFalse(self.file.exists())
        self.file.write_text("")
        self.file.chmod(0o644)
        self.assertIn("chmod 600", self.passwd("ada", "--file", self.file).stderr)
        self.folder.chmod(0o777)
        self.assertIn("chmod go-w", self.passwd("ada", "--file", self.folder / "new").stderr)

    def test_where_it_goes_is_what_the_configuration_says(self):
        pam = self.config('pam_service = "other"\n')
        got = self.passwd("ada", "--config", pam)
        self.assertEqual((got.returncode, got.stdout), (0, ""), got.stderr)
        self.assertEqual((self.folder / "ntlm_accounts").read_text(), f"ada:{ADA}\n")
        (self.folder / "ntlm_accounts").unlink()
        # A user file alone: its line is printed, as ever, and nothing weaker is written beside it.
        got = self.passwd("ada", "--config", self.config('user_file = "users"\n'))
        self.assertEqual((got.returncode, got.stdout[:7]), (0, "ada:$y$"), got.stderr)
        self.assertFalse((self.folder / "ntlm_accounts").exists())
        got = self.passwd("ada", "--config", self.config('user_file = "users"\n[auth]\nntlm_accounts = "own"\n'))
        self.assertEqual((got.returncode, got.stdout[:7]), (0, "ada:$y$"), got.stderr)
        self.assertEqual((self.folder / "own").read_text(), f"ada:{ADA}\n")
        got = self.passwd("ada", "--config", self.config("[auth]\nntlm = false\n"))
        self.assertEqual((got.returncode, "ntlm = false" in got.stderr), (1, True))
        self.assertEqual(self.passwd("ada", "--config", self.folder / "none").returncode, 1)

    def test_check_names_line_and_column_of_accounts_and_what_a_keytab_lacks(self):
        self.file.write_text(f"bob:{ADA}\nada:{ADA[1:]}\n")
        self.file.chmod(0o600)
        keytab = self.folder / "keytab"
        keytab.write_bytes(b"\5\2")
        keytab.chmod(0o600)
        config = self.config('user_file = "users"\npam_service = "other"\n[auth]\nkeytab = "keytab"\nntlm_accounts = "accounts"\n'
                             "[[listen]]\ntls = false\n")
        (self.folder / "users").write_text("")
        (self.folder / "users").chmod(0o600)
        got = self.run_it("--check", "--config", config)
        self.assertEqual(got.returncode, 1)
        self.assertRegex(got.stderr, f"{config}:4: {keytab}: has no key of a name that clients ask for: make one of HTTP/HOST")
        self.assertRegex(got.stderr, f"{self.file}:2:36: has no NT hash.*winrmd passwd")
        self.assertNotIn(ADA[1:], got.stderr)
        self.file.write_text(f"ada:{ADA}\n")
        config = self.config('user_file = "users"\npam_service = "other"\n[auth]\nntlm_accounts = "accounts"\n[[listen]]\ntls = false\n')
        got = self.run_it("--check", "--config", config)
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertIn("logs in by Negotiate, NTLM, Basic (TLS only)", got.stdout)
        self.assertIn("listens on * port 5985, sealed messages alone\n", got.stdout)


main()
