"""Places for connections: one account cannot hold them all (item 2). As root, else skipped: it needs two accounts."""
import concurrent.futures
from http.client import HTTPException
import pathlib
import re
import ssl
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from winrmtest import SHELL, TRANSFER, envelope, fault_code, main  # noqa: E402
import systemtest as system  # noqa: E402

TIMED_OUT = 2150858793  # w:TimedOut


class Hog:
    """All places of a service, each with a Receive that waits."""

    def __init__(self, service, who, seconds, reopen):
        self.service, self.who, self.seconds, self.reopen = service, who, seconds, reopen
        self.over, self.lost, self.early, self.lock = threading.Event(), 0, 0, threading.Lock()
        self.connections = set()

    def fill(self, count):
        self.asking = self.service.connection()
        shells = [self.ask(TRANSFER + "/Create", system.CREATE) for _ in range((count + 14) // 15)]
        shells = [re.search(rb'Name="ShellId">([^<]+)<', s)[1].decode() for s in shells]
        line = "<sh:CommandLine><sh:Command>sleep 600</sh:Command></sh:CommandLine>"
        self.receives = []
        for i in range(count):
            shell = shells[i // 15]
            command = re.search(rb"CommandId>([^<]+)<", self.ask(SHELL + "/Command", line, selectors={"ShellId": shell}))[1]
            body = system.RECEIVE.format(command.decode())
            text = envelope(SHELL + "/Receive", body, selectors={"ShellId": shell})
            self.receives.append(text.replace("PT20S", f"PT{self.seconds}S"))
        self.asking.close()
        opened = list(concurrent.futures.ThreadPoolExecutor(8).map(self.open, self.receives))
        self.threads = [threading.Thread(target=self.hold, args=pair, daemon=True) for pair in zip(opened, self.receives)]
        for thread in self.threads:
            thread.start()

    def ask(self, *args, **kwargs):
        answer = self.service.post(envelope(*args, **kwargs), headers=self.who,
                                   connection=self.asking)
        assert answer.status == 200, answer.text
        return answer.text

    def open(self, receive):
        connection = self.service.connection()
        self.service.send(connection, receive, self.who)
        return connection

    def hold(self, connection, receive):
        while True:
            with self.lock:
                self.connections.add(connection)
            try:
                answer = connection.getresponse()
                text = answer.read()
                if answer.status == 500 and fault_code(text) == TIMED_OUT and answer.headers["Connection"] == "close":
                    with self.lock:
                        self.early += 1
                elif answer.status not in (500, 503):
                    raise AssertionError((answer.status, text))
            except (OSError, ssl.SSLError, HTTPException):
                with self.lock:
                    self.lost += 1
            with self.lock:
                self.connections.discard(connection)
            connection.close()
            if not self.reopen or self.over.is_set():
                return
            connection = self.service.connection()
            try:
                self.service.send(connection, receive, self.who)
            except (OSError, ssl.SSLError):
                pass

    def end(self):
        self.over.set()
        with self.lock:
            waiting = list(self.connections)
        for connection in waiting:
            try:
                connection.sock.shutdown(2)
            except (OSError, AttributeError):
                pass
        for thread in self.threads:
            thread.join(system.PATIENCE)


class OneAccount(system.WithPlace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada = cls.place.account("a", "-G", cls.place.group)
        cls.bob = cls.place.account("b", "-G", cls.place.group)

    def attack(self, seconds, reopen):
        config = self.place.config()  # 300 connections
        with system.Daemon(self.place, config) as service:
            hog = Hog(service, service.as_user(self.ada), seconds, reopen)
            hog.fill(300)
            try:
                logins = rf" login result=ok .*user={self.ada[0]} "
                with service.news:
                    self.assertTrue(service.news.wait_for(
                        lambda: sum(bool(re.search(logins, line)) for line in service.lines) >= 301, 3 * system.PATIENCE))
                bob = [service.identify(self.bob).status for _ in range(4)]
                self.assertEqual(bob, [200] * 4)
                whole = service.winrm("run", "--", "echo", "in", user=self.bob[0], password=self.bob[1])
                self.assertEqual((whole.returncode, whole.stdout), (0, b"in\n"), whole.stderr)
                if not reopen:
                    self.assertGreater(hog.early, 0)
                    self.assertEqual(hog.lost, 0, "gave way without an answer")
            finally:
                hog.end()

    def test_item_2_waiting_receives_on_every_place_keep_nobody_out(self):
        self.attack(60, reopen=False)

    def test_item_2_nor_do_they_when_opened_again_at_once(self):
        self.attack(10, reopen=True)


if __name__ == "__main__":
    main()
