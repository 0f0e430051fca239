"""What winrm makes of what it is given: exit codes, files that come from Windows, addresses with a zone, codes to explain, and
answers that bend the rules as common clients allow. By the numbers of the list of faults that they mend."""
import base64
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from test_bad_input import SANITIZED, SECRET, Script, Server, certificate, winrm  # noqa: E402
from winrmtest import BASIC, CLEAR, PATIENCE, SHELL, WINRM, main  # noqa: E402

DONE = f'<h:CommandState CommandId="BBBB-2" State="{SHELL}/CommandState/Done"><h:ExitCode>%s</h:ExitCode></h:CommandState>'


def receive(*streams, code="0"):
    blocks = "".join(f'<h:Stream Name="{name}" CommandId="BBBB-2">{base64.b64encode(data).decode()}</h:Stream>' for name, data in streams)
    return f"<h:ReceiveResponse>{blocks}{DONE % code}</h:ReceiveResponse>"


def run(url, *options):
    options = (*(CLEAR if url.startswith("http:") else BASIC), *options)
    return winrm(["run", url, "-u", "alice", "--timeout", "20s", *options, "--", "true"])


def explain(*words):
    return subprocess.run([WINRM, "explain", *words], capture_output=True, text=True, timeout=PATIENCE)


def environment(**more):
    return {**{k: v for k, v in os.environ.items() if k != "WINRM_PASSWORD"}, "XDG_CONFIG_HOME": "/nonexistent", **more}


class ClientRules(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, name, data, mode=0o600):
        path = pathlib.Path(self.folder.name, name)
        path.write_bytes(data)
        path.chmod(mode)
        return str(path)

    def test_s18_addresses_with_a_zone(self):
        """Nobody is asked for a name, and no password is wanted first."""
        for host, why in (("[fe80::1]:5986", "link-local.*%eth0"), ("https://[fe80::1]:5986/wsman", "link-local.*%eth0"),
                          ("https://[fe80::1%25nosuch0]:5986/wsman", "no network interface named nosuch0"),
                          ("[fe80::1%nosuch0]", "no network interface named nosuch0"), ("[2001:db8::1%lo]", "only a link-local")):
            with self.subTest(host):
                got = winrm(["run", host, "-u", "alice", *BASIC, "--", "true"])
                self.assertEqual((got.returncode, got.stdout), (255, b""))
                self.assertRegex(got.stderr.decode(), f"^winrm: .*{why}.*\n$")
        got = winrm(["config", "show", "https://[fe80::1%25eth0]:5986/wsman"])
        self.assertRegex(got.stdout, rb"(?m)^host = fe80::1%eth0 ")
        config = self.file("config", b'[host.six]\nhost = "fe80::1"\n')
        got = winrm(["config", "show", "six", "--config", config])
        self.assertRegex(got.stderr, rb"config:2: host: .*link-local.*%eth0")

    def test_s18_a_link_local_host_is_reached_and_told_nothing_of_the_zone(self):
        """In a network of its own, where lo has such an address."""
        script = ("ip link set lo up && ip addr add fe80::7/64 dev lo nodad && exec %s %s --link-local" % (sys.executable, __file__))
        got = subprocess.run(["unshare", "--user", "--map-root-user", "--net", "sh", "-c", script], capture_output=True, timeout=PATIENCE)
        if b"asked" not in got.stdout:
            self.skipTest("SKIPPED: no network of its own: " + got.stderr.decode(errors="replace")[-200:])
        self.assertEqual(got.stdout.decode().splitlines(), ["asked", "[fe80::7]:PORT", "hi", "0"] * 2)

    def test_s18_words_of_the_system_never_stand_alone(self):
        bare = ("No such file or directory", "Permission denied", "Is a directory", "Bad file descriptor", "Not a directory")
        gone = self.folder.name + "/gone"
        for options in (["--password-file", gone], ["--password-file", gone + "/x"], ["--ca", gone], ["--trace", gone + "/x"], ["--trace", "/"],
                        ["--config", self.folder.name], ["--password-fd", "77"], ["--password-file", "/"], ["--ca", "/"]):
            with self.subTest(options):
                got = winrm(["run", "https://127.0.0.1:1/", "-u", "alice", *BASIC, *options, "--", "true"])
                self.assertEqual(got.returncode, 255)
                self.assertEqual(got.stderr.count(b"\n"), 1)
                for words in bare:
                    self.assertNotIn(words, got.stderr.decode())
        if SANITIZED:
            return  # the sanitizers need descriptors of their own
        got = subprocess.run(["sh", "-c", f"ulimit -n 4; exec {WINRM} run http://127.0.0.1:1/ -u a --auth basic --allow-unencrypted -- true"], capture_output=True,
                             env=environment(WINRM_PASSWORD="x"), timeout=PATIENCE)
        self.assertEqual(got.returncode, 255)
        self.assertRegex(got.stderr.decode(), "^winrm: .*ulimit -n.*\n$")

    def test_s19_exit_codes(self):
        for code, status in ((0, 0), (1, 1), (255, 255), (256, 1), (2147943401, 233), (4294967295, 255), (-1, 255), (-1073741510, 58),
                             (3221225786, 58), (2148734208, 1)):
            with self.subTest(code), Server(Script(receive=receive(code=str(code)))) as server:
                got = run(server.url)
                self.assertEqual((got.returncode, got.stdout, got.stderr), (status, b"", b""))
                got = run(server.url, "--json")
                answer = json.loads(got.stdout)
                self.assertEqual((got.returncode, answer["exit_code"], answer["error"]), (status, code, None))

    def test_s21_files_of_windows(self):
        pem = certificate(self.folder.name, "host")
        der = self.folder.name + "/host.cer"
        subprocess.run(["openssl", "x509", "-in", pem, "-outform", "DER", "-out", der], check=True, capture_output=True)
        marked = self.file("marked.pem", b"\xef\xbb\xbf" + pathlib.Path(pem).read_bytes())
        password = self.file("password", b"\xef\xbb\xbf" + SECRET.encode() + b"\r\n")
        wide = self.file("wide", SECRET.encode("utf-16") + "\r\n".encode("utf-16-le"))
        logins = []

        def handle(connection):
            script, whole = Script(), connection.recv

            class Listening:
                def __getattr__(self, name):
                    return getattr(connection, name)

                def recv(self, size):
                    data = whole(size)
                    logins.extend(line.split()[-1] for line in data.split(b"\r\n") if line.lower().startswith(b"authorization:"))
                    return data
            script(Listening())

        with Server(handle, pem) as server:
            for ca in (pem, der, marked):
                got = subprocess.run([WINRM, "run", server.url, "-u", "alice", *BASIC, "--ca", ca, "--password-file", password, "-n", "--", "true"],
                                     capture_output=True, env=environment(), timeout=PATIENCE)
                self.assertEqual((got.returncode, got.stdout, got.stderr), (0, b"hi\n", b""))
            self.assertEqual(set(logins), {base64.b64encode(f"alice:{SECRET}".encode())})
            for option in ("--password-file", "--ca", "--config"):
                got = subprocess.run([WINRM, "run", server.url, "-u", "alice", *BASIC, option, wide, "-n", "--", "true"], capture_output=True,
                                     env=environment(**({} if option == "--password-file" else {"WINRM_PASSWORD": SECRET})), timeout=PATIENCE)
                self.assertEqual(got.returncode, 255)
                self.assertRegex(got.stderr.decode(), "^winrm: .*UTF-16 text.*iconv -f UTF-16 -t UTF-8\n$")

    def test_s21_password_lines_of_the_service(self):
        """winrmd passwd takes the password from a file of Windows, and a user file with a mark lets in."""
        winrmd = str(pathlib.Path(WINRM).parents[1] / "winrmd" / "winrmd")
        line = subprocess.run([winrmd, "passwd", "ada"], input=b"\xef\xbb\xbfsesame\r\n", capture_output=True, timeout=PATIENCE)
        self.assertEqual(line.returncode, 0, line.stderr)
        name, hashed = line.stdout.decode().strip().split(":")
        check = subprocess.run(["perl", "-e", "print crypt($ARGV[0], $ARGV[1])", "sesame", hashed], capture_output=True, text=True)
        if check.returncode == 0:
            self.assertEqual((name, check.stdout), ("ada", hashed))
        got = subprocess.run([winrmd, "passwd", "ada"], input="sesame\r\n".encode("utf-16"), capture_output=True, timeout=PATIENCE)
        self.assertEqual((got.returncode, got.stdout), (1, b""))
        self.assertIn(b"UTF-16 text", got.stderr)

    def test_s23_explain(self):
        got = explain("80070005")
        self.assertEqual((got.returncode, got.stdout), (1, ""))
        self.assertEqual(got.stderr, "winrm: 80070005 = 0x04C5C575 is not in the table; is 0x80070005 meant?\n")
        got = explain("8009030C")
        self.assertEqual(got.returncode, 255)
        self.assertRegex(got.stderr, r"is no code: .*; is 0x8009030C meant\?\n$")
        got = explain("0x80070005")
        self.assertEqual((got.returncode, got.stderr), (0, ""))
        self.assertRegex(got.stdout, r"(?s)^2147942405 = 0x80070005 = -2147024891 \(Windows error 5\)\n  meaning: access denied\n")
        got = explain("0x80070407")
        self.assertEqual((got.returncode, got.stdout), (1, ""))
        self.assertEqual(got.stderr, 'winrm: 2147943431 = 0x80070407 is not in the table; it carries Windows error 1031, and on Windows '
                                     '"net helpmsg 1031" tells what that is\n')
        code, = json.loads(explain("80070005", "--json").stdout)["codes"]
        self.assertEqual((code["known"], code["did_you_mean"]), (False, "0x80070005"))

    def test_s23_a_third_stream_is_no_output(self):
        blocks = (("stdout", b"out\n"), ("pr", b"progress\n"), ("stderr", b"err\n"), ("", b"nameless\n"))
        with Server(Script(receive=receive(*blocks))) as server:
            got = run(server.url)
            self.assertEqual((got.returncode, got.stdout, got.stderr), (0, b"out\n", b"err\n"))
            answer = json.loads(run(server.url, "--json").stdout)
            self.assertEqual((answer["stdout"], answer["stderr"]), ("out\n", "err\n"))
            run(server.url, "--trace", self.folder.name + "/trace")
        self.assertIn(base64.b64encode(b"progress\n"), pathlib.Path(self.folder.name, "trace").read_bytes())

    def test_s23_a_status_line_without_its_final_blank(self):
        class Terse(Script):
            def __call__(self, connection):
                class Cut:
                    def __getattr__(self, name):
                        return getattr(connection, name)

                    def sendall(self, data):
                        connection.sendall(data.replace(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200\r\n", 1))
                super().__call__(Cut())
        with Server(Terse()) as server:
            got = run(server.url)
        self.assertEqual((got.returncode, got.stdout, got.stderr), (0, b"hi\n", b""))

    def test_s23_proxies_have_no_effect(self):
        with Server(Script()) as server:
            got = subprocess.run([WINRM, "run", server.url, "-u", "a", *CLEAR, "-n", "--", "true"], capture_output=True, timeout=PATIENCE,
                                 env=environment(WINRM_PASSWORD="x", http_proxy="http://127.0.0.1:1", https_proxy="http://127.0.0.1:1",
                                                 ALL_PROXY="http://127.0.0.1:1"))
        self.assertEqual((got.returncode, got.stdout, got.stderr), (0, b"hi\n", b""))


def link_local():
    """Within a network that has fe80::7 on lo: a plain server there, asked by both spellings."""
    listener = socket.socket(socket.AF_INET6)
    listener.bind(("fe80::7", 0, 0, socket.if_nametoindex("lo")))
    listener.listen()
    listener.settimeout(PATIENCE)
    port = listener.getsockname()[1]
    for zone in ("%25lo", "%lo"):
        client = subprocess.Popen([WINRM, "run", f"http://[fe80::7{zone}]:{port}/wsman", "-u", "a", *CLEAR, "-n", "--", "true"],
                                  env=environment(WINRM_PASSWORD="x"), stdout=subprocess.PIPE)
        connection, _ = listener.accept()
        heads = []

        class Listening:
            def __getattr__(self, name):
                return getattr(connection, name)

            def recv(self, size):
                data = connection.recv(size)
                heads.append(data)
                return data
        try:
            Script()(Listening())
        except OSError:
            pass
        whole = b"".join(heads)
        host = [line.split(b" ")[1] for line in whole.split(b"\r\n") if line.lower().startswith(b"host:")][0].decode()
        out = client.communicate()[0].decode().strip()
        print("asked", host.replace(str(port), "PORT") if b"%" not in whole.split(b"<")[0] else "zone told", out, client.returncode, sep="\n")


if __name__ == "__main__":
    if "--link-local" in sys.argv:
        link_local()
    else:
        main()
