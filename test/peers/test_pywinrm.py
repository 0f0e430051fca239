"""Debian's python3-winrm against winrmd: over HTTPS by Basic, and by NTLM with every message sealed."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import pwsh  # noqa: E402
from winrmtest import Service, main  # noqa: E402

try:
    import winrm
    from winrm.exceptions import InvalidCredentialsError
    from winrm.protocol import Protocol
except ImportError:
    raise SystemExit(print("SKIPPED: python3-winrm is not installed") or 77)


class Pywinrm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service()

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()

    def session(self, password=None):
        return winrm.Session(self.service.url, auth=(self.service.user, password or self.service.password), transport="basic",
                             ca_trust_path=self.service.ca, server_cert_validation="validate")

    def protocol(self):
        return Protocol(self.service.url, transport="basic", username=self.service.user, password=self.service.password,
                        ca_trust_path=self.service.ca, server_cert_validation="validate")

    def test_run_cmd(self):
        got = self.session().run_cmd("echo", ["hello", "there;", "echo", "bad", ">&2;", "exit", "4"])
        self.assertEqual((got.status_code, got.std_out, got.std_err), (4, b"hello there\n", b"bad\n"))

    def test_many_commands_in_one_shell(self):
        protocol = self.protocol()
        shell = protocol.open_shell(working_directory="/tmp", env_vars={"A": "1"}, idle_timeout="PT600S")
        for n in range(10):
            command = protocol.run_command(shell, f"echo $A {n}; pwd")
            out, err, code = protocol.get_command_output(shell, command)
            self.assertEqual((out, err, code), (f"1 {n}\n/tmp\n".encode(), b"", 0))
            protocol.cleanup_command(shell, command)
        protocol.close_shell(shell)

    def test_a_command_longer_than_its_operation_timeout(self):
        protocol = Protocol(self.service.url, transport="basic", username=self.service.user, password=self.service.password,
                            ca_trust_path=self.service.ca, operation_timeout_sec=1, read_timeout_sec=30)
        shell = protocol.open_shell()
        command = protocol.run_command(shell, "sleep 2.5; echo late")
        self.assertEqual(protocol.get_command_output(shell, command), (b"late\n", b"", 0))
        protocol.cleanup_command(shell, command)
        protocol.close_shell(shell)

    def test_run_ps(self):
        """powershell -encodedcommand …, as pywinrm sends it."""
        service = Service("--pwsh", pwsh.program(), env=pwsh.environment())
        self.addCleanup(service.stop)
        session = winrm.Session(service.url, auth=(service.user, service.password), transport="basic", ca_trust_path=service.ca,
                                server_cert_validation="validate")
        got = session.run_ps("$PSVersionTable.PSEdition; 6 * 7; exit 5")
        self.assertEqual((got.status_code, got.std_out, got.std_err), (5, b"Core\n42\n", b""))

    def test_large_output(self):
        got = self.session().run_cmd("head -c 2000000 /dev/zero")
        self.assertEqual((got.status_code, len(got.std_out)), (0, 2_000_000))

    def test_wrong_password(self):
        with self.assertRaises(InvalidCredentialsError):
            self.session("wrong").run_cmd("true")


class PywinrmByNtlm(unittest.TestCase):
    """Issue 10: it seals always, over HTTP and over TLS."""

    def both(self, test, password=None, encryption="always"):
        for args in ([], ["--http"]):
            with self.subTest(args=args, encryption=encryption), Service(*args) as service:
                tls = {"ca_trust_path": service.ca, "server_cert_validation": "validate"} if service.tls else {}
                test(service, Protocol(service.url, transport="ntlm", username=service.user,
                                       password=password or service.password, message_encryption=encryption, **tls))

    def test_many_commands_sealed(self):
        def run(service, protocol):
            shell = protocol.open_shell(working_directory="/tmp", env_vars={"A": "1"})
            for n in range(10):
                command = protocol.run_command(shell, f"echo $A {n}; pwd")
                out, err, code = protocol.get_command_output(shell, command)
                self.assertEqual((out, err, code), (f"1 {n}\n/tmp\n".encode(), b"", 0))
                protocol.cleanup_command(shell, command)
            protocol.close_shell(shell)
            bound = "yes" if service.tls else "no"  # it sends the channel binding of its TLS connection
            self.assertRegex(service.log, rf"login result=ok .*mechanism=NTLM sealed=yes bound={bound} ")
        self.both(run)

    def test_large_output_sealed(self):
        def run(_, protocol):
            shell = protocol.open_shell()
            command = protocol.run_command(shell, "head -c 2000000 /dev/zero")
            out, _, code = protocol.get_command_output(shell, command)
            self.assertEqual((code, len(out)), (0, 2_000_000))
            protocol.close_shell(shell)
        self.both(run)

    def test_over_TLS_sealing_is_its_own_choice(self):
        def run(service, protocol):
            if service.tls:
                shell = protocol.open_shell()
                command = protocol.run_command(shell, "echo clear")
                self.assertEqual(protocol.get_command_output(shell, command)[0], b"clear\n")
                protocol.close_shell(shell)
        for encryption in ("auto", "never"):
            self.both(run, encryption=encryption)

    def test_wrong_password(self):
        def run(_, protocol):
            with self.assertRaises(InvalidCredentialsError):
                protocol.open_shell()
        self.both(run, password="wrong")


if __name__ == "__main__":
    main()
