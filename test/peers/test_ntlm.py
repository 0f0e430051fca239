"""Our NTLM against gss-ntlmssp, inside MIT's SPNEGO and raw, either end, then a thousand sealed messages each way."""
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gss  # noqa: E402
from winrmtest import PATIENCE, main  # noqa: E402

PEER = os.environ.get("NTLM_PEER", "")

if not PEER:
    raise SystemExit(print("SKIPPED: built without libkrb5-dev") or 77)
if not gss.PLUGIN:
    raise SystemExit(print("SKIPPED: gss-ntlmssp is not installed") or 77)


class Ntlm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.accounts = cls.enterClassContext(gss.NtlmAccounts())

    def peer(self, what):
        got = subprocess.run([PEER, what], env=self.accounts.env, capture_output=True, timeout=PATIENCE)
        self.assertEqual(got.returncode, 0, got.stderr.decode()[:2000])

    def test_initiator(self):
        self.peer("initiator")  # the list is signed both ways: gss-ntlmssp asks MIT's SPNEGO for it

    def test_initiator_whose_favourite_the_host_has_not(self):
        self.peer("initiator_kerberos_first")  # request-mic, then NTLM from its first token

    def test_initiator_raw(self):
        self.peer("initiator_raw")

    def test_acceptor(self):
        self.peer("acceptor")

    def test_acceptor_raw(self):
        self.peer("acceptor_raw")

    def test_wrong_password(self):
        self.peer("wrong_password")


main()
