"""Issue 10: logins by tokens against winrmd. What no client should send, what ends in the middle, and the process that reads it."""
import base64
import hashlib
import itertools
import os
import pathlib
import random
import signal
import socket
import ssl
import struct
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from ntlm import FLAGS, Ntlm, md4  # noqa: E402
from test_login_time import ROUNDS, SURE, rank_distance  # noqa: E402
from winrmtest import IDENTIFY, PATIENCE, Service, children_of, main, until  # noqa: E402

SOURCES = (f"127.{a}.{b}.{c}" for a, b, c in itertools.product(range(40, 50), range(1, 250), range(1, 250)))


class Client:
    """One connection, from an address of its own: the gate counts by source."""

    def __init__(self, service, source=None, user=None, password=None, bound=False):
        self.service = service
        plain = socket.create_connection((service.host, service.port), PATIENCE, source_address=(source or next(SOURCES), 0))
        self.socket = ssl.create_default_context(cafile=service.ca).wrap_socket(plain, server_hostname=service.host) \
            if service.tls else plain
        end_point = hashlib.sha256(self.socket.getpeercert(True)).digest() if bound else None
        self.ntlm = Ntlm(user or service.user, password or service.password, end_point=end_point)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def post(self, body=b"", authorization=None, media="application/soap+xml;charset=UTF-8"):
        """@return status (0 = closed), token of the answer, body"""
        head = f"POST /wsman HTTP/1.1\r\nHost: h\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n"
        if authorization:
            head += f"Authorization: {authorization}\r\n"
        try:
            self.socket.sendall(head.encode() + b"\r\n" + body)
            first = self.file.readline()
        except OSError:
            first = b""
        if not first:
            return 0, b"", b""
        self.fields = {}
        self.offers = []
        for line in iter(self.file.readline, b"\r\n"):
            name, _, value = line.decode().strip().partition(": ")
            self.fields[name] = value
            if name == "WWW-Authenticate":
                self.offers.append(value)
        words = self.offers[0].split() if self.offers else []
        token = base64.b64decode(words[1]) if len(words) == 2 and "=\"" not in words[1] else b""
        return int(first.split()[1]), token, self.file.read(int(self.fields["Content-Length"]))

    def leg(self, token, scheme="NTLM", body=b""):
        return self.post(body, f"{scheme} {base64.b64encode(token).decode()}")

    def offers_of(self):
        assert self.post(IDENTIFY.encode())[0] == 401
        return [offer.split()[0] for offer in self.offers]

    def challenge(self, scheme="NTLM"):
        status, token, _ = self.leg(self.ntlm.negotiate(), scheme)
        assert status == 401 and token[:12] == b"NTLMSSP\0\2\0\0\0", (status, token)
        return token

    def log_in(self, scheme="NTLM"):
        return self.leg(self.ntlm.authenticate(self.challenge(scheme)), scheme)[0]

    def sealed(self, text=IDENTIFY.encode()):
        status, _, body = self.post(self.ntlm.seal(text), media=Ntlm.TYPE)
        return status, self.ntlm.unseal(body) if body else b""


def token_process(service):
    return next(pid for pid in children_of(service.pid)
                if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "winrmd-token")


class Tokens(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service()

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()

    def works(self):
        with Client(self.service) as client:
            self.assertEqual(client.log_in(), 200)
            self.assertIn(b"ProductVendor>OpenWinRM", client.sealed()[1])

    def test_md4(self):
        self.assertEqual(md4(b"message digest").hex(), "d9130a8164549fe818874806e1c7014b")

    def test_s19_sealed_and_clear_over_TLS_on_one_connection(self):
        with Client(self.service, bound=True) as client:
            self.assertEqual(client.log_in("Negotiate"), 200)
            for _ in range(3):
                status, text = client.sealed()
                self.assertEqual(status, 200)
                self.assertIn(b"ProductVendor>OpenWinRM", text)
                self.assertEqual(client.fields["Content-Type"], Ntlm.TYPE)
                status, _, text = client.post(IDENTIFY.encode())
                self.assertEqual(status, 200)
                self.assertIn(b"ProductVendor>OpenWinRM", text)
            status, text = client.sealed(b"<nonsense/>")  # a fault is sealed, too
            self.assertEqual((status, b"Fault" in text), (500, True))
        self.assertRegex(self.service.log, "login result=ok .*scheme=Negotiate mechanism=NTLM sealed=yes bound=yes delegated=no tls=on")

    def test_s6_a_login_for_another_channel_is_refused(self):
        with Client(self.service, bound=True) as client:
            client.ntlm.end_point = hashlib.sha256(b"another certificate").digest()
            self.assertEqual(client.log_in(), 401)
        self.assertIn("reason=channel_binding_wrong", self.service.log)

    def test_s7_weak_logins_are_refused(self):
        with Client(self.service) as client:
            challenge = client.challenge()
            anonymous = Ntlm("", "").authenticate(challenge)
            self.assertEqual(client.leg(anonymous)[0], 401)
        with Client(self.service) as client:
            token = bytearray(client.ntlm.authenticate(client.challenge()))
            token[20:24] = struct.pack("<HH", 24, 24)  # a response of NTLMv1's size
            self.assertEqual(client.leg(bytes(token))[0], 401)
        with Client(self.service) as client:  # without extended session security
            self.assertEqual(client.leg(client.ntlm.negotiate(FLAGS & ~0x80000))[1], b"")
        log = self.service.log
        for reason in ("anonymous", "ntlm_v1", "weak"):
            self.assertRegex(log, f"login result=denied .*mechanism=NTLM .*reason={reason}\n")

    def test_s7_a_replayed_token_is_refused(self):
        with Client(self.service) as first, Client(self.service) as second:
            token = first.ntlm.authenticate(first.challenge())
            second.challenge()
            self.assertEqual(second.leg(token)[0], 401)
            self.assertEqual(first.leg(token)[0], 200)
            self.assertEqual(first.leg(token)[0], 401)  # on a connection that is logged in: a new login, and no good one
            self.assertEqual(first.post(IDENTIFY.encode())[0], 401)
        self.works()

    def test_each_length_of_each_token(self):
        """Zeroed, huge, overlapping, truncated: 401, and nobody is hurt."""
        reader = token_process(self.service)
        good = self.service_token()
        # Of these nothing of the proof is made, and this client signs its messages with no MIC, as curl does.
        loose = [(12, "<H"), (16, "<I"), (44, "<H"), (48, "<I"), (56, "<I")]
        rows = [(at, form, value) for field in range(12, 60, 8) for at, form, values in
                ((field, "<H", (0, 1, 0x7FFF, 0xFFFF)), (field + 4, "<I", (0, 63, 0x7FFFFFFF, 0xFFFFFFF0))) for value in values]
        for at, form, value in rows:
            with self.subTest(at=at, value=value), Client(self.service) as client:
                client.ntlm.domain = "HERE"
                token = client.ntlm.authenticate(client.challenge())
                bad = token[:at] + struct.pack(form, value) + token[at + struct.calcsize(form):]
                expected = (200, 401) if (at, form) in loose else (200,) if bad == token else (401,)
                self.assertIn(client.leg(bad)[0], expected)
        for size in (*range(0, 80, 3), -1, -8, -17):
            with self.subTest(size=size), Client(self.service) as client:
                token = client.ntlm.authenticate(client.challenge())
                self.assertEqual(client.leg(token[:size])[0], 401)
        for token in (b"", b"NTLMSSP\0", good[:20], b"\x60\x80", b"\x60\x28\x06\x06\x2b\x06\x01\x05\x05\x02\xa0\x1e" + b"\x30" * 30):
            with Client(self.service) as client:
                self.assertEqual(client.leg(token, "Negotiate")[0], 401, token)
                self.assertNotIn("oQ", "".join(client.offers))
        self.assertEqual(token_process(self.service), reader)
        self.works()

    def service_token(self):
        with Client(self.service) as client:
            return client.ntlm.authenticate(client.challenge())

    def test_a_login_that_never_ends_does(self):
        with Client(self.service) as client:
            statuses = [client.leg(client.ntlm.negotiate())[0] for _ in range(20)]
        self.assertEqual(statuses[0], 401)
        self.assertEqual(statuses[-1], 0)  # closed
        self.assertLess(statuses.index(0), 16)

    def test_minds_that_change_in_the_middle(self):
        def anonymous(client):
            self.assertEqual(client.post(IDENTIFY.encode())[0], 401)
            self.assertEqual(client.log_in(), 200)  # and can begin anew
        with Client(self.service) as client:
            token = client.ntlm.authenticate(client.challenge("NTLM"))
            self.assertEqual(client.leg(token, "Negotiate")[0], 401)
            anonymous(client)
        with Client(self.service) as client:
            token = client.ntlm.authenticate(client.challenge())
            self.assertEqual(client.post(IDENTIFY.encode())[0], 401)  # no Authorization: the login is over
            self.assertEqual(client.leg(token)[0], 401)
            anonymous(client)
        with Client(self.service) as client:
            token = client.ntlm.authenticate(client.challenge())
            self.assertEqual(client.post(IDENTIFY.encode(), self.service.authorization())[0], 200)
            self.assertEqual(client.leg(token)[0], 401)
            anonymous(client)
        with Client(self.service) as client:  # the leg's own body is of no interest
            client.challenge()
            self.assertEqual(client.leg(b"nonsense", body=b"x" * 1000)[0], 401)
            anonymous(client)

    def test_s18_what_does_not_open_is_closed_without_a_word(self):
        def gap(client):
            client.ntlm.seal(b"never sent")
            return client.ntlm.seal(IDENTIFY.encode())

        def replay(client):
            body = client.ntlm.seal(IDENTIFY.encode())
            self.assertEqual(client.post(body, media=Ntlm.TYPE)[0], 200)
            return body

        def cut(client):
            return client.ntlm.seal(IDENTIFY.encode())[:-30]

        def flipped(client):
            body = bytearray(client.ntlm.seal(IDENTIFY.encode()))
            body[-40] ^= 1
            return bytes(body)

        for spoil in (gap, replay, cut, flipped):
            with self.subTest(spoil.__name__), Client(self.service) as client:
                self.assertEqual(client.log_in(), 200)
                self.assertEqual(client.post(spoil(client), media=Ntlm.TYPE), (0, b"", b""))
        self.assertIn("message_refused peer=127.", self.service.log)
        self.works()

    def test_sealed_without_a_login(self):
        with Client(self.service) as other, Client(self.service) as client:
            self.assertEqual(other.log_in(), 200)
            self.assertEqual(client.post(other.ntlm.seal(IDENTIFY.encode()), media=Ntlm.TYPE)[0], 401)

    def test_guesses_are_slowed_down(self):
        """Rates: more than the free failures of one account from one source wait, the right password behind them too."""
        source = next(SOURCES)
        for _ in range(4):
            with Client(self.service, source, password="wrong") as client:
                self.assertEqual(client.log_in(), 401)
        began = time.monotonic()
        with Client(self.service, source) as client:
            self.assertEqual(client.log_in(), 200)
        self.assertGreater(time.monotonic() - began, 0.45)  # the gate's first delay

    def test_s11_no_kind_of_account_is_told_by_time(self):
        """The test service holds no refusal back, so this is NTLM itself: the same work whoever it is. By rank, as test_login_time."""
        size = len(self.service.user)  # a longer name takes longer by itself
        kinds = {"known": (self.service.user, "wrong"), "unknown": ("x" * size, "wrong"), "with its password": ("y" * size, None)}
        times = {kind: [] for kind in kinds}
        with Service() as service:
            for _ in range(ROUNDS):
                for kind in random.sample(list(kinds), len(kinds)):
                    user, password = kinds[kind]
                    with Client(service, user=user, password=password) as client:
                        token = client.ntlm.authenticate(client.challenge())
                        began = time.perf_counter()
                        answer = client.leg(token)
                        times[kind].append(time.perf_counter() - began)
                        self.assertEqual((answer, client.offers), ((401, b"", b""), ["Negotiate", "NTLM", 'Basic realm="WSMAN"']))
        shown = {kind: f"{1000 * sorted(took)[ROUNDS // 2]:.2f} ms" for kind, took in times.items()}
        print("medians:", shown, file=sys.stderr)
        for kind in kinds:
            self.assertLess(rank_distance(times["known"], times[kind]), SURE, shown)

    def test_s23_the_process_that_reads_tokens(self):
        self.works()
        pid = token_process(self.service)
        status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
        self.assertEqual((status["Seccomp"], status["NoNewPrivs"]), ("2", "1"))
        if os.geteuid() == 0:
            self.assertNotIn("0", status["Uid"].split())
            self.assertEqual(int(status["CapPrm"], 16) | int(status["CapBnd"], 16), 0)
            targets = [os.readlink(entry) for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
            self.assertEqual(sum(target.startswith("socket:") for target in targets), 1, targets)  # the monitor


class Ends(unittest.TestCase):
    def test_the_token_process_killed_in_the_middle(self):
        with Service() as service, Client(service) as session, Client(service) as half:
            self.assertEqual(session.log_in(), 200)
            token = half.ntlm.authenticate(half.challenge())
            os.kill(token_process(service), signal.SIGKILL)
            until(lambda: "token_start" in service.log.partition("token_end")[2], lambda: service.log)
            self.assertIn(half.leg(token)[0], (401, 503))  # nobody knows this login any more
            self.assertIn(b"OpenWinRM", session.sealed()[1])  # who is logged in, is
            deadline = time.monotonic() + PATIENCE
            while True:
                with Client(service) as client:
                    status, token, _ = client.leg(client.ntlm.negotiate())
                    if status == 401:
                        self.assertEqual(client.leg(client.ntlm.authenticate(token))[0], 200)
                        break
                    self.assertEqual(status, 503)
                self.assertLess(time.monotonic(), deadline)

    def test_a_token_process_that_hangs_is_replaced(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
            config.write("[limits]\nheartbeat_s = 1\n")
            config.flush()
            with Service("--config", config.name) as service:
                first = token_process(service)
                os.kill(first, signal.SIGSTOP)
                with Client(service) as client:
                    self.assertEqual(client.leg(client.ntlm.negotiate())[0], 503)
                self.assertIn("token_hangs", service.log)
                until(lambda: service.log.count("token_ready") >= 2, lambda: service.log)
                with Client(service) as client:
                    self.assertEqual(client.log_in(), 200)

    def test_many_half_logins_keep_nobody_out(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
            config.write("[limits]\nmax_connections = 40\n")
            config.flush()
            with Service("--config", config.name) as service:
                halves = []
                for _ in range(120):
                    halves.append(Client(service, "127.0.0.9"))
                    halves[-1].challenge()
                with Client(service) as client:
                    self.assertEqual(client.log_in(), 200)
                for half in halves:
                    half.close()

    def test_the_service_stops_in_the_middle(self):
        with Service() as service, Client(service) as client:
            client.challenge()
            service.stop()
            self.assertEqual(service.process.returncode, 0)
            self.assertIn("token_end", service.log)


if __name__ == "__main__":
    main()
