"""Issue 10: NTLM accounts of `winrmd passwd` on the service by its configuration: python3-winrm sealed and bound, curl without a
channel binding by each listener's policy, and accounts that change."""
import grp
import importlib.util
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from winrmtest import IDENTIFY, PATIENCE, WINRMD, WithOwnService, main  # noqa: E402

for tool in ("curl", "openssl"):
    if not shutil.which(tool):
        raise SystemExit(print(f"SKIPPED: {tool} is not installed") or 77)

ME = pwd.getpwuid(os.geteuid()).pw_name


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Accounts(WithOwnService, unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory(prefix="winrm-ntlm-service-")
        self.addCleanup(made.cleanup)
        self.folder = pathlib.Path(made.name)
        self.ca = self.folder / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", self.folder / "key.pem",
                        "-out", self.ca], check=True, capture_output=True, timeout=PATIENCE)
        (self.folder / "key.pem").chmod(0o600)
        (self.folder / "users").touch(0o600)
        self.strict, self.relaxed, self.clear = free_ports(3)
        self.file = self.folder / "winrmd.toml"
        self.file.write_text(f'''user_file = "users"
pam_service = "other"
allow_groups = ["{grp.getgrgid(os.getegid()).gr_name}"]
permit_root = true
certificate = "cert.pem"
key = "key.pem"
[auth]
ntlm_accounts = "accounts"
[[listen]]
address = "127.0.0.1"
port = {self.strict}
[[listen]]
address = "127.0.0.1"
port = {self.relaxed}
channel_binding = "relaxed"
[[listen]]
address = "127.0.0.1"
port = {self.clear}
tls = false
''')
        self.passwd("right")
        self.log = open(self.folder / "log", "ab")
        self.addCleanup(self.log.close)
        self.process = subprocess.Popen([WINRMD, "--config", self.file], stderr=self.log)
        self.addCleanup(self.stop)
        self.wait(r" info winrmd ready\b")

    def passwd(self, password, *args):
        subprocess.run([WINRMD, "passwd", ME, "--config", self.file, *args], input=password + "\n", text=True, check=True,
                       capture_output=True, timeout=PATIENCE)

    def curl(self, port, password="right"):
        got = subprocess.run(["curl", "-sS", "--ntlm", "--cacert", self.ca, "-K", "-", "-w", "\n%{http_code}", "-H",
                              "Content-Type: application/soap+xml;charset=UTF-8", "--data-binary", IDENTIFY,
                              f"https://localhost:{port}/wsman"], input=f'user = "{ME}:{password}"\n'.encode(),
                             capture_output=True, timeout=PATIENCE)
        return got.stdout.decode().rsplit("\n", 1)[1]

    def test_s6_each_listener_s_channel_binding(self):
        self.assertEqual(self.curl(self.relaxed), "200")
        self.assertRegex(self.said(), "login result=ok .*scheme=NTLM mechanism=NTLM .*bound=no")
        self.assertEqual(self.curl(self.strict), "401")
        self.assertRegex(self.said(), "login result=denied .*reason=channel_binding_missing")

    def test_accounts_that_change_hold_from_sighup_on(self):
        self.passwd("other")
        self.assertEqual(self.curl(self.relaxed), "200")
        self.process.send_signal(signal.SIGHUP)
        self.wait(" reload ")
        self.assertEqual(self.curl(self.relaxed, "other"), "200")
        self.assertEqual(self.curl(self.relaxed), "401")
        self.passwd("", "--delete")
        self.process.send_signal(signal.SIGHUP)
        self.wait(" reload ", 2)
        self.assertEqual(self.curl(self.relaxed, "other"), "401")
        (self.folder / "accounts").write_text("broken\n")
        self.process.send_signal(signal.SIGHUP)
        self.wait("reload_refused .*accounts:1:1.*USER:HASH")

    @unittest.skipUnless(importlib.util.find_spec("winrm"), "SKIPPED: python3-winrm is not installed")
    def test_python_winrm_sealed_and_bound(self):
        from winrm.protocol import Protocol
        # TLS first: with it a library is loaded that gives OpenSSL back the MD4 which requests-ntlm takes from it.
        for url, tls in ((f"https://localhost:{self.strict}/wsman",
                          {"ca_trust_path": str(self.ca), "server_cert_validation": "validate"}),
                         (f"http://localhost:{self.clear}/wsman", {})):
            with self.subTest(url):
                protocol = Protocol(url, transport="ntlm", username=ME, password="right", message_encryption="always", **tls)
                shell = protocol.open_shell()
                command = protocol.run_command(shell, "id -un")
                self.assertEqual(protocol.get_command_output(shell, command), (f"{ME}\n".encode(), b"", 0))
                protocol.cleanup_command(shell, command)
                protocol.close_shell(shell)
        self.assertRegex(self.said(), "login result=ok .*mechanism=NTLM sealed=yes bound=no delegated=no tls=off")
        self.assertRegex(self.said(), "login result=ok .*mechanism=NTLM sealed=yes bound=yes delegated=no tls=on")


main()
