"""winrm at a terminal, in a pipeline and with files closed: what reaches the user, and what is left on the host."""
import base64
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from test_bad_input import MOST_MEMORY, SANITIZED, Script, Server, http  # noqa: E402
from winrmtest import CLEAR, PATIENCE, WINRM, Service, main  # noqa: E402

SECRET = "typed-and-never-shown"


def environment(password=None):
    env = {k: v for k, v in os.environ.items() if k != "WINRM_PASSWORD"}
    env["XDG_CONFIG_HOME"] = "/nonexistent"
    if password:
        env["WINRM_PASSWORD"] = password
    return env


def soon(condition):
    """Waits until it is so; a hung program makes it False."""
    limit = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not condition():
        if time.monotonic() > limit:
            return False
        pause.wait(0.01)
    return True


def running(url):
    """Processes of winrm for this host; a zombie counts, though it has no command line any more."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0] == WINRM.encode() and url.encode() in words:
                found.append(int(entry.name))
    return found


class Terminal:
    """winrm as the foreground job of a terminal of its own."""

    def __init__(self, words, password=None, program=WINRM):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(program, [program, *words], environment(password))
        self.text = b""

    def read(self):
        """The next bytes; False at the end."""
        if not select.select([self.fd], [], [], PATIENCE)[0]:
            raise AssertionError(f"nothing more is shown after {self.text!r}")
        try:
            piece = os.read(self.fd, 65536)
        except OSError:
            piece = b""
        self.text += piece
        return bool(piece)

    def until(self, words):
        while words not in self.text:
            if not self.read():
                raise AssertionError(f"{words!r} never came: {self.text!r}")

    def type(self, text):
        os.write(self.fd, text)

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def end(self):
        """Exit status, after everything was read."""
        while self.read():
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return status


def words(server, *options, command=("true",)):
    return ["run", server.url, "-u", "alice", *CLEAR, *options, "--", *command]


def job(server, *options, then):
    """winrm as a job of a shell, which says afterwards what became of it and of the terminal."""
    line = " ".join(f"'{w}'" for w in [WINRM, *words(server, "-n", *options)])
    return Terminal(["--norc", "-c", f"set -m; {line}; {then}"], program="/bin/bash")


class Prompt(unittest.TestCase):
    def test_password_is_asked_for_and_not_shown(self):
        logins = []

        class Listening(Script):
            def __call__(self, connection):
                peeked = connection.recv(65536, 2)  # MSG_PEEK
                logins.append(re.search(rb"Authorization: Basic (\S+)", peeked)[1])
                super().__call__(connection)

        with Server(Listening()) as server:
            terminal = Terminal(words(server, "-n"))
            terminal.until(b"Password of alice on 127.0.0.1: ")
            self.assertTrue(soon(lambda: not terminal.echoes()))
            terminal.type(SECRET.encode() + b"\n")
            terminal.until(b"hi")
            self.assertTrue(terminal.echoes())
            self.assertEqual(terminal.end(), 0)
        self.assertNotIn(SECRET.encode(), terminal.text)
        self.assertEqual(base64.b64decode(logins[0]).decode(), "alice:" + SECRET)

    def ended_at_the_prompt(self, how, status, *options):
        """What the terminal shows after the question; echo is on again, and nothing was sent."""
        question = b"Password of alice on 127.0.0.1: "
        with Server(Script()) as server:
            terminal = job(server, *options, then="echo status=$?; stty -a")
            terminal.until(question)
            self.assertTrue(soon(lambda: not terminal.echoes()))
            how(terminal, *running(server.url))
            self.assertEqual(terminal.end(), 0)
            self.assertEqual(server.threads, [], "something was sent")
        shown, rest = terminal.text.split(question, 1)[1].split(b"status=")
        self.assertEqual(int(rest.split()[0]), status)
        self.assertRegex(rest, rb"\secho\s")
        self.assertNotIn(b"half", shown)
        return shown

    def test_ctrl_c_at_the_prompt_gives_the_terminal_back(self):
        self.assertEqual(self.ended_at_the_prompt(lambda t, pid: t.type(b"half\x03"), 128 + signal.SIGINT), b"\r\n")
        self.assertEqual(self.ended_at_the_prompt(lambda t, pid: t.type(b"half\x1c"), 128 + signal.SIGQUIT), b"\r\n")

    def test_signals_at_the_prompt_give_the_terminal_back(self):
        for signo in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
            with self.subTest(signo):
                self.assertEqual(self.ended_at_the_prompt(lambda t, pid: os.kill(pid, signo), 128 + signo), b"\r\n")
        shown = self.ended_at_the_prompt(lambda t, pid: os.kill(pid, signal.SIGTERM), 128 + signal.SIGTERM, "--json")
        answer = json.loads(shown)
        self.assertEqual((answer["host"], answer["error"]["code"]), ("127.0.0.1", "cancelled"))

    def test_time_limit_at_the_prompt(self):
        shown = self.ended_at_the_prompt(lambda t, pid: t.type(b"half"), 255, "--timeout", "500ms")
        self.assertEqual(shown.strip(), b"winrm: 127.0.0.1: the prompt gave no password within the time limit (--timeout raises it)")

    def test_ctrl_z_at_the_prompt(self):
        """Echo is on while it is stopped; it asks again afterwards."""
        question = b"Password of alice on 127.0.0.1: "
        with Server(Script()) as server:
            terminal = job(server, then="stty -a; fg; echo status=$?")
            terminal.until(question)
            self.assertTrue(soon(lambda: not terminal.echoes()))
            terminal.type(b"\x1a")
            while terminal.text.count(question) < 2:
                self.assertTrue(terminal.read())
            self.assertRegex(terminal.text, rb"\secho\s")
            self.assertTrue(soon(lambda: not terminal.echoes()))
            terminal.type(SECRET.encode() + b"\n")
            terminal.end()
        self.assertIn(b"hi\r\nstatus=0", terminal.text)
        self.assertNotIn(SECRET.encode(), terminal.text)

    def test_time_limit_of_other_sources(self):
        """Nothing that was started for the password is left, and nobody waits for it."""
        with Server(Script()) as server:
            for command in ("exec sleep 4711", "sleep 4711; echo x", "trap '' TERM; sleep 4711; sleep 4711",
                            "(trap '' TERM; sleep 4711; sleep 4711); echo x"):
                with self.subTest(command):
                    got = subprocess.run([WINRM, *words(server, "-n", "--timeout", "500ms", "--json", "--password-command", command)],
                                         env=environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)
                    self.assertEqual((got.returncode, json.loads(got.stdout)["error"]["code"]), (255, "timeout"))
                    self.assertEqual(got.stderr, b"winrm: 127.0.0.1: the password command gave no password within the time limit (--timeout raises it)\n")
            self.assertEqual(server.threads, [], "something was sent")

    def test_signal_during_the_password_command(self):
        for signo in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            with self.subTest(signo), Server(Script()) as server:
                process = subprocess.Popen([WINRM, *words(server, "-n", "--password-command", "sh -c 'echo up >&2; sleep 4711; echo x'; echo y")],
                                           env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                self.assertEqual(process.stderr.readline(), b"up\n")
                process.send_signal(signo)
                self.assertEqual(process.communicate(timeout=PATIENCE), (b"", b""))  # the command has let go of both
                self.assertEqual(process.returncode, 128 + signo)

    def test_no_terminal(self):
        with Server(Script()) as server:
            got = subprocess.run([WINRM, *words(server)], env=environment(), start_new_session=True, stdin=subprocess.DEVNULL,
                                 capture_output=True, timeout=PATIENCE)
        self.assertEqual((got.returncode, got.stdout, got.stderr.count(b"\n")), (255, b"", 1))
        self.assertIn(b"no terminal to ask", got.stderr)


class Shown(unittest.TestCase):
    EVIL = b"red \x1b[31m bell \x07 csi \xc2\x9b32m back \x08 line\n"

    def shown(self, *options):
        with Server(Script(receive=Script.receive(base64.b64encode(self.EVIL).decode()))) as server:
            terminal = Terminal(words(server, "-n", *options), SECRET)
            self.assertEqual(terminal.end(), 0)
        return terminal.text

    def test_C9_control_characters_are_made_visible_at_a_terminal(self):
        text = self.shown()
        self.assertIn(b"red ^[[31m bell \x07", text)
        for bad in (b"\x1b", b"\xc2\x9b"):
            self.assertNotIn(bad, text)

    def test_raw(self):
        self.assertIn(self.EVIL[:-1], self.shown("--raw"))

    def test_a_pipe_gets_every_byte(self):
        with Server(Script(receive=Script.receive(base64.b64encode(self.EVIL).decode()))) as server:
            got = subprocess.run([WINRM, *words(server, "-n")], env=environment(SECRET), capture_output=True, timeout=PATIENCE)
        self.assertEqual(got.stdout, self.EVIL)


class CtrlC(unittest.TestCase):
    def test_typed_at_a_terminal(self):
        """The first reaches the command as an interrupt, the second ends a command that does not care."""
        with Service() as service:
            terminal = Terminal(service.args("run", "--", "trap 'echo caught' INT; echo ready; sleep 100; sleep 100")[1:], service.password)
            terminal.until(b"ready")
            terminal.type(b"\x03")
            terminal.until(b"caught")
            terminal.type(b"\x03")
            self.assertEqual(terminal.end(), 128 + signal.SIGINT)
            self.assertNotIn(b"winrm:", terminal.text)
            self.assertIn(b'"shells":[]', service.winrm("shells", "--json").stdout)


class Signals(unittest.TestCase):
    def start(self, service, command, **kwargs):
        return subprocess.Popen(service.args("run", "--", command), env=environment(service.password), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)

    def test_what_was_ignored_stays_ignored(self):
        """As under nohup, and in the background of a script."""
        def ignore():
            for signo in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
                signal.signal(signo, signal.SIG_IGN)
        with Service() as service:
            process = self.start(service, "echo ready; read word; echo $word", preexec_fn=ignore)
            self.assertEqual(process.stdout.readline(), b"ready\n")
            for signo in (signal.SIGHUP, signal.SIGINT, signal.SIGINT, signal.SIGQUIT):
                process.send_signal(signo)
            self.assertEqual(process.communicate(b"done\n", PATIENCE), (b"done\n", b""))
            self.assertEqual(process.returncode, 0)

    def test_others_leave_no_shell_behind(self):
        with Service() as service:
            for signo in (signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
                with self.subTest(signo):
                    process = self.start(service, "echo ready; sleep 100")
                    self.assertEqual(process.stdout.readline(), b"ready\n")
                    process.send_signal(signo)
                    self.assertEqual(process.communicate(timeout=PATIENCE), (b"", b""))
                    self.assertEqual(process.returncode, 128 + signo)
                    self.assertTrue(soon(lambda: b'"shells":[]' in service.winrm("shells", "--json").stdout))


class Pipeline(unittest.TestCase):
    def test_nobody_reads(self):
        """A full pipe stops the requests, and memory with it; when the reader goes the shell is deleted."""
        piece = Script.receive(base64.b64encode(os.urandom(200_000)).decode(), done=False)
        script = Script(receive=piece)
        with Server(script) as server:
            process = subprocess.Popen([WINRM, *words(server, "-n")], env=environment(SECRET), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertTrue(soon(lambda: script.seen.count("receive") >= 2))
            before, quiet = -1, threading.Event()
            while before != script.seen.count("receive"):
                before = script.seen.count("receive")
                quiet.wait(0.3)
            self.assertLess(before, 10)
            memory = int(re.search(r"VmHWM:\s*(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())[1])
            process.stdout.close()
            err = process.stderr.read()
            self.assertEqual((process.wait(PATIENCE), err), (128 + signal.SIGPIPE, b""))
            process.stderr.close()
            self.assertTrue(soon(lambda: "delete" in script.seen))
        if not SANITIZED:
            self.assertLess(memory, MOST_MEMORY)

    def test_slow_reader_gets_everything(self):
        data = os.urandom(3_000_000)
        left = [data[i:i + 100_000] for i in range(0, len(data), 100_000)]

        def receive(connection, message):
            piece = base64.b64encode(left.pop(0)).decode()
            connection.sendall(http(Script.envelope("receive", Script.receive(piece, done=not left), message)))
        with Server(Script(receive=receive)) as server:
            process = subprocess.Popen([WINRM, *words(server, "-n")], env=environment(SECRET), stdout=subprocess.PIPE)
            fcntl.fcntl(process.stdout, 1031, 4096)  # F_SETPIPE_SZ: a turn of the loop for every page
            got = b""
            while piece := os.read(process.stdout.fileno(), 1000):
                got += piece
            self.assertEqual(process.wait(PATIENCE), 0)
            process.stdout.close()
        self.assertTrue(got == data, f"{len(got)} bytes came of {len(data)}")

    def test_clean_up_goes_on_without_the_user(self):
        """The host takes its time for Signal: the pipeline is over at once, and the shell is deleted later."""
        go, script = threading.Event(), None

        def late(connection, message):
            go.wait(PATIENCE)
            connection.sendall(http(Script.envelope("signal", Script.signal(), message)))
        script = Script(signal=late)
        with Server(script) as server:
            line = " ".join(f"'{w}'" for w in [WINRM, *words(server, "-n")])
            got = subprocess.run(["/bin/bash", "-c", f"{line} | cat; exit ${{PIPESTATUS[0]}}"], env=environment(SECRET),
                                 capture_output=True, timeout=PATIENCE)
            self.assertEqual((got.returncode, got.stdout, got.stderr), (0, b"hi\n", b""))
            self.assertNotIn("delete", script.seen)
            self.assertEqual(len(running(server.url)), 1, "a process should be cleaning up")
            go.set()
            self.assertTrue(soon(lambda: "delete" in script.seen))
            self.assertTrue(soon(lambda: not running(server.url)))

    def test_closed_standard_files(self):
        with Server(Script()) as server:
            line = " ".join(f"'{w}'" for w in [WINRM, *words(server)])
            lost = b"winrm: 127.0.0.1: standard output cannot be written: it is closed\n"
            for redirect, status, out, err in (("<&-", 0, b"hi\n", b""), (">&-", 255, b"", lost), ("2>&-", 0, b"hi\n", b""),
                                               ("<&- >&- 2>&-", 255, b"", b"")):
                with self.subTest(redirect):
                    got = subprocess.run(["/bin/sh", "-c", f"{line} {redirect}"], env=environment(SECRET), stdin=subprocess.DEVNULL,
                                         capture_output=True, timeout=PATIENCE)
                    self.assertEqual((got.returncode, got.stdout, got.stderr), (status, out, err))
        with Server(Script(receive=Script.receive(""))) as server:  # nothing was printed, so nothing is lost
            line = " ".join(f"'{w}'" for w in [WINRM, *words(server)])
            got = subprocess.run(["/bin/sh", "-c", f"{line} >&- 2>&-"], env=environment(SECRET), stdin=subprocess.DEVNULL, timeout=PATIENCE)
            self.assertEqual(got.returncode, 0)

    def test_input_that_cannot_be_read(self):
        """Not taken for its end: the command would go on with half of it."""
        def run(*options):
            folder = os.open("/", os.O_RDONLY)
            try:
                return subprocess.run(service.args("run", *options, "--", "cat; echo whole"), env=environment(service.password), stdin=folder,
                                      capture_output=True, timeout=PATIENCE)
            finally:
                os.close(folder)
        with Service() as service:
            why = b"winrm: 127.0.0.1: standard input cannot be read: it is a folder: name a file in it; the command was terminated\n"
            got = run()
            self.assertEqual((got.returncode, got.stdout, got.stderr), (255, b"", why))
            got = run("--json")
            self.assertEqual((got.returncode, json.loads(got.stdout)["exit_code"], got.stderr), (255, None, why))
            self.assertTrue(soon(lambda: b'"shells":[]' in service.winrm("shells", "--json").stdout))

    def test_full_disk(self):
        with Server(Script()) as server, open("/dev/full", "wb") as full:
            got = subprocess.run([WINRM, *words(server, "-n")], env=environment(SECRET), stdout=full, stderr=subprocess.PIPE, timeout=PATIENCE)
        self.assertEqual(got.returncode, 255)
        self.assertRegex(got.stderr, rb"^winrm: 127.0.0.1: standard output cannot be written: the disk is full: make room there, or choose another place\n$")

    def test_standard_error_that_cannot_be_written(self):
        with Server(Script(receive=Script.receive().replace('"stdout"', '"stderr"'))) as server, open("/dev/full", "wb") as full:
            got = subprocess.run([WINRM, *words(server, "-n")], env=environment(SECRET), stdout=subprocess.PIPE, stderr=full, timeout=PATIENCE)
        self.assertEqual((got.returncode, got.stdout), (255, b""))

    def test_result_that_cannot_be_written(self):
        """Every subcommand, on a full disk and with standard output closed: one line and 255; a reader that left: 141."""
        def each(service):
            yield ["run", *login, "-n", "--json", "--", "true"]
            yield ["identify", *login]
            yield ["identify", *login, "--json"]
            yield ["shells", *login]
            yield ["shells", *login, "--json"]
            yield ["shells", *login, "--delete-all", "--json"]
            yield ["config", "show", "web1"]
            yield ["config", "show", "web1", "--json"]
            yield ["explain", "5"]
            yield ["explain", "5", "--json"]
            yield ["version"]
            yield ["--version"]
            yield ["run", "--help"]
        with Service() as service:
            login = service.args("run")[2:]
            shell = subprocess.Popen(service.args("run", "-n", "--", "echo up; sleep 100"), env=environment(service.password), stdout=subprocess.PIPE,
                                     stderr=subprocess.DEVNULL)
            self.assertEqual(shell.stdout.readline(), b"up\n")
            for order in each(service):
                line = " ".join(f"'{w}'" for w in [WINRM, *order])
                for redirect, status, why in ((">/dev/full", 255, "the disk is full: make room there, or choose another place"), (">&-", 255, "it is closed"), (">&3", 141, None)):
                    if "--delete-all" in order and redirect == ">&-":
                        continue  # they are gone
                    with self.subTest(" ".join(order) + redirect):
                        got = subprocess.run(["/bin/bash", "-c", f"exec 3> >(exit); wait $!; exec {line} {redirect}"],
                                             env=environment(service.password), stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)
                        self.assertEqual((got.returncode, got.stdout), (status, b""), got.stderr)
                        if why:
                            self.assertRegex(got.stderr.decode(), rf"^winrm: (127.0.0.1: )?standard output cannot be written: {why}\n$")
                        else:
                            self.assertEqual(got.stderr, b"")
            shell.terminate()
            shell.communicate(timeout=PATIENCE)


class More(unittest.TestCase):
    def test_profile_and_commands_of_shells(self):
        with Service() as service:
            login = service.run("shopt -q login_shell 2>/dev/null && echo login; echo $0", "--profile").stdout
            self.assertTrue(login.startswith(b"login") or login.startswith(b"-"), login)
            process = subprocess.Popen(service.args("run", "-n", "--", "echo up; sleep 100"), env=environment(service.password), stdout=subprocess.PIPE)
            self.assertEqual(process.stdout.readline(), b"up\n")
            text = service.winrm("shells", "--commands").stdout.decode()
            self.assertRegex(text, r"(?m)^  \S+ +\S+ +echo up; sleep 100$")
            self.assertIn('"command_line":"echo up; sleep 100"', service.winrm("shells", "--commands", "--json").stdout.decode())
            self.assertNotIn("command_line", service.winrm("shells", "--json").stdout.decode())
            process.terminate()
            process.wait(PATIENCE)
            process.stdout.close()


if __name__ == "__main__":
    main()
