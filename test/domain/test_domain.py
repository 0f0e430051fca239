"""Issue 10: winrm and winrmd in an Active Directory domain (Samba), `make test-domain`: tickets with a PAC, what the domain
says of an account, a service that it does not know, NTLM where Kerberos cannot be, and a second hop. As root."""
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
import domain  # noqa: E402
from domain import DOMAIN, REALM, SERVER  # noqa: E402
from winrmtest import IDENTIFY, PATIENCE, WINRM, Service, main  # noqa: E402

if os.geteuid() != 0:
    raise SystemExit(print("SKIPPED: not root, and the domain needs a network of its own") or 77)
if domain.missing():
    raise SystemExit(print(f"SKIPPED: {domain.missing()} is not installed (make deps-domain)") or 77)
domain.enter()

ME = pwd.getpwuid(os.geteuid()).pw_name
PASSWORD = "Own.2.password"


class InDomain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.domain = domain.Domain()
        cls.addClassCleanup(cls.domain.stop)
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


main()
