"""Logins that fail, or go another way, for a reason outside of user and password: clocks that differ (faketime), service names of
which the realm has only some, hosts that offer one scheme alone, go round in circles, or change their mind in the middle."""
import base64
import contextlib
import datetime
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import kdc  # noqa: E402
import test_logins  # noqa: E402
from test_bad_input import Server, http  # noqa: E402
from winrmtest import PATIENCE, Service, main, until  # noqa: E402

CLOCKS = r"the clocks differ by (\d+) s, which is too much for Kerberos: here it is (\S+ \S+) UTC, at the (KDC|host) (\S+ \S+) UTC[;,. ]"


class Between(test_logins.Recorder):
    """Between winrm and a service: what each says is changed by `ask(bytes)` and `answer(bytes)`."""

    def __init__(self, port, ask=lambda b: b, answer=lambda b: b):
        self.change, self.asked = {True: ask, False: answer}, []
        super().__init__(port)

    def copy(self, source, sink):
        asking = sink.getpeername()[1] == self.port
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 20):
                if asking:
                    self.asked.append(bytes(piece))
                sink.sendall(self.change[asking](piece))
        with contextlib.suppress(OSError):
            sink.shutdown(1)


def only(scheme):
    """The service as a host that has no scheme but this one: it does not look at a token of another."""
    def ask(piece):
        return piece if b"Authorization: " + scheme + b" " in piece else re.sub(rb"Authorization: [^\r]*\r\n", b"", piece)

    def answer(piece):
        return re.sub(rb"WWW-Authenticate: (?!%s\b)[^\r]*\r\n" % scheme, b"", piece)
    return {"ask": ask, "answer": answer}


@unittest.skipIf(kdc.missing(), f"SKIPPED: {kdc.missing()} is not installed (krb5-kdc, krb5-admin-server)")
class Clocks(test_logins.WithKdc):
    """The client's clock is an hour off; the KDC's and the host's are right."""

    def setUp(self):
        if not shutil.which("faketime"):
            self.skipTest("SKIPPED: faketime is not installed")

    def order(self, what, *options, **kwargs):
        return ["faketime", "-f", self.offset, *super().order(what, *options, **kwargs)]

    def env(self, **changes):
        # A sanitizer wants to be the first library, which is faketime's now.
        sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        return {**self.none, "ASAN_OPTIONS": sanitizer, **changes}

    def told(self, whose, *options, offsets=("+3600s", "-3600s"), **how):
        for self.offset in offsets:
            with self.subTest(offset=self.offset):
                error = self.fails(CLOCKS, *options, same=False, **how)
                self.assertEqual([(t["mechanism"], t["cause"]) for t in error["tried"]], [("Kerberos", "clock_skew")])
                seconds, here, at, there = re.search(CLOCKS, error["message"] + ";" + error["tried"][0]["sentence"].lower().replace(
                    "utc", "UTC").replace("kdc", "KDC").replace("kerberos", "Kerberos")).groups()
                self.assertEqual(at, whose)
                differ = datetime.datetime.fromisoformat(here) - datetime.datetime.fromisoformat(there)
                self.assertEqual(differ.total_seconds(), int(self.offset[0] + seconds))
                self.assertTrue(3000 < int(seconds) < 4200, seconds)
                self.assertIn("timedatectl", error["advice"])

    def strict(self):
        """The library does not go by the KDC's clock."""
        config = pathlib.Path(self.folder.name, "strict.conf")
        config.write_text(pathlib.Path(self.kdc.env["KRB5_CONFIG"]).read_text().replace("[libdefaults]", "[libdefaults]\n kdc_timesync = 0"))
        return str(config)

    def test_the_kdc_s_at_the_first_ticket(self):
        self.told("KDC", "--auth", "kerberos", password="ticket-word", env=self.env(KRB5_CONFIG=self.strict()))

    def test_the_kdc_s_at_the_service_s_ticket(self):
        self.told("KDC", user="", password="", env=self.env(KRB5CCNAME=self.tickets["KRB5CCNAME"]))

    def test_the_host_s(self):
        cache = f"FILE:{self.folder.name}/with-service"
        for order in (["kinit", "-k", "-t", self.user_keytab, self.service.user], ["kvno", "HTTP/127.0.0.1"]):
            subprocess.run(order, env={**self.none, "KRB5CCNAME": cache}, check=True, capture_output=True)
        # An hour back the ticket is not valid yet, and the library asks the KDC for another one.
        self.told("host", offsets=["+3600s"], user="", password="", env=self.env(KRB5CCNAME=cache))

    def test_with_a_password_the_kdc_s_clock_is_taken(self):
        for self.offset in ("+3600s", "-3600s"):
            self.works("Negotiate chose Kerberos", "--auth", "kerberos", password="ticket-word", env=self.env())


@unittest.skipIf(kdc.missing(), f"SKIPPED: {kdc.missing()} is not installed (krb5-kdc, krb5-admin-server)")
class Names(test_logins.WithKdc):
    def served(self, *names):
        """A service by these alone; they are gone from the realm with the test."""
        keytab = f"{self.folder.name}/{self.id()}.keytab"
        pathlib.Path(keytab).unlink(missing_ok=True)
        for name in names:
            self.kdc.admin(f"addprinc -randkey {name}")
            self.kdc.admin(f"ktadd -norandkey -k {keytab} {name}")
            self.addCleanup(self.kdc.admin, f"delprinc -force {name}")
        self.service = Service("--http", "--keytab", keytab, env=self.kdc.env)
        self.addCleanup(self.service.log_file.close)
        self.addCleanup(self.service.stop)
        return self.service.url.replace("127.0.0.1", "localhost")

    def chooses(self, name, url, *options):
        self.works(rf"Negotiate chose Kerberos \({re.escape(name)}@WINRM\.TEST\), sealed", *options, url=url, password="ticket-word", env=self.none)

    def test_the_first_that_the_realm_has(self):
        for names in (["host/localhost"], ["WSMAN/localhost"], ["WSMAN/localhost", "host/localhost"],
                      ["WSMAN/localhost", "host/localhost", "HTTP/localhost"]):
            with self.subTest(names):
                self.chooses(names[-1], self.served(*names))
                self.doCleanups()

    def test_one_of_one_s_own(self):
        url = self.served("odd/name", "HTTP/localhost:5985", "HTTP/other.test", "WSMAN/localhost")
        for given, used in (("HTTP/localhost:5985", "HTTP/localhost:5985"), ("HTTP/other.test", "HTTP/other.test"), ("WSMAN", "WSMAN/localhost"),
                            (f"HTTP/other.test@{kdc.REALM}", "HTTP/other.test")):
            with self.subTest(given):
                self.chooses(used, url, "--service-name", given)
        # One that the realm has and the service does not take.
        error = self.fails("made for another service.*--service-name", "--service-name", "odd/name", url=url, password="ticket-word", env=self.none)
        self.assertEqual(error["tried"][0]["cause"], "wrong_service")
        error = self.fails(r"no service of that name for the host \(Server HTTP/localhost@WINRM.TEST not found", "--auth", "kerberos",
                           "--service-name", "HTTP", url=url, password="ticket-word", env=self.none)
        self.assertEqual([t["cause"] for t in error["tried"]], ["unknown_service"])


@unittest.skipIf(kdc.missing(), f"SKIPPED: {kdc.missing()} is not installed (krb5-kdc, krb5-admin-server)")
class OneScheme(test_logins.WithKdc):
    """Hosts that have no Negotiate: Kerberos or NTLM stands by itself, as Windows can be set up."""

    def test_kerberos_alone(self):
        for how in (dict(password="ticket-word", env=self.none), dict(user="", password="", env=self.tickets)):
            with Between(self.service.port, **only(b"Kerberos")) as way:
                self.works(r"logged in by Kerberos \(HTTP/127\.0\.0\.1@WINRM\.TEST\), sealed AES-256", "--auth", "kerberos", url=way.url, **how)
            self.assertIn(b"Authorization: Kerberos ", b"".join(way.asked))
            self.assertIn(b"application/HTTP-Kerberos-session-encrypted", b"".join(way.asked))

    def test_ntlm_alone(self):
        with Between(self.service.port, **only(b"NTLM")) as way:
            self.works("logged in by NTLM, sealed RC4", "--config", self.trusting, url=way.url)
        self.assertIn(b"Authorization: NTLM ", b"".join(way.asked))
        with Between(self.service.port, **only(b"NTLM")) as way:  # an address that is not trusted
            self.fails("does not prove who answers", "--auth", "ntlm", url=way.url)
        self.assertEqual(way.asked, [])

    def test_the_other_one_alone(self):
        """Nothing goes by a scheme that was not asked for."""
        with Between(self.service.port, **only(b"NTLM")) as way:
            error = self.fails("it offers NTLM", "--auth", "kerberos", url=way.url, password="ticket-word", env=self.none)
        self.assertEqual((error["code"], error["offered"]), ("login_not_offered", ["NTLM"]))
        self.assertNotIn(b"Authorization: NTLM", b"".join(way.asked))
        with Between(self.service.port, **only(b"Kerberos")) as way:
            error = self.fails("it offers Kerberos", "--auth", "ntlm", "--config", self.trusting, url=way.url)
        self.assertEqual((error["code"], error["offered"]), ("login_not_offered", ["Kerberos"]))


class Idle(test_logins.Recorder):
    """Between winrm and a service, and closes every connection on which nothing is asked."""

    def __init__(self, port):
        self.latest = {}  # of each pair of sockets: was it the client who spoke last?
        super().__init__(port)

    def copy(self, source, sink):
        pair, asking = frozenset((source, sink)), sink.getpeername()[1] == self.port
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 20):
                self.latest[pair] = asking
                sink.sendall(piece)
        with contextlib.suppress(OSError):
            sink.shutdown(1)

    def close_idle(self):
        """@return how many"""
        idle = [pair for pair, asking in list(self.latest.items()) if not asking]
        for pair in idle:
            del self.latest[pair]
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(2)
        return len(idle)


@unittest.skipIf(kdc.missing(), f"SKIPPED: {kdc.missing()} is not installed (krb5-kdc, krb5-admin-server)")
class Pauses(test_logins.WithKdc):
    """A connection that the host closes while nothing is asked: the next input goes over a new one, logged in and sealed anew."""

    def closed(self, way, *options, user=None, env=None, interrupt=None):
        before = self.service.log.count("login result=ok")
        program = subprocess.Popen([*self.order("run", *options, url=way.url, user=user, command=("cat",))[:-3], "--", "cat"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**test_logins.clean(env), "WINRM_PASSWORD": self.service.password})
        self.addCleanup(program.stderr.close)
        self.addCleanup(program.stdout.close)
        for n in range(3):
            program.stdin.write(b"line %d\n" % n)
            program.stdin.flush()
            self.assertEqual(program.stdout.readline(), b"line %d\n" % n)
            if not interrupt:
                until(way.close_idle, "no connection is ever idle")
            elif n == 1:  # no more often: the service gives up where no front lives long
                interrupt()
        program.stdin.close()
        self.assertEqual((program.wait(PATIENCE), program.stdout.read(), program.stderr.read()), (0, b"", b""))
        self.assertGreaterEqual(self.service.log.count("login result=ok") - before, 3 if interrupt else 4)

    def test_by_kerberos(self):
        with Idle(self.service.port) as way:
            self.closed(way, user="", env=self.tickets)

    def kill_front(self):
        """What a service that is restarted loses: every connection, and the keys of its logins."""
        seen = self.service.log.count(" front_ready ")
        front = re.findall(r" front_ready pid=(\d+)", self.service.log)[-1]
        os.kill(int(front), signal.SIGKILL)
        until(lambda: self.service.log.count(" front_ready ") > seen, lambda: self.service.log)

    def test_the_front_is_killed_in_mid_session(self):
        for options, how in (((), dict(user="", env=self.tickets)), (("--auth", "ntlm", "--config", self.trusting), {})):
            with self.subTest(options), Idle(self.service.port) as way:
                self.closed(way, *options, interrupt=self.kill_front, **how)

    def test_by_ntlm(self):
        with Idle(self.service.port) as way:
            self.closed(way, "--auth", "ntlm", "--config", self.trusting)


class Minds(test_logins.Logins):
    """Whatever a host does with our tokens: an end, soon, and the password goes to nobody who did not prove itself."""
    arguments = ("--http",)

    def circle(self, challenge):
        asked, lock = [], threading.Lock()

        def handle(connection):
            while request := connection.recv(65536):
                with lock:
                    asked.append(request)
                connection.sendall(http("", "401 Unauthorized", fields=f"WWW-Authenticate: {challenge}\r\n"))
        return Server(handle), asked

    def test_a_host_that_loops_401(self):
        incomplete = base64.b64encode(bytes.fromhex("a1073005a0030a0101")).decode()  # NegTokenResp: accept-incomplete, nothing else
        rows = (("Negotiate", "refused the login"), (f"Negotiate {incomplete}", "against the rules"), ("Negotiate AAAA", "against the rules"),
                ("Negotiate %%%", "not base64"), ("NTLM", "refused the login"), ("Kerberos", "offers Kerberos"))
        for challenge, why in rows:
            server, asked = self.circle(challenge)
            with self.subTest(challenge), server, test_logins.Recorder(server.port) as way:
                error = self.fails(why, "--config", self.trusting, url=way.url)
                self.assertIn(error["code"], ("login_denied", "login_not_offered", "protocol"))
                self.assertLessEqual(len(asked), 4)  # `fails` runs it twice
                self.assertNotIn(b"Authorization: Basic", b"".join(asked))

    def after_the_challenge(self, change):
        """The service while it sends NTLM's CHALLENGE; `change` of every other answer."""
        def answer(piece):
            return piece if b"NTLMSSP\0\2" in base64.b64decode((re.findall(rb"Negotiate ([\w+/=]+)", piece) or [b""])[0]) else change(piece)
        return Between(self.service.port, answer=answer)

    def test_a_host_that_changes_its_mind_in_the_middle(self):
        def denied(scheme):
            return lambda _: http("", "401 Unauthorized", fields=f"WWW-Authenticate: {scheme}\r\n")
        rows = ((denied("Basic realm=x"), "offers Basic"), (denied("Kerberos"), "offers Kerberos"), (denied("Negotiate"), "refused the login"),
                (denied("Negotiate oQcwBaADCgEB"), "did not prove"),  # once more accept-incomplete
                (lambda _: http("<b/>"), "before it had proved who it is.*see that this is the host"), (lambda _: http("", "500 Oops"), "not sealed|500"), (self.fail_connection, "closed"))
        for change, why in rows:
            with self.subTest(why), self.after_the_challenge(change) as way:
                error = self.fails(why, "--config", self.trusting, url=way.url)
                self.assertNotEqual(error["code"], "internal")
                self.assertNotIn(b"Authorization: Basic", b"".join(way.asked))
                self.assertLessEqual(len(way.asked), 12)

    @staticmethod
    def fail_connection(_):
        raise ConnectionResetError


if __name__ == "__main__":
    main()
