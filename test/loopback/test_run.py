"""winrm against winrmd, both as real processes."""
import base64
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from winrmtest import CLEAR, PATIENCE, SHELL, TRANSFER, WINRM, Service, children_of, envelope, main  # noqa: E402


class Run(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service()

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()

    def tearDown(self):
        shells = json.loads(self.service.winrm("shells", "--json").stdout)
        self.assertEqual(shells["shells"], [], "a shell was left behind")

    def check(self, got, status, out, err=b""):
        self.assertEqual((got.returncode, got.stdout, got.stderr), (status, out, err))

    def test_output_and_status(self):
        self.check(self.service.run("echo hello; echo bad >&2; exit 7"), 7, b"hello\n", b"bad\n")

    def test_words_are_joined_for_the_shell_of_the_host(self):
        """As with ssh and winrs: it is the shell there that tells arguments apart."""
        self.check(self.service.winrm("run", "--", "printf", "%s-%s", "a", "b"), 0, b"a-b")
        self.check(self.service.winrm("run", "--", "printf", "[%s]", "a b", "$((1 + 1))"), 0, b"[a][b][2]")
        self.check(self.service.run("printf '[%s]' 'a b'"), 0, b"[a b]")
        self.check(self.service.winrm("run", "--skip-cmd-shell", "--", "printf", "[%s]", "a b", "$((1 + 1))"), 0, b"[a b][$((1 + 1))]")

    def test_program_without_shell(self):
        got = self.service.winrm("run", "--skip-cmd-shell", "--", "printf", "%s|", "$HOME", "a b")
        self.check(got, 0, b"$HOME|a b|")

    def test_stdin_goes_along(self):
        self.check(self.service.run("sort", input=b"pear\napple\n"), 0, b"apple\npear\n")

    def test_no_stdin_is_end_of_file(self):
        self.check(self.service.run("cat; echo end"), 0, b"end\n")
        self.check(self.service.run("cat; echo end", input=b""), 0, b"end\n")

    def test_large_stdin_and_stdout_are_whole(self):
        data = os.urandom(3_000_000)
        got = self.service.run("cat", input=data)
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertTrue(got.stdout == data, f"{len(got.stdout)} bytes came back of {len(data)}")

    def test_stdin_waits_for_a_command_that_reads_late(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder, "winrm", "config.toml")
            config.parent.mkdir()
            config.write_text('[host."*"]\noperation_timeout = "1s"\n')
            for size in (400_000, 3_000_000):  # within what the service keeps for a command, and beyond
                with self.subTest(size=size):
                    got = self.service.run("sleep 3; wc -c", input=bytes(size), env={"XDG_CONFIG_HOME": folder})
                    self.check(got, 0, f"{size}\n".encode())

    def test_working_directory_and_environment(self):
        with tempfile.TemporaryDirectory() as folder:
            got = self.service.run("pwd; echo $A/$B", "--cwd", folder, "--env", "A=1", "--env", "B=two words")
            self.check(got, 0, os.path.realpath(folder).encode() + b"\n1/two words\n")

    def test_json_is_one_object(self):
        got = self.service.run("echo out; echo err >&2; exit 3", "--json")
        answer = json.loads(got.stdout)
        self.assertEqual(got.returncode, 3)
        self.assertEqual((answer["stdout"], answer["stderr"], answer["exit_code"]), ("out\n", "err\n", 3))

    def test_cold_run_needs_five_requests(self):
        for scheme, of_login in (("basic", 0), ("ntlm", 2)):
            answer = json.loads(self.service.run("true", "--json", "--auth", scheme).stdout)
            self.assertEqual(answer["requests"], 5 + of_login, scheme)

    def test_binary_output_is_untouched(self):
        self.check(self.service.run(r"printf '\377\000\200\033[31m'"), 0, b"\xff\x00\x80\x1b[31m")

    def test_quotes_around_the_whole_command(self):
        """As Ruby's WinRM sends every command, for cmd.exe takes them off. Where they hold a program's name they are the shell's."""
        with tempfile.TemporaryDirectory() as folder:
            tool = pathlib.Path(folder, "a tool")
            tool.write_text("#!/bin/sh\necho tool $#\n")
            tool.chmod(0o755)
            rows = (('"echo hello"', b"hello\n"), ('"echo" hello', b"hello\n"), ('"echo"', b"\n"), ('"echo "two  words""', b"two  words\n"),
                    ('"echo a; echo b"', b"a\nb\n"), ('"X=1; echo $X"', b"1\n"), (f'"{tool}"', b"tool 0\n"), (f'"{tool}" "x y"', b"tool 1\n"),
                    (f'D="{folder}"; "$D/a tool" "x y"', b"tool 1\n"))
            for command, out in rows:
                with self.subTest(command):
                    self.check(self.service.run(command), 0, out)
            self.check(self.service.run('"a tool"', "--cwd", folder, "--env", f"PATH={folder}:/bin"), 0, b"tool 0\n")
            for command in ('"no-such-program-here at all"', f'"{tool}x"', '"no-such-program-here"'):
                with self.subTest(command):
                    self.assertEqual(self.service.run(command).returncode, 127)
            # With Arguments beside it, which stay as they are.
            create = self.service.post(envelope(TRANSFER + "/Create", "<sh:Shell/>"))
            shell = re.search(rb"ShellId=?\"?>([^<]+)<", create.text)[1].decode()
            run = self.service.post(envelope(SHELL + "/Command", '<sh:CommandLine><sh:Command>"printf %s"</sh:Command><sh:Arguments>"a b"</sh:Arguments>'
                                             "</sh:CommandLine>", selectors={"ShellId": shell}))
            command = re.search(rb"CommandId>([^<]+)<", run.text)[1].decode()
            got = b""
            while b"CommandState/Done" not in got:
                got += self.service.post(envelope(SHELL + "/Receive", f'<sh:Receive><sh:DesiredStream CommandId="{command}">stdout</sh:DesiredStream>'
                                                  "</sh:Receive>", selectors={"ShellId": shell})).text
            self.assertIn(base64.b64encode(b"a b"), got)
            self.service.post(envelope(TRANSFER + "/Delete", selectors={"ShellId": shell}))

    def test_unicode_command(self):
        self.check(self.service.run("echo 'grüße ☃ 𝄞'"), 0, "grüße ☃ 𝄞\n".encode())

    def test_missing_program(self):
        got = self.service.run("no-such-program-here")
        self.assertEqual(got.returncode, 127)
        got = self.service.winrm("run", "--skip-cmd-shell", "--", "no-such-program-here")
        self.assertEqual(got.returncode, 255)
        self.assertIn(b"winrm: ", got.stderr)
        self.assertEqual(got.stderr.count(b"\n"), 1, got.stderr)

    def test_ctrl_c_interrupts_then_terminates(self):
        for command, presses in (("trap 'echo got; exit 5' INT; echo ready; while :; do sleep 0.05; done", 1),
                                 ("trap '' INT; echo ready; while :; do sleep 0.05; done", 2)):
            with self.subTest(command=command):
                child = subprocess.Popen(self.service.args("run", "--", command), stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                         env={**os.environ, "WINRM_PASSWORD": self.service.password})
                self.assertEqual(child.stdout.readline(), b"ready\n")
                for _ in range(presses):
                    child.send_signal(signal.SIGINT)
                    if presses > 1:  # the second press counts when the first has been seen
                        os.sched_yield()
                if presses == 2:
                    while child.poll() is None:
                        child.send_signal(signal.SIGINT)
                        try:
                            child.wait(0.2)
                        except subprocess.TimeoutExpired:
                            pass
                    child.communicate()
                else:
                    out, _ = child.communicate(timeout=PATIENCE)
                    self.assertEqual((child.returncode, out), (5, b"got\n"))

    def test_lost_terminal_deletes_the_shell(self):
        child = subprocess.Popen(self.service.args("run", "--", "echo ready; sleep 1000"), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env={**os.environ, "WINRM_PASSWORD": self.service.password})
        self.assertEqual(child.stdout.readline(), b"ready\n")
        child.send_signal(signal.SIGHUP)
        child.communicate(timeout=PATIENCE)
        self.assertNotEqual(child.returncode, 0)  # tearDown sees whether the shell is gone

    def test_identify(self):
        got = self.service.winrm("identify")
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertIn(b"OpenWinRM", got.stdout)

    def test_timeout_is_one_line_and_255(self):
        got = self.service.run("sleep 1000", "--timeout", "1s")
        self.assertEqual(got.returncode, 255)
        self.assertEqual(got.stderr, b"winrm: 127.0.0.1: the command did not end within the time limit of 1 s (--timeout raises it) and was terminated\n")

    def test_wrong_password(self):
        got = self.service.run("true", password="wrong")
        self.assertEqual((got.returncode, got.stdout), (255, b""))
        self.assertRegex(got.stderr, rb"^winrm: [^\n]*refused the login[^\n]*Basic[^\n]*\n$")
        self.assertNotIn(b"wrong", got.stderr)

    def test_wrong_certificate(self):
        args = self.service.args("run", "--", "true")
        args.remove("--ca")
        args.remove(self.service.ca)
        got = subprocess.run(args, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
                             env={**os.environ, "WINRM_PASSWORD": "x"})
        self.assertEqual(got.returncode, 255)
        self.assertRegex(got.stderr, rb"^winrm: [^\n]*certificate[^\n]*\n$")

    def test_C2_unencrypted_basic_is_refused_before_it_is_sent(self):
        with Service("--http") as plain:
            args = plain.args("run", "--", "true")
            args.remove("--allow-unencrypted")
            got = subprocess.run(args, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
                                 env={**os.environ, "WINRM_PASSWORD": plain.password})
            self.assertEqual(got.returncode, 255)
            self.assertRegex(got.stderr, rb"^winrm: [^\n]*--allow-unencrypted[^\n]*\n$")
            self.assertEqual(plain.run("echo plain").stdout, b"plain\n")

    def test_unknown_host_and_refused_port(self):
        for host in ("no-such-host.invalid", "127.0.0.1:1"):
            got = subprocess.run([WINRM, "run", host, "-u", "x", "--", "true"], stdin=subprocess.DEVNULL,
                                 capture_output=True, timeout=PATIENCE, env={**os.environ, "WINRM_PASSWORD": "x"})
            self.assertEqual(got.returncode, 255)
            self.assertRegex(got.stderr, rb"^winrm: [^\n]*\n$")

    def test_killed_service_in_the_middle(self):
        service = Service()
        child = subprocess.Popen(service.args("run", "--", "echo ready; sleep 1000"), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env={**os.environ, "WINRM_PASSWORD": service.password})
        self.assertEqual(child.stdout.readline(), b"ready\n")
        service.process.kill()
        _, err = child.communicate(timeout=PATIENCE)
        self.assertEqual(child.returncode, 255)
        self.assertRegex(err, rb"^winrm: [^\n]*\n$")
        service.process.stdin.close()
        service.process.wait()
        service.process.stdout.close()
        service.log_file.close()

    def test_C8_trace_holds_the_conversation_and_no_secret(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "trace")
            got = self.service.run("cat >/dev/null", "--trace", str(path), "--env", "TOKEN=sesame-4711", input=b"stdin-secret-0815")
            self.assertEqual(got.returncode, 0, got.stderr)
            text = path.read_text()
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertIn("CommandResponse", text)
        import base64
        for secret in (self.service.password, self.service.authorization().split()[1], "sesame-4711",
                       "stdin-secret-0815", base64.b64encode(b"stdin-secret-0815").decode()):
            self.assertNotIn(secret, text)


class Proxy:
    """Between winrm and a service: hands on whole requests and answers, and cuts both connections in the first answer to a
    Receive that brings output, after `share` of its bytes (0: before any)."""

    def __init__(self, port, share):
        self.port, self.share, self.cuts, self.threads = port, share, 0, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/wsman"
        self.acceptor = threading.Thread(target=self.accept)
        self.acceptor.start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.threads.append(threading.Thread(target=self.serve, args=(client,)))
            self.threads[-1].start()

    @staticmethod
    def message(peer):
        """One request or answer; b"" at the end."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = peer.recv(65536)
            if not piece:
                return b""
            data += piece
        head = data.split(b"\r\n\r\n", 1)[0]
        length = len(head) + 4 + int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
        while len(data) < length:
            piece = peer.recv(65536)
            if not piece:
                return b""
            data += piece
        return data

    def serve(self, client):
        with client, socket.create_connection(("127.0.0.1", self.port)) as host:
            try:
                while request := self.message(client):
                    host.sendall(request)
                    answer = self.message(host)
                    if not self.cuts and b"/shell/Receive<" in request and b"<rsp:Stream" in answer:
                        self.cuts += 1
                        client.sendall(answer[:int(len(answer) * self.share)])
                        return
                    client.sendall(answer)
            except OSError:
                pass  # one of them went away

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in [self.acceptor, *self.threads]:
            thread.join(PATIENCE)


class LostConnection(unittest.TestCase):
    """Of a Receive, which is the one request that is asked again."""

    @classmethod
    def setUpClass(cls):
        cls.service = Service("--http")

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()
        cls.service.log_file.close()

    def through(self, share, *options):
        with Proxy(self.service.port, share) as proxy:
            got = subprocess.run([WINRM, "run", proxy.url, "-u", self.service.user, *CLEAR, *options, "--",
                                  "echo first; sleep 0.3; echo last; exit 3"], stdin=subprocess.DEVNULL, capture_output=True,
                                 timeout=PATIENCE, env={**os.environ, "WINRM_PASSWORD": self.service.password})
        self.assertEqual(proxy.cuts, 1)
        self.assertEqual(json.loads(self.service.winrm("shells", "--json").stdout)["shells"], [])
        return got

    def test_nothing_is_missing_wherever_it_breaks(self):
        """Asked again, and the service gives again what was on its way."""
        for share in (0, 0.5):
            with self.subTest(share=share):
                got = self.through(share)
                self.assertEqual((got.returncode, got.stdout, got.stderr), (3, b"first\nlast\n", b""))
                answer = json.loads(self.through(share, "--json").stdout)
                self.assertEqual((answer["stdout"], answer["exit_code"], answer["output_uncertain"], answer["error"]),
                                 ("first\nlast\n", 3, False, None))

    def test_not_at_all(self):
        answer = json.loads(self.service.run("echo whole", "--json").stdout)
        self.assertEqual((answer["stdout"], answer["output_uncertain"]), ("whole\n", False))


class Shells(unittest.TestCase):
    def test_list_and_delete(self):
        with Service() as service:
            child = subprocess.Popen(service.args("run", "--", "echo ready; sleep 1000"), stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     env={**os.environ, "WINRM_PASSWORD": service.password})
            self.assertEqual(child.stdout.readline(), b"ready\n")
            shells = json.loads(service.winrm("shells", "--json").stdout)["shells"]
            self.assertEqual(len(shells), 1)
            shell = shells[0].get("shell_id") or shells[0].get("id")
            got = service.winrm("shells", "--delete", shell)
            self.assertEqual(got.returncode, 0, got.stderr)
            _, err = child.communicate(timeout=PATIENCE)
            self.assertEqual(child.returncode, 255)
            self.assertRegex(err, rb"^winrm: [^\n]*\n")
            self.assertEqual(json.loads(service.winrm("shells", "--json").stdout)["shells"], [])
            got = service.winrm("shells", "--delete", shell)
            self.assertNotEqual(got.returncode, 0)


class TestServer(unittest.TestCase):
    def test_ends_with_its_stdin_and_leaves_nothing(self):
        service = Service()
        self.assertEqual(service.run("echo x").stdout, b"x\n")
        processes = children_of(service.pid)
        self.assertTrue(processes)
        service.stop()
        left = [p for p in processes if os.path.exists(f"/proc/{p}")]
        self.assertEqual(left, [])
        self.assertFalse(os.path.exists(service.ca))
        service.log_file.close()

    def test_sigterm_ends_it(self):
        service = Service()
        processes = children_of(service.pid)
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(PATIENCE)
        self.assertEqual([p for p in processes if os.path.exists(f"/proc/{p}")], [])
        self.assertFalse(os.path.exists(service.ca))
        service.stop()
        service.log_file.close()

    def test_only_loopback(self):
        from winrmtest import WINRMD
        got = subprocess.run([WINRMD, "--test-server", "--listen", "0.0.0.0:0"], stdin=subprocess.DEVNULL,
                             capture_output=True, timeout=PATIENCE)
        self.assertNotEqual(got.returncode, 0)
        self.assertEqual(got.stdout, b"")
        self.assertRegex(got.stderr, rb"winrmd: [^\n]*loopback")


if __name__ == "__main__":
    main()
