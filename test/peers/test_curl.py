"""curl's Identify against winrmd, anonymous and logged in."""
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
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


if __name__ == "__main__":
    main()
