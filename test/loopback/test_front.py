"""What clients of winrmd see of its network process: at the end of the service, when it is replaced, and when they close
their own side early."""
import contextlib
import pathlib
import re
import signal
import socket
import ssl
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from winrmtest import IDENTIFY, PATIENCE, SHELL, TRANSFER, Service, envelope, fault_code, main  # noqa: E402
import systemtest as system  # noqa: E402

CREATE = "<sh:Shell><sh:InputStreams>stdin</sh:InputStreams><sh:OutputStreams>stdout stderr</sh:OutputStreams></sh:Shell>"


def created(answer):
    assert answer.status == 200, (answer.status, answer.text)
    return re.search(rb'Name="ShellId">([^<]+)<', answer.text)[1].decode()


def receive_of(service, line, headers=None):
    """@return a Receive that waits for the command's output"""
    shell = created(service.post(envelope(TRANSFER + "/Create", CREATE), headers=headers))
    body = f"<sh:CommandLine><sh:Command>{line}</sh:Command></sh:CommandLine>"
    answer = service.post(envelope(SHELL + "/Command", body, selectors={"ShellId": shell}), headers=headers)
    command = re.search(rb"CommandId>([^<]+)<", answer.text)[1].decode()
    body = f'<sh:Receive><sh:DesiredStream CommandId="{command}">stdout</sh:DesiredStream></sh:Receive>'
    return envelope(SHELL + "/Receive", body, selectors={"ShellId": shell})


class Waiting:
    """A request that waits in the account's process."""

    def __init__(self, service, body, headers=None):
        self.connection = service.connection()
        assert service.post(IDENTIFY, headers=headers, connection=self.connection).status == 200
        service.send(self.connection, body, headers)
        service.wait_read(self.connection.sock.getsockname()[1], headers)

    def join(self):
        """@return the answer with its `text`, or the exception"""
        try:
            answer = self.connection.getresponse()
            answer.text = answer.read()
            return answer
        except Exception as problem:
            return problem


def half_closed(service, request):
    """Sends and closes our side, then reads to the end. @return with TLS: still encrypted, its end included"""
    tcp = socket.create_connection((service.host, service.port), timeout=PATIENCE)
    with tcp:
        if not service.tls:
            tcp.sendall(request)
            tcp.shutdown(socket.SHUT_WR)
            return read_all(tcp.recv)
        context = ssl.create_default_context(cafile=service.ca)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname=service.host)

        shaken = False
        while not shaken:
            try:
                tls.do_handshake()
                shaken = True
            except ssl.SSLWantReadError:
                pass
            tcp.sendall(outgoing.read())
            if not shaken:
                incoming.write(tcp.recv(65536))
        tls.write(request)
        try:
            tls.unwrap()  # close_notify; theirs comes later
        except ssl.SSLWantReadError:
            pass
        tcp.sendall(outgoing.read())
        tcp.shutdown(socket.SHUT_WR)
        return read_all(tcp.recv)


def read_all(recv):
    got = b""
    while piece := recv(65536):
        got += piece
    return got


class Ends(unittest.TestCase):
    def stop_while_waiting(self, *args):
        service = Service(*args)
        try:
            waiting = [Waiting(service, receive_of(service, "sleep 600")) for _ in range(3)]
            idle = service.connection()
            self.assertEqual(service.post(IDENTIFY, connection=idle).status, 200)
            service.process.send_signal(signal.SIGTERM)
            for w in waiting:
                answer = w.join()
                self.assertNotIsInstance(answer, Exception)
                self.assertEqual((answer.status, fault_code(answer.text)), (500, 995), answer.text)
                self.assertEqual(answer.headers["Connection"], "close")
            self.assertEqual(service.process.wait(PATIENCE), 0)
            self.assertEqual(idle.sock.recv(1), b"")
            idle.close()
        finally:
            service.stop()

    def test_waiting_receives_get_their_fault_when_the_service_stops(self):
        self.stop_while_waiting()

    def test_so_they_do_without_tls(self):
        self.stop_while_waiting("--http")

    def test_a_service_with_idle_connections_stops_at_once(self):
        with Service() as service:
            kept = [service.connection() for _ in range(5)]
            for c in kept:
                self.assertEqual(service.post(IDENTIFY, login=False, path="/wsman-anon/identify", connection=c).status, 200)
            service.process.send_signal(signal.SIGTERM)
            self.assertEqual(service.process.wait(PATIENCE), 0)
            for c in kept:
                self.assertEqual(c.sock.recv(1), b"")
                c.close()


class HalfClosed(unittest.TestCase):
    def request(self, service, body):
        return (f"POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml\r\n"
                f"Authorization: {service.authorization()}\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()

    def test_a_client_that_closes_its_side_gets_its_answer(self):
        with Service("--http") as service:
            self.assertIn(b"IdentifyResponse", half_closed(service, self.request(service, IDENTIFY)))
            answer = half_closed(service, self.request(service, receive_of(service, "sleep 2; echo here")))
            self.assertIn(b"\r\n\r\nHTTP/1.1 200 OK\r\n", answer)  # behind the 100
            self.assertIn(b"aGVyZQo=", answer)

    def test_so_it_does_with_tls(self):
        with Service() as service:
            # Python's TLS reads no more after its own end: the length of what comes must tell enough.
            answer = half_closed(service, self.request(service, receive_of(service, "sleep 2; head -c 30000 /dev/zero")))
            self.assertGreater(len(answer), 30000)

    def test_output_is_kept_for_the_next_receive_when_the_client_has_gone(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            config, gate = pathlib.Path(folder, "debug.toml"), pathlib.Path(folder, "gate")
            config.write_text('log_level = "debug"\n')
            config.chmod(0o600)
            service = stack.enter_context(Service("--http", "--config", str(config)))
            receive = receive_of(service, f"until [ -e {gate} ]; do sleep 0.1; done; echo here")
            with socket.create_connection((service.host, service.port), timeout=PATIENCE) as tcp:
                tcp.sendall(self.request(service, receive))
                port = tcp.getsockname()[1]
                service.wait_read(port)
            service.wait_read(port, closed=True)  # the kernel knows; the front looks a moment later
            limit = time.monotonic() + PATIENCE
            # Those of Create, of Command, of the two Identify that wait_read() asks, and the one that counts.
            while len(re.findall("connection_end .*reason=closed_by_peer", service.log)) < 5:
                self.assertLess(time.monotonic(), limit, "the front does not notice")
                time.sleep(0.02)
            self.assertEqual(service.post(IDENTIFY).status, 200)  # comes to the account's process later than that
            gate.touch()
            answer = service.post(receive)
            self.assertEqual(answer.status, 200, answer.text)
            self.assertIn(b"aGVyZQo=", answer.text)


class Replaced(system.WithPlace):
    """By a reload with another certificate."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada = cls.place.account("a", "-G", cls.place.group)

    def certificate(self, name):
        system.call("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", str(self.place.path / f"{name}-key.pem"), "-out", str(self.place.path / f"{name}.pem"))
        (self.place.path / f"{name}-key.pem").chmod(0o600)
        return self.place.path / f"{name}.pem", self.place.path / f"{name}-key.pem"

    def test_clients_move_to_the_new_front_and_lose_nothing(self):
        config = self.place.config(port=system.free_port())
        certificate, key = self.certificate("new")
        with system.Daemon(self.place, config) as service:
            who = service.as_user(self.ada)
            old = system.named(service.pid, "winrmd-front")[0]
            idle = service.connection()
            self.assertEqual(service.post(IDENTIFY, headers=who, connection=idle).status, 200)
            waiting = Waiting(service, receive_of(service, "sleep 4; echo here", who), who)
            config.write_text(config.read_text().replace(str(self.place.path / "cert.pem"), str(certificate))
                              .replace(str(self.place.path / "key.pem"), str(key)))
            since = service.mark()
            service.process.send_signal(signal.SIGHUP)
            service.wait_log(rf" front_drain .*pid={old}\b", since)
            self.assertEqual(idle.sock.recv(1), b"")  # between requests: closed at once, with TLS's own end
            idle.close()
            answer = waiting.join()
            self.assertNotIsInstance(answer, Exception)
            self.assertEqual((answer.status, answer.headers["Connection"]), (200, "close"))
            self.assertIn(b"aGVyZQo=", answer.text)
            service.wait_log(rf' front_end .*pid={old} .*status="exit 0"', since)
            service.ca = str(certificate)
            self.assertEqual(service.identify(self.ada).status, 200)


if __name__ == "__main__":
    main()
