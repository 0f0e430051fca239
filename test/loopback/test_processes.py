"""What the processes of winrmd owe each other: a log that stops nobody, nothing of the monitor in its children, an end together,
and signs of life. Numbers are those of the list of attacks that found it. As root, else skipped."""
import os
import pathlib
import re
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from systemtest import Daemon, named, status_of, WithPlace  # noqa: E402
from winrmtest import PATIENCE, SHELL, children_of, envelope, main  # noqa: E402


class StallingReader(Daemon):
    """Its log is read only while `reading` is set."""

    def __init__(self, *args):
        self.reading = threading.Event()
        self.reading.set()
        super().__init__(*args)

    def log_lines(self):
        rest = ""
        while True:
            self.reading.wait()
            piece = os.read(self.process.stderr.fileno(), 4096).decode(errors="replace")
            *lines, rest = (rest + piece).splitlines(keepends=True) or [""]
            if rest.endswith("\n") or not piece:
                lines, rest = [*lines, rest], ""
            yield from filter(None, lines)
            if not piece:
                return

    def stop(self, number=signal.SIGTERM):
        self.reading.set()
        return super().stop(number)


class OnePlace(WithPlace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada, cls.bob = (cls.place.account(name, "-G", cls.place.group) for name in "ab")

    def wait_until(self, true, what):
        limit = time.monotonic() + PATIENCE
        while not (got := true()):
            self.assertLess(time.monotonic(), limit, what)
            time.sleep(0.02)
        return got


class Log(OnePlace):
    def commands(self, service, account, shell):
        """3 KB of log each: more than the pipe and all that is kept."""
        connection = service.connection()
        for number in range(120):
            body = f"<sh:CommandLine><sh:Command>: {number} {'x' * 3000}</sh:Command></sh:CommandLine>"
            answer = service.post(envelope(SHELL + "/Command", body, selectors={"ShellId": shell}),
                                  headers=service.as_user(account), connection=connection)
            self.assertEqual(answer.status, 200, answer.text)
        connection.close()

    def test_06_a_reader_that_stalls_stops_nobody(self):
        config = self.place.config('log_level = "debug"\n[limits]\nmax_commands_per_shell = 200\n')
        with StallingReader(self.place, config) as service:
            shell = service.open_shell(self.ada)
            service.reading.clear()
            self.commands(service, self.ada, shell)
            for _ in range(5):  # each is a login of its own
                for account in (self.ada, self.bob):
                    self.assertEqual(service.identify(account).status, 200)
            self.assertEqual(service.identify((self.bob[0], "wrong-word")).status, 401)
            service.reading.set()
            service.wait_log(r" error winrmd-user log_lines_lost count=[1-9]\d*\n")
            service.wait_log(rf" winrmd login result=denied peer=127.0.0.1 user={self.bob[0]} ")
            self.assertEqual(service.on_shell(self.ada, "Delete", shell).status, 200)

    def test_06_it_ends_though_nobody_reads(self):
        config = self.place.config('log_level = "debug"\n[limits]\nmax_commands_per_shell = 200\n')
        service = StallingReader(self.place, config)
        try:
            shell = service.open_shell(self.ada)
            service.reading.clear()
            self.commands(service, self.ada, shell)
            service.process.send_signal(signal.SIGTERM)
            self.assertEqual(service.process.wait(PATIENCE), 0)
        finally:
            service.stop()

    def test_06_dropped_connections_are_counted_and_refused_logins_told(self):
        config = self.place.config("[limits]\nmax_connections = 4\n")
        with Daemon(self.place, config) as service:
            crowd = [socket.create_connection((service.host, service.port), timeout=PATIENCE) for _ in range(200)]
            service.wait_log(" winrmd-front connection_dropped peer=127.0.0.1 reason=too_many_without_login")
            for number in range(3):
                service.source = f"127.0.0.{number + 2}"
                self.assertEqual(service.identify((self.bob[0], "wrong-word")).status, 401)
            for one in crowd:
                one.close()
        lines = [line for line in service.log.splitlines() if "connection_dropped" in line and "127.0.0.1 " in line + " "]
        self.assertEqual(len(lines), 2, lines)  # the first, and at the end the others
        self.assertRegex(lines[1], r" connection_dropped source=127\.0\.0\.1 reason=too_many_without_login more=\d+ seconds=\d+$")
        self.assertEqual(len(re.findall(" login result=denied ", service.log)), 3)


def lives(pid):
    try:
        return status_of(pid)["State"][0] != "Z"
    except OSError:  # gone, perhaps just now
        return False


def text_in_memory(pid, words):
    """Which of the words are found in what the process can read."""
    found = set()
    with open(f"/proc/{pid}/mem", "rb") as memory:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            bounds, rights, *_ = line.split()
            if "r" not in rights or "[v" in line:  # vvar, vdso, vsyscall
                continue
            start, end = (int(n, 16) for n in bounds.split("-"))
            if end - start > 1 << 29:  # a sanitizer's own, nearly all of it never touched
                continue
            try:
                memory.seek(start)
                text = memory.read(end - start)
            except (OSError, ValueError):
                continue
            found |= {word for word in words if word in text}
    return found


class Children(OnePlace):
    """What modules of PAM can find where they run."""

    def test_05_children_keep_nothing_of_the_monitor(self):
        key = pathlib.Path(self.place.path / "key.pem").read_text().split("\n")[1].encode()
        marker = "marker-" + self.place.tag
        gate = self.place.path / "gate"
        os.mkfifo(gate)
        self.addCleanup(gate.unlink)
        hold = self.place.path / "hold"  # what PAM runs at a login waits here, where we can look at it
        hold.write_text(f"#!/bin/sh\n[ $PAM_USER = {self.bob[0]} ] || exit 0\nread line < {gate}\nexit 0\n")
        hold.chmod(0o755)
        stack = self.place.pam.read_text()
        self.addCleanup(self.place.pam.write_text, stack)
        self.place.pam.write_text(f"account required pam_exec.so quiet {hold}\n" + stack)
        os.environ["WINRM_MARKER"] = marker
        self.addCleanup(os.environ.pop, "WINRM_MARKER")
        with Daemon(self.place, self.place.config()) as service:
            shell = service.open_shell(self.ada)
            waiting = threading.Thread(target=service.identify, args=(self.bob,), daemon=True)
            waiting.start()
            login, = self.wait_until(lambda: named(service.pid, "winrmd-login"), "nobody checks the password")
            self.wait_until(lambda: named(service.pid, "hold"), "the module does not run")
            session, = named(service.pid, "winrmd-session")
            words = {key, marker.encode(), self.ada[1].encode()}
            self.assertEqual(text_in_memory(service.pid, words) & {key}, {key}, "the monitor has it; is the test blind?")
            for pid in (login, session):
                self.assertEqual(text_in_memory(pid, words), set(), status_of(pid)["Name"])
                environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
                names = {e.partition(b"=")[0] for e in environment if e and b"SAN_OPTIONS" not in e}
                self.assertEqual(names, {b"PATH", b"LANG"}, status_of(pid)["Name"])
            self.assertEqual(text_in_memory(login, {self.bob[1].encode()}), {self.bob[1].encode()})
            numbers = {int(n) for n in os.listdir(f"/proc/{session}/fd")}
            self.assertEqual(numbers, {0, 1, 2})
            with open(gate, "w") as out:
                out.write("go\n")
            waiting.join(PATIENCE)
            self.assertEqual(service.on_shell(self.ada, "Delete", shell).status, 200)


class Killed(OnePlace):
    """The monitor, by SIGKILL, while an account has stopped its own process."""

    def killed(self, line):
        service = Daemon(self.place, self.place.config())
        try:
            shell = service.open_shell(self.ada)
            user, = named(service.pid, "winrmd-user")
            connection = service.connection()  # the answer may never come
            self.addCleanup(connection.close)
            body = f"<sh:CommandLine><sh:Command>{line} sleep 4711</sh:Command></sh:CommandLine>"
            service.send(connection, envelope(SHELL + "/Command", body, selectors={"ShellId": shell}), service.as_user(self.ada))
            self.wait_until(lambda: status_of(user)["State"].startswith("T"), "it does not stop")
            self.wait_until(lambda: named(service.pid, "sleep"), "the command does not run")
            front, = named(service.pid, "winrmd-front")
            os.kill(front, signal.SIGSTOP)
            everybody = children_of(service.pid)
            service.process.kill()
            service.process.wait(PATIENCE)

            def left():
                return [pid for pid in everybody if lives(pid)]
            self.wait_until(lambda: not left(), "some go on")
        finally:
            service.stop()

    def test_08_all_end_with_a_killed_monitor(self):
        self.killed("kill -STOP $PPID;")

    def test_08_so_they_do_if_it_is_stopped_again_and_again(self):
        self.killed("(while :; do kill -STOP $PPID; sleep 0.02; done) &amp; setsid")


class Hangs(OnePlace):
    """What a process that is stopped stands for."""

    def test_09_a_front_that_hangs_is_replaced(self):
        config = self.place.config("[limits]\nheartbeat_s = 3\n")
        with Daemon(self.place, config) as service:
            shell = service.open_shell(self.ada)
            front, = named(service.pid, "winrmd-front")
            since = service.mark()
            os.kill(front, signal.SIGSTOP)
            service.wait_log(rf" error winrmd front_hangs pid={front} silent_ms=\d+", since)
            service.wait_log(rf' front_end .*pid={front} status="signal 9"', since)
            service.wait_log(" front_ready ", since)
            self.assertEqual(service.on_shell(self.ada, "Delete", shell).status, 200, "the shell is another process's")
            self.assertNotEqual(named(service.pid, "winrmd-front"), [front])

    def test_09_systemd_hears_of_life_while_the_front_answers(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            path = str(self.place.path / "notify")
            manager.bind(path)
            self.addCleanup(os.unlink, path)
            heard = []
            reader = threading.Thread(target=lambda: [heard.append(manager.recv(100)) for _ in range(10000)], daemon=True)
            reader.start()
            for name, value in (("NOTIFY_SOCKET", path), ("WATCHDOG_USEC", "600000")):
                os.environ[name] = value
                self.addCleanup(os.environ.pop, name, None)
            with Daemon(self.place, self.place.config("[limits]\nheartbeat_s = 3\n")) as service:
                self.wait_until(lambda: len(heard) > 2, "systemd hears nothing")
                self.assertEqual(heard[:3], [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"])
                front, = named(service.pid, "winrmd-front")
                since, before = service.mark(), len(heard)
                os.kill(front, signal.SIGSTOP)
                service.wait_log(" front_hangs ", since)
                # Every 0.2 s at most: until the next question comes (3 s), and until that has waited (3 s). Not for all the
                # 9 s that it takes to give the front up.
                self.assertLess(len(heard) - before, 35)
                service.wait_log(" front_ready ", since)
                after = len(heard)
                self.wait_until(lambda: len(heard) > after, "it is not fed again")
            self.wait_until(lambda: b"STOPPING=1" in heard, "no end")


if __name__ == "__main__":
    main()
