"""Our Kerberos sealing against MIT's, both ways, each enctype, with the keys of a throw-away KDC.
test_krb5_seal.py record: the rows of test/vectors/krb5/sealed.txt."""
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import kdc  # noqa: E402
from winrmtest import PATIENCE, main  # noqa: E402

PEER = os.environ.get("KRB5_SEAL_PEER", "")
ENCTYPES = {17: "AES-128, SHA-1", 18: "AES-256, SHA-1", 19: "AES-128, SHA-256", 20: "AES-256, SHA-384", 23: "RC4"}

if not PEER:
    raise SystemExit(print("SKIPPED: built without libkrb5-dev") or 77)
if kdc.missing():
    raise SystemExit(print(f"SKIPPED: {kdc.missing()} is not installed (krb5-kdc, krb5-admin-server)") or 77)


class Realm(kdc.Realm):
    def peer(self, what, enctype):
        return subprocess.run([PEER, what, str(enctype)], env=self.env, capture_output=True, timeout=PATIENCE * 5)


class Krb5Seal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.realm = Realm()

    @classmethod
    def tearDownClass(cls):
        cls.realm.stop()

    def test_both_ways(self):
        for enctype, name in ENCTYPES.items():
            with self.subTest(name):
                got = self.realm.peer("check", enctype)
                self.assertEqual(got.returncode, 0, got.stderr.decode()[:2000])


def record():
    realm = Realm()
    try:
        for enctype in ENCTYPES:
            got = realm.peer("record", enctype)
            sys.stdout.write(got.stdout.decode() + got.stderr.decode())
            if got.returncode != 0:
                return 1
    finally:
        realm.stop()
    return 0


if sys.argv[1:] == ["record"]:
    raise SystemExit(record())
main()
