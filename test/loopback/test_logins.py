"""winrm logs in to winrmd by each scheme, or says what was tried, what the host offers, why it failed, and what to do: over TLS
and over HTTP, with accounts of the test server, and by Kerberos with a KDC of its own."""
import base64
import contextlib
import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import kdc  # noqa: E402
from test_bad_input import Server, http, raw  # noqa: E402
from winrmtest import BASIC, CLEAR, PATIENCE, WINRM, Service, main  # noqa: E402

ONE_LINE = r"^winrm: [^\n]*\n$"


def clean(env=None):
    """No password, ticket, realm or configuration of whoever runs the tests."""
    kept = {k: v for k, v in os.environ.items() if k not in ("WINRM_PASSWORD", "KRB5_CLIENT_KTNAME")}
    return {**kept, "XDG_CONFIG_HOME": "/nonexistent", "KRB5CCNAME": "FILE:/nonexistent/ccache", "KRB5_CONFIG": "/dev/null", **(env or {})}


class Recorder:
    """Between winrm and a service: keeps every byte of both directions."""

    def __init__(self, port):
        self.port, self.seen = port, bytearray()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/wsman"
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                service = socket.create_connection(("127.0.0.1", self.port))
                for ends in ((client, service), (service, client)):
                    self.threads.append(threading.Thread(target=self.copy, args=ends))
                    self.threads[-1].start()

    def copy(self, source, sink):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                self.seen += piece
                sink.sendall(piece)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join(PATIENCE)


class Logins(unittest.TestCase):
    arguments = ()

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.trusting = cls.config("trusting", '["127.0.0.1"]')
        cls.service = cls.serve(*cls.arguments)

    @classmethod
    def serve(cls, *arguments, env=None):
        service = Service(*arguments, env=env)
        cls.addClassCleanup(service.log_file.close)
        cls.addClassCleanup(service.stop)
        return service

    @classmethod
    def config(cls, name, trusted):
        path = pathlib.Path(cls.folder.name, name + ".toml")
        path.write_text(f"[defaults]\ntrusted_for_ntlm = {trusted}\n")
        path.chmod(0o600)
        return str(path)

    def order(self, what, *options, url=None, user=None, command=("id -un",)):
        s = self.service
        named = ["-u", user if user is not None else s.user] if user != "" else []
        ca = ["--ca", s.ca] if s.tls else []
        return [WINRM, what, url or s.url, *named, *ca, *options, *(["-n", "--", *command] if what == "run" else [])]

    def winrm(self, what, *options, password=None, env=None, **kwargs):
        """@param password  "" = no source of one, and no terminal that could be asked"""
        own = {} if password == "" else {"WINRM_PASSWORD": password or self.service.password}
        return subprocess.run(self.order(what, *options, **kwargs), stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
                              env={**clean(env), **own}, start_new_session=True)

    def works(self, pattern, *options, **kwargs):
        """The line of -v."""
        got = self.winrm("run", "-v", *options, **kwargs)
        self.assertEqual((got.returncode, got.stdout.decode().strip()), (0, self.service.user), got.stderr)
        self.assertRegex(got.stderr.decode(), ONE_LINE)
        self.assertRegex(got.stderr.decode(), pattern)
        return got

    def fails(self, pattern, *options, what="run", same=True, **kwargs):
        """One line that has the pattern, and no secret. @param same  another try says just the same
        @return the object of that try, with --json: its error"""
        got = self.winrm(what, *options, **kwargs)
        self.assertEqual((got.returncode, got.stdout), (255, b""), got.stderr)
        self.assertRegex(got.stderr.decode(), ONE_LINE)
        self.assertRegex(got.stderr.decode(), pattern)
        again = self.winrm(what, "--json", *options, **kwargs)
        self.assertEqual(again.returncode, 255)
        if same:
            self.assertEqual(again.stderr, got.stderr)
        secret = kwargs.get("password")
        if secret:
            self.assertNotIn(secret.encode(), got.stderr + again.stdout)
        return json.loads(again.stdout)["error"]


class OverTls(Logins):
    def test_the_scheme_that_is_chosen_by_itself(self):
        self.works(rf"127\.0\.0\.1: Negotiate chose NTLM, over TLS and bound to it, port {self.service.port}\n")
        self.assertRegex(self.service.log, f"login result=ok .*user={self.service.user} scheme=Negotiate mechanism=NTLM .*bound=yes")

    def test_each_scheme(self):
        self.works("chose NTLM, over TLS", "--auth", "ntlm")
        self.works("chose NTLM, over TLS", "--auth", "Negotiate")
        self.works("logged in by Basic, over TLS", *BASIC)
        self.works("chose NTLM, sealed RC4, over TLS", "--encrypt", "always")
        error = self.fails("what to do: ", "--auth", "kerberos")
        self.assertEqual([t["mechanism"] for t in error["tried"]], ["Kerberos"])
        self.assertTrue(error["advice"])

    def test_options_that_do_not_fit(self):
        for options, why in (([*BASIC, "--encrypt", "always"], "Basic has no keys"), ([*BASIC, "--delegate"], "--delegate is for logins by Kerberos"),
                             (["--auth", "ntlm", "--keytab", "/k"], "--keytab is for logins by Kerberos"),
                             (["--auth", "ntlm", "--service-name", "HTTP"], "--service-name is for"),
                             (["--auth", "credssp"], "not available yet; there are negotiate"), (["--service-name", "a b"], "must be like HTTP"),
                             (["--keytab", "/nonexistent/k"], "the keytab /nonexistent/k cannot be read")):
            with self.subTest(options):
                self.assertEqual(self.fails(why, *options)["code"], "bad_argument")
        for user, why in (("CORP\\", "behind the backslash"), ("\\ada", "before the backslash"), ("ada@", "with an @"), ("a:b", "has a colon")):
            with self.subTest(user):
                self.fails(why, user=user)

    def test_a_wrong_password_and_an_unknown_user_look_the_same(self):
        seen = []
        for auth in ((), ("--auth", "ntlm"), BASIC):
            for user, password in ((None, "wrong-word-1"), ("nosuch", "wrong-word-2")):
                with self.subTest(auth=auth, user=user):
                    name = user or self.service.user
                    error = self.fails(f"refused the login for {name} with {'Basic' if auth == BASIC else 'NTLM'} .it offers Negotiate, [^)]*Basic.: check user",
                                       *auth, user=user, password=password)
                    self.assertEqual((error["code"], error["http_status"]), ("login_denied", 401))
                    self.assertEqual([(t["mechanism"], t["cause"]) for t in error["tried"]], [("Basic" if auth == BASIC else "NTLM", "refused")])
                    self.assertIn("Negotiate", error["offered"])
                    self.assertIn("check user", error["advice"])
                    seen.append(error["message"].replace(name, "NAME"))
        self.assertEqual(len(set(seen[:4])), 1)

    def test_causes_are_explained(self):
        got = subprocess.run([WINRM, "explain", "no_kdc", "0x96C73A9C", "refused"], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual((got.returncode, got.stderr), (0, ""))
        self.assertRegex(got.stdout, r"^no_kdc \(login\)\n  meaning: No KDC [^.]*\n  what to do: see that[^.]*krb5.conf")
        self.assertRegex(got.stdout, r"no KDC of the realm answers\n")
        known = json.loads(subprocess.run([WINRM, "explain", "--json", "clock_skew"], capture_output=True, timeout=PATIENCE).stdout)["codes"][0]
        self.assertEqual((known["cause"], known["family"], known["known"]), ("clock_skew", "login", True))

    def test_no_ticket_no_user_no_password(self):
        error = self.fails(r"there is no Kerberos ticket, and no user is given: get a ticket \(kinit\), or give -u USER", user="", password="")
        self.assertEqual(error["code"], "no_credentials")
        self.fails("there is no password and no terminal to ask for it", password="")
        self.fails("as which user", "--auth", "ntlm", user="", password="")

    def test_every_connection_and_subcommand(self):
        got = self.winrm("shells", "-v")
        self.assertEqual((got.returncode, got.stdout), (0, b""), got.stderr)
        self.assertRegex(got.stderr, rb"^winrm: 127\.0\.0\.1: Negotiate chose NTLM[^\n]*\n$")
        self.assertEqual(subprocess.run([WINRM, "-v", *self.order("run")[1:]], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
                                        env={**clean(), "WINRM_PASSWORD": self.service.password}).stderr.count(b"chose NTLM"), 1)
        got = subprocess.run([w for w in self.order("run", "--encrypt", "always", command=("cat",)) if w != "-n"], input=b"x" * 300000,
                             capture_output=True, timeout=PATIENCE, env={**clean(), "WINRM_PASSWORD": self.service.password})
        self.assertEqual((got.returncode, got.stdout, got.stderr), (0, b"x" * 300000, b""))

    def test_identify_says_what_would_work(self):
        def verdicts(*options, **kwargs):
            got = self.winrm("identify", "--json", *options, **kwargs)
            self.assertEqual((got.returncode, got.stderr), (0, b""))
            answer = json.loads(got.stdout)
            self.assertEqual(answer["login"], ", ".join(s["scheme"] for s in answer["schemes"]))
            return {s["scheme"]: (s["works"], s["why"]) for s in answer["schemes"]}
        with_password = verdicts()
        self.assertEqual({k: v[0] for k, v in with_password.items()}, dict.fromkeys(self.service.schemes, "yes"))
        self.assertIn("only where --auth basic is given", with_password["Basic"][1])
        self.assertEqual({v[0] for v in verdicts(password="").values()}, {"asks_password"})
        nobody = verdicts(user="", password="")
        self.assertEqual({v[0] for v in nobody.values()}, {"no"})
        self.assertIn("kinit", nobody["Negotiate"][1])
        text = self.winrm("identify").stdout.decode()
        self.assertRegex(text, r"(?m)^login:    Negotiate, .*Basic$")
        self.assertRegex(text, rf"(?m)^  Negotiate +yes: by NTLM alone, with the password of {self.service.user}$")


class OverHttp(Logins):
    arguments = ("--http",)

    def test_ntlm_needs_a_host_that_is_trusted(self):
        before = self.service.log
        for auth in ((), ("--auth", "ntlm")):
            error = self.fails("NTLM over plain HTTP does not prove who answers", *auth)
            self.assertEqual(error["code"], "unencrypted_refused")
        self.assertEqual(self.service.log, before)
        for other in ('["web1", "127.0.0.2"]', "[]"):
            self.fails("does not prove", "--config", self.config("others", other))
        for pattern in ('["127.*"]', '"127.0.0.?"', '["web1", "127.0.0.1"]'):
            self.works(rf"chose NTLM, sealed RC4, port {self.service.port}\n", "--config", self.config("own", pattern))

    def test_trusting_every_host_is_warned_of(self):
        path = self.config("all", '["*"]')
        got = self.winrm("run", "--config", path)
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertRegex(got.stderr.decode(), rf"^winrm: warning: trusted_for_ntlm has \* \({path}:2\): [^\n]*\n$")
        self.assertEqual(self.winrm("run", *CLEAR, "--config", path).stderr, b"")

    def test_nothing_is_readable_on_the_way(self):
        with Recorder(self.service.port) as way:
            got = self.winrm("run", "--config", self.trusting, "--json", url=way.url, command=("echo marker-4711",))
        self.assertEqual(json.loads(got.stdout)["stdout"], "marker-4711\n", got.stderr)
        seen = bytes(way.seen)
        for secret in (self.service.password.encode(), base64.b64encode(f"{self.service.user}:{self.service.password}".encode()),
                       b"marker-4711", base64.b64encode(b"marker-4711")[:12], b"Envelope", b"CommandLine"):
            self.assertNotIn(secret, seen)
        self.assertIn(b"application/HTTP-SPNEGO-session-encrypted", seen)
        with Recorder(self.service.port) as way:
            self.winrm("run", *CLEAR, "--json", url=way.url)
        self.assertEqual(seen.count(b"POST /wsman "), bytes(way.seen).count(b"POST /wsman ") + 2)

    def test_basic_keeps_its_loud_name(self):
        self.fails("Basic over plain HTTP", *BASIC)
        self.works(f"logged in by Basic, port {self.service.port}", *CLEAR)

    def test_identify_says_what_is_missing(self):
        found = {s["scheme"]: s for s in json.loads(self.winrm("identify", "--json").stdout)["schemes"]}
        self.assertEqual(found["NTLM"]["works"], "no")
        self.assertIn("trusted_for_ntlm", found["NTLM"]["why"])
        found = {s["scheme"]: s for s in json.loads(self.winrm("identify", "--json", "--config", self.trusting).stdout)["schemes"]}
        self.assertEqual((found["NTLM"]["works"], found["Negotiate"]["works"]), ("yes", "yes"))

    def test_a_host_that_offers_other_schemes(self):
        """No password goes to a host that has only Basic, and none to one that has nothing of ours."""
        for offers, why, advice in ((["Basic realm=\"WSMAN\""], "offers Basic", "--auth basic"), (["CredSSP"], "offers CredSSP", ""),
                                    (["Digest realm=x", "CredSSP"], "Digest, CredSSP", "")):
            denied = "".join(f"WWW-Authenticate: {o}\r\n" for o in offers)
            with self.subTest(offers), Server(raw(http("", "401 Unauthorized", fields=denied))) as server, Recorder(server.port) as way:
                error = self.fails(why, "--config", self.trusting, url=way.url)
                self.assertEqual(error["code"], "login_not_offered")
                self.assertEqual(error["offered"], [o.split()[0] for o in offers])
                self.assertIn(advice, error.get("advice", ""))
                self.assertNotIn(b"Authorization: Basic", bytes(way.seen))


class BothPorts(Logins):
    """Nothing says port or scheme. An address of its own: the ports are the real ones."""

    @classmethod
    def setUpClass(cls):
        super(Logins, cls).setUpClass()
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.address = ".".join(["127", *(str(random.randint(1, 254)) for _ in range(3))])
        cls.service = cls.serve("--http", "--listen", cls.address + ":5985")
        cls.trusting = cls.config("trusting", f'["{cls.address}"]')

    def test_only_plain_http_answers(self):
        self.works("chose NTLM, sealed RC4, port 5985", "--config", self.trusting, url=self.address)
        error = self.fails("NTLM over plain HTTP does not prove", url=self.address)
        self.assertEqual(error["code"], "unencrypted_refused")
        answer = json.loads(self.winrm("identify", "--json", url=self.address).stdout)
        self.assertEqual(answer["url"], f"http://{self.address}:5985/wsman")
        self.assertEqual({s["scheme"]: s["works"] for s in answer["schemes"]}["NTLM"], "no")
        # Basic is not what a closed port leads to.
        error = self.fails("port 5986 refuses", *CLEAR, url=self.address)
        self.assertEqual(error["code"], "connect")
        error = self.fails("port 5986 refuses", "--config", self.trusting, url=self.address + ":5986")
        self.assertEqual(error["code"], "connect")

    def test_tls_is_taken_where_both_answer(self):
        """And what is wrong with it is no way to plain HTTP: the certificate names 127.0.0.1 alone."""
        before = self.service.log
        with Service("--listen", self.address + ":5986") as secured:
            error = self.fails("certificate is not made out to", "--ca", secured.ca, "--config", self.trusting, url=self.address)
        self.assertEqual(error["code"], "certificate")
        self.assertNotIn(" login ", self.service.log[len(before):])

    def test_the_configuration_says_it(self):
        path = pathlib.Path(self.folder.name, "port.toml")
        path.write_text(f'[defaults]\nport = 5986\ntrusted_for_ntlm = "{self.address}"\n')
        path.chmod(0o600)
        self.assertEqual(self.fails("port 5986 refuses", "--config", str(path), url=self.address)["code"], "connect")


@unittest.skipIf(kdc.missing(), f"SKIPPED: {kdc.missing()} is not installed (krb5-kdc, krb5-admin-server)")
class WithKdc(Logins):
    """The host is named by its address, and the realm has a service of that name."""

    @classmethod
    def setUpClass(cls):
        super(Logins, cls).setUpClass()
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.kdc = kdc.Kdc()
        cls.addClassCleanup(cls.kdc.stop)
        keytab = cls.kdc.principal("HTTP/127.0.0.1")
        cls.service = cls.serve("--http", "--keytab", keytab, env=cls.kdc.env)
        cls.secured = cls.serve("--keytab", keytab, env=cls.kdc.env)
        cls.user_keytab = cls.kdc.principal(cls.service.user, "ticket-word")
        cls.kdc.principal("eve", "eve-word")
        for name, change in (("old", "-pwexpire yesterday"), ("gone", "-expire yesterday"), ("shut", "-allow_tix")):
            cls.kdc.principal(name, name + "-word")
            cls.kdc.admin(f"modprinc {change} {name}")
        cls.tickets = {**cls.kdc.env, "KRB5CCNAME": f"FILE:{cls.folder.name}/tickets"}
        cls.none = {**cls.kdc.env, "KRB5CCNAME": f"FILE:{cls.folder.name}/none"}
        subprocess.run(["kinit", "-k", "-t", cls.user_keytab, cls.service.user], env=cls.tickets, check=True, capture_output=True)
        cls.trusting = cls.config("trusting", '["127.0.0.1"]')


class ByKerberos(WithKdc):
    CHOSE = r"Negotiate chose Kerberos \(HTTP/127\.0\.0\.1@WINRM\.TEST\), sealed AES-256, port \d+\n"

    def test_with_the_tickets_that_are_there(self):
        for user in ("", self.service.user, f"{self.service.user}@{kdc.REALM}", f"{self.service.user}@{kdc.REALM.lower()}"):
            with self.subTest(user):
                self.works(self.CHOSE, user=user, password="", env=self.tickets)
        self.works(self.CHOSE, "--auth", "kerberos", user="", password="", env=self.tickets)

    def test_with_a_keytab(self):
        self.works(self.CHOSE, "--keytab", self.user_keytab, user="", password="", env=self.none)
        self.works(self.CHOSE, "--keytab", self.user_keytab, password="", env=self.none)

    def test_with_a_password(self):
        self.works(self.CHOSE, "--auth", "kerberos", password="ticket-word", env=self.none)
        for realm in (kdc.REALM, kdc.REALM.lower()):  # as people type it
            self.works(self.CHOSE, "--auth", "kerberos", user=f"{self.service.user}@{realm}", password="ticket-word", env=self.none)
        self.assertFalse(pathlib.Path(self.folder.name, "none").exists())

    def test_a_ticket_of_somebody_else(self):
        self.fails(f"no terminal to ask for it.*the Kerberos ticket is of {self.service.user}@{kdc.REALM}, not of eve", user="eve", password="",
                   env=self.tickets)

    def test_a_principal_that_the_host_refuses(self):
        """Heard and refused: nothing is said of NTLM, which would not have been tried."""
        error = self.fails(rf"refused the login for eve@{kdc.REALM} with Kerberos [^;]*: check that the account may log in there", "--service-name", "HTTP/127.0.0.1",
                           url=self.service.url.replace("127.0.0.1", "localhost"), user=f"eve@{kdc.REALM}", password="eve-word", env=self.none)
        self.assertEqual([(t["mechanism"], t["cause"]) for t in error["tried"]], [("Kerberos", "refused")])

    def test_each_failure_has_its_own_words(self):
        rows = (
            ("unknown_service", "no service of that name", "--service-name", dict(user="", password="", env=self.tickets), ("--service-name", "HTTP/nowhere.test")),
            ("wrong_password", "password is wrong", "each try counts", dict(password="bad-word", env=self.none), ()),
            ("unknown_user", "no such user", "check the user", dict(user="nosuch", password="bad-word", env=self.none), ()),
            ("expired", "password has expired", "kpasswd", dict(user="old", password="old-word", env=self.none), ()),
            ("locked", "past its date", "prolonged", dict(user="gone", password="gone-word", env=self.none), ()),
            ("locked", "account is locked", "unlocked", dict(user="shut", password="shut-word", env=self.none), ()),
            ("unknown_realm", "realm is not known", "name the realm in krb5.conf",
             dict(user="ada@elsewhere.test", password="bad-word", env=self.none), ()),
            ("no_realm", "user has no realm", "set default_realm", dict(password="bad-word", env={"KRB5_CONFIG": "/dev/null"}), ()),
            ("no_delegation", "cannot be delegated", "kinit -f", dict(user="", password="", env=self.tickets), ("--delegate",)),
        )
        for cause, sentence, advice, how, options in rows:
            with self.subTest(cause):
                error = self.fails(f"(?i){sentence}.*what to do: .*{advice}", "--auth", "kerberos", *options, **how)
                self.assertEqual([(t["mechanism"], t["cause"]) for t in error["tried"]], [("Kerberos", cause)])
                self.assertIn(advice, error["advice"])

    def test_a_kdc_that_is_not_there(self):
        config = pathlib.Path(self.folder.name, "dead.conf")
        config.write_text(pathlib.Path(self.kdc.env["KRB5_CONFIG"]).read_text().replace("kdc = 127.0.0.1:", "kdc = 127.0.0.1:1\n  # "))
        error = self.fails("(?i)no KDC.*what to do", "--auth", "kerberos", password="ticket-word", env={**self.none, "KRB5_CONFIG": str(config)})
        self.assertEqual([t["cause"] for t in error["tried"]], ["no_kdc"])
        self.over_tls()
        self.works("Negotiate chose NTLM, because for Kerberos no KDC of the realm was found, or none answered, over TLS and bound to it",
                   url=self.service.url.replace("127.0.0.1", "localhost"), env={**self.none, "KRB5_CONFIG": str(config)})

    def test_a_kdc_that_says_nothing_is_not_the_host(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            config = pathlib.Path(self.folder.name, "silent.conf")
            config.write_text(pathlib.Path(self.kdc.env["KRB5_CONFIG"]).read_text().replace(
                "kdc = 127.0.0.1:", f"kdc = 127.0.0.1:{silent.getsockname()[1]}\n  # "))
            error = self.fails("was still waiting for a KDC", "--auth", "kerberos", "--timeout", "1s", password="ticket-word",
                               env={**self.none, "KRB5_CONFIG": str(config)})
        self.assertEqual((error["code"], error["command_started"]), ("timeout", False))

    def over_tls(self):
        self.service = self.secured  # of this test alone

    def test_over_tls(self):
        self.over_tls()
        for options, sealed in (((), ""), (("--encrypt", "always"), ", sealed AES-256")):
            self.works(rf"chose Kerberos \(HTTP/127\.0\.0\.1@WINRM\.TEST\){sealed}, over TLS and bound to it", *options, user="", password="", env=self.tickets)

    def test_a_password_that_the_kdc_refuses_is_tried_once(self):
        """By NTLM it would count against the account a second time."""
        self.over_tls()
        error = self.fails("(?i)the password is wrong", url=self.service.url.replace("127.0.0.1", "localhost"), password="bad-word", env=self.none)
        self.assertEqual([(t["mechanism"], t["cause"]) for t in error["tried"]], [("Kerberos", "wrong_password")])

    def test_identify_sees_the_ticket(self):
        got = json.loads(self.winrm("identify", "--json", user="", password="", env=self.tickets).stdout)
        found = {s["scheme"]: s for s in got["schemes"]}
        self.assertEqual(found["Negotiate"]["works"], "yes")
        self.assertIn(f"the ticket of {self.service.user}@{kdc.REALM}", found["Negotiate"]["why"])

    def test_nothing_is_readable_on_the_way(self):
        with Recorder(self.service.port) as way:
            got = self.winrm("run", "--json", url=way.url, command=("echo marker-4711",), user="", password="", env=self.tickets)
        answer = json.loads(got.stdout)
        self.assertEqual(answer["stdout"], "marker-4711\n", got.stderr)
        for secret in (b"marker-4711", base64.b64encode(b"marker-4711")[:12], b"Envelope"):
            self.assertNotIn(secret, bytes(way.seen))


if __name__ == "__main__":
    main()
