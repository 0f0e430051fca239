"""curl's Identify against winrmd, anonymous and logged in."""
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from gss import PLUGIN, NtlmAccounts  # noqa: E402
from winrmtest import IDENTIFY, PATIENCE, Service, main  # noqa: E402

if not shutil.which("curl"):
    raise SystemExit(print("SKIPPED: curl is not installed") or 77)


class Curl(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service()

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()

    def curl(self, *args, data=IDENTIFY):
        s = self.service
        config = f'user = "{s.user}:{s.password}"\n' if "--basic" in args else ""
        return subprocess.run(["curl", "-sS", "--cacert", s.ca, "-K", "-", "-w", "\n%{http_code}", "-H",
                               "Content-Type: application/soap+xml;charset=UTF-8", "--data-binary", data, *args],
                              input=config.encode(), capture_output=True, timeout=PATIENCE)

    def test_identify_logged_in(self):
        got = self.curl("--basic", self.service.url)
        body, status = got.stdout.rsplit(b"\n", 1)
        self.assertEqual(status, b"200", got)
        self.assertIn(b"ProductVendor>OpenWinRM", body)

    def test_identify_anonymous(self):
        for args in ([self.service.url + "-anon/identify"], ["-H", "WSMANIDENTIFY: unauthenticated", self.service.url]):
            body, status = self.curl(*args).stdout.rsplit(b"\n", 1)
            self.assertEqual(status, b"200")
            self.assertIn(b"IdentifyResponse", body)
            self.assertIn(b"OS: 0.0.0 SP: 0.0 Stack: 3.0", body)

    def test_expect_100_continue(self):
        got = self.curl("--basic", "-H", "Expect: 100-continue", self.service.url)
        self.assertTrue(got.stdout.endswith(b"\n200"), got)

    def test_chunked(self):
        got = self.curl("--basic", "-H", "Transfer-Encoding: chunked", self.service.url)
        self.assertEqual(got.stdout.rsplit(b"\n", 1)[1], b"200", got)

    def test_no_credentials(self):
        self.assertTrue(self.curl(self.service.url).stdout.endswith(b"\n401"))


class CurlByTokens(unittest.TestCase):
    """Issue 10: NTLM by curl's own code, Negotiate by MIT's library with gss-ntlmssp. curl cannot seal."""

    def ask(self, service, *args, user=None, password=None, env=None):
        config = f'user = "{user or service.user}:{password or service.password}"\n'
        ca = ["--cacert", service.ca] if service.ca else []
        got = subprocess.run(["curl", "-sS", "-v", *ca, "-K", "-", "-w", "\n%{http_code} %{num_connects}", "-H",
                              "Content-Type: application/soap+xml;charset=UTF-8", "--data-binary", IDENTIFY, *args, service.url],
                             input=config.encode(), capture_output=True, timeout=PATIENCE, env=env)
        return got.stdout.decode(), got.stderr.decode()

    def test_ntlm(self):
        for args in ([], ["--http"]):
            with self.subTest(args=args), Service(*args) as service:
                out, said = self.ask(service, "--ntlm")
                self.assertTrue(out.endswith("\n200 1"), (out, said))  # on one connection
                self.assertIn("ProductVendor>OpenWinRM", out)
                self.assertIn("WWW-Authenticate: NTLM TlRMTVNTUAAC", said)
                self.assertRegex(service.log, r"login result=ok peer=127.0.0.1 user=\S+ scheme=NTLM mechanism=NTLM sealed=no "
                                              f"bound=no delegated=no tls={'on' if service.tls else 'off'} ")

    def test_s11_ntlm_refused(self):
        with Service() as service:
            answers = set()
            for user, password, reason in ((None, "wrong", "wrong_password"), ("nobody-here", None, "unknown_account")):
                out, said = self.ask(service, "--ntlm", user=user, password=password)
                self.assertTrue(out.startswith("\n401 "), (out, said))
                head = said[said.rindex("< HTTP/1.1"):]
                answers.add("\n".join(line for line in head.splitlines() if line.startswith("<")))
                self.assertRegex(service.log, f"login result=denied .*mechanism=NTLM.* reason={reason}\n")
            self.assertEqual(len(answers), 1, answers)

    @unittest.skipUnless(PLUGIN, "SKIPPED: gss-ntlmssp is not installed")
    def test_negotiate(self):
        for args in ([], ["--http"]):
            with self.subTest(args=args), Service(*args) as service:
                with NtlmAccounts(f"WINRM:{service.user}:{service.password}") as ntlm:
                    out, said = self.ask(service, "--negotiate", env=ntlm.env)
                self.assertTrue(out.endswith("\n200 1"), (out, said))
                self.assertEqual(said.count("WWW-Authenticate: Negotiate o"), 2, said)  # the challenge, and the last token
                self.assertRegex(service.log, r"login result=ok .*scheme=Negotiate mechanism=NTLM")

    @unittest.skipUnless(PLUGIN, "SKIPPED: gss-ntlmssp is not installed")
    def test_negotiate_refused(self):
        with Service() as service:
            with NtlmAccounts(f"WINRM:{service.user}:wrong") as ntlm:
                out, said = self.ask(service, "--negotiate", env=ntlm.env)
            self.assertTrue(out.startswith("\n401 "), (out, said))


if __name__ == "__main__":
    main()
