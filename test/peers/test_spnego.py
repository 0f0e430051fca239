"""Our Negotiate against MIT's SPNEGO, either end, with Kerberos inside and messages sealed by us afterwards."""
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import kdc  # noqa: E402
from winrmtest import PATIENCE, main  # noqa: E402

PEER = os.environ.get("SPNEGO_PEER", "")

if not PEER:
    raise SystemExit(print("SKIPPED: built without libkrb5-dev") or 77)
if kdc.missing():
    raise SystemExit(print(f"SKIPPED: {kdc.missing()} is not installed (krb5-kdc, krb5-admin-server)") or 77)


class Spnego(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.realm = kdc.Realm()

    @classmethod
    def tearDownClass(cls):
        cls.realm.stop()

    def peer(self, what):
        got = subprocess.run([PEER, what], env=self.realm.env, capture_output=True, timeout=PATIENCE)
        self.assertEqual(got.returncode, 0, got.stderr.decode()[:2000])

    def test_initiator(self):
        self.peer("initiator")

    def test_initiator_whose_favourite_the_host_has_not(self):
        self.peer("initiator_ntlm_first")  # request-mic, and both ends sign the list

    def test_acceptor(self):
        self.peer("acceptor")

    def test_acceptor_of_raw_kerberos(self):
        self.peer("acceptor_raw")


main()
