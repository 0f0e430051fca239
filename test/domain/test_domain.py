"""Issue 10: winrm and winrmd in an Active Directory domain (Samba), `make test-domain`: tickets with a PAC, what the domain
says of an account, a service that it does not know, NTLM where Kerberos cannot be, a second hop, and accounts of the domain
by NTLM through winbind. As root."""
import json
import os
import pathlib
import pwd
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "loopback"))
import domain  # noqa: E402
from domain import DOMAIN, REALM, SERVER  # noqa: E402
from systemtest import Daemon, Place, need_root  # noqa: E402
from winrmtest import IDENTIFY, PATIENCE, WINRM, Service, main  # noqa: E402

if os.geteuid() != 0:
    raise SystemExit(print("SKIPPED: not root, and the domain needs a network of its own") or 77)
if domain.missing():
    raise SystemExit(print(f"SKIPPED: {domain.missing()} is not installed (make deps-domain)") or 77)
domain.enter()

ME = pwd.getpwuid(os.geteuid()).pw_name
PASSWORD = "Own.2.password"
shared = []


def setUpModule():
    shared.append(domain.Domain())
    unittest.addModuleCleanup(shared[0].stop)


class InDomain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.domain = shared[0]
        cls.env = {**cls.domain.env, "XDG_CONFIG_HOME": "/nonexistent"}
        cls.env.pop("WINRM_PASSWORD", None)
        cls.domain.user(ME, PASSWORD)
        cls.keytab = cls.domain.service("web1service", "HTTP/" + SERVER)
        cls.user_keytab = str(cls.domain.folder / "user.keytab")
        cls.domain.tool("domain", "exportkeytab", cls.user_keytab, "--principal=" + ME)
        cls.plain = cls.serve("--http")
        cls.secured = cls.serve()
        cls.url = f"http://{SERVER}:{cls.plain.port}/wsman"

    @classmethod
    def serve(cls, *options):
        service = Service(*options, "--keytab", cls.keytab, env=cls.env)
        cls.addClassCleanup(service.log_file.close)
        cls.addClassCleanup(service.stop)
        return service

    def setUp(self):
        self.domain.kdestroy()

    def winrm(self, *options, url=None, password=None, command="id -un"):
        own = {"WINRM_PASSWORD": password} if password else {}
        return subprocess.run([WINRM, "run", url or self.url, "-n", *options, "--", command], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=PATIENCE, env={**self.env, **own}, start_new_session=True)

    def works(self, pattern, *options, out=ME + "\n", **kwargs):
        got = self.winrm("-v", *options, **kwargs)
        self.assertEqual((got.returncode, got.stdout.decode()), (0, out), got.stderr)
        self.assertRegex(got.stderr.decode(), pattern)

    def fails(self, cause, sentence, advice, *options, **kwargs):
        """One line with both, no password, and the cause as a word with --json."""
        got = self.winrm(*options, **kwargs)
        said = got.stderr.decode()
        self.assertEqual((got.returncode, got.stdout), (255, b""), said)
        self.assertRegex(said, rf"(?i)^winrm: [^\n]*{sentence}[^\n]*what to do: [^\n]*{advice}[^\n]*\n$")
        error = json.loads(self.winrm("--json", *options, **kwargs).stdout)["error"]
        self.assertEqual([(t["mechanism"], t["cause"]) for t in error["tried"]][0], ("Kerberos", cause), error)
        self.assertNotIn(kwargs.get("password", "no secret"), said + str(error))
        return error

    def account(self, name, password, *options):
        self.domain.tool("user", "create", name, password, *options)
        return f"{name}@{REALM}"

    CHOSE = rf"^winrm: {re.escape(SERVER)}: Negotiate chose Kerberos \(HTTP/{re.escape(SERVER)}[^)]*\), sealed AES-256, port \d+\n$"

    def test_a_ticket_with_a_pac(self):
        self.domain.kinit(ME, PASSWORD)
        for options in ((), ("-u", ME), ("-u", f"{ME}@{REALM}"), ("-u", f"{ME}@{REALM.lower()}"), ("--auth", "kerberos")):
            with self.subTest(options):
                self.works(self.CHOSE, *options)
        self.assertRegex(self.plain.log, f"login result=ok .*user={ME} scheme=Negotiate mechanism=Kerberos sealed=yes")

    def test_over_tls(self):
        """The certificate of the test server is for localhost."""
        self.domain.kinit(ME, PASSWORD)
        url = f"https://localhost:{self.secured.port}/wsman"
        for options, sealed in (((), ""), (("--encrypt", "always"), ", sealed AES-256")):
            self.works(rf"chose Kerberos \(HTTP/{SERVER}[^)]*\){sealed}, over TLS and bound to it", "--ca", self.secured.ca, "--service-name",
                       "HTTP/" + SERVER, *options, url=url)

    def test_a_password_becomes_a_ticket(self):
        self.works(self.CHOSE, "-u", f"{ME}@{REALM}", password=PASSWORD)
        self.works(self.CHOSE, "-u", ME, "--auth", "kerberos", password=PASSWORD)
        self.works(self.CHOSE, url=f"http://{ME}@{REALM}@{SERVER}:{self.plain.port}/wsman", password=PASSWORD)
        self.assertFalse(pathlib.Path(self.domain.folder, "ccache").exists())

    def test_a_keytab(self):
        self.works(self.CHOSE, "--keytab", self.user_keytab)

    def test_what_the_domain_says_of_an_account(self):
        closed = self.account("closed", "Closed.2.password")
        self.domain.tool("user", "disable", "closed")
        stale = self.account("stale", "Stale.2.password", "--must-change-at-next-login")
        past = self.account("past", "Past.2.password")
        self.domain.tool("user", "setexpiry", "past", "--days=0")
        wrong = self.account("wrong", "Right.2.password")
        rows = (("wrong_password", "the password is wrong", "each try counts", wrong, "Wrong.2.password"),
                ("unknown_user", "there is no such user", "check the user", f"nobody-here@{REALM}", "Any.2.password"),
                ("locked", "locked, disabled or past its date", "have the account unlocked or enabled", closed, "Closed.2.password"),
                ("locked", "past its date", "have the account unlocked or enabled", past, "Past.2.password"),
                ("expired", "has expired", "change the password", stale, "Stale.2.password"))
        for cause, sentence, advice, user, password in rows:
            with self.subTest(cause):
                self.fails(cause, sentence, advice, "-u", user, password=password)

    def test_an_account_that_wrong_passwords_lock(self):
        """A wrong password is one try, not a second one by NTLM: two logins stay below a threshold of three."""
        self.domain.tool("domain", "passwordsettings", "set", "--account-lockout-threshold=3")
        self.addCleanup(self.domain.tool, "domain", "passwordsettings", "set", "--account-lockout-threshold=0")
        user = self.account("tried", "Tried.2.password")
        self.fails("wrong_password", "the password is wrong", "each try counts", "-u", user, password="Wrong.2.password")
        self.assertNotIn(b"locked", self.winrm("-u", user, password="Tried.2.password").stderr)
        for _ in range(3):
            self.winrm("-u", user, password="Wrong.2.password")
        self.fails("locked", "locked, disabled or past its date", "have the account unlocked or enabled", "-u", user, password="Tried.2.password")

    def test_a_host_whose_name_the_domain_does_not_know(self):
        self.domain.kinit(ME, PASSWORD)
        url = self.url.replace(SERVER, "localhost")
        self.fails("unknown_service", "no service of that name", "--service-name", url=url)
        self.works(rf"chose Kerberos \(HTTP/{SERVER}", "--service-name", "HTTP/" + SERVER, url=url)

    def test_a_ticket_for_somebody_whom_the_host_does_not_know(self):
        user = self.account("stranger", "Stranger.2.password")
        got = self.winrm("-u", user, password="Stranger.2.password")
        self.assertEqual(got.returncode, 255)
        self.assertRegex(got.stderr.decode(), rf"refused the login for stranger@{REALM} with Kerberos .*: check user")
        self.assertRegex(self.plain.log, "login result=denied .*user=stranger.* mechanism=Kerberos")

    def test_ntlm_is_taken_where_the_domain_does_not_know_the_host(self):
        """The account of the test server, with the same password in the domain."""
        self.domain.tool("domain", "passwordsettings", "set", "--complexity=off")
        self.domain.tool("user", "setpassword", ME, "--newpassword=" + self.secured.password)
        self.addCleanup(self.domain.tool, "user", "setpassword", ME, "--newpassword=" + PASSWORD)
        self.works("Negotiate chose NTLM, because for Kerberos the realm has no service of that name for the host, over TLS and bound to it",
                   "-u", ME, "--ca", self.secured.ca, url=f"https://localhost:{self.secured.port}/wsman", password=self.secured.password)
        self.works("chose NTLM, over TLS", "-u", f"{DOMAIN}\\{ME}", "--ca", self.secured.ca, url=f"https://localhost:{self.secured.port}/wsman",
                   password=self.secured.password)

    def test_the_ticket_is_handed_on(self):
        with tempfile.NamedTemporaryFile("w") as body:
            body.write(IDENTIFY)
            body.flush()
            command = (f"export KRB5_CONFIG={self.env['KRB5_CONFIG']}; klist; curl -sS --negotiate -u : -o /dev/null -w %{{http_code}} "
                       f"-H 'Content-Type: application/soap+xml;charset=UTF-8' --data-binary @{body.name} {self.url}")
            self.domain.run("kinit", "-f", ME, input=(PASSWORD + "\n").encode())
            got = self.winrm("-v", "--delegate", command=command)
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertRegex(got.stderr.decode(), "sealed AES-256, ticket handed on")
        self.assertRegex(got.stdout.decode(), rf"(?s)Default principal: {ME}@{REALM}\n.*krbtgt/{REALM}@{REALM}.*\n?200$")
        self.assertRegex(self.plain.log, "(?s)delegated=yes.*delegated=no")
        cache = re.search(r"Ticket cache: FILE:(\S+)", got.stdout.decode())[1]
        self.assertFalse(pathlib.Path(cache).exists())

    def test_a_ticket_that_is_not_forwardable(self):
        self.domain.run("kinit", "-F", ME, input=(PASSWORD + "\n").encode())
        self.fails("no_delegation", "cannot be delegated", "kinit -f", "--delegate")


class ByWinbind(unittest.TestCase):
    """A service as it is installed, which knows no account but by NSS and the domain."""

    @classmethod
    def setUpClass(cls):
        need_root()
        cls.domain = shared[0]
        cls.domain.join_names()
        cls.place = Place()
        cls.addClassCleanup(cls.place.close)
        cls.place.system()
        cls.domain.user("ada", "Ada.2.password")
        cls.trusting = cls.place.path / "winrm.toml"
        cls.trusting.write_text(f'[defaults]\ntrusted_for_ntlm = ["{SERVER}"]\n')
        cls.trusting.chmod(0o600)
        leaks = cls.place.path / "leaks"  # for programs built with sanitizers
        leaks.write_text("leak:libnss_winbind\nleak:libwbclient\n")
        os.environ["LSAN_OPTIONS"] = f"suppressions={leaks}:print_suppressions=0"
        cls.plain = cls.serve(tls=False)
        cls.secured = cls.serve()

    @classmethod
    def serve(cls, tls=True):
        config = cls.place.config(f'pam_service = "{cls.place.pam.name}"\nallow_groups = ["{DOMAIN}\\\\domain users"]\n'
                                  '[auth]\nwinbind = true\nkerberos = false\n', tls=tls, pam=False, name=f"tls-{tls}.toml")
        made = Daemon(cls.place, config)
        cls.addClassCleanup(made.stop)
        return made

    def run_by(self, service, user, password, *options, command="id -un"):
        """@return (the run, the log's line of the login)"""
        mark = service.mark()
        url = f"http{'s' if service.tls else ''}://{'localhost' if service.tls else SERVER}:{service.port}/wsman"
        got = subprocess.run([WINRM, "run", url, "-n", "-v", "-u", user, "--auth", "ntlm", "--config", str(self.trusting),
                              *(["--ca", service.ca] if service.tls else []), *options, "--", command], stdin=subprocess.DEVNULL,
                             capture_output=True, timeout=PATIENCE, env={**self.domain.env, "WINRM_PASSWORD": password}, start_new_session=True)
        return got, service.wait_log(" login ", mark)

    def works(self, service, user, pattern, *options, password="Ada.2.password"):
        got, line = self.run_by(service, user, password, *options)
        self.assertEqual((got.returncode, got.stdout.decode()), (0, f"{DOMAIN}\\ada\n"), (got.stderr, service.log))
        self.assertRegex(line, pattern)
        return got

    def refused(self, service, user, password, pattern):
        got, line = self.run_by(service, user, password)
        self.assertEqual((got.returncode, got.stdout), (255, b""), got.stderr)
        self.assertRegex(line, pattern)
        self.assertNotIn(password, line)

    def test_sealed_without_tls(self):
        for user in ("CORP\\ada", "corp\\ADA", "ada@corp.test"):
            with self.subTest(user):
                self.works(self.plain, user, r"result=ok .*user=\S*ada\S* scheme=Negotiate mechanism=NTLM sealed=yes bound=no .*tls=off")

    def test_bound_to_tls(self):
        """Strict channel binding is the default for NTLM."""
        got = self.works(self.secured, "CORP\\ada", "result=ok .*mechanism=NTLM sealed=yes bound=yes .*tls=on", "--encrypt", "always")
        self.assertRegex(got.stderr.decode(), "bound to it")

    def test_each_refusal_has_its_cause(self):
        self.domain.user("nclosed", "Closed.2.password")
        self.domain.tool("user", "disable", "nclosed")
        self.domain.tool("user", "create", "nstale", "Stale.2.password", "--must-change-at-next-login")
        self.domain.user("npast", "Past.2.password")
        self.domain.tool("user", "setexpiry", "npast", "--days=0")
        for user, password, reason in (("ada", "Wrong.2.password", "wrong_password"), ("nobody-here", "Any.2.password", "unknown_account"),
                                       ("nclosed", "Closed.2.password", "account_disabled"), ("npast", "Past.2.password", "account_expired"),
                                       ("nstale", "Stale.2.password", "password_must_change")):
            with self.subTest(reason):
                self.refused(self.plain, "CORP\\" + user, password, f"result=denied .*mechanism=NTLM .*reason={reason}")

    def test_an_account_that_wrong_passwords_lock(self):
        self.domain.tool("domain", "passwordsettings", "set", "--account-lockout-threshold=2")
        self.addCleanup(self.domain.tool, "domain", "passwordsettings", "set", "--account-lockout-threshold=0")
        self.domain.user("ntried", "Tried.2.password")
        for _ in range(2):
            self.refused(self.plain, "CORP\\ntried", "Wrong.2.password", "result=denied .*reason=wrong_password")
        self.refused(self.plain, "CORP\\ntried", "Tried.2.password", "result=denied .*reason=account_locked")

    def test_what_says_nothing_of_a_password(self):
        """No winbindd, and one that does not let us ask: no guess is counted."""
        self.domain.run("mount", "-t", "tmpfs", "tmpfs", "/run/samba/winbindd")
        try:
            self.refused(self.plain, "CORP\\ada", "Ada.2.password", "result=unavailable .*reason=winbind_not_running")
        finally:
            self.domain.run("umount", "/run/samba/winbindd")
        self.domain.let_ask("root")
        try:
            self.refused(self.plain, "CORP\\ada", "Ada.2.password", "result=unavailable .*reason=winbind_not_permitted")
        finally:
            self.domain.let_ask("winbindd_priv")
        self.works(self.plain, "CORP\\ada", "result=ok")

    def test_an_account_that_no_rule_lets_in(self):
        """The domain says yes, and it is root here: Samba makes its administrator uid 0."""
        self.refused(self.plain, "CORP\\Administrator", "Only.for.2.tests", "result=denied .*reason=root_not_permitted")


main()
