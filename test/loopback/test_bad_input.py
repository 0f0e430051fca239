"""What winrm does when the other side is broken, hostile, or something else entirely: one clear line, status 255, bounded
time and memory. The other side is scripted here, byte by byte."""
import base64
import gzip
import json
import os
import pathlib
import random
import re
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unicodedata
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from winrmtest import A, BASIC, CLEAR, PATIENCE, S, SHELL, W, WINRM, Service, main  # noqa: E402

SECRET = "not-to-be-shown-7319"
SANITIZED = b"__asan_init" in pathlib.Path(WINRM).read_bytes() if pathlib.Path(WINRM).exists() else False
MOST_MEMORY = 20 * 1024  # KiB, of the client
FAULT = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"


# ---- certificates

def certificate(folder, name, subject_alt="IP:127.0.0.1", begin="20200101000000Z", end="21200101000000Z"):
    """A self-signed certificate with its key, in one PEM file."""
    folder = pathlib.Path(folder) / name
    folder.mkdir()
    (folder / "index.txt").write_text("")
    (folder / "ca.cnf").write_text(
        "[ca]\ndefault_ca = d\n[d]\ndatabase = index.txt\nnew_certs_dir = .\nrand_serial = yes\ndefault_md = sha256\npolicy = p\n"
        f"x509_extensions = x\n[p]\ncommonName = supplied\n[x]\nsubjectAltName = {subject_alt}\nbasicConstraints = CA:TRUE\n"
        "[req]\ndistinguished_name = n\n[n]\n")
    for args in (["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test",
                  "-config", "ca.cnf", "-keyout", "key.pem", "-out", "req.pem"],
                 ["ca", "-batch", "-selfsign", "-config", "ca.cnf", "-keyfile", "key.pem", "-in", "req.pem", "-out", "cert.pem",
                  "-notext", "-startdate", begin, "-enddate", end]):
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
    return str(both)


# ---- servers

class Server:
    """Calls handle(connection) in a thread for each connection. `gone` tells a handler that the test is over."""

    def __init__(self, handle, pem=None):
        self.handle, self.gone, self.threads = handle, threading.Event(), []
        self.context = None
        if pem:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(pem)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"{'https' if pem else 'http'}://127.0.0.1:{self.port}/wsman"
        self.acceptor = threading.Thread(target=self.accept)
        self.acceptor.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.serve, args=(connection,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def serve(self, connection):
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            self.handle(connection)
        except OSError:
            pass  # the client went away, as it should
        finally:
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.gone.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.acceptor.join(PATIENCE)
        for thread in self.threads:
            thread.join(PATIENCE)


def read_request(connection):
    """Head and body of the next request; None at the end of the stream."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
    while len(body) < length:
        piece = connection.recv(65536)
        if not piece:
            return None
        body += piece
    return head, body


def http(body, status="200 OK", media="application/soap+xml;charset=UTF-8", fields=""):
    body = body if isinstance(body, bytes) else body.encode()
    return f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n{fields}\r\n".encode() + body


def raw(answer, then_wait=False):
    """A server that reads one request, whatever it is, and sends these bytes."""
    def handle(connection):
        connection.recv(65536)
        connection.sendall(answer)
        if then_wait:
            while connection.recv(65536):
                pass
    return handle


def endless(begin, piece):
    """Sends `begin`, then `piece` for ever."""
    def handle(connection):
        connection.recv(65536)
        connection.sendall(begin)
        while True:
            connection.sendall(piece)
    return handle


class Script:
    """A WS-Management service of four answers; each may be replaced: by text of a Body, or by a function of the connection
    and the request's MessageID that sends what it wants."""
    STDOUT = base64.b64encode(b"hi\n").decode()

    def __init__(self, **changes):
        self.changes, self.seen = changes, []

    def __call__(self, connection):
        while (request := read_request(connection)) is not None:
            body = request[1].decode()
            action = re.search(r"<[^>]*Action[^>]*>([^<]*)<", body)[1].rsplit("/", 1)[1].lower()
            message = re.search(r"<[^>]*MessageID[^>]*>([^<]*)<", body)[1]
            self.seen.append(action)
            change = self.changes.get(action)
            if callable(change):
                if change(connection, message) is False:
                    return
                continue
            connection.sendall(http(self.envelope(action, change if change is not None else getattr(self, action)(), message)))

    @staticmethod
    def envelope(action, body, message):
        return (f'<e:Envelope xmlns:e="{S}" xmlns:a="{A}" xmlns:w="{W}" xmlns:h="{SHELL}"><e:Header>'
                f"<a:Action>x/{action}Response</a:Action><a:MessageID>uuid:11111111-2222-3333-4444-555555555555</a:MessageID>"
                f"<a:RelatesTo>{message}</a:RelatesTo></e:Header><e:Body>{body}</e:Body></e:Envelope>")

    @staticmethod
    def create():
        return "<h:Shell><h:ShellId>AAAA-1</h:ShellId></h:Shell>"

    @staticmethod
    def command():
        return "<h:CommandResponse><h:CommandId>BBBB-2</h:CommandId></h:CommandResponse>"

    @staticmethod
    def receive(stdout=STDOUT, done=True):
        end = (f'<h:CommandState CommandId="BBBB-2" State="{SHELL}/CommandState/Done"><h:ExitCode>0</h:ExitCode></h:CommandState>'
               if done else "")
        return f'<h:ReceiveResponse><h:Stream Name="stdout" CommandId="BBBB-2">{stdout}</h:Stream>{end}</h:ReceiveResponse>'

    @staticmethod
    def signal():
        return "<h:SignalResponse/>"

    @staticmethod
    def delete():
        return ""


def fault(code, subcode, reason, status="500 Internal Server Error"):
    """A function for Script that answers with this fault."""
    def answer(connection, message):
        text = (f'<e:Envelope xmlns:e="{S}" xmlns:a="{A}" xmlns:w="{W}" xmlns:f="{FAULT.replace("dmtf.org/wbem/wsman/1/wsman/fault", "microsoft.com/wbem/wsman/1/wsmanfault")}">'
                f"<e:Header><a:Action>{FAULT}</a:Action><a:RelatesTo>{message}</a:RelatesTo></e:Header><e:Body><e:Fault><e:Code>"
                f"<e:Value>e:Receiver</e:Value><e:Subcode><e:Value>{subcode}</e:Value></e:Subcode></e:Code><e:Reason>"
                f'<e:Text xml:lang="en-US">{reason}</e:Text></e:Reason><e:Detail><f:WSManFault Code="{code}" Machine="h">'
                f"<f:Message>{reason}</f:Message></f:WSManFault></e:Detail></e:Fault></e:Body></e:Envelope>")
        connection.sendall(http(text, status))
    return answer


# ---- the client

class Got:
    def __init__(self, status, out, err, memory):
        self.returncode, self.stdout, self.stderr, self.memory = status, out, err, memory


def winrm(words, stdin=subprocess.DEVNULL, password=SECRET, limit=PATIENCE * 10):
    """Runs the client to its end and notes the most memory it had (KiB; it only grows, so a look now and then is enough)."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen([WINRM, *words], stdin=stdin, stdout=out, stderr=err,
                                   env={**os.environ, "WINRM_PASSWORD": password, "XDG_CONFIG_HOME": "/nonexistent"})
        memory, limit = 0, time.monotonic() + limit
        while True:
            try:
                status = process.wait(0.01)
                break
            except subprocess.TimeoutExpired:
                pass
            try:
                high = re.search(r"VmHWM:\s*(\d+)", pathlib.Path("/proc", str(process.pid), "status").read_text())
            except OSError:
                high = None
            memory = int(high[1]) if high else memory
            if time.monotonic() > limit:
                process.kill()
                process.wait()
                raise AssertionError("winrm hangs")
        out.seek(0)
        err.seek(0)
        return Got(status, out.read(), err.read(), memory)


def run(url, *options, command=("true",), limit="3s", connect="3s", **kwargs):
    options = (*(() if "--auth" in options else BASIC), *options)
    options = ("--allow-unencrypted", *options) if url.startswith("http:") else options
    return winrm(["run", url, "-u", "alice", "--timeout", limit, "--connect-timeout", connect, *options, "--", *command], **kwargs)


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.good = certificate(cls.folder.name, "good")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def trouble(self, got, pattern, host="127.0.0.1", out=b""):
        text = got.stderr.decode()
        self.assertEqual((got.returncode, got.stdout), (255, out), text)
        self.assertEqual(text.count("\n"), 1, text)
        self.assertTrue(text.endswith("\n"), text)
        self.assertTrue(text.startswith(f"winrm: {host}: " if host else "winrm: "), text)
        self.assertRegex(text, pattern)
        self.assertFalse([c for c in text[:-1] if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")], repr(text))
        self.assertLess(len(text), 2000)
        for secret in (SECRET, base64.b64encode(f"alice:{SECRET}".encode()).decode()):
            self.assertNotIn(secret, text)
        if not SANITIZED:
            self.assertLess(got.memory, MOST_MEMORY)

    def against(self, handle, pattern, *options, pem=None, url=None, **kwargs):
        with Server(handle, pem) as server:
            got = run(url(server) if url else server.url, *options, **kwargs)
            self.trouble(got, pattern)
            return got

    def receive(self, change, pattern, **kwargs):
        """Create and Command succeed, Receive does not."""
        script = Script(receive=change)
        self.against(script, pattern, **kwargs)
        return script

    # -- the command line

    def test_password_in_the_host(self):
        """Said once, and the password is not repeated."""
        for words, after in ((["run", "joe:s3cret@web1"], ["--", "x"]), (["identify", "https://joe:s3cret@web1"], []),
                             (["shells", "joe:s3@cret@web1"], []), (["config", "show", "joe:s3/cret@web1"], [])):
            with self.subTest(words):
                got = winrm([*words, *after])
                self.trouble(got, "^winrm: web1: a (password must not|path needs)", host="web1")
                self.assertNotIn(b"s3", got.stderr)
                got = winrm([*words, "--json", *after])
                self.assertEqual((got.returncode, json.loads(got.stdout)["host"]), (255, "web1"))
                self.assertNotIn(b"s3", got.stdout + got.stderr)
        self.trouble(winrm(["run", "a:b:c", "--", "x"]), "^winrm: a:b:c: an IPv6 address needs brackets", host="a:b:c")

    def test_colon_in_the_user_name(self):
        """Basic would log in as somebody else, with the rest as part of the password. Nothing is asked or sent."""
        with Server(Script()) as server, tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
            config.write('[defaults]\nuser = "joe:s3cret"\n')
            config.flush()
            for options in (["-u", "joe:s3cret"], ["--config", config.name]):
                with self.subTest(options):
                    got = winrm(["run", server.url, *CLEAR, *options, "--", "true"])
                    self.trouble(got, "the user name has a colon")
                    self.assertNotIn(b"s3cret", got.stderr)
            self.assertEqual(server.threads, [], "something was sent")

    def test_times_of_the_configuration(self):
        """What run would refuse, config show refuses too."""
        for line, why in (('operation_timeout = "1ms"', "operation_timeout must be at least 500ms"), ("connect_timeout = 0", "at least 1ms")):
            with self.subTest(line), tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
                config.write(f"[defaults]\n{line}\n")
                config.flush()
                for order in (["config", "show", "web1"], ["identify", "web1"]):
                    self.trouble(winrm([*order, "--config", config.name]), rf"{re.escape(config.name)}:2: .*{why}", host="web1")

    def test_login_scheme_in_any_case(self):
        with Server(Script()) as server:
            self.assertEqual(run(server.url, "--auth", "Basic").stdout, b"hi\n")
        self.trouble(winrm(["run", "web1", "--auth", "Bsic", "-u", "x", "--", "true"]), "did you mean basic", host="web1")

    def test_path_of_the_configuration(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
            config.write('[host.web1]\nuser = "joe"\npath = "/ws man"\n')
            config.flush()
            got = winrm(["run", "web1", "--config", config.name, "--", "true"])
        self.trouble(got, rf"{re.escape(config.name)}:3: the path holds a character", host="web1")

    # -- no connection

    def test_unknown_host(self):
        got = run("https://no-such-host.invalid/wsman")
        self.trouble(got, "there is no host named|no name server answers", host="no-such-host.invalid")

    def test_refused_port(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # bound, not listening
            self.trouble(run(f"https://127.0.0.1:{taken.getsockname()[1]}/wsman"), "refuses the connection.*is the port right")

    def test_host_that_never_answers_the_handshake(self):
        self.against(lambda c: c.recv(1) and c.recv(65536) and c.recv(65536), "TLS handshake in time", limit="30s", connect="500ms",
                     url=lambda s: f"https://127.0.0.1:{s.port}/wsman")

    # -- TLS

    def test_C1_certificate_of_unknown_origin(self):
        self.against(Script(), "certificate.*--ca|--ca", pem=self.good)

    def test_C1_certificate_of_another_name(self):
        pem = certificate(self.folder.name, "other", "DNS:other.example")
        self.against(Script(), "certificate.*other.example", "--ca", pem, pem=pem)

    def test_C1_expired_certificate(self):
        pem = certificate(self.folder.name, "expired", end="20210101000000Z")
        self.against(Script(), "certificate.*(expired|2021)", "--ca", pem, pem=pem)

    def test_certificate_of_the_future(self):
        pem = certificate(self.folder.name, "future", begin="21100101000000Z")
        self.against(Script(), "certificate.*(not yet|not valid)", "--ca", pem, pem=pem)

    def test_good_certificate(self):
        """The other tests here would pass with a client that trusts nothing."""
        with Server(Script(), self.good) as server:
            got = run(server.url, "--ca", self.good)
        self.assertEqual((got.returncode, got.stdout, got.stderr), (0, b"hi\n", b""))

    def test_client_certificate_wanted(self):
        with Server(Script(), self.good) as server:
            server.context.verify_mode = ssl.CERT_REQUIRED
            self.trouble(run(server.url, "--ca", self.good), "wants a client certificate.*let it take clients without one")

    def test_tls_against_a_plain_port(self):
        answer = http("<html>bad request</html>", "400 Bad Request", "text/html")
        self.against(raw(answer), "does not speak TLS.*5985", url=lambda s: f"https://127.0.0.1:{s.port}/wsman")

    def test_plain_http_against_a_tls_port(self):
        """What the client sees is an alert, or nothing at all."""
        self.against(raw(b"\x15\x03\x01\x00\x02\x02\x46"), "TLS|HTTPS|https")
        self.against(Script(), "TLS|HTTPS|https", pem=self.good, url=lambda s: f"http://127.0.0.1:{s.port}/wsman")

    def test_tls_cut_in_the_middle(self):
        def handle(connection):
            read_request(connection)
            connection.sendall(http(b"x" * 1000)[:300])
            os.close(connection.detach())  # no close_notify
        self.against(handle, "without TLS's own end", "--ca", self.good, pem=self.good)

    # -- something else listens

    def test_wrong_password(self):
        denied = "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: Basic realm=\"WSMAN\"\r\n"
        self.against(raw(http("", "401 Unauthorized", fields=denied)), "refused the login for alice.*check user and password")

    def test_basic_switched_off(self):
        denied = "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: Kerberos\r\n"
        self.against(raw(http("", "401 Unauthorized", fields=denied)), "Negotiate, Kerberos.*Basic is switched off")
        got = self.against(raw(http("", "401 Unauthorized")), "it names no scheme.*check user and password, and the port")
        self.assertNotIn(b"switched off", got.stderr)

    def test_C1_web_servers(self):
        page = "<!DOCTYPE html>\n<html><title>Welcome to \x1b[31mnginx</title>" + "<p>words</p>" * 5000
        for status, pattern in (("200 OK", "something else listens"), ("404 Not Found", "404.*no WS-Management"),
                                ("405 Method Not Allowed", "takes no POST"), ("302 Found", "redirects.*: https://elsewhere/$"), ("502 Bad Gateway", "proxy"),
                                ("503 Service Unavailable", "starting, overloaded or switched off"), ("413 Too Large", "larger than"),
                                ("500 Internal Server Error", "unencrypted"), ("204 No Content", "no WS-Management|something else"),
                                ("599 Strange", "599.*not how"), ("599 \x1b]0;title\x07", "control character")):
            with self.subTest(status):
                self.against(raw(http(page if status[:3] != "204" else "", status, "text/html", "Location: https://elsewhere/\r\n")), pattern)

    def test_banner_of_another_protocol(self):
        self.against(lambda c: c.sendall(b"SSH-2.0-OpenSSH_9.2\r\n") or c.recv(65536), "does not speak HTTP.*SSH-2.0")
        self.against(raw(b"220 mail.example ESMTP\r\n"), "does not speak HTTP.*220 mail")
        self.against(raw(random.Random(7).randbytes(4096)), "does not speak HTTP|TLS")

    def test_nothing_at_all(self):
        self.against(lambda c: c.recv(65536), "closed the connection before it had answered")
        self.against(lambda c: None, "closed|reset")

    # -- HTTP that is broken

    def test_truncated_head(self):
        self.against(raw(b"HTTP/1.1 200 OK\r\nContent-Ty"), "closed|ended")

    def test_truncated_body(self):
        whole = http("<e:Envelope/>")
        self.against(raw(whole[:-5]), "closed|ended|cut")
        chunked = b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n<e:Env"
        self.against(raw(chunked), "closed|ended|cut")

    def test_answer_that_stops(self):
        self.against(raw(b"HTTP/1.1 200 OK\r\nContent-Le", True), "time", limit="700ms")
        self.against(raw(http("<e:Envelope/>")[:-5], True), "time", limit="700ms")

    def test_endless_head(self):
        self.against(endless(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"a" * 1000 + b"\r\n"), "head|fields|long|large")
        self.against(endless(b"HTTP/1.1 200 ", b"O" * 4096), "head|long|large")

    def test_endless_interim_answers(self):
        self.against(endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 10), "100|interim|head|answer")

    def test_C7_endless_body(self):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n"
        self.against(endless(head + b"Content-Length: 99999999999\r\n\r\n", b"<a>" * 20000), "large|big|long|more than")
        self.against(endless(head + b"\r\n", b"<a>" * 20000), "large|big|long|more than")
        self.against(endless(head + b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b" " * 4096 + b"\r\n"), "large|big|long|more than")
        self.against(endless(head + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a=b;" * 1000), "chunk|large|long")
        self.against(endless(head + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Trailer: a\r\n" * 1000), "trailer|chunk|fields|large|long|head")

    def test_contradictions_in_the_head(self):
        base = b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\n"
        for fields, pattern in ((b"Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length"), (b"Content-Length: -5\r\n", "Content-Length"),
                                (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding|length and comes in chunks"),
                                (b"Transfer-Encoding: gzip\r\n", "Transfer-Encoding"), (b"Content-Length: 99999999999999999999999\r\n", "Content-Length")):
            with self.subTest(fields):
                self.against(raw(base + fields + b"\r\nhello"), pattern)

    def test_compressed_answer(self):
        bomb = gzip.compress(b" " * 50_000_000)
        self.against(raw(http(bomb, fields="Content-Encoding: gzip\r\n")), "compressed")

    # -- XML that is broken

    def test_wrong_xml(self):
        for text in ("<e:Envelope", "<a></b>", "", "\0\0\0", "<?xml version='1.0' encoding='ebcdic'?><a/>", "<a xmlns:b=''/>", "plain words",
                     "<html><body>not SOAP</body></html>", f'<e:Envelope xmlns:e="{S}"/>', f'<e:Envelope xmlns:e="{S}"><e:Body/></e:Envelope>'):
            with self.subTest(text):
                self.against(raw(http(text)), "XML|SOAP|message|answer|envelope")

    def test_bytes_that_are_no_text(self):
        self.against(raw(http(b"<a>\xff\xfe\xc0\x80</a>")), "UTF-8|XML|SOAP|message|answer")
        self.against(raw(http("<a/>", media="application/soap+xml;charset=EBCDIC-37")), "charset")
        self.against(raw(http("<a/>".encode("utf-16-le")[:-1], media="application/soap+xml;charset=UTF-16")), "UTF-16|XML|odd|half")

    def test_answer_that_is_no_xml(self):
        for text in ("plain words", "\n\n  {\"error\": 1}"):
            with self.subTest(text):
                self.against(raw(http(text)), r"answer is no XML although.*is the port right.*--trace.*" + re.escape(text.strip()))

    def test_answer_that_is_no_message(self):
        for text, why in (("<html><title>Portal</title></html>", "no SOAP envelope; .*: Portal$"), ("<a><b>", r"ends too early \(line 1.*--trace shows the answer\)$")):
            with self.subTest(text):
                self.against(raw(http(text)), "answer is no WS-Management message: .*" + why)

    def test_entity_bomb(self):
        text = "<!DOCTYPE b [<!ENTITY a0 'ha'>" + "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 12)) + "]><b>&a11;</b>"
        self.against(raw(http(text)), "DOCTYPE|document type|entit")
        self.against(raw(http("<!DOCTYPE b SYSTEM 'file:///etc/passwd'><b/>")), "DOCTYPE|document type|entit")

    def test_deep_and_wide_xml(self):
        self.against(raw(http("<a>" * 100_000)), "deep|nest|XML")
        self.against(raw(http("<a " + " ".join(f"b{i}='1'" for i in range(50_000)) + "/>")), "attribute|XML|many")
        self.against(raw(http("<a>" + "<b/>" * 150_000 + "</a>")), "many|XML|element|SOAP|large")

    # -- WS-Management that is broken

    def test_fault(self):
        with Server(Script(create=fault(5, "w:AccessDenied", "Access is denied. \x09 Really."))) as server:
            self.trouble(run(server.url), r"Access is denied. Really.*\(5 = 0x00000005: ")

    def test_unknown_fault(self):
        with Server(Script(create=fault(3735928559, "w:InternalError", "Something broke"))) as server:
            self.trouble(run(server.url), r"Something broke.*0xDEADBEEF")

    def test_C7_answer_to_another_question(self):
        def wrong(connection, _):
            connection.sendall(http(Script.envelope("create", Script.create(), "uuid:99999999-9999-9999-9999-999999999999")))
        self.against(Script(create=wrong), "another request|RelatesTo|not asked")

    def test_answers_without_what_matters(self):
        self.against(Script(create="<h:Shell/>"), "ShellId|shell")
        self.against(Script(create=""), "shell|Shell|answer")
        self.against(Script(command="<h:CommandResponse/>"), "CommandId|command")
        self.receive("<h:Nonsense/>", "ReceiveResponse|Receive|answer")
        self.receive(Script.receive().replace("<h:ExitCode>0<", "<h:ExitCode>zero<"), "[Ee]xit")

    def test_invalid_base64(self):
        self.receive(Script.receive("!!!not base64!!!"), "base64")
        self.receive(Script.receive("QUJ"), "base64")

    def test_missing_command(self):
        with Server(Script(command=fault(2147942402, "w:InternalError", "The system cannot find the file specified."))) as server:
            self.trouble(run(server.url, command=("no-such-program",)), "cannot find the file.*0x80070002")

    def test_connection_lost_in_the_middle(self):
        """Reset at every Receive: asked again a few times, then given up."""
        def reset(connection, _):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        begin = time.monotonic()
        script = self.receive(reset, "reset|closed|lost", limit="30s")
        self.assertGreater(time.monotonic() - begin, 4, "the tries are apart")
        self.assertEqual(script.seen.count("receive"), 4)
        self.assertIn("delete", script.seen)

    def test_what_became_of_the_command_is_told(self):
        """With --json: the shell, and whether the command has begun."""
        def lost(connection, _):
            return False
        for changes, known, words in ((dict(create=lost), {"command_started": False}, ""), (dict(command=lost), {"shell_id": "AAAA-1"}, "may or may not have started"),
                                      (dict(command=fault(5, "w:AccessDenied", "No.")), {"shell_id": "AAAA-1", "command_started": False}, ""),
                                      (dict(receive=fault(5, "w:AccessDenied", "No.")), {"shell_id": "AAAA-1", "command_started": True}, "")):
            with self.subTest(changes), Server(Script(**changes)) as server:
                got = run(server.url, "--json")
                error = json.loads(got.stdout)["error"]
                self.assertEqual({k: error[k] for k in ("shell_id", "command_started") if k in error}, known)
                self.assertEqual(words in error["message"] and "may or may not" in error["message"], bool(words), error)
                self.assertEqual(got.returncode, 255)

    def test_host_that_falls_silent(self):
        silent = threading.Event()
        script = self.receive(lambda c, m: silent.wait(5) and False, "time", limit="700ms")
        silent.set()
        self.assertEqual(script.seen[:3], ["create", "command", "receive"])

    def test_host_that_stops_reading(self):
        """Its window is closed: stdin is held back, memory stays, the time limit holds."""
        def command(connection, message):
            connection.sendall(http(Script.envelope("command", Script.command(), message)))
            server.gone.wait(PATIENCE)
            return False

        def handle(connection):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            if len(server.threads) == 1:
                Script(command=command)(connection)
            server.gone.wait(PATIENCE)
        with Server(handle) as server, tempfile.TemporaryFile() as file:
            file.truncate(200_000_000)
            got = run(server.url, stdin=file, limit="1s")
            self.trouble(got, "time")

    def test_killed_in_the_middle_of_an_answer(self):
        def half(connection, message):
            answer = http(Script.envelope("receive", Script.receive(), message))
            connection.sendall(answer[:len(answer) // 2])
            return False
        self.receive(half, "closed|ended|lost")

    def test_host_that_never_waits(self):
        """TimedOut at once, for ever: the client takes its time."""
        script = self.receive(fault(2150858793, "w:TimedOut", "no output yet"), "time", limit="3s")
        self.assertLess(script.seen.count("receive"), 12)

    def test_host_that_never_waits_and_says_running(self):
        script = self.receive(Script.receive(stdout="", done=False), "time", limit="3s")
        self.assertLess(script.seen.count("receive"), 12)

    def test_timed_out_is_not_the_end(self):
        left = [3]

        def receive(connection, message):
            left[0] -= 1
            if left[0] > 0:
                return fault(2150858793, "w:TimedOut", "no output yet")(connection, message)
            return connection.sendall(http(Script.envelope("receive", Script.receive(), message)))
        with Server(Script(receive=receive)) as server:
            got = run(server.url, limit="30s")
        self.assertEqual((got.returncode, got.stdout, got.stderr), (0, b"hi\n", b""))

    def test_identify_does_not_wait_for_the_second_answer(self):
        """What is known is printed although the question for ways of logging in stays without answer."""
        identify = (f'<e:Envelope xmlns:e="{S}" xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"><e:Header/><e:Body>'
                    "<i:IdentifyResponse><i:ProtocolVersion>http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd</i:ProtocolVersion>"
                    "<i:ProductVendor>Somebody</i:ProductVendor><i:ProductVersion>1</i:ProductVersion></i:IdentifyResponse></e:Body></e:Envelope>")

        def handle(connection):
            while (request := read_request(connection)) is not None:
                if b"IDENTIFY" in request[0].upper():
                    connection.sendall(http(identify))
        with Server(handle) as server:
            got = winrm(["identify", server.url], limit=PATIENCE)
        self.assertEqual((got.returncode, got.stderr), (0, b""))
        self.assertRegex(got.stdout, rb"^vendor:   Somebody\nversion:  1\nprotocol: ")

    # -- the trace

    def test_trace_that_cannot_be_written(self):
        """Said once, and the command is none the worse for it."""
        with Server(Script()) as server:
            got = run(server.url, "--trace", "/dev/full")
        self.assertEqual((got.returncode, got.stdout), (0, b"hi\n"))
        self.assertEqual(got.stderr, b"winrm: the trace file /dev/full cannot be written: the disk is full: make room there, or choose another place; the rest is missing in it\n")

    def test_trace_has_heads_and_what_cannot_be_read(self):
        answer = b"HTTP/1.1 200 OK\r\nX-Way: 7\r\nSet-Cookie: chocolate\r\nContent-Type: text/xml\r\n"
        for rest, shown in ((b"Content-Length: 6\r\n\r\n<a><b>", "X-Way: 7\nSet-Cookie: [9 characters struck out]\nContent-Type: text/xml\nContent-Length: 6\n\n<a><b>\n"),
                            (b"Content-Length: 9\r\n\r\n<a><b>", "< no whole answer (")):
            with self.subTest(rest), Server(raw(answer + rest)) as server, tempfile.TemporaryDirectory() as folder:
                self.assertEqual(run(server.url, "--trace", f"{folder}/trace").returncode, 255)
                text = pathlib.Path(folder, "trace").read_text().replace("\r\n", "\n")
                self.assertIn(shown, text)
                self.assertIn("<a><b>", text)
                self.assertIn("X-Way: 7\n", text)
                self.assertNotIn("chocolate", text)

    # -- results as JSON

    def test_mistakes_are_objects_with_json(self):
        for order, host in ((["run", "web1", "--json", "--bogus", "--", "true"], "web1"), (["run", "--json"], ""), (["run", "web1", "--json"], "web1"),
                            (["shells", "joe:s3cret@web1", "--json", "--delete", "A", "--delete-all"], "web1"),
                            (["identify", "--json", "web1", "--timeout", "soon"], "web1"), (["config", "show", "--json"], "")):
            with self.subTest(order):
                got = winrm(order)
                self.trouble(got, "^winrm: ", host="", out=got.stdout)
                answer = json.loads(got.stdout)
                self.assertEqual((answer["host"], answer["error"]["code"]), (host, "bad_argument"))
                self.assertEqual(got.stderr.decode(), f"winrm: {answer['error']['message']}\n")
                self.assertNotIn(b"s3cret", got.stdout + got.stderr)
        got = winrm(["config", "show", "web1", "--json", "--config", "nonexistent"])
        self.assertEqual((got.returncode, json.loads(got.stdout)["host"]), (255, "web1"))
        self.assertEqual(winrm(["explain", "--json"]).stdout, b"")

    def test_json_collects_up_to_its_limit(self):
        """Each byte is in memory once."""
        for piece in (b"words \"and\" more\n" * 20_000, random.Random(5).randbytes(300_000)):
            text = Script.receive(base64.b64encode(piece).decode(), done=False)
            with Server(Script(receive=text)) as server:
                got = run(server.url, "--json", limit="60s")
            self.assertRegex(got.stderr, rb"^winrm: 127.0.0.1: the command printed more than the 64 MiB that --json collects; it was terminated\n$")
            answer = json.loads(got.stdout)
            self.assertEqual((got.returncode, answer["exit_code"], answer["error"]["code"]), (255, None, "output_limit"))
            out = base64.b64decode(answer["stdout"]) if "stdout_encoding" in answer else answer["stdout"].encode()
            self.assertEqual(len(out), 64 * 1024 * 1024)
            self.assertTrue((piece * (len(out) // len(piece) + 1)).startswith(out))
            if not SANITIZED:
                self.assertLess(got.memory, 64 * 1024 + MOST_MEMORY)

    # -- exit status

    def test_failure_stays_a_failure(self):
        """A status whose low 8 bits are 0."""
        for code, status in (("256", 1), ("-2146233088", 1), ("2148734208", 1), ("259", 3), ("-1", 255), ("0", 0)):
            with self.subTest(code), Server(Script(receive=Script.receive().replace("<h:ExitCode>0<", f"<h:ExitCode>{code}<"))) as server:
                self.assertEqual(run(server.url).returncode, status)
                self.assertEqual(run(server.url, "--json").returncode, status)

    # -- bytes and sizes

    def test_output_that_is_no_utf8(self):
        data = bytes(range(256)) + b"\xc3\x28\xff\xfe"
        with Server(Script(receive=Script.receive(base64.b64encode(data).decode()))) as server:
            got = run(server.url)
        self.assertEqual((got.returncode, got.stdout, got.stderr), (0, data, b""))

    def test_command_line_that_is_no_utf8(self):
        with Server(Script()) as server:
            self.trouble(run(server.url, command=(b"echo \xff\xfe",)), "not UTF-8", host="")
            self.trouble(run(server.url, command=("echo", b"\xc3\x28")), "not UTF-8", host="")
            self.trouble(run(server.url, command=("echo", "\x01")), "control character", host="")
            self.trouble(run(server.url, command=("echo", "\uffff")), "U\\+FFFF", host="")
            self.trouble(run(server.url, "--cwd", b"/\xff"), "not UTF-8", host="")
            self.trouble(run(server.url, "--env", b"A=\xff"), "not UTF-8", host="")
        self.assertEqual(server.threads, [], "something was sent")

    def test_large_stdin(self):
        """From a sparse file: the command reads all of it, and the client's memory does not follow."""
        size = int(os.environ.get("WINRM_TEST_STDIN_MB", "2" if SANITIZED else "300")) * 1_000_000
        with Service() as service, tempfile.TemporaryFile() as file:
            file.truncate(size)
            got = winrm(service.args("run", "--", "wc -c")[1:], stdin=file, password=service.password)
        self.assertEqual((got.returncode, got.stdout.strip(), got.stderr), (0, str(size).encode(), b""))
        if not SANITIZED:
            self.assertLess(got.memory, MOST_MEMORY)


if __name__ == "__main__":
    main()
