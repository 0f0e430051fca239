"""winrmd --check and the start: everything that is wrong in one round, with file and line and what to do; nothing is served."""
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from winrmtest import PATIENCE, WINRMD, main  # noqa: E402

ROOT = os.geteuid() == 0
ACCOUNT_MISSING = ROOT and "winrmd" not in {account.pw_name for account in pwd.getpwall()}


def winrmd(*args, text=None, cwd="/"):
    return subprocess.run([WINRMD, *map(str, args)], input=text or "", capture_output=True, text=True, timeout=PATIENCE, cwd=cwd)


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, timeout=PATIENCE)


class Check(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("openssl"):
            raise unittest.SkipTest("SKIPPED: openssl is not installed")
        made = tempfile.TemporaryDirectory(prefix="winrmd-check-")
        cls.addClassCleanup(made.cleanup)
        cls.folder = pathlib.Path(made.name)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=localhost", "-keyout", cls.folder / "key.pem", "-out", cls.folder / "cert.pem")
        openssl("req", "-new", "-key", cls.folder / "key.pem", "-subj", "/CN=localhost", "-out", cls.folder / "request.pem")
        cls.write("ca.conf", f"[ca]\ndefault_ca=x\n[x]\nnew_certs_dir={cls.folder}\ndatabase={cls.folder}/index\n"
                  f"rand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
        cls.write("index", "")
        openssl("ca", "-batch", "-config", cls.folder / "ca.conf", "-selfsign", "-keyfile", cls.folder / "key.pem", "-in",
                cls.folder / "request.pem", "-startdate", "20200101000000Z", "-enddate", "20210203040506Z", "-notext", "-out",
                cls.folder / "old.pem")
        users = winrmd("passwd", "ada", text="secret word\n")
        assert users.returncode == 0, users.stderr
        cls.write("users", users.stdout)
        for name in ("key.pem", "cert.pem", "old.pem"):
            (cls.folder / name).chmod(0o600)

    @classmethod
    def write(cls, name, text):
        file = cls.folder / name
        file.write_text(text)
        file.chmod(0o600)
        return file

    def check(self, text, users="users"):
        """@return (status, lines of standard error); "{c}" in them stands for the configuration, "{d}" for its folder"""
        if "pam_service" not in text:  # one that is everywhere, as the last line above the first table
            top, bracket, tables = text.partition("\n[")
            text = top.rstrip("\n") + '\npam_service = "other"\n' + bracket[1:] + tables
        config = self.write("c.toml", text.replace("@users", f'user_file = "{users}"'))
        got = winrmd("--check", "--config", config)
        self.assertNotIn("winrmd: winrmd", got.stderr)
        for line in got.stderr.splitlines():
            self.assertTrue(line.startswith("winrmd: "), line)
        self.assertEqual(got.stdout != "", got.returncode == 0)
        start = winrmd("--config", config) if got.returncode else None
        if start:  # refused for the same reasons
            self.assertEqual((start.returncode, start.stderr), (1, got.stderr + "winrmd: not started\n"))
        said = got.stderr.replace(str(config), "{c}").replace(str(self.folder), "{d}").replace("winrmd: ", "", 1)
        return got.returncode, self.but_account(said.replace("\nwinrmd: ", "\n").splitlines())

    def but_account(self, lines):
        """Without the warning that the network process has no account of its own, which must be there if it has none."""
        rest = [line for line in lines if 'warning: there is no account "winrmd"' not in line]
        self.assertEqual(len(lines) - len(rest), 1 if ACCOUNT_MISSING else 0, lines)
        return rest

    def refused(self, text, *lines, **kwargs):
        status, said = self.check(text, **kwargs)
        self.assertEqual(status, 1, said)
        self.assertEqual(len(said), len(lines), said)
        for got, expected in zip(said, lines):
            self.assertRegex(got, "^" + expected)

    TLS = 'certificate = "cert.pem"\nkey = "key.pem"\n@users\nallow_groups = ["root"]\n'

    def test_good_and_relative_to_the_configuration(self):
        self.assertEqual(self.check(self.TLS), (0, []))
        config = self.folder / "c.toml"
        got = winrmd("--check", "--config", "c.toml", cwd=self.folder)
        self.assertEqual((got.returncode, self.but_account(got.stderr.splitlines())), (0, []))
        other = winrmd("--check", "--config", os.path.relpath(config, "/usr"), cwd="/usr")
        self.assertEqual((other.returncode, self.but_account(other.stderr.splitlines())), (0, []))

    def test_values_that_do_not_go_together_have_their_lines(self):
        plain = '@users\nallow_groups = ["root"]\n[[listen]]\nport = 1\ntls = false\n'
        self.refused(plain, "{c}:6: .*passwords in clear")
        self.refused(self.TLS + "auth_basic = false\n", "{c}:5: auth_basic = false leaves no way")
        self.refused(self.TLS.replace('["root"]', "[]"), r"{c}:4: allow_groups = \[\] lets nobody in")
        self.refused(self.TLS + 'pam_service = "a/b"\n', "{c}:5: pam_service must be")
        self.refused(self.TLS + '[[listen]]\naddress = "127.0.0.1"\n' * 2, '{c}:9: "127.0.0.1" port 5986 collides .* line 6')

    def test_files_have_the_line_that_names_them(self):
        self.refused(self.TLS.replace("cert.pem", "none.pem"), "{c}:1: {d}/none.pem: cannot be read: there is no such file")
        self.refused(self.TLS.replace("cert.pem", "key.pem"), "{c}:1: {d}/key.pem: certificate is not a PEM certificate")
        self.refused(self.TLS.replace("key.pem", "cert.pem"), "{c}:2: {d}/cert.pem: key is not a PEM private key")
        self.refused(self.TLS, "{c}:3: {d}/none: cannot be read", users="none")

    def test_an_expired_certificate_is_refused_and_says_since_when(self):
        self.refused(self.TLS.replace("cert.pem", "old.pem"),
                     r"{c}:1: {d}/old.pem: certificate expired on 2021-02-03 at 04:05:06 UTC: .*renew")

    def test_user_file_lines(self):
        good = (self.folder / "users").read_text()
        self.write("broken", f"# these\n{good}garbage\nrv2:plaintext\nrv1:$y$j9T$abc\nok:" + good.split(":")[1])
        self.refused(self.TLS, "{d}/broken:3: is not of the form NAME:HASH.*winrmd passwd",
                     '{d}/broken:4: user "rv2": the hash is of no accepted method.*winrmd passwd rv2',
                     '{d}/broken:5: user "rv1": the yescrypt hash is cut short or damaged', users="broken")
        argon2 = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
        self.write("argon", f"{good}eve:{argon2}\n")
        status, said = self.check(self.TLS, users="argon")
        if status:  # a libcrypt without it, as Debian's
            self.assertRegex(said[0], '^{d}/argon:2: user "eve": this system\'s libcrypt cannot check argon2 hashes')
        self.write("empty", "# nobody\n")
        status, said = self.check(self.TLS, users="empty")
        self.assertEqual(status, 0)
        self.assertRegex(said[0], "^{c}:3: warning: .*names no user")

    def test_a_group_that_is_not_there_is_a_warning(self):
        status, said = self.check(self.TLS.replace('["root"]', '["root",\n"no-such-group"]'))
        self.assertEqual((status, len(said)), (0, 1), said)
        self.assertRegex(said[0], '^{c}:5: warning: there is no group "no-such-group"')

    def test_pam_service_without_a_file(self):
        text = self.TLS.replace("@users", 'pam_service = "winrmd-none-of-that-name"')
        if ROOT:
            self.refused(text, '{c}:3: pam_service = .*there is no /etc/pam.d/winrmd-none-of-that-name: make it')
            other = text.replace("winrmd-none-of-that-name", "other")
            if os.path.exists("/etc/pam.d/other"):
                self.assertEqual(self.check(other), (0, []))
            # With a user file too: account rules and sessions are PAM's.
            self.refused(self.TLS + 'pam_service = "winrmd-none-of-that-name"\n', "{c}:5: pam_service = .*make it")
        else:
            self.refused(text, "{c}: winrmd does not run as root, so PAM cannot check passwords: set user_file")

    def test_everything_in_one_round_in_the_order_of_lines(self):
        self.write("broken", "garbage\n")
        self.refused('key = "none.pem"\n@users\nfronts = 0\nauth_basic = false\ncertificate = "none.crt"\nallow_groups = []\n'
                     "nonsense = 1\n[limits]\nhead_time_s = 0\n[[listen]]\ntls = false\nallow = 1\n",
                     "{c}:1: {d}/none.pem", "{d}/broken:1: ", "{c}:3: fronts", "{c}:4: auth_basic", "{c}:5: {d}/none.crt",
                     r"{c}:6: allow_groups", "{c}:7: unknown key", "{c}:10: head_time_s", "{c}:13: unknown key", users="broken")

    SHIPPED = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "winrmd.toml"

    def shipped(self, *settings):
        """The shipped file with these settings (names) uncommented, and with what every machine has."""
        text = self.SHIPPED.read_text().replace("/etc/winrmd/", f"{self.folder}/").replace('"winrmd"', '"other"')
        for name in settings:
            text, count = re.subn(f"(?m)^#({name} = )", r"\1", text)
            self.assertEqual(count, 1, name)
        needed = {"user_file": '"users"', "pam_service": '"other"', "allow_groups": '["root"]'}
        return "".join(f"{k} = {v}\n" for k, v in needed.items() if k not in settings) + text

    def test_i15_every_setting_of_the_shipped_file_can_be_uncommented(self):
        settings = re.findall(r"(?m)^#(\w+) = ", self.SHIPPED.read_text())
        self.assertGreater(len(settings), 25)
        self.assertEqual(len(settings), len(set(settings)))
        for names in [(), *[(name,) for name in settings], tuple(settings)]:
            with self.subTest(names):
                config = self.write("shipped.toml", self.shipped(*names))
                got = winrmd("--check", "--config", config)
                wrong = [line for line in got.stderr.splitlines() if ": warning: " not in line]
                self.assertEqual((got.returncode, wrong), (0, []))
                self.assertIn("listens on * port 5986, TLS\n", got.stdout)
                self.assertEqual(got.stdout.count("listens on"), 1)

    def test_i11_limits_that_mean_something_else_without_controllers(self):
        mounts = pathlib.Path("/proc/self/mountinfo").read_text()
        at = re.search(r"(?m)^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 ", mounts)
        offered = pathlib.Path(at[1], "cgroup.controllers") if at and ROOT and os.access(at[1], os.W_OK) else None
        offered = offered.read_text().split() if offered and offered.exists() else []
        for limits in ("", "max_processes_per_shell = 20\nmax_shells_per_user = 3\nmax_memory_per_shell_mb = 100\n"):
            text = self.TLS.replace("@users", 'user_file = "users"\npam_service = "other"') + "[limits]\n" + limits
            got = winrmd("--check", "--config", self.write("limits.toml", text))
            self.assertEqual(got.returncode, 0, got.stderr)
            notes = [line for line in got.stdout.splitlines() if line.startswith("note: ")]
            self.assertEqual("20 times 3 (max_shells_per_user) = 60" in "".join(notes), bool(limits) and "pids" not in offered)
            self.assertEqual("max_memory_per_shell_mb holds for each process" in "".join(notes),
                             bool(limits) and "memory" not in offered)

    AUTH = '[auth]\nkeytab = "keytab"\nwinbind = true\n'

    def keytab(self):
        """With one key of HTTP/web1."""
        def counted(text):
            return len(text).to_bytes(2, "big") + text
        entry = b"\0\2" + counted(b"A.TEST") + counted(b"HTTP") + counted(b"web1") + bytes((0, 0, 0, 1)) + bytes(4) + b"\1" + b"\0\x12" + counted(b"k" * 32)
        self.write("keytab", "").write_bytes(b"\5\2" + len(entry).to_bytes(4, "big") + entry)

    def test_what_domain_logins_want_here(self):
        """The account of the process that reads tokens; the libraries that logins open."""
        self.keytab()
        config = self.write("domain.toml", self.TLS.replace("@users", 'user_file = "users"\npam_service = "other"') + self.AUTH)
        got = winrmd("--check", "--config", config)
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertIn("logs in by Negotiate, Kerberos, NTLM", got.stdout)
        self.assertIn("asks winbind for accounts of the domain\n", got.stdout)
        missing = ROOT and "winrmd-token" not in {account.pw_name for account in pwd.getpwall()}
        self.assertEqual('warning: there is no account "winrmd-token", so the process that reads the tokens' in got.stderr, missing)
        for name, advice in (("libgssapi_krb5.so.2", "libgssapi_krb5 is not installed"), ("libwbclient.so.0", "libwbclient is not installed")):
            there = re.search(rf"{name} .*=> (\S+)", subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True).stdout)
            self.assertEqual(f"warning: {advice}" in got.stdout, there is None)
            if not there or not ROOT or not shutil.which("unshare"):
                continue
            hidden = subprocess.run(["unshare", "--mount", "sh", "-c", f'mount --bind /dev/null {there[1]} && exec "$@"', "sh", WINRMD, "--check",
                                     "--config", str(config)], capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(hidden.returncode, 0, hidden.stderr)
            self.assertIn(f"warning: {advice}", hidden.stdout)

    def test_wrong_usage(self):
        for words in (["--check", "--test-server"], ["--version", "x"], ["--version", "--check"], ["--check", "passwd", "ada"]):
            got = winrmd(*words)
            self.assertEqual((got.returncode, got.stdout), (2, ""), words)
            self.assertTrue(re.match("winrmd: [^\n]+\nwinrmd ", got.stderr), got.stderr)


if __name__ == "__main__":
    main()
